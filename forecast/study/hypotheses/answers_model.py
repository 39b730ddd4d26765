"""Model of a pair in both directions: trend, two cycles that may answer each other, and their fit.

What A does to B and what B does to A share a walking trend. Each direction has its own cycle, and
an effect of the number of events; the second one is offset from the first. The cycles follow ``c[t]
= phi c[t-1] + e[t]``. The diagonal of ``phi`` is each side's own persistence. Its other entries are
answers: what a side does after what the other did one period earlier. Shocks ``e`` of the two sides
are correlated, because events of one period concern both. `fit_pair` finds the mode of the
parameters and the evidence; `log_likelihood` is computed by a filter with matched moments.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from scipy.optimize import minimize

from forecast.base.dates import periods_a_month
from forecast.base.typing import Float, Index
from forecast.model.kernels import kernel
from forecast.study.hypotheses.filter.inputs import MEAN, MEAN_SD, NOISE_SD
from forecast.study.hypotheses.models import (
    CONCENTRATION,
    CYCLE_SD,
    START_SD,
    STEP,
    VOLUME_EFFECT,
    VOLUME_EFFECT_SD,
    Parameter,
)

# State of a pair: the trend, two cycles, the offset of the second direction, and two effects of the
# event count. Of two variables the position of the first is given.
TREND = 0
CYCLES = 1
OFFSET = 3
EFFECTS = 4
STATE = 6
OFFSET_SD = 1.0  # prior of the offset of the second direction from the first, log-odds
# Prior spread of the effect of the event count for an index, which has none: nearly zero.
INDEX_EFFECT_SD = 1e-4
INDEX_LOG_CONCENTRATION = 0.3  # prior mean for an index
CORRELATION_SD = 1.0  # of the shocks, by Fisher's z: correlations of 0.8 are no surprise
# Prior of the share of its own cycle that a side keeps for a period, by Fisher's z: mean and
# standard deviation. The mean is half of it for a month.
OWN_PERSISTENCE = {"month": (0.55, 0.5), "week": (1.25, 0.5)}
# Prior spread of answers around zero: a side may answer in kind or inversely.
ANSWER_SD = {"month": 0.3, "week": 0.15}

STEP_NAME, SD_NAMES, CORRELATION = "step", ("sd of first", "sd of second"), "correlation"
CONCENTRATION_NAME = "concentration"
OWN_NAMES = ("own, first", "own, second")
ANSWER_NAMES = ("first answers second", "second answers first")
# Parameters of the three models: own persistence alone, with answers, and answers alone.
OWN_ALONE = (STEP_NAME, *SD_NAMES, CORRELATION, CONCENTRATION_NAME, *OWN_NAMES)
WITH_ANSWERS = (*OWN_ALONE, *ANSWER_NAMES)
ANSWERS_ALONE = tuple(name for name in WITH_ANSWERS if name not in OWN_NAMES)
LOG_NAMES = {STEP_NAME, *SD_NAMES, CONCENTRATION_NAME}  # parameters on a logarithmic scale

MAX_PHI_EIGENVALUE = 0.985  # half-lives above 45 periods belong to the trend
# Factor of the square by which the largest eigenvalue exceeds the maximum, subtracted from the
# log-likelihood; the likelihood itself is that of a smaller phi.
EIGENVALUE_PENALTY = 1e4
SLOPE_STEP = 0.01  # of differences that give slopes
CURVATURE_STEP = 0.05  # of those that give the curvature at the mode
# Curvature in place of a smaller one, in a direction of which data and prior say little.
MIN_MODE_CURVATURE = 1e-2
# Bounds of the parameters without logarithm; correlation and own persistence by Fisher's z.
BOUNDS = {
    CORRELATION: (-2.5, 2.5),
    **dict.fromkeys(OWN_NAMES, (-1.5, 2.4)),
    **dict.fromkeys(ANSWER_NAMES, (-0.9, 0.9)),
}
LOG_RANGE = 4.0  # prior standard deviations within which the other parameters are sought
NODES = 8  # Gauss-Hermite nodes of a period's level
_RAW, _WEIGHTS = np.polynomial.hermite_e.hermegauss(NODES)
_LOG_WEIGHTS = np.log(_WEIGHTS / _WEIGHTS.sum())
SHARE_FLOOR = 1e-7  # distance of a share at a node from 0 and 1


@dataclass(frozen=True)
class DirectedPair:
    """Counts or values of an index of a pair in both directions, (period, direction)."""

    pair: str
    cooperative: Index
    events: Index  # -1 where an index has a value
    value: Float  # Of an index, in standard deviations
    volume: Float  # Relative event count

    @property
    def indexed(self) -> bool:
        """True for values of an index, False for counts."""
        return bool((self.events < 0).any())


@dataclass(frozen=True)
class PairFit:
    """Mode of a pair's parameters, with covariance and log evidence by Laplace's approximation."""

    names: tuple[str, ...]
    mode: Float
    covariance: Float
    log_evidence: float

    def value(self, name: str) -> float:
        """Return a parameter at the mode."""
        return float(self.mode[self.names.index(name)])

    def phi(self, points: Float) -> Float:
        """Return the matrix that moves both cycles by a period, (point, to, from)."""
        return phi_of(self.names, points)


def periods_per_month(frequency: str) -> float:
    """Return how many periods, months or weeks, a month has."""
    return periods_a_month(xr.Dataset(attrs={"frequency": frequency}))


def largest_eigenvalue(phi: Float) -> Float:
    """Return the largest modulus of the eigenvalues of each matrix, (point,)."""
    return np.asarray(np.abs(np.linalg.eigvals(phi)).max(axis=-1))


def shared_retention(phi: Float) -> Float:
    """Return the share of a common deviation that is left after a period, (point,)."""
    return np.asarray(0.5 * phi.sum(axis=(-2, -1)))


def half_life(retention: Float) -> Float:
    """Return the periods in which a deviation halves, from the share that each period keeps."""
    inside = np.clip(retention, 1e-6, 1.0 - 1e-6)
    return np.asarray(math.log(0.5) / np.log(inside))


def phi_of(names: Sequence[str], points: Float) -> Float:
    """Return the matrix that moves both cycles by a period, (point, to, from)."""
    phi = np.zeros((len(points), 2, 2))
    for name, (row, column) in zip(
        (*OWN_NAMES, *ANSWER_NAMES), ((0, 0), (1, 1), (0, 1), (1, 0)), strict=True
    ):
        if name in names:
            values = points[:, list(names).index(name)]
            phi[:, row, column] = np.tanh(values) if name in OWN_NAMES else values
    return phi


def prior_of(name: str, frequency: str, indexed: bool) -> tuple[float, float]:
    """Return mean and standard deviation of the prior of a parameter."""
    if name == STEP_NAME:
        return STEP.mean - 0.5 * math.log(periods_per_month(frequency)), _width(STEP)
    if name in SD_NAMES:
        return CYCLE_SD.mean, _width(CYCLE_SD)
    if name == CONCENTRATION_NAME:
        return (INDEX_LOG_CONCENTRATION if indexed else CONCENTRATION.mean), CONCENTRATION.sd
    if name == CORRELATION:
        return 0.0, CORRELATION_SD
    if name in OWN_NAMES:
        return OWN_PERSISTENCE[frequency]
    return 0.0, ANSWER_SD[frequency]


def _width(parameter: Parameter) -> float:
    """Return the prior spread of a dyad's value, around a population's mean that varies as well."""
    return math.hypot(parameter.sd, parameter.spread)


def fit_pair(pair: DirectedPair, names: tuple[str, ...], frequency: str) -> PairFit:
    """Find the mode of a pair's parameters, and the evidence from the curvature there."""
    indexed = pair.indexed
    mean, sd = np.array([prior_of(name, frequency, indexed) for name in names]).T
    size = len(names)
    bounds = [
        BOUNDS.get(name, (centre - LOG_RANGE * spread, centre + LOG_RANGE * spread))
        for name, centre, spread in zip(names, mean, sd, strict=True)
    ]

    def negative_log_posterior(points: Float) -> Float:
        penalty = 0.5 * (((points - mean) / sd) ** 2 + np.log(2.0 * np.pi * sd**2)).sum(axis=1)
        return np.asarray(penalty - log_likelihood(pair, names, points))

    offsets = np.concatenate([np.zeros((1, size)), np.eye(size), -np.eye(size)])

    def with_slope(point: Float) -> tuple[float, Float]:
        values = negative_log_posterior(point + SLOPE_STEP * offsets)
        return float(values[0]), (values[1 : size + 1] - values[size + 1 :]) / (2.0 * SLOPE_STEP)

    mode = minimize(
        with_slope,
        mean,
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": 60, "ftol": 1e-8},
    ).x
    at_mode, curvature = _curvature(negative_log_posterior, mode)
    eigenvalues, eigenvectors = np.linalg.eigh(curvature)
    eigenvalues = np.maximum(eigenvalues, MIN_MODE_CURVATURE)
    covariance = (eigenvectors / eigenvalues) @ eigenvectors.T
    log_evidence = -at_mode + 0.5 * (size * math.log(2.0 * math.pi) - np.log(eigenvalues).sum())
    return PairFit(names, mode, covariance, float(log_evidence))


def _curvature(function: Callable[[Float], Float], mode: Float) -> tuple[float, Float]:
    """Return the value and the matrix of second derivatives at the mode."""
    size = len(mode)
    step = CURVATURE_STEP * np.eye(size)
    pairs = [(first, second) for first in range(size) for second in range(first)]
    both = np.array([step[first] + step[second] for first, second in pairs])
    values = function(mode + np.concatenate([np.zeros((1, size)), step, -step, both, -both]))
    middle, up, down = values[0], values[1 : size + 1], values[size + 1 : 2 * size + 1]
    ahead, back = np.split(values[2 * size + 1 :], 2)
    curvature = np.diag(up + down - 2.0 * middle)
    for (first, second), forward, backward in zip(pairs, ahead, back, strict=True):
        ends = up[first] + down[first] + up[second] + down[second]
        cross = 0.5 * (forward + backward + 2.0 * middle - ends)
        curvature[first, second] = curvature[second, first] = cross
    return float(middle), curvature / CURVATURE_STEP**2


def log_likelihood(pair: DirectedPair, names: tuple[str, ...], points: Float) -> Float:
    """Return the log-likelihood of a pair at points of its parameters, (point,)."""
    column = {name: points[:, number] for number, name in enumerate(names)}
    column |= {name: np.exp(column[name]) for name in LOG_NAMES}
    phi = phi_of(names, points)
    first, second = column[SD_NAMES[0]], column[SD_NAMES[1]]
    joint = np.tanh(column[CORRELATION]) * first * second
    shocks = np.stack([first**2, joint, joint, second**2], axis=1).reshape(-1, 2, 2)
    largest = largest_eigenvalue(phi)
    phi /= np.maximum(largest / MAX_PHI_EIGENVALUE, 1.0)[:, None, None]
    log = _filter(
        column[STEP_NAME] ** 2,
        phi,
        shocks,
        long_run_covariance(phi, shocks),
        column[CONCENTRATION_NAME],
        pair.cooperative,
        pair.events,
        pair.value,
        pair.volume,
        INDEX_EFFECT_SD**2 if pair.indexed else VOLUME_EFFECT_SD**2,
        START_SD**2 + MEAN_SD**2,
        _RAW,
        _LOG_WEIGHTS,
    )
    excess = np.maximum(largest - MAX_PHI_EIGENVALUE, 0.0)
    return np.asarray(log - EIGENVALUE_PENALTY * excess**2)


def long_run_covariance(phi: Float, shocks: Float) -> Float:
    """Return the long-run covariance of both cycles, (point, 2, 2)."""
    moved = np.einsum("pac,pbd->pabcd", phi, phi).reshape(-1, 4, 4)
    covariance = np.linalg.solve(np.eye(4) - moved, shocks.reshape(-1, 4, 1))
    return np.asarray(covariance.reshape(-1, 2, 2))


@kernel
def _filter(
    step2: Float,
    phi: Float,
    shocks: Float,
    starts: Float,
    concentration: Float,
    cooperative: Index,
    events: Index,
    value: Float,
    volume: Float,
    volume2: float,
    start2: float,
    nodes: Float,
    log_weights: Float,
) -> Float:
    """Return the log-likelihood of every point, (point,), from both directions of each period."""
    points, periods = step2.size, events.shape[0]
    total = np.zeros(points)
    mean, covariance = np.zeros(STATE), np.zeros((STATE, STATE))
    moved, along, log = np.zeros((2, STATE)), np.zeros(STATE), np.zeros(nodes.size)
    for p in range(points):
        for a in range(STATE):
            mean[a] = 0.0
            for b in range(STATE):
                covariance[a, b] = 0.0
        mean[TREND], covariance[TREND, TREND] = MEAN, start2
        covariance[OFFSET, OFFSET] = OFFSET_SD**2
        for side in range(2):
            mean[EFFECTS + side], covariance[EFFECTS + side, EFFECTS + side] = (
                VOLUME_EFFECT,
                volume2,
            )
            for other in range(2):
                covariance[CYCLES + side, CYCLES + other] = starts[p, side, other]
        for t in range(periods):
            if t > 0:
                _move(mean, covariance, moved, step2[p], phi[p], shocks[p])
            for side in range(2):
                number = events[t, side]
                if number == 0:
                    continue
                level = 0.0
                for a in range(STATE):
                    weight = _weight(a, side, volume[t, side])
                    level += weight * mean[a]
                    along[a] = 0.0
                    for b in range(STATE):
                        along[a] += covariance[a, b] * _weight(b, side, volume[t, side])
                spread2 = 0.0
                for a in range(STATE):
                    spread2 += _weight(a, side, volume[t, side]) * along[a]
                if number < 0:
                    spread2 += 1.0 / concentration[p]
                    miss = value[t, side] - level
                    total[p] -= 0.5 * (miss * miss / spread2 + math.log(2.0 * math.pi * spread2))
                    move, lost = miss / spread2, 1.0 / spread2
                else:
                    spread2 += NOISE_SD**2
                    gain, first, second = _match_moments(
                        cooperative[t, side],
                        number,
                        concentration[p],
                        level,
                        math.sqrt(spread2),
                        nodes,
                        log_weights,
                        log,
                    )
                    total[p] += gain
                    move = first / math.sqrt(spread2)
                    lost = (1.0 - (second - first * first)) / spread2
                for a in range(STATE):
                    mean[a] += along[a] * move
                    for b in range(STATE):
                        covariance[a, b] -= lost * along[a] * along[b]
    return total


@kernel
def _weight(entry: int, side: int, volume: float) -> float:
    """Return how much an entry of the state counts in the level of a side."""
    if entry == TREND or entry == CYCLES + side:
        return 1.0
    if entry == OFFSET:
        return float(side)
    return volume if entry == EFFECTS + side else 0.0


@kernel
def _move(
    mean: Float, covariance: Float, moved: Float, step2: float, phi: Float, shocks: Float
) -> None:
    """Move the state by a period: cycles fade and answer each other, the trend walks."""
    first, second = mean[CYCLES], mean[CYCLES + 1]
    for side in range(2):
        mean[CYCLES + side] = phi[side, 0] * first + phi[side, 1] * second
        for b in range(STATE):
            moved[side, b] = (
                phi[side, 0] * covariance[CYCLES, b] + phi[side, 1] * covariance[CYCLES + 1, b]
            )
    for side in range(2):
        for b in range(STATE):
            covariance[CYCLES + side, b] = moved[side, b]
    for side in range(2):
        for a in range(STATE):
            moved[side, a] = (
                phi[side, 0] * covariance[a, CYCLES] + phi[side, 1] * covariance[a, CYCLES + 1]
            )
    for side in range(2):
        for a in range(STATE):
            covariance[a, CYCLES + side] = moved[side, a]
    for side in range(2):
        for other in range(2):
            covariance[CYCLES + side, CYCLES + other] += shocks[side, other]
    covariance[TREND, TREND] += step2


@kernel
def _match_moments(
    cooperative: int,
    events: int,
    concentration: float,
    level: float,
    spread: float,
    nodes: Float,
    log_weights: Float,
    log: Float,
) -> tuple[float, float, float]:
    """Return the log-likelihood of a period's events, and two moments of the standardised level."""
    top = -1e300
    for j in range(nodes.size):
        share = 1.0 / (1.0 + math.exp(-(level + spread * nodes[j])))
        share = min(max(share, SHARE_FLOOR), 1.0 - SHARE_FLOOR)
        good = concentration * share
        bad = concentration - good
        log[j] = log_weights[j]
        log[j] += math.lgamma(good + cooperative) - math.lgamma(good)
        log[j] += math.lgamma(bad + events - cooperative) - math.lgamma(bad)
        top = max(top, log[j])
    total, first, second = 0.0, 0.0, 0.0
    for j in range(nodes.size):
        weight = math.exp(log[j] - top)
        total += weight
        first += weight * nodes[j]
        second += weight * nodes[j] * nodes[j]
    constant = math.lgamma(concentration) - math.lgamma(concentration + events)
    return math.log(total) + top + constant, first / total, second / total
