"""Models that pooled tests compare, with priors of their populations, and where their likelihood is concentrated.

A dyad's parameter is normal around the population's mean on a log scale. The three models are a walk, a walk with a
cycle, and a reverting trend with a cycle. Any of them may jump where eras begin.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from forecast.hypotheses.pooled.filter import COLUMN, MEAN_SD, Steps, likelihoods
from forecast.typing import Float

START_SD = 1.4
"""Prior standard deviation of the trend at a dyad's first event, log-odds, around the mean of long-run means."""
VOLUME, VOLUME_SD = -0.55, 0.35
STEP_OF_SLOPE = 0.04


@dataclass(frozen=True)
class Axis:
    """A parameter of every dyad, on a log scale: prior of the population's mean, and spread of the dyads around it."""

    name: str
    mean: float
    sd: float
    spread: float
    low: float  # Bounds of what a dyad may have
    high: float


STEP = Axis("trend_step", -2.2, 0.5, 0.3, -4.6, -0.4)  # Monthly standard deviation of the trend's steps
CYCLE_SD = Axis("cycle_sd", -0.6, 0.35, 0.15, -2.4, 1.2)
CYCLE = Axis("cycle_half_life", math.log(4.0), 0.7, 0.3, math.log(0.3), math.log(200.0))  # Months
RETURN = Axis("trend_half_life", math.log(120.0), 0.8, 0.3, math.log(15.0), math.log(2000.0))  # Months
CONCENTRATION = Axis("concentration", 1.6, 0.5, 0.0, 0.0, 4.5)  # One for all dyads
YEARS = (2.0, 2.8, 4.0, 5.7, 8.0, 11.3, 16.0, 22.7, 32.0, 45.2, 64.0, 90.5)
"""Half-lives of the trend's return at which it is profiled; their prior is that of `RETURN` within these."""


@dataclass(frozen=True)
class Model:
    """A model by its axes; the concentration comes on top."""

    name: str
    axes: tuple[Axis, ...]

    def points(self, values: Float, jump_sd: float = 0.0) -> Float:
        """Return the filter's points of values of the axes and the log concentration, (point, axis + 1)."""
        named = {axis.name: np.exp(values[:, at]) for at, axis in enumerate((*self.axes, CONCENTRATION))}
        own: dict[str, Float | float] = {
            "keep": 1.0, "step2": named[STEP.name] ** 2, "start2": START_SD**2, "volume": VOLUME,
            "volume2": VOLUME_SD**2, "jump2": jump_sd**2, "concentration": named[CONCENTRATION.name],
        }  # fmt: skip
        if CYCLE in self.axes:
            own |= {"cycle_keep": 0.5 ** (1.0 / named[CYCLE.name]), "cycle2": named[CYCLE_SD.name] ** 2}
        if RETURN in self.axes:
            own |= {"keep": 0.5 ** (1.0 / named[RETURN.name]), "mean2": MEAN_SD**2}
        found = np.zeros((len(values), len(COLUMN)))
        for name, column in own.items():
            found[:, COLUMN[name]] = column
        return found


WALK = Model("a walk", (STEP,))
WALK_CYCLE = Model("a walk with a cycle", (STEP, CYCLE_SD, CYCLE))
RETURN_CYCLE = Model("a reverting trend with a cycle", (STEP, CYCLE_SD, CYCLE, RETURN))


@dataclass(frozen=True)
class Centre:
    """Where the likelihood of all dyads is concentrated if all have the same parameters: mode and spread of each."""

    mode: Float  # (axis + 1,), the concentration last
    sd: Float


def centre_of(model: Model, steps: Steps, cores: int = 1, start: Float | None = None) -> Centre:
    """Find the mode of the population's means and the concentration, and their spread from the curvature there."""
    axes = (*model.axes, CONCENTRATION)
    prior = np.array([[axis.mean, axis.sd, axis.low, axis.high] for axis in axes]).T
    size = len(axes)
    offsets = STEP_OF_SLOPE * np.concatenate([np.zeros((1, size)), np.eye(size), -np.eye(size)])

    def value(points: Float) -> Float:
        """Negative log posterior."""
        inside = np.clip(points, prior[2], prior[3])
        found = likelihoods(steps, model.points(inside), cores)[..., 0].sum(axis=1)
        penalty = 0.5 * (((points - prior[0]) / prior[1]) ** 2).sum(axis=1)
        return np.asarray(penalty - found)

    def with_slope(point: Float) -> tuple[float, Float]:
        found = value(point + offsets)
        return float(found[0]), (found[1 : size + 1] - found[size + 1 :]) / (2.0 * STEP_OF_SLOPE)

    mode = minimize(
        with_slope, prior[0] if start is None else start, jac=True, method="L-BFGS-B", bounds=prior[2:].T,
        options={"maxiter": 40, "ftol": 1e-7},
    ).x  # fmt: skip
    pairs = [(i, j) for i in range(size) for j in range(i)]
    both = np.array([offsets[1 + i] + offsets[1 + j] for i, j in pairs]).reshape(-1, size)
    found = value(mode + np.concatenate([offsets, both]))
    up, down, cross = found[1 : size + 1], found[size + 1 : 2 * size + 1], found[2 * size + 1 :]
    curvature = np.diag(up + down - 2.0 * found[0])
    for (i, j), one in zip(pairs, cross, strict=True):
        curvature[i, j] = curvature[j, i] = one - up[i] - up[j] + found[0]
    curvature /= STEP_OF_SLOPE**2
    scale, turned = np.linalg.eigh(curvature)
    least = 1.0 / prior[1].max() ** 2
    inverse = (turned / np.maximum(scale, least)) @ turned.T
    return Centre(mode, np.sqrt(np.diag(inverse)))
