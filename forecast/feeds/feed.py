"""What a feed declares: how its files look, and where in a row the fields of the event table stand.

Fields are SQL expressions over the columns of a file as text, so that the same declaration serves chunks of lines
here and whole files or tables where DuckDB reads them by itself.
"""

import calendar
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from forecast.feeds.lines import Encoding
from forecast.feeds.settings import FeedSettings

Side = Literal["source", "target"]

CAMEO_AGENTS = {
    "government": ("GOV",),
    "military": ("MIL", "SPY"),
    "legislature": ("LEG",),
    "courts": ("JUD",),
    "police": ("COP",),
}
"""How CAMEO, and PLOVER after it, writes the organs of a state."""
FIELDS = (
    "id", "date", "known", "source", "target", "code", "goldstein", "source_quad", "reports", "mentions", "actor",
    "summary", "reference",
)  # fmt: skip
"""What every feed says of a row.

`id` text; `date` and `known` days, NULL if they are none; `source` and `target` as the feed writes countries, ''
without one; `code` of CAMEO; `goldstein`, '' for that of the code; `source_quad` as the feed says; `reports` and
`mentions` whole numbers as text.
"""


@dataclass(frozen=True)
class Layout:
    """How rows of a kind of file look."""

    title: str  # What such a file is, for messages
    columns: tuple[str, ...]  # Names of the columns, in order
    delimiter: str = "\t"
    header: bool = False  # Whether the first line names the columns
    quoted: bool = False  # Whether a field can stand in quotation marks


@dataclass(frozen=True)
class FileFacts:
    """What a name says of a file: the last day it tells of, its year and edition, if any."""

    day: str | None = None
    year: int | None = None
    edition: str | None = None


@dataclass(frozen=True)
class Standing:
    """Which days a file stands for, by its name.

    Attributes
    ----------
    series : str
        Which of the feed's series of files it belongs to, such as ``day``.
    first, last : datetime.date
    whole : bool
        Whether it stands for each of these days, even one without a row; else from its first busy day to its last.
    part : float
        The part of its day that it stands for, 1 for files of a day and more.
    """

    series: str
    first: date
    last: date
    whole: bool = True
    part: float = 1.0


@dataclass(frozen=True)
class Feed:
    """A feed."""

    name: str  # Of the feed and of its dataset
    title: str  # For readers
    # From the first lines of a file to the layouts that its rows may have; None if it is no file of this feed.
    recognise: Callable[[list[str]], tuple[Layout, ...] | None]
    # From the columns at hand, the settings and the facts of the file to the SQL of each of `FIELDS`.
    fields: Callable[[tuple[str, ...], FeedSettings, FileFacts], Mapping[str, str]]
    # From a side and the settings to the SQL condition that the actor on this side acts for its state.
    acts: Callable[[Side, FeedSettings], str]
    # From the name of a file to what it says.
    facts: Callable[[str], FileFacts] = field(default=lambda name: FileFacts())
    missing: tuple[str, ...] = ("",)  # What marks a missing value
    encoding: Encoding = "utf-8"  # How bytes that are not UTF-8 are read
    mentions: bool = False  # Whether the feed counts mentions
    # SQL of the list of pairs of countries of a row, for a feed that puts several into one field; '' for others.
    pairs: str = ""
    newest_first: bool = False  # Whether a later edition of a year replaces what it repeats
    # From the name of a file to the days that it stands for; None if the name does not say.
    stands: Callable[[str], Standing | None] = field(default=lambda name: None)
    # Whether rows are put into files by the day on which they became known, in place of the day of the event.
    by_known: bool = False
    vintaged: bool = True  # Whether its files say when each row became known
    # How many days before the first and after the last day of a file's name its rows may be.
    around: tuple[int, int] = (0, 0)
    holes: tuple[tuple[date, date, str], ...] = ()  # First and last day of what was never published, and why


def acting(settings: FeedSettings, written: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Return how a feed writes the organs that act for a state by the settings, which name some; `written` has all."""
    return tuple(code for sector in settings.sectors for code in written[sector])


YEARS = range(1700, 2200)
"""Of days in names."""


def named_day(digits: str) -> date | None:
    """Return the day that a name writes as 20180601; of a day beyond the end of its month, that end; else None.

    Numbers that would be a day long before or after all events are no day.
    """
    year, month, day_of_month = int(digits[:4]), int(digits[4:6]), int(digits[6:8])
    if year not in YEARS or not 1 <= month <= 12 or day_of_month < 1:
        return None
    return date(year, month, min(day_of_month, calendar.monthrange(year, month)[1]))


def whole_year(series: str, year: str, *, whole: bool) -> Standing | None:
    """Return what a file of a year stands for."""
    return Standing(series, date(int(year), 1, 1), date(int(year), 12, 31), whole) if int(year) in YEARS else None


def header_names(line: str, delimiter: str) -> tuple[str, ...]:
    """Return the names in a header, each once and none empty; empty ones at its end are no columns."""
    names: list[str] = []
    for place, name in enumerate(line.rstrip(delimiter).split(delimiter), 1):
        own = name.strip() or f"column {place}"
        same = own.casefold() in {one.casefold() for one in names}
        names.append(f"{own} (column {place})" if same else own)
    return tuple(names)


def quoted(name: str) -> str:
    """Return the name of a column as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """Return a text as SQL writes it."""
    return "'" + value.replace("'", "''") + "'"


def one_of(column: str, values: tuple[str, ...]) -> str:
    """Return the SQL condition that a column has one of some texts."""
    return f"{quoted(column)} IN ({', '.join(map(text, values))})" if values else "false"


def only_digits(name: str) -> str:
    """Return the SQL condition that a column has digits and nothing else: where that is known, it is taken as met."""
    return f"regexp_full_match({quoted(name)}, '[0-9]+')"


def digits(name: str, least: int, most: int) -> str:
    """Return the SQL condition that a column has so many digits and nothing else."""
    return f"({only_digits(name)} AND strlen({quoted(name)}) BETWEEN {least} AND {most})"


_SHAPES = {"%Y-%m-%d": r"\d{4}-\d{2}-\d{2}", "%m/%d/%Y": r"\d{1,2}/\d{1,2}/\d{4}"}


def _shaped(column: str, form: str) -> str:
    if form == "%Y%m%d":
        return digits(column, 8, 8)
    return f"regexp_full_match({quoted(column)}, {text(_SHAPES[form])})"


def day(column: str, *forms: str) -> str:
    """Return the SQL of a column as a day in one of some forms, as for strptime; NULL if it is none.

    The shape is looked at first: the reader of dates is more generous than any feed.
    """
    name = quoted(column)
    whens = " ".join(
        f"WHEN {_shaped(column, form)} THEN CAST(try_strptime({name}, {text(form)}) AS DATE)" for form in forms
    )
    return f"CASE {whens} END"
