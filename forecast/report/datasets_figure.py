"""What each of several datasets recorded, year by year, beside what the joint level makes it expect."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from forecast.outlook.datasets import DatasetOutlook
from forecast.report import style
from forecast.wording import capital, count, join, number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_FEW, _MANY = 3, 60  # happenings of a year: dots of the smallest and the largest size
_HEAD = 0.3  # inches: from the axes to their title, and the title


def illustrate(found: Sequence[DatasetOutlook]) -> style.Illustration | None:
    """Draw a panel a dataset, one below the other; none where there are not several."""
    shown = [one for one in found if one.years]
    if len(shown) < 2:
        return None
    said = "; ".join(
        f"{one.name}: {count(len(one.years), 'year')}, {number(one.years[-1].share, 0)} % recorded in "
        f"{one.years[-1].year} where {number(one.years[-1].expected, 0)} % was expected"
        for one in shown
    )
    return style.illustrate(
        lambda layout: draw(shown, layout),
        alt=f"Yearly cooperative shares of {join([one.name for one in shown])}: {said}.",
        caption=(
            "Dots: the cooperative share that each dataset recorded, year by year, larger with more happenings. Lines "
            "and bands: median and 90 % interval of what the joint level, read as the dataset reads it, makes expect. "
            "Ringed: years that lie further than two standard deviations from what the others make expect."
        ),
    )


def draw(found: Sequence[DatasetOutlook], layout: style.Layout) -> "Figure":
    """Draw them in a layout."""
    left, right, tall, below = (0.36, 0.1, 1.25, 0.28) if layout.wide else (0.32, 0.06, 1.1, 0.26)
    figure = style.new_figure(layout, len(found) * (_HEAD + tall + below))
    top = float(figure.get_size_inches()[1])
    first = min(one.years[0].year for one in found)
    last = max(one.years[-1].year for one in found) + 1
    for one in found:
        top -= _HEAD + tall
        on = style.axes(figure, left, top, layout.width - left - right, tall)
        style.share_axis(on)
        style.time_axis(on, first, last)
        _draw_years(on, one)
        on.annotate(
            f"{capital(one.name)}, % of its happenings", (0, 1), (0, 5), xycoords="axes fraction",
            textcoords="offset points", va="bottom", fontsize=layout.font,
        )  # fmt: skip
        top -= below
    return figure


def _draw_years(on: "Axes", one: DatasetOutlook) -> None:
    at = np.array([year.year for year in one.years]) + 0.5
    low, middle, high, recorded, happenings = (
        np.array([getattr(year, name) for year in one.years])
        for name in ("low", "expected", "high", "share", "happenings")
    )
    on.fill_between(at, low, high, color=style.LEVEL, alpha=0.2, linewidth=0)
    on.plot(at, middle, color=style.LEVEL, linewidth=1.3, solid_joinstyle="round")
    size = 0.8 * np.clip(happenings, _FEW, _MANY)
    on.scatter(at, recorded, s=size, color=style.MUTED, alpha=0.6, linewidths=0, zorder=2, clip_on=False)
    odd = np.isin([year.year for year in one.years], one.disagrees)
    on.scatter(at[odd], recorded[odd], s=70, facecolors="none", edgecolors=style.MUTED, zorder=3, clip_on=False)
