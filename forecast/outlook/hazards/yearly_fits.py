"""Fits of the hazards as of several days, each of which knows nothing later."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from forecast.base.typing import Float
from forecast.outlook.hazards.coefficients import Coefficients
from forecast.outlook.hazards.fit import LeadFit, fit_hazards
from forecast.outlook.hazards.landmarks import OF_ALL, Landmarks, Scaling
from forecast.outlook.hazards.memories import PairRecord, day_number
from forecast.outlook.hazards.numbers import fit_rates, fit_shape
from forecast.outlook.hazards.wars import MAX_PAUSE_IN_A_WAR, WarLengths, published_lengths, wars_of

# Events of a set; one with fewer has no coefficients of its own, and takes those of all sets
MIN_SET_EVENTS = 30


@dataclass(frozen=True)
class _DayFit:
    """Fit as of one day; sets are in order, the first stands for all."""

    scaling: Scaling
    leads: tuple[tuple[LeadFit, ...], ...]  # (set, lead)
    added: Float  # To the expected number per day, by each memory's rate, (set, lead, memory)
    shape: Float  # (set,)
    overall: Float  # Events per day of all pairs, (set,)

    @property
    def mean(self) -> Float:
        """Mean of the coefficients, (set, lead, coefficient)."""
        return np.array([[lead.mean for lead in leads] for leads in self.leads])

    @property
    def deviations(self) -> Float:
        """Draws of the coefficients less their mean, (draw, set, lead, coefficient)."""
        draws = np.array([[lead.draws for lead in leads] for leads in self.leads])
        return np.asarray(np.moveaxis(draws, 2, 0) - self.mean)


def fit_coefficients(
    by_set: Mapping[str, Landmarks],
    pairs: Sequence[PairRecord],
    days: Sequence[date],
    digest: str,
    *,
    draws: bool = True,
    progress: Callable[[str], None] = lambda words: None,
) -> Coefficients:
    """Fit the hazards as of several days, in order.

    Only sets with enough events at the last have their own.
    """
    enough = {
        name: landmarks
        for name, landmarks in by_set.items()
        if landmarks.counts[-1].sum() >= MIN_SET_EVENTS
    }
    fits = []
    for day in days:
        progress(f"fit as of {day}")
        fits.append(_fit_as_of(enough, len(pairs), day, draws=draws and day == days[-1]))
    return Coefficients(
        sets=(OF_ALL, *enough),
        dyads=tuple(pair.dyad for pair in pairs),
        days=tuple(days),
        mean=np.array([fit.mean for fit in fits]),
        draws=fits[-1].deviations if draws else np.zeros((1, *fits[-1].mean.shape[:-1], 1)),
        middle=np.array([fit.scaling.mean for fit in fits]),
        spread=np.array([fit.scaling.sd for fit in fits]),
        added=np.array([fit.added for fit in fits]),
        shape=np.array([fit.shape for fit in fits]),
        overall=np.array([fit.overall for fit in fits]),
        wars=np.array([_war_lengths(pairs, day) for day in days]),
        digest=digest,
    )


def _fit_as_of(by_set: Mapping[str, Landmarks], pairs: int, day: date, *, draws: bool) -> _DayFit:
    """Fit all sets to what is known on a day; all sets together have the median of their values."""
    before = day_number(day) + 1
    scaling, fits = fit_hazards(by_set, pairs, before, draws=draws)
    rates = fit_rates(by_set, before)
    shapes = [fit_shape(landmarks, rates[name], before) for name, landmarks in by_set.items()]
    overall = [
        float(landmarks.rates[-1][landmarks.days < before].mean()) for landmarks in by_set.values()
    ]
    names = (OF_ALL, *by_set)
    return _DayFit(
        scaling=scaling,
        leads=tuple(tuple(fits[name]) for name in names),
        added=np.array([rates[name] for name in names]),
        shape=np.array([np.median(shapes), *shapes]),
        overall=np.array([np.median(overall), *overall]),
    )


def _war_lengths(pairs: Sequence[PairRecord], day: date) -> tuple[float, float]:
    """Return the parameters of the lengths of wars, of those that had ended by a day."""
    now = day_number(day) + 1
    wars = [war for pair in pairs for war in wars_of(pair.context["violence"], now)]
    ended = [war.length for war in wars if now - war.last > MAX_PAUSE_IN_A_WAR]
    lengths = WarLengths.of(ended, published_lengths(day))
    return lengths.log_mean, lengths.log_sd
