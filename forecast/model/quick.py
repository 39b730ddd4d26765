"""Short fits, quick enough to make hundreds of them side by side in the threads of one process.

A record is fitted in about a second, and compiling its model takes ten: every other process would compile it, while
threads share what is compiled and sample outside of Python's lock.
"""

from concurrent.futures import CancelledError
from dataclasses import dataclass
from functools import cached_property
from threading import Event, Lock
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from forecast.model.arrays import PanelArrays, panel_arrays
from forecast.model.compiled import Compiled, compiled_model
from forecast.model.evidence import Evidence, evidence
from forecast.model.sampling import NODE_PATHS, complete_posterior
from forecast.model.trees import take_apart
from forecast.model.variables import sampled_variables

if TYPE_CHECKING:
    from forecast.model.spec import PendulumSpec

DRAWS, TUNE, CHAINS, ACCEPT = 500, 100, 2, 0.8
# In white coordinates seven leapfrog steps already turn a path round: trees of depth 3 give the evidence twice as many
# draws for half the work, and a smaller error (0.15 for a linear pull on US-China, against 0.25 of 250 full ones).
DEPTH = 3
# Seconds between looks at whether the work is to stop.
LOOK = 0.1
# All fits of one form share the data of the compiled model; a filled sampler has its own.
_refilling = Lock()


@dataclass(frozen=True)
class QuickFit:
    """Draws of one short fit, from which only what is asked for is computed.

    Attributes
    ----------
    panel, spec, arrays, compiled
        What was fitted.
    drawn : xarray.Dataset
        Draws of the sampled variables.
    seed : int
    """

    panel: xr.Dataset
    spec: "PendulumSpec"
    arrays: PanelArrays
    compiled: Compiled
    drawn: xr.Dataset
    seed: int

    @cached_property
    def evidence(self) -> Evidence:
        """Marginal likelihood, as that of `forecast.model.fit`."""
        return evidence(self.compiled, self.drawn, np.random.default_rng(np.random.SeedSequence(self.seed).spawn(3)[2]))

    @cached_property
    def posterior(self) -> xr.Dataset:
        """Posterior by the schema of a fit."""
        dims = {**sampled_variables(), **dict.fromkeys(NODE_PATHS, ("node",))}
        with _refilling:
            derived = compiled_model(self.panel, self.spec, self.arrays, tuple(dims)).derived_from(self.drawn)
        values = {name: derived[name] if name in derived else self.drawn[name].to_numpy() for name in dims
                  if name in derived or name in self.drawn}  # fmt: skip
        named = {name: (("chain", "draw", *dims[name]), value) for name, value in values.items()}
        rng = np.random.default_rng(np.random.SeedSequence(self.seed).spawn(3)[1])
        return complete_posterior(xr.Dataset(named), self.panel, self.spec, self.arrays, rng)


def quick_fit(
    panel: xr.Dataset,
    spec: "PendulumSpec",
    *,
    seed: int,
    draws: int = DRAWS,
    tune: int = TUNE,
    chains: int = CHAINS,
    stop: Event | None = None,
) -> QuickFit:
    """Fit a panel with the quick engine, in any thread.

    Parameters
    ----------
    panel : xarray.Dataset
    spec : PendulumSpec
    seed : int
        The same seed gives the same numbers, whatever else is fitted meanwhile.
    draws, tune, chains : int
        Kept draws and warm-up draws of a chain, and chains.
    stop : threading.Event, optional
        Once it is set, sampling ends.

    Raises
    ------
    concurrent.futures.CancelledError
        If it was stopped.

    Examples
    --------
    >>> from forecast import PendulumSpec, build_panel, read_chronology
    >>> from forecast.model.quick import quick_fit
    >>> panel = build_panel(read_chronology(dyads=["USA-CHN"]), start="2019-01", end="2020-12")
    >>> quick_fit(panel, PendulumSpec(ceiling="depth"), seed=1).evidence.log  # doctest: +SKIP
    -89.2
    """
    import nutpie

    arrays = panel_arrays(panel, spec)
    with _refilling:
        compiled = compiled_model(panel, spec, arrays, (*sampled_variables(), *NODE_PATHS))
    sampler = nutpie.sample(
        compiled.sampler, draws=draws, tune=tune, chains=chains, cores=1, save_warmup=False, progress_bar=False,
        blocking=False, target_accept=ACCEPT, maxdepth=DEPTH,
        seed=int(np.random.SeedSequence(seed).spawn(3)[0].generate_state(1)[0]),
    )  # fmt: skip
    while True:
        try:
            drawn = take_apart(sampler.wait(timeout=LOOK))["posterior"]
        except TimeoutError:
            if stop is not None and stop.is_set():
                sampler.cancel()
                raise CancelledError from None
        else:
            return QuickFit(panel, spec, arrays, compiled, drawn, seed)
