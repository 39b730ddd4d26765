"""Claim of a contrast: the long-run mean of one relation is less hostile than that of another."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import ndtr

from forecast import theory
from forecast.events.dyads import dyad_labels
from forecast.hypotheses.claims.reversion import EXTREME, INSIDE
from forecast.hypotheses.hypothesis import Hypothesis, Words
from forecast.hypotheses.measures import (
    Difference,
    chance,
    densities,
    difference,
    difference_sentence,
    median_interval,
    number,
    percent,
)
from forecast.hypotheses.verdict import Answer, Found, Number, Reason, Rule
from forecast.outlook.draws import NO_CYCLE, DyadDraws, dyad_draws
from forecast.outlook.futures import simulate_from
from forecast.outlook.level import contrast
from forecast.outlook.pendulum import mean_spell
from forecast.outlook.summary import NotDefined
from forecast.typing import Bool, Float

if TYPE_CHECKING:
    from forecast.hypotheses.candidates import Candidates


RIVAL, FROM, UNTIL = "USA-RUS", date(1948, 1, 1), date(1991, 12, 26)
"""The US-Soviet relation of the Cold War, to the day the USSR ended."""
COLD_WAR = "the US-Soviet relation of 1948 to 1991"
GAP = "the difference of the equilibria"
POINTS, MONTHS, PER_CENT = "points of share", "months", "per cent of the time"
# Nobody asks whether the way out takes longer than ten years.
DWELL_MONTHS = 120
DWELL_DRAWS, DWELL_FUTURES = 400, 50


@dataclass(frozen=True)
class Side:
    """One side of a contrast: a dyad over some of its eras."""

    own: DyadDraws
    parts: Mapping[int, slice]  # The eras, by their position, each with the periods of it that count
    words: str  # For readers

    @property
    def half_life(self) -> Float:
        """Months, (chain, draw)."""
        return np.asarray(self.own.scalars["cycle_half_life"] / self.own.clock.per_month)

    @cached_property
    def equilibrium(self) -> Float:
        """Share at rest, the mean over the eras by their length, (chain, draw)."""
        rests = [self.own.rest(era) for era in self.parts]
        return self._mean([rest for rest in rests if rest is not None])

    @property
    def hostile(self) -> Float:
        """Percent of the periods in the hostile zone, (chain, draw)."""
        return np.asarray(100.0 * self._zone.mean(axis=-1))

    @property
    def spell(self) -> Float:
        """Mean length of the stays in the hostile zone, months, (chain, draw)."""
        return mean_spell(self._zone, self.own.clock)

    @cached_property
    def tendency(self) -> Float:
        """Percent of the time in the hostile zone in the long run, if the trend stayed at that of these eras."""
        return self._mean([self._in_zone(era) for era in self.parts])

    def dwell(self, seed: int) -> Float:
        """Mean months to leave the hostile zone from inside, with the trend of these eras, no more than ten years."""
        return self._mean([self._way_out(era, seed) for era in self.parts])

    @property
    def _zone(self) -> Bool:
        return np.concatenate([self.own.share[..., part] < EXTREME for part in self.parts.values()], axis=-1)

    def _mean(self, by_era: list[Float]) -> Float:
        lengths = [part.stop - part.start for part in self.parts.values()]
        return np.asarray(np.average(by_era, axis=0, weights=lengths))

    def _in_zone(self, era: int) -> Float:
        edge = np.log(EXTREME / (100.0 - EXTREME))
        return np.asarray(100.0 * ndtr((edge - self.own.by_era["mu"][..., era]) / self.own.scalars["cycle_sd"]))

    def _way_out(self, era: int, seed: int) -> Float:
        step = max(1, self.own.size[1] * self.own.size[0] // DWELL_DRAWS)
        own = _thinned(self.own, era, step)
        share = simulate_from(own, EXTREME - INSIDE, own.clock.periods(DWELL_MONTHS), DWELL_FUTURES, seed=seed)
        inside = np.logical_and.accumulate(share < EXTREME, axis=-1)[..., :-1]
        return np.asarray(inside.sum(axis=-1).mean(axis=-1) / own.clock.per_month)


@dataclass(frozen=True)
class ContrastOfDyads:
    """Evidence on a contrast."""

    ours: str  # The relation that is asked about, with its era
    rival: str | None  # The other one; None if there is none
    undefined: str  # Why there is no contrast; empty if there is one
    gap: Difference | None = None  # Between the equilibria


def measure_contrast(candidates: "Candidates") -> Found[ContrastOfDyads]:
    """Measure whether the relation of today rests at a less hostile level than the US-Soviet one of 1948 to 1991 did.

    The dyads of the hierarchy are fitted together. The dyad in its current era is set against the Soviet eras of the
    Cold War, by the mean over these of their equilibria, each for its length; where the hierarchy has no such relation,
    against the other dyads in their current eras.
    """
    fitted = candidates.hierarchy()
    labels = dyad_labels()
    dyads = {code: dyad_draws(fitted, code) for code in fitted.dyads}
    own = dyads[candidates.dyad]
    ours = Side(own, {len(own.eras) - 1: _slice(own, -1)}, f"{_label(own, labels)} under “{own.eras[-1].name}”")
    rival = cold_war(dyads) or _in_force(dyads, candidates.dyad, labels)
    table = _table(own, dyads, labels)
    if rival is None or own.cycle is None:
        why = NO_CYCLE if rival else "the events are of one dyad alone"
        means = densities("Mean share of the current era", POINTS, {ours.words: ("posterior", own.mean(-1))})
        return Found(ContrastOfDyads(ours.words, rival.words if rival else None, why), (), (), table, means)
    apart = ours.equilibrium - rival.equilibrium
    gap = difference("equilibrium_difference", apart, candidates.rule, GAP)
    return Found(
        findings=ContrastOfDyads(ours.words, rival.words, "", gap),
        comparisons=(),
        numbers=(*_numbers(ours, rival, candidates.seed), *gap.numbers, *_hostile_half(ours, rival)),
        table=table,
        drawing=densities(
            "Where the two relations come to rest", POINTS,
            {ours.words: ("posterior", ours.equilibrium), rival.words: ("other", rival.equilibrium)},
        ),
    )  # fmt: skip


def cold_war(dyads: Mapping[str, DyadDraws]) -> Side | None:
    """Return the US-Soviet relation over its eras of 1948 to 1991, if the record has them."""
    if RIVAL not in dyads:
        return None
    own = dyads[RIVAL]
    days = own.clock.times
    first, stop = (int(np.searchsorted(days, np.datetime64(day), side="left")) for day in (FROM, UNTIL))
    parts = {
        era: slice(max(one.first, first), min(one.stop, stop))
        for era, one in enumerate(own.eras)
        if max(one.first, first) < min(one.stop, stop) and one.start < UNTIL
    }
    return Side(own, parts, COLD_WAR) if parts else None


def _in_force(dyads: Mapping[str, DyadDraws], dyad: str, labels: Mapping[str, str]) -> Side | None:
    """Return the first other dyad in its current era."""
    others = [own for code, own in dyads.items() if code != dyad]
    if not others:
        return None
    own = others[0]
    return Side(own, {len(own.eras) - 1: _slice(own, -1)}, f"{_label(own, labels)} under “{own.eras[-1].name}”")


def _numbers(ours: Side, rival: Side, seed: int) -> tuple[Number, ...]:
    """Summarise every quantity of both sides and how far they are apart."""
    zone = f"the hostile zone, a share below {EXTREME:g}"
    quantities = {
        "equilibrium": (POINTS, "share at rest", ours.equilibrium, rival.equilibrium),
        "half_life": (MONTHS, "time in which half of a deviation is undone", ours.half_life, rival.half_life),
        "hostile": (PER_CENT, f"time spent in {zone}", ours.hostile, rival.hostile),
        "spell": (MONTHS, f"mean length of the stays in {zone}", ours.spell, rival.spell),
        "tendency": (PER_CENT, f"time in {zone} in the long run, with the trend of the era", ours.tendency,
                     rival.tendency),
        "dwell": (MONTHS, f"time to leave {zone}, from a share of {EXTREME - INSIDE:g} with the trend of the era",
                  ours.dwell(seed), rival.dwell(seed)),
    }  # fmt: skip
    found = []
    for name, (unit, words, first, second) in quantities.items():
        found.append(number(name, first, unit, words))
        found.append(number(f"{name}_rival", second, unit, f"{words}, {rival.words}"))
        found.append(number(f"{name}_apart", first - second, unit, f"{words}, difference"))
    ratio, longer = ours.half_life / rival.half_life, ours.half_life > rival.half_life
    found.append(number("half_life_ratio", ratio, "times", "ratio of the half-lives"))
    found.append(chance("probability_longer", longer, "the half-life is the longer"))
    return tuple(found)


def _hostile_half(ours: Side, rival: Side) -> tuple[Number, ...]:
    """Compute the chances that conflict outweighs cooperation at rest."""
    return (
        chance("probability_hostile_rest", ours.equilibrium < 50, "the share at rest is below 50"),
        chance(
            "probability_hostile_rest_rival", rival.equilibrium < 50, f"the share at rest is below 50, {rival.words}"
        ),
    )


def _table(own: DyadDraws, dyads: Mapping[str, DyadDraws], labels: Mapping[str, str]) -> pd.DataFrame:
    """Compare the current era with every era of the Cold War, and with the other dyads in theirs."""
    rival = cold_war(dyads)
    against = [(rival.own, era) for era in rival.parts] if rival else []
    against += [(other, len(other.eras) - 1) for code, other in dyads.items() if code != own.dyad]
    rows = []
    for other, era in against:
        found = contrast(own, other, other.eras[era].code, _label(other, labels))
        if isinstance(found, NotDefined) or isinstance(found.equilibrium, NotDefined):
            continue
        level, pace = found.equilibrium, found.half_life
        assert not isinstance(pace, NotDefined), "a model with an equilibrium has a half-life"
        rows.append({
            "against": f"{found.second_label}, {found.second_era}", "since": str(other.eras[era].start),
            "equilibrium": level.second.median, "difference": level.contrast.median, "low": level.contrast.low,
            "high": level.contrast.high, "higher": level.greater.value, "half_life_ratio": pace.contrast.median,
            "ratio_low": pace.contrast.low, "ratio_high": pace.contrast.high,
            "mean_difference": found.mean.contrast.median,
        })  # fmt: skip
    return pd.DataFrame(rows)


def _thinned(own: DyadDraws, era: int, step: int) -> DyadDraws:
    """Return the dyad as it was in an era, its trend at that of the era, with every so many draws."""
    return replace(
        own,
        eras=own.eras[: era + 1],
        scalars={name: values[:, ::step] for name, values in own.scalars.items()},
        by_era={name: values[:, ::step, : era + 1] for name, values in own.by_era.items()},
        level=own.level[:, ::step],
        trend=own.by_era["mu"][:, ::step, [era]].astype(np.float32),
    )


def _slice(own: DyadDraws, era: int) -> slice:
    return slice(own.eras[era].first, own.eras[era].stop)


def _label(own: DyadDraws, labels: Mapping[str, str]) -> str:
    return labels.get(own.dyad, own.dyad)


def _decide(found: "Found[ContrastOfDyads]", rule: Rule) -> Answer:
    gap = found.findings.gap
    return "undecided" if gap is None else rule.decide_probability(gap.above.value)


def _word(found: "Found[ContrastOfDyads]", rule: Rule, answer: Answer) -> Words:
    ours, rival, gap = found.findings.ours, found.findings.rival, found.findings.gap
    if gap is None:
        reason = Reason("not_defined", {"answer": answer, "why": found.findings.undefined})
    else:
        values = {"answer": answer, "rope": rule.rope, "chance": gap.above.value}
        reason = Reason("equilibrium_higher", values)
    return Words(
        claim=f"{ours} rests at a less hostile level than {rival or 'any other relation'}.",
        null="It rests no higher: what differs is where the pendulum stands.",
        reason=reason,
        prose=() if gap is None else (*_rest(found, rule), *_stays(found), *_cautions(found)),
    )


def _rest(found: "Found[ContrastOfDyads]", rule: Rule) -> tuple[str, ...]:
    here, there, apart = (median_interval(found[f"equilibrium{end}"]) for end in ("", "_rival", "_apart"))
    said = f"{found.findings.ours} rests at {here} points of share, {found.findings.rival} at {there}: a difference of"
    assert found.findings.gap is not None, "there is a contrast"
    return f"{said} {apart}.", difference_sentence(found.findings.gap, rule, GAP)


def _stays(found: "Found[ContrastOfDyads]") -> tuple[str, ...]:
    def both(name: str) -> str:
        return f"{median_interval(found[name])}, against {median_interval(found[f'{name}_rival'])}"

    return (
        f"It has spent {both('hostile')} per cent of its months in the hostile zone (a share below {EXTREME:g}), in "
        f"stays of {both('spell')} months.",
        f"With the trend of its era it would be there {both('tendency')} per cent of the time in the long run, and out "
        f"of it again after {both('dwell')} months on average (no more than {DWELL_MONTHS} are counted).",
        f"The half-life is {both('half_life')} months; that of {found.findings.rival} is the shorter with a chance of "
        f"{percent(found['probability_longer'])}.",
    )


def _cautions(found: "Found[ContrastOfDyads]") -> tuple[str, ...]:
    return (
        "One hierarchy draws the dyads together: what the record of one does not say of its equilibrium is taken "
        "from the others, which makes contrasts smaller than each record alone would have them.",
        "A share is one of recorded acts. Where the record of one dyad has its negotiating rounds in full and that "
        "of another its quarrels, a contrast of dyads is one of records too, and the data cannot tell which.",
    )


CLAIM = Hypothesis(
    theory.NATURE,
    title="a contrast of dyads",
    models=("hierarchy of all dyads",),
    measure=measure_contrast,
    decide=_decide,
    word=_word,
    needs="dyads",
    by_evidence=False,
    decides=("equilibrium_difference_above_rope",),
    how="Decided by the equilibrium of the current era less that of the relation it is compared with.",
    without_power="Power was not simulated, for the test has no rival model to simulate records from: it contrasts "
    "dyads within one fit of all, and each simulated record would need such a fit.",
    work=2.0,
)
