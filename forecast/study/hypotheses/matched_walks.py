"""Simulated walks that turned back as far as the dyads of a record, hundreds at once.

They are like the null sets of `forecast.study.hypotheses.nulls`, for statistics that need many sets
and fit no model to them. Walks of all dyads are simulated once. For each set and dyad, 40 of these
walks are drawn, and the one is taken that turned back most nearly as far as the recorded dyad.
"""

from dataclasses import replace

import numpy as np

from forecast.base.typing import Float
from forecast.study.hypotheses.engine import MATCHED, Engine
from forecast.study.hypotheses.nulls import null_process
from forecast.study.hypotheses.record import PooledRecord, turned_back
from forecast.study.hypotheses.simulate import MATCHES, simulate

WALKS_PER_SET = 2  # walks simulated for each set: sets share walks, but rarely the same ones
SEED_OF_SETS = 7  # tells the choice of walks from their simulation


def simulate_walks(engine: Engine, sets: int, *, matched: bool = True) -> list[PooledRecord]:
    """Simulate walks with a cycle, at the parameters that fit a record best.

    If they are not `matched`, the walks are not chosen by how far they turned back.
    """
    process = replace(null_process(MATCHED, engine), chosen="")
    number = max(MATCHES, WALKS_PER_SET * sets) if matched else sets
    record = engine.record.without_eras()
    first_seed = engine.seed << 33
    walks = [simulate(record, process, first_seed + walk) for walk in range(number)]
    if not matched:
        return walks
    distance = np.abs(np.array([turned_back(walk) for walk in walks]) - turned_back(record))
    rng = np.random.default_rng((engine.seed, SEED_OF_SETS))
    return [_choose_nearest(walks, distance, rng) for _ in range(sets)]


def _choose_nearest(
    walks: list[PooledRecord], distance: Float, rng: np.random.Generator
) -> PooledRecord:
    """Choose for each dyad the nearest of some walks that are drawn; distance is (walk, dyad)."""
    dyads = np.arange(distance.shape[1])
    candidates = rng.permuted(np.tile(np.arange(len(walks)), (len(dyads), 1)), axis=1)[:, :MATCHES]
    nearest = distance[candidates.T, dyads].argmin(axis=0)
    chosen = candidates[dyads, nearest]
    if walks[0].value is not None:
        values = np.array([walks[walk].value for walk in chosen])[dyads, dyads]
        return replace(walks[0], value=values)
    cooperative = [walks[walk].cooperative[dyad] for dyad, walk in enumerate(chosen)]
    return replace(walks[0], cooperative=np.array(cooperative))
