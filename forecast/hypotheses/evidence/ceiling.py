"""A ceiling set by the framework, on the depth of cooperation and on the level."""

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from forecast.hypotheses.evidence.measures import (
    Difference,
    chance,
    difference,
    evidence_bars,
    evidence_table,
    number,
    prior_of,
)
from forecast.hypotheses.verdict import Comparison, Found, Number
from forecast.outlook.draws import DyadDraws, dyad_draws
from forecast.outlook.frameworks import Learning, framework, learned
from forecast.outlook.summary import Estimate
from forecast.scale import share
from forecast.typing import Float
from forecast.wording import month

if TYPE_CHECKING:
    from forecast.hypotheses.candidates import Candidates

BY_ERA, BOUND_BY_ERA = "a depth by era", "a bound by era"
DEPTH, BOUND = ("depth",), ("era", "depth")
DEPTH_RIVALS = {"depth_none": ("one depth for all time", ()), "depth_trend": ("a trend in depth", ("trend",))}
BOUND_RIVALS = {
    "bound_constant": ("one bound for all eras", ("constant", "depth")),
    "bound_none": ("no bound", DEPTH),
}
DEEPEST = "of the deepest kind"
PER_HUNDRED = "per cent of cooperative acts"
# A rise is counted over this many months.
RISE_MONTHS = 24


@dataclass(frozen=True)
class Ceiling:
    """What is found of a ceiling beside its numbers.

    Attributes
    ----------
    eras : tuple of str
        Names, in time.
    since : datetime.date
        When the last one began.
    drop : Difference or None
        Of the deepest kind of cooperation in the last era, from the eras before; None if there are none.
    learning : Learning
        Whether the data moved the bound's distance from the equilibrium.
    smallest_effect : float
        Points of share that a rise must have.
    """

    eras: tuple[str, ...]
    since: date
    drop: Difference | None
    learning: Learning
    smallest_effect: float


def measure_ceiling(candidates: "Candidates") -> Found[Ceiling]:
    """Measure whether a framework sets a ceiling, on the depth of cooperation and on the level.

    A bound on the level leaves no mark on a record that a low equilibrium would not leave as well, so the evidence for
    it decides nothing. Depth by era has two rivals: one depth for all time, and a trend without frameworks (older
    records may just favour agreements). The breaks of a record are too few to tell whether improvement keeps to
    frameworks, so that how many of its rises came within one is stated, with how much of the record lies within one.

    Parameters
    ----------
    candidates : Candidates

    Returns
    -------
    Found
        With the depth of the last era against the eras before, and the bound in force with the data and without.
    """
    room = "headroom" if candidates.spec.pull.has_equilibrium else "headroom_walk"
    comparisons = (
        *(
            candidates.compare({"ceiling": DEPTH}, {"ceiling": form}, (BY_ERA, rival), ("depth_eras",), name=name)
            for name, (rival, form) in DEPTH_RIVALS.items()
        ),
        *(
            candidates.compare(
                {"ceiling": BOUND}, {"ceiling": form}, (BOUND_BY_ERA, rival), (room,), name=name, decides=False
            )
            for name, (rival, form) in BOUND_RIVALS.items()
        ),
    )
    named: dict[str, Comparison] = {one.words: one for one in comparisons}
    own = dyad_draws(candidates.fit(ceiling=DEPTH), candidates.dyad)
    last, drop = _last_against_earlier(own, candidates)
    bound, learning = _bound_in_force(candidates)
    return Found(
        findings=Ceiling(
            tuple(era.name for era in own.eras), own.eras[-1].start, drop, learning, candidates.smallest_effect
        ),
        comparisons=comparisons,
        numbers=(*last, _trend(candidates), *bound, *_rises(own, candidates.smallest_effect)),
        table=evidence_table(named),
        drawing=evidence_bars("Evidence for ceilings that frameworks set", named),
    )


def _last_against_earlier(own: DyadDraws, candidates: "Candidates") -> tuple[tuple[Number, ...], Difference | None]:
    """Compare the depth of the last era with the mean of those before."""
    *earlier, last = own.eras
    if not earlier:
        return (), None
    depth, since = own.by_era["depth"], month(last.start)
    harder = depth[..., -1] - depth[..., :-1].mean(axis=-1)
    deep = [_deep_share(own, era, candidates.seed) for era in range(len(own.eras))]
    shares = [
        number(f"deep_share_{place}", draws, PER_HUNDRED, f"{DEEPEST} under “{era.name}”")
        for place, (era, draws) in enumerate(zip(own.eras, deep, strict=True), 1)
    ]
    fewer = np.mean(deep[:-1], axis=0) - deep[-1]
    what = f"the drop in the deepest kind of cooperation since {since}"
    drop = difference("deep_share_drop", fewer, candidates.rule, what)
    return (
        *shares,
        number("depth_difference", harder, "log-odds", f"depth since {since} less the mean of the eras before"),
        chance("probability_deeper_harder", harder > 0, f"the deepest kind has been harder since {since}"),
        number("deep_share_drop", fewer, PER_HUNDRED, f"{what}, at the present level"),
        *drop.numbers,
    ), drop


def _deep_share(own: DyadDraws, era: int, seed: int) -> Float:
    found = framework(own, era, seed=seed).deep_share
    assert isinstance(found, Estimate), "a model of depth knows the deepest class"
    return found.draws


def _trend(candidates: "Candidates") -> Number:
    own = dyad_draws(candidates.fit(ceiling=("trend",)), candidates.dyad)
    stretch = 100 * np.expm1(own.scalars["depth_trend"])
    return number("depth_trend", stretch, "per cent a decade", "stretch of the way to the deepest class, as a trend")


def _bound_in_force(candidates: "Candidates") -> tuple[tuple[Number, ...], Learning]:
    """Measure the bound on the level in the last era, with the data and without."""
    own = dyad_draws(candidates.fit(ceiling=BOUND), candidates.dyad)
    prior = prior_of(candidates, ceiling=BOUND).isel(era=-1)
    bound, last = own.ceiling(-1), own.eras[-1].name
    assert bound is not None, "the model has a bound"
    room, room_before = own.by_era["headroom"][..., -1], prior["headroom"].to_numpy()
    if "sd" in own.scalars:  # what the data say of the spread says nothing of the bound
        room, room_before = room / own.scalars["sd"], room_before / prior["sd"].isel(dyad=0).to_numpy()
    learning = learned(np.log(room), np.log(room_before), "the prior", np.exp, "spreads")
    return (
        number("bound", share(bound), "points of share", f"bound on the share under “{last}”"),
        number("prior_bound", share(prior["ceiling"].to_numpy()), "points of share", "the same before the data"),
        Number("headroom_sd_ratio", learning.sd_ratio, words="spread of the log headroom, posterior over prior",
               kind="value"),
    ), learning  # fmt: skip


def _rises(own: DyadDraws, smallest: float) -> tuple[Number, ...]:
    """Count how many of the record's rises came within one framework, and how much of the record lies within one."""
    span = own.clock.periods(RISE_MONTHS)
    era = np.repeat(np.arange(len(own.eras)), [here.stop - here.first for here in own.eras])
    within = era[span:] == era[:-span]
    risen = own.share[..., span:] - own.share[..., :-span] >= smallest
    if not risen.any(axis=-1).all():
        return ()
    return (
        number(
            "rises_within", 100 * (risen & within).sum(axis=-1) / risen.sum(axis=-1), "per cent",
            f"spans of {RISE_MONTHS} months in which the share rose by at least {smallest:g} points that lie within "
            "one framework",
        ),
        Number("spans_within", 100 * float(within.mean()), unit="per cent", words="all spans within one framework",
               kind="value"),
    )  # fmt: skip
