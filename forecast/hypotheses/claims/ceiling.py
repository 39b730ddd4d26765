"""S4: the framework of an era sets a ceiling to the trend.

The trend returns to its mean, jumps where eras begin and has a cycle around it. A ceiling above the trend at each era's
start is set against none, bounds around the dyad's mean, ceilings set blindly every ten years, and means by era. Beside
it, the depth of cooperation and the severity of conflict by era are set against drift.
"""

import math
from dataclasses import replace
from typing import Any

from forecast.hypotheses.claims.claim import Claim, factor, learned, versus
from forecast.hypotheses.engine import Engine
from forecast.hypotheses.filter import MEAN_SD, NEW_SOURCE
from forecast.hypotheses.models import (
    BOUNDED_CYCLE,
    CYCLE,
    CYCLE_SD,
    HEADROOM,
    RETURN,
    RETURN_CYCLE,
    SOURCE_SD,
    Axis,
    Model,
)
from forecast.hypotheses.outcome import Outcome
from forecast.hypotheses.record import Record
from forecast.theory import CEILING as STATEMENT
from forecast.wording import interval_in_words, number

JUMP_SD = 0.6
"""Jumps of the trend where eras begin, log-odds, in all models."""
CEILING_MODEL = Model("a ceiling by the framework", (*RETURN_CYCLE.axes, HEADROOM), jump_sd=JUMP_SD)
KIND_STEP = Axis("trend_step", math.log(0.035), 0.7, 0.3, math.log(0.002), math.log(0.5))
KIND_VOLUME = (0.0, 0.4)
DRIFT = Model("drift", (KIND_STEP,), volume=KIND_VOLUME)
BY_ERA = Model("by era", (SOURCE_SD,), held=((KIND_STEP, math.log(0.001)),), volume=KIND_VOLUME)


def test(engine: Engine) -> Outcome:
    """Compare a ceiling by the framework with its rivals; cycle and return are held at their mode."""
    held = engine.centre(RETURN_CYCLE).at(CYCLE, CYCLE_SD, RETURN)
    own = replace(engine, mean_sds=(MEAN_SD,), kept={})
    jumping = replace(RETURN_CYCLE, jump_sd=JUMP_SD).holding(held)
    claim = own.evidence(CEILING_MODEL.holding(held), "ceilings")
    rivals = {
        "no ceiling": own.evidence(jumping, "eras"),
        "bounds around the dyad's mean": own.evidence(replace(BOUNDED_CYCLE, jump_sd=JUMP_SD).holding(held), "eras"),
        "ceilings every ten years": own.evidence(CEILING_MODEL.holding(held), "decades"),
        "a long-run mean by era": own.evidence(jumping, "means"),
    }

    deciding = own.against(claim, rivals.values())
    against = {name: claim.total() - one.total() for name, one in rivals.items()}
    low, middle, high = claim.interval(HEADROOM)
    details: dict[str, Any] = {
        "against": against, "headroom": (low, middle, high), "headroom_prior": HEADROOM.prior_interval(),
    }  # fmt: skip
    sentences = [
        f"A ceiling above the trend at each era's start against {versus(against)}.",
        f"Its headroom is {interval_in_words(middle, low, high, 1)} log-odds (before the data "
        f"{number(details['headroom_prior'][1], 1)}): a ceiling so far away binds rarely.",
    ]
    for name, record in () if engine.brief else engine.record.kinds():
        kinds = Engine(record, engine.cores, engine.finesse)
        eras = Engine(record.anchored(NEW_SOURCE, record.begins), engine.cores, engine.finesse)
        details[f"{name}_by_era_against_drift"] = found = (
            eras.evidence(BY_ERA, "eras").total() - kinds.evidence(DRIFT).total()
        )
        sentences.append(f"The {name} by era against drift: {factor(found)}.")
    title = "Headroom of a framework's ceiling above the trend at its start"
    picture = learned(title, "log-odds", claim, HEADROOM)
    return engine.outcome(deciding, against["no ceiling"], sentences, picture, details)


def _lacks(record: Record) -> str:
    if record.value is not None:
        return "an index has no kinds of events, and its scale has no frameworks; give coded events"
    return "" if record.eras else "no dyad has an era that begins within its record; name eras (docs/events.md)"


CEILING = Claim(
    STATEMENT.code, "Does the framework of an era set a ceiling?", "the framework of an era sets a ceiling", test,
    _lacks,
)  # fmt: skip
