"""Fan charts of the level: recent years and simulations, with scenarios for comparison."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from forecast import wording
from forecast.dates import PERIODS_A_MONTH
from forecast.outlook import Assessment, NotDefined, Probability
from forecast.outlook.query import Prospect
from forecast.outlook.scenarios import Scenarios
from forecast.report import style
from forecast.report.words import INTERVALS, interval, period, unit
from forecast.wording import capital, chance, count, month, number, percent

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

YEARS_BACK = 5
_NOISY, _BUSY = 3, 30  # events of a month: dots of the smallest and the largest size


def illustrate(
    result: Assessment, record: "xr.Dataset", observed: "xr.Dataset", coverage_end: str = ""
) -> style.Illustration:
    """Draw the fan; `observed` is from `observed_shares`, `coverage_end` the end of the record if it is over."""
    last = list(result.improvement.values())[-1]
    reach = period(result, last.until)
    back = round(YEARS_BACK * 12 * PERIODS_A_MONTH["week" if result.weekly else "month"])
    begin = month(pd.Timestamp(record["time"].to_numpy()[-back:][0]))
    middle = number(float(result.fan.share[2, -1]), 0)
    ends = f"{number(float(result.fan.share[0, -1]), 0)} to {number(float(result.fan.share[4, -1]), 0)}"
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
        lambda layout: _draw(result, record, observed, layout),
        alt=(
            f"Fan of the {result.measure}, {result.label}: {interval(result.standing.level)} in "
            f"{period(result, result.origin)} (90% equal-tailed), and by {reach} a median of {middle} with "
            f"90% of the simulations from {ends}." + balance
        ),
        caption=(
            f"{capital(result.measure)} from {begin} on and in the simulations to {reach}: medians, "
            f"bands {INTERVALS}.{dots}{over}{would}{balance}"
        ),
    )


def _draw(result: Assessment, record: "xr.Dataset", observed: "xr.Dataset", layout: style.Layout) -> "Figure":
    days = 7 if result.weekly else 30
    years = style.years_of(record["time"].to_numpy(), days)
    now = float(years[-1])
    recent = years >= now - YEARS_BACK
    first, ahead = float(years[recent][0]), now + np.asarray(result.fan.months) / 12
    figure, (on,) = style.subplots(layout, 4.0 if layout.wide else 3.6)
    style.share_axis(on)
    style.time_axis(on, first, float(ahead[-1]))
    _mark_present(on, f"to {period(result, result.origin)}", now, layout)
    handles: list[Any] = [style.key(style.LEVEL, "level")]
    if not isinstance(result.band, NotDefined):
        reach = [max(style.year_of(result.frameworks.eras[-1].start), first), float(ahead[-1])]
        low, high = result.band.low.median, result.band.high.median
        on.fill_between(reach, low, high, color=style.EQUILIBRIUM, alpha=0.12, linewidth=0)
        for edge in (low, high):
            on.plot(reach, [edge, edge], color=style.EQUILIBRIUM, linewidth=0.9)
        handles.append(style.patch(style.EQUILIBRIUM, "equilibrium band", 0.3))
    if observed.sizes["time"]:
        _draw_observed(on, observed, first, days)
        dot = {"marker": "o", "alpha": 0.6, "linewidth": 0, "markersize": 5}
        handles.append(style.key(style.MUTED, "observed", **dot))
    style.bands(on, years[recent], record["share"].to_numpy()[:, recent], style.LEVEL)
    style.bands(on, ahead, np.asarray(result.fan.share), style.LEVEL)
    if not isinstance(result.fan.observed, NotDefined):
        for edge, dashes in ((0, (1, 1.5)), (1, (4, 2)), (3, (4, 2)), (4, (1, 1.5))):
            seen = result.fan.observed[edge]
            on.plot(ahead, seen, color=style.OBSERVED, linewidth=1.1, dashes=dashes, clip_on=False)
        handles.append(style.key(style.OBSERVED, "would be observed", linewidth=1, dashes=(4, 2)))
    style.legend(figure, handles, 4 if layout.wide else 2)
    return figure


def _mark_present(on: "Axes", past: str, now: float, layout: style.Layout) -> None:
    """Part what was from what may come."""
    on.axvspan(now, on.get_xlim()[1], color=style.SHADE, linewidth=0, zorder=0)
    on.axvline(now, color=style.MUTED, linewidth=0.8)
    for text, side, across in ((past, "right", -4), ("simulations", "left", 4)):
        on.annotate(
            text, (now, 100), (across, 4), textcoords="offset points", ha=side, va="bottom", fontsize=layout.font - 1,
            annotation_clip=False,
        )  # fmt: skip


def _draw_observed(on: "Axes", observed: "xr.Dataset", first: float, days: int) -> None:
    years = style.years_of(observed["time"].to_numpy(), days)
    here = years >= first
    size, share = 1.6 * np.clip(observed["events"].to_numpy()[here], _NOISY, _BUSY), observed["share"].to_numpy()[here]
    on.scatter(years[here], share, s=size, color=style.MUTED, alpha=0.55, linewidths=0, clip_on=False, zorder=2)


SCENARIO_COLORS = (style.OBSERVED, style.EQUILIBRIUM, style.CEILING, style.WORSE, style.RESET, style.INK)
SCENARIO_LINES: tuple[Any, ...] = ("-", (0, (6, 2)), (0, (2, 1.5)))
"""Line styles of scenarios in order: colours first, then other dash patterns."""
WITHOUT = "without a scenario"


def illustrate_scenarios(found: Scenarios) -> style.Illustration:
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
    figure, (fan, chances) = style.subplots(
        layout, (5.8 if layout.wide else 5.2) + -(-len(looks) // columns) * 0.2, 2, height_ratios=(3, 2)
    )
    for on, title in ((fan, "Level"), (chances, "Chance of a higher recorded share, %")):
        style.share_axis(on)
        on.set_title(title, loc="left", fontsize=layout.font, fontweight="bold")
    _draw_fans(fan, found, looks)
    _draw_chances(chances, found, [color for color, _ in looks])
    handles = [
        style.key(color, one.name[:40], linestyle=line)
        for one, (color, line) in zip(found.scenarios, looks, strict=True)
    ]
    style.legend(figure, [style.patch(style.LEVEL, WITHOUT, 0.6), *handles], columns)
    return figure


def _draw_fans(on: "Axes", found: Scenarios, looks: Sequence[tuple[str, Any]]) -> None:
    now, fan = style.year_of(found.origin), found.unconditional.fan
    ahead = now + np.asarray(fan.months) / 12
    style.time_axis(on, now, float(ahead[-1]))
    style.bands(on, ahead, np.asarray(fan.share), style.LEVEL)
    for one, (color, line) in zip(found.scenarios, looks, strict=True):
        low, _, middle, _, high = np.asarray(one.conditional.fan.share)
        for values, width in ((low, 0.8), (middle, 1.8), (high, 0.8)):
            on.plot(ahead, values, color=color, linewidth=width, linestyle=line)


def _draw_chances(on: "Axes", found: Scenarios, colors: Sequence[str]) -> None:
    places = np.arange(len(found.horizons))
    on.set_xlim(-0.5, len(places) - 0.5)
    on.set_xticks(places, [count(months, "month") for months in found.horizons])
    rows = list(zip(found.prospects, (style.LEVEL, *colors), strict=True))
    step = 0.7 / len(rows)
    for row, (own, color) in enumerate(rows):
        chances = _higher(own)
        for place, months in enumerate(found.horizons):
            if months in chances:
                across = place + (row - (len(rows) - 1) / 2) * step
                on.bar(across, 100 * chances[months], width=0.86 * step, color=color, linewidth=0)
    for place, months in enumerate(found.horizons):
        if months in found.followed and found.followed[months].outcome != "void":
            higher = 100.0 if found.followed[months].outcome == "up" else 0.0
            on.plot([place], [higher], marker="^" if higher else "v", color=style.INK, markersize=8, clip_on=False)
