"""Claims about reversion: of deviations (S5a), of the trend (S5b), growing (S6), to a range (S8).

- S5a, events stay alike for a quarter: compares a cycle with none under each trend, which walks,
  reverts or is bounded. A walk with a cycle is also compared with walks that look like one, because
  their sources drift or their events repeat the last ones.
- S5b, the trend reverts: compares reversion with walks, drifting sources and a walk between bounds.
- S8, the trend keeps to a range, by reversion or by bounds: compares it with walks and drifting
  sources.
- S6, reversion grows with the distance from the mean: compares it with reversion in proportion.

S5b and S8 must hold at every spread of the dyads' long-run means, with and without jumps where eras
begin. Long memory is an alternative of S5a, S5b and S8, because it fades as well, ever more slowly.
"""

import math
from collections.abc import Callable
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
    dyad_bars,
    posterior_picture,
)
from forecast.study.hypotheses.evidence import PooledEvidence, averaged_interval
from forecast.study.hypotheses.filter.inputs import MEAN
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
    RETURN_YEARS,
    SOURCES,
    STEP,
    WALK,
    WALK_CYCLE,
    WALK_REPEATS,
    Model,
)
from forecast.study.hypotheses.outcome import (
    LIMIT,
    FactorRange,
    FactorRangeOf,
    Outcome,
    Picture,
    Series,
)

FADING_MONTHS = 96  # of a dyad: eight years have a dozen half-lives of deviations, or more
LONG_MEMORY_MODELS = (MEMORY, MEMORY_NOISE, MEMORY_CYCLE)
# Alternatives of S5a that decide it most often: on simulated records these are computed first.
OFTEN_DECIDING = (WALK.name, WALK_REPEATS.name, MEMORY.name)
# pairs of models with and without a cycle; the first two (a walk, and events that repeat the last
# ones) are computed whatever they decide
MIN_MODEL_PAIRS = 2
NEWS_MONTHS = 2.0  # a cycle with a shorter half-life is only news
# Distances from the long-run mean, in long-run standard deviations of the trend.
EXTREME = 2.0
MIDDLE = 1.0  # the middle ground is nearer than this


def test_fading(engine: Engine) -> Outcome:
    """Test S5a: compare a cycle with none under each trend, and with walks that look like one."""
    pairs = _cycle_pairs(engine)
    factor_range = engine.factor_range_of_pairs(pairs.values())
    factors = engine.log_bayes_factors(pairs)
    if engine.brief:
        return engine.outcome(
            "fading", factor_range, factors[WALK.name], None, {"against": factors}
        )
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
        "memory": orders_of_integration(engine),
        "against": factors,
    }
    best = max(by_trend.values(), key=engine.total)
    picture = posterior_picture(
        "How long deviations from the trend last", "half-life, months", best, CYCLE
    )
    return engine.outcome("fading", factor_range, factors[WALK.name], picture, details)


def _cycle_pairs(engine: Engine) -> dict[str, tuple[PooledEvidence, PooledEvidence]]:
    """Return the evidence of a cycle and of none under each trend, by the name without a cycle.

    On simulated records the pairs that decide most often come first, and the others are left out
    once the answer is certain.
    """
    evidence, exact = engine.evidence, engine.evidence_without_laplace
    # Computed when they are needed, because each takes long.
    pair_of: dict[str, Callable[[], tuple[PooledEvidence, PooledEvidence]]] = {
        WALK.name: lambda: (evidence(WALK_CYCLE), evidence(WALK)),
        RETURN_ALONE.name: lambda: (evidence(RETURN_CYCLE), evidence(RETURN_ALONE)),
        BOUNDED.name: lambda: (evidence(BOUNDED_CYCLE), evidence(BOUNDED)),
        SOURCES.name: lambda: (evidence(WALK_CYCLE), evidence(SOURCES, "sources")),
        WALK_REPEATS.name: lambda: (evidence(WALK_CYCLE), evidence(WALK_REPEATS, "last events")),
    }
    if engine.record.eras:
        pair_of["a walk with jumps at eras"] = lambda: (
            evidence(WALK_CYCLE.jumping(), "eras"),
            evidence(WALK.jumping(), "eras"),
        )
        pair_of["a reverting trend with jumps at eras"] = lambda: (
            evidence(RETURN_CYCLE.jumping(), "eras"),
            evidence(RETURN_ALONE.jumping(), "eras"),
        )
    if engine.long_memory:
        pair_of[MEMORY.name] = lambda: (exact(MEMORY_CYCLE), exact(MEMORY))
        pair_of[MEMORY_NOISE.name] = lambda: (exact(MEMORY_CYCLE), exact(MEMORY_NOISE))
    names = list(pair_of)
    if engine.laplace:
        names.sort(key=lambda name: name not in OFTEN_DECIDING)
    pairs = dict[str, tuple[PooledEvidence, PooledEvidence]]()
    for name in names:
        enough = len(pairs) >= MIN_MODEL_PAIRS
        if enough and not may_change(engine, engine.factor_range_of_pairs(pairs.values())):
            break
        pairs[name] = pair_of[name]()
    return pairs


def may_change(engine: Engine, factor_range: FactorRangeOf) -> bool:
    """Check whether a further alternative may change the answer; always on recorded data.

    On simulated records an alternative is not computed if the smallest log Bayes factor is already
    too small for support, and the largest one too large for rejection.
    """
    factors = factor_range(None)
    return not engine.laplace or factors.least > 0.0 or factors.most < -LIMIT


def orders_of_integration(engine: Engine) -> dict[str, tuple[float, float, float]]:
    """Return 5%, 50% and 95% points of the dyads' mean order of integration, by model."""
    orders = {}
    for model in LONG_MEMORY_MODELS:
        low, middle, high = engine.evidence(model).interval(MEMORY_ODDS)
        orders[model.name] = low / (1.0 + low), middle / (1.0 + middle), high / (1.0 + high)
    return orders


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
    """Test S5b: compare a reverting trend with a walk, drifting sources and bounds."""
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
    for model in LONG_MEMORY_MODELS if engine.long_memory else ():
        if may_change(engine, engine.factor_range_of_pairs(pairs.values())):
            reverting = engine.evidence_without_laplace(RETURN_CYCLE)
            pairs[model.name] = reverting, engine.evidence_without_laplace(model)
    factor_range = engine.factor_range_of_pairs(pairs.values())
    smallest = {
        name: float((engine.totals(reverting) - engine.totals(alternative)).min())
        for name, (reverting, alternative) in pairs.items()
    }
    factors = engine.log_bayes_factors(pairs)
    base = engine.total(walk)
    by_spread = engine.totals(claim) - base
    profile = (claim.profile(RETURN) - base).tolist()
    details: dict[str, Any] = {
        "half_life_years": tuple(months / 12.0 for months in claim.interval(RETURN)),
        "half_life_years_prior": tuple(months / 12.0 for months in RETURN.prior_interval()),
        "by_half_life_years": dict(zip(RETURN_YEARS, profile, strict=True)),
        "by_spread_of_means": dict(zip(engine.mean_sds, by_spread.tolist(), strict=True)),
        "against": factors,
        "against_least": smallest,
    }
    if not engine.brief:
        details["memory"] = orders_of_integration(engine)
    line = Series("reversion against a walk", RETURN_YEARS, tuple(profile))
    picture = Picture(
        "Evidence of reversion against a walk, by its half-life",
        "half-life of the trend's return, years",
        "log Bayes factor",
        "line",
        (line,),
        (-LIMIT, LIMIT),
    )
    return engine.outcome("return", factor_range, factors["a walk"], picture, details)


def test_range(engine: Engine) -> Outcome:
    """Test S8: compare a range, by reversion or by bounds, with walks and long memory."""
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

    def factor_range(dyads: list[int] | None) -> FactorRange:
        factors = [
            _average(*(engine.totals(evidence, dyads) for evidence in ranges))
            - engine.totals(alternative, dyads)
            for ranges, alternative in pairs.values()
        ]
        return FactorRange(float(np.min(factors)), float(np.max(factors)))

    for model in LONG_MEMORY_MODELS if engine.long_memory else ():
        if may_change(engine, factor_range):
            ranges = (
                engine.evidence_without_laplace(RETURN_CYCLE),
                engine.evidence_without_laplace(BOUNDED_CYCLE),
            )
            pairs[model.name] = ranges, engine.evidence_without_laplace(model)

    def total_of_either(ranges: tuple[PooledEvidence, PooledEvidence]) -> float:
        first, second = (np.array(engine.total(evidence)) for evidence in ranges)
        return float(_average(first, second))

    factors = {
        name: total_of_either(ranges) - engine.total(alternative)
        for name, (ranges, alternative) in pairs.items()
    }
    mode = engine.posterior_mode(RETURN_CYCLE).at(RETURN, STEP)
    retention = retention_of(math.exp(mode[RETURN]))
    spread = math.exp(mode[STEP]) / math.sqrt(1.0 - retention**2)
    bound = bounds.interval(models.BOUND)
    details: dict[str, Any] = {
        "against": factors,
        "reversion_against_bounds": engine.total(reverting) - engine.total(bounds),
        "long_run_sd": spread,
        "mean_points": 100.0 * float(expit(MEAN)),
        "middle_two_thirds_points": around_mean(spread),
        "passage_years": passage_years(engine),
        "bound": bound,
        "bound_points": around_mean(bound[1]),
    }
    outcome = engine.outcome("range", factor_range, factors["a walk"], None, details)
    picture = dyad_bars("What each dyad adds to the evidence of a range", outcome.dyads)
    return replace(outcome, picture=picture)


def _average(first: Float, second: Float) -> Float:
    """Return the log evidence of either of two models that are equally likely a priori."""
    return np.asarray(np.logaddexp(first, second) - math.log(2.0))


def around_mean(distance: float) -> tuple[float, float]:
    """Return the shares, in %, at a distance in log-odds below and above the prior mean."""
    low, high = 100.0 * expit([MEAN - distance, MEAN + distance])
    return float(low), float(high)


def passage_years(engine: Engine) -> float:
    """Return the mean years that a reverting trend takes from an extreme to the middle ground.

    Its parameters are at their mode. It is the mean first-passage time of an Ornstein-Uhlenbeck
    process.
    """
    months = math.exp(engine.posterior_mode(RETURN_CYCLE).at(RETURN)[RETURN])
    passage, _ = quad(lambda y: norm.cdf(-y) / norm.pdf(y), MIDDLE, EXTREME)
    return float(passage * months / math.log(2.0) / 12.0)


def test_growing(engine: Engine) -> Outcome:
    """Test S6: compare growing with linear reversion, with the cycle fixed at its mode."""
    claim, linear = (engine.evidence(model) for model in _growing_models(engine))
    factor_range = engine.factor_range(claim, [linear])
    factors = (engine.totals(claim) - engine.totals(linear)).tolist()
    by_spread = dict(zip(engine.mean_sds, factors, strict=True))
    log_bayes_factor = engine.total(claim) - engine.total(linear)
    details: dict[str, Any] = {
        "growth": claim.interval(GROWTH),
        "growth_prior": GROWTH.prior_interval(),
        "by_spread_of_means": by_spread,
    }
    picture = posterior_picture(
        "By how much stronger reversion is one log-odds from the mean",
        "additional strength, as a multiple",
        claim,
        GROWTH,
    )
    return engine.outcome("growing", factor_range, log_bayes_factor, picture, details)


def _growing_models(engine: Engine) -> tuple[Model, Model]:
    """Return growing and linear reversion with the cycle's parameters fixed at their mode."""
    at_mode = engine.posterior_mode(RETURN_CYCLE).at(CYCLE, models.CYCLE_SD)
    return models.GROWING_CYCLE.with_fixed(at_mode), RETURN_CYCLE.with_fixed(at_mode)


def _growing_held_out(engine: Engine) -> tuple[list[ModelPoint], ModelPoint]:
    """Return growing and linear reversion at their modes."""
    claim, linear = (engine.model_point(model) for model in _growing_models(engine))
    return [claim], linear


FADING = PooledClaim(
    "S5a",
    "Do events stay alike for a quarter?",
    "events stay alike for about a quarter, beyond what the last event was",
    test_fading,
    held_out=lambda engine: ([engine.model_point(WALK_CYCLE)], engine.model_point(WALK)),
    nulls=(EPISODES,),
    months=FADING_MONTHS,
)
RETURNING = PooledClaim(
    "S5b",
    "Does the trend revert to a long-run mean?",
    "the trend reverts to a long-run mean",
    test_return,
    held_out=lambda engine: ([engine.model_point(RETURN_CYCLE)], engine.model_point(WALK_CYCLE)),
    nulls=(MATCHED, REMEMBERED),
)
RANGE = PooledClaim(
    "S8",
    "Does the trend keep to a range around a mean?",
    "the trend keeps to a range",
    test_range,
    held_out=lambda engine: (
        [engine.model_point(RETURN_CYCLE), engine.model_point(BOUNDED_CYCLE)],
        engine.model_point(WALK_CYCLE),
    ),
    nulls=(MATCHED, REMEMBERED),
)
GROWING = PooledClaim(
    COST.code,
    "Does reversion grow with the distance?",
    "reversion grows with the distance from the mean",
    test_growing,
    held_out=_growing_held_out,
    nulls=(MATCHED,),
)
