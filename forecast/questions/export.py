"""The entries of a ledger as a table."""

from typing import TYPE_CHECKING, Any

from forecast.questions.entry import Answered, Entry, Resolved
from forecast.questions.ledger import Ledger

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    "number", "written", "entry", "question", "retrospective", "timing", "kind", "dyad", "dataset", "asked", "first",
    "last", "sentence", "as_of", "chance", "void", "by", "converged", "outcome", "reason", "data", "model", "code",
    "hash",
)  # fmt: skip


def entry_rows(ledger: Ledger) -> "pd.DataFrame":
    """Return a row an entry, with the question that it is about; what an entry does not have is empty."""
    import pandas as pd

    return pd.DataFrame([_row(ledger, entry) for entry in ledger.entries], columns=list(COLUMNS))


def _row(ledger: Ledger, entry: Entry) -> dict[str, Any]:
    history = ledger.histories[entry.question]
    about = history.question.plain
    row = {name: about.get(name) for name in ("kind", "dyad", "dataset", "asked", "first", "last", "sentence", "data")}
    row |= {"number": entry.number, "written": entry.written, "entry": entry.kind, "question": entry.question}
    row |= {"retrospective": entry.retrospective, "code": entry.code, "hash": entry.hash}
    row["timing"] = None if isinstance(entry.body, Resolved) else history.timing(entry)
    if isinstance(entry.body, Answered | Resolved):
        own = entry.body.model_dump(mode="json")
        row |= {name: own[name] for name in COLUMNS if name in own}
    return row
