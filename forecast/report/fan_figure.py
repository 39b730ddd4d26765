"""The outlook fan: the last years of the level, its future, and what the dataset would observe of it."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from forecast.clock import PERIODS_A_MONTH
from forecast.outlook import Assessment, NotDefined
from forecast.report import style
from forecast.report.words import INTERVALS, interval, period, unit
from forecast.wording import capital, month, number, percent

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

YEARS_BACK = 5
_NOISY, _BUSY = 3, 30  # events of a month: dots of the smallest and the largest size


def illustrate(
    result: Assessment, record: "xr.Dataset", observed: "xr.Dataset", watched_to: str = ""
) -> style.Illustration:
    """Draw the fan; `observed` is from `observed_shares`, `watched_to` the end of the record if it is over."""
    last = list(result.improvement.values())[-1]
    reach = period(result, last.until)
    back = round(YEARS_BACK * 12 * PERIODS_A_MONTH["week" if result.weekly else "month"])
    begin = month(pd.Timestamp(record["time"].to_numpy()[-back:][0]))
    middle = number(float(result.fan.share[2, -1]), 0)
    ends = f"{number(float(result.fan.share[0, -1]), 0)} to {number(float(result.fan.share[4, -1]), 0)}"
    seen, band = result.fan.observed, result.band
    would = (
        f" Dashed and dotted: 50 % and 90 % of the shares that the dataset would show in a single {unit(result)} with "
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
    over = f" Coverage ends in {watched_to}; the level is extrapolated from there." if watched_to else ""
    return style.illustrate(
        lambda layout: _draw(result, record, observed, layout),
        alt=(
            f"Fan of the {result.measure}, {result.label}: {interval(result.standing.level)} in "
            f"{period(result, result.origin)} (90 % equal-tailed), and by {reach} a median of {middle} with "
            f"90 % of the futures from {ends}." + balance
        ),
        caption=(
            f"{capital(result.measure)} from {begin} on and in the simulated futures to {reach}: medians, "
            f"bands {INTERVALS}.{dots}{over}{would}{balance}"
        ),
    )


def _draw(result: Assessment, record: "xr.Dataset", observed: "xr.Dataset", layout: style.Layout) -> "Figure":
    days = 7 if result.weekly else 30
    years = style.years_of(record["time"].to_numpy(), days)
    now = float(years[-1])
    recent = years >= now - YEARS_BACK
    ahead = now + np.asarray(result.fan.months) / 12
    left, right, tall = (0.36, 0.1, 3.2) if layout.wide else (0.32, 0.06, 2.6)
    head, below = (0.5, 0.28) if layout.wide else (0.76, 0.26)
    figure = style.new_figure(layout, below + tall + head)
    on = style.axes(figure, left, below, layout.width - left - right, tall)
    style.share_axis(on)
    style.time_axis(on, float(years[recent][0]), float(ahead[-1]))
    _mark_present(on, f"to {period(result, result.origin)}", now, layout)
    _draw_band(on, result, float(years[recent][0]), float(ahead[-1]))
    _draw_observed(on, observed, years[recent][0], days)
    style.bands(on, years[recent], record["share"].to_numpy()[:, recent], style.LEVEL)
    style.bands(on, ahead, np.asarray(result.fan.share), style.LEVEL)
    if not isinstance(result.fan.observed, NotDefined):
        for edge, dashes in ((0, (1, 1.5)), (1, (4, 2)), (3, (4, 2)), (4, (1, 1.5))):
            seen = result.fan.observed[edge]
            on.plot(ahead, seen, color=style.OBSERVED, linewidth=1.1, dashes=dashes, clip_on=False)
    _add_legend(figure, result, bool(observed.sizes["time"]), left, below + tall + head - 0.04, layout)
    return figure


def _mark_present(on: "Axes", past: str, now: float, layout: style.Layout) -> None:
    """Part what was from what may come."""
    on.axvspan(now, on.get_xlim()[1], color=style.SHADE, linewidth=0, zorder=0)
    on.axvline(now, color=style.MUTED, linewidth=0.8)
    for text, side, across in ((past, "right", -4), ("the futures", "left", 4)):
        on.annotate(
            text,
            (now, 100),
            (across, 4),
            textcoords="offset points",
            ha=side,
            va="bottom",
            fontsize=layout.font - 1,
            annotation_clip=False,
        )


def _draw_band(on: "Axes", result: Assessment, first: float, last: float) -> None:
    """Draw the equilibrium band from the start of the framework in force on."""
    if isinstance(result.band, NotDefined):
        return
    reach = [max(style.year_of(result.frameworks.eras[-1].start), first), last]
    low, high = result.band.low.median, result.band.high.median
    on.fill_between(reach, low, high, color=style.EQUILIBRIUM, alpha=0.12, linewidth=0)
    for edge in (low, high):
        on.plot(reach, [edge, edge], color=style.EQUILIBRIUM, linewidth=0.9)


def _draw_observed(on: "Axes", observed: "xr.Dataset", first: float, days: int) -> None:
    years = style.years_of(observed["time"].to_numpy(), days) if observed.sizes["time"] else np.empty(0)
    here = years >= first
    size = np.clip(observed["events"].to_numpy()[here], _NOISY, _BUSY)
    on.scatter(
        years[here],
        observed["share"].to_numpy()[here],
        s=1.6 * size,
        color=style.MUTED,
        alpha=0.55,
        linewidths=0,
        clip_on=False,
        zorder=2,
    )


def _add_legend(
    figure: "Figure", result: Assessment, dots: bool, left: float, top: float, layout: style.Layout
) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: list[Line2D | Patch] = [Line2D([], [], color=style.LEVEL, linewidth=2, label="level")]
    if not isinstance(result.band, NotDefined):
        handles.append(Patch(color=style.EQUILIBRIUM, alpha=0.3, label="equilibrium band"))
    if dots:
        handles.append(
            Line2D([], [], marker="o", color=style.MUTED, alpha=0.6, linewidth=0, markersize=5, label="observed")
        )
    if not isinstance(result.fan.observed, NotDefined):
        handles.append(Line2D([], [], color=style.OBSERVED, linewidth=1, dashes=(4, 2), label="would be observed"))
    style.legend(figure, handles, left, top, 4 if layout.wide else 2)
