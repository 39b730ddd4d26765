"""Feed declarations: file layouts, fields of an event, and settings for which rows are counted.

A field is a SQL expression over the columns of a file, all of them text.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, ClassVar, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from forecast.base.described import described
from forecast.base.errors import SpecError
from forecast.base.forms import faults, named_values
from forecast.data.events.days import Days

Sector = Literal["government", "military", "legislature", "courts", "police"]
SECTORS: tuple[Sector, ...] = get_args(Sector)
"""Organs of a state, in words that all feeds share."""


CAMEO_AGENTS = {
    "government": ("GOV",),
    "military": ("MIL", "SPY"),
    "legislature": ("LEG",),
    "courts": ("JUD",),
    "police": ("COP",),
}
"""Agent codes of the organs of a state in CAMEO and PLOVER."""
FIELDS = (
    "id",
    "date",
    "known",
    "source",
    "target",
    "code",
    "goldstein",
    "source_quad",
    "reports",
    "mentions",
    "actor",
    "summary",
    "reference",
)
"""Fields that every feed provides for a row.

`id` text; `date` and `known` days, NULL if they are none; `source` and `target` as the feed writes
countries, '' without one; `code` of CAMEO; `goldstein`, '' for that of the code; `source_quad` as
the feed says; `reports` and `mentions` whole numbers as text.
"""


class Settings(BaseModel):
    """Settings, of which a wrong one raises SpecError."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    wrong: ClassVar[str]  # Words around what is wrong

    def __init__(self, **fields: Any) -> None:
        try:
            super().__init__(**fields)
        except ValidationError as error:
            raise SpecError(self.wrong.format(faults(error))) from error


@described("FeedSettings, such as FeedSettings(one_a_day=False)")
class FeedSettings(Settings):
    """Selection of the counted rows of a feed.

    Attributes
    ----------
    sectors : tuple of str, or "all"
        Which organs of a state act for it; "all" counts parties, firms, media and citizens as well.
        An actor that is named by its country alone is its government.
    statements : bool
        Whether CAMEO roots 01 (statements) and 02 (appeals) are counted, as cooperation.
    one_a_day : bool
        Whether rows of one day, source, target and code are one event, with as many reports.
    minimum_mentions : int
        Fewest mentions of a row, where the feed counts them (gdelt, and phoenix of its later
        years).
    icews_known : {"release", "edition"}
        From when a row of a yearly ICEWS file could be known: the day after its event, as daily
        files showed it, or the day on which this edition was issued.
    editions : {"issued", "latest"}
        Of an archive: which yearly editions of ICEWS an as-of day uses, those issued by that day or
        the latest ones.
    list_filtered : bool
        Whether every row that was filtered is listed with file, line and reason, and not only
        counted.

    Examples
    --------
    >>> from forecast.data.feeds import FeedSettings
    >>> FeedSettings(sectors=("government",)).words
    'actors: government; statements and appeals counted; one event per day, source, target and code'
    """

    wrong: ClassVar[str] = "feed setting {}. See `forecast help feeds` for every setting."

    sectors: tuple[Sector, ...] | Literal["all"] = ("government", "military")
    statements: bool = True
    one_a_day: bool = True
    minimum_mentions: int = Field(default=1, ge=1, le=1_000_000)
    icews_known: Literal["release", "edition"] = "release"
    editions: Literal["issued", "latest"] = "issued"
    list_filtered: bool = False

    @field_validator("sectors", mode="before")
    @classmethod
    def _listed(cls, given: Any) -> Any:
        """Take a text such as 'government, police', as a command line has it."""
        if isinstance(given, str) and given.strip() != "all":
            return tuple(word.strip() for word in given.split(","))
        return tuple(given) if isinstance(given, list) else given

    @model_validator(mode="after")
    def _somebody(self) -> Self:
        if not self.sectors:
            raise ValueError(
                f"sectors: no actor is left; name some of {', '.join(SECTORS)}, or all"
            )
        return self

    @property
    def words(self) -> str:
        """The choices in words."""
        actors = "all" if self.sectors == "all" else " and ".join(self.sectors)
        parts = [
            f"actors: {actors}",
            f"statements and appeals {'counted' if self.statements else 'left out'}",
            "one event per day, source, target and code" if self.one_a_day else "each row an event",
        ]
        if self.minimum_mentions > 1:
            parts.append(f"at least {self.minimum_mentions} mentions")
        if self.icews_known == "edition":
            parts.append("yearly files known from their edition on")
        if self.editions == "latest":
            parts.append("the latest editions on any as-of day")
        return "; ".join(parts)


def parse_settings(texts: list[str]) -> FeedSettings:
    """Read settings from texts such as ``one_a_day=no``."""
    given: dict[str, Any] = named_values(texts, "feed setting", "one_a_day=no")
    return FeedSettings(**given)


Side = Literal["source", "target"]
SIDES: tuple[Side, ...] = get_args(Side)
Encoding = Literal["utf-8", "latin-1"]


@dataclass(frozen=True)
class FeedLayout:
    """Row layout of one kind of file."""

    title: str  # What such a file is, for messages
    columns: tuple[str, ...]  # Names of the columns, in order
    delimiter: str = "\t"
    header: bool = False  # Whether the first line names the columns
    quoted: bool = False  # Whether a field can stand in quotation marks
    optional: int = 0  # How many of the last columns a row may lack; what it lacks is NULL

    @property
    def widths(self) -> range:
        """The numbers of fields that a row may have."""
        return range(len(self.columns) - self.optional, len(self.columns) + 1)


@dataclass(frozen=True)
class Named:
    """What the name of a file says."""

    name: str
    # Which of the feed's series of files it belongs to, such as `day`; `file` if it does not say
    series: str = "file"
    days: Days | None = None  # First and last day that it stands for
    # Whether it stands for each of these days, even one without a row; else from its first busy day
    # to its last.
    whole: bool = False
    part: float = 1.0  # The part of its day that it stands for, 1 for files of a day and more
    day: date | None = None  # The day after which a release is named, its last one
    year: int | None = None  # Of an edition the year, the stamp, and the day of that
    edition: str = ""
    stamped: date | None = None

    @property
    def says(self) -> bool:
        """Return whether the name is informative."""
        return self.days is not None or self.year is not None

    def means(self, other: "Named") -> bool:
        """Return whether it says the same as another name."""
        return replace(self, name=other.name) == other

    def since(self, settings: FeedSettings) -> date | None:
        """Return the day from which rows of a release or edition could be known.

        None where the rows themselves say from when.
        """
        if self.stamped is not None:
            return self.stamped if settings.icews_known == "edition" else None
        return self.day and self.day + timedelta(days=1)


@dataclass(frozen=True)
class Feed:
    """A feed."""

    name: str  # Of the feed and of its dataset
    title: str  # For readers
    # From the first lines of a file to the layout of its rows; None if it is no file of this feed.
    recognise: Callable[[list[str]], FeedLayout | None]
    # From the columns at hand and the day from which a file could be known, if its rows do not say
    # themselves, to the SQL of each of `FIELDS`.
    fields: Callable[[tuple[str, ...], date | None], Mapping[str, str]]
    # From a side and the settings to the SQL condition that the actor on this side acts for its
    # state.
    acts: Callable[[Side, FeedSettings], str]
    named: Callable[[str], Named]  # From the name of a file to what it says
    missing: tuple[str, ...] = ("",)  # What marks a missing value
    encoding: Encoding = "utf-8"  # How bytes that are not UTF-8 are read
    mentions: bool = False  # Whether the feed counts mentions
    # SQL of the list of pairs of countries of a row, for a feed that puts several into one field;
    # '' for others.
    pairs: str = ""
    newest_first: bool = False  # Whether a later edition of a year replaces what it repeats
    # Whether rows are put into files by the day on which they became known, in place of the day of
    # the event.
    by_known: bool = False
    vintaged: bool = True  # Whether its files say when each row became known
    # How many days before the first and after the last day of a file's name its rows may be.
    around: tuple[int, int] = (0, 0)
    # First and last day of what was never published, and why
    gaps: tuple[tuple[date, date, str], ...] = ()
