"""Figures of estimates: dyads, half-lives, priors and posteriors, present and past.

Dyads stand side by side, and the present stands within the past.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from forecast.base import wording
from forecast.base.arguments import checked
from forecast.base.errors import DataError
from forecast.base.typing import Dyad, Float
from forecast.base.wording import chance
from forecast.model import Fit
from forecast.outlook import Assessment, Brief, Estimate, Headroom, NotDefined
from forecast.outlook.draws import NO_CYCLE, TAILS, FitLike, dyad_draws
from forecast.plots import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes


type Quantity = Literal["level", "equilibrium", "half_life"]
QUANTITIES: Mapping[Quantity, tuple[str, str, Callable[[Brief], Estimate | NotDefined]]] = {
    "level": ("Share now", "share, 0 to 100", lambda brief: brief.level),
    "equilibrium": ("Current equilibrium", "share, 0 to 100", lambda brief: brief.equilibrium),
    "half_life": ("Half-life", "months, log scale", lambda brief: brief.half_life),
}
"""Name, unit and value of what dyads are compared in."""
_MONTHS = (1, 3, 6, 12, 24, 48, 96, 192, 384, 768)
_BINS = 25
STEP = 5
EDGES = np.arange(0, 100 + STEP, STEP)
"""Points of share by which periods are counted."""


@checked
def plot_dyads(
    data: "Sequence[Assessment | Brief]",
    *,
    quantity: Literal["level", "equilibrium", "half_life"] = "level",
    ci_prob: float = 0.9,
    ax: "Axes | None" = None,
    figsize: tuple[float, float] | None = None,
    **kwargs: Any,
) -> "Axes":
    """Plot one quantity of several dyads, the first of which is highlighted.

    Parameters
    ----------
    data : sequence of Assessment
        Of the dyads, at one moment.
    quantity : {'level', 'equilibrium', 'half_life'}
        The share now, its long-run mean in the current era, or the half-life of deviations, months.
    ci_prob : float
        Probability of the intervals.
    ax, figsize : optional
        Matplotlib axes to draw on; or width and height of a new figure, inches.
    **kwargs
        Options of the medians, for `matplotlib.axes.Axes.plot`.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> from forecast import plots
    >>> plots.plot_dyads([assessment], quantity="half_life").get_title()
    'Half-life'
    """
    name, unit, value_of = QUANTITIES[quantity]
    values = [value_of(brief.brief) for brief in data]
    if not values:
        raise DataError("data: there is no dyad; expected at least one Assessment")
    defined = [value for value in values if isinstance(value, Estimate)]
    if missing := {value.reason for value in values if isinstance(value, NotDefined)}:
        raise DataError(
            f"quantity: {quantity} is not defined: {min(missing)}; choose another, or leave dyads "
            "out"
        )
    on = style.axes(ax, figsize, 0.3 * len(values) + 0.9)
    style.frame(on, "x")
    style.name_rows(on, [brief.brief.label for brief in data])
    for row, value in enumerate(defined):
        color = style.LEVEL if row == 0 else style.MUTED
        style.dot_interval(on, row, value.median, style.central(value, ci_prob), color, **kwargs)
    on.axhspan(-0.5, 0.5, color=style.SHADE, linewidth=0, zorder=0)
    if quantity == "half_life":
        ends = [style.central(value, ci_prob) for value in defined]
        _months_axis(on, min(low for low, _ in ends) / 1.15, max(high for _, high in ends) * 1.15)
    else:
        on.set_xlim(0, 100)
        on.set_xticks(range(0, 101, 25))
    on.get_yticklabels()[0].set_fontweight("bold")
    on.set_title(name)
    on.set_xlabel(unit)
    return style.finished(on, ax)


def _months_axis(on: "Axes", low: float, high: float) -> None:
    on.set_xlim(low, high)
    style.log_axis(on, [tick for tick in _MONTHS if low <= tick <= high])


@checked
def plot_halflife(
    data: "Assessment | FitLike",
    *,
    dyad: Dyad | None = None,
    ci_prob: float = 0.9,
    ax: "Axes | None" = None,
    figsize: tuple[float, float] | None = None,
    **kwargs: Any,
) -> "Axes":
    """Plot the posterior density of the half-life of deviations from the trend, in months.

    Parameters
    ----------
    data : Assessment or Fit
        Of a model with a cycle.
    dyad : str, optional
        Which dyad of a fit; not needed if there is only one.
    ci_prob : float
        Probability of the interval above the density.
    ax, figsize : optional
        Matplotlib axes to draw on; or width and height of a new figure, inches.
    **kwargs
        Options of the density, for `matplotlib.axes.Axes.stairs`.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> from forecast import plots
    >>> plots.plot_halflife(fit, dyad="USA-CHN", ci_prob=0.5).get_xscale()
    'log'
    """
    if isinstance(data, Assessment):
        value = data.pendulum.half_life
        draws = None if isinstance(value, NotDefined) else value.draws
    else:
        draws = dyad_draws(data, style.only_dyad(data.panel, dyad)).half_life
    if draws is None:
        raise DataError(f"data: {NO_CYCLE}; expected a fit of a model with a cycle")
    on = style.axes(ax, figsize, 2.8)
    low, high = np.quantile(draws, (0.001, 0.999))
    edges = np.geomspace(low, high * 1.001, 2 * _BINS)
    heights, _ = np.histogram(draws, edges)
    look: dict[str, Any] = {"fill": True, "color": style.LEVEL, "alpha": 0.45, "label": "posterior"}
    on.stairs(heights, edges, **style.merged(look, kwargs))
    _months_axis(on, float(low), float(high))
    style.bare(on, "y")
    lower, middle, upper = np.quantile(draws, style.quantile_levels(ci_prob))
    style.dot_interval(on, 1.08 * float(heights.max()), middle, (lower, upper), style.INK)
    on.set_ylim(0, 1.16 * float(heights.max()))
    on.set_xlabel("half-life, months, log scale")
    return style.finished(on, ax)


@checked
def plot_prior_posterior(
    data: "Fit | Headroom | pd.DataFrame",
    *,
    dyad: Dyad | None = None,
    ci_prob: float = 0.9,
    ax: "Axes | None" = None,
    figsize: tuple[float, float] | None = None,
    **kwargs: Any,
) -> "Axes":
    """Plot priors and posteriors of the parameters of a dyad, or the headroom.

    The headroom is shown with its data and without.

    Parameters
    ----------
    data : Fit, Headroom or pandas.DataFrame
        A fit, or its ``prior_posterior(dyad)``: a row per parameter, on a scale on which each prior
        has its median at 0 and the ends of its interval 2 apart; logarithmic if the prior is
        positive. Or the headroom of an outlook, ``assessment.frameworks.headroom``: two densities.
    dyad : str, optional
        Which dyad of a fit; not needed if there is only one.
    ci_prob : float
        Probability of the intervals; 0.9 is stored.
    ax, figsize : optional
        Matplotlib axes to draw on; or width and height of a new figure, inches.
    **kwargs
        Options of the posterior medians, for `matplotlib.axes.Axes.plot`; of the headroom, of
        `matplotlib.axes.Axes.stairs`.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import pandas as pd
    >>> from forecast import plots
    >>> row = {"quantity": "half-life", "prior_low": 10.0, "prior": 20.0, "prior_high": 40.0}
    >>> rows = pd.DataFrame([{**row, "low": 14.1, "median": 20.0, "high": 28.3}])
    >>> [text.get_text() for text in plots.plot_prior_posterior(rows).get_yticklabels()]
    ['half-life']
    """
    if isinstance(data, Headroom):
        return _plot_headroom(data, ax, figsize, kwargs)
    if not isinstance(data, pd.DataFrame):
        data = data.prior_posterior(style.only_dyad(data.panel, dyad))
    names = ["prior_low", "prior", "prior_high", "low", "median", "high"]
    style.require_columns(data, ["quantity", *names])
    style.stored_places(TAILS, ci_prob)
    on = style.axes(ax, figsize, 0.34 * len(data) + 0.9)
    style.frame(on, "x")
    style.name_rows(on, data["quantity"].tolist())
    for position, row in enumerate(data[names].to_numpy(dtype=float)):
        values = np.log(row) if (row > 0).all() else row
        low, middle, high, *after = 2 * (values - values[1]) / (values[2] - values[0])
        prior, posterior = (
            ("prior", "posterior") if position == 0 else (None, None)
        )  # a legend names each once
        style.dot_interval(
            on, position - 0.14, middle, (low, high), style.MUTED, small=True, label=prior
        )
        look = {"label": posterior} | kwargs
        style.dot_interval(on, position + 0.14, after[1], (after[0], after[2]), style.LEVEL, **look)
    on.set_xlabel("distance from the prior's median; its 90% interval is 2 wide")
    return style.finished(on, ax)


def _plot_headroom(
    room: Headroom, ax: "Axes | None", figsize: Any, options: dict[str, Any]
) -> "Axes":
    on = style.axes(ax, figsize, 2.4)
    values, others = room.log_odds.draws, room.learning.comparison.draws
    high = float(np.quantile(np.concatenate([values.ravel(), others.ravel()]), 0.99))
    edges = np.linspace(0, high, _BINS)
    density, compared = (np.histogram(draws, edges, density=True)[0] for draws in (values, others))
    look: dict[str, Any] = {
        "label": "with these data",
        "fill": True,
        "color": style.CEILING,
        "alpha": 0.45,
    }
    on.stairs(density, edges, **style.merged(look, options))
    on.stairs(
        compared,
        edges,
        label=f"according to {room.learning.compared_with}",
        color=style.INK,
        linewidth=1.3,
    )
    style.bare(on, "y")
    on.set_xlim(0, high)
    on.set_ylim(0, None)
    on.set_xlabel("headroom, log-odds")
    return style.finished(on, ax)


def percent_by_share(fit: FitLike, result: Assessment) -> Float:
    """Return the percent of earlier periods in each step of share, averaged over the draws."""
    draws = dyad_draws(fit, result.dyad)
    past = draws.share[..., draws.clock.since(result.standing.since) : -1]
    return np.asarray(100 * np.histogram(past, EDGES)[0] / past.size)


def draw_standing(on: "Axes", result: Assessment, spent: Float) -> None:
    """Draw how the record's shares are distributed, with the present one among them."""
    value = result.standing.level
    colors = [style.LEVEL if end <= value.median else style.SAME for end in EDGES[1:]]
    on.bar(
        EDGES[:-1],
        spent,
        width=STEP,
        align="edge",
        color=colors,
        alpha=0.75,
        edgecolor="white",
        linewidth=0.8,
    )
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
    now = wording.period(result.origin, weekly=result.weekly)
    text = f"{now}: {wording.interval(value.median, value.low, value.high, 0)}"
    style.note(
        on,
        text,
        (min(max(value.median, 25), 75), height),
        (0, 7),
        ha="center",
        va="bottom",
        fontweight="bold",
    )


def draw_lowest_years(on: "Axes", result: Assessment) -> None:
    """Draw the years most likely to have been the lowest as bars of their chance."""
    years = {str(year): 100 * likely.value for year, likely in result.standing.lowest_years.items()}
    style.name_rows(on, list(years))
    on.barh(range(len(years)), list(years.values()), height=0.62, color=style.WORSE)
    for row, value in enumerate(years.values()):
        style.note(
            on, chance(value / 100), (value, row), (4, 0), va="center", fontsize=style.font(1)
        )
    style.bare(on, "x")
    on.set_xlim(0, max(years.values()) * 1.02 + 1e-9)
    on.set_title(f"Lowest year since {result.standing.since:%Y}: chance", fontweight="normal")
