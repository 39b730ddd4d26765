"""Tests of the general claims: log Bayes factors over all dyads, leave-one-out, profiles, placebos, and answers."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from forecast.hypotheses.pooled.evidence import MEAN_SDS, USUAL, Evidence, Finesse, evidence_of
from forecast.hypotheses.pooled.filter import COLUMN, likelihoods
from forecast.hypotheses.pooled.models import (
    CYCLE,
    RETURN,
    RETURN_CYCLE,
    WALK,
    WALK_CYCLE,
    YEARS,
    Centre,
    Model,
    centre_of,
)
from forecast.hypotheses.pooled.record import Record, placebo_sets
from forecast.theory import DECLINE
from forecast.typing import Bool, Float

FACTORS = {DECLINE.code: 10.0, "S5a": 100.0, "S5b": 10.0}
"""A claim is supported from this Bayes factor, and rejected from its inverse: of simulated null sets few reach it."""
NEWS_MONTHS = 2.0
"""A cycle with a shorter half-life is only news."""
JUMPS = (0.1, 0.25, 0.4, 0.6, 0.9, 1.3)
JUMP_SCALE, PLACEBO_JUMP = 0.4, 0.5
"""Half-normal prior of the jumps' standard deviation, log-odds, and the one that placebos are tried with."""
PLACEBO_SHARE = 0.05
PLACEBOS = 300
type Answer = Literal["supported", "rejected", "undecided"]


@dataclass(frozen=True)
class Engine:
    """How a record set is integrated, with the evidences that several claims share."""

    record: Record
    cores: int = 1
    finesse: Finesse = USUAL
    mean_sds: tuple[float, ...] = MEAN_SDS
    placebos: int = PLACEBOS
    seed: int = 1
    centres: dict[str, Centre] = field(default_factory=dict)
    kept: dict[str, Evidence] = field(default_factory=dict)

    def evidence(self, model: Model) -> Evidence:
        """Return the evidence of a model without jumps."""
        if model.name not in self.kept:
            self.kept[model.name] = evidence_of(
                model, self.record.without_eras().steps, cores=self.cores, finesse=self.finesse,
                centre=self.centre(model), mean_sds=self.mean_sds,
            )  # fmt: skip
        return self.kept[model.name]

    def with_jumps(self) -> Evidence:
        """Return the evidence of a walk with a cycle that jumps where eras begin."""
        return evidence_of(
            WALK_CYCLE, self.record.steps, cores=self.cores, finesse=self.finesse, centre=self.centre(WALK_CYCLE),
            jumps=JUMPS, jump_weights=jump_weights(),
        )  # fmt: skip

    def centre(self, model: Model) -> Centre:
        """Return where the likelihood of a model is concentrated."""
        if model.name not in self.centres:
            start = None
            if model is RETURN_CYCLE:  # near the mode without a return
                mode = self.centre(WALK_CYCLE).mode
                start = np.concatenate([mode[:-1], [RETURN.mean], mode[-1:]])
            self.centres[model.name] = centre_of(model, self.record.without_eras().steps, self.cores, start)
        return self.centres[model.name]


@dataclass(frozen=True)
class Outcome:
    """What the test of a claim found; log Bayes factors are natural."""

    log_bayes_factor: float  # With all priors integrated
    answer: Answer  # `supported`, `rejected` or `undecided`
    dyads: dict[str, float]  # What each dyad adds to the one that decides, given the others
    without_dyad: tuple[str, float]  # The dyad without which the one that decides is smallest, and its size then
    without_state: tuple[str, float]
    details: dict[str, Any] = field(default_factory=dict)


def fading(engine: Engine) -> Outcome:
    """Test whether deviations from the trend fade: a walk with a cycle against a walk."""
    claim, null = engine.evidence(WALK_CYCLE), engine.evidence(WALK)
    details: dict[str, Any] = {
        "half_life_months": claim.interval(CYCLE),
        "probability_news": claim.below(CYCLE, NEWS_MONTHS),
    }
    return _outcome("S5a", engine.record, claim.total() - null.total(), _difference(claim, null), details)


def returning(engine: Engine) -> Outcome:
    """Test whether the trend returns: a reverting trend against a walk, both with a cycle.

    The claim has to hold at every spread of the dyads' long-run means.
    """
    claim, null = engine.evidence(RETURN_CYCLE), engine.evidence(WALK_CYCLE)
    base = null.total()
    by_spread = {sd: claim.total(mean_sd=at) - base for at, sd in enumerate(engine.mean_sds)}
    low, middle, high = (months / 12.0 for months in claim.interval(RETURN))
    details: dict[str, Any] = {
        "half_life_years": (low, middle, high),
        "by_half_life_years": dict(zip(YEARS, (claim.profile(RETURN) - base).tolist(), strict=True)),
        "by_spread_of_means": by_spread,
        "cycle_half_life_months": claim.interval(CYCLE),
    }

    def deciding(dyads: list[int]) -> tuple[float, float]:
        found = [claim.total(dyads, mean_sd=at) for at in range(len(engine.mean_sds))]
        rest = null.total(dyads)
        return min(found) - rest, max(found) - rest

    return _outcome("S5b", engine.record, claim.total() - base, deciding, details)


def jumping(engine: Engine) -> Outcome:
    """Test whether the trend jumps where named eras begin, against none and against placebo dates."""
    claim, null = engine.with_jumps(), engine.evidence(WALK_CYCLE)
    by_jump = claim.posterior.sum(axis=tuple(at for at in range(claim.posterior.ndim) if at != 2))
    record, point = engine.record, _point(engine)
    real = _gain(record, record.begins, point)
    kinds = placebo_sets(record, engine.placebos, engine.seed)
    as_good = {
        kind: float(np.mean([_gain(record, begins, point) >= real for begins in sets])) for kind, sets in kinds.items()
    }
    early = record.begins | np.pad(record.begins[:, :-1], ((0, 0), (1, 0)))
    details: dict[str, Any] = {
        "eras": record.eras,
        "jump_sd": float((by_jump * np.array(JUMPS)).sum()),
        "placebos": engine.placebos,
        "placebos_as_good": as_good,
        "without_first_two_months": _gain(record.without_months(early), record.begins, point),
        "at_one_point": real,
    }
    found = _outcome(DECLINE.code, record, claim.total() - null.total(), _difference(claim, null), details)
    if found.answer == "supported" and max(as_good.values()) > PLACEBO_SHARE:
        return replace(found, answer="undecided")
    return found


TESTS: dict[str, Callable[[Engine], Outcome]] = {DECLINE.code: jumping, "S5a": fading, "S5b": returning}
"""The tests by code of the claim."""


def decide(code: str, least: float, most: float) -> Answer:
    """Return the answer on a claim by the smallest and the largest log Bayes factor."""
    limit = math.log(FACTORS[code])
    if least > limit:
        return "supported"
    return "rejected" if most < -limit else "undecided"


def jump_weights() -> tuple[float, ...]:
    """Return the prior probabilities of the jumps' standard deviations."""
    sizes = np.array(JUMPS)
    mass = np.exp(-0.5 * (sizes / JUMP_SCALE) ** 2) * np.gradient(sizes)
    return tuple(float(one) for one in mass / mass.sum())


def _outcome(
    code: str,
    record: Record,
    factor: float,
    deciding: Callable[[list[int]], tuple[float, float]],
    details: dict[str, Any],
) -> Outcome:
    """Decide by the smallest and the largest log Bayes factor of some dyads, and again without each dyad and state."""

    def without(out: list[int]) -> float:
        return deciding([at for at in range(len(record.dyads)) if at not in out])[0]

    least, most = deciding(list(range(len(record.dyads))))
    dyads = {dyad: without([at]) for at, dyad in enumerate(record.dyads)}
    states = {name: without(at) for name, at in record.states.items() if len(at) < len(record.dyads)}
    return Outcome(
        factor,
        decide(code, least, most),
        {dyad: least - rest for dyad, rest in dyads.items()},
        min(dyads.items(), key=lambda one: one[1]),
        min(states.items(), key=lambda one: one[1], default=("", math.nan)),
        details,
    )


def _difference(claim: Evidence, null: Evidence) -> Callable[[list[int]], tuple[float, float]]:
    """Return the log Bayes factor of some dyads, as smallest and largest."""

    def deciding(dyads: list[int]) -> tuple[float, float]:
        found = claim.total(dyads) - null.total(dyads)
        return found, found

    return deciding


def _point(engine: Engine) -> Float:
    """Return the filter's point at the mode of a walk with a cycle, that placebos are tried at, without jumps."""
    return WALK_CYCLE.points(engine.centre(WALK_CYCLE).mode[None])


def _gain(record: Record, begins: Bool, point: Float) -> float:
    """Return by how much jumps at some months raise the log-likelihood, at one point."""
    steps = replace(record, begins=begins).steps
    jumps = point.copy()
    jumps[:, COLUMN["jump2"]] = PLACEBO_JUMP**2
    found = likelihoods(steps, np.concatenate([point, jumps]))[..., 0].sum(axis=1)
    return float(found[1] - found[0])
