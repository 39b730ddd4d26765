"""Pendulum figure: the level over all years, with equilibrium and ceiling of each era, and events."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd

from forecast.outlook import Assessment, Estimate, Framework
from forecast.report import style
from forecast.report.words import INTERVALS, interval, period, unit
from forecast.typing import Float
from forecast.wording import capital, day, join, month, number

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")
_LINES = 6  # of an event's text, at most
_LINE = 0.135  # inches, of small text
_LANE = 0.42  # inches, from the years to the events' texts

type Span = tuple[Framework, float, float]


def illustrate(result: Assessment, record: "xr.Dataset", events: pd.DataFrame) -> style.Illustration:
    """Draw the pendulum; `record` begins where the dyad's record does, `events` are those to be named."""
    years = style.years_of(record["time"].to_numpy(), 7 if result.weekly else 30)
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
        lambda layout: _draw(result, record, years, events, layout),
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


def _draw(
    result: Assessment, record: "xr.Dataset", years: Float, events: pd.DataFrame, layout: style.Layout
) -> "Figure":
    from matplotlib.figure import Figure

    left, right, tall = (0.36, 0.1, 3.3) if layout.wide else (0.32, 0.06, 2.7)
    head, below = (0.3, 0.28) if layout.wide else (0.45, 0.26)
    width = layout.width - left - right
    eras = _era_spans(result, years)
    names = _era_names(eras, width / (years[-1] - years[0]), layout)
    strip = 0.08 + _LINE * max(len(lines) for lines, _ in names)
    keys = _era_keys(eras, names, layout)
    texts = _event_texts(events, width, layout)
    lane = _LANE + _LINE * max(map(len, texts)) if texts else 0.0
    foot = 0.1 + 0.16 * len(keys) if keys else 0.02
    bottom = foot + lane + below
    up = bottom + tall + strip + head
    figure = Figure(figsize=(layout.width, up), facecolor="white")

    def place(low: float, height: float) -> "Axes":
        """Return axes placed in inches, so that what is around them has room that is known."""
        return figure.add_axes((left / layout.width, low / up, width / layout.width, height / up))

    on = place(bottom, tall)
    style.share_axis(on)
    style.time_axis(on, float(years[0]), float(years[-1]))
    _draw_eras(on, eras, layout)
    _write_era_names(place(bottom + tall + 0.03, strip), eras, names, on.get_xlim(), layout)
    style.bands(on, years, record["share"].to_numpy(), style.LEVEL, center=1.3)
    if len(events):
        middle = record["share"].sel(quantile=0.5).to_numpy()[events["place"]]
        _draw_events(on, events, middle, texts, (width, tall), layout)
    handles = [style.key(style.LEVEL, result.measure)]
    if any(isinstance(era.equilibrium, Estimate) for era, _, _ in eras):
        handles.append(style.key(style.EQUILIBRIUM, "equilibrium of the era", linewidth=1.4))
    if any(isinstance(era.ceiling, Estimate) for era, _, _ in eras):
        handles.append(style.key(style.CEILING, "ceiling of the era", linewidth=1.4, dashes=(4, 2)))
    corner = (left / layout.width, 1 - 0.04 / up)
    style.legend(figure, handles, 3 if layout.wide else 2, loc="upper left", bbox_to_anchor=corner, borderaxespad=0)
    for line, text in enumerate(keys):
        figure.text(left / layout.width, (foot - 0.16 * (line + 1)) / up, text, fontsize=layout.font - 1)
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


def _era_names(eras: list[Span], inches_a_year: float, layout: style.Layout) -> list[tuple[list[str], bool]]:
    """Return the lines over each era, and whether they are its name: a narrow one gets a numeral."""
    size = layout.font - 1.5
    names = []
    for place, (era, begin, stop) in enumerate(eras):
        room = (stop - begin) * inches_a_year - 0.06
        lines = style.wrap(era.name, room, size)
        fits = all(style.text_width(line, size) <= room for line in lines) and len(lines) <= (4 if layout.wide else 3)
        names.append((lines, True) if fits else ([_ROMAN[place % len(_ROMAN)]], False))
    return names


def _era_keys(eras: list[Span], names: list[tuple[list[str], bool]], layout: style.Layout) -> list[str]:
    """Return the lines that say what the numerals stand for."""
    parts = [
        f"{lines[0]} {era.name} ({era.start:%Y}–{f'{era.end:%Y}' if era.end else ''})"
        for (era, _, _), (lines, named) in zip(eras, names, strict=True)
        if not named
    ]
    room, keys = layout.width - 0.5, list[str]()
    for part in parts:
        if keys and style.text_width(f"{keys[-1]}   {part}", layout.font - 1) <= room:
            keys[-1] += f"   {part}"
        else:
            keys.append(part)
    return keys


def _draw_eras(on: "Axes", eras: list[Span], layout: style.Layout) -> None:
    """Draw what each era allows: equilibrium with its band, ceiling with its interval as a vertical bar."""
    for era, begin, stop in eras:
        if begin > eras[0][1]:
            on.axvline(begin, color=style.MUTED, linewidth=0.6, zorder=0.5)
        if isinstance(era.equilibrium, Estimate):
            rest = era.equilibrium
            on.fill_between(
                [begin, stop], rest.low, rest.high, color=style.EQUILIBRIUM, alpha=0.13, linewidth=0, zorder=0.6
            )
            on.plot([begin, stop], [rest.median] * 2, color=style.EQUILIBRIUM, linewidth=1.5, zorder=3)
        if isinstance(era.ceiling, Estimate):
            top, middle = era.ceiling, (begin + stop) / 2
            on.plot([begin, stop], [top.median] * 2, color=style.CEILING, linewidth=1.4, dashes=(4, 2), zorder=3)
            on.plot(
                [middle] * 2,
                [top.low, top.high],
                color=style.CEILING,
                linewidth=1.2,
                marker="_",
                markersize=7,
                zorder=3,
            )


def _write_era_names(
    on: "Axes", eras: list[Span], names: list[tuple[list[str], bool]], limits: tuple[float, float], layout: style.Layout
) -> None:
    """Write the name of each era above it."""
    on.set_xlim(*limits)
    on.set_ylim(0, 1)
    on.axis("off")
    for place, ((_, begin, stop), (lines, _)) in enumerate(zip(eras, names, strict=True)):
        shade = style.SHADE if place % 2 else style.GRID
        on.axvspan(begin, stop, color=shade, linewidth=0)
        on.text(
            (begin + stop) / 2,
            0.5,
            "\n".join(lines),
            ha="center",
            va="center",
            fontsize=layout.font - 1.5,
            linespacing=1.1,
        )


def _event_texts(events: pd.DataFrame, width: float, layout: style.Layout) -> list[list[str]]:
    """Return the lines under the axis of each event; none on a phone, where the page lists them."""
    if not layout.wide or not len(events):
        return []
    column = width / len(events) - 0.08
    return [style.wrap(text, min(column, 1.5), layout.font - 2, most=_LINES) for text in events["summary"]]


def _draw_events(
    on: "Axes",
    events: pd.DataFrame,
    levels: Float,
    texts: list[list[str]],
    size: tuple[float, float],
    layout: style.Layout,
) -> None:
    """Mark the events on the level, and number them in a lane where the numbers have room."""
    (low, high), (width, tall) = on.get_xlim(), size
    up = 100 / tall  # an inch in points of share
    years = events["year"].to_numpy().clip(low, high)
    gap = min(width / len(events), 1.6) if texts else 0.19
    places = style.spread(list((years - low) / (high - low) * width), gap, gap / 2, width - gap / 2)
    number_at, turn_at = (-0.42 * up, -0.24 * up) if texts else (5.0, 12.0)
    for at, (year, level, place) in enumerate(zip(years, levels, places, strict=True)):
        spot = low + place / width * (high - low)
        line = [year, year, spot], [level, turn_at, number_at]
        on.plot(*line, ":", color=style.INK, linewidth=0.7, clip_on=False, zorder=2.5)
        on.plot([year], [level], "o", markersize=4, color="white", markeredgecolor=style.INK, zorder=5)
        _number_event(on, at + 1, (spot, number_at), layout)
        if texts:
            when, lines = month(events["date"].iloc[at], short=True), "\n".join(texts[at])
            words: Any = {"ha": "center", "va": "top", "fontsize": layout.font - 2, "linespacing": 1.15}
            on.text(spot, number_at - 0.11 * up, when, fontweight="bold", **words)
            on.text(spot, number_at - (0.11 + _LINE) * up, lines, **words)
    for label in on.get_xticklabels():  # where a dotted line would cross a year
        label.set_bbox({"color": "white", "pad": 0.8})
        label.set_zorder(7)


def _number_event(on: "Axes", number: int, place: tuple[float, float], layout: style.Layout) -> None:
    on.text(
        *place, str(number), ha="center", va="center", fontsize=layout.font - 2, color="white", fontweight="bold",
        zorder=6, bbox={"boxstyle": "circle,pad=0.22", "color": style.INK},
    )  # fmt: skip
