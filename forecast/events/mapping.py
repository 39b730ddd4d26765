"""Mappings: a small file that says where in a foreign table the fields of the contract stand.

One model a kind of table (events, counts, index). Each field that a user gets wrong is named in the error.
"""

from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from forecast.errors import MappingError
from forecast.forms import faults, read_form

Place = Annotated[int, Field(ge=1)] | Annotated[str, Field(min_length=1)]
"""A column by its name, or by its position counted from 1."""


def readable_format(date_format: str) -> str:
    """Return a format of dates if dates can be read by it."""
    import re

    import pandas as pd

    try:
        pd.to_datetime(pd.Series(["no date"]), format=date_format, errors="coerce")
    except (ValueError, TypeError, re.error) as error:
        raise ValueError(
            f"{date_format!r:.60} is no format of dates ({error!s:.100}); write one such as '%Y-%m-%d'"
        ) from error
    if date_format != "ISO8601" and not re.search("%[YyGFcxD]", date_format):
        raise ValueError(f"{date_format!r:.60} has no year; write a format such as '%Y-%m-%d'")
    return date_format


class FileForm(BaseModel):
    """How a file is written and where its fields stand; the same for every kind of table."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    fields: ClassVar[tuple[str, ...]]
    required: ClassVar[tuple[str, ...]]

    dataset: str = Field(min_length=1)
    columns: dict[str, Place]
    constants: dict[str, str | int | float] = {}
    format: Literal["csv", "parquet"] | None = None
    """Without it: parquet for the endings .parquet and .pq, else csv."""
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    quoted: bool = True
    """False for tab-separated dumps in which a quotation mark is an ordinary letter."""
    header: bool = True
    encoding: str = "utf-8"
    missing: tuple[str, ...] = ("", "NULL", "NA")
    date_format: str = "%Y-%m-%d"

    @field_validator("delimiter", mode="before")
    @classmethod
    def _tab(cls, value: Any) -> Any:
        if value in ('"', "\n", "\r", "\0"):
            raise ValueError("a quotation mark or line end cannot separate fields")
        return "\t" if value in ("tab", "\\t") else value

    @field_validator("date_format", "known_at_format", check_fields=False)
    @classmethod
    def _readable(cls, value: str | None) -> str | None:
        return value if value is None else readable_format(value)

    @model_validator(mode="after")
    def _known_and_complete(self) -> Self:
        for where, names in (("columns", self.columns), ("constants", self.constants)):
            for name in names:
                if name not in self.fields:
                    raise ValueError(f"{where}: {name!r} is no field; fields are {', '.join(self.fields)}")
        for name in self.required:
            if not self.has(name):
                raise ValueError(f"{name} is missing: give it under `columns` or `constants`")
        both = sorted(self.columns.keys() & self.constants.keys())
        if both:
            raise ValueError(f"{both[0]} stands under `columns` and under `constants`: remove one")
        return self

    def has(self, field: str) -> bool:
        """Whether the mapping says where `field` stands."""
        return field in self.columns or field in self.constants


class TableMapping(FileForm):
    """A table of single events, or of rows that stand for `n` of the same kind."""

    fields = (
        "date",
        "known_at",
        "source",
        "target",
        "cameo",
        "goldstein",
        "quad",
        "n",
        "actor",
        "summary",
        "reference",
        "event_id",
    )
    required = ("date", "source", "target", "cameo")

    known_at_format: str | None = None
    """Without it: as `date_format`."""
    countries: dict[str, str] = {}
    """From what the table calls a country to its ISO 3166 alpha-3 code; codes need no entry."""
    leading_zeros: Literal["kept", "lost"] = "kept"
    """`lost`: the CAMEO codes went through a number ('61' for '061') and are to be mended."""
    duplicate_ids: Literal["refuse", "reject"] = "refuse"
    """`reject`: of rows with the same id keep the first and put the others among the rejects."""


class CountedClass(BaseModel):
    """One ordinal class of a table of counts: the sum of one or more columns."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1)
    side: Literal["conflict", "cooperation"]
    columns: tuple[Place, ...] = Field(min_length=1)


class CountsMapping(FileForm):
    """A table of counts: one row a period and direction (or dyad), one or more columns a class."""

    fields = ("time", "source", "target", "direction", "dyad")
    required = ("time",)

    date_format: str = "%Y-%m"
    frequency: Literal["month", "week"] = "month"
    separator: str = Field(default=">", min_length=1)
    """Between the two states of the field `direction`: USA>CHN."""
    countries: dict[str, str] = {}
    classes: tuple[CountedClass, ...]
    """From the most hostile to the most cooperative."""

    @model_validator(mode="after")
    def _states_and_sides(self) -> Self:
        ways = [{"source", "target"}, {"direction"}, {"dyad"}]
        if {field for field in self.fields if field != "time" and self.has(field)} not in ways:
            raise ValueError("the states are to be given as source and target, or direction, or dyad")
        sides = [each.side for each in self.classes]
        if sides != sorted(sides) or len(set(sides)) < 2:
            raise ValueError("classes: first those of conflict, then those of cooperation, at least one of each")
        return self


class IndexMapping(FileForm):
    """A table of an index: one row a period, with its value."""

    fields = ("time", "value", "dyad")
    required = ("time", "value", "dyad")

    date_format: str = "%Y-%m"


def load_mapping[Model: FileForm](mapping: Model | dict[str, Any] | str | Path, kind: type[Model]) -> Model:
    """Read a mapping and check it."""
    if isinstance(mapping, kind):
        return mapping
    if isinstance(mapping, str | Path):
        name, content = str(mapping), read_form(Path(mapping), "mapping", MappingError)
    else:
        name, content = "mapping", mapping
    if not isinstance(content, dict):
        raise MappingError(f"{name}: expected fields and values (`dataset: mine`), found {content!r:.60}.")
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        raise MappingError(f"{name}: {faults(error)}. See docs/events.md for every field.") from error
