"""From draws of chances to what is kept of a prediction: a distribution on a grid and the few numbers that scores need.

Everything kept is linear in the distribution, so that a mixture of forecasters is the weighted mean of what they
have left behind (`mixed`), and is scored in the same way.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np

from forecast.evaluation.origins import Window
from forecast.outlook.windows import FEWEST, ROUNDING, moved, reached
from forecast.typing import Float, Index

GRID = 200
"""Steps of the grid of shares where the number of events is not given: half a point each."""
DENSITY_DRAWS = 500
"""Draws that the probability of the count is averaged over; thinned evenly if there are more."""
IMPROVEMENT = 5.0
"""Points of share that count as a change, unless another number is asked for."""
_AT_ONCE = 50
"""Draws whose probabilities are computed together."""
_NOTHING = 40.0
"""A part of a sum that is smaller than exp of less this is lost in the rounding of the others."""
_EDGE = 1e-6
"""Chances are kept this far from 0 and 1: beyond, one event of the other kind would have no probability at all."""


@dataclass(frozen=True)
class Prediction:
    """The predictive distribution of the share of one window, with what was recorded put in where a score needs it."""

    # Probability of each share on an even grid from 0 to 1: k/n if the number of events n is given, else steps of
    # half a point.
    weights: Float
    below: float  # Probability of a share below the recorded one, and of one not above it
    up_to: float
    # Probability that the share rises, or falls, by the smallest improvement of interest; None without baseline.
    up: float | None
    down: float | None
    density: float | None = None  # Probability of the recorded count given n; None if n is not given

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
        """Return plain values, zeros of the grid left out."""
        places = np.flatnonzero(self.weights)
        return asdict(self) | {
            "weights": [len(self.weights), *zip(places.tolist(), self.weights[places].tolist(), strict=True)]
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Return the prediction whose plain values these are."""
        size, *pairs = values["weights"]
        weights = np.zeros(size)
        for place, weight in pairs:
            weights[place] = weight
        return cls(**{**values, "weights": weights})


def predict_given(
    chances: Float, window: Window, rng: np.random.Generator, improvement: float = IMPROVEMENT
) -> Prediction:
    """Predict the share of a window whose monthly number of events is given."""
    chances = np.clip(chances, _EDGE, 1 - _EDGE)
    cooperative = rng.binomial(window.total, chances).sum(axis=1)
    weights = np.bincount(cooperative, minlength=window.n + 1) / len(cooperative)
    shares = 100 * cooperative / window.n
    thinned = chances[:: max(len(chances) // DENSITY_DRAWS, 1)]
    density = probability_of_count(thinned, window.total, window.k)
    return Prediction(weights, *_against(shares, window, improvement), density=density)


def predict_free(
    chances: Float, volume: Index, window: Window, rng: np.random.Generator, improvement: float = IMPROVEMENT
) -> Prediction:
    """Predict the share of a window whose number of events is not known: given that it is not void.

    Where a record was so silent that every draw is void, windows have just as many events as are needed, in months
    at random: with means so small, more are next to impossible.
    """
    if (volume.sum(axis=1) < FEWEST).all():
        months = volume.shape[1]
        volume = rng.multinomial(FEWEST, np.full(months, 1 / months), len(volume))
    total = volume.sum(axis=1)
    there = total >= FEWEST
    cooperative = rng.binomial(volume, np.clip(chances, _EDGE, 1 - _EDGE)).sum(axis=1)[there]
    shares = 100 * cooperative / total[there]
    weights = np.bincount(np.rint(shares * GRID / 100).astype(np.int64), minlength=GRID + 1) / len(shares)
    return Prediction(weights, *_against(shares, window, improvement))


def mixed(predictions: Sequence[Prediction], weights: Sequence[float]) -> Prediction:
    """Mix predictions of one window."""

    def mean(values: list[Any]) -> Any:
        return None if values[0] is None else sum(w * v for w, v in zip(weights, values, strict=True))

    names = ("weights", "below", "up_to", "up", "down", "density")
    return Prediction(*(mean([getattr(one, name) for one in predictions]) for name in names))


def outcomes(window: Window, improvement: float = IMPROVEMENT) -> tuple[bool | None, bool | None]:
    """Return whether the share rose, and whether it fell, by the smallest improvement; None without baseline."""
    if window.before is None:
        return None, None
    return moved(100 * window.k / window.n, window.before, improvement)


def probability_of_count(chances: Float, total: Index, count: int) -> float:
    """Return the probability of a count of cooperative events, averaged over draws of the chances.

    Given its chances the count is a sum of binomial ones; its probability is a sum over the Fourier transform of
    its distribution. Hong (2013), On computing the distribution function for the Poisson binomial distribution,
    doi:10.1016/j.csda.2012.10.006.
    """
    there = total > 0
    chances, total = chances[:, there], total[there]
    variance = (total * chances * (1 - chances)).sum(axis=1)
    order = np.argsort(variance)
    parts = [order[first : first + _AT_ONCE] for first in range(0, len(order), _AT_ONCE)]
    by_draw = [_probabilities_of_count(chances[part], total, count, float(variance[part[0]])) for part in parts]
    return float(max(np.concatenate(by_draw).mean(), np.finfo(float).tiny))


def _probabilities_of_count(chances: Float, total: Index, count: int, variance: float) -> Float:
    """Return the probability of a count by draw; none of them has a smaller variance than the one given.

    The transform is symmetric, so that half of it is enough. At an angle a it is at most exp(-variance (1 - cos a)).
    Where that is nothing beside the rounding of a sum, it is left out: of windows of thousands, nearly all of it.
    """
    size = int(total.sum()) + 1
    half = np.arange(size // 2 + 1)
    there = half[variance * (1 - np.cos(2 * np.pi * half / size)) < _NOTHING]
    weight = np.where((there == 0) | (2 * there == size), 1.0, 2.0)
    turn = np.exp(2j * np.pi * there / size)
    log_transform = np.zeros((len(chances), len(there)), dtype=np.complex128)
    for month, events in enumerate(total):
        log_transform += events * np.log(1 + chances[:, month, None] * (turn - 1))
    return np.asarray((np.exp(log_transform) * turn**-count).real @ weight / size)


def _against(shares: Float, window: Window, improvement: float) -> tuple[float, float, float | None, float | None]:
    """Return the probabilities of being below, and not above, the recorded share, and of up and down."""
    recorded = 100 * window.k / window.n
    below, up_to = float((~reached(shares, recorded)).mean()), float((shares <= recorded + ROUNDING).mean())
    if window.before is None:
        return below, up_to, None, None
    up, down = moved(shares, window.before, improvement)
    return below, up_to, float(up.mean()), float(down.mean())
