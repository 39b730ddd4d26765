"""A question as the comparison of two fits asks it."""

from typing import TYPE_CHECKING

import numpy as np

from forecast.errors import QuestionError
from forecast.outlook.draws import FitLike
from forecast.outlook.look import Look, Numbers, level_in, numbers_of
from forecast.questions.probability import settle_futures
from forecast.questions.question import Question

if TYPE_CHECKING:
    from collections.abc import Callable

    from forecast.events import EventTable


def asking(question: Question, table: "EventTable | None" = None) -> "Callable[[FitLike, int], Numbers]":
    """Return the function that asks a question of a fit with a seed: the level now, and the chance of a yes.

    Parameters
    ----------
    question : Question
    table : EventTable, optional
        As for `answer_question`.

    Raises
    ------
    QuestionError
        When it is asked: as `answer_question`, and if it is void in every future.

    Examples
    --------
    >>> from forecast import read_question
    >>> from forecast.questions.moved import asking
    >>> asking(read_question("mine.yaml"))(fit, 1)["yes"].value  # doctest: +SKIP
    0.31
    """

    def ask(fit: FitLike, seed: int) -> Numbers:
        yes, there = settle_futures(fit, question, seed=seed, table=table)
        if not there.any():
            raise QuestionError(
                f"{question.id}: it is void in every simulated future; there is no probability to split"
            )
        level = level_in(fit, question.dyad, 0)
        return numbers_of(Look(level, {"yes": yes}, there, np.zeros(yes.shape, dtype=bool), None).numbers)

    return ask
