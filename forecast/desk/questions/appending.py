"""Appending to a ledger: all entries of a call or, where one is rejected, none."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from forecast.base import dates
from forecast.base.errors import LedgerError
from forecast.base.journal import TORN, Journal, append_lines
from forecast.desk.questions.entry import Draft, LedgerEntry, line_of
from forecast.desk.questions.ledger import CLOCK_TOLERANCE, Ledger, torn_words

type Drafts = Iterable[Draft] | Callable[[Ledger], Iterable[Draft]]
"""Entries to be appended, or a function that makes them of the ledger to which no one else can
append then."""


@dataclass(frozen=True)
class Appended:
    """Entry appended to a ledger, and repairs that were needed."""

    entries: tuple[LedgerEntry, ...]
    repaired: str = ""  # What was done about an unfinished last line; empty if there was none


def append_entries(
    path: str | Path,
    drafts: Drafts,
    *,
    now: datetime | None = None,
    leave_out: Callable[[Draft, LedgerError], None] | None = None,
) -> Appended:
    """Append entries to a ledger, new or not: all of them or, where one is rejected, none.

    With `leave_out` an entry that is rejected is left out, and this is called with it and the
    reason.
    """
    path = Path(path)
    entries: list[LedgerEntry] = []
    repaired: list[str] = []

    def make(journal: Journal) -> tuple[bytes, ...]:
        written = (now or dates.now()).astimezone(UTC)  # now that no other writer can come between
        ledger = Ledger(path, written.date() + CLOCK_TOLERANCE)
        whole, before = ledger.take(journal), ledger.lines
        for draft in list(drafts(ledger) if callable(drafts) else drafts):
            try:
                entries.append(ledger.append(draft, written))
            except LedgerError as error:
                if leave_out is None:
                    raise
                leave_out(draft, error)
        kept = (journal.torn,) if whole else ()
        if journal.torn and (whole or entries):
            done = f"is set aside in {path.name}{TORN}"
            repaired.append(
                f"{path}: the last line had no end, which was added"
                if whole
                else torn_words(path, before + 1, done)
            )
        return (*kept, *(line_of(entry.plain) for entry in entries))

    append_lines(path, make)
    return Appended(tuple(entries), "".join(repaired))
