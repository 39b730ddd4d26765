"""S10: a high-level visit moves relations beyond what the visit itself tells.

In the model a visit is a cooperative event like others; the claim is that it adds an impulse to the cycle in the month
after. The placebo is the same impulse a year later.
"""

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from forecast.events.codebook import VISIT
from forecast.hypotheses.claims.claim import Claim, by_dyad, factor
from forecast.hypotheses.claims.effects import ahead_of, effect_of
from forecast.hypotheses.engine import Engine, Reading
from forecast.hypotheses.outcome import LIMIT, Outcome
from forecast.hypotheses.record import Record
from forecast.theory import VISITS
from forecast.typing import Bool
from forecast.wording import number

if TYPE_CHECKING:
    import xarray as xr

    from forecast.events.table import EventTable

HIGH = re.compile(
    r"\b(?:President|Premier|Prime Minister|Chairman|Chancellor|General Secretary|Secretary|Minister|State Councillor"
    r"|National Security Adviser|Leader|King|Shah|Emperor|Crown Prince)\b"
)
"""High-level visitors: heads of state and government, their deputies, ministers and equivalent ranks."""
LOWER = re.compile(
    r"\b(?:Deputy(?! Premier| Prime)|Assistant|Under|Vice(?! President| Premier| Chairman)|Permanent|[Ff]ormer|[Ee]x-)"
)
FEWEST = 20
"""Months with a visit, over all dyads."""
LATER = 12
"""Months by which the placebo follows a visit."""


def test(engine: Engine) -> Outcome:
    """Compare an impulse after visits with none, and with the same impulse a year later."""
    record = engine.record
    assert record.visits is not None, "checked by what the claim lacks"
    own, later = (
        effect_of(engine, months.astype(np.float64), "push") for months in (record.visits, _later(record))
    )  # fmt: skip

    def deciding(dyads: list[int] | None) -> tuple[float, float]:
        counted = engine.counted(dyads)
        found = own.factor(counted, engine.width)
        return min(found, found - later.factor(counted, engine.width)), found

    found = deciding(None)[1]
    (mean, sd), (placebo, placebo_sd) = own.points, later.points
    details: dict[str, Any] = {
        "visits": int(record.visits.sum()), "effect_points": (mean, sd), "placebo_points": (placebo, placebo_sd),
        "smallest_found_points": own.found_from(LIMIT), "placebo_log_bayes_factor": later.factor(),
    }  # fmt: skip
    sentences = [
        f"A visit adds {number(mean, 1)} points (standard deviation {number(sd, 1)}) to the month after, beyond what "
        f"any cooperative event tells, against no effect: {factor(found)}. {details['visits']} months have a visit.",
        f"A year later it adds {number(placebo, 1)} ({number(placebo_sd, 1)}), the placebo. The test would find an "
        f"effect of {number(details['smallest_found_points'], 1)} points.",
    ]
    dyads = {name: own.factor([at]) for at, name in enumerate(record.dyads)}
    picture = by_dyad("Evidence of an impulse after visits, by dyad alone", dyads)
    return engine.outcome(deciding, found, sentences, picture, details)


def _ahead(engine: Engine) -> tuple[list[Reading], Reading]:
    assert engine.record.visits is not None, "checked by what the claim lacks"
    return ahead_of(engine, {"visits": engine.record.visits.astype(np.float64)}, "push")


def _later(record: Record) -> Bool:
    assert record.visits is not None
    month = np.arange(record.events.shape[1])
    found = np.zeros_like(record.visits)
    found[:, LATER:] = record.visits[:, :-LATER]
    return np.asarray(found & (month < record.stop[:, None]))


def visits_of(events: "EventTable", panel: "xr.Dataset") -> Bool:
    """Find the months of a panel with a high-level visit, (dyad, month); of any rank where no title says which."""
    time = panel["time"].to_numpy().astype("datetime64[D]")
    last = pd.Timestamp(str(panel.attrs.get("as_of") or time[-1] + np.timedelta64(31, "D")))
    rows = events.events[(events.events["cameo"] == VISIT) & (events.events["known_at"] <= last)]
    found = np.zeros((panel.sizes["dyad"], len(time)), dtype=bool)
    for at, dyad in enumerate(panel["dyad"].to_numpy()):
        own = rows[rows["dyad"] == dyad]
        high = own["actor"].map(is_high).astype(bool)
        days = (own[high] if high.any() else own)["date"].to_numpy().astype("datetime64[D]")
        places = np.searchsorted(time, days, side="right") - 1
        found[at, places[places >= 0]] = True
    return found


def is_high(actor: str) -> bool:
    """Check whether a title is that of a leader, a minister or their like."""
    return bool(HIGH.search(actor)) and not LOWER.search(actor)


def _lacks(record: Record) -> str:
    if record.visits is None:
        return "visits are found among single events; give the events of the panel as well (`events`)"
    number_ = int(record.visits.sum())
    return "" if number_ >= FEWEST else f"{number_} months have a high-level visit, and {FEWEST} are needed"


VISITING = Claim(
    VISITS.code, "Do high-level visits move relations?", "high-level visits move relations", test, _lacks, _ahead
)
