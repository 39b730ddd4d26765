"""Figures of a forecast report with their captions and alternative texts.

They are made of the functions of `forecast.plots`.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from forecast.base.dates import PERIODS_A_MONTH
from forecast.base.wording import capital, chance, join
from forecast.data.panel import panel_kind
from forecast.data.panel.shares import MIN_EVENTS_NOT_THIN
from forecast.outlook import Assessment, Brief, Estimate, NotDefined, main_horizon, printed_chances
from forecast.outlook.datasets import DatasetOutlook
from forecast.outlook.draws import FitLike
from forecast.outlook.kinds import TITLES
from forecast.plots import (
    plot_dyads,
    plot_eras,
    plot_forecast,
    plot_kinds,
    plot_level,
    plot_observed_share,
    plot_prior_posterior,
    plot_probabilities,
    style,
)
from forecast.plots.eras import LINE, draw_events, strip_height
from forecast.plots.estimates import (
    EDGES,
    QUANTITIES,
    STEP,
    draw_lowest_years,
    draw_standing,
    percent_by_share,
)
from forecast.plots.forecasts import FIRST_YEAR
from forecast.plots.kinds import draw_recorded
from forecast.plots.outcomes import CHANGES, Which, outcome_percents
from forecast.report.illustration import Draw, Illustration, PageFormat, plotted, subplots
from forecast.report.rendering import worded
from forecast.report.words import INTERVALS, unit, verdict

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


YEARS_BACK = 5
"""Years of the past in a fan."""
MIN_DRAWN_EVENTS = 20
"""Expected events of a window: with fewer, one or two of them decide, and only the table has its
chances."""


def _worded(name: str, draw: Draw, result: Assessment | None = None, **facts: Any) -> Illustration:
    """Draw a figure with the words that `figures.j2` has for it."""
    about_result = (
        {} if result is None else {"result": result, "unit": unit(result), "intervals": INTERVALS}
    )
    return worded("figures.j2", name, draw, about_result | facts)


def share(fit: FitLike, result: Assessment) -> Illustration | None:
    """Draw the observed share and its forecast.

    None of an index, or of a record shorter than the window.
    """
    rolling = result.rolling
    if isinstance(rolling, NotDefined) or isinstance(result.recorded, NotDefined):
        return None
    window = result.recorded[main_horizon(result.horizons)]
    if not isinstance(window.share, Estimate):
        return None
    times, has_share = fit.panel["time"].to_numpy(), np.isfinite(rolling.observed)
    # a record from the 1980s
    small = bool(has_share.any() and times[has_share.argmax()] < np.datetime64(f"{FIRST_YEAR - 9}"))

    def draw(layout: PageFormat) -> "Figure":
        ratios = (1, 5) if small else (1,)
        figure, axes = subplots(
            layout, 4.4 if layout.wide else 4.2, len(ratios), height_ratios=ratios
        )
        plot_forecast(result, ax=axes[-1])
        if not layout.wide:
            axes[-1].set_ylabel("")
        if small:
            on = axes[0]
            plot_observed_share(
                fit.panel, dyad=result.dyad, months=rolling.months, linewidth=0.9, ax=on
            )
            first, last = axes[-1].get_xlim()
            style.time_axis(on, on.get_xlim()[0], last)
            on.axvspan(first, last, color=style.SHADE, linewidth=0, zorder=0)
            on.set_yticks([0, 100])
            on.set_ylabel("")
        style.legend(figure, 2)
        return figure

    few = has_share & (rolling.events < MIN_EVENTS_NOT_THIN)
    return _worded(
        "share", draw, result, window=window, thin=MIN_EVENTS_NOT_THIN if few.any() else 0
    )


def recorded(result: Assessment) -> Illustration | None:
    """Draw the chances of what will be recorded, of horizons with enough events.

    None if they are defined at none.
    """
    if isinstance(result.recorded, NotDefined):
        return None
    main = main_horizon(result.horizons)
    shown = {
        months: outlook
        for months, outlook in result.recorded.items()
        if months == main or outlook.events.median >= MIN_DRAWN_EVENTS
    }
    bars = outcome_percents(result, "observed", list(shown))
    if not bars:
        return None
    return _worded(
        "recorded",
        _bars(result, "observed", list(bars)),
        result,
        bars=bars,
        changes=CHANGES,
        left_out=len(result.recorded) - len(shown),
        enough=MIN_DRAWN_EVENTS,
    )


def pendulum(result: Assessment, record: "xr.Dataset", events: pd.DataFrame) -> Illustration:
    """Draw the pendulum.

    Here `record` begins where the dyad's record does, and `events` are those to be named.
    """
    eras, middle, times = (
        result.frameworks.eras,
        record["share"].sel(quantile=0.5).to_numpy(),
        record["time"].to_numpy(),
    )

    def draw(layout: PageFormat) -> "Figure":
        height = 3.3 if layout.wide else 2.7
        figure, (on,) = subplots(layout, height)
        plot_level(record, label=result.measure, linewidth=1.3, ax=on)
        plot_eras(result, ax=on)
        strip = strip_height([text.get_text() for text in on.texts])
        keys = on.get_xlabel()
        on.set_xlabel("")  # below the texts of events
        lines = draw_events(on, events, middle[events["place"]]) if len(events) else 0
        lane = 0.42 + LINE * lines if lines else 0.0
        more = 0.16 * (keys.count("\n") + 1 if keys else 0) + (0.68 if layout.wide else 0.85)
        figure.set_size_inches(layout.width, height + strip + lane + more)
        style.legend(figure, 3 if layout.wide else 2)
        if keys:
            figure.supxlabel(keys, x=0.01, ha="left", fontsize=layout.font - 1)
        return figure

    return _worded(
        "pendulum",
        draw,
        result,
        begins=str(times[0])[:4],
        lowest=(middle.min(), pd.Timestamp(times[middle.argmin()])),
        highest=(middle.max(), pd.Timestamp(times[middle.argmax()])),
        events=events.to_dict("records"),
        resting=any(isinstance(era.equilibrium, Estimate) for era in eras),
        capped=any(isinstance(era.ceiling, Estimate) for era in eras),
    )


def standing(fit: FitLike, result: Assessment) -> Illustration:
    """Draw how the record's shares are distributed, with the present one among them."""
    spent, years = percent_by_share(fit, result), result.standing.lowest_years

    def draw(layout: PageFormat) -> "Figure":
        if not years:
            figure, axes = subplots(layout, 3.0)
        elif layout.wide:
            figure, axes = subplots(layout, 3.0, 1, 2, width_ratios=(3, 1))
        else:
            figure, axes = subplots(
                layout, 3.4 + 0.24 * len(years), 2, height_ratios=(2.4, 0.24 * len(years))
            )
        draw_standing(axes[0], result, spent)
        for on in axes[1:]:
            draw_lowest_years(on, result)
        return figure

    return _worded(
        "standing",
        draw,
        result,
        fullest=EDGES[spent.argmax()],
        step=STEP,
        years=[f"{year} ({chance(likely.value)})" for year, likely in years.items()],
    )


def level(result: Assessment) -> Illustration:
    """Draw the chances of the level at each horizon."""
    return _worded(
        "level",
        _bars(result, "expected", list(result.improvement)),
        result,
        printed=printed_chances,
    )


def _bars(result: Assessment, share: Which, horizons: Sequence[int]) -> Draw:
    rows = len(horizons)
    return plotted(
        lambda on: plot_probabilities(result, share=share, horizons=horizons, ax=on),
        heights=(0.46 * rows + 0.4, 0.5 * rows + 0.6),
        legend=(4, 2),
    )


def fan(
    fit: FitLike, result: Assessment, record: "xr.Dataset", coverage_end: str = ""
) -> Illustration:
    """Draw the fan of a record; `coverage_end` is the end of the record if it is over."""
    back = round(YEARS_BACK * 12 * PERIODS_A_MONTH["week" if result.weekly else "month"])
    begin = pd.Timestamp(record["time"].to_numpy()[-back:][0])
    return _worded(
        "fan",
        plotted(
            lambda on: plot_level(fit, dyad=result.dyad, ahead=result, since=begin.date(), ax=on),
            heights=(4.0, 3.6),
            legend=(4, 2),
        ),
        result,
        begin=begin,
        ends=result.fan.share[(0, 2, 4), -1],
        coded=panel_kind(fit.panel).coded,
        coverage_end=coverage_end,
    )


def headroom(result: Assessment) -> Illustration | None:
    """Draw the headroom of the current framework.

    For comparison there is what is known of it without its months.
    """
    room = result.frameworks.headroom
    if isinstance(room, NotDefined):
        return None
    draw = plotted(lambda on: plot_prior_posterior(room, ax=on), heights=(2.4, 2.4), legend=(2, 1))
    return _worded("headroom", draw, result, room=room, said=verdict(room.learning))


def dyads(result: Assessment, others: Sequence[Brief]) -> Illustration | None:
    """Draw the dyads, the report's own first; none if it is the only one."""
    if not others:
        return None
    results = (result.brief, *others)
    values = {
        name: [value_of(brief) for brief in results] for name, (*_, value_of) in QUANTITIES.items()
    }
    reasons = {
        estimate.reason
        for estimates in values.values()
        for estimate in estimates
        if isinstance(estimate, NotDefined)
    }
    defined = {
        name: estimates
        for name, estimates in values.items()
        if all(isinstance(estimate, Estimate) for estimate in estimates)
    }
    height = 0.26 * len(results) + 0.75

    def draw(layout: PageFormat) -> "Figure":
        across, down = (len(defined), 1) if layout.wide else (1, len(defined))
        figure, axes = subplots(layout, height * down, down, across)
        for on, quantity in zip(axes, defined, strict=True):
            plot_dyads(results, quantity=quantity, ax=on)
            if layout.wide and on is not axes[0]:
                on.set_yticklabels([""] * len(results))
        return figure

    return _worded(
        "dyads",
        draw,
        result,
        briefs=results,
        there=defined,
        titles={name: title for name, (title, *_) in QUANTITIES.items()},
        reasons=sorted(reasons),
    )


def kinds(result: Assessment) -> Illustration | None:
    """Draw depth and severity with the recorded shares by year.

    None if the model has no such part.
    """
    if isinstance(result.kinds, NotDefined):
        return None
    series = result.kinds
    parts: list[Any] = list(series)
    return _worded(
        "kinds",
        plotted(
            *(lambda on, part=part: plot_kinds(result, part=part, ax=on) for part in parts),
            heights=(1.95 * len(parts), 1.8 * len(parts)),
        ),
        result,
        titles={name: TITLES[name] for name in series},
        least={name: float(np.nanmin(kind.share[1])) for name, kind in series.items()},
        most={name: float(np.nanmax(kind.share[1])) for name, kind in series.items()},
        wholes=[
            f"{name} is the per cent of {kind.side} events that are {join(kind.kinds, 'or')}"
            for name, kind in series.items()
        ],
    )


def datasets(outlooks: Sequence[DatasetOutlook]) -> Illustration | None:
    """Draw a panel for each dataset; none where there are not several."""
    shown = [outlook for outlook in outlooks if outlook.years]
    if len(shown) < 2:
        return None
    span = (
        min(outlook.years[0].year for outlook in shown),
        max(outlook.years[-1].year for outlook in shown) + 1,
    )
    return _worded(
        "datasets",
        plotted(
            *(lambda on, outlook=outlook: _draw_dataset(on, outlook, span) for outlook in shown),
            heights=(1.95 * len(shown), 1.8 * len(shown)),
        ),
        shown=shown,
    )


def _draw_dataset(on: "Axes", outlook: DatasetOutlook, span: tuple[int, int]) -> None:
    """Draw the shares that a dataset recorded over those expected.

    Rings are around years that disagree.
    """
    low, middle, high, recorded, events, years = (
        np.array([getattr(year, name) for year in outlook.years], dtype=float)
        for name in ("low", "expected", "high", "share", "events", "year")
    )
    middles, odd = years + 0.5, np.isin(years, outlook.disagrees)
    style.share_axis(on)
    style.time_axis(on, *span)
    draw_recorded(on, (middles, np.array([low, middle, high])), middles, recorded, events, {})
    if odd.any():
        ring: Any = {
            "s": 70,
            "facecolors": "none",
            "edgecolors": style.MUTED,
            "zorder": 3,
            "clip_on": False,
        }
        on.scatter(middles[odd], recorded[odd], **ring)
    style.set_title(on, f"{capital(outlook.name)}, % of its events")
