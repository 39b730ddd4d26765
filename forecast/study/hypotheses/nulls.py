"""Null sets: simulated records in which a claim is false and looks as if it were true.

A large Bayes factor against an alternative says little if neither model is how the record came to
look like this. So a claim that its Bayes factors support must also stand out from null sets: at
most 5% of them may give as much evidence. The error of the simulation counts against the claim, so
that at most 5 of 200 sets may. There are four kinds:

- *Walks that turned back as these dyads did*: pairs of states are often chosen because they moved
  away and came back. For each dyad 40 walks are simulated, and the one is taken that turned back
  most nearly as far as the recorded dyad.
- *Walks with late eras dated where the record moves most*: an era that is recognised after its
  start may have been dated by what the record showed.
- *Walks whose events repeat the last ones*: reports of one episode follow each other, without any
  state that lasts.
- *Paths of long memory that turned back as these dyads did*: long memory fades and turns without
  any mean to return to.

Walks and paths of long memory have the parameters that fit the record best. Walks have a cycle,
except for those whose events repeat.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from forecast.study.hypotheses.engine import (
    EPISODES,
    HINDSIGHT,
    MATCHED,
    REMEMBERED,
    Engine,
    PooledClaim,
)
from forecast.study.hypotheses.evidence import QuadratureSettings
from forecast.study.hypotheses.models import (
    CONCENTRATION,
    CYCLE,
    CYCLE_SD,
    INNOVATION,
    MEMORY,
    MEMORY_ODDS,
    STEP,
    WALK,
    WALK_CYCLE,
)
from forecast.study.hypotheses.outcome import LIMIT, NullSets, too_many
from forecast.study.hypotheses.record import PooledRecord, turned_back
from forecast.study.hypotheses.simulate import SimulatedProcess, simulate

NULL_KINDS = (MATCHED, HINDSIGHT, EPISODES, REMEMBERED)
SETS = 200  # null sets of each kind
# null sets; if none of so many is as good as the record, further ones cannot change the answer
MIN_NULL_SETS = 100
REPEAT_CHANCE = 0.3  # chance that an event repeats the last one, in walks whose events do
SIMULATION_QUADRATURE = QuadratureSettings()
MEAN_SDS = (0.5, 1.0, 2.0)  # spreads of long-run means at which simulated sets are tested
SEED_STEP = 1 << 20  # between the seeds of two kinds of null sets, more than there are sets


def null_process(name: str, engine: Engine) -> SimulatedProcess:
    """Return the process of a kind of null sets, with the parameters that fit a record best."""
    model = {EPISODES: WALK, REMEMBERED: MEMORY}.get(name, WALK_CYCLE)
    mode = engine.posterior_mode(model).at(*model.free)
    best = {parameter: math.exp(value) for parameter, value in mode.items()}
    concentration = best[CONCENTRATION]
    if name == REMEMBERED:
        return SimulatedProcess(
            name,
            step=best[INNOVATION],
            concentration=concentration,
            memory=best[MEMORY_ODDS] / (1.0 + best[MEMORY_ODDS]),
            chosen="matched",
        )
    cycle = None if name == EPISODES else (best[CYCLE], best[CYCLE_SD])
    walk = SimulatedProcess(name, step=best[STEP], concentration=concentration, cycle=cycle)
    return {
        MATCHED: replace(walk, chosen="matched"),
        HINDSIGHT: replace(walk, hindsight=True),
        EPISODES: replace(walk, repeat=REPEAT_CHANCE),
    }[name]


def simulated_engine(record: PooledRecord, placebos: int, null: str = "") -> Engine:
    """Return an engine for a simulated record, coarser than that for a recorded one.

    ``null`` names the kind of a null set. In null sets of walks long memory is no alternative: it
    would lower the evidence of the sets and hardly that of the record, and so make a claim easier
    to support.
    """
    long_memory = null in ("", REMEMBERED)
    return Engine(
        record,
        quadrature=SIMULATION_QUADRATURE,
        mean_sds=MEAN_SDS,
        placebos=placebos,
        brief=True,
        laplace=True,
        long_memory=long_memory,
    )


def simulate_null_set(name: str, engine: Engine, number: int) -> PooledRecord:
    """Simulate one null set of a record."""
    kind = NULL_KINDS.index(name)
    seed = (engine.seed << 33) + kind * SEED_STEP + number
    return simulate(engine.record, null_process(name, engine), seed)


def compare_with_null_sets(
    claim: PooledClaim, engine: Engine, least: float
) -> tuple[NullSets, ...]:
    """Count how many null sets of each kind give a claim as much evidence as its record does.

    This is a sequential Monte Carlo test [1]_. The simulation of a kind stops as soon as so many of
    its sets are as good that the claim cannot be supported; then further kinds are not simulated.
    It also stops if none of the first hundred sets is as good.

    References
    ----------
    .. [1] Besag and Clifford (1991), Biometrika 78, 301-304, doi:10.1093/biomet/78.2.301.
    """
    is_index = engine.record.value is not None  # its values are no events that could repeat
    names = [name for name in claim.nulls if not (is_index and name == EPISODES)]
    by_kind = list[NullSets]()
    for name in names:
        by_kind.append(_count_as_good(name, claim, engine, least))
        if by_kind[-1].too_many:
            break
    return tuple(by_kind)


def _count_as_good(name: str, claim: PooledClaim, engine: Engine, least: float) -> NullSets:
    """Count the null sets of one kind with at least as large a least log Bayes factor."""
    as_good, turns = 0, list[float]()
    for number in range(SETS):
        record = simulate_null_set(name, engine, number)
        as_good += int(claim.test(simulated_engine(record, 1, name)).least >= least)
        turns.append(float(turned_back(record).mean()))
        none_of_first = len(turns) == MIN_NULL_SETS and not as_good
        if too_many(as_good, SETS) or none_of_first:
            break
    recorded = float(turned_back(engine.record).mean())
    return NullSets(name, len(turns), as_good, float(np.mean(turns)), recorded)


def limit_of(leasts: Sequence[float]) -> float:
    """Return the log Bayes factor that few enough null sets exceed to support a claim.

    It is at least the limit of the rule.
    """
    allowed = sum(not too_many(number, len(leasts)) for number in range(len(leasts)))
    return max(LIMIT, sorted(leasts, reverse=True)[max(allowed - 1, 0)])
