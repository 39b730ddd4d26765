"""Execution of a plan: on the data that it was made for, or on the months after it was frozen."""

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

from forecast.arguments import checked
from forecast.dates import month_end
from forecast.errors import PlanError
from forecast.events import find_dyad
from forecast.hypotheses.outcome import Answer
from forecast.hypotheses.plan import CONFIRMATORY, Plan, require_data, require_frozen
from forecast.hypotheses.run import PooledResults, PooledVerdict, pooled_tests
from forecast.progress import Progress
from forecast.sources import Data, gather
from forecast.wording import number


@checked
def run_plan(
    plan: Plan,
    *,
    dyad: str | None = None,
    as_of: date | None = None,
    cores: int | None = None,
    progress: Progress | None = None,
) -> PooledResults:
    """Carry out a frozen plan: exactly what it says, of exactly the data it was made for.

    Parameters
    ----------
    plan : Plan
        Frozen, and unchanged since.
    dyad : str, optional
        A dyad that is also shown within the hierarchy; it changes no verdict.
    as_of : datetime.date, optional
        A later day: then the claims are decided by the months after the freeze alone, given those before.
    cores : int, optional
        How many threads, by default all; changes no number.
    progress : callable, optional
        Called with (step in words, done, total).

    Returns
    -------
    PooledResults
        With the stamp of the plan, and its predictions and deviations among the notes.

    Raises
    ------
    PlanError, SpecError, DataError
        Before any test: if plan or data have changed, or no month has passed since the freeze.

    Examples
    --------
    >>> from forecast import read_plan, run_plan
    >>> run_plan(read_plan("plan.yaml")).stamp  # doctest: +SKIP
    'frozen on data already seen'
    """
    require_frozen(plan, "plan: ", "forecast plan freeze FILE")
    shown = None if dyad is None else find_dyad(dyad, list(plan.dyads))

    def tested(data: Data, of: str | None = None) -> PooledResults:
        return pooled_tests(
            data.panel, events=data.events, claims=plan.claims, dyad=of, seed=plan.seed,
            cores=cores or os.cpu_count() or 1, progress=progress,
        )  # fmt: skip

    data = gather(plan.source, plan.dyads, as_of=plan.as_of)
    if as_of is None:
        require_data(plan, data)
        results = replace(tested(data, shown), stamp=plan.stamp)
    else:
        results = _since_freeze(plan, data, as_of, tested, shown)
    return replace(results, notes=(*results.notes, *_notes(plan)))


def _since_freeze(
    plan: Plan, data: Data, as_of: date, tested: Callable[..., PooledResults], dyad: str | None
) -> PooledResults:
    """Decide by the months after the freeze: what they add to each log Bayes factor, given the months before."""
    if plan.data is None:
        raise PlanError("as-of: the plan was made without its data; carry it out on them as they are, without --as-of")
    if data.digest != plan.data.panel:
        raise PlanError(
            f"plan: the data up to {plan.as_of} are not those of {plan.created}: events of that time were added, "
            "removed or recoded. Restore them, or make a new plan"
        )
    known = month_end(plan.created)
    if as_of <= known:
        raise PlanError(f"as-of: {as_of} is not after {known}, the end of the month in which the plan was frozen")
    before = tested(gather(plan.source, plan.dyads, as_of=known))
    after = tested(gather(plan.source, plan.dyads, as_of=as_of), dyad)
    verdicts = tuple(_gained(one, before[one.code]) for one in after.verdicts)
    first = known + timedelta(days=1)
    note = f"Confirmatory: answers rest on the months from {first:%B %Y} to {as_of:%B %Y} alone, given those before; "
    note += "numbers without a dyad or state are of the whole record."
    return replace(after, verdicts=verdicts, stamp=CONFIRMATORY, notes=(note, *after.notes))


def _gained(after: PooledVerdict, before: PooledVerdict) -> PooledVerdict:
    """Return a verdict on later months: its log Bayes factor is what they add."""
    found, had = after.outcome, before.outcome
    least = found.least - had.least
    answer: Answer = "undecided"
    if found.answer == "cannot be tested" or (found.answer == "supported" and least > after.limit):
        answer = found.answer
    elif found.answer == "rejected" and found.most - had.most < -after.limit:
        answer = "rejected"
    words = f"The months after the freeze change the least LBF by {number(least, 1)}, to {number(found.least, 1)}."
    outcome = replace(
        found, log_bayes_factor=found.log_bayes_factor - had.log_bayes_factor, least=least,
        most=found.most - had.most, answer=answer, sentences=(words, *found.sentences), priors={}, parts={}, windows={},
    )  # fmt: skip
    return replace(after, outcome=outcome)


def _notes(plan: Plan) -> list[str]:
    seen = "" if plan.seen else "not "
    return [
        f"Plan frozen on {plan.created} (digest {plan.digest[:12]}). "
        f"Its author states that the data had {seen}been seen before.",
        *(f"Predicted for {code}: {one}." for code, one in plan.predicted.items()),
        *(f"Deviation from the plan, {one.day}: {one.text}" for one in plan.deviations),
    ]
