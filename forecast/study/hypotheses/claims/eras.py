"""Claims about eras: the trend jumps where they begin (S2), and their framework is a ceiling (S4).

S2 compares jumps with none under a walk and a reverting trend, and with jumps at placebo dates. The
starts that were recognised within a week must support the claim without the others, because later
ones may have been dated by what the record showed.

S4 compares ceilings above the trend at each era's start with five alternatives: no ceiling, bounds
around the dyad's mean, ceilings set blindly every ten years or where the record breaks most, and a
long-run mean by era. In all models the trend reverts, jumps where eras begin and has a cycle. The
depth of cooperation and the severity of conflict are also compared by era with drift.
"""

import math
from dataclasses import replace
from typing import Any

import numpy as np
from scipy.special import logsumexp

from forecast.base.typing import Bool, Float, Index
from forecast.outlook.theory import CEILING as FRAMEWORK
from forecast.outlook.theory import DECLINE
from forecast.study.hypotheses import models
from forecast.study.hypotheses.engine import (
    HINDSIGHT,
    MATCHED,
    Engine,
    ModelPoint,
    PooledClaim,
    dyad_bars,
    posterior_picture,
)
from forecast.study.hypotheses.evidence import PooledEvidence
from forecast.study.hypotheses.filter.inputs import COLUMN, MEAN_SD, NEW_SOURCE, SET_CEILING
from forecast.study.hypotheses.filter.likelihood import likelihoods
from forecast.study.hypotheses.models import (
    HEADROOM,
    JUMP_SD,
    JUMPS,
    RETURN_CYCLE,
    WALK_CYCLE,
    Model,
)
from forecast.study.hypotheses.outcome import Outcome, decide
from forecast.study.hypotheses.record import PooledRecord, draw_placebo_eras

# Standard deviation, log-odds, of the jumps with which era starts and placebos are compared.
PLACEBO_JUMP = 0.5
JUMP_AXIS = 2  # of a posterior's array: standard deviations of jumps
MAX_PLACEBO_SHARE = 0.05  # share of placebo sets that may be as good as the era starts
BREAKS = "breaks"  # variant of the record with ceilings where the record breaks most
MONTHS_BETWEEN_TRIALS = 6  # every sixth month is tried as a break
MONTHS_BETWEEN_BREAKS = 36  # of one dyad, at least
BREAK_SETS = 100  # drawn to average over the unknown months of breaks


def test_jumps(engine: Engine) -> Outcome:
    """Test S2: compare jumps where eras begin with none and with placebo dates."""
    claim = engine.evidence(WALK_CYCLE, "eras", JUMPS)
    no_jumps = engine.evidence(WALK_CYCLE)
    prompt = engine.evidence(WALK_CYCLE, "prompt eras", JUMPS)
    reverting = engine.evidence(RETURN_CYCLE)
    pairs = {
        "all starts": (claim, no_jumps),
        "all starts, reverting trend": (engine.evidence(RETURN_CYCLE, "eras", JUMPS), reverting),
        "starts recognised within a week": (prompt, no_jumps),
        "those, reverting trend": (engine.evidence(RETURN_CYCLE, "prompt eras", JUMPS), reverting),
    }
    factor_range = engine.factor_range_of_pairs(pairs.values())
    other_axes = tuple(axis for axis in range(claim.posterior.ndim) if axis != JUMP_AXIS)
    by_jump = claim.posterior.sum(axis=other_axes)
    record, dyads = engine.record, engine.dyads_to_count()
    point = WALK_CYCLE.points(engine.posterior_mode(WALK_CYCLE).values[None])
    gain = _gain_of_jumps(record, record.begins, point, dyads)
    as_good = {}
    for kind, sets in draw_placebo_eras(record, engine.placebos, engine.seed).items():
        placebo_gains = [_gain_of_jumps(record, begins, point, dyads) for begins in sets]
        as_good[kind] = float(np.mean([placebo_gain >= gain for placebo_gain in placebo_gains]))
    first_two_months = record.begins | np.pad(record.begins[:, :-1], ((0, 0), (1, 0)))
    without_first_two = record.without_months(first_two_months)
    factors = engine.log_bayes_factors(pairs)
    details: dict[str, Any] = {
        "eras": record.eras,
        "prompt_eras": int(record.prompt.sum()),
        "against": factors,
        "jump_sd": float((by_jump * np.array(JUMPS)).sum()),
        "placebos": engine.placebos,
        "placebos_as_good": as_good,
        "without_first_two_months": _gain_of_jumps(without_first_two, record.begins, point, dyads),
        "at_one_point": gain,
    }
    answer = decide(*factor_range(None))
    if answer == "supported" and max(as_good.values()) > MAX_PLACEBO_SHARE:
        answer = "undecided"
    all_starts = engine.factor_range(claim, [no_jumps])
    by_dyad = {name: all_starts([dyad]).least for dyad, name in enumerate(record.dyads)}
    picture = dyad_bars("Evidence of jumps where eras begin, by dyad", by_dyad)
    return engine.outcome(
        "jumps", factor_range, factors["all starts"], picture, details, answer=answer
    )


def _gain_of_jumps(
    record: PooledRecord, begins: Bool, point: Float, dyads: list[int] | None
) -> float:
    """Return by how much jumps in some months raise the log-likelihood, at one point."""
    steps = replace(record, begins=begins).steps
    jumps = point.copy()
    jumps[:, COLUMN["jump2"]] = PLACEBO_JUMP**2
    log = likelihoods(steps, np.concatenate([point, jumps]))[..., 0]
    without, with_jumps = (log if dyads is None else log[:, dyads]).sum(axis=1)
    return float(with_jumps - without)


def _lacks_eras(record: PooledRecord) -> str:
    """Describe what a record lacks for a test of jumps; empty if nothing."""
    if record.eras:
        return ""
    return (
        "no dyad has an era that begins within its record; name eras with their first days "
        "(`forecast help events`)"
    )


def _jumps_held_out(engine: Engine) -> tuple[list[ModelPoint], ModelPoint]:
    """Return a walk with jumps at eras and one without, at the mode without.

    Eras that begin within a predicted window are known.
    """
    plain = engine.model_point(WALK_CYCLE)
    jumping = plain.point.copy()
    jumping[:, COLUMN["jump2"]] = PLACEBO_JUMP**2
    return [ModelPoint(engine.record, jumping)], plain


JUMPING = PooledClaim(
    DECLINE.code,
    "Does the trend jump where named eras begin?",
    "the trend jumps where named eras begin",
    test_jumps,
    _lacks_eras,
    _jumps_held_out,
    nulls=(MATCHED, HINDSIGHT),
)


CEILING_MODEL = Model(
    "a ceiling by the framework", (*RETURN_CYCLE.parameters, HEADROOM), jump_sd=JUMP_SD
)
# Steps of the share of deep or severe events; the model reads it under the name of any trend's
# step.
_KIND_STEP = models.parameter_of("kind_step", math.log(0.002), math.log(0.5))
KIND_STEP = replace(_KIND_STEP, name=models.STEP.name)
KIND_VOLUME = (0.0, 0.4)  # prior of the coefficient of the event count: nothing is known of it
DRIFT = Model("drift", (KIND_STEP,), volume=KIND_VOLUME)
# Each era has its own level, as a new source has, and the trend hardly moves within it.
BY_ERA = Model(
    "by era", (models.SOURCE_SD,), fixed=((KIND_STEP, math.log(0.001)),), volume=KIND_VOLUME
)


def test_ceiling(engine: Engine) -> Outcome:
    """Test S4: compare ceilings by the framework with their alternatives.

    Cycle and return are fixed at their mode.
    """
    one_spread = replace(engine, mean_sds=(MEAN_SD,))
    ceiling, jumping, bounded = _ceiling_models(engine)
    claim = one_spread.evidence(ceiling, "ceilings")
    alternatives = {
        "no ceiling": one_spread.evidence(jumping, "eras"),
        "bounds around the dyad's mean": one_spread.evidence(bounded, "eras"),
        "ceilings every ten years": one_spread.evidence(ceiling, "decades"),
        "ceilings where the record breaks most": blind_ceilings(one_spread, ceiling),
        "a long-run mean by era": one_spread.evidence(jumping, "means"),
    }
    factor_range = one_spread.factor_range(claim, alternatives.values())
    factors = one_spread.log_bayes_factors(
        {name: (claim, alternative) for name, alternative in alternatives.items()}
    )
    details: dict[str, Any] = {
        "against": factors,
        "headroom": claim.interval(HEADROOM),
        "headroom_prior": HEADROOM.prior_interval(),
    }
    for name, record in () if engine.brief else engine.record.by_kind():
        drifting = Engine(record, engine.cores, engine.quadrature)
        by_era = Engine(record.anchored(NEW_SOURCE, record.begins), engine.cores, engine.quadrature)
        log_bayes_factor = (
            by_era.evidence(BY_ERA, "eras").total() - drifting.evidence(DRIFT).total()
        )
        details[f"{name}_by_era_against_drift"] = log_bayes_factor
    title = "Headroom of a framework's ceiling above the trend at its start"
    picture = posterior_picture(title, "log-odds", claim, HEADROOM)
    return engine.outcome("ceiling", factor_range, factors["no ceiling"], picture, details)


def _ceiling_models(engine: Engine) -> tuple[Model, Model, Model]:
    """Return models with a ceiling, without, and with bounds; cycle and return are fixed."""
    at_mode = engine.posterior_mode(RETURN_CYCLE).at(models.CYCLE, models.CYCLE_SD, models.RETURN)
    ceiling = CEILING_MODEL.with_fixed(at_mode)
    jumping = RETURN_CYCLE.jumping().with_fixed(at_mode)
    bounded = models.BOUNDED_CYCLE.jumping().with_fixed(at_mode)
    return ceiling, jumping, bounded


def _ceiling_held_out(engine: Engine) -> tuple[list[ModelPoint], ModelPoint]:
    """Return a trend under ceilings and one with jumps alone, at their modes."""
    ceiling, jumping, _ = _ceiling_models(engine)
    return [engine.model_point(ceiling, "ceilings")], engine.model_point(jumping, "eras")


def blind_ceilings(engine: Engine, ceiling: Model) -> PooledEvidence:
    """Return the evidence of ceilings set where the trend breaks most, as many as a dyad has eras.

    The months are unknown, and each set of months is equally likely before the data. So the
    evidence of the best months is lowered to that of the average set. The average is taken at the
    mode, over sets that are drawn around the months that the record suggests.
    """
    key = BREAKS, ceiling
    if key not in engine.evidences:
        record, (months, gain) = engine.record, _gains_by_month(engine)
        engine.variant(
            BREAKS, lambda record: record.anchored(SET_CEILING, _best_months(record, months, gain))
        )
        with_breaks, point = engine.model_point(ceiling, BREAKS)
        rng = np.random.default_rng(engine.seed)
        weighted = []
        for _ in range(BREAK_SETS):
            breaks, log_weight = _draw_breaks(record, months, gain, rng)
            drawn = record.anchored(SET_CEILING, breaks)
            weighted.append(log_weight + likelihoods(drawn.steps, point)[0, :, 0])
        best = likelihoods(with_breaks.steps, point)[0, :, 0]
        evidence = engine.evidence(ceiling, BREAKS)
        above_average = best - logsumexp(weighted, axis=0) + math.log(BREAK_SETS)
        engine.evidences[key] = replace(evidence, log=evidence.log - above_average)
    return engine.evidences[key]


def _gains_by_month(engine: Engine) -> tuple[Index, Float]:
    """Return the months that are tried, and what a jump in each alone would gain, (month, dyad).

    The gain is the log-likelihood less that of the dyad's best month, at the mode of a walk with a
    cycle without eras. It is -inf outside of a dyad's record.
    """
    without_eras = engine.record.without_eras()
    mode = engine.posterior_mode(WALK_CYCLE)
    point = WALK_CYCLE.points(mode.values[None], JUMP_SD)
    months = np.arange(MONTHS_BETWEEN_TRIALS, without_eras.events.shape[1], MONTHS_BETWEEN_TRIALS)
    gain = np.full((len(months), len(without_eras.dyads)), -np.inf)
    for row, month in enumerate(months):
        inside = (month > without_eras.first) & (month < without_eras.stop)
        begins = np.zeros_like(without_eras.begins)
        begins[:, month] = inside
        steps = replace(without_eras, begins=begins).steps
        gain[row, inside] = likelihoods(steps, point)[0, inside, 0]
    return months, gain - gain.max(axis=0, initial=np.finfo(float).min)


def _best_months(record: PooledRecord, months: Index, gain: Float) -> Bool:
    """Return the months with the largest gains, three years apart, as many as a dyad has eras."""
    breaks = np.zeros_like(record.begins)
    for dyad, eras in enumerate(record.begins.sum(axis=1)):
        for row in np.argsort(-gain[:, dyad]):
            month = months[row]
            nearest = max(0, month - MONTHS_BETWEEN_BREAKS + 1)
            near = breaks[dyad, nearest : month + MONTHS_BETWEEN_BREAKS]
            wanted = breaks[dyad].sum() < eras
            if np.isfinite(gain[row, dyad]) and not near.any() and wanted:
                breaks[dyad, month] = True
    return breaks


def _draw_breaks(
    record: PooledRecord, months: Index, gain: Float, rng: np.random.Generator
) -> tuple[Bool, Float]:
    """Draw as many months as a dyad has eras, without replacement, with their log weights by dyad.

    Half of a month's chance is uniform, and half in proportion to its gain. The weight is the
    probability of the months under uniform draws over that under these.
    """
    breaks, log_weight = np.zeros_like(record.begins), np.zeros(len(record.dyads))
    for dyad, eras in enumerate(record.begins.sum(axis=1)):
        inside = np.flatnonzero(np.isfinite(gain[:, dyad]))
        if not eras or not len(inside):
            continue
        suggested = np.exp(gain[inside, dyad])
        chances = 0.5 / len(inside) + 0.5 * suggested / suggested.sum()
        drawn = rng.choice(len(inside), size=min(eras, len(inside)), replace=False, p=chances)
        drawn_before = np.cumsum(chances[drawn]) - chances[drawn]
        remaining = len(inside) - np.arange(len(drawn))
        log_weight[dyad] = -np.log(remaining * chances[drawn] / (1.0 - drawn_before)).sum()
        breaks[dyad, months[inside[drawn]]] = True
    return breaks, log_weight


def _lacks_frameworks(record: PooledRecord) -> str:
    """Describe what a record lacks for a test of ceilings; empty if nothing."""
    if record.value is not None:
        return "an index has no kinds of events, and its scale has no frameworks; give coded events"
    if record.eras:
        return ""
    return "no dyad has an era that begins within its record; name eras (`forecast help events`)"


CEILING = PooledClaim(
    FRAMEWORK.code,
    "Does the framework of an era set a ceiling?",
    "the framework of an era sets a ceiling",
    test_ceiling,
    _lacks_frameworks,
    _ceiling_held_out,
    nulls=(MATCHED, HINDSIGHT),
)
