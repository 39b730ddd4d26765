"""Probability bars: worse, about the same, better, at each horizon."""

from typing import TYPE_CHECKING

from forecast.outlook import Assessment, printed_chances, printed_percents
from forecast.report import style
from forecast.report.words import COLUMNS, period
from forecast.wording import chance, count

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLORS = {
    "deterioration": (style.WORSE, "white"),
    "stability": (style.SAME, style.INK),
    "technical": (style.BETTER, "white"),
    "structural": (style.RESET, style.INK),
}
_ROOM = 7  # percents: a narrower part has its number above


def illustrate(result: Assessment) -> style.Illustration:
    """Draw the chances at each horizon."""
    change = count(result.smallest_improvement, "point")
    said = []
    for outlook in result.improvement.values():
        chances = printed_chances(outlook)
        said.append(
            f"by {period(result, outlook.until)}: better {chances['improvement']} (technical "
            f"{chances['technical']}, structural {chances['structural']}), about the same "
            f"{chances['stability']}, worse {chances['deterioration']}"
        )
    last = list(result.improvement.values())[-1]
    return style.illustrate(
        lambda layout: _draw(result, layout),
        alt=f"Stacked bars of chances for {result.label}. {'; '.join(said)}.",
        caption=(
            f"Chances that the {result.measure} is at least {change} lower, about the same, or at least "
            f"{change} higher than in {period(result, result.origin)}. Technical: under the framework in force; "
            f"structural: under a new one (chance of one by {period(result, last.until)}: "
            f"{chance(last.new_framework.value)}). The percents of a bar add up to 100."
        ),
    )


def _draw(result: Assessment, layout: style.Layout) -> "Figure":
    from matplotlib.patches import Patch

    names = {months: period(result, outlook.until) for months, outlook in result.improvement.items()}
    label_width = max(style.text_width(name, layout.font) for name in names.values())
    left, right = (label_width + 0.3, 0.45) if layout.wide else (0.02, 0.42)
    row, head = (0.52, 0.36) if layout.wide else (0.66, 0.48)
    height = head + row * len(result.horizons)
    figure = style.new_figure(layout, height)
    on = style.axes(figure, left, 0.02, layout.width - left - right, height - head)
    on.set_xlim(0, 100)
    on.set_ylim(len(result.horizons), 0)
    on.axis("off")
    for place, outlook in enumerate(result.improvement.values()):
        parts = printed_percents(outlook)
        _draw_bar(on, place + 0.6, {name: parts[name] for name in COLUMNS}, 0.44 if layout.wide else 0.4, layout)
        name, until = count(outlook.months, "month"), names[outlook.months]
        if layout.wide:
            for text, weight in ((f"{name}\n", "bold"), (f"\n{until}", "normal")):
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
            on.text(0, place + 0.16, f"{name}: {until}", va="center", fontweight="bold")
    handles = [Patch(color=_COLORS[name][0], label=words) for name, words in COLUMNS.items()]
    style.legend(figure, handles, left, height - 0.05, 4 if layout.wide else 2)
    return figure


def _draw_bar(on: "Axes", y: float, parts: dict[str, int], thick: float, layout: style.Layout) -> None:
    begin = 0
    for name, whole in parts.items():
        fill, ink = _COLORS[name]
        on.barh(y, whole, left=begin, height=thick, color=fill, edgecolor="white", linewidth=0.8)
        middle = begin + whole / 2
        if name == "structural" and whole < _ROOM:
            on.annotate(chance(whole / 100), (100, y), (4, 0), textcoords="offset points", va="center", color=style.INK)
        elif whole >= _ROOM:
            on.text(middle, y, chance(whole / 100), ha="center", va="center", color=ink, fontweight="bold")
        else:
            on.text(
                max(middle, 1),
                y - thick / 2 - 0.02,
                chance(whole / 100),
                ha="center",
                va="bottom",
                fontsize=layout.font - 1,
            )
        begin += whole
