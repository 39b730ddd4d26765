"""Common style of all figures: colour-blind-safe colours, two widths, SVG with text as paths.

Every figure is drawn twice, for a wide page and for a phone, because a scaled-down figure is unreadable on a phone.
Figures do not use pyplot, which has global state and may require a display.
"""

import io
import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from markupsafe import escape
from numpy.typing import NDArray

from forecast.escaping import printable
from forecast.typing import Float

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

GENERATOR = "pendulum-forecast"
"""The maker that pages, figures and manifests name."""

# After Okabe and Ito, darkened where they carry lines or text.
INK, MUTED, GRID, SHADE = "#1c2430", "#5b6573", "#d9dde3", "#f1f3f6"
LEVEL, EQUILIBRIUM, CEILING, OBSERVED = "#0a4f8f", "#00805c", "#a8447c", "#b86e00"
BETTER, RESET, SAME, WORSE = "#0072b2", "#7cc4ec", "#cfd4da", "#c2500a"

_STYLE: dict[str, Any] = {
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
MOST_WORDS = 60
"""Of an alternative text."""
_DOTS_PER_INCH = 200  # of a PNG: sharp on a page 9 inches wide


@dataclass(frozen=True)
class Layout:
    """For which page a figure is drawn."""

    width: float
    """Inches."""
    font: float
    """Points."""
    wide: bool


WIDE = Layout(9.0, 9.0, wide=True)
NARROW = Layout(3.9, 8.0, wide=False)
_TICKS = 8.5  # of a time axis, at most


type Draw = Callable[[Layout], "Figure"]


@dataclass(frozen=True)
class Illustration:
    """A figure for a page: SVG for wide pages and for phones, the same in words, its caption, and how it is drawn."""

    wide: str
    narrow: str
    alt: str
    caption: str
    draw: Draw = field(repr=False, compare=False)


def illustrate(draw: Draw, *, alt: str, caption: str) -> Illustration:
    """Draw a figure in both widths; a long alternative text is cut."""
    return Illustration(_svg(draw, WIDE), _svg(draw, NARROW), _shortened(alt), caption, draw)


def titled_svg(figure: Illustration) -> str:
    """Return a figure as SVG that stands alone, with its caption as title."""
    title = f"<title>{escape(printable(figure.caption))}</title>"
    return re.sub(r"<svg\b[^>]*>", lambda tag: tag[0] + title, figure.wide, count=1)


def _shortened(alt: str) -> str:
    """Return the first parts of an alternative text: a listener is served by a summary, and tables have the rest."""
    parts = re.split(r"(?<=[.;:]) ", alt)
    while len(parts) > 1 and len(" ".join(parts).split()) > MOST_WORDS:
        parts.pop()
    shown = " ".join(parts)
    return shown if shown == alt else f"{shown.rstrip(';:.')}. The tables of the page have all numbers."


def png(figure: Illustration) -> bytes:
    """Return a figure as PNG, as it is on a wide page."""
    return _saved(figure.draw, WIDE, "png", {"Software": GENERATOR})


def pdf(figure: Illustration) -> bytes:
    """Return a figure as PDF, as it is on a wide page; it has no date, so that the same figure gives the same file."""
    return _saved(figure.draw, WIDE, "pdf", {"Creator": GENERATOR, "CreationDate": None})


def _svg(draw: Draw, layout: Layout) -> str:
    text = _saved(draw, layout, "svg", {"Date": None}).decode()
    # Hundredths of a point are more than a screen shows, and a third of the size.
    drawn = re.sub(r' d="[^"]*"', lambda path: re.sub(r"(\.\d\d)\d+", r"\1", path[0]), text)
    return printable(drawn, keep="\n\t")  # XML allows no other control


def _saved(draw: Draw, layout: Layout, form: str, metadata: dict[str, str | None]) -> bytes:
    from matplotlib import rc_context

    content = io.BytesIO()
    # A letter that the font lacks is drawn as a box; the caption has it.
    sizes = {"font.size": layout.font, "axes.titlesize": layout.font, "axes.labelsize": layout.font - 1}
    look: Any = _STYLE | sizes
    with rc_context(look), warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"Glyph \d+ .* missing")
        draw(layout).savefig(content, format=form, dpi=_DOTS_PER_INCH, metadata=metadata)
    return content.getvalue()


def stamped(figure: Illustration, stamp: str) -> Illustration:
    """Write a stamp across a figure, so that copies of the figure carry it too."""

    def draw(layout: Layout) -> "Figure":
        drawn = figure.draw(layout)
        size = 34 if layout.wide else 24
        drawn.text(0.5, 0.5, stamp, size=size, weight="bold", color="#b3261e", alpha=0.3, ha="center", va="center")
        return drawn

    return illustrate(draw, alt=f"{stamp}. {figure.alt}", caption=f"{stamp}. {figure.caption}")


def subplots(
    layout: Layout, height: float, rows: int = 1, columns: int = 1, **options: Any
) -> "tuple[Figure, list[Axes]]":
    """Return a figure of the layout's width, `height` inches high, and its axes, for which room is found when drawn."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(layout.width, height), facecolor="white", layout="constrained")
    return figure, list(figure.subplots(rows, columns, squeeze=False, **options).flat)


def frame(on: "Axes", grid: Literal["x", "y"], ticks: Sequence[float] | None = None) -> None:
    """Draw a light grid along one axis and no line on the left; `ticks` of the vertical axis have no marks."""
    on.grid(axis=grid, color=GRID, linewidth=0.6)
    on.set_axisbelow(True)
    on.spines["left"].set_visible(False)
    on.tick_params(axis="y", length=0)
    if ticks is not None:
        on.set_yticks(ticks)


def bare(on: "Axes", which: Literal["x", "y"]) -> None:
    """Leave out an axis with its line."""
    getattr(on, f"set_{which}ticks")([])
    on.spines["bottom" if which == "x" else "left"].set_visible(False)


def name_rows(on: "Axes", names: Sequence[str], layout: Layout) -> None:
    """Name rows, the first on top, on the left, broken where they are long."""
    room = layout.width * (0.28 if layout.wide else 0.34)
    labels = ["\n".join("\n".join(wrap(line, room, layout.font)) for line in name.split("\n")) for name in names]
    on.set_yticks(range(len(names)), labels)
    on.set_ylim(len(names) - 0.5, -0.5)
    on.tick_params(axis="y", length=0)
    on.spines["left"].set_visible(False)


def share_axis(on: "Axes") -> None:
    """Format the vertical axis for shares: 0 to 100, with a light grid."""
    on.set_ylim(0, 100)
    frame(on, "y", range(0, 101, 20))


def time_axis(on: "Axes", first: float, last: float) -> None:
    """Format the horizontal axis for years with decimals, ticked at whole years or, in a short span, half-years."""
    on.set_xlim(first, last)
    step = next(years for years in (0.5, 1, 2, 5, 10, 20, 50, 100) if (last - first) / years <= _TICKS)
    ticks = np.arange(np.ceil(first / step), np.floor(last / step) + 1) * step
    names = {0.0: "Jan ", 0.5: "Jul "} if step < 1 else {0.0: ""}
    on.set_xticks(ticks, [f"{names[tick % 1]}{int(tick)}" for tick in ticks])


def log_axis(on: "Axes", ticks: Sequence[float]) -> None:
    """Make the horizontal axis logarithmic, with some ticks."""
    on.set_xscale("log")
    on.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    on.minorticks_off()


def bands(
    on: "Axes",
    x: NDArray[Any],
    quantiles: Sequence[Any] | NDArray[Any],
    color: str,
    *,
    center: float = 1.6,
    label: str | None = None,
) -> None:
    """Draw the bands and the median of quantiles by x: 5, 25, 50, 75 and 95%, or 5, 50 and 95%."""
    for place, alpha in enumerate((0.16, 0.28) if len(quantiles) == 5 else (0.2,)):
        on.fill_between(x, quantiles[place], quantiles[-1 - place], color=color, alpha=alpha, linewidth=0)
    middle = quantiles[len(quantiles) // 2]
    on.plot(x, middle, color=color, linewidth=center, solid_joinstyle="round", label=label)


def observed_dots(
    on: "Axes", years: Float, shares: Float, sizes: Float, first: float = -np.inf, *, label: str | None = None
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
    low, high = ends
    if low is not None and high is not None:
        on.plot([low, high], [y, y], color=color, linewidth=0.8 if small else 2, solid_capstyle="round", clip_on=False)
    dot: Any = {"markersize": 3.5, "markerfacecolor": "white"}
    on.plot(
        [middle], [y], "o", color=color, **look, **(dot if small else {"markersize": 6, "markeredgecolor": "white"})
    )


def note(on: "Axes", text: str, place: tuple[float, float], points: tuple[float, float], **look: Any) -> None:
    """Write a text so many points from a place, which may be outside of the axes."""
    on.annotate(text, place, points, textcoords="offset points", annotation_clip=False, **look)


def legend(figure: "Figure", columns: int) -> None:
    """Add a legend above the axes of what has a label, each label once."""
    labelled = [pair for on in figure.axes for pair in zip(*on.get_legend_handles_labels(), strict=True)]
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
    """Break a text into lines not wider than `width` inches (a longer word stands alone), `most` of them."""
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
    """Move ordered places apart, as little as possible, until `gap` lies between them, within `low` to `high`."""
    from scipy.optimize import isotonic_regression

    if not len(wanted):
        return []
    steps = gap * np.arange(len(wanted))
    places = np.clip(isotonic_regression(np.asarray(wanted) - steps).x, low, high - steps[-1]) + steps
    return [float(place) for place in places]


def year_of(day: date) -> float:
    """Return a day as a year with decimals."""
    first = date(day.year, 1, 1)
    return day.year + (day - first).days / ((date(day.year + 1, 1, 1) - first).days)


def years_of(times: NDArray[Any], period_days: float) -> Float:
    """Return the middles of periods that begin at `times` as years with decimals."""
    days = times.astype("datetime64[D]")
    years = days.astype("datetime64[Y]")
    start = years.astype("datetime64[D]")
    length = ((years + np.timedelta64(1, "Y")).astype("datetime64[D]") - start).astype(float)
    return np.asarray(years.astype(int) + 1970 + ((days - start).astype(float) + period_days / 2) / length)
