"""Where the level stands in its own record (S1), what changed at the last break (S2), and the record itself."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import xarray as xr

from forecast.errors import SpecError
from forecast.outlook.draws import NO_CYCLE, DyadDraws, Era, FitLike, dyad_draws
from forecast.outlook.summary import (
    QUANTILES,
    Estimate,
    NotDefined,
    Probability,
    estimate,
    probability,
    quantiles_over_draws,
)
from forecast.scale import share
from forecast.wording import month


@dataclass(frozen=True)
class Standing:
    """The present level compared with the dyad's own record.

    Attributes
    ----------
    since : datetime.date
        From when the record counts: the date asked for, or the panel's start if that is later.
    level : Estimate
        Share of the current period, points.
    percentile : Estimate
        Percent of the record's earlier periods that lie below the current one.
    lowest : Probability
        The current period is the lowest of the record.
    lowest_years : mapping of int to Probability
        The five years most likely to have the lowest mean, the likeliest first.
    """

    since: date
    level: Estimate
    percentile: Estimate
    lowest: Probability
    lowest_years: dict[int, Probability]


@dataclass(frozen=True)
class Break:
    """What changed when the era in force began.

    Attributes
    ----------
    era : str
        Its name.
    start : datetime.date
        Its first day.
    months_before : int
        Months before its start that it is compared with, at most 60.
    drop : Estimate
        Mean share of those months less the mean share of the era so far, points.
    dropped : Probability
        The drop is larger than the smallest change of interest.
    equilibrium_drop : Estimate or NotDefined
        Equilibrium of the era before less that of the era in force, points.
    trend : Estimate or NotDefined
        Least-squares slope of the share in the era so far, points a year.
    falling : Probability or NotDefined
        The trend is below zero.
    """

    era: str
    start: date
    months_before: int
    drop: Estimate
    dropped: Probability
    equilibrium_drop: Estimate | NotDefined
    trend: Estimate | NotDefined
    falling: Probability | NotDefined


YEARS_SHOWN = 5
MONTHS_BEFORE = 60
MONTHS_FOR_TREND = 12


def standing(own: DyadDraws, since: date | None = None) -> Standing:
    """Compare the present level with the dyad's record."""
    first = own.clock.since(since) if since else 0
    if first >= len(own.clock.times) - 1:
        raise SpecError(f"since: no period lies between {since} and {own.clock.name()}. Go further back.")
    past, now = own.level[..., first:-1], own.level[..., -1:]
    begin = max(since, own.clock.times[0].item()) if since else own.clock.times[first].item()
    words = f"since {month(begin)}"
    return Standing(
        since=begin,
        level=present(own),
        percentile=estimate(
            100 * (past < now).mean(axis=-1),
            "per cent",
            f"percent of the {own.clock.unit}s {words} with a share below that of {own.clock.name()}",
        ),
        lowest=probability(
            (past > now).all(axis=-1),
            f"in no {own.clock.unit} {words} was the share as low as in {own.clock.name()}",
        ),
        lowest_years=_lowest_years(own, first, words),
    )


def present(own: DyadDraws) -> Estimate:
    """Return the share of the present period."""
    return estimate(share(own.level_now), "points of share", f"share in {own.clock.name()}")


def _lowest_years(own: DyadDraws, first: int, words: str) -> dict[int, Probability]:
    """Rank the calendar years, at least half of which the record holds, by how likely they are the lowest."""
    years = own.clock.times[first:].astype("datetime64[Y]").astype(int) + 1970
    names, starts, counts = np.unique(years, return_index=True, return_counts=True)
    whole = counts >= 6 * own.clock.per_month
    if not whole.any():
        return {}
    sums = np.add.reduceat(own.share[..., first:], starts, axis=-1)
    lowest = names[whole][(sums / counts)[..., whole].argmin(axis=-1)]
    chances = {
        int(year): probability(lowest == year, f"{year} has the lowest mean share of the years {words}")
        for year in np.unique(lowest)
    }
    ranked = sorted(chances, key=lambda year: (-chances[year].value, year))
    return {year: chances[year] for year in ranked[:YEARS_SHOWN]}


def last_break(own: DyadDraws, smallest_change: float = 5.0) -> Break | NotDefined:
    """Measure what changed when the era in force began."""
    if len(own.eras) < 2:
        return NotDefined("the panel sees only one era of the dyad")
    era, previous = own.eras[-1], own.eras[-2]
    begin = max(0, era.first - own.clock.periods(MONTHS_BEFORE))
    months = round((era.first - begin) / own.clock.per_month)
    before = own.share[..., begin : era.first].mean(axis=-1, dtype=np.float64)
    drop = before - own.mean(-1)
    words = f"mean share in the {months} months before {month(era.start)} less its mean since"
    trend = _trend(own, era)
    then, now = own.rest(-2), own.rest(-1)
    return Break(
        era=era.name,
        start=era.start,
        months_before=months,
        drop=estimate(drop, "points of share", words),
        dropped=probability(drop > smallest_change, f"{words} is more than {smallest_change:g} points"),
        equilibrium_drop=NotDefined(NO_CYCLE)
        if then is None or now is None
        else estimate(then - now, "points of share", f"equilibrium of “{previous.name}” less that of “{era.name}”"),
        trend=trend,
        falling=trend
        if isinstance(trend, NotDefined)
        else probability(trend.draws < 0, f"the share has had a falling trend since {month(era.start)}"),
    )


def _trend(own: DyadDraws, era: Era) -> Estimate | NotDefined:
    years = np.arange(era.stop - era.first) / own.clock.per_month / 12
    if len(years) < MONTHS_FOR_TREND * own.clock.per_month:
        return NotDefined(f"the era in force is shorter than {MONTHS_FOR_TREND} months, too short for a trend")
    centred = years - years.mean()
    slope = own.share[..., era.first :] @ (centred / (centred @ centred))
    return estimate(slope, "points of share a year", f"least-squares trend of the share since {month(era.start)}")


def level_record(fit: FitLike, dyad: str) -> xr.Dataset:
    """Summarise a dyad's share over the whole panel, for figures and tables.

    Returns
    -------
    xarray.Dataset
        ``share`` (quantile, time) at 5, 25, 50, 75 and 95 %, and ``mean`` (time), points of share.

    Raises
    ------
    UnknownDyadError
        If the fit does not hold the dyad.

    Examples
    --------
    >>> from forecast.outlook import level_record
    >>> level_record(fit, "USA-CHN")["share"].sel(quantile=0.5)  # doctest: +SKIP
    """
    draws = dyad_draws(fit, dyad).share
    return xr.Dataset(
        {
            "share": (("quantile", "time"), quantiles_over_draws(draws, QUANTILES)),
            "mean": ("time", draws.reshape(-1, draws.shape[-1]).mean(axis=0, dtype=np.float64)),
        },
        coords={"quantile": list(QUANTILES), "time": fit.panel["time"].to_numpy()},
        attrs={"dyad": dyad, "units": "points of share"},
    )
