"""Figures of tests of general claims: evidence, power and false alarms."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.base.arguments import checked
from forecast.base.errors import DataError, SpecError
from forecast.base.typing import Float
from forecast.base.wording import join, number
from forecast.data.events.dyads import dyad_labels
from forecast.outlook.draws import TAILS
from forecast.plots import style
from forecast.study.hypotheses.outcome import Picture
from forecast.study.hypotheses.power_tables import Rate
from forecast.study.hypotheses.results import PooledResults, PooledVerdict

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from forecast.study.hypotheses.outcome import Series

type _Look = tuple[str, Any, str, str]
_LOOKS: tuple[_Look, ...] = (
    (style.LEVEL, "-", "", "o"),
    (style.OBSERVED, (0, (5, 2)), "////", "s"),
    (style.EQUILIBRIUM, (0, (1.5, 1.5)), "....", "^"),
    (style.CEILING, (0, (5, 1.5, 1.5, 1.5)), "xxxx", "D"),
    (style.MUTED, (0, (8, 2)), "\\\\\\\\", "v"),
)
"""Colour, dashes, hatching and marker of each series, so that they can be distinguished in
print."""
_MARKED = 16
"""Points of a line that are marked; a line of more is a curve."""
_LOG_AXIS = 10.0
"""Ratio of the last to the first place of a line from which the axis is logarithmic."""


@checked
def plot_evidence(
    data: "PooledResults | PooledVerdict | Picture",
    *,
    claim: str | None = None,
    ci_prob: float = 0.9,
    ax: "Axes | None" = None,
    figsize: tuple[float, float] | None = None,
    **kwargs: Any,
) -> "Axes":
    """Plot the evidence on claims.

    It is log Bayes factors with the rule that decides, or what one claim rests on.

    Parameters
    ----------
    data : PooledResults, PooledVerdict or Picture
        Of `forecast.pooled_tests`; or the test of one claim, or its picture.
    claim : str, optional
        Code of a claim, whose picture is drawn; by default all claims are, by their log Bayes
        factors, from the smallest over alternatives to the largest.
    ci_prob : float
        Probability of the intervals of a picture; 0.9 is stored.
    ax, figsize : optional
        Matplotlib axes to draw on; or width and height of a new figure, inches.
    **kwargs
        Options of the lines or dots, for `matplotlib.axes.Axes.plot`; of bars, for
        `matplotlib.axes.Axes.barh`.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> from forecast import plots
    >>> from forecast.study.hypotheses.outcome import Picture, Series
    >>> adds = Series("adds", ("USA-CHN", "USA-RUS"), (1.2, -0.4))
    >>> picture = Picture("Evidence by dyad", "", "log Bayes factor", "bars", (adds,))
    >>> shown = plots.plot_evidence(picture)
    >>> [float(bar.get_width()) for bar in shown.patches]
    [1.2, -0.4]
    """
    style.stored_places(TAILS, ci_prob)
    picture = _picture(data, claim)
    rows = picture.kind != "line"
    names = (
        list(dict.fromkeys(place_name(x) for series in picture.series for x in series.x))
        if rows
        else []
    )
    height = (0.22 * len(picture.series) + 0.08) * len(names) + 1.0 if rows else 2.9
    on = style.axes(ax, figsize, height)
    rule = on.axvline if rows else on.axhline
    rule(0, color=style.MUTED, linewidth=0.8, zorder=0)
    for row, series in enumerate(picture.series):
        # A prior recedes; without others, a series needs no name.
        look = _LOOKS[-1 if series.label == "prior" else row % len(_LOOKS)]
        named = {"label": series.label if len(picture.series) > 1 else None} | kwargs
        if rows:
            positions = (
                np.array([names.index(place_name(x)) for x in series.x])
                + 0.8 * (row + 0.5) / len(picture.series)
                - 0.4
            )
            _draw_row(
                on,
                series,
                positions,
                look,
                0.68 / len(picture.series) if picture.kind == "bars" else None,
                named,
            )
        else:
            _draw_line(on, series, look, named)
    said = [
        f"{'supported above' if limit > 0 else 'rejected below'} {number(limit, 1)}"
        for limit in picture.limits
    ]
    for limit in picture.limits:
        rule(
            limit,
            color=style.INK,
            linewidth=0.9,
            linestyle=(0, (4, 3)),
            zorder=1,
            label=f"Rule: {', '.join(said)}",
        )
    if rows:
        style.frame(on, "x")
        style.name_rows(on, names)
        on.margins(x=0.06)
        on.set_xlabel(picture.y_label)
    else:
        _finish_lines(on, picture)
    return style.finished(on, ax, columns=1)


def _picture(data: "PooledResults | PooledVerdict | Picture", claim: str | None) -> "Picture":
    """Return the picture of one claim, or one of all claims."""
    from forecast.study.hypotheses.outcome import LIMIT, Picture, Series
    from forecast.study.hypotheses.results import PooledResults, PooledVerdict

    if isinstance(data, PooledResults) and claim is not None:
        by_code = {verdict.code: verdict for verdict in data.verdicts}
        if claim not in by_code:
            raise SpecError(f"claim: got {claim}; expected one of {join(by_code)}")
        data = by_code[claim]
    if isinstance(data, PooledVerdict):
        if data.outcome.picture is None:
            raise DataError(
                f"data: the test of {data.code} has no picture; expected the results of all claims"
            )
        return data.outcome.picture
    if isinstance(data, Picture):
        return data
    tested = [verdict for verdict in data.verdicts if np.isfinite(verdict.outcome.least)]
    least, most = (
        tuple(getattr(verdict.outcome, name) for verdict in tested) for name in ("least", "most")
    )
    series = Series("least", tuple(verdict.code for verdict in tested), least, least, most)
    return Picture(
        "Log Bayes factors", "", "log Bayes factor", "intervals", (series,), (LIMIT, -LIMIT)
    )


def _draw_row(
    on: "Axes",
    series: "Series",
    positions: Float,
    look: _Look,
    bar: float | None,
    options: dict[str, Any],
) -> None:
    """Draw the bars of a series, so thick, or its intervals, each in its row."""
    color, _, hatch, marker = look
    if bar is not None:
        fill: Any = {
            "color": color,
            "alpha": 0.75,
            "hatch": hatch,
            "edgecolor": "white",
            "linewidth": 0,
        }
        on.barh(positions, series.y, **style.merged(fill | {"height": bar}, options))
    else:
        dots: Any = {"marker": marker, "color": color, "markersize": 5, "linestyle": "none"}
        on.plot(series.y, positions, **style.merged(dots, options))
    if series.low:
        on.hlines(
            positions,
            series.low,
            series.high,
            color=color if bar is None else style.INK,
            linewidth=2 if bar is None else 1.1,
        )


def _draw_line(on: "Axes", series: "Series", look: _Look, options: dict[str, Any]) -> None:
    color, dashes, _, marker = look
    x = np.array(series.x, dtype=float)
    if series.low:
        on.fill_between(x, series.low, series.high, color=color, alpha=0.18, linewidth=0)
    shown = marker if len(x) <= _MARKED else ""
    line: Any = {
        "color": color,
        "linestyle": dashes,
        "linewidth": 1.6,
        "marker": shown,
        "markersize": 3.5,
    }
    on.plot(x, series.y, **style.merged(line, options))


def _finish_lines(on: "Axes", picture: "Picture") -> None:
    """Draw the axes of lines; one is logarithmic where they cover orders of magnitude."""
    style.frame(on, "y")
    places = sorted({float(x) for series in picture.series for x in series.x})
    if places and places[0] > 0 and places[-1] / places[0] >= _LOG_AXIS:
        marks = places if len(places) <= _MARKED else list(2.0 ** np.arange(-10, 20))
        ticks = [tick for tick in marks if places[0] <= tick <= places[-1]]
        style.log_axis(on, ticks[:: -(-len(ticks) // 9)])
    if not picture.limits and all(y >= 0 for series in picture.series for y in series.y):
        on.set_ylim(0, None)
    on.set_title(picture.y_label, fontweight="normal")
    on.set_xlabel(picture.x_label)


def place_name(x: float | str) -> str:
    """Name a place of a series: a dyad by its label."""
    return dyad_labels().get(x, x) if isinstance(x, str) else f"{x:g}"


@checked
def plot_power(
    data: "PooledVerdict | Sequence[Rate]",
    *,
    ci_prob: float = 0.9,
    ax: "Axes | None" = None,
    figsize: tuple[float, float] | None = None,
    **kwargs: Any,
) -> "Axes":
    """Plot how often a test supported a claim on simulated data.

    It is power where the claim is true, else false alarms.

    Parameters
    ----------
    data : PooledVerdict or sequence of Rate
        The test of one claim; or rates of `forecast.study.hypotheses.power_tables`.
    ci_prob : float
        Probability of the intervals, which come from the number of sets (Jeffreys).
    ax, figsize : optional
        Matplotlib axes to draw on; or width and height of a new figure, inches.
    **kwargs
        Options of the bars, for `matplotlib.axes.Axes.barh`.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> from forecast import plots
    >>> from forecast.study.hypotheses.power_tables import rates_of
    >>> plots.plot_power(rates_of("S5b")).get_xlabel()
    'simulated data sets that support the claim, %'
    """
    given: Sequence[Rate] = data if isinstance(data, Sequence) else data.rates
    rates = [rate for rate in given if rate.sets]
    if not rates:
        raise DataError("data: power was not simulated for this claim; expected at least one rate")
    sizes = len({(rate.dyads, rate.events) for rate in rates}) > 1
    names = [
        rate.truth + (f", {rate.dyads} dyads, events x {rate.events}" if sizes else "")
        for rate in rates
    ]
    on = style.axes(ax, figsize, 0.4 * len(rates) + 0.9)
    style.frame(on, "x")
    style.name_rows(on, names)
    for true, color, words in (
        (True, style.BETTER, "claim true: power"),
        (False, style.WORSE, "false: false alarms"),
    ):
        rows = [row for row, rate in enumerate(rates) if rate.true is true]
        look: dict[str, Any] = {
            "height": 0.6,
            "color": color,
            "label": words,
            "edgecolor": "white",
            "linewidth": 0,
        }
        if rows:
            percents = [100 * rates[row].supported / rates[row].sets for row in rows]
            on.barh(
                rows, percents, **style.merged(look | {"hatch": "" if true else "////"}, kwargs)
            )
    for row, rate in enumerate(rates):
        ends = style.share_interval(rate.supported, rate.sets, ci_prob)
        on.hlines(row, *ends, color=style.INK, linewidth=1.1)
    on.set_xlim(0, 100)
    on.set_xlabel("simulated data sets that support the claim, %")
    return style.finished(on, ax)
