"""Scores of predictions, calibration, and how certain a difference in scores is.

All scores are smaller for better predictions. What scoringrules and ArviZ compute is computed by them.

References
----------
Gneiting and Raftery (2007), Strictly proper scoring rules, prediction, and estimation, doi:10.1198/016214506000001437;
Murphy (1973), A new vector partition of the probability score,
doi:10.1175/1520-0450(1973)012<0595:ANVPOT>2.0.CO;2; Dimitriadis, Gneiting and Jordan (2021), Stable reliability
diagrams for probabilistic classifiers, doi:10.1073/pnas.2016191118; Säilynoja, Bürkner and Vehtari (2022), Graphical
test for discrete uniformity and its applications, doi:10.1007/s11222-022-10090-6
"""

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from forecast.errors import SpecError
from forecast.evaluation.prediction import Prediction
from forecast.extras import require
from forecast.typing import Bool, Float

COVERAGES = (0.5, 0.8, 0.9)
BINS = 10
"""Of probabilities in the decomposition of the Brier score: 0 to 0.1, 0.1 to 0.2, ..., 0.9 to 1."""
BAND = 0.95
"""Simultaneous coverage of the bands around a PIT and a calibration curve."""
_SIMULATIONS = 1000
_ROUNDING = 1e-9


def crps(prediction: Prediction, share: float) -> float:
    """Return the continuous ranked probability score of a window's share, points (0 to 100)."""
    require("scoringrules", "benchmarks")
    import scoringrules

    there = prediction.weights > 0
    found = scoringrules.crps_ensemble(
        share, prediction.support[there], ens_w=prediction.weights[there], estimator="nrg"
    )
    return 100 * float(found)


def log_score(prediction: Prediction) -> float | None:
    """Return minus the log probability of the recorded count given the number of events; None if not given."""
    return None if prediction.density is None else -float(np.log(prediction.density))


def covered(prediction: Prediction, coverage: float) -> bool:
    """Return whether the recorded share lies in the central interval of a coverage, its ends included."""
    tail = (1 - coverage) / 2
    return prediction.up_to >= tail and prediction.below < 1 - tail


def pit(prediction: Prediction, rng: np.random.Generator) -> float:
    """Return the randomised probability integral transform: uniform if predictions are calibrated.

    Czado, Gneiting and Held (2009), Predictive model assessment for count data,
    doi:10.1111/j.1541-0420.2009.01191.x
    """
    return float(prediction.below + rng.random() * (prediction.up_to - prediction.below))


def in_the_middle(values: ArrayLike, coverage: float) -> float:
    """Return the share of PIT values in the middle of 0 to 1, which is ``coverage`` if predictions are calibrated.

    An interval of a share of few events holds whole steps, and with them more than its name says; randomised PIT
    values know no steps.
    """
    off = np.abs(np.asarray(values, dtype=np.float64) - 0.5)
    return float((off <= coverage / 2).mean())


@dataclass(frozen=True)
class Brier:
    """The Brier score of a series of probabilities, and what it is made of."""

    n: int  # Probabilities
    score: float  # Mean squared distance from what happened: reliability - resolution + uncertainty + within_bins
    reliability: float  # How far the probabilities of a bin are from how often it happened; zero is best
    resolution: float  # How far what happened in a bin is from what happens on average; large is good
    uncertainty: float  # The score of always saying how often it happens
    within_bins: float  # What the bins leave out: their probabilities are not all alike
    # The chance that a case in which it happened has the higher probability: area under the ROC curve. None if it
    # always or never happened.
    discrimination: float | None
    bins: int = BINS  # Of equal width, from 0 to 1


def brier(probability: ArrayLike, happened: ArrayLike) -> Brier:
    """Score probabilities of something that happened or not."""
    said, was = np.asarray(probability, dtype=np.float64), np.asarray(happened, dtype=np.float64)
    if not said.size:
        raise SpecError("brier: there is no probability to score")
    score = brier_score(said, was)
    place = np.minimum((said * BINS).astype(np.int64), BINS - 1)
    size = np.bincount(place, minlength=BINS)
    there = size > 0
    mean_said, mean_was = (np.bincount(place, v, BINS)[there] / size[there] for v in (said, was))
    share, overall = size[there] / said.size, was.mean()
    reliability = float(share @ (mean_said - mean_was) ** 2)
    resolution = float(share @ (mean_was - overall) ** 2)
    uncertainty = float(overall * (1 - overall))
    within = score - (reliability - resolution + uncertainty)
    return Brier(said.size, score, reliability, resolution, uncertainty, within, _discrimination(said, was > 0))


def brier_score(probability: ArrayLike, happened: ArrayLike) -> float:
    """Return the mean squared distance of probabilities from what happened; `brier` has its parts as well."""
    require("scoringrules", "benchmarks")
    import scoringrules

    said, was = np.asarray(probability, dtype=np.float64), np.asarray(happened, dtype=np.float64)
    return float(np.mean(scoringrules.brier_score(was, said)))


@dataclass(frozen=True)
class Band:
    """A curve with the band in which it stays, with a probability of 95 %, if predictions are calibrated.

    Attributes
    ----------
    x, y, low, high : array (point,)
    """

    x: Float
    y: Float
    low: Float
    high: Float

    @property
    def outside(self) -> float:
        """Part of the curve that is outside of its band."""
        out = (self.y < self.low - _ROUNDING) | (self.y > self.high + _ROUNDING)
        return float(np.mean(out))


def pit_band(values: ArrayLike) -> Band:
    """Return the distribution function of PIT values less that of a uniform one, with its simultaneous band (ArviZ)."""
    from arviz_stats.ecdf_utils import ecdf_pit

    x, y, low, high = ecdf_pit(np.asarray(values, dtype=np.float64), BAND, _SIMULATIONS)
    return Band(x, y - x, low - x, high - x)


def calibration(probability: ArrayLike, happened: ArrayLike, *, draws: int = 1000, seed: int = 1) -> Band:
    """Return observed frequencies by forecast probability (isotonic regression) with their consistency band."""
    import xarray as xr
    from arviz_stats.helper_stats import isotonic_fit

    said, was = np.asarray(probability, dtype=np.float64), np.asarray(happened, dtype=np.int64)
    drawn = np.random.default_rng(seed).random((1, draws, said.size)) < said
    tree = xr.DataTree.from_dict({
        "posterior_predictive": xr.Dataset({"p": (("chain", "draw", "case"), drawn.astype(np.int64))}),
        "observed_data": xr.Dataset({"p": ("case", was)}),
    })  # fmt: skip
    with warnings.catch_warnings():
        # With few cases ArviZ takes their number for that of chains; the fit reads neither.
        warnings.filterwarnings("ignore", message="Found chain dimension to be longer than draw dimension")
        found = isotonic_fit(tree, "p", "posterior_predictive", BAND)["p"]
    x, y, low, high = (found.sel(plot_axis=axis).to_numpy() for axis in ("x", "y", "y_bottom", "y_top"))
    return Band(said[np.argsort(said)], y, low, high) if x.size != said.size else Band(x, y, low, high)


def _discrimination(said: Float, happened: Bool) -> float | None:
    from scipy.stats import mannwhitneyu

    yes: NDArray[np.float64] = said[happened]
    no = said[~happened]
    if not yes.size or not no.size:
        return None
    return float(mannwhitneyu(yes, no).statistic / (yes.size * no.size))
