"""Probability of a question from the simulations of a fit."""

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from forecast.base.arguments import checked
from forecast.base.dates import MAX_HORIZON, Clock, months_between
from forecast.base.errors import QuestionError, RareCondition
from forecast.base.limits import whole_seed
from forecast.base.typing import Bool, Float, Index, Seed
from forecast.base.wording import Card, Displayed, chance, day
from forecast.data.events import EventTable
from forecast.data.panel.record import last_known
from forecast.data.panel.single_events import counted_events
from forecast.desk.questions.event_question import EventQuestion, as_events
from forecast.desk.questions.events import answer_part
from forecast.desk.questions.form import INDEPENDENT, CompoundQuestion, ConditionalQuestion, Settled
from forecast.desk.questions.record import (
    ALL,
    CountedKind,
    code_shares,
    question_record,
    record_without,
    require_reporting,
)
from forecast.outlook.benchmarks import forecasters, pool_simulations, reason_not_pooled
from forecast.outlook.draws import FitLike, dyad_draws, stream
from forecast.outlook.observed import SimulatedEvents, observe, observe_unrecorded, simulate_kinds
from forecast.outlook.question import Question, SingleQuestion
from forecast.outlook.question_types import (
    LevelQuestion,
    ShareQuestion,
    ToneQuestion,
)
from forecast.outlook.recorded import DatasetRecord, WindowCounts
from forecast.outlook.simulations import Simulations, simulate_ahead
from forecast.outlook.summary import NotDefined, Probability
from forecast.outlook.tone import SideScores
from forecast.outlook.windows import question_outlook

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd


def no_fit_words(name: str, what: str) -> str:
    """Return what to do instead of asking a fit about a question on events."""
    return (
        f"{name}: {what} is computed from simulated shares, and events have a hazard of their own. "
        "Ask without a fit: "
        "`forecast ask` shows what would change the probability most, and takes events with --add "
        "and --expect"
    )


SIMULATIONS_PER_DRAW = 4
"""As many as a report simulates."""
# simulations in which a condition is true; of fewer no conditional probability is stated
MIN_CONDITION_SIMULATIONS = 100


@dataclass(frozen=True, repr=False)
class Answer(Displayed):
    """The probability of a question."""

    question: str  # Its name
    as_of: date  # The day whose knowledge the fit has
    chance: Probability | NotDefined  # That the answer is yes, given that the question is not void
    void: Probability  # That it is void: for lack of events, or because its condition is not true
    recorded: int  # How many months of the window were recorded by then
    data: str  # SHA-256 of what the fit knows of all its dyads
    # Of events: what to know of their set; of several dyads: that they are assumed to be
    # independent; else empty.
    note: str
    seed: int  # How the simulations were simulated, and how many
    simulations: int

    def _card(self) -> Card:
        said = (
            self.chance.reason if isinstance(self.chance, NotDefined) else chance(self.chance.value)
        )
        facts = [("yes", said), ("void", chance(self.void.value)), ("as of", f"{self.as_of}")]
        return Card(
            f"Forecast of {self.question}", (*facts, *([("note", self.note)] if self.note else []))
        )


@checked
def answer_question(
    fit: FitLike,
    question: Question,
    *,
    seed: Seed = 1,
    simulations_per_draw: int = SIMULATIONS_PER_DRAW,
    table: "EventTable | None" = None,
) -> Answer:
    """Compute the probability of a question from a fit.

    With the same seed it is the number that a report from the fit gives for the same window and
    baseline: of a share the pool's, of a level the model's. The probability of events is that of
    their hazard (`answer_events`), also in a joint or conditional question: there the simulations
    with the most of them count as a yes, so that events and shares depend on each other. What is
    recorded of the window counts as it is, the month so far included; what coverage leaves out of
    it up to the day of the fit is simulated by the model.

    Parameters
    ----------
    fit : FitLike
        As of the day of the answer.
    question : Question
    seed : int or numpy.random.Generator
    simulations_per_draw : int
        Simulations a posterior draw.
    table : EventTable, optional
        The events behind the fit, for questions about events.

    Returns
    -------
    Answer

    Raises
    ------
    QuestionError
        If the fit has not the question's data, or the window begins before them.
    UnknownDyadError
        If the fit does not hold the dyad.
    DataError
        If the events are not those that the fit counts in the window.

    Examples
    --------
    >>> from forecast import Fit, answer_question, read_question
    >>> fit, question = Fit.load("report/fit.zarr"), read_question("mine.yaml")  # doctest: +SKIP
    >>> answer_question(fit, question).chance.value  # doctest: +SKIP
    0.31
    """
    seed = whole_seed(seed)
    put = apply_question(fit, question, seed=seed, table=table)
    yes, not_void = put.simulate(fit, simulations_per_draw, published=True)
    outlook = question_outlook(put, yes, not_void)
    return Answer(
        question=question.id,
        as_of=last_known(fit.panel),
        chance=outlook.chance,
        void=outlook.void,
        recorded=put.known,
        data=str(fit.panel.attrs["digest"]),
        note=put.note,
        seed=seed,
        simulations=int(np.prod(yes.shape)),
    )


@dataclass(frozen=True)
class AppliedPart:
    """A question about one dyad applied to a fit: its recorded events, and simulations.

    What was fixed when it was asked stays, whatever else is recorded or left out: its baseline, and
    the months before.
    """

    question: SingleQuestion
    ahead: int  # Months from the present to the end of its window; zero or less if that is over
    seed: int  # Of the simulations
    record: DatasetRecord
    past: WindowCounts  # What is recorded of its months up to the present; no months of a level
    missing: int = 0  # How many of these, the last ones, are not recorded to their end
    kind: CountedKind | None = None  # Of events that are asked for
    counted: float | None = None  # Their probability by the hazard, given what is recorded
    notes: tuple[str, ...] = ()  # What a reader has to know of it
    scores: SideScores | None = None  # What events of either side score, of a tone

    def simulate(
        self,
        fit: FitLike,
        simulations_per_draw: int = SIMULATIONS_PER_DRAW,
        *,
        published: bool = False,
    ) -> Settled:
        """Return which simulations are a yes and which are not void, (chain, draw, simulation).

        They can be weighted or selected. They are the model's; or as `published`: shares pooled
        with the benchmarks. Events occur as often as `counted` says.
        """
        question, seed, rest = self.question, self.seed, self.rest(fit, simulations_per_draw)
        if self.ahead > 0:
            simulations = simulate_ahead(
                fit, question.dyad, self.ahead, seed=seed, simulations_per_draw=simulations_per_draw
            )
            if isinstance(question, LevelQuestion):
                return question.settle_level(simulations.share[..., self._last(simulations)])
            kinds = self.kind is not None and not published
            observed = self.require(
                observe(fit, simulations, self.ahead, self.record, seed=seed, kinds=kinds)
            )
            observed = self._published(observed) if published else observed
            counts = self.unknown(simulations, observed, rest).after(self.past, self.missing)
        elif isinstance(question, LevelQuestion):
            shares = dyad_draws(fit, question.dyad).share
            month = shares.shape[-1] - 1 + self.ahead
            if month < 0:
                raise QuestionError(f"{question.id}: the data begin after {day(question.last)}")
            levels = np.repeat(shares[..., month, None], simulations_per_draw, axis=-1)
            return question.settle_level(levels.astype(np.float64))
        else:
            counts = self.past if rest is None else rest.after(self.past, self.missing)
        size = fit.posterior.sizes["chain"], fit.posterior.sizes["draw"], simulations_per_draw
        if self.kind is not None:
            return self._as_often(counts, size), np.ones(size, dtype=bool)
        yes, not_void = (np.broadcast_to(values, size) for values in question.settle(counts))
        return yes, not_void

    def _published(self, observed: SimulatedEvents) -> SimulatedEvents:
        """Return the simulations of the pool; without a pool, those of the model."""
        pool = pool_simulations(observed, (self.ahead,), seed=self.seed)
        published_draws = observed if isinstance(pool, NotDefined) else pool[self.ahead]
        if self.kind is None:
            return published_draws
        rng = stream(self.seed, self.record.dyad, f"kinds {self.record.number}")
        return replace(
            published_draws,
            kinds=simulate_kinds(
                self.record, published_draws.total, published_draws.cooperative, rng
            ),
        )

    def _as_often(self, counts: WindowCounts, size: tuple[int, ...]) -> Float:
        """Return the simulations with the most events, as many as `counted` says; ties by lot.

        Events so keep the probability of their hazard, and depend on shares as in the simulations.
        Of quiet days the simulations with the fewest events are taken.
        """
        assert counts.kind is not None and self.kind is not None and self.counted is not None
        assert isinstance(self.question, EventQuestion)
        number = np.broadcast_to(counts.kind.sum(axis=-1), size).ravel()
        number = number if self.question.quiet is None else -number
        lots = stream(self.seed, self.question.dyad, f"ties {self.kind.name}").random(number.size)
        rank = np.empty(number.size)
        rank[np.lexsort((lots, -number))] = np.arange(number.size)
        return np.clip(self.counted * number.size - rank, 0.0, 1.0).reshape(size)

    def settle(
        self,
        simulations: Simulations,
        observed: SimulatedEvents | NotDefined,
        rest: WindowCounts | None = None,
    ) -> tuple[Bool, Bool]:
        """Return which simulations are a yes and which are not void, (chain, draw, simulation).

        `rest` is what the method of this name returns for the fit of the simulations.
        """
        if isinstance(self.question, LevelQuestion):
            return self.question.settle_level(simulations.share[..., self._last(simulations)])
        if isinstance(self.question, EventQuestion):
            raise QuestionError(no_fit_words(self.question.id, "a scenario"))
        return self.question.settle(
            self.unknown(simulations, observed, rest).after(self.past, self.missing)
        )

    def unknown(
        self,
        simulations: Simulations,
        observed: SimulatedEvents | NotDefined,
        rest: WindowCounts | None,
    ) -> WindowCounts:
        """Return the simulated months of the window: the unrecorded past ones, and those ahead."""
        last = simulations.clock.last_day()
        if self.missing and rest is None:
            raise QuestionError(
                f"{self.question.id}: months of its window are not recorded to their end, and "
                "these simulations begin "
                f"after {day(last)}. Take a fit as of the end of a recorded month, or add events"
            )
        months = range(
            max(months_between(last, self.question.first), 1), self._last(simulations) + 1
        )
        ahead = self._counts(self.require(observed), months)
        return ahead if rest is None else rest.then(ahead)

    def rest(self, fit: FitLike, simulations_per_draw: int) -> WindowCounts | None:
        """Simulate what is not recorded of the months of the window up to the present.

        None if all is.
        """
        if not self.missing:
            return None
        first = self.record.place(self.question.first) + self.recorded - self.missing
        observed = observe_unrecorded(
            fit, self.record, first, seed=self.seed, simulations_per_draw=simulations_per_draw
        )
        return self._counts(self.require(observed), range(self.missing), "unrecorded ")

    @property
    def recorded(self) -> int:
        """Number of months of the window up to the present, some of them `missing` in part."""
        return len(self.past.total)

    @property
    def known(self) -> int:
        """How many of them are recorded to their end."""
        return self.recorded - self.missing

    def require(self, observed: SimulatedEvents | NotDefined) -> SimulatedEvents:
        """Return the future event data."""
        if isinstance(observed, NotDefined):
            raise QuestionError(
                f"{self.question.id}: nothing can be said of what will be recorded: "
                f"{observed.reason}"
            )
        if observed.record.number != self.record.number:
            raise QuestionError(
                f"{self.question.id}: the simulations are of another dataset than "
                f"{self.question.dataset!r:.60}; ask "
                "about the main one, or answer the question without a scenario"
            )
        return observed

    def without(self, rows: "pd.DataFrame") -> "AppliedPart":
        """Return the question applied to its record without some rows (`placed_events`)."""
        record = record_without(self.record, rows[rows["of_dataset"] == self.record.number])
        return replace(self, record=record, past=_recorded(record, self.question)[0])

    def _last(self, simulations: Simulations) -> int:
        """Return the period with which the window ends."""
        return simulations.at(self.ahead) if self.ahead > 0 else 0

    def _counts(self, observed: SimulatedEvents, months: range, which: str = "") -> WindowCounts:
        """Return some simulated months; `which` they are has random streams of its own."""
        kind, counts = self.kind, None
        if kind is not None:
            rng = stream(self.seed, self.question.dyad, f"{which}codes {' '.join(kind.codes)}")
            counts = _coded(kind, self.record, observed, months, rng)
        window = WindowCounts(
            observed.total[..., months], observed.cooperative[..., months], counts
        )
        if self.scores is None:
            return window
        return self.scores.of_window(window, stream(self.seed, self.question.dyad, f"{which}tone"))


@dataclass(frozen=True)
class AppliedQuestion:
    """A question applied to a fit: its parts, of a question about one dyad a single one."""

    question: Question
    parts: tuple[AppliedPart, ...]

    @property
    def ahead(self) -> int:
        """Months from the present to the end of its last window."""
        return max(part.ahead for part in self.parts)

    @property
    def recorded(self) -> int:
        """Number of months up to the present of the window that has most of them."""
        return max(part.recorded for part in self.parts)

    @property
    def known(self) -> int:
        """How many of them are recorded to their end."""
        return max(part.known for part in self.parts)

    @property
    def note(self) -> str:
        """What a reader has to know of the chance, in sentences."""
        apart = INDEPENDENT if len(self.question.dyads) > 1 else ""
        notes = dict.fromkeys([apart, *(note for part in self.parts for note in part.notes)])
        return " ".join(note for note in notes if note)

    def member(self, size: tuple[int, ...]) -> Index | None:
        """Return the place in `MEMBERS` of the forecaster of each published simulation.

        None if they are no pool's.
        """
        part = self.parts[0]
        if (
            len(self.parts) > 1
            or part.ahead <= 0
            or not isinstance(self.question, ShareQuestion | ToneQuestion)
        ):
            return None
        if reason_not_pooled(part.record) is not None:
            return None
        return forecasters(part.seed, part.question.dyad, size)

    def simulate(
        self,
        fit: FitLike,
        simulations_per_draw: int = SIMULATIONS_PER_DRAW,
        *,
        published: bool = False,
    ) -> Settled:
        """Return how much of each simulation of the fit is a yes, and how much is not void.

        The model's simulations of all dyads are of the same draws. Published ones are of the same
        forecasters, so that the probability is the mean of the forecasters' joint probabilities.
        """
        settled_parts = [
            part.simulate(fit, simulations_per_draw, published=published) for part in self.parts
        ]
        if published:
            later = zip(self.parts[1:], settled_parts[1:], strict=True)
            settled_parts = [
                settled_parts[0],
                *(self._matched(part, settled) for part, settled in later),
            ]
        return self.of_parts(settled_parts)

    def settle(self, simulations: Simulations, observed: SimulatedEvents | NotDefined) -> Settled:
        """Return the same of given simulations of its only dyad."""
        return self.of_parts([part.settle(simulations, observed) for part in self.parts])

    def of_parts(self, parts: "Sequence[Settled]") -> Settled:
        """Settle the question; reject a condition that is true in too few simulations."""
        if not isinstance(self.question, CompoundQuestion):
            return parts[0]
        if isinstance(self.question, ConditionalQuestion):
            held, number = round(float(np.sum(parts[0][0]))), np.size(parts[0][0])
            if held < MIN_CONDITION_SIMULATIONS:
                raise RareCondition(
                    f"{self.question.id}: its condition ({self.question.given.id}) is true in "
                    f"{held} of {number:,} simulations; expected at least "
                    f"{MIN_CONDITION_SIMULATIONS}. Choose a likelier condition, or, if this one is "
                    "no longer possible, resolve the question"
                )
        return self.question.settle(parts)

    def _matched(self, part: AppliedPart, settled: Settled) -> Settled:
        """Reorder the simulations of a part to match the forecasters of the first part."""
        first, order = (
            np.argsort(forecasters(part.seed, dyad, np.shape(settled[0])), axis=None, kind="stable")
            for dyad in (self.parts[0].question.dyad, part.question.dyad)
        )
        position_of = np.empty_like(order)
        position_of[first] = order
        yes, not_void = (
            np.ravel(values)[position_of].reshape(np.shape(values)) for values in settled
        )
        return yes, not_void


@checked
def apply_question(
    fit: FitLike, question: Question, *, seed: Seed = 1, table: "EventTable | None" = None
) -> AppliedQuestion:
    """Apply a question to a fit, such as for `forecast.scenario`.

    Parameters
    ----------
    fit : Fit or str
        Fit, or the folder that holds one.
    question : Question
        Question whose dyads the fit has.
    seed : int or numpy.random.Generator
        The same seed gives the same numbers.
    table : EventTable, optional
        Events that a question on a set of events counts; by default those of the fit.

    Returns
    -------
    AppliedQuestion
        The question with its window counted from the fit's last month.

    Raises
    ------
    QuestionError
        As `answer_question`.

    Examples
    --------
    >>> from forecast import Fit, apply_question, read_question, scenario
    >>> fit = Fit.load("report/fit.zarr")  # doctest: +SKIP
    >>> asked = apply_question(fit, read_question("questions/mine.yaml"))  # doctest: +SKIP
    >>> scenario(fit, "USA-CHN", tables, questions=[asked])  # doctest: +SKIP
    """
    seed = whole_seed(seed)
    return AppliedQuestion(
        question, tuple(_apply_part(fit, part, seed, table) for part in question.parts)
    )


def _apply_part(
    fit: FitLike, question: SingleQuestion, seed: int, table: "EventTable | None"
) -> AppliedPart:
    """Apply a question about one dyad."""
    question = as_events(question) or question
    (record, kind), clock = question_record(fit.panel, question, table), Clock.of(fit.panel)
    ahead = months_between(clock.last_day(), question.last)
    if ahead > MAX_HORIZON:
        raise QuestionError(
            f"{question.id}: its window ends {ahead} months after {day(clock.last_day())}; "
            "expected at most "
            f"{MAX_HORIZON}. Use a later fit"
        )
    if not question.resolvable:
        return AppliedPart(question, ahead, seed, record, record.months(slice(0)))
    past, missing = _recorded(record, question)
    if kind is not None and table is not None and past.total.size:
        counted_events(fit.panel, question.dyad, table, record.place(question.first))
    if ahead > 0:
        require_reporting(fit.panel, question.dyad, record.number, question.id)
    scores = SideScores.of(fit.panel, record) if isinstance(question, ToneQuestion) else None
    assert not isinstance(scores, NotDefined)  # `question_record` makes sure of them
    if not isinstance(question, EventQuestion):
        return AppliedPart(question, ahead, seed, record, past, missing, scores=scores)
    assert table is not None  # `question_record` makes sure of it
    counted, notes = answer_part(table, question, last_known(fit.panel))
    return AppliedPart(question, ahead, seed, record, past, missing, kind, counted, notes)


def _recorded(record: DatasetRecord, question: SingleQuestion) -> tuple[WindowCounts, int]:
    """Return the recorded months of the window, and the number of the first incomplete one."""
    start, stop = (
        record.place(question.first),
        min(record.place(question.last) + 1, len(record.covered)),
    )
    if start < 0:
        raise QuestionError(
            f"{question.id}: the data begin after its window, {day(question.first)}"
        )
    before = slice(min(start, stop), stop)
    whole = record.whole[before]
    return record.months(before), 0 if whole.all() else len(whole) - int(whole.argmin())


def _coded(
    kind: CountedKind,
    record: DatasetRecord,
    observed: SimulatedEvents,
    months: range,
    rng: np.random.Generator,
) -> Index:
    """Draw how many events of each month are of a kind's codes, (chain, draw, future, month).

    Each simulation draws the kind's share of a class from its posterior given the last ten years.
    """
    assert observed.kinds is not None
    counts = np.zeros((*observed.total.shape[:-1], len(months)), dtype=np.int64)
    for column, of_class in zip(kind.places, code_shares(record, kind), strict=True):
        total = observed.kinds[..., column][..., months]
        if of_class == ALL:
            counts += total
            continue
        shares = rng.beta(*of_class, size=total.shape[:-1])
        counts += rng.binomial(total, shares[..., None])
    return counts
