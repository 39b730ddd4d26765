"""Claim of visit effects: relations improve after high-level visits, compared with matched months."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr

from forecast import theory, wording
from forecast.clock import Clock
from forecast.errors import SpecError
from forecast.events.codebook import HOST, VISIT
from forecast.hypotheses.hypothesis import Hypothesis, Words
from forecast.hypotheses.measures import (
    Difference,
    difference,
    difference_sentence,
    median_interval,
    number,
)
from forecast.hypotheses.verdict import Answer, Drawing, Found, Number, Reason, Role, Rule, Series
from forecast.outlook.draws import dyad_draws
from forecast.outlook.summary import estimate
from forecast.theory import VISITS
from forecast.typing import Bool, Float, Index

if TYPE_CHECKING:
    from forecast.events.table import EventTable
    from forecast.hypotheses.candidates import Candidates


HIGH = re.compile(
    r"\b(?:President|Premier|Prime Minister|Chairman|Chancellor|General Secretary|Secretary|Minister|State Councillor"
    r"|National Security Adviser|Leader|King|Shah|Emperor|Crown Prince)\b"
)
"""High-level visitors: heads of state and government, their deputies, ministers and equivalent ranks."""
LOWER = re.compile(
    r"\b(?:Deputy(?! Premier| Prime)|Assistant|Under|Vice(?! President| Premier| Chairman)|Permanent|[Ff]ormer|[Ee]x-)"
)
UNIT = "points of share"
DECIDES = "year"
WORDS = {
    "1": "in the month after",
    "3": "in months 2 and 3 after",
    "6": "in months 4 to 6 after",
    "12": "in months 7 to 12 after",
    "year": "over the twelve months after",
}
PLACEBOS = 400
LEAST_VISITS = 10
# The level before is that of two months before: the eve of a visit has its preparations.
EVE_MONTHS = 2
NEIGHBOURS = 5
NEAR_MONTHS = 2
# Months before, counted back from the month itself: its own eve, full of preparations, is left out.
BEFORE = {"half a year": (2, 7), "the half-year before": (8, 13), "five years": (2, 61)}
AFTER = {"1": (1, 1), "3": (2, 3), "6": (4, 6), "12": (7, 12), "year": (1, 12)}
"""Months after, first and last, by the name of the window."""
LEAST_SHIFT_MONTHS = 12


@dataclass(frozen=True)
class Followed:
    """Outcomes after the chosen months in one window."""

    periods: Index  # The chosen periods for which it is known
    difference: Float  # Points of share, chosen less matched

    @property
    def mean(self) -> float:
        """Mean difference; NaN if it is known of none."""
        return float(self.difference.mean()) if self.difference.size else float("nan")


@dataclass(frozen=True)
class Matching:
    """A record of events, by whose shares periods are matched."""

    cooperative: Index  # Counts
    events: Index
    per_month: float = 1.0  # Periods in a month

    def follow(self, chosen: Index) -> Mapping[str, Followed]:
        """Set what followed the chosen periods against what followed others, by window of `AFTER`."""
        return self._follow(chosen, self._others(chosen, int(chosen.min())))

    def placebos(self, chosen: Index, number: int) -> Mapping[str, Float]:
        """Mean differences, by window, with the chosen periods moved together around the record."""
        first, least = int(chosen.min()), self._periods(LEAST_SHIFT_MONTHS)
        length = self.events.size - first
        shifts = np.arange(least, length - least)
        shifts = shifts[np.linspace(0, shifts.size - 1, min(number, shifts.size)).round().astype(int)]
        found = []
        for shift in shifts:
            moved = np.sort(first + (chosen - first + shift) % length)
            found.append(self._follow(moved, self._others(moved, first)))
        return {name: np.array([one[name].mean for one in found]) for name in AFTER}

    def matches(self, chosen: Index, ahead: int = 0) -> tuple[Index, Index]:
        """Pair the chosen periods, (pair,), with their neighbours, (pair, neighbour).

        Those without a past are left out, and those with less than ``ahead`` periods of record after them.
        """
        whole = np.arange(self.events.size) + ahead < self.events.size
        others = np.flatnonzero(self._others(chosen, int(chosen.min())) & whole)
        own = chosen[self._known[chosen] & whole[chosen]]
        if others.size < NEIGHBOURS:
            return own[:0], np.empty((0, NEIGHBOURS), dtype=np.int64)
        return own, others[self._nearest(own, others)]

    @cached_property
    def after(self) -> dict[str, tuple[int, int]]:
        """First and last period after, by the name of the window."""
        return {name: self._span(*months) for name, months in AFTER.items()}

    @cached_property
    def _past(self) -> Float:
        """Standardised covariates known before each period: level, its change, and the level over years."""
        spans = (self._span(*months) for months in BEFORE.values())
        half, earlier, years = (self._share(-last, -first, pseudo=1.0)[0] for first, last in spans)
        past = np.column_stack([half, half - earlier, years])
        spread = past[self._known].std(axis=0)
        return np.asarray((past - past[self._known].mean(axis=0)) / np.where(spread > 0, spread, 1.0))

    @cached_property
    def _known(self) -> Bool:
        """Periods with a year of record before their eve."""
        return np.arange(self.events.size) >= self._periods(13)

    @cached_property
    def _outcomes(self) -> dict[str, tuple[Float, Bool]]:
        """Share in every window after every period, and whether the record has it whole and with events."""
        found = {}
        for name, (first, last) in self.after.items():
            share, number = self._share(first, last)
            found[name] = share, (number > 0) & (np.arange(self.events.size) + last < self.events.size)
        return found

    def _follow(self, chosen: Index, others: Bool) -> dict[str, Followed]:
        return {name: self._followed(chosen, others, *after) for name, after in self._outcomes.items()}

    def _followed(self, chosen: Index, others: Bool, share: Float, there: Bool) -> Followed:
        own, rest = chosen[there[chosen] & self._known[chosen]], np.flatnonzero(there & others)
        if not own.size or rest.size < NEIGHBOURS:
            return Followed(own[:0], np.empty(0))
        matched = rest[self._nearest(own, rest)]
        slope = np.linalg.lstsq(np.column_stack([np.ones(rest.size), self._past[rest]]), share[rest])[0][1:]
        left = (self._past[own][:, None] - self._past[matched]) @ slope
        return Followed(own, share[own] - (share[matched] + left).mean(axis=1))

    def _nearest(self, own: Index, others: Index) -> Index:
        """Places in `others` of the nearest neighbours, (own, neighbour)."""
        first, second = self._past[own], self._past[others]
        apart = (second**2).sum(axis=1) - 2.0 * first @ second.T
        return np.argpartition(apart, NEIGHBOURS - 1, axis=1)[:, :NEIGHBOURS]

    def _others(self, chosen: Index, first: int) -> Bool:
        """Periods with a past, from the first on, that have no chosen one near."""
        others = self._known & (np.arange(self.events.size) >= first)
        reach = self._periods(NEAR_MONTHS)
        for way in range(-reach, reach + 1):
            others[np.clip(chosen + way, 0, others.size - 1)] = False
        return others

    def _share(self, first: int, last: int, pseudo: float = 0.0) -> tuple[Float, Index]:
        """Share and number of events from `first` to `last` periods after every one, as far as the record goes."""
        place, periods = np.arange(self.events.size), self.events.size
        ends = np.clip(place + first, 0, periods), np.clip(place + last + 1, 0, periods)
        good, number = (
            np.append(0, np.cumsum(counts))[ends[1]] - np.append(0, np.cumsum(counts))[ends[0]]
            for counts in (self.cooperative, self.events)
        )
        return 100 * (good + pseudo) / np.maximum(number + 2 * pseudo, 1), number

    def _span(self, first: int, last: int) -> tuple[int, int]:
        """First and last period of months counted from 1."""
        return round((first - 1) * self.per_month) + 1, self._periods(last)

    def _periods(self, months: int) -> int:
        return round(months * self.per_month)


@dataclass(frozen=True)
class Response:
    """Difference in outcomes between visits and matched months, in one window."""

    followed: Followed  # Pair by pair
    placebos: Float  # The mean with the visits moved in time

    @property
    def draws(self) -> Float:
        """Values of the response (draw,) that its mean and the placebos, taken for its error, leave possible."""
        return np.asarray(self.followed.mean - self.placebos)

    @property
    def p_value(self) -> float:
        """Share of the placebos that stray from their own mean at least as far, both sides, the visits among them."""
        centre = self.placebos.mean()
        far = np.abs(self.placebos - centre) >= abs(self.followed.mean - centre)
        return float((1 + far.sum()) / (1 + far.size))


@dataclass(frozen=True)
class Visits:
    """Evidence on visit effects."""

    unit: str  # Of periods
    graded: bool  # Whether titles of actors tell which visits are high
    enough: bool  # Whether there are visits enough to compare
    windows: tuple[str, ...] = ()  # Of time after a visit, see `WORDS`
    response: Difference | None = None  # Over the year after; None if there are too few visits
    reach: float = float("nan")  # Points of share below which a response would not stand out from visits moved in time


def measure_visits(candidates: "Candidates") -> Found[Visits]:
    """Measure whether relations are better after high-level visits than after months that looked alike before them.

    A month with a visit is matched by the events up to two months before it: their cooperative share over half a year,
    its change, and over five years; none of the matched months has a visit within two months. What followed is read
    from the events strictly after the month, without any visits: the visit itself does not count, nor does what the
    smoothing of a level would carry back. The mean over the twelve months after decides, with moved dates for its
    error. For comparison there is the level by a fit to the record without visits; its smoothing spreads a response
    over the months before as well, and so makes it smaller.
    """
    if candidates.events is None:
        code = VISITS.code
        raise SpecError(f"{code}: visits are found among single events, and there are none; leave {code} out")
    without = candidates.with_events(_without_visits(candidates.events, candidates.dyad))
    visits, graded = high_visits(candidates.events, candidates.dyad, without.panel)
    matching = _matching(without.panel)
    pairs = matching.follow(visits)[DECIDES].periods.size if visits.size else 0
    findings = Visits(_unit(matching), graded, enough=pairs >= LEAST_VISITS)
    if not findings.enough:
        return _too_few(findings, pairs)
    followed, moved = matching.follow(visits), matching.placebos(visits, PLACEBOS)
    responses = {name: Response(followed[name], moved[name][np.isfinite(moved[name])]) for name in AFTER}
    known = {name: one for name, one in responses.items() if one.followed.periods.size and one.placebos.size}
    level = _level(without, matching, visits)
    year, rule = known[DECIDES], candidates.rule
    numbers = [_number(f"response_{name}", one.draws, f"response {WORDS[name]}") for name, one in known.items()]
    gap = difference("response", year.draws[None], rule, f"the response {WORDS[DECIDES]}")
    by_chance = f"placebo p-value of the response {WORDS[DECIDES]}"
    return Found(
        findings=replace(
            findings, windows=tuple(known), response=gap,
            reach=float(np.quantile(np.abs(year.placebos - year.placebos.mean()), rule.probability)),
        ),
        comparisons=(),
        numbers=(
            *numbers, *gap.numbers, Number("p_value", year.p_value, words=by_chance, kind="value"), *level.values(),
            *_counts(matching, visits, year),
        ),
        table=_table(known, level),
        drawing=_drawing(known, level),
    )  # fmt: skip


def high_visits(events: "EventTable", dyad: str, panel: xr.Dataset) -> tuple[Index, bool]:
    """Find the periods of a panel with a high-level visit, and tell whether the actors' titles could say which are.

    Without such titles every visit counts.
    """
    rows = events.events[(events.events["dyad"] == dyad) & (events.events["cameo"] == VISIT)]
    last = str(panel.attrs.get("as_of", "")) or Clock.of(panel).last_day().isoformat()
    rows = rows[(rows["known_at"] <= pd.Timestamp(last)) & (rows["date"] <= pd.Timestamp(Clock.of(panel).last_day()))]
    high = rows["actor"].map(is_high).astype(bool)
    graded = bool(high.any())
    days = (rows[high] if graded else rows)["date"].to_numpy().astype("datetime64[D]")
    places = np.searchsorted(panel["time"].to_numpy().astype("datetime64[D]"), days, side="right") - 1
    return np.unique(places[places >= 0]), graded


def is_high(actor: str) -> bool:
    """Check whether a title is that of a leader, a minister or their like."""
    return bool(HIGH.search(actor)) and not LOWER.search(actor)


def _without_visits(events: "EventTable", dyad: str) -> "EventTable":
    rows = events.events
    return replace(events, events=rows[~((rows["dyad"] == dyad) & rows["cameo"].isin((VISIT, HOST)))])


def _matching(panel: xr.Dataset) -> Matching:
    """Match periods by what the first dataset counts: others begin and end, and read the level from elsewhere."""
    counts = panel["counts"].isel(dataset=0, dyad=0).sum("direction").transpose("time", "class").to_numpy()
    cooperative = counts[:, int(panel.attrs["zero_cut"]) :].sum(axis=1)
    return Matching(cooperative, counts.sum(axis=1), Clock.of(panel).per_month)


def _level(without: "Candidates", matching: Matching, visits: Index) -> dict[str, Number]:
    """Rise of the level by a fit without visits, from two months before, chosen less matched months, by window."""
    fitted = without.fit(**without.around_trend())
    share = dyad_draws(fitted, without.dyad).share.astype(np.float64)
    summed = np.concatenate([np.zeros((*share.shape[:2], 1)), share.cumsum(axis=2)], axis=2)
    eve = round(EVE_MONTHS * matching.per_month)
    found = {}
    for name, (first, last) in matching.after.items():
        own, matched = matching.matches(visits, last)

        def rise(at: Index, first: int = first, last: int = last) -> Float:
            mean = (summed[..., at + last + 1] - summed[..., at + first]) / (last + 1 - first)
            return np.asarray(mean - share[..., at - eve])

        draws = (rise(own) - rise(matched).mean(axis=-1)).mean(axis=-1)
        found[f"level_{name}"] = number(
            f"level_{name}", draws, UNIT, f"rise of the level {WORDS[name]}, without visits"
        )
    return found


def _number(name: str, draws: Float, words: str) -> Number:
    found = estimate(draws[None], UNIT, words)
    return Number(name, found.median, found.low, found.high, unit=UNIT, words=words)


def _counts(matching: Matching, visits: Index, year: Response) -> tuple[Number, ...]:
    own, matched = matching.matches(visits)
    further = _visited(matching, visits)
    return (
        Number("visits", float(visits.size), unit=_unit(matching), words="with a high-level visit", kind="count"),
        Number("visits_followed", float(year.followed.periods.size), words="of these with a year of events after them",
               kind="count"),
        Number("matched", float(np.unique(matched).size), words="different periods among those matched", kind="count"),
        Number("visited_again", 100 * float(further[own].mean()), unit="per cent", kind="value",
               words="of the visits were followed by another within the year"),
        Number("visited_after_matched", 100 * float(further[matched].mean()), unit="per cent", kind="value",
               words="of the matched periods were followed by a visit within the year"),
    )  # fmt: skip


def _unit(matching: Matching) -> str:
    return "weeks" if matching.per_month > 1 else "months"


def _visited(matching: Matching, visits: Index) -> Bool:
    """Return for every period whether a visit follows within the year."""
    there = np.zeros(matching.events.size, dtype=np.int64)
    there[visits] = 1
    total = np.append(0, there.cumsum())
    place = np.arange(there.size)
    return np.asarray(total[np.minimum(place + matching.after[DECIDES][1] + 1, there.size)] > total[place + 1])


def _table(responses: Mapping[str, Response], level: Mapping[str, Number]) -> pd.DataFrame:
    rows = []
    for name, one in responses.items():
        found, model = _number("response", one.draws, ""), level[f"level_{name}"]
        rows.append({
            "window": WORDS[name], "visits": one.followed.periods.size, "response": found.value, "low": found.low,
            "high": found.high, "p_value": one.p_value, "level": model.value, "level_low": model.low,
            "level_high": model.high,
        })  # fmt: skip
    return pd.DataFrame(rows)


def _drawing(responses: Mapping[str, Response], level: Mapping[str, Number]) -> Drawing:
    names = [name for name in responses if name != DECIDES]
    months = tuple(float(name) for name in names)
    found = [_number("response", responses[name].draws, "") for name in names]
    placebos = [_number("placebo", responses[name].placebos, "") for name in names]
    model = [level[f"level_{name}"] for name in names]
    return Drawing(
        "line", "After high-level visits, less after months alike", "months after the visit, end of window", UNIT,
        (
            _series("placebo dates", months, placebos, "null"),
            _series("events, visits left out", months, found, "posterior"),
            _series("level by a fit without visits", months, model, "other"),
        ),
    )  # fmt: skip


def _series(label: str, at: tuple[float, ...], numbers: list[Number], role: Role) -> Series:
    low, high = (tuple(float(getattr(one, end)) for one in numbers) for end in ("low", "high"))
    return Series(label, at, tuple(one.value for one in numbers), low=low, high=high, role=role)


def _too_few(findings: Visits, pairs: int) -> Found[Visits]:
    empty = Series("response", tuple(float(name) for name in AFTER if name != DECIDES), (float("nan"),) * 4)
    words = "high-level visits with a year of events after them"
    return Found(
        findings=findings,
        comparisons=(),
        numbers=(Number("visits_followed", float(pairs), words=words, kind="count"),),
        table=pd.DataFrame(),
        drawing=Drawing("line", "After high-level visits", "months after the visit", UNIT, (empty,)),
    )


def _decide(found: "Found[Visits]", rule: Rule) -> Answer:
    response = found.findings.response
    return "undecided" if response is None else rule.decide_probability(response.above.value)


def _word(found: "Found[Visits]", rule: Rule, answer: Answer) -> Words:
    return Words(
        claim="Relations are better after high-level visits than after months that looked alike before them.",
        null="After a high-level visit relations go on as after any month that looked alike.",
        reason=_reason(found, rule, answer),
        prose=(*_design(found), *_response(found, rule), _level_words(found), _caution())
        if found.findings.enough
        else (),
    )


def _reason(found: "Found[Visits]", rule: Rule, answer: Answer) -> Reason:
    response = found.findings.response
    if response is None:
        pairs = found["visits_followed"].value
        return Reason("too_few_visits", {"answer": answer, "visits": pairs, "needed": LEAST_VISITS})
    return Reason("response_above", {"answer": answer, "rope": rule.rope, "chance": response.above.value})


def _design(found: "Found[Visits]") -> tuple[str, ...]:
    unit, graded = found.findings.unit, found.findings.graded
    again, after_matched = (
        wording.percent(found[name].value / 100) for name in ("visited_again", "visited_after_matched")
    )
    which = "by a leader, a minister or their like" if graded else "of any rank, for the data give no titles"
    return (
        f"There are {found['visits'].value:.0f} {unit} with a visit {which}; {found['visits_followed'].value:.0f} have "
        f"a year of events after them and are set against {found['matched'].value:.0f} different {unit} that had the "
        "same cooperative share, the same change of it and the same share over five years beforehand, and no visit "
        f"within {NEAR_MONTHS} months. The visits themselves are left out of all counts.",
        f"Within a year {again} of the visits were followed by another, and {after_matched} of the matched {unit} by "
        "one: the more alike the two, the less can be seen of what one visit does.",
    )


def _response(found: "Found[Visits]", rule: Rule) -> tuple[str, ...]:
    own, p_value = found.findings, found["p_value"].value
    windows = "; ".join(
        f"{WORDS[name]} {median_interval(found[f'response_{name}'], 1)}" for name in own.windows if name != DECIDES
    )
    assert own.response is not None, "there are visits enough"
    return (
        f"{WORDS[DECIDES].capitalize()}, the cooperative share is {median_interval(found[f'response_{DECIDES}'], 1)} "
        f"points above that after matched months: the response. By window: {windows}.",
        difference_sentence(own.response, rule, "the response"),
        "With the visits moved to other dates a response as far from none comes up with a chance of "
        f"{wording.percent(p_value)} (placebo p-value {p_value:.2f}); one of less than "
        f"{wording.number(own.reach, 0)} points would not stand out at {100 * rule.probability:g} %.",
    )


def _level_words(found: "Found[Visits]") -> str:
    return (
        f"By a fit that saw no visits, the level rose by {median_interval(found[f'level_{DECIDES}'], 1)} points more "
        "from two months before a visit to the year after it than around matched months. The fit smooths: it carries a "
        "part of any response back to before the visit, so that this number is too small, and its interval knows "
        "nothing of moved dates."
    )


def _caution() -> str:
    return (
        "A response is no proof that visits help: they are agreed when those who agree them see improvement coming, "
        "which no coded event may show beforehand. It would make visits a sign, and not yet a cause."
    )


CLAIM = Hypothesis(
    theory.VISITS,
    title="a response to visits",
    models=("months after visits", "matched months"),
    measure=measure_visits,
    decide=_decide,
    word=_word,
    needs="events",
    by_evidence=False,
    decides=("response_above_rope",),
    how="Decided by the response over the twelve months after, whose error is learnt from visits moved in time.",
    without_power="Power was not simulated, for the test has no rival model to simulate records from: it compares "
    "months after visits with other months of this record, and there is no model of when visits take place. Its "
    "placebo dates stand in for false alarms.",
    work=0.5,
)
