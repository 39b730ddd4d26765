"""Ask six questions of every dyad as of a day, and answer them from saved fits.

python scripts/live_ledger.py FOLDER DAY FIT...

Asked are: at least five points higher, and lower, in 6 and in 12 months; violence and a visit within 12 months.
Questions that are there already stay; answers are appended. Every dyad is answered by the first fit that holds it.
"""

import sys
from datetime import date
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from forecast import Fit, build_panel, read_chronology  # noqa: E402
from forecast.errors import ForecastError  # noqa: E402
from forecast.events import read_dyads  # noqa: E402
from forecast.questions import answer_question, answered, append_entries, make_question  # noqa: E402
from forecast.questions.ledger import QuestionFolder  # noqa: E402

ASKED: tuple[dict[str, Any], ...] = (
    {"months": 6, "higher": 5}, {"months": 6, "lower": 5}, {"months": 12, "higher": 5}, {"months": 12, "lower": 5},
    {"months": 12, "at_least": "violence"}, {"months": 12, "at_least": "visit"},
)  # fmt: skip


def main(folder: str, day: str, *fits: str) -> int:
    """Ask and answer; return the exit code."""
    events, place = read_chronology(), QuestionFolder(Path(folder))
    dyads = [str(dyad) for dyad in read_dyads().index]
    panel = build_panel(events, dyads=dyads, as_of=date.fromisoformat(day))
    known = set(place.read().histories) if place.ledger.exists() else set()
    for dyad in dyads:
        for what in ASKED:
            try:
                question = make_question(panel, dyad, table=events, **what)
            except ForecastError as error:
                print(f"{dyad} {what}: {error}")
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
