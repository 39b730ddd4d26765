"""One dyad within the hierarchy: its own half-lives given all dyads, and what it adds to the evidence on each claim."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from forecast.hypotheses.engine import Engine
from forecast.hypotheses.evidence import own_posterior
from forecast.hypotheses.models import CYCLE, RETURN, RETURN_CYCLE

QUANTITIES = ((CYCLE, "half-life of deviations from the trend", "months", 1.0),
              (RETURN, "half-life of the trend's return", "years", 12.0))  # fmt: skip


@dataclass(frozen=True)
class OwnDyad:
    """A dyad within the hierarchy."""

    dyad: str
    rows: tuple[Mapping[str, Any], ...]  # Quantity, unit, and 5%, 50% and 95% points before and given the data
    evidence: Mapping[str, float]  # What the dyad adds to the log Bayes factor that decides, by claim


def own_dyad(engine: Engine, dyad: str, evidence: Mapping[str, float]) -> OwnDyad:
    """Read a dyad off the hierarchy of a reverting trend with a cycle."""
    at, found = engine.record.dyads.index(dyad), engine.evidence(RETURN_CYCLE)
    rows = []
    for axis, name, unit, scale in QUANTITIES:
        places, chance = own_posterior(
            found, engine.steps("plain"), engine.centre(RETURN_CYCLE), at, axis, engine.finesse
        )  # fmt: skip
        below = np.cumsum(chance) - 0.5 * chance
        points = np.exp(np.interp((0.05, 0.5, 0.95), below, np.log(places))) / scale
        own = replace(axis, sd=math.hypot(axis.sd, axis.spread))  # Mean and dyads around it
        prior = [one / scale for one in own.prior_interval()]
        names = ("low", "median", "high", "prior_low", "prior_median", "prior_high")
        row = dict(zip(names, (*points.tolist(), *prior), strict=True))
        rows.append({"quantity": name, "unit": unit, **row})
    return OwnDyad(dyad, tuple(rows), evidence)
