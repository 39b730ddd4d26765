"""How far every number of a record lies from what a fit makes of it."""

from typing import TYPE_CHECKING

import numpy as np

from forecast.checks.check import KINDS, LIMIT, Checks
from forecast.report import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_FARTHEST = 6.0
"""Standard deviations at which a point is drawn that lies farther out."""


def illustrate(checks: Checks) -> style.Illustration:
    """Draw the distances of all numbers, by kind of check."""
    found = [f"{words}: {row.misses:.0f} of {row.numbers:.0f} beyond" for words, row in checks.summary.iterrows()]
    return style.illustrate(
        lambda layout: draw(checks, layout),
        alt=f"Distances of the record from what the fit makes of it. {'; '.join(found)} {LIMIT:g}.",
        caption=(
            "Each point is a number of the record: how many standard deviations it lies from the mean of the records "
            f"that the fit makes. Of a model that is right one in twenty lies outside of the band, {LIMIT:g} to either "
            f"side; what is farther than {_FARTHEST:g} is drawn there."
        ),
    )


def draw(checks: Checks, layout: style.Layout) -> "Figure":
    """Draw them in a layout: a row a kind of check, points of one row spread over its height."""
    table = checks.table.dropna(subset="z")
    kinds = [kind for kind in KINDS if kind in set(table["check"])]
    row, head, foot, left = 0.62, 0.1, 0.5, 2.6 if layout.wide else 0.1
    height = head + foot + row * len(kinds) + (0 if layout.wide else 0.2)
    figure = style.new_figure(layout, height)
    on = style.axes(figure, left, foot, layout.width - left - 0.15, height - foot - head)
    on.axvspan(-LIMIT, LIMIT, color=style.GRID, linewidth=0, zorder=0)
    on.axvline(0, color=style.INK, linewidth=0.8, zorder=1)
    for place, kind in enumerate(kinds):
        own = np.sort(table.loc[table["check"] == kind, "z"].clip(-_FARTHEST, _FARTHEST).to_numpy())
        across = place + 0.16 + 0.26 * ((np.arange(len(own)) * 0.618) % 1 - 0.5)
        color = np.where(np.abs(own) > LIMIT, style.WORSE, style.MUTED)
        on.scatter(own, across, s=9, c=list(color), linewidths=0, zorder=2)
        if layout.wide:
            lines = style.wrap(KINDS[kind], left - 0.2, layout.font)
            on.annotate(
                "\n".join(lines), (0, place), (-8, 0), xycoords=("axes fraction", "data"), textcoords="offset points",
                ha="right", va="center", annotation_clip=False,
            )  # fmt: skip
        else:
            on.annotate(KINDS[kind], (-_FARTHEST, place - 0.32), va="center", fontsize=layout.font - 1)
    on.set_ylim(len(kinds) - 0.45, -0.55)
    on.set_xlim(-_FARTHEST - 0.2, _FARTHEST + 0.2)
    on.set_yticks([])
    on.spines["left"].set_visible(False)
    on.set_xlabel("standard deviations from the mean of simulated records")
    return figure
