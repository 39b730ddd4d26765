"""Entries of a ledger (docs/schema/ledger.md): their fields and their hash."""

import contextlib
import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from forecast.base.digests import digest
from forecast.base.errors import LedgerError
from forecast.base.forms import faults
from forecast.base.wording import chance
from forecast.outlook.question import Digest

PACKAGE = "pendulum-forecast"


NO_HASH = "0" * 64  # Hash before the first entry, and of data that an entry does not have


EVENTS_FIELD = "happenings"  # Number of events in a line: published ledgers have this name
MOMENT = "%Y-%m-%dT%H:%M:%SZ"


OMITTED_IF_NONE = ("note", "origin", "leaves_out", "decided")
"""Fields that an entry has only where they say something, as in entries that were written before
there were such."""


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
    raise ValueError(
        f"{text!r:.40} is no moment; expected one of the calendar, as YYYY-MM-DDThh:mm:ssZ"
    )


Chance = Annotated[float, Field(ge=0, le=1)]


Day = Annotated[str, AfterValidator(_day)]


Text = Annotated[str, Field(max_length=2_000)]


type Draft = dict[str, Any]
"""An entry to be appended: its kind, its question, and the fields of its kind."""


class BadLine(LedgerError):
    """A line that is no entry, or does not follow from those before.

    The message begins with the field.
    """


class LedgerEntry(BaseModel):
    """One line of a ledger: the fields of all entries; those of its kind follow, then the hash."""

    model_config = _STRICT

    schema_: Annotated[Literal[1], Field(alias="schema")]  # 1
    number: int  # Line, from 1
    previous: Digest  # `hash` of the line before; 64 zeros in the first
    # UTC time: `2026-06-01T10:00:00Z`; not before that of the line before
    written: Annotated[str, AfterValidator(_moment)]
    # `asked`, `answered`, `priced` (of an outside question), `confirmed`, `resolved` or `withdrawn`
    entry: Literal["asked", "answered", "priced", "confirmed", "resolved", "withdrawn"]
    question: Annotated[str, Field(max_length=80)]  # `id` of the question
    # Derived from `written`: the window's last day had come; of a resolution, as of its question
    retrospective: bool
    code: Annotated[str, Field(max_length=80)]  # Package version
    # `hash` of the line in another copy of the ledger that this one repeats (`forecast question
    # merge`); left out of lines that were first written here
    origin: Digest | None = None
    # Numbers of earlier lines that do not count, because they state a later time: the clock was
    # wrong then. Left out if there is none
    leaves_out: list[int] | None = None
    hash: Digest  # SHA-256 of all other fields as JSON with sorted keys, without spaces

    @staticmethod
    def of(plain: Mapping[str, Any]) -> "LedgerEntry":
        """Read the fields of a line as the entry of its kind."""
        try:
            return KINDS.get(str(plain.get("entry")), LedgerEntry).model_validate(plain)
        except ValidationError as error:
            raise BadLine(faults(error)) from error

    @property
    def day(self) -> date:
        """The day it was written, UTC."""
        return date.fromisoformat(self.written[:10])

    @property
    def plain(self) -> dict[str, Any]:
        """Its fields as plain values."""
        plain = self.model_dump(
            mode="json", by_alias=True, exclude_none=not isinstance(self, AnsweredEntry)
        )
        for name in OMITTED_IF_NONE:
            if plain.get(name, "") is None:
                del plain[name]
        own_hash = plain.pop("hash")
        return {**plain, "hash": own_hash}

    @property
    def said(self) -> str:
        """What it says, in words."""
        return self.entry


class AskedEntry(LedgerEntry):
    """Entry of a new question: its full content."""

    content: dict[str, Any]  # The question
    digest: Digest  # SHA-256 of it as JSON with sorted keys, without spaces


class AnsweredEntry(LedgerEntry):
    """Forecast of a question on a day."""

    # Day whose knowledge it rests on: not before the question was asked or the answer before, not
    # after `written`, and before the window ends
    as_of: Day
    chance: Chance | None  # Probability of yes, if not void; null if void in every simulation
    mcse: Annotated[float, Field(ge=0)] | None = None  # Its Monte Carlo standard error
    void: Chance | None = None  # Probability of too few events, or that a condition is not true
    recorded: Annotated[int, Field(ge=0)] = 0  # Months of the window recorded by then
    by: Text = "the model"  # Who answers
    data: Digest | None  # SHA-256 of the fit's data on its dyads
    # SHA-256 of the model's choices (`PendulumSpec.to_dict`, sorted keys, without spaces)
    model: Digest | None
    seed: int  # Seed and number of simulations; both zero of an answer without simulations
    simulations: int = Field(ge=0, alias="futures")
    converged: bool = True  # The convergence checks passed
    # Of a count: its kind was not calibrated or not scored, or its base rate is far away. Of
    # several dyads: they are assumed to be independent. Left out if there is nothing to say
    note: Text | None = None

    @property
    def said(self) -> str:
        """The forecast in words."""
        mark = "" if self.converged else ", NOT CONVERGED: do not use it"
        note = f". {self.note}" if self.note else ""
        return f"{chance(self.chance)} as of {self.as_of}{mark}{note}"


class PricedEntry(LedgerEntry):
    """Price of an outside question by a source."""

    as_of: Day  # Day of the price
    source: Annotated[str, Field(min_length=1, max_length=80)]  # Who states it
    price: Chance  # Probability of yes

    @property
    def said(self) -> str:
        """The price in words."""
        return f"{self.source} {self.price:.3f} on {self.as_of}"


class ConfirmedEntry(LedgerEntry):
    """Confirmation of a doubted forecast by a person, without which it is not published."""

    chance: Chance  # The forecast
    doubts: list[Literal["base rate", "report", "each other"]]  # What it contradicts
    by: Annotated[str, Field(min_length=1, max_length=80)]  # Who confirms it
    why: Annotated[str, Field(min_length=1, max_length=2_000)]  # In words

    @property
    def said(self) -> str:
        """The confirmation in words."""
        return f"{chance(self.chance)} confirmed by {self.by}: {self.why}"


class ResolvedEntry(LedgerEntry):
    """Resolution of a question, with the data used."""

    # Day whose knowledge decided it: from the end of the window (of the first part to end) to
    # `written`, which comes after the window. A void question without an edition has an earlier
    # one; it is written after `void_after`
    as_of: Day
    outcome: Literal["yes", "no", "void"]  # `yes`, `no` or `void`
    reason: Text  # In words
    events: Annotated[int, Field(ge=0)] | None = Field(default=None, alias="happenings")
    cooperative: Annotated[int, Field(ge=0)] | None = None
    of_a_kind: Annotated[int, Field(ge=0)] | None = None
    # SHA-256 of what was known of the dyad; 64 zeros of an outside question
    data: Digest
    # Day on which the events that were asked for had been recorded: forecasts from then on are not
    # scored. Left out where the end of the window decides
    decided: Day | None = None
    # Who resolved an outside question; left out of all others
    source: Annotated[str, Field(min_length=1, max_length=200)] | None = None

    @model_validator(mode="after")
    def _parts_of_all(self) -> "ResolvedEntry":
        """Reject a part of the events of the window that is larger than all of them."""
        for name, part in (("cooperative", self.cooperative), ("of_a_kind", self.of_a_kind)):
            # Of a question about a set of events the others are not counted.
            counted_alone = name == "of_a_kind" and self.events is None
            if part is not None and not counted_alone and part > (self.events or 0):
                raise ValueError(
                    f"{name}: {part:,} of {self.events or 0:,} events; expected at most all of them"
                )
        return self

    @property
    def said(self) -> str:
        """The resolution in words."""
        return f"{self.outcome.upper()}, {self.reason}"


class WithdrawnEntry(LedgerEntry):
    """Withdrawal of a question: it stays in the ledger with its forecasts, and is not scored."""

    why: Annotated[str, Field(min_length=1, max_length=2_000)]  # In words

    @property
    def said(self) -> str:
        """The withdrawal in words."""
        return f"withdrawn on {self.day}: {self.why}"


KINDS: dict[str, type[LedgerEntry]] = {
    "asked": AskedEntry,
    "answered": AnsweredEntry,
    "priced": PricedEntry,
    "confirmed": ConfirmedEntry,
    "resolved": ResolvedEntry,
    "withdrawn": WithdrawnEntry,
}


def line_of(plain: Mapping[str, Any]) -> bytes:
    """Return the line, without its end, of the fields of an entry."""
    return json.dumps(plain, separators=(",", ":"), allow_nan=False).encode()


def hash_of(plain: Mapping[str, Any]) -> str:
    """Return the hash of the fields of an entry without `hash`, as JSON with sorted keys."""
    hashed = {name: value for name, value in plain.items() if name != "hash"}
    return digest(
        json.dumps(hashed, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()
    )
