"""Folder of questions: the ledger, and a file of each question for readers."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from forecast.base.errors import LedgerError, OutputError, QuestionError
from forecast.base.files import write_text
from forecast.base.reading import is_empty
from forecast.base.unfinished import clear_leftovers
from forecast.base.wording import count, join
from forecast.desk.questions.appending import Appended, Drafts, append_entries
from forecast.desk.questions.drafts import asked
from forecast.desk.questions.entry import Draft
from forecast.desk.questions.form import read_question, write_question
from forecast.desk.questions.history import History
from forecast.desk.questions.ledger import Ledger
from forecast.outlook.question import Question

NAME = "ledger.jsonl"


ATTRIBUTES = f"""\
# Lines of a ledger have hashes: git must not change their ends, nor merge two copies line by line
# (`forecast question merge`).
{NAME} -text -merge
"""
"""Content of the file `.gitattributes` next to a ledger."""


def questions_of(
    ledger: Ledger, names: Sequence[str] = (), *, only_open: bool = False
) -> list[History]:
    """Return the questions of some names, or else all, or all that are open."""
    histories = ledger.histories
    if missing := [name for name in names if name not in histories]:
        raise LedgerError(
            f"{ledger.path}: has no question {missing[0]!r:.90}; it has "
            f"{count(len(histories), 'question')}: see `forecast "
            "question list`"
        )
    chosen = (
        [histories[name] for name in dict.fromkeys(names)] if names else list(histories.values())
    )
    return [history for history in chosen if not only_open or history.outcome == "open"]


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
        files = [self.file(history.question.id) for history in questions_of(ledger, only_open=True)]
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
        """Append entries to the ledger, next to a file that keeps git from changing its lines."""
        attributes = self.path / ".gitattributes"
        if not os.path.lexists(attributes):
            write_text(attributes, ATTRIBUTES, durable=True)
        return append_entries(self.ledger, drafts, leave_out=leave_out)

    def find(self, text: str) -> Question:
        """Return the question of a name, as it stands in the ledger, or of a file."""
        path = Path(text)
        if path.suffix or path.is_file():
            return read_question(path)
        questions = {history.question.id: history.question for history in questions_of(self.read())}
        if text not in questions:
            raise QuestionError(
                f"{text!r:.100}: no question of {self.path} has this name, and there is no such "
                f"file. Expected one of {join(questions) or 'none, for nothing was asked there'}, "
                "or the file of a question"
            )
        return questions[text]

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
