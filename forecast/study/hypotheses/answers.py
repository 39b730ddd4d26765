"""Does persistence come from answers? (S5d): the two directions of a pair as two records.

What A does to B and what B does to A share a walking trend and have each their own cycle, an offset
and an effect of the number of events. The cycles follow ``c[t] = phi c[t-1] + e[t]``. The diagonal
of ``phi`` is each side's own persistence. Its other entries are answers: what a side does after
what the other did one period earlier. Shocks ``e`` of the two sides are correlated, because events
of one period concern both, and answers within the period cannot be told from that.

The claim has all entries, its rival the diagonal alone. Each pair's evidence is Laplace's
approximation at the mode of its parameters; the log Bayes factors of the pairs of a record are
added. The claim is supported if their sum is above 2.3, and answers make deviations longer (5%
point of the share, given answers, above 0). A sum below -2.3 does not reject it by itself: many
sparse pairs add up small penalties of a prior that they cannot inform. So it is rejected only if
none of 40 simulated record sets in the shape of the record, in which answers carry 72% of the
half-life, has as low a sum. Answers alone, without own persistence, are compared as well. The share
that answers carry is that by which the half-life of a deviation that both sides share is shorter
without them. It is negative where answers are inverse, as a share of the half-life without. Where
shocks are alike, the past of one side is nearly that of the other, and the data tell the sum of own
persistence and answers alone. So the share is averaged over models with and without answers,
equally likely before the data.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from scipy.optimize import minimize
from scipy.special import expit

from forecast.base.arguments import checked
from forecast.base.dates import periods_a_month
from forecast.base.errors import DataError
from forecast.base.typing import Float, Index
from forecast.data.panel.kinds import DIRECTIONS, panel_kind
from forecast.data.panel.record import relative_counts
from forecast.model.kernels import kernel
from forecast.study.hypotheses.filter import MEAN, MEAN_SD, NOISE_SD
from forecast.study.hypotheses.models import (
    CONCENTRATION,
    CYCLE_SD,
    START_SD,
    STEP,
    VOLUME,
    VOLUME_SD,
)
from forecast.study.hypotheses.outcome import LIMIT, ClaimAnswer, decide

TREND, CYCLES, OFFSET, COUNTS = 0, 1, 3, 4  # first places of a pair's state
STATE = 6
OFFSET_SD = 1.0  # of the second direction from the first, log-odds
INDEX_COUNT_SD = 1e-4  # an index has no number of events
CORRELATION_SD = 1.0  # of the shocks, by Fisher's z: correlations of 0.8 are no surprise
# What a period keeps of a side's own cycle, by Fisher's z: half of it a month, with wide margins
OWN_PERSISTENCE = {"month": (0.55, 0.5), "week": (1.25, 0.5)}
ANSWER_SD = {"month": 0.3, "week": 0.15}  # around none: answers in kind and inverse ones
STEP_NAME, SD_NAMES, CORRELATION = "step", ("sd of first", "sd of second"), "correlation"
CONCENTRATION_NAME = "concentration"
OWN_NAMES = ("own, first", "own, second")
ANSWER_NAMES = ("first answers second", "second answers first")
OWN_ALONE = (STEP_NAME, *SD_NAMES, CORRELATION, CONCENTRATION_NAME, *OWN_NAMES)
WITH_ANSWERS = (*OWN_ALONE, *ANSWER_NAMES)
ANSWERS_ALONE = tuple(name for name in WITH_ANSWERS if name not in OWN_NAMES)
LOG_NAMES = {STEP_NAME, *SD_NAMES, CONCENTRATION_NAME}  # parameters on a logarithmic scale
LARGEST_EIGENVALUE = 0.985  # of phi: half-lives above 45 periods belong to the trend
PENALTY = 1e4  # of the square of what is above that; phi itself is then made smaller
SLOPE_STEP = 0.01  # of differences that give slopes
CURVATURE_STEP = 0.05  # of those that give the curvature at the mode
SMALLEST_CURVATURE = 1e-2  # in a direction of which the data and the prior say little
BOUNDS = {  # of parameters that have no logarithm; the first two by Fisher's z
    CORRELATION: (-2.5, 2.5),
    **dict.fromkeys(OWN_NAMES, (-1.5, 2.4)),
    **dict.fromkeys(ANSWER_NAMES, (-0.9, 0.9)),
}
LOG_RANGE = 4.0  # prior standard deviations within which other parameters are sought
REJECTING_SETS = 40  # simulated sets of strong answers, none of which may have as low a sum
DRAWS = 2000  # of phi at the mode, for the share
# periods with events or values, of each direction of a pair; fewer show no answers of a month
MIN_DIRECTION_PERIODS = 48
MIN_ANSWERING_PAIRS = 2  # pairs; one has no spread of phi between pairs
NODES = 8
_RAW, _WEIGHTS = np.polynomial.hermite_e.hermegauss(NODES)
_LOG_WEIGHTS = np.log(_WEIGHTS / _WEIGHTS.sum())


@dataclass(frozen=True)
class Directed:
    """Both directions of a pair, (period, direction)."""

    pair: str
    cooperative: Index
    events: Index  # -1 where an index has a value
    value: Float  # Of an index, in standard deviations
    volume: Float  # Relative event count

    @property
    def indexed(self) -> bool:
        """Whether these are values of an index."""
        return bool((self.events < 0).any())


@dataclass(frozen=True)
class PairAnswers:
    """What a pair says of answers."""

    pair: str
    log_bayes_factor: float  # Of answers against none
    # Of the half-life that answers carry, given that there are any: 5%, 50% and 95% points
    share: tuple[float, float, float]
    half_life: float  # Of deviations that both sides share, months, with answers
    correlation: float  # Of the shocks of both sides within a period
    periods: int  # In which either direction has events or values


@dataclass(frozen=True)
class Answers:
    """What the pairs of a record say of answers together."""

    answer: ClaimAnswer
    log_bayes_factor: float  # Sum over pairs
    answers_alone: float  # Sum of log Bayes factors of answers alone against own persistence alone
    without_pair: tuple[str, float]  # The pair without which the sum changes most, and that sum
    share: tuple[float, float, float]  # Mean over pairs, without answers 0: 5%, 50%, 95% points
    frequency: str  # `month` or `week`
    pairs: tuple[PairAnswers, ...]


@checked
def answers_test(panel: xr.Dataset, *, seed: int = 1) -> Answers:
    """Test on a panel with directions whether deviations last because each side answers the other.

    Parameters
    ----------
    panel : xarray.Dataset
        Monthly or weekly counts with ``directed=True`` of at least two dyads, each of one dataset.
    seed : int
        Of the draws that give the share.

    Returns
    -------
    Answers

    Raises
    ------
    DataError
        If the panel has no directions, is an index, or fewer than two pairs have 48 periods with
        events of each direction.

    Examples
    --------
    >>> from forecast import build_panel, read_keds
    >>> from forecast.study.hypotheses.answers import answers_test
    >>> events = read_keds("TURKEY.TXT")  # doctest: +SKIP
    >>> answers_test(build_panel(events, directed=True, frequency="week")).answer  # doctest: +SKIP
    'rejected'
    """
    pairs = directed_pairs(panel)
    return test_answers(pairs, str(panel.attrs["frequency"]), seed)


def directed_pairs(panel: xr.Dataset) -> list[Directed]:
    """Return the pairs of a panel with directions that have events of both in enough periods."""
    if not panel_kind(panel).coded or tuple(panel["direction"].to_numpy()) != DIRECTIONS[True]:
        raise DataError("panel: has no directions; build it with build_panel(..., directed=True)")
    counts = panel["counts"].transpose("dyad", "dataset", "time", "direction", "class")
    hostile = int(panel.attrs["zero_cut"])
    events = counts.sum(("dataset", "class")).to_numpy().astype(np.int64)
    cooperative = counts.isel({"class": slice(hostile, None)})
    good = cooperative.sum(("dataset", "class")).to_numpy().astype(np.int64)
    covered = panel["covered"].any("dataset").transpose("dyad", "time").to_numpy()
    volume = np.stack(
        [relative_counts(events[..., side], covered, periods_a_month(panel)) for side in (0, 1)],
        axis=-1,
    )
    pairs = []
    for row, dyad in enumerate(panel["dyad"].to_numpy()):
        pair = Directed(str(dyad), good[row], events[row], np.zeros(volume[row].shape), volume[row])
        if (pair.events != 0).sum(axis=0).min() >= MIN_DIRECTION_PERIODS:
            pairs.append(_between_first_and_last(pair))
    if len(pairs) < MIN_ANSWERING_PAIRS:
        raise DataError(
            f"panel: {len(pairs)} pairs have {MIN_DIRECTION_PERIODS} periods with events of each "
            f"direction; {MIN_ANSWERING_PAIRS} are needed. Give longer or denser records"
        )
    return pairs


def directed_index(pair: str, values: pd.DataFrame) -> Directed:
    """Return a pair from the values of an index in two columns.

    It has a row per period, and NaN where missing.

    Values are signed square roots, in standard deviations of each direction: weights of events have
    long tails.
    """
    raw = values.to_numpy(np.float64)
    root = np.sign(raw) * np.sqrt(np.abs(raw))
    scaled = (root - np.nanmean(root, axis=0)) / np.nanstd(root, axis=0)
    seen = np.isfinite(scaled)
    none = np.zeros(raw.shape)
    return Directed(
        pair, none.astype(np.int64), np.where(seen, -1, 0), np.where(seen, scaled, 0.0), none
    )


def _between_first_and_last(pair: Directed) -> Directed:
    """Cut a pair to the periods from its first event to its last."""
    periods = np.flatnonzero((pair.events != 0).any(axis=1))
    part = slice(int(periods[0]), int(periods[-1]) + 1)
    arrays = {name: getattr(pair, name)[part] for name in ("cooperative", "events")}
    arrays |= {name: getattr(pair, name)[part] for name in ("value", "volume")}
    return replace(pair, **arrays)


def test_answers(
    pairs: Sequence[Directed], frequency: str, seed: int = 1, *, brief: bool = False
) -> Answers:
    """Test answers on pairs whose periods are months or weeks.

    In brief the sum of log Bayes factors decides alone, and answers alone are not compared. Weeks
    reject nothing, because sets are simulated by month.
    """
    rng = np.random.default_rng(seed)
    months_a_period = 1.0 / _periods_a_month(frequency)
    rows, shares, alone = [], [], math.nan if brief else 0.0
    for pair in pairs:
        alone_fit, both = (fit(pair, names, frequency) for names in (OWN_ALONE, WITH_ANSWERS))
        if not brief:
            alone += fit(pair, ANSWERS_ALONE, frequency).log_evidence - alone_fit.log_evidence
        drawn = _shares(both, rng)
        shares.append(rng.choice(drawn, DRAWS))
        phi = both.phi(both.mode[None])[0]
        rows.append(
            PairAnswers(
                pair.pair,
                both.log_evidence - alone_fit.log_evidence,
                _points(drawn),
                float(_half_life(_kept_together(phi))) * months_a_period,
                math.tanh(both.value(CORRELATION)),
                int((pair.events != 0).any(axis=1).sum()),
            )
        )
    factors = {row.pair: row.log_bayes_factor for row in rows}
    total = sum(factors.values())
    without = {pair: total - factor for pair, factor in factors.items()}
    most_moved = max(without, key=lambda pair: abs(without[pair] - total))
    given = np.mean(shares, axis=0)
    probability = float(expit(total))
    averaged = np.where(rng.random(DRAWS) < probability, given, 0.0)
    answer = decide(total, total)
    if answer == "supported" and np.quantile(given, 0.05) <= 0.0:
        answer = "undecided"
    if answer == "rejected" and not brief:
        by_month = frequency == "month"
        answer = (
            "rejected" if by_month and _unlike_strong_answers(pairs, total, seed) else "undecided"
        )
    return Answers(
        answer,
        total,
        alone,
        (most_moved, without[most_moved]),
        _points(averaged),
        frequency,
        tuple(rows),
    )


def _unlike_strong_answers(pairs: Sequence[Directed], total: float, seed: int) -> bool:
    """Check whether no simulated set of strong answers has as low a sum.

    It stops at the first one.
    """
    for number in range(REJECTING_SETS):
        rng = np.random.default_rng((seed, REJECTING_SETS, number))
        simulated = simulate_answers(pairs, TRUTHS[0], rng)
        if test_answers(simulated, "month", brief=True).log_bayes_factor <= total:
            return False
    return True


def _periods_a_month(frequency: str) -> float:
    return periods_a_month(xr.Dataset(attrs={"frequency": frequency}))


def _points(values: Float) -> tuple[float, float, float]:
    """Return 5%, 50% and 95% points."""
    low, middle, high = np.quantile(values, (0.05, 0.5, 0.95)).tolist()
    return low, middle, high


def _largest(phi: Float) -> Float:
    """Return the largest modulus of the eigenvalues of each matrix."""
    return np.asarray(np.abs(np.linalg.eigvals(phi)).max(axis=-1))


def _kept_together(phi: Float) -> Float:
    """Return what a period keeps of a deviation that both sides share, the mean of both."""
    return np.asarray(0.5 * phi.sum(axis=(-2, -1)))


def _half_life(kept: Float) -> Float:
    """Return the periods in which a deviation halves, of which each period keeps so much."""
    inside = np.clip(kept, 1e-6, 1.0 - 1e-6)
    return np.asarray(math.log(0.5) / np.log(inside))


@dataclass(frozen=True)
class Fitted:
    """The mode of a pair's parameters, their covariance and the evidence.

    The evidence is by Laplace's approximation.
    """

    names: tuple[str, ...]
    mode: Float
    covariance: Float
    log_evidence: float

    def value(self, name: str) -> float:
        """Return a parameter at the mode."""
        return float(self.mode[self.names.index(name)])

    def phi(self, points: Float) -> Float:
        """Return what a period keeps of both cycles, (point, to, from)."""
        return phi_of(self.names, points)


def _shares(fitted: Fitted, rng: np.random.Generator) -> Float:
    """Draw the share of the half-life of deviations that answers carry."""
    points = rng.multivariate_normal(fitted.mode, fitted.covariance, DRAWS)
    phi = fitted.phi(points)
    phi = phi[_largest(phi) < 1.0]
    without_answers = phi * np.eye(2)
    with_answers, without = (
        _half_life(_kept_together(phi)),
        _half_life(_kept_together(without_answers)),
    )
    return np.asarray((with_answers - without) / np.maximum(with_answers, without))


def phi_of(names: Sequence[str], points: Float) -> Float:
    """Return what a period keeps of both cycles, (point, to, from)."""
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
        return STEP.mean - 0.5 * math.log(_periods_a_month(frequency)), _width(STEP)
    if name in SD_NAMES:
        return CYCLE_SD.mean, _width(CYCLE_SD)
    if name == CONCENTRATION_NAME:
        return (0.3 if indexed else CONCENTRATION.mean), CONCENTRATION.sd
    if name == CORRELATION:
        return 0.0, CORRELATION_SD
    if name in OWN_NAMES:
        return OWN_PERSISTENCE[frequency]
    return 0.0, ANSWER_SD[frequency]


def _width(axis: Any) -> float:
    """Return the spread of a dyad's parameter.

    It is that of the population's mean and that of dyads around it.
    """
    return math.hypot(axis.sd, axis.spread)


def fit(pair: Directed, names: tuple[str, ...], frequency: str) -> Fitted:
    """Find the mode of a pair's parameters, and the evidence from the curvature there."""
    indexed = pair.indexed
    mean, sd = np.array([prior_of(name, frequency, indexed) for name in names]).T
    size = len(names)
    bounds = [
        BOUNDS.get(name, (centre - LOG_RANGE * spread, centre + LOG_RANGE * spread))
        for name, centre, spread in zip(names, mean, sd, strict=True)
    ]

    def value(points: Float) -> Float:
        """Negative log posterior of points."""
        penalty = 0.5 * (((points - mean) / sd) ** 2 + np.log(2.0 * np.pi * sd**2)).sum(axis=1)
        return np.asarray(penalty - log_likelihood(pair, names, points))

    offsets = np.concatenate([np.zeros((1, size)), np.eye(size), -np.eye(size)])

    def with_slope(point: Float) -> tuple[float, Float]:
        values = value(point + SLOPE_STEP * offsets)
        return float(values[0]), (values[1 : size + 1] - values[size + 1 :]) / (2.0 * SLOPE_STEP)

    mode = minimize(
        with_slope,
        mean,
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": 60, "ftol": 1e-8},
    ).x
    at_mode, curvature = _curvature(value, mode)
    scale, turned = np.linalg.eigh(curvature)
    scale = np.maximum(scale, SMALLEST_CURVATURE)
    covariance = (turned / scale) @ turned.T
    log_evidence = -at_mode + 0.5 * (size * math.log(2.0 * math.pi) - np.log(scale).sum())
    return Fitted(names, mode, covariance, float(log_evidence))


def _curvature(value: Any, mode: Float) -> tuple[float, Float]:
    """Return the value and the matrix of second derivatives at the mode."""
    size = len(mode)
    step = CURVATURE_STEP * np.eye(size)
    pairs = [(first, second) for first in range(size) for second in range(first)]
    both = np.array([step[first] + step[second] for first, second in pairs])
    values = value(mode + np.concatenate([np.zeros((1, size)), step, -step, both, -both]))
    middle, up, down = values[0], values[1 : size + 1], values[size + 1 : 2 * size + 1]
    ahead, back = np.split(values[2 * size + 1 :], 2)
    curvature = np.diag(up + down - 2.0 * middle)
    for (first, second), forward, backward in zip(pairs, ahead, back, strict=True):
        ends = up[first] + down[first] + up[second] + down[second]
        cross = 0.5 * (forward + backward + 2.0 * middle - ends)
        curvature[first, second] = curvature[second, first] = cross
    return float(middle), curvature / CURVATURE_STEP**2


def log_likelihood(pair: Directed, names: tuple[str, ...], points: Float) -> Float:
    """Return the log-likelihood of a pair at points of its parameters, (point,)."""
    column = {name: points[:, number] for number, name in enumerate(names)}
    column |= {name: np.exp(column[name]) for name in LOG_NAMES}
    phi = phi_of(names, points)
    first, second = column[SD_NAMES[0]], column[SD_NAMES[1]]
    joint = np.tanh(column[CORRELATION]) * first * second
    shocks = np.stack([first**2, joint, joint, second**2], axis=1).reshape(-1, 2, 2)
    largest = _largest(phi)
    phi /= np.maximum(largest / LARGEST_EIGENVALUE, 1.0)[:, None, None]
    log = _filter(
        column[STEP_NAME] ** 2,
        phi,
        shocks,
        long_run(phi, shocks),
        column[CONCENTRATION_NAME],
        pair.cooperative,
        pair.events,
        pair.value,
        pair.volume,
        INDEX_COUNT_SD**2 if pair.indexed else VOLUME_SD**2,
        START_SD**2 + MEAN_SD**2,
        _RAW,
        _LOG_WEIGHTS,
    )
    excess = np.maximum(largest - LARGEST_EIGENVALUE, 0.0)
    return np.asarray(log - PENALTY * excess**2)


def long_run(phi: Float, shocks: Float) -> Float:
    """Return the long-run covariance of both cycles, (point, 2, 2)."""
    kept = np.einsum("pac,pbd->pabcd", phi, phi).reshape(-1, 4, 4)
    covariance = np.linalg.solve(np.eye(4) - kept, shocks.reshape(-1, 4, 1))
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
    """Return the log-likelihood of every point: both directions of each period are read in turn."""
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
            mean[COUNTS + side], covariance[COUNTS + side, COUNTS + side] = VOLUME, volume2
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
                    gain, first, second = _see_events(
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
    return volume if entry == COUNTS + side else 0.0


@kernel
def _move(
    mean: Float, covariance: Float, moved: Float, step2: float, phi: Float, shocks: Float
) -> None:
    """Let one period pass: cycles fade and answer each other, the trend walks."""
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
def _see_events(
    cooperative: int,
    events: int,
    concentration: float,
    level: float,
    spread: float,
    nodes: Float,
    log_weights: Float,
    log: Float,
) -> tuple[float, float, float]:
    """Return the log-likelihood of a period's events, and two moments of the level.

    These are the first two, standardised.
    """
    top = -1e300
    for j in range(nodes.size):
        share = 1.0 / (1.0 + math.exp(-(level + spread * nodes[j])))
        share = min(max(share, 1e-7), 1.0 - 1e-7)
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


@dataclass(frozen=True)
class AnswersTruth:
    """How simulated pairs behave, log-odds; what a month keeps of the cycles."""

    name: str
    retention: float  # Share of its own deviation that a side keeps after a month
    answers: float  # Share of the other side's deviation that it takes on
    correlation: float
    step: float = 0.09
    cycle_sd: float = 0.6  # Of the shocks
    concentration: float = 13.0

    @property
    def share(self) -> float:
        """Share of the half-life of deviations that answers carry."""
        with_answers, without = _half_life(
            np.array([self.retention + self.answers, self.retention])
        )
        return float(1.0 - without / with_answers)


TRUTHS = (
    AnswersTruth("strong answers", 0.45, 0.35, 0.3),
    AnswersTruth("weak answers", 0.65, 0.15, 0.3),
    AnswersTruth("no answers, shocks alike", 0.8, 0.0, 0.8),
    AnswersTruth("no answers, shocks apart", 0.8, 0.0, 0.0),
)
"""Deviations halve in three months in each; answers carry 72% of that, 48%, and nothing."""


def simulate_answers(
    pairs: Sequence[Directed], truth: AnswersTruth, rng: np.random.Generator
) -> list[Directed]:
    """Simulate pairs of a truth at the event counts of others."""
    return [_simulated(pair, truth, rng) for pair in pairs]


def _simulated(pair: Directed, truth: AnswersTruth, rng: np.random.Generator) -> Directed:
    periods = len(pair.events)
    phi = np.array([[truth.retention, truth.answers], [truth.answers, truth.retention]])
    shocks = truth.cycle_sd**2 * np.array([[1.0, truth.correlation], [truth.correlation, 1.0]])
    cycle = rng.multivariate_normal(np.zeros(2), long_run(phi[None], shocks[None])[0])
    added = rng.multivariate_normal(np.zeros(2), shocks, periods)
    trend = MEAN + rng.standard_normal() + truth.step * rng.standard_normal(periods).cumsum()
    level = np.empty((periods, 2))
    for period in range(periods):
        cycle = phi @ cycle + added[period]
        level[period] = trend[period] + cycle
    level += VOLUME * pair.volume + NOISE_SD * rng.standard_normal(level.shape)
    if pair.indexed:
        value = level + rng.standard_normal(level.shape) / math.sqrt(truth.concentration)
        return replace(pair, value=np.where(pair.events != 0, value, 0.0))
    share = np.clip(expit(level), 1e-5, 1.0 - 1e-5)
    chance = rng.beta(truth.concentration * share, truth.concentration * (1.0 - share))
    return replace(pair, cooperative=rng.binomial(pair.events, chance))


@dataclass(frozen=True)
class AnswersRate:
    """How often the test of answers said what on simulated record sets of a truth."""

    truth: str
    sets: int
    supported: int
    below: int  # Sets whose log Bayes factor is below -2.3
    true_share: float  # Of the half-life that answers carry
    share: tuple[float, float, float]  # Medians over sets of its 5%, 50% and 95% points
    contained: int  # Sets whose 90% interval contains it


def answers_power(
    pairs: Sequence[Directed], sets: int, truths: Sequence[AnswersTruth] = TRUTHS, seed: int = 1
) -> tuple[AnswersRate, ...]:
    """Count the answers of the test on simulated months, by truth.

    These have the event counts of given pairs.
    """
    rates = []
    for index, truth in enumerate(truths):
        tested = []
        for number in range(sets):
            rng = np.random.default_rng((seed, index, number))
            simulated = simulate_answers(pairs, truth, rng)
            tested.append(test_answers(simulated, "month", brief=True))
        answers = [test.answer for test in tested]
        shares = np.array([test.share for test in tested])
        low, middle, high = np.median(shares, axis=0).tolist()
        true_share = truth.share
        contained = (shares[:, 0] <= true_share) & (true_share <= shares[:, 2])
        rates.append(
            AnswersRate(
                truth.name,
                sets,
                answers.count("supported"),
                sum(test.log_bayes_factor < -LIMIT for test in tested),
                true_share,
                (low, middle, high),
                int(contained.sum()),
            )
        )
    return tuple(rates)
