"""A question about one dyad applied to a fit: recorded and simulated months of its window."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from forecast.base.dates import MAX_HORIZON, Clock, months_between
from forecast.base.errors import QuestionError
from forecast.base.typing import Bool, Float, Index
from forecast.base.wording import day
from forecast.data.events import EventTable
from forecast.data.panel.record import last_known
from forecast.data.panel.single_events import counted_events
from forecast.desk.questions.compound import Settled
from forecast.desk.questions.event_question import EventQuestion, as_events
from forecast.desk.questions.events import answer_part
from forecast.desk.questions.record import (
    ALL,
    CountedKind,
    code_shares,
    question_record,
    record_without,
    require_reporting,
)
from forecast.outlook.benchmarks import pool_simulations
from forecast.outlook.draws import FitLike, dyad_draws, stream
from forecast.outlook.observed import SimulatedEvents, observe, observe_unrecorded, simulate_kinds
from forecast.outlook.question import SingleQuestion
from forecast.outlook.question_types import LevelQuestion, ToneQuestion
from forecast.outlook.recorded import DatasetRecord, WindowCounts
from forecast.outlook.simulations import Simulations, simulate_ahead
from forecast.outlook.summary import NotDefined
from forecast.outlook.tone import SideScores

if TYPE_CHECKING:
    import pandas as pd

SIMULATIONS_PER_DRAW = 4  # As many as a report simulates


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
        question = self.question
        if isinstance(question, LevelQuestion):
            return question.settle_level(self._levels(fit, simulations_per_draw))
        counts = self._window(fit, simulations_per_draw, published=published)
        size = fit.posterior.sizes["chain"], fit.posterior.sizes["draw"], simulations_per_draw
        if self.kind is not None:
            return self._as_often(counts, size), np.ones(size, dtype=bool)
        yes, not_void = (np.broadcast_to(values, size) for values in question.settle(counts))
        return yes, not_void

    def _levels(self, fit: FitLike, simulations_per_draw: int) -> Float:
        """Return the levels with which the window ends, ahead or past."""
        question = self.question
        if self.ahead > 0:
            simulations = self._simulate_ahead(fit, simulations_per_draw)
            return simulations.share[..., self._last(simulations)]
        shares = dyad_draws(fit, question.dyad).share
        month = shares.shape[-1] - 1 + self.ahead
        if month < 0:
            raise QuestionError(f"{question.id}: the data begin after {day(question.last)}")
        levels = np.repeat(shares[..., month, None], simulations_per_draw, axis=-1)
        return levels.astype(np.float64)

    def _window(self, fit: FitLike, simulations_per_draw: int, *, published: bool) -> WindowCounts:
        """Return the months of the window: recorded, unrecorded and ahead."""
        rest = self.rest(fit, simulations_per_draw)
        if self.ahead <= 0:
            return self.past if rest is None else rest.after(self.past, self.missing)
        simulations = self._simulate_ahead(fit, simulations_per_draw)
        # a pool's events have other numbers, of which `_published` draws the kinds
        kinds = self.kind is not None and not published
        observed = self.require(
            observe(fit, simulations, self.ahead, self.record, seed=self.seed, kinds=kinds)
        )
        if published:
            observed = self._published(observed)
        return self.unknown(simulations, observed, rest).after(self.past, self.missing)

    def _simulate_ahead(self, fit: FitLike, simulations_per_draw: int) -> Simulations:
        """Simulate the dyad up to the end of the window."""
        return simulate_ahead(
            fit,
            self.question.dyad,
            self.ahead,
            seed=self.seed,
            simulations_per_draw=simulations_per_draw,
        )

    def _published(self, observed: SimulatedEvents) -> SimulatedEvents:
        """Return the simulations of the pool; without a pool, those of the model."""
        pool = pool_simulations(observed, (self.ahead,), seed=self.seed)
        pooled = observed if isinstance(pool, NotDefined) else pool[self.ahead]
        if self.kind is None:
            return pooled
        rng = stream(self.seed, self.record.dyad, f"kinds {self.record.number}")
        kinds = simulate_kinds(self.record, pooled.total, pooled.cooperative, rng)
        return replace(pooled, kinds=kinds)

    def _as_often(self, counts: WindowCounts, size: tuple[int, ...]) -> Float:
        """Return the simulations with the most events, as many as `counted` says; ties by lot.

        Events so keep the probability of their hazard, and depend on shares as in the simulations.
        Of quiet days the simulations with the fewest events are taken.
        """
        assert counts.kind is not None and self.kind is not None and self.counted is not None
        assert isinstance(self.question, EventQuestion)
        events = np.broadcast_to(counts.kind.sum(axis=-1), size).ravel()
        likeness = events if self.question.quiet is None else -events
        rng = stream(self.seed, self.question.dyad, f"ties {self.kind.name}")
        lots = rng.random(events.size)
        rank = np.empty(events.size)
        rank[np.lexsort((lots, -likeness))] = np.arange(events.size)
        # the last simulation that counts does so in part, so that the mean is `counted` exactly
        return np.clip(self.counted * events.size - rank, 0.0, 1.0).reshape(size)

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
        window = self.unknown(simulations, observed, rest).after(self.past, self.missing)
        return self.question.settle(window)

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
                f"these simulations begin after {day(last)}. "
                "Take a fit as of the end of a recorded month, or add events"
            )
        first = max(months_between(last, self.question.first), 1)
        months = range(first, self._last(simulations) + 1)
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
                f"{self.question.dataset!r:.60}; ask about the main one, or answer the question "
                "without a scenario"
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
        kind, dyad = self.kind, self.question.dyad
        events_of_kind = None
        if kind is not None:
            rng = stream(self.seed, dyad, f"{which}codes {' '.join(kind.codes)}")
            events_of_kind = _events_of_kind(kind, self.record, observed, months, rng)
        window = WindowCounts(
            observed.total[..., months], observed.cooperative[..., months], events_of_kind
        )
        if self.scores is None:
            return window
        return self.scores.of_window(window, stream(self.seed, dyad, f"{which}tone"))


def apply_part(
    fit: FitLike, question: SingleQuestion, seed: int, table: EventTable | None
) -> AppliedPart:
    """Apply a question about one dyad."""
    question = as_events(question) or question
    record, kind = question_record(fit.panel, question, table)
    ahead = _months_ahead(Clock.of(fit.panel), question)
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


def _months_ahead(clock: Clock, question: SingleQuestion) -> int:
    """Return the months from the present to the end of the window, not more than are simulated."""
    last_day = clock.last_day()
    ahead = months_between(last_day, question.last)
    if ahead > MAX_HORIZON:
        raise QuestionError(
            f"{question.id}: its window ends {ahead} months after {day(last_day)}; "
            f"expected at most {MAX_HORIZON}. Use a later fit"
        )
    return ahead


def _recorded(record: DatasetRecord, question: SingleQuestion) -> tuple[WindowCounts, int]:
    """Return the recorded months of the window, and how many from the first incomplete one on."""
    start = record.place(question.first)
    stop = min(record.place(question.last) + 1, len(record.covered))
    if start < 0:
        raise QuestionError(
            f"{question.id}: the data begin after its window, {day(question.first)}"
        )
    window = slice(min(start, stop), stop)
    whole = record.whole[window]
    missing = 0 if whole.all() else len(whole) - int(whole.argmin())
    return record.months(window), missing


def _events_of_kind(
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


def no_fit_words(name: str, what: str) -> str:
    """Return what to do instead of asking a fit about a question on events."""
    return (
        f"{name}: {what} is computed from simulated shares, and events have a hazard of their own. "
        "Ask without a fit: `forecast ask` shows what would change the probability most, and takes "
        "events with --add and --expect"
    )
