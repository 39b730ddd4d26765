"""Figures of a forecast report with their captions and alternative texts, made of the functions of `forecast.plots`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from forecast.dates import PERIODS_A_MONTH
from forecast.outlook import Assessment, Brief, Estimate, NotDefined, main_horizon, printed_chances
from forecast.outlook.datasets import DatasetOutlook
from forecast.outlook.draws import FitLike
from forecast.outlook.tone import TITLES
from forecast.panel import panel_kind
from forecast.plots import (
    plot_dyads,
    plot_eras,
    plot_forecast,
    plot_kinds,
    plot_level,
    plot_observed_share,
    plot_prior_posterior,
    plot_probabilities,
    style,
)
from forecast.plots.eras import LINE, draw_events, strip_height
from forecast.plots.estimates import (
    EDGES,
    QUANTITIES,
    STEP,
    Quantity,
    draw_lowest_years,
    draw_standing,
    percent_by_share,
)
from forecast.plots.outcomes import CHANGES, Which, outcome_percents
from forecast.plots.series import FIRST_YEAR, baseline_share, draw_recorded
from forecast.report.illustration import Draw, Illustration, Layout, illustrate, plotted, subplots
from forecast.report.words import INTERVALS, interval, period, unit, verdict
from forecast.typing import Float
from forecast.wording import capital, chance, count, day, join, month, number, percent

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


YEARS_BACK = 5
"""Years of the past in a fan."""
ENOUGH_EVENTS = 20
"""Expected events of a window: with fewer, one or two of them decide, and only the table has its chances."""
_MEANINGS: dict[Quantity, str] = {
    "equilibrium": "Equilibrium: the long-run mean of the share under the current framework.",
    "half_life": "Half-life: the time in which half of a displacement is undone.",
}


def share(fit: FitLike, result: Assessment) -> Illustration | None:
    """Draw the observed share and its forecast; none of an index, or of a record shorter than the window."""
    rolling = result.rolling
    if isinstance(rolling, NotDefined) or isinstance(result.recorded, NotDefined):
        return None
    window = result.recorded[main_horizon(result.horizons)]
    if not isinstance(window.share, Estimate):
        return None
    baseline, point = "", count(result.smallest_improvement, "point")
    if (before := baseline_share(result)) is not None:
        span = count(result.baseline_months, "month")
        baseline = f" Dashed: the share of the last {span}, {number(before, 0)}%; dotted: {point} above and below."
    ends = f"{number(window.share.low, 0)} to {number(window.share.high, 0)}"
    return illustrate(
        lambda layout: _draw_share(fit, result, layout),
        alt=(
            f"Line of the share of events that is cooperative, {result.label}, and its forecast: median "
            f"{number(window.share.median, 0)}% in the {count(rolling.months, 'month')} to "
            f"{period(result, window.until)} (90% {ends}).{baseline}"
        ),
        caption=(
            f"Cooperative share of {result.label} events over windows of {count(rolling.months, 'month')}, and "
            f"its forecast to {period(result, window.until)}: median, bands {INTERVALS}.{baseline} Shaded: eras."
        ),
    )


def _draw_share(fit: FitLike, result: Assessment, layout: Layout) -> "Figure":
    assert not isinstance(result.rolling, NotDefined)
    times, there = fit.panel["time"].to_numpy(), np.isfinite(result.rolling.observed)
    small = bool(there.any() and times[there.argmax()] < np.datetime64(f"{FIRST_YEAR - 9}"))  # a record from the 1980s
    figure, axes = subplots(layout, 4.4 if layout.wide else 4.2, 1 + small, height_ratios=(1, 5) if small else (1,))
    plot_forecast(result, ax=axes[-1])
    if not layout.wide:
        axes[-1].set_ylabel("")
    if small:
        on, months = axes[0], result.rolling.months
        plot_observed_share(fit.panel, dyad=result.dyad, months=months, linewidth=0.9, ax=on)
        first, last = axes[-1].get_xlim()
        style.time_axis(on, on.get_xlim()[0], last)
        on.axvspan(first, last, color=style.SHADE, linewidth=0, zorder=0)
        on.set_yticks([0, 100])
        on.set_ylabel("")
    style.legend(figure, 2)
    return figure


def recorded(result: Assessment) -> Illustration | None:
    """Draw the chances of what will be recorded, of horizons with enough events; none if they are defined at none."""
    if isinstance(result.recorded, NotDefined):
        return None
    main = main_horizon(result.horizons)
    shown = {at: one for at, one in result.recorded.items() if at == main or one.events.median >= ENOUGH_EVENTS}
    left_out = len(result.recorded) - len(shown)
    bars = outcome_percents(result, "observed", list(shown))
    if not bars:
        return None
    said = "; ".join(
        f"{when.replace('\n', ' ')}: "
        + ", ".join(f"{words.lower()} {chance(parts[name] / 100)}" for name, words in CHANGES.items())
        for when, parts in bars.values()
    )
    change = count(result.smallest_improvement, "point")
    return illustrate(
        _bars(result, "observed", list(bars)),
        alt=f"Stacked bars of chances for what will be recorded of {result.label}. {said}.",
        caption=(
            f"Chances that the cooperative share of what is recorded in the months ahead is at least {change} lower, "
            f"similar, or at least {change} higher than in the last {count(result.baseline_months, 'month')}."
            + f" {count(left_out, 'window')} with fewer than {ENOUGH_EVENTS} expected events left out."
            * bool(left_out)
        ),
    )


def pendulum(result: Assessment, record: "xr.Dataset", events: pd.DataFrame) -> Illustration:
    """Draw the pendulum; `record` begins where the dyad's record does, `events` are those to be named."""
    begins, ends = str(record["time"].to_numpy()[0])[:4], period(result, result.origin)
    eras = result.frameworks.eras
    resting = any(isinstance(era.equilibrium, Estimate) for era in eras)
    capped = any(isinstance(era.ceiling, Estimate) for era in eras)
    assumed = "; the current one is an assumption, which the data did not move" * result.frameworks.ceiling_assumed
    parts = [
        *(["the equilibrium (line)"] if resting else []),
        *([f"the ceiling of the trend (dashed{assumed})"] if capped else []),
    ]
    also = f" Across each era {join(parts)}, with 90% equal-tailed intervals." if parts else ""
    return illustrate(
        lambda layout: _draw_pendulum(result, record, events, layout),
        alt=_alt_text(result, record, events),
        caption=(
            f"{capital(result.measure)} in {result.label} relations, {begins} to {ends}: posterior median "
            f"of each {unit(result)}, bands {INTERVALS}.{also}"
        ),
    )


def _alt_text(result: Assessment, record: "xr.Dataset", events: pd.DataFrame) -> str:
    middle = record["share"].sel(quantile=0.5).to_numpy()
    times = record["time"].to_numpy()
    low, high = int(middle.argmin()), int(middle.argmax())
    eras = [
        f"{era.name} from {era.start:%Y}: mean {interval(era.mean)}"
        + (f", equilibrium {interval(era.equilibrium)}" if isinstance(era.equilibrium, Estimate) else "")
        + (f", ceiling {interval(era.ceiling)}" if isinstance(era.ceiling, Estimate) else "")
        for era in result.frameworks.eras
    ]
    named = [f"{day(row['date'].date())}, {row['summary']}" for row in events.to_dict("records")]
    return (
        f"Line of the {result.measure}, {result.label}. Lowest median {number(middle[low], 0)} in "
        f"{month(pd.Timestamp(times[low]))}, highest {number(middle[high], 0)} in {month(pd.Timestamp(times[high]))}, "
        f"now {interval(result.standing.level)} (90% equal-tailed). Eras: {'; '.join(eras)}."
        + (f" Events: {'; '.join(named)}." if named else "")
    )


def _draw_pendulum(result: Assessment, record: "xr.Dataset", events: pd.DataFrame, layout: Layout) -> "Figure":
    height = 3.3 if layout.wide else 2.7
    figure, (on,) = subplots(layout, height)
    plot_level(record, label=result.measure, linewidth=1.3, ax=on)
    plot_eras(result, ax=on)
    strip = strip_height([text.get_text() for text in on.texts])
    keys, lines = on.get_xlabel(), 0
    on.set_xlabel("")  # below the texts of events
    if len(events):
        middle = record["share"].sel(quantile=0.5).to_numpy()[events["place"]]
        lines = draw_events(on, events, middle)
    lane = 0.42 + LINE * lines if lines else 0.0
    more = 0.16 * (keys.count("\n") + 1 if keys else 0) + (0.68 if layout.wide else 0.85)
    figure.set_size_inches(layout.width, height + strip + lane + more)
    style.legend(figure, 3 if layout.wide else 2)
    if keys:
        figure.supxlabel(keys, x=0.01, ha="left", fontsize=layout.font - 1)
    return figure


def standing(fit: FitLike, result: Assessment) -> Illustration:
    """Draw how the record's shares are distributed, with the present one among them."""
    here = result.standing
    spent, units = percent_by_share(fit, result), f"{unit(result)}s"
    since, now = month(here.since), period(result, result.origin)
    years = [f"{year} ({chance(likely.value)})" for year, likely in here.lowest_years.items()]
    fullest = int(spent.argmax())
    return illustrate(
        lambda layout: _draw_standing(result, spent, layout),
        alt=(
            f"Histogram of the {result.measure} in the {units} since {since}: most often between "
            f"{EDGES[fullest]} and {EDGES[fullest + 1]}. In {now} it is {interval(here.level)}, higher than "
            f"in {interval(here.percentile)}% of the earlier {units} (90% equal-tailed). Chance that no "
            f"{unit(result)} was lower: {chance(here.lowest.value)}."
            + (f" Years most likely to have been the lowest: {join(years)}." if years else "")
        ),
        caption=(
            f"The {units} since {since} by their {result.measure} (percent of them in each {STEP} points, "
            f"posterior mean; dark below the present median), and {now}: median and 90% equal-tailed interval. It is "
            f"higher than {percent(here.percentile.median / 100)} of the earlier {units} (90% equal-tailed "
            f"{number(here.percentile.low, 0)} to {number(here.percentile.high, 0)})."
            + (" The other bars: years most likely to have had the lowest mean share." if years else "")
        ),
    )


def _draw_standing(result: Assessment, spent: Float, layout: Layout) -> "Figure":
    years = len(result.standing.lowest_years)
    if not years:
        figure, axes = subplots(layout, 3.0)
    elif layout.wide:
        figure, axes = subplots(layout, 3.0, 1, 2, width_ratios=(3, 1))
    else:
        figure, axes = subplots(layout, 3.4 + 0.24 * years, 2, height_ratios=(2.4, 0.24 * years))
    draw_standing(axes[0], result, spent)
    for on in axes[1:]:
        draw_lowest_years(on, result)
    return figure


def level(result: Assessment) -> Illustration:
    """Draw the chances of the level at each horizon."""
    change = count(result.smallest_improvement, "point")
    said = []
    for outlook in result.improvement.values():
        chances = printed_chances(outlook)
        until = period(result, outlook.until)
        said.append(
            f"to {until}: higher {chances['improvement']} (technical {chances['technical']}, structural "
            f"{chances['structural']}), similar {chances['stability']}, lower {chances['deterioration']}"
        )
    last = list(result.improvement.values())[-1]
    parts = (
        f"Structural: the trend has risen by {change} too; technical: it has not"
        if result.moving
        else "Technical: under the current framework; structural: under a new one"
    )
    return illustrate(
        _bars(result, "expected", list(result.improvement)),
        alt=f"Stacked bars of chances for {result.label}. {'; '.join(said)}.",
        caption=(
            f"Chances that the {result.measure} is at least {change} lower, similar, or at least "
            f"{change} higher over the months ahead than over the last {count(result.baseline_months, 'month')}. "
            f"{parts} (chance of a new framework by {period(result, last.until)}: {chance(last.new_framework.value)}). "
            "The percents of a bar add up to 100."
        ),
    )


def _bars(result: Assessment, share: Which, horizons: Sequence[int]) -> Draw:
    rows = len(horizons)
    return plotted(
        lambda on: plot_probabilities(result, share=share, horizons=horizons, ax=on),
        heights=(0.46 * rows + 0.4, 0.5 * rows + 0.6),
        legend=(4, 2),
    )


def fan(fit: FitLike, result: Assessment, record: "xr.Dataset", coverage_end: str = "") -> Illustration:
    """Draw the fan of a record; `coverage_end` is the end of the record if it is over."""
    reach = period(result, list(result.improvement.values())[-1].until)
    back = round(YEARS_BACK * 12 * PERIODS_A_MONTH["week" if result.weekly else "month"])
    begin = pd.Timestamp(record["time"].to_numpy()[-back:][0])
    low, middle, high = (number(float(result.fan.share[place, -1]), 0) for place in (0, 2, 4))
    seen, band = result.fan.observed, result.band
    would = (
        f" Dashed and dotted: 50% and 90% of the shares that the dataset would show in a single {unit(result)} with "
        "events."
        if not isinstance(seen, NotDefined)
        else f" Not drawn is what the dataset would show: {seen.reason}."
    )
    balance = (
        f" Green: equilibrium band, the central {percent(band.mass)} of where the cycle would "
        f"keep the level, {number(band.low.median, 0)} to {number(band.high.median, 0)} (medians)."
        if not isinstance(band, NotDefined)
        else f" No equilibrium band: {band.reason}."
    )
    dots = (
        f" Dots: the share observed in each {unit(result)}, larger with more events."
        if panel_kind(fit.panel).coded
        else ""
    )
    over = f" Coverage ends in {coverage_end}; the level is extrapolated from there." if coverage_end else ""
    return illustrate(
        plotted(
            lambda on: plot_level(fit, dyad=result.dyad, ahead=result, since=begin.date(), ax=on),
            heights=(4.0, 3.6),
            legend=(4, 2),
        ),
        alt=(
            f"Fan of the {result.measure}, {result.label}: {interval(result.standing.level)} in "
            f"{period(result, result.origin)} (90% equal-tailed), and by {reach} a median of {middle} with "
            f"90% of the simulations from {low} to {high}." + balance
        ),
        caption=(
            f"{capital(result.measure)} from {month(begin)} on and in the simulations to {reach}: medians, "
            f"bands {INTERVALS}.{dots}{over}{would}{balance}"
        ),
    )


def headroom(result: Assessment) -> Illustration | None:
    """Draw the headroom of the current framework and, for comparison, what is known of it without its months."""
    room = result.frameworks.headroom
    if isinstance(room, NotDefined):
        return None
    learning, said = room.learning, verdict(room.learning)
    numbers = (
        f"{interval(room.log_odds, 1)} with these data, {interval(learning.comparison, 1)} according to "
        f"{learning.compared_with} (medians, 90% equal-tailed)"
    )
    return illustrate(
        plotted(lambda on: plot_prior_posterior(room, ax=on), heights=(2.4, 2.4), legend=(2, 1)),
        alt=f"Two densities of the headroom in log-odds: {numbers}. {said}",
        caption=(
            f"Headroom of the current framework (ceiling less the trend where the era began, log-odds): {numbers}. "
            f"The latter is what is "
            f"known of a framework without a single {unit(result)} of its own. {said}"
        ),
    )


def dyads(result: Assessment, others: Sequence[Brief]) -> Illustration | None:
    """Draw the dyads, the report's own first; none if it is the only one."""
    if not others:
        return None
    results = (result.brief, *others)
    values = {name: [value_of(one) for one in results] for name, (*_, value_of) in QUANTITIES.items()}
    reasons = {one.reason for found in values.values() for one in found if isinstance(one, NotDefined)}
    there = {
        name: estimates
        for name, found in values.items()
        if len(estimates := [one for one in found if isinstance(one, Estimate)]) == len(found)
    }
    titles = {name: title.lower() for name, (title, *_) in QUANTITIES.items()}
    said = [
        f"{one.label}: " + ", ".join(f"{titles[name]} {interval(found[place])}" for name, found in there.items())
        for place, one in enumerate(results)
    ]
    explained = " ".join(_MEANINGS[name] for name in there if name in _MEANINGS)
    missing = f" Not drawn, because not defined: {join(sorted(reasons))}." if reasons else ""
    return illustrate(
        lambda layout: _draw_dyads(results, list(there), layout),
        alt=f"Dots and intervals of {len(results)} dyads, 90% equal-tailed, half-life in months. {'; '.join(said)}.",
        caption=(
            f"{result.label} and the other dyads of the same fit, {period(result, result.origin)}"
            f": posterior medians and 90% equal-tailed intervals. {explained}{missing}"
        ),
    )


def _draw_dyads(dyads: Sequence[Brief], there: Sequence[Quantity], layout: Layout) -> "Figure":
    height = 0.26 * len(dyads) + 0.75
    across, down = (len(there), 1) if layout.wide else (1, len(there))
    figure, axes = subplots(layout, height * down, down, across)
    for on, quantity in zip(axes, there, strict=True):
        plot_dyads(dyads, quantity=quantity, ax=on)
        if layout.wide and on is not axes[0]:
            on.set_yticklabels([""] * len(dyads))
    return figure


def kinds(result: Assessment) -> Illustration | None:
    """Draw depth and severity with the recorded shares by year; none if the model has no such part."""
    if isinstance(result.kinds, NotDefined):
        return None
    series = result.kinds
    parts: list[Any] = list(series)
    said = "; ".join(
        f"{TITLES[name]} {interval(one.now)}% now, lowest median {number(float(np.nanmin(one.share[1])), 0)}, highest "
        f"{number(float(np.nanmax(one.share[1])), 0)}"
        for name, one in series.items()
    )
    whole = join(
        f"{name} is the per cent of {one.side} events that are {join(one.kinds, 'or')}" for name, one in series.items()
    )
    return illustrate(
        plotted(
            *(lambda on, part=part: plot_kinds(result, part=part, ax=on) for part in parts),
            heights=(1.95 * len(parts), 1.8 * len(parts)),
        ),
        alt=f"Lines of {join(TITLES[name] for name in series)}, {result.label}: {said} (medians, 90% equal-tailed).",
        caption=(
            f"{capital(whole)}. Lines and bands: median and 90% equal-tailed interval of what is expected in each "
            f"{unit(result)}. Dots: what was recorded, year by year, larger with more events."
        ),
    )


def datasets(found: Sequence[DatasetOutlook]) -> Illustration | None:
    """Draw a panel for each dataset; none where there are not several."""
    shown = [one for one in found if one.years]
    if len(shown) < 2:
        return None
    said = "; ".join(
        f"{one.name}: {count(len(one.years), 'year')}, {number(one.years[-1].share, 0)}% recorded in "
        f"{one.years[-1].year} where {number(one.years[-1].expected, 0)}% was expected"
        for one in shown
    )
    span = min(one.years[0].year for one in shown), max(one.years[-1].year for one in shown) + 1
    return illustrate(
        plotted(
            *(lambda on, one=one: _draw_dataset(on, one, span) for one in shown),
            heights=(1.95 * len(shown), 1.8 * len(shown)),
        ),
        alt=f"Yearly cooperative shares of {join([one.name for one in shown])}: {said}.",
        caption=(
            "Dots: the cooperative share that each dataset recorded, year by year, larger with more events. Lines "
            "and bands: median and 90% interval of what the joint level, read as the dataset reads it, makes expect. "
            "Ringed: years that lie further than two standard deviations from what the others make expect."
        ),
    )


def _draw_dataset(on: "Axes", one: DatasetOutlook, span: tuple[int, int]) -> None:
    """Draw the shares that a dataset recorded over those expected, with rings around years that disagree."""
    low, middle, high, recorded, events, years = (
        np.array([getattr(year, name) for year in one.years], dtype=float)
        for name in ("low", "expected", "high", "share", "events", "year")
    )
    middles, odd = years + 0.5, np.isin(years, one.disagrees)
    style.share_axis(on)
    style.time_axis(on, *span)
    draw_recorded(on, (middles, np.array([low, middle, high])), middles, recorded, events, {})
    if odd.any():
        ring: Any = {"s": 70, "facecolors": "none", "edgecolors": style.MUTED, "zorder": 3, "clip_on": False}
        on.scatter(middles[odd], recorded[odd], **ring)
    style.set_title(on, f"{capital(one.name)}, % of its events")
