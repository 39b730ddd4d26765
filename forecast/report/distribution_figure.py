"""Distribution plots: the present level among past levels, and headroom before and after the data."""

from typing import TYPE_CHECKING

import numpy as np

from forecast.outlook import Assessment, Headroom, Learning, NotDefined
from forecast.outlook.draws import FitLike, dyad_draws
from forecast.report import style
from forecast.report.words import interval, period, unit, verdict
from forecast.typing import Float
from forecast.wording import chance, join, month, number, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

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
        figure, (on,) = style.subplots(layout, 3.0)
    elif layout.wide:
        figure, (on, lowest_years) = style.subplots(layout, 3.0, 1, 2, width_ratios=(3, 1))
    else:
        figure, (on, lowest_years) = style.subplots(layout, 3.4 + 0.24 * years, 2, height_ratios=(2.4, 0.24 * years))
    _draw_histogram(on, result, spent, layout)
    if years:
        _draw_lowest_years(lowest_years, result, layout)
    return figure


def _draw_histogram(on: "Axes", result: Assessment, spent: Float, layout: style.Layout) -> None:
    value = result.standing.level
    colors = [style.LEVEL if end <= value.median else style.SAME for end in _EDGES[1:]]
    on.bar(_EDGES[:-1], spent, width=_STEP, align="edge", color=colors, alpha=0.75, edgecolor="white", linewidth=0.8)
    top = float(spent.max()) * 1.08
    on.set_xlim(0, 100)
    on.set_ylim(0, top)
    on.set_xlabel(f"{result.measure}, 0 to 100", fontsize=layout.font - 1)
    style.frame(on, "y")
    step = max(1, round(top / 4)) if top < 20 else 5 * round(top / 20)
    on.set_yticks(ticks := range(0, int(top) + 1, step), [f"{tick}%" for tick in ticks])
    _mark_present(on, result, top * 1.1)


def _mark_present(on: "Axes", result: Assessment, height: float) -> None:
    """Mark the present level with its interval above the bars."""
    value = result.standing.level
    ends = [value.low, value.high]
    on.plot(ends, [height] * 2, color=style.INK, linewidth=2.5, clip_on=False, solid_capstyle="round")
    on.plot([value.median], [height], "o", color=style.INK, markersize=8, markeredgecolor="white", clip_on=False)
    on.plot([value.median] * 2, [0, height], ":", color=style.INK, linewidth=1, clip_on=False)
    on.annotate(
        f"{period(result, result.origin)}: {interval(value)}", (min(max(value.median, 25), 75), height), (0, 7),
        textcoords="offset points", ha="center", va="bottom", fontweight="bold", annotation_clip=False,
    )  # fmt: skip


def _draw_lowest_years(on: "Axes", result: Assessment, layout: style.Layout) -> None:
    """Draw the years most likely to have been the lowest as bars of their chance."""
    years = result.standing.lowest_years
    style.name_rows(on, [str(year) for year in years], layout)
    for place, likely in enumerate(years.values()):
        on.barh(place, 100 * likely.value, height=0.62, color=style.WORSE)
        at = (100 * likely.value, place)
        on.annotate(chance(likely.value), at, (4, 0), textcoords="offset points", va="center", fontsize=layout.font - 1)
    on.set_xlim(0, max(100 * likely.value for likely in years.values()) * 1.02 + 1e-9)
    on.set_xticks([])
    on.spines["bottom"].set_visible(False)
    on.set_title(f"Lowest year since {result.standing.since:%Y}: chance", fontsize=layout.font - 0.5, loc="left")


def headroom(result: Assessment) -> style.Illustration | None:
    """Draw the headroom of the current framework and, for comparison, what is known of it without its months."""
    room = result.frameworks.headroom
    if isinstance(room, NotDefined):
        return None
    learning = room.learning
    said = verdict(learning)
    numbers = (
        f"{interval(room.log_odds, 1)} with these data, {interval(learning.comparison, 1)} according to "
        f"{learning.compared_with} (medians, 90% equal-tailed)"
    )
    return style.illustrate(
        lambda layout: _draw_headroom(room, learning, layout),
        alt=f"Two densities of the headroom in log-odds: {numbers}. {said}",
        caption=(
            f"Headroom of the current framework (ceiling less the trend where the era began, log-odds): {numbers}. "
            f"The latter is what is "
            f"known of a framework without a single {unit(result)} of its own. {said}"
        ),
    )


def _draw_headroom(room: Headroom, learning: Learning, layout: style.Layout) -> "Figure":
    figure, (on,) = style.subplots(layout, 2.4)
    values, others = room.log_odds.draws, learning.comparison.draws
    high = float(np.quantile(np.concatenate([values.ravel(), others.ravel()]), 0.99))
    edges = np.linspace(0, high, _BINS)
    on.stairs(np.histogram(values, edges, density=True)[0], edges, fill=True, color=style.CEILING, alpha=0.45)
    on.stairs(np.histogram(others, edges, density=True)[0], edges, color=style.INK, linewidth=1.3)
    on.set_xlim(0, high)
    on.set_ylim(0, None)
    on.set_yticks([])
    on.spines["left"].set_visible(False)
    on.set_xlabel("headroom, log-odds", fontsize=layout.font - 1)
    handles = [
        style.patch(style.CEILING, "with these data", 0.45),
        style.key(style.INK, f"according to {learning.compared_with}", linewidth=1.3),
    ]
    style.legend(figure, handles, 2 if layout.wide else 1)
    return figure
