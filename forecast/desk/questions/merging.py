"""Merge of two copies of a ledger that were both appended to, as in two clones of a repository."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from forecast.base.arguments import checked
from forecast.base.errors import LedgerError
from forecast.desk.questions.entry import (
    AnsweredEntry,
    ConfirmedEntry,
    Draft,
    LedgerEntry,
    PricedEntry,
    ResolvedEntry,
    WithdrawnEntry,
)
from forecast.desk.questions.folder import NAME, QuestionFolder
from forecast.desk.questions.ledger import Ledger

OWN = {"schema", "number", "previous", "written", "retrospective", "leaves_out", "hash"}
"""Fields of a line that depend on its place in its ledger, or on when it was written there."""


@dataclass(frozen=True)
class Merged:
    """Outcome of a merge."""

    entries: tuple[LedgerEntry, ...]  # What was appended
    left_out: tuple[str, ...]  # Lines of the other ledger that do not follow here, and why
    repaired: str  # What was done about an unfinished last line


@checked
def merge_ledger(folder: str | Path, other: str | Path) -> Merged:
    """Append to a ledger the lines that another copy of it has and it has not.

    Each line is written again, now, with the hash of the other line as its `origin`: that it was
    written earlier elsewhere is not taken on trust. A line that is here already, or says the same
    as one here, is not appended again. The same merge again appends nothing.

    Parameters
    ----------
    folder : str or pathlib.Path
        Folder of the questions and the ledger that is appended to.
    other : str or pathlib.Path
        The other ledger, or its folder. It stays as it is.

    Returns
    -------
    Merged
        Lines that do not follow here are in `left_out`: another question of the same name, and what
        is said of a question after its resolution here.

    Raises
    ------
    LedgerError
        If one of the ledgers is damaged.
    OutputError
        If the ledger cannot be written.

    Examples
    --------
    >>> from forecast.desk.questions import merge_ledger
    >>> merge_ledger("questions", "../clone/questions").entries  # doctest: +SKIP
    """
    question_folder, path = QuestionFolder(Path(folder)), Path(other)
    other_ledger = Ledger.read(path / NAME if path.is_dir() else path)
    left_out: list[str] = []

    def leave_out(draft: Draft, error: LedgerError) -> None:
        reason = str(error).removeprefix(f"{question_folder.ledger}: not appended: ")
        left_out.append(f"{other_ledger.path}, line {numbers[draft['origin']]}: {reason}")

    numbers = {origin_of(entry): entry.number for entry in other_ledger.entries}

    def missing(ledger: Ledger) -> Iterator[Draft]:
        for draft in _missing(ledger, other_ledger):
            before, here = (
                other_ledger.histories[draft["question"]],
                ledger.histories.get(draft["question"]),
            )
            if here is not None and here.question.digest != before.question.digest:
                name = draft["question"]
                leave_out(draft, LedgerError(f"the question {name} of this ledger is another one"))
            else:
                yield draft

    done = question_folder.append(missing, leave_out=leave_out)
    return Merged(done.entries, tuple(left_out), done.repaired)


def origin_of(entry: LedgerEntry) -> str:
    """Return the hash of the line that first said what an entry says."""
    return entry.origin or entry.hash


def _missing(ledger: Ledger, other: Ledger) -> Iterator[Draft]:
    """Yield, in their order, the lines of the other ledger that nothing here stands for."""
    origins = {origin_of(entry) for entry in ledger.entries}
    for entry in other.entries:
        if origin_of(entry) not in origins and not _says_the_same(ledger, entry):
            fields = {name: value for name, value in entry.plain.items() if name not in OWN}
            yield fields | {"origin": origin_of(entry)}


def _says_the_same(ledger: Ledger, entry: LedgerEntry) -> bool:
    """Return whether the ledger says already what an entry says: it was written on both sides."""
    history = ledger.histories.get(entry.question)
    if history is None:
        return False
    if isinstance(entry, AnsweredEntry):
        answers = (*history.answers, *history.superseded)
        return any(_content(answer) == _content(entry) for answer in answers)
    if isinstance(entry, ResolvedEntry):
        return history.resolution is not None and history.resolution.outcome == entry.outcome
    if isinstance(entry, WithdrawnEntry):
        return history.withdrawal is not None
    if isinstance(entry, PricedEntry):
        return any(_content(price) == _content(entry) for price in history.prices)
    if isinstance(entry, ConfirmedEntry):
        return any(
            _content(confirmation) == _content(entry) for confirmation in history.confirmations
        )
    return _content(history.asked) == _content(entry)


def _content(entry: LedgerEntry) -> dict[str, object]:
    left_out = OWN | {"origin", "code"}
    return {name: value for name, value in entry.plain.items() if name not in left_out}
