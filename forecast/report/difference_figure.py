"""Differences in skill: points with their intervals, a row another forecaster or dyad, a panel a horizon."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from forecast.evaluation.skill import CHOSEN_ON
from forecast.report import style
from forecast.report.skill import OTHER, PERIODS, THIS, Compared, cell

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLORS = {THIS: style.BETTER, OTHER: style.WORSE}
_LEGEND = {
    style.BETTER: "clearly better",
    style.WORSE: "clearly worse",
    style.MUTED: "not distinguishable",
}
_MOST_SAID = 16
"""Differences that an image's description lists; more of them are in the table."""

type Points = Mapping[str, tuple[Compared | None, Compared | None]]
"""By the name of a row, the differences on origins that are reported and on those that choices were made on."""


def illustrate(panels: Mapping[str, Points], *, what: str, caption: str) -> style.Illustration | None:
    """Draw panels of differences by their titles; none where there is nothing to draw."""
    rows = list(dict.fromkeys(row for points in panels.values() for row in points))
    shown = [one for points in panels.values() for pair in points.values() for one in pair if one]
    if not shown:
        return None
    said = [f"{title}, {row}: {cell(pair[0])}" for title, points in panels.items() for row, pair in points.items()]
    more = f"; and {len(said) - _MOST_SAID} more" if len(said) > _MOST_SAID else ""
    return style.illustrate(
        lambda layout: _draw(panels, rows, layout),
        alt=f"{what}: differences in mean CRPS, points, with 90 % intervals. {'; '.join(said[:_MOST_SAID])}{more}.",
        caption=caption,
    )


def _draw(panels: Mapping[str, Points], rows: Sequence[str], layout: style.Layout) -> "Figure":
    across = len(panels) if layout.wide else max(1, len(panels) // 2)
    down = -(-len(panels) // across)
    names = 0.15 + max(style.text_width(row, layout.font) for row in rows)
    row, title, axis, right, between, head = 0.235, 0.3, 0.34, 0.12, 0.16, 0.34 if layout.wide else 0.5
    width = (layout.width - names - right - between * (across - 1)) / across
    tall = row * len(rows)
    step = title + tall + axis
    figure = style.new_figure(layout, head + step * down + 0.16)
    limits = _limits(panels)
    for place, (name, points) in enumerate(panels.items()):
        column, line = place % across, place // across
        bottom = 0.16 + axis + step * (down - 1 - line)
        on = style.axes(figure, names + (width + between) * column, bottom, width, tall)
        _draw_panel(on, points, rows)
        on.set_xlim(*limits)
        on.set_title(name, loc="left", fontsize=layout.font, fontweight="bold", pad=4)
        if column == 0:
            _write_names(on, rows)
    height = head + step * down + 0.16
    figure.text(
        (names + 0.5 * (layout.width - names - right)) / layout.width, 0.03 / height,
        "points of CRPS; left of zero: better", ha="center", va="bottom", fontsize=layout.font - 1,
    )  # fmt: skip
    _add_legend(figure, layout, height, panels)
    return figure


def _draw_panel(on: "Axes", points: Points, rows: Sequence[str]) -> None:
    for place, row in enumerate(rows):
        for one, filled, shift in zip(points.get(row, (None, None)), (True, False), (-0.12, 0.22), strict=True):
            if one is not None:
                _draw_point(on, place + shift, one, filled=filled)
    on.axvline(0, color=style.INK, linewidth=0.8, zorder=1)
    on.set_ylim(len(rows) - 0.5, -0.5)
    on.set_yticks([])
    on.grid(axis="x", color=style.GRID, linewidth=0.6)
    on.set_axisbelow(True)
    on.spines["left"].set_visible(False)
    on.locator_params(axis="x", nbins=4)


def _draw_point(on: "Axes", y: float, one: Compared, *, filled: bool) -> None:
    color = _COLORS.get(one.ahead, style.MUTED)
    if one.low is not None and one.high is not None:
        on.plot([one.low, one.high], [y, y], color=color, linewidth=1.8 if filled else 0.8, solid_capstyle="round")
    face = color if filled else "white"
    on.plot([one.difference], [y], "o", color=color, markerfacecolor=face, markersize=5 if filled else 3.5, zorder=3)


def _limits(panels: Mapping[str, Points]) -> tuple[float, float]:
    ends = [0.0]
    for points in panels.values():
        for one in [one for pair in points.values() for one in pair if one is not None]:
            ends += [one.difference, one.difference if one.low is None else one.low]
            ends += [one.difference if one.high is None else one.high]
    low, high = min(ends), max(ends)
    room = 0.05 * (high - low) or 1.0
    return low - room, high + room


def _write_names(on: "Axes", rows: Sequence[str]) -> None:
    for place, row in enumerate(rows):
        on.annotate(
            row, (0, place), (-6, 0), xycoords=("axes fraction", "data"), textcoords="offset points", ha="right",
            va="center", annotation_clip=False,
        )  # fmt: skip


def _add_legend(figure: "Figure", layout: style.Layout, height: float, panels: Mapping[str, Points]) -> None:
    from matplotlib.lines import Line2D

    pairs = [pair for points in panels.values() for pair in points.values()]
    used = {_COLORS.get(one.ahead, style.MUTED) for pair in pairs for one in pair if one}
    handles = [
        Line2D([], [], color=color, marker="o", markersize=5, linewidth=1.8, label=words)
        for color, words in _LEGEND.items()
        if color in used
    ]
    if any(earlier for _, earlier in pairs):
        small: dict[str, Any] = {"marker": "o", "markerfacecolor": "white", "markersize": 3.5, "linewidth": 0.8}
        handles.append(Line2D([], [], color=style.MUTED, label=f"small: {PERIODS[CHOSEN_ON]}", **small))
    style.legend(figure, handles, 0.05, height - 0.04, 4 if layout.wide else 2)
