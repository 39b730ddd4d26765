"""Evidence of a model on all dyads.

Interpolation over a dyad's parameters, quadrature over dyads and population.

The log-likelihood of a dyad is interpolated from Chebyshev nodes around the mode. The integral over
dyads is a sum over a grid as fine as their spread, and the integral over the population's means a
sum over a grid of their own. The concentration, one for all, is integrated with Gauss-Hermite
nodes; of an index each dyad has its own, on an axis like the others.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.special import logsumexp

from forecast.base.typing import Float
from forecast.study.hypotheses.filter import MEAN, MEAN_SD, NEW_MEAN, FilterSteps
from forecast.study.hypotheses.likelihood import likelihoods
from forecast.study.hypotheses.models import (
    BOUND,
    CONCENTRATION,
    MEMORY_ODDS,
    RETURN,
    YEARS,
    Axis,
    Centre,
    Model,
    centre_of,
    jump_weights,
)

# Spreads of dyads' long-run means, log-odds, each as likely before the data.
MEAN_SDS = (0.5, 0.71, 1.0, 1.41, 2.0)
MIN_CHEBYSHEV_NODES = 4  # nodes of an axis, however narrow; a likelihood is seldom a parabola
BEYOND = 2.5  # spreads of dyads by which the interpolation reaches beyond the population's means
WITH_MEAN = (RETURN, BOUND, MEMORY_ODDS)  # axes of models whose dyads have a long-run mean
WIDER = {RETURN: 1.5, BOUND: 0.6}
"""Of axes along which nodes may be further apart, or must be nearer: the likelihood falls steeply
as bounds close."""


@dataclass(frozen=True)
class Finesse:
    """How finely is integrated."""

    node: float = 0.5  # Log units of a parameter per Chebyshev node, times `WIDER`
    grid: float = 1.0  # Standard deviations of the population's mean per place of its grid
    inner: float = 0.9  # Spreads of the dyads per place of their grid
    heights: int = 3  # Nodes of the concentration
    # Standard deviations on both sides of the mode over which a population's mean is integrated
    width: float = 4.0


USUAL = Finesse()
FINER = Finesse(node=0.4, grid=0.8, inner=0.7, heights=4)


@dataclass(frozen=True)
class PooledEvidence:
    """The evidence of every dyad at every place of the population's grid, and the prior there."""

    model: Model
    log: Float  # (concentration, mean_sd, jump, axis..., dyad)
    log_prior: Float  # Of the places, with their weights, (concentration, mean_sd, jump, axis...)
    grids: tuple[Float, ...]  # Of the axes
    concentrations: Float
    jumps: tuple[float | None, ...] = (None,)

    def total(
        self, dyads: list[int] | None = None, *, mean_sd: int | None = None, width: float = 1.0
    ) -> float:
        """Return the log evidence of some dyads, by default of all.

        At one spread of means if it is given.

        The priors of all populations, and of jumps, can be made wider or narrower.
        """
        log_joint = np.asarray(self._of(dyads) + self._prior(width))
        if mean_sd is not None:
            log_joint = log_joint[:, mean_sd] + math.log(self.log.shape[1])
        return float(logsumexp(log_joint))

    def totals(self, dyads: list[int] | None = None, *, width: float = 1.0) -> Float:
        """Return the log evidence of some dyads at each spread of means, (mean_sd,)."""
        log_joint = np.asarray(self._of(dyads) + self._prior(width))
        others = tuple(axis for axis in range(log_joint.ndim) if axis != 1)
        return np.asarray(logsumexp(log_joint, axis=others) + math.log(self.log.shape[1]))

    @cached_property
    def _of_all(self) -> Float:
        """Log evidence of all dyads at every place."""
        return np.asarray(self.log.sum(axis=-1))

    def _of(self, dyads: list[int] | None) -> Float:
        """Return the log evidence of some dyads at every place.

        Of most, by taking away that of the others.
        """
        if dyads is None:
            return self._of_all
        others = sorted(set(range(self.log.shape[-1])) - set(dyads))
        if len(others) < len(dyads):
            return np.asarray(self._of_all - sum(self.log[..., dyad] for dyad in others))
        return np.asarray(sum(self.log[..., dyad] for dyad in dyads))

    def _prior(self, width: float) -> Float:
        """Return the log prior of the places, for priors so many times as wide."""
        return self.log_prior if width == 1.0 else self.log_prior + self._wider(width)

    def _wider(self, width: float) -> Float:
        """Return what priors of another width add to the log prior at every place."""
        ratio = np.log(jump_weights(self.jumps, width) / jump_weights(self.jumps))
        added = np.broadcast_to(ratio, self.log_prior.shape[:3])
        for axis, grid in zip(self.model.axes, self.grids, strict=True):
            wider = replace(axis, sd=axis.sd * width)
            added = np.add.outer(added, _log_prior(wider, grid) - _log_prior(axis, grid))
        return np.asarray(added)

    @cached_property
    def posterior(self) -> Float:
        """Probability of every place."""
        log_joint = np.asarray(self.log.sum(axis=-1) + self.log_prior)
        return np.asarray(np.exp(log_joint - logsumexp(log_joint)))

    def marginal(self, axis: Axis) -> tuple[Float, Float]:
        """Return the grid of a population's mean, and its posterior probabilities."""
        position = self.model.axes.index(axis)
        others = tuple(
            dimension for dimension in range(self.posterior.ndim) if dimension != position + 3
        )
        return self.grids[position], self.posterior.sum(axis=others)

    def profile(self, axis: Axis, *, mean_sd: int | None = None) -> Float:
        """Return the log evidence at every place of a population's mean.

        At each it is as if the prior had all its mass there.
        """
        position = self.model.axes.index(axis)
        log_joint = self.log.sum(axis=-1) + self.log_prior
        if mean_sd is not None:
            log_joint = log_joint[:, [mean_sd]] + math.log(self.log.shape[1])
        by_value = logsumexp(
            log_joint,
            axis=tuple(
                dimension for dimension in range(log_joint.ndim) if dimension != position + 3
            ),
        )
        return np.asarray(by_value - _log_prior(axis, self.grids[position]))

    def interval(self, axis: Axis) -> tuple[float, float, float]:
        """Return 5%, 50% and 95% points of a population's mean, in its own units."""
        grid, chance = self.marginal(axis)
        below = np.cumsum(chance) - 0.5 * chance
        low, middle, high = np.exp(np.interp((0.05, 0.5, 0.95), below, grid))
        return float(low), float(middle), float(high)

    def density(self, axis: Axis) -> tuple[Float, Float]:
        """Return places of a population's mean, and the posterior density of its logarithm.

        Places are in its own units.
        """
        grid, chance = self.marginal(axis)
        fine = np.linspace(grid[0], grid[-1], 61)
        density = np.exp(CubicSpline(grid, np.log(np.maximum(chance, 1e-300)))(fine))
        return np.exp(fine), density / np.trapezoid(density, fine)

    def below(self, axis: Axis, value: float) -> float:
        """Return the probability that a population's mean is below a value."""
        grid, chance = self.marginal(axis)
        fine = np.linspace(grid[0], grid[-1], 2001)
        density = np.exp(np.interp(fine, grid, np.log(np.maximum(chance, 1e-300))))
        return float(density[fine < math.log(value)].sum() / density.sum())


def averaged_interval(
    evidences: Sequence[PooledEvidence], axis: Axis
) -> tuple[float, float, float]:
    """Return 5%, 50% and 95% points of a population's mean, averaged over models by their evidence.

    Models are equally likely before the data.
    """
    low = min(float(evidence_of_model.marginal(axis)[0][0]) for evidence_of_model in evidences)
    high = max(float(evidence_of_model.marginal(axis)[0][-1]) for evidence_of_model in evidences)
    places = np.linspace(low, high, 2001)
    totals = np.array([evidence_of_model.total() for evidence_of_model in evidences])
    weights = np.exp(totals - logsumexp(totals))
    density = np.zeros(len(places))
    for evidence, weight in zip(evidences, weights, strict=True):
        grid, chance = evidence.marginal(axis)
        log_chance = np.log(np.maximum(chance, 1e-300))
        density_of_model = np.exp(np.interp(places, grid, log_chance, left=-np.inf, right=-np.inf))
        density += weight * density_of_model / density_of_model.sum()
    below = np.cumsum(density) - 0.5 * density
    five, middle, ninety_five = np.exp(np.interp((0.05, 0.5, 0.95), below, places))
    return float(five), float(middle), float(ninety_five)


def evidence_of(
    model: Model,
    steps: FilterSteps,
    *,
    cores: int = 1,
    finesse: Finesse = USUAL,
    centre: Centre | None = None,
    mean_sds: tuple[float, ...] = MEAN_SDS,
    jumps: tuple[float | None, ...] = (None,),
) -> PooledEvidence:
    """Integrate the parameters of all dyads, at every place of the population's grid."""
    centre = centre or centre_of(model, steps, cores)
    if not any(model.has(axis) for axis in WITH_MEAN) or np.any(steps.anchor == NEW_MEAN):
        mean_sds = (MEAN_SD,)
    dyads = steps.ends.size - 1
    sds = [
        math.hypot(float(centre.sd[position]), axis.spread / math.sqrt(dyads))
        for position, axis in enumerate(model.axes)
    ]
    grids = [
        _grid(axis, float(centre.mode[position]), sds[position], finesse)
        for position, axis in enumerate(model.axes)
    ]
    inner = [_Inner.of(axis, grid, finesse) for axis, grid in zip(model.axes, grids, strict=True)]
    heights, log_weights = _heights(centre, finesse)
    shape, nodes = _all_nodes(inner)
    sizes = [len(grid) for grid in grids]
    log = np.empty((len(heights), len(mean_sds), len(jumps), *sizes, dyads))
    for i, height in enumerate(heights):
        values = nodes
        if not model.has(CONCENTRATION):  # else it is one of the axes, or held
            values = np.column_stack([nodes, np.full(len(nodes), height)])
        for k, jump in enumerate(jumps):
            moments = likelihoods(steps, model.points(values, jump), cores)
            for j, sd in enumerate(mean_sds):
                by_node = with_mean_sd(moments, sd).reshape(*shape, dyads)
                log[i, j, k] = _over_dyads(by_node, inner)
    prior = log_weights
    for weights in (np.full(len(mean_sds), 1.0 / len(mean_sds)), jump_weights(jumps)):
        prior = np.add.outer(prior, np.log(weights))
    for axis, grid in zip(model.axes, grids, strict=True):
        prior = np.add.outer(prior, _log_prior(axis, grid))
    return PooledEvidence(model, log, prior, tuple(grids), np.exp(heights), jumps)


def own_posterior(
    evidence: PooledEvidence, steps: FilterSteps, dyad: int, axis: Axis, finesse: Finesse
) -> tuple[Float, Float]:
    """Return values of a dyad's own parameter, and their posterior probabilities.

    Values are in its units, probabilities given all dyads.

    At each place of the population, the evidence of all dyads is divided by that of the dyad and
    multiplied by what the dyad has for each value of its parameter.
    """
    model = evidence.model
    position = model.axes.index(axis)
    integrals = [
        _Inner.of(other, grid, finesse)
        for other, grid in zip(model.axes, evidence.grids, strict=True)
    ]
    to_grid = [integral.to_grid for integral in integrals]
    of_axis = integrals[position]
    weights_of_others = [
        integral.weights for other, integral in enumerate(integrals) if other != position
    ]
    shape, nodes = _all_nodes(integrals)
    alone = _steps_of(steps, dyad)
    spreads = MEAN_SDS if evidence.log.shape[1] > 1 else (MEAN_SD,)
    probability = np.zeros(len(of_axis.places))
    for i, height in enumerate(np.log(evidence.concentrations)):
        points = np.column_stack([nodes, np.full(len(nodes), height)])
        moments = likelihoods(alone, model.points(points))
        for j, mean_sd in enumerate(spreads[: evidence.log.shape[1]]):
            log_likelihood = _along(to_grid, with_mean_sd(moments, mean_sd).reshape(shape))
            top = log_likelihood.max()
            likelihood = _along(
                weights_of_others, np.moveaxis(np.exp(log_likelihood - top), position, -1)
            )
            of_dyad = np.exp(evidence.log[i, j, 0, ..., dyad] - top)
            of_others = np.moveaxis(evidence.posterior[i, j, 0] / of_dyad, position, -1)
            joint = np.tensordot(
                of_others.reshape(-1, len(evidence.grids[position])),
                likelihood.reshape(-1, len(probability)),
                axes=(0, 0),
            )
            probability += (joint * of_axis.weights).sum(axis=0)
    return np.exp(of_axis.places), probability / probability.sum()


def _steps_of(steps: FilterSteps, dyad: int) -> FilterSteps:
    """Return the steps of one dyad."""
    part = slice(steps.ends[dyad], steps.ends[dyad + 1])
    columns: Any = {name: getattr(steps, name)[part] for name in FilterSteps._fields}
    return FilterSteps(**columns | {"ends": np.array([0, part.stop - part.start])})


def with_mean_sd(moments: Float, sd: float) -> Float:
    """Return log-likelihoods with another prior spread of long-run means than the filter's.

    The filter's moments of the mean give its likelihood, up to a constant: a Gaussian in the mean.
    """
    log, mean, variance = moments[..., 0], moments[..., 1], moments[..., 2]
    if sd == MEAN_SD:
        return log
    precision = np.maximum(1.0 / variance - MEAN_SD**-2, 0.0)
    slope = mean / variance - MEAN * MEAN_SD**-2

    def part(prior_sd: float) -> Float:
        prior_precision = prior_sd**-2
        moved = (prior_precision * MEAN + slope) ** 2 / (prior_precision + precision)
        return np.asarray(
            0.5
            * (
                math.log(prior_precision)
                - np.log(prior_precision + precision)
                - prior_precision * MEAN**2
                + moved
            )
        )

    return np.asarray(log + part(sd) - part(MEAN_SD))


@dataclass(frozen=True)
class _Inner:
    """The integral over dyads along one axis."""

    nodes: Float  # Chebyshev nodes of the likelihood
    places: Float  # Of the dyads' grid
    to_grid: Float  # From values at the nodes to those on the dyads' grid, (place, node)
    weights: Float  # Of the dyads' grid at every mean of the population, (mean, place)

    @classmethod
    def of(cls, axis: Axis, grid: Float, finesse: Finesse) -> "_Inner":
        """Lay nodes and grid, and interpolate between them by Chebyshev polynomials."""
        low = max(grid[0] - BEYOND * axis.spread, axis.low)
        high = min(grid[-1] + BEYOND * axis.spread, axis.high)
        node_gap = finesse.node * WIDER.get(axis, 1.0)
        size = max(MIN_CHEBYSHEV_NODES, math.ceil((high - low) / node_gap))
        node_angles = (np.arange(size) + 0.5) * np.pi / size
        nodes = 0.5 * (low + high) - 0.5 * (high - low) * np.cos(node_angles)
        gaps = max(1, math.ceil((high - low) / (finesse.inner * axis.spread)))
        places = np.linspace(low, high, gaps + 1)
        cosines = (0.5 * (low + high) - places) / (0.5 * (high - low))
        angles = np.arccos(np.clip(cosines, -1.0, 1.0))
        order = np.arange(size)
        waves = np.cos(np.outer(angles, order)) * np.where(order == 0, 1.0, 2.0) / size
        to_grid = waves @ np.cos(np.outer(order, node_angles))
        weights = np.exp(-0.5 * ((places - grid[:, None]) / axis.spread) ** 2)
        return cls(nodes, places, to_grid, weights / weights.sum(axis=1, keepdims=True))


def _over_dyads(values: Float, inner: list[_Inner]) -> Float:
    """Integrate over the parameters of dyads, (node..., dyad) to (mean..., dyad)."""
    values = _along([integral.to_grid for integral in inner], values)
    top = values.max(axis=tuple(range(len(inner))))
    values = _along([integral.weights for integral in inner], np.exp(values - top))
    return np.asarray(np.log(np.maximum(values, 1e-300)) + top)


def _along(matrices: list[Float], values: Float) -> Float:
    """Multiply the first axes of values by a matrix each."""
    for dimension, matrix in enumerate(matrices):
        values = np.moveaxis(np.tensordot(matrix, values, axes=(1, dimension)), 0, dimension)
    return values


def _all_nodes(inner: list[_Inner]) -> tuple[tuple[int, ...], Float]:
    """Return the shape of the grid of all axes' nodes, and the nodes, (node, axis)."""
    nodes = np.stack(np.meshgrid(*(integral.nodes for integral in inner), indexing="ij"), axis=-1)
    return nodes.shape[:-1], nodes.reshape(-1, len(inner))


def _grid(axis: Axis, mode: float, sd: float, finesse: Finesse) -> Float:
    """Return the places of a population's mean.

    Of the trend's return fixed ones, else around the mode.
    """
    if axis is RETURN:
        return np.log(12.0 * np.array(YEARS))
    lowest, highest = axis.low + axis.spread, axis.high - axis.spread
    # a mode at a bound, such as bounds so far that no record meets them
    middle = min(max(mode, lowest), highest)
    low, high = max(middle - finesse.width * sd, lowest), min(middle + finesse.width * sd, highest)
    return np.linspace(low, high, max(5, math.ceil((high - low) / (finesse.grid * sd)) + 1))


def _log_prior(axis: Axis, grid: Float) -> Float:
    """Return the log prior mass of the places of a population's mean.

    Of the trend's return given its bounds.
    """
    log_density = -0.5 * ((grid - axis.mean) / axis.sd) ** 2
    if axis is RETURN:
        return np.asarray(log_density - logsumexp(log_density))
    return np.asarray(
        log_density + math.log((grid[1] - grid[0]) / (axis.sd * math.sqrt(2.0 * math.pi)))
    )


def _heights(centre: Centre, finesse: Finesse) -> tuple[Float, Float]:
    """Return nodes of the log concentration around its mode with log weights.

    One node if it is held or on an axis.
    """
    held = dict(centre.model.held)
    if CONCENTRATION in held:
        return np.array([held[CONCENTRATION]]), np.zeros(1)
    if centre.model.has(CONCENTRATION):  # each dyad has its own, on an axis
        return np.zeros(1), np.zeros(1)
    raw, weights = np.polynomial.hermite.hermgauss(finesse.heights)
    mode, sd = float(centre.mode[-1]), float(centre.sd[-1])
    nodes = mode + math.sqrt(2.0) * sd * raw
    prior = -0.5 * ((nodes - CONCENTRATION.mean) / CONCENTRATION.sd) ** 2 - math.log(
        CONCENTRATION.sd
    )
    return nodes, prior + np.log(weights / math.sqrt(math.pi)) + raw**2 + math.log(sd)
