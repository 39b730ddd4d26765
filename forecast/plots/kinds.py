"""Figure of the stronger kinds of events: depth of cooperation, severity of conflict."""

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from forecast.base.arguments import checked
from forecast.base.errors import DataError
from forecast.base.typing import Float
from forecast.base.wording import capital, join
from forecast.outlook import Assessment, NotDefined
from forecast.outlook.kinds import TITLES
from forecast.plots import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes


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
    years = style.years_of(series.time, weekly=data.weekly)
    quantiles = series.share[style.stored_places(series.quantiles, ci_prob)]
    first_level = np.isfinite(quantiles[1]).argmax()
    begin, end = float(years[first_level]), float(years[-1])
    on = style.axes(ax, figsize, 2.4)
    style.share_axis(on)
    style.time_axis(on, begin, end)
    mid_years = np.clip(series.years + 0.5, begin, end)
    recorded = 100 * series.stronger / series.events
    draw_recorded(on, (years, quantiles), mid_years, recorded, series.events, kwargs)
    kinds = join(series.kinds, "or")
    style.set_title(on, f"{capital(TITLES[part])}: {kinds}, % of {series.side} events")
    return style.finished(on, ax)


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
