"""Claim of ceilings: each framework limits the depth of cooperation."""

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast import theory
from forecast.hypotheses.hypothesis import Contest, Hypothesis, Truth, Words
from forecast.hypotheses.measures import (
    Difference,
    chance,
    difference,
    difference_sentence,
    evidence_bars,
    evidence_sentences,
    evidence_table,
    learning_sentence,
    median_interval,
    number,
    percent,
    prior_of,
    reason_of_evidence,
)
from forecast.hypotheses.verdict import Answer, Comparison, Found, Number, Rule, least_favourable
from forecast.model.observation.kinds import SPAN_YEARS
from forecast.model.observation.sides import places_by_year, recent_of
from forecast.numeric import share
from forecast.outlook.draws import DyadDraws, dyad_draws
from forecast.outlook.frameworks import Learning, learned
from forecast.typing import Float
from forecast.wording import month

if TYPE_CHECKING:
    import xarray as xr

    from forecast.hypotheses.candidates import Candidates


BY_ERA = "kinds by era"
RIVALS = {"kinds_none": ("the same kinds for all time", "none"), "kinds_years": ("kinds that drift in time", "years")}
CEILING, NO_CEILING = "a ceiling on the trend", "no ceiling"
DEEPEST = "of the deepest kind"
PER_HUNDRED = "per cent of cooperative acts"
# A rise is counted over this many months.
RISE_MONTHS = 24


@dataclass(frozen=True)
class Ceiling:
    """Evidence on ceilings."""

    eras: tuple[str, ...]  # Names, in time
    since: date  # When the last one began
    # Of the deepest kind of cooperation in the last era, from the eras before; None if there are none.
    drop: Difference | None
    learning: Learning  # Whether the data moved the ceiling's distance from the trend
    smallest_effect: float  # Points of share that a rise must have


def measure_ceiling(candidates: "Candidates") -> Found[Ceiling]:
    """Measure whether a framework sets a ceiling, on the kinds of cooperation and on the trend.

    A ceiling on the trend leaves no mark on a record that a low trend would not leave as well, so the evidence for it
    decides nothing. Kinds by era have two alternatives: kinds that stay, and kinds that drift without frameworks (older
    records may just favour agreements). The breaks of a record are too few to tell whether improvement keeps to
    frameworks, so that how many of its rises came within one is stated, with how much of the record lies within one.
    """
    trend = candidates.around_trend()
    comparisons = (
        *(
            candidates.compare(
                {"kind_drift": "eras"}, {"kind_drift": form}, (BY_ERA, rival), ("kind_eras",), name=name
            )
            for name, (rival, form) in RIVALS.items()
        ),
        candidates.compare(
            bounded(candidates), trend, (CEILING, NO_CEILING), ("headroom",), name="ceiling", decides=False
        ),
    )  # fmt: skip
    named: dict[str, Comparison] = {one.words: one for one in comparisons}
    fitted = candidates.fit(kind_drift="eras")
    own = dyad_draws(fitted, candidates.dyad)
    last, drop = _last_against_earlier(own, _depths(fitted.posterior, candidates.panel), candidates)
    ceiling, learning = _current_ceiling(candidates)
    return Found(
        findings=Ceiling(
            tuple(era.name for era in own.eras), own.eras[-1].start, drop, learning, candidates.smallest_effect
        ),
        comparisons=comparisons,
        numbers=(*last, _drift(candidates), *ceiling, *_rises(own, candidates.smallest_effect)),
        table=evidence_table(named),
        drawing=evidence_bars("Evidence for ceilings that frameworks set", named),
    )


def bounded(candidates: "Candidates") -> dict[str, Any]:
    """Return the choices of a cycle around a trend that its framework bounds."""
    return {**candidates.around_trend(), "ceiling": "framework"}


@dataclass(frozen=True)
class Depths:
    """Depth of cooperation by era."""

    harder: Float  # How much harder an era makes the deepest kind than usual, log-odds
    deep: list[Float]  # Per cent of cooperative acts that would be of the deepest kind today, by era


def _depths(posterior: "xr.Dataset", panel: "xr.Dataset") -> Depths:
    """Read the depths by era."""
    order = ("chain", "draw", ...)
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


def _drift(candidates: "Candidates") -> Number:
    """Measure the slope of the drift by years."""
    seen = np.unique(places_by_year(candidates.panel))
    posterior = candidates.fit(kind_drift="years").posterior
    shift = posterior["depth_shift"].transpose("chain", "draw", ...).to_numpy()[..., seen]
    decades = (seen - seen.mean()) * SPAN_YEARS / 10.0
    slope = -(shift * decades).sum(axis=-1) / max(float((decades**2).sum()), 1e-9)
    return number("depth_drift", slope, "log-odds a decade", "how much harder deep cooperation became, as a drift")


def _current_ceiling(candidates: "Candidates") -> tuple[tuple[Number, ...], Learning]:
    """Measure the ceiling on the trend in the last era, and its distance from the trend with the data and without."""
    choices = bounded(candidates)
    own = dyad_draws(candidates.fit(**choices), candidates.dyad)
    ceiling, last = own.ceiling(-1), own.eras[-1].name
    assert ceiling is not None, "the model has a ceiling"
    room = own.by_era["headroom"][..., -1]
    before = prior_of(candidates, **choices)["headroom"].isel(era=-1).to_numpy()
    learning = learned(np.log(room), np.log(before), "the prior", np.exp)
    words = f"ceiling less the trend where “{last}” begins"
    return (
        number("ceiling", share(ceiling), "points of share", f"ceiling on the trend under “{last}”"),
        number("headroom", room, "log-odds", words),
        number("prior_headroom", before, "log-odds", f"{words}, before the data"),
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


def _decide(found: "Found[Ceiling]", rule: Rule) -> Answer:
    """Kinds by era must be preferred to every alternative."""
    return least_favourable(rule.decide(one) for one in found.comparisons if one.decides)


def _worst(found: "Found[Ceiling]", rule: Rule, answer: Answer) -> Comparison:
    """Return the comparison that the answer is due to."""
    due = [one for one in found.comparisons if one.decides and rule.decide(one) == answer]
    return min(due, key=lambda one: one.log_bayes_factor)


def _word(found: "Found[Ceiling]", rule: Rule, answer: Answer) -> Words:
    return Words(
        claim="A framework sets a ceiling: each allows a depth of cooperation of its own.",
        null="What cooperation is possible does not depend on the framework: it is always the same, or drifts in time.",
        reason=reason_of_evidence(_worst(found, rule, answer), rule),
        prose=(
            *(sentence for one in found.comparisons for sentence in evidence_sentences(one, rule)),
            "The ceiling on the trend decides nothing here, because a low trend leaves the same mark on a record.",
            *_depths_words(found, rule),
            "If kinds drift in time, deep cooperation becomes harder by "
            f"{median_interval(found['depth_drift'], 2)} log-odds a decade.",
            f"The ceiling under “{found.findings.eras[-1]}” stands at a share of {median_interval(found['ceiling'])}, "
            f"{median_interval(found['headroom'], 1)} log-odds above the trend where that era began; without the data "
            f"{median_interval(found['prior_headroom'], 1)}. "
            f"{learning_sentence(found.findings.learning, 'its distance from the trend')}",
            _rises_words(found),
            _within_frameworks(found, answer),
        ),
    )


def _depths_words(found: "Found[Ceiling]", rule: Rule) -> tuple[str, ...]:
    *earlier, last = found.findings.eras
    if found.findings.drop is None:
        return (f"The record lies within one era, “{last}”, which leaves no depths to compare.",)
    since = month(found.findings.since)
    listed = "; ".join(
        f"{median_interval(found[f'deep_share_{place}'], 1)} under “{era}”"
        for place, era in enumerate(found.findings.eras, 1)
    )
    return (
        f"Of a hundred cooperative acts at the present level so many are {DEEPEST}: {listed}.",
        f"Under “{last}” (since {since}) the step to the deepest kind of cooperation is "
        f"{median_interval(found['depth_difference'], 2)} log-odds higher than in the mean of the {len(earlier)} eras "
        f"before, and higher at all with a chance of {percent(found['probability_deeper_harder'])}; at the present "
        f"level {median_interval(found['deep_share_drop'], 1)} fewer of a hundred cooperative acts are of that kind.",
        difference_sentence(
            found.findings.drop, rule, f"the drop in the deepest kind of cooperation since {since}"
        ),
    )  # fmt: skip


def _rises_words(found: "Found[Ceiling]") -> str:
    spans = (
        f"spans of {RISE_MONTHS} months in which the share rose by at least {found.findings.smallest_effect:g} points"
    )
    if "rises_within" not in found:
        return f"S{spans[1:]} are too rare to say in which frameworks they fell."
    return (
        f"Of the {spans}, {median_interval(found['rises_within'])} per cent lie within one framework; of all spans "
        f"{found['spans_within'].value:.0f} per cent do."
    )


def _within_frameworks(found: "Found[Ceiling]", answer: Answer) -> str:
    said = f"{theory.IMPROVEMENT.code}, that relations improve within the framework, presupposes such a ceiling"
    if answer != "supported":
        return f"{said} and is {answer} with it."
    return (
        f"{said}, and has it; but the record's breaks ({len(found.findings.eras) - 1}) are too few to tell whether "
        f"improvement needs one, so that {theory.IMPROVEMENT.code} itself is undecided."
    )


def contest_of_ceiling(candidates: "Candidates", half_lives: tuple[float, ...] = ()) -> Contest:
    """Contest kinds by era against constant ones and a drift."""
    eras, *rivals = ({"kind_drift": form} for form in ("eras", "none", "years"))
    truths = (
        Truth.of(candidates, "the same kinds for all time", np.nan, rivals[0]),
        Truth.of(candidates, "the kinds by era that the fit says", np.nan, eras),
    )
    return Contest.by_evidence(candidates, truths, "", eras, *rivals)


CLAIM = Hypothesis(
    theory.CEILING,
    title="a ceiling set by the framework",
    models=("kinds: by era, drift in time, constant", "trend: ceiling by framework, none"),
    measure=measure_ceiling,
    decide=_decide,
    word=_word,
    needs="classes",
    how="Kinds by era are compared with constant kinds and with kinds that drift in time, and the less favourable "
    "answer counts. The ceiling on the trend decides nothing.",
    also=(theory.IMPROVEMENT,),
    contest=contest_of_ceiling,
    work=3.0,
)
