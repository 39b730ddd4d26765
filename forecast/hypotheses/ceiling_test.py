"""Does a framework set a ceiling (S4), and do relations improve within it (S9)? On the level and on the depth."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from forecast import wording
from forecast.hypotheses.verdict import Answer, Number, Rule, Verdict
from forecast.hypotheses.verdict_parts import (
    chance,
    evidence_bars,
    evidence_numbers,
    evidence_prose,
    evidence_table,
    learning_prose,
    median_interval,
    number,
    percent,
    prior_of,
    reason,
    rope_chances,
    rope_prose,
)
from forecast.outlook.draws import DyadDraws, dyad_draws
from forecast.outlook.frameworks import framework, learned
from forecast.outlook.summary import Estimate
from forecast.scale import share

if TYPE_CHECKING:
    from forecast.hypotheses.candidates import Candidates

type Finding = tuple[tuple[Number, ...], tuple[str, ...]]

BY_ERA, BOUND_BY_ERA = "a depth by era", "a bound by era"
DEPTH, BOUND = ("depth",), ("era", "depth")
DEPTH_RIVALS = {"one depth for all time": (), "a trend in depth": ("trend",)}
BOUND_RIVALS = {"one bound for all eras": ("constant", "depth"), "no bound": DEPTH}
SUFFIXES = ("depth_none", "depth_trend", "bound_constant", "bound_none")
FROM_WORST: tuple[Answer, ...] = ("refused", "undecided", "supported")
DEEPEST = "of the deepest kind"
# A rise is counted over this many months.
RISE_MONTHS = 24


def test_ceiling(candidates: "Candidates") -> Verdict:
    """Test whether a framework sets a ceiling, on the depth of cooperation and on the level.

    Decided by the depth. A bound on the level leaves no mark on a record that a low equilibrium would not leave as
    well, so the evidence for it stands beside and decides nothing. Depth by era has two rivals: one depth for all time,
    and a trend without frameworks (older records may just favour agreements). It must be preferred to both, and the
    answer is the less favourable of the two. S9, improvement within the framework, presupposes S4 and falls with it;
    where S4 stands, the breaks of a record are still too few to tell whether improvement keeps to frameworks, so that
    how many of its rises came within one is stated, beside how much of the record lies within one.

    Parameters
    ----------
    candidates : Candidates

    Returns
    -------
    Verdict
        Of S4 and S9, with the depth of the last era against the eras before, and the bound in force with the data
        and without.

    Examples
    --------
    >>> from forecast.hypotheses.ceiling_test import test_ceiling
    >>> test_ceiling(candidates).answer  # doctest: +SKIP
    'undecided'
    """
    rule, room = candidates.rule, "headroom" if candidates.spec.pull.has_equilibrium else "headroom_walk"
    depth = {
        rival: candidates.compare({"ceiling": DEPTH}, {"ceiling": form}, scales=("depth_eras",))
        for rival, form in DEPTH_RIVALS.items()
    }
    bound = {
        rival: candidates.compare({"ceiling": BOUND}, {"ceiling": form}, scales=(room,))
        for rival, form in BOUND_RIVALS.items()
    }
    named = {f"{BY_ERA} against {rival}": found for rival, found in depth.items()} | {
        f"{BOUND_BY_ERA} against {rival}": found for rival, found in bound.items()
    }
    worst = min(depth, key=lambda rival: (FROM_WORST.index(rule.decide(depth[rival])), depth[rival].log_bayes_factor))
    answer = rule.decide(depth[worst])
    evidence = [
        found
        for suffix, (words, comparison) in zip(SUFFIXES, named.items(), strict=True)
        for found in evidence_numbers(comparison, words, suffix)
    ]
    own = dyad_draws(candidates.fit(ceiling=DEPTH), candidates.dyad)
    findings = (
        _last_against_earlier(own, rule, candidates.seed),
        _trend(candidates),
        _bound_in_force(candidates),
        _rises(own, candidates.smallest_effect),
    )
    return Verdict(
        code="S4",
        claim="A framework sets a ceiling: each allows a depth of cooperation of its own.",
        null="What cooperation is possible does not depend on the framework: it is always the same, or drifts in time.",
        answer=answer,
        numbers=(*evidence, *(found for numbers, _ in findings for found in numbers)),
        table=evidence_table(named),
        drawing=evidence_bars("Evidence for ceilings that frameworks set", named),
        prose=(
            *(words for rival, found in depth.items() for words in evidence_prose(found, BY_ERA, rival, rule)),
            *(words for rival, found in bound.items() for words in evidence_prose(found, BOUND_BY_ERA, rival, rule)),
            "The bound on the level decides nothing here, for a low equilibrium leaves the same mark on a record.",
            *(words for _, prose in findings for words in prose),
            reason(depth[worst], BY_ERA, worst, rule),
            _within_frameworks(answer, len(own.eras) - 1),
        ),
    )


def _last_against_earlier(own: DyadDraws, rule: Rule, seed: int) -> Finding:
    """Set the depth of the last era against the mean of those before."""
    *earlier, last = own.eras
    if not earlier:
        return (), (f"The record lies within one era, “{last.name}”, which leaves no depths to compare.",)
    depth, since = own.by_era["depth"], wording.month(last.start)
    harder = depth[..., -1] - depth[..., :-1].mean(axis=-1)
    deep = [_deep_share(own, era, seed) for era in range(len(own.eras))]
    shares = [
        number(f"deep_share_{place}", draws, "per cent of cooperative acts", f"{DEEPEST} under “{era.name}”")
        for place, (era, draws) in enumerate(zip(own.eras, deep, strict=True), 1)
    ]
    fewer = np.mean(deep[:-1], axis=0) - deep[-1]
    what = f"the drop in the deepest kind of cooperation since {since}"
    apart = number("depth_difference", harder, "log-odds", f"depth since {since} less the mean of the eras before")
    likely = chance("probability_deeper_harder", harder > 0, f"the deepest kind has been harder since {since}")
    rarer = number("deep_share_drop", fewer, "per cent of cooperative acts", f"{what}, at the present level")
    listed = "; ".join(
        f"{median_interval(one, 1)} under “{era.name}”" for one, era in zip(shares, own.eras, strict=True)
    )
    prose = (
        f"Of a hundred cooperative acts at the present level so many are {DEEPEST}: {listed}.",
        f"Under “{last.name}” (since {since}) the step to the deepest kind of cooperation is "
        f"{median_interval(apart, 2)} log-odds higher than in the mean of the {len(earlier)} eras before, and higher "
        f"at all with a chance of {percent(likely)}; at the present level {median_interval(rarer, 1)} fewer of a "
        "hundred cooperative acts are of that kind.",
        rope_prose(fewer, rule.rope, rule, what),
    )
    return (*shares, apart, likely, rarer, *rope_chances("deep_share_drop", fewer, rule.rope, what)), prose


def _within_frameworks(answer: Answer, breaks: int) -> str:
    said = "S9, that relations improve within the framework, presupposes such a ceiling"
    if answer != "supported":
        return f"{said} and is {answer} with it."
    return (
        f"{said}, and has it; but the record's breaks ({breaks}) are too few to tell whether improvement needs one, so "
        "that S9 itself is undecided."
    )


def _deep_share(own: DyadDraws, era: int, seed: int) -> NDArray[np.float64]:
    found = framework(own, era, seed=seed).deep_share
    assert isinstance(found, Estimate), "a model of depth knows the deepest class"
    return found.draws


def _trend(candidates: "Candidates") -> Finding:
    own = dyad_draws(candidates.fit(ceiling=("trend",)), candidates.dyad)
    stretch = 100 * np.expm1(own.scalars["depth_trend"])
    slope = number("depth_trend", stretch, "per cent a decade", "stretch of the way to the deepest class, as a trend")
    return (slope,), (
        f"Taken for a trend, the way to the deepest kind of cooperation stretches by {median_interval(slope)} per cent "
        "a decade.",
    )


def _bound_in_force(candidates: "Candidates") -> Finding:
    """State the bound on the level in the last era, with the data and without."""
    own = dyad_draws(candidates.fit(ceiling=BOUND), candidates.dyad)
    prior = prior_of(candidates, ceiling=BOUND).isel(era=-1)
    bound, last = own.ceiling(-1), own.eras[-1].name
    assert bound is not None, "the model has a bound"
    after = number("bound", share(bound), "points of share", f"bound on the share under “{last}”")
    before = number("prior_bound", share(prior["ceiling"].to_numpy()), "points of share", "the same before the data")
    room, room_before = own.by_era["headroom"][..., -1], prior["headroom"].to_numpy()
    if "sd" in own.scalars:  # what the data say of the spread says nothing of the bound
        room, room_before = room / own.scalars["sd"], room_before / prior["sd"].isel(dyad=0).to_numpy()
    learning = learned(np.log(room), np.log(room_before), "the prior", np.exp, "spreads")
    ratio = Number("headroom_sd_ratio", learning.sd_ratio, words="spread of the log headroom, posterior over prior")
    return (after, before, ratio), (
        f"The bound under “{last}” stands at a share of {median_interval(after)} with the data and "
        f"{median_interval(before)} without them. {learning_prose(learning, 'its distance from the equilibrium')}",
    )


def _rises(own: DyadDraws, smallest: float) -> Finding:
    """Tell how many of the record's rises came within one framework, and how much of the record lies within one."""
    span = own.clock.periods(RISE_MONTHS)
    era = np.repeat(np.arange(len(own.eras)), [here.stop - here.first for here in own.eras])
    within = era[span:] == era[:-span]
    risen = own.share[..., span:] - own.share[..., :-span] >= smallest
    what = f"in which the share rose by at least {smallest:g} points"
    if not risen.any(axis=-1).all():
        return (), (f"Spans of {RISE_MONTHS} months {what} are too rare to say in which frameworks they fell.",)
    inside = number(
        "rises_within", 100 * (risen & within).sum(axis=-1) / risen.sum(axis=-1), "per cent",
        f"spans of {RISE_MONTHS} months {what} that lie within one framework",
    )  # fmt: skip
    usual = Number("spans_within", 100 * float(within.mean()), unit="per cent", words="all spans within one framework")
    return (inside, usual), (
        f"Of the spans of {RISE_MONTHS} months {what}, {median_interval(inside)} per cent lie within one framework; of "
        f"all spans {usual.value:.0f} per cent do.",
    )
