"""Null sets: simulated record sets in which a claim is false and looks as if it were true.

They are simulated for each record.

A large Bayes factor against a rival does not help if the rival is not what made the record look
like this. So a claim that its Bayes factors support must also stand out from these sets: at most 5%
of them may give as much evidence, with the error of the simulation counted against the claim (5 of
200 sets).

- *Walks that turned back as these dyads did*: pairs of states are often chosen because they moved
  away and came back. Of 40 walks per dyad the one is taken that turned back most nearly as far as
  the recorded dyad.
- *Walks with late eras dated where the record moves most*: an era that is recognised after its
  start may have been dated by what the record showed.
- *Walks whose events repeat the last ones*: reports of one episode follow each other, without any
  state that lasts.

- *Paths of long memory that turned back as these dyads did*: long memory fades and turns without
  any mean to return to.

Walks have the parameters that fit the record best, with a cycle except for those whose events
repeat; so have paths of long memory.
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
from forecast.study.hypotheses.evidence import Finesse
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
from forecast.study.hypotheses.simulate import Truth, simulate

KINDS = (MATCHED, HINDSIGHT, EPISODES, REMEMBERED)
SETS = 200  # null sets of each kind
# null sets; if none of so many is as good as the record, further ones cannot change the answer
MIN_NULL_SETS = 100
REPEAT = 0.3  # chance that an event repeats the last one, in walks whose events do
FINESSE = Finesse()
MEAN_SDS = (0.5, 1.0, 2.0)  # spreads of long-run means at which simulated sets are tested
SEED_STEP = 1 << 20  # between the seeds of two kinds of null sets, more than there are sets


def null_truth(name: str, engine: Engine) -> Truth:
    """Return the process of a kind of null sets, with the parameters that fit a record best."""
    model = {EPISODES: WALK, REMEMBERED: MEMORY}.get(name, WALK_CYCLE)
    mode = {axis: math.exp(value) for axis, value in engine.centre(model).at(*model.free).items()}
    if model is MEMORY:
        order = mode[MEMORY_ODDS] / (1.0 + mode[MEMORY_ODDS])
        path = Truth(name, step=mode[INNOVATION], concentration=mode[CONCENTRATION], memory=order)
        return replace(path, chosen="matched")
    cycle = (mode[CYCLE], mode[CYCLE_SD]) if model is WALK_CYCLE else None
    truth = Truth(name, step=mode[STEP], concentration=mode[CONCENTRATION], cycle=cycle)
    return {
        MATCHED: replace(truth, chosen="matched"),
        HINDSIGHT: replace(truth, hindsight=True),
        EPISODES: replace(truth, repeat=REPEAT),
    }[name]


def simulated_engine(record: PooledRecord, placebos: int, null: str = "") -> Engine:
    """Return an engine for a simulated record, coarser than that for a real one.

    Of null sets their name is given.

    In null sets of walks long memory is no rival: it would lower their evidence and hardly that of
    the record, and so make a claim easier to support.
    """
    rival = null in ("", REMEMBERED)
    return Engine(
        record,
        finesse=FINESSE,
        mean_sds=MEAN_SDS,
        placebos=placebos,
        brief=True,
        laplace=True,
        long_memory=rival,
    )


def null_set(name: str, engine: Engine, number: int) -> PooledRecord:
    """Simulate one null set of a record."""
    kind = KINDS.index(name)
    seed = (engine.seed << 33) + kind * SEED_STEP + number
    return simulate(engine.record, null_truth(name, engine), seed)


def stands_out(claim: PooledClaim, engine: Engine, least: float) -> tuple[NullSets, ...]:
    """Count how many null sets give a claim as much evidence as its record does.

    This is a sequential Monte Carlo test [1]_: the simulation of a kind stops as soon as so many of
    its sets are as good that the claim cannot be supported, or none of the first hundred. Further
    kinds are then not simulated.

    References
    ----------
    .. [1] Besag and Clifford (1991), Biometrika 78, 301-304, doi:10.1093/biomet/78.2.301.
    """
    indexed = engine.record.value is not None  # its values are no events that could repeat
    names = [name for name in claim.nulls if not (indexed and name == EPISODES)]
    counted = list[NullSets]()
    for name in names:
        counted.append(_count(name, claim, engine, least))
        if counted[-1].too_many:
            break
    return tuple(counted)


def _count(name: str, claim: PooledClaim, engine: Engine, least: float) -> NullSets:
    as_good, turns = 0, list[float]()
    for number in range(SETS):
        record = null_set(name, engine, number)
        as_good += int(claim.test(simulated_engine(record, 1, name)).least >= least)
        turns.append(float(turned_back(record).mean()))
        if too_many(as_good, SETS) or (len(turns) == MIN_NULL_SETS and not as_good):
            break
    recorded = float(turned_back(engine.record).mean())
    return NullSets(name, len(turns), as_good, float(np.mean(turns)), recorded)


def limit_of(leasts: Sequence[float]) -> float:
    """Return the log Bayes factor above which too few null sets lie to deny a claim.

    It is at least that of the rule.
    """
    allowed = sum(not too_many(number, len(leasts)) for number in range(len(leasts)))
    return max(LIMIT, sorted(leasts, reverse=True)[max(allowed - 1, 0)])
