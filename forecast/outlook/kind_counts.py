"""Number of events of a kind ahead, from the past of that kind: its distribution, and whether that was calibrated.

Recent bursts raise the rate of a kind, and other dyads inform it. Clashes come in bursts and agreements are rare, so a
window ahead is neither like the average window of ten years nor like the last one. The mean continues the rate of the
last 1, 2, 5 or 10 years, equally likely. With c events in these n periods, and the rates of all dyads worth a events in
b periods (empirical Bayes), it is (c + a) / (n + b) a period. The number in a window is negative binomial around it:
its variance adds to that of a Poisson distribution what c + a events leave unknown of the rate, and by how much such
windows of all dyads have scattered around their rates. So it is a mixture of four, of shapes 1 / (1 / (c + a) +
scatter). Other forms and the scores: docs/research/kinds.md.
"""

import functools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any, Self

import numpy as np
import xarray as xr

from forecast.dates import periods_a_month
from forecast.errors import DataError
from forecast.files import read_bytes
from forecast.outlook.draws import TAILS
from forecast.outlook.observed import MIX_MONTHS, Observed
from forecast.outlook.query import Query
from forecast.outlook.question import CountQuestion
from forecast.outlook.recorded import Baseline, DatasetRecord, WindowCounts, class_codes, rolling_sums, share_before
from forecast.outlook.summary import Estimate, NotDefined, Probability, certain, estimate, probability, sentence
from forecast.resources import skill_file
from forecast.typing import Bool, Float, Index
from forecast.wording import percent

MEMORIES = (12, 24, 60, 120)
"""Months whose rate continues, equally likely."""
POOLED_MONTHS = 120
"""Months from which the dyads' rates are compared."""
FEWEST_MONTHS = 60
"""Months of coverage with which a dyad takes part in the comparison."""
LEAST, MOST = 0.1, 3.0
"""Limits of the events that the rates of all dyads are worth."""
ALONE = 1.0
"""The same where there is no other dyad to compare with."""
SCATTER = np.array([0.0, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0])
"""Squared coefficients of variation of a window around its rate; exponential a priori, with mean 1."""
SCATTER_MONTHS, STEP_MONTHS = 240, 3
"""Months with whose windows the scatter is estimated, and from one such window to the next."""
FACTOR, POINTS = 2.0, 0.05
"""A chance is far from its base rate if it is at least so many times as high or as low, and so many points away."""
SCHEMA = 1
LARGEST = 10_000_000
"""Bytes of a file of scores."""
OFF, THIRD_OFF = 0.05, 0.10
"""How far the mean chance may be from the frequency: of all forecasts, and of each third of them by chance."""
RULE = (
    f"Calibrated is a kind whose mean chance of at least one event was within {percent(OFF)} of the frequency in all "
    f"windows from 2015 on, and within {percent(THIRD_OFF)} in the lowest, middle and highest third of the chances."
)


@dataclass(frozen=True)
class KindRate:
    """Distribution of the number of events of a kind in a window: negative binomial for each memory."""

    mean: Float  # (memory,)
    shape: Float

    def at_least(self, number: int) -> float:
        """Return the probability of at least so many events."""
        return 1.0 if number < 1 else float(self._reached(np.array([number]))[0])

    def quantiles(self, which: Sequence[float]) -> tuple[int, ...]:
        """Return quantiles of the number of events."""
        most = 16
        while self.at_least(most) > 1 - max(which):
            most *= 2
        up_to = 1 - self._reached(np.arange(1, most + 1))
        return tuple(int(np.searchsorted(up_to, one)) for one in which)

    def _reached(self, numbers: Index) -> Float:
        """Return the probabilities of at least so many events, each one or more."""
        from scipy.special import betainc

        tails = betainc(numbers[:, None], self.shape, self.mean / (self.mean + self.shape))
        return np.asarray(tails.mean(axis=1))


@dataclass(frozen=True)
class KindRates:
    """Past of a kind, all events of some classes of a panel, in all dyads of a dataset."""

    counts: dict[str, Index]  # Events of each covered period by dyad
    covered: dict[str, Bool]  # Of all periods of the panel
    a_month: float  # Periods
    worth: tuple[float, float]  # How many events, in how many periods, the rates of all dyads are worth
    _known: dict[int, float] = field(default_factory=dict, repr=False, compare=False)  # Scatter by periods

    @classmethod
    def of(cls, panel: xr.Dataset, dataset: int, places: Sequence[int]) -> Self:
        """Read the past of a kind from a panel."""
        ordered = panel["counts"].transpose("dataset", "dyad", "time", "direction", "class").to_numpy()[dataset]
        events = ordered[..., list(places)].astype(np.int64).sum(axis=(-1, -2))
        covered = panel["covered"].transpose("dataset", "dyad", "time").to_numpy()[dataset]
        names, a_month = [str(code) for code in panel["dyad"].to_numpy()], periods_a_month(panel)
        counts = {dyad: own[there] for dyad, own, there in zip(names, events, covered, strict=True)}
        recent, fewest = round(POOLED_MONTHS * a_month), round(FEWEST_MONTHS * a_month)
        compared = [one[-recent:] for one in counts.values() if len(one) >= fewest] or list(counts.values())
        worth = dyads_worth(np.array([[one.sum(), len(one)] for one in compared]))
        return cls(counts, dict(zip(names, covered, strict=True)), a_month, worth)

    def rate(self, dyad: str, periods: float, counts: Index | None = None) -> KindRate:
        """Return the distribution of the number of events of a dyad in the next so many periods, or parts of them.

        Of a kind that is some codes of the classes, `counts` has the events in each period of the panel. The rates of
        all dyads are then multiplied by the dyad's own share of the kind in these classes.
        """
        own, part = self.counts[dyad], 1.0
        if counts is not None:
            of_kind = counts[self.covered[dyad]]
            part = (of_kind.sum() + 1) / (own.sum() + 2) if of_kind.sum() < own.sum() else 1.0
            own = of_kind
        events, spent = (one[0] for one in self._remembered(own, np.array([len(own)]), part))
        return KindRate(periods * events / spent, 1 / (1 / events + self.scatter(max(round(periods), 1))))

    def scatter(self, periods: int) -> float:
        """Return how much windows of so many periods scatter around their rates, from the past of all dyads."""
        if periods not in self._known:
            found = [self._past_windows(one, periods) for one in self.counts.values()]
            events, spent, number = (np.concatenate(part) for part in zip(*found, strict=True))
            mean, count = periods * events / spent, number[:, None]
            log = [_log_mass(count, mean, 1 / (1 / events + one)).sum() for one in SCATTER]
            # Windows overlap.
            weight = np.array(log) * min(STEP_MONTHS * self.a_month / periods, 1.0) - SCATTER
            weight = np.exp(weight - weight.max())
            self._known[periods] = float(weight @ SCATTER / weight.sum())
        return self._known[periods]

    def _past_windows(self, counts: Index, periods: int) -> tuple[Float, Float, Index]:
        """Return what was remembered before each of a dyad's past windows, (window, memory), and what each had."""
        first = max(round(FEWEST_MONTHS * self.a_month), len(counts) - periods - round(SCATTER_MONTHS * self.a_month))
        ends = np.arange(len(counts) - periods, first, -max(round(STEP_MONTHS * self.a_month), 1))
        up_to = np.concatenate([[0], np.cumsum(counts)])
        return *self._remembered(counts, ends), up_to[ends + periods] - up_to[ends]

    def _remembered(self, counts: Index, ends: Index, part: float = 1.0) -> tuple[Float, Float]:
        """Return events and periods of each memory up to some periods, with what all dyads are worth: (end, memory)."""
        starts = np.maximum(ends[:, None] - [round(months * self.a_month) for months in MEMORIES], 0)
        up_to = np.concatenate([[0], np.cumsum(counts)])
        events: Float = up_to[ends][:, None] - up_to[starts] + self.worth[0]
        return events, np.asarray(ends[:, None] - starts + self.worth[1] / part, dtype=np.float64)


def _log_mass(count: Index, mean: Float, shape: Float) -> Float:
    """Return the log-probabilities of numbers of events, averaged over memories."""
    from scipy.special import gammaln, logsumexp

    ways = gammaln(count + shape) - gammaln(shape) - gammaln(count + 1.0)
    log = ways - shape * np.log1p(mean / shape) + count * np.log(mean / (mean + shape))
    return np.asarray(logsumexp(log, axis=1) - np.log(log.shape[1]))


def dyads_worth(found: Index) -> tuple[float, float]:
    """Return how many events, in how many periods, the rates of all dyads are worth, given theirs (dyad, 2).

    A Gamma distribution of rates by moments: the more the rates differ, beyond what their numbers explain, the less it
    is worth. So one dyad at war does not make war likely between others.
    """
    events, periods = found.T
    pooled = (events.sum() + 0.5) / max(periods.sum(), 1)
    if len(found) < 2:
        return ALONE, float(ALONE / pooled)
    rates = events / np.maximum(periods, 1)
    spread = rates.var(ddof=1) - (rates.mean() / np.maximum(periods, 1)).mean()
    worth = rates.mean() ** 2 / spread if spread > 0 else MOST
    worth = float(np.clip(worth, LEAST, MOST))
    return worth, float(worth / pooled)


def far_apart(chance: float, base_rate: float) -> bool:
    """Return whether a chance and a base rate differ by a factor of two, and not by a few points only."""
    less, more = sorted((chance, base_rate))
    return more >= FACTOR * less and more - less >= POINTS


def shifted(chance: float, before: float, after: float) -> float:
    """Return a chance whose odds change as those of simulations do, from `before` to `after`."""
    if after in (0.0, 1.0) or before in (0.0, 1.0) or chance in (0.0, 1.0):
        return chance if before == after else after
    odds = chance / (1 - chance) * (after / (1 - after)) / (before / (1 - before))
    return odds / (1 + odds)


@dataclass(frozen=True)
class Calibration:
    """Whether chances of a kind were calibrated in the committed scores."""

    passed: bool | None  # None where the kind, or these data, have not been scored
    sentence: str  # What a reader has to know; empty if they were calibrated


def calibrated(row: Mapping[str, Any]) -> bool:
    """Return whether a kind was calibrated, from its row of scores: all dyads and horizons, from 2015 on."""
    off = abs(row["chance"] - row["frequency"])
    return off <= OFF and all(abs(chance - frequency) <= THIRD_OFF for chance, frequency in row["thirds"])


def calibration_of(dataset: str, scale: str, kind: str, path: Path | None = None) -> Calibration:
    """Decide whether chances of a kind of a dataset were calibrated; `path` is by default the committed scores."""
    path = skill_file("kinds.json") if path is None else path
    scores = {} if path is None else _read(path)
    there = (scores.get("dataset"), scores.get("scale")) == (dataset, scale)
    wanted = {"kind": kind, "dyad": "all", "months": "all", "at_least": 1, "period": "2015-"}
    row = next((row for row in scores["rows"] if wanted.items() <= row.items()), None) if there else None
    if row is None:
        return Calibration(None, f"Chances of the kind “{kind}” have not been scored for these data.")
    if calibrated(row):
        return Calibration(True, "")
    return Calibration(
        False,
        f"Chances of the kind “{kind}” were not calibrated from 2015 on: forecast {percent(row['chance'])} on average, "
        f"happened {percent(row['frequency'])}. Do not rely on them.",
    )


@functools.cache
def _read(path: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(read_bytes(path, LARGEST))
    except (OSError, ValueError) as error:
        raise DataError(
            f"{path}: the scores of kinds cannot be read ({error}); make them with kinds_skill.py"
        ) from error
    if not isinstance(found, dict) or found.get("schema") != SCHEMA:
        raise DataError(f"{path}: expected scores of kinds with schema {SCHEMA}; make them with scripts/kinds_skill.py")
    return found


@dataclass(frozen=True)
class KindOutlook:
    """Number of events of a kind that the dataset records in the months up to a horizon."""

    kind: str  # Name of the class
    cooperative: bool  # Of the cooperative side
    months: int  # The horizon
    first: date  # First day of the window
    until: date  # Last day of the window
    at_least: int  # Number asked for
    chance: Probability  # At least so many are recorded
    simulated: Probability  # The same in the simulations, in which kinds follow the mix of the last ten years
    events: Estimate  # Number recorded; in a scenario that of the simulations
    baseline: Baseline | NotDefined  # Those of the same number of months before
    base_rate: float | NotDefined  # Frequency in windows of that length in the last ten years, 0 to 1
    far_from_base_rate: bool  # It and the probability differ by a factor of two, and by five points
    # Probabilities of the kind were calibrated from 2015 on; None if they have not been scored for these data
    calibrated: bool | None
    calibration: str  # What to know of that, in words; empty if they were calibrated
    sentence: str  # In words
    rule: str  # Resolution rule


def kind_outlook(
    record: DatasetRecord, question: CountQuestion, months: int, hit: Bool, counts: Index, rate: KindRate, side: bool
) -> KindOutlook:
    """Compute how many events of a kind will be recorded up to a horizon: its probability is that of its past.

    `hit` says in which simulations there are enough of them, `counts` how many there were in each period, and `side`
    whether the kind is of the cooperative side.
    """
    kind, at_least, periods = question.of, question.at_least, record.clock.periods(months)
    own, scored = counts[record.covered], calibration_of(record.dataset, record.scale, kind)
    base_rate = window_base_rate(own[-record.clock.periods(MIX_MONTHS) :], periods, at_least)
    baseline = record.baseline(months)
    if not isinstance(baseline, NotDefined):
        events = int(own[-periods:].sum())
        cooperative = events if side else 0
        baseline = replace(baseline, events=events, cooperative=cooperative, share=share_before(cooperative, events))
    yes, size = question.words(), hit.shape[:2]
    words = f"events of the kind “{kind}” are recorded in {record.ahead(months)}"
    chance = certain(rate.at_least(at_least), yes, size)
    mean, (low, median, high) = float(rate.mean.mean()), rate.quantiles(TAILS)
    result = KindOutlook(
        kind=kind,
        cooperative=side,
        months=months,
        first=question.first,
        until=question.last,
        at_least=at_least,
        chance=chance,
        simulated=probability(hit, f"{yes} In the simulations."),
        events=Estimate(mean, median, low, high, 0.0, "events", words, np.full(size, mean)),
        baseline=baseline,
        base_rate=base_rate,
        far_from_base_rate=not isinstance(base_rate, NotDefined) and far_apart(chance.value, base_rate),
        calibrated=scored.passed,
        calibration=scored.sentence,
        sentence="",
        rule=f"{yes} {question.rule}",
    )
    return replace(result, sentence=sentence("kind", record, result))


def kind_given(record: DatasetRecord, ahead: WindowCounts, without: KindOutlook) -> KindOutlook:
    """Compute the same in a scenario: the odds without it change as they do in the simulations."""
    assert ahead.kind is not None
    number, base_rate = ahead.kind.sum(axis=-1), without.base_rate
    simulated = probability(number >= without.at_least, without.simulated.definition)
    chance = shifted_as(without.chance, without.simulated, simulated, without.chance.definition)
    result = replace(
        without,
        chance=chance,
        simulated=simulated,
        events=estimate(number, "events", f"{without.events.definition}, in the simulations"),
        far_from_base_rate=not isinstance(base_rate, NotDefined) and far_apart(chance.value, base_rate),
    )
    return replace(result, sentence=sentence("kind", record, result))


type Kinds = dict[tuple[str, int, int], KindOutlook]
"""Forecasts of kinds by name, months and the number that is asked for."""


def kind_outlooks(panel: xr.Dataset, observed: Observed | NotDefined, query: Query) -> Kinds:
    """Compute the forecast of every kind by horizon, and of the numbers that are asked for; none of an index."""
    if isinstance(observed, NotDefined):
        return {}
    record = observed.record
    found: Kinds = {}
    rates = {name: KindRates.of(panel, record.number, (place,)) for place, name in enumerate(record.names)}
    asked = [(name, 1, months) for name in record.names for months in query.horizons]
    for name, number, months in [*asked, *query.numbers]:
        place, periods = record.names.index(name), record.clock.periods(months)
        means = class_codes(record.scale, place) or None
        question = CountQuestion.ahead(record, months, of=name, at_least=number, means=means)
        hit, _ = question.settle(observed.ahead(months, place))
        rate, side = rates[name].rate(record.dyad, periods), place >= record.zero_cut
        found[name, months, number] = kind_outlook(record, question, months, hit, record.counts[:, place], rate, side)
    return found


def shifted_as(
    chance: Probability | NotDefined, before: Probability | NotDefined, simulated: Probability, words: str
) -> Probability:
    """Return the chance of a count in a scenario: the odds without it change as those of simulations do."""
    assert isinstance(chance, Probability) and isinstance(before, Probability)  # a count is never void
    return certain(shifted(chance.value, before.value, simulated.value), words, simulated.draws.shape)


def window_base_rate(counts: Index, periods: int, at_least: int = 1) -> float | NotDefined:
    """Return the share of windows of so many periods that have at least so many events."""
    if len(counts) < periods:
        return NotDefined("the record of the last ten years is shorter than the window")
    return float((rolling_sums(counts, periods) >= at_least).mean())
