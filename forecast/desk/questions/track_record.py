"""Track record: scores of a ledger's forecasts, against the base rate and each other.

Only questions with a finished window and a resolution are scored: by the first forecast, by each
forecast for the time it was current, and by the last one. A forecast counts from the day it was
written, whatever its data date, and none that was written once the event asked for had been
recorded. Withdrawn questions are shown and not scored. Forecasts written in time, late and with
hindsight are scored separately.

References
----------
Brier (1950), Verification of forecasts expressed in terms of probability,
doi:10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2; Good (1952), Rational decisions,
doi:10.1111/j.2517-6161.1952.tb00104.x; Wilson (1927), Probable inference,
doi:10.1080/01621459.1927.10502953
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from itertools import product
from typing import Any

import numpy as np

from forecast.base.dates import today
from forecast.base.numeric import paired
from forecast.base.wording import count
from forecast.data.panel.notes import DataNotes, notes_of_pairs
from forecast.desk.questions.doubts import Doubt, doubts_of
from forecast.desk.questions.history import TIMINGS, WITH_HINDSIGHT, History, Timing, written_when
from forecast.desk.questions.ledger import Ledger
from forecast.desk.questions.outside import OutsideQuestion, OutsideScores, outside_scores
from forecast.outlook.question import Question

SCHEMA = 1
EDGE = 0.001
"""For the logarithmic score, chances are kept so far from 0 and 1: some thousand simulations prove
neither."""
BINS = 10
HORIZONS = (
    (6, "up to 6 months"),
    (12, "7 to 12 months"),
    (24, "13 to 24 months"),
    (10**6, "more than 24 months"),
)
BY = ("first", "mean", "last", "base")
"""Whose scores: of the first answer, of all of them over time, of the last one, and of the base
rate."""
SCORES = tuple(f"{score}_{by}" for score in ("brier", "log_score") for by in BY)
"""Names of scores; of the mean it is the mean of the answers' scores over time."""


@dataclass(frozen=True)
class Case:
    """A resolved question."""

    question: str
    kind: str
    dyad: str
    months: int  # Horizon
    hindsight: Timing  # When the first answer was written, or the question if there is none
    outcome: str
    asked: str  # Days
    last: str
    answers: int  # How many count
    # Chances: of the first answer, the mean over time, of the last, and the base rate when it was
    # asked.
    first: float | None
    mean: float | None
    last_answer: float | None
    base: float | None
    scores: dict[str, float]  # By name (`SCORES`), smaller for better answers; none if it is void
    sentence: str

    @property
    def horizon(self) -> str:
        """Horizon group to which it belongs."""
        return next(words for most, words in HORIZONS if self.months <= most)

    @property
    def scored(self) -> bool:
        """Return whether it has a forecast and a resolution."""
        return "brier_first" in self.scores


@dataclass(frozen=True)
class OpenQuestion:
    """A question that waits for its resolution."""

    question: str
    dyad: str
    label: str  # Names of the states, for readers
    due: str  # Last day of its window
    chance: float | None  # Of the last answer, as of its day
    as_of: str | None
    written: str | None  # Day on which that answer was written
    before: float | None  # Chance of the answer before that one
    base: float | None  # Base rate when it was asked
    # What the answer says of itself, such as that its kind was not calibrated; empty if nothing
    note: str
    caveats: tuple[str, ...]  # What readers have to know of the data
    timing: Timing  # When the answer was written, or the question if there is none
    doubts: tuple[str, ...]  # What speaks against the answer, until a person confirms it
    confirmed: str  # Who confirmed a doubted answer, and why; empty if nobody had to
    sentence: str


@dataclass(frozen=True)
class WithdrawnQuestion:
    """A question that was withdrawn: shown, and not scored."""

    question: str
    dyad: str
    on: str  # Day of the withdrawal
    chance: float | None  # Of the last answer
    why: str
    sentence: str


@dataclass(frozen=True)
class TrackRecord:
    """Scores of the forecasts of a ledger."""

    head: str  # Hash of the ledger's last entry
    entries: int  # Lines of the ledger
    faults: tuple[str, ...]  # Lines that are left out, and why
    questions: int  # How many were asked
    # Unresolved questions; of these, those whose window is over; and questions that data never
    # resolve
    open: int
    overdue: int
    never: int
    waiting: tuple[OpenQuestion, ...]  # Those that are open, by dyad and due day
    withdrawn: tuple[WithdrawnQuestion, ...]  # Those that were withdrawn, by day
    cases: tuple[Case, ...]  # Those that are resolved
    rows: list[dict[str, Any]]  # Scores by hindsight, kind and horizon (docs/schema/ledger.md)
    # By hindsight and tenth of the first answers, how often the answer was yes
    calibration: list[dict[str, Any]]
    # Of questions that were asked elsewhere: own number, price and pool apart
    outside: OutsideScores
    notes: DataNotes = field(default_factory=DataNotes)  # On the data that questions are about

    @classmethod
    def of(
        cls,
        ledger: Ledger,
        *,
        day: date | None = None,
        reports: Sequence[Mapping[str, Any]] = (),
    ) -> "TrackRecord":
        """Score a ledger as of a day, by default today.

        `reports` (`forecast.json`) are compared with its forecasts.
        """
        now, doubts = day or today(), defaultdict[str, list[Doubt]](list)
        for doubt in doubts_of(ledger.histories.values(), reports):
            doubts[doubt.question].append(doubt)
        histories = [
            history
            for history in ledger.histories.values()
            if not isinstance(history.question, OutsideQuestion)
        ]
        resolved = [
            history
            for history in histories
            if history.resolution is not None and history.question.earliest < now
        ]
        unresolved = [history for history in histories if history.outcome == "open"]
        resolvable = [history for history in unresolved if history.question.resolvable]
        taken_back = [history for history in histories if history.withdrawal is not None]
        cases = tuple(_case(history) for history in resolved)
        return cls(
            head=ledger.head,
            entries=ledger.lines,
            faults=tuple(f"line {line}: {reason}" for line, reason in ledger.faults),
            questions=len(histories),
            open=len(resolvable),
            overdue=sum(history.question.last < now for history in resolvable),
            never=len(unresolved) - len(resolvable),
            waiting=tuple(
                sorted(
                    (_open(history, doubts[history.question.id]) for history in resolvable),
                    key=lambda row: (row.dyad, row.due, row.question),
                )
            ),
            withdrawn=tuple(
                sorted(map(_withdrawn, taken_back), key=lambda row: (row.on, row.question))
            ),
            cases=cases,
            rows=list(_rows(cases)),
            calibration=[row for name in TIMINGS for row in _calibration(name, cases)],
            outside=outside_scores(ledger.histories.values()),
            notes=notes_of_questions(history.question for history in histories),
        )

    @property
    def sentence(self) -> str:
        """Number of questions by status; a status without questions is left out."""
        void = sum(case.outcome == "void" for case in self.cases)
        parts = (
            (len(self.cases), "resolved", void, "void"),
            (self.open, "open", self.overdue, "past their date"),
            (self.never, "about the underlying level, which data never resolve", 0, ""),
            (len(self.withdrawn), "withdrawn", 0, ""),
        )
        numbers = [
            f"{n:,} {name}" + (f" ({some:,} {of_it})" if some else "")
            for n, name, some, of_it in parts
            if n
        ]
        return f"{count(self.questions, 'question')}{': ' if numbers else ''}{', '.join(numbers)}."

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        plain = asdict(self) | self.notes.facts
        del plain["notes"]
        for case in plain["cases"]:
            del case["sentence"]  # it stands in the ledger
            case.update(dict.fromkeys(SCORES) | case.pop("scores"))
        return {"schema": SCHEMA, **plain, "cases": list(plain["cases"])}


def notes_of_questions(questions: Iterable[Question]) -> DataNotes:
    """Return what readers have to know of the data that some questions are about."""
    return notes_of_pairs(
        (part.dyad, part.dataset) for question in questions for part in question.parts
    )


def _open(history: History, doubts: Sequence[Doubt]) -> OpenQuestion:
    question, last = history.question, history.last_answer
    confirmed = [
        confirmation
        for confirmation in history.confirmations
        if any(doubt.confirmed for doubt in doubts)
    ]
    answered = [answer.chance for answer in history.answers]
    return OpenQuestion(
        question=question.id,
        dyad=question.dyad,
        label=question.label,
        due=question.last.isoformat(),
        chance=None if last is None else last.chance,
        as_of=None if last is None else str(last.as_of),
        written=None if last is None else last.day.isoformat(),
        before=answered[-2] if len(answered) > 1 else None,
        base=question.base_rate,
        note="" if last is None or last.note is None else last.note,
        caveats=notes_of_questions([question]).caveats,
        timing=history.timing(last or history.asked),
        doubts=tuple(doubt.reason for doubt in doubts if not doubt.confirmed),
        confirmed=confirmed[-1].said if confirmed else "",
        sentence=question.sentence,
    )


def _withdrawn(history: History) -> WithdrawnQuestion:
    question, last, withdrawal = history.question, history.last_answer, history.withdrawal
    assert withdrawal is not None
    return WithdrawnQuestion(
        question=question.id,
        dyad=question.dyad,
        on=withdrawal.day.isoformat(),
        chance=None if last is None else last.chance,
        why=withdrawal.why,
        sentence=question.sentence,
    )


def _case(history: History) -> Case:
    assert history.resolution is not None
    question, last = history.question, history.question.last
    hindsight, said = _said(history)
    chances = [chance for _, chance in said]
    # An earlier resolution ends the answers before the window does.
    days = [history.resolution.day, *(answer.day + timedelta(days=1) for answer in history.answers)]
    starts, until = [day for day, _ in said], min(last, max(days), _decided(history) or last)
    held = [(end - start).days for start, end in zip(starts, [*starts, until][1:], strict=True)]
    outcome = history.outcome
    return Case(
        question=question.id,
        kind=question.kind,
        dyad=question.dyad,
        months=question.horizon,
        hindsight=hindsight,
        outcome=outcome,
        asked=question.asked.isoformat(),
        last=last.isoformat(),
        answers=len(said),
        first=chances[0] if chances else None,
        mean=_rounded(float(np.average(chances, weights=held))) if chances else None,
        last_answer=chances[-1] if chances else None,
        base=question.base_rate,
        scores={}
        if outcome == "void"
        else _scores(chances, held, question.base_rate, outcome == "yes"),
        sentence=question.sentence,
    )


def _decided(history: History) -> date | None:
    """Return the day on which the recorded events decided the question; None if its end did."""
    stated = None if history.resolution is None else history.resolution.decided
    return None if stated is None else date.fromisoformat(stated)


def _said(history: History) -> tuple[Timing, list[tuple[date, float]]]:
    """Return the timing of a question, and the scored chances with the days from which they hold.

    None counts from the day on which the event that was asked for had been recorded.

    They count from the day they were written; what was written with hindsight counts only where
    nothing else was said, and then from the day it is as of. The first one is late if it was
    written long after the question's day.
    """
    given = [
        (entry, entry.as_of, entry.chance) for entry in history.answers if entry.chance is not None
    ]
    open_then = [
        (entry, entry.day, chance) for entry, _, chance in given if not entry.retrospective
    ]
    first = (open_then or given or [(history.asked,)])[0][0]
    timing = written_when(first, history.question, history.question.asked)
    decided = _decided(history) or date.max
    if timing == WITH_HINDSIGHT:
        dated = [(date.fromisoformat(day), chance) for _, day, chance in given]
        return timing, [(day, chance) for day, chance in dated if day < decided]
    return timing, [(day, chance) for _, day, chance in open_then if day < decided]


def _scores(
    chances: Sequence[float], held: Sequence[int], base: float | None, yes: bool
) -> dict[str, float]:
    """Return Brier and logarithmic scores by name."""

    def log(chance: float) -> float:
        inside = min(max(chance, EDGE), 1 - EDGE)
        return -float(np.log(inside if yes else 1 - inside))

    scores: dict[str, float] = {}
    for name, score in (("brier", lambda chance: (chance - yes) ** 2), ("log_score", log)):
        if chances:
            each = [score(chance) for chance in chances]
            mean = float(np.average(each, weights=held))
            scores |= {f"{name}_first": each[0], f"{name}_mean": mean, f"{name}_last": each[-1]}
        if base is not None:
            scores[f"{name}_base"] = score(base)
    return {name: _rounded(value) for name, value in scores.items()}


def _rows(cases: Sequence[Case]) -> Iterable[dict[str, Any]]:
    kinds, horizons = sorted({case.kind for case in cases}), [words for _, words in HORIZONS]
    for hindsight, kind, horizon in product(TIMINGS, ("all", *kinds), ("all", *horizons)):
        timed = [case for case in cases if case.hindsight == hindsight]
        scored = [
            case
            for case in timed
            if kind in ("all", case.kind) and horizon in ("all", case.horizon)
        ]
        if scored:
            yield {"hindsight": hindsight, "kind": kind, "horizon": horizon, **_row(scored)}


def _row(cases: Sequence[Case]) -> dict[str, Any]:
    """Score some cases; those of a difference have a base rate too."""
    scored = [case for case in cases if case.scored]
    both = [case for case in scored if "brier_base" in case.scores]
    row: dict[str, Any] = {
        "n": len(scored),
        "void": sum(case.outcome == "void" for case in cases),
        "n_base": len(both),
        "unanswered": sum(case.outcome != "void" and not case.scored for case in cases),
        "yes": _mean(case.outcome == "yes" for case in scored),
    }
    for score in ("brier", "log_score"):
        for by in BY:
            of = both if by == "base" else scored
            row[f"{score}_{by}"] = _mean(case.scores[f"{score}_{by}"] for case in of)
        row |= {f"{score}_{name}": value for name, value in _difference(both, score).items()}
    return row


def _difference(cases: Sequence[Case], score: str) -> dict[str, Any]:
    """Compare the first forecasts with the base rate: below zero if they are better."""
    if not cases:
        return {"difference": None, "error": None, "blocks": 0}
    forecasts, other = (
        [case.scores[f"{score}_{by}"] for case in cases] for by in ("first", "base")
    )
    years = [int(case.asked[:4]) for case in cases]
    difference = paired(forecasts, other, years, max(case.months for case in cases))
    error = None if difference.error is None else _rounded(difference.error)
    return {"difference": _rounded(difference.mean), "error": error, "blocks": difference.blocks}


def _calibration(hindsight: Timing, cases: Sequence[Case]) -> Iterable[dict[str, Any]]:
    scored = [
        case
        for case in cases
        if case.hindsight == hindsight and case.scored and case.first is not None
    ]
    for bin_number in range(BINS):
        said = [
            case for case in scored if min(int((case.first or 0.0) * BINS), BINS - 1) == bin_number
        ]
        if said:
            yes = sum(case.outcome == "yes" for case in said)
            low, high = wilson(yes, len(said))
            yield {
                "hindsight": hindsight,
                "from": bin_number / BINS,
                "to": (bin_number + 1) / BINS,
                "n": len(said),
                "yes": yes,
                "said": _mean(case.first or 0.0 for case in said),
                "happened": _rounded(yes / len(said)),
                "low": _rounded(low),
                "high": _rounded(high),
            }


def wilson(yes: int, n: int) -> tuple[float, float]:
    """Return the 90% interval of a share of n independent cases, 0 to 1."""
    z = 1.6449
    middle = (yes + z**2 / 2) / (n + z**2)
    reach = z / (n + z**2) * (yes * (n - yes) / n + z**2 / 4) ** 0.5
    return max(middle - reach, 0.0), min(middle + reach, 1.0)


def _mean(values: Iterable[float]) -> float | None:
    numbers = list(values)
    return _rounded(float(np.mean(numbers))) if numbers else None


def _rounded(value: float) -> float:
    return round(value, 6)
