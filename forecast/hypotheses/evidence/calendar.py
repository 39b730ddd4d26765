"""Whether a scheduled calendar predicts: the model with its drivers against the same without, and what each adds."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.drivers import add_drivers, calendar_drivers
from forecast.errors import DataError, SpecError
from forecast.hypotheses.evidence.measures import chance, densities, evidence_table, number
from forecast.hypotheses.verdict import Drawing, Found, Series
from forecast.scale import share

if TYPE_CHECKING:
    from forecast.hypotheses.candidates import Candidates

WITH, WITHOUT = "the calendar's drivers", "no drivers"


@dataclass(frozen=True)
class Calendar:
    """What is found of a calendar beside its numbers."""

    drivers: tuple[str, ...]  # Those that ever are one in the record
    missing: str = ""  # Why there are none; empty if there are some


def measure_calendar(candidates: "Candidates") -> Found[Calendar]:
    """Measure whether scheduled facts, as they were known, say something of how relations go."""
    try:
        driven, choice = with_calendar(candidates)
    except (DataError, SpecError) as error:
        return Found(Calendar((), str(error)), (), (), evidence_table({}), _no_bars())
    comparison = driven.compare(choice, {}, (WITH, WITHOUT), scales=("driver_effects",))
    effect = driven.fit(**choice).posterior["driver_effect"].sel(dyad=driven.dyad).transpose("chain", "draw", "driver")
    points = {name: share(effect.to_numpy()[..., place]) - 50.0 for place, name in enumerate(choice["drivers"])}
    numbers = [
        found
        for name, draws in points.items()
        for found in (
            number(f"effect_{name}", draws, "points", f"what a standard deviation of {name} adds, from an even share"),
            chance(f"helps_{name}", draws > 0, f"{name} helps cooperation"),
        )
    ]
    return Found(
        findings=Calendar(tuple(points)),
        comparisons=(comparison,),
        numbers=tuple(numbers),
        table=evidence_table({comparison.words: comparison}),
        drawing=densities(
            "What scheduled facts add", "points of share, by standard deviation",
            {name: ("posterior", draws) for name, draws in points.items()},
        ),
    )  # fmt: skip


def with_calendar(candidates: "Candidates") -> "tuple[Candidates, dict[str, Any]]":
    """Return the candidates with a panel that carries the calendar's drivers, and the choice of a model that uses them.

    Without a linear cycle around a trend that moves, every driver acts on the month alone.
    """
    table = calendar_drivers([candidates.dyad])
    spec = candidates.spec
    acts = table.acting(None if spec.moves and spec.cycle == "linear" else "month")
    return candidates.with_drivers(add_drivers(candidates.panel, table)), {"drivers": acts}


def _no_bars() -> Drawing:
    empty = Series("chance", ("no driver",), (float(np.nan),), places="names")
    return Drawing("bars", "What scheduled facts add", "driver", "points of share", (empty,))
