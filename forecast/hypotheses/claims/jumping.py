"""S2: the trend jumps where named eras begin, against no jumps and against placebo dates."""

from dataclasses import replace
from typing import Any

import numpy as np

from forecast.hypotheses.claims.claim import Claim, by_dyad, factor
from forecast.hypotheses.engine import Engine, Reading
from forecast.hypotheses.filter import COLUMN, likelihoods
from forecast.hypotheses.models import JUMPS, WALK_CYCLE
from forecast.hypotheses.outcome import Outcome, decide
from forecast.hypotheses.record import Record, placebo_sets
from forecast.theory import DECLINE
from forecast.typing import Bool, Float
from forecast.wording import join, number

PLACEBO_JUMP = 0.5
"""Standard deviation of the jumps with which placebos are tried, log-odds."""
PLACEBO_SHARE = 0.05
"""A jump is no finding of era starts if more of the placebo sets are as good."""


def test(engine: Engine) -> Outcome:
    """Compare a walk with a cycle that jumps where eras begin with one that does not, and with placebo dates."""
    claim = engine.evidence(WALK_CYCLE, "eras", JUMPS)
    null = engine.evidence(WALK_CYCLE)

    deciding = engine.against(claim, [null])
    by_jump = claim.posterior.sum(axis=tuple(at for at in range(claim.posterior.ndim) if at != 2))
    record, point = engine.record, WALK_CYCLE.points(engine.centre(WALK_CYCLE).mode[None])
    counted = engine.counted()
    real = _gain(record, record.begins, point, counted)
    kinds = placebo_sets(record, engine.placebos, engine.seed)
    as_good = {
        kind: float(np.mean([_gain(record, begins, point, counted) >= real for begins in sets]))
        for kind, sets in kinds.items()
    }
    early = record.begins | np.pad(record.begins[:, :-1], ((0, 0), (1, 0)))
    found = deciding(None)[0]
    details: dict[str, Any] = {
        "eras": record.eras,
        "jump_sd": float((by_jump * np.array(JUMPS)).sum()),
        "placebos": engine.placebos,
        "placebos_as_good": as_good,
        "without_first_two_months": _gain(record.without_months(early), record.begins, point, counted),
        "at_one_point": real,
    }
    sets = engine.placebos
    placebos = join([f"{round(share * sets)} of {sets} {kind}" for kind, share in as_good.items()])
    sentences = [
        f"The trend jumps at the {record.eras} era starts by {number(details['jump_sd'], 1)} log-odds (standard "
        f"deviation), against no jumps: {factor(found)}. As good are {placebos} placebo sets.",
        f"At fixed parameters {factor(real)}, without the first two months of eras "
        f"{factor(details['without_first_two_months'])}. Eras were named with hindsight.",
    ]
    answer = decide(found, found)
    if answer == "supported" and max(as_good.values()) > PLACEBO_SHARE:
        answer = "undecided"
    dyads = {name: deciding([at])[0] for at, name in enumerate(record.dyads)}
    picture = by_dyad("Evidence of jumps where eras begin, by dyad", dyads)
    return engine.outcome(deciding, found, sentences, picture, details, answer=answer)


def _gain(record: Record, begins: Bool, point: Float, dyads: list[int] | None) -> float:
    """Return by how much jumps at some months raise the log-likelihood of some dyads, at one point."""
    steps = replace(record, begins=begins).steps
    jumps = point.copy()
    jumps[:, COLUMN["jump2"]] = PLACEBO_JUMP**2
    found = likelihoods(steps, np.concatenate([point, jumps]))[..., 0]
    found = (found if dyads is None else found[:, dyads]).sum(axis=1)
    return float(found[1] - found[0])


def _lacks(record: Record) -> str:
    if record.eras:
        return ""
    return "no dyad has an era that begins within its record; name eras with their first days (`forecast help events`)"


def _ahead(engine: Engine) -> tuple[list[Reading], Reading]:
    """Return jumps at eras, those that begin within the windows included, and none."""
    plain = engine.reading(WALK_CYCLE)
    jumping = plain.point.copy()
    jumping[:, COLUMN["jump2"]] = PLACEBO_JUMP**2
    return [Reading(engine.record, jumping)], plain


JUMPING = Claim(
    DECLINE.code, "Does the trend jump where named eras begin?", "the trend jumps where named eras begin", test, _lacks,
    _ahead,
)  # fmt: skip
