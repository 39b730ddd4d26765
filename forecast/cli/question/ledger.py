"""What the commands on questions share: reading a ledger, choosing questions, appending entries."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from forecast.base.errors import DataError, ForecastError, SpecError
from forecast.base.escaping import printable
from forecast.cli.terminal import echo_json, print_caveats, say

if TYPE_CHECKING:
    from forecast.desk.questions import Draft, History, Ledger, Question
    from forecast.desk.questions.folder import QuestionFolder


def read_ledger(folder: Path, ledger: Path | None = None) -> "tuple[QuestionFolder, Ledger]":
    """Read the ledger of a folder, and mend what a killed run left there; or read one elsewhere."""
    from forecast.desk.questions import Ledger
    from forecast.desk.questions.folder import QuestionFolder

    question_folder = QuestionFolder(folder)
    content = Ledger.read(ledger or question_folder.ledger)
    for warning in content.warnings:
        warn(warning)
    if ledger is None and (mended := question_folder.mend(content)):
        say(mended)
    return question_folder, content


def chosen_questions(ledger: "Ledger", names: list[str] | None) -> "list[History]":
    """Return the questions of these names; without names, all that are open."""
    from forecast.desk.questions.folder import questions_of

    return questions_of(ledger, names or (), only_open=not names)


def common_dyad(chosen: "Iterable[History]") -> str | None:
    """Return the dyad that all questions are about, if there is one."""
    dyads = {dyad for history in chosen for dyad in history.question.dyads}
    return dyads.pop() if len(dyads) == 1 else None


def draft_each(
    chosen: "Iterable[History]", draft_of: "Callable[[History], Draft | str]", *, named: bool
) -> "list[Draft]":
    """Draft an entry for every question, and print the reason where that is impossible.

    If the user named the questions, the first such reason is an error.
    """
    drafts = []
    for history in chosen:
        try:
            draft = draft_of(history)
        except (SpecError, DataError, LookupError) as error:
            if named or not isinstance(error, ForecastError):
                raise
            draft = str(error).removeprefix(f"{history.question.id}: ")
        if isinstance(draft, str):
            say(f"{history.question.id}: {draft}")
        else:
            drafts.append(draft)
    return drafts


def append_and_print(
    question_folder: "QuestionFolder",
    drafts: "Sequence[Draft]",
    *,
    as_json: bool,
    without_entries: str = "",
    before: Mapping[str, str] | None = None,
) -> None:
    """Append entries to the ledger, and print each with the forecast before it, by question."""
    done = question_folder.append(drafts)
    warn(done.repaired)
    histories = question_folder.read().histories
    questions = [histories[entry.question].question for entry in done.entries]
    if as_json:
        echo_json(
            [
                entry.plain | {"caveats": caveats_of([question])}
                for entry, question in zip(done.entries, questions, strict=True)
            ]
        )
        return
    for entry in done.entries:
        echo(f"{entry.question}: {entry.said}{(before or {}).get(entry.question, '')}")
    print_caveats(caveats_of(questions))
    if not done.entries:
        echo(without_entries)


def last_forecasts(chosen: "Iterable[History]") -> dict[str, str]:
    """Return the last forecast of each question that has one, in brackets."""
    return {
        history.question.id: f" (before: {history.last_answer.said})"
        for history in chosen
        if history.last_answer is not None
    }


def caveats_of(questions: "Iterable[Question]") -> list[str]:
    """Return what people have to know of the data that questions are about."""
    from forecast.desk.questions.track_record import notes_of_questions

    return list(notes_of_questions(questions).caveats)


def echo(text: str) -> None:
    """Print a text with its controls written out."""
    typer.echo(printable(text, keep="\n"))


def warn(text: str) -> None:
    """Print a warning, if there is one."""
    if text:
        say(f"Warning: {text}")
