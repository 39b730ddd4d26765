"""Ask six questions of every dyad as of a day, and answer them from saved fits.

python scripts/live_ledger.py FOLDER DAY FIT...

Asked are: at least five points higher, and lower, in 6 and in 12 months; violence and a visit within 12 months.
Questions that are there already stay; answers are appended. Every dyad is answered by the first fit that holds it.
"""

import sys
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from forecast import AskedEvents, Fit, build_panel, find_set, read_chronology  # noqa: E402
from forecast.dates import add_months, month_end  # noqa: E402
from forecast.errors import ForecastError  # noqa: E402
from forecast.events import read_dyads  # noqa: E402
from forecast.questions import (  # noqa: E402
    answer_question,
    answered,
    append_entries,
    make_event_question,
    make_question,
)
from forecast.questions.ledger import QuestionFolder  # noqa: E402

ASKED: tuple[dict[str, Any], ...] = (
    {"months": 6, "higher": 5}, {"months": 6, "lower": 5}, {"months": 12, "higher": 5}, {"months": 12, "lower": 5},
)  # fmt: skip
SETS = ("violence", "visit")  # of which at least one event within twelve months is asked


def main(folder: str, day: str, *fits: str) -> int:
    """Ask and answer; return the exit code."""
    events, place = read_chronology(), QuestionFolder(Path(folder))
    dyads = [str(dyad) for dyad in read_dyads().index]
    as_of = date.fromisoformat(day)
    panel = build_panel(events, dyads=dyads, as_of=as_of)
    known = set(place.read().histories) if place.ledger.exists() else set()
    for dyad in dyads:
        asked = [partial(make_question, panel, dyad, **what) for what in ASKED]
        last = month_end(add_months(as_of, 12))
        sets = [AskedEvents(find_set(name), last) for name in SETS]
        asked += [partial(make_event_question, events, dyad, one, as_of=as_of) for one in sets]
        for ask in asked:
            try:
                question = ask()
            except ForecastError as error:
                print(f"{dyad}: {error}")
                continue
            if question.id not in known:
                place.ask(question)
    waiting = {one.question.id: one.question for one in place.read().histories.values() if not one.answers}
    for path in fits:
        fit = Fit.load(path)
        drafts = [
            answered(
                answer_question(fit, waiting.pop(name), seed=1, table=events),
                model=fit.spec.to_dict(), converged=fit.gate.passed,
            )
            for name, question in list(waiting.items())
            if set(question.dyads) <= set(fit.dyads)
        ]  # fmt: skip
        if drafts:
            append_entries(place.ledger, drafts)
        print(f"{path}: {len(drafts)} answers")
    print(f"{len(waiting)} questions have no answer")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
