"""Stacked bars of probabilities by horizon: of recorded events, and of the level."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from forecast.outlook import (
    Assessment,
    NotDefined,
    main_horizon,
    printed_chances,
    printed_changes,
    printed_percents,
)
from forecast.report import style
from forecast.report.tables import CHANGES
from forecast.report.words import COLUMNS, period
from forecast.wording import chance, count

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLORS = {
    "down": (style.WORSE, "white"),
    "same": (style.SAME, style.INK),
    "up": (style.BETTER, "white"),
    "deterioration": (style.WORSE, "white"),
    "stability": (style.SAME, style.INK),
    "technical": (style.BETTER, "white"),
    "structural": (style.RESET, style.INK),
}
"""Fill and ink of each outcome."""
ENOUGH_EVENTS = 20
"""Expected events of a window: with fewer, one or two of them decide, and only the table has its chances."""
_HATCHED = ("down", "deterioration")
_APART = 5.5  # percents between the middles of two numbers above a bar
_ROOM = 7  # percents: a narrower part has its number above or next to the bar

type Bars = Mapping[str, Mapping[str, int]]
"""By horizon in words, whole percents by outcome, from lower to higher; they add up to 100."""


def recorded(result: Assessment) -> style.Illustration | None:
    """Draw the chances of what will be recorded, of horizons with enough events; none if they are defined at none."""
    if isinstance(result.recorded, NotDefined):
        return None
    main = main_horizon(result.horizons)
    shown = {at: one for at, one in result.recorded.items() if at == main or one.events.median >= ENOUGH_EVENTS}
    left_out = len(result.recorded) - len(shown)
    bars = {
        f"{count(months, 'month')}\nto {period(result, window.until)}": {name: percents[name] for name in CHANGES}
        for months, window in shown.items()
        if (percents := printed_changes(window))
    }
    if not bars:
        return None
    said = "; ".join(
        f"{when.replace('\n', ' ')}: "
        + ", ".join(f"{words.lower()} {chance(parts[name] / 100)}" for name, words in CHANGES.items())
        for when, parts in bars.items()
    )
    change = count(result.smallest_improvement, "point")
    return style.illustrate(
        lambda layout: _draw(bars, CHANGES, layout),
        alt=f"Stacked bars of chances for what will be recorded of {result.label}. {said}.",
        caption=(
            f"Chances that the cooperative share of what is recorded in the months ahead is at least {change} lower, "
            f"similar, or at least {change} higher than in the last {count(result.baseline_months, 'month')}."
            + f" {count(left_out, 'window')} with fewer than {ENOUGH_EVENTS} expected events left out."
            * bool(left_out)
        ),
    )


def level(result: Assessment) -> style.Illustration:
    """Draw the chances of the level at each horizon."""
    change = count(result.smallest_improvement, "point")
    bars, said = {}, []
    for outlook in result.improvement.values():
        chances, percents = printed_chances(outlook), printed_percents(outlook)
        until = period(result, outlook.until)
        bars[f"{count(outlook.months, 'month')}\nto {until}"] = {name: percents[name] for name in COLUMNS}
        said.append(
            f"to {until}: higher {chances['improvement']} (technical {chances['technical']}, structural "
            f"{chances['structural']}), similar {chances['stability']}, lower {chances['deterioration']}"
        )
    last = list(result.improvement.values())[-1]
    parts = (
        f"Structural: the trend has risen by {change} too; technical: it has not"
        if result.moving
        else "Technical: under the current framework; structural: under a new one"
    )
    return style.illustrate(
        lambda layout: _draw(bars, COLUMNS, layout),
        alt=f"Stacked bars of chances for {result.label}. {'; '.join(said)}.",
        caption=(
            f"Chances that the {result.measure} is at least {change} lower, similar, or at least "
            f"{change} higher over the months ahead than over the last {count(result.baseline_months, 'month')}. "
            f"{parts} (chance of a new framework by {period(result, last.until)}: {chance(last.new_framework.value)}). "
            "The percents of a bar add up to 100."
        ),
    )


def _draw(bars: Bars, outcomes: Mapping[str, str], layout: style.Layout) -> "Figure":
    rows = 0.46 * len(bars) + 0.1 if layout.wide else 0.5 * len(bars) + 0.3
    figure, (on,) = style.subplots(layout, rows + 0.3)
    style.name_rows(on, list(bars), layout)
    for place, parts in enumerate(bars.values()):
        _draw_bar(on, place, parts, layout)
    on.set_xlim(0, 100)
    on.set_xticks([])
    on.spines["bottom"].set_visible(False)
    handles = [style.patch(_COLORS[name][0], words, hatched=name in _HATCHED) for name, words in outcomes.items()]
    style.legend(figure, handles, 4 if layout.wide else 2)
    return figure


def _draw_bar(on: "Axes", y: float, parts: Mapping[str, int], layout: style.Layout) -> None:
    begin, last, free, thick = 0, list(parts)[-1], 1.0, 0.46
    for name, whole in parts.items():
        fill, ink = _COLORS[name]
        hatch = "////" if name in _HATCHED else None  # orange and blue are alike in grey
        on.barh(y, whole, left=begin, height=thick, color=fill, edgecolor="white", linewidth=0.8, hatch=hatch)
        middle, text = begin + whole / 2, chance(whole / 100)
        if name == last and whole < _ROOM:
            on.annotate(text, (100, y), (4, 0), textcoords="offset points", va="center", color=style.INK)
        elif whole >= _ROOM:
            box = {"facecolor": fill, "edgecolor": "none", "pad": 1.5}
            on.text(middle, y, text, ha="center", va="center", color=ink, fontweight="bold", bbox=box)
        else:
            place = max(middle, free)
            free = place + _APART
            on.text(place, y - thick / 2 - 0.02, text, ha="center", va="bottom", fontsize=layout.font - 1)
        begin += whole
