"""Execution of a frozen plan: exactly its tests, on exactly its data.

`run_plan` rejects a plan or data that have changed, and tests the claims. With a later day the
months after the freeze decide alone, given those before.
"""

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from forecast.base.arguments import checked
from forecast.base.dates import Day, month_end, optional_day
from forecast.base.errors import DataError, PlanError
from forecast.base.progress import Progress
from forecast.base.typing import Dyad
from forecast.base.wording import join, number
from forecast.data.events import find_dyad
from forecast.data.sources import Data, open_source, read_sources
from forecast.study.hypotheses.outcome import ClaimAnswer
from forecast.study.hypotheses.plan import CONFIRMATORY, Plan, fixed_by_version, require_frozen
from forecast.study.hypotheses.record import MIN_POOLED_DYADS
from forecast.study.hypotheses.results import PooledResults, PooledVerdict
from forecast.study.hypotheses.run import lacking_of, pooled_tests


def other_rules(plan: Plan) -> list[str]:
    """Return the fields in which a plan states another way of testing than this version has."""
    current = fixed_by_version(plan.claims)
    stated = {name: getattr(plan, name) for name in ("rule", "null_sets", "months", "priors")}
    return [name for name, value in stated.items() if value and value != current[name]]


def require_rule(plan: Plan) -> None:
    """Reject a plan that states another way of testing than this version has."""
    if other := other_rules(plan):
        raise PlanError(
            f"plan: this version tests by other {join(other)} than the plan states. Carry it out "
            f"with the version of {plan.created} ({plan.package}); or, if no one has seen results, "
            "freeze it again and say so"
        )


def require_data(plan: Plan, data: Data) -> None:
    """Reject data that are not those of the plan, if it was made from data."""
    if plan.data is None:
        return
    planned, present = plan.data.files, data.files
    both = [name for name in planned if name in present]
    changed = [
        *(f"{name} has changed" for name in both if present[name] != planned[name]),
        *(f"{name} is gone" for name in planned if name not in present),
        *(f"{name} is new" for name in present if name not in planned),
    ]
    if data.digest != plan.data.panel and not changed:
        changed = [
            "the panel has changed, though no file has: the package counts events in another way"
        ]
    if changed:
        raise PlanError(
            f"plan: the data are not those of {plan.created}: {'; '.join(changed)}. Restore them, "
            "or make a new plan"
        )


@checked
def run_plan(
    plan: Plan,
    *,
    path: str | Path | None = None,
    dyad: Dyad | None = None,
    as_of: Day | None = None,
    power: int | None = None,
    cores: int | None = None,
    progress: Progress | None = None,
) -> PooledResults:
    """Run the tests of a frozen plan, on exactly the data for which it was made.

    Parameters
    ----------
    plan : Plan
        Frozen, and unchanged since.
    path : str or pathlib.Path, optional
        Path of the data, if it is not that of the plan.
    dyad : str, optional
        A dyad that is also shown within the hierarchy; it changes no verdict.
    as_of : str or datetime.date, optional
        A later day: then the claims are decided by the months after the freeze alone, given those
        before.
    power : int, optional
        Records of the data's own shape that are simulated for each process; changes no
        verdict.
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
    as_of = optional_day(as_of, "as_of")
    require_frozen(plan, "plan: ", "forecast plan freeze FILE")
    require_rule(plan)
    frozen = plan
    if path is not None:
        plan = plan.model_copy(
            update={"source": plan.source.model_copy(update={"path": str(path)})}
        )
    data, left_out = _read_data(plan)
    plan = plan.model_copy(
        update={"claims": tuple(code for code in plan.claims if code not in left_out)}
    )
    shown_dyad = None if dyad is None else find_dyad(dyad, list(data.dyads))

    def run_tests(
        data: Data, dyad: str | None = None, *, power: int | None = power
    ) -> PooledResults:
        return pooled_tests(
            data.panel,
            events=data.events,
            claims=plan.claims,
            dyad=dyad,
            power=power,
            seed=plan.seed,
            cores=cores or os.cpu_count() or 1,
            progress=progress,
        )

    if as_of is None:
        require_data(plan, data)
        results = replace(run_tests(data, shown_dyad), stamp=plan.stamp)
    else:
        results = _test_since_freeze(plan, data, as_of, run_tests, shown_dyad)
    return replace(results, notes=(*results.notes, *_notes(frozen, data, left_out)))


def _read_data(plan: Plan) -> tuple[Data, dict[str, str]]:
    """Read the data of a plan, and return them with what they lack for some claims, by claim.

    Of a plan made without data, the rule chooses the dyads, and such claims are left out.
    """
    if plan.choice is None:
        return read_sources(plan.source, plan.dyads, as_of=plan.as_of), {}
    dyads = plan.choice.dyads(open_source(plan.source, as_of=plan.as_of), plan.as_of)
    if len(dyads) < MIN_POOLED_DYADS:
        names = join(dyads) or "none"
        raise DataError(
            f"{plan.source.words}: of its dyads the plan tests {plan.choice.words}, and that is "
            f"{names}"
        )
    data = read_sources(plan.source, dyads, as_of=plan.as_of)
    left_out = lacking_of(data.panel, data.events, plan.claims)
    if len(left_out) == len(plan.claims):
        why = "; ".join(f"{code}: {lack}" for code, lack in left_out.items())
        raise DataError(f"{plan.source.words}: no claim of the plan can be tested. {why}")
    return data, left_out


def _test_since_freeze(
    plan: Plan, data: Data, as_of: date, run_tests: Callable[..., PooledResults], dyad: str | None
) -> PooledResults:
    """Decide by what the months after the freeze add to each log Bayes factor."""
    if plan.data is None:
        raise PlanError(
            "as-of: the plan was made without its data; carry it out on them as they are, without "
            "--as-of"
        )
    if data.digest != plan.data.panel:
        raise PlanError(
            f"plan: the data up to {plan.as_of} are not those of {plan.created}: events of that "
            "time were added, removed or recoded. Restore them, or make a new plan"
        )
    frozen_until = month_end(plan.created)
    if as_of <= frozen_until:
        raise PlanError(
            f"as-of: {as_of} is not after {frozen_until}, the end of the month in which the plan "
            "was frozen"
        )
    before = run_tests(read_sources(plan.source, plan.dyads, as_of=frozen_until), power=None)
    after = run_tests(read_sources(plan.source, plan.dyads, as_of=as_of), dyad)
    verdicts = tuple(_decide_by_gain(verdict, before[verdict.code]) for verdict in after.verdicts)
    first = frozen_until + timedelta(days=1)
    note = (
        f"Confirmatory: answers rest on the months from {first:%B %Y} to {as_of:%B %Y} alone, "
        "given those before; "
    )
    note += "numbers without a dyad or state are of the whole record."
    return replace(after, verdicts=verdicts, stamp=CONFIRMATORY, notes=(note, *after.notes))


def _decide_by_gain(after: PooledVerdict, before: PooledVerdict) -> PooledVerdict:
    """Return the verdict by later months: its log Bayes factors are those that they add."""
    now, then = after.outcome, before.outcome
    least = now.least - then.least
    answer: ClaimAnswer = "undecided"
    if now.answer == "cannot be tested" or (now.answer == "supported" and least > after.limit):
        answer = now.answer
    elif now.answer == "rejected" and now.most - then.most < -after.limit:
        answer = "rejected"
    words = (
        f"The months after the freeze change the least LBF by {number(least, 1)}, "
        f"to {number(now.least, 1)}."
    )
    outcome = replace(
        now,
        log_bayes_factor=now.log_bayes_factor - then.log_bayes_factor,
        least=least,
        most=now.most - then.most,
        answer=answer,
        sentences=(words, *now.sentences),
        priors={},
        parts={},
        windows={},
    )
    return replace(after, outcome=outcome)


def _notes(plan: Plan, data: Data, left_out: dict[str, str]) -> list[str]:
    """Return what a reader of the results has to know of the plan, one note per line."""
    seen = "" if plan.seen else "not "
    notes = [
        f"Plan frozen on {plan.created} (digest {plan.digest[:12]}). "
        f"Its author states that the data had {seen}been seen before."
    ]
    if not plan.null_sets:
        notes.append(
            "The plan states no null sets, months or priors: tested by those of this version."
        )
    if plan.choice is not None:
        notes.append(f"Dyads chosen by the rule of the plan: {plan.choice.words}.")
        notes += [f"{code} was left out: {why}." for code, why in left_out.items()]
        files = data.events.files if data.events else ()
        notes += [f"Read: {file.name} (SHA-256 {file.sha256[:12]})." for file in files]
    notes += [_predicted(plan, code) for code in plan.predicted]
    notes += plan.remarks
    notes += [f"Deviation from the plan, {entry.day}: {entry.text}" for entry in plan.deviations]
    return notes


def _predicted(plan: Plan, code: str) -> str:
    """Return in words what a plan predicts for a claim, and why."""
    reason = plan.reasons.get(code, "")
    words = f"Predicted for {code}: {plan.predicted[code]}."
    return f"{words} {reason}" if reason else words
