"""Probability of a question from the simulations of a fit."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from forecast.base.arguments import checked
from forecast.base.limits import whole_seed
from forecast.base.typing import Seed
from forecast.base.wording import Card, Displayed, chance
from forecast.data.events import EventTable
from forecast.data.panel.record import last_known
from forecast.desk.questions.applied_part import SIMULATIONS_PER_DRAW
from forecast.desk.questions.applied_question import apply_question
from forecast.outlook.draws import FitLike
from forecast.outlook.question import Question
from forecast.outlook.summary import NotDefined, Probability
from forecast.outlook.windows import question_outlook


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
        if isinstance(self.chance, NotDefined):
            yes = self.chance.reason
        else:
            yes = chance(self.chance.value)
        facts = [("yes", yes), ("void", chance(self.void.value)), ("as of", f"{self.as_of}")]
        if self.note:
            facts.append(("note", self.note))
        return Card(f"Forecast of {self.question}", tuple(facts))


@checked
def answer_question(
    fit: FitLike,
    question: Question,
    *,
    seed: Seed = 1,
    simulations_per_draw: int = SIMULATIONS_PER_DRAW,
    table: EventTable | None = None,
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
    applied = apply_question(fit, question, seed=seed, table=table)
    yes, not_void = applied.simulate(fit, simulations_per_draw, published=True)
    outlook = question_outlook(applied, yes, not_void)
    return Answer(
        question=question.id,
        as_of=last_known(fit.panel),
        chance=outlook.chance,
        void=outlook.void,
        recorded=applied.known,
        data=str(fit.panel.attrs["digest"]),
        note=applied.note,
        seed=seed,
        simulations=int(np.prod(yes.shape)),
    )
