"""Ledgers of questions (docs/schema/ledger.md): hash-chained entries in one file.

Entries are only appended, in order of time. Each contains its own hash and that of the previous
entry, so that edited, removed or added lines are detected. Truncation cannot be detected from the
file alone: publish the last hash, or keep the file under version control. Invalid entries with a
correct hash are reported and left out, not edited.

Reading and appending agree on the lines that count: those dated more than `CLOCK_TOLERANCE` after
today do not, because a clock was wrong when they were written. The next entry names them
(`leaves_out`), so that they never count.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Self

from forecast.base.dates import today
from forecast.base.errors import LedgerError
from forecast.base.file_faults import PASSING
from forecast.base.journal import Journal, read_journal
from forecast.desk.questions.entry import NO_HASH, BadLine, Draft, LedgerEntry, hash_of, line_of
from forecast.desk.questions.history import History, follow, next_entry

# Bytes of a line of the ledger
MAX_LEDGER_LINE = 100_000


CLOCK_TOLERANCE = timedelta(days=7)
"""Longest time that a line may be ahead of the clock and count: so slow a clock is set right first.

A clock that is slow by some days, as after a pause of a virtual machine, must not take away lines
that are right.
"""


_MOMENT = re.compile(rb'"written":"([^"]*)"')


_RESTORE = "Nothing was written. Restore the file from a copy, or move it away to begin another"


@dataclass
class Ledger:
    """A ledger as it was read, line by line: every line follows from the one before."""

    path: Path
    until: date = date.max  # The day after which none of its lines can have been written
    entries: list[LedgerEntry] = field(default_factory=list)
    # By question, in the order of asking
    histories: dict[str, History] = field(default_factory=dict)
    lines: int = 0  # How many there are, faults included
    head: str = NO_HASH  # Hash of the last line, which stands for all of them
    faults: list[tuple[int, str]] = field(default_factory=list)  # Lines that are left out, and why
    # Lines after `until`, which the next entry leaves out for good
    ahead: list[int] = field(default_factory=list)
    torn: str = ""  # What is to be said of an unfinished last line; empty if there is none

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """Read a ledger and check its chain."""
        ledger = cls(Path(path), today() + CLOCK_TOLERANCE)
        try:
            journal = read_journal(ledger.path)
        except OSError as error:
            if error.errno in PASSING:
                raise
            reason = error.strerror or error
            raise LedgerError(
                f"{path}: the ledger cannot be read ({reason}). Ask a question first, or name it"
            ) from error
        if not ledger.take(journal) and journal.torn:
            ledger.torn = torn_words(ledger.path, ledger.lines + 1, "is left out")
        return ledger

    def take(self, journal: Journal) -> bool:
        """Take all lines; return whether the last one is complete but for its line end."""
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
                        f"field `written`: {stated} is later than in line {later}, which leaves "
                        "this line out, because the clock was wrong"
                    )
                self._follow(plain)
            except BadLine as error:
                self.faults.append((number, str(error)))
        return whole

    @property
    def warnings(self) -> tuple[str, ...]:
        """Warnings about lines that are left out, and advice on how to continue."""
        words = (
            f"{self.path}, line {line}: {reason}. The line is left out and the others count; the "
            "ledger is never edited, so give the command again to append a right one"
            for line, reason in self.faults
        )
        return (*words, *([self.torn] if self.torn else []))

    def append(self, draft: Draft, written: datetime) -> LedgerEntry:
        """Make the entry that follows, and read it as it will be read."""
        before, ahead = (self.lines, self.head), {"leaves_out": self.ahead} if self.ahead else {}
        try:
            entry = next_entry(draft | ahead, self.lines + 1, self.head, written, self.histories)
            line = line_of(entry.plain)
            if len(line) > MAX_LEDGER_LINE:
                raise BadLine(
                    f"it has {len(line):,} bytes, more than {MAX_LEDGER_LINE:,}; "
                    "say it in fewer words"
                )
            self._follow(self._chained(line))
        except BadLine as error:
            self.lines, self.head = before
            raise LedgerError(f"{self.path}: not appended: {error}") from error
        self.ahead = []
        return entry

    def _chained(self, line: bytes) -> dict[str, Any]:
        """Return the fields of a line, after checking its hash and that of the line before."""
        where = f"{self.path}, line {self.lines + 1}"
        try:
            if len(line) > MAX_LEDGER_LINE:
                raise ValueError(f"it has {len(line):,} bytes, more than {MAX_LEDGER_LINE:,}")
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
                f"{where}: this entry was edited: it does not have the hash that it states. "
                f"{_RESTORE}"
            )
        if number != self.lines + 1 or previous != self.head:
            raise LedgerError(
                f"{where}: this entry does not follow the one before it: lines were removed, added "
                f"or moved. {_RESTORE}"
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
                f"field `written`: {entry.written} is before {last.written}, when line "
                f"{last.number} was written; set the clock of this computer right, or begin "
                "another ledger if it was wrong then"
            )
        follow(self.histories, entry)
        self.entries.append(entry)


def lines_left_out(chain: Sequence[Mapping[str, Any]]) -> dict[int, int]:
    """Return the numbers of lines that a later line leaves out, with the number of that one.

    A line can leave out such earlier ones as state a later time than itself, and none if it is left
    out itself.
    """
    left_out_by: dict[int, int] = {}
    for number, plain in reversed([*enumerate(chain, 1)]):
        named = plain.get("leaves_out")
        if number in left_out_by or not isinstance(named, list):
            continue
        for line in named:
            earlier = chain[line - 1] if isinstance(line, int) and 0 < line < number else {}
            if str(earlier.get("written", "")) > str(plain.get("written")):
                left_out_by.setdefault(line, number)
    return left_out_by


def _require_one_append(path: Path, line: int, torn: bytes) -> None:
    """Raise LedgerError if what follows the last whole line was not all written at once.

    A power cut can lose some pages of the last append, of which no one was told that it was done.
    Whatever lies between lines of several moments was there when the later ones were appended: the
    disk has lost it, and only a copy can restore it.
    """
    if b"\n" in torn and len(moments := set(_MOMENT.findall(torn))) > 1:
        raise LedgerError(
            f"{path}, line {line}: the disk has lost a part of this line, and lines of "
            f"{len(moments)} moments follow it. {_RESTORE}"
        )


def torn_words(path: Path, line: int, done: str) -> str:
    """Return words on a last line without its end, and on what is done about it."""
    return (
        f"{path}, line {line}: it was never finished (its writer was killed, or the power failed) "
        f"and {done}"
    )
