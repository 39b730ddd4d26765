"""Where the present level stands against the dyad's own record."""

from typing import TYPE_CHECKING

import numpy as np

from forecast.outlook import Assessment
from forecast.outlook.draws import FitLike, dyad_draws
from forecast.report import style
from forecast.report.words import interval, period, unit
from forecast.typing import Float
from forecast.wording import chance, join, month, number, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_STEP = 5
_EDGES = np.arange(0, 100 + _STEP, _STEP)


def illustrate(fit: FitLike, result: Assessment) -> style.Illustration:
    """Draw how the record's shares are distributed, with the present one among them."""
    here = result.standing
    spent, units = _percent_by_share(fit, result), f"{unit(result)}s"
    since, now = month(here.since), period(result, result.origin)
    years = [f"{year} ({chance(likely.value)})" for year, likely in here.lowest_years.items()]
    fullest = int(spent.argmax())
    return style.illustrate(
        lambda layout: _draw(result, spent, layout),
        alt=(
            f"Histogram of the {result.measure} in the {units} since {since}: most often between "
            f"{_EDGES[fullest]} and {_EDGES[fullest + 1]}. In {now} it is {interval(here.level)}, higher than "
            f"in {interval(here.percentile)} % of the earlier {units} (90 % equal-tailed). Chance that no "
            f"{unit(result)} was lower: {chance(here.lowest.value)}."
            + (f" Years most likely to have been the lowest: {join(years)}." if years else "")
        ),
        caption=(
            f"The {units} since {since} by their {result.measure} (percent of them in each {_STEP} points, "
            f"posterior mean; dark below the present median), and {now}: median and 90 % equal-tailed interval. It is "
            f"higher than {percent(here.percentile.median / 100)} of the earlier {units} (90 % equal-tailed "
            f"{number(here.percentile.low, 0)} to {number(here.percentile.high, 0)})."
            + (" The other bars: years most likely to have had the lowest mean share." if years else "")
        ),
    )


def _percent_by_share(fit: FitLike, result: Assessment) -> Float:
    """Return the per cent of the record's earlier periods in each step of share, averaged over the draws."""
    own = dyad_draws(fit, result.dyad)
    past = own.share[..., own.clock.since(result.standing.since) : -1]
    return 100 * np.histogram(past, _EDGES)[0] / past.size


def _draw(result: Assessment, spent: Float, layout: style.Layout) -> "Figure":
    years = len(result.standing.lowest_years)
    right_panel = 2.3 if layout.wide and years else 0.0
    under = 0.55 + 0.24 * years if years and not layout.wide else 0.0
    left, right, tall, below, head = 0.42, 0.12, 2.0, 0.5, 0.62
    width = layout.width - left - right - right_panel - (0.75 if right_panel else 0)
    figure = style.new_figure(layout, head + tall + below + under)
    on = style.axes(figure, left, below + under, width, tall)
    _draw_histogram(on, result, spent, layout)
    if right_panel:
        _draw_lowest_years(
            style.axes(figure, left + width + 0.75, below + 0.35, right_panel - 0.35, 1.5), result, layout
        )
    elif years:
        _draw_lowest_years(style.axes(figure, left + 0.1, 0.08, width - 0.6, 0.24 * years), result, layout)
    return figure


def _draw_histogram(on: "Axes", result: Assessment, spent: Float, layout: style.Layout) -> None:
    value = result.standing.level
    lower = _EDGES[1:] <= value.median
    on.bar(
        _EDGES[:-1],
        spent,
        width=_STEP,
        align="edge",
        color=[style.LEVEL if below else style.SAME for below in lower],
        alpha=0.75,
        edgecolor="white",
        linewidth=0.8,
    )
    top = float(spent.max()) * 1.08
    on.set_xlim(0, 100)
    on.set_ylim(0, top)
    on.set_xlabel(f"{result.measure}, 0 to 100", fontsize=layout.font - 1)
    step = max(1, round(top / 4)) if top < 20 else 5 * round(top / 20)
    on.set_yticks(ticks := range(0, int(top) + 1, step), [f"{tick} %" for tick in ticks])
    on.grid(axis="y", color=style.GRID, linewidth=0.6)
    on.set_axisbelow(True)
    on.spines["left"].set_visible(False)
    on.tick_params(axis="y", length=0)
    _mark_present(on, result, top * 1.1, layout)


def _mark_present(on: "Axes", result: Assessment, height: float, layout: style.Layout) -> None:
    """Mark the present level with its interval above the bars."""
    value = result.standing.level
    on.plot(
        [value.low, value.high], [height] * 2, color=style.INK, linewidth=2.5, clip_on=False, solid_capstyle="round"
    )
    on.plot([value.median], [height], "o", color=style.INK, markersize=8, markeredgecolor="white", clip_on=False)
    on.plot([value.median] * 2, [0, height], ":", color=style.INK, linewidth=1, clip_on=False)
    on.annotate(
        f"{period(result, result.origin)}: {interval(value)}",
        (min(max(value.median, 22 if layout.wide else 30), 78 if layout.wide else 70), height),
        (0, 7),
        textcoords="offset points",
        ha="center",
        va="bottom",
        fontweight="bold",
        annotation_clip=False,
    )


def _draw_lowest_years(on: "Axes", result: Assessment, layout: style.Layout) -> None:
    """Draw the years most likely to have been the lowest as bars of their chance."""
    years = result.standing.lowest_years
    for place, (year, likely) in enumerate(years.items()):
        on.barh(place, 100 * likely.value, height=0.62, color=style.WORSE)
        on.annotate(
            chance(likely.value),
            (100 * likely.value, place),
            (4, 0),
            textcoords="offset points",
            va="center",
            fontsize=layout.font - 1,
        )
        on.annotate(
            str(year),
            (0, place),
            (-5, 0),
            textcoords="offset points",
            ha="right",
            va="center",
            fontsize=layout.font - 1,
            annotation_clip=False,
        )
    on.set_ylim(len(years) - 0.5, -0.5)
    on.set_xlim(0, max(100 * likely.value for likely in years.values()) * 1.02 + 1e-9)
    on.axis("off")
    on.set_title(
        f"Lowest year since {result.standing.since:%Y}: chance",
        fontsize=layout.font - 0.5,
        loc="left",
        pad=5,
        x=-0.02 if layout.wide else -0.06,
    )
