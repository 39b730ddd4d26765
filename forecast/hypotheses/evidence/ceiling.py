"""A ceiling set by the framework, on the depth of cooperation and on the level."""

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

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
from forecast.model.observation.kinds import SPAN_YEARS
from forecast.model.observation.sides import places_by_year, recent_of
from forecast.outlook.draws import DyadDraws, dyad_draws
from forecast.outlook.frameworks import Learning, framework, learned
from forecast.outlook.summary import Estimate
from forecast.scale import share
from forecast.typing import Float
from forecast.wording import month

if TYPE_CHECKING:
    import xarray as xr

    from forecast.hypotheses.candidates import Candidates

BY_ERA, BOUND_BY_ERA = "a depth by era", "a bound by era"
DEPTH = ("depth",)
DEPTH_RIVALS = {"depth_none": ("one depth for all time", ()), "depth_trend": ("a trend in depth", ("trend",))}
BOUND_RIVALS = {"bound_constant": ("one bound for all eras", "constant"), "bound_none": ("no bound", "")}
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

    The kinds of cooperation are read as the base has it: by the threshold to the deepest class, or by side and kind in
    a part of their own, all of whose thresholds an era or the years move. A bound is one of a level that rests at the
    equilibrium of its era, so that models with one are of one time scale, whatever the base.

    Parameters
    ----------
    candidates : Candidates

    Returns
    -------
    Found
        With the depth of the last era against the eras before, and the bound in force with the data and without.
    """
    room = "headroom" if candidates.spec.pull.has_equilibrium else "headroom_walk"
    size = "kind_eras" if candidates.spec.observation == "sides" else "depth_eras"
    comparisons = (
        *(
            candidates.compare({"ceiling": DEPTH}, {"ceiling": form}, (BY_ERA, rival), (size,), name=name)
            for name, (rival, form) in DEPTH_RIVALS.items()
        ),
        *(
            candidates.compare(
                bounded(candidates, "era"),
                bounded(candidates, form),
                (BOUND_BY_ERA, rival),
                (room,),
                name=name,
                decides=False,
            )
            for name, (rival, form) in BOUND_RIVALS.items()
        ),
    )
    named: dict[str, Comparison] = {one.words: one for one in comparisons}
    fitted = candidates.fit(ceiling=DEPTH)
    own = dyad_draws(fitted, candidates.dyad)
    last, drop = _last_against_earlier(own, _depths(own, fitted.posterior, candidates), candidates)
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


def bounded(candidates: "Candidates", form: str) -> dict[str, Any]:
    """Return the choices of a level with a form of bound, or with none, whose kinds are those of the base."""
    forms = (form, candidates.spec.threshold or "depth")
    return {"structure": "eras", "ceiling": tuple(one for one in forms if one)}


@dataclass(frozen=True)
class Depths:
    """How deep cooperation is by era.

    Attributes
    ----------
    harder : array (chain, draw, era)
        How much harder an era makes the deepest kind than usual, log-odds.
    deep : list of array (chain, draw)
        Per cent of cooperative acts that would be of the deepest kind today, by era.
    """

    harder: Float
    deep: list[Float]


def _depths(own: DyadDraws, posterior: "xr.Dataset", candidates: "Candidates") -> Depths:
    """Read the depths by era, of either way to read kinds."""
    if "depth" in own.by_era:
        deep = [_deep_share(own, era, candidates.seed) for era in range(len(own.eras))]
        return Depths(own.by_era["depth"], deep)
    panel, order = candidates.panel, ("chain", "draw", ...)
    visited = np.unique(panel["era_index"].to_numpy()[0])
    shift = posterior["depth_shift"].transpose(*order).to_numpy()[..., visited]
    highest = posterior["depth_cutpoint"].isel(dataset=0, depth_cut=-1).transpose(*order).to_numpy()
    slope = posterior["depth_slope"].transpose(*order).to_numpy()
    at = (slope * float(recent_of(panel)[0, -1]) - highest)[..., None] + shift
    return Depths(-shift, list(np.moveaxis(np.asarray(share(at)), -1, 0)))


def _last_against_earlier(
    own: DyadDraws, depths: Depths, candidates: "Candidates"
) -> tuple[tuple[Number, ...], Difference | None]:
    """Compare the depth of the last era with the mean of those before."""
    *earlier, last = own.eras
    if not earlier:
        return (), None
    depth, deep, since = depths.harder, depths.deep, month(last.start)
    harder = depth[..., -1] - depth[..., :-1].mean(axis=-1)
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
    fitted = candidates.fit(ceiling=("trend",))
    if "depth_trend" in fitted.posterior:
        stretch = 100 * np.expm1(dyad_draws(fitted, candidates.dyad).scalars["depth_trend"])
        return number(
            "depth_trend", stretch, "per cent a decade", "stretch of the way to the deepest class, as a trend"
        )
    seen = np.unique(places_by_year(candidates.panel))
    shift = fitted.posterior["depth_shift"].transpose("chain", "draw", ...).to_numpy()[..., seen]
    decades = (seen - seen.mean()) * SPAN_YEARS / 10.0
    slope = -(shift * decades).sum(axis=-1) / max(float((decades**2).sum()), 1e-9)
    return number("depth_drift", slope, "log-odds a decade", "how much harder deep cooperation became, as a trend")


def _bound_in_force(candidates: "Candidates") -> tuple[tuple[Number, ...], Learning]:
    """Measure the bound on the level in the last era, with the data and without."""
    choices = bounded(candidates, "era")
    own = dyad_draws(candidates.fit(**choices), candidates.dyad)
    prior = prior_of(candidates, **choices).isel(era=-1)
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
