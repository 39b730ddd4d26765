"""Contributions to the probability of a question: of events within one fit, and between two fits.

The baseline, the threshold and the months before a passage stay as fixed when the question was
asked. Events in the window matter twice: they are part of the count, and they inform the forecast
of the months ahead. Leaving them out removes both; the contribution to the months ahead alone is
reported separately (`ahead`).

Questions about events have no such contributions: their probability comes from a hazard and not
from a fit.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from forecast.base.arguments import checked
from forecast.base.errors import NoHigherShare, QuestionError
from forecast.base.limits import MAX_POINTS, whole_seed
from forecast.base.progress import Progress, silent
from forecast.base.typing import Dyad, Index, Seed
from forecast.base.wording import join
from forecast.data.events import EventTable
from forecast.data.panel.record import last_known
from forecast.desk.questions.answer import answer_question
from forecast.desk.questions.applied_part import AppliedPart, no_fit_words
from forecast.desk.questions.applied_question import AppliedQuestion, apply_question
from forecast.desk.questions.ask import make_question
from forecast.desk.questions.compound import Settled
from forecast.desk.questions.event_question import as_events
from forecast.outlook.attribution import attribute_to
from forecast.outlook.comparison import same_window
from forecast.outlook.contributions import Attribution, ExplainedQuestion
from forecast.outlook.draws import FitLike
from forecast.outlook.leaving_out import SampledFit, Setting
from forecast.outlook.observed import SimulatedEvents
from forecast.outlook.question import Question
from forecast.outlook.question_types import LevelQuestion
from forecast.outlook.recorded import WindowCounts, main_record
from forecast.outlook.simulations import Simulations
from forecast.outlook.snapshot import (
    MODEL_ALONE,
    Numbers,
    Outcome,
    Outcomes,
    SimulatedAhead,
    Snapshot,
    level_now,
    numbers_of,
    split_by_forecaster,
)
from forecast.outlook.summary import NotDefined

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd


YES, AHEAD = "yes", "ahead"
"""Names of the numbers: the chance of a yes, and the same with the months of the window as they
were recorded."""
type Named = dict[str, Settled]
"""How a part of a question is settled, by these names."""


def asking(
    question: Question, dyad: str, table: "EventTable | None" = None
) -> "Callable[[FitLike, int], Numbers]":
    """Return a function of fit and seed: the level of a dyad now, and the published chance.

    Of a share or tone whose window is not over it states how much of the chance comes from the
    model's simulations.
    """
    _require_no_events(question)

    def ask(fit: FitLike, seed: int) -> Numbers:
        put = apply_question(fit, question, seed=seed, table=table)
        published: Outcomes = {YES: _outcome(question, put.simulate(fit, published=True))}
        alone = _outcome(question, put.simulate(fit))
        member = put.member(np.shape(published[YES][0]))
        if member is None:
            return numbers_of(
                Snapshot(level_now(fit, dyad), {**published, MODEL_ALONE: alone}).numbers
            )
        return numbers_of(
            Snapshot(
                level_now(fit, dyad), split_by_forecaster(published, YES, member, alone)
            ).numbers
        )

    return ask


def headline_question(
    old: FitLike,
    new: FitLike,
    dyad: str,
    *,
    horizon: int,
    baseline_months: int,
    improvement: float,
) -> Question | None:
    """Return the headline of the earlier fit as a question for both; None if both ask the same.

    A month later a headline asks of other months, so that its chance and the earlier one cannot be
    subtracted. `NoHigherShare` is raised where the earlier baseline is so high that no share can be
    `improvement` points higher: there is no question then.
    """
    if same_window(old, new):
        return None
    share = _baseline_share(old, dyad, baseline_months)
    if share is not None and share + improvement > MAX_POINTS:
        raise NoHigherShare(
            f"{share:.0f}% of the events of {dyad} in the {baseline_months} months before were "
            f"cooperative, so that no share is {improvement:g} points higher. Compare with fewer "
            "points, or two reports of the same month"
        )
    return make_question(
        old.panel, dyad, higher=improvement, months=horizon, baseline_months=baseline_months
    )


def _baseline_share(fit: FitLike, dyad: str, months: int) -> float | None:
    """Return the share of the months before, percent; None where it is not defined."""
    record = main_record(fit.panel, dyad)
    baseline = record if isinstance(record, NotDefined) else record.baseline(months)
    return None if isinstance(baseline, NotDefined) else baseline.share


@checked
def attribute_question(
    fit: SampledFit,
    question: Question,
    table: "EventTable",
    *,
    dyad: Dyad | None = None,
    months: int = 6,
    seed: Seed = 1,
    refit: bool = False,
    progress: Progress | None = None,
) -> Attribution:
    """Compute the contribution of each recent event to the level and to a question's probability.

    The method is that of `forecast.attribute`. The probability is the model's; `answer_question`
    pools that of a share with benchmarks. What is asked of other dyads stays unchanged.

    Parameters
    ----------
    fit : Fit
        Of coded events, as of a day on which the question is open.
    question : Question
    table : EventTable
        The events that the fit was made of; later ones do not matter.
    dyad : str, optional
        Whose events; needed where the question is about several dyads.
    months : int
        How many of the fit's last months, 1 to 12.
    seed : int or numpy.random.Generator
    refit : bool
        Whether to fit the model again without some events where nothing else is valid; it takes as
        long as a fit.
    progress : callable, optional
        Called with (step in words, done, total).

    Returns
    -------
    Attribution
        Its numbers are `level`, `yes`, and `ahead` where months of the window are recorded.

    Raises
    ------
    QuestionError
        If the question is over or was asked after the day of the fit, the fit has not its data, or
        it is void in every future.
    SpecError, DataError, NotUpdatable, UnknownDyadError
        As by `forecast.attribute`.

    Examples
    --------
    >>> from forecast import Fit, attribute_question, read_chronology, read_question
    >>> fit, question = Fit.load("report/fit.zarr"), read_question("mine.yaml")  # doctest: +SKIP
    >>> found = attribute_question(fit, question, read_chronology())  # doctest: +SKIP
    >>> round(found.total["yes"].value, 2)  # doctest: +SKIP
    -0.04
    """
    seed = whole_seed(seed)
    _require_no_events(question)
    if closed := question.closed(last_known(fit.panel)):
        raise QuestionError(f"{question.id}: {closed}")
    chosen = dyad or question.dyad
    if chosen not in question.dyads:
        raise QuestionError(
            f"{question.id}: it is about {join(question.dyads)}; name one of them as dyad"
        )
    put, fit_of_dyad = apply_question(fit, question, seed=seed, table=table), fit.of_dyad(chosen)
    # What is simulated of other dyads stays, whatever is left out of this one.
    parts = tuple(
        _Part(part, fit_of_dyad) if part.question.dyad == chosen else part.simulate(fit)
        for part in put.parts
    )
    reduced = _Reduced(put, chosen, parts)
    setting = Setting(
        fit, chosen, fit_of_dyad.panel, reduced.look, seed, refit, progress or silent, reduced.sorts
    )
    facts = {
        name: getattr(question, name)
        for name in ("id", "kind", "sentence", "asked", "first", "last")
    }
    kinds = tuple(dict.fromkeys(part.kind for part in question.parts))
    posed = ExplainedQuestion(**facts, parts=kinds, recorded=put.recorded)
    answer = answer_question(fit, question, seed=seed, table=table).chance
    stated = None if isinstance(answer, NotDefined) else answer.value
    return attribute_to(setting, table, months, posed=posed, answer=stated)


def _require_no_events(question: Question) -> None:
    """Reject a question that is, or has a part, about events."""
    if any(as_events(part) is not None for part in question.parts):
        raise QuestionError(no_fit_words(question.id, "an explanation"))


def _outcome(question: Question, settled: Settled) -> Outcome:
    """Return the probability of a yes if the question is not void, and that of not being void."""
    yes, not_void = settled
    if not np.any(not_void):
        raise QuestionError(
            f"{question.id}: it is void in every simulation; there is no probability to split"
        )
    return np.divide(yes, not_void, out=np.zeros(np.shape(yes)), where=not_void > 0), not_void


@dataclass(frozen=True)
class _Part:
    """A question about one dyad put to a record from which events are left out."""

    put: AppliedPart  # To the fit of the whole record
    fit: SampledFit  # Of the dyad alone; its panel says how many events lie ahead

    def given(self, fit: SampledFit) -> "Callable[[pd.DataFrame], Named]":
        """Return what a fit without some events gives, as a function of further events left out."""
        if isinstance(self.put.question, LevelQuestion):
            level = {YES: self.put.simulate(fit)}
            return lambda _: level
        months = self.put.unknown(*self._ahead(fit))

        def settled(left_out: "pd.DataFrame") -> Named:
            put = self.put.without(left_out)
            settled: Named = {YES: put.question.settle(months.after(put.past, put.missing))}
            if self.put.recorded:
                settled[AHEAD] = put.question.settle(months.after(self.put.past, put.missing))
            return settled

        return settled

    def sorts(self, events: "pd.DataFrame") -> Index:
        """Return a number for each event: of a tone, by score; events that are alike have the same.

        What the events of a side score on average ahead stays as it is, whatever is left out.
        """
        if self.put.scores is not None:
            return np.asarray(
                np.unique(events["goldstein"], return_inverse=True)[1], dtype=np.int64
            )
        return np.zeros(len(events), dtype=np.int64)

    def _ahead(
        self, fit: SampledFit
    ) -> tuple[Simulations, SimulatedEvents | NotDefined, WindowCounts | None]:
        """Simulate the months ahead and the unrecorded past ones, as `answer_question` does."""
        put = self.put
        ahead = SimulatedAhead.of(
            fit, put.question.dyad, max(put.ahead, 1), put.record, seed=put.seed
        )
        return ahead.simulations, ahead.observed, put.rest(fit, ahead.simulations.share.shape[2])


@dataclass(frozen=True)
class _Reduced:
    """A question put to a record from which events of one dyad are left out."""

    put: AppliedQuestion
    dyad: str
    parts: tuple[_Part | Settled, ...]  # Those about other dyads as they are settled

    def look(self, fit: SampledFit, left_out: "pd.DataFrame") -> Snapshot:
        """Look at what a fit to the record without some events says."""
        functions = [part.given(fit) if isinstance(part, _Part) else part for part in self.parts]

        def given(events: "pd.DataFrame") -> Outcomes:
            return self._outcomes(
                [
                    function if isinstance(function, tuple) else function(events)
                    for function in functions
                ]
            )

        return Snapshot(level_now(fit, self.dyad), given(left_out), given)

    def _outcomes(self, parts: "Sequence[Named | Settled]") -> Outcomes:
        """Combine the parts; one without recorded months of its window is the same `ahead`."""
        by_name = [part for part in parts if isinstance(part, dict)]
        size = np.shape(by_name[0][YES][1])

        def settled(part: Named | Settled, name: str) -> Settled:
            if isinstance(part, dict):
                return part.get(name, part[YES])
            # a new fit may have another number of draws
            yes, not_void = (np.resize(values, size) for values in part)
            return yes, not_void

        names = dict.fromkeys(name for outcomes in by_name for name in outcomes)
        settled_by_name = {
            name: self.put.of_parts([settled(part, name) for part in parts]) for name in names
        }
        return {
            name: _outcome(self.put.question, settled_question)
            for name, settled_question in settled_by_name.items()
        }

    def sorts(self, events: "pd.DataFrame") -> Index:
        """Return a number for each event, the same for those that are alike to every part."""
        each = np.column_stack(
            [part.sorts(events) for part in self.parts if isinstance(part, _Part)]
        )
        return np.asarray(np.unique(each, axis=0, return_inverse=True)[1].ravel(), dtype=np.int64)
