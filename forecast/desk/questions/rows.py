"""Entries of a ledger as rows of a table, with the questions that they are about."""

from typing import TYPE_CHECKING, Any

from forecast.desk.questions.entry import ConfirmedEntry, LedgerEntry, ResolvedEntry, WithdrawnEntry
from forecast.desk.questions.ledger import Ledger

if TYPE_CHECKING:
    import pandas as pd


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
            None
            if isinstance(entry, ConfirmedEntry | ResolvedEntry | WithdrawnEntry)
            else history.timing(entry)
        )
        return {**history.question.described, **entry.plain, "timing": timing}

    return pd.DataFrame([row(entry) for entry in ledger.entries], columns=list(COLUMNS))
