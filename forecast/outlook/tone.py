"""Tone: the mean Goldstein score of a window's events, -10 to 10.

The share counts an air strike and a protest alike; the tone does not: Goldstein scores them -10 and
-6.5. The numbers of events of each side are those of the forecasts of the share. The mean score of
a side is expected to be the dyad's mean of the last 1, 2, 5 or 10 years, equally likely, in which
the mean of all dyads counts as ten events. Windows vary around it as those of all dyads have, and
single events as the kinds of the side do. Other forms, and their scores: docs/research/tone.md.

References
----------
Goldstein (1992), A conflict-cooperation scale for WEIS events data, doi:10.1177/0022002792036002007
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Self

import numpy as np
import xarray as xr

from forecast.base.typing import Float, Index
from forecast.outlook.draws import Streams
from forecast.outlook.observed import SimulatedEvents
from forecast.outlook.query import Query
from forecast.outlook.question_types import FixedTone, ToneQuestion
from forecast.outlook.recorded import (
    LOWEST,
    MAX_GOLDSTEIN,
    MIN_WINDOW_EVENTS,
    Baseline,
    DatasetRecord,
    WindowCounts,
)
from forecast.outlook.summary import Estimate, NotDefined, Probability, estimate, sentence
from forecast.outlook.windows import (
    ALWAYS_VOID,
    FEW_BEFORE,
    chances_of_change,
    printed_changes,
    rule_of_change,
)

PRIOR_EVENTS = 10.0
"""Number of events as which the mean of all dyads counts."""
SCATTER = 1.5
"""Standard deviation of a window's mean score of a side around its expected value, points."""
MEMORIES = (12, 24, 60, 120)
"""Months whose mean score continues, equally likely."""
WITHIN_KIND_SD = 1.3
"""Standard deviation of the scores of one kind: the root of the mean square in the chronology is
1.27."""
SMALLEST_CHANGE = 0.5
"""Points of tone that count as a change."""
TONE_UNIT = (MAX_GOLDSTEIN - LOWEST) / 100
"""Points of the Goldstein scale that one of a scale from 0 to 100 stands for."""
NO_SCORES = NotDefined("the data hold no Goldstein scores")
"""Why the tone of such data is not defined."""


def tone_to_percent[Number: (float, Float)](tone: Number) -> Number:
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
    def of(cls, panel: xr.Dataset, record: DatasetRecord) -> "Self | NotDefined":
        """Read them from the record of a dyad and, for the mean of all dyads, from its panel."""
        if record.goldstein is None:
            return NO_SCORES
        dims = ("direction", "dyad", "time")
        by_kind = [
            panel[name].isel(dataset=record.number).sum(dims).to_numpy()
            for name in ("counts", "goldstein")
        ]
        recent = [round(months * record.clock.per_month) for months in MEMORIES]
        means = []
        spread = []
        for side in (slice(0, record.zero_cut), slice(record.zero_cut, None)):
            events, total = (values[side] for values in by_kind)
            mean = total.sum() / max(events.sum(), 1)
            kinds = total / np.maximum(events, 1)
            variance = WITHIN_KIND_SD**2 + events @ (kinds - mean) ** 2 / max(events.sum(), 1)
            sides = [
                values[record.covered][::-1, side].sum(axis=1)
                for values in (record.goldstein, record.counts)
            ]
            means.append(
                [
                    (sides[0][:span].sum() + PRIOR_EVENTS * mean)
                    / (sides[1][:span].sum() + PRIOR_EVENTS)
                    for span in recent
                ]
            )
            spread.append(np.sqrt(variance))
        return cls(np.array(means), np.array(spread))

    def simulate(self, total: Index, cooperative: Index, rng: np.random.Generator) -> Float:
        """Draw sums of scores of periods from events and cooperative ones, (..., period)."""
        size = total.shape[:-1]
        memory = rng.integers(self.means.shape[1], size=size)
        sums = np.zeros(total.shape)
        for side, events in enumerate((total - cooperative, cooperative)):
            mean = self.means[side, memory] + SCATTER * rng.standard_normal(size)
            sums += events * mean[..., None] + self.spread[side] * np.sqrt(
                events
            ) * rng.standard_normal(total.shape)
        return np.clip(sums, LOWEST * total, MAX_GOLDSTEIN * total)

    def of_window(self, counts: WindowCounts, rng: np.random.Generator) -> WindowCounts:
        """Return simulated months with sums of scores."""
        return replace(counts, goldstein=self.simulate(counts.total, counts.cooperative, rng))


@dataclass(frozen=True)
class ToneOutlook:
    """Forecast of the mean Goldstein score of the recorded events up to a horizon.

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
    panel: xr.Dataset,
    observed: SimulatedEvents | NotDefined,
    query: Query,
    published: Mapping[int, SimulatedEvents],
    streams: Streams,
) -> dict[int, ToneOutlook] | NotDefined:
    """Compute the tone of the windows up to each horizon.

    Sides are those of the published simulations if given.
    """
    if isinstance(observed, NotDefined):
        return observed
    record = observed.record
    scores = SideScores.of(panel, record)
    before = record.baseline(query.baseline)
    if isinstance(scores, NotDefined):
        return scores
    after = "" if isinstance(before, NotDefined) else record.before(query.baseline, before)
    was = fixed_tone(record, before, query.baseline, SMALLEST_CHANGE)
    outlooks = {}
    fixed, undefined = (None, was) if isinstance(was, NotDefined) else (was, None)
    for months in query.horizons:
        counts = scores.of_window(published.get(months, observed).ahead(months), streams("tone"))
        assert counts.goldstein is not None
        total = counts.total.sum(axis=-1)
        words = f"in {record.ahead(months)}"
        valid = total >= MIN_WINDOW_EVENTS
        tones = counts.goldstein.sum(axis=-1) / np.maximum(total, 1)
        higher, lower = (
            ToneQuestion.ahead(record, months, compare=comparison, baseline=fixed)
            for comparison in ("at least", "at most")
        )
        result = ToneOutlook(
            months=months,
            first=record.first,
            until=higher.last,
            tone=estimate(tones, "points", f"mean Goldstein score {words}", valid)
            if valid.any()
            else ALWAYS_VOID,
            before=None if fixed is None else fixed.value,
            **chances_of_change("tone", higher, lower, counts, undefined),
            sentence="",
            rule=rule_of_change(higher, lower),
        )
        said = sentence("tone", record, result, after, printed_changes(result), SMALLEST_CHANGE)
        outlooks[months] = replace(result, sentence=said)
    return outlooks


@dataclass(frozen=True)
class KindScore:
    """Contribution of a kind to the tone of the baseline's months, and to its change."""

    kind: str  # Name of the class
    events: int  # Events in the baseline's months
    score: float | None  # Their mean Goldstein score; None without events
    part: float  # Points of the tone; those of all kinds add up to it
    # Less the part in as many months before; None where these are not covered or have no events
    change: float | None


def kind_scores(record: DatasetRecord | NotDefined, months: int) -> tuple[KindScore, ...]:
    """Split the tone of the last so many covered months, and its change, among kinds.

    Nothing without scored events.
    """
    if isinstance(record, NotDefined) or record.goldstein is None:
        return ()
    seen = np.flatnonzero(record.covered)
    periods = record.clock.periods(months)
    now = seen[-periods:]
    before = seen[-2 * periods : -periods]
    number = record.counts[now].sum()
    then = record.counts[before].sum()
    if not number:
        return ()
    sums = record.goldstein[now].sum(axis=0)
    events = record.counts[now].sum(axis=0)
    changes = sums / number - record.goldstein[before].sum(axis=0) / max(int(then), 1)
    comparable = len(before) == periods and then > 0
    return tuple(
        KindScore(
            kind=kind,
            events=int(events[class_number]),
            score=float(sums[class_number] / events[class_number])
            if events[class_number]
            else None,
            part=float(sums[class_number] / number),
            change=float(changes[class_number]) if comparable else None,
        )
        for class_number, kind in enumerate(record.names)
    )


def fixed_tone(
    record: DatasetRecord, before: Baseline | NotDefined, months: int, points: float
) -> FixedTone | NotDefined:
    """Return the tone of a baseline of so many months, which a window ahead is compared with."""
    if isinstance(before, NotDefined):
        return before
    if before.share is None:
        return FEW_BEFORE
    assert record.goldstein is not None
    scores = record.goldstein[np.flatnonzero(record.covered)[-record.clock.periods(months) :]].sum()
    return FixedTone.model_construct(
        first=before.first,
        last=min(before.last, record.known_to),
        events=before.events,
        goldstein=round(float(scores), 2),
        points=points,
    )
