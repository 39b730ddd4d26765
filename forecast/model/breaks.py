"""Dates and number of breaks of the long-run mean, with their evidence, and the resulting eras.

A few fits, first with breaks spread over the data and then near those that the posterior favours, weight all months
at once (`forecast.model.break_fits`). All placements of breaks have equal prior probability in the marginal
likelihoods, so that the free date of a break is penalised.
"""

from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from forecast.clock import Clock
from forecast.events import read_eras
from forecast.model.break_fits import ONE_COMPONENT, BreakFits, Dates, DyadRecord, Places
from forecast.model.spec import spec_for
from forecast.progress import Progress, silent
from forecast.typing import Float, Index
from forecast.wording import month

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

# Fits of one break this far apart still overlap well; the posterior asks for more where they do not.
SPACING_MONTHS = 96
WANTED = 400
FEW, MOST_MORE = 3, 6
DRAWN = 4000


@dataclass(frozen=True)
class BreakPosterior:
    """Posterior of the first month of a new equilibrium, all months alike beforehand."""

    dates: tuple[str, ...]  # First days of all months in which it may lie, ISO
    probability: Float = field(repr=False)  # They sum to 1

    @property
    def date(self) -> str:
        """Median of the posterior."""
        return self._quantile(0.5)

    def interval(self, level: float = 0.9) -> tuple[str, str]:
        """Equal-tailed interval of the date."""
        return self._quantile((1 - level) / 2), self._quantile((1 + level) / 2)

    def _quantile(self, level: float) -> str:
        reached = np.cumsum(self.probability)
        return self.dates[min(int(np.searchsorted(reached, level * reached[-1])), len(self.dates) - 1)]


@dataclass(frozen=True)
class BreakCount:
    """Posterior of the number of breaks."""

    table: "pd.DataFrame"  # `breaks`, `log_bayes_factor` against none, `error`; a row a number of breaks, from none
    # Of the smallest number that no larger one beats by the Bayes factor asked for, in time order.
    breaks: tuple[BreakPosterior, ...]

    @property
    def number(self) -> int:
        """Number of breaks."""
        return len(self.breaks)


def count_breaks(
    record: DyadRecord, most: int = 3, bayes_factor: float = 3.0, *, fits: BreakFits | None = None
) -> BreakCount:
    """Weigh numbers of breaks against each other, and date those of the number that is enough."""
    import pandas as pd

    fits = fits or BreakFits(record, most)
    every = [fits.anywhere(number) for number in range(min(most, fits.periods // fits.apart - 1) + 1)]
    fits.add((), *((place,) for place in _spread(fits, np.flatnonzero(every[-1].allowed[0][: -fits.apart]))))
    for fewer, dates in pairwise(every):
        fits.add(*_one_more(fits, fewer))
        _settle(fits, dates)
    base, pool = fits.at(()), fits.pool
    found = [(0.0, 0.0), *(pool.log_ratio(fits.over(dates), base) for dates in every[1:])]
    logs = [value for value, _ in found]
    enough = next(k for k in range(len(logs)) if max(logs[k:]) - logs[k] < np.log(bayes_factor))
    table = pd.DataFrame(
        {"breaks": range(len(found)), "log_bayes_factor": logs, "error": [error for _, error in found]}
    )
    return BreakCount(table, _posteriors(fits, every[enough]))


def _spread(fits: BreakFits, places: Index) -> list[int]:
    """Pick places at about even distances, both ends among them."""
    spacing = Clock.of(fits.record.panel).periods(SPACING_MONTHS)
    number = max(4, 1 + round(len(places) / spacing))
    return [int(place) for place in np.unique(places[np.linspace(0, len(places) - 1, number).round().astype(int)])]


def _one_more(fits: BreakFits, dates: Dates) -> list[Places]:
    """Add a break to likely ones within every era that has room: which of several breaks a known one is, is open."""
    drawn = fits.sample(dates, 1, _rng(fits, 5, len(dates.allowed)))
    places = [int(place) for place in drawn[0]]
    eras = pairwise((0, *places, fits.periods))
    return [tuple(sorted((*places, (a + b) // 2))) for a, b in eras if b - a >= 2 * fits.apart]


def _settle(fits: BreakFits, dates: Dates) -> None:
    """Fit where the posterior of the dates lies, until its draws are worth enough."""
    for turn in range(MOST_MORE):
        if fits.pool.effective(fits.over(dates)) >= WANTED:
            return
        drawn = fits.sample(dates, FEW, _rng(fits, 3, len(dates.allowed), turn))
        fits.add(*(tuple(int(place) for place in places) for places in drawn))


def _posteriors(fits: BreakFits, dates: Dates) -> tuple[BreakPosterior, ...]:
    places = fits.sample(dates, DRAWN, _rng(fits, 4, len(dates.allowed)))
    days = [str(day)[:10] for day in fits.record.panel["time"].to_numpy()]
    result = []
    for drawn, allowed in zip(places.T, dates.allowed, strict=True):
        possible = np.flatnonzero(allowed[:-1])
        share = np.bincount(drawn, minlength=fits.periods)[possible] / len(places)
        result.append(BreakPosterior(tuple(days[place] for place in possible), share))
    return tuple(result)


def _rng(fits: BreakFits, *key: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(fits.record.seed, spawn_key=key))


@dataclass(frozen=True)
class Eras:
    """Eras of a dyad that are not those named for it."""

    table: "pd.DataFrame"  # In the form of `read_eras`: all other dyads keep their named eras
    words: str  # Where the dyad's eras come from, in sentences


def no_eras(dyad: str) -> Eras:
    """Return one era for the whole record of a dyad."""
    return Eras(_others(dyad), f"The whole record of {dyad} counts as one era, by choice.")


def inferred_eras(
    panel: "xr.Dataset",
    dyad: str,
    *,
    seed: int = 1,
    cores: int | None = None,
    most: int = 3,
    progress: Progress | None = None,
) -> Eras:
    """Infer the eras of a dyad from breaks of its equilibrium, as many as the evidence supports."""
    spec = spec_for(panel, **ONE_COMPONENT)
    found = count_breaks(DyadRecord(panel, spec, seed, cores, progress or silent), most)
    return Eras(_with_breaks(panel, dyad, found), _words(found, dyad))


def _with_breaks(panel: "xr.Dataset", dyad: str, found: BreakCount) -> "pd.DataFrame":
    import pandas as pd

    others = _others(dyad)
    if not found.number:
        return others
    starts = [str(panel["time"].to_numpy()[0])[:10], *(one.date for one in found.breaks)]
    months = [_month(day) for day in starts]
    names = [f"Before {months[1]}", *(f"Since {month}" for month in months[1:])]
    own = pd.DataFrame({
        "dyad": dyad, "era": [f"inferred_{i}" for i in range(len(starts))], "start": pd.to_datetime(starts),
        # Known as soon as it begins: nothing is read of what came after the panel's own day.
        "recognised_at": pd.to_datetime(starts), "name": names,
    })  # fmt: skip
    return pd.concat([others, own], ignore_index=True)


def _others(dyad: str) -> "pd.DataFrame":
    eras = read_eras()
    return eras[eras["dyad"] != dyad]


def _words(found: BreakCount, dyad: str) -> str:
    rows = found.table.to_dict("records")[1:]
    best = max(rows, key=lambda row: row["log_bayes_factor"], default=None)
    start = f"The eras of {dyad} are inferred from its record"
    if not found.number:
        likeliest = "" if best is None else (
            f" (the likeliest number, {best['breaks']}, is {np.exp(max(best['log_bayes_factor'], 0.0)):.1f} times as "
            "likely as none)"
        )  # fmt: skip
        return f"{start}: no break of the equilibrium is favoured by its evidence{likeliest}, so that it is one era."
    breaks = "; ".join(
        f"{_month(one.date)} (90 % interval {_month(one.interval()[0])} to {_month(one.interval()[1])})"
        for one in found.breaks
    )
    factor = rows[found.number - 1]["log_bayes_factor"]
    return (
        f"{start}: the equilibrium broke {found.number} time{'s' if found.number > 1 else ''}, at the median of the "
        f"posterior of its date in {breaks}; log Bayes factor against no break {factor:.1f}. What follows takes these "
        "dates as known, and its intervals are too narrow for that."
    )


def _month(day: str) -> str:
    return month(date.fromisoformat(day))
