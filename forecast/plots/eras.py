"""Eras of a dyad: their names, equilibria and ceilings, and named events.

Events are named along the underlying level.
"""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd

from forecast.base.arguments import checked
from forecast.base.typing import Float
from forecast.base.wording import month
from forecast.outlook import Assessment, Estimate, Framework
from forecast.plots import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")
_LINES = 6  # of an event's text, at most
LINE = 0.135
"""Height of a line of small text, inches."""
_MARGIN = 0.5  # inches of a figure's width that axes leave out, nearly

type Span = tuple[Framework, float, float]


@checked
def plot_eras(
    data: Assessment,
    *,
    ci_prob: float = 0.9,
    ax: "Axes | None" = None,
    figsize: tuple[float, float] | None = None,
    **kwargs: Any,
) -> "Axes":
    """Plot the eras of a dyad: their names, and their equilibria and ceilings with intervals.

    On axes that have data, such as those of `plot_level`, the eras are cut to the years there.

    Parameters
    ----------
    data : Assessment
        Of the dyad.
    ci_prob : float
        Probability of the intervals.
    ax, figsize : optional
        Matplotlib axes to draw on; or width and height of a new figure, inches.
    **kwargs
        Options of the equilibria, for `matplotlib.axes.Axes.plot`.

    Returns
    -------
    matplotlib.axes.Axes
        Names that do not fit are numerals, which the label of the horizontal axis explains.

    Examples
    --------
    >>> from forecast import plots
    >>> eras = plots.plot_eras(assessment, ax=plots.plot_level(fit, dyad="USA-CHN"))
    >>> [text.get_text() for text in eras.texts]
    [...]
    """
    on = style.axes(ax, figsize, 4.0)
    if not on.has_data():
        style.share_axis(on)
        style.time_axis(
            on, style.year_of(data.frameworks.eras[0].start), style.year_of(data.origin)
        )
    (low, high), named = on.get_xlim(), set[str]()
    eras = _era_spans(data, low, high)
    names = _era_names(on, eras, (style.width_of(on) - _MARGIN) / (high - low))
    for row, (era, begin, stop) in enumerate(eras):
        if row:
            on.axvline(begin, color=style.MUTED, linewidth=0.6, zorder=0.5)
        _draw_era(on, era, (begin, stop), ci_prob, kwargs)
    for line, label in zip(*on.get_legend_handles_labels(), strict=True):
        if label in named:
            line.set_label(None)  # once is enough for all eras
        named.add(label)
    _name_eras(on, eras, names)
    on.set_xlabel("\n".join(_era_keys(on, eras, names)), loc="left")
    return style.finished(on, ax)


def _era_spans(result: Assessment, first: float, last: float) -> list[Span]:
    """Return the eras with their first and last year within some years."""
    spans = []
    for era in result.frameworks.eras:
        begin = max(style.year_of(era.start), first)
        stop = style.year_of(era.end + timedelta(days=1)) if era.end else last
        if stop > begin:
            spans.append((era, float(begin), float(min(stop, last))))
    # Months before a dyad's first era belong to it.
    return [(spans[0][0], first, spans[0][2]), *spans[1:]] if spans else []


def _era_names(on: "Axes", eras: list[Span], inches_a_year: float) -> list[str]:
    """Return what stands over each era: its name or, where it is too narrow, a numeral."""
    size, names = style.font(1.5), []
    for row, (era, begin, stop) in enumerate(eras):
        room = (stop - begin) * inches_a_year - 0.06
        lines = style.wrap(era.name, room, size)
        few = len(lines) <= (4 if style.is_wide(on) else 3)
        fits = few and all(style.text_width(line, size) <= room for line in lines)
        names.append("\n".join(lines) if fits else _ROMAN[row % len(_ROMAN)])
    return names


def _era_keys(on: "Axes", eras: list[Span], names: list[str]) -> list[str]:
    """Return the lines that say what the numerals stand for."""
    keys = list[str]()
    for (era, _, _), name in zip(eras, names, strict=True):
        if name in _ROMAN:
            part = f"{name} {era.name} ({era.start:%Y}–{f'{era.end:%Y}' if era.end else ''})"
            if (
                keys
                and style.text_width(f"{keys[-1]}   {part}", style.font(1))
                <= style.width_of(on) - _MARGIN
            ):
                keys[-1] += f"   {part}"
            else:
                keys.append(part)
    return keys


def _draw_era(
    on: "Axes", era: Framework, years: tuple[float, float], ci_prob: float, look: dict[str, Any]
) -> None:
    """Draw equilibrium and ceiling of an era with intervals, that of the ceiling vertically."""
    begin, stop = years
    if isinstance(rest := era.equilibrium, Estimate):
        usual = {
            "color": style.EQUILIBRIUM,
            "zorder": 3,
            "label": "equilibrium of the era",
            "linewidth": 1.5,
        }
        options = style.merged(usual, look)
        on.fill_between(
            [begin, stop],
            *style.central(rest, ci_prob),
            color=options["color"],
            alpha=0.13,
            linewidth=0,
        )
        on.plot([begin, stop], [rest.median] * 2, **options)
    if isinstance(top := era.ceiling, Estimate):
        line: dict[str, Any] = {"color": style.CEILING, "zorder": 3}
        on.plot(
            [begin, stop],
            [top.median] * 2,
            linewidth=1.4,
            dashes=(4, 2),
            label="ceiling of the era",
            **line,
        )
        ends = style.central(top, ci_prob)
        on.plot([(begin + stop) / 2] * 2, ends, linewidth=1.2, marker="_", markersize=7, **line)


def strip_height(names: list[str]) -> float:
    """Return the height of the strip above the axes that names eras, inches."""
    return 0.08 + LINE * max((name.count("\n") + 1 for name in names), default=1)


def _name_eras(on: "Axes", eras: list[Span], names: list[str]) -> None:
    """Write the name of each era above it, in a strip of the height of its lines."""
    from matplotlib.patches import Rectangle
    from matplotlib.transforms import ScaledTranslation, blended_transform_factory

    figure = on.figure.get_figure(root=True)
    top: Any = on.transAxes
    inches = figure.dpi_scale_trans + ScaledTranslation(0, 1, top)
    above = blended_transform_factory(on.transData, inches)  # inches above the axes
    height = strip_height(names)
    for row, ((_, begin, stop), name) in enumerate(zip(eras, names, strict=True)):
        shade = style.SHADE if row % 2 else style.GRID
        box: Any = {"color": shade, "linewidth": 0, "clip_on": False, "transform": above}
        on.add_patch(Rectangle((begin, 0.03), stop - begin, height, **box))
        on.text(
            (begin + stop) / 2,
            0.03 + height / 2,
            name,
            ha="center",
            va="center",
            fontsize=style.font(1.5),
            linespacing=1.1,
            transform=above,
        )


def draw_events(on: "Axes", events: pd.DataFrame, levels: Float) -> int:
    """Mark events on the level and number them.

    Their texts stand below the axis where there is room.

    Return how many lines the longest text has.
    """
    from matplotlib.transforms import offset_copy

    def below(points: float) -> Any:
        figure: Any = on.figure
        return offset_copy(on.transData, figure, y=-points, units="points")

    # On a phone, the page alone has the events' texts.
    width, wide = style.width_of(on) - _MARGIN, style.is_wide(on)
    column, size = min(width / max(len(events), 1) - 0.08, 1.5), style.font(2)
    texts = [style.wrap(text, column, size, most=_LINES) for text in events["summary"] if wide]
    low, high = on.get_xlim()
    years = events["year"].to_numpy().clip(low, high)
    gap = min(width / len(events), 1.6) if texts else 0.19
    places = style.spread(list((years - low) / (high - low) * width), gap, gap / 2, width - gap / 2)
    turn, height, where = (0.0, 0.0, below(30)) if texts else (12.0, 5.0, on.transData)
    line: Any = {
        "arrowstyle": "-",
        "linestyle": ":",
        "color": style.INK,
        "linewidth": 0.7,
        "shrinkA": 0,
        "shrinkB": 0,
    }
    for row, (year, level, inches) in enumerate(zip(years, levels, places, strict=True)):
        spot = low + inches / width * (high - low)
        on.plot([year, year], [level, turn], ":", color=style.INK, linewidth=0.7, zorder=2.5)
        on.plot(
            [year], [level], "o", markersize=4, color="white", markeredgecolor=style.INK, zorder=5
        )
        on.annotate(
            str(row + 1),
            (year, turn),
            (spot, height),
            textcoords=where,
            arrowprops=line,
            ha="center",
            va="center",
            fontsize=size,
            color="white",
            fontweight="bold",
            zorder=6,
            bbox={"boxstyle": "circle,pad=0.22", "color": style.INK},
        )
        if texts:
            words: Any = {"ha": "center", "va": "top", "fontsize": size, "linespacing": 1.15}
            when = month(events["date"].iloc[row], short=True)
            on.text(spot, 0, when, fontweight="bold", transform=below(38), **words)
            on.text(spot, 0, "\n".join(texts[row]), transform=below(48), **words)
    for label in on.get_xticklabels():  # where a dotted line would cross a year
        label.set_bbox({"color": "white", "pad": 0.8})
        label.set_zorder(7)
    return max(map(len, texts), default=0)
