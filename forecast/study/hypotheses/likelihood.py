"""Log-likelihood of every dyad at points of a model's parameters, by the filter that the model needs."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from forecast.base.typing import Float, Index
from forecast.study.hypotheses.filter import (
    BLOCK,
    CHUNK,
    COLUMN,
    EDGE2,
    FORCES,
    LANES,
    MEAN,
    PARTS,
    STABLE,
    FilterSteps,
    filter_steps,
)
from forecast.study.hypotheses.memory import blocks_of, filter_memory


def _chunks_of(points: Float, force: int) -> Index:
    """Return over how many months the force is constant, (point,)."""
    if force in (FORCES["none"], FORCES["growing"], FORCES["memory"]):
        whole = force != FORCES["growing"]
        return np.full(len(points), np.iinfo(np.int64).max if whole else 3)
    step2 = np.maximum(points[:, COLUMN["step2"]], 1e-9)
    return np.clip(STABLE * (1.0 + EDGE2 / step2), 1, CHUNK).astype(np.int64)


def _blocks_of(points: Float, force: int) -> Any:
    """Return blocks as they are before a dyad's first month."""
    blocks = np.zeros(len(points), BLOCK)
    for name, column in COLUMN.items():
        blocks[name] = points[..., column]
    blocks["edge"], blocks["product"] = np.sqrt(blocks["step2"] + EDGE2), 1.0
    blocks["s"], blocks["m"], blocks["b"] = MEAN, MEAN, blocks["volume"]
    for covariance, name in zip(
        ("ss", "ff", "bb", "mm", "xx"),
        ("start2", "cycle2", "volume2", "mean2", "offset2"),
        strict=True,
    ):
        blocks[covariance] = blocks[name]
    if force == FORCES["ceiling"]:
        blocks["x"], blocks["sx"], blocks["xx"] = MEAN, blocks["start2"], blocks["start2"]
    return blocks


def likelihoods(steps: FilterSteps, points: Float, cores: int = 1) -> Float:
    """Return log-likelihood, and mean and variance of the long-run mean given all months, (point, dyad, 3).

    Binomial coefficients are left out. Points have one force. They are independent of each other:
    neither cores nor other points change a number.
    """
    (force,) = {int(one) for one in points[:, COLUMN["force"]]}
    chunk = _chunks_of(points, force)
    alike = [
        np.flatnonzero(chunk == one) for one in np.unique(chunk)
    ]  # copies of the last point fill the last block
    order = np.concatenate(
        [np.pad(own, (0, -len(own) % LANES), mode="edge") for own in alike]
    ).reshape(-1, LANES)
    memory = force == FORCES["memory"]
    blocks = blocks_of(points[order]) if memory else _blocks_of(points[order], force)
    chunks = chunk[order[:, 0]]
    found = np.empty((len(order), steps.ends.size - 1, 3, LANES))

    def work(part: slice) -> None:
        if memory:
            read = steps.cooperative, steps.events, steps.value, steps.volume, steps.gap, steps.ends
            filter_memory(blocks[part], *read, found[part])
        else:
            filter_steps(blocks[part], chunks[part], force, *steps, found[part])

    length = -(-len(order) // (PARTS * cores))
    parts = [slice(at, at + length) for at in range(0, len(order), length)]
    if cores == 1:
        work(slice(None))
    else:
        with ThreadPoolExecutor(cores) as pool:
            list(pool.map(work, parts))
    out = np.empty((len(points), *found.shape[1:3]))
    out[order] = np.moveaxis(found, -1, 1)
    return out
