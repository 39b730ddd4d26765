"""Dyads side by side: level now, equilibrium of the era in force, half-life."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from forecast.outlook import Assessment, Brief, Estimate, NotDefined
from forecast.report import style
from forecast.report.words import interval, period
from forecast.wording import join

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

type Quantity = tuple[str, str, Callable[[Brief], Estimate | NotDefined], bool, str]
_QUANTITIES: tuple[Quantity, ...] = (
    ("Share now", "share, 0 to 100", lambda one: one.level, False, ""),
    (
        "Equilibrium in force",
        "share, 0 to 100",
        lambda one: one.equilibrium,
        False,
        "Equilibrium: the share at which relations come to rest under the framework in force.",
    ),
    (
        "Half-life",
        "months, log scale",
        lambda one: one.half_life,
        True,
        "Half-life: the time in which half of a displacement is undone.",
    ),
)
"""Name, unit, where it is found, whether on a logarithmic axis, and what it is."""


def illustrate(result: Assessment, others: Sequence[Brief]) -> style.Illustration | None:
    """Draw the dyads, the report's own first; none if it is the only one."""
    if not others:
        return None
    results = (result.brief, *others)
    there = [item for item in _QUANTITIES if all(isinstance(item[2](one), Estimate) for one in results)]
    absent = [item for item in _QUANTITIES if item not in there]
    reasons = {value.reason for item in absent for one in results if isinstance(value := item[2](one), NotDefined)}
    said = []
    for one in results:
        values = [(name.lower(), of(one)) for name, _, of, *_ in there]
        said.append(
            f"{one.label}: "
            + ", ".join(f"{name} {interval(value)}" for name, value in values if isinstance(value, Estimate))
        )
    explained = " ".join(item[4] for item in there if item[4])
    missing = f" Not drawn, because not defined: {join(sorted(reasons))}." if reasons else ""
    return style.illustrate(
        lambda layout: _draw(results, there, layout),
        alt=(f"Dots and intervals of {len(results)} dyads, 90 % equal-tailed, half-life in months. {'; '.join(said)}."),
        caption=(
            f"{result.label} and the other dyads of the same fit, {period(result, result.origin)}"
            f": posterior medians and 90 % equal-tailed intervals. {explained}{missing}"
        ),
    )


def _draw(results: Sequence[Brief], there: Sequence[Quantity], layout: style.Layout) -> "Figure":
    names = 0.15 + max(style.text_width(one.label, layout.font, bold=True) for one in results)
    row, head, below, right, between = 0.26, 0.34, 0.42, 0.2, 0.34
    panel = row * len(results)
    columns = len(there) if layout.wide else 1
    rows = 1 if layout.wide else len(there)
    width = (layout.width - names - right - between * (columns - 1)) / columns
    step = head + panel + below
    figure = style.new_figure(layout, step * rows)
    for place, (name, unit, of, logarithmic, _) in enumerate(there):
        left = names + (width + between) * place * (columns > 1)
        bottom = below + step * (rows - 1 - (place if rows > 1 else 0))
        on = style.axes(figure, left, bottom, width, panel)
        _draw_panel(on, [value for one in results if isinstance(value := of(one), Estimate)], logarithmic)
        on.set_title(name, loc="left", fontsize=layout.font, fontweight="bold", pad=4)
        on.set_xlabel(unit, fontsize=layout.font - 1)
        if place == 0 or not layout.wide:
            _write_labels(on, results)
    return figure


def _draw_panel(on: "Axes", values: Sequence[Estimate], logarithmic: bool) -> None:
    for place, value in enumerate(values):
        style.dot_interval(on, place, value, style.LEVEL if place == 0 else style.MUTED)
    on.set_ylim(len(values) - 0.5, -0.5)
    on.set_yticks([])
    on.axhspan(-0.5, 0.5, color=style.SHADE, linewidth=0, zorder=0)
    if logarithmic:
        on.set_xscale("log")
        low, high = min(value.low for value in values), max(value.high for value in values)
        on.set_xlim(low / 1.15, high * 1.15)
        ticks = [tick for tick in (1, 3, 6, 12, 24, 48, 96, 192, 384, 768) if low / 1.15 <= tick <= high * 1.15]
        on.set_xticks(ticks, [str(tick) for tick in ticks])
        on.minorticks_off()
    else:
        on.set_xlim(0, 100)
        on.set_xticks(range(0, 101, 25))
    on.grid(axis="x", color=style.GRID, linewidth=0.6)
    on.set_axisbelow(True)
    on.spines["left"].set_visible(False)


def _write_labels(on: "Axes", results: Sequence[Brief]) -> None:
    for place, one in enumerate(results):
        on.annotate(
            one.label,
            (0, place),
            (-8, 0),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            ha="right",
            va="center",
            fontweight="bold" if place == 0 else "normal",
            annotation_clip=False,
        )
