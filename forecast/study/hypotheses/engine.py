"""Evidences of models on a record, each computed once.

Claims that are tested by them, and how findings are shown.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from forecast.base.typing import Float
from forecast.study.hypotheses.evidence import MEAN_SDS, USUAL, Finesse, PooledEvidence, evidence_of
from forecast.study.hypotheses.filter import NEW_MEAN, NEW_SOURCE, SET_CEILING
from forecast.study.hypotheses.models import (
    CYCLE,
    CYCLE_SD,
    WALK_CYCLE,
    Axis,
    Centre,
    Model,
    centre_of,
)
from forecast.study.hypotheses.outcome import (
    ClaimAnswer,
    Deciding,
    Outcome,
    Picture,
    Series,
    decide,
    left_out,
    sentences,
)
from forecast.study.hypotheses.record import (
    MIN_CLAIM_MONTHS,
    MIN_POOLED_DYADS,
    PooledRecord,
    too_short,
)

SOURCE_MONTHS = 180  # that a source lasts in the rival of drifting sources
DECADE = 120  # months of an era in the rival of blind eras
VARIANTS: dict[str, Callable[[PooledRecord], PooledRecord]] = {
    "plain": PooledRecord.without_eras,
    "eras": lambda record: record,  # The trend may jump where they begin
    "ceilings": lambda record: record.anchored(
        SET_CEILING, record.begins
    ),  # Each era also sets one
    "decades": lambda record: record.anchored(
        SET_CEILING, record.every(DECADE)
    ),  # Every ten years do
    "means": lambda record: record.anchored(
        NEW_MEAN, record.begins
    ),  # Each era has its own long-run mean
    "sources": lambda record: record.without_eras().anchored(
        NEW_SOURCE, record.every(SOURCE_MONTHS)
    ),
    "prompt eras": PooledRecord.with_prompt_eras,  # Eras that were recognised within a week alone
    # What the last month with events was like is known
    "last events": PooledRecord.with_last_events,
}
"""The record as models read it; in `sources`, these change blindly."""
PLACEBOS = 300
WHOLE = Finesse(
    heights=1
)  # in place of Laplace's approximation: within 0.3 of the usual on the embedded record
MANY_PARAMETERS = 4
NARROWER = Finesse(
    heights=1, width=3.0
)  # of models with so many parameters: twice as fast, and 0.1 from `WHOLE`
MATCHED = "walks that turned back as these dyads did"
HINDSIGHT = "walks with late eras dated where the record moves most"
EPISODES = "walks whose events repeat the last ones"
REMEMBERED = "paths of long memory that turned back as these dyads did"
"""Null sets: simulated record sets in which a claim is false and that look as if it were true
(`nulls`)."""


class ModelPoint(NamedTuple):
    """A record as a model reads it, and a point of the model's parameters, (1, column)."""

    record: PooledRecord
    point: Float


@dataclass(frozen=True)
class Engine:
    """A record with how finely models are integrated on it."""

    record: PooledRecord
    cores: int = 1
    finesse: Finesse = USUAL
    mean_sds: tuple[float, ...] = MEAN_SDS
    placebos: int = PLACEBOS
    seed: int = 1
    brief: bool = False  # Without leave-one-out, for simulated records and other choices
    laplace: bool = False  # The cycle's parameters by Laplace's approximation, ten times as fast
    long_memory: bool = True  # Whether long memory is a rival; in null sets of walks it is none
    width: float = 1.0  # How many times as wide the priors are
    only: tuple[int, ...] | None = None  # The dyads whose evidence counts; all for None
    centres: dict[Any, Centre] = field(default_factory=dict)
    kept: dict[Any, PooledEvidence] = field(default_factory=dict)
    variants: dict[str, PooledRecord] = field(default_factory=dict)

    def variant(
        self, name: str, make: Callable[[PooledRecord], PooledRecord] | None = None
    ) -> PooledRecord:
        """Return a variant of the record, made once.

        A claim may make one of its own, under a name of its own.
        """
        if name not in self.variants:
            self.variants[name] = (make or VARIANTS[name])(self.record)
        return self.variants[name]

    def for_record(self, model: Model) -> Model:
        """Return the model as the record needs it: dyads of an index have each their own noise."""
        return model if self.record.value is None else model.with_own_noise()

    def evidence(
        self, model: Model, variant: str = "plain", jumps: tuple[float | None, ...] = (None,)
    ) -> PooledEvidence:
        """Return the evidence of a model."""
        model = self.for_record(model)
        key = model, variant, jumps, self.mean_sds, self.laplace
        if key not in self.kept:
            centre, mass = self.centre(model, variant), 0.0
            if self.laplace and CYCLE in model.axes:
                centre, mass = centre.holding(CYCLE, CYCLE_SD)
            integrated = evidence_of(
                centre.model,
                self.variant(variant).steps,
                cores=self.cores,
                finesse=self.finesse,
                centre=centre,
                mean_sds=self.mean_sds,
                jumps=jumps,
            )
            self.kept[key] = replace(integrated, log_prior=integrated.log_prior + mass)
        return self.kept[key]

    def in_full(self, model: Model) -> PooledEvidence:
        """Return the evidence of a model on the plain record, without Laplace's approximation.

        Laplace's approximation leaves out how dyads differ in their cycles: 13 log units of the
        embedded record. That cancels only between two models with cycles.
        """
        if not self.laplace:
            return self.evidence(model)
        finesse = NARROWER if len(model.axes) >= MANY_PARAMETERS else WHOLE
        return replace(self, laplace=False, finesse=finesse).evidence(model)

    def centre(self, model: Model, variant: str = "plain") -> Centre:
        """Return where the likelihood of a model is concentrated."""
        model, fewer = self.for_record(model), self.for_record(WALK_CYCLE)
        key = model, variant
        if key not in self.centres:
            start = None
            longer = len(model.free) > len(fewer.free) and model.axes[:3] == WALK_CYCLE.axes
            if longer and not model.held:  # near the mode without the last parameter
                mode = self.centre(fewer).mode
                start = np.concatenate([mode[:-1], [model.free[-2].mean], mode[-1:]])
            self.centres[key] = centre_of(model, self.variant(variant).steps, self.cores, start)
        return self.centres[key]

    def reading(self, model: Model, variant: str = "plain") -> ModelPoint:
        """Return the record as a model reads it with the model's mode."""
        return ModelPoint(
            self.variant(variant), model.points(self.centre(model, variant).mode[None])
        )

    def outcome(
        self,
        name: str,
        deciding: Deciding,
        log_bayes_factor: float,
        picture: Picture | None,
        details: Mapping[str, Any],
        *,
        answer: ClaimAnswer | None = None,
    ) -> Outcome:
        """Decide a claim, and again without each dyad and state.

        Its sentences are those of a name.
        """
        least, most = deciding(None)
        answer = answer or decide(least, most)
        words: Sequence[str] = ()
        omissions: dict[str, Any] = {}
        if not self.brief:
            words = sentences(name, details=details, found=log_bayes_factor)
            omissions = left_out(self.record, deciding, answer)
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

    def against(self, claim: PooledEvidence, rivals: Iterable[PooledEvidence]) -> Deciding:
        """Return how a claim is decided.

        By its evidence against each rival, at every spread of long-run means.
        """
        others = list(rivals)

        def deciding(dyads: list[int] | None) -> tuple[float, float]:
            claim_totals = self.totals(claim, dyads)
            factors = np.array([claim_totals - self.totals(rival, dyads) for rival in others])
            return float(factors.min()), float(factors.max())

        return deciding

    def against_each(self, pairs: Iterable[tuple[PooledEvidence, PooledEvidence]]) -> Deciding:
        """Return how a claim is decided that is tested under several models.

        By all pairs of claim and rival.
        """
        each = [self.against(claim, [rival]) for claim, rival in pairs]

        def deciding(dyads: list[int] | None) -> tuple[float, float]:
            by_pair = [decide_pair(dyads) for decide_pair in each]
            return min(least for least, _ in by_pair), max(most for _, most in by_pair)

        return deciding

    def counted(self, dyads: list[int] | None = None) -> list[int] | None:
        """Return the dyads that count: those that are given, else those of the engine.

        None for all.
        """
        return list(self.only) if dyads is None and self.only is not None else dyads

    def total(self, evidence: PooledEvidence) -> float:
        """Return the log evidence of the dyads that count."""
        return evidence.total(self.counted(), width=self.width)

    def totals(self, evidence: PooledEvidence, dyads: list[int] | None = None) -> Float:
        """Return the log evidence at each spread of long-run means.

        The same at all for a model without means.
        """
        totals = evidence.totals(self.counted(dyads), width=self.width)
        return np.broadcast_to(totals, len(self.mean_sds))


type Ahead = Callable[[Engine], tuple[Sequence[ModelPoint], ModelPoint]]
"""Returns the readings of a claim, each as likely before the data, and that of a rival, for windows
ahead."""


@dataclass(frozen=True)
class PooledClaim:
    """A claim about all dyads, and its test."""

    code: str
    question: str  # As the heading of its section
    claim: str  # In a few words, a statement
    test: Callable[[Engine], Outcome]
    # What a record lacks for the test, with the remedy; empty if nothing
    lacks: Callable[[PooledRecord], str] = lambda record: ""
    ahead: Ahead | None = None  # For windows ahead
    nulls: tuple[str, ...] = ()  # Null sets that a supported claim must stand out from
    usual: bool = True  # Tested without being named
    months: int = (
        MIN_CLAIM_MONTHS  # From first event to last that a dyad needs to be among those tested
    )

    def missing(self, record: PooledRecord) -> str:
        """Return what a record lacks for the test, with the remedy; empty if nothing."""
        long = record.lasting(self.months)
        if len(long.dyads) < MIN_POOLED_DYADS:
            return f"{too_short(record, self.months)}; give longer records"
        return self.lacks(long)


def learned(title: str, x_label: str, evidence: PooledEvidence, axis: Axis) -> Picture:
    """Return the posterior of a population's mean with its prior."""
    places, density = evidence.density(axis)
    lines = {"posterior": density, "prior": axis.density(places)}
    series = tuple(Series(name, tuple(places), tuple(values)) for name, values in lines.items())
    return Picture(title, x_label, "probability per log unit", "line", series)


def by_dyad(title: str, dyads: Mapping[str, float]) -> Picture:
    """Return bars of what each dyad adds, the largest first."""
    ordered = sorted(dyads.items(), key=lambda item: -item[1])
    series = Series(
        "log Bayes factor", tuple(name for name, _ in ordered), tuple(item for _, item in ordered)
    )
    return Picture(title, "", "log Bayes factor, given the others", "bars", (series,))
