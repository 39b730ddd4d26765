"""A folder of questions: their files, and the ledger of what was said of them.

The ledger counts. The file of a question is made of its line, and made again if a run was killed between the two.
"""

from dataclasses import dataclass
from pathlib import Path

from forecast.errors import OutputError, QuestionError
from forecast.files import PARTIAL_LENGTH, clear_leftovers
from forecast.questions.history import History
from forecast.questions.ledger import NAME, Appended, Ledger, append_entries, asked, questions_of
from forecast.questions.question import Question, read_question, write_question
from forecast.wording import join


@dataclass(frozen=True)
class QuestionFolder:
    """A folder of questions."""

    path: Path

    @property
    def ledger(self) -> Path:
        """The ledger, which is what counts; the files beside it are copies for readers."""
        return self.path / NAME

    def file(self, name: str) -> Path:
        """Return the file of a question."""
        return self.path / f"{name}.yaml"

    def ask(self, question: Question) -> Appended:
        """Ask a question: append it to the ledger, and write its file if it is not there."""
        file = self.file(question.id)
        if file.exists() and read_question(file).digest != question.digest:
            raise QuestionError(f"{file}: holds another question; choose another name (--id), or remove the file")
        done = append_entries(self.ledger, [asked(question)])
        if not file.exists():
            try:
                write_question(file, question)
            except OutputError as error:
                raise OutputError(
                    f"{error} The question stands in {self.ledger}; the next run writes its file"
                ) from error
        return done

    def mend(self, ledger: Ledger) -> str:
        """Write the files that open questions lack, and clear what killed runs left; return words on it, or none."""
        for left in self.path.glob(".*.yaml.*.partial"):
            clear_leftovers(self.path / left.name[1 : 1 - PARTIAL_LENGTH])
        files = [self.file(one.question.id) for one in questions_of(ledger, only_open=True)]
        if not (missing := [file for file in files if not file.exists()]):
            return ""
        try:
            for file in missing:
                write_question(file, ledger.histories[file.stem].question)
        except OutputError as error:
            return f"{error} The ledger has the question, and counts"
        return f"{join([str(file) for file in missing])}: missing, and written again from the ledger"

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
        if not file.exists():
            return ""
        try:
            same = read_question(file).digest == history.question.digest
        except QuestionError as error:
            return f"{error}. What was asked stands in the ledger, and counts"
        return "" if same else f"{file}: was edited. What was asked stands in the ledger, and counts"
