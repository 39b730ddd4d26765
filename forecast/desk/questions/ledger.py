"""Ledgers of questions (docs/schema/ledger.md): hash-chained entries in one file, next to the question files.

Entries are only appended, in order of time. Each contains its own hash and that of the previous
entry, so that edited, removed or added lines are detected. Truncation cannot be detected from the
file alone: publish the last hash, or keep the file under version control. Invalid entries with a
correct hash are reported and left out, not edited.

Reading and appending agree on the lines that count: those dated more than `CLOCK_TOLERANCE` after
today do not, because a clock was wrong when they were written. The next entry names them
(`leaves_out`), so that they never count.
"""

import json
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from forecast.base import dates
from forecast.base.dates import reject_future, today
from forecast.base.errors import LedgerError, OutputError, QuestionError
from forecast.base.file_faults import PASSING
from forecast.base.files import write_text
from forecast.base.journal import TORN, Journal, append_lines, read_journal
from forecast.base.reading import is_empty
from forecast.base.unfinished import clear_leftovers
from forecast.base.wording import count, join
from forecast.data.panel.record import coverage_end, last_known
from forecast.desk.questions.deciding import PanelOf, decided_note, decided_on, deciding_rows
from forecast.desk.questions.doubts import Doubt
from forecast.desk.questions.event_question import as_events
from forecast.desk.questions.events import answer_events, events_answer
from forecast.desk.questions.form import read_question, write_question
from forecast.desk.questions.history import (
    BadLine,
    Confirmed,
    Draft,
    History,
    LedgerEntry,
    Resolved,
    Withdrawn,
    follow,
    hash_of,
    line_of,
)
from forecast.desk.questions.outside import OutsideQuestion, require_price
from forecast.desk.questions.resolution import (
    Resolution,
    resolve_events,
    resolve_parts,
    resolve_question,
)
from forecast.outlook.hazards.forecast import Expected
from forecast.outlook.question import Question, SingleQuestion
from forecast.outlook.summary import NotDefined

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from forecast.data.events import EventTable
    from forecast.data.records import Records
    from forecast.desk.questions.answer import Answer
    from forecast.outlook.draws import FitLike


NAME = "ledger.jsonl"
NOTHING_NEW = "nothing new since the last answer"
"""Why a question gets no forecast that repeats the last one."""
LONGEST_LINE = 100_000
FIRST = "0" * 64
"""Previous hash of the first entry."""
CLOCK_TOLERANCE = timedelta(days=7)
"""Longest time that a line may be ahead of the clock and count: so slow a clock is set right first.

A clock that is slow by some days, as after a pause of a virtual machine, must not take away lines
that are right.
"""
ATTRIBUTES = f"""\
# Lines of a ledger have hashes: git must not change their ends, nor merge two copies line by line
# (`forecast question merge`).
{NAME} -text -merge
"""
"""Content of the file `.gitattributes` next to a ledger."""
_MOMENT = re.compile(rb'"written":"([^"]*)"')
_RESTORE = "Nothing was written. Restore the file from a copy, or move it away to begin another"


@dataclass
class Ledger:
    """A ledger as it was read, line by line: every line follows from the one before."""

    path: Path
    until: date = date.max  # The day after which none of its lines can have been written
    entries: list[LedgerEntry] = field(default_factory=list)
    histories: dict[str, History] = field(
        default_factory=dict
    )  # By question, in the order of asking
    lines: int = 0  # How many there are, faults included
    head: str = FIRST  # Hash of the last line, which stands for all of them
    faults: list[tuple[int, str]] = field(default_factory=list)  # Lines that are left out, and why
    ahead: list[int] = field(
        default_factory=list
    )  # Lines after `until`, which the next entry leaves out for good
    torn: str = ""  # What is to be said of an unfinished last line; empty if there is none

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """Read a ledger and check its chain."""
        found = cls(Path(path), today() + CLOCK_TOLERANCE)
        try:
            journal = read_journal(found.path)
        except OSError as error:
            if error.errno in PASSING:
                raise
            reason = error.strerror or error
            raise LedgerError(
                f"{path}: the ledger cannot be read ({reason}). Ask a question first, or name it"
            ) from error
        if not found.take(journal) and journal.torn:
            found.torn = _torn_words(found.path, found.lines + 1, "is left out")
        return found

    def take(self, journal: Journal) -> bool:
        """Take all lines; return whether the unfinished one at their end is a whole one without its end."""
        chain = [self._chained(line) for line in journal.lines]
        try:
            chain.append(self._chained(journal.torn))
            whole = True
        except LedgerError:
            _require_one_append(self.path, self.lines + 1, journal.torn)
            whole = False
        left_out = lines_left_out(chain)
        for number, plain in enumerate(chain, 1):
            try:
                if number in left_out:
                    stated, later = plain.get("written"), left_out[number]
                    raise BadLine(
                        f"field `written`: {stated} is later than in line {later}, which leaves this "
                        "line out, because the clock was wrong"
                    )
                self._follow(plain)
            except BadLine as error:
                self.faults.append((number, str(error)))
        return whole

    @property
    def warnings(self) -> tuple[str, ...]:
        """Warnings about lines that are left out, and advice on how to continue."""
        words = (
            f"{self.path}, line {line}: {reason}. The line is left out and the others count; the ledger is "
            "never edited, so give the command again to append a right one"
            for line, reason in self.faults
        )
        return (*words, *([self.torn] if self.torn else []))

    def append(self, draft: Draft, written: datetime) -> LedgerEntry:
        """Make the entry that follows, and read it as it will be read."""
        before, ahead = (self.lines, self.head), {"leaves_out": self.ahead} if self.ahead else {}
        try:
            entry = LedgerEntry.make(
                draft | ahead, self.lines + 1, self.head, written, self.histories
            )
            line = line_of(entry.plain)
            if len(line) > LONGEST_LINE:
                raise BadLine(
                    f"it has {len(line):,} bytes, more than {LONGEST_LINE:,}; say it in fewer words"
                )
            self._follow(self._chained(line))
        except BadLine as error:
            self.lines, self.head = before
            raise LedgerError(f"{self.path}: not appended: {error}") from error
        self.ahead = []
        return entry

    def _chained(self, line: bytes) -> dict[str, Any]:
        """Return the fields of a line that has the hash it states, and states that of the line before."""
        where = f"{self.path}, line {self.lines + 1}"
        try:
            if len(line) > LONGEST_LINE:
                raise ValueError(f"it has {len(line):,} bytes, more than {LONGEST_LINE:,}")
            plain: dict[str, Any] = json.loads(line)
            number, previous, stated = plain["number"], plain["previous"], plain["hash"]
            # The end of a line may be that of another system: git on Windows writes it so.
            whole = hash_of(plain) == stated and line_of(plain) == line.removesuffix(b"\r")
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise LedgerError(
                f"{where}: this is no entry of a ledger ({error!r:.120}). {_RESTORE}"
            ) from error
        if not whole:
            raise LedgerError(
                f"{where}: this entry was edited: it does not have the hash that it states. {_RESTORE}"
            )
        if number != self.lines + 1 or previous != self.head:
            raise LedgerError(
                f"{where}: this entry does not follow the one before it: lines were removed, added or moved. {_RESTORE}"
            )
        self.lines, self.head = self.lines + 1, stated
        return plain

    def _follow(self, plain: dict[str, Any]) -> None:
        """Add an entry; time goes forward only."""
        entry = LedgerEntry.of(plain)
        if entry.day > self.until:
            self.ahead.append(entry.number)
            raise BadLine(f"field `written`: {entry.day} is after today (UTC): a clock was wrong")
        last = self.entries[-1] if self.entries else None
        if last is not None and entry.written < last.written:
            raise BadLine(
                f"field `written`: {entry.written} is before {last.written}, when line {last.number} was written; set "
                "the clock of this computer right, or begin another ledger if it was wrong then"
            )
        follow(self.histories, entry)
        self.entries.append(entry)


def lines_left_out(chain: Sequence[Mapping[str, Any]]) -> dict[int, int]:
    """Return the numbers of lines that a later line leaves out, with the number of that one.

    A line can leave out such earlier ones as state a later time than itself, and none if it is left
    out itself.
    """
    found: dict[int, int] = {}
    for number, plain in reversed([*enumerate(chain, 1)]):
        named = plain.get("leaves_out")
        if number in found or not isinstance(named, list):
            continue
        for one in named:
            earlier = chain[one - 1] if isinstance(one, int) and 0 < one < number else {}
            if str(earlier.get("written", "")) > str(plain.get("written")):
                found.setdefault(one, number)
    return found


def _require_one_append(path: Path, line: int, torn: bytes) -> None:
    """Raise LedgerError if what follows the last whole line was not all written at once.

    A power cut can lose some pages of the last append, of which no one was told that it was done.
    Whatever lies between lines of several moments was there when the later ones were appended: the
    disk has lost it, and only a copy can restore it.
    """
    if b"\n" in torn and len(moments := set(_MOMENT.findall(torn))) > 1:
        raise LedgerError(
            f"{path}, line {line}: the disk has lost a part of this line, and lines of {len(moments)} moments follow "
            f"it. {_RESTORE}"
        )


@dataclass(frozen=True)
class Appended:
    """Entry appended to a ledger, and repairs that were needed."""

    entries: tuple[LedgerEntry, ...]
    repaired: str = ""  # What was done about an unfinished last line; empty if there was none


type Drafts = Iterable[Draft] | Callable[[Ledger], Iterable[Draft]]
"""Entries to be appended, or a function that makes them of the ledger to which no one else can
append then."""


def append_entries(
    path: str | Path,
    drafts: Drafts,
    *,
    now: datetime | None = None,
    leave_out: Callable[[Draft, LedgerError], None] | None = None,
) -> Appended:
    """Append entries to a ledger, which is begun if it is not there: all of them or, where one is rejected, none.

    With `leave_out` an entry that is rejected is left out, and this is called with it and the
    reason.
    """
    path = Path(path)
    made: list[LedgerEntry] = []
    repaired: list[str] = []

    def make(journal: Journal) -> tuple[bytes, ...]:
        written = (now or dates.now()).astimezone(UTC)  # now that no other writer can come between
        found = Ledger(path, written.date() + CLOCK_TOLERANCE)
        whole, before = found.take(journal), found.lines
        for draft in list(drafts(found) if callable(drafts) else drafts):
            try:
                made.append(found.append(draft, written))
            except LedgerError as error:
                if leave_out is None:
                    raise
                leave_out(draft, error)
        kept = (journal.torn,) if whole else ()
        if journal.torn and (whole or made):
            done = f"is set aside in {path.name}{TORN}"
            repaired.append(
                f"{path}: the last line had no end, which was added"
                if whole
                else _torn_words(path, before + 1, done)
            )
        return (*kept, *(line_of(entry.plain) for entry in made))

    append_lines(path, make)
    return Appended(tuple(made), "".join(repaired))


def asked(question: Question) -> Draft:
    """Return the entry that a question is asked."""
    return {
        "entry": "asked",
        "question": question.id,
        "content": question.plain,
        "digest": question.digest,
    }


def answered(answer: "Answer", *, model: Mapping[str, Any] | None, converged: bool) -> Draft:
    """Return the entry of an answer from a fit, of which `model` are the choices."""
    chance = None if isinstance(answer.chance, NotDefined) else answer.chance
    return {
        "entry": "answered",
        "question": answer.question,
        "as_of": answer.as_of.isoformat(),
        "chance": None if chance is None else round(float(chance.value), 6),
        "mcse": None if chance is None else round(float(chance.mcse), 6),
        "void": round(float(answer.void.value), 6),
        "recorded": answer.recorded,
        "by": "the model",
        "data": answer.data or None,
        "model": None if model is None else hash_of(model),
        "seed": answer.seed,
        "futures": answer.simulations,
        "converged": converged,
        "note": answer.note or None,
    }


def resolved(resolution: Resolution) -> Draft:
    """Return the entry of a resolution."""
    if resolution.outcome in ("open", "never"):
        raise LedgerError(f"{resolution.question}: it is not decided: {resolution.reason}")
    own = asdict(resolution)
    own["happenings"] = own.pop("events")
    return {"entry": "resolved", **own, "as_of": resolution.as_of.isoformat()}


def needs_no_fit(question: Question) -> bool:
    """Return whether a question is answered from the record alone, or elsewhere."""
    return isinstance(question, OutsideQuestion) or as_events(question) is not None


def event_answer_of(
    history: History,
    table: "EventTable | None",
    as_of: date | None = None,
    expect: Sequence[Expected] = (),
) -> Draft | str:
    """Return the entry of the answer to a question about events, which needs no fit, or why there is none."""
    asked = history.question
    question = asked.event if isinstance(asked, OutsideQuestion) else as_events(asked)
    if question is None:
        return "names no set of events; enter your own number with `question say`"
    if table is None:
        return "asks about single events, which these data do not have"
    day = as_of or max(coverage_end(table, question.dyad, question.dataset), asked.asked)
    if closed := asked.closed(day):
        return closed
    history.require_forward(day)
    found = answer_events(table, question, as_of=day, expect=expect)
    draft = {**events_answer(question, found), "question": asked.id}
    if not isinstance(asked, OutsideQuestion):
        draft |= _decided_note(question, table, _no_panel, day)
    return _if_new(history, draft)


def _no_panel(dyad: str) -> "xr.Dataset":
    raise QuestionError(f"{dyad}: events of a set need no panel")


def _decided_note(question: Question, table: "EventTable", panel_of: PanelOf, day: date) -> Draft:
    """Return the note of a forecast of an event that has happened, in place of any other."""
    decided = decided_on(question, deciding_rows(question, table, panel_of, day))
    return {} if decided is None else {"note": decided_note(decided)}


def priced(question: Question, source: str, price: float, day: date) -> Draft:
    """Return the entry of a price of an outside question."""
    if isinstance(question, OutsideQuestion) and day < question.asked:
        raise QuestionError(
            f"{question.id}: on: {day} is before {question.asked}, the day it was entered; give a later price"
        )
    reject_future(day, "on")
    return {
        "entry": "priced",
        "question": question.id,
        "as_of": day.isoformat(),
        "source": source,
        "price": require_price(price),
    }


def own_number(question: Question, chance: float, day: date) -> Draft:
    """Return the entry of a number of one's own for an outside question."""
    return {
        "entry": "answered",
        "question": question.id,
        "as_of": day.isoformat(),
        "chance": require_price(chance),
        "mcse": None,
        "void": 0.0,
        "recorded": 0,
        "by": "you",
        "data": None,
        "model": None,
        "seed": 0,
        "futures": 0,
        "converged": True,
        "note": None,
    }


def outcome_of(question: Question, outcome: str, source: str, day: date) -> Draft:
    """Return the entry of the outcome of an outside question."""
    if not isinstance(question, OutsideQuestion):
        raise QuestionError(f"{question.id}: data resolve it; leave out the outcome")
    if outcome not in ("yes", "no", "void"):
        raise QuestionError(f"outcome: got {outcome!r:.40}; expected yes, no or void")
    return {
        "entry": "resolved",
        "question": question.id,
        "as_of": day.isoformat(),
        "outcome": outcome,
        "reason": f"resolved by {source}",
        "data": FIRST,
        "source": source,
    }


def withdrawn(question: Question, why: str) -> Draft:
    """Return the entry by which a question is withdrawn."""
    if not why.strip():
        raise QuestionError(f"why: expected the reason for withdrawing {question.id}, in words")
    return {"entry": "withdrawn", "question": question.id, "why": " ".join(why.split())}


def confirmed(doubts: Sequence[Doubt], by: str, why: str) -> Draft:
    """Return the entry by which a person confirms the doubted forecast of a question."""
    if not by.strip() or not why.strip():
        raise QuestionError(
            f"by, why: expected who confirms {doubts[0].question}, and the reason in words"
        )
    return {
        "entry": "confirmed",
        "question": doubts[0].question,
        "chance": round(doubts[0].chance, 6),
        "doubts": list(dict.fromkeys(one.kind for one in doubts)),
        "by": " ".join(by.split()),
        "why": " ".join(why.split()),
    }


def _if_new(history: History, draft: Draft) -> Draft | str:
    """Return an answer unless it repeats the last one."""
    last = {} if history.last_answer is None else history.last_answer.plain
    same = all(last.get(name) == value for name, value in draft.items())
    return NOTHING_NEW if same else draft


def answer_of(
    history: History,
    fit: "FitLike",
    *,
    model: Mapping[str, Any],
    converged: bool,
    seed: int,
    table: "EventTable | None",
) -> Draft | str:
    """Return the entry of a question's answer from a fit, or why there is none.

    Events need the table alone.
    """
    as_of = last_known(fit.panel)
    if needs_no_fit(history.question):
        return event_answer_of(history, table, as_of)
    if closed := history.question.closed(as_of):
        return closed
    history.require_forward(as_of)  # before long work
    from forecast.desk.questions.answer import (
        answer_question,
    )  # with xarray and SciPy, which events need not

    found = answer_question(fit, history.question, seed=seed, table=table)
    draft = answered(found, model=model, converged=converged)
    if table is not None and _counts(history.question):
        draft |= _decided_note(history.question, table, lambda dyad: fit.panel, as_of)
    return _if_new(history, draft)


def _counts(question: Question) -> bool:
    """Return whether events can decide a question before its window ends."""
    return all(as_events(part) is not None for part in question.parts)


def resolution_of(history: History, records: "Records", day: date, *, now: date) -> Draft | str:
    """Return the entry of a question's resolution from what was known by a day, or why it is not resolved now.

    What resolves is final: added events resolve only where somebody says to which day the record is
    complete.
    """
    question = history.question
    if isinstance(question, OutsideQuestion):
        return "is resolved elsewhere: enter it with --outcome and --source"

    def resolve(part: SingleQuestion) -> Resolution:
        code = records.find(part.dyad)
        end = records.last_stated_day(code, part.dataset)
        if (events := as_events(part)) is not None:
            if records.events is None:
                raise QuestionError(
                    f"{part.id}: asks about single events, which these data do not have"
                )
            found = resolve_events(records.events, events, day, end)
        else:
            panel = records.panel([code], day)
            found = resolve_question(panel, part, today=day, table=records.events, coverage_end=end)
        if found.outcome in ("open", "never") or part.last < now:
            return found
        return replace(
            found,
            outcome="open",
            reason=f"its window ends on {part.last}; resolve it after that day",
        )

    found = resolve_parts(question, resolve)
    if found.outcome in ("open", "never"):
        return found.reason
    draft = resolved(found)
    if found.outcome == "yes" and records.events is not None and _counts(question):
        rows = deciding_rows(
            question, records.events, lambda dyad: records.panel([records.find(dyad)], day), day
        )
        decided = decided_on(question, rows)
        if decided is not None and decided <= question.last:
            draft["decided"] = decided.isoformat()
    return draft


def _torn_words(path: Path, line: int, done: str) -> str:
    return f"{path}, line {line}: it was never finished (its writer was killed, or the power failed) and {done}"


def questions_of(
    ledger: Ledger, names: Sequence[str] = (), *, only_open: bool = False
) -> list[History]:
    """Return the questions of some names, or all.

    Of all, those that are open alone if asked for.
    """
    found = ledger.histories
    if missing := [name for name in names if name not in found]:
        raise LedgerError(
            f"{ledger.path}: has no question {missing[0]!r:.90}; it has {count(len(found), 'question')}: see `forecast "
            "question list`"
        )
    chosen = [found[name] for name in dict.fromkeys(names)] if names else list(found.values())
    return [one for one in chosen if not only_open or one.outcome == "open"]


@dataclass(frozen=True)
class QuestionFolder:
    """A folder of questions."""

    path: Path

    @property
    def ledger(self) -> Path:
        """The ledger, which is what counts; the other files are copies for readers."""
        return self.path / NAME

    def file(self, name: str) -> Path:
        """Return the file of a question."""
        return self.path / f"{name}.yaml"

    def ask(self, question: Question) -> Appended:
        """Ask a question: append it to the ledger, and write its file if it is not there."""
        file = self.file(question.id)
        if not is_empty(file) and read_question(file).digest != question.digest:
            raise QuestionError(
                f"{file}: holds another question; choose another name (--id), or remove the file"
            )
        done = self.append([asked(question)])
        if is_empty(file):
            try:
                write_question(file, question)
            except OutputError as error:
                raise OutputError(
                    f"{error} The question stands in {self.ledger}; the next run writes its file"
                ) from error
        return done

    def mend(self, ledger: Ledger) -> str:
        """Write the files that open questions lack, and clear what killed runs left.

        Return words on it, or none.

        A file without a word is one that a power cut has emptied.
        """
        clear_leftovers(self.path)
        files = [self.file(one.question.id) for one in questions_of(ledger, only_open=True)]
        if not (missing := [file for file in files if is_empty(file)]):
            return ""
        try:
            for file in missing:
                write_question(file, ledger.histories[file.stem].question)
        except OutputError as error:
            return f"{error} The ledger has the question, and counts"
        return (
            f"{join([str(file) for file in missing])}: missing, and written again from the ledger"
        )

    def append(
        self, drafts: Drafts, *, leave_out: Callable[[Draft, LedgerError], None] | None = None
    ) -> Appended:
        """Append entries to the ledger, after the file is there by which git leaves its lines as they are."""
        attributes = self.path / ".gitattributes"
        if not os.path.lexists(attributes):
            write_text(attributes, ATTRIBUTES, durable=True)
        return append_entries(self.ledger, drafts, leave_out=leave_out)

    def find(self, text: str) -> Question:
        """Return the question of a name, as it stands in the ledger, or of a file."""
        path = Path(text)
        if path.suffix or path.is_file():
            return read_question(path)
        known = {history.question.id: history.question for history in questions_of(self.read())}
        if text not in known:
            raise QuestionError(
                f"{text!r:.100}: no question of {self.path} has this name, and there is no such file. Expected one of "
                f"{join(known) or 'none, for nothing was asked there'}, or the file of a question"
            )
        return known[text]

    def read(self) -> Ledger:
        """Read the ledger."""
        return Ledger.read(self.ledger)

    def edited(self, history: History) -> str:
        """Describe how the file of a question differs from what was asked; empty if it does not."""
        file = self.file(history.question.id)
        if is_empty(file):
            return ""
        try:
            same = read_question(file).digest == history.question.digest
        except QuestionError as error:
            return f"{error}. What was asked stands in the ledger, and counts"
        return (
            "" if same else f"{file}: was edited. What was asked stands in the ledger, and counts"
        )


COLUMNS = (
    "number",
    "written",
    "entry",
    "question",
    "retrospective",
    "timing",
    "kind",
    "dyad",
    "dataset",
    "asked",
    "first",
    "last",
    "sentence",
    "as_of",
    "chance",
    "void",
    "by",
    "converged",
    "note",
    "outcome",
    "reason",
    "decided",
    "why",
    "data",
    "model",
    "code",
    "hash",
)


def entry_rows(ledger: Ledger) -> "pd.DataFrame":
    """Return a row an entry, with the question that it is about.

    What an entry does not have is empty.
    """
    import pandas as pd

    def row(entry: LedgerEntry) -> dict[str, Any]:
        history = ledger.histories[entry.question]
        timing = (
            None if isinstance(entry, Confirmed | Resolved | Withdrawn) else history.timing(entry)
        )
        return {**history.question.described, **entry.plain, "timing": timing}

    return pd.DataFrame([row(entry) for entry in ledger.entries], columns=list(COLUMNS))
