"""Tone: the mean Goldstein score of a window's events, -10 to 10, from its two sides and the kinds within them.

The share counts an air strike and a protest alike; the tone does not: Goldstein scores them -10 and -6.5. The numbers
of events of each side are those of the forecasts of the share. The mean score of a side is expected to be the dyad's
mean of the last 1, 2, 5 or 10 years, equally likely, in which the mean of all dyads counts as ten events. Windows vary
around it as those of all dyads have, and single events as the kinds of the side do. Other forms, and their scores:
docs/research/tone.md.

References
----------
Goldstein (1992), A conflict-cooperation scale for WEIS events data, doi:10.1177/0022002792036002007
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Self, overload

import numpy as np

from forecast.outlook.kind_counts import MEMORIES
from forecast.outlook.observed import Observed
from forecast.outlook.query import Query
from forecast.outlook.question import FixedTone, ToneQuestion
from forecast.outlook.recorded import FEWEST, HIGHEST, LOWEST, DatasetRecord, WindowCounts
from forecast.outlook.simulations import stream
from forecast.outlook.summary import Estimate, NotDefined, Probability, estimate
from forecast.outlook.windows import ALWAYS_VOID, FEW_BEFORE, chances_of_change, printed_changes, rule_of_change
from forecast.typing import Float, Index
from forecast.wording import chance, interval_in_words, number

if TYPE_CHECKING:
    import xarray as xr

WORTH = 10.0
"""Number of events as which the mean of all dyads counts."""
SCATTER = 1.5
"""Standard deviation of a window's mean score of a side around its expected value, points."""
WITHIN = 1.3
"""Standard deviation of the scores of one kind: the root of the mean square in the chronology is 1.27."""
SMALLEST_CHANGE = 0.5
"""Points of tone that count as a change."""
NO_SCORES = NotDefined("the data hold no Goldstein scores")


TONE_UNIT = (HIGHEST - LOWEST) / 100
"""Points of the Goldstein scale that one of a scale from 0 to 100 stands for."""


@overload
def tone_to_percent(tone: float) -> float: ...
@overload
def tone_to_percent(tone: Float) -> Float: ...
def tone_to_percent(tone: float | Float) -> float | Float:
    """Return a tone on a scale from 0 to 100."""
    return (tone - LOWEST) / TONE_UNIT


def percent_to_tone(percent: float) -> float:
    """Return the tone at a number on that scale."""
    return LOWEST + percent * TONE_UNIT


@dataclass(frozen=True)
class SideScores:
    """Distribution of the scores of a dyad's hostile and cooperative events."""

    means: Float  # (side, memory)
    spread: Float  # Standard deviation of single events, (side,)

    @classmethod
    def of(cls, panel: "xr.Dataset", record: DatasetRecord) -> "Self | NotDefined":
        """Read them from the record of a dyad and, for the mean of all dyads, from its panel."""
        if record.goldstein is None:
            return NO_SCORES
        dims = ("direction", "dyad", "time")
        by_kind = [panel[name].isel(dataset=record.number).sum(dims).to_numpy() for name in ("counts", "goldstein")]
        recent = [round(months * record.clock.per_month) for months in MEMORIES]
        means, spread = [], []
        for side in (slice(0, record.zero_cut), slice(record.zero_cut, None)):
            events, total = (values[side] for values in by_kind)
            mean = total.sum() / max(events.sum(), 1)
            kinds = total / np.maximum(events, 1)
            variance = WITHIN**2 + events @ (kinds - mean) ** 2 / max(events.sum(), 1)
            own = [values[record.covered][::-1, side].sum(axis=1) for values in (record.goldstein, record.counts)]
            means.append([(own[0][:one].sum() + WORTH * mean) / (own[1][:one].sum() + WORTH) for one in recent])
            spread.append(np.sqrt(variance))
        return cls(np.array(means), np.array(spread))

    def simulate(self, total: Index, cooperative: Index, rng: np.random.Generator) -> Float:
        """Draw the sums of scores of periods, given their events and how many are cooperative, (..., period)."""
        size = total.shape[:-1]
        memory = rng.integers(self.means.shape[1], size=size)
        found = np.zeros(total.shape)
        for side, events in enumerate((total - cooperative, cooperative)):
            mean = self.means[side, memory] + SCATTER * rng.standard_normal(size)
            found += events * mean[..., None] + self.spread[side] * np.sqrt(events) * rng.standard_normal(total.shape)
        return np.clip(found, LOWEST * total, HIGHEST * total)

    def of_window(self, counts: WindowCounts, rng: np.random.Generator) -> WindowCounts:
        """Return simulated months with sums of scores."""
        return replace(counts, goldstein=self.simulate(counts.total, counts.cooperative, rng))


@dataclass(frozen=True)
class ToneOutlook:
    """Forecast of the mean Goldstein score of the events that the dataset records in the months up to a horizon.

    `up + same + down == 1`, exactly.
    """

    months: int  # The horizon
    first: date  # First day of the window
    until: date  # Last day of the window
    tone: Estimate | NotDefined  # Mean score
    before: float | None  # That of the baseline's months; None with fewer than three events
    up: Probability | NotDefined  # Higher
    same: Probability | NotDefined  # Neither
    down: Probability | NotDefined  # Lower
    sentence: str  # In words
    rule: str  # Resolution rule


def tone_outlooks(
    panel: "xr.Dataset",
    observed: Observed | NotDefined,
    query: Query,
    published: Mapping[int, Observed],
    *,
    seed: int,
) -> dict[int, ToneOutlook] | NotDefined:
    """Compute the tone of the windows up to each horizon, from the published simulations of their sides if given."""
    if isinstance(observed, NotDefined):
        return observed
    record = observed.record
    scores = SideScores.of(panel, record)
    if isinstance(scores, NotDefined):
        return scores
    found = {}
    for months in query.horizons:
        counts = published.get(months, observed).ahead(record.clock.periods(months))
        scored = scores.of_window(counts, stream(seed, record.dyad, "tone"))
        found[months] = _outlook(record, scored, months, query.baseline)
    return found


def _outlook(record: DatasetRecord, counts: WindowCounts, months: int, baseline_months: int) -> ToneOutlook:
    assert counts.goldstein is not None
    total, words = counts.total.sum(axis=-1), f"in {record.ahead(months)}"
    there, tones = total >= FEWEST, counts.goldstein.sum(axis=-1) / np.maximum(total, 1)
    before = fixed_tone(record, baseline_months, SMALLEST_CHANGE)
    fixed, undefined = (None, before) if isinstance(before, NotDefined) else (before, None)
    higher, lower = (ToneQuestion.ahead(record, months, compare=way, baseline=fixed) for way in ("at least", "at most"))
    result = ToneOutlook(
        months=months,
        first=record.first,
        until=higher.last,
        tone=estimate(tones, "points", f"mean Goldstein score {words}", there) if there.any() else ALWAYS_VOID,
        before=None if fixed is None else fixed.value,
        **chances_of_change("tone", higher, lower, counts, undefined),
        sentence="",
        rule=rule_of_change(higher, lower),
    )
    return replace(result, sentence=_sentence(record, result, baseline_months))


@dataclass(frozen=True)
class KindScore:
    """Contribution of a kind to the tone of the baseline's months, and to its change."""

    kind: str  # Name of the class
    events: int  # Events in the baseline's months
    score: float | None  # Their mean Goldstein score; None without events
    part: float  # Points of the tone; those of all kinds add up to it
    change: float | None  # Less the part in as many months before; None where these are not covered or have no events


def kind_scores(record: DatasetRecord | NotDefined, months: int) -> tuple[KindScore, ...]:
    """Split the tone of the last so many covered months, and its change, among kinds; nothing without scored events."""
    if isinstance(record, NotDefined) or record.goldstein is None:
        return ()
    seen, periods = np.flatnonzero(record.covered), record.clock.periods(months)
    now, before = seen[-periods:], seen[-2 * periods : -periods]
    number, then = record.counts[now].sum(), record.counts[before].sum()
    if not number:
        return ()
    sums, events = record.goldstein[now].sum(axis=0), record.counts[now].sum(axis=0)
    changes = sums / number - record.goldstein[before].sum(axis=0) / max(int(then), 1)
    known = len(before) == periods and then > 0
    return tuple(
        KindScore(
            kind=kind,
            events=int(events[place]),
            score=float(sums[place] / events[place]) if events[place] else None,
            part=float(sums[place] / number),
            change=float(changes[place]) if known else None,
        )
        for place, kind in enumerate(record.names)
    )


def fixed_tone(record: DatasetRecord, months: int, points: float) -> FixedTone | NotDefined:
    """Return the tone of the last so many covered months, which a window ahead is compared with."""
    before = record.baseline(months)
    if isinstance(before, NotDefined):
        return before
    if before.share is None:
        return FEW_BEFORE
    assert record.goldstein is not None
    scores = record.goldstein[np.flatnonzero(record.covered)[-record.clock.periods(months) :]].sum()
    return FixedTone.model_construct(
        first=before.first, last=min(before.last, record.known), events=before.events,
        goldstein=round(float(scores), 2), points=points,
    )  # fmt: skip


def _sentence(record: DatasetRecord, outlook: ToneOutlook, baseline_months: int) -> str:
    tone, where = outlook.tone, record.ahead(outlook.months)
    if isinstance(tone, NotDefined):
        return f"The tone {where} is not defined: {tone.reason}."
    expected = f"The mean Goldstein score of {record.counted} in {where} is expected to be " + interval_in_words(
        tone.median, tone.low, tone.high, decimals=1
    )
    before = record.baseline(baseline_months)
    if outlook.before is None or isinstance(before, NotDefined):
        return f"{expected}."
    percents = printed_changes(outlook)
    return (
        f"{expected}, after {number(outlook.before, 1)} in {record.before(baseline_months, before)}: "
        f"{chance(percents['up'] / 100)} at least {SMALLEST_CHANGE:g} points higher, {chance(percents['down'] / 100)} "
        f"at least {SMALLEST_CHANGE:g} lower."
    )
