"""Figures over time: shares and their forecast, fans of the level and of scenarios, past forecasts, archives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from forecast import wording
from forecast.dates import PERIODS_A_MONTH
from forecast.errors import DataError
from forecast.outlook import Assessment, Baseline, Estimate, KindSeries, NotDefined, Probability, main_horizon
from forecast.outlook.datasets import DatasetOutlook
from forecast.outlook.kinds import TITLES
from forecast.outlook.query import Prospect
from forecast.outlook.scenarios import Scenarios
from forecast.outlook.windows import RollingShare
from forecast.report import style
from forecast.report.words import INTERVALS, days_of, interval, period, unit
from forecast.typing import Bool, Float
from forecast.wording import capital, chance, count, join, month, number, percent

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from forecast.archive.reading import ArchiveStatus, DatasetStatus

FIRST_YEAR = 2000
"""The large axes of the share begin here; a longer record is shown small above them."""
YEARS_BACK = 5
"""Years of the past in a fan."""
SCENARIO_COLORS = (style.OBSERVED, style.EQUILIBRIUM, style.CEILING, style.WORSE, style.RESET, style.INK)
SCENARIO_LINES: tuple[Any, ...] = ("-", (0, (6, 2)), (0, (2, 1.5)))
"""Line styles of scenarios in order: colours first, then other dash patterns."""
WITHOUT = "without a scenario"
_MOST_SAID = 3  # gaps of an archive that a title names


def share(result: Assessment, record: "xr.Dataset") -> style.Illustration | None:
    """Draw the observed share and its forecast; none of an index, or of a record shorter than the window."""
    rolling = result.rolling
    if isinstance(rolling, NotDefined) or isinstance(result.recorded, NotDefined):
        return None
    window = result.recorded[main_horizon(result.horizons)]
    if not isinstance(window.share, Estimate):
        return None
    baseline, point = "", count(result.smallest_improvement, "point")
    if (before := _baseline(result)) is not None:
        span = count(result.baseline_months, "month")
        baseline = f" Dashed: the share of the last {span}, {number(before, 0)}%; dotted: {point} above and below."
    ends = f"{number(window.share.low, 0)} to {number(window.share.high, 0)}"
    return style.illustrate(
        lambda layout: _draw_share(result, rolling, record, layout),
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


def _baseline(result: Assessment) -> float | None:
    """Return the share with which the main horizon is compared."""
    assert not isinstance(result.recorded, NotDefined)
    before = result.recorded[main_horizon(result.horizons)].baseline
    return before.share if isinstance(before, Baseline) else None


def _draw_share(result: Assessment, rolling: RollingShare, record: "xr.Dataset", layout: style.Layout) -> "Figure":
    days = days_of(result)
    years = style.years_of(record["time"].to_numpy(), days) + days / 2 / 365.25  # a window counts where it ends
    observed = rolling.observed[len(rolling.observed) - len(years) :]
    now, small = float(years[-1]), years[0] < FIRST_YEAR - 10
    first = max(float(FIRST_YEAR), float(years[0])) if now - FIRST_YEAR > 5 else max(float(years[0]), now - 25)
    last = now + rolling.months / 12
    heights = (1, 5) if small else (1,)
    figure, axes = style.subplots(layout, 4.4 if layout.wide else 4.2, len(heights), height_ratios=heights)
    on = axes[-1]
    style.share_axis(on)
    style.time_axis(on, first, last)
    for era in result.frameworks.eras[1::2]:
        begin, stop = style.year_of(era.start), style.year_of(era.end) if era.end else last
        if min(stop, last) > max(begin, first):
            on.axvspan(max(begin, first), min(stop, last), color=style.SHADE, linewidth=0, zorder=0)
    _draw_thresholds(on, result, now, last)
    on.plot(years, observed, color=style.LEVEL, linewidth=1.5, label="observed")
    ahead = now + np.asarray(rolling.ahead) / 12
    style.bands(on, ahead, rolling.forecast, style.OBSERVED, label="forecast")
    on.axvline(now, color=style.MUTED, linewidth=0.8)
    on.set_ylabel("cooperative, %" if layout.wide else "")
    if small:
        whole = axes[0]
        style.share_axis(whole)
        whole.set_yticks([0, 100])
        style.time_axis(whole, float(years[0]), last)
        whole.axvspan(first, last, color=style.SHADE, linewidth=0, zorder=0)
        whole.plot(years, observed, color=style.LEVEL, linewidth=0.9)
    style.legend(figure, 2)
    return figure


def _draw_thresholds(on: "Axes", result: Assessment, now: float, last: float) -> None:
    """Draw the baseline where it was observed and ahead, and the shares from which it is higher or lower."""
    if (before := _baseline(result)) is None:
        return
    on.plot([now - result.baseline_months / 12, last], [before] * 2, color=style.INK, dashes=(5, 2), linewidth=1)
    for at in (before - result.smallest_improvement, before + result.smallest_improvement):
        if 0 < at < 100:
            on.plot([now, last], [at] * 2, color=style.INK, linewidth=0.9, dashes=(1, 1.5), zorder=3)


def fan(result: Assessment, record: "xr.Dataset", observed: "xr.Dataset", coverage_end: str = "") -> style.Illustration:
    """Draw the fan; `observed` is from `observed_shares`, `coverage_end` the end of the record if it is over."""
    reach = period(result, list(result.improvement.values())[-1].until)
    back = round(YEARS_BACK * 12 * PERIODS_A_MONTH["week" if result.weekly else "month"])
    begin = month(pd.Timestamp(record["time"].to_numpy()[-back:][0]))
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
        f" Dots: the share observed in each {unit(result)}, larger with more events." if observed.sizes["time"] else ""
    )
    over = f" Coverage ends in {coverage_end}; the level is extrapolated from there." if coverage_end else ""
    return style.illustrate(
        lambda layout: _draw_fan(result, record, observed, layout),
        alt=(
            f"Fan of the {result.measure}, {result.label}: {interval(result.standing.level)} in "
            f"{period(result, result.origin)} (90% equal-tailed), and by {reach} a median of {middle} with "
            f"90% of the simulations from {low} to {high}." + balance
        ),
        caption=(
            f"{capital(result.measure)} from {begin} on and in the simulations to {reach}: medians, "
            f"bands {INTERVALS}.{dots}{over}{would}{balance}"
        ),
    )


def _draw_fan(result: Assessment, record: "xr.Dataset", observed: "xr.Dataset", layout: style.Layout) -> "Figure":
    years = style.years_of(record["time"].to_numpy(), days_of(result))
    now = float(years[-1])
    recent = years >= now - YEARS_BACK
    first, ahead = float(years[recent][0]), now + np.asarray(result.fan.months) / 12
    figure, (on,) = style.subplots(layout, 4.0 if layout.wide else 3.6)
    style.share_axis(on)
    style.time_axis(on, first, float(ahead[-1]))
    on.axvspan(now, on.get_xlim()[1], color=style.SHADE, linewidth=0, zorder=0)
    on.axvline(now, color=style.MUTED, linewidth=0.8)
    for text, side, across in ((f"to {period(result, result.origin)}", "right", -4), ("simulations", "left", 4)):
        style.note(on, text, (now, 100), (across, 4), ha=side, va="bottom", fontsize=layout.font - 1)
    style.bands(on, years[recent], record["share"].to_numpy()[:, recent], style.LEVEL, label="level")
    style.bands(on, ahead, np.asarray(result.fan.share), style.LEVEL)
    if not isinstance(result.band, NotDefined):
        reach = [max(style.year_of(result.frameworks.eras[-1].start), first), float(ahead[-1])]
        ends = result.band.low.median, result.band.high.median
        on.fill_between(reach, *ends, color=style.EQUILIBRIUM, alpha=0.12, linewidth=0, label="equilibrium band")
        for edge in ends:
            on.plot(reach, [edge, edge], color=style.EQUILIBRIUM, linewidth=0.9)
    if observed.sizes["time"]:
        style.observed_dots(
            on, style.years_of(observed["time"].to_numpy(), days_of(result)), observed["share"].to_numpy(),
            2 * np.clip(observed["events"].to_numpy(), 3, 30), first, label="observed",
        )  # fmt: skip
    if not isinstance(result.fan.observed, NotDefined):
        for edge, dashes in ((0, (1, 1.5)), (1, (4, 2)), (3, (4, 2)), (4, (1, 1.5))):
            label = "would be observed" if edge == 1 else None
            line: Any = {"linewidth": 1.1, "dashes": dashes, "clip_on": False, "label": label}
            on.plot(ahead, result.fan.observed[edge], color=style.OBSERVED, **line)
    style.legend(figure, 4 if layout.wide else 2)
    return figure


def scenarios(found: Scenarios) -> style.Illustration:
    """Draw the fan of the level and the chances of a higher share, with and without what is assumed."""
    change = count(found.smallest_improvement, "point")
    names = WITHOUT, *(one.name for one in found.scenarios)
    said = [f"{name}: {_in_words(own, found)}" for name, own in zip(names, found.prospects, strict=True)]
    followed = " Triangles: what was recorded, higher (100%) or not (0%)." if found.followed else ""
    return style.illustrate(
        lambda layout: _draw_scenarios(found, layout),
        alt=f"Fans of the level and chances for {found.label}, {found.stamp}. {'. '.join(said)}.",
        caption=(
            f"{found.stamp.capitalize()}. Above: the level ahead. Filled: median, 50% and 90% equal-tailed bands "
            "without a scenario; lines: median and, thin, the 90% band given each scenario. Below: by horizon, the "
            f"chance that the cooperative share of what is recorded is at least {change} higher than in the months "
            f"of the baseline.{followed}"
        ),
    )


def _in_words(own: Prospect, found: Scenarios) -> str:
    last = found.horizons[-1]
    level = number(own.improvement[last].level.median, 0)
    chances = [f"{count(months, 'month')} {chance(value)}" for months, value in _higher(own).items()]
    until = wording.period(own.improvement[last].until, weekly=found.weekly)
    return f"median of the level {level} in {until}; chances of a higher share {', '.join(chances) or 'not defined'}"


def _higher(own: Prospect) -> dict[int, float]:
    if isinstance(own.recorded, NotDefined):
        return {}
    chances = {months: window.up for months, window in own.recorded.items()}
    return {months: one.value for months, one in chances.items() if isinstance(one, Probability)}


def _draw_scenarios(found: Scenarios, layout: style.Layout) -> "Figure":
    looks = [
        (SCENARIO_COLORS[place % len(SCENARIO_COLORS)], SCENARIO_LINES[place // len(SCENARIO_COLORS) % 3])
        for place in range(len(found.scenarios))
    ]
    columns = 3 if layout.wide else 1
    height = (5.8 if layout.wide else 5.2) + -(-len(looks) // columns) * 0.2
    figure, (levels, chances) = style.subplots(layout, height, 2, height_ratios=(3, 2))
    for on, title in ((levels, "Level"), (chances, "Chance of a higher recorded share, %")):
        style.share_axis(on)
        on.set_title(title)
    now, ahead = style.year_of(found.origin), found.unconditional.fan
    years = now + np.asarray(ahead.months) / 12
    style.time_axis(levels, now, float(years[-1]))
    style.bands(levels, years, np.asarray(ahead.share), style.LEVEL, label=WITHOUT)
    for one, (color, line) in zip(found.scenarios, looks, strict=True):
        low, _, middle, _, high = np.asarray(one.conditional.fan.share)
        for values, width in ((low, 0.8), (middle, 1.8), (high, 0.8)):
            label = one.name[:40] if values is middle else None
            levels.plot(years, values, color=color, linewidth=width, linestyle=line, label=label)
    _draw_chances(chances, found, [color for color, _ in looks])
    style.legend(figure, columns)
    return figure


def _draw_chances(on: "Axes", found: Scenarios, colors: Sequence[str]) -> None:
    places = np.arange(len(found.horizons))
    on.set_xlim(-0.5, len(places) - 0.5)
    on.set_xticks(places, [count(months, "month") for months in found.horizons])
    rows = list(zip(found.prospects, (style.LEVEL, *colors), strict=True))
    step = 0.7 / len(rows)
    for row, (own, color) in enumerate(rows):
        chances = _higher(own)
        at = [place + (row - (len(rows) - 1) / 2) * step for place in places if found.horizons[place] in chances]
        on.bar(at, [100 * value for value in chances.values()], width=0.86 * step, color=color, linewidth=0)
    for place, months in enumerate(found.horizons):
        if months in found.followed and found.followed[months].outcome != "void":
            higher = 100.0 if found.followed[months].outcome == "up" else 0.0
            on.plot([place], [higher], marker="^" if higher else "v", color=style.INK, markersize=8, clip_on=False)


@dataclass(frozen=True)
class Panel:
    """Recorded shares by year over the band that was expected."""

    title: str
    x: Float  # Years with decimals, of the band
    band: tuple[Float, Float, Float]  # Low, median, high
    years: Float  # Of the dots
    recorded: Float
    counts: Float
    odd: Bool = field(default_factory=lambda: np.zeros(0, dtype=bool))  # Dots that are ringed


def datasets(found: Sequence[DatasetOutlook]) -> style.Illustration | None:
    """Draw a panel for each dataset; none where there are not several."""
    shown = [one for one in found if one.years]
    if len(shown) < 2:
        return None
    said = "; ".join(
        f"{one.name}: {count(len(one.years), 'year')}, {number(one.years[-1].share, 0)}% recorded in "
        f"{one.years[-1].year} where {number(one.years[-1].expected, 0)}% was expected"
        for one in shown
    )
    panels = [_dataset_panel(one) for one in shown]
    return style.illustrate(
        lambda layout: draw_panels(panels, layout, together=True),
        alt=f"Yearly cooperative shares of {join([one.name for one in shown])}: {said}.",
        caption=(
            "Dots: the cooperative share that each dataset recorded, year by year, larger with more events. Lines "
            "and bands: median and 90% interval of what the joint level, read as the dataset reads it, makes expect. "
            "Ringed: years that lie further than two standard deviations from what the others make expect."
        ),
    )


def _dataset_panel(one: DatasetOutlook) -> Panel:
    low, middle, high, recorded, counts, years = (
        np.array([getattr(year, name) for year in one.years], dtype=float)
        for name in ("low", "expected", "high", "share", "events", "year")
    )
    title, odd = f"{capital(one.name)}, % of its events", np.isin(years, one.disagrees)
    return Panel(title, years + 0.5, (low, middle, high), years + 0.5, recorded, counts, odd)


def kinds(result: Assessment) -> style.Illustration | None:
    """Draw depth and severity with the recorded shares by year; none if the model has no such part."""
    if isinstance(result.kinds, NotDefined):
        return None
    series = result.kinds
    said = "; ".join(
        f"{TITLES[name]} {interval(one.now)}% now, lowest median {number(float(np.nanmin(one.share[1])), 0)}, highest "
        f"{number(float(np.nanmax(one.share[1])), 0)}"
        for name, one in series.items()
    )
    whole = join(
        f"{name} is the per cent of {one.side} events that are {join(one.kinds, 'or')}" for name, one in series.items()
    )
    panels = [kind_panel(name, one, days_of(result)) for name, one in series.items()]
    return style.illustrate(
        lambda layout: draw_panels(panels, layout),
        alt=f"Lines of {join(TITLES[name] for name in series)}, {result.label}: {said} (medians, 90% equal-tailed).",
        caption=(
            f"{capital(whole)}. Lines and bands: median and 90% equal-tailed interval of what is expected in each "
            f"{unit(result)}. Dots: what was recorded, year by year, larger with more events."
        ),
    )


def kind_panel(name: str, one: KindSeries, days: int) -> Panel:
    """Return the panel of depth or severity; a period has so many days."""
    years, (low, middle, high) = style.years_of(one.time, days), one.share
    begin = float(years[np.isfinite(middle).argmax()])
    title = f"{capital(TITLES[name])}: {join(one.kinds, 'or')}, % of {one.side} events"
    at, recorded = np.clip(one.years + 0.5, begin, years[-1]), 100 * one.stronger / one.events
    return Panel(title, years, (low, middle, high), at, recorded, one.events.astype(float))


def draw_panels(panels: Sequence[Panel], layout: style.Layout, *, together: bool = False) -> "Figure":
    """Draw panels one below the other, on one time axis if they are `together`."""
    figure, axes = style.subplots(layout, len(panels) * (1.95 if layout.wide else 1.8), len(panels))
    spans = [(float(one.x[np.isfinite(one.band[1]).argmax()]), float(one.x[-1])) for one in panels]
    whole = min(first for first, _ in spans) - 0.5, max(last for _, last in spans) + 0.5
    for on, one, span in zip(axes, panels, spans, strict=True):
        style.share_axis(on)
        style.time_axis(on, *(whole if together else span))
        style.bands(on, one.x, one.band, style.LEVEL, center=1.3)
        style.observed_dots(on, one.years, one.recorded, 0.8 * np.clip(one.counts, 3, 60))
        if one.odd.any():
            at = one.years[one.odd], one.recorded[one.odd]
            on.scatter(*at, s=70, facecolors="none", edgecolors=style.MUTED, zorder=3, clip_on=False)
        on.set_title("\n".join(style.wrap(one.title, layout.width - 0.9, layout.font)))
    return figure


def archive(status: "ArchiveStatus") -> style.Illustration:
    """Draw the days of an archive's datasets without files, and its rows by month, one dataset above the other."""
    shown = [one for one in status.datasets if one.spans]
    if not shown:
        raise DataError(f"{status.archive}: no file of it stands for a day, so that there is nothing to draw.")
    sentences = " ".join(one.sentence for one in shown)
    return style.illustrate(
        lambda layout: _draw_archive(shown, layout),
        alt=f"Rows by month, with gaps shaded. {sentences}",
        caption=f"Rows kept of each month if all between two states are read; shaded: no file is there. {sentences}",
    )


def _draw_archive(shown: "list[DatasetStatus]", layout: style.Layout) -> "Figure":
    from matplotlib.ticker import MaxNLocator

    figure, axes = style.subplots(layout, len(shown) * 1.7 + 0.3, len(shown), sharex=True)
    for on, one in zip(axes, shown, strict=True):
        for gap in one.gaps:
            on.axvspan(gap.first, gap.last + timedelta(days=1), color=style.WORSE, alpha=0.25, linewidth=0)  # type: ignore[arg-type]
        months = [month for month in one.months if month.days and (month.covered or month.kept)]
        first, last = one.spans[0][0].replace(day=1), one.spans[-1][1]
        starts = {date.fromisoformat(f"{month.month}-01"): month.kept for month in months}
        kept = {start: rows for start, rows in starts.items() if first <= start <= last}
        on.bar(list(kept), list(kept.values()), width=28, align="edge", color=style.LEVEL)  # type: ignore[arg-type]
        on.set_ylim(0, max([*kept.values(), 1]) * 1.05)
        on.set_ylabel("rows")
        on.yaxis.set_major_locator(MaxNLocator(3, integer=True))
        on.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        on.set_title("\n".join(style.wrap(_archive_title(one), layout.width - 0.9, layout.font)))
    first, last = min(one.spans[0][0] for one in shown), max(one.spans[-1][1] for one in shown)
    margin = max((last - first) / 50, timedelta(days=20))
    axes[0].set_xlim(first - margin, last + margin)  # type: ignore[arg-type]
    return figure


def _archive_title(one: "DatasetStatus") -> str:
    missing = sum(gap.days for gap in one.gaps)
    if not missing:
        return f"{one.title}: no gap"
    longest = sorted(one.gaps, key=lambda gap: -gap.days)[:_MOST_SAID]
    named = ", ".join(f"{gap.first} to {gap.last}" for gap in sorted(longest))
    more = f" and {len(one.gaps) - len(longest)} more" if len(one.gaps) > len(longest) else ""
    return f"{one.title}: {count(missing, 'day')} missing ({named}{more})"


def over_time(cases: Mapping[str, pd.DataFrame], *, subject: str, caption: str) -> style.Illustration | None:
    """Draw forecasts with their 90% intervals and what was recorded, a panel a dyad; none without cases."""
    if not cases:
        return None
    said = "; ".join(
        f"{name}: {((own['low'] <= own['share']) & (own['share'] <= own['high'])).sum()} of {len(own)} inside"
        for name, own in cases.items()
    )
    return style.illustrate(
        lambda layout: _draw_over_time(cases, layout),
        alt=f"Forecasts of {subject} by origin with 90% intervals, and recorded shares. {said}.",
        caption=caption,
    )


def _draw_over_time(cases: Mapping[str, pd.DataFrame], layout: style.Layout) -> "Figure":
    columns = min(4 if layout.wide else 2, len(cases))
    rows = -(-len(cases) // columns)
    figure, axes = style.subplots(layout, 0.7 + 1.5 * rows, rows, columns, sharex=True, sharey=True)
    for place, (on, (name, own)) in enumerate(zip(axes, cases.items(), strict=False)):
        when = own["origin"].str[:4].astype(int) + (own["origin"].str[5:7].astype(int) - 1) / 12
        on.fill_between(when, own["low"], own["high"], color=style.LEVEL, alpha=0.15, linewidth=0, label="90% interval")
        on.plot(when, own["mean"], color=style.LEVEL, linewidth=1.2, label="forecast")
        on.plot(when, own["share"], "o", color=style.OBSERVED, markersize=2.5, label="recorded")
        style.frame(on, "y", (0, 50, 100))
        on.set_ylim(-4, 104)
        on.set_title(name)
        on.locator_params(axis="x", nbins=4, integer=True)
        on.tick_params(axis="x", labelbottom=place + columns >= len(cases))
    for on in axes[len(cases) :]:
        on.set_visible(False)
    style.legend(figure, 3)
    return figure
