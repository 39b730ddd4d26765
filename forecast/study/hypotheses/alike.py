"""Walks that turned back as the dyads of a record did, many at once.

These are the null sets of `forecast.study.hypotheses.nulls`, for statistics that need hundreds of
them where a model is not fitted to each. Walks of all dyads are simulated once; each set takes of
every dyad, out of 40 of these, the walk that turned back most nearly as far as the recorded dyad.
"""

from dataclasses import replace

import numpy as np

from forecast.study.hypotheses.engine import MATCHED, Engine
from forecast.study.hypotheses.nulls import null_truth
from forecast.study.hypotheses.record import PooledRecord, turned_back
from forecast.study.hypotheses.simulate import MATCHES, simulate

WALKS_PER_SET = 2  # walks simulated for each set: sets share walks, but rarely the same ones
SEED_OF_SETS = 7  # tells the choice of walks from their simulation


def walks_alike(engine: Engine, sets: int, *, matched: bool = True) -> list[PooledRecord]:
    """Return simulated walks with a cycle, at the parameters that fit a record best.

    If they are not `matched`, dyads are walks as they come, whether or not they turned back.
    """
    truth = replace(null_truth(MATCHED, engine), chosen="")
    number = max(MATCHES, WALKS_PER_SET * sets) if matched else sets
    record = engine.record.without_eras()
    first_seed = engine.seed << 33
    walks = [simulate(record, truth, first_seed + walk) for walk in range(number)]
    if not matched:
        return walks
    distance = np.abs(np.array([turned_back(walk) for walk in walks]) - turned_back(record))
    rng = np.random.default_rng((engine.seed, SEED_OF_SETS))
    return [_nearest(walks, distance, rng) for _ in range(sets)]


def _nearest(
    walks: list[PooledRecord], distance: np.ndarray, rng: np.random.Generator
) -> PooledRecord:
    """Take of each dyad the walk whose turn is nearest, out of some that are drawn."""
    dyads = np.arange(distance.shape[1])
    candidates = rng.permuted(np.tile(np.arange(len(walks)), (len(dyads), 1)), axis=1)[:, :MATCHES]
    nearest = distance[candidates.T, dyads].argmin(axis=0)
    chosen = candidates[dyads, nearest]
    if walks[0].value is not None:
        values = np.array([walks[walk].value for walk in chosen])[dyads, dyads]
        return replace(walks[0], value=values)
    cooperative = [walks[walk].cooperative[dyad] for dyad, walk in enumerate(chosen)]
    return replace(walks[0], cooperative=np.array(cooperative))
