"""Contributions to the probability of a question: of events within one fit, and between two fits.

The baseline, the threshold and the months before a passage stay as fixed when the question was asked. Events in the
window matter twice: they are part of the count, and they inform the forecast of the months ahead. Leaving them out
removes both; the contribution to the months ahead alone is reported separately (`ahead`).

For counts of a kind, the events of each side in each simulation are weighted like the draws, and the number of the kind
among them is summed out (`forecast.questions.record`), so that the mix of kinds also excludes the omitted events.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Self

import numpy as np

from forecast.arguments import checked, whole_seed
from forecast.errors import QuestionError
from forecast.outlook.attribution import Attribution, Posed, SampledFit, Setting, attribute_to
from forecast.outlook.comparison import Ahead, Look, Numbers, Outcome, Outcomes, level_now, numbers_of
from forecast.outlook.draws import FitLike
from forecast.outlook.question import CountQuestion, Question
from forecast.outlook.recorded import WindowCounts
from forecast.panel.record import last_known
from forecast.progress import Progress, silent
from forecast.questions.answer import PutQuestion, PutTogether, put_question
from forecast.questions.form import Settled
from forecast.questions.record import chance_of_count, coupled, side_shares
from forecast.typing import Bool, Float, Index, Seed
from forecast.wording import join

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd

    from forecast.events import EventTable

YES, AHEAD = "yes", "ahead"
"""Names of the numbers: the chance of a yes, and the same with the months of the window as they were recorded."""


def asking(question: Question, dyad: str, table: "EventTable | None" = None) -> "Callable[[FitLike, int], Numbers]":
    """Return the function that asks a question of a fit with a seed: the level of a dyad now, and the chance of yes."""

    def ask(fit: FitLike, seed: int) -> Numbers:
        put = put_question(fit, question, seed=seed, table=table)
        outcome = _require_there(question, _given_there(put.simulate(fit)))
        return numbers_of(Look(level_now(fit, dyad), {YES: outcome}).numbers)

    return ask


@checked
def attribute_question(
    fit: SampledFit,
    question: Question,
    table: "EventTable",
    *,
    dyad: str | None = None,
    months: int = 6,
    seed: Seed = 1,
    refit: bool = False,
    progress: Progress | None = None,
) -> Attribution:
    """Compute the contribution of every event of the last months to the level and to the probability of a question.

    The method is that of `forecast.attribute`. The probability is the model's; `answer_question` pools that of a share
    with benchmarks, and takes that of a count from the past of its kind. What is asked of other dyads stays unchanged.

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
        Whether to fit the model again without some events where nothing else is valid; it takes as long as a fit.
    progress : callable, optional
        Called with (step in words, done, total).

    Returns
    -------
    Attribution
        Its numbers are `level`, `yes`, and `ahead` where months of the window are recorded.

    Raises
    ------
    QuestionError
        If the question is over or was asked after the day of the fit, the fit has not its data, or it is void in every
        future.
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
    if closed := question.closed(last_known(fit.panel)):
        raise QuestionError(f"{question.id}: {closed}")
    chosen = dyad or question.dyad
    if chosen not in question.dyads:
        raise QuestionError(f"{question.id}: it is about {join(question.dyads)}; name one of them as dyad")
    put = put_question(fit, question, seed=seed, table=table)
    own = fit.of_dyad(chosen)
    reduced = _Reduced(put, own) if isinstance(put, PutQuestion) else _ReducedTogether.of(put, fit, own, chosen)
    setting = Setting(fit, chosen, own.panel, reduced.look, seed, refit, progress or silent, reduced.sorts)
    facts = {name: getattr(question, name) for name in ("id", "kind", "sentence", "asked", "first", "last")}
    parts = tuple(dict.fromkeys(part.kind for part in question.parts))
    posed = Posed(**facts, parts=parts, recorded=put.recorded)
    return attribute_to(setting, table, months, posed=posed, horizon=None, baseline=None, smallest_improvement=None)


def _given_there(settled: Settled) -> Outcome:
    """Return the probability of a yes in each simulation if the question is not void there, and that of the latter."""
    yes, there = settled
    return np.divide(yes, there, out=np.zeros(np.shape(yes)), where=there > 0), there


def _require_there(question: Question, outcome: Outcome) -> Outcome:
    """Return the outcome of a question; reject a question that is void in every simulation."""
    if not outcome[1].any():
        raise QuestionError(f"{question.id}: it is void in every simulated future; there is no probability to split")
    return outcome


@dataclass(frozen=True)
class _Reduced:
    """A question put to a record from which events are left out."""

    put: PutQuestion  # To the fit of the whole record
    fit: SampledFit  # Of the dyad alone; its panel says how many events lie ahead

    def look(self, fit: SampledFit, left_out: "pd.DataFrame") -> Look:
        """Look at what a fit to the record without some events says."""
        level = level_now(fit, self.put.question.dyad)
        if self.put.record is None:
            return Look(level, {YES: self.put.simulate(fit)})
        months = self._months(self._ahead(fit))

        def given(events: "pd.DataFrame") -> Outcomes:
            return self._outcomes(months, events)

        return Look(level, given(left_out), given)

    def sorts(self, events: "pd.DataFrame") -> Index:
        """Return a number for each event: of a count, by its class and whether it is of the kind; of a tone, by score.

        What the events of a side score on average ahead stays as it is, whatever is left out.
        """
        kind = self.put.kind
        if self.put.scores is not None:
            return np.asarray(np.unique(events["goldstein"], return_inverse=True)[1], dtype=np.int64)
        if kind is None:
            return np.zeros(len(events), dtype=np.int64)
        return np.asarray(2 * events["of_class"].to_numpy() + kind.holds(events), dtype=np.int64)

    def _ahead(self, fit: SampledFit) -> Ahead:
        """Simulate the months ahead of a fit, as `answer_question` does."""
        put = self.put
        assert put.record is not None
        months, kinds = max(put.ahead, 1), put.kind is not None
        return Ahead.of(fit, put.question.dyad, months, put.record, seed=put.seed, kinds=kinds)

    def _rest(self, ahead: Ahead) -> WindowCounts | None:
        """Return what is not recorded of the window's months up to the present."""
        return self.put.rest(ahead.fit, ahead.simulations.share.shape[2])

    def _months(self, ahead: Ahead) -> WindowCounts:
        """Return the simulated months of the window, without kinds."""
        return self.put.sides_ahead(ahead.simulations, self.put.require(ahead.observed), self._rest(ahead))

    @cached_property
    def _drawn(self) -> tuple[Bool, Float]:
        """Return which simulations given all event data hold enough events, and how likely that was in each."""
        ahead, put = self._ahead(self.fit), self.put
        hit, _ = put.settle(ahead.simulations, ahead.observed, self._rest(ahead))
        return hit, _chance(put, put.past, self._months(ahead))

    def _outcomes(self, months: WindowCounts, left_out: "pd.DataFrame") -> Outcomes:
        """Return the outcomes of the question without some events, given the months ahead in every simulation."""
        put = self.put.without(left_out)
        found = {YES: self._outcome(put, put.past, months)}
        if self.put.recorded:
            found[AHEAD] = self._outcome(put, self.put.past, months)
        return found

    def _outcome(self, put: PutQuestion, past: WindowCounts | None, months: WindowCounts) -> Outcome:
        assert past is not None
        if put.kind is None:
            return _require_there(put.question, put.question.settle(months.after(past, put.missing)))
        (hit, before), chance = self._drawn, _chance(put, past, months)
        if before.shape == chance.shape:  # a new fit may have another number of draws
            chance = coupled(hit, before, chance)
        return chance, np.ones(chance.shape, dtype=bool)


@dataclass(frozen=True)
class _ReducedTogether:
    """A question made of several, put to a record from which events of one dyad are left out."""

    put: PutTogether
    dyad: str
    parts: tuple[_Reduced | Settled, ...]  # Of other dyads their simulations, whatever is left out of this one

    @classmethod
    def of(cls, put: PutTogether, fit: SampledFit, own: SampledFit, dyad: str) -> Self:
        """Reduce the parts about a dyad; `own` is its part of the fit."""
        parts = [_Reduced(part, own) if part.question.dyad == dyad else part.simulate(fit) for part in put.parts]
        return cls(put, dyad, tuple(parts))

    def look(self, fit: SampledFit, left_out: "pd.DataFrame") -> Look:
        """Look at what a fit to the record without some events says."""
        seen = [part.look(fit, left_out) if isinstance(part, _Reduced) else part for part in self.parts]

        def given(events: "pd.DataFrame") -> Outcomes:
            return self._outcomes([one.without(events).outcomes if isinstance(one, Look) else one for one in seen])

        return Look(level_now(fit, self.dyad), given(left_out), given)

    def _outcomes(self, parts: "Sequence[Outcomes | Settled]") -> Outcomes:
        """Combine the outcomes of the parts; one without recorded months of its window has the same outcome `ahead`."""
        own = [one for one in parts if not isinstance(one, tuple)]
        size = np.shape(own[0][YES][1])

        def settled(part: "Outcomes | Settled", name: str) -> Settled:
            if isinstance(part, tuple):  # a new fit may have another number of draws
                yes, there = (np.resize(one, size) for one in part)
                return yes, there
            chance, there = part.get(name, part[YES])
            return chance * there, there

        names = dict.fromkeys(name for one in own for name in one)
        found = {name: self.put.of_parts([settled(part, name) for part in parts]) for name in names}
        return {name: _require_there(self.put.question, _given_there(one)) for name, one in found.items()}

    def sorts(self, events: "pd.DataFrame") -> Index:
        """Return a number for each event, the same for those that are alike to every part."""
        each = np.column_stack([part.sorts(events) for part in self.parts if isinstance(part, _Reduced)])
        return np.asarray(np.unique(each, axis=0, return_inverse=True)[1].ravel(), dtype=np.int64)


def _chance(put: PutQuestion, past: WindowCounts | None, months: WindowCounts) -> Float:
    """Return the probability of reaching a count in each simulation, given the events of each side."""
    assert isinstance(put.question, CountQuestion) and put.kind is not None and put.record is not None
    assert past is not None and past.kind is not None
    need = put.question.at_least - int(past.kind.sum())
    return chance_of_count(need, months, side_shares(put.record, put.kind))
