"""Short fits, fast enough to run hundreds of them in parallel threads.

A fit takes about a second, and threads sample outside of Python's lock. A model is fitted in parts that share no
parameter, so that parts common to two models are fitted once or not at all.
"""

from collections.abc import MutableMapping, Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass
from functools import cached_property
from threading import Event
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from forecast.model.arrays import PanelArrays, panel_arrays
from forecast.model.assembled import NODE_PATHS
from forecast.model.compiled import Density, density_of
from forecast.model.evidence import Evidence, evidence, together
from forecast.model.inputs import Part, parts_of, spec_of
from forecast.model.posterior import take_apart
from forecast.model.sampling import complete_posterior
from forecast.model.variables import sampled_variables

if TYPE_CHECKING:
    from forecast.model.spec import PendulumSpec

TUNE, CHAINS, ACCEPT = 100, 2, 0.8
# Half of the draws give the guide of the bridge a mean and a spread for each white coordinate. With 500 the evidence of
# a cubic cycle on US-China, which has two coordinates a month, came out 2.6 too low and its error 0.7; with these three
# seeds agree to 0.15 (for a linear cycle to 0.05).
DRAWS, DENSE_DRAWS = 1000, 2000
# In white coordinates seven leapfrog steps already turn a path round: trees of depth 3 give the evidence twice as many
# draws for half the work, and a smaller error (0.15 for a linear cycle on US-China, against 0.25 of 250 full ones).
DEPTH = 3
# Seconds between looks at whether the work is to stop.
LOOK = 0.1

type PartKey = tuple[int, "PendulumSpec", Part, int]
"""Periods of a record, the spec of a part, the part, and the seed: what its evidence follows from."""


@dataclass(frozen=True)
class QuickPart:
    """Draws of one part of a model."""

    name: Part
    density: Density
    drawn: xr.Dataset  # As the sampler keeps them


@dataclass(frozen=True)
class QuickFit:
    """Draws of one short fit, from which only what is asked for is computed."""

    panel: xr.Dataset  # What was fitted
    spec: "PendulumSpec"
    arrays: PanelArrays
    parts: tuple[QuickPart, ...]
    seed: int

    @cached_property
    def evidence(self) -> Evidence:
        """Marginal likelihood, as that of `forecast.model.fit`."""
        rng = np.random.default_rng(np.random.SeedSequence(self.seed).spawn(3)[2])
        return together([evidence(part.density, part.drawn, rng) for part in self.parts])

    @cached_property
    def posterior(self) -> xr.Dataset:
        """Posterior by the schema of a fit."""
        dims = {**sampled_variables(), **dict.fromkeys(NODE_PATHS, ("node",))}
        values: dict[str, Any] = {}
        for part in self.parts:
            values |= part.density.derived(part.drawn)
        named = {name: (("chain", "draw", *dims[name]), values[name]) for name in dims if name in values}
        rng = np.random.default_rng(np.random.SeedSequence(self.seed).spawn(3)[1])
        return complete_posterior(xr.Dataset(named), self.panel, self.spec, self.arrays, rng)


def quick_fit(
    panel: xr.Dataset,
    spec: "PendulumSpec",
    *,
    seed: int,
    draws: int | None = None,
    tune: int = TUNE,
    chains: int = CHAINS,
    part: Part | None = None,
    stop: Event | None = None,
) -> QuickFit:
    """Fit a panel with the quick engine, in any thread."""
    arrays = panel_arrays(panel, spec)
    parts = []
    names = parts_of(arrays)
    for name in (part,) if part in names else names:
        density = density_of(panel, spec, arrays, name)
        own = int(np.random.SeedSequence(seed).spawn(3)[0].generate_state(2)[1 if name == "aside" else 0])
        kept = draws or (DENSE_DRAWS if spec.dense and name != "aside" else DRAWS)
        drawn = _draw(density, {"draws": kept, "tune": tune, "chains": chains, "seed": own}, stop)
        parts.append(QuickPart(name, density, drawn))
    return QuickFit(panel, spec, arrays, tuple(parts), seed)


def quick_evidence(
    panel: xr.Dataset,
    spec: "PendulumSpec",
    *,
    seed: int,
    kept: "MutableMapping[PartKey, Evidence] | None" = None,
    **settings: Any,
) -> Evidence:
    """Estimate the marginal likelihood of a model, part by part."""
    kept = {} if kept is None else kept
    return together([_part_evidence(panel, spec, part, seed, kept, **settings) for part in _parts(panel, spec)])


def quick_evidences(
    panel: xr.Dataset, specs: "Sequence[PendulumSpec]", *, seed: int, stop: Event | None = None
) -> list[Evidence]:
    """Estimate marginal likelihoods of several models of a panel, but for the parts that all of them share.

    They compare these models, and mean nothing alone.
    """
    differing = [part for part in _parts(panel, specs[0]) if len({spec_of(spec, part) for spec in specs}) > 1]
    kept: dict[PartKey, Evidence] = {}
    return [
        together([_part_evidence(panel, spec, part, seed, kept, stop=stop) for part in differing]) for spec in specs
    ]


def _parts(panel: xr.Dataset, spec: "PendulumSpec") -> tuple[Part, ...]:
    return parts_of(panel_arrays(panel, spec))


def _part_evidence(
    panel: xr.Dataset, spec: "PendulumSpec", part: Part, seed: int, kept: "MutableMapping[PartKey, Evidence]",
    **settings: Any,
) -> Evidence:  # fmt: skip
    own = spec_of(spec, part)
    key = panel.sizes["time"], own, part, seed
    if key not in kept:
        kept[key] = quick_fit(panel, own, seed=seed, part=part, **settings).evidence
    return kept[key]


def _draw(density: Density, settings: dict[str, int], stop: Event | None) -> xr.Dataset:
    import nutpie

    sampler = nutpie.sample(
        density.sampler, **settings, cores=1, save_warmup=False, progress_bar=False, blocking=False,
        target_accept=ACCEPT, maxdepth=DEPTH, exact_normal_trajectory=True,
    )  # fmt: skip
    while True:
        try:
            return take_apart(sampler.wait(timeout=LOOK))["posterior"]
        except TimeoutError:
            if stop is not None and stop.is_set():
                sampler.cancel()
                raise CancelledError from None
