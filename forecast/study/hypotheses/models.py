"""Models that pooled tests compare, the priors of their parameters, and their posterior modes.

Dyads' values of a parameter are normal around the population's mean on a log scale. A trend walks,
returns to a long-run mean, is bounded, or has long memory; a cycle may be added to it. A trend
without long memory may jump where eras begin. `Model` lists the parameters, `Model.points` turns
their values into points of the filter, and `find_mode` finds the mode of all dyads together.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import minimize

from forecast.base.typing import Float
from forecast.model.process.declarations import SPREAD_OF_SPREADS, priors_of
from forecast.model.process.transition import retention_of
from forecast.study.hypotheses.filter.inputs import COLUMN, FORCES, MEAN_SD, FilterSteps
from forecast.study.hypotheses.filter.likelihood import likelihoods

_PRIORS = {prior.name: prior.value for part in ("common", "claims") for prior in priors_of(part)}
"""Priors that forecasts use as well, and those of the tests alone, from priors.toml."""


def _centre_and_spread(name: str) -> tuple[float, float]:
    """Return centre and spread of a prior."""
    value = _PRIORS[name]
    assert isinstance(value, tuple), f"{name} has a centre and a spread"
    return value


def _number(name: str) -> float:
    """Return a prior that is one number."""
    value = _PRIORS[name]
    assert isinstance(value, float), f"{name} is one number"
    return value


# Standard deviation, log-odds, of the trend at a dyad's first event around the prior mean of
# long-run means.
START_SD = _number("trend_start")
# Prior of a dyad's coefficient of the relative event count, log-odds; its spread is that of the
# population's mean together with that of the dyads.
VOLUME_EFFECT = _centre_and_spread("volume_effect")[0]
VOLUME_EFFECT_SD = math.hypot(
    _centre_and_spread("volume_effect")[1], _number("volume_effect_dyads")
)
DIFFERENCE_STEP = 0.04  # log units between the points whose differences give slope and curvature


@dataclass(frozen=True)
class Parameter:
    """A parameter of the dyads, on a log scale, with the prior of its population."""

    name: str
    mean: float  # Prior of the population's mean: mean and standard deviation
    sd: float
    spread: float  # Standard deviation of the dyads around the population's mean
    low: float  # Bounds of a dyad's value
    high: float

    def prior_interval(self) -> tuple[float, float, float]:
        """Return 5%, 50% and 95% points of the prior of the population's mean, in its own units."""
        low, middle, high = (math.exp(self.mean + z * self.sd) for z in (-1.6449, 0.0, 1.6449))
        return low, middle, high

    def density(self, values: Float) -> Float:
        """Return the prior density of the population's log mean, at values in units of the mean."""
        z = (np.log(values) - self.mean) / self.sd
        return np.asarray(np.exp(-0.5 * z**2) / (self.sd * math.sqrt(2.0 * math.pi)))


def parameter_of(name: str, low: float, high: float, spread: float | None = None) -> Parameter:
    """Return a parameter with its prior from the table.

    The spread of the dyads is by default the prior of the same name with ``_dyads``.
    """
    mean, sd = _centre_and_spread(name)
    if spread is None:
        spread = _number(f"{name}_dyads")
    return Parameter(name, mean, sd, spread, low, high)


STEP = parameter_of("trend_step", -4.6, -0.4)  # Monthly standard deviation of the trend's steps
CYCLE_SD = parameter_of("cycle_sd", -2.4, 1.2)
CYCLE = parameter_of("cycle_half_life", math.log(0.3), math.log(200.0))  # Months
RETURN = parameter_of("trend_half_life", math.log(15.0), math.log(2000.0))  # Months
# Log-odds; its spread includes that of eras within a dyad.
HEADROOM = parameter_of(
    "headroom",
    math.log(0.1),
    math.log(12.0),
    math.hypot(_number("headroom_dyads"), _number("headroom_eras")),
)
BOUND = parameter_of("bound", math.log(0.3), math.log(8.0))  # Log-odds from the long-run mean
GROWTH = parameter_of("growth", math.log(0.05), math.log(40.0))  # Of reversion, one log-odds away
SOURCE_SD = parameter_of("source", math.log(0.05), math.log(2.0))  # Offsets of sources, log-odds
# Log-odds that the last month with events adds to a month if all its events were of one side.
REPEAT = parameter_of("repeat", math.log(0.02), math.log(8.0))
# Standard deviation of the innovations of a fractional path, log-odds.
INNOVATION = parameter_of("memory_innovation", math.log(0.02), math.log(2.5))
# d / (1 - d) of the order of integration d, which is from 0.02 to 0.98.
MEMORY_ODDS = parameter_of("memory_odds", math.log(0.02), math.log(50.0))
# Standard deviation of month-specific noise, log-odds.
MONTH_NOISE = parameter_of("month_noise", math.log(0.02), math.log(2.0))
CONCENTRATION = parameter_of("concentration", 0.0, 4.5, spread=0.0)  # One for all dyads
# Log units of a noise's variance: the noises of standardised indices differ twofold.
INDEX_NOISE_SPREAD = 0.8
# Concentration of an index, whose inverse is the variance of its noise; each dyad has its own.
OWN_NOISE = replace(CONCENTRATION, spread=INDEX_NOISE_SPREAD)
# Half-lives of the trend's return, years, at which the evidence is computed; their prior is that of
# `RETURN`, restricted to these.
RETURN_YEARS = (2.0, 2.8, 4.0, 5.7, 8.0, 11.3, 16.0, 22.7, 32.0, 45.2, 64.0, 90.5)
# Standard deviations of the jumps where eras begin, log-odds, over which a test of jumps
# integrates.
JUMPS = (0.1, 0.25, 0.4, 0.6, 0.9, 1.3, 1.8)
JUMP_MEDIAN = _number("trend_jump")  # of their log-normal prior
JUMP_SD = 0.6  # log-odds, in models that allow for jumps without testing them
FORCE_OF = {HEADROOM.name: "ceiling", BOUND.name: "bounds", GROWTH.name: "growing"}


def jump_weights(jumps: tuple[float | None, ...], width: float = 1.0) -> Float:
    """Return the prior probabilities of standard deviations of jumps.

    ``width`` makes their log-normal prior so many times as wide.
    """
    if jumps == (None,):
        return np.ones(1)
    log_size = np.log(np.array(jumps, dtype=np.float64))
    z = (log_size - math.log(JUMP_MEDIAN)) / (width * SPREAD_OF_SPREADS)
    mass = np.exp(-0.5 * z**2) * np.gradient(log_size)
    return np.asarray(mass / mass.sum())


@dataclass(frozen=True)
class Model:
    """A model by its parameters.

    Fixed parameters have one known value for all dyads. The concentration is always a parameter.
    """

    name: str
    parameters: tuple[Parameter, ...]
    fixed: tuple[tuple[Parameter, float], ...] = ()
    jump_sd: float = 0.0  # Of the trend where eras begin, log-odds
    # Prior mean and standard deviation of the coefficient of the relative event count
    volume: tuple[float, float] = (VOLUME_EFFECT, VOLUME_EFFECT_SD)

    def has(self, parameter: Parameter) -> bool:
        """Check whether a parameter is listed or fixed, by its name."""
        return parameter.name in {other.name for other in (*self.parameters, *dict(self.fixed))}

    @property
    def free(self) -> tuple[Parameter, ...]:
        """Parameters that are not fixed, the concentration included."""
        return self.parameters if self.has(CONCENTRATION) else (*self.parameters, CONCENTRATION)

    def jumping(self, jump_sd: float = JUMP_SD) -> "Model":
        """Return the model with jumps of the trend where eras begin."""
        return replace(self, name=f"{self.name}, jumps at eras", jump_sd=jump_sd)

    def with_own_noise(self) -> "Model":
        """Return the model in which each dyad has its own concentration.

        A model that lists or fixes a concentration already is returned unchanged.
        """
        if self.has(CONCENTRATION):
            return self
        return replace(self, parameters=(*self.parameters, OWN_NOISE))

    def with_fixed(self, values: Mapping[Parameter, float]) -> "Model":
        """Return the model with some of its free parameters fixed."""
        fixed = dict(self.fixed)
        fixed |= {parameter: value for parameter, value in values.items() if parameter in self.free}
        remaining = tuple(parameter for parameter in self.parameters if parameter not in fixed)
        return replace(self, parameters=remaining, fixed=tuple(fixed.items()))

    def points(self, values: Float, jump_sd: float | None = None) -> Float:
        """Return the filter's points, (point, column).

        ``values`` are logarithms of the free parameters, (point, parameter).
        """
        named = {
            parameter.name: np.exp(values[:, position])
            for position, parameter in enumerate(self.free)
        }
        named |= {
            parameter.name: np.full(len(values), math.exp(value)) for parameter, value in self.fixed
        }
        step = STEP if STEP.name in named else INNOVATION
        columns: dict[str, Float | float] = {
            "retention": 1.0,
            "step2": named[step.name] ** 2,
            "start2": START_SD**2,
            "volume": self.volume[0],
            "volume2": self.volume[1] ** 2,
            "jump2": (self.jump_sd if jump_sd is None else jump_sd) ** 2,
            "concentration": named[CONCENTRATION.name],
        }
        if CYCLE.name in named:
            columns |= {
                "cycle_retention": retention_of(named[CYCLE.name]),
                "cycle2": named[CYCLE_SD.name] ** 2,
            }
        if RETURN.name in named:
            columns |= {"retention": retention_of(named[RETURN.name]), "mean2": MEAN_SD**2}
        if SOURCE_SD.name in named:
            columns |= {"offset2": named[SOURCE_SD.name] ** 2}
        if REPEAT.name in named:
            columns |= {"occasion": named[REPEAT.name]}
        if MEMORY_ODDS.name in named:
            odds = named[MEMORY_ODDS.name]
            columns |= {
                "force": float(FORCES["memory"]),
                "memory": odds / (1.0 + odds),
                "mean2": MEAN_SD**2,
            }
        if MONTH_NOISE.name in named:
            columns |= {"noise2": named[MONTH_NOISE.name] ** 2}
        for name, force in FORCE_OF.items():
            if name in named:
                columns |= {"force": float(FORCES[force]), "size": named[name], "mean2": MEAN_SD**2}
        points = np.zeros((len(values), len(COLUMN)))
        for name, column in columns.items():
            points[:, COLUMN[name]] = column
        return points


WALK = Model("a walk", (STEP,))
WALK_REPEATS = Model("a walk whose events repeat the last ones", (STEP, REPEAT))
RETURN_ALONE = Model("a reverting trend", (STEP, RETURN))
BOUNDED = Model("a bounded walk", (STEP, BOUND))
SOURCES = Model("a walk with drifting sources", (STEP, SOURCE_SD))
WALK_CYCLE = Model("a walk with a cycle", (STEP, CYCLE_SD, CYCLE))
RETURN_CYCLE = Model("a reverting trend with a cycle", (STEP, CYCLE_SD, CYCLE, RETURN))
BOUNDED_CYCLE = Model("a bounded walk with a cycle", (STEP, CYCLE_SD, CYCLE, BOUND))
SOURCES_CYCLE = Model(
    "a walk with a cycle and drifting sources", (STEP, CYCLE_SD, CYCLE, SOURCE_SD)
)
GROWING_CYCLE = Model(
    "a trend with growing reversion and a cycle", (STEP, CYCLE_SD, CYCLE, RETURN, GROWTH)
)
MEMORY = Model("long memory", (INNOVATION, MEMORY_ODDS))
MEMORY_NOISE = Model("long memory with monthly noise", (INNOVATION, MEMORY_ODDS, MONTH_NOISE))
MEMORY_CYCLE = Model("long memory with a cycle", (INNOVATION, MEMORY_ODDS, CYCLE_SD, CYCLE))


@dataclass(frozen=True)
class PosteriorMode:
    """Posterior mode of a model in which all dyads have the same parameters, by Laplace."""

    model: Model
    values: Float  # Logarithms of the free parameters at the mode, (parameter,)
    covariance: Float  # Inverse curvature there, (parameter, parameter)

    @property
    def sd(self) -> Float:
        """Standard deviations of the free parameters."""
        return np.asarray(np.sqrt(np.diag(self.covariance)))

    def at(self, *parameters: Parameter) -> dict[Parameter, float]:
        """Return the logarithms of some parameters at the mode."""
        names = [parameter.name for parameter in self.model.free]
        return {
            parameter: float(self.values[names.index(parameter.name)]) for parameter in parameters
        }

    def with_fixed(self, *parameters: Parameter) -> "tuple[PosteriorMode, float]":
        """Fix some parameters at the mode.

        Return the mode of the remaining ones, and the log of the mass over which the fixed ones
        would be integrated, by Laplace's approximation.
        """
        free = self.model.free
        fixed = [position for position, parameter in enumerate(free) if parameter in parameters]
        remaining = [
            position for position, parameter in enumerate(free) if parameter not in parameters
        ]
        log_prior = sum(
            -0.5 * ((self.values[position] - free[position].mean) / free[position].sd) ** 2
            - math.log(free[position].sd)
            for position in fixed
        )
        log_volume = 0.5 * float(np.linalg.slogdet(self.covariance[np.ix_(fixed, fixed)])[1])
        log_mass = log_prior + log_volume
        model = self.model.with_fixed(self.at(*parameters))
        covariance = self.covariance[np.ix_(remaining, remaining)]
        return PosteriorMode(model, self.values[remaining], covariance), float(log_mass)


def find_mode(
    model: Model, steps: FilterSteps, cores: int = 1, start: Float | None = None
) -> PosteriorMode:
    """Find the posterior mode of the population's means and the concentration.

    The covariance is the inverse of the curvature at the mode.
    """
    parameters = model.free
    mean, sd, low, high = np.array(
        [[parameter.mean, parameter.sd, parameter.low, parameter.high] for parameter in parameters]
    ).T
    size = len(parameters)
    offsets = DIFFERENCE_STEP * np.concatenate([np.zeros((1, size)), np.eye(size), -np.eye(size)])

    def negative_log_posterior(points: Float) -> Float:
        inside = np.clip(points, low, high)
        log_likelihood = likelihoods(steps, model.points(inside), cores)[..., 0].sum(axis=1)
        penalty = 0.5 * (((points - mean) / sd) ** 2).sum(axis=1)
        return np.asarray(penalty - log_likelihood)

    def with_slope(point: Float) -> tuple[float, Float]:
        values = negative_log_posterior(point + offsets)
        up, down = values[1 : size + 1], values[size + 1 :]
        return float(values[0]), (up - down) / (2.0 * DIFFERENCE_STEP)

    mode = minimize(
        with_slope,
        mean if start is None else start,
        jac=True,
        method="L-BFGS-B",
        bounds=np.stack([low, high], axis=1),
        options={"maxiter": 40, "ftol": 1e-7},
    ).x
    # Second derivatives by differences: of each parameter alone, and of each pair together.
    pairs = [(i, j) for i in range(size) for j in range(i)]
    pair_offsets = np.array([offsets[1 + i] + offsets[1 + j] for i, j in pairs]).reshape(-1, size)
    values = negative_log_posterior(mode + np.concatenate([offsets, pair_offsets]))
    at_mode = values[0]
    up, down, both = values[1 : size + 1], values[size + 1 : 2 * size + 1], values[2 * size + 1 :]
    curvature = np.diag(up + down - 2.0 * at_mode)
    for (i, j), both_up in zip(pairs, both, strict=True):
        curvature[i, j] = curvature[j, i] = both_up - up[i] - up[j] + at_mode
    curvature /= DIFFERENCE_STEP**2
    # A direction without information keeps the widest prior.
    eigenvalues, eigenvectors = np.linalg.eigh(curvature)
    smallest = 1.0 / sd.max() ** 2
    covariance = (eigenvectors / np.maximum(eigenvalues, smallest)) @ eigenvectors.T
    return PosteriorMode(model, mode, covariance)
