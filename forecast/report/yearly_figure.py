"""Shares by year and the model's expectation: by dataset, and by kind within the two sides."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from forecast.outlook import Assessment, KindSeries, NotDefined
from forecast.outlook.datasets import DatasetOutlook
from forecast.outlook.kinds import TITLES
from forecast.report import style
from forecast.report.words import interval, unit
from forecast.typing import Bool, Float
from forecast.wording import capital, count, join, number

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_FEW, _MANY = 3, 60  # events of a year: dots of the smallest and the largest size


@dataclass(frozen=True)
class Panel:
    """Recorded shares by year over the band that was expected."""

    title: str
    x: Float  # Years with decimals, of the band
    band: tuple[Float, Float, Float]  # Low, median, high
    years: Float  # Of the dots
    recorded: Float
    counts: Float
    odd: Bool = field(default_factory=lambda: np.zeros(0, dtype=bool))  # Dots that are ringed


def datasets(found: Sequence[DatasetOutlook]) -> style.Illustration | None:
    """Draw a panel for each dataset; none where there are not several."""
    shown = [one for one in found if one.years]
    if len(shown) < 2:
        return None
    said = "; ".join(
        f"{one.name}: {count(len(one.years), 'year')}, {number(one.years[-1].share, 0)}% recorded in "
        f"{one.years[-1].year} where {number(one.years[-1].expected, 0)}% was expected"
        for one in shown
    )
    panels = [_dataset_panel(one) for one in shown]
    return style.illustrate(
        lambda layout: draw(panels, layout, together=True),
        alt=f"Yearly cooperative shares of {join([one.name for one in shown])}: {said}.",
        caption=(
            "Dots: the cooperative share that each dataset recorded, year by year, larger with more events. Lines "
            "and bands: median and 90% interval of what the joint level, read as the dataset reads it, makes expect. "
            "Ringed: years that lie further than two standard deviations from what the others make expect."
        ),
    )


def _dataset_panel(one: DatasetOutlook) -> Panel:
    low, middle, high, recorded, counts, years = (
        np.array([getattr(year, name) for year in one.years], dtype=float)
        for name in ("low", "expected", "high", "share", "events", "year")
    )
    title, odd = f"{capital(one.name)}, % of its events", np.isin(years, one.disagrees)
    return Panel(title, years + 0.5, (low, middle, high), years + 0.5, recorded, counts, odd)


def kinds(result: Assessment) -> style.Illustration | None:
    """Draw depth and severity with the recorded shares by year; none if the model has no such part."""
    if isinstance(result.kinds, NotDefined):
        return None
    series = result.kinds
    said = "; ".join(
        f"{TITLES[name]} {interval(one.now)}% now, lowest median {number(float(np.nanmin(one.share[1])), 0)}, highest "
        f"{number(float(np.nanmax(one.share[1])), 0)}"
        for name, one in series.items()
    )
    whole = join(
        f"{name} is the per cent of {one.side} events that are {join(one.kinds, 'or')}" for name, one in series.items()
    )
    panels = [kind_panel(name, one, 7 if result.weekly else 30) for name, one in series.items()]
    return style.illustrate(
        lambda layout: draw(panels, layout),
        alt=f"Lines of {join(TITLES[name] for name in series)}, {result.label}: {said} (medians, 90% equal-tailed).",
        caption=(
            f"{capital(whole)}. Lines and bands: median and 90% equal-tailed interval of what is expected in each "
            f"{unit(result)}. Dots: what was recorded, year by year, larger with more events."
        ),
    )


def kind_panel(name: str, one: KindSeries, days: int) -> Panel:
    """Return the panel of depth or severity; a period has so many days."""
    years, (low, middle, high) = style.years_of(one.time, days), one.share
    begin = float(years[np.isfinite(middle).argmax()])
    title = f"{capital(TITLES[name])}: {join(one.kinds, 'or')}, % of {one.side} events"
    recorded = 100 * one.stronger / one.events
    return Panel(
        title,
        years,
        (low, middle, high),
        np.clip(one.years + 0.5, begin, years[-1]),
        recorded,
        one.events.astype(float),
    )


def draw(panels: Sequence[Panel], layout: style.Layout, *, together: bool = False) -> "Figure":
    """Draw panels one below the other, on one time axis if they are `together`."""
    figure, axes = style.subplots(layout, len(panels) * (1.95 if layout.wide else 1.8), len(panels))
    spans = [(float(one.x[np.isfinite(one.band[1]).argmax()]), float(one.x[-1])) for one in panels]
    whole = min(first for first, _ in spans) - 0.5, max(last for _, last in spans) + 0.5
    for on, one, span in zip(axes, panels, spans, strict=True):
        style.share_axis(on)
        style.time_axis(on, *(whole if together else span))
        low, middle, high = one.band
        on.fill_between(one.x, low, high, color=style.LEVEL, alpha=0.2, linewidth=0)
        on.plot(one.x, middle, color=style.LEVEL, linewidth=1.3, solid_joinstyle="round")
        size = 0.8 * np.clip(one.counts, _FEW, _MANY)
        on.scatter(one.years, one.recorded, s=size, color=style.MUTED, alpha=0.6, linewidths=0, zorder=2, clip_on=False)
        if one.odd.any():
            at = one.years[one.odd], one.recorded[one.odd]
            on.scatter(*at, s=70, facecolors="none", edgecolors=style.MUTED, zorder=3, clip_on=False)
        lines = style.wrap(one.title, layout.width - 0.6, layout.font)
        on.set_title("\n".join(lines), loc="left", fontsize=layout.font)
    return figure
