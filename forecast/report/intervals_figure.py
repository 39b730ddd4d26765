"""Interval plots: dyads side by side, and differences in skill."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from forecast.evaluation.skill import CHOSEN_ON
from forecast.outlook import Assessment, Brief, Estimate, NotDefined
from forecast.report import style
from forecast.report.skill import PERIODS, Compared, cell
from forecast.report.words import interval, period
from forecast.wording import join

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

type Quantity = tuple[str, str, Callable[[Brief], Estimate | NotDefined], str]
_QUANTITIES: tuple[Quantity, ...] = (
    ("Share now", "share, 0 to 100", lambda one: one.level, ""),
    (
        "Current equilibrium",
        "share, 0 to 100",
        lambda one: one.equilibrium,
        "Equilibrium: the long-run mean of the share under the current framework.",
    ),
    (
        "Half-life",
        "months, log scale",
        lambda one: one.half_life,
        "Half-life: the time in which half of a displacement is undone.",
    ),
)
"""Name, unit, value and meaning."""
_COLORS = {"this": style.BETTER, "other": style.WORSE}
_LEGEND = {style.BETTER: "clearly better", style.WORSE: "clearly worse", style.MUTED: "not distinguishable"}
_MOST_SAID = 16
"""Differences that an image's description lists; more of them are in the table."""

type Points = Mapping[str, tuple[Compared | None, Compared | None]]
"""By the name of a row, the differences on origins that are reported and on those that choices were made on."""


def dyads(result: Assessment, others: Sequence[Brief]) -> style.Illustration | None:
    """Draw the dyads, the report's own first; none if it is the only one."""
    if not others:
        return None
    results = (result.brief, *others)
    values = {item: [item[2](one) for one in results] for item in _QUANTITIES}
    reasons = {one.reason for found in values.values() for one in found if isinstance(one, NotDefined)}
    there = {
        item: estimates
        for item, found in values.items()
        if len(estimates := [one for one in found if isinstance(one, Estimate)]) == len(found)
    }
    said = [
        f"{one.label}: " + ", ".join(f"{item[0].lower()} {interval(found[place])}" for item, found in there.items())
        for place, one in enumerate(results)
    ]
    explained = " ".join(item[3] for item in there if item[3])
    missing = f" Not drawn, because not defined: {join(sorted(reasons))}." if reasons else ""
    return style.illustrate(
        lambda layout: _draw_dyads([one.label for one in results], there, layout),
        alt=f"Dots and intervals of {len(results)} dyads, 90% equal-tailed, half-life in months. {'; '.join(said)}.",
        caption=(
            f"{result.label} and the other dyads of the same fit, {period(result, result.origin)}"
            f": posterior medians and 90% equal-tailed intervals. {explained}{missing}"
        ),
    )


def _draw_dyads(labels: Sequence[str], there: Mapping[Quantity, Sequence[Estimate]], layout: style.Layout) -> "Figure":
    height = 0.26 * len(labels) + 0.75
    across, down = (len(there), 1) if layout.wide else (1, len(there))
    figure, axes = style.subplots(layout, height * down, down, across)
    for on, ((name, unit, *_), values) in zip(axes, there.items(), strict=True):
        style.frame(on, "x")
        style.name_rows(on, labels if on is axes[0] or not layout.wide else [""] * len(labels), layout)
        for place, value in enumerate(values):
            color = style.LEVEL if place == 0 else style.MUTED
            style.dot_interval(on, place, value.median, (value.low, value.high), color)
        on.axhspan(-0.5, 0.5, color=style.SHADE, linewidth=0, zorder=0)
        if unit.endswith("log scale"):
            _log_axis(on, min(value.low for value in values) / 1.15, max(value.high for value in values) * 1.15)
        else:
            on.set_xlim(0, 100)
            on.set_xticks(range(0, 101, 25))
        on.get_yticklabels()[0].set_fontweight("bold")
        on.set_title(name, loc="left", fontsize=layout.font, fontweight="bold")
        on.set_xlabel(unit, fontsize=layout.font - 1)
    return figure


def _log_axis(on: "Axes", low: float, high: float) -> None:
    on.set_xscale("log")
    on.set_xlim(low, high)
    ticks = [tick for tick in (1, 3, 6, 12, 24, 48, 96, 192, 384, 768) if low <= tick <= high]
    on.set_xticks(ticks, [str(tick) for tick in ticks])
    on.minorticks_off()


def differences(panels: Mapping[str, Points], *, what: str, caption: str) -> style.Illustration | None:
    """Draw panels of differences in skill by their titles; none where there is nothing to draw."""
    rows = list(dict.fromkeys(row for points in panels.values() for row in points))
    if not any(one for points in panels.values() for pair in points.values() for one in pair):
        return None
    said = [f"{title}, {row}: {cell(pair[0])}" for title, points in panels.items() for row, pair in points.items()]
    more = f"; and {len(said) - _MOST_SAID} more" if len(said) > _MOST_SAID else ""
    return style.illustrate(
        lambda layout: _draw_differences(panels, rows, layout),
        alt=f"{what}: differences in mean CRPS, points, with 90% intervals. {'; '.join(said[:_MOST_SAID])}{more}.",
        caption=caption,
    )


def _draw_differences(panels: Mapping[str, Points], rows: Sequence[str], layout: style.Layout) -> "Figure":
    across = len(panels) if layout.wide else max(1, len(panels) // 2)
    down = -(-len(panels) // across)
    figure, axes = style.subplots(
        layout, down * (0.235 * len(rows) + 0.6) + 0.6, down, across, sharex=True, sharey=True
    )
    for on, (title, points) in zip(axes, panels.items(), strict=False):
        style.frame(on, "x")
        style.name_rows(on, rows, layout)
        for place, row in enumerate(rows):
            now, earlier = points.get(row, (None, None))
            for one, y in ((now, place - 0.12), (earlier, place + 0.22)):
                if one:
                    color, ends = _COLORS.get(one.ahead, style.MUTED), (one.low, one.high)
                    style.dot_interval(on, y, one.difference, ends, color, small=one is earlier)
        on.axvline(0, color=style.INK, linewidth=0.8, zorder=1)
        on.locator_params(axis="x", nbins=4)
        on.set_title(title, loc="left", fontsize=layout.font, fontweight="bold")
    for on in axes[len(panels) :]:
        on.set_visible(False)
    figure.supxlabel("points of CRPS; left of zero: better", fontsize=layout.font - 1)
    pairs = [pair for points in panels.values() for pair in points.values()]
    used = {_COLORS.get(one.ahead, style.MUTED) for pair in pairs for one in pair if one}
    handles = [style.key(color, words, marker="o", markersize=5) for color, words in _LEGEND.items() if color in used]
    if any(earlier for _, earlier in pairs):
        small = f"small: {PERIODS[CHOSEN_ON]}"
        handles.append(
            style.key(style.MUTED, small, linewidth=0.8, marker="o", markerfacecolor="white", markersize=3.5)
        )
    style.legend(figure, handles, 4 if layout.wide else 2)
    return figure
