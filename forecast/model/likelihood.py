"""What was observed in a stretch of periods, and how likely it is under every draw of a fit.

The same likelihood that the sampler knows, with the month noise integrated out by the same quadrature; but there one
set of parameters meets the whole record, and here every draw's parameters meet a few periods.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numba
import numpy as np
import xarray as xr

from forecast.model.arrays import DECADES, PanelArrays, panel_arrays, standardised_index
from forecast.model.kernels.observation import NO_CUT, PLAIN_LIMIT, rising_factorial
from forecast.model.shocks import student_log_density
from forecast.model.spec import PendulumSpec
from forecast.model.whitening import quadrature
from forecast.scale import soft_ceiling, soft_ceiling_inverse
from forecast.typing import Float, Index

# What a draw makes all but impossible stays a number, and so does a cutpoint out of all reach.
LEAST = 1e-300
FARTHEST = 200.0


@dataclass(frozen=True)
class Draws:
    """The draws of a fit as plain arrays, chains one after the other, with zeros for what the model does not have.

    Attributes
    ----------
    sigma, noise : (draw, dyad)
    pull : mapping of str to (draw, dyad)
        What shapes the motion, by the names that `Pull.reads` lists.
    mu : (draw, era)
    ceiling : (draw, era) or None
    cutpoint : (draw, dataset, cut)
    depth : (draw, dataset, place)
    concentration : (draw, dataset)
    offset : (draw, dyad, direction, dataset)
    shock_df, index_error, index_df : (draw,) or None
    spec : PendulumSpec
    """

    sigma: Float
    noise: Float
    pull: Mapping[str, Float]
    mu: Float
    ceiling: Float | None
    cutpoint: Float
    depth: Float
    concentration: Float
    offset: Float
    shock_df: Float | None
    index_error: Float | None
    index_df: Float | None
    spec: PendulumSpec

    @classmethod
    def of(cls, posterior: xr.Dataset, spec: PendulumSpec) -> "Draws":
        """Take them out of a fit's posterior."""
        sizes = posterior.sizes
        number, dyads, eras = sizes["chain"] * sizes["draw"], sizes["dyad"], sizes["era"]
        datasets, directions = sizes.get("dataset", 1), sizes.get("direction", 1)

        def taken(name: str) -> Float | None:
            return flat(posterior[name]) if name in posterior else None

        def filled(name: str, *shape: int) -> Float:
            values = taken(name)
            return np.zeros((number, *shape)) if values is None else values

        cutpoint = filled("cutpoint", datasets, 1)
        depth = filled("depth", eras)[:, None, :].repeat(datasets, axis=1)
        if "depth" in posterior:  # it is that of the first dataset; an era stretches every dataset's gap alike
            gap = cutpoint[..., -1] - cutpoint[..., -2]
            depth = depth * (gap / gap[:, :1])[..., None]
        elif "depth_trend" in posterior:
            trend = filled("depth_trend", dyads)[..., None] * DECADES
            depth = np.diff(cutpoint)[..., -1:] * np.expm1(trend.reshape(number, 1, -1))
        return cls(
            sigma=filled("sigma", dyads), noise=filled("tau", dyads), mu=filled("mu", eras), ceiling=taken("ceiling"),
            pull={n: flat(posterior[n]).reshape(number, -1).repeat(1 if "dyad" in posterior[n].dims else dyads, 1)
                  for n in spec.pull.reads if n in posterior},
            cutpoint=cutpoint, depth=depth, concentration=filled("concentration", datasets),
            offset=filled("direction_offset", dyads, directions, datasets), shock_df=taken("shock_df"),
            index_error=taken("index_error"), index_df=taken("index_df"), spec=spec,
        )  # fmt: skip

    def level(self, state: Float, era: int | Index, kept: Index | slice = slice(None)) -> Float:
        """Level of states (draw, particle) under the ceiling of an era, or of some draws' (draw, period) in theirs."""
        if self.ceiling is None:
            return state
        return soft_ceiling(state, self.ceiling[kept][:, np.atleast_1d(era)], self.spec.ceiling_softness)

    def state(self, level: Float, era: Index) -> Float:
        """State of levels (draw, period) in the eras (period,): the inverse of `level`."""
        if self.ceiling is None:
            return level
        return soft_ceiling_inverse(level, self.ceiling[:, era], self.spec.ceiling_softness)


def flat(values: xr.DataArray) -> Float:
    """Put the chains of a variable one after the other: (draw, ...)."""
    array = values.transpose("chain", "draw", ...).to_numpy()
    return np.asarray(array.reshape(-1, *array.shape[2:]), dtype=np.float64)


@dataclass(frozen=True)
class Observed:
    """What was observed in a stretch of periods.

    Attributes
    ----------
    draws : Draws
    arrays : PanelArrays
        Of the stretch alone.
    cell : (dyad, period)
        Place of a period's events among the cells of the arrays, -1 where nothing was observed.
    index : (dyad, period) or None
        The index on the scale of the fit.
    """

    draws: Draws
    arrays: PanelArrays
    cell: Index
    index: Float | None

    @classmethod
    def of(cls, panel: xr.Dataset, draws: Draws) -> "Observed":
        """Take them out of a stretch of a panel."""
        arrays = panel_arrays(panel, by_year=draws.spec.has_trend)
        cell = np.full(arrays.era_index.shape, -1)
        if "index" in panel:
            index = standardised_index(panel)
            return cls(draws, arrays, np.where(np.isfinite(index), 0, cell), index)
        node = arrays.cells[:, 1]
        cell[arrays.node_dyad[node], arrays.node_time[node]] = np.arange(node.size)
        return cls(draws, arrays, cell, None)

    def log_likelihood(self, dyad: int, period: int, state: Float) -> Float:
        """Log-likelihood of what a dyad's period holds, at states (draw, particle) of each draw."""
        draws = self.draws
        level = draws.level(state, int(self.arrays.era_index[dyad, period]))
        if self.index is not None:
            assert draws.index_error is not None and draws.index_df is not None
            scale, df = draws.index_error[:, None], draws.index_df[:, None]
            error = (self.index[dyad, period] - level) / scale
            return np.asarray(student_log_density(error, df, df) - np.log(scale))
        nodes, weights = quadrature(draws.spec)
        result: Float = event_log_likelihood(
            np.ascontiguousarray(level), draws.cutpoint, draws.depth, draws.concentration, draws.offset, draws.noise,
            self.arrays.cells[self.cell[dyad, period]], self.arrays.rows, self.arrays.entries, nodes, weights,
        )  # fmt: skip
        return result


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def odds(log_odds: float) -> float:
    """Exponential of log-odds, which are never out of reach."""
    return math.exp(min(log_odds, FARTHEST))


@numba.njit(cache=True, fastmath=True, error_model="numpy")  # type: ignore[untyped-decorator]
def event_log_likelihood(
    level: Float, cutpoint: Float, depth: Float, concentration: Float, offset: Float, noise: Float,
    cell: Index, rows: Index, entries: Index, nodes: Float, weights: Float,
) -> Float:  # fmt: skip
    """Log-likelihood of one cell's events at levels (draw, particle) of every draw, parameters shaped as in `Draws`.

    Summed over the cells of a panel it is the value of
    :func:`forecast.model.kernels.observation.observation_value_gradient` at the draw.
    """
    result = np.empty_like(level)
    d, era, plain, points, top = cell[0], cell[2], cell[5] <= PLAIN_LIMIT, nodes.size, cutpoint.shape[2]
    first, behind = rows[cell[3], 2], rows[cell[4] - 1, 3]
    number = behind - first
    upper, lower, width, step = np.empty(number), np.empty(number), np.empty(number), np.empty(number)
    stretch, at, mass, at_node = np.empty(points), np.empty(points), np.empty(points), np.empty(points)
    for i in range(level.shape[0]):
        constant = 0.0
        for k in range(points):
            stretch[k] = math.exp(noise[i, d] * nodes[k])
        for row in range(cell[3], cell[4]):
            s, q, a = rows[row, 0], rows[row, 1], concentration[i, rows[row, 1]]
            if a > 0.0:
                constant -= rising_factorial(a, rows[row, 4], 1.0)[0]
            # The offset of a direction and dataset moves its cutpoints the other way.
            last, shift = depth[i, q, era] - offset[i, d, s, q], -offset[i, d, s, q]
            for e in range(rows[row, 2], rows[row, 3]):
                j, n = entries[e, 0], e - first
                lower[n] = odds(cutpoint[i, q, j - 1] + (last if j == top else shift)) if j > 0 else 0.0
                upper[n] = NO_CUT * max(1.0, lower[n])
                if j < top:
                    upper[n] = odds(cutpoint[i, q, j] + (last if j == top - 1 else shift))
                width[n], step[n] = (upper[n] - lower[n]) * (a if a > 0.0 else 1.0), 1.0 if a > 0.0 else 0.0
        for m in range(level.shape[1]):
            strength = odds(level[i, m])
            for k in range(points):
                at[k] = strength * stretch[k]
                at_node[k] = weights[k] if plain else math.log(weights[k])
            for n in range(number):
                for k in range(points):
                    mass[k] = width[n] * at[k] / ((upper[n] + at[k]) * (lower[n] + at[k]))
                if plain:
                    for k in range(points):
                        at_node[k] *= mass[k]
                    for c in range(1, entries[first + n, 1]):
                        for k in range(points):
                            at_node[k] *= mass[k] + c * step[n]
                else:
                    for k in range(points):
                        at_node[k] += rising_factorial(mass[k], entries[first + n, 1], step[n])[0]
            if plain:
                result[i, m] = constant + math.log(max(at_node.sum(), LEAST))
            else:
                highest = at_node.max()
                result[i, m] = constant + highest + math.log(np.exp(at_node - highest).sum())
    return result
