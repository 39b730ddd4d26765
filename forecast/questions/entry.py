"""A line of a ledger: its fields, its form and its hash (docs/schema/ledger.md)."""

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from importlib.metadata import version
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from forecast.errors import LedgerError
from forecast.files import digest
from forecast.forms import faults
from forecast.questions.question import Digest

SCHEMA = 1
PACKAGE = "pendulum-forecast"
LONGEST_LINE = 100_000
MOMENT = "%Y-%m-%dT%H:%M:%SZ"
_STRICT = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


def _day(text: str) -> str:
    with contextlib.suppress(ValueError):
        if date.fromisoformat(text).isoformat() == text:
            return text
    raise ValueError(f"{text!r:.40} is no day; expected one of the calendar, as YYYY-MM-DD")


def _moment(text: str) -> str:
    with contextlib.suppress(ValueError):
        if f"{datetime.fromisoformat(text):{MOMENT}}" == text:
            return text
    raise ValueError(f"{text!r:.40} is no moment; expected one of the calendar, as YYYY-MM-DDThh:mm:ssZ")


Chance = Annotated[float, Field(ge=0, le=1)]
Day = Annotated[str, AfterValidator(_day)]
Text = Annotated[str, Field(max_length=2_000)]


class BadLine(LedgerError):
    """A line that is no entry, or does not follow from those before; the message begins with the field."""


class Asked(BaseModel):
    """That a question was asked: all of it."""

    model_config = _STRICT

    content: dict[str, Any]
    digest: Digest


class Answered(BaseModel):
    """What was said of a question on a day."""

    model_config = _STRICT

    as_of: Day  # The day whose knowledge it rests on
    # That the answer is yes, given that the question is not void; None where it is void in every future.
    chance: Chance | None
    mcse: Annotated[float, Field(ge=0)] | None = None  # Monte Carlo standard error of it
    # Chance that the question is void for lack of happenings; None where it was not computed.
    void: Chance | None = None
    recorded: Annotated[int, Field(ge=0)] = 0  # Months of the window that were recorded by then
    by: Text = "the model"  # Who says so, in words
    data: Digest | None  # SHA-256 of the data and of the choices of the model
    model: Digest | None
    seed: int  # How many futures, and from which seed
    futures: Annotated[int, Field(ge=1)]
    converged: bool = True  # Whether the fit has passed its gate


class Resolved(BaseModel):
    """How a question was decided, by which data."""

    model_config = _STRICT

    as_of: Day
    outcome: Literal["yes", "no", "void"]
    reason: Text
    happenings: int | None = None
    cooperative: int | None = None
    of_a_kind: int | None = None
    data: Digest


type Body = Asked | Answered | Resolved
BODIES: dict[str, type[BaseModel]] = {"asked": Asked, "answered": Answered, "resolved": Resolved}


class _Head(BaseModel):
    """What every entry begins and ends with."""

    model_config = _STRICT

    schema_: Annotated[Literal[1], Field(alias="schema")]
    number: int
    previous: Digest
    written: Annotated[str, AfterValidator(_moment)]
    entry: Literal["asked", "answered", "resolved"]
    question: Annotated[str, Field(max_length=80)]
    retrospective: bool
    code: Annotated[str, Field(max_length=80)]
    hash: Digest


FIELDS = ("schema", "number", "previous", "written", "entry", "question", "retrospective", "code")
"""Those that come before the fields of a body."""


@dataclass(frozen=True)
class Entry:
    """One line of a ledger.

    Attributes
    ----------
    number : int
        Its line, from 1.
    previous : str
        Hash of the entry before.
    written : str
        When it was written, UTC.
    question : str
        Name of the question it is about.
    retrospective : bool
        Whether it was written when the question's window was over: with hindsight, whatever day it is as of.
    code : str
        Version of the package that wrote it.
    body : Asked, Answered or Resolved
        What it says.
    hash : str
        SHA-256 of all of the above.
    """

    number: int
    previous: str
    written: str
    question: str
    retrospective: bool
    code: str
    body: Body
    hash: str

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> Self:
        """Return the entry that the fields of a line are.

        Raises
        ------
        BadLine
            If they are none; the message names the fields.
        """
        own = {name: value for name, value in plain.items() if name not in (*FIELDS, "hash")}
        try:
            head = _Head.model_validate({name: value for name, value in plain.items() if name not in own})
            body = BODIES[head.entry].model_validate(own)
        except ValidationError as error:
            raise BadLine(faults(error)) from error
        assert isinstance(body, Asked | Answered | Resolved)
        return cls(
            head.number, head.previous, head.written, head.question, head.retrospective, head.code, body, head.hash
        )

    @classmethod
    def make(cls, draft: "Draft", number: int, previous: str, written: datetime, *, retrospective: bool) -> Self:
        """Return the entry that follows a line, with its hash."""
        made = cls(
            number, previous, f"{written:{MOMENT}}", draft.question, retrospective, version(PACKAGE), draft.body, ""
        )
        # By way of JSON, so that what is hashed is what will be read.
        return replace(made, hash=hash_of(json.loads(line_of(made.plain))))

    @property
    def kind(self) -> str:
        """What it is: asked, answered or resolved."""
        return type(self.body).__name__.lower()

    @property
    def day(self) -> date:
        """The day it was written, UTC."""
        return date.fromisoformat(self.written[:10])

    @property
    def plain(self) -> dict[str, Any]:
        """Its fields as plain values."""
        head = (
            SCHEMA,
            self.number,
            self.previous,
            self.written,
            self.kind,
            self.question,
            self.retrospective,
            self.code,
        )
        body = self.body.model_dump(mode="json", exclude_none=not isinstance(self.body, Answered))
        return {**dict(zip(FIELDS, head, strict=True)), **body, "hash": self.hash}


@dataclass(frozen=True)
class Draft:
    """What is to be appended: which question, and what is said of it."""

    question: str
    body: Body


def canonical(values: Mapping[str, Any]) -> bytes:
    """Return plain values as JSON with sorted keys, which is what hashes are of."""
    return json.dumps(values, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def line_of(plain: Mapping[str, Any]) -> bytes:
    """Return the line, without its end, of the fields of an entry."""
    return json.dumps(plain, separators=(",", ":"), allow_nan=False).encode()


def hash_of(plain: Mapping[str, Any]) -> str:
    """Return the hash of the fields of an entry, all but the hash itself."""
    return digest(canonical({name: value for name, value in plain.items() if name != "hash"}))
