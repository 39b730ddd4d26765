"""Work during which the power fails.

``python -m tests.nightly.power_work WHAT`` prints what is done.
"""

import sys
from collections.abc import Callable
from pathlib import Path

from forecast.data.archive import import_files, importing
from forecast.desk.questions import answered, asked
from forecast.desk.questions.folder import QuestionFolder
from tests.nightly.made import WEEKS, standing_in
from tests.questions.made import made, said
from tests.records import run_monday

QUESTIONS = 8
TOGETHER = 12
"""Answers that are appended at once: some pages."""


def tell(words: object) -> None:
    """Acknowledge something."""
    print(words, flush=True)


def keep_a_ledger() -> None:
    """Ask questions and answer them, alone and many at once; tell how many lines there are."""
    place, lines = QuestionFolder(Path("questions")), 0
    for number in range(QUESTIONS):
        lines += len(place.ask(made(f"q{number}")).entries)
        tell(lines)
        answer = answered(said(f"q{number}"), model={}, converged=True)
        lines += len(place.append([answer]).entries)
        tell(lines)
        several = [asked(made(f"more-{number}-{one}")) for one in range(TOGETHER + number)]
        lines += len(place.append(several).entries)
        tell(lines)


def fill_an_archive() -> None:
    """Import files one after the other; tell how many are in the archive."""
    importing.MAX_BATCH_FILES = 1
    for number, path in enumerate(sorted(Path("feeds").iterdir()), 1):
        (done,) = import_files(path, "archive").files
        assert done.became == "imported", done
        tell(number)


def work_on_monday() -> None:
    """Do the work of a week, with stand-ins for fits."""
    with standing_in():
        done = run_monday(WEEKS[1])
    assert done.exit_code == 0, done.output
    tell("done")


WORK: dict[str, Callable[[], None]] = {
    "ledger": keep_a_ledger,
    "archive": fill_an_archive,
    "monday": work_on_monday,
}

if __name__ == "__main__":
    WORK[sys.argv[1]]()
