"""Eras: the trend jumps where they begin (S2), and their framework is a ceiling to it (S4).

S2 is set against no jumps under a walk and a reverting trend, and against placebo dates. Starts
that were recognised within a week must support it alone: later ones may have been dated by what the
record showed.

In S4 the trend returns to its mean, jumps where eras begin and has a cycle around it. A ceiling
above the trend at each era's start is set against none, bounds around the dyad's mean, ceilings set
blindly every ten years or where the record itself breaks most, and means by era. The depth of
cooperation and the severity of conflict by era are set against drift.
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
    by_dyad,
    learned,
)
from forecast.study.hypotheses.evidence import PooledEvidence
from forecast.study.hypotheses.filter import COLUMN, MEAN_SD, NEW_SOURCE, SET_CEILING
from forecast.study.hypotheses.likelihood import likelihoods
from forecast.study.hypotheses.models import (
    HEADROOM,
    JUMP_SD,
    JUMPS,
    RETURN_CYCLE,
    WALK_CYCLE,
    Model,
)
from forecast.study.hypotheses.outcome import Outcome, decide
from forecast.study.hypotheses.record import PooledRecord, placebo_sets

PLACEBO_JUMP = 0.5  # standard deviation of the jumps with which placebos are tried, log-odds
JUMP_AXIS = 2  # of a posterior: standard deviations of jumps
PLACEBO_SHARE = 0.05  # of placebo sets that may be as good as the era starts
BREAKS = "breaks"  # variant of the record with blind breaks
STRIDE = 6  # months between those that are tried as breaks
APART = 36  # months between two breaks
DRAWS = 100  # sets of breaks


def test_jumps(engine: Engine) -> Outcome:
    """Compare jumps where eras begin with none and with placebo dates."""
    claim = engine.evidence(WALK_CYCLE, "eras", JUMPS)
    null = engine.evidence(WALK_CYCLE)
    prompt = engine.evidence(WALK_CYCLE, "prompt eras", JUMPS)
    reverting = engine.evidence(RETURN_CYCLE)
    pairs = {
        "all starts": (claim, null),
        "all starts, reverting trend": (engine.evidence(RETURN_CYCLE, "eras", JUMPS), reverting),
        "starts recognised within a week": (prompt, null),
        "those, reverting trend": (engine.evidence(RETURN_CYCLE, "prompt eras", JUMPS), reverting),
    }
    deciding = engine.against_each(pairs.values())
    other_axes = tuple(axis for axis in range(claim.posterior.ndim) if axis != JUMP_AXIS)
    by_jump = claim.posterior.sum(axis=other_axes)
    record, point = engine.record, WALK_CYCLE.points(engine.centre(WALK_CYCLE).mode[None])
    counted = engine.counted()
    real = _gain_of(record, record.begins, point, counted)
    kinds = placebo_sets(record, engine.placebos, engine.seed)
    as_good = {
        kind: float(np.mean([_gain_of(record, begins, point, counted) >= real for begins in sets]))
        for kind, sets in kinds.items()
    }
    early = record.begins | np.pad(record.begins[:, :-1], ((0, 0), (1, 0)))
    least, most = deciding(None)
    against = {
        name: engine.total(jumping) - engine.total(rival)
        for name, (jumping, rival) in pairs.items()
    }
    details: dict[str, Any] = {
        "eras": record.eras,
        "prompt_eras": int(record.prompt.sum()),
        "against": against,
        "jump_sd": float((by_jump * np.array(JUMPS)).sum()),
        "placebos": engine.placebos,
        "placebos_as_good": as_good,
        "without_first_two_months": _gain_of(
            record.without_months(early), record.begins, point, counted
        ),
        "at_one_point": real,
    }
    answer = decide(least, most)
    if answer == "supported" and max(as_good.values()) > PLACEBO_SHARE:
        answer = "undecided"
    all_starts = engine.against(claim, [null])
    dyads = {name: all_starts([dyad])[0] for dyad, name in enumerate(record.dyads)}
    picture = by_dyad("Evidence of jumps where eras begin, by dyad", dyads)
    return engine.outcome("jumps", deciding, against["all starts"], picture, details, answer=answer)


def _gain_of(record: PooledRecord, begins: Bool, point: Float, dyads: list[int] | None) -> float:
    """Return by how much jumps at some months raise the log-likelihood of dyads, at one point."""
    steps = replace(record, begins=begins).steps
    jumps = point.copy()
    jumps[:, COLUMN["jump2"]] = PLACEBO_JUMP**2
    log = likelihoods(steps, np.concatenate([point, jumps]))[..., 0]
    without, with_jumps = (log if dyads is None else log[:, dyads]).sum(axis=1)
    return float(with_jumps - without)


def _lacks_eras(record: PooledRecord) -> str:
    if record.eras:
        return ""
    return (
        "no dyad has an era that begins within its record; name eras with their first days "
        "(`forecast help events`)"
    )


def _jumps_ahead(engine: Engine) -> tuple[list[ModelPoint], ModelPoint]:
    """Return jumps at eras, those that begin within the windows included, and none."""
    plain = engine.reading(WALK_CYCLE)
    jumping = plain.point.copy()
    jumping[:, COLUMN["jump2"]] = PLACEBO_JUMP**2
    return [ModelPoint(engine.record, jumping)], plain


JUMPING = PooledClaim(
    DECLINE.code,
    "Does the trend jump where named eras begin?",
    "the trend jumps where named eras begin",
    test_jumps,
    _lacks_eras,
    _jumps_ahead,
    nulls=(MATCHED, HINDSIGHT),
)


CEILING_MODEL = Model("a ceiling by the framework", (*RETURN_CYCLE.axes, HEADROOM), jump_sd=JUMP_SD)
_KIND_STEP = models.axis_of("kind_step", math.log(0.002), math.log(0.5))
KIND_STEP = replace(_KIND_STEP, name=models.STEP.name)  # the step of a trend of kinds
KIND_VOLUME = (0.0, 0.4)
DRIFT = Model("drift", (KIND_STEP,), volume=KIND_VOLUME)
BY_ERA = Model(
    "by era", (models.SOURCE_SD,), held=((KIND_STEP, math.log(0.001)),), volume=KIND_VOLUME
)


def test_ceiling(engine: Engine) -> Outcome:
    """Compare a ceiling by the framework with its rivals.

    Cycle and return are held at their mode.
    """
    one_spread = replace(engine, mean_sds=(MEAN_SD,))
    ceiling, jumping, bounded = _models(engine)
    claim = one_spread.evidence(ceiling, "ceilings")
    rivals = {
        "no ceiling": one_spread.evidence(jumping, "eras"),
        "bounds around the dyad's mean": one_spread.evidence(bounded, "eras"),
        "ceilings every ten years": one_spread.evidence(ceiling, "decades"),
        "ceilings where the record breaks most": blind_ceilings(one_spread, ceiling),
        "a long-run mean by era": one_spread.evidence(jumping, "means"),
    }
    deciding = one_spread.against(claim, rivals.values())
    against = {
        name: one_spread.total(claim) - one_spread.total(rival) for name, rival in rivals.items()
    }
    details: dict[str, Any] = {
        "against": against,
        "headroom": claim.interval(HEADROOM),
        "headroom_prior": HEADROOM.prior_interval(),
    }
    for name, record in () if engine.brief else engine.record.kinds():
        kinds = Engine(record, engine.cores, engine.finesse)
        eras = Engine(record.anchored(NEW_SOURCE, record.begins), engine.cores, engine.finesse)
        gained = eras.evidence(BY_ERA, "eras").total() - kinds.evidence(DRIFT).total()
        details[f"{name}_by_era_against_drift"] = gained
    title = "Headroom of a framework's ceiling above the trend at its start"
    picture = learned(title, "log-odds", claim, HEADROOM)
    return engine.outcome("ceiling", deciding, against["no ceiling"], picture, details)


def _models(engine: Engine) -> tuple[Model, Model, Model]:
    """Return a ceiling, none, and bounds, with cycle and return held at their mode."""
    held = engine.centre(RETURN_CYCLE).at(models.CYCLE, models.CYCLE_SD, models.RETURN)
    every = CEILING_MODEL, RETURN_CYCLE.jumping(), models.BOUNDED_CYCLE.jumping()
    ceiling, jumping, bounded = (model.holding(held) for model in every)
    return ceiling, jumping, bounded


def _ceiling_ahead(engine: Engine) -> tuple[list[ModelPoint], ModelPoint]:
    ceiling, jumping, _ = _models(engine)
    return [engine.reading(ceiling, "ceilings")], engine.reading(jumping, "eras")


def blind_ceilings(engine: Engine, ceiling: Model) -> PooledEvidence:
    """Return the evidence of ceilings set where the trend breaks most, as many as a dyad has eras.

    The months are unknown: each set of them is as likely before the data. Sets are drawn around
    those that the record suggests, and their weighted mean likelihood at the mode lowers the
    evidence of the best months.
    """
    key = BREAKS, ceiling
    if key not in engine.kept:
        record, (months, gain) = engine.record, _gains(engine)
        engine.variant(
            BREAKS, lambda record: record.anchored(SET_CEILING, _best(record, months, gain))
        )
        (broken, point), logs = engine.reading(ceiling, BREAKS), []
        rng = np.random.default_rng(engine.seed)
        for _ in range(DRAWS):
            breaks, weight = _drawn(record, months, gain, rng)
            logs.append(
                weight + likelihoods(record.anchored(SET_CEILING, breaks).steps, point)[0, :, 0]
            )
        chosen = likelihoods(broken.steps, point)[0, :, 0]
        best_months = engine.evidence(ceiling, BREAKS)
        lost = chosen - logsumexp(logs, axis=0) + math.log(DRAWS)
        engine.kept[key] = replace(best_months, log=best_months.log - lost)
    return engine.kept[key]


def _gains(engine: Engine) -> tuple[Index, Float]:
    """Return every sixth month, and what a jump in it alone would explain of a dyad, (month, dyad).

    Eras are ignored, and parameters are those of a walk with a cycle at its mode; -inf outside of a
    dyad's record.
    """
    bare = engine.record.without_eras()
    point = WALK_CYCLE.points(engine.centre(WALK_CYCLE).mode[None], JUMP_SD)
    months = np.arange(STRIDE, bare.events.shape[1], STRIDE)
    gain = np.full((len(months), len(bare.dyads)), -np.inf)
    for row, month in enumerate(months):
        inside = (month > bare.first) & (month < bare.stop)
        begins = np.zeros_like(bare.begins)
        begins[:, month] = inside
        gain[row, inside] = likelihoods(replace(bare, begins=begins).steps, point)[0, inside, 0]
    return months, gain - gain.max(axis=0, initial=np.finfo(float).min)


def _best(record: PooledRecord, months: Index, gain: Float) -> Bool:
    """Return the months with the largest gains, three years apart, as many as a dyad has eras."""
    breaks = np.zeros_like(record.begins)
    for dyad, eras in enumerate(record.begins.sum(axis=1)):
        for row in np.argsort(-gain[:, dyad]):
            month = months[row]
            near = breaks[dyad, max(0, month - APART + 1) : month + APART]
            wanted = breaks[dyad].sum() < eras
            if np.isfinite(gain[row, dyad]) and not near.any() and wanted:
                breaks[dyad, month] = True
    return breaks


def _drawn(
    record: PooledRecord, months: Index, gain: Float, rng: np.random.Generator
) -> tuple[Bool, Float]:
    """Draw months, half uniformly and half by gains; return them and their log weights, by dyad."""
    breaks, weight = np.zeros_like(record.begins), np.zeros(len(record.dyads))
    for dyad, eras in enumerate(record.begins.sum(axis=1)):
        inside = np.flatnonzero(np.isfinite(gain[:, dyad]))
        if not eras or not len(inside):
            continue
        suggested = np.exp(gain[inside, dyad])
        chances = 0.5 / len(inside) + 0.5 * suggested / suggested.sum()
        drawn = rng.choice(len(inside), size=min(eras, len(inside)), replace=False, p=chances)
        taken = np.cumsum(chances[drawn]) - chances[drawn]
        remaining = len(inside) - np.arange(len(drawn))
        weight[dyad] = -np.log(remaining * chances[drawn] / (1.0 - taken)).sum()
        breaks[dyad, months[inside[drawn]]] = True
    return breaks, weight


def _lacks_frameworks(record: PooledRecord) -> str:
    if record.value is not None:
        return "an index has no kinds of events, and its scale has no frameworks; give coded events"
    return (
        ""
        if record.eras
        else "no dyad has an era that begins within its record; name eras (`forecast help events`)"
    )


CEILING = PooledClaim(
    FRAMEWORK.code,
    "Does the framework of an era set a ceiling?",
    "the framework of an era sets a ceiling",
    test_ceiling,
    _lacks_frameworks,
    _ceiling_ahead,
    nulls=(MATCHED, HINDSIGHT),
)
