"""Figures of pages: each drawn in two widths as SVG with text as paths.

For other texts they are PNG and PDF.

Every figure is drawn twice, for a wide page and for a phone, because a scaled-down figure is
unreadable on a phone. They do not use pyplot, which has global state and may require a display.
"""

import io
import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from markupsafe import escape

from forecast.base.escaping import printable
from forecast.plots import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

GENERATOR = "pendulum-forecast"
"""The maker that pages, figures and manifests name."""
WORDS_OF_ALTERNATIVE_TEXT = 60
"""Of an alternative text."""
_DOTS_PER_INCH = 200  # of a PNG: sharp on a page 9 inches wide
type Form = Literal["svg", "png", "pdf"]
_METADATA: dict[Form, dict[str, str | None]] = {
    "svg": {"Date": None},
    "png": {"Software": GENERATOR},
    "pdf": {"Creator": GENERATOR, "CreationDate": None},
}


@dataclass(frozen=True)
class PageFormat:
    """For which page a figure is drawn."""

    width: float
    """Inches."""
    font: float
    """Points."""
    wide: bool


WIDE = PageFormat(9.0, 9.0, wide=True)
NARROW = PageFormat(3.9, 8.0, wide=False)

type Draw = Callable[[PageFormat], "Figure"]


@dataclass(frozen=True)
class Illustration:
    """A figure for a page: SVG for wide pages and for phones, and the same in words.

    With it go its caption, and how it is drawn.
    """

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
    """Return the first parts of an alternative text.

    A listener is served by a summary, and tables have the rest.
    """
    parts = re.split(r"(?<=[.;:]) ", alt)
    while len(parts) > 1 and len(" ".join(parts).split()) > WORDS_OF_ALTERNATIVE_TEXT:
        parts.pop()
    shown = " ".join(parts)
    return (
        shown
        if shown == alt
        else f"{shown.rstrip(';:.')}. The tables of the page have all numbers."
    )


def _svg(draw: Draw, layout: PageFormat) -> str:
    text = drawn_as("svg", draw, layout).decode()
    # Hundredths of a point are more than a screen shows, and a third of the size.
    drawn = re.sub(r' d="[^"]*"', lambda path: re.sub(r"(\.\d\d)\d+", r"\1", path[0]), text)
    return printable(drawn, keep="\n\t")  # XML allows no other control


def drawn_as(form: Form, draw: Draw, layout: PageFormat = WIDE) -> bytes:
    """Return a figure of a wide page as a file, without a date: the same figure, the same file."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    content = io.BytesIO()
    # A letter that the font lacks is drawn as a box; the caption has it.
    sizes = {
        "font.size": layout.font,
        "axes.titlesize": layout.font,
        "axes.labelsize": layout.font - 1,
    }
    look: Any = style.STYLE | sizes
    with rc_context(look), warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"Glyph \d+ .* missing")
        figure = draw(layout)
        if form == "svg":
            # `savefig` draws twice, the first time only to lay the figure out.
            figure.set_dpi(_DOTS_PER_INCH)
            canvas: Any = FigureCanvasSVG(figure)
            if engine := figure.get_layout_engine():
                engine.execute(figure)
            figure.set_layout_engine("none")
            canvas.print_svg(content, metadata=_METADATA[form])
        else:
            figure.savefig(content, format=form, dpi=_DOTS_PER_INCH, metadata=_METADATA[form])
    return content.getvalue()


def stamped(figure: Illustration, stamp: str) -> Illustration:
    """Write a stamp across a figure, so that copies of the figure carry it too."""

    def draw(layout: PageFormat) -> "Figure":
        drawn = figure.draw(layout)
        size = 34 if layout.wide else 24
        drawn.text(
            0.5,
            0.5,
            stamp,
            size=size,
            weight="bold",
            color="#b3261e",
            alpha=0.3,
            ha="center",
            va="center",
        )
        return drawn

    return illustrate(draw, alt=f"{stamp}. {figure.alt}", caption=f"{stamp}. {figure.caption}")


def subplots(
    layout: PageFormat,
    height: float,
    rows: int = 1,
    columns: int = 1,
    *,
    used: int | None = None,
    **options: Any,
) -> "tuple[Figure, list[Axes]]":
    """Return a figure of the layout's width, `height` inches high, and its axes.

    Axes are all, or the first `used` of them.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(layout.width, height), facecolor="white", layout="constrained")
    axes = list(figure.subplots(rows, columns, squeeze=False, **options).flat)
    for on in axes[used or len(axes) :]:
        on.set_visible(False)
    return figure, axes[:used]


def plotted(
    *plots: "Callable[[Axes], object]",
    heights: tuple[float, float],
    legend: tuple[int, int] | None = None,
    ratios: Sequence[float] | None = None,
) -> Draw:
    """Return how to draw plots one below the other: heights and legend columns by width."""

    def draw(layout: PageFormat) -> "Figure":
        width = 0 if layout.wide else 1
        figure, axes = subplots(layout, heights[width], len(plots), height_ratios=ratios)
        for on, plot in zip(axes, plots, strict=True):
            plot(on)
        if legend:
            style.legend(figure, legend[width])
        return figure

    return draw
