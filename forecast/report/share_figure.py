"""Figure of the answer: observed share of a year's events, its forecast, and what it is compared with."""

from typing import TYPE_CHECKING

import numpy as np

from forecast.outlook import Assessment, Baseline, Estimate, NotDefined, main_horizon
from forecast.outlook.windows import RollingShare
from forecast.report import style
from forecast.report.words import INTERVALS, period
from forecast.typing import Float
from forecast.wording import count, number

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FIRST_YEAR = 2000
"""The large axes begin here; a longer record is shown small above them."""


def illustrate(result: Assessment, record: "xr.Dataset") -> style.Illustration | None:
    """Draw the observed share and its forecast; none of an index, or of a record shorter than the window."""
    rolling = result.rolling
    if isinstance(rolling, NotDefined) or isinstance(result.recorded, NotDefined):
        return None
    window = result.recorded[main_horizon(result.horizons)]
    if not isinstance(window.share, Estimate):
        return None
    days = 7 if result.weekly else 30
    years = style.years_of(record["time"].to_numpy(), days) + days / 2 / 365.25  # a window counts where it ends
    observed = rolling.observed[len(rolling.observed) - len(years) :]
    before, baseline, point = window.baseline, "", count(result.smallest_improvement, "point")
    if isinstance(before, Baseline) and before.share is not None:
        span = count(result.baseline_months, "month")
        baseline = (
            f" Dashed: the share of the last {span}, {number(before.share, 0)}%; dotted: {point} above and below."
        )
    share = window.share
    ends = f"{number(share.low, 0)} to {number(share.high, 0)}"
    return style.illustrate(
        lambda layout: _draw(result, rolling, years, observed, layout),
        alt=(
            f"Line of the share of events that is cooperative, {result.label}, and its forecast: median "
            f"{number(share.median, 0)}% in the {count(rolling.months, 'month')} to {period(result, window.until)} "
            f"(90% {ends}).{baseline}"
        ),
        caption=(
            f"Cooperative share of {result.label} events over windows of {count(rolling.months, 'month')}, and "
            f"its forecast to {period(result, window.until)}: median, bands {INTERVALS}.{baseline} Shaded: eras."
        ),
    )


def _draw(result: Assessment, rolling: RollingShare, years: Float, observed: Float, layout: style.Layout) -> "Figure":
    now, small = float(years[-1]), years[0] < FIRST_YEAR - 10
    first = max(float(FIRST_YEAR), float(years[0])) if now - FIRST_YEAR > 5 else max(float(years[0]), now - 25)
    last = now + rolling.months / 12
    heights = (1, 5) if small else (1,)
    figure, axes = style.subplots(layout, 4.4 if layout.wide else 4.2, len(heights), height_ratios=heights)
    on = axes[-1]
    style.share_axis(on)
    style.time_axis(on, first, last)
    _draw_eras(on, result, first, last)
    _draw_thresholds(on, result, now, last)
    on.plot(years, observed, color=style.LEVEL, linewidth=1.5)
    style.bands(on, now + np.asarray(rolling.ahead) / 12, rolling.forecast, style.OBSERVED)
    on.axvline(now, color=style.MUTED, linewidth=0.8)
    on.set_ylabel("cooperative, %" if layout.wide else "")
    if small:
        whole = axes[0]
        style.share_axis(whole)
        whole.set_yticks([0, 100])
        style.time_axis(whole, float(years[0]), last)
        whole.axvspan(first, last, color=style.SHADE, linewidth=0, zorder=0)
        whole.plot(years, observed, color=style.LEVEL, linewidth=0.9)
    handles = [style.key(style.LEVEL, "observed"), style.key(style.OBSERVED, "forecast")]
    style.legend(figure, handles, 2)
    return figure


def _draw_eras(on: "Axes", result: Assessment, first: float, last: float) -> None:
    for place, era in enumerate(result.frameworks.eras):
        begin = max(style.year_of(era.start), first)
        stop = min(style.year_of(era.end) if era.end else last, last)
        if stop > begin and place % 2:
            on.axvspan(begin, stop, color=style.SHADE, linewidth=0, zorder=0)


def _draw_thresholds(on: "Axes", result: Assessment, now: float, last: float) -> None:
    """Draw the baseline where it was observed and ahead, and the shares from which it is higher or lower."""
    assert not isinstance(result.recorded, NotDefined)
    before = result.recorded[main_horizon(result.horizons)].baseline
    if not isinstance(before, Baseline) or before.share is None:
        return
    reach = [now - result.baseline_months / 12, last]
    on.plot(reach, [before.share] * 2, color=style.INK, linewidth=1.0, dashes=(5, 2), zorder=3)
    for change in (-result.smallest_improvement, result.smallest_improvement):
        if 0 < before.share + change < 100:
            on.plot([now, last], [before.share + change] * 2, color=style.INK, linewidth=0.9, dashes=(1, 1.5), zorder=3)
