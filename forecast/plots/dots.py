"""Dots of a forecast: fifty equally likely outcomes that a reader can count."""

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.base.arguments import checked
from forecast.base.errors import SpecError
from forecast.base.wording import join, whole_percents
from forecast.outlook import Assessment, NotDefined, main_horizon
from forecast.outlook.windows import WindowOutlook
from forecast.plots import style
from forecast.plots.outcomes import CHANGES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BIN = 4.0
"""Points of share that share a column of dots: fifty dots over a usual forecast make columns of up
to ten."""
_FILLS = {"down": style.WORSE, "same": style.MUTED, "up": style.BETTER}
_FORMS = {"down": "s", "same": "D", "up": "o"}
"""Markers by outcome: orange and blue are alike in grey."""


@checked
def plot_dots(
    data: Assessment,
    *,
    horizon: int | None = None,
    ax: "Axes | None" = None,
    figsize: tuple[float, float] | None = None,
    **kwargs: Any,
) -> "Axes":
    """Plot the share of a window as fifty dots, each an outcome with a probability of 2%.

    Colours and forms say which dots are lower than, similar to and higher than the baseline, as
    often as the published chances say.

    Parameters
    ----------
    data : Assessment
        Of one dyad.
    horizon : int, optional
        Months; by default those of the title.
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
    >>> on = plots.plot_dots(assessment, horizon=12)
    >>> sum(len(dots.get_xdata()) for dots in on.lines[:3])  # lower, similar, higher
    50

    The line after these three is the share before.
    """
    window = dotted_window(data, horizon)
    counts, first, stacks = dot_counts(window), 0, Counter[int]()
    on = style.axes(ax, figsize, 2.4)
    for name, label in CHANGES.items():
        shares = window.dots[first : first + counts[name]]
        first += counts[name]
        columns = [int(share // BIN) for share in shares]
        heights = []
        for column in columns:
            stacks[column] += 1
            heights.append(stacks[column] - 0.5)
        look = {
            "linestyle": "",
            "marker": _FORMS[name],
            "color": _FILLS[name],
            "markersize": 6.5,
            "label": label,
        }
        middles = (np.array(columns, dtype=float) + 0.5) * BIN
        on.plot(middles, heights, **style.merged(look | {"markeredgewidth": 0}, kwargs))
    if not isinstance(window.baseline, NotDefined) and window.baseline.share is not None:
        on.axvline(
            window.baseline.share, color=style.INK, linewidth=1.0, linestyle=(0, (4, 2)), zorder=0
        )
    on.set_xlim(0, 100)
    on.set_ylim(0, max(stacks.values()) + 0.6)
    on.set_xlabel("Cooperative share of the window, %")
    style.bare(on, "y")
    return style.finished(on, ax)


def dotted_window(data: Assessment, horizon: int | None = None) -> WindowOutlook:
    """Return the window of a horizon, if its share and the chances of a change are defined."""
    windows = {} if isinstance(data.recorded, NotDefined) else data.recorded
    months = main_horizon(data.horizons) if horizon is None else horizon
    defined = [
        length
        for length, window in windows.items()
        if window.dots and not isinstance(window.up, NotDefined)
    ]
    if months not in defined:
        raise SpecError(
            f"horizon: got {months}; expected one with a share: "
            f"{join(map(str, defined), 'or') or 'none has'}"
        )
    return windows[months]


def dot_counts(window: WindowOutlook) -> dict[str, int]:
    """Return how many of the dots are lower, similar and higher, as the published chances say."""
    many = len(window.dots)
    values = [getattr(window, name).value * many / 100 for name in CHANGES]
    return dict(zip(CHANGES, whole_percents(values, many), strict=True))
