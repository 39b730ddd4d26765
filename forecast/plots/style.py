"""Common style of all figures: colours, axes, bands, dots with intervals, and text.

Colours are safe for the colour-blind, and text is made to fit.
"""

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from forecast.base.errors import SpecError
from forecast.base.typing import Float
from forecast.base.wording import join
from forecast.outlook import Estimate

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

# After Okabe and Ito, darkened where they carry lines or text.
INK, MUTED, GRID, SHADE = "#1c2430", "#5b6573", "#d9dde3", "#f1f3f6"
LEVEL, EQUILIBRIUM, CEILING, OBSERVED = "#0a4f8f", "#00805c", "#a8447c", "#b86e00"
BETTER, RESET, SAME, WORSE = "#0072b2", "#7cc4ec", "#cfd4da", "#c2500a"

STYLE: dict[str, Any] = {
    "font.family": "DejaVu Sans",
    "text.parse_math": False,  # a summary that names two sums in dollars is no formula
    "text.color": INK,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "hatch.linewidth": 0.5,
    "svg.fonttype": "path",  # looks the same where the font is missing
    "svg.hashsalt": "pendulum-forecast",  # the same figure gives the same file
    "pdf.fonttype": 42,  # text that can be selected, in a form that journals take
}
_TICKS = 8.5  # of a time axis, at most
_WIDE = 6.0  # inches of a figure from which it is no phone's
_WIDTH = 8.0


def axes(
    ax: "Axes | None", figsize: tuple[float, float] | None, height: float, width: float = _WIDTH
) -> "Axes":
    """Return the axes that are given, or those of a new figure of pyplot, which notebooks show."""
    if ax is not None:
        if figsize is not None:
            raise SpecError(
                f"figsize: got {figsize}; expected none with ax, whose figure has a size; leave "
                "one out"
            )
        return ax
    if figsize is not None and not (isinstance(figsize, Sequence) and len(figsize) == 2):
        raise SpecError(
            f"figsize: got {figsize}; expected width and height in inches, such as (8, 4)"
        )
    from matplotlib import pyplot, rc_context

    look: Any = STYLE
    # A backend that is first looked for in the context would lose what it sets: a notebook showed
    # no later figure.
    look_for_backend: Any = pyplot.draw_if_interactive
    look_for_backend()
    with rc_context(look):
        return pyplot.subplots(figsize=figsize or (width, height), layout="constrained")[1]


def finished(on: "Axes", ax: "Axes | None", *, columns: int = 4) -> "Axes":
    """Return axes, with a legend if they are of a new figure that shows several things."""
    if ax is None and len(on.get_legend_handles_labels()[1]) > 1:
        legend(on.figure, columns)
    return on


def width_of(on: "Axes") -> float:
    """Return the width of the figure of some axes, inches."""
    return float(on.figure.get_figure(root=True).get_size_inches()[0])


def is_wide(on: "Axes") -> bool:
    """Return whether there is room for texts and for columns, as there is not on a phone."""
    return width_of(on) >= _WIDE


def font(less: float = 0.0) -> float:
    """Return the size of texts, or so many points less."""
    from matplotlib import rcParams

    return float(rcParams["font.size"]) - less


def quantile_levels(ci_prob: float | Sequence[float]) -> list[float]:
    """Return the quantiles of central intervals with some probabilities, and of the median."""
    masses = [float(mass) for mass in (ci_prob if isinstance(ci_prob, Sequence) else [ci_prob])]
    if not masses or not all(0 < mass < 1 for mass in masses):
        raise SpecError(
            f"ci_prob: got {ci_prob}; expected a probability above 0 and below 1, such as 0.9, or "
            "several"
        )
    tails = sorted((1 - mass) / 2 for mass in masses)
    return [*tails, 0.5, *(1 - tail for tail in reversed(tails))]


def stored_places(levels: Sequence[float], ci_prob: float | Sequence[float]) -> list[int]:
    """Return where among stored quantiles those are that intervals with some probabilities need."""
    places = [np.flatnonzero(np.isclose(levels, level)) for level in quantile_levels(ci_prob)]
    if not all(map(len, places)):
        stored = join([f"{1 - 2 * level:.2g}" for level in levels if level < 0.5], "or")
        raise SpecError(
            f"ci_prob: got {ci_prob}; expected {stored}: other intervals are not stored"
        )
    return [int(indices[0]) for indices in places]


def central(value: Estimate, ci_prob: float) -> tuple[float, float]:
    """Return the central interval of a quantity of the present or past, whose draws are kept."""
    low, _, high = quantile_levels(ci_prob)
    if np.isclose(low, 0.05):
        return value.low, value.high
    ends = np.quantile(value.draws, (low, high))
    return float(ends[0]), float(ends[1])


def merged(usual: dict[str, Any], options: dict[str, Any]) -> dict[str, Any]:
    """Return options of an artist over the usual ones.

    `lw` and other short names are those of matplotlib.
    """
    from matplotlib.cbook import normalize_kwargs
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    return usual | normalize_kwargs(normalize_kwargs(options, Line2D), Patch)


def normal(ci_prob: float) -> float:
    """Return how many standard errors a normal interval reaches to each side."""
    from scipy.special import ndtri

    return float(ndtri(quantile_levels(ci_prob)[-1]))


def share_interval(yes: Any, events: Any, ci_prob: float) -> list[Any]:
    """Return the ends of the Jeffreys interval of `yes` of so many events, percent."""
    from scipy.stats import beta

    low, _, high = quantile_levels(ci_prob)
    return [100 * beta.ppf(level, yes + 0.5, events - yes + 0.5) for level in (low, high)]


def frame(on: "Axes", grid: Literal["x", "y"], ticks: Sequence[float] | None = None) -> None:
    """Draw a light grid along one axis and no line on the left.

    `ticks` of the vertical axis have no marks.
    """
    on.grid(axis=grid, color=GRID, linewidth=0.6)
    on.set_axisbelow(True)
    on.spines["left"].set_visible(False)
    on.tick_params(axis="y", length=0)
    if ticks is not None:
        on.set_yticks(ticks)


def set_title(on: "Axes", text: str) -> None:
    """Set a title, broken where it is wider than the axes."""
    on.set_title("\n".join(wrap(text, width_of(on) - 0.9, font())))


def bare(on: "Axes", which: Literal["x", "y"]) -> None:
    """Leave out an axis with its line."""
    getattr(on, f"set_{which}ticks")([])
    on.spines["bottom" if which == "x" else "left"].set_visible(False)


def name_rows(on: "Axes", names: Sequence[str]) -> None:
    """Name rows, the first on top, on the left, broken where they are long."""
    room = width_of(on) * (0.28 if is_wide(on) else 0.34)
    labels = [
        "\n".join("\n".join(wrap(line, room, font())) for line in name.split("\n"))
        for name in names
    ]
    on.set_yticks(range(len(names)), labels)
    on.set_ylim(len(names) - 0.5, -0.5)
    on.tick_params(axis="y", length=0)
    on.spines["left"].set_visible(False)


def share_axis(on: "Axes") -> None:
    """Format the vertical axis for shares: 0 to 100, with a light grid."""
    on.set_ylim(0, 100)
    frame(on, "y", range(0, 101, 20))


def time_axis(on: "Axes", first: float, last: float) -> None:
    """Format a horizontal axis in years, ticked at whole or, in a short span, half-years."""
    on.set_xlim(first, last)
    step = next(
        years for years in (0.5, 1, 2, 5, 10, 20, 50, 100) if (last - first) / years <= _TICKS
    )
    ticks = np.arange(np.ceil(first / step), np.floor(last / step) + 1) * step
    names = {0.0: "Jan ", 0.5: "Jul "} if step < 1 else {0.0: ""}
    on.set_xticks(ticks, [f"{names[tick % 1]}{int(tick)}" for tick in ticks])


def log_axis(on: "Axes", ticks: Sequence[float]) -> None:
    """Make the horizontal axis logarithmic, with some ticks."""
    on.set_xscale("log")
    on.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    on.minorticks_off()


def bands(
    on: "Axes", x: NDArray[Any], quantiles: Sequence[Any] | NDArray[Any], look: dict[str, Any]
) -> None:
    """Draw the median of quantiles by x, and the bands between the outer ones, in order.

    The median is drawn as `look` says.
    """
    half, color = len(quantiles) // 2, look["color"]
    for band, alpha in enumerate((0.2,) if half == 1 else np.linspace(0.16, 0.28, half)):
        on.fill_between(
            x, quantiles[band], quantiles[-1 - band], color=color, alpha=alpha, linewidth=0
        )
    line: Any = {"linewidth": 1.6, "solid_joinstyle": "round"}
    on.plot(x, quantiles[half], **line | look)


def observed_dots(
    on: "Axes",
    years: Float,
    shares: Float,
    sizes: Float,
    first: float = -np.inf,
    *,
    label: str | None = None,
) -> None:
    """Draw observed shares as grey dots, from a year on."""
    here = years >= first
    look: Any = {"color": MUTED, "alpha": 0.6, "linewidths": 0, "clip_on": False, "zorder": 2}
    on.scatter(years[here], shares[here], s=sizes[here], label=label, **look)


def dot_interval(
    on: "Axes",
    y: float,
    middle: float,
    ends: tuple[float | None, float | None],
    color: str,
    *,
    small: bool = False,
    **look: Any,
) -> None:
    """Draw a dot on the line of its interval, if it has one."""
    size: Any = (
        {"markersize": 3.5, "markerfacecolor": "white"}
        if small
        else {"markersize": 6, "markeredgecolor": "white"}
    )
    dot, (low, high) = merged({"color": color} | size, look), ends
    if low is not None and high is not None:
        line: Any = {
            "color": dot["color"],
            "linewidth": 0.8 if small else 2,
            "solid_capstyle": "round",
        }
        on.plot([low, high], [y, y], clip_on=False, **line)
    on.plot([middle], [y], "o", **dot)


def note(
    on: "Axes", text: str, position: tuple[float, float], points: tuple[float, float], **look: Any
) -> None:
    """Write a text so many points from a place, which may be outside of the axes."""
    on.annotate(text, position, points, textcoords="offset points", annotation_clip=False, **look)


def legend(figure: "Figure | SubFigure", columns: int) -> None:
    """Add a legend above the axes of what has a label, each label once."""
    labelled = [
        pair for on in figure.axes for pair in zip(*on.get_legend_handles_labels(), strict=True)
    ]
    named = {label: handle for handle, label in reversed(labelled)}
    figure.legend(
        [*named.values()][::-1],
        [*named][::-1],
        loc="outside upper left",
        ncols=columns,
        frameon=False,
        borderpad=0,
        handlelength=1.6,
        handletextpad=0.6,
        columnspacing=1.6,
        labelspacing=0.45,
    )


def text_width(text: str, size: float) -> float:
    """Return the width of a text in inches."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(family="DejaVu Sans", size=size)
    return float(text_to_path.get_text_width_height_descent(text, font, ismath=False)[0]) / 72


def wrap(text: str, width: float, size: float, *, most: int | None = None) -> list[str]:
    """Break a text into at most `most` lines not wider than `width` inches.

    A longer word stands alone.
    """
    lines: list[str] = []
    # What cannot be printed has no place in an SVG either: it would not open.
    for word in "".join(sign if sign.isprintable() else " " for sign in text).split():
        if lines and text_width(f"{lines[-1]} {word}", size) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    if most is not None and len(lines) > most:
        lines = [*lines[: most - 1], f"{lines[most - 1]} …"]
    return lines


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Move ordered places at least `gap` apart, as little as possible, within `low` to `high`."""
    from scipy.optimize import isotonic_regression

    if not len(wanted):
        return []
    steps = gap * np.arange(len(wanted))
    places = (
        np.clip(isotonic_regression(np.asarray(wanted) - steps).x, low, high - steps[-1]) + steps
    )
    return [float(position) for position in places]


def require_columns(data: "pd.DataFrame", names: Sequence[str]) -> None:
    """Reject a table that lacks some columns."""
    if missing := [name for name in names if name not in data.columns]:
        raise SpecError(
            f"data: there is no column {join(missing)}; expected the columns {join(names)}"
        )


def only_dyad(panel: "xr.Dataset", dyad: str | None) -> str:
    """Return the dyad that is asked for, or the only one there is."""
    dyads = [str(code) for code in panel["dyad"].to_numpy()]
    if dyad in dyads or (dyad is None and len(dyads) == 1):
        return dyad or dyads[0]
    raise SpecError(f"dyad: got {dyad}; expected one of {join(dyads)}")


def year_of(day: date) -> float:
    """Return a day as a year with decimals."""
    first = date(day.year, 1, 1)
    return day.year + (day - first).days / ((date(day.year + 1, 1, 1) - first).days)


def years_of(times: NDArray[Any], *, weekly: bool) -> Float:
    """Return the middles of weeks or months that begin at `times` as years with decimals."""
    days = times.astype("datetime64[D]")
    years = days.astype("datetime64[Y]")
    start = years.astype("datetime64[D]")
    length = ((years + np.timedelta64(1, "Y")).astype("datetime64[D]") - start).astype(float)
    half = 3.5 if weekly else 15.0
    return np.asarray(years.astype(int) + 1970 + ((days - start).astype(float) + half) / length)
