"""Short fits, fast enough to run hundreds of them in parallel threads.

A fit takes about a second, and threads sample outside of Python's lock. A model is fitted in parts that share no
parameter, so that parts common to two models are fitted once or not at all.
"""

from collections.abc import MutableMapping
from concurrent.futures import CancelledError
from threading import Event
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from forecast.model.arrays import panel_arrays
from forecast.model.compiled import Density, density_of
from forecast.model.evidence import Evidence, evidence, together
from forecast.model.inputs import Part, parts_of, spec_of
from forecast.model.posterior import take_apart

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


def quick_evidence(
    panel: xr.Dataset,
    spec: "PendulumSpec",
    *,
    seed: int,
    kept: "MutableMapping[PartKey, Evidence] | None" = None,
    draws: int | None = None,
    stop: Event | None = None,
) -> Evidence:
    """Estimate the marginal likelihood of a model from short fits of its parts, in any thread.

    Parts that are `kept`, because another model of the panel has them too, are not fitted again.
    """
    kept = {} if kept is None else kept
    found = []
    for part in parts_of(panel_arrays(panel, spec)):
        own = spec_of(spec, part)
        key = panel.sizes["time"], own, part, seed
        if key not in kept:
            kept[key] = _part_evidence(panel, own, part, seed, draws, stop)
        found.append(kept[key])
    return together(found)


def _part_evidence(
    panel: xr.Dataset, spec: "PendulumSpec", part: Part, seed: int, draws: int | None, stop: Event | None
) -> Evidence:
    """Estimate the marginal likelihood of one part of a model."""
    arrays = panel_arrays(panel, spec)
    names = parts_of(arrays)
    chain_seeds, _, bridge_seed = np.random.SeedSequence(seed).spawn(3)
    rng, found = np.random.default_rng(bridge_seed), []
    for name in (part,) if part in names else names:
        density = density_of(panel, spec, arrays, name)
        own = int(chain_seeds.generate_state(2)[1 if name == "aside" else 0])
        kept = draws or (DENSE_DRAWS if spec.dense and name != "aside" else DRAWS)
        drawn = _draw(density, {"draws": kept, "tune": TUNE, "chains": CHAINS, "seed": own}, stop)
        found.append(evidence(density, drawn, rng))
    return together(found)


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
