"""Figures of scores with their captions and alternative texts.

They show differences in skill, calibration and past forecasts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from forecast.plots import plot_calibration, plot_forecast, plot_pit, plot_skill, style
from forecast.plots.scores import named_rows
from forecast.report.illustration import Illustration, PageFormat, subplots
from forecast.report.rendering import worded
from forecast.report.skill.comparison import Compared, difference_cell, versus
from forecast.study.evaluation.scores import CalibrationBand
from forecast.study.evaluation.skill import CHOSEN_ON, Skill

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Differences that an image's description lists; more of them are in the table
MAX_DIFFERENCES_SAID = 16

type PanelChoices = Mapping[str, Any]
"""What a panel of differences is about: the horizon, the others, perhaps dyads and a model, as for
`plot_skill`."""


def _rows(skill: Skill, panel: PanelChoices, period: str) -> dict[str, Compared | None]:
    """Return the differences of a panel on a period's forecast dates, by names of its rows."""
    where = {"model": panel.get("model"), "period": period}
    return {
        name: versus(skill, code, panel["horizon"], dyad=dyad, **where)
        for name, code, dyad in named_rows(panel["against"], panel.get("dyads"))
    }


def differences(
    skill: Skill, panels: Mapping[str, PanelChoices], name: str, **facts: str
) -> Illustration | None:
    """Draw panels of differences in skill by their titles; none where there is nothing to draw."""
    both = [(panel, period) for panel in panels.values() for period in (skill.period, CHOSEN_ON)]
    if not any(
        compared for panel, period in both for compared in _rows(skill, panel, period).values()
    ):
        return None
    rows = max(len(panel.get("dyads") or panel["against"]) for panel in panels.values())
    said = [
        f"{title}, {row}: {difference_cell(compared)}"
        for title, panel in panels.items()
        for row, compared in _rows(skill, panel, skill.period).items()
    ]

    def draw(layout: PageFormat) -> "Figure":
        across = len(panels) if layout.wide else max(1, len(panels) // 2)
        down = -(-len(panels) // across)
        height = down * (0.235 * rows + 0.6) + 0.6
        figure, axes = subplots(
            layout, height, down, across, used=len(panels), sharex=True, sharey=True
        )
        for on, (title, panel) in zip(axes, panels.items(), strict=True):
            plot_skill(skill, **panel, ax=on)
            on.set_title(title)
            on.set_xlabel("")
        figure.supxlabel("points of CRPS; left of zero: better", fontsize=layout.font - 1)
        style.legend(figure, 4 if layout.wide else 2)
        return figure

    shown = {"said": said[:MAX_DIFFERENCES_SAID], "more": len(said) - MAX_DIFFERENCES_SAID}
    return worded("skill_figures.j2", name, draw, facts | shown)


@dataclass(frozen=True)
class Curve:
    """A panel of calibration: the subject's curve with its band.

    The curve of the ten-year base rate has no band.
    """

    title: str
    subject: CalibrationBand
    reference: CalibrationBand | None
    diagonal: bool  # Whether calibrated forecasts follow the diagonal; otherwise they follow zero
    y_label: str = ""  # Where it is not the usual one


def calibration(
    curves: Sequence[Curve],
    name: str,
    *,
    subject: str,
    reference: str = "ten-year base rate",
    **facts: str,
) -> Illustration | None:
    """Draw calibration curves, one panel each; none where there is none."""
    if not curves:
        return None

    def draw(layout: PageFormat) -> "Figure":
        across, down = (max(len(curves), 2), 1) if layout.wide else (1, len(curves))
        height = layout.width / across + 0.4 if layout.wide else 3.0 * down + 0.5
        figure, axes = subplots(layout, height, down, across, used=len(curves))
        for on, curve in zip(axes, curves, strict=True):
            plot = plot_calibration if curve.diagonal else plot_pit
            plot(curve.subject, reference=curve.reference, label=subject, ax=on)
            if curve.reference is not None:
                on.lines[1].set_label(reference)
            on.set_box_aspect(1 if layout.wide else 0.62)
            on.set_title(curve.title)
            on.set_ylabel(curve.y_label or on.get_ylabel())
        style.legend(figure, 3 if layout.wide else 2)
        return figure

    return worded("skill_figures.j2", name, draw, facts | {"subject": subject, "curves": curves})


def over_time(cases: Mapping[str, pd.DataFrame], name: str, **facts: str) -> Illustration | None:
    """Draw forecasts with their 90% intervals and what was recorded, a panel a dyad.

    None without cases.
    """
    if not cases:
        return None
    inside = {
        dyad: forecasts["share"].between(forecasts["low"], forecasts["high"])
        for dyad, forecasts in cases.items()
    }

    def draw(layout: PageFormat) -> "Figure":
        columns = min(4 if layout.wide else 2, len(cases))
        rows = -(-len(cases) // columns)
        figure, axes = subplots(
            layout, 0.7 + 1.5 * rows, rows, columns, used=len(cases), sharex=True, sharey=True
        )
        for index, (on, (dyad, forecasts)) in enumerate(zip(axes, cases.items(), strict=True)):
            plot_forecast(forecasts, ax=on)
            on.set_title(dyad)
            on.tick_params(axis="x", labelbottom=index + columns >= len(cases))
        style.legend(figure, 3)
        return figure

    return worded("skill_figures.j2", name, draw, facts | {"inside": inside})
