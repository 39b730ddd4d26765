"""A question of any kind applied to a fit: its parts, simulated and settled together."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from forecast.base.arguments import checked
from forecast.base.errors import RareCondition
from forecast.base.limits import whole_seed
from forecast.base.typing import Bool, Float, Index, Seed
from forecast.data.events import EventTable
from forecast.desk.questions.applied_part import SIMULATIONS_PER_DRAW, AppliedPart, apply_part
from forecast.desk.questions.compound import (
    INDEPENDENT,
    CompoundQuestion,
    ConditionalQuestion,
    Settled,
)
from forecast.outlook.benchmarks import forecasters, reason_not_pooled
from forecast.outlook.draws import FitLike
from forecast.outlook.observed import SimulatedEvents
from forecast.outlook.question import Question
from forecast.outlook.question_types import ShareQuestion, ToneQuestion
from forecast.outlook.simulations import Simulations
from forecast.outlook.summary import NotDefined

# Simulations in which a condition is true; of fewer no conditional probability is stated
MIN_CONDITION_SIMULATIONS = 100


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
        notes = [INDEPENDENT] if len(self.question.dyads) > 1 else []
        for part in self.parts:
            notes += part.notes
        return " ".join(note for note in dict.fromkeys(notes) if note)

    def member(self, size: tuple[int, ...]) -> Index | None:
        """Return the place in `MEMBERS` of the forecaster of each published simulation.

        None if they are no pool's.
        """
        part = self.parts[0]
        if len(self.parts) > 1 or part.ahead <= 0:
            return None
        if not isinstance(self.question, ShareQuestion | ToneQuestion):
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
            settled_parts[1:] = map(self._matched, self.parts[1:], settled_parts[1:])
        return self.of_parts(settled_parts)

    def settle(self, simulations: Simulations, observed: SimulatedEvents | NotDefined) -> Settled:
        """Return the same of given simulations of its only dyad."""
        return self.of_parts([part.settle(simulations, observed) for part in self.parts])

    def of_parts(self, parts: Sequence[Settled]) -> Settled:
        """Settle the question; reject a condition that is true in too few simulations."""
        if not isinstance(self.question, CompoundQuestion):
            return parts[0]
        if isinstance(self.question, ConditionalQuestion):
            condition, _ = parts[0]
            _require_frequent(self.question, condition)
        return self.question.settle(parts)

    def _matched(self, part: AppliedPart, settled: Settled) -> Settled:
        """Reorder the simulations of a part to match the forecasters of the first part."""
        size = np.shape(settled[0])
        first_order, order = (
            np.argsort(forecasters(part.seed, dyad, size), axis=None, kind="stable")
            for dyad in (self.parts[0].question.dyad, part.question.dyad)
        )
        position_of = np.empty_like(order)
        position_of[first_order] = order
        yes, not_void = (
            np.ravel(values)[position_of].reshape(np.shape(values)) for values in settled
        )
        return yes, not_void


def _require_frequent(question: ConditionalQuestion, condition: Bool | Float) -> None:
    """Reject a condition that is true in too few simulations."""
    true, simulations = round(float(np.sum(condition))), np.size(condition)
    if true < MIN_CONDITION_SIMULATIONS:
        raise RareCondition(
            f"{question.id}: its condition ({question.given.id}) is true in "
            f"{true} of {simulations:,} simulations; expected at least "
            f"{MIN_CONDITION_SIMULATIONS}. Choose a likelier condition, or, if this one is "
            "no longer possible, resolve the question"
        )


@checked
def apply_question(
    fit: FitLike, question: Question, *, seed: Seed = 1, table: EventTable | None = None
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
    parts = tuple(apply_part(fit, part, seed, table) for part in question.parts)
    return AppliedQuestion(question, parts)
