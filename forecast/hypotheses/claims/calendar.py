"""S12: scheduled elections, congresses and summits predict relations."""

from typing import Any

import numpy as np

from forecast.drivers import calendar_drivers
from forecast.errors import DataError
from forecast.hypotheses.claims.claim import Claim, factor
from forecast.hypotheses.claims.effects import ahead_of, effect_of
from forecast.hypotheses.engine import Engine
from forecast.hypotheses.outcome import Outcome, Picture, Series
from forecast.hypotheses.record import Record
from forecast.theory import REASONS
from forecast.typing import Float
from forecast.wording import join, number

OCCASION = "occasion"


def test(engine: Engine) -> Outcome:
    """Compare an effect of each kind of occasion on its months with none; kinds are taken as independent."""
    effects = {name: effect_of(engine, months, OCCASION) for name, months in occasions_of(engine.record).items()}

    def deciding(dyads: list[int] | None) -> tuple[float, float]:
        found = sum(one.factor(engine.counted(dyads), engine.width) for one in effects.values())
        return found, found

    found = deciding(None)[0]
    points = {name: one.points for name, one in effects.items()}
    details: dict[str, Any] = {
        "effects_points": points, "log_bayes_factors": {name: one.factor() for name, one in effects.items()},
    }  # fmt: skip
    parts = [f"{name.replace('_', ' ')} {number(mean, 1)} ({number(sd, 1)})" for name, (mean, sd) in points.items()]
    sentences = [
        f"Scheduled occasions against none: {factor(found)}.",
        f"In points of share, with standard deviations, they add: {join(parts)}. A summit is itself recorded as "
        "meetings, so that its effect is no finding about the reasons of states.",
    ]
    names = tuple(name.replace("_", " ") for name in points)
    mean, sd = (np.array([one[at] for one in points.values()]) for at in (0, 1))
    series = Series("effect", names, tuple(mean), tuple(mean - 1.645 * sd), tuple(mean + 1.645 * sd))
    picture = Picture("What scheduled occasions add", "", "points of share", "intervals", (series,))
    return engine.outcome(deciding, found, sentences, picture, details)


def occasions_of(record: Record) -> dict[str, Float]:
    """Return by kind which months have an occasion, (dyad, month)."""
    table = calendar_drivers(list(record.dyads))
    found = {name: np.zeros(record.events.shape) for name in table.names}
    for name, months in found.items():
        for at, dyad in enumerate(record.dyads):
            known = table.known(name, dyad, record.time[-1].astype("datetime64[D]").item())
            month = known.index.to_numpy().astype("datetime64[M]")
            place = np.minimum(np.searchsorted(record.time, month), len(record.time) - 1)
            inside = record.time[place] == month
            months[at, place[inside]] = known["value"].to_numpy()[inside]
    return found


def _lacks(record: Record) -> str:
    try:
        calendar_drivers(list(record.dyads))
    except DataError as error:
        return str(error)
    return ""


CALENDAR = Claim(
    REASONS.code, "Do scheduled occasions predict relations?", "scheduled occasions predict relations", test, _lacks,
    lambda engine: ahead_of(engine, occasions_of(engine.record), OCCASION), usual=False,
)  # fmt: skip
