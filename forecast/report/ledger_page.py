"""Page of a track record: scores of a ledger's forecasts."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecast.base.arguments import checked
from forecast.base.files import write_json
from forecast.base.numeric import Lead, difference_interval, lead
from forecast.base.wording import DASH, capital, chance, count, day, interval, number, percent
from forecast.data.panel.notes import DataNotes
from forecast.desk.questions.compound import INDEPENDENT
from forecast.desk.questions.history import IN_TIME, LATE, TIMINGS, WITH_HINDSIGHT, Timing
from forecast.desk.questions.track_record import BY, SCORES, OpenQuestion, TrackRecord
from forecast.report import score_figures
from forecast.report.folder import TRACK_RECORD
from forecast.report.illustration import Illustration
from forecast.report.publishing import Files, Page, publish
from forecast.report.rendering import callable_by_name
from forecast.report.score_figures import Curve
from forecast.report.table import Table
from forecast.report.words import sentence
from forecast.study.evaluation.scores import calibration

if TYPE_CHECKING:
    import pandas as pd

Z90 = 1.6448536269514722  # standard errors on either side of a 90% interval
MIN_CURVE_ANSWERS = 20
"""Answers; of fewer a curve says nothing."""
OPEN_HEADS = ("pair", "question", "forecast", "base rate", "written", "as of", "due")
# Open questions; more are folded by pair, which readers look for
MAX_QUESTIONS_IN_A_TABLE = 15
LATEST = 12
"""Resolved questions that are shown."""
KINDS = {
    "all": "all",
    "share": "share of a window",
    "passage": "rolling windows",
    "tone": "tone of a window",
    "count": "events of a set",
    "joint": "several together",
    "conditional": "one given another",
    "events": "events of a set",
    "outside": "asked elsewhere",
}
WHOSE = {
    "first": "first forecast",
    "mean": "mean over time",
    "last": "last forecast",
    "base": "base rate",
}
TITLES = {IN_TIME: "Real-time", LATE: "Late", WITH_HINDSIGHT: "Retrospective"}
COLUMNS = (
    "question",
    "kind",
    "dyad",
    "months",
    "hindsight",
    "outcome",
    "asked",
    "last",
    "answers",
    "first",
    "mean",
    "last_answer",
    "base",
    "sentence",
)
_READINGS: dict[Lead, str] = {
    "this": "the forecasts are better",
    "other": "the forecasts are worse",
    "undecided": "not distinguishable",
    "unknown": "too few years to say which is better",
}

NOT_CONTINUED = "Earlier ledger, not continued"


def track_record_page(record: TrackRecord, about: str = "") -> Page:
    """Combine text, tables and figures.

    `about` says why a ledger is kept that is not continued.
    """
    figures = {
        name.replace(" ", "-"): figure
        for name in TIMINGS
        if (figure := _draw(record, name)) is not None
    }
    content = {
        "helpers": callable_by_name(
            calibration_table,
            latest_table,
            open_table,
            open_tables,
            outside_sentences,
            outside_table,
            scored_rows,
            scores_table,
            withdrawn_table,
        ),
        "titles": TITLES,
        "record": record,
        "headline": record_in_short(record),
        "about": about,
        "kind": NOT_CONTINUED if about else "Track record" if record.cases else "Open questions",
    }
    if any(
        " " in dyad
        for dyad in {question.dyad for question in record.waiting}
        | {case.dyad for case in record.cases}
    ):
        content["independence"] = INDEPENDENT
    files: Files = {
        "track_record.json": lambda path: write_json(
            path, record.to_dict() | {"about": about}, by_record=True
        ),
        "questions.csv": cases_table(record),
    }
    return Page("ledger.html.j2", content, figures, files=files, notes=record.notes)


def record_in_short(record: TrackRecord) -> str:
    """Summarise the track record in a sentence."""
    row = next((row for row in record.rows if row["n_base"]), None)
    reading = "" if row is None else _READINGS[lead(*_ends(row, "brier"))]
    due = min((date.fromisoformat(question.due) for question in record.waiting), default=None)
    dyads = len({dyad for question in record.waiting for dyad in question.dyad.split()})
    return sentence(
        "track_record", record=record, row=row, reading=reading, due=due and day(due), dyads=dyads
    )


def _ends(row: dict[str, Any], score: str) -> tuple[float | None, float | None]:
    """Return the interval of the difference from base rates, if there are enough years for one."""
    ends = difference_interval(
        row[f"{score}_difference"] or 0.0, row[f"{score}_error"], row[f"{score}_blocks"]
    )
    return ends or (None, None)


def scored_rows(record: TrackRecord, hindsight: Timing) -> list[dict[str, Any]]:
    """Return scores of the questions of a timing by kind, and of all if there are several."""
    rows = [row for row in record.rows if row["hindsight"] == hindsight]
    return (
        [row for row in rows if row["kind"] != "all"]
        if len({row["kind"] for row in rows}) == 2
        else rows
    )


def scores_table(rows: list[dict[str, Any]], score: str) -> Table:
    """Arrange scores by kind of question."""
    heads = ["questions", "n", "void", "yes", *(WHOSE[by] for by in BY), "first less base"]
    return Table.of(
        heads,
        [
            [
                capital(KINDS[row["kind"]])
                + (f", {row['horizon']}" if row["horizon"] != "all" else ""),
                f"{row['n']:,}",
                f"{row['void']:,}",
                percent(row["yes"]),
                *(number(row[f"{score}_{by}"], 3) for by in BY),
                _compared(row, score),
            ]
            for row in rows
        ],
    )


def _compared(row: dict[str, Any], score: str) -> str:
    """Format the difference from base rates, with its interval if there is one."""
    difference = row[f"{score}_difference"]
    return DASH if difference is None else interval(difference, *_ends(row, score), 3)


def outside_table(record: TrackRecord) -> Table:
    """Arrange the scores of questions that were asked elsewhere, by class and who forecast."""
    rows = record.outside.rows
    return Table.of(
        ["questions", "who", "n", "Brier", "logarithmic"],
        [
            [
                capital(row["class"]),
                row["who"],
                f"{row['n']:,}",
                number(row["brier"], 3),
                number(row["log_score"], 3),
            ]
            for row in rows
        ],
        (0, 1),
    )


def outside_sentences(record: TrackRecord) -> list[str]:
    """Return how own number and pool compare with the price.

    Added is how many questions tell such a difference.
    """
    sentences = []
    for row in record.outside.differences:
        if row["mean"] is None:
            continue
        low, high = (row["mean"] + way * Z90 * row["error"] for way in (-1, 1))
        sentences.append(
            f"{capital(row['who'])} less price, Brier score: "
            f"{interval(row['mean'], low, high, 3)} in "
            f"{count(row['n'], 'question')}; to tell such a difference {number(row['needed'], 0)} "
            "are needed."
        )
    return sentences


def calibration_table(record: TrackRecord, hindsight: Timing) -> Table:
    """Arrange how often the answer was yes by the probability that was stated."""
    return Table.of(
        ["forecast", "n", "mean forecast", "answer was yes"],
        [
            [
                f"{percent(row['from'])} to {percent(row['to'])}",
                f"{row['n']:,}",
                percent(row["said"]),
                f"{percent(row['happened'])} [{number(100 * row['low'], 0)}, "
                f"{number(100 * row['high'], 0)}]",
            ]
            for row in record.calibration
            if row["hindsight"] == hindsight
        ],
    )


def _draw(record: TrackRecord, hindsight: Timing) -> Illustration | None:
    cases = [
        case
        for case in record.cases
        if case.hindsight == hindsight and case.scored and case.first is not None
    ]
    based = [case for case in cases if case.base is not None]
    if len(cases) < MIN_CURVE_ANSWERS or len(based) < MIN_CURVE_ANSWERS:
        return None
    answers = calibration(
        [case.first or 0.0 for case in cases], [case.outcome == "yes" for case in cases]
    )
    base = calibration(
        [case.base or 0.0 for case in based], [case.outcome == "yes" for case in based]
    )
    title = f"First forecasts (n {len(cases):,})"
    curve = Curve(title, answers, base, diagonal=True, y_label="how often yes")
    return score_figures.calibration(
        [curve], "answers", subject="first forecasts", reference="base rate"
    )


def latest_table(record: TrackRecord) -> Table:
    """Arrange the latest resolutions."""
    latest = sorted(record.cases, key=lambda case: (case.last, case.question), reverse=True)[
        :LATEST
    ]
    return Table.of(
        ["question", "first", "last", "base rate", "outcome"],
        [
            [
                case.sentence,
                chance(case.first),
                chance(case.last_answer),
                chance(case.base),
                case.outcome,
            ]
            for case in latest
        ],
        (0, 4),
    )


def open_table(record: TrackRecord) -> Table:
    """Arrange the open questions.

    Each has the day it was answered and what readers have to know of it.
    """
    return Table.of(OPEN_HEADS, map(_open_row, record.waiting), (0, 1))


def open_tables(record: TrackRecord) -> dict[str, Table]:
    """Arrange the open questions by pair, where one table were too long.

    Each pair has how many there are.
    """
    if len(record.waiting) <= MAX_QUESTIONS_IN_A_TABLE:
        return {}
    by_pair: dict[str, list[OpenQuestion]] = {}
    for question in record.waiting:
        by_pair.setdefault(question.label, []).append(question)
    return {
        f"{pair}: {count(len(questions), 'question')}": Table.of(
            OPEN_HEADS, map(_open_row, questions), (0, 1)
        )
        for pair, questions in by_pair.items()
    }


def _open_row(question: OpenQuestion) -> list[Any]:
    marks = [*([question.note] if question.note else []), *DataNotes(question.caveats).in_short]
    if question.timing != IN_TIME:
        marks.append(TITLES[question.timing].lower())
    if question.confirmed:
        marks.append(question.confirmed)
    stated = chance(question.chance)
    if question.doubts:
        stated, marks = (
            DASH,
            [*marks, f"to be confirmed by a person: {stated} {'; '.join(question.doubts)}"],
        )
    written, as_of = (
        DASH if text is None else day(date.fromisoformat(text))
        for text in (question.written, question.as_of)
    )
    words = (question.sentence, *marks)
    return [
        question.label,
        words,
        stated,
        chance(question.base),
        written,
        as_of,
        day(date.fromisoformat(question.due)),
    ]


def withdrawn_table(record: TrackRecord) -> Table:
    """Arrange the withdrawn questions."""
    return Table.of(
        ["question", "last forecast", "withdrawn", "why"],
        [
            [
                withdrawn.sentence,
                chance(withdrawn.chance),
                day(date.fromisoformat(withdrawn.on)),
                withdrawn.why,
            ]
            for withdrawn in record.withdrawn
        ],
        (0, 2, 3),
    )


def cases_table(record: TrackRecord) -> "pd.DataFrame":
    """Return the resolved questions, one per row."""
    import pandas as pd

    rows = [{name: getattr(case, name) for name in COLUMNS} | case.scores for case in record.cases]
    return pd.DataFrame(rows, columns=[*COLUMNS, *SCORES])


@checked
def write_track_record(
    record: "TrackRecord",
    out: str | Path,
    inputs: Sequence[str | Path] = (),
    links: Mapping[str, str] | None = None,
    about: str = "",
) -> Path:
    """Write the track record of a ledger.

    There is a page, ``track_record.json`` and a table of the resolved questions.

    `about` says why a ledger is kept that is not continued.
    """
    return publish(
        out, TRACK_RECORD, lambda: track_record_page(record, about), inputs=inputs, links=links
    )
