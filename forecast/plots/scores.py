"""Figures of the quality of forecasts and fits.

They show calibration, scores against benchmarks, and posterior predictive checks.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from forecast.base.arguments import checked
from forecast.base.errors import DataError, SpecError
from forecast.base.typing import Dyad, Float
from forecast.base.wording import join
from forecast.data.events.dyads import dyad_labels
from forecast.outlook import main_horizon
from forecast.outlook.draws import TAILS
from forecast.plots import style
from forecast.study.checks.check import Checks
from forecast.study.evaluation.scores import BAND, CalibrationBand, calibration, pit_band
from forecast.study.evaluation.skill import CHOSEN_ON, SPLIT, Skill, forecaster_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes


_SMALL = f"small: forecast dates up to {SPLIT - 1}"
_BAND = "95% band if calibrated"
_LEADS = {
    "this": (style.BETTER, "better"),
    "other": (style.WORSE, "worse"),
    "undecided": (style.MUTED, "not distinguishable"),
}
FARTHEST = 6.0
"""Standard deviations at which a point is drawn that lies farther out."""


@checked
def plot_calibration(
    data: "pd.DataFrame | CalibrationBand",
    *,
    event: Literal["up", "down"] = "up",
    reference: "pd.DataFrame | CalibrationBand | None" = None,
    ci_prob: float = BAND,
    ax: "Axes | None" = None,
    figsize: tuple[float, float] | None = None,
    **kwargs: Any,
) -> "Axes":
    """Plot how often something happened by the probability that was stated (isotonic regression).

    Parameters
    ----------
    data : pandas.DataFrame or Band
        Forecasts of one forecaster with what happened, such as `cases` of a backtest: columns
        `p_up` and `up`, or `p_down` and `down`. Or the result of
        `forecast.study.evaluation.scores.calibration`.
    event : {'up', 'down'}
        A higher or a lower share.
    reference : pandas.DataFrame or Band, optional
        The same of a forecaster to compare with.
    ci_prob : float
        Probability with which the band contains the curve of calibrated forecasts; of a Band 0.95.
    ax, figsize : optional
        Matplotlib axes to draw on; or width and height of a new figure, inches.
    **kwargs
        Options of the curve, for `matplotlib.axes.Axes.plot`.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import pandas as pd
    >>> from forecast import plots
    >>> chances, up = [0.1, 0.2, 0.3, 0.8, 0.9], [False, False, True, True, True]
    >>> cases = pd.DataFrame({"p_up": chances * 8, "up": up * 8})
    >>> plots.plot_calibration(cases, label="mine").get_ylabel()
    'how often it happened'
    """
    band, other = (
        _moves(data, event, ci_prob),
        None if reference is None else _moves(reference, event, ci_prob),
    )
    on = style.axes(ax, figsize, 4.5, width=4.5)
    _draw_curve(on, band, other, kwargs, diagonal=True)
    on.set_xlabel("probability stated")
    on.set_ylabel("how often it happened")
    return style.finished(on, ax)


@checked
def plot_pit(
    data: "pd.DataFrame | Float | CalibrationBand",
    *,
    reference: "pd.DataFrame | Float | CalibrationBand | None" = None,
    ci_prob: float = BAND,
    ax: "Axes | None" = None,
    figsize: tuple[float, float] | None = None,
    **kwargs: Any,
) -> "Axes":
    """Plot how recorded shares are distributed among the predicted ones (PIT).

    The even distribution is taken away.

    Parameters
    ----------
    data : pandas.DataFrame, array or Band
        Probability integral transforms, 0 to 1, or a table with them as `pit`, such as `cases` of a
        backtest; or the result of `forecast.study.evaluation.scores.pit_band`.
    reference : pandas.DataFrame, array or Band, optional
        The same of a forecaster to compare with.
    ci_prob : float
        Probability with which the band contains the curve of calibrated forecasts; of a Band 0.95.
    ax, figsize : optional
        Matplotlib axes to draw on; or width and height of a new figure, inches.
    **kwargs
        Options of the curve, for `matplotlib.axes.Axes.plot`.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import numpy as np
    >>> from forecast import plots
    >>> plots.plot_pit(np.linspace(0.3, 0.7, 40)).get_ylabel()
    'more than even'
    """
    band, other = _pits(data, ci_prob), None if reference is None else _pits(reference, ci_prob)
    on = style.axes(ax, figsize, 4.5, width=4.5)
    _draw_curve(on, band, other, kwargs, diagonal=False)
    on.set_xlabel("place in the prediction")
    on.set_ylabel("more than even")
    return style.finished(on, ax)


def _moves(data: "pd.DataFrame | CalibrationBand", event: str, mass: float) -> CalibrationBand:
    if isinstance(data, CalibrationBand):
        return _with_band(data, mass)
    style.require_columns(data, [f"p_{event}", event])
    style.quantile_levels(mass)
    cases = data[data[f"p_{event}"].notna()]
    if cases.empty:
        raise DataError(
            f"data: there is no probability in p_{event}; expected at least one row with one"
        )
    return calibration(cases[f"p_{event}"].astype(float), cases[event].astype(bool), mass=mass)


def _pits(data: "pd.DataFrame | Float | CalibrationBand", mass: float) -> CalibrationBand:
    if isinstance(data, CalibrationBand):
        return _with_band(data, mass)
    if isinstance(data, pd.DataFrame):
        style.require_columns(data, ["pit"])
    style.quantile_levels(mass)
    values = np.asarray(getattr(data, "pit", data), dtype=float)
    if values.ndim != 1 or len(values) < 2 or not ((values >= 0) & (values <= 1)).all():
        raise DataError("data: expected at least two places in a prediction, each from 0 to 1")
    return pit_band(values, mass)


def _with_band(band: CalibrationBand, mass: float) -> CalibrationBand:
    if mass != BAND:
        raise SpecError(
            f"ci_prob: got {mass}; expected {BAND}, with which a Band was made; give the cases "
            "instead"
        )
    return band


def _draw_curve(
    on: "Axes",
    subject: CalibrationBand,
    reference: CalibrationBand | None,
    options: dict[str, Any],
    *,
    diagonal: bool,
) -> None:
    """Draw a curve with its band and perhaps another without.

    Calibrated ones follow the diagonal, or zero.
    """
    curve = {"color": style.LEVEL, "linewidth": 1.8, "label": "forecasts", "zorder": 3}
    on.plot(subject.x, subject.y, **style.merged(curve, options))
    if reference is not None:
        on.plot(reference.x, reference.y, color=style.OBSERVED, linewidth=1.1, label="reference")
    band: Any = {"color": style.SAME, "alpha": 0.6, "linewidth": 0, "label": _BAND}
    on.fill_between(subject.x, subject.low, subject.high, **band)
    on.plot([0, 1], [0, int(diagonal)], ":", color=style.INK, linewidth=1)
    ticks = [0, 0.25, 0.5, 0.75, 1], ["0", "", "0.5", "", "1"]
    on.set_xlim(0, 1)
    on.set_xticks(*ticks)
    if diagonal:
        on.set_ylim(0, 1)
        on.set_yticks(*ticks)
    else:
        drawn = [
            subject.y,
            subject.low,
            subject.high,
            *([] if reference is None else [reference.y]),
        ]
        reach = 1.1 * max(float(np.abs(values).max()) for values in drawn)
        on.set_ylim(-reach, reach)
        on.locator_params(axis="y", nbins=5)
    on.grid(color=style.GRID, linewidth=0.6)
    on.set_axisbelow(True)


@checked
def plot_skill(
    data: Skill,
    *,
    horizon: int | None = None,
    against: Sequence[str] | None = None,
    dyads: Sequence[Dyad] | None = None,
    model: str | None = None,
    ci_prob: float = 0.9,
    ax: "Axes | None" = None,
    figsize: tuple[float, float] | None = None,
    **kwargs: Any,
) -> "Axes":
    """Plot by how much forecasts were better than others in mean CRPS; left of zero they were.

    Colours follow 90% intervals; of single dyads after Holm's correction over all dyads and
    horizons. Small dots are of the forecast dates on which choices were made, if others are
    reported.

    Parameters
    ----------
    data : Skill
        Contents of a ``skill.json``: ``results.skill``, or ``Skill.read(path)``.
    horizon : int, optional
        Months; by default the one nearest to a year.
    against : sequence of str, optional
        Codes of the others, a row each; by default all, the best first.
    dyads : sequence of str, optional
        A row for each of these dyads instead, against the first of the others.
    model : str, optional
        Code of the forecaster; by default the subject of the backtest.
    ci_prob : float
        Probability of the intervals; 0.9 is stored.
    ax, figsize : optional
        Matplotlib axes to draw on; or width and height of a new figure, inches.
    **kwargs
        Options of the dots, for `matplotlib.axes.Axes.plot`.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> from forecast import plots
    >>> from forecast.study.evaluation.skill import Skill
    >>> from forecast.base.resources import skill_file
    >>> shown = plots.plot_skill(Skill.read(skill_file()), against=["base_rate_10y", "local_level"])
    >>> [row.get_text() for row in shown.get_yticklabels()]
    ['ten-year base rate', 'local level']
    """
    style.stored_places(TAILS, ci_prob)
    horizon = main_horizon(data.choices["horizons"]) if horizon is None else horizon
    if against is None:
        scored = data.row(horizon, model=model, period=data.period)
        against = (
            []
            if scored is None
            else [
                str(compared["model"])
                for compared in sorted(
                    scored["against"], key=lambda compared: float(compared["difference"])
                )
            ]
        )
    if not against:
        horizons = join(map(str, data.choices["horizons"]), "or")
        raise SpecError(
            f"horizon: got {horizon}, at which nothing was compared; expected {horizons}"
        )
    if not set(against) <= set(data.models):
        raise SpecError(f"against: got {join(against)}; expected some of {join(data.models)}")
    rows = named_rows(against, dyads)
    on, named = style.axes(ax, figsize, 0.28 * len(rows) + 0.9), set[str]()
    style.frame(on, "x")
    style.name_rows(on, [name for name, *_ in rows])
    periods = dict.fromkeys((data.period, CHOSEN_ON))
    for position, (_, code, dyad) in enumerate(rows):
        for y, period in zip((position - 0.12, position + 0.22), periods, strict=False):
            difference = data.against(code, horizon, dyad=dyad, period=period, model=model)
            if difference is not None:
                ahead = data.lead(code, horizon, dyad=dyad, period=period, model=model)
                color, words = _LEADS.get(ahead or "undecided", _LEADS["undecided"])
                ends, small = (difference["low"], difference["high"]), period != data.period
                style.dot_interval(
                    on, y, difference["difference"], ends, color, small=small, **kwargs
                )
                named.add(_SMALL if small else words)
    on.axvline(0, color=style.INK, linewidth=0.8, zorder=1)
    on.locator_params(axis="x", nbins=4)
    keys = [(color, words, False) for color, words in _LEADS.values()]
    for color, words, small in [*keys, (style.MUTED, _SMALL, True)]:
        if words in named:
            style.dot_interval(on, 0, np.nan, (None, None), color, small=small, label=words)
    on.set_xlabel("points of CRPS; left of zero: better")
    return style.finished(on, ax)


def named_rows(against: Sequence[str], dyads: Sequence[str] | None) -> list[tuple[str, str, str]]:
    """Return name, code and dyad for each other forecaster, or each dyad against the first."""
    if dyads is None:
        return [(forecaster_name(code), code, "all") for code in against]
    return [(dyad_labels().get(dyad, dyad), against[0], dyad) for dyad in dyads]


@checked
def plot_ppc(
    data: "Checks",
    *,
    ci_prob: float | None = None,
    ax: "Axes | None" = None,
    figsize: tuple[float, float] | None = None,
    **kwargs: Any,
) -> "Axes":
    """Plot how far numbers of the record lie from what a fit makes of them, by kind of check.

    Parameters
    ----------
    data : Checks
        Of `forecast.study.checks.check_fit`: posterior predictive checks.
    ci_prob : float, optional
        Probability of the shaded band; by default it ends at two standard deviations, from which a
        number is a miss.
    ax, figsize : optional
        Matplotlib axes to draw on; or width and height of a new figure, inches.
    **kwargs
        Options of the points, for `matplotlib.axes.Axes.scatter`.

    Returns
    -------
    matplotlib.axes.Axes
        Points beyond six standard deviations are drawn there.

    Examples
    --------
    >>> import pandas as pd
    >>> from forecast import plots
    >>> from forecast.study.checks import Checks
    >>> kinds, z = ["side", "side", "tails"], [-0.4, 2.6, 1.1]
    >>> rows = pd.DataFrame({"check": kinds, "z": z, "miss": [False, True, False]})
    >>> [row.get_text() for row in plots.plot_ppc(Checks(rows, 200)).get_yticklabels()]
    ['cooperative share of an era', 'months in the tails']
    """
    from forecast.study.checks.check import KINDS, MISS_LIMIT

    table = data.table.dropna(subset="z")
    kinds = [kind for kind in KINDS if kind in set(table["check"])]
    limit = MISS_LIMIT if ci_prob is None else style.normal(ci_prob)
    on = style.axes(ax, figsize, 0.62 * len(kinds) + 0.6)
    style.name_rows(on, [KINDS[kind] for kind in kinds])
    on.axvspan(-limit, limit, color=style.GRID, linewidth=0, zorder=0)
    on.axvline(0, color=style.INK, linewidth=0.8, zorder=1)
    for row, kind in enumerate(kinds):
        distances = np.sort(
            table.loc[table["check"] == kind, "z"].clip(-FARTHEST, FARTHEST).to_numpy()
        )
        # spread over the height of the row
        across = row + 0.26 * ((np.arange(len(distances)) * 0.618) % 1 - 0.5)
        color = np.where(np.abs(distances) > limit, style.WORSE, style.MUTED)
        look = {"s": 9, "color": list(color), "linewidths": 0, "zorder": 2}
        on.scatter(distances, across, **style.merged(look, kwargs))
    on.set_xlim(-FARTHEST - 0.2, FARTHEST + 0.2)
    on.set_xlabel("standard deviations from the mean of simulated records")
    return style.finished(on, ax)
