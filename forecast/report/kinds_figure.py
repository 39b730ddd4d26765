"""Depth of cooperation and severity of conflict: what the model expects of each, and what was recorded year by year."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from forecast.outlook import Assessment, KindSeries, NotDefined
from forecast.outlook.kinds import TITLES
from forecast.report import style
from forecast.report.words import interval, unit
from forecast.wording import capital, join, number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_FEW, _MANY = 3, 60  # happenings of a year: dots of the smallest and the largest size
_TITLE, _LINE = 0.06, 0.16  # inches: from the axes to their title, and a line of it


def illustrate(result: Assessment) -> style.Illustration | None:
    """Draw both series beside the recorded shares by year; none if the model has no such part."""
    if isinstance(result.kinds, NotDefined):
        return None
    kinds = result.kinds
    said = "; ".join(
        f"{TITLES[name]} {interval(one.now)} % now, lowest median {number(float(np.nanmin(one.share[1])), 0)}, highest "
        f"{number(float(np.nanmax(one.share[1])), 0)}"
        for name, one in kinds.items()
    )
    whole = join(f"{name} is the per cent of {one.side} happenings that are {_of(one)}" for name, one in kinds.items())
    return style.illustrate(
        lambda layout: draw(kinds, 7 if result.weekly else 30, layout),
        alt=f"Lines of {join(TITLES[name] for name in kinds)}, {result.label}: {said} (medians, 90 % equal-tailed).",
        caption=(
            f"{capital(whole)}. Lines and bands: median and 90 % equal-tailed interval of what is expected in each "
            f"{unit(result)}. Dots: what was recorded, year by year, larger with more happenings."
        ),
    )


def _of(one: KindSeries) -> str:
    return join(one.kinds, "or")


def draw(kinds: Mapping[str, KindSeries], days: int, layout: style.Layout) -> "Figure":
    """Draw them in a layout, one below the other; a period has so many days."""
    left, right, tall, below = (0.36, 0.1, 1.5, 0.28) if layout.wide else (0.32, 0.06, 1.3, 0.26)
    width = layout.width - left - right
    titles = [
        style.wrap(f"{capital(TITLES[name])}: {_of(one)}, % of {one.side} happenings", width, layout.font)
        for name, one in kinds.items()
    ]
    heads = [_TITLE + _LINE * len(lines) + 0.1 for lines in titles]
    figure = style.new_figure(layout, sum(heads) + len(kinds) * (tall + below))
    top = float(figure.get_size_inches()[1])
    for one, lines, head in zip(kinds.values(), titles, heads, strict=True):
        top -= head + tall
        on = style.axes(figure, left, top, width, tall)
        style.share_axis(on)
        _draw_series(on, one, days)
        on.annotate(
            "\n".join(lines), (0, 1), (0, 72 * _TITLE), xycoords="axes fraction", textcoords="offset points",
            va="bottom", fontsize=layout.font,
        )  # fmt: skip
        top -= below
    return figure


def _draw_series(on: "Axes", one: KindSeries, days: int) -> None:
    years, (low, middle, high) = style.years_of(one.time, days), one.share
    first, last = float(years[np.isfinite(middle).argmax()]), float(years[-1])
    style.time_axis(on, first, last)
    on.fill_between(years, low, high, color=style.LEVEL, alpha=0.2, linewidth=0)
    on.plot(years, middle, color=style.LEVEL, linewidth=1.3, solid_joinstyle="round")
    middles, recorded = np.clip(one.years + 0.5, first, last), 100 * one.stronger / one.happenings
    size = 0.8 * np.clip(one.happenings, _FEW, _MANY)
    on.scatter(middles, recorded, s=size, color=style.MUTED, alpha=0.6, linewidths=0, zorder=2, clip_on=False)
