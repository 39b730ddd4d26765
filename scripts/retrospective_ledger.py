"""Build a ledger from a backtest, and resolve it.

Questions are asked as of their day, and answered by what the backtest said.

Run from anywhere: ``python scripts/retrospective_ledger.py reports/skill reports/retrospective``.
Every entry is marked as retrospective, because every window is over. The questions are those that
the package asks of the record as it was known the day before each origin: whether the share of the
next months is at least five points higher, or lower, than that of the last twelve. They are
resolved from the record as it is now; where that differs from how the backtest had resolved the
same window, nothing is written.

The backtest keeps no prediction of windows that turned out void; those questions are asked, not
answered, and resolved as void.
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from forecast import read_chronology  # noqa: E402
from forecast.base.errors import DataError, ForecastError, QuestionError  # noqa: E402
from forecast.data.panel.record import coverage_end  # noqa: E402
from forecast.desk.questions import (  # noqa: E402
    Ledger,
    TrackRecord,
    append_entries,
    asked,
    make_question,
    resolve_question,
)
from forecast.desk.questions.drafts import resolved  # noqa: E402
from forecast.desk.questions.entry import Draft, hash_of  # noqa: E402
from forecast.desk.questions.folder import NAME  # noqa: E402
from forecast.study.evaluation import Record, Results  # noqa: E402

if TYPE_CHECKING:
    from forecast.desk.questions import Question, Resolution
    from forecast.study.evaluation.origins import View

FIRST = date(2010, 1, 1)
HORIZONS = (6, 12, 24)


@dataclass
class Counts:
    """What was done with the windows of a backtest."""

    asked: int = 0
    void: int = 0
    unasked: int = 0
    open: int = 0


def main(arguments: list[str] | None = None) -> int:
    """Read the arguments, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("backtest", type=Path, help="folder of a backtest of the chronology")
    parser.add_argument("out", type=Path, help="folder of the ledger, which must not be there")
    parser.add_argument("--first", type=date.fromisoformat, default=FIRST, help="first origin")
    chosen = parser.parse_args(arguments)
    try:
        print(build(chosen.backtest, chosen.out, chosen.first))
    except ForecastError as error:
        print(f"Error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


def build(backtest: Path, out: Path, first: date = FIRST) -> str:
    """Write ledger, page and JSON, and return what was done in a sentence.

    Raises
    ------
    DataError
        If the backtest is of other data, or resolves a window otherwise; or if there is a ledger
        already.
    """
    from forecast.report.ledger_page import write_track_record

    ledger = out / NAME
    if ledger.exists():
        raise DataError(f"{ledger} is there already; choose another folder, or remove it")
    results = Results.read(backtest)
    choices = results.skill.choices
    record = Record.of(
        read_chronology(),
        dyads=choices["dyads"],
        together=choices["together"],
        eras=choices["eras"],
    )
    if record.digest != choices["data"]:
        raise DataError(
            f"{backtest}: the backtest rests on other data than the chronology that is there; run "
            "it again"
        )
    counts = Counts()
    drafts = list(_drafts(results, record, first, counts))
    append_entries(ledger, drafts)
    track_record = TrackRecord.of(Ledger.read(ledger))
    write_track_record(track_record, out)
    return (
        f"{ledger}: {counts.asked} questions, {counts.void} of them void; {counts.unasked} were "
        f"decided when asked, or had no baseline, and were not asked; {counts.open} windows are "
        "not over"
    )


def _drafts(results: Results, record: Record, first: date, counts: Counts) -> Iterator[Draft]:
    choices = results.skill.choices
    of_subject = results.cases[
        (results.cases["model"] == results.skill.subject) & ~results.cases["given_n"]
    ]
    cases = {
        (row["dyad"], row["origin"], row["horizon"]): row for row in of_subject.to_dict("records")
    }
    model = hash_of(choices["spec"])
    for origin in (date.fromisoformat(text) for text in choices["origins"]):
        view = record.view(origin) if origin >= first else None
        if view is None:
            continue
        for dyad in view.dyads:
            for horizon in (months for months in HORIZONS if months in choices["horizons"]):
                case = cases.get((dyad, origin.isoformat(), horizon))
                for way in ("up", "down"):
                    yield from _window(
                        record, view, dyad, horizon, way, case, model, choices, counts
                    )


def _window(
    record: Record,
    view: "View",
    dyad: str,
    horizon: int,
    way: str,
    case: dict[str, Any] | None,
    model: str,
    choices: dict[str, Any],
    counts: Counts,
) -> Iterator[Draft]:
    """Ask, answer and resolve one question."""
    question = _question(view, dyad, horizon, way, choices["improvement"])
    if question is None:
        counts.unasked += 1
        return
    resolution = resolve_question(
        record.final, question, coverage_end=coverage_end(record.table, dyad)
    )
    if resolution.outcome == "open":
        counts.open += 1
        return
    _require_same(question, resolution, case, way)
    counts.asked += 1
    counts.void += resolution.outcome == "void"
    yield asked(question)
    if case is not None:
        yield {
            "entry": "answered",
            "question": question.id,
            "as_of": question.asked.isoformat(),
            "chance": round(float(case[f"p_{way}"]), 6),
            "by": f"backtest, {case['model']}",
            "data": None,
            "model": model,
            "seed": choices["seed"],
            "futures": choices["draws"],
        }
    yield resolved(resolution)


def _question(view: "View", dyad: str, horizon: int, way: str, points: float) -> "Question | None":
    """Ask the question of what was known, if it is one."""
    try:
        return make_question(
            view.panel, dyad, months=horizon, **{{"up": "higher", "down": "lower"}[way]: points}
        )
    except QuestionError:
        return None


def _require_same(
    question: "Question", resolution: "Resolution", case: dict[str, Any] | None, way: str
) -> None:
    """Make sure that the question is resolved as the backtest resolved the same window."""
    if case is None:
        same = resolution.outcome == "void"
        then = "void"
    else:
        same = (resolution.outcome == "yes") == (
            str(case[way]) == "True"
        ) and resolution.outcome != "void"
        same &= (resolution.events, resolution.cooperative) == (case["n"], case["k"])
        then = f"{case[way]}, {case['k']} of {case['n']}"
    if not same:
        raise DataError(
            f"{question.id}: the backtest resolved the window as {then}, and the record now as "
            f"{resolution.reason}"
        )


if __name__ == "__main__":
    sys.exit(main())
