"""Evidence of a model on all dyads: integrals over the parameters of dyads and of populations.

`evidence_of` computes the log-likelihood of every dyad at Chebyshev nodes around the mode, and
interpolates between them. The integral over a dyad's parameters is a sum over a grid as fine as the
spread of the dyads. It is computed at every point of a grid of the population's means, and
`PooledEvidence` sums over this grid. The concentration of counts is one for all dyads and is
integrated with Gauss-Hermite nodes; that of an index is a parameter like the others.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.special import logsumexp

from forecast.base.typing import Float
from forecast.study.hypotheses.filter.inputs import MEAN, MEAN_SD, NEW_MEAN, FilterSteps
from forecast.study.hypotheses.filter.likelihood import likelihoods
from forecast.study.hypotheses.models import (
    BOUND,
    CONCENTRATION,
    MEMORY_ODDS,
    RETURN,
    RETURN_YEARS,
    Model,
    Parameter,
    PosteriorMode,
    find_mode,
    jump_weights,
)

# Spreads of dyads' long-run means, log-odds, each as likely before the data.
MEAN_SDS = (0.5, 0.71, 1.0, 1.41, 2.0)
MIN_CHEBYSHEV_NODES = 4  # nodes of a parameter, however narrow; a likelihood is seldom a parabola
MIN_GRID_POINTS = 5  # points of the grid of a population's mean, however narrow its posterior
# Spreads of the dyads by which the interpolation reaches beyond the grid of the population's means.
REACH = 2.5
# A model with one of these parameters gives each dyad a long-run mean.
WITH_LONG_RUN_MEAN = (RETURN, BOUND, MEMORY_ODDS)
# Factors of the distance between nodes: the likelihood changes slowly with the half-life of a
# return, and falls steeply as bounds close.
NODE_SPACING_FACTORS = {RETURN: 1.5, BOUND: 0.6}
POINTS_90 = (0.05, 0.5, 0.95)  # of a 90% interval with its median
TINY = 1e-300  # probability in place of zero, so that its logarithm is finite
MEAN_SD_AXIS = 1  # of `PooledEvidence.log`: spreads of long-run means
FIRST_PARAMETER_AXIS = 3  # after concentration, spread of long-run means, and jumps


@dataclass(frozen=True)
class QuadratureSettings:
    """Fineness of the grids and nodes over which the evidence is integrated."""

    # Log units between the Chebyshev nodes of a parameter, times `NODE_SPACING_FACTORS`
    node_spacing: float = 0.5
    population_spacing: float = 1.0  # Standard deviations of a population's mean between points
    dyad_spacing: float = 0.9  # Spreads of the dyads between points of their grid
    concentration_nodes: int = 3
    # Standard deviations on each side of the mode over which a population's mean is integrated
    half_width: float = 4.0


USUAL_QUADRATURE = QuadratureSettings()
FINE_QUADRATURE = QuadratureSettings(
    node_spacing=0.4, population_spacing=0.8, dyad_spacing=0.7, concentration_nodes=4
)


@dataclass(frozen=True)
class PooledEvidence:
    """Evidence of every dyad at every point of the population's grid, and the prior there.

    A point is a concentration, a spread of long-run means, a size of jumps, and a population's mean
    of each parameter.
    """

    model: Model
    log: Float  # Log evidence, (concentration, mean_sd, jump, parameter..., dyad)
    log_prior: Float  # Log prior mass of the points, (concentration, mean_sd, jump, parameter...)
    grids: tuple[Float, ...]  # Grid of each parameter's population mean, logarithms
    concentrations: Float
    jumps: tuple[float | None, ...] = (None,)

    def total(
        self, dyads: list[int] | None = None, *, mean_sd: int | None = None, width: float = 1.0
    ) -> float:
        """Return the log evidence of some dyads, by default of all.

        ``mean_sd`` is the position of a spread of long-run means, by default all are integrated.
        ``width`` makes the priors of all populations, and of jumps, so many times as wide.
        """
        log_joint = np.asarray(self._log_of(dyads) + self._prior(width))
        if mean_sd is not None:
            log_joint = log_joint[:, mean_sd] + math.log(self.log.shape[MEAN_SD_AXIS])
        return float(logsumexp(log_joint))

    def totals(self, dyads: list[int] | None = None, *, width: float = 1.0) -> Float:
        """Return the log evidence of some dyads at each spread of long-run means, (mean_sd,)."""
        log_joint = np.asarray(self._log_of(dyads) + self._prior(width))
        others = _all_axes_but(MEAN_SD_AXIS, log_joint.ndim)
        spreads = self.log.shape[MEAN_SD_AXIS]
        return np.asarray(logsumexp(log_joint, axis=others) + math.log(spreads))

    @cached_property
    def _log_of_all(self) -> Float:
        """Log evidence of all dyads at every point."""
        return np.asarray(self.log.sum(axis=-1))

    def _log_of(self, dyads: list[int] | None) -> Float:
        """Return the log evidence of some dyads at every point."""
        if dyads is None:
            return self._log_of_all
        others = sorted(set(range(self.log.shape[-1])) - set(dyads))
        if len(others) < len(dyads):  # it is quicker to subtract the others
            return np.asarray(self._log_of_all - sum(self.log[..., dyad] for dyad in others))
        return np.asarray(sum(self.log[..., dyad] for dyad in dyads))

    def _prior(self, width: float) -> Float:
        """Return the log prior mass of the points, for priors so many times as wide."""
        return self.log_prior if width == 1.0 else self.log_prior + self._change_of_prior(width)

    def _change_of_prior(self, width: float) -> Float:
        """Return what priors of another width add to the log prior mass of every point."""
        ratio = np.log(jump_weights(self.jumps, width) / jump_weights(self.jumps))
        added = np.broadcast_to(ratio, self.log_prior.shape[:3])
        for parameter, grid in zip(self.model.parameters, self.grids, strict=True):
            wider = replace(parameter, sd=parameter.sd * width)
            added = np.add.outer(added, _log_prior(wider, grid) - _log_prior(parameter, grid))
        return np.asarray(added)

    @cached_property
    def posterior(self) -> Float:
        """Posterior probability of every point."""
        log_joint = np.asarray(self.log.sum(axis=-1) + self.log_prior)
        return np.asarray(np.exp(log_joint - logsumexp(log_joint)))

    def marginal(self, parameter: Parameter) -> tuple[Float, Float]:
        """Return the grid of a population's mean, and its posterior probabilities."""
        position = self.model.parameters.index(parameter)
        others = _all_axes_but(FIRST_PARAMETER_AXIS + position, self.posterior.ndim)
        return self.grids[position], self.posterior.sum(axis=others)

    def profile(self, parameter: Parameter, *, mean_sd: int | None = None) -> Float:
        """Return the log evidence at every value of a population's mean, as if that were known."""
        position = self.model.parameters.index(parameter)
        log_joint = self.log.sum(axis=-1) + self.log_prior
        if mean_sd is not None:
            log_joint = log_joint[:, [mean_sd]] + math.log(self.log.shape[MEAN_SD_AXIS])
        others = _all_axes_but(FIRST_PARAMETER_AXIS + position, log_joint.ndim)
        by_value = logsumexp(log_joint, axis=others)
        return np.asarray(by_value - _log_prior(parameter, self.grids[position]))

    def interval(self, parameter: Parameter) -> tuple[float, float, float]:
        """Return 5%, 50% and 95% points of a population's mean, in its own units."""
        grid, probability = self.marginal(parameter)
        below = np.cumsum(probability) - 0.5 * probability
        low, middle, high = np.exp(np.interp(POINTS_90, below, grid))
        return float(low), float(middle), float(high)

    def density(self, parameter: Parameter) -> tuple[Float, Float]:
        """Return values of a population's mean, and the posterior density of its logarithm."""
        grid, probability = self.marginal(parameter)
        fine_grid = np.linspace(grid[0], grid[-1], 61)
        log_density = CubicSpline(grid, np.log(np.maximum(probability, TINY)))(fine_grid)
        density = np.exp(log_density)
        return np.exp(fine_grid), density / np.trapezoid(density, fine_grid)

    def below(self, parameter: Parameter, value: float) -> float:
        """Return the probability that a population's mean is below a value."""
        grid, probability = self.marginal(parameter)
        fine_grid = np.linspace(grid[0], grid[-1], 2001)
        density = np.exp(np.interp(fine_grid, grid, np.log(np.maximum(probability, TINY))))
        return float(density[fine_grid < math.log(value)].sum() / density.sum())


def _all_axes_but(axis: int, dimensions: int) -> tuple[int, ...]:
    """Return the axes of an array but one, such as those over which it is summed."""
    return tuple(other for other in range(dimensions) if other != axis)


def averaged_interval(
    evidences: Sequence[PooledEvidence], parameter: Parameter
) -> tuple[float, float, float]:
    """Return 5%, 50% and 95% points of a population's mean, averaged over models by their evidence.

    Models are equally likely before the data.
    """
    grids = [evidence.marginal(parameter)[0] for evidence in evidences]
    low, high = min(float(grid[0]) for grid in grids), max(float(grid[-1]) for grid in grids)
    values = np.linspace(low, high, 2001)
    totals = np.array([evidence.total() for evidence in evidences])
    weights = np.exp(totals - logsumexp(totals))
    density = np.zeros(len(values))
    for evidence, weight in zip(evidences, weights, strict=True):
        grid, probability = evidence.marginal(parameter)
        log_probability = np.log(np.maximum(probability, TINY))
        log_density = np.interp(values, grid, log_probability, left=-np.inf, right=-np.inf)
        density_of_model = np.exp(log_density)
        density += weight * density_of_model / density_of_model.sum()
    below = np.cumsum(density) - 0.5 * density
    five, middle, ninety_five = np.exp(np.interp(POINTS_90, below, values))
    return float(five), float(middle), float(ninety_five)


def evidence_of(
    model: Model,
    steps: FilterSteps,
    *,
    cores: int = 1,
    quadrature: QuadratureSettings = USUAL_QUADRATURE,
    mode: PosteriorMode | None = None,
    mean_sds: tuple[float, ...] = MEAN_SDS,
    jumps: tuple[float | None, ...] = (None,),
) -> PooledEvidence:
    """Integrate over the parameters of every dyad, at every point of the population's grid."""
    mode = mode or find_mode(model, steps, cores)
    has_means = any(model.has(parameter) for parameter in WITH_LONG_RUN_MEAN)
    if not has_means or np.any(steps.anchor == NEW_MEAN):
        mean_sds = (MEAN_SD,)
    dyads = steps.ends.size - 1
    grids = []
    for parameter, value, mode_sd in zip(model.parameters, mode.values, mode.sd, strict=False):
        sd = math.hypot(float(mode_sd), parameter.spread / math.sqrt(dyads))
        grids.append(_population_grid(parameter, float(value), sd, quadrature))
    integrals = [
        _DyadIntegral.of(parameter, grid, quadrature)
        for parameter, grid in zip(model.parameters, grids, strict=True)
    ]
    log_concentrations, log_weights = _concentration_nodes(mode, quadrature)
    shape, nodes = _all_nodes(integrals)
    sizes = [len(grid) for grid in grids]
    log = np.empty((len(log_concentrations), len(mean_sds), len(jumps), *sizes, dyads))
    for i, log_concentration in enumerate(log_concentrations):
        values = nodes
        if not model.has(CONCENTRATION):  # else it is a listed or a fixed parameter
            values = np.column_stack([nodes, np.full(len(nodes), log_concentration)])
        for k, jump in enumerate(jumps):
            moments = likelihoods(steps, model.points(values, jump), cores)
            for j, sd in enumerate(mean_sds):
                by_node = with_mean_sd(moments, sd).reshape(*shape, dyads)
                log[i, j, k] = _integrate_dyads(by_node, integrals)
    log_prior = log_weights
    for weights in (np.full(len(mean_sds), 1.0 / len(mean_sds)), jump_weights(jumps)):
        log_prior = np.add.outer(log_prior, np.log(weights))
    for parameter, grid in zip(model.parameters, grids, strict=True):
        log_prior = np.add.outer(log_prior, _log_prior(parameter, grid))
    concentrations = np.exp(log_concentrations)
    return PooledEvidence(model, log, log_prior, tuple(grids), concentrations, jumps)


def dyad_posterior(
    evidence: PooledEvidence,
    steps: FilterSteps,
    dyad: int,
    parameter: Parameter,
    quadrature: QuadratureSettings,
) -> tuple[Float, Float]:
    """Return values of a dyad's parameter in its units, and their probabilities given all dyads.

    At each point of the population's grid, the evidence of all dyads is divided by that of the dyad
    and multiplied by the likelihood of each value of its parameter.
    """
    model = evidence.model
    position = model.parameters.index(parameter)
    integrals = [
        _DyadIntegral.of(other, grid, quadrature)
        for other, grid in zip(model.parameters, evidence.grids, strict=True)
    ]
    to_grid = [integral.to_grid for integral in integrals]
    of_parameter = integrals[position]
    weights_of_others = [
        integral.weights for other, integral in enumerate(integrals) if other != position
    ]
    shape, nodes = _all_nodes(integrals)
    steps_of_dyad = _steps_of(steps, dyad)
    spreads = MEAN_SDS if evidence.log.shape[MEAN_SD_AXIS] > 1 else (MEAN_SD,)
    probability = np.zeros(len(of_parameter.values))
    for i, log_concentration in enumerate(np.log(evidence.concentrations)):
        points = np.column_stack([nodes, np.full(len(nodes), log_concentration)])
        moments = likelihoods(steps_of_dyad, model.points(points))
        for j, mean_sd in enumerate(spreads[: evidence.log.shape[MEAN_SD_AXIS]]):
            log_likelihood = _multiply_axes(to_grid, with_mean_sd(moments, mean_sd).reshape(shape))
            top = log_likelihood.max()
            likelihood = _multiply_axes(
                weights_of_others, np.moveaxis(np.exp(log_likelihood - top), position, -1)
            )
            of_dyad = np.exp(evidence.log[i, j, 0, ..., dyad] - top)
            of_others = np.moveaxis(evidence.posterior[i, j, 0] / of_dyad, position, -1)
            joint = np.tensordot(
                of_others.reshape(-1, len(evidence.grids[position])),
                likelihood.reshape(-1, len(probability)),
                axes=(0, 0),
            )
            probability += (joint * of_parameter.weights).sum(axis=0)
    return np.exp(of_parameter.values), probability / probability.sum()


def _steps_of(steps: FilterSteps, dyad: int) -> FilterSteps:
    """Return the steps of one dyad."""
    part = slice(steps.ends[dyad], steps.ends[dyad + 1])
    columns: Any = {name: getattr(steps, name)[part] for name in FilterSteps._fields}
    return FilterSteps(**columns | {"ends": np.array([0, part.stop - part.start])})


def with_mean_sd(moments: Float, sd: float) -> Float:
    """Return log-likelihoods with another prior spread of long-run means than the filter's.

    Up to a constant, the likelihood of the mean is Gaussian: the filter's moments of the mean
    divided by its prior.
    """
    log, mean, variance = moments[..., 0], moments[..., 1], moments[..., 2]
    if sd == MEAN_SD:
        return log
    precision = np.maximum(1.0 / variance - MEAN_SD**-2, 0.0)
    slope = mean / variance - MEAN * MEAN_SD**-2

    def log_integral(prior_sd: float) -> Float:
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

    return np.asarray(log + log_integral(sd) - log_integral(MEAN_SD))


@dataclass(frozen=True)
class _DyadIntegral:
    """Nodes and weights of the integral over the dyads' values of one parameter."""

    nodes: Float  # Chebyshev nodes at which the likelihood is computed
    values: Float  # Grid of a dyad's value
    to_grid: Float  # From values at the nodes to those on the grid, (value, node)
    weights: Float  # Of the grid at every mean of the population, (mean, value)

    @classmethod
    def of(cls, parameter: Parameter, grid: Float, quadrature: QuadratureSettings) -> Self:
        """Choose nodes and grid for a grid of population means."""
        low = max(grid[0] - REACH * parameter.spread, parameter.low)
        high = min(grid[-1] + REACH * parameter.spread, parameter.high)
        node_spacing = quadrature.node_spacing * NODE_SPACING_FACTORS.get(parameter, 1.0)
        size = max(MIN_CHEBYSHEV_NODES, math.ceil((high - low) / node_spacing))
        node_angles = (np.arange(size) + 0.5) * np.pi / size
        nodes = 0.5 * (low + high) - 0.5 * (high - low) * np.cos(node_angles)
        gaps = max(1, math.ceil((high - low) / (quadrature.dyad_spacing * parameter.spread)))
        values = np.linspace(low, high, gaps + 1)
        # Interpolation by the Chebyshev polynomials that pass through the nodes.
        cosines = (0.5 * (low + high) - values) / (0.5 * (high - low))
        angles = np.arccos(np.clip(cosines, -1.0, 1.0))
        order = np.arange(size)
        polynomials = np.cos(np.outer(angles, order)) * np.where(order == 0, 1.0, 2.0) / size
        to_grid = polynomials @ np.cos(np.outer(order, node_angles))
        weights = np.exp(-0.5 * ((values - grid[:, None]) / parameter.spread) ** 2)
        return cls(nodes, values, to_grid, weights / weights.sum(axis=1, keepdims=True))


def _integrate_dyads(log_likelihood: Float, integrals: list[_DyadIntegral]) -> Float:
    """Integrate over the parameters of dyads, (node..., dyad) to (mean..., dyad), in logarithms."""
    on_grid = _multiply_axes([integral.to_grid for integral in integrals], log_likelihood)
    top = on_grid.max(axis=tuple(range(len(integrals))))
    integrated = _multiply_axes([integral.weights for integral in integrals], np.exp(on_grid - top))
    return np.asarray(np.log(np.maximum(integrated, TINY)) + top)


def _multiply_axes(matrices: list[Float], values: Float) -> Float:
    """Multiply each of the first axes of an array by a matrix."""
    for axis, matrix in enumerate(matrices):
        values = np.moveaxis(np.tensordot(matrix, values, axes=(1, axis)), 0, axis)
    return values


def _all_nodes(integrals: list[_DyadIntegral]) -> tuple[tuple[int, ...], Float]:
    """Return the shape of the grid of all parameters' nodes, and the nodes, (node, parameter)."""
    nodes = np.stack(
        np.meshgrid(*(integral.nodes for integral in integrals), indexing="ij"), axis=-1
    )
    return nodes.shape[:-1], nodes.reshape(-1, len(integrals))


def _population_grid(
    parameter: Parameter, mode: float, sd: float, quadrature: QuadratureSettings
) -> Float:
    """Return the grid of a population's mean, around the mode except for the trend's return."""
    if parameter is RETURN:
        return np.log(12.0 * np.array(RETURN_YEARS))
    lowest, highest = parameter.low + parameter.spread, parameter.high - parameter.spread
    # A mode may be at a bound, such as that of bounds so far away that no record meets them.
    middle = min(max(mode, lowest), highest)
    low = max(middle - quadrature.half_width * sd, lowest)
    high = min(middle + quadrature.half_width * sd, highest)
    gaps = math.ceil((high - low) / (quadrature.population_spacing * sd))
    return np.linspace(low, high, max(MIN_GRID_POINTS, gaps + 1))


def _log_prior(parameter: Parameter, grid: Float) -> Float:
    """Return the log prior mass of the grid of a population's mean.

    The mass of the trend's return is one over its grid, because the grid is all that it may be.
    """
    log_density = -0.5 * ((grid - parameter.mean) / parameter.sd) ** 2
    if parameter is RETURN:
        return np.asarray(log_density - logsumexp(log_density))
    return np.asarray(
        log_density + math.log((grid[1] - grid[0]) / (parameter.sd * math.sqrt(2.0 * math.pi)))
    )


def _concentration_nodes(
    mode: PosteriorMode, quadrature: QuadratureSettings
) -> tuple[Float, Float]:
    """Return nodes of the log concentration around its mode, and log weights with the prior.

    A concentration that is fixed, or a parameter of each dyad, has one node.
    """
    fixed = dict(mode.model.fixed)
    if CONCENTRATION in fixed:
        return np.array([fixed[CONCENTRATION]]), np.zeros(1)
    if mode.model.has(CONCENTRATION):
        return np.zeros(1), np.zeros(1)
    raw, weights = np.polynomial.hermite.hermgauss(quadrature.concentration_nodes)
    peak, sd = float(mode.values[-1]), float(mode.sd[-1])
    nodes = peak + math.sqrt(2.0) * sd * raw
    prior = -0.5 * ((nodes - CONCENTRATION.mean) / CONCENTRATION.sd) ** 2 - math.log(
        CONCENTRATION.sd
    )
    return nodes, prior + np.log(weights / math.sqrt(math.pi)) + raw**2 + math.log(sd)
