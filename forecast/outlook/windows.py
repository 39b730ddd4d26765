"""Recorded events in windows of months: probabilities of their share and number, with resolution rules."""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Self, overload

import numpy as np

from forecast.dates import Clock, months_between
from forecast.events.codebook import read_scale, scale_names
from forecast.outlook.draws import FitLike
from forecast.outlook.kind_counts import KindRates
from forecast.outlook.observed import NO_ACTIONS, Observed
from forecast.outlook.pool import Pool
from forecast.outlook.simulations import BASELINE_MONTHS, Simulations
from forecast.outlook.summary import Estimate, NotDefined, Probability, estimate, probability
from forecast.panel import panel_kind
from forecast.panel.record import by_class, last_known, whole_periods
from forecast.typing import Bool, Float, Index
from forecast.wording import capital, chance, count, day, join, month, number, percent, period, whole_percents

if TYPE_CHECKING:
    import xarray as xr


FEWEST = 3
"""Events: the share of a window with fewer is decided by one event, and the window is void."""
ROUNDING = 1e-6
"""Points: a share on a boundary counts as on it, whatever the last bit of a division says."""


def share_before(cooperative: int, events: int) -> float | None:
    """Return the share of a window that is over, 0 to 100; None if it is void."""
    return None if events < FEWEST else 100 * cooperative / events


def shares_of(total: Index, cooperative: Index) -> Float:
    """Return the shares of many windows, percent; those of windows that hold nothing are zero, and void."""
    return np.asarray(100 * cooperative / np.maximum(total, 1))


def followed_by(past: Index, ahead: Index, shared: int = 0) -> Index:
    """Return the periods that are over, (period,), and after them those ahead, (..., period), of every future.

    Of the last `shared` periods that are over, the first ones ahead hold what is not recorded of them.
    """
    whole = len(past) - shared
    both = np.concatenate([np.broadcast_to(past[:whole], (*ahead.shape[:-1], whole)), ahead], axis=-1)
    both[..., whole : len(past)] += past[whole:]
    return both


@overload
def reached(share: Float, threshold: float) -> Bool: ...
@overload
def reached(share: float, threshold: float) -> bool: ...
def reached(share: Float | float, threshold: float) -> Bool | bool:
    """Return whether shares are at least a threshold."""
    return share >= threshold - ROUNDING


@overload
def changed(share: Float, before: float, improvement: float) -> tuple[Bool, Bool]: ...
@overload
def changed(share: float, before: float, improvement: float) -> tuple[bool, bool]: ...
def changed(share: Float | float, before: float, improvement: float) -> tuple[Bool | bool, Bool | bool]:
    """Return whether shares lie above, and whether below, a baseline by at least the smallest improvement."""
    change, slack = share - before, min(ROUNDING, improvement / 2)  # no share is on both sides, however small that is
    return change >= improvement - slack, change <= slack - improvement


_DIGITS = 12
_MENTIONED = 0.005
"""A smaller chance that a window is void is not worth a clause."""


@dataclass(frozen=True)
class Baseline:
    """Events recorded in the months before, as of the day; later revisions do not change it."""

    first: date  # First and last day
    last: date
    events: int  # How many, and how many of them are cooperative
    cooperative: int
    share: float | None  # Per cent of them that are cooperative; None with fewer than three


@dataclass(frozen=True)
class WindowCounts:
    """Events in the months of a window, recorded or simulated; the last axis is the period."""

    total: Index  # Events, and how many of them are cooperative
    cooperative: Index
    kind: Index | None = None  # How many are of the kind that a count asks for

    def after(self, past: "WindowCounts", shared: int = 0) -> "WindowCounts":
        """Return the periods that are over and after them, in every simulation, these (`followed_by`)."""
        kind = None if past.kind is None or self.kind is None else followed_by(past.kind, self.kind, shared)
        total, cooperative = (
            followed_by(getattr(past, name), getattr(self, name), shared) for name in ("total", "cooperative")
        )
        return WindowCounts(total, cooperative, kind)

    def then(self, later: "WindowCounts") -> "WindowCounts":
        """Return these periods of simulations and after them later ones of the same."""
        total, cooperative = (
            np.concatenate([getattr(self, name), getattr(later, name)], axis=-1) for name in ("total", "cooperative")
        )
        kind = None if self.kind is None or later.kind is None else np.concatenate([self.kind, later.kind], axis=-1)
        return WindowCounts(total, cooperative, kind)

    def share_is(self, holds: Callable[[Float], Bool], fewest: int = FEWEST) -> tuple[Bool, Bool]:
        """Return whether the share of the whole window satisfies a condition, and whether the window is not void."""
        total = self.total.sum(axis=-1)
        there = total >= fewest
        return there & holds(shares_of(total, self.cooperative.sum(axis=-1))), there

    def rolling_share_is(
        self, holds: Callable[[Float], Bool], span: int, fewest: int = FEWEST, *, throughout: bool = False
    ) -> tuple[Bool, Bool]:
        """Return the same of rolling windows of some periods: of any of them, or of all that are not void."""
        total, cooperative = (
            np.lib.stride_tricks.sliding_window_view(values, span, axis=-1).sum(axis=-1)
            for values in (self.total, self.cooperative)
        )
        there = total >= fewest
        held = holds(shares_of(total, cooperative))
        some = there.any(axis=-1)
        return some & ((held | ~there).all(axis=-1) if throughout else (there & held).any(axis=-1)), some


@dataclass(frozen=True)
class DatasetRecord:
    """Events that a dataset has recorded of a dyad, and the terms of sentences and rules on them."""

    clock: Clock
    dyad: str  # Code, and name for readers
    label: str
    dataset: str  # Its name
    joint: bool  # Whether the two rows of a two-sided event count as one
    names: tuple[str, ...]  # Names of all classes, in order
    zero_cut: int  # How many of them are hostile
    scale: str  # Name of the scale that orders them
    known: date  # The day whose knowledge counts
    digest: str  # SHA-256 of what was known
    counts: Index  # Events, (period, class)
    covered: Bool
    whole: Bool  # Whether a period is covered to its end
    kind: Index | None = None  # Events of the kind that a question asks for, in each of its classes

    @classmethod
    def of(cls, panel: "xr.Dataset", dyad: str, dataset: int, label: str = "") -> Self:
        """Read a dataset, by its position in a panel."""
        attributes = panel.attrs
        counts, covered = by_class(panel, dyad, dataset)
        return cls(
            clock=Clock.of(panel),
            dyad=dyad,
            label=label,
            dataset=str(panel["dataset"].to_numpy()[dataset]),
            joint=attributes["unit"] == "event",
            names=tuple(str(name) for name in panel["class_name"].to_numpy()),
            zero_cut=int(attributes["zero_cut"]),
            scale=str(attributes["scale"]),
            known=last_known(panel),
            digest=str(attributes["digest"]),
            counts=counts,
            covered=covered,
            whole=whole_periods(panel, dyad, dataset),
        )

    @cached_property
    def total(self) -> Index:
        """Events of every period."""
        return np.asarray(self.counts.sum(axis=1))

    @cached_property
    def cooperative(self) -> Index:
        """Number of cooperative events."""
        return np.asarray(self.counts[:, self.zero_cut :].sum(axis=1))

    @property
    def covered_to(self) -> date:
        """Last day of the last period that is covered; the first day of all if none is."""
        seen = np.flatnonzero(self.covered)
        return self.clock.end_of(self.clock.times[int(seen[-1])].item()) if seen.size else date.min

    def place(self, day: date) -> int:
        """Return the position of the month of a day; before the first, negative."""
        return months_between(self.clock.times[0].item(), day)

    def months(self, part: slice | Index) -> WindowCounts:
        """Return the contents of some months."""
        kind = None if self.kind is None else self.kind[part].sum(axis=1)
        return WindowCounts(self.total[part], self.cooperative[part], kind)

    def baseline(self, months: int, kind: int | None = None) -> Baseline | NotDefined:
        """Return the last so many covered months, of one class alone if it is given."""
        seen, periods = np.flatnonzero(self.covered), self.clock.periods(months)
        if not seen.size:
            return NotDefined("no period of the dyad is covered")
        if seen.size < periods:
            return NotDefined(f"fewer than {self.clock.span(months)} before are covered")
        last = int(seen[-1])
        first, until = (self.clock.times[place].item() for place in (last - periods + 1, last))
        own = np.arange(self.counts.shape[1]) if kind is None else np.array([kind])
        counts = self.counts[seen[-periods:]]
        events, cooperative = (int(counts[:, part].sum()) for part in (own, own[own >= self.zero_cut]))
        return Baseline(first, self.clock.end_of(until), events, cooperative, share_before(cooperative, events))

    @property
    def cooperative_words(self) -> str:
        """The classes that count as cooperative, with their codes where they have any."""
        codes = cooperative_codes(self.scale)
        return "; ".join(self.names[self.zero_cut :]) + (f" ({codes})" if codes else "")

    @property
    def noun(self) -> str:
        """Noun for what is counted."""
        return "event"

    @property
    def source(self) -> str:
        """The dataset in a sentence."""
        return source_words(self.dataset)

    @property
    def counted(self) -> str:
        """Counted events, their actors and their dataset, in words."""
        return f"{self.label} {self.noun}s in {self.source}"

    @property
    def first(self) -> date:
        """First day ahead."""
        return self.clock.last_day() + timedelta(days=1)

    @property
    def edition(self) -> str:
        """The day of the data and their digest."""
        return f"as of {day(self.known)} (SHA-256 {self.digest[:_DIGITS]}…)"

    def ahead(self, months: int) -> str:
        """Name the window that ends so many months ahead: ``the 12 months to October 2024``."""
        return f"the {self.clock.span(months)} to {self.end(self.clock.last_day(months))}"

    def before(self, months: int, baseline: "Baseline") -> str:
        """Name the last window that is over: ``the 12 months before``, or with its end if coverage ends earlier."""
        adjoining = baseline.last == self.clock.last_day()
        return f"the {self.clock.span(months)} {'before' if adjoining else f'to {self.end(baseline.last)}'}"

    def end(self, last: date) -> str:
        """Name the end of a window."""
        return day(last) if self.clock.weekly else month(last)


def source_words(dataset: str) -> str:
    """Return a dataset in a sentence."""
    return f"the {dataset}" if dataset == "chronology" else f"“{dataset}”"


def data_rule(dataset: str, dyad: str, until: date, *, joint: bool) -> str:
    """State which data resolve what is asked of the days up to one, and what of them counts."""
    counted = "event" if joint else "row"
    once = "; a two-sided event with a row for each side counts once" if joint else ""
    return (
        f"Data: the first edition of {source_words(dataset)} whose coverage of {dyad} reaches {day(until)}. Every "
        f"{counted} between the two counts, whichever side acts{once}."
    )


@functools.cache
def cooperative_codes(scale: str) -> str:
    """Name the codes of a codebook's scale that count as cooperative; empty if the first two digits do not tell."""
    if scale not in scale_names():
        return ""
    order = read_scale(scale)
    side = order.class_of >= order.zero_cut
    whole, some = (getattr(side.groupby(side.index.str[:2]), how)() for how in ("all", "any"))
    return f"CAMEO codes that begin with {join(whole.index[whole], 'or')}" if whole.equals(some) else ""


@functools.cache
def class_codes(scale: str, number: int) -> str:
    """Name the codes of a codebook's scale that are of a class, by what they begin with; empty of another scale."""
    if scale not in scale_names():
        return ""
    own = read_scale(scale).class_of == number
    found: list[str] = []
    for digits in range(2, int(own.index.str.len().max()) + 1):
        alike = own.groupby(own.index.str[:digits]).all()
        found += [code for code in alike.index[alike] if len(code) == digits and not code.startswith(tuple(found))]
    return f"CAMEO codes that begin with {join(sorted(found), 'or')}" if found else ""


def printed_changes(outlook: "WindowOutlook") -> dict[str, int]:
    """Return the chances of up, same and down in whole percents that add up to 100 as printed; none if not defined.

    Print these wherever whole percents are shown.
    """
    changes = {"up": outlook.up, "same": outlook.same, "down": outlook.down}
    values = [change.value for change in changes.values() if isinstance(change, Probability)]
    return dict(zip(changes, whole_percents(values, 100), strict=True)) if len(values) == len(changes) else {}


def window_sentence(
    terms: DatasetRecord, outlook: "WindowOutlook", improvement: float, baseline_months: int = BASELINE_MONTHS
) -> str:
    """State the chances that the share of a window is higher and lower than that of the baseline."""
    share, span = f"the cooperative share of {terms.counted}", terms.ahead(outlook.months)
    before, chances = outlook.baseline, {name: chance(part / 100) for name, part in printed_changes(outlook).items()}
    if isinstance(before, NotDefined) or before.share is None or not chances:
        missing = next(one for one in (before, outlook.up) if isinstance(one, NotDefined))
        return f"Whether {share} will be higher in {span} than before is not defined: {missing.reason}."
    points, void = count(improvement, "point"), _void(terms, outlook.void)
    than = f"in {span} than in {terms.before(baseline_months, before)} ({_share(before)})"
    if before.share + improvement > 100:
        return (
            f"{capital(share)} cannot be {points} higher {than}; the chance that it is at least {points} lower is "
            f"{chances['down']}.{void}"
        )
    if before.share < improvement:
        return (
            f"{capital(share)} cannot be {points} lower {than}; the chance that it is at least {points} higher is "
            f"{chances['up']}.{void}"
        )
    return (
        f"The chance that {share} is at least {points} higher {than} is {chances['up']}, and that it is at least "
        f"{points} lower {chances['down']}.{void}"
    )


def window_rule(terms: DatasetRecord, outlook: "WindowOutlook", improvement: float) -> str:
    """State how the change of a window's share is resolved."""
    before, parts = outlook.baseline, []
    if not isinstance(before, NotDefined) and before.share is not None:
        higher, lower = (number(before.share + change, 2) for change in (improvement, -improvement))
        parts = [
            f"Fixed baseline: {_share(before, 2)}, from {day(before.first)} to {day(before.last)}, {terms.edition}.",
            f"Higher: a share of at least {higher}%. Lower: of at most {lower}%. Similar: between these.",
        ]
    window = f"Window: {day(outlook.first)} to {day(outlook.until)}."
    return " ".join([_data(terms, outlook.until), window, _sides(terms), *parts, _voided(terms, "in it")])


def threshold_sentence(
    terms: DatasetRecord, outlook: "ThresholdOutlook", baseline_months: int = BASELINE_MONTHS
) -> str:
    """State the chance that a threshold is reached."""
    when = f"in {terms.ahead(outlook.months)}"
    if outlook.rolling:
        span, unit = terms.clock.span(outlook.window), terms.clock.unit
        when = f"in the {span} to the end of some {unit} up to {terms.end(outlook.until)}"
    share = f"at least {outlook.threshold:g}% of {terms.counted} are cooperative {when}"
    if isinstance(outlook.chance, NotDefined):
        return f"Whether {share} is not defined: {outlook.chance.reason}."
    last, after = outlook.baseline, ""
    if not isinstance(last, NotDefined) and last.share is not None:
        parts = f"{last.cooperative:,} of {last.events:,}"
        compared = outlook.window if outlook.rolling else baseline_months
        after = f", after {percent(last.share / 100)} ({parts}) in {terms.before(compared, last)}"
    return f"The chance that {share} is {chance(outlook.chance.value)}{after}.{_void(terms, outlook.void)}"


def threshold_rule(terms: DatasetRecord, outlook: "ThresholdOutlook") -> str:
    """State how it is resolved whether a threshold is reached."""
    windows, where = f"Window: {day(terms.first)} to {day(outlook.until)}.", "in it"
    yes = f"Yes: a share of at least {outlook.threshold:g}%"
    if outlook.rolling:
        first = period(terms.clock.end_of(terms.first), weekly=terms.clock.weekly)
        fixed = min(terms.known, terms.clock.last_day())
        windows = (
            f"Windows: the {terms.clock.span(outlook.window)} up to the end of each {terms.clock.unit} from {first} to "
            f"{terms.clock.name(outlook.months)}; what they hold of days up to {day(fixed)} is fixed, {terms.edition}."
        )
        yes, where = f"{yes} in at least one window that is not void", "in every window"
    return " ".join([_data(terms, outlook.until), windows, _sides(terms), f"{yes}.", _voided(terms, where)])


def _data(terms: DatasetRecord, until: date) -> str:
    return data_rule(terms.dataset, terms.dyad, until, joint=terms.joint)


def _sides(terms: DatasetRecord) -> str:
    return f"Cooperative: {terms.cooperative_words}. All else is hostile."


def _voided(terms: DatasetRecord, where: str) -> str:
    return f"Void: fewer than {FEWEST} {terms.noun}s {where}, or no such edition."


def _void(terms: DatasetRecord, void: Probability) -> str:
    if void.value < _MENTIONED:
        return ""
    return f" The chance of fewer than {FEWEST} {terms.noun}s, and so of no answer, is {chance(void.value)}."


def _share(baseline: "Baseline", decimals: int = 0) -> str:
    """Format what a window holds: ``29%, 41 of 141``."""
    parts = f"{baseline.cooperative:,} of {baseline.events:,}"
    return parts if baseline.share is None else f"{percent(baseline.share / 100, decimals)}, {parts}"


@dataclass(frozen=True)
class WindowOutlook:
    """Forecast of the events that the dataset records in the months up to a horizon.

    `up + same + down == 1`, exactly.
    """

    months: int  # The horizon h
    first: date  # First and last day of the window
    until: date
    dataset: str  # Name of the dataset
    events: Estimate  # How many it will record
    void: Probability  # Fewer than three
    share: Estimate | NotDefined  # Per cent of them that are cooperative
    baseline: Baseline | NotDefined  # The last 12 months, or as many as were asked for
    # The share is at least the smallest improvement above that of the baseline, within it, or at least that much
    # below.
    up: Probability | NotDefined
    same: Probability | NotDefined
    down: Probability | NotDefined
    sentence: str  # The chances in a sentence
    rule: str  # How they are resolved
    # `up`, `same` and `down` by the model's simulations alone; None where these are what is stated
    model: Mapping[str, Probability | NotDefined] | None = None


@dataclass(frozen=True)
class ThresholdOutlook:
    """Probability that the dataset records a share of at least a threshold."""

    months: int  # How far ahead
    until: date  # Last day
    # Whether it counts if the share of the preceding `window` months is that high at the end of any month up to then;
    # otherwise the share of all months up to then counts.
    rolling: bool
    window: int  # Months of a window
    threshold: float  # Per cent
    baseline: Baseline | NotDefined  # The last window that is over
    void: Probability  # Fewer than three events; with `rolling`, in every window
    chance: Probability | NotDefined  # The share is at least the threshold
    sentence: str  # The chance in a sentence
    rule: str  # How it is resolved


ALONE = NotDefined("the model's simulations stand alone")


@dataclass(frozen=True)
class Recording:
    """Event data of a dyad in a dataset, and their simulated continuation."""

    record: DatasetRecord
    observed: Observed
    panel: "xr.Dataset" = field(repr=False, compare=False)  # That holds the record, and those of other dyads
    pool: Pool | NotDefined = ALONE  # What shares are read from, if there is one

    @classmethod
    def of(
        cls, fit: FitLike, simulations: Simulations, observed: Observed, label: str, pool: Pool | NotDefined = ALONE
    ) -> Self:
        """Read the record that a panel holds of the simulated dyad; `label` is its name for readers."""
        return cls(DatasetRecord.of(fit.panel, simulations.dyad, observed.dataset, label), observed, fit.panel, pool)

    @cached_property
    def rates(self) -> tuple[KindRates, ...]:
        """The past of each class, in all dyads."""
        return tuple(
            KindRates.of(self.panel, self.observed.dataset, (place,)) for place in range(len(self.record.names))
        )

    def ahead(self, months: int) -> WindowCounts:
        """Return the simulated periods of so many months, of all forecasters of the pool."""
        own = slice(1, self.record.clock.periods(months) + 1)
        seen = self.observed if isinstance(self.pool, NotDefined) else self.pool.mixed(self.observed, months)
        return WindowCounts(seen.total[..., own], seen.cooperative[..., own])

    @property
    def model(self) -> "Recording":
        """The same by the model's simulations alone."""
        return replace(self, pool=ALONE)


def baseline_of(panel: "xr.Dataset", dyad: str, dataset: int, months: int) -> Baseline | NotDefined:
    """Return the event data of a dyad in a dataset, over the last so many covered months of a panel."""
    if not panel_kind(panel).coded:
        return NotDefined(NO_ACTIONS)
    return DatasetRecord.of(panel, dyad, dataset).baseline(months)


def window_outlook(
    recording: Recording, months: int, smallest_improvement: float = 5.0, baseline_months: int = BASELINE_MONTHS
) -> WindowOutlook:
    """Compute what will be recorded up to a horizon."""
    terms, ahead = recording.record, recording.ahead(months)
    baseline, total = terms.baseline(baseline_months), ahead.total.sum(axis=-1)
    there, shares = total >= FEWEST, shares_of(total, ahead.cooperative.sum(axis=-1))
    words = f"share of {terms.noun}s in {terms.ahead(months)} that are cooperative"
    up, same, down = _changes(shares, there, baseline, smallest_improvement, words)
    model = None
    if isinstance(recording.pool, Pool):
        own = shares_of(total, recording.model.ahead(months).cooperative.sum(axis=-1))
        changes = _changes(own, there, baseline, smallest_improvement, words)
        model = dict(zip(("up", "same", "down"), changes, strict=True))
    result = WindowOutlook(
        months=months,
        first=terms.clock.last_day() + timedelta(days=1),
        until=terms.clock.last_day(months),
        dataset=terms.dataset,
        events=estimate(total, f"{terms.noun}s", f"{terms.noun}s recorded in {terms.ahead(months)}"),
        void=probability(~there, f"fewer than {FEWEST} {terms.noun}s are recorded in {terms.ahead(months)}"),
        share=estimate(shares, "per cent", words, there) if there.any() else ALWAYS_VOID,
        baseline=baseline,
        up=up,
        same=same,
        down=down,
        sentence="",
        rule="",
        model=model,
    )
    return replace(
        result,
        sentence=window_sentence(terms, result, smallest_improvement, baseline_months),
        rule=window_rule(terms, result, smallest_improvement),
    )


ALWAYS_VOID = NotDefined(f"fewer than {FEWEST} are recorded in every simulated future")
FEW_BEFORE = NotDefined(f"fewer than {FEWEST} were recorded in the window before, so that there is no share to compare")


type _Chance = Probability | NotDefined


def _changes(
    shares: Float, there: Bool, baseline: Baseline | NotDefined, improvement: float, words: str
) -> tuple[_Chance, _Chance, _Chance]:
    """Return the chances of a share above, about equal to, and below the baseline's; they add up to one exactly."""
    reason = ALWAYS_VOID if not there.any() else baseline
    if isinstance(reason, NotDefined):
        return reason, reason, reason
    if reason.share is None:
        return FEW_BEFORE, FEW_BEFORE, FEW_BEFORE
    above, below = changed(shares, reason.share, improvement)
    least, most = (number(reason.share + change, 2) for change in (improvement, -improvement))
    up = probability(above, f"{words} is at least {least}%", there)
    down = probability(below, f"{words} is at most {most}%", there)
    same = probability(~(above | below), f"{words} is between {most} and {least}%", there)
    return up, replace(same, value=1 - up.value - down.value), down


def threshold_outlook(
    recording: Recording,
    months: int,
    threshold: float,
    window: int | None = None,
    baseline_months: int = BASELINE_MONTHS,
) -> ThresholdOutlook:
    """Compute whether the share of all months up to a horizon is at least a threshold, percent.

    With a window it is the share of the preceding so many months, at the end of any month up to there. The months
    before must then be covered to the present (`Query.of` makes sure), because windows that are half over hold them.
    """
    terms, rolling, span = recording.record, window is not None, window or months
    ahead, periods = recording.ahead(months), terms.clock.periods(span)

    def holds(share: Float) -> Bool:
        return reached(share, threshold)

    if rolling:
        seen = np.flatnonzero(terms.covered)
        ahead = ahead.after(terms.months(seen[len(seen) - periods + 1 :]))
        hit, there = ahead.rolling_share_is(holds, periods)
    else:
        hit, there = ahead.share_is(holds)
    words, until = terms.clock.span(span), terms.clock.name(months)
    where = f"in the {words} up to some {terms.clock.unit} to {until}" if rolling else f"in {terms.ahead(months)}"
    definition = f"at least {threshold:g}% of the {terms.noun}s {where} are cooperative"
    result = ThresholdOutlook(
        months=months,
        until=terms.clock.last_day(months),
        rolling=rolling,
        window=span,
        threshold=threshold,
        baseline=terms.baseline(span if rolling else baseline_months),
        void=probability(~there, f"fewer than {FEWEST} {terms.noun}s are recorded {where}"),
        chance=probability(hit, definition, there) if there.any() else ALWAYS_VOID,
        sentence="",
        rule="",
    )
    return replace(
        result, sentence=threshold_sentence(terms, result, baseline_months), rule=threshold_rule(terms, result)
    )
