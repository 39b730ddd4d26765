"""Figure of a claim: a line with the limits of the rule, bars, or intervals."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.report import style
from forecast.report.words import label
from forecast.wording import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from forecast.hypotheses.outcome import Picture, Series

_LOOKS: tuple[tuple[str, Any, str, str], ...] = (
    (style.LEVEL, "-", "", "o"),
    (style.OBSERVED, (0, (5, 2)), "////", "s"),
    (style.EQUILIBRIUM, (0, (1.5, 1.5)), "....", "^"),
    (style.CEILING, (0, (5, 1.5, 1.5, 1.5)), "xxxx", "D"),
    (style.MUTED, (0, (8, 2)), "\\\\\\\\", "v"),
)
"""Colour, dashes, hatching and marker of each series, so that they can be distinguished in print."""
_MARKED = 16
"""Points of a line that are marked; a line of more is a curve."""
_LOG_AXIS = 10.0
"""Ratio of the last to the first place of a line from which the axis is logarithmic."""


def illustrate(picture: "Picture") -> style.Illustration:
    """Draw the picture of a claim."""
    title = picture.title.rstrip(".")
    shape = {"line": "Shades", "bars": "Thin lines", "intervals": "Lines"}[picture.kind]
    explained = f" {shape} are 90% intervals." if any(one.low for one in picture.series) else ""
    return style.illustrate(
        lambda layout: _draw(picture, layout),
        alt=f"{title}. {_ends(picture)} All numbers are in tests.json.",
        caption=f"{title}.{explained}",
    )


def _draw(picture: "Picture", layout: style.Layout) -> "Figure":
    handles, rows = _handles(picture), picture.kind != "line"
    names = list(dict.fromkeys(_at(x) for one in picture.series for x in one.x)) if rows else []
    height = (0.22 * len(picture.series) + 0.08) * len(names) + 0.8 if rows else 2.9
    figure, (on,) = style.subplots(layout, height + 0.19 * len(handles))
    if handles:
        style.legend(figure, handles, 1)
    rule = on.axvline if rows else on.axhline
    for limit in picture.limits:
        rule(limit, color=style.INK, linewidth=0.9, linestyle=(0, (4, 3)), zorder=1)
    rule(0, color=style.MUTED, linewidth=0.8, zorder=0)
    if rows:
        _rows(on, picture, layout, names)
    else:
        _lines(on, picture, layout)
    return figure


def _rows(on: "Axes", picture: "Picture", layout: style.Layout, names: Sequence[str]) -> None:
    """Draw a row per place, with a bar or an interval per series."""
    style.frame(on, "x")
    style.name_rows(on, names, layout)
    step, bars = 0.8 / len(picture.series), picture.kind == "bars"
    for place, one in enumerate(picture.series):
        color, _, hatch, marker = _look(place, one)
        at = np.array([names.index(_at(x)) for x in one.x]) + step * (place - (len(picture.series) - 1) / 2)
        if bars:
            on.barh(at, one.y, height=0.85 * step, color=color, alpha=0.75, hatch=hatch, edgecolor="white", linewidth=0)
        else:
            on.plot(one.y, at, marker, color=color, markersize=5, linestyle="none")
        if one.low:
            on.hlines(at, one.low, one.high, color=style.INK if bars else color, linewidth=1.1 if bars else 2)
    on.margins(x=0.06)
    on.set_xlabel(picture.y_label, fontsize=layout.font - 1)


def _lines(on: "Axes", picture: "Picture", layout: style.Layout) -> None:
    """Draw lines above an axis that is logarithmic where they cover orders of magnitude."""
    style.frame(on, "y")
    for place, one in enumerate(picture.series):
        color, dashes, _, marker = _look(place, one)
        x = np.array(one.x, dtype=float)
        if one.low:
            on.fill_between(x, one.low, one.high, color=color, alpha=0.18, linewidth=0)
        on.plot(x, one.y, color=color, linestyle=dashes, linewidth=1.6)
        if len(x) <= _MARKED:
            on.plot(x, one.y, marker, color=color, markersize=3.5)
    places = sorted({float(x) for one in picture.series for x in one.x})
    if places and places[0] > 0 and places[-1] / places[0] >= _LOG_AXIS:
        on.set_xscale("log")
        on.minorticks_off()
        found = places if len(places) <= _MARKED else 2.0 ** np.arange(-10, 20)
        ticks = [tick for tick in found if places[0] <= tick <= places[-1]]
        ticks = ticks[:: -(-len(ticks) // 9)]
        on.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    if not picture.limits and all(y >= 0 for one in picture.series for y in one.y):
        on.set_ylim(0, None)
    on.set_title(picture.y_label, loc="left", fontsize=layout.font - 1)
    on.set_xlabel(picture.x_label, fontsize=layout.font - 1)


def _handles(picture: "Picture") -> list[Any]:
    """Return the legend: the series if there are several, and the limits of the rule."""
    handles: list[Any] = []
    for place, one in enumerate(picture.series if len(picture.series) > 1 else ()):
        color, dashes, hatch, marker = _look(place, one)
        if picture.kind == "bars":
            handles.append(style.patch(color, one.label, 0.75))
            handles[-1].set(hatch=hatch, edgecolor="white")
        elif picture.kind == "line":
            handles.append(style.key(color, one.label, linestyle=dashes, linewidth=1.6))
        else:
            handles.append(style.key(color, one.label, marker=marker, markersize=5))
    if picture.limits:
        said = [f"{'supported above' if one > 0 else 'rejected below'} {number(one, 1)}" for one in picture.limits]
        handles.append(style.key(style.INK, f"Rule: {', '.join(said)}", linewidth=0.9, linestyle=(0, (4, 3))))
    return handles


def _look(place: int, one: "Series") -> tuple[str, Any, str, str]:
    """Return how a series looks; a prior recedes."""
    return _LOOKS[-1 if one.label == "prior" else place % len(_LOOKS)]


def _ends(picture: "Picture") -> str:
    """Describe where each series is smallest and largest."""
    said = []
    for one in picture.series:
        finite = [at for at, y in enumerate(one.y) if np.isfinite(y)]
        if finite:
            ends = (min(finite, key=one.y.__getitem__), max(finite, key=one.y.__getitem__))
            least, most = (f"{number(one.y[at], 1)} ({_at(one.x[at])})" for at in ends)
            said.append(f"{one.label}: from {least} to {most}.")
    return " ".join(said)


def _at(x: float | str) -> str:
    return label(x) if isinstance(x, str) else f"{x:g}"
