"""Events stay alike for a quarter (S5a).

The trend returns (S5b), by more than in proportion (S6), to a range (S8).

S5a sets a cycle against none under each trend: a walk, a reverting and a bounded one. It also sets
a walk with a cycle against walks with drifting sources and with events that repeat the last ones.
S5b and S8 must hold at every spread of the dyads' long-run means, without and with jumps where eras
begin. Reversion is set against walks, drifting sources and a walk between bounds; a range, by
reversion or by bounds, against walks and drifting sources. Long memory is a rival of all three: a
trend that has it fades as well, ever more slowly. S6 sets reversion that grows with the distance
from the mean against one in proportion to it.
"""

import math
from dataclasses import replace
from typing import Any

import numpy as np
from scipy.integrate import quad
from scipy.special import expit
from scipy.stats import norm

from forecast.base.typing import Float
from forecast.model.process.transition import retention_of
from forecast.outlook.theory import COST
from forecast.study.hypotheses import models
from forecast.study.hypotheses.engine import (
    EPISODES,
    MATCHED,
    REMEMBERED,
    Engine,
    ModelPoint,
    PooledClaim,
    by_dyad,
    learned,
)
from forecast.study.hypotheses.evidence import PooledEvidence, averaged_interval
from forecast.study.hypotheses.filter import MEAN
from forecast.study.hypotheses.models import (
    BOUNDED,
    BOUNDED_CYCLE,
    CYCLE,
    GROWTH,
    MEMORY,
    MEMORY_CYCLE,
    MEMORY_NOISE,
    MEMORY_ODDS,
    RETURN,
    RETURN_ALONE,
    RETURN_CYCLE,
    SOURCES,
    STEP,
    WALK,
    WALK_CYCLE,
    WALK_REPEATS,
    YEARS,
    Model,
)
from forecast.study.hypotheses.outcome import LIMIT, Deciding, Outcome, Picture, Series

FADING_MONTHS = 96  # of a dyad: eight years have a dozen half-lives of deviations, or more
MEMORIES = (MEMORY, MEMORY_NOISE, MEMORY_CYCLE)
QUICK = (WALK.name, WALK_REPEATS.name, MEMORY.name)  # without a cycle, what decides most often
# pairs of models with and without a cycle; the first two (a walk, and events that repeat the last
# ones) are computed whatever they decide
MIN_MODEL_PAIRS = 2
NEWS_MONTHS = 2.0  # a cycle with a shorter half-life is only news
# Long-run standard deviations of the trend from its mean
EXTREME = 2.0
MIDDLE = 1.0  # the middle ground is nearer than that


def test_fading(engine: Engine) -> Outcome:
    """Compare a cycle with none under each trend, and with walks that look like one.

    A walk looks like a cycle if sources change, or if events repeat the last ones as reports of one
    episode do.
    """
    pairs = _cycle_pairs(engine)
    deciding = engine.against_each(pairs.values())
    against = {
        name: engine.total(with_cycle) - engine.total(without)
        for name, (with_cycle, without) in pairs.items()
    }
    if engine.brief:
        return engine.outcome("fading", deciding, against[WALK.name], None, {"against": against})
    by_trend = _cycles_by_trend(engine)
    half_life = averaged_interval(list(by_trend.values()), CYCLE)
    details: dict[str, Any] = {
        "half_life_months": half_life,
        "half_life_months_prior": CYCLE.prior_interval(),
        "half_life_by_trend": {
            trend: evidence.interval(CYCLE) for trend, evidence in by_trend.items()
        },
        "probability_news": max(
            evidence.below(CYCLE, NEWS_MONTHS) for evidence in by_trend.values()
        ),
        "repeat": engine.evidence(WALK_REPEATS, "last events").interval(models.REPEAT),
        "memory": memory_of(engine),
        "against": against,
    }
    best = max(by_trend.values(), key=engine.total)
    picture = learned("How long deviations from the trend last", "half-life, months", best, CYCLE)
    return engine.outcome("fading", deciding, against[WALK.name], picture, details)


def _cycle_pairs(engine: Engine) -> dict[str, tuple[PooledEvidence, PooledEvidence]]:
    """Return the evidence of a cycle and of none under each trend.

    It is sorted by what there is without a cycle.

    On simulated sets those that decide most often come first, and the rest is left out once the
    answer is certain.
    """
    models_of = {
        WALK.name: (WALK_CYCLE, WALK, "plain", "plain"),
        RETURN_ALONE.name: (RETURN_CYCLE, RETURN_ALONE, "plain", "plain"),
        BOUNDED.name: (BOUNDED_CYCLE, BOUNDED, "plain", "plain"),
        SOURCES.name: (WALK_CYCLE, SOURCES, "plain", "sources"),
        WALK_REPEATS.name: (WALK_CYCLE, WALK_REPEATS, "plain", "last events"),
    }
    if engine.record.eras:
        jumping = (RETURN_CYCLE.jumping(), RETURN_ALONE.jumping())
        models_of |= {
            "a walk with jumps at eras": (WALK_CYCLE.jumping(), WALK.jumping(), "eras", "eras"),
            "a reverting trend with jumps at eras": (*jumping, "eras", "eras"),
        }
    if engine.long_memory:
        models_of |= {model.name: (MEMORY_CYCLE, model, "", "") for model in (MEMORY, MEMORY_NOISE)}
    names = (
        sorted(models_of, key=lambda name: name not in QUICK) if engine.laplace else list(models_of)
    )
    pairs = dict[str, tuple[PooledEvidence, PooledEvidence]]()
    for name in names:
        if len(pairs) >= MIN_MODEL_PAIRS and not may_be_decided(
            engine, engine.against_each(pairs.values())
        ):
            break
        cycle, none, variant, variant_of_none = models_of[name]
        if variant:
            pairs[name] = engine.evidence(cycle, variant), engine.evidence(none, variant_of_none)
        else:
            pairs[name] = engine.in_full(cycle), engine.in_full(none)
    return pairs


def may_be_decided(engine: Engine, deciding: Deciding) -> bool:
    """Check whether the costly rivals of long memory can change an answer.

    On a record that is no simulation, always.

    A claim whose least is not above 0 cannot be supported any more, and one whose most is not below
    the limit cannot be rejected.
    """
    least, most = deciding(None)
    return not engine.laplace or least > 0.0 or most < -LIMIT


def memory_of(engine: Engine) -> dict[str, tuple[float, float, float]]:
    """Return 5%, 50% and 95% points of the dyads' mean order of integration, by model."""
    odds = {model.name: engine.evidence(model).interval(MEMORY_ODDS) for model in MEMORIES}
    return {
        name: (low / (1.0 + low), mid / (1.0 + mid), high / (1.0 + high))
        for name, (low, mid, high) in odds.items()
    }


def _cycles_by_trend(engine: Engine) -> dict[str, PooledEvidence]:
    """Return the evidence of a cycle around each trend, with jumps where the record has eras."""
    trends = {
        "a walk": engine.evidence(WALK_CYCLE),
        "a reverting trend": engine.evidence(RETURN_CYCLE),
        "a bounded walk": engine.evidence(BOUNDED_CYCLE),
    }
    if engine.record.eras:
        jumping = engine.evidence(RETURN_CYCLE.jumping(), "eras")
        trends["a reverting trend with jumps at eras"] = jumping
    return trends


def test_return(engine: Engine) -> Outcome:
    """Compare a reverting trend with a walk, drifting sources and bounds, all with a cycle."""
    claim, walk = engine.evidence(RETURN_CYCLE), engine.evidence(WALK_CYCLE)
    pairs = {
        "a walk": (claim, walk),
        "drifting sources": (claim, engine.evidence(models.SOURCES_CYCLE, "sources")),
        "a walk between bounds": (claim, engine.evidence(BOUNDED_CYCLE)),
    }
    if engine.record.eras:
        jumping = engine.evidence(RETURN_CYCLE.jumping(), "eras")
        pairs["a walk, both with jumps at eras"] = (
            jumping,
            engine.evidence(WALK_CYCLE.jumping(), "eras"),
        )
    for model in MEMORIES if engine.long_memory else ():
        if may_be_decided(engine, engine.against_each(pairs.values())):
            pairs[model.name] = engine.in_full(RETURN_CYCLE), engine.in_full(model)
    deciding = engine.against_each(pairs.values())
    by_pair = {
        name: engine.totals(reverting) - engine.totals(rival)
        for name, (reverting, rival) in pairs.items()
    }
    against = {
        name: engine.total(reverting) - engine.total(rival)
        for name, (reverting, rival) in pairs.items()
    }
    base = engine.total(walk)
    by_spread = engine.totals(claim) - base
    profile = (claim.profile(RETURN) - base).tolist()
    details: dict[str, Any] = {
        "half_life_years": tuple(months / 12.0 for months in claim.interval(RETURN)),
        "half_life_years_prior": tuple(months / 12.0 for months in RETURN.prior_interval()),
        "by_half_life_years": dict(zip(YEARS, profile, strict=True)),
        "by_spread_of_means": dict(zip(engine.mean_sds, by_spread.tolist(), strict=True)),
        "against": against,
        "against_least": {name: float(values.min()) for name, values in by_pair.items()},
    }
    if not engine.brief:
        details["memory"] = memory_of(engine)
    line = Series("reversion against a walk", YEARS, tuple(profile))
    picture = Picture(
        "Evidence of reversion against a walk, by its half-life",
        "half-life of the trend's return, years",
        "log Bayes factor",
        "line",
        (line,),
        (-LIMIT, LIMIT),
    )
    return engine.outcome("return", deciding, against["a walk"], picture, details)


def test_range(engine: Engine) -> Outcome:
    """Compare a trend that keeps to a range, by reversion or bounds, with walks and long memory."""
    reverting, bounds = engine.evidence(RETURN_CYCLE), engine.evidence(BOUNDED_CYCLE)
    walk = engine.evidence(WALK_CYCLE)
    pairs = {
        "a walk": ((reverting, bounds), walk),
        "drifting sources": ((reverting, bounds), engine.evidence(models.SOURCES_CYCLE, "sources")),
    }
    if engine.record.eras:
        jumping = (
            engine.evidence(RETURN_CYCLE.jumping(), "eras"),
            engine.evidence(BOUNDED_CYCLE.jumping(), "eras"),
        )
        walk_jumping = engine.evidence(WALK_CYCLE.jumping(), "eras")
        pairs["a walk, both with jumps at eras"] = jumping, walk_jumping

    def deciding(dyads: list[int] | None) -> tuple[float, float]:
        factors = [
            _either(*(engine.totals(evidence, dyads) for evidence in ranges))
            - engine.totals(rival, dyads)
            for ranges, rival in pairs.values()
        ]
        return float(np.min(factors)), float(np.max(factors))

    for model in MEMORIES if engine.long_memory else ():
        if may_be_decided(engine, deciding):
            both = engine.in_full(RETURN_CYCLE), engine.in_full(BOUNDED_CYCLE)
            pairs[model.name] = both, engine.in_full(model)

    def total(ranges: tuple[PooledEvidence, PooledEvidence]) -> float:
        first, second = (np.array(engine.total(evidence)) for evidence in ranges)
        return float(_either(first, second))

    against = {name: total(ranges) - engine.total(rival) for name, (ranges, rival) in pairs.items()}
    mode = engine.centre(RETURN_CYCLE).at(RETURN, STEP)
    retention = retention_of(math.exp(mode[RETURN]))
    spread = math.exp(mode[STEP]) / math.sqrt(1.0 - retention**2)
    bound = bounds.interval(models.BOUND)
    details: dict[str, Any] = {
        "against": against,
        "reversion_against_bounds": engine.total(reverting) - engine.total(bounds),
        "long_run_sd": spread,
        "mean_points": 100.0 * float(expit(MEAN)),
        "middle_two_thirds_points": around_mean(spread),
        "passage_years": passage_years(engine),
        "bound": bound,
        "bound_points": around_mean(bound[1]),
    }
    outcome = engine.outcome("range", deciding, against["a walk"], None, details)
    picture = by_dyad("What each dyad adds to the evidence of a range", outcome.dyads)
    return replace(outcome, picture=picture)


def _either(first: Float, second: Float) -> Float:
    """Return the log evidence of either of two models that are equally likely before the data."""
    return np.asarray(np.logaddexp(first, second) - math.log(2.0))


def around_mean(distance: float) -> tuple[float, float]:
    """Return the shares, in %, so many log-odds below and above the prior mean.

    It is the prior mean of long-run means.
    """
    low, high = 100.0 * expit([MEAN - distance, MEAN + distance])
    return float(low), float(high)


def passage_years(engine: Engine) -> float:
    """Return the mean years from an extreme to the middle ground.

    They are those of a reverting trend at its mode.
    """
    months = math.exp(engine.centre(RETURN_CYCLE).at(RETURN)[RETURN])
    passage, _ = quad(lambda y: norm.cdf(-y) / norm.pdf(y), MIDDLE, EXTREME)
    return float(passage * months / math.log(2.0) / 12.0)


def test_growing(engine: Engine) -> Outcome:
    """Compare growing reversion with a linear one, the cycle's parameters held at their mode."""
    claim, linear = (engine.evidence(model) for model in _growing_models(engine))
    deciding = engine.against(claim, [linear])
    by_spread = dict(
        zip(engine.mean_sds, (engine.totals(claim) - engine.totals(linear)).tolist(), strict=True)
    )
    log_bayes_factor = engine.total(claim) - engine.total(linear)
    details: dict[str, Any] = {
        "growth": claim.interval(GROWTH),
        "growth_prior": GROWTH.prior_interval(),
        "by_spread_of_means": by_spread,
    }
    picture = learned(
        "By how much stronger reversion is one log-odds from the mean",
        "additional strength, as a multiple",
        claim,
        GROWTH,
    )
    return engine.outcome("growing", deciding, log_bayes_factor, picture, details)


def _growing_models(engine: Engine) -> tuple[Model, Model]:
    """Return growing and linear reversion with the cycle's parameters held at their mode."""
    held = engine.centre(RETURN_CYCLE).at(CYCLE, models.CYCLE_SD)
    return models.GROWING_CYCLE.holding(held), RETURN_CYCLE.holding(held)


def _growing_ahead(engine: Engine) -> tuple[list[ModelPoint], ModelPoint]:
    claim, linear = (engine.reading(model) for model in _growing_models(engine))
    return [claim], linear


FADING = PooledClaim(
    "S5a",
    "Do events stay alike for a quarter?",
    "events stay alike for about a quarter, beyond what the last event was",
    test_fading,
    ahead=lambda engine: ([engine.reading(WALK_CYCLE)], engine.reading(WALK)),
    nulls=(EPISODES,),
    months=FADING_MONTHS,
)
RETURNING = PooledClaim(
    "S5b",
    "Does the trend revert to a long-run mean?",
    "the trend reverts to a long-run mean",
    test_return,
    ahead=lambda engine: ([engine.reading(RETURN_CYCLE)], engine.reading(WALK_CYCLE)),
    nulls=(MATCHED, REMEMBERED),
)
RANGE = PooledClaim(
    "S8",
    "Does the trend keep to a range around a mean?",
    "the trend keeps to a range",
    test_range,
    ahead=lambda engine: (
        [engine.reading(RETURN_CYCLE), engine.reading(BOUNDED_CYCLE)],
        engine.reading(WALK_CYCLE),
    ),
    nulls=(MATCHED, REMEMBERED),
)
GROWING = PooledClaim(
    COST.code,
    "Does reversion grow with the distance?",
    "reversion grows with the distance from the mean",
    test_growing,
    ahead=_growing_ahead,
    nulls=(MATCHED,),
)
