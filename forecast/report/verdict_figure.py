"""Figure of a test: densities above a common axis, grouped bars, or lines."""

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.report import style
from forecast.typing import Float
from forecast.wording import join, number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from forecast.hypotheses import Drawing, Series


_COLORS = {
    "prior": style.MUTED,
    "posterior": style.LEVEL,
    "null": style.CEILING,
    "data": style.OBSERVED,
    "other": style.EQUILIBRIUM,
}
_DASHED = {"prior": (0, (4, 2)), "null": (0, (1.5, 1.5))}
_MOST_SAID = 12
"""Bars whose numbers an image's description lists; more of them are in the table."""


type _Look = tuple[str, Any]
"""Colour and dashes of a series."""


def illustrate(drawing: "Drawing") -> style.Illustration:
    """Draw what a verdict shows, in the look of all figures."""
    draw = {"densities": _densities, "bars": _bars, "line": _lines}[drawing.kind]
    title = drawing.title.rstrip(".")
    return style.illustrate(
        lambda layout: draw(drawing, layout), alt=f"{title}. {_said(drawing)}", caption=f"{title}.{_explained(drawing)}"
    )


def _densities(drawing: "Drawing", layout: style.Layout) -> "Figure":
    figure, on = _axes(drawing, layout, 2.5)
    for one, (color, dashes) in zip(drawing.series, _looks(drawing.series), strict=True):
        x, y = np.array(one.x, dtype=float), np.array(one.y)
        if one.role == "posterior":
            on.fill_between(x, 0, y, color=color, alpha=0.22, linewidth=0)
        on.plot(x, y, color=color, linestyle=dashes, linewidth=1.6)
    on.set_xlim(*_span([value for one in drawing.series for value in one.x]))
    on.set_ylim(0, None)
    on.set_yticks([])
    on.spines["left"].set_visible(False)
    on.set_xlabel(drawing.x_label, fontsize=layout.font - 1)
    return figure


def _lines(drawing: "Drawing", layout: style.Layout) -> "Figure":
    figure, on = _axes(drawing, layout, 3.1)
    for one, (color, dashes) in zip(drawing.series, _looks(drawing.series), strict=True):
        x, y = _along(one), np.array(one.y)
        if (band := _reach(one)) is not None:
            on.fill_between(x, *band, color=color, alpha=0.18, linewidth=0)
        if one.role == "data":
            on.plot(x, y, "o", color=color, markersize=3, markeredgewidth=0)
        else:
            on.plot(x, y, color=color, linestyle=dashes, linewidth=1.6)
    low, high = _span([float(value) for one in drawing.series for value in _along(one)])
    if all(one.places == "dates" for one in drawing.series):
        style.time_axis(on, low, high)
    else:
        on.set_xlim(low, high)
    bottom, top = on.get_ylim()
    if 0 < bottom < top / 2:  # what is small beside the whole is seen to be
        on.set_ylim(0, top)
    if bottom < 0 < top:
        on.axhline(0, color=style.MUTED, linewidth=0.8, zorder=0)
    style.frame(on, "y")
    on.set_title(drawing.y_label, loc="left", fontsize=layout.font - 1)
    on.set_xlabel(drawing.x_label, fontsize=layout.font - 1)
    return figure


def _bars(drawing: "Drawing", layout: style.Layout) -> "Figure":
    """Draw the bars lying down, so that the names of their groups can be read."""
    groups = list(dict.fromkeys(str(x) for one in drawing.series for x in one.x))
    lines = max(len(style.wrap(group, 0.28 * layout.width, layout.font)) for group in groups)
    row = max(0.2 * len(drawing.series) + 0.14, lines * layout.font * 1.35 / 72 + 0.06)
    figure, on = _axes(drawing, layout, row * len(groups) + 0.8)
    style.frame(on, "x")
    style.name_rows(on, groups, layout)
    for place, (one, (color, _)) in enumerate(zip(drawing.series, _looks(drawing.series), strict=True)):
        shift = (place - (len(drawing.series) - 1) / 2) * 0.2 / row
        at = np.array([groups.index(str(x)) + shift for x in one.x])
        on.barh(at, one.y, height=0.164 / row, color=color, alpha=0.75, linewidth=0)
        if (ends := _reach(one)) is not None:
            on.hlines(at, *ends, color=style.INK, linewidth=1.1)
    on.axvline(0, color=style.INK, linewidth=0.8)
    on.margins(x=0.06)
    on.set_xlabel(drawing.y_label, fontsize=layout.font - 1)
    return figure


def _axes(drawing: "Drawing", layout: style.Layout, height: float) -> "tuple[Figure, Axes]":
    """Make figure and axes, with a legend over them if there is more than one series."""
    labels = [one.label for one in drawing.series]
    widest = max(style.text_width(label, layout.font) for label in labels) + 0.55
    columns = min(len(labels), max(1, int(layout.width // widest)))
    figure, (on,) = style.subplots(layout, height + 0.19 * -(-len(labels) // columns))
    if len(labels) > 1:
        style.legend(figure, _handles(drawing), columns)
    return figure, on


def _handles(drawing: "Drawing") -> list[object]:
    handles: list[object] = []
    for one, (color, dashes) in zip(drawing.series, _looks(drawing.series), strict=True):
        if drawing.kind == "bars":
            handles.append(style.patch(color, one.label, 0.75))
        elif drawing.kind == "line" and one.role == "data":
            handles.append(style.key(color, one.label, marker="o", markersize=4, linestyle="none"))
        else:
            handles.append(style.key(color, one.label, linestyle=dashes, linewidth=1.6))
    return handles


def _looks(series: "Sequence[Series]") -> list[_Look]:
    """Return each series the colour of its role, and a second of the same role one that no other has."""
    spare = [color for role, color in _COLORS.items() if role not in {one.role for one in series}]
    spare += [style.INK, style.RESET, style.WORSE]
    looks: list[_Look] = []
    for place, one in enumerate(series):
        first = all(other.role != one.role for other in series[:place])
        color = _COLORS[one.role] if first else spare.pop(0) if spare else style.MUTED
        looks.append((color, _DASHED.get(one.role, "-")))
    return looks


def _reach(one: "Series") -> tuple[Float, Float] | None:
    """Return the ends of a series' intervals, or one standard error on either side."""
    if one.low is not None and one.high is not None:
        return np.array(one.low), np.array(one.high)
    if one.error is None:
        return None
    return np.array(one.y) - np.array(one.error), np.array(one.y) + np.array(one.error)


def _explained(drawing: "Drawing") -> str:
    """Describe what the whiskers or shades of a drawing are."""
    shape = {"bars": "Thin lines", "line": "Shades"}.get(drawing.kind)
    if shape is None:
        return " Each curve encloses the same area." if len(drawing.series) > 1 else ""
    if any(one.low is not None for one in drawing.series):
        return f" {shape} are 90 % equal-tailed intervals."
    if any(one.error is not None for one in drawing.series):
        return f" {shape} reach one standard error to either side."
    return ""


def _said(drawing: "Drawing") -> str:
    """Describe the numbers of a drawing in words."""
    if drawing.kind == "densities":
        return f"Peaks of the densities: {join(f'{one.label} at {_peak(one)}' for one in drawing.series)}."
    if drawing.kind == "bars":
        bars = [f"{one.label}, {x}: {number(y)}" for one in drawing.series for x, y in zip(one.x, one.y, strict=True)]
        more = f"; and {len(bars) - _MOST_SAID} more" if len(bars) > _MOST_SAID else ""
        return f"Bars of {drawing.y_label}. {'; '.join(bars[:_MOST_SAID])}{more}."
    ends = [
        f"{one.label} from {number(one.y[0])} ({_at(one.x[0])}) to {number(one.y[-1])} ({_at(one.x[-1])})"
        for one in drawing.series
    ]
    return f"Lines of {drawing.y_label}: {'; '.join(ends)}."


def _peak(one: "Series") -> str:
    return number(float(one.x[int(np.argmax(one.y))]))


def _at(x: float | str) -> str:
    return x if isinstance(x, str) else number(x)


def _along(one: "Series") -> Float:
    """Return where the points of a line are: years with decimals for dates, in order for names."""
    if one.places == "dates":
        return np.array([style.year_of(date.fromisoformat(str(x))) for x in one.x])
    if one.places == "names":
        return np.arange(len(one.x), dtype=float)
    return np.array(one.x, dtype=float)


def _span(values: "Sequence[float | str]") -> tuple[float, float]:
    """Return the ends of an axis, apart even where all values are the same."""
    low, high = float(min(map(float, values))), float(max(map(float, values)))
    return (low, high) if high > low else (low - 1, high + 1)
