"""Log-likelihood of every dyad at points of a model's parameters, by the filter of the model.

`likelihoods` arranges the points in blocks for the compiled filters, and spreads the blocks over
cores.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from forecast.base.typing import Float, Index
from forecast.model.process.ceiling import SOFTNESS
from forecast.study.hypotheses.filter.block import (
    ANCHORED,
    BLOCK,
    CYCLE,
    EFFECT,
    LANES,
    LONG_RUN,
    TREND,
)
from forecast.study.hypotheses.filter.inputs import (
    CEILING,
    COLUMN,
    GROWING,
    LONG_MEMORY,
    MEAN,
    NO_FORCE,
    FilterSteps,
)
from forecast.study.hypotheses.filter.memory import blocks_of, filter_memory
from forecast.study.hypotheses.filter.recursion import filter_steps

WHOLE_GAP = np.iinfo(np.int64).max  # months: without a force, any gap is one step
GROWING_MONTHS = 3  # months over which growing reversion is taken as constant
EDGE2 = SOFTNESS**2  # squared width of the soft edge of ceilings and bounds: that of forecasts
MAX_FORCE_MONTHS = 6  # months over which a force is taken as constant, because it varies slowly
# Share of the distance by which a force may move the trend over these months; else they are fewer.
MAX_FORCE_MOVE = 0.3
PARTS_PER_CORE = 8  # of the blocks, so that cores end together
STEP2_FLOOR = 1e-9  # variance in place of zero, for a trend that does not move


def _force_months(points: Float, force: int) -> Index:
    """Return for how many months the force is taken as constant, (point,)."""
    if force in (NO_FORCE, LONG_MEMORY):
        return np.full(len(points), WHOLE_GAP)
    if force == GROWING:
        return np.full(len(points), GROWING_MONTHS)
    step2 = np.maximum(points[:, COLUMN["step2"]], STEP2_FLOOR)
    months = MAX_FORCE_MOVE * (1.0 + EDGE2 / step2)
    return np.clip(months, 1, MAX_FORCE_MONTHS).astype(np.int64)


def _blocks_of(points: Float, force: int) -> Any:
    """Return blocks as they are before a dyad's first month, from points (block, lane, column)."""
    blocks = np.zeros(len(points), BLOCK)
    for name, column in COLUMN.items():
        blocks[name] = points[..., column]
    blocks["edge"] = np.sqrt(blocks["step2"] + EDGE2)
    blocks["recent_likelihood"] = 1.0
    mean, covariance = blocks["mean"], blocks["covariance"]
    mean[:, TREND] = MEAN
    mean[:, LONG_RUN] = MEAN
    mean[:, EFFECT] = blocks["volume"]
    covariance[:, TREND, TREND] = blocks["start2"]
    covariance[:, CYCLE, CYCLE] = blocks["cycle2"]
    covariance[:, EFFECT, EFFECT] = blocks["volume2"]
    covariance[:, LONG_RUN, LONG_RUN] = blocks["mean2"]
    covariance[:, ANCHORED, ANCHORED] = blocks["offset2"]
    if force == CEILING:  # the first era begins with the trend
        mean[:, ANCHORED] = MEAN
        covariance[:, TREND, ANCHORED] = blocks["start2"]
        covariance[:, ANCHORED, ANCHORED] = blocks["start2"]
    return blocks


def likelihoods(steps: FilterSteps, points: Float, cores: int = 1) -> Float:
    """Return log-likelihood, and mean and variance of the long-run mean, (point, dyad, 3).

    Both moments are given all months. Binomial coefficients are left out. All points have the same
    force. They are computed independently: neither cores nor other points change a number.
    """
    (force,) = {int(code) for code in points[:, COLUMN["force"]]}
    months = _force_months(points, force)
    # In all lanes of a block the force is constant for the same months. Copies of the last point
    # fill the last block.
    groups = [np.flatnonzero(months == number) for number in np.unique(months)]
    filled = [np.pad(group, (0, -len(group) % LANES), mode="edge") for group in groups]
    order = np.concatenate(filled).reshape(-1, LANES)
    in_blocks = points[order]
    blocks = blocks_of(in_blocks) if force == LONG_MEMORY else _blocks_of(in_blocks, force)
    block_months = months[order[:, 0]]
    by_block = np.empty((len(order), steps.ends.size - 1, 3, LANES))

    def run_filter(part: slice) -> None:
        if force == LONG_MEMORY:
            filter_memory(blocks[part], steps, by_block[part])
        else:
            filter_steps(blocks[part], block_months[part], force, steps, by_block[part])

    if cores == 1:
        run_filter(slice(None))
    else:
        length = -(-len(order) // (PARTS_PER_CORE * cores))
        parts = [slice(start, start + length) for start in range(0, len(order), length)]
        with ThreadPoolExecutor(cores) as pool:
            list(pool.map(run_filter, parts))
    by_point = np.empty((len(points), *by_block.shape[1:3]))
    by_point[order] = np.moveaxis(by_block, -1, 1)
    return by_point
