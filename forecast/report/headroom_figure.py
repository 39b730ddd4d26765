"""Whether the data inform the ceiling: its headroom with these data and without."""

from typing import TYPE_CHECKING

import numpy as np

from forecast.outlook import Assessment, Estimate, Headroom, Learning, NotDefined
from forecast.report import style
from forecast.report.words import interval, unit, verdict

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_BINS = 25


def illustrate(result: Assessment) -> style.Illustration | None:
    """Draw the headroom of the current framework and, for comparison, what is known of it without its months."""
    room = result.frameworks.headroom
    if isinstance(room, NotDefined):
        return None
    learning = room.learning
    said = verdict(learning)
    numbers = (
        f"{interval(room.log_odds, 1)} with these data, {interval(learning.comparison, 1)} according to "
        f"{learning.compared_with} (medians, 90 % equal-tailed)"
    )
    return style.illustrate(
        lambda layout: _draw(room, learning, layout),
        alt=f"Two densities of the headroom in log-odds: {numbers}. {said}",
        caption=(
            f"Headroom of the current framework (ceiling less the trend where the era began, log-odds): {numbers}. "
            f"The latter is what is "
            f"known of a framework without a single {unit(result)} of its own. {said}"
        ),
    )


def _draw(room: Headroom, learning: Learning, layout: style.Layout) -> "Figure":
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    left, right, tall, below = 0.12, 0.12, 1.5, 0.5
    head = 0.36 if layout.wide else 0.5
    figure = style.new_figure(layout, head + tall + below)
    on = style.axes(figure, left, below, layout.width - left - right, tall)
    values, others = room.log_odds, learning.comparison
    high = float(np.quantile(np.concatenate([values.draws.ravel(), others.draws.ravel()]), 0.99))
    edges = np.linspace(0, high, _BINS)
    _draw_density(on, values, edges, style.CEILING, filled=True)
    _draw_density(on, others, edges, style.INK, filled=False)
    on.set_xlim(0, high)
    on.set_ylim(0, None)
    on.set_yticks([])
    on.spines["left"].set_visible(False)
    on.set_xlabel("headroom, log-odds", fontsize=layout.font - 1)
    handles = [
        Patch(color=style.CEILING, alpha=0.45, label="with these data"),
        Line2D([], [], color=style.INK, linewidth=1.3, label=f"according to {learning.compared_with}"),
    ]
    style.legend(figure, handles, left, head + tall + below - 0.04, 2 if layout.wide else 1)
    return figure


def _draw_density(on: "Axes", value: Estimate, edges: np.ndarray, color: str, *, filled: bool) -> None:
    heights, _ = np.histogram(value.draws, edges, density=True)
    if filled:
        on.stairs(heights, edges, fill=True, color=color, alpha=0.45)
    else:
        on.stairs(heights, edges, color=color, linewidth=1.3)
