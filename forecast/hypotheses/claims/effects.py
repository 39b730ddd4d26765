"""Effects of things with dates: what each adds to the cycle or to the level, at the mode of a reverting trend."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import logsumexp

from forecast.hypotheses.engine import Engine, Reading
from forecast.hypotheses.filter import COLUMN, likelihoods
from forecast.hypotheses.models import RETURN_CYCLE
from forecast.hypotheses.record import Record
from forecast.typing import Float

SIZES = np.linspace(-0.8, 0.8, 33)
"""Effects, log-odds."""
PRIOR_SD = 0.3
POINTS = 25.0
"""Points of share per log-odds at an even share."""


@dataclass(frozen=True)
class Effect:
    """The log-likelihood of effects of every size, (size, dyad)."""

    log: Float

    def factor(self, dyads: list[int] | None = None, width: float = 1.0) -> float:
        """Return the log Bayes factor of an effect, normal around none, against none."""
        own = (self.log if dyads is None else self.log[:, dyads]).sum(axis=1)
        return float(logsumexp(own + np.log(_prior(width))) - own[len(SIZES) // 2])

    @property
    def points(self) -> tuple[float, float]:
        """Mean and standard deviation of the effect, points of an even share."""
        log = self.log.sum(axis=1)
        weights = np.exp(log - log.max()) * _prior()
        weights /= weights.sum()
        mean = float(weights @ SIZES)
        return POINTS * mean, POINTS * float(np.sqrt(weights @ (SIZES - mean) ** 2))

    def found_from(self, limit: float) -> float:
        """Return the smallest estimate, in points, whose log Bayes factor would reach a limit."""
        sd = min(self.points[1] / POINTS, 0.999 * PRIOR_SD)
        error2 = 1.0 / (1.0 / sd**2 - 1.0 / PRIOR_SD**2)  # Of the likelihood alone
        z2 = 2.0 * (limit + 0.5 * np.log1p(PRIOR_SD**2 / error2)) * (PRIOR_SD**2 + error2) / PRIOR_SD**2
        return float(POINTS * np.sqrt(z2 * error2))


def with_months(record: Record, months: Float, column: str) -> Record:
    """Return the record without eras, with impulses (``push``) or occasions (``occasion``) in some months."""
    bare = record.without_eras()
    return replace(bare, impulse=months) if column == "push" else replace(bare, occasion=months)


def effect_of(engine: Engine, months: Float, column: str) -> Effect:
    """Return the log-likelihood of effects of impulses (``push``) or occasions (``occasion``) of all sizes."""
    steps = with_months(engine.record, months, column).steps
    point = RETURN_CYCLE.points(engine.centre(RETURN_CYCLE).mode[None])
    points = np.repeat(point, len(SIZES), axis=0)
    points[:, COLUMN[column]] = SIZES
    return Effect(likelihoods(steps, points, engine.cores)[..., 0])


def ahead_of(engine: Engine, months: Mapping[str, Float], column: str) -> tuple[list[Reading], Reading]:
    """Return the record with what effects of the sizes found add in some months, and with none."""
    sizes = {name: effect_of(engine, one, column).points[0] / POINTS for name, one in months.items()}
    added = np.sum([size * months[name] for name, size in sizes.items()], axis=0)
    plain = engine.reading(RETURN_CYCLE)
    with_effect = plain.point.copy()
    with_effect[:, COLUMN[column]] = 1.0
    return [Reading(with_months(engine.record, added, column), with_effect)], plain


def _prior(width: float = 1.0) -> Float:
    mass = np.exp(-0.5 * (SIZES / (width * PRIOR_SD)) ** 2)
    return np.asarray(mass / mass.sum())
