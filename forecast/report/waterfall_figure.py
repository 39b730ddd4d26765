"""How a number came from what it was to what it is, part by part."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from forecast.report import style
from forecast.wording import number, signed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Waterfall:
    """A number and its parts, per cent or points."""

    start: tuple[str, float]  # What it was and what it is, each with its name
    parts: Sequence[tuple[str, float]]  # What was added to it, in order
    end: tuple[str, float]
    unit: str  # Of all of them, for the axis


def illustrate(fall: Waterfall, caption: str) -> style.Illustration:
    """Draw the parts between start and end."""
    parts = "; ".join(f"{name} {signed(value, 1)}" for name, value in fall.parts)
    ends = [f"{name} {number(value, 1)}" for name, value in (fall.start, fall.end)]
    return style.illustrate(
        lambda layout: draw(fall, layout), alt=f"{fall.unit}: {ends[0]}; {parts}; {ends[1]}.", caption=caption
    )


def draw(fall: Waterfall, layout: style.Layout) -> "Figure":
    """Draw a row for the start, one for each part, and one for the end."""
    parts = list(fall.parts)
    row, head, foot, left = 0.3, 0.08, 0.5, 2.3 if layout.wide else 1.25
    figure = style.new_figure(layout, head + foot + row * (len(parts) + 2))
    on = style.axes(figure, left, foot, layout.width - left - 0.5, row * (len(parts) + 2))
    at, ends = fall.start[1], [fall.start[1], fall.end[1]]
    labels = [fall.start[0]]
    _mark(on, 0, fall.start[1], layout)
    for place, (name, value) in enumerate(parts, 1):
        color = style.BETTER if value > 0 else style.WORSE
        on.barh(place, value, left=at, height=0.62, color=color, linewidth=0, zorder=2)
        on.plot([at, at], [place - 1, place], color=style.MUTED, linewidth=0.7, zorder=1)
        beyond = max(at, at + value)
        on.annotate(
            signed(value, 1), (beyond, place), (4, 0), textcoords="offset points", va="center", annotation_clip=False
        )
        at += value
        ends.append(at)
        labels.append(name)
    on.plot([at, at], [len(parts), len(parts) + 1], color=style.MUTED, linewidth=0.7, zorder=1)
    _mark(on, len(parts) + 1, fall.end[1], layout)
    labels.append(fall.end[0])
    low, high = min(ends), max(ends)
    margin = max(0.12 * (high - low), 1.0)
    on.set_xlim(low - margin, high + margin)
    on.set_ylim(len(parts) + 1.6, -0.6)
    on.set_yticks(
        range(len(labels)), ["\n".join(style.wrap(name, left - 0.15, layout.font, most=2)) for name in labels]
    )
    on.tick_params(axis="y", length=0)
    on.spines["left"].set_visible(False)
    on.grid(axis="x", color=style.GRID, linewidth=0.6)
    on.set_axisbelow(True)
    on.set_xlabel("\n".join(style.wrap(fall.unit, layout.width - left - 0.3, layout.font, most=2)))
    return figure


def _mark(on: "Axes", row: float, value: float, layout: style.Layout) -> None:
    """Mark what the number was, or is."""
    on.plot([value], [row], "o", color=style.INK, markersize=7, zorder=3)
    on.annotate(
        number(value, 1), (value, row), (7, 0), textcoords="offset points", va="center", fontweight="bold",
        fontsize=layout.font, annotation_clip=False,
    )  # fmt: skip
