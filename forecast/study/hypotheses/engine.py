"""Engine of the tests: the evidence of models on a record, each computed once.

An `Engine` holds a record and the settings of the integrals. A `PooledClaim` compares the evidence
of models that an engine computes, and returns an `Outcome`. Begin with `Engine.evidence` and
`Engine.factor_range`; `posterior_picture` and `dyad_bars` draw what a test finds.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from forecast.base.typing import Float
from forecast.study.hypotheses.evidence import (
    MEAN_SDS,
    USUAL_QUADRATURE,
    PooledEvidence,
    QuadratureSettings,
    evidence_of,
)
from forecast.study.hypotheses.filter.inputs import NEW_MEAN, NEW_SOURCE, SET_CEILING
from forecast.study.hypotheses.models import (
    CYCLE,
    CYCLE_SD,
    WALK_CYCLE,
    Model,
    Parameter,
    PosteriorMode,
    find_mode,
)
from forecast.study.hypotheses.outcome import (
    ClaimAnswer,
    FactorRange,
    FactorRangeOf,
    Outcome,
    Picture,
    Series,
    decide,
    leave_out,
    sentences,
)
from forecast.study.hypotheses.record import (
    MIN_CLAIM_MONTHS,
    MIN_POOLED_DYADS,
    SOURCE_MONTHS,
    PooledRecord,
    too_short,
)

DECADE_MONTHS = 120  # between the ceilings that are set blindly, whatever the eras
VARIANTS: dict[str, Callable[[PooledRecord], PooledRecord]] = {
    "plain": PooledRecord.without_eras,
    # The trend may jump where eras begin.
    "eras": lambda record: record,
    # Each era also sets a ceiling.
    "ceilings": lambda record: record.anchored(SET_CEILING, record.begins),
    # A ceiling is set every ten years.
    "decades": lambda record: record.anchored(SET_CEILING, record.months_apart(DECADE_MONTHS)),
    # Each era has its own long-run mean.
    "means": lambda record: record.anchored(NEW_MEAN, record.begins),
    # A new source begins every fifteen years.
    "sources": lambda record: record.without_eras().anchored(
        NEW_SOURCE, record.months_apart(SOURCE_MONTHS)
    ),
    # Only the eras that were recognised within a week of their start.
    "prompt eras": PooledRecord.with_prompt_eras,
    # Each month knows the balance of the last month with events.
    "last events": PooledRecord.with_last_events,
}
"""Variants of the record, by name: what a model reads."""
PLACEBOS = 300  # sets of placebo era starts of each kind
# In place of Laplace's approximation: within 0.3 log units of the usual on the embedded record.
COARSE_QUADRATURE = QuadratureSettings(concentration_nodes=1)
# Of models with many parameters: twice as fast, and 0.1 log units from `COARSE_QUADRATURE`.
NARROW_QUADRATURE = QuadratureSettings(concentration_nodes=1, half_width=3.0)
MANY_PARAMETERS = 4
# Kinds of null sets: simulated records in which a claim is false and looks as if it were true
# (`nulls`).
MATCHED = "walks that turned back as these dyads did"
HINDSIGHT = "walks with late eras dated where the record moves most"
EPISODES = "walks whose events repeat the last ones"
REMEMBERED = "paths of long memory that turned back as these dyads did"


class ModelPoint(NamedTuple):
    """A record as a model reads it, and a point of the model's parameters, (1, column)."""

    record: PooledRecord
    point: Float


@dataclass(frozen=True)
class Engine:
    """A record, and the evidence of models on it with the settings of the integrals."""

    record: PooledRecord
    cores: int = 1
    quadrature: QuadratureSettings = USUAL_QUADRATURE
    mean_sds: tuple[float, ...] = MEAN_SDS
    placebos: int = PLACEBOS
    seed: int = 1
    brief: bool = False  # Without leave-one-out, for simulated records and other choices
    laplace: bool = False  # The cycle's parameters by Laplace's approximation, ten times as fast
    long_memory: bool = True  # Long memory is an alternative; in null sets of walks it is none
    width: float = 1.0  # How many times as wide the priors are
    selected: tuple[int, ...] | None = None  # Dyads whose evidence counts; None for all
    # What was computed already
    modes: dict[Any, PosteriorMode] = field(default_factory=dict)
    evidences: dict[Any, PooledEvidence] = field(default_factory=dict)
    variants: dict[str, PooledRecord] = field(default_factory=dict)

    def variant(
        self, name: str, make: Callable[[PooledRecord], PooledRecord] | None = None
    ) -> PooledRecord:
        """Return a variant of the record by its name.

        A claim that needs another variant gives a new name and the function that makes it.
        """
        if name not in self.variants:
            self.variants[name] = (make or VARIANTS[name])(self.record)
        return self.variants[name]

    def model_for_record(self, model: Model) -> Model:
        """Return the model with a noise of each dyad's own if the record is an index."""
        return model if self.record.value is None else model.with_own_noise()

    def evidence(
        self, model: Model, variant: str = "plain", jumps: tuple[float | None, ...] = (None,)
    ) -> PooledEvidence:
        """Return the evidence of a model on a variant of the record."""
        model = self.model_for_record(model)
        key = model, variant, jumps, self.mean_sds, self.laplace
        if key not in self.evidences:
            mode, log_mass = self.posterior_mode(model, variant), 0.0
            if self.laplace and CYCLE in model.parameters:
                mode, log_mass = mode.with_fixed(CYCLE, CYCLE_SD)
            evidence = evidence_of(
                mode.model,
                self.variant(variant).steps,
                cores=self.cores,
                quadrature=self.quadrature,
                mode=mode,
                mean_sds=self.mean_sds,
                jumps=jumps,
            )
            self.evidences[key] = replace(evidence, log_prior=evidence.log_prior + log_mass)
        return self.evidences[key]

    def evidence_without_laplace(self, model: Model) -> PooledEvidence:
        """Return the evidence of a model on the plain record, without Laplace's approximation.

        Laplace's approximation ignores how dyads differ in their cycles: 13 log units on the
        embedded record. That cancels only between two models with cycles.
        """
        if not self.laplace:
            return self.evidence(model)
        many = len(model.parameters) >= MANY_PARAMETERS
        quadrature = NARROW_QUADRATURE if many else COARSE_QUADRATURE
        return replace(self, laplace=False, quadrature=quadrature).evidence(model)

    def posterior_mode(self, model: Model, variant: str = "plain") -> PosteriorMode:
        """Return the mode of a model's parameters on a variant of the record."""
        model, smaller = self.model_for_record(model), self.model_for_record(WALK_CYCLE)
        key = model, variant
        if key not in self.modes:
            start = None
            extends_smaller = (
                len(model.free) > len(smaller.free)
                and model.parameters[:3] == WALK_CYCLE.parameters
            )
            if extends_smaller and not model.fixed:
                # The search starts at the mode of the model without the last parameter.
                values = self.posterior_mode(smaller).values
                start = np.concatenate([values[:-1], [model.free[-2].mean], values[-1:]])
            self.modes[key] = find_mode(model, self.variant(variant).steps, self.cores, start)
        return self.modes[key]

    def model_point(self, model: Model, variant: str = "plain") -> ModelPoint:
        """Return a variant of the record with the mode of a model on it."""
        mode = self.posterior_mode(model, variant)
        return ModelPoint(self.variant(variant), model.points(mode.values[None]))

    def outcome(
        self,
        name: str,
        factor_range: FactorRangeOf,
        log_bayes_factor: float,
        picture: Picture | None,
        details: Mapping[str, Any],
        *,
        answer: ClaimAnswer | None = None,
    ) -> Outcome:
        """Decide a claim, and decide it again without each dyad and state.

        ``name`` is the macro of the claim in ``sentences.j2``.
        """
        least, most = factor_range(None)
        answer = answer or decide(least, most)
        words: Sequence[str] = ()
        omissions: dict[str, Any] = {}
        if not self.brief:
            words = sentences(name, details=details, log_bayes_factor=log_bayes_factor)
            omissions = leave_out(self.record, factor_range, answer)
        return Outcome(
            log_bayes_factor,
            answer,
            tuple(words),
            picture,
            least,
            most,
            details=details,
            **omissions,
        )

    def factor_range(
        self, claim: PooledEvidence, alternatives: Iterable[PooledEvidence]
    ) -> FactorRangeOf:
        """Return the range of a claim's log Bayes factors, as a function of the dyads.

        The range is over alternatives and over spreads of long-run means.
        """
        alternatives = list(alternatives)

        def factor_range(dyads: list[int] | None) -> FactorRange:
            claim_totals = self.totals(claim, dyads)
            factors = np.array(
                [claim_totals - self.totals(alternative, dyads) for alternative in alternatives]
            )
            return FactorRange(float(factors.min()), float(factors.max()))

        return factor_range

    def factor_range_of_pairs(
        self, pairs: Iterable[tuple[PooledEvidence, PooledEvidence]]
    ) -> FactorRangeOf:
        """Return the range over pairs of a claim and its alternative, as a function of the dyads.

        A claim has several pairs if it is tested under several models.
        """
        range_by_pair = [self.factor_range(claim, [alternative]) for claim, alternative in pairs]

        def factor_range(dyads: list[int] | None) -> FactorRange:
            ranges = [range_of_pair(dyads) for range_of_pair in range_by_pair]
            return FactorRange(
                min(pair.least for pair in ranges), max(pair.most for pair in ranges)
            )

        return factor_range

    def log_bayes_factors(
        self, pairs: Mapping[str, tuple[PooledEvidence, PooledEvidence]]
    ) -> dict[str, float]:
        """Return the log Bayes factor of each pair of a claim and its alternative, by name."""
        return {
            name: self.total(claim) - self.total(alternative)
            for name, (claim, alternative) in pairs.items()
        }

    def dyads_to_count(self, dyads: list[int] | None = None) -> list[int] | None:
        """Return the given dyads, or by default those of the engine; None for all."""
        if dyads is None and self.selected is not None:
            return list(self.selected)
        return dyads

    def total(self, evidence: PooledEvidence) -> float:
        """Return the log evidence of the engine's dyads."""
        return evidence.total(self.dyads_to_count(), width=self.width)

    def totals(self, evidence: PooledEvidence, dyads: list[int] | None = None) -> Float:
        """Return the log evidence at each spread of long-run means, (mean_sd,).

        A model without long-run means has the same value at all spreads.
        """
        totals = evidence.totals(self.dyads_to_count(dyads), width=self.width)
        return np.broadcast_to(totals, len(self.mean_sds))


type HeldOutModels = Callable[[Engine], tuple[Sequence[ModelPoint], ModelPoint]]
"""Returns the models of a claim, equally likely before the data, and that of its alternative:
both predict windows after the data that they know."""


@dataclass(frozen=True)
class PooledClaim:
    """A claim about all dyads, and its test."""

    code: str
    question: str  # Heading of its section
    claim: str  # A statement in a few words
    test: Callable[[Engine], Outcome]
    # What a record lacks for the test, with the remedy; empty if nothing
    lacks: Callable[[PooledRecord], str] = lambda record: ""
    held_out: HeldOutModels | None = None  # Models that predict windows ahead
    nulls: tuple[str, ...] = ()  # Null sets that a supported claim must stand out from
    usual: bool = True  # Tested without being named
    months: int = MIN_CLAIM_MONTHS  # From first event to last, which a dyad needs to be tested

    def missing(self, record: PooledRecord) -> str:
        """Return what a record lacks for the test, with the remedy; empty if nothing."""
        long = record.with_min_months(self.months)
        if len(long.dyads) < MIN_POOLED_DYADS:
            return f"{too_short(record, self.months)}; give longer records"
        return self.lacks(long)


def posterior_picture(
    title: str, x_label: str, evidence: PooledEvidence, parameter: Parameter
) -> Picture:
    """Return the posterior and the prior of a population's mean as lines."""
    values, density = evidence.density(parameter)
    lines = {"posterior": density, "prior": parameter.density(values)}
    series = tuple(Series(name, tuple(values), tuple(line)) for name, line in lines.items())
    return Picture(title, x_label, "probability per log unit", "line", series)


def dyad_bars(title: str, factors: Mapping[str, float]) -> Picture:
    """Return a bar for what each dyad adds to a log Bayes factor, the largest first."""
    ordered = sorted(factors.items(), key=lambda item: -item[1])
    names, values = tuple(name for name, _ in ordered), tuple(value for _, value in ordered)
    series = Series("log Bayes factor", names, values)
    return Picture(title, "", "log Bayes factor, given the others", "bars", (series,))
