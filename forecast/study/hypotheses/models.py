"""Models that pooled tests compare, with priors of their populations.

For each it is found where its likelihood is concentrated.

A dyad's parameter is normal around the population's mean on a log scale. A trend walks, returns to
a long-run mean, is bounded, or has long memory; a cycle may be around it. Any but the last may jump
where eras begin.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import minimize

from forecast.base.typing import Float
from forecast.model.process.declarations import SPREAD_OF_SPREADS, priors_of
from forecast.model.process.transition import retention_of
from forecast.study.hypotheses.filter import COLUMN, FORCES, MEAN_SD, FilterSteps
from forecast.study.hypotheses.likelihood import likelihoods

_PRIORS = {prior.name: prior.value for part in ("common", "claims") for prior in priors_of(part)}
"""The priors of forecasts, and what the tests have besides: one table, priors.toml."""


def _pair(name: str) -> tuple[float, float]:
    """Return centre and spread of a prior."""
    value = _PRIORS[name]
    assert isinstance(value, tuple), f"{name} has a centre and a spread"
    return value


def _number(name: str) -> float:
    """Return a prior that is one number."""
    value = _PRIORS[name]
    assert isinstance(value, float), f"{name} is one number"
    return value


START_SD = _number(
    "trend_start"
)  # of the trend at a dyad's first event, log-odds, around the mean of long-run means
VOLUME = _pair("volume_effect")[0]
VOLUME_SD = math.hypot(
    _pair("volume_effect")[1], _number("volume_effect_dyads")
)  # population and dyads
STEP_OF_SLOPE = 0.04


@dataclass(frozen=True)
class Axis:
    """A parameter of every dyad, on a log scale.

    Prior of the population's mean, and spread of the dyads around it.
    """

    name: str
    mean: float
    sd: float
    spread: float
    low: float  # Bounds of what a dyad may have
    high: float

    def prior_interval(self) -> tuple[float, float, float]:
        """Return 5%, 50% and 95% points of the prior of the population's mean, in its own units."""
        low, middle, high = (math.exp(self.mean + z * self.sd) for z in (-1.6449, 0.0, 1.6449))
        return low, middle, high

    def density(self, values: Float) -> Float:
        """Return the prior density of the logarithm of the population's mean.

        It is returned at values in the mean's own units.
        """
        z = (np.log(values) - self.mean) / self.sd
        return np.asarray(np.exp(-0.5 * z**2) / (self.sd * math.sqrt(2.0 * math.pi)))


def axis_of(name: str, low: float, high: float, spread: float | None = None) -> Axis:
    """Return the axis of a quantity by its prior.

    Dyads differ by the prior of its name with ``_dyads``.
    """
    mean, sd = _pair(name)
    return Axis(name, mean, sd, _number(f"{name}_dyads") if spread is None else spread, low, high)


STEP = axis_of("trend_step", -4.6, -0.4)  # Monthly standard deviation of the trend's steps
CYCLE_SD = axis_of("cycle_sd", -2.4, 1.2)
CYCLE = axis_of("cycle_half_life", math.log(0.3), math.log(200.0))  # Months
RETURN = axis_of("trend_half_life", math.log(15.0), math.log(2000.0))  # Months
HEADROOM = axis_of(  # Log-odds; within a dyad eras differ as well
    "headroom",
    math.log(0.1),
    math.log(12.0),
    math.hypot(_number("headroom_dyads"), _number("headroom_eras")),
)
BOUND = axis_of("bound", math.log(0.3), math.log(8.0))  # Log-odds from the long-run mean
GROWTH = axis_of("growth", math.log(0.05), math.log(40.0))  # Of reversion, one log-odds away
SOURCE_SD = axis_of("source", math.log(0.05), math.log(2.0))  # Offsets of sources, log-odds
REPEAT = axis_of(
    "repeat", math.log(0.02), math.log(8.0)
)  # Log-odds if all of the last events were of one side
INNOVATION = axis_of(
    "memory_innovation", math.log(0.02), math.log(2.5)
)  # Of a fractional path, log-odds
MEMORY_ODDS = axis_of(
    "memory_odds", math.log(0.02), math.log(50.0)
)  # d over 1 - d: d from 0.02 to 0.98
MONTH_NOISE = axis_of("month_noise", math.log(0.02), math.log(2.0))  # Standard deviation, log-odds
CONCENTRATION = axis_of("concentration", 0.0, 4.5, spread=0.0)  # One for all dyads
INDEX_NOISE_SPREAD = (
    0.8  # log units of a noise's variance: indices of dyads differ twofold, in their own deviations
)
OWN_NOISE = replace(
    CONCENTRATION, spread=INDEX_NOISE_SPREAD
)  # of the values of an index, each dyad its own
YEARS = (2.0, 2.8, 4.0, 5.7, 8.0, 11.3, 16.0, 22.7, 32.0, 45.2, 64.0, 90.5)
"""Half-lives of the trend's return at which it is profiled; their prior is that of `RETURN` within
these."""
JUMPS = (
    0.1,
    0.25,
    0.4,
    0.6,
    0.9,
    1.3,
    1.8,
)  # Standard deviations of the jumps where eras begin, log-odds
JUMP_MEDIAN = _number("trend_jump")
JUMP_SD = 0.6
"""Jumps of the trend where eras begin, log-odds, in models that only allow for them."""
FORCE_OF = {HEADROOM.name: "ceiling", BOUND.name: "bounds", GROWTH.name: "growing"}


def jump_weights(jumps: tuple[float | None, ...], width: float = 1.0) -> Float:
    """Return the prior probabilities of standard deviations of jumps.

    Their log-normal prior may be wider.
    """
    if jumps == (None,):
        return np.ones(1)
    log_size = np.log(np.array(jumps, dtype=np.float64))
    z = (log_size - math.log(JUMP_MEDIAN)) / (width * SPREAD_OF_SPREADS)
    mass = np.exp(-0.5 * z**2) * np.gradient(log_size)
    return np.asarray(mass / mass.sum())


@dataclass(frozen=True)
class Model:
    """A model by its axes, the concentration included unless it is held.

    Held axes have one value for all dyads.
    """

    name: str
    axes: tuple[Axis, ...]
    held: tuple[tuple[Axis, float], ...] = ()
    jump_sd: float = 0.0
    volume: tuple[float, float] = (VOLUME, VOLUME_SD)

    def has(self, axis: Axis) -> bool:
        """Check whether a parameter is in the model, held or not."""
        return axis.name in {other.name for other in (*self.axes, *dict(self.held))}

    @property
    def free(self) -> tuple[Axis, ...]:
        """The axes with the concentration, unless it is held."""
        return self.axes if self.has(CONCENTRATION) else (*self.axes, CONCENTRATION)

    def jumping(self, jump_sd: float = JUMP_SD) -> "Model":
        """Return the model with jumps of the trend where eras begin."""
        return replace(self, name=f"{self.name}, jumps at eras", jump_sd=jump_sd)

    def with_own_noise(self) -> "Model":
        """Return the model in which each dyad has its own concentration.

        Itself if it has or holds one already.
        """
        return self if self.has(CONCENTRATION) else replace(self, axes=(*self.axes, OWN_NOISE))

    def holding(self, values: Mapping[Axis, float]) -> "Model":
        """Return the model with some of its parameters held."""
        held = {
            **dict(self.held),
            **{axis: value for axis, value in values.items() if axis in self.free},
        }
        return replace(
            self,
            axes=tuple(axis for axis in self.axes if axis not in held),
            held=tuple(held.items()),
        )

    def points(self, values: Float, jump_sd: float | None = None) -> Float:
        """Return the filter's points of values of the free axes, (point, axis)."""
        named = {axis.name: np.exp(values[:, position]) for position, axis in enumerate(self.free)}
        named |= {axis.name: np.full(len(values), math.exp(value)) for axis, value in self.held}
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
class Centre:
    """Where the likelihood of all dyads is concentrated if all have the same parameters.

    Mode and spread of each.
    """

    model: Model
    mode: Float  # Of its free axes
    covariance: Float

    @property
    def sd(self) -> Float:
        """Standard deviations of the free axes."""
        return np.asarray(np.sqrt(np.diag(self.covariance)))

    def at(self, *axes: Axis) -> dict[Axis, float]:
        """Return the mode of some axes, to hold them there."""
        names = [axis.name for axis in self.model.free]
        return {axis: float(self.mode[names.index(axis.name)]) for axis in axes}

    def holding(self, *axes: Axis) -> "tuple[Centre, float]":
        """Hold some axes at their mode.

        The centre of the rest, and the log of the mass they had, by Laplace.
        """
        free = self.model.free
        held = [position for position, axis in enumerate(free) if axis in axes]
        rest = [position for position, axis in enumerate(free) if axis not in axes]
        log_prior = sum(
            -0.5 * ((self.mode[position] - free[position].mean) / free[position].sd) ** 2
            - math.log(free[position].sd)
            for position in held
        )
        log_volume = 0.5 * float(np.linalg.slogdet(self.covariance[np.ix_(held, held)])[1])
        mass = log_prior + log_volume
        model = self.model.holding(self.at(*axes))
        return Centre(model, self.mode[rest], self.covariance[np.ix_(rest, rest)]), float(mass)


def centre_of(
    model: Model, steps: FilterSteps, cores: int = 1, start: Float | None = None
) -> Centre:
    """Find the mode of the population's means and the concentration, and their spread.

    The spread is from the curvature there.
    """
    axes = model.free
    prior = np.array([[axis.mean, axis.sd, axis.low, axis.high] for axis in axes]).T
    size = len(axes)
    offsets = STEP_OF_SLOPE * np.concatenate([np.zeros((1, size)), np.eye(size), -np.eye(size)])

    def value(points: Float) -> Float:
        """Negative log posterior."""
        inside = np.clip(points, prior[2], prior[3])
        log_likelihood = likelihoods(steps, model.points(inside), cores)[..., 0].sum(axis=1)
        penalty = 0.5 * (((points - prior[0]) / prior[1]) ** 2).sum(axis=1)
        return np.asarray(penalty - log_likelihood)

    def with_slope(point: Float) -> tuple[float, Float]:
        values = value(point + offsets)
        return float(values[0]), (values[1 : size + 1] - values[size + 1 :]) / (2.0 * STEP_OF_SLOPE)

    mode = minimize(
        with_slope,
        prior[0] if start is None else start,
        jac=True,
        method="L-BFGS-B",
        bounds=prior[2:].T,
        options={"maxiter": 40, "ftol": 1e-7},
    ).x
    pairs = [(i, j) for i in range(size) for j in range(i)]
    both = np.array([offsets[1 + i] + offsets[1 + j] for i, j in pairs]).reshape(-1, size)
    values = value(mode + np.concatenate([offsets, both]))
    up, down, cross = values[1 : size + 1], values[size + 1 : 2 * size + 1], values[2 * size + 1 :]
    curvature = np.diag(up + down - 2.0 * values[0])
    for (i, j), crossed in zip(pairs, cross, strict=True):
        curvature[i, j] = curvature[j, i] = crossed - up[i] - up[j] + values[0]
    curvature /= STEP_OF_SLOPE**2
    scale, turned = np.linalg.eigh(curvature)
    least = 1.0 / prior[1].max() ** 2
    inverse = (turned / np.maximum(scale, least)) @ turned.T
    return Centre(model, mode, inverse)
