"""The ledger: what was asked, what was said of it, and what came of it, one JSON line an entry (docs/schema/ledger.md).

Entries are only ever appended. Each holds the hash of the one before and its own, so that an edited, removed or added
line is found and named. What was cut off at the end cannot be known from the file alone: publish the last hash, or keep
the file under version control.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from forecast.errors import LedgerError, QuestionError
from forecast.files import digest
from forecast.forms import faults
from forecast.journal import TORN, Journal, append_lines, read_journal
from forecast.questions.question import Digest, Question, question_of
from forecast.wording import count

if TYPE_CHECKING:
    from forecast.questions.probability import Answer
    from forecast.questions.resolve import Resolution

SCHEMA = 1
NAME = "ledger.jsonl"
FIRST = "0" * 64
"""In place of the hash of the entry before the first one."""
PACKAGE = "pendulum-forecast"
LONGEST_LINE = 100_000
_STRICT = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)
Chance = Annotated[float, Field(ge=0, le=1)]
Day = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
Text = Annotated[str, Field(max_length=2_000)]
_RESTORE = "Nothing was written. Restore the file from a copy, or move it away to begin another"


class Asked(BaseModel):
    """That a question was asked: all of it."""

    model_config = _STRICT

    content: dict[str, Any]
    digest: Digest


class Answered(BaseModel):
    """What was said of a question on a day.

    Attributes
    ----------
    as_of : str
        The day whose knowledge it rests on.
    chance : float or None
        That the answer is yes, given that the question is not void; None where it is void in every future.
    mcse : float or None
        Monte Carlo standard error of it.
    void : float or None
        Chance that the question is void for lack of happenings; None where it was not computed.
    recorded : int
        Months of the window that were recorded by then.
    by : str
        Who says so, in words.
    data, model : str or None
        SHA-256 of the data and of the choices of the model.
    seed, futures : int
        How many futures, and from which seed.
    converged : bool
        Whether the fit has passed its gate.
    """

    model_config = _STRICT

    as_of: Day
    chance: Chance | None
    mcse: Annotated[float, Field(ge=0)] | None = None
    void: Chance | None = None
    recorded: Annotated[int, Field(ge=0)] = 0
    by: Text = "the model"
    data: Digest | None
    model: Digest | None
    seed: int
    futures: Annotated[int, Field(ge=1)]
    converged: bool = True


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
    written: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$")]
    entry: Literal["asked", "answered", "resolved"]
    question: Annotated[str, Field(max_length=80)]
    retrospective: bool
    code: Annotated[str, Field(max_length=80)]
    hash: Digest


_FIELDS = ("schema", "number", "previous", "written", "entry", "question", "retrospective", "code")


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

    @property
    def kind(self) -> str:
        """What it is: asked, answered or resolved."""
        return type(self.body).__name__.lower()

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
        return {**dict(zip(_FIELDS, head, strict=True)), **body, "hash": self.hash}


@dataclass(frozen=True)
class Draft:
    """What is to be appended: which question, what is said, and whether with hindsight (None: by its window)."""

    question: str
    body: Body
    retrospective: bool | None = None


@dataclass
class History:
    """All that a ledger holds of a question, in order.

    Attributes
    ----------
    question : Question
    asked : Entry
    answers : list of Entry
    resolution : Entry or None
    """

    question: Question
    asked: Entry
    answers: list[Entry] = field(default_factory=list)
    resolution: Entry | None = None

    @property
    def last_answer(self) -> Answered | None:
        """What was said last."""
        body = self.answers[-1].body if self.answers else None
        return body if isinstance(body, Answered) else None

    @property
    def outcome(self) -> str:
        """How it was decided; `open` if it was not."""
        body = self.resolution.body if self.resolution else None
        return body.outcome if isinstance(body, Resolved) else "open"


@dataclass(frozen=True)
class Ledger:
    """A ledger as it was read: every entry follows from the one before.

    Attributes
    ----------
    path : pathlib.Path
    entries : tuple of Entry
    torn : str
        What is to be said of an unfinished last line; empty if there is none.
    """

    path: Path
    entries: tuple[Entry, ...]
    torn: str = ""

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """Read a ledger and check its chain.

        Raises
        ------
        LedgerError
            If it cannot be read, or a line was edited, removed or added; the message names it.

        Examples
        --------
        >>> from forecast.questions import Ledger
        >>> Ledger.read("questions/ledger.jsonl").head  # doctest: +SKIP
        """
        path = Path(path)
        try:
            journal = read_journal(path)
        except OSError as error:
            reason = error.strerror or error
            raise LedgerError(
                f"{path}: the ledger cannot be read ({reason}). Ask a question first, or name it"
            ) from error
        entries, whole = _checked(journal, path)
        torn = journal.torn and not whole
        return cls(path, entries, _torn_words(path, len(entries) + 1, "is left out") if torn else "")

    @property
    def head(self) -> str:
        """Hash of the last entry, which stands for all of them."""
        return self.entries[-1].hash if self.entries else FIRST

    @cached_property
    def histories(self) -> dict[str, History]:
        """What there is of every question, by its name, in the order of asking."""
        found: dict[str, History] = {}
        for entry in self.entries:
            _follow(found, entry, f"{self.path}, line {entry.number}")
        return found


@dataclass(frozen=True)
class Appended:
    """What was appended to a ledger, and what had to be repaired for it.

    Attributes
    ----------
    entries : tuple of Entry
    repaired : str
        What was done about an unfinished last line; empty if there was none.
    """

    entries: tuple[Entry, ...]
    repaired: str = ""


def append_entries(path: str | Path, drafts: Iterable[Draft], *, now: datetime | None = None) -> Appended:
    """Append entries to a ledger, which is begun if it is not there: all of them or, where one is rejected, none.

    Parameters
    ----------
    path : str or pathlib.Path
    drafts : iterable of Draft
    now : datetime.datetime, optional
        When they are written; by default now.

    Raises
    ------
    LedgerError
        If the ledger was edited, or an entry does not follow from those that are there.
    OutputError
        If it cannot be written.

    Examples
    --------
    >>> from forecast.questions import append_entries, asked
    >>> append_entries("questions/ledger.jsonl", [asked(question)])  # doctest: +SKIP
    """
    path, wanted = Path(path), list(drafts)
    written = (now or datetime.now(UTC)).astimezone(UTC)
    made: list[Entry] = []
    repaired: list[str] = []

    def make(journal: Journal) -> tuple[bytes, ...]:
        entries, whole = _checked(journal, path)
        found = Ledger(path, entries).histories
        for draft in wanted:
            previous = (entries + tuple(made))[-1] if entries or made else None
            entry = _entry(draft, previous, found, written)
            _follow(found, entry, f"{path}: not appended")
            made.append(entry)
        kept = (journal.torn,) if whole else ()
        if journal.torn and (whole or made):
            done = f"is set aside in {path.name}{TORN}"
            repaired.append(f"{path}: the last line had no end, which was added" if whole else
                            _torn_words(path, len(entries) + 1, done))  # fmt: skip
        return (*kept, *(_line(entry.plain) for entry in made))

    append_lines(path, make)
    return Appended(tuple(made), "".join(repaired))


def asked(question: Question, *, retrospective: bool | None = None) -> Draft:
    """Return the entry that a question is asked."""
    return Draft(question.id, Asked(content=question.plain, digest=question.digest), retrospective)


def answered(answer: "Answer", *, model: Mapping[str, Any] | None, converged: bool, by: str = "the model") -> Draft:
    """Return the entry of an answer from a fit, of which `model` are the choices."""
    chance = getattr(answer.chance, "value", None)
    mcse = getattr(answer.chance, "mcse", None)
    body = Answered(
        as_of=answer.as_of.isoformat(),
        chance=None if chance is None else round(float(chance), 6),
        mcse=None if mcse is None else round(float(mcse), 6),
        void=round(float(answer.void.value), 6),
        recorded=answer.recorded,
        by=by,
        data=answer.data or None,
        model=None if model is None else model_digest(model),
        seed=answer.seed,
        futures=answer.futures,
        converged=converged,
    )
    return Draft(answer.question, body)


def resolved(resolution: "Resolution") -> Draft:
    """Return the entry of a resolution.

    Raises
    ------
    LedgerError
        If nothing is decided.
    """
    if resolution.outcome in ("open", "never"):
        raise LedgerError(f"{resolution.question}: it is not decided: {resolution.reason}")
    values = {name: getattr(resolution, name) for name in Resolved.model_fields}
    return Draft(resolution.question, Resolved(**{**values, "as_of": resolution.as_of.isoformat()}))


def model_digest(choices: Mapping[str, Any]) -> str:
    """Return the SHA-256 of the choices of a model, as `PendulumSpec.to_dict` has them."""
    return digest(_canonical(choices))


def _torn_words(path: Path, line: int, done: str) -> str:
    return f"{path}, line {line}: it was never finished (its writer was killed) and {done}"


def _canonical(values: Mapping[str, Any]) -> bytes:
    return json.dumps(values, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def _line(plain: Mapping[str, Any]) -> bytes:
    return json.dumps(plain, separators=(",", ":"), allow_nan=False).encode()


def _hash(plain: Mapping[str, Any]) -> str:
    return digest(_canonical({name: value for name, value in plain.items() if name != "hash"}))


def _checked(journal: Journal, path: Path) -> tuple[tuple[Entry, ...], bool]:
    """Return the entries of a journal, and whether the unfinished line at its end is a whole entry without its end."""
    entries: list[Entry] = []
    for number, line in enumerate(journal.lines, 1):
        entries.append(_read_line(line, number, entries[-1].hash if entries else FIRST, path))
    try:
        last = _read_line(journal.torn, len(entries) + 1, entries[-1].hash if entries else FIRST, path)
    except LedgerError:
        return tuple(entries), False
    return (*entries, last), True


def _read_line(line: bytes, number: int, previous: str, path: Path) -> Entry:
    where = f"{path}, line {number}"
    try:
        if len(line) > LONGEST_LINE:
            raise ValueError(f"it has {len(line):,} bytes")
        plain = json.loads(line)
        head = _Head.model_validate({name: plain[name] for name in (*_FIELDS, "hash")})
        body = BODIES[head.entry].model_validate({k: v for k, v in plain.items() if k not in (*_FIELDS, "hash")})
        own = _hash(plain)
    except ValidationError as error:
        raise LedgerError(f"{where}: this is no entry of a ledger: {faults(error)}. {_RESTORE}") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise LedgerError(f"{where}: this is no entry of a ledger ({error!r:.120}). {_RESTORE}") from error
    if own != head.hash or _line(plain) != line:
        raise LedgerError(f"{where}: this entry was edited: it does not have the hash that it states. {_RESTORE}")
    if head.number != number or head.previous != previous:
        raise LedgerError(
            f"{where}: this entry does not follow the one before it: lines were removed, added or moved. {_RESTORE}"
        )
    assert isinstance(body, Asked | Answered | Resolved)
    return Entry(
        number, previous, head.written, head.question, head.retrospective, head.code, body, head.hash
    )  # fmt: skip


def _entry(draft: Draft, previous: Entry | None, found: Mapping[str, History], written: datetime) -> Entry:
    """Return an entry that follows the last one."""
    retrospective = draft.retrospective
    if retrospective is None:
        if isinstance(draft.body, Asked):
            retrospective = written.date().isoformat() > str(draft.body.content["last"])
        else:
            history = found.get(draft.question)
            over = history is not None and isinstance(draft.body, Answered) and written.date() > history.question.last
            retrospective = over or (history is not None and history.asked.retrospective)
    number, before = (1, FIRST) if previous is None else (previous.number + 1, previous.hash)
    entry = Entry(
        number, before, f"{written:%Y-%m-%dT%H:%M:%SZ}", draft.question, retrospective, version(PACKAGE), draft.body, ""
    )  # fmt: skip
    # By way of JSON, so that what is hashed is what will be read.
    return replace(entry, hash=_hash(json.loads(_line(entry.plain))))


def _follow(found: dict[str, History], entry: Entry, where: str) -> None:
    """Add an entry to what there is of its question; reject one that does not follow from that."""
    history, body = found.get(entry.question), entry.body
    if isinstance(body, Asked):
        if history is not None:
            raise LedgerError(f"{where}: the question {entry.question} was asked already; give it another name")
        try:
            question = question_of(body.content, f"{where}: {entry.question}")
        except QuestionError as error:
            raise LedgerError(str(error)) from error
        if question.id != entry.question or question.digest != body.digest:
            raise LedgerError(f"{where}: the question {entry.question} does not have the digest that is stated")
        found[entry.question] = History(question, entry)
        return
    if history is None:
        raise LedgerError(f"{where}: the question {entry.question} was never asked; ask it first")
    if history.resolution is not None:
        raise LedgerError(
            f"{where}: the question {entry.question} is resolved already, in line {history.resolution.number}"
        )
    if isinstance(body, Answered):
        asked_on, last = history.question.asked.isoformat(), history.question.last.isoformat()
        if body.as_of < asked_on:
            raise LedgerError(
                f"{where}: {entry.question} was asked on {asked_on}, after {body.as_of}; answer a later day"
            )
        if body.as_of >= last:
            raise LedgerError(f"{where}: the window of {entry.question} is over on {body.as_of}; resolve it")
        history.answers.append(entry)
    else:
        if not history.question.resolvable:
            raise LedgerError(f"{where}: no data decide {entry.question}, which is about the level")
        if body.outcome != "void" and body.as_of < history.question.last.isoformat():
            raise LedgerError(f"{where}: the window of {entry.question} is not over on {body.as_of}")
        history.resolution = entry


def questions_of(ledger: Ledger, names: Sequence[str] = (), *, only_open: bool = False) -> list[History]:
    """Return the questions of some names, or all; of all, those that are open alone if asked for.

    Raises
    ------
    LedgerError
        If there is none of a name.
    """
    found = ledger.histories
    if missing := [name for name in names if name not in found]:
        raise LedgerError(
            f"{ledger.path}: has no question {missing[0]!r:.90}; it has {count(len(found), 'question')}: see `forecast "
            "question list`"
        )
    chosen = [found[name] for name in dict.fromkeys(names)] if names else list(found.values())
    return [one for one in chosen if not only_open or one.outcome == "open"]
