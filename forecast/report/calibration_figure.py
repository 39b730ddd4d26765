"""Calibration plots: observed frequency by forecast probability, and probability integral transforms."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from forecast.evaluation.scores import Band
from forecast.report import style
from forecast.wording import percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_TICKS, _TICK_NAMES = [0, 0.25, 0.5, 0.75, 1], ["0", "", "0.5", "", "1"]


@dataclass(frozen=True)
class Curve:
    """A panel: the subject's curve with its band, and the ten-year base rate's without."""

    title: str
    x_label: str
    y_label: str
    own: Band | None
    reference: Band | None
    diagonal: bool  # Whether calibrated forecasts follow the diagonal, and not zero


def illustrate(
    curves: Sequence[Curve], *, subject: str, caption: str, reference: str = "ten-year base rate"
) -> style.Illustration | None:
    """Draw calibration curves, one panel each; none where there is none."""
    if not curves:
        return None
    said = "; ".join(f"{one.title}: {_outside(one)}" for one in curves)
    return style.illustrate(
        lambda layout: _draw(curves, (subject, reference), layout),
        alt=f"Calibration curves of {subject}. {said}.",
        caption=caption,
    )


def _outside(curve: Curve) -> str:
    assert curve.own is not None
    share = curve.own.outside
    return "inside its 95% band throughout" if share == 0 else f"outside its 95% band along {percent(share)} of it"


def _draw(curves: Sequence[Curve], names: tuple[str, str], layout: style.Layout) -> "Figure":
    across, down = (max(len(curves), 2), 1) if layout.wide else (1, len(curves))
    height = layout.width / across + 0.4 if layout.wide else 3.0 * down + 0.5
    figure, axes = style.subplots(layout, height, down, across)
    for on, curve in zip(axes, curves, strict=False):
        on.set_box_aspect(1 if layout.wide else 0.62)
        _draw_curve(on, curve, layout)
    for on in axes[len(curves) :]:
        on.set_visible(False)
    handles = [style.key(style.LEVEL, names[0], linewidth=1.8)]
    if any(curve.reference is not None for curve in curves):
        handles.append(style.key(style.OBSERVED, names[1], linewidth=1.1))
    band = style.patch(style.SAME, "95% band if calibrated", 0.6)
    style.legend(figure, [*handles, band], 3 if layout.wide else 2)
    return figure


def _draw_curve(on: "Axes", curve: Curve, layout: style.Layout) -> None:
    own, reference = curve.own, curve.reference
    assert own is not None
    on.fill_between(own.x, own.low, own.high, color=style.SAME, alpha=0.6, linewidth=0)
    on.plot([0, 1], [0, int(curve.diagonal)], ":", color=style.INK, linewidth=1)
    if reference is not None:
        on.plot(reference.x, reference.y, color=style.OBSERVED, linewidth=1.1)
    on.plot(own.x, own.y, color=style.LEVEL, linewidth=1.8)
    on.set_xlim(0, 1)
    on.set_xticks(_TICKS, _TICK_NAMES)
    if curve.diagonal:
        on.set_ylim(0, 1)
        on.set_yticks(_TICKS, _TICK_NAMES)
    else:
        drawn = [own.y, own.low, own.high, *([] if reference is None else [reference.y])]
        reach = 1.1 * max(float(np.abs(values).max()) for values in drawn)
        on.set_ylim(-reach, reach)
        on.locator_params(axis="y", nbins=5)
    on.grid(color=style.GRID, linewidth=0.6)
    on.set_axisbelow(True)
    on.set_title(curve.title, loc="left", fontsize=layout.font, fontweight="bold")
    on.set_xlabel(curve.x_label, fontsize=layout.font - 1)
    on.set_ylabel(curve.y_label, fontsize=layout.font - 1)
