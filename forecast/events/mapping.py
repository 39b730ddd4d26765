"""Mappings: a small file that says where in a foreign table the fields of the contract stand.

One model a kind of table (events, counts, index). Each field that a user gets wrong is named in the error.
"""

import json
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from forecast.errors import MappingError

Place = Annotated[int, Field(ge=1)] | Annotated[str, Field(min_length=1)]
"""A column by its name, or by its position counted from 1."""

EVENT_FIELDS = (
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
REQUIRED_FIELDS = ("date", "source", "target", "cameo")


class FileForm(BaseModel):
    """How the file itself is written; the same for every kind of table."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    dataset: str = Field(min_length=1)
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
        return "\t" if value in ("tab", "\\t") else value


class TableMapping(FileForm):
    """A table of single events, or of rows that stand for `n` of the same kind."""

    columns: dict[str, Place]
    constants: dict[str, str | int | float] = {}
    known_at_format: str | None = None
    """Without it: as `date_format`."""
    countries: dict[str, str] = {}
    """From what the table calls a country to its ISO 3166 alpha-3 code; codes need no entry."""
    leading_zeros: Literal["kept", "lost"] = "kept"
    """`lost`: the CAMEO codes went through a number ('61' for '061') and are to be mended."""
    duplicate_ids: Literal["refuse", "reject"] = "refuse"
    """`reject`: of rows with the same id keep the first and put the others among the rejects."""

    @model_validator(mode="after")
    def _fields(self) -> Self:
        for where, names in (("columns", self.columns), ("constants", self.constants)):
            for name in names:
                if name not in EVENT_FIELDS:
                    raise ValueError(f"{where}: {name!r} is no field; fields are {', '.join(EVENT_FIELDS)}")
        for name in REQUIRED_FIELDS:
            if name not in self.columns and name not in self.constants:
                raise ValueError(f"{name} is missing: give it under `columns` or `constants`")
        both = sorted(self.columns.keys() & self.constants.keys())
        if both:
            raise ValueError(f"{both[0]} stands under `columns` and under `constants`: remove one")
        return self


def load_mapping[Model: FileForm](mapping: Model | dict[str, Any] | str | Path, kind: type[Model]) -> Model:
    """Read a mapping and check it.

    Parameters
    ----------
    mapping : dict, str, pathlib.Path or mapping
        A YAML or JSON file, its content as a dict, or a mapping that is checked already.
    kind : type
        `TableMapping`, `CountsMapping` or `IndexMapping`.

    Returns
    -------
    TableMapping, CountsMapping or IndexMapping
        Of the `kind` asked for.

    Raises
    ------
    MappingError
        If the file cannot be read, or a field is unknown, missing or malformed; the message names it.

    Examples
    --------
    >>> from forecast.events.mapping import TableMapping, load_mapping
    >>> columns = {"date": "day", "source": "from", "target": "to", "cameo": "code"}
    >>> load_mapping({"dataset": "mine", "columns": columns}, TableMapping).delimiter
    ','
    """
    if isinstance(mapping, kind):
        return mapping
    if isinstance(mapping, str | Path):
        name, content = str(mapping), _parse(Path(mapping))
    else:
        name, content = "mapping", mapping
    if not isinstance(content, dict):
        raise MappingError(f"{name}: expected fields and values (`dataset: mine`), found {content!r:.60}.")
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        problems = "; ".join(_problem(details) for details in error.errors())
        raise MappingError(f"{name}: {problems}. See docs/events.md for every field.") from error


def _parse(path: Path) -> Any:
    import yaml

    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise MappingError(f"{path}: the mapping cannot be read ({error}).") from error
    try:
        return json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
    except (yaml.YAMLError, ValueError) as error:
        where = " ".join(str(error).split())
        raise MappingError(f"{path}: neither YAML nor JSON ({where}). Quote values with colons.") from error


def _problem(details: Any) -> str:
    field = ".".join(str(part) for part in details["loc"] if part not in ("int", "str"))
    message = details["msg"].removeprefix("Value error, ")
    return f"field `{field}`: {message}" if field else message
