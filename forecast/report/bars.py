"""Bars of chances by horizon, the same way whatever the chances are of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from forecast.report import style
from forecast.wording import chance

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLORS = {
    "down": (style.WORSE, "white"),
    "same": (style.SAME, style.INK),
    "up": (style.BETTER, "white"),
    "deterioration": (style.WORSE, "white"),
    "stability": (style.SAME, style.INK),
    "technical": (style.BETTER, "white"),
    "structural": (style.RESET, style.INK),
}
"""Fill and ink of each outcome."""
_APART = 5.5  # percents between the middles of two numbers above a bar
_ROOM = 7  # percents: a narrower part has its number above, or beside the bar


@dataclass(frozen=True)
class Bar:
    """The outcomes at a horizon."""

    horizon: str  # How far ahead, and up to when, in words
    until: str
    parts: Mapping[str, int]  # Whole percents by outcome, from worse to better; they add up to 100


def draw(bars: Sequence[Bar], outcomes: Mapping[str, str], layout: style.Layout) -> "Figure":
    """Draw one bar a horizon; `outcomes` are their words by name."""
    from matplotlib.patches import Patch

    label_width = max(style.text_width(bar.until, layout.font) for bar in bars)
    left, right = (label_width + 0.3, 0.45) if layout.wide else (0.02, 0.42)
    row, head = (0.52, 0.36) if layout.wide else (0.66, 0.48)
    height = head + row * len(bars)
    figure = style.new_figure(layout, height)
    on = style.axes(figure, left, 0.02, layout.width - left - right, height - head)
    on.set_xlim(0, 100)
    on.set_ylim(len(bars), 0)
    on.axis("off")
    for place, bar in enumerate(bars):
        _draw_bar(on, place + 0.6, bar.parts, 0.44 if layout.wide else 0.4, layout)
        if layout.wide:
            for text, weight in ((f"{bar.horizon}\n", "bold"), (f"\n{bar.until}", "normal")):
                on.annotate(
                    text,
                    (0, place + 0.6),
                    (-12, 0),
                    textcoords="offset points",
                    ha="right",
                    va="center",
                    fontweight=weight,
                    linespacing=1.25,
                )
        else:
            on.text(0, place + 0.16, f"{bar.horizon}, {bar.until}", va="center", fontweight="bold")
    handles = [Patch(color=COLORS[name][0], label=words) for name, words in outcomes.items()]
    style.legend(figure, handles, left, height - 0.05, 4 if layout.wide else 2)
    return figure


def _draw_bar(on: "Axes", y: float, parts: Mapping[str, int], thick: float, layout: style.Layout) -> None:
    begin, last, free = 0, list(parts)[-1], 1.0
    for name, whole in parts.items():
        fill, ink = COLORS[name]
        on.barh(y, whole, left=begin, height=thick, color=fill, edgecolor="white", linewidth=0.8)
        middle = begin + whole / 2
        if name == last and whole < _ROOM:
            on.annotate(chance(whole / 100), (100, y), (4, 0), textcoords="offset points", va="center", color=style.INK)
        elif whole >= _ROOM:
            on.text(middle, y, chance(whole / 100), ha="center", va="center", color=ink, fontweight="bold")
        else:
            place = max(middle, free)
            free = place + _APART
            on.text(
                place, y - thick / 2 - 0.02, chance(whole / 100), ha="center", va="bottom", fontsize=layout.font - 1
            )
        begin += whole
