"""Figures over time: observed shares and their forecast, the level, and others.

The others are kinds of events, and coverage; the level is the underlying one.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from forecast.base import wording
from forecast.base.arguments import checked
from forecast.base.dates import Clock
from forecast.base.errors import DataError, SpecError
from forecast.base.typing import Dyad, Float
from forecast.base.wording import capital, join
from forecast.data.panel import validate_panel
from forecast.data.panel.shares import MIN_EVENTS_NOT_THIN, observed_shares
from forecast.outlook import Assessment, Baseline, NotDefined, main_dataset, main_horizon
from forecast.outlook.draws import TAILS, FitLike, dyad_draws, quantiles_over_draws
from forecast.outlook.recorded import DatasetRecord, main_record
from forecast.outlook.tone import TITLES
from forecast.outlook.windows import observed_windows
from forecast.plots import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes


PALE = 0.35
"""Opacity of shares that rest on few events."""
FIRST_YEAR = 2000
"""A forecast is drawn with the past from here on, or with that of 25 years if it is made
earlier."""


@checked
def plot_observed_share(
    data: "xr.Dataset",
    *,
    dyad: Dyad | None = None,
    months: int = 12,
    ci_prob: float | None = None,
    ax: "Axes | None" = None,
    figsize: tuple[float, float] | None = None,
    **kwargs: Any,
) -> "Axes":
    """Plot the observed share of cooperative events in rolling windows.

    Parameters
    ----------
    data : xarray.Dataset
        A panel of events or counts.
    dyad : str, optional
        Which dyad; not needed if there is only one.
    months : int
        Length of a window, drawn where it ends; windows with fewer than three events or a gap are
        left out, and the line is pale where a window has fewer than five.
    ci_prob : float, optional
        Probability of the interval of the share given the events of its window (Jeffreys); none by
        default.
    ax, figsize : optional
        Matplotlib axes to draw on; or width and height of a new figure, inches.
    **kwargs
        Options of the line, for `matplotlib.axes.Axes.plot`.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> from forecast import build_panel, plots, read_chronology
    >>> panel = build_panel(read_chronology(dyads=["USA-CHN"]), start="1990-01")
    >>> plots.plot_observed_share(panel, ci_prob=0.9, color="black").get_ylabel()
    'cooperative, %'
    """
    validate_panel(data)
    dyad = style.only_dyad(data, dyad)
    record, clock = _record_of(data, dyad), Clock.of(data)
    events, share = observed_windows(record, clock.periods(months))
    if np.isnan(share).all():
        raise DataError(
            f"months: {dyad} has no covered window of {clock.span(months)} with three events; try "
            "fewer"
        )
    ends = _window_ends(clock.times, weekly=clock.weekly)
    on = style.axes(ax, figsize, 3.5)
    look = style.merged({"color": style.LEVEL, "linewidth": 1.5, "label": "observed"}, kwargs)
    style.share_axis(on)
    style.time_axis(on, float(ends[np.isfinite(share).argmax()]), float(ends[-1]))
    if ci_prob is not None:
        edges = style.share_interval(share * events / 100, events, ci_prob)
        on.fill_between(ends, *edges, color=look["color"], alpha=0.2, linewidth=0)
    _draw_shares(on, ends, share, events, look)
    on.set_ylabel("cooperative, %")
    return style.finished(on, ax)


def _draw_shares(
    on: "Axes", ends: Float, share: Float, events: "NDArray[Any]", look: dict[str, Any]
) -> None:
    """Draw observed shares as a line, pale where a share rests on fewer than five events."""
    thin = np.isfinite(share) & (events < MIN_EVENTS_NOT_THIN)
    if thin.any():
        linked = thin.copy()  # with the next point on either side, so that the line does not break
        linked[1:] |= thin[:-1]
        linked[:-1] |= thin[1:]
        pale = look | {"alpha": PALE, "label": f"fewer than {MIN_EVENTS_NOT_THIN} events"}
        on.plot(ends, np.where(linked, share, np.nan), **pale)
    on.plot(ends, np.where(thin, np.nan, share), **look)


def _record_of(panel: xr.Dataset, dyad: str) -> DatasetRecord:
    """Return the record of a dyad's main dataset."""
    record = main_record(panel, dyad)
    if isinstance(record, NotDefined):
        raise DataError(f"data: {record.reason}; expected a panel of events or counts")
    return record


def _window_ends(times: "np.ndarray[Any, Any]", *, weekly: bool) -> Float:
    """Return the ends of periods that begin at `times` as years with decimals.

    A window counts where it ends.
    """
    return style.years_of(times, weekly=weekly) + (3.5 if weekly else 15.0) / 365.25


@checked
def plot_forecast(
    data: "Assessment | pd.DataFrame",
    *,
    since: date | None = None,
    ci_prob: float | Sequence[float] | None = None,
    ax: "Axes | None" = None,
    figsize: tuple[float, float] | None = None,
    **kwargs: Any,
) -> "Axes":
    """Plot the forecast of the observed share after its past, or past forecasts.

    Past forecasts are shown with what was recorded.

    Parameters
    ----------
    data : Assessment or pandas.DataFrame
        An outlook, or a row per forecast with its `origin`, `mean`, `low`, `high` (90% interval)
        and the `share` that was recorded, as `cases` of a backtest are for one dyad and horizon.
    since : datetime.date, optional
        Where the past of an outlook begins.
    ci_prob : float or sequence of float, optional
        Probabilities of the intervals: 0.5, 0.9 or by default both; of past forecasts 0.9 alone.
    ax, figsize : optional
        Matplotlib axes to draw on; or width and height of a new figure, inches.
    **kwargs
        Options of the median, or mean, for `matplotlib.axes.Axes.plot`.

    Returns
    -------
    matplotlib.axes.Axes
        Of an outlook with shaded eras, the share of the baseline (dashed) and those from which it
        is higher or lower.

    Examples
    --------
    >>> import pandas as pd
    >>> from forecast import plots
    >>> said = {"origin": ["2021-01-01", "2022-01-01"], "mean": [40.0, 35.0], "low": [28.0, 24.0]}
    >>> cases = pd.DataFrame({**said, "high": [52.0, 47.0], "share": [37.5, 50.0]})
    >>> [line.get_label() for line in plots.plot_forecast(cases).lines]
    ['forecast', 'recorded']
    >>> plots.plot_forecast(forecast.assess(fit, "USA-CHN"))  # doctest: +SKIP
    """
    if isinstance(data, pd.DataFrame):
        return _plot_past_forecasts(data, 0.9 if ci_prob is None else ci_prob, ax, figsize, kwargs)
    rolling = data.rolling
    if isinstance(rolling, NotDefined):
        raise DataError(
            f"data: no share is forecast: {rolling.reason}; expected an Assessment of events or "
            "counts"
        )
    ends = _ends_of(data, len(rolling.observed))
    forecast = rolling.forecast[
        style.stored_places(rolling.quantiles, (0.5, 0.9) if ci_prob is None else ci_prob)
    ]
    now, begin = (
        float(ends[-1]),
        float(ends[np.isfinite(rolling.observed).argmax()]) - rolling.months / 12,
    )
    first = max(float(FIRST_YEAR), begin) if now - FIRST_YEAR > 5 else max(begin, now - 25)
    first, last = style.year_of(since) if since else first, now + rolling.months / 12
    on = style.axes(ax, figsize, 4.4)
    style.share_axis(on)
    style.time_axis(on, first, last)
    for era in data.frameworks.eras[1::2]:
        start, stop = style.year_of(era.start), style.year_of(era.end) if era.end else last
        if min(stop, last) > max(start, first):
            on.axvspan(max(start, first), min(stop, last), color=style.SHADE, linewidth=0, zorder=0)
    _draw_thresholds(on, data, now, last)
    look = {"color": style.LEVEL, "linewidth": 1.5, "label": "observed"}
    _draw_shares(on, ends, rolling.observed, rolling.events, look)
    look = style.merged({"color": style.OBSERVED, "label": "forecast"}, kwargs)
    style.bands(on, now + rolling.ahead / 12, forecast, look)
    on.axvline(now, color=style.MUTED, linewidth=0.8)
    on.set_ylabel("cooperative, %")
    return style.finished(on, ax)


def _ends_of(result: Assessment, number: int) -> Float:
    """Return the ends of the last periods up to the present as years with decimals."""
    back, last = np.arange(number)[::-1], np.datetime64(result.origin)
    if result.weekly:
        return _window_ends(last - (6 + 7 * back).astype("timedelta64[D]"), weekly=True)
    return _window_ends(last.astype("datetime64[M]") - back.astype("timedelta64[M]"), weekly=False)


def _draw_thresholds(on: "Axes", result: Assessment, now: float, last: float) -> None:
    """Draw the baseline where it was observed and ahead.

    The shares from which it is higher or lower are drawn too.
    """
    if isinstance(result.recorded, NotDefined):
        return
    baseline = result.recorded[main_horizon(result.horizons)].baseline
    if not isinstance(baseline, Baseline) or (before := baseline.share) is None:
        return
    on.plot(
        [now - result.baseline_months / 12, last],
        [before] * 2,
        color=style.INK,
        dashes=(5, 2),
        linewidth=1,
    )
    for share in (before - result.smallest_improvement, before + result.smallest_improvement):
        if 0 < share < 100:
            on.plot(
                [now, last], [share] * 2, color=style.INK, linewidth=0.9, dashes=(1, 1.5), zorder=3
            )


def _plot_past_forecasts(
    cases: pd.DataFrame,
    ci_prob: float | Sequence[float],
    ax: "Axes | None",
    figsize: Any,
    options: dict[str, Any],
) -> "Axes":
    style.require_columns(cases, ("origin", "mean", "low", "high", "share"))
    low, _, high = cases[["low", "mean", "high"]].to_numpy().T[style.stored_places(TAILS, ci_prob)]
    on = style.axes(ax, figsize, 3.0)
    look = style.merged({"color": style.LEVEL, "linewidth": 1.2, "label": "forecast"}, options)
    origin = cases["origin"].astype(str)
    when = origin.str[:4].astype(int) + (origin.str[5:7].astype(int) - 1) / 12
    on.fill_between(
        when, low, high, color=look["color"], alpha=0.15, linewidth=0, label="90% interval"
    )
    on.plot(when, cases["mean"], **look)
    on.plot(when, cases["share"], "o", color=style.OBSERVED, markersize=2.5, label="recorded")
    style.frame(on, "y", (0, 50, 100))
    on.set_ylim(-4, 104)
    on.locator_params(axis="x", nbins=4, integer=True)
    return style.finished(on, ax)


@checked
def plot_level(
    data: "FitLike | xr.Dataset",
    *,
    dyad: Dyad | None = None,
    ahead: "Assessment | None" = None,
    since: date | None = None,
    ci_prob: float | Sequence[float] = (0.5, 0.9),
    ax: "Axes | None" = None,
    figsize: tuple[float, float] | None = None,
    **kwargs: Any,
) -> "Axes":
    """Plot the underlying level of a dyad, and what an outlook simulates of it.

    Parameters
    ----------
    data : Fit or xarray.Dataset
        A fit, whose observed shares are drawn as dots, larger with more events; or
        `forecast.outlook.level_record`.
    dyad : str, optional
        Which dyad of the fit; not needed if there is only one.
    ahead : Assessment, optional
        The dyad's outlook: simulations, what would be observed of a period in them, and the
        equilibrium band.
    since : datetime.date, optional
        Where the level begins; by default with the panel.
    ci_prob : float or sequence of float
        Probabilities of the intervals; of an outlook, and of a `level_record`, 0.5 and 0.9 are
        stored.
    ax, figsize : optional
        Matplotlib axes to draw on; or width and height of a new figure, inches.
    **kwargs
        Options of the median, for `matplotlib.axes.Axes.plot`.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import numpy as np
    >>> import xarray as xr
    >>> from forecast import plots
    >>> time = np.arange("2020-01", "2021-01", dtype="datetime64[M]").astype("datetime64[ns]")
    >>> share = np.linspace(20, 60, 5)[:, None] + np.arange(12)
    >>> places = {"quantile": [0.05, 0.25, 0.5, 0.75, 0.95], "time": time}
    >>> record = xr.Dataset({"share": (("quantile", "time"), share)}, places)
    >>> plots.plot_level(record, ci_prob=0.9).lines[0].get_ydata()[:3].tolist()
    [40.0, 41.0, 42.0]
    >>> plots.plot_level(fit, ahead=forecast.assess(fit, "USA-CHN"))  # doctest: +SKIP
    """
    if isinstance(data, xr.Dataset):
        if not {"share", "quantile", "time"} <= data.variables.keys():
            raise SpecError(
                "data: this Dataset holds no quantiles of a level; expected level_record(fit, dyad)"
            )
        times = data["time"].to_numpy().astype("datetime64[D]")
        recent = _from(times, since)
        levels, shares = data["quantile"].to_numpy().tolist(), data["share"].to_numpy()[:, recent]
        quantiles, seen = shares[style.stored_places(levels, ci_prob)], None
    else:
        dyad = style.only_dyad(data.panel, dyad)
        draws = dyad_draws(data, dyad)
        times = draws.clock.times.astype("datetime64[D]")
        recent = _from(times, since)
        quantiles = quantiles_over_draws(draws.share[..., recent], style.quantile_levels(ci_prob))
        seen = observed_shares(data.panel, dyad, main_dataset(data.panel, dyad))
    weekly = len(times) > 1 and bool(times[1] - times[0] == np.timedelta64(7, "D"))
    years = style.years_of(times[recent], weekly=weekly)
    on, look = (
        style.axes(ax, figsize, 4.0),
        style.merged({"color": style.LEVEL, "label": "level"}, kwargs),
    )
    style.share_axis(on)
    style.time_axis(on, float(years[0]), float(years[-1]))
    style.bands(on, years, quantiles, look)
    if ahead is not None:
        _draw_ahead(on, ahead, years, ci_prob, look)
    if seen is not None:
        when, sizes = (
            style.years_of(seen["time"].to_numpy(), weekly=weekly),
            np.clip(seen["events"].to_numpy(), 3, 30),
        )
        style.observed_dots(
            on, when, seen["share"].to_numpy(), 2 * sizes, float(years[0]), label="observed"
        )
    if ahead is not None and not isinstance(ahead.fan.observed, NotDefined):
        _draw_would_be_observed(on, years[-1] + ahead.fan.months / 12, ahead.fan.observed)
    return style.finished(on, ax)


def _from(times: "np.ndarray[Any, Any]", since: date | None) -> slice:
    """Return the periods from a day on."""
    begin = 0 if since is None else int(np.searchsorted(times, np.datetime64(since)))
    if begin == len(times):
        raise SpecError(
            f"since: got {since}; expected a day up to {times[-1]}, when the last period begins"
        )
    return slice(begin, None)


def _draw_ahead(
    on: "Axes",
    result: Assessment,
    years: Float,
    ci_prob: float | Sequence[float],
    look: dict[str, Any],
) -> None:
    """Draw the simulations of an outlook after the years of its past.

    The band of its equilibrium is drawn too.
    """
    now, first = float(years[-1]), float(years[0])
    ahead = now + np.asarray(result.fan.months) / 12
    style.time_axis(on, first, float(ahead[-1]))
    on.axvspan(now, on.get_xlim()[1], color=style.SHADE, linewidth=0, zorder=0)
    on.axvline(now, color=style.MUTED, linewidth=0.8)
    until = wording.period(result.origin, weekly=result.weekly)
    for text, side, across in ((f"to {until}", "right", -4), ("simulations", "left", 4)):
        style.note(on, text, (now, 100), (across, 4), ha=side, va="bottom", fontsize=style.font(1))
    style.bands(
        on,
        ahead,
        result.fan.share[style.stored_places(result.fan.quantiles, ci_prob)],
        look | {"label": None},
    )
    if not isinstance(result.band, NotDefined):
        reach = [max(style.year_of(result.frameworks.eras[-1].start), first), float(ahead[-1])]
        ends = result.band.low.median, result.band.high.median
        on.fill_between(
            reach, *ends, color=style.EQUILIBRIUM, alpha=0.12, linewidth=0, label="equilibrium band"
        )
        for edge in ends:
            on.plot(reach, [edge, edge], color=style.EQUILIBRIUM, linewidth=0.9)


def _draw_would_be_observed(on: "Axes", years: Float, quantiles: Float) -> None:
    """Draw 50% and 90% of the shares that would be observed in a single period."""
    for edge, dashes in ((0, (1, 1.5)), (1, (4, 2)), (3, (4, 2)), (4, (1, 1.5))):
        label = "would be observed" if edge == 1 else None
        line: Any = {"linewidth": 1.1, "dashes": dashes, "clip_on": False, "label": label}
        on.plot(years, quantiles[edge], color=style.OBSERVED, **line)


def draw_recorded(
    on: "Axes",
    expected: tuple[Float, Float],
    years: Float,
    shares: Float,
    events: NDArray[Any],
    look: dict[str, Any],
) -> None:
    """Draw the shares that were recorded in some years over those expected.

    The latter are years and quantiles by year.
    """
    usual = {"color": style.LEVEL, "linewidth": 1.3, "label": "expected"}
    style.bands(on, *expected, style.merged(usual, look))
    style.observed_dots(on, years, shares, 0.8 * np.clip(events, 3, 60), label="recorded")


@checked
def plot_kinds(
    data: Assessment,
    *,
    part: Literal["depth", "severity"] = "depth",
    ci_prob: float = 0.9,
    ax: "Axes | None" = None,
    figsize: tuple[float, float] | None = None,
    **kwargs: Any,
) -> "Axes":
    """Plot the depth of cooperation or the severity of conflict.

    The shares that were recorded by year are shown too.

    Parameters
    ----------
    data : Assessment
        Of a fit whose model has kinds of events.
    part : {'depth', 'severity'}
        Share of the stronger kinds among cooperative events, or among hostile ones.
    ci_prob : float
        Probability of the interval; 0.9 is stored.
    ax, figsize : optional
        Matplotlib axes to draw on; or width and height of a new figure, inches.
    **kwargs
        Options of the median, for `matplotlib.axes.Axes.plot`.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> from forecast import plots
    >>> plots.plot_kinds(assessment, part="severity").get_title()
    'Severity of conflict: ..., % of hostile events'
    """
    if isinstance(data.kinds, NotDefined):
        raise DataError(
            f"data: no kinds: {data.kinds.reason}; expected an Assessment of a model with kinds"
        )
    series = data.kinds[part]
    years, share = (
        style.years_of(series.time, weekly=data.weekly),
        series.share[style.stored_places(series.quantiles, ci_prob)],
    )
    begin, end = float(years[np.isfinite(share[1]).argmax()]), float(years[-1])
    on = style.axes(ax, figsize, 2.4)
    style.share_axis(on)
    style.time_axis(on, begin, end)
    middles, recorded = (
        np.clip(series.years + 0.5, begin, end),
        100 * series.stronger / series.events,
    )
    draw_recorded(on, (years, share), middles, recorded, series.events, kwargs)
    style.set_title(
        on, f"{capital(TITLES[part])}: {join(series.kinds, 'or')}, % of {series.side} events"
    )
    return style.finished(on, ax)


@checked
def plot_coverage(
    data: "xr.Dataset",
    *,
    dyad: Dyad | None = None,
    ax: "Axes | None" = None,
    figsize: tuple[float, float] | None = None,
    **kwargs: Any,
) -> "Axes":
    """Plot the events of each month, with the days that are not covered shaded.

    Parameters
    ----------
    data : xarray.Dataset
        A panel of events or counts.
    dyad : str, optional
        Which dyad of the panel, in its main dataset; not needed if there is only one.
    ax, figsize : optional
        Matplotlib axes to draw on; or width and height of a new figure, inches.
    **kwargs
        Options of the bars, for `matplotlib.axes.Axes.bar`.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> from forecast import build_panel, plots, read_chronology
    >>> panel = build_panel(read_chronology(dyads=["USA-CHN"]), start="2020-01", end="2020-12")
    >>> [round(bar.get_height()) for bar in plots.plot_coverage(panel).patches][:3]
    [..., ..., ...]
    """
    from matplotlib.ticker import MaxNLocator

    validate_panel(data)
    record = _record_of(data, style.only_dyad(data, dyad))
    starts, rows = record.clock.times.tolist(), record.total.tolist()
    on = style.axes(ax, figsize, 2.2)
    for period in np.flatnonzero(~record.covered):
        begin, end = starts[period], record.clock.end_of(starts[period]) + timedelta(days=1)
        on.axvspan(begin, end, color=style.WORSE, alpha=0.25, linewidth=0)  # type: ignore[arg-type]
    width = 7 if len(starts) > 1 and (starts[1] - starts[0]).days == 7 else 28
    look: dict[str, Any] = {"width": width, "align": "edge", "color": style.LEVEL}
    on.bar(starts, rows, **style.merged(look, kwargs))
    on.set_ylim(0, max([*rows, 1]) * 1.05)
    on.set_ylabel("events")
    on.yaxis.set_major_locator(MaxNLocator(3, integer=True))
    on.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    return style.finished(on, ax)
