"""Tests of claims on all dyads of a panel.

`pooled_tests` checks its arguments before any work, tests each claim with coarse and fine integrals
and with other choices, and returns `PooledResults`.
"""

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from forecast.base.arguments import checked
from forecast.base.errors import DataError, SpecError
from forecast.base.limits import whole_seed
from forecast.base.progress import Progress, silent
from forecast.base.typing import Dyad, Seed
from forecast.base.wording import join
from forecast.data.events.table import EventTable
from forecast.data.panel.kinds import Panel
from forecast.data.panel.notes import notes_of_panel
from forecast.outlook.theory import PENDULUM
from forecast.study.hypotheses.claims import CLAIMS
from forecast.study.hypotheses.claims.effects import visits_of
from forecast.study.hypotheses.engine import Engine, PooledClaim
from forecast.study.hypotheses.evidence import FINE_QUADRATURE, USUAL_QUADRATURE, dyad_posterior
from forecast.study.hypotheses.family import FamilyRate
from forecast.study.hypotheses.models import CYCLE, RETURN, RETURN_CYCLE
from forecast.study.hypotheses.nulls import compare_with_null_sets
from forecast.study.hypotheses.outcome import LIMIT, UNTESTED, ClaimAnswer
from forecast.study.hypotheses.power import power_of_shape
from forecast.study.hypotheses.power_tables import (
    SIZE_TABLE,
    Rate,
    family_rates,
    like_embedded,
    rates_of,
    would_decide,
)
from forecast.study.hypotheses.record import PooledRecord, read_panel, too_short, turned_back
from forecast.study.hypotheses.results import (
    DyadResult,
    PooledResults,
    PooledVerdict,
    PowerSource,
)
from forecast.study.hypotheses.sensitivity import engines_by_part, sensitivity
from forecast.study.hypotheses.simulate import PROCESSES

PARTS = {PENDULUM.code: ("S5a", "S5b")}  # claims that are answered in parts
# Quantities of one dyad: parameter, name, unit, months per unit.
QUANTITIES = (
    (CYCLE, "half-life of deviations from the trend", "months", 1.0),
    (RETURN, "half-life of the trend's return", "years", 12.0),
)
INTERVAL_POINTS = (0.05, 0.5, 0.95)  # of a 90% interval with its median


@checked
def pooled_tests(
    panel: Panel,
    *,
    events: EventTable | None = None,
    claims: Sequence[str] = (),
    dyad: Dyad | None = None,
    power: int | None = None,
    cores: int | None = None,
    seed: Seed = 1,
    progress: Progress | None = None,
) -> PooledResults:
    """Test claims on all dyads of a panel at once.

    Parameters
    ----------
    panel : xarray.Dataset
        Monthly counts of at least two dyads, such as ``build_panel(read_chronology())`` returns.
    events : EventTable, optional
        The events of the panel; the claim on visits (``S10``) finds them among these.
    claims : sequence of str
        Codes: ``S2``, ``S4``, ``S5a``, ``S5b``, ``S5c``, ``S6``, ``S7``, ``S8``, ``S10``, ``S12``,
        or ``S5`` for ``S5a`` and ``S5b``. By default all that the panel can answer, except ``S5c``
        and ``S12``.
    dyad : str, optional
        A dyad that is also shown within the hierarchy, such as ``USA-CHN``.
    power : int, optional
        Records of the data's own shape that are simulated for each process, such as 10,
        which takes about a minute: power and false alarms of the claims that are tested. By default
        those of the embedded data are given, where the data are these, and else none.
    cores : int, optional
        Threads and processes; by default one per core. Changes no number.
    seed : int or numpy.random.Generator
        Of the placebo dates and simulated records.
    progress : callable, optional
        Called with (step in words, done, total).

    Returns
    -------
    PooledResults

    Raises
    ------
    SpecError, DataError
        Before any work: for an unknown claim or dyad, or if the panel cannot answer a claim that is
        named.

    Examples
    --------
    >>> from forecast import build_panel, pooled_tests, read_chronology
    >>> results = pooled_tests(build_panel(read_chronology()))  # doctest: +SKIP
    >>> results["S5b"].outcome.answer  # doctest: +SKIP
    'undecided'
    """
    seed = whole_seed(seed)
    tell = progress or silent
    cores = cores or os.cpu_count() or 1
    codes = parse_claims(claims)
    record = read_panel(panel, None if events is None else visits_of(events, panel))
    if dyad is not None and dyad not in record.dyads:
        raise SpecError(f"dyad: the data have no {dyad!r:.40}; choose among {join(record.dyads)}")
    if power is not None and record.value is not None:
        raise SpecError(
            "power: is simulated for counts of events, and the data are an index; leave it out"
        )
    codes, record, notes = _answerable(codes, record, named=bool(claims))
    if dyad is not None and dyad not in record.dyads:
        raise SpecError(
            f"dyad: {dyad} is too short for all of {join(codes)}; choose among {join(record.dyads)}"
        )
    simulated = _simulated_power(record, codes, power, seed, cores, tell)
    engines: dict[tuple[str, ...], _Engines] = {}
    verdicts = []
    for done, code in enumerate(codes):
        claim = CLAIMS[code]
        tell(f"{code}, {claim.claim}", done, len(codes))
        long_enough = record.with_min_months(claim.months)
        if long_enough.dyads not in engines:
            engines[long_enough.dyads] = _Engines.of(long_enough, cores, seed)
        verdicts.append(_verdict(claim, engines[long_enough.dyads], simulated))
    dyad_in_hierarchy = None
    if dyad is not None:
        tell(f"{dyad} within the hierarchy", len(codes), len(codes))
        evidence = {
            verdict.code: verdict.outcome.dyads[dyad]
            for verdict in verdicts
            if dyad in verdict.outcome.dyads
        }
        of_all = engines.get(record.dyads) or _Engines.of(record, cores, seed)
        dyad_in_hierarchy = dyad_result(of_all.coarse, dyad, evidence)
    tell("all claims", len(codes), len(codes))
    return PooledResults(
        record.dyads,
        str(record.time[np.min(record.first)]),
        str(record.time[np.max(record.stop) - 1]),
        int((record.events != 0).sum()),
        tuple(verdicts),
        notes,
        own=dyad_in_hierarchy,
        seed=seed,
        turned_back=dict(zip(record.dyads, turned_back(record).tolist(), strict=True)),
        data_notes=notes_of_panel(panel, record.dyads),
        power_of=simulated.source,
        family=simulated.family,
    )


@dataclass(frozen=True)
class _SimulatedPower:
    """Power and false alarms of the tests on a record."""

    source: PowerSource
    rates: Mapping[str, tuple[Rate, ...]]  # By claim
    sizes: Mapping[str, tuple[Rate, ...]]  # By claim, on larger simulated records
    family: tuple[FamilyRate, ...]


def _simulated_power(
    record: PooledRecord,
    codes: Sequence[str],
    sets: int | None,
    seed: int,
    cores: int,
    progress: Progress,
) -> _SimulatedPower:
    """Simulate power on records of the same shape, or read the tables of the embedded data."""
    simulated = {code for process in PROCESSES.values() for code in process.claims}
    testable = [code for code in codes if code in simulated]
    if sets is not None and testable:
        long_enough = record.with_min_months(max(CLAIMS[code].months for code in testable))
        rates, family = power_of_shape(
            long_enough, testable, sets, seed=seed, cores=cores, progress=progress
        )
        return _SimulatedPower("these data", rates, {}, family)
    if sets is not None or not like_embedded(record):
        return _SimulatedPower("", {}, {}, ())
    rates = {code: rates_of(code) for code in codes}
    sizes = {code: rates_of(code, SIZE_TABLE) for code in codes}
    return _SimulatedPower("the embedded data", rates, sizes, family_rates())


def dyad_result(engine: Engine, dyad: str, evidence: Mapping[str, float]) -> DyadResult:
    """Return the half-lives of one dyad within the hierarchy of a reverting trend with a cycle."""
    position = engine.record.dyads.index(dyad)
    reverting = engine.evidence(RETURN_CYCLE)
    steps = engine.variant("plain").steps
    rows = []
    for parameter, name, unit, months in QUANTITIES:
        values, probability = dyad_posterior(
            reverting, steps, position, parameter, engine.quadrature
        )
        below = np.cumsum(probability) - 0.5 * probability
        points = np.exp(np.interp(INTERVAL_POINTS, below, np.log(values))) / months
        # A dyad's prior has the spread of the dyads and that of the population's mean.
        of_dyad = replace(parameter, sd=math.hypot(parameter.sd, parameter.spread))
        prior = [point / months for point in of_dyad.prior_interval()]
        names = ("low", "median", "high", "prior_low", "prior_median", "prior_high")
        numbers = dict(zip(names, (*points.tolist(), *prior), strict=True))
        rows.append({"quantity": name, "unit": unit, **numbers})
    return DyadResult(dyad, tuple(rows), evidence)


@dataclass(frozen=True)
class _Engines:
    """Engines for the dyads that are long enough for a claim."""

    coarse: Engine  # Whose integrals have fewer nodes: the difference is the integration error
    fine: Engine
    parts: Mapping[str, Engine]  # By name of the part of the record

    @classmethod
    def of(cls, record: PooledRecord, cores: int, seed: int) -> "_Engines":
        """Make the engines of a record."""
        coarse = Engine(record, cores, USUAL_QUADRATURE, placebos=1, seed=seed, brief=True)
        fine = Engine(record, cores, FINE_QUADRATURE, seed=seed)
        return cls(coarse, fine, engines_by_part(fine))


def _verdict(claim: PooledClaim, engines: _Engines, simulated: _SimulatedPower) -> PooledVerdict:
    """Test a claim, compare a supported one with null sets, and test it with other choices."""
    coarse, fine = engines.coarse, engines.fine
    coarse_outcome = claim.test(coarse)
    outcome = claim.test(fine)
    if outcome.answer == "supported":
        nulls = compare_with_null_sets(claim, coarse, outcome.least)
        answer: ClaimAnswer = "undecided" if any(kind.too_many for kind in nulls) else "supported"
        outcome = replace(outcome, answer=answer, nulls=nulls)
    if outcome.answer != UNTESTED:
        outcome = replace(outcome, **sensitivity(claim, fine, engines.parts))
    error = abs(outcome.log_bayes_factor - coarse_outcome.log_bayes_factor)
    rates = simulated.rates.get(claim.code, ())
    words = would_decide(rates, simulated.sizes.get(claim.code, ()))
    if outcome.answer == "undecided" and words:
        outcome = replace(outcome, details={**outcome.details, "would_decide": words})
    return PooledVerdict(claim.code, claim.question, claim.claim, outcome, error, rates, LIMIT)


def _answerable(
    codes: tuple[str, ...], record: PooledRecord, *, named: bool
) -> tuple[tuple[str, ...], PooledRecord, tuple[str, ...]]:
    """Return the claims that a record can answer, the record of the dyads they test, and notes.

    Dyads are those that are long enough for any of the claims. A claim that is named and cannot be
    answered is an error; any other is left out with a note.
    """
    lacking = _lacking(codes, record)
    if lacking and (named or len(lacking) == len(codes)):
        code, lack = next(iter(lacking.items()))
        raise DataError(f"{code}: {lack}, or leave {code} out")
    answered = tuple(code for code in codes if code not in lacking)
    notes = [f"{code} was left out: {lack}." for code, lack in lacking.items()]
    by_months: dict[int, list[str]] = {}
    for code in answered:
        by_months.setdefault(CLAIMS[code].months, []).append(code)
    for months, tested in by_months.items():
        if short := too_short(record, months):
            notes.append(f"{join(tested)}: without dyads that are too short; {short}.")
    return answered, record.with_min_months(min(by_months)), tuple(notes)


def _lacking(codes: Sequence[str], record: PooledRecord) -> dict[str, str]:
    """Return what a record lacks for the claims that it cannot answer, in words, by claim."""
    return {code: lack for code in codes if (lack := CLAIMS[code].missing(record))}


def lacking_of(
    panel: xr.Dataset, events: EventTable | None, claims: Sequence[str]
) -> dict[str, str]:
    """Return what a panel lacks for the claims that it cannot answer, in words, by claim."""
    record = read_panel(panel, None if events is None else visits_of(events, panel))
    return _lacking(parse_claims(claims), record)


def check_tests(panel: xr.Dataset, events: EventTable | None, claims: Sequence[str]) -> None:
    """Raise before any work if a claim cannot be tested on a panel, as `pooled_tests` would."""
    for code, lack in lacking_of(panel, events, claims).items():
        raise DataError(f"{code}: {lack}, or leave {code} out")


def parse_claims(claims: Sequence[str]) -> tuple[str, ...]:
    """Return the codes of claims in order; by default those that are usually tested."""
    choices: dict[str, tuple[str, ...]] = {code.lower(): (code,) for code in CLAIMS}
    choices |= {code.lower(): parts for code, parts in PARTS.items()}
    unknown = [claim for claim in claims if claim.strip().lower() not in choices]
    if unknown:
        raise SpecError(
            f"claims: {join(unknown)} cannot be tested; choose among {', '.join((*CLAIMS, *PARTS))}"
        )
    named = {code for claim in claims for code in choices[claim.strip().lower()]}
    return tuple(
        code for code, claim in CLAIMS.items() if code in named or (not claims and claim.usual)
    )
