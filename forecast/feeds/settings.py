"""What is counted of a feed: one record of choices, each with its reason in docs/feeds.md."""

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from forecast.errors import SpecError
from forecast.forms import faults, named_values

SECTORS = ("government", "military", "legislature", "courts", "police")
"""Organs of a state, in words that all feeds share."""


class FeedSettings(BaseModel):
    """What is counted of a feed.

    Attributes
    ----------
    sectors : tuple of str, or "all"
        Which organs of a state act for it; "all" counts parties, firms, media and citizens as well. An actor that is
        named by its country alone is its government.
    statements : bool
        Whether CAMEO roots 01 (statements) and 02 (appeals) are counted, as cooperation.
    one_a_day : bool
        Whether rows of one day, source, target and code are one happening, with as many reports.
    minimum_mentions : int
        Fewest mentions of a row, where the feed counts them (gdelt, and phoenix of its later years).
    icews_known : {"release", "edition"}
        From when a row of a yearly ICEWS file could be known: the day after its event, as daily files showed it, or
        the day on which this edition was issued.
    editions : {"issued", "latest"}
        Of an archive: which yearly editions of ICEWS an as-of day uses, those issued by that day or the latest ones.
    list_filtered : bool
        Whether every row that was filtered is listed with file, line and reason, and not only counted.

    Examples
    --------
    >>> from forecast.feeds import FeedSettings
    >>> FeedSettings(sectors=("government",)).words
    'actors: government; statements and appeals counted; one happening a day, source, target and code'
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    sectors: tuple[Literal["government", "military", "legislature", "courts", "police"], ...] | Literal["all"] = (
        "government",
        "military",
    )
    statements: bool = True
    one_a_day: bool = True
    minimum_mentions: int = Field(default=1, ge=1, le=1_000_000)
    icews_known: Literal["release", "edition"] = "release"
    editions: Literal["issued", "latest"] = "issued"
    list_filtered: bool = False

    def __init__(self, **fields: Any) -> None:
        try:
            super().__init__(**fields)
        except ValidationError as error:
            raise SpecError(f"feed setting {faults(error)}. See docs/feeds.md for every setting.") from error

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
            raise ValueError(f"sectors: nobody is left to act; name some of {', '.join(SECTORS)}, or all")
        return self

    @property
    def words(self) -> str:
        """The choices in words."""
        actors = "all" if self.sectors == "all" else " and ".join(self.sectors)
        parts = [
            f"actors: {actors}",
            f"statements and appeals {'counted' if self.statements else 'left out'}",
            "one happening a day, source, target and code" if self.one_a_day else "each row a happening",
        ]
        if self.minimum_mentions > 1:
            parts.append(f"at least {self.minimum_mentions} mentions")
        if self.icews_known == "edition":
            parts.append("yearly files known from their edition on")
        if self.editions == "latest":
            parts.append("the latest editions on any as-of day")
        return "; ".join(parts)


def parse_settings(texts: list[str]) -> FeedSettings:
    """Read settings from texts such as ``one_a_day=no``.

    Raises
    ------
    SpecError
        If a text has no value, or a setting or value does not exist.

    Examples
    --------
    >>> from forecast.feeds.settings import parse_settings
    >>> parse_settings(["one_a_day=no", "sectors=government"]).one_a_day
    False
    """
    return FeedSettings(**named_values(texts, "feed setting", "one_a_day=no"))
