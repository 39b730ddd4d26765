"""Underlying level: compared with its past (S1, S2) and another dyad (S7), and forecasts by horizon (S9)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import xarray as xr

from forecast.errors import SpecError
from forecast.numeric import share
from forecast.outlook.draws import NO_CYCLE, DyadDraws, Era, FitLike, dyad_draws
from forecast.outlook.observed import Observed
from forecast.outlook.simulations import Simulations
from forecast.outlook.summary import (
    QUANTILES,
    Estimate,
    NotDefined,
    Probability,
    estimate,
    estimate_if_defined,
    probability,
    quantiles_over_draws,
    seen_quantiles,
)
from forecast.typing import Float
from forecast.wording import chance, month, whole_percents


@dataclass(frozen=True)
class Standing:
    """The present level compared with the dyad's own record."""

    since: date  # Start of the comparison
    level: Estimate  # Current share
    percentile: Estimate  # Per cent of earlier periods below the current one
    lowest: Probability  # The current period is the lowest
    lowest_years: dict[int, Probability]  # The five years most likely to have the lowest mean


@dataclass(frozen=True)
class Break:
    """Change at the start of the current era."""

    era: str  # Its name
    start: date  # Its first day
    months_before: int  # Months before it that are compared, at most 60
    drop: Estimate  # Mean share of those months less that of the era so far, points
    dropped: Probability  # The drop exceeds the smallest change of interest
    equilibrium_drop: Estimate | NotDefined  # Equilibrium of the era before less the present trend, points
    trend: Estimate | NotDefined  # Least-squares slope of the share in the era, points per year
    falling: Probability | NotDefined  # The slope is negative


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
    years = own.clock.years[first:]
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
    """Measure what changed when the current era began."""
    if len(own.eras) < 2:
        return NotDefined("the panel sees only one era of the dyad")
    era, previous = own.eras[-1], own.eras[-2]
    begin = max(0, era.first - own.clock.periods(MONTHS_BEFORE))
    months = round((era.first - begin) / own.clock.per_month)
    drop = own.share[..., begin : era.first].mean(axis=-1, dtype=np.float64) - own.mean(-1)
    then, now = own.rest(-2), own.rest(-1)
    lower = None if then is None or now is None else then - now
    words = f"mean share in the {months} months before {month(era.start)} less its mean since"
    trend = _trend(own, era)
    return Break(
        era=era.name,
        start=era.start,
        months_before=months,
        drop=estimate(drop, "points of share", words),
        dropped=probability(drop > smallest_change, f"{words} is more than {smallest_change:g} points"),
        equilibrium_drop=estimate_if_defined(
            lower, "points of share", f"equilibrium of “{previous.name}” less that of “{era.name}”", NO_CYCLE
        ),
        trend=trend,
        falling=trend
        if isinstance(trend, NotDefined)
        else probability(trend.draws < 0, f"the share has had a falling trend since {month(era.start)}"),
    )


def _trend(own: DyadDraws, era: Era) -> Estimate | NotDefined:
    years = np.arange(era.stop - era.first) / own.clock.per_month / 12
    if len(years) < MONTHS_FOR_TREND * own.clock.per_month:
        return NotDefined(f"the current era is shorter than {MONTHS_FOR_TREND} months, too short for a trend")
    centred = years - years.mean()
    slope = own.share[..., era.first :] @ (centred / (centred @ centred))
    return estimate(slope, "points of share a year", f"least-squares trend of the share since {month(era.start)}")


def level_record(fit: FitLike, dyad: str) -> xr.Dataset:
    """Summarise a dyad's share over the whole panel, for figures and tables."""
    draws = dyad_draws(fit, dyad).share
    return xr.Dataset(
        {
            "share": (("quantile", "time"), quantiles_over_draws(draws, QUANTILES)),
            "mean": ("time", draws.reshape(-1, draws.shape[-1]).mean(axis=0, dtype=np.float64)),
        },
        coords={"quantile": list(QUANTILES), "time": fit.panel["time"].to_numpy()},
        attrs={"dyad": dyad, "units": "points of share"},
    )


@dataclass(frozen=True)
class DyadQuantity:
    """One quantity of two dyads."""

    name: str  # Quantity
    first: Estimate  # Of the first dyad
    second: Estimate  # Of the second
    contrast: Estimate  # First less second, or their ratio
    ratio: bool  # The contrast is a ratio
    greater: Probability  # The first is greater


@dataclass(frozen=True)
class Contrast:
    """Comparison of a dyad in its current era with another dyad in a named era."""

    first: str  # Code
    second: str  # Code of the other dyad
    second_label: str  # Its name
    first_era: str  # Current era
    second_era: str  # Named era of the other dyad
    half_life: DyadQuantity | NotDefined  # Months; a ratio
    equilibrium: DyadQuantity | NotDefined  # Of the two eras, points
    mean: DyadQuantity  # Mean shares of the two eras, points
    month_noise: DyadQuantity | NotDefined  # Standard deviation of month-specific noise, log-odds


CONTRASTED = {"USA-CHN": ("USA-RUS", "confrontation")}
"""Dyad and era that a dyad is compared with if none is named."""


def contrast(
    fit: FitLike, own: DyadDraws, dyad: str | None, era: str | None, labels: Mapping[str, str]
) -> Contrast | NotDefined:
    """Compare a dyad in its current era with another dyad of the fit in a named era."""
    if dyad is None and era is None:
        dyad, era = CONTRASTED.get(own.dyad, (None, None))
    if dyad is None or era is None:
        return NotDefined("no dyad and era are named to compare with")
    label = labels.get(dyad, dyad)
    if dyad == own.dyad:
        return NotDefined("the dyad is the one that others are compared with")
    if dyad not in fit.panel["dyad"].to_numpy():
        return NotDefined(f"{label} is not part of this fit")
    other = dyad_draws(fit, dyad)
    codes = [known.code for known in other.eras]
    if era not in codes:
        return NotDefined(f"{label} has no era {era!r} in this panel (it has {', '.join(codes)})")
    then = codes.index(era)
    return Contrast(
        first=own.dyad,
        second=other.dyad,
        second_label=label,
        first_era=own.eras[-1].name,
        second_era=other.eras[then].name,
        half_life=_compare_both("half-life", own.half_life, other.half_life, NO_CYCLE),
        equilibrium=_compare_both("equilibrium of the era", own.rest(-1), other.rest(then), NO_CYCLE),
        mean=_compare("mean share over the era", own.mean(-1), other.mean(then)),
        month_noise=_compare_both(
            "month noise", own.scalars.get("tau"), other.scalars.get("tau"), "the model has no month noise"
        ),
    )


_UNITS = {"half-life": "months", "month noise": "log-odds"}


def _compare_both(name: str, first: Float | None, second: Float | None, otherwise: str) -> DyadQuantity | NotDefined:
    return NotDefined(otherwise) if first is None or second is None else _compare(name, first, second)


def _compare(name: str, first: Float, second: Float) -> DyadQuantity:
    unit, ratio = _UNITS.get(name, "points of share"), name == "half-life"
    return DyadQuantity(
        name=name,
        first=estimate(first, unit, f"{name} of the first dyad"),
        second=estimate(second, unit, f"{name} of the second dyad"),
        contrast=estimate(first / second, "ratio", f"{name}: first dyad over second")
        if ratio
        else estimate(first - second, unit, f"{name}: first dyad less second"),
        ratio=ratio,
        greater=probability(first > second, f"the {name} of the first dyad is greater"),
    )


@dataclass(frozen=True)
class HorizonOutlook:
    """The outlook at one horizon.

    `improvement + stability + deterioration == 1` and `technical + structural == improvement`, exactly.
    """

    months: int  # The horizon h
    until: date  # Last day of the window
    level: Estimate  # Mean expected share over the window
    before: Estimate  # Mean expected share over the baseline's months
    improvement: Probability  # At least the smallest improvement above the baseline
    stability: Probability  # Less than that away
    deterioration: Probability  # At least that much below
    # Improvement without as large a rise of the trend; with a constant trend, without a new framework
    technical: Probability
    structural: Probability  # The rest of improvement
    new_framework: Probability  # A new framework has come


def horizon_outlook(simulations: Simulations, months: int, smallest_improvement: float = 5.0) -> HorizonOutlook:
    """Compute the outlook at one horizon."""
    if smallest_improvement <= 0:
        raise SpecError(f"smallest_improvement: {smallest_improvement:g} is not above 0 points of share.")
    clock, at = simulations.clock, simulations.at(months)
    change = simulations.change(months)
    better, worse = change >= smallest_improvement, change <= -smallest_improvement
    points, present = f"{smallest_improvement:g} points", "that of the baseline"
    window = f"the mean share over the {clock.span(months)} to {clock.name(months)}"
    improvement = probability(better, f"{window} is at least {points} above {present}")
    deterioration = probability(worse, f"{window} is at least {points} below {present}")
    stability = probability(~(better | worse), f"{window} is less than {points} from {present}")
    structurally = simulations.structural(months, smallest_improvement)
    without, with_it = ("with no new framework by then", "and a new framework has come by then")
    if simulations.moving:
        without, with_it = (f"the mean of the trend {has} risen by {points}" for has in ("has not", "has"))
    technical = probability(better & ~structurally, f"{improvement.definition}, {without}")
    structural = probability(better & structurally, f"{improvement.definition}, {with_it}")
    return HorizonOutlook(
        months=months,
        until=clock.last_day(months),
        level=estimate(simulations.share[..., 1 : at + 1].mean(axis=-1), "points of share", window),
        before=estimate(simulations.before, "points of share", "mean share over the months of the baseline"),
        improvement=improvement,
        stability=replace(stability, value=1 - improvement.value - deterioration.value),
        deterioration=deterioration,
        technical=technical,
        structural=replace(structural, value=improvement.value - technical.value),
        new_framework=probability(
            simulations.broken[..., at], f"a new strategic framework has come by {clock.name(months)}"
        ),
    )


def printed_percents(outlook: HorizonOutlook) -> dict[str, int]:
    """Return a horizon's chances in whole percents that add up as printed, by name.

    Improvement, stability and deterioration make 100, technical and structural make improvement; so a
    percent may differ by one from the plain rounding of its chance. Print these wherever whole percents are
    shown.
    """
    three = ("improvement", "stability", "deterioration")
    values = [getattr(outlook, name).value for name in three]
    percents = dict(zip(three, whole_percents(values, 100), strict=True))
    parts = whole_percents([outlook.technical.value, outlook.structural.value], percents["improvement"])
    return percents | dict(zip(("technical", "structural"), parts, strict=True))


def printed_chances(outlook: HorizonOutlook) -> dict[str, str]:
    """Return a horizon's chances as they are printed, in percents that add up, by name (see `printed_percents`)."""
    return {name: chance(whole / 100) for name, whole in printed_percents(outlook).items()}


@dataclass(frozen=True)
class Fan:
    """Quantiles of the future, period by period."""

    months: Float  # Months ahead, from 0
    quantiles: tuple[float, ...]  # 5, 25, 50, 75 and 95%
    share: Float  # Expected share, points
    observed: Float | NotDefined  # Observed share of the period; period 0 is NaN


def fan(simulations: Simulations, months: int, observed: Observed | NotDefined) -> Fan:
    """Compute the quantiles of the simulations."""
    stop = simulations.at(months) + 1
    return Fan(
        months=simulations.clock.months(stop - 1),
        quantiles=QUANTILES,
        share=seen_quantiles(simulations.share[..., :stop]),
        observed=observed if isinstance(observed, NotDefined) else seen_quantiles(observed.share[..., :stop]),
    )
