"""Figures of forecasts of the observed share: one after its past, or past ones with the outcome."""

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from forecast.base.arguments import checked
from forecast.base.errors import DataError
from forecast.base.typing import Float
from forecast.outlook import Assessment, Baseline, NotDefined, main_horizon
from forecast.outlook.draws import TAILS
from forecast.plots import style
from forecast.plots.observed import draw_shares, window_ends

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FIRST_YEAR = 2000  # A forecast is drawn with the past from here on
MIN_PAST_SINCE_FIRST_YEAR = 5  # Years; of an earlier forecast the past below is drawn instead
YEARS_OF_EARLIER_PAST = 25


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
    years_ahead = rolling.months / 12
    now, last = float(ends[-1]), float(ends[-1]) + years_ahead
    first_share = float(ends[np.isfinite(rolling.observed).argmax()])
    first = style.year_of(since) if since else _first_year(now, first_share - years_ahead)
    places = style.stored_places(rolling.quantiles, (0.5, 0.9) if ci_prob is None else ci_prob)
    on = style.axes(ax, figsize, 4.4)
    style.share_axis(on)
    style.time_axis(on, first, last)
    _shade_eras(on, data, first, last)
    _draw_thresholds(on, data, now, last)
    observed = {"color": style.LEVEL, "linewidth": 1.5, "label": "observed"}
    draw_shares(on, ends, rolling.observed, rolling.events, observed)
    look = style.merged({"color": style.OBSERVED, "label": "forecast"}, kwargs)
    style.bands(on, now + rolling.ahead / 12, rolling.forecast[places], look)
    on.axvline(now, color=style.MUTED, linewidth=0.8)
    on.set_ylabel("cooperative, %")
    return style.finished(on, ax)


def _first_year(now: float, begin: float) -> float:
    """Return the year from which on the past of an outlook is drawn, not before it begins."""
    if now - FIRST_YEAR > MIN_PAST_SINCE_FIRST_YEAR:
        return max(float(FIRST_YEAR), begin)
    return max(begin, now - YEARS_OF_EARLIER_PAST)


def _shade_eras(on: "Axes", result: Assessment, first: float, last: float) -> None:
    """Shade every other era, as far as it is in sight."""
    for era in result.frameworks.eras[1::2]:
        start = max(style.year_of(era.start), first)
        stop = min(style.year_of(era.end) if era.end else last, last)
        if stop > start:
            on.axvspan(start, stop, color=style.SHADE, linewidth=0, zorder=0)


def _draw_thresholds(on: "Axes", result: Assessment, now: float, last: float) -> None:
    """Draw the baseline where it was observed and ahead.

    The shares from which it is higher or lower are drawn too.
    """
    if isinstance(result.recorded, NotDefined):
        return
    baseline = result.recorded[main_horizon(result.horizons)].baseline
    if not isinstance(baseline, Baseline) or baseline.share is None:
        return
    share = baseline.share
    of_baseline: Any = {"color": style.INK, "linewidth": 1, "dashes": (5, 2)}
    on.plot([now - result.baseline_months / 12, last], [share, share], **of_baseline)
    of_threshold: Any = {"color": style.INK, "linewidth": 0.9, "dashes": (1, 1.5), "zorder": 3}
    for threshold in (share - result.smallest_improvement, share + result.smallest_improvement):
        if 0 < threshold < 100:
            on.plot([now, last], [threshold, threshold], **of_threshold)


def _ends_of(result: Assessment, number: int) -> Float:
    """Return the ends of the last periods up to the present as years with decimals."""
    periods_back = np.arange(number)[::-1]
    last = np.datetime64(result.origin)
    if result.weekly:
        starts = last - (6 + 7 * periods_back).astype("timedelta64[D]")
    else:
        starts = last.astype("datetime64[M]") - periods_back.astype("timedelta64[M]")
    return window_ends(starts, weekly=result.weekly)


def _plot_past_forecasts(
    cases: pd.DataFrame,
    ci_prob: float | Sequence[float],
    ax: "Axes | None",
    figsize: Any,
    options: dict[str, Any],
) -> "Axes":
    """Plot past forecasts with what was recorded of them."""
    style.require_columns(cases, ("origin", "mean", "low", "high", "share"))
    places = style.stored_places(TAILS, ci_prob)
    low, _, high = cases[["low", "mean", "high"]].to_numpy().T[places]
    on = style.axes(ax, figsize, 3.0)
    look = style.merged({"color": style.LEVEL, "linewidth": 1.2, "label": "forecast"}, options)
    origin = cases["origin"].astype(str)
    years = origin.str[:4].astype(int) + (origin.str[5:7].astype(int) - 1) / 12
    on.fill_between(
        years, low, high, color=look["color"], alpha=0.15, linewidth=0, label="90% interval"
    )
    on.plot(years, cases["mean"], **look)
    on.plot(years, cases["share"], "o", color=style.OBSERVED, markersize=2.5, label="recorded")
    style.frame(on, "y", (0, 50, 100))
    on.set_ylim(-4, 104)
    on.locator_params(axis="x", nbins=4, integer=True)
    return style.finished(on, ax)
