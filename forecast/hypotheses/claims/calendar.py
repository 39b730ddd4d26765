"""Claim of a calendar effect: scheduled elections, congresses and summits predict relations."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from forecast import theory
from forecast.drivers import add_drivers, calendar_drivers
from forecast.errors import DataError, SpecError
from forecast.hypotheses.hypothesis import Change, Contest, Hypothesis, Truth, Words
from forecast.hypotheses.measures import (
    chance,
    densities,
    evidence_sentences,
    evidence_table,
    median_interval,
    number,
    percent,
    reason_of_evidence,
)
from forecast.hypotheses.verdict import Answer, Drawing, Found, Reason, Rule, Series
from forecast.numeric import share

if TYPE_CHECKING:
    from forecast.hypotheses.candidates import Candidates

WITH, WITHOUT = "the calendar's drivers", "no drivers"
# Points of share that a standard deviation of a driver adds to an even one.
EFFECTS = (4.0, 8.0)


@dataclass(frozen=True)
class Calendar:
    """Evidence on a calendar effect."""

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


def _decide(found: "Found[Calendar]", rule: Rule) -> Answer:
    return rule.decide(found.comparison()) if found.comparisons else "undecided"


def _word(found: "Found[Calendar]", rule: Rule, answer: Answer) -> Words:
    return Words(
        claim="Scheduled occasions, reasons to ease or not to, say something of how relations go.",
        null="What is scheduled says nothing of it: the record goes on as the model without a calendar has it.",
        reason=_reason(found, rule, answer),
        prose=_prose(found, rule) if found.comparisons else (),
    )


def _prose(found: "Found[Calendar]", rule: Rule) -> tuple[str, ...]:
    return (*_effects(found), *evidence_sentences(found.comparison(), rule), _caution())


def _reason(found: "Found[Calendar]", rule: Rule, answer: Answer) -> Reason:
    if not found.comparisons:
        return Reason("not_defined", {"answer": answer, "why": found.findings.missing})
    return reason_of_evidence(found.comparison(), rule)


def _effects(found: "Found[Calendar]") -> tuple[str, ...]:
    return tuple(
        f"A standard deviation of {name} adds {median_interval(found[f'effect_{name}'], 1)} points from an even share; "
        f"the chance that it helps is {percent(found[f'helps_{name}'])}."
        for name in found.findings.drivers
    )


def _caution() -> str:
    return (
        "Facts are used as they were known on their day, and effects are shrunk to none together. That a calendar says "
        "nothing would not mean that the two sides have no reasons: only that these dates do not show them."
    )


def contest_of_calendar(candidates: "Candidates", half_lives: tuple[float, ...] = ()) -> Contest:
    """Contest the calendar's drivers against none; every other one of them hinders cooperation."""
    driven, choice = with_calendar(candidates)
    truths = [Truth.of(driven, "drivers without effect", np.nan, {})]
    for points in EFFECTS:
        name = f"drivers that add or take {points:g} points each"
        truths.append(Truth.of(driven, name, points, choice, with_effect(points)))
    return Contest.by_evidence(driven, tuple(truths), "points of share", choice, {})


def with_effect(points: float) -> Change:
    """Let a standard deviation of each driver add so many points to an even share, or take as many, in turn."""
    size = float(np.log((50.0 + points) / (50.0 - points)))

    def change(own: xr.Dataset) -> xr.Dataset:
        signs = xr.DataArray((-1.0) ** np.arange(own.sizes["driver"]), dims="driver")
        return own.assign(driver_effect=size * signs * xr.ones_like(own["driver_effect"]))

    return change


CLAIM = Hypothesis(
    theory.REASONS,
    title="a scheduled calendar",
    models=("drivers of the calendar", "no drivers"),
    measure=measure_calendar,
    decide=_decide,
    word=_word,
    how="It is tested only if it is asked for.",
    contest=contest_of_calendar,
    by_default=False,
    work=3.0,
)
