"""The probability of a question as of the day of a fit, from the very same futures as a report.

What is recorded of the window by then counts as it is; the months that are left are simulated.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from forecast.arguments import EVENTS, FIT, a, checked, whole
from forecast.clock import Clock
from forecast.dates import LONGEST_HORIZON, months_between
from forecast.errors import QuestionError
from forecast.events.codebook import read_scale
from forecast.outlook.draws import FitLike, dyad_draws
from forecast.outlook.futures import Futures, simulate_futures, stream
from forecast.outlook.kind_counts import MIX_MONTHS, WHOLE_RECORD
from forecast.outlook.observed import Observed, main_dataset, observe
from forecast.outlook.summary import NotDefined, Probability, probability
from forecast.outlook.window import followed_by, reached
from forecast.panel.record import last_known
from forecast.questions.kind import Kind
from forecast.questions.question import Question
from forecast.questions.record import MonthlyRecord, dataset_of
from forecast.questions.settle import WindowCounts, settle
from forecast.typing import Bool, Index
from forecast.wording import day

if TYPE_CHECKING:
    from forecast.events import EventTable

QUESTION = a("Question", "a Question, such as read_question() or make_question() returns")
FUTURES_PER_DRAW = 4
"""As many as a report simulates."""


@dataclass(frozen=True)
class Answer:
    """The probability of a question.

    Attributes
    ----------
    question : str
        Its name.
    as_of : datetime.date
        The day whose knowledge the fit has.
    chance : Probability or NotDefined
        That the answer is yes, given that the question is not void.
    void : Probability
        That it is void for lack of happenings.
    recorded : int
        How many months of the window were recorded by then.
    data : str
        SHA-256 of what the fit knows of all its dyads.
    seed, futures : int
        How the futures were simulated, and how many.
    """

    question: str
    as_of: date
    chance: Probability | NotDefined
    void: Probability
    recorded: int
    data: str
    seed: int
    futures: int


@checked(fit=FIT, question=QUESTION, seed=whole(0), futures_per_draw=whole(1), table=EVENTS)
def answer_question(
    fit: FitLike,
    question: Question,
    *,
    seed: int = 1,
    futures_per_draw: int = FUTURES_PER_DRAW,
    table: "EventTable | None" = None,
) -> Answer:
    """Compute the probability of a question from a fit.

    With the same seed it is the number that a report from the fit gives for the same window and baseline.

    Parameters
    ----------
    fit : FitLike
        As of the day of the answer.
    question : Question
    seed : int
    futures_per_draw : int
        Simulated futures a posterior draw.
    table : EventTable, optional
        The events behind the fit, for kinds that are some codes of a class.

    Returns
    -------
    Answer

    Raises
    ------
    QuestionError
        If the fit has not the question's data, or the window is partly neither recorded nor ahead.
    UnknownDyadError
        If the fit does not hold the dyad.

    Examples
    --------
    >>> from forecast import Fit, answer_question, read_question
    >>> fit, question = Fit.load("report/fit.zarr"), read_question("mine.yaml")  # doctest: +SKIP
    >>> answer_question(fit, question).chance.value  # doctest: +SKIP
    0.31
    """
    yes, there = settle_futures(fit, question, seed=seed, futures_per_draw=futures_per_draw, table=table)
    clock = Clock.of(fit.panel)
    recorded = min(max(months_between(question.first, clock.last_day()) + 1, 0), question.months)
    nothing = NotDefined("the question is void in every simulated future")
    return Answer(
        question=question.id,
        as_of=last_known(fit.panel),
        chance=probability(yes, question.sentence, there) if there.any() else nothing,
        void=probability(~there, f"the question is void for lack of happenings: {question.id}"),
        recorded=recorded if question.resolvable else 0,
        data=str(fit.panel.attrs["digest"]),
        seed=seed,
        futures=int(np.prod(yes.shape)),
    )


def settle_futures(
    fit: FitLike,
    question: Question,
    *,
    seed: int = 1,
    futures_per_draw: int = FUTURES_PER_DRAW,
    table: "EventTable | None" = None,
) -> tuple[Bool, Bool]:
    """Return in which futures the answer is yes, and in which there is one, each (chain, draw, future).

    Futures can be weighted or selected before they are averaged. Parameters and errors are those of `answer_question`.
    """
    dataset, clock = dataset_of(fit.panel, question), Clock.of(fit.panel)
    ahead = months_between(clock.last_day(), question.last)
    if ahead > LONGEST_HORIZON:
        raise QuestionError(
            f"{question.id}: its window ends {ahead} months after {day(clock.last_day())}; expected at most "
            f"{LONGEST_HORIZON}. Use a later fit"
        )
    if not question.resolvable:
        return _settle_level(fit, question, ahead, seed, futures_per_draw)
    kind = Kind.of(fit.panel, question) if question.kind == "count" else None
    record = MonthlyRecord.of(fit.panel, question.dyad, dataset, kind, table)
    past = _recorded(record, question)
    if ahead <= 0:
        yes, there = settle(question, past)
        size = fit.posterior.sizes["chain"], fit.posterior.sizes["draw"], futures_per_draw
        return np.broadcast_to(yes, size), np.broadcast_to(there, size)
    if main_dataset(fit.panel, question.dyad) != dataset:
        raise QuestionError(
            f"{question.id}: the futures of this fit are of another dataset than {question.dataset!r:.60}, of which it "
            "knows fewer happenings; fit that dataset alone"
        )
    futures = simulate_futures(fit, question.dyad, ahead, seed=seed, futures_per_draw=futures_per_draw)
    observed = observe(fit, futures, ahead, seed=seed)
    if isinstance(observed, NotDefined):
        raise QuestionError(f"{question.id}: nothing can be said of what will be recorded: {observed.reason}")
    return settle(question, _joined(past, _ahead(question, kind, record, futures, observed, seed=seed)))


def _recorded(record: MonthlyRecord, question: Question) -> WindowCounts:
    """Return the months of the window that the record holds; reject one that it holds in part, or not any more."""
    start, stop = record.place(question.first), min(record.place(question.last) + 1, len(record.covered))
    if start < 0:
        raise QuestionError(f"{question.id}: the data begin after its window, {day(question.first)}")
    own = slice(min(start, stop), stop)
    if not record.covered[own].all():
        last = record.covered_to
        raise QuestionError(
            f"{question.id}: coverage of {question.dyad} ends with {day(last)}, and months of its window up to "
            f"{day(record.clock.last_day())} are neither recorded nor ahead. Take a fit as of {last}, or add events"
        )
    if stop > start and record.known < record.clock.last_day():
        end = record.clock.times[-1].item() - timedelta(days=1)
        raise QuestionError(
            f"{question.id}: the fit knows its last month to {day(record.known)} only, and the rest of it is neither "
            f"recorded nor ahead. Take a fit as of the end of a month, such as {end}"
        )
    return record.months(own)


def _ahead(
    question: Question,
    kind: Kind | None,
    record: MonthlyRecord,
    futures: Futures,
    observed: Observed,
    *,
    seed: int,
) -> WindowCounts:
    """Return the simulated months of the window."""
    last = record.clock.last_day()
    own = slice(max(months_between(last, question.first), 1), futures.at(months_between(last, question.last)) + 1)
    counts = None
    if kind is not None:
        classes = observed.kinds[..., list(kind.places)][..., own, :]
        counts = classes.sum(axis=-1) if not kind.codes else _thinned(question.dyad, kind, record, classes, seed)
    return WindowCounts(observed.total[..., own], observed.cooperative[..., own], counts)


def _thinned(dyad: str, kind: Kind, record: MonthlyRecord, classes: Index, seed: int) -> Index:
    """Draw how many happenings of some classes, (..., month, class), are of a kind's codes.

    Each future has its own share of them, drawn from what the last ten years leave possible, as the mix of kinds is.
    """
    assert record.kind is not None
    own, whole = record.kind[record.covered], record.counts[record.covered][:, list(kind.places)]
    codes = read_scale(record.scale).class_of
    rng = stream(seed, dyad, f"codes {' '.join(kind.codes)}")
    found = np.zeros(classes.shape[:-1], dtype=np.int64)
    for column, place in enumerate(kind.places):
        of_class = codes.index[codes == place]
        if of_class.str.startswith(kind.codes).all():
            found += classes[..., column]
            continue
        overall = (own[:, column].sum() + 1) / (whole[:, column].sum() + 2)
        recent, among = own[-MIX_MONTHS:, column].sum(), whole[-MIX_MONTHS:, column].sum()
        more = recent + WHOLE_RECORD * overall, among - recent + WHOLE_RECORD * (1 - overall)
        shares = rng.beta(*more, size=classes.shape[:-2])
        found += rng.binomial(classes[..., column], shares[..., None])
    return found


def _joined(past: WindowCounts, ahead: WindowCounts) -> WindowCounts:
    kind = None if past.kind is None or ahead.kind is None else followed_by(past.kind, ahead.kind)
    total, cooperative = followed_by(past.total, ahead.total), followed_by(past.cooperative, ahead.cooperative)
    return WindowCounts(total, cooperative, kind)


def _settle_level(fit: FitLike, question: Question, ahead: int, seed: int, futures_per_draw: int) -> tuple[Bool, Bool]:
    """Return in which futures the level is as asked for in the last month; it is never void."""
    if ahead > 0:
        shares = simulate_futures(
            fit, question.dyad, ahead, seed=seed, futures_per_draw=futures_per_draw
        ).share[..., -1]  # fmt: skip
    else:
        own = dyad_draws(fit, question.dyad).share
        if own.shape[-1] - 1 + ahead < 0:
            raise QuestionError(f"{question.id}: the data begin after {day(question.last)}")
        shares = np.repeat(own[..., own.shape[-1] - 1 + ahead, None], futures_per_draw, axis=-1).astype(np.float64)
    yes = reached(shares, question.bound) if question.compare == "at least" else shares <= question.bound
    return np.asarray(yes), np.ones(shares.shape, dtype=bool)
