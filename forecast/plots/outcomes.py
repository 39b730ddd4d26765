"""Figures of what may come and why.

They show probabilities of outcomes, scenarios, and contributions to a forecast.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import cycle, islice, product
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from forecast.base import wording
from forecast.base.arguments import checked
from forecast.base.errors import DataError, SpecError
from forecast.base.typing import Months
from forecast.base.wording import chance, count, day, join, month, number, signed
from forecast.outlook import Assessment, NotDefined, Probability, printed_changes, printed_percents
from forecast.outlook.comparison import Change
from forecast.outlook.contributions import Attribution
from forecast.outlook.scenarios import Scenarios
from forecast.outlook.snapshot import LEVEL, as_shown
from forecast.outlook.windows import Prospect
from forecast.plots import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CHANGES = {"down": "Lower", "same": "Similar", "up": "Higher"}
"""Changes of the share, from lower to higher, as in bars and tables."""
COLUMNS = {
    "deterioration": "Lower",
    "stability": "Similar",
    "technical": "Higher, technical",
    "structural": "Higher, structural",
}
"""The outcomes at a horizon, from lower to higher, as a bar has them."""
_LOOKS = {
    "Lower": (style.WORSE, "white", "////"),  # orange and blue are alike in grey
    "Similar": (style.SAME, style.INK, None),
    "Higher": (style.BETTER, "white", None),
    "Higher, technical": (style.BETTER, "white", None),
    "Higher, structural": (style.RESET, style.INK, None),
}
"""Fill, ink and hatching of each outcome."""
_APART = 5.5  # percents between the middles of two numbers above a bar
_ROOM = 7  # percents: a narrower part has its number above or next to the bar
_THICK = 0.46  # of a bar, in rows

type Which = Literal["observed", "expected"]
type Bars = Mapping[int, tuple[str, Mapping[str, int]]]
"""By horizon, it in words and whole percents by outcome, from lower to higher; they add up to
100."""
WITHOUT = "without a scenario"
_SCENARIO_LOOKS: Sequence[tuple[Any, str]] = list(
    product(
        ("-", (0, (6, 2)), (0, (2, 1.5))),
        (style.OBSERVED, style.EQUILIBRIUM, style.CEILING, style.WORSE, style.RESET, style.INK),
    )
)
"""Dashes and colours of scenarios in order: colours first, then other dash patterns."""
WEEKS_SHOWN = 3
"""Up to so many months contributions are by week."""


@checked
def plot_probabilities(
    data: Assessment,
    *,
    share: Literal["observed", "expected"] = "observed",
    horizons: Sequence[Months] | None = None,
    ci_prob: float | None = None,
    ax: "Axes | None" = None,
    figsize: tuple[float, float] | None = None,
    **kwargs: Any,
) -> "Axes":
    """Plot the probabilities of a lower, a similar and a higher share by horizon.

    Parameters
    ----------
    data : Assessment
        Of one dyad.
    share : {'observed', 'expected'}
        The share that will be recorded; or that of the underlying level, where higher is technical
        or structural.
    horizons : sequence of int, optional
        Months; by default all of the outlook.
    ci_prob : float, optional
        Probability of the interval of the Monte Carlo error, drawn where two outcomes meet; none by
        default.
    ax, figsize : optional
        Matplotlib axes to draw on; or width and height of a new figure, inches.
    **kwargs
        Options of the bars, for `matplotlib.axes.Axes.barh`.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> from forecast import plots
    >>> bars = plots.plot_probabilities(assessment, horizons=[12]).patches
    >>> round(sum(bar.get_width() for bar in bars))
    100
    """
    if horizons is not None and not set(horizons) <= set(data.horizons):
        raise SpecError(
            f"horizons: got {list(horizons)}; expected some of {join(map(str, data.horizons))}"
        )
    bars = outcome_percents(data, share, horizons)
    if not bars:
        raise DataError(
            "data: the probabilities of the share are not defined at these horizons; expected a "
            "baseline"
        )
    outcomes = CHANGES if share == "observed" else COLUMNS
    on = style.axes(ax, figsize, 0.5 * len(bars) + 0.5)
    style.name_rows(on, [words for words, _ in bars.values()])
    for row, (_, parts) in enumerate(bars.values()):
        _draw_bar(on, row, parts, outcomes, kwargs)
    if ci_prob is not None:
        _draw_errors(on, data, share, list(bars), ci_prob)
    style.bare(on, "x")
    on.set_xlim(0, 100)
    return style.finished(on, ax)


def outcome_percents(
    result: Assessment, share: Which, horizons: Sequence[int] | None = None
) -> Bars:
    """Return the chances of each horizon where they are defined."""
    bars: dict[int, tuple[date, dict[str, int]]]
    if share == "expected":
        order, bars = (
            COLUMNS,
            {
                months: (outlook.until, printed_percents(outlook))
                for months, outlook in result.improvement.items()
            },
        )
    else:
        windows = {} if isinstance(result.recorded, NotDefined) else result.recorded
        order, bars = (
            CHANGES,
            {
                months: (outlook.until, printed_changes(outlook))
                for months, outlook in windows.items()
            },
        )
    return {
        months: (
            f"{count(months, 'month')}\nto {wording.period(until, weekly=result.weekly)}",
            {name: percents[name] for name in order},
        )
        for months, (until, percents) in bars.items()
        if percents and (horizons is None or months in horizons)
    }


def _draw_bar(
    on: "Axes",
    y: float,
    parts: Mapping[str, int],
    outcomes: Mapping[str, str],
    options: dict[str, Any],
) -> None:
    begin, last, free = 0, list(parts)[-1], 1.0
    for name, whole in parts.items():
        fill, ink, hatch = _LOOKS[outcomes[name]]
        look: Any = {
            "color": fill,
            "edgecolor": "white",
            "linewidth": 0.8,
            "hatch": hatch,
            "label": outcomes[name],
        }
        on.barh(y, whole, **style.merged(look | {"left": begin, "height": _THICK}, options))
        middle, text = begin + whole / 2, chance(whole / 100)
        if name == last and whole < _ROOM:
            style.note(on, text, (100, y), (4, 0), va="center", color=style.INK)
        elif whole >= _ROOM:
            box = {"facecolor": fill, "edgecolor": "none", "pad": 1.5}
            on.text(
                middle, y, text, ha="center", va="center", color=ink, fontweight="bold", bbox=box
            )
        else:
            right = max(middle, free)
            free = right + _APART
            on.text(
                right, y - _THICK / 2 - 0.02, text, ha="center", va="bottom", fontsize=style.font(1)
            )
        begin += whole


def _draw_errors(
    on: "Axes", result: Assessment, share: Which, horizons: Sequence[int], ci_prob: float
) -> None:
    """Draw the intervals of the Monte Carlo error of the chances of lower and of higher."""
    for row, months in enumerate(horizons):
        level = result.improvement[months]
        ends: tuple[Any, Any] = level.deterioration, level.improvement
        if share == "observed" and not isinstance(result.recorded, NotDefined):
            ends = result.recorded[months].down, result.recorded[months].up
        for position, end in zip((ends[0].value, 1 - ends[1].value), ends, strict=True):
            error = style.normal(ci_prob) * end.mcse
            on.hlines(
                row,
                100 * (position - error),
                100 * (position + error),
                color=style.INK,
                linewidth=2.5,
                zorder=4,
            )


@checked
def plot_scenarios(
    data: Scenarios,
    *,
    part: Literal["level", "chances"] = "level",
    ci_prob: float | Sequence[float] = (0.5, 0.9),
    ax: "Axes | None" = None,
    figsize: tuple[float, float] | None = None,
    **kwargs: Any,
) -> "Axes":
    """Plot the level ahead, or the chances of a higher observed share.

    Both are drawn without a scenario and given each.

    Parameters
    ----------
    data : Scenarios
        Of `forecast.scenario`.
    part : {'level', 'chances'}
        The level by month; or by horizon the chance of a higher share, with triangles for what was
        recorded.
    ci_prob : float or sequence of float
        Probabilities of the intervals of the level, of which scenarios show the widest: 0.5, 0.9 or
        both.
    ax, figsize : optional
        Matplotlib axes to draw on; or width and height of a new figure, inches.
    **kwargs
        Options of the level without a scenario, for `matplotlib.axes.Axes.plot`; of the chances, of
        the bars.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> from datetime import date
    >>> from forecast import Assumed, plots, scenario
    >>> visit = Assumed(date(2025, 2, 1), "USA", "CHN", code="042")
    >>> found = scenario(fit, "USA-CHN", {"a visit": [visit]}, horizons=(3, 12))
    >>> [line.get_label() for line in plots.plot_scenarios(found).lines][:1]
    ['without a scenario']
    """
    looks = list(islice(cycle(_SCENARIO_LOOKS), len(data.scenarios)))
    on = style.axes(ax, figsize, 3.5)
    style.share_axis(on)
    if part == "chances":
        on.set_title("Chance of a higher recorded share by the model alone, %")
        _draw_chances(on, data, [color for _, color in looks], kwargs)
        return style.finished(on, ax)
    on.set_title("Level")
    now, ahead = style.year_of(data.origin), data.unconditional.fan
    years = now + np.asarray(ahead.months) / 12
    style.time_axis(on, now, float(years[-1]))
    look = style.merged({"color": style.LEVEL, "label": WITHOUT}, kwargs)
    style.bands(on, years, ahead.share[style.stored_places(ahead.quantiles, ci_prob)], look)
    for scenario, (line, color) in zip(data.scenarios, looks, strict=True):
        fan = scenario.conditional.fan.share[
            style.stored_places(scenario.conditional.fan.quantiles, ci_prob)
        ]
        for values, width in ((fan[0], 0.8), (fan[len(fan) // 2], 1.8), (fan[-1], 0.8)):
            label = scenario.name[:40] if width > 1 else None
            on.plot(years, values, color=color, linewidth=width, linestyle=line, label=label)
    return style.finished(on, ax)


def chances_of_higher(prospect: Prospect) -> dict[int, float]:
    """Return the chances of a higher observed share by horizon, where they are defined."""
    if isinstance(prospect.recorded, NotDefined):
        return {}
    chances = {months: window.up for months, window in prospect.recorded.items()}
    return {
        months: value.value for months, value in chances.items() if isinstance(value, Probability)
    }


def _draw_chances(
    on: "Axes", scenarios: Scenarios, colors: Sequence[str], options: dict[str, Any]
) -> None:
    places = np.arange(len(scenarios.horizons))
    on.set_xlim(-0.5, len(places) - 0.5)
    on.set_xticks(places, [count(months, "month") for months in scenarios.horizons])
    names = WITHOUT, *(scenario.name[:40] for scenario in scenarios.scenarios)
    rows = list(zip(scenarios.prospects, names, (style.LEVEL, *colors), strict=True))
    step = 0.7 / len(rows)
    for row, (prospect, name, color) in enumerate(rows):
        chances = chances_of_higher(prospect)
        positions = [
            column + (row - (len(rows) - 1) / 2) * step
            for column in places
            if scenarios.horizons[column] in chances
        ]
        look: dict[str, Any] = {"width": 0.86 * step, "color": color, "linewidth": 0, "label": name}
        on.bar(
            positions, [100 * value for value in chances.values()], **style.merged(look, options)
        )
    for column, months in enumerate(scenarios.horizons):
        if months in scenarios.followed and scenarios.followed[months].outcome != "void":
            higher = 100.0 if scenarios.followed[months].outcome == "up" else 0.0
            on.plot(
                [column],
                [higher],
                marker="^" if higher else "v",
                color=style.INK,
                markersize=8,
                clip_on=False,
            )


type Named = tuple[str, float]


@dataclass(frozen=True)
class Waterfall:
    """How a chance, or the level, came from what it was to what it is, part by part.

    Numbers are in percent or points.
    """

    start: Named
    parts: tuple[tuple[str, float, float], ...]  # Each with its Monte Carlo standard error
    end: Named
    unit: str

    @classmethod
    def of(cls, explained: Attribution | Change) -> "Waterfall":
        """Read contributions of events by week or month, or those of steps between two days."""
        name, before, now = explained.outcome, explained.before, explained.now
        if isinstance(explained, Change):
            horizon = None if isinstance(explained.asked, str) else explained.asked.horizon
            first, last = (f"as of {day(day_of_two)}" for day_of_two in explained.days)
            parts = [(step.name, step.added) for step in explained.steps]
        else:
            horizon, first, last = explained.horizon, "without them", "now"
            pool = explained.published
            if pool is not None:
                before, now = pool.before, pool.now
            elif explained.posed is not None:
                name = LEVEL  # of its chance only the model's contributions are known
            weekly = pool is None and len(explained.by_month) <= WEEKS_SHOWN
            parts = [
                (day(begin) if weekly else month(begin, short=True), part.added)
                for part in (
                    explained.by_week
                    if weekly
                    else explained.by_month
                    if pool is None
                    else pool.by_month
                )
                for begin in [date.fromisoformat(part.name)]
            ]
        what = "a yes" if horizon is None else f"a higher share in {count(horizon, 'month')}"
        return cls(
            start=(first, as_shown(name, before[name])[0]),
            parts=tuple((words, *as_shown(name, added[name])) for words, added in parts),
            end=(last, as_shown(name, now[name])[0]),
            unit="level of 100" if name == LEVEL else f"chance of {what}, %",
        )


@checked
def plot_attribution(
    data: "Attribution | Change",
    *,
    ci_prob: float | None = None,
    ax: "Axes | None" = None,
    figsize: tuple[float, float] | None = None,
    **kwargs: Any,
) -> "Axes":
    """Plot what contributed to a forecast: recent events by month, or the steps between two days.

    Parameters
    ----------
    data : Attribution or Change
        Of `forecast.attribute` or `forecast.split_change`. Up to three months are drawn by week.
    ci_prob : float, optional
        Probability of the interval of the Monte Carlo error of each contribution; none by default.
    ax, figsize : optional
        Matplotlib axes to draw on; or width and height of a new figure, inches.
    **kwargs
        Options of the bars, for `matplotlib.axes.Axes.barh`.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import numpy as np
    >>> from datetime import date
    >>> from forecast import plots
    >>> from forecast.outlook.comparison import Change, Step
    >>> from forecast.outlook.snapshot import numbers_of
    >>> chances = (np.full((2, 9), 0.25), np.full((2, 9), 0.5))
    >>> was, now = (numbers_of({"level": 100 * up, "yes": up}) for up in chances)
    >>> steps = (Step("time passed", was, now),)
    >>> days = (date(2023, 9, 30), date(2023, 10, 31))
    >>> change = Change("USA-CHN", days, "Will they meet?", was, now, steps)
    >>> [float(bar.get_width()) for bar in plots.plot_attribution(change).patches]
    [25.0]
    """
    waterfall = Waterfall.of(data)
    start, parts, end = waterfall.start, waterfall.parts, waterfall.end
    on = style.axes(ax, figsize, 0.3 * (len(parts) + 2) + 0.6)
    style.frame(on, "x")
    style.name_rows(on, [start[0], *(name for name, *_ in parts), end[0]])
    reached, ends = start[1], [start[1], end[1]]
    for step, (_, value, error) in enumerate(parts, 1):
        color = style.BETTER if value > 0 else style.WORSE
        look: dict[str, Any] = {
            "left": reached,
            "height": 0.62,
            "color": color,
            "linewidth": 0,
            "zorder": 2,
        }
        on.barh(step, value, **style.merged(look, kwargs))
        on.plot([reached, reached], [step - 1, step], color=style.MUTED, linewidth=0.7, zorder=1)
        style.note(on, signed(value, 1), (max(reached, reached + value), step), (4, 0), va="center")
        reached += value
        ends.append(reached)
        if ci_prob is not None:
            reach = style.normal(ci_prob) * error
            on.hlines(
                step, reached - reach, reached + reach, color=style.INK, linewidth=1.5, zorder=4
            )
    on.plot(
        [reached, reached], [len(parts), len(parts) + 1], color=style.MUTED, linewidth=0.7, zorder=1
    )
    for row, value in ((0, start[1]), (len(parts) + 1, end[1])):
        on.plot([value], [row], "o", color=style.INK, markersize=7, zorder=3)
        style.note(on, number(value, 1), (value, row), (7, 0), va="center", fontweight="bold")
    margin = max(0.12 * (max(ends) - min(ends)), 1.0)
    on.set_xlim(min(ends) - margin, max(ends) + margin)
    on.set_xlabel(
        "\n".join(style.wrap(waterfall.unit, 0.65 * style.width_of(on), style.font(), most=2))
    )
    return style.finished(on, ax)
