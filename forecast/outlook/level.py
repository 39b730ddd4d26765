"""The level up to the present: record (S1, S2), frameworks (S3, S4), another dyad (S7)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import xarray as xr

from forecast.base.described import described
from forecast.base.errors import SpecError
from forecast.base.numeric import share
from forecast.base.typing import Float
from forecast.base.wording import month
from forecast.outlook.draws import (
    NO_CYCLE,
    QUANTILES,
    DyadDraws,
    Era,
    FitLike,
    dyad_draws,
    quantiles_over_draws,
)
from forecast.outlook.simulations import StructuralHazard
from forecast.outlook.summary import (
    Estimate,
    NotDefined,
    Probability,
    estimate,
    estimate_if_defined,
    probability,
)

YEARS_SHOWN = 5
"""Years that are named as the most likely lowest; a reader needs no more."""
MONTHS_BEFORE = 60
"""Months before an era with which it is compared: five years, one cycle of policy."""
MONTHS_FOR_TREND = 12
"""Months that an era has at least if a trend is fitted to it: a shorter slope is noise."""
LASTING_YEARS = 20
"""Years after which the chance is stated that no new framework has come."""
NEAR_POINTS = 5.0
"""Points of share: a trend nearer to its ceiling has little room left."""
CYCLE_QUANTILE = 1.645
"""Standard deviations of the cycle at its 95% quantile."""
UNINFORMED_RATIO = 0.9
"""Spread with the data over that without, above which the data have not narrowed a quantity."""
UNMOVED_SHIFT = 0.5
"""Standard deviations below which the data have not shifted a quantity."""
NO_CEILING = "this model has no ceiling (ceiling='none')"
"""Reason why a number of a ceiling is not defined."""
POPULATION = "the dyad's own population of frameworks"
"""What the headroom of an era is compared with."""
CONTRASTED = {"USA-CHN": ("USA-RUS", "confrontation")}
"""Dyad and era that a dyad is compared with if none is named."""


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
    # Equilibrium of the era before less the present trend, points
    equilibrium_drop: Estimate | NotDefined
    trend: Estimate | NotDefined  # Least-squares slope of the share in the era, points per year
    falling: Probability | NotDefined  # The slope is negative


def standing(draws: DyadDraws, since: date | None = None) -> Standing:
    """Compare the present level with the dyad's record."""
    first = draws.clock.since(since) if since else 0
    if first >= len(draws.clock.times) - 1:
        raise SpecError(
            f"since: no period lies between {since} and {draws.clock.name()}. Go further back."
        )
    past = draws.level[..., first:-1]
    now = draws.level[..., -1:]
    begin = max(since, draws.clock.times[0].item()) if since else draws.clock.times[first].item()
    words = f"since {month(begin)}"
    level = present(draws)
    names, starts, counts = np.unique(
        draws.clock.years[first:], return_index=True, return_counts=True
    )
    whole = counts >= 6 * draws.clock.per_month
    years = dict[int, Probability]()
    if whole.any():  # a year with half of its months or more
        means = np.add.reduceat(draws.share[..., first:], starts, axis=-1) / counts
        lowest = names[whole][means[..., whole].argmin(axis=-1)]
        for year in np.unique(lowest).tolist():
            years[year] = probability(
                lowest == year, f"{year} has the lowest mean share of the years {words}"
            )
    ranked = sorted(years, key=lambda year: (-years[year].value, year))
    return Standing(
        since=begin,
        level=level,
        percentile=estimate(
            100 * (past < now).mean(axis=-1),
            "per cent",
            f"percent of the {draws.clock.unit}s {words} with a share below that of "
            f"{draws.clock.name()}",
        ),
        lowest=probability(
            (past > now).all(axis=-1),
            f"in no {draws.clock.unit} {words} was the share as low as in {draws.clock.name()}",
        ),
        lowest_years={year: years[year] for year in ranked[:YEARS_SHOWN]},
    )


def present(draws: DyadDraws) -> Estimate:
    """Return the share of the present period."""
    return estimate(share(draws.level_now), "points of share", f"share in {draws.clock.name()}")


def last_break(draws: DyadDraws, smallest_change: float = 5.0) -> Break | NotDefined:
    """Measure what changed when the current era began."""
    if len(draws.eras) < 2:
        return NotDefined("the panel sees only one era of the dyad")
    era = draws.eras[-1]
    previous = draws.eras[-2]
    begin = max(0, era.first - draws.clock.periods(MONTHS_BEFORE))
    months = round((era.first - begin) / draws.clock.per_month)
    slope = _slope(draws, era)
    drop = draws.share[..., begin : era.first].mean(axis=-1, dtype=np.float64) - draws.mean_share(
        -1
    )
    then = draws.equilibrium(-2)
    now = draws.equilibrium(-1)
    lower = None if then is None or now is None else then - now
    words = f"mean share in the {months} months before {month(era.start)} less its mean since"
    short = f"the current era is shorter than {MONTHS_FOR_TREND} months, too short for a trend"
    return Break(
        era=era.name,
        start=era.start,
        months_before=months,
        drop=estimate(drop, "points of share", words),
        dropped=probability(
            drop > smallest_change, f"{words} is more than {smallest_change:g} points"
        ),
        equilibrium_drop=estimate_if_defined(
            lower,
            "points of share",
            f"equilibrium of “{previous.name}” less that of “{era.name}”",
            NO_CYCLE,
        ),
        trend=estimate_if_defined(
            slope,
            "points of share a year",
            f"least-squares trend of the share since {month(era.start)}",
            short,
        ),
        falling=NotDefined(short)
        if slope is None
        else probability(slope < 0, f"the share has had a falling trend since {month(era.start)}"),
    )


def _slope(draws: DyadDraws, era: Era) -> Float | None:
    """Return the least-squares slope of the share in the current era, points per year.

    None if that is too short.
    """
    years = np.arange(era.stop - era.first) / draws.clock.per_month / 12
    if len(years) < MONTHS_FOR_TREND * draws.clock.per_month:
        return None
    centred = years - years.mean()
    return np.asarray(draws.share[..., era.first :] @ (centred / (centred @ centred)))


def level_record(fit: FitLike, dyad: str) -> xr.Dataset:
    """Summarise a dyad's share over the whole panel, for figures and tables.

    Returns
    -------
    xarray.Dataset
        ``share`` (quantile, time) and ``mean`` (time), points of share from 0 to 100.
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
    second: str  # Code of the second dyad
    second_label: str  # Its name
    first_era: str  # Current era
    second_era: str  # Named era of the second dyad
    half_life: DyadQuantity | NotDefined  # Months; a ratio
    equilibrium: DyadQuantity | NotDefined  # Of the two eras, points
    mean: DyadQuantity  # Mean shares of the two eras, points
    month_noise: DyadQuantity | NotDefined  # Standard deviation of month-specific noise, log-odds


def contrast(
    fit: FitLike, draws: DyadDraws, dyad: str | None, era: str | None, labels: Mapping[str, str]
) -> Contrast | NotDefined:
    """Compare a dyad in its current era with another dyad of the fit in a named era."""
    if dyad is None and era is None:
        dyad, era = CONTRASTED.get(draws.dyad, (None, None))
    if dyad is None or era is None:
        return NotDefined("no dyad and era are named to compare with")
    label = labels.get(dyad, dyad)
    if dyad == draws.dyad:
        return NotDefined("the dyad is the one that others are compared with")
    if dyad not in fit.panel["dyad"].to_numpy():
        return NotDefined(f"{label} is not part of this fit")
    second = dyad_draws(fit, dyad)
    codes = [era_of_other.code for era_of_other in second.eras]
    if era not in codes:
        return NotDefined(f"{label} has no era {era!r} in this panel (it has {', '.join(codes)})")
    then = codes.index(era)
    pairs: tuple[tuple[str, str, Float | None, Float | None, str], ...] = (
        ("half-life", "months", draws.half_life, second.half_life, NO_CYCLE),
        (
            "equilibrium of the era",
            "points of share",
            draws.equilibrium(-1),
            second.equilibrium(then),
            NO_CYCLE,
        ),
        (
            "mean share over the era",
            "points of share",
            draws.mean_share(-1),
            second.mean_share(then),
            "",
        ),
        (
            "month noise",
            "log-odds",
            draws.scalars.get("tau"),
            second.scalars.get("tau"),
            "the model has no month noise",
        ),
    )
    half_life, equilibrium, mean, noise = (_compare(*pair) for pair in pairs)
    assert isinstance(mean, DyadQuantity)
    return Contrast(
        first=draws.dyad,
        second=second.dyad,
        second_label=label,
        first_era=draws.eras[-1].name,
        second_era=second.eras[then].name,
        half_life=half_life,
        equilibrium=equilibrium,
        mean=mean,
        month_noise=noise,
    )


def _compare(
    name: str, unit: str, first: Float | None, second: Float | None, reason: str
) -> DyadQuantity | NotDefined:
    """Compare a quantity of two dyads; one in months by its ratio."""
    if first is None or second is None:
        return NotDefined(reason)
    ratio = unit == "months"
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
class Learning:
    """Data information on an era's headroom, compared with its prior without the era's months."""

    comparison: Estimate  # The same quantity, log-odds, of an unknown era
    compared_with: str  # The prior, or the dyad's other frameworks
    # Posterior standard deviation (of the logarithm of headroom) over that of the comparison; near
    # 1 the data are uninformative
    sd_ratio: float
    shift: float  # Posterior mean less that of the comparison, in its standard deviations
    moved: bool  # `sd_ratio` below 0.9 or `shift` beyond 0.5


@dataclass(frozen=True)
class Framework:
    """One era of the dyad."""

    code: str  # As in the table of eras, such as `detente`
    name: str  # Name for readers
    start: date  # First day
    end: date | None  # Last day; None for the current era
    mean: Estimate  # Mean share over the covered era, points
    # Mean of the trend, points; of the current era the present trend
    equilibrium: Estimate | NotDefined
    band_low: Estimate | NotDefined  # Lower edge of the equilibrium band
    band_high: Estimate | NotDefined  # Upper edge
    ceiling: Estimate | NotDefined  # Upper bound of the trend, points


@described("the headroom of an outlook, such as assess(fit, 'USA-CHN').frameworks.headroom")
@dataclass(frozen=True)
class Headroom:
    """Room under the ceiling of the current framework."""

    room: Estimate  # Ceiling less the present trend, points of share
    log_odds: Estimate  # Ceiling less the trend where the era began, log-odds
    near: Probability  # The trend is within 5 points of the ceiling
    # Most that a technical improvement can reach: the share with the cycle at its 95% quantile,
    # less the present share, points
    reach: Estimate | NotDefined
    learning: Learning  # Information in the data


@dataclass(frozen=True)
class FrameworkChange:
    """Time until a new framework."""

    per_year: Estimate  # New frameworks expected per year
    breaks: int  # New frameworks seen, all dyads
    exposure_years: float  # Dyad-years observed
    by: Mapping[int, Probability]  # A new framework within so many months
    lasts: Probability  # None within 20 years at a constant rate


@dataclass(frozen=True)
class Frameworks:
    """All of a dyad's frameworks."""

    eras: tuple[Framework, ...]  # In order of time; the last is the current era
    headroom: Headroom | NotDefined  # Of the current era
    change: FrameworkChange  # When it may end

    @property
    def ceiling_assumed(self) -> bool:
        """Return whether the current ceiling is an assumption, uninformed by the data."""
        return not isinstance(self.headroom, NotDefined) and not self.headroom.learning.moved


def frameworks(
    draws: DyadDraws,
    hazard: StructuralHazard,
    rate: Float,
    by: Mapping[int, Probability],
    rng: np.random.Generator,
    band_mass: float = 0.5,
) -> Frameworks:
    """Compute what each era allows, the room under the current ceiling, and how soon it may end.

    `rate` has the hazard of each draw, `by` the chances of a new framework by horizon.
    """
    eras = tuple(_framework(draws, era, band_mass) for era in range(len(draws.eras)))
    room = headroom(draws, rng)
    change = FrameworkChange(
        per_year=estimate(
            12 * rate, "a year", "rate at which new strategic frameworks come to a dyad"
        ),
        breaks=hazard.breaks,
        exposure_years=hazard.exposure / 12,
        by=by,
        lasts=probability(
            np.exp(-12 * LASTING_YEARS * rate),
            f"no new strategic framework comes within {LASTING_YEARS} years",
        ),
    )
    return Frameworks(eras, room, change)


def _framework(draws: DyadDraws, era: int, band_mass: float) -> Framework:
    """Compute what one era of the dyad allows."""
    this = draws.eras[era]
    following = draws.eras[era + 1 :]
    ceiling = draws.ceiling(era)
    low, high = draws.band(era, band_mass)
    equilibrium = draws.equilibrium(era)

    def points(values: Float | None, what: str, reason: str) -> Estimate | NotDefined:
        return estimate_if_defined(values, "points of share", f"{what} under “{this.name}”", reason)

    return Framework(
        code=this.code,
        name=this.name,
        start=this.start,
        end=following[0].start - timedelta(days=1) if following else None,
        mean=estimate(draws.mean_share(era), "points of share", f"mean share under “{this.name}”"),
        equilibrium=points(equilibrium, "long-run mean share", NO_CYCLE),
        band_low=points(low, "lower edge of the equilibrium band", NO_CYCLE),
        band_high=points(high, "upper edge of the equilibrium band", NO_CYCLE),
        ceiling=points(
            None if ceiling is None else share(ceiling), "highest share possible", NO_CEILING
        ),
    )


def equilibrium(draws: DyadDraws, era: int = -1) -> Estimate | NotDefined:
    """Return the long-run mean share of an era, by default of the current one."""
    words = f"long-run mean share under “{draws.eras[era].name}”"
    return estimate_if_defined(draws.equilibrium(era), "points of share", words, NO_CYCLE)


def headroom(draws: DyadDraws, rng: np.random.Generator) -> Headroom | NotDefined:
    """Compute the room under the current ceiling, and whether the data inform it.

    The comparison is with the dyad's own population of frameworks: the posterior of an era without
    months.
    """
    ceiling = draws.ceiling(-1)
    if ceiling is None:
        return NotDefined(NO_CEILING)
    values = draws.by_era["headroom"][..., -1]
    trend = share(draws.trend[..., -1].astype(np.float64))
    population = draws.scalars["headroom_dyad"] + draws.scalars[
        "headroom_era_sd"
    ] * rng.standard_normal(draws.size)
    spread = float(population.std())
    ratio = float(np.log(values).std()) / spread
    shift = float(np.log(values).mean() - population.mean()) / spread
    room = share(ceiling) - trend
    best = draws.equilibrium(-1, CYCLE_QUANTILE)
    return Headroom(
        room=estimate(room, "points of share", "ceiling less the present trend"),
        log_odds=estimate(values, "log-odds", "ceiling less the trend where the era began"),
        near=probability(
            room <= NEAR_POINTS, f"the trend stands within {NEAR_POINTS:g} points of its ceiling"
        ),
        reach=estimate_if_defined(
            None if best is None else best - share(draws.level_now),
            "points of share",
            "the share with the cycle at its 95% quantile and the trend unchanged, less the "
            "present share",
            NO_CYCLE,
        ),
        learning=Learning(
            comparison=estimate(
                np.exp(population), "log-odds", f"the same according to {POPULATION}"
            ),
            compared_with=POPULATION,
            sd_ratio=ratio,
            shift=shift,
            moved=ratio < UNINFORMED_RATIO or abs(shift) > UNMOVED_SHIFT,
        ),
    )
