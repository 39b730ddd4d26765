"""Predictive distributions of a window's share, their scores and calibration.

A `Prediction` is made by `predict_given` and `predict_free`, with and without the number of events,
and is scored by `crps`, `log_score` and `brier_score`: lower is better. Its fields are linear in
the distribution, so that those of a mixture are weighted means (`mixed`). Scores and diagrams are
computed by scoringrules and ArviZ where they provide them.

References
----------
Gneiting and Raftery (2007), Strictly proper scoring rules, prediction, and estimation,
doi:10.1198/016214506000001437; Murphy (1973), A new vector partition of the probability score,
doi:10.1175/1520-0450(1973)012<0595:ANVPOT>2.0.CO;2; Dimitriadis, Gneiting and Jordan (2021), Stable
reliability diagrams for probabilistic classifiers, doi:10.1073/pnas.2016191118; Säilynoja, Bürkner
and Vehtari (2022), Graphical test for discrete uniformity and its applications,
doi:10.1007/s11222-022-10090-6
"""

import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from forecast.base.described import described
from forecast.base.errors import SpecError
from forecast.base.limits import require
from forecast.base.typing import Float, Index
from forecast.outlook.recorded import MIN_WINDOW_EVENTS, ROUNDING, above_and_below, at_or_above
from forecast.outlook.tone import SMALLEST_CHANGE, TONE_UNIT, SideScores, tone_to_percent
from forecast.study.evaluation.origins import RecordedWindow

GRID = 200  # steps of the grid of shares if the number of events is unknown: half a point each
# Draws over which the probability of the count is averaged; more draws are thinned evenly.
DENSITY_DRAWS = 500
IMPROVEMENT = 5.0  # points of share that count as a change by default
_DRAWS_AT_ONCE = 50  # whose probabilities are computed together
# Terms of a sum below exp(-40) are lost in the rounding of the others.
_MAX_NEGATIVE_EXPONENT = 40.0
# Smallest distance of chances from 0 and 1: closer, one event of the other side would have no
# probability at all.
_CHANCE_EDGE = 1e-6
COVERAGES = (0.5, 0.8, 0.9)  # of intervals that are compared with outcomes
BINS = 10
"""Number of probability bins in the decomposition of the Brier score: 0 to 0.1, 0.1 to 0.2, ...,
0.9 to 1."""
BAND = 0.95
"""Simultaneous coverage of the bands around a PIT and a calibration curve."""
_SIMULATIONS = 1000  # of the band of a PIT curve
_ROUNDING = 1e-9  # a curve on the edge of its band is inside


@dataclass(frozen=True)
class Prediction:
    """The predictive distribution of the share of one window.

    It also has the probabilities of the recorded outcome that scores need.
    """

    # Probability of each share on an even grid from 0 to 1: k/n if the number of events n is given,
    # else steps of half a point.
    weights: Float
    below: float  # Probability of a share below the recorded one, and of one not above it
    up_to: float
    # Probability that the share rises, or falls, by the smallest improvement of interest; None
    # without baseline.
    up: float | None
    down: float | None
    # Probability of the recorded count given n; None if n is not given
    density: float | None = None

    @property
    def support(self) -> Float:
        """Shares of the grid, 0 to 1."""
        return np.linspace(0.0, 1.0, len(self.weights))

    def interval(self, mass: float) -> tuple[float, float]:
        """Return the ends of the central interval of the share, 0 to 1."""
        up_to = np.cumsum(self.weights)
        tail = (1 - mass) / 2 * up_to[-1]
        low, high = self.support[np.searchsorted(up_to, [tail, up_to[-1] - tail])]
        return float(low), float(high)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, without the zeros of the grid."""
        positions = np.flatnonzero(self.weights)
        return asdict(self) | {
            "weights": [
                len(self.weights),
                *zip(positions.tolist(), self.weights[positions].tolist(), strict=True),
            ]
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Return the prediction whose plain values these are."""
        size, *pairs = values["weights"]
        weights = np.zeros(size)
        for position, weight in pairs:
            weights[position] = weight
        return cls(**{**values, "weights": weights})


def predict_given(
    chances: Float,
    window: RecordedWindow,
    rng: np.random.Generator,
    improvement: float = IMPROVEMENT,
) -> Prediction:
    """Predict the share of a window whose monthly number of events is given."""
    chances = np.clip(chances, _CHANCE_EDGE, 1 - _CHANCE_EDGE)
    cooperative = rng.binomial(window.counts.total, chances).sum(axis=1)
    weights = np.bincount(cooperative, minlength=window.n + 1) / len(cooperative)
    thinned = chances[:: max(len(chances) // DENSITY_DRAWS, 1)]
    density = probability_of_count(thinned, window.counts.total, window.k)
    against = _probabilities_of_outcome(
        100 * cooperative / window.n, window.share, window.before, improvement
    )
    return Prediction(weights, *against, density=density)


def predict_free(
    chances: Float,
    volume: Index,
    window: RecordedWindow,
    rng: np.random.Generator,
    improvement: float = IMPROVEMENT,
) -> Prediction:
    """Predict the share of a window with unknown number of events, given that it is not void."""
    volume = _not_all_void(volume, rng)
    total = volume.sum(axis=1)
    enough = total >= MIN_WINDOW_EVENTS
    cooperative = rng.binomial(volume, np.clip(chances, _CHANCE_EDGE, 1 - _CHANCE_EDGE)).sum(
        axis=1
    )[enough]
    shares = 100 * cooperative / total[enough]
    weights = np.bincount(np.rint(shares * GRID / 100).astype(np.int64), minlength=GRID + 1) / len(
        shares
    )
    return Prediction(
        weights, *_probabilities_of_outcome(shares, window.share, window.before, improvement)
    )


def predict_tone(
    chances: Float,
    volume: Index,
    window: RecordedWindow,
    scores: SideScores,
    rng: np.random.Generator,
) -> Prediction:
    """Predict the tone of a window whose number of events is unknown, on the scale 0 to 100.

    `tone_to_percent` has the scale.
    """
    assert window.tone is not None
    volume = _not_all_void(volume, rng)
    cooperative = rng.binomial(volume, np.clip(chances, _CHANCE_EDGE, 1 - _CHANCE_EDGE))
    total = volume.sum(axis=1)
    enough = total >= MIN_WINDOW_EVENTS
    tone = tone_to_percent(
        scores.simulate(volume, cooperative, rng).sum(axis=1)[enough] / total[enough]
    )
    weights = np.bincount(np.rint(tone * GRID / 100).astype(np.int64), minlength=GRID + 1) / len(
        tone
    )
    before = None if window.tone_before is None else tone_to_percent(window.tone_before)
    change = SMALLEST_CHANGE / TONE_UNIT
    return Prediction(
        weights, *_probabilities_of_outcome(tone, tone_to_percent(window.tone), before, change)
    )


def _not_all_void(volume: Index, rng: np.random.Generator) -> Index:
    """Return simulated events, (draw, month), with a window that is not void in some draw at least.

    If events are so rare that every draw is void, each draw gets just as many events as a window
    needs, in random months: with so small means, more events are next to impossible.
    """
    if (volume.sum(axis=1) >= MIN_WINDOW_EVENTS).any():
        return volume
    months = volume.shape[1]
    return np.asarray(rng.multinomial(MIN_WINDOW_EVENTS, np.full(months, 1 / months), len(volume)))


def mixed(predictions: Sequence[Prediction]) -> Prediction:
    """Mix predictions of one window, all with the same weight."""

    def mean(name: str) -> Any:
        values = [getattr(prediction, name) for prediction in predictions]
        return None if values[0] is None else sum(1 / len(values) * value for value in values)

    return Prediction(**{part.name: mean(part.name) for part in fields(Prediction)})


def outcomes(
    recorded: float, before: float | None, change: float
) -> tuple[bool | None, bool | None]:
    """Return whether a share or tone rose, and whether it fell; None without baseline."""
    return (None, None) if before is None else above_and_below(recorded, before, change)


def probability_of_count(chances: Float, total: Index, count: int) -> float:
    """Return the probability of a count of cooperative events, averaged over draws of the chances.

    Given its chances the count is a sum of binomial ones; its probability is a sum over the Fourier
    transform of its distribution. Hong (2013), On computing the distribution function for the
    Poisson binomial distribution, doi:10.1016/j.csda.2012.10.006.
    """
    has_events = total > 0
    chances, total = chances[:, has_events], total[has_events]
    variance = (total * chances * (1 - chances)).sum(axis=1)
    order = np.argsort(variance)
    parts = [
        order[first : first + _DRAWS_AT_ONCE] for first in range(0, len(order), _DRAWS_AT_ONCE)
    ]
    by_draw = [
        _probabilities_of_count(chances[part], total, count, float(variance[part[0]]))
        for part in parts
    ]
    return float(max(np.concatenate(by_draw).mean(), np.finfo(float).tiny))


def _probabilities_of_count(chances: Float, total: Index, count: int, variance: float) -> Float:
    """Return the probability of a count by draw; ``variance`` is the smallest one of the draws.

    The transform is symmetric, so that half of it is enough. At an angle a it is at most
    exp(-variance (1 - cos a)). Frequencies at which that is below the rounding of a sum are left
    out: nearly all for windows with thousands of events.
    """
    size = int(total.sum()) + 1
    half = np.arange(size // 2 + 1)
    frequencies = half[variance * (1 - np.cos(2 * np.pi * half / size)) < _MAX_NEGATIVE_EXPONENT]
    weight = np.where((frequencies == 0) | (2 * frequencies == size), 1.0, 2.0)
    turn = np.exp(2j * np.pi * frequencies / size)
    transform = np.ones((len(chances), len(frequencies)), dtype=np.complex128)
    for month, events in enumerate(total):
        transform *= (1 + chances[:, month, None] * (turn - 1)) ** int(events)
    return np.asarray((transform * turn**-count).real @ weight / size)


def _probabilities_of_outcome(
    values: Float, recorded: float, before: float | None, improvement: float
) -> tuple[float, float, float | None, float | None]:
    """Return the fields `below`, `up_to`, `up` and `down` of a prediction."""
    below = float((~at_or_above(values, recorded)).mean())
    up_to = float((values <= recorded + ROUNDING).mean())
    if before is None:
        return below, up_to, None, None
    up, down = above_and_below(values, before, improvement)
    return below, up_to, float(up.mean()), float(down.mean())


def crps(prediction: Prediction, share: float) -> float:
    """Return the continuous ranked probability score of a window's share, points (0 to 100)."""
    require("scoringrules", "benchmarks")
    import scoringrules

    possible = prediction.weights > 0
    score = scoringrules.crps_ensemble(
        share, prediction.support[possible], ens_w=prediction.weights[possible], estimator="nrg"
    )
    return 100 * float(score)


def log_score(prediction: Prediction) -> float | None:
    """Return minus the log probability of the recorded count; None if n is not given."""
    return None if prediction.density is None else -float(np.log(prediction.density))


def covered(prediction: Prediction, coverage: float) -> bool:
    """Return whether the central interval of a coverage, with its ends, contains the share."""
    tail = (1 - coverage) / 2
    return prediction.up_to >= tail and prediction.below < 1 - tail


def pit(prediction: Prediction, rng: np.random.Generator) -> float:
    """Return the randomised probability integral transform: uniform if predictions are calibrated.

    Czado, Gneiting and Held (2009), Predictive model assessment for count data,
    doi:10.1111/j.1541-0420.2009.01191.x
    """
    return float(prediction.below + rng.random() * (prediction.up_to - prediction.below))


def in_the_middle(values: ArrayLike, coverage: float) -> float:
    """Return the share of PIT values in the middle of 0 to 1, `coverage` if calibrated.

    An interval of a share of few events contains whole steps, and so more than its nominal
    coverage; randomised PIT values have no steps.
    """
    distance = np.abs(np.asarray(values, dtype=np.float64) - 0.5)
    return float((distance <= coverage / 2).mean())


def brier_parts(probability: ArrayLike, happened: ArrayLike) -> dict[str, float | None]:
    """Return the parts of the Brier score of probabilities, and their discrimination.

    The score is reliability - resolution + uncertainty + within_bins. The discrimination is the
    area under the ROC curve: the chance that a case in which the outcome happened has the higher
    probability. It is None if the outcome always or never happened.
    """
    from scipy.stats import mannwhitneyu

    forecast = np.asarray(probability, dtype=np.float64)
    outcome = np.asarray(happened, dtype=np.float64)
    score, overall = brier_score(forecast, outcome), outcome.mean()
    bin_of = np.minimum((forecast * BINS).astype(np.int64), BINS - 1)
    size = np.bincount(bin_of, minlength=BINS)
    filled = size > 0
    mean_forecast, frequency = (
        np.bincount(bin_of, values, BINS)[filled] / size[filled] for values in (forecast, outcome)
    )
    share = size[filled] / forecast.size
    reliability = float(share @ (mean_forecast - frequency) ** 2)
    resolution = float(share @ (frequency - overall) ** 2)
    uncertainty = float(overall * (1 - overall))
    yes, no = forecast[outcome > 0], forecast[outcome == 0]
    pairs = yes.size * no.size
    return {
        # How far the probabilities of a bin are from the frequency of the outcome; zero is best
        "reliability": reliability,
        # How far the frequency in a bin is from the overall frequency; large is good
        "resolution": resolution,
        # Score of a forecast that always states the overall frequency
        "uncertainty": uncertainty,
        # Remainder, because the probabilities of a bin differ
        "within_bins": score - (reliability - resolution + uncertainty),
        "discrimination": float(mannwhitneyu(yes, no).statistic / pairs) if pairs else None,
    }


def brier_score(probability: ArrayLike, happened: ArrayLike) -> float:
    """Return the mean squared distance of probabilities from what happened."""
    require("scoringrules", "benchmarks")
    import scoringrules

    forecast = np.asarray(probability, dtype=np.float64)
    outcome = np.asarray(happened, dtype=np.float64)
    if not forecast.size:
        raise SpecError("brier: there is no probability to score")
    return float(np.mean(scoringrules.brier_score(outcome, forecast)))


@described("a Band, such as calibration() of forecast.study.evaluation.scores returns")
@dataclass(frozen=True)
class CalibrationBand:
    """A curve, and the band that contains it with 95% probability if predictions are calibrated."""

    x: Float
    y: Float
    low: Float
    high: Float

    @property
    def outside(self) -> float:
        """Part of the curve that is outside of its band."""
        out = (self.y < self.low - _ROUNDING) | (self.y > self.high + _ROUNDING)
        return float(np.mean(out))


def pit_band(values: ArrayLike, mass: float = BAND) -> CalibrationBand:
    """Return the distribution function of PIT values less the uniform one, with its band."""
    from arviz_stats.ecdf_utils import ecdf_pit

    x, y, low, high = ecdf_pit(np.asarray(values, dtype=np.float64), mass, _SIMULATIONS)
    return CalibrationBand(x, y - x, low - x, high - x)


def calibration(
    probability: ArrayLike,
    happened: ArrayLike,
    *,
    draws: int = 1000,
    seed: int = 1,
    mass: float = BAND,
) -> CalibrationBand:
    """Return an isotonic regression of outcomes on probabilities, with its consistency band."""
    from arviz_stats.helper_stats import isotonic_fit

    forecast = np.asarray(probability, dtype=np.float64)
    outcome = np.asarray(happened, dtype=np.int64)
    drawn = np.random.default_rng(seed).random((1, draws, forecast.size)) < forecast
    tree = xr.DataTree.from_dict(
        {
            "posterior_predictive": xr.Dataset(
                {"p": (("chain", "draw", "case"), drawn.astype(np.int64))}
            ),
            "observed_data": xr.Dataset({"p": ("case", outcome)}),
        }
    )
    with warnings.catch_warnings():
        # With few cases ArviZ takes their number for that of chains; the fit reads neither.
        warnings.filterwarnings(
            "ignore", message="Found chain dimension to be longer than draw dimension"
        )
        fitted = isotonic_fit(tree, "p", "posterior_predictive", mass)["p"]
    x, y, low, high = (
        fitted.sel(plot_axis=axis).to_numpy() for axis in ("x", "y", "y_bottom", "y_top")
    )
    return (
        CalibrationBand(forecast[np.argsort(forecast)], y, low, high)
        if x.size != forecast.size
        else CalibrationBand(x, y, low, high)
    )
