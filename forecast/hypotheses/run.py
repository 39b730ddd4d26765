"""Execution of a plan: infeasible tests are rejected first, then each claim is tested and results are collected."""

import os
import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from forecast.arguments import CALLABLE, DATA, PATH, PLAN, checked, whole
from forecast.errors import DataError, PlanError
from forecast.hypotheses.plan import PACKAGE, Plan, require_answerable, require_data
from forecast.hypotheses.registry import CLAIMS
from forecast.hypotheses.unit_roots import observed_series, require_arch, unit_roots
from forecast.hypotheses.verdict import PowerLike, Verdict
from forecast.panel import panel_kind
from forecast.panel.record import require_record
from forecast.progress import Progress, Steps, silent, within
from forecast.sources import Data, gather
from forecast.wording import Card, Displayed

if TYPE_CHECKING:
    import pandas as pd

    from forecast.hypotheses.candidates import Candidates
    from forecast.hypotheses.unit_roots import UnitRoot
    from forecast.model.gate import Miss

SENSITIVITY = "sensitivity"
PACKAGES = (PACKAGE, "pymc", "pytensor", "nutpie", "numba", "numpy", "xarray", "arviz-stats")
_WORK = {code: claim.work for code, claim in CLAIMS.items()} | {SENSITIVITY: 3.0}
"""Typical duration of the stages, as shares of a run."""


class GateLike(Protocol):
    """Result of the convergence checks of a fit, such as `forecast.model.Gate`."""

    @property
    def passed(self) -> bool:
        """Return whether the fit may be used."""

    @property
    def misses(self) -> "tuple[Miss, ...]":
        """The limits that are not kept."""

    def to_dict(self) -> dict[str, Any]:
        """Return the diagnostics as plain values."""


@dataclass(frozen=True, repr=False)
class Results(Displayed):
    """All that a run of tests found."""

    plan: Plan  # What was asked
    data: Data  # Of what
    verdicts: tuple[Verdict, ...]  # A claim each, in the order of the theory
    # How the answers change with other codings, eras and priors; None if it was not gone through.
    sensitivity: "pd.DataFrame | None"
    gates: Mapping[str, GateLike]  # Whether each model's sampler had settled
    notes: tuple[str, ...]  # Sentences on what was left out, and why
    seconds: dict[str, float]  # By step
    # By claim why its power was not simulated, a sentence each.
    without_power: dict[str, str] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)  # Of the packages that carried it out

    def _card(self) -> Card:
        facts = [(one.code, f"{CLAIMS[one.code].title}: {one.answer}") for one in self.verdicts]
        used = "yes" if self.converged else "NO: do not use these numbers"
        return Card(f"Tests of {self.plan.dyad} as of {self.plan.as_of}, {self.stamp}", (*facts, ("converged", used)))

    @property
    def stamp(self) -> str:
        """`planned` if the run carried out a frozen plan, else `exploratory`."""
        return "planned" if self.plan.frozen else "exploratory"

    @property
    def reasons(self) -> tuple[str, ...]:
        """Reasons why the numbers may not be used; empty if every fit has converged."""
        return tuple(map(str, self.misses))

    @property
    def misses(self) -> "tuple[Miss, ...]":
        """Violated limits of the convergence checks, by model and quantity."""
        return tuple(
            replace(miss, quantity=f"{model}: {miss.quantity}")
            for model, gate in self.gates.items()
            for miss in gate.misses
        )

    @property
    def converged(self) -> bool:
        """Return whether every fit passed the convergence checks."""
        return all(gate.passed for gate in self.gates.values())


@checked(plan=PLAN, data=DATA, kept=PATH, cores=whole(1), progress=CALLABLE)
def run_tests(
    plan: Plan,
    *,
    data: Data | None = None,
    kept: Path | None = None,
    cores: int | None = None,
    progress: Progress | None = None,
) -> Results:
    """Carry out a plan: exactly what it says, of exactly the data it was made for.

    Parameters
    ----------
    plan : Plan
        Frozen, or an exploratory one.
    data : Data, optional
        If they are gathered already.
    kept : pathlib.Path, optional
        File of simulations that `power` has kept; those in it are not done again.
    cores : int, optional
        How many processes; changes no number.
    progress : callable, optional
        Called with (step in words, done, total).

    Returns
    -------
    Results

    Raises
    ------
    PlanError, SpecError, DataError, UnknownDyadError
        Before anything is fitted: if plan or data have changed, or a claim cannot be tested on them.
    ForecastError
        If the textbook tests are asked for and not installed.

    Examples
    --------
    >>> from forecast.hypotheses.plan import make_plan
    >>> from forecast.hypotheses.run import run_tests
    >>> from forecast.sources import Source, gather
    >>> data = gather(Source(), "USA-CHN")
    >>> run_tests(make_plan(data, Source(), claims=("S5",)), data=data).stamp  # doctest: +SKIP
    'exploratory'
    """
    data = data or gathered(plan)
    require_runnable(plan, data)
    stages = _Stages([*plan.claims, *([SENSITIVITY] if plan.sensitivity else [])], progress or silent)
    candidates = make_candidates(plan, data, cores=cores, progress=stages.tell)
    checks, notes = _checks(plan, data)
    without = _without_power(plan)
    verdicts = []
    for code in plan.claims:
        with stages.begin(code, f"{code}, {CLAIMS[code].title}"):
            verdict = CLAIMS[code].test(candidates)
            power = None if code in without else _power(code, candidates, plan, kept, cores)
            verdicts.append(replace(verdict, power=power, checks=checks if CLAIMS[code].cross_checked else ()))
    sensitivity = None
    if plan.sensitivity:
        with stages.begin(SENSITIVITY, "sensitivity to data and priors"):
            sensitivity = _sensitivity(candidates)
    versions = {name: version(name) for name in PACKAGES}
    gates = dict(candidates.gates)
    return Results(plan, data, tuple(verdicts), sensitivity, gates, notes, stages.steps.seconds, without, versions)


def gathered(plan: Plan) -> Data:
    """Gather the data of a plan as they are now: other dyads too, if the plan was made with them."""
    own = f"{plan.dyad}.csv"
    read = any(name != own and re.fullmatch(r"[A-Z]{3}-[A-Z]{3}\.csv", name) for name in plan.data.files)
    return gather(
        plan.source, plan.dyad, as_of=plan.as_of, frequency=plan.frequency, scale=plan.scale, unit=plan.unit,
        others=read or len(plan.hierarchy) > 1, hierarchy=plan.hierarchy or None,
    )  # fmt: skip


def require_runnable(plan: Plan, data: Data) -> None:
    """Reject what cannot be carried out, before anything is fitted."""
    if plan.frozen is not None and plan.frozen != plan.digest:
        raise PlanError("plan: it has changed since it was frozen; freeze it again and say so")
    require_data(plan, data)
    require_answerable(plan.claims, data)
    require_record(data.panel, data.dyad, plan.as_of)
    if _cross_checked(plan):
        require_arch()


def make_candidates(plan: Plan, data: Data, *, cores: int | None, progress: Progress) -> "Candidates":
    """Make the models of a plan, none of them fitted yet."""
    from forecast.hypotheses.candidates import Candidates, Sampler

    return Candidates(
        data.table, data.dyad, plan.spec,
        panel_options={"as_of": plan.as_of, "frequency": plan.frequency, "scale": plan.scale, "unit": plan.unit},
        rule=plan.rule, seed=plan.seed, smallest_effect=plan.smallest_effect,
        sampler=Sampler(plan.draws, plan.tune, plan.chains, cores), progress=progress, panel=data.panel,
        together=data.hierarchy,
    )  # fmt: skip


def _checks(plan: Plan, data: Data) -> "tuple[tuple[UnitRoot, ...], tuple[str, ...]]":
    """Put the observed series to the textbook tests, and say what is left out of the run."""
    notes = []
    checks: tuple[UnitRoot, ...] = ()
    if _cross_checked(plan):
        try:
            checks = unit_roots(observed_series(data.panel, data.dyad))
        except DataError as error:
            notes.append(f"The textbook tests were left out, for they cannot be computed ({error}).")
    if note := panel_kind(data.panel).note:
        notes.append(note)
    if plan.sensitivity and data.table is None:
        notes.append("Other scales, units and frequencies were not tried: the data have no single events to recount.")
    if (running := version(PACKAGE)) != plan.package:
        notes.append(f"The plan was made by version {plan.package} of the package and carried out by {running}.")
    return checks, tuple(notes)


def _cross_checked(plan: Plan) -> bool:
    return any(CLAIMS[code].cross_checked for code in plan.claims)


def _sensitivity(candidates: "Candidates") -> "pd.DataFrame":
    from forecast.hypotheses.sensitivity import sensitivity

    return sensitivity(candidates)


def _without_power(plan: Plan) -> dict[str, str]:
    """Explain of each claim whose power is not simulated why not."""
    if not plan.simulations:
        return dict.fromkeys(plan.claims, "Power was not simulated, for the plan asks for no simulations.")
    return {code: CLAIMS[code].without_power for code in plan.claims if not CLAIMS[code].contest}


def _power(code: str, candidates: "Candidates", plan: Plan, kept: Path | None, cores: int | None) -> PowerLike:
    """Simulate how often the test of a claim would find what is there."""
    from forecast.hypotheses import power

    threads = cores or os.cpu_count() or 1
    return power.power(candidates, code, plan.half_lives, plan.simulations, kept=kept, cores=threads)


class _Stages:
    """The stages of a run: what is going on in each is reported with the time that is left."""

    def __init__(self, names: Sequence[str], progress: Progress) -> None:
        self.names, self.steps, self.words = list(names), Steps(progress), ""

    def begin(self, name: str, title: str) -> AbstractContextManager[None]:
        """Report a stage, and time it."""
        place = self.names.index(name)
        self.words = f"{title} ({place + 1} of {len(self.names)}{self._left(place)})"
        return self.steps.step(name, f"{self.words}: beginning")

    def tell(self, step: str, done: int, total: int) -> None:
        """Pass on what is going on within the stage."""
        within(self.steps.progress, self.words)(step, done, total)

    def _left(self, place: int) -> str:
        """Estimate the time left from the time gone, by what share of a run the stages usually take."""
        gone, ahead = (sum(_WORK.get(name, 1.0) for name in part) for part in (self.names[:place], self.names[place:]))
        if not place:
            return ""
        minutes = round(sum(self.steps.seconds.values()) * ahead / gone / 60)
        return f", about {minutes} min left" if minutes else ", less than a minute left"
