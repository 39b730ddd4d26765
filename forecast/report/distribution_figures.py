"""Figures of probabilities and estimates: stacked bars, distributions, dots with intervals, calibration curves."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.evaluation.scores import Band
from forecast.evaluation.skill import CHOSEN_ON
from forecast.outlook import (
    Assessment,
    Brief,
    Estimate,
    Headroom,
    NotDefined,
    main_horizon,
    printed_chances,
    printed_changes,
    printed_percents,
)
from forecast.outlook.draws import FitLike, dyad_draws
from forecast.report import style
from forecast.report.skill import PERIODS, Compared, cell
from forecast.report.words import CHANGES, COLUMNS, interval, period, unit, verdict
from forecast.typing import Float
from forecast.wording import chance, count, join, month, number, percent

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
        lambda layout: _draw_bars(bars, CHANGES, layout),
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
        lambda layout: _draw_bars(bars, COLUMNS, layout),
        alt=f"Stacked bars of chances for {result.label}. {'; '.join(said)}.",
        caption=(
            f"Chances that the {result.measure} is at least {change} lower, similar, or at least "
            f"{change} higher over the months ahead than over the last {count(result.baseline_months, 'month')}. "
            f"{parts} (chance of a new framework by {period(result, last.until)}: {chance(last.new_framework.value)}). "
            "The percents of a bar add up to 100."
        ),
    )


def _draw_bars(bars: Bars, outcomes: Mapping[str, str], layout: style.Layout) -> "Figure":
    rows = 0.46 * len(bars) + 0.1 if layout.wide else 0.5 * len(bars) + 0.3
    figure, (on,) = style.subplots(layout, rows + 0.3)
    style.name_rows(on, list(bars), layout)
    for place, parts in enumerate(bars.values()):
        _draw_bar(on, place, parts, outcomes, layout)
    style.bare(on, "x")
    on.set_xlim(0, 100)
    style.legend(figure, 4 if layout.wide else 2)
    return figure


def _draw_bar(
    on: "Axes", y: float, parts: Mapping[str, int], outcomes: Mapping[str, str], layout: style.Layout
) -> None:
    begin, last, free, thick = 0, list(parts)[-1], 1.0, 0.46
    for name, whole in parts.items():
        fill, ink = _COLORS[name]
        hatch = "////" if name in _HATCHED else None  # orange and blue are alike in grey
        look: Any = {"color": fill, "edgecolor": "white", "linewidth": 0.8, "hatch": hatch, "label": outcomes[name]}
        on.barh(y, whole, left=begin, height=thick, **look)
        middle, text = begin + whole / 2, chance(whole / 100)
        if name == last and whole < _ROOM:
            style.note(on, text, (100, y), (4, 0), va="center", color=style.INK)
        elif whole >= _ROOM:
            box = {"facecolor": fill, "edgecolor": "none", "pad": 1.5}
            on.text(middle, y, text, ha="center", va="center", color=ink, fontweight="bold", bbox=box)
        else:
            place = max(middle, free)
            free = place + _APART
            on.text(place, y - thick / 2 - 0.02, text, ha="center", va="bottom", fontsize=layout.font - 1)
        begin += whole


_STEP = 5
_EDGES = np.arange(0, 100 + _STEP, _STEP)
_BINS = 25


def standing(fit: FitLike, result: Assessment) -> style.Illustration:
    """Draw how the record's shares are distributed, with the present one among them."""
    here = result.standing
    spent, units = _percent_by_share(fit, result), f"{unit(result)}s"
    since, now = month(here.since), period(result, result.origin)
    years = [f"{year} ({chance(likely.value)})" for year, likely in here.lowest_years.items()]
    fullest = int(spent.argmax())
    return style.illustrate(
        lambda layout: _draw_standing(result, spent, layout),
        alt=(
            f"Histogram of the {result.measure} in the {units} since {since}: most often between "
            f"{_EDGES[fullest]} and {_EDGES[fullest + 1]}. In {now} it is {interval(here.level)}, higher than "
            f"in {interval(here.percentile)}% of the earlier {units} (90% equal-tailed). Chance that no "
            f"{unit(result)} was lower: {chance(here.lowest.value)}."
            + (f" Years most likely to have been the lowest: {join(years)}." if years else "")
        ),
        caption=(
            f"The {units} since {since} by their {result.measure} (percent of them in each {_STEP} points, "
            f"posterior mean; dark below the present median), and {now}: median and 90% equal-tailed interval. It is "
            f"higher than {percent(here.percentile.median / 100)} of the earlier {units} (90% equal-tailed "
            f"{number(here.percentile.low, 0)} to {number(here.percentile.high, 0)})."
            + (" The other bars: years most likely to have had the lowest mean share." if years else "")
        ),
    )


def _percent_by_share(fit: FitLike, result: Assessment) -> Float:
    """Return the percent of the record's earlier periods in each step of share, averaged over the draws."""
    own = dyad_draws(fit, result.dyad)
    past = own.share[..., own.clock.since(result.standing.since) : -1]
    return 100 * np.histogram(past, _EDGES)[0] / past.size


def _draw_standing(result: Assessment, spent: Float, layout: style.Layout) -> "Figure":
    years = len(result.standing.lowest_years)
    if not years:
        figure, axes = style.subplots(layout, 3.0)
    elif layout.wide:
        figure, axes = style.subplots(layout, 3.0, 1, 2, width_ratios=(3, 1))
    else:
        figure, axes = style.subplots(layout, 3.4 + 0.24 * years, 2, height_ratios=(2.4, 0.24 * years))
    _draw_histogram(axes[0], result, spent)
    for on in axes[1:]:
        _draw_lowest_years(on, result, layout)
    return figure


def _draw_histogram(on: "Axes", result: Assessment, spent: Float) -> None:
    value = result.standing.level
    colors = [style.LEVEL if end <= value.median else style.SAME for end in _EDGES[1:]]
    on.bar(_EDGES[:-1], spent, width=_STEP, align="edge", color=colors, alpha=0.75, edgecolor="white", linewidth=0.8)
    top = float(spent.max()) * 1.08
    on.set_xlim(0, 100)
    on.set_ylim(0, top)
    on.set_xlabel(f"{result.measure}, 0 to 100")
    style.frame(on, "y")
    step = max(1, round(top / 4)) if top < 20 else 5 * round(top / 20)
    on.set_yticks(ticks := range(0, int(top) + 1, step), [f"{tick}%" for tick in ticks])
    height = 1.1 * top  # The present level stands above the bars
    style.dot_interval(on, height, value.median, (value.low, value.high), style.INK, clip_on=False)
    on.plot([value.median] * 2, [0, height], ":", color=style.INK, linewidth=1, clip_on=False)
    text = f"{period(result, result.origin)}: {interval(value)}"
    style.note(on, text, (min(max(value.median, 25), 75), height), (0, 7), ha="center", va="bottom", fontweight="bold")


def _draw_lowest_years(on: "Axes", result: Assessment, layout: style.Layout) -> None:
    """Draw the years most likely to have been the lowest as bars of their chance."""
    years = {str(year): 100 * likely.value for year, likely in result.standing.lowest_years.items()}
    style.name_rows(on, list(years), layout)
    on.barh(range(len(years)), list(years.values()), height=0.62, color=style.WORSE)
    for place, value in enumerate(years.values()):
        style.note(on, chance(value / 100), (value, place), (4, 0), va="center", fontsize=layout.font - 1)
    style.bare(on, "x")
    on.set_xlim(0, max(years.values()) * 1.02 + 1e-9)
    on.set_title(f"Lowest year since {result.standing.since:%Y}: chance", fontweight="normal")


def headroom(result: Assessment) -> style.Illustration | None:
    """Draw the headroom of the current framework and, for comparison, what is known of it without its months."""
    room = result.frameworks.headroom
    if isinstance(room, NotDefined):
        return None
    learning, said = room.learning, verdict(room.learning)
    numbers = (
        f"{interval(room.log_odds, 1)} with these data, {interval(learning.comparison, 1)} according to "
        f"{learning.compared_with} (medians, 90% equal-tailed)"
    )
    return style.illustrate(
        lambda layout: _draw_headroom(room, layout),
        alt=f"Two densities of the headroom in log-odds: {numbers}. {said}",
        caption=(
            f"Headroom of the current framework (ceiling less the trend where the era began, log-odds): {numbers}. "
            f"The latter is what is "
            f"known of a framework without a single {unit(result)} of its own. {said}"
        ),
    )


def _draw_headroom(room: Headroom, layout: style.Layout) -> "Figure":
    figure, (on,) = style.subplots(layout, 2.4)
    values, others = room.log_odds.draws, room.learning.comparison.draws
    high = float(np.quantile(np.concatenate([values.ravel(), others.ravel()]), 0.99))
    edges = np.linspace(0, high, _BINS)
    own, compared = (np.histogram(draws, edges, density=True)[0] for draws in (values, others))
    on.stairs(own, edges, label="with these data", fill=True, color=style.CEILING, alpha=0.45)
    on.stairs(compared, edges, label=f"according to {room.learning.compared_with}", color=style.INK, linewidth=1.3)
    style.bare(on, "y")
    on.set_xlim(0, high)
    on.set_ylim(0, None)
    on.set_xlabel("headroom, log-odds")
    style.legend(figure, 2 if layout.wide else 1)
    return figure


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
_LEADS = {"this": style.BETTER, "other": style.WORSE}
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
    for on, ((name, scale, *_), values) in zip(axes, there.items(), strict=True):
        style.frame(on, "x")
        style.name_rows(on, labels if on is axes[0] or not layout.wide else [""] * len(labels), layout)
        for place, value in enumerate(values):
            color = style.LEVEL if place == 0 else style.MUTED
            style.dot_interval(on, place, value.median, (value.low, value.high), color)
        on.axhspan(-0.5, 0.5, color=style.SHADE, linewidth=0, zorder=0)
        if scale.endswith("log scale"):
            low, high = min(value.low for value in values) / 1.15, max(value.high for value in values) * 1.15
            on.set_xlim(low, high)
            style.log_axis(on, [tick for tick in (1, 3, 6, 12, 24, 48, 96, 192, 384, 768) if low <= tick <= high])
        else:
            on.set_xlim(0, 100)
            on.set_xticks(range(0, 101, 25))
        on.get_yticklabels()[0].set_fontweight("bold")
        on.set_title(name)
        on.set_xlabel(scale)
    return figure


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
    height = down * (0.235 * len(rows) + 0.6) + 0.6
    figure, axes = style.subplots(layout, height, down, across, sharex=True, sharey=True)
    for on, (title, points) in zip(axes, panels.items(), strict=False):
        style.frame(on, "x")
        style.name_rows(on, rows, layout)
        for place, row in enumerate(rows):
            now, earlier = points.get(row, (None, None))
            for one, y in ((now, place - 0.12), (earlier, place + 0.22)):
                if one:
                    color, ends = _LEADS.get(one.ahead, style.MUTED), (one.low, one.high)
                    style.dot_interval(on, y, one.difference, ends, color, small=one is earlier)
        on.axvline(0, color=style.INK, linewidth=0.8, zorder=1)
        on.locator_params(axis="x", nbins=4)
        on.set_title(title)
    for on in axes[len(panels) :]:
        on.set_visible(False)
    figure.supxlabel("points of CRPS; left of zero: better", fontsize=layout.font - 1)
    pairs = [pair for points in panels.values() for pair in points.values()]
    used = {_LEADS.get(one.ahead, style.MUTED) for pair in pairs for one in pair if one}
    keys = [(color, words, False) for color, words in _LEGEND.items() if color in used]
    if any(earlier for _, earlier in pairs):
        keys.append((style.MUTED, f"small: {PERIODS[CHOSEN_ON]}", True))
    for color, words, small in keys:
        style.dot_interval(axes[0], 0, np.nan, (None, None), color, small=small, label=words)
    style.legend(figure, 4 if layout.wide else 2)
    return figure


@dataclass(frozen=True)
class Curve:
    """A panel of calibration: the subject's curve with its band, and the ten-year base rate's without."""

    title: str
    x_label: str
    y_label: str
    own: Band | None
    reference: Band | None
    diagonal: bool  # Whether calibrated forecasts follow the diagonal, and not zero


def calibration(
    curves: Sequence[Curve], *, subject: str, caption: str, reference: str = "ten-year base rate"
) -> style.Illustration | None:
    """Draw calibration curves, one panel each; none where there is none."""
    if not curves:
        return None
    said = "; ".join(f"{one.title}: {_outside(one)}" for one in curves)
    return style.illustrate(
        lambda layout: _draw_calibration(curves, (subject, reference), layout),
        alt=f"Calibration curves of {subject}. {said}.",
        caption=caption,
    )


def _outside(curve: Curve) -> str:
    assert curve.own is not None
    share = curve.own.outside
    return "inside its 95% band throughout" if share == 0 else f"outside its 95% band along {percent(share)} of it"


def _draw_calibration(curves: Sequence[Curve], names: tuple[str, str], layout: style.Layout) -> "Figure":
    across, down = (max(len(curves), 2), 1) if layout.wide else (1, len(curves))
    height = layout.width / across + 0.4 if layout.wide else 3.0 * down + 0.5
    figure, axes = style.subplots(layout, height, down, across)
    for on, curve in zip(axes, curves, strict=False):
        on.set_box_aspect(1 if layout.wide else 0.62)
        _draw_curve(on, curve, names)
    for on in axes[len(curves) :]:
        on.set_visible(False)
    style.legend(figure, 3 if layout.wide else 2)
    return figure


def _draw_curve(on: "Axes", curve: Curve, names: tuple[str, str]) -> None:
    own, reference = curve.own, curve.reference
    assert own is not None
    on.plot(own.x, own.y, color=style.LEVEL, linewidth=1.8, label=names[0], zorder=3)
    if reference is not None:
        on.plot(reference.x, reference.y, color=style.OBSERVED, linewidth=1.1, label=names[1])
    band: Any = {"color": style.SAME, "alpha": 0.6, "linewidth": 0, "label": "95% band if calibrated"}
    on.fill_between(own.x, own.low, own.high, **band)
    on.plot([0, 1], [0, int(curve.diagonal)], ":", color=style.INK, linewidth=1)
    ticks = [0, 0.25, 0.5, 0.75, 1], ["0", "", "0.5", "", "1"]
    on.set_xlim(0, 1)
    on.set_xticks(*ticks)
    if curve.diagonal:
        on.set_ylim(0, 1)
        on.set_yticks(*ticks)
    else:
        drawn = [own.y, own.low, own.high, *([] if reference is None else [reference.y])]
        reach = 1.1 * max(float(np.abs(values).max()) for values in drawn)
        on.set_ylim(-reach, reach)
        on.locator_params(axis="y", nbins=5)
    on.grid(color=style.GRID, linewidth=0.6)
    on.set_axisbelow(True)
    on.set_title(curve.title)
    on.set_xlabel(curve.x_label)
    on.set_ylabel(curve.y_label)
