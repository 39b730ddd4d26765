"""Format of numbers, dates and lists: the same in pages, files, messages and the terminal.

The rules:

- What rounds to nothing or to everything is shown by a bound, ``<1%`` or ``>99%``. A `chance` never
  reads as certain; a `percent`, such as a share of rows, is ``0%`` or ``100%`` only if it is
  exactly that.
- Numbers have a true minus sign, commas between thousands, no negative zero, and a dash where there
  is none.
- The interval of a number stands in brackets, ``41 [12, 118]``, where its kind is named nearby, and
  is spelled out, ``41 (90% interval 12 to 118)``, where a sentence must stand alone.
- A level that stands alone is about so much, in whole points and with its interval, ``about 50 (90%
  interval 38 to 62)``: its last digit may differ from one processor to another, and must not be
  what a reader goes by.
- Names of months are English, whatever the locale.
"""

import html
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecast.base.escaping import printable

if TYPE_CHECKING:
    from jinja2 import Environment

DASH = "–"
_MINUS = "\N{MINUS SIGN}"
EXACT = 9
"""Decimals of a percent that count when it is rounded: the last bits of a floating-point mean
depend on the order of its terms, and must not decide a tie."""
MAX_RATIO_IN_WORDS = 1000.0  # beyond this a Bayes factor says no more by being larger
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


SHOWN = 6
"""Number of things of one kind that are named."""


def number(value: float | None, decimals: int | None = None) -> str:
    """Format a number, or a dash where there is none."""
    if value is None or math.isnan(value):
        return DASH
    if math.isinf(value):
        return "∞" if value > 0 else f"{_MINUS}∞"
    size = abs(value)
    if decimals is None:  # about three significant digits
        decimals = 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 0.1 or size == 0 else 3
    text = f"{value:,.{decimals}f}"
    return (
        text.replace("-", _MINUS)
        if any(digit in "123456789" for digit in text)
        else text.lstrip("-")
    )


def signed(value: float | None, decimals: int | None = None) -> str:
    """Format a number with its sign, plus or minus; zero has none."""
    text = number(value, decimals)
    rises = value is not None and value > 0 and text.strip("0.,") != ""
    return f"+{text}" if rises else text


def quantity(value: float | None, unit: str, decimals: int | None = None) -> str:
    """Format a number with its unit."""
    return f"{number(value, decimals)}{'' if unit == '%' else ' '}{unit}".rstrip()


def percent(share: float | None, decimals: int = 0) -> str:
    """Format a share, 0 to 1, in percent: ``0%`` and ``100%`` only if it is exactly none or all."""
    if share is None or not math.isfinite(share):
        return DASH
    rounded = round(round(100 * share, EXACT), decimals)
    step = 10.0**-decimals
    if rounded <= 0 and share > 0:
        return f"<{step:.{decimals}f}%"
    if rounded >= 100 and share < 1:
        return f">{100 - step:.{decimals}f}%"
    return f"{number(rounded, decimals)}%"


def chance(probability: float | None, decimals: int = 0) -> str:
    """Format a probability in percent, never as certain.

    Draws are no proof, and even 0 reads ``<1%``.
    """
    inside = (
        None
        if probability is None
        else min(max(probability, math.ulp(0.0)), math.nextafter(1.0, 0.0))
    )
    return percent(inside, decimals)


def whole_percents(parts: Sequence[float], total: int | None = None) -> tuple[int, ...]:
    """Round probabilities to whole percents that add up as printed (largest remainder first)."""
    scaled = [round(100 * float(part), EXACT) for part in parts]
    percents = [math.floor(value) for value in scaled]
    goal = round(sum(scaled)) if total is None else total
    by_remainder = sorted(range(len(scaled)), key=lambda index: percents[index] - scaled[index])
    for index in by_remainder[: goal - sum(percents)]:
        percents[index] += 1
    return tuple(percents)


def interval(middle: float, low: float | None, high: float | None, decimals: int | None = 0) -> str:
    """Format a number with its interval in brackets, or alone if it has none."""
    if low is None or high is None:
        return number(middle, decimals)
    return f"{number(middle, decimals)} [{number(low, decimals)}, {number(high, decimals)}]"


def interval_in_words(
    middle: float, low: float, high: float, decimals: int | None = 0, unit: str = ""
) -> str:
    """Format a number with its 90% interval spelled out, for a sentence that stands alone."""
    ends = f"{number(low, decimals)} to {number(high, decimals)}"
    return f"{quantity(middle, unit, decimals)} (90% interval {ends})"


def about(middle: float, low: float, high: float) -> str:
    """Format an estimate for a headline: in whole points, and never without its 90% interval."""
    return f"about {interval_in_words(middle, low, high)}"


def give_or_take(middle: float, low: float, high: float) -> str:
    """Format a hidden quantity with its uncertainty, for a sentence in which it comes second."""
    return (
        f"about {number(middle, 0)} of 100, an estimate, about ±{number((high - low) / 2, 0)} "
        "points (90%)"
    )


def ratio(log_ratio: float) -> str:
    """Format how many times as large, whichever way, from a logarithm."""
    size = abs(log_ratio)
    if size > math.log(MAX_RATIO_IN_WORDS):
        return f">{MAX_RATIO_IN_WORDS:,.0f}"
    return number(math.exp(size), 1 if size < math.log(10) else 0)


def count(many: float, thing: str) -> str:
    """Format how many of a thing, which gets an s unless there is one of it."""
    text = f"{many:,.0f}" if float(many).is_integer() else f"{many:g}"
    return f"{text} {thing}" if many == 1 else f"{text} {thing}s"


def join(items: Iterable[str], last: str = "and") -> str:
    """Join items as a sentence does."""
    *most, end = [*items] or [""]
    return f"{', '.join(most)} {last} {end}" if most else end


def source_words(dataset: str) -> str:
    """Return a dataset in a sentence."""
    return f"the {dataset}" if dataset == "chronology" else f"“{dataset}”"


def fitted_together(dyad: str, dyads: Iterable[str]) -> str:
    """Describe with which others a dyad was fitted."""
    others = [other for other in dyads if other != dyad]
    return (
        f"{dyad} was fitted together with {join(others)}" if others else f"{dyad} was fitted alone"
    )


def capital(text: str) -> str:
    """Return a text with its first letter in upper case and the others as they are."""
    return text[:1].upper() + text[1:]


def day(when: date) -> str:
    """Format a day."""
    return f"{when.day} {month(when)}"


def month(when: date, *, short: bool = False) -> str:
    """Format the month of a day, with three letters of its name if `short`."""
    name = _MONTHS[when.month - 1]
    return f"{name[:3] if short else name} {when.year}"


def period(last: date, *, weekly: bool = False) -> str:
    """Name the period that ends on a day: its month or, in a weekly panel, its week."""
    return f"the week to {day(last)}" if weekly else month(last)


@dataclass(frozen=True)
class Card:
    """A title and facts with their names; control characters in them are written out."""

    title: str
    facts: tuple[tuple[str, str], ...]

    @property
    def text(self) -> str:
        """The card in plain text."""
        wide = max((len(name) for name, _ in self.facts), default=0)
        lines = [self.title, *(f"  {name:<{wide}}  {fact}".rstrip() for name, fact in self.facts)]
        return "\n".join(map(printable, lines))

    @property
    def html(self) -> str:
        """The card as HTML, everything escaped."""
        rows = "".join(
            f"<tr><th style='text-align:left'>{_escaped(name)}</th>"
            f"<td style='text-align:left'>{_escaped(fact)}</td></tr>"
            for name, fact in self.facts
        )
        return f"<strong>{_escaped(self.title)}</strong>" + (
            f"<table>{rows}</table>" if rows else ""
        )


def _escaped(text: str) -> str:
    return html.escape(printable(text))


def join_some(items: Sequence[str], most: int = SHOWN) -> str:
    """Join the first of many items, and count the others."""
    more = len(items) - most
    return join(items) if more <= 0 else join([*items[:most], f"{more:,} more"])


class Displayed:
    """An object that shows a card of itself.

    A dataclass that inherits from it is made with ``repr=False``.
    """

    def _card(self) -> Card:
        raise NotImplementedError

    def __repr__(self) -> str:
        return self._card().text

    def _repr_html_(self) -> str:
        return self._card().html


@cache
def environment() -> "Environment":
    """Return the environment of templates of plain text.

    They may call some functions of this module.

    To show what is not there is an error; to ask whether it is there is none.
    """
    from jinja2 import ChainableUndefined, Environment, StrictUndefined

    class Missing(ChainableUndefined, StrictUndefined):
        pass

    templates = Environment(undefined=Missing, trim_blocks=True)  # a page escapes it
    functions = (
        about,
        capital,
        chance,
        count,
        day,
        give_or_take,
        interval_in_words,
        join,
        month,
        number,
        percent,
        period,
        signed,
        source_words,
    )
    templates.globals |= {function.__name__: function for function in functions}
    return templates


@cache
def macros(path: Path) -> Any:
    """Return the macros of a file of templates."""
    return environment().from_string(path.read_text("utf-8")).module


def lines(path: Path, name: str, **named: Any) -> list[str]:
    """Return the lines of a macro in a file of templates."""
    return [line for line in str(getattr(macros(path), name)(**named)).splitlines() if line.strip()]


def sentences(path: Path, name: str, *parts: Any, **named: Any) -> list[str]:
    """Return the paragraphs of a macro in a file of templates, each on one line."""
    text = str(getattr(macros(path), name)(*parts, **named))
    return [" ".join(paragraph.split()) for paragraph in text.split("\n\n") if paragraph.strip()]


def sentence(path: Path, name: str, *parts: Any, **named: Any) -> str:
    """Return the text of a macro in a file of templates, on one line."""
    return " ".join(sentences(path, name, *parts, **named))
