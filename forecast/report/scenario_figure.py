"""The level and the chances given what scenarios assume, beside the outlook without any."""

from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.outlook import NotDefined, Probability
from forecast.outlook.prospect import Prospect
from forecast.outlook.scenarios import Scenarios
from forecast.report import style
from forecast.wording import chance, count, number, period

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLORS = (style.OBSERVED, style.EQUILIBRIUM, style.CEILING, style.WORSE, style.RESET, style.INK)
LINES: tuple[Any, ...] = ("-", (0, (6, 2)), (0, (2, 1.5)))
"""Of scenarios in order: colours, and once these are used up other lines."""
WITHOUT = "without a scenario"


def illustrate(found: Scenarios) -> style.Illustration:
    """Draw the fan of the level and the chances of a higher share, with and without what is assumed."""
    change = count(found.smallest_improvement, "point")
    said = [
        f"{name}: {_in_words(own, found)}"
        for name, own in ((WITHOUT, found.unconditional), *((one.name, one.prospect) for one in found.scenarios))
    ]
    followed = " Triangles: what was recorded, higher (100 %) or not (0 %)." if found.followed else ""
    return style.illustrate(
        lambda layout: _draw(found, layout),
        alt=f"Fans of the level and chances for {found.label}, {found.stamp}. {'. '.join(said)}.",
        caption=(
            f"{found.stamp.capitalize()}. Above: the level ahead. Filled: median, 50 % and 90 % equal-tailed bands "
            "without a scenario; lines: median and, thin, the 90 % band given each scenario. Below: by horizon, the "
            f"chance that the cooperative share of what is recorded is at least {change} higher than in as many months "
            f"before.{followed}"
        ),
    )


def _in_words(own: Prospect, found: Scenarios) -> str:
    last = found.horizons[-1]
    level = number(own.improvement[last].level.median, 0)
    chances = [f"{count(months, 'month')} {chance(value)}" for months, value in _higher(own).items()]
    until = period(own.improvement[last].until, weekly=found.weekly)
    return f"median of the level {level} in {until}; chances of a higher share {', '.join(chances) or 'not defined'}"


def _higher(own: Prospect) -> dict[int, float]:
    if isinstance(own.recorded, NotDefined):
        return {}
    chances = {months: window.up for months, window in own.recorded.items()}
    return {months: one.value for months, one in chances.items() if isinstance(one, Probability)}


def _draw(found: Scenarios, layout: style.Layout) -> "Figure":
    left, right, head, foot = (0.36, 0.12, 0.3, 0.3) if layout.wide else (0.34, 0.08, 0.3, 0.3)
    columns = 3 if layout.wide else 1
    keys = -(-(len(found.scenarios) + 1) // columns) * 0.2
    upper, lower, gap = 2.7 if layout.wide else 2.2, 1.9, 0.62
    height = foot + lower + gap + upper + head + keys
    figure = style.new_figure(layout, height)
    width = layout.width - left - right
    fan = style.axes(figure, left, foot + lower + gap, width, upper)
    _draw_fans(fan, found)
    _title(fan, "Level", layout)
    chances = style.axes(figure, left, foot, width, lower)
    _draw_chances(chances, found)
    _title(chances, "Chance of a higher recorded share, %", layout)
    style.legend(figure, _handles(found), left, height - 0.05, columns)
    return figure


def _title(on: "Axes", text: str, layout: style.Layout) -> None:
    on.annotate(
        text, (0, 1), (-20.0 if layout.wide else -18.0, 6), xycoords="axes fraction", textcoords="offset points",
        va="bottom", fontweight="bold", annotation_clip=False,
    )  # fmt: skip


def _look(place: int) -> tuple[str, Any]:
    """Return the colour and the line of a scenario."""
    return COLORS[place % len(COLORS)], LINES[place // len(COLORS) % len(LINES)]


def _draw_fans(on: "Axes", found: Scenarios) -> None:
    now = style.year_of(found.origin)
    fan = found.unconditional.fan
    ahead = now + np.asarray(fan.months) / 12
    style.share_axis(on)
    style.time_axis(on, now, float(ahead[-1]))
    style.bands(on, ahead, np.asarray(fan.share), style.LEVEL)
    for place, one in enumerate(found.scenarios):
        color, line = _look(place)
        low, _, middle, _, high = np.asarray(one.prospect.fan.share)
        for values, width in ((low, 0.8), (middle, 1.8), (high, 0.8)):
            on.plot(ahead, values, color=color, linewidth=width, linestyle=line)


def _draw_chances(on: "Axes", found: Scenarios) -> None:
    style.share_axis(on)
    places = np.arange(len(found.horizons))
    on.set_xlim(-0.5, len(places) - 0.5)
    names = [count(months, "month") for months in found.horizons]
    on.set_xticks(places, names)
    rows = [(found.unconditional, style.LEVEL), *((one.prospect, _look(i)[0]) for i, one in enumerate(found.scenarios))]
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


def _handles(found: Scenarios) -> list[object]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: list[object] = [Patch(color=style.LEVEL, alpha=0.6, label=WITHOUT)]
    for place, one in enumerate(found.scenarios):
        color, line = _look(place)
        handles.append(Line2D([], [], color=color, linewidth=2, label=one.name[:40], linestyle=line))
    return handles
