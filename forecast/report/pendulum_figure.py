"""Pendulum figure: the level over all years, with equilibrium and ceiling of each era, and events."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd

from forecast.outlook import Assessment, Estimate, Framework
from forecast.report import style
from forecast.report.words import INTERVALS, days_of, interval, period, unit
from forecast.typing import Float
from forecast.wording import capital, day, join, month, number

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")
_LINES = 6  # of an event's text, at most
_LINE = 0.135  # inches, of small text

type Span = tuple[Framework, float, float]


def illustrate(result: Assessment, record: "xr.Dataset", events: pd.DataFrame) -> style.Illustration:
    """Draw the pendulum; `record` begins where the dyad's record does, `events` are those to be named."""
    begins, ends = str(record["time"].to_numpy()[0])[:4], period(result, result.origin)
    eras = result.frameworks.eras
    resting = any(isinstance(era.equilibrium, Estimate) for era in eras)
    capped = any(isinstance(era.ceiling, Estimate) for era in eras)
    assumed = "; the current one is an assumption, which the data did not move" * result.frameworks.ceiling_assumed
    parts = [
        *(["the equilibrium (line)"] if resting else []),
        *([f"the ceiling of the trend (dashed{assumed})"] if capped else []),
    ]
    also = f" Across each era {join(parts)}, with 90% equal-tailed intervals." if parts else ""
    return style.illustrate(
        lambda layout: _draw(result, record, events, layout),
        alt=_alt_text(result, record, events),
        caption=(
            f"{capital(result.measure)} in {result.label} relations, {begins} to {ends}: posterior median "
            f"of each {unit(result)}, bands {INTERVALS}.{also}"
        ),
    )


def _alt_text(result: Assessment, record: "xr.Dataset", events: pd.DataFrame) -> str:
    middle = record["share"].sel(quantile=0.5).to_numpy()
    times = record["time"].to_numpy()
    low, high = int(middle.argmin()), int(middle.argmax())
    eras = [
        f"{era.name} from {era.start:%Y}: mean {interval(era.mean)}"
        + (f", equilibrium {interval(era.equilibrium)}" if isinstance(era.equilibrium, Estimate) else "")
        + (f", ceiling {interval(era.ceiling)}" if isinstance(era.ceiling, Estimate) else "")
        for era in result.frameworks.eras
    ]
    named = [f"{day(row['date'].date())}, {row['summary']}" for row in events.to_dict("records")]
    return (
        f"Line of the {result.measure}, {result.label}. Lowest median {number(middle[low], 0)} in "
        f"{month(pd.Timestamp(times[low]))}, highest {number(middle[high], 0)} in {month(pd.Timestamp(times[high]))}, "
        f"now {interval(result.standing.level)} (90% equal-tailed). Eras: {'; '.join(eras)}."
        + (f" Events: {'; '.join(named)}." if named else "")
    )


def _draw(result: Assessment, record: "xr.Dataset", events: pd.DataFrame, layout: style.Layout) -> "Figure":
    years = style.years_of(record["time"].to_numpy(), days_of(result))
    width, tall = layout.width - 0.5, 3.3 if layout.wide else 2.7  # of the axes, nearly
    eras = _era_spans(result, years)
    names = _era_names(eras, width / (years[-1] - years[0]), layout)
    strip = 0.08 + _LINE * max(name.count("\n") + 1 for name in names)
    keys = _era_keys(eras, names, layout)
    # On a phone, the page alone has the events' texts.
    column = min(width / max(len(events), 1) - 0.08, 1.5)
    texts = [style.wrap(text, column, layout.font - 2, most=_LINES) for text in events["summary"] if layout.wide]
    lane = 0.42 + _LINE * max(map(len, texts)) if texts else 0.0
    figure, (on,) = style.subplots(layout, tall + strip + lane + 0.16 * len(keys) + (0.68 if layout.wide else 0.85))
    style.share_axis(on)
    style.time_axis(on, float(years[0]), float(years[-1]))
    style.bands(on, years, record["share"].to_numpy(), style.LEVEL, center=1.3, label=result.measure)
    _draw_eras(on, eras)
    _name_eras(on, eras, names, strip / tall, layout)
    if len(events):
        middle = record["share"].sel(quantile=0.5).to_numpy()[events["place"]]
        _draw_events(on, events, middle, texts, width, layout)
    style.legend(figure, 3 if layout.wide else 2)
    if keys:
        figure.supxlabel("\n".join(keys), x=0.01, ha="left", fontsize=layout.font - 1)
    return figure


def _era_spans(result: Assessment, years: Float) -> list[Span]:
    """Return the eras with their first and last year within the record."""
    spans = []
    for era in result.frameworks.eras:
        begin = max(style.year_of(era.start), years[0])
        last = style.year_of(era.end + timedelta(days=1)) if era.end else years[-1]
        if last > begin:
            spans.append((era, float(begin), float(min(last, years[-1]))))
    # Months before a dyad's first era belong to it.
    first, _, stop = spans[0]
    return [(first, float(years[0]), stop), *spans[1:]]


def _era_names(eras: list[Span], inches_a_year: float, layout: style.Layout) -> list[str]:
    """Return what stands over each era: its name or, where it is too narrow, a numeral."""
    size, names = layout.font - 1.5, []
    for place, (era, begin, stop) in enumerate(eras):
        room = (stop - begin) * inches_a_year - 0.06
        lines = style.wrap(era.name, room, size)
        fits = all(style.text_width(line, size) <= room for line in lines) and len(lines) <= (4 if layout.wide else 3)
        names.append("\n".join(lines) if fits else _ROMAN[place % len(_ROMAN)])
    return names


def _era_keys(eras: list[Span], names: list[str], layout: style.Layout) -> list[str]:
    """Return the lines that say what the numerals stand for."""
    keys = list[str]()
    for (era, _, _), name in zip(eras, names, strict=True):
        if name in _ROMAN:
            part = f"{name} {era.name} ({era.start:%Y}–{f'{era.end:%Y}' if era.end else ''})"
            if keys and style.text_width(f"{keys[-1]}   {part}", layout.font - 1) <= layout.width - 0.5:
                keys[-1] += f"   {part}"
            else:
                keys.append(part)
    return keys


def _draw_eras(on: "Axes", eras: list[Span]) -> None:
    """Draw what each era allows: equilibrium with its band, ceiling with its interval as a vertical bar."""
    for place, (era, begin, stop) in enumerate(eras):
        if place:
            on.axvline(begin, color=style.MUTED, linewidth=0.6, zorder=0.5)
        if isinstance(rest := era.equilibrium, Estimate):
            look: dict[str, Any] = {"color": style.EQUILIBRIUM, "zorder": 3, "label": "equilibrium of the era"}
            on.fill_between([begin, stop], rest.low, rest.high, color=style.EQUILIBRIUM, alpha=0.13, linewidth=0)
            on.plot([begin, stop], [rest.median] * 2, linewidth=1.5, **look)
        if isinstance(top := era.ceiling, Estimate):
            look = {"color": style.CEILING, "zorder": 3}
            on.plot([begin, stop], [top.median] * 2, linewidth=1.4, dashes=(4, 2), label="ceiling of the era", **look)
            on.plot([(begin + stop) / 2] * 2, [top.low, top.high], linewidth=1.2, marker="_", markersize=7, **look)


def _name_eras(on: "Axes", eras: list[Span], names: list[str], strip: float, layout: style.Layout) -> None:
    """Write the name of each era above it, in a strip of so much of the axes' height."""
    low, high = 1.01, 1.01 + strip
    for place, ((_, begin, stop), name) in enumerate(zip(eras, names, strict=True)):
        shade = style.SHADE if place % 2 else style.GRID
        on.axvspan(begin, stop, low, high, color=shade, linewidth=0, clip_on=False)
        on.text(
            (begin + stop) / 2, (low + high) / 2, name, ha="center", va="center", fontsize=layout.font - 1.5,
            linespacing=1.1, transform=on.get_xaxis_transform(),
        )  # fmt: skip


def _draw_events(
    on: "Axes", events: pd.DataFrame, levels: Float, texts: list[list[str]], width: float, layout: style.Layout
) -> None:
    """Mark the events on the level, and number them where there is room: below the axis with texts, or in it."""
    from matplotlib.transforms import offset_copy

    def below(points: float) -> Any:
        return offset_copy(on.transData, on.figure, y=-points, units="points")  # type: ignore[arg-type]

    low, high = on.get_xlim()
    years = events["year"].to_numpy().clip(low, high)
    gap = min(width / len(events), 1.6) if texts else 0.19
    places = style.spread(list((years - low) / (high - low) * width), gap, gap / 2, width - gap / 2)
    turn, at, where = (0.0, 0.0, below(30)) if texts else (12.0, 5.0, on.transData)
    for place, (year, level, inches) in enumerate(zip(years, levels, places, strict=True)):
        spot = low + inches / width * (high - low)
        on.plot([year, year], [level, turn], ":", color=style.INK, linewidth=0.7, zorder=2.5)
        on.plot([year], [level], "o", markersize=4, color="white", markeredgecolor=style.INK, zorder=5)
        line: Any = {
            "arrowstyle": "-",
            "linestyle": ":",
            "color": style.INK,
            "linewidth": 0.7,
            "shrinkA": 0,
            "shrinkB": 0,
        }
        on.annotate(
            str(place + 1), (year, turn), (spot, at), textcoords=where, arrowprops=line, ha="center", va="center",
            fontsize=layout.font - 2, color="white", fontweight="bold", zorder=6,
            bbox={"boxstyle": "circle,pad=0.22", "color": style.INK},
        )  # fmt: skip
        if texts:
            words: Any = {"ha": "center", "va": "top", "fontsize": layout.font - 2, "linespacing": 1.15}
            when = month(events["date"].iloc[place], short=True)
            on.text(spot, 0, when, fontweight="bold", transform=below(38), **words)
            on.text(spot, 0, "\n".join(texts[place]), transform=below(48), **words)
    for label in on.get_xticklabels():  # where a dotted line would cross a year
        label.set_bbox({"color": "white", "pad": 0.8})
        label.set_zorder(7)
