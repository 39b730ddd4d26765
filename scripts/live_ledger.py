"""Ask questions of every pair of saved fits, and answer them.

The answers are checked before they are published.

python scripts/live_ledger.py FOLDER [--reports FOLDER] FIT...

Asked are: at least five points higher, and lower, in 6 and in 12 months; violence and a visit in 12
months. All fits must be as of one day. Windows begin after it and end a month after today at the
earliest. Questions whose answer is nearly certain are left out, because they tell nothing. Answers
that contradict a base rate by a factor of two, a report of FOLDER or each other are named, and the
page shows them only once a person has confirmed them (`forecast question confirm`): then run this
again. Exit code 1 as long as one is to be confirmed.
"""

import argparse
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from forecast import AskedEvents, Fit, find_set, make_event_question, make_question, read_chronology  # noqa: E402
from forecast.base.dates import add_months, month_end, today  # noqa: E402
from forecast.base.errors import ForecastError  # noqa: E402
from forecast.data.events import EventTable  # noqa: E402
from forecast.data.panel.record import last_known  # noqa: E402
from forecast.desk.questions import (  # noqa: E402
    Draft,
    EventQuestion,
    Question,
    TrackRecord,
    answer_events,
    answer_question,
    answered,
)
from forecast.desk.questions.doubts import doubts_of, doubts_sentence  # noqa: E402
from forecast.desk.questions.events import events_answer  # noqa: E402
from forecast.desk.questions.folder import QuestionFolder  # noqa: E402
from forecast.report.ledger_page import write_track_record  # noqa: E402
from forecast.report.saved_report import reports_in  # noqa: E402

POINTS = 5.0
"""Points of share that count as a change, as in reports."""
SHARE_MONTHS = (6, 12)
EVENT_MONTHS = 12
SETS = ("violence", "visit")
SHORTEST = timedelta(days=31)
"""From today to the last day of a window: what is due tomorrow is no forecast."""
SEED = 1
"""That of reports, so that their numbers are the same."""
CERTAIN = 0.97
"""A chance beyond it, or below its complement, tells nothing."""


def main(arguments: list[str] | None = None) -> int:
    """Ask, answer, check and write the page; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("fits", nargs="+", type=Path)
    parser.add_argument("--reports", type=Path, help="folder of reports to compare with")
    options = parser.parse_args(arguments)
    question_folder, table = QuestionFolder(options.folder), read_chronology()
    for path in options.fits:
        histories = question_folder.read().histories if question_folder.ledger.exists() else {}
        number = ask_and_answer(question_folder, Fit.load(path), table, set(histories))
        print(f"{path}: {number} questions answered")
    return publish(question_folder, [] if options.reports is None else reports_in(options.reports))


def ask_and_answer(
    question_folder: QuestionFolder, fit: Fit, table: EventTable, asked_already: set[str]
) -> int:
    """Ask what is not asked yet of the pairs of a fit, and answer it.

    Return how many questions were answered.
    """
    number = 0
    for dyad in fit.dyads:
        for question in questions_on(fit, table, dyad):
            if question.id in asked_already:
                continue
            draft = answer_to(question, fit, table)
            if draft["chance"] is None:
                print(f"{question.id}: left out: it is void in every simulation")
            elif not 1 - CERTAIN <= draft["chance"] <= CERTAIN:
                print(f"{question.id}: left out: {draft['chance']:.1%} tells nothing")
            else:
                question_folder.ask(question)
                question_folder.append([draft])
                number += 1
    return number


def answer_to(question: Question, fit: Fit, table: EventTable) -> Draft:
    """Return the entry of the answer to a question, as of the day of the fit."""
    if isinstance(question, EventQuestion):
        forecast = answer_events(table, question, as_of=last_known(fit.panel))
        return events_answer(question, forecast)
    answer = answer_question(fit, question, seed=SEED, table=table)
    return answered(answer, model=fit.spec.to_dict(), converged=fit.gate.passed)


def questions_on(fit: Fit, table: EventTable, dyad: str) -> Iterator[Question]:
    """Yield the questions on a pair; say why one cannot be asked."""
    day = last_known(fit.panel)
    last = month_end(add_months(day, EVENT_MONTHS))
    for months in SHARE_MONTHS:
        for way in ("higher", "lower"):
            try:
                yield _in_time(make_question(fit.panel, dyad, months=months, **{way: POINTS}))
            except ForecastError as error:
                print(f"{dyad}, {way} in {months} months: {error}")
    for name in SETS:
        try:
            first = day + timedelta(days=1)
            wanted = AskedEvents(find_set(name), last, first=first)
            yield _in_time(make_event_question(table, dyad, wanted, as_of=day))
        except ForecastError as error:
            print(f"{dyad}, {name}: {error}")


def _in_time(question: Question) -> Question:
    """Return a question whose window ends late enough to be a forecast."""
    earliest: date = today() + SHORTEST
    if question.last < earliest:
        raise ForecastError(
            f"{question.id}: its window ends on {question.last}, before {earliest}; take a fit of "
            "a later day"
        )
    return question


def publish(question_folder: QuestionFolder, reports: list[dict[str, object]]) -> int:
    """Write the page, and name what a person has to confirm."""
    ledger = question_folder.read()
    every_doubt = doubts_of(ledger.histories.values(), reports)
    doubts = [doubt for doubt in every_doubt if not doubt.confirmed]
    for doubt in doubts:
        print(doubt.sentence)
    print(doubts_sentence(doubts))
    record = TrackRecord.of(ledger, reports=reports)
    write_track_record(record, question_folder.path, inputs=[ledger.path])
    return 1 if doubts else 0


if __name__ == "__main__":
    sys.exit(main())
