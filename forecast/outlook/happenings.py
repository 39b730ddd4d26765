"""What the dataset will record: the cooperative share of the months ahead, against that of the months before.

Everything here can be decided later by anybody who has the data, and says by which rule (`resolution`). A window with
fewer than three happenings is void; chances of what its share will be are given that it is not.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Self

import numpy as np

from forecast.clock import Clock
from forecast.outlook.draws import FitLike
from forecast.outlook.futures import Futures
from forecast.outlook.kind_counts import MIX_MONTHS
from forecast.outlook.observed import NO_ACTIONS, Observed
from forecast.outlook.resolution import (
    Terms,
    kind_rule,
    kind_sentence,
    threshold_rule,
    threshold_sentence,
    window_rule,
    window_sentence,
)
from forecast.outlook.summary import Estimate, NotDefined, Probability, estimate, probability
from forecast.outlook.window import FEWEST, followed_by, moved, reached, share_before, shares_of
from forecast.panel import panel_kind
from forecast.panel.record import by_class
from forecast.typing import Bool, Float, Index
from forecast.wording import count, number

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class Baseline:
    """What the dataset has recorded in the months before, as of the day; later revisions do not change it.

    Attributes
    ----------
    first, last : datetime.date
        First and last day.
    happenings, cooperative : int
        How many, and how many of them are cooperative.
    share : float or None
        Per cent of them that are cooperative; None with fewer than three.
    """

    first: date
    last: date
    happenings: int
    cooperative: int
    share: float | None


@dataclass(frozen=True)
class WindowOutlook:
    """What the dataset will record in the months up to a horizon.

    `up + same + down == 1`, exactly.

    Attributes
    ----------
    months : int
        The horizon h.
    first, until : datetime.date
        First and last day of the window.
    dataset : str
        Name of the dataset.
    happenings : Estimate
        How many it will record.
    void : Probability
        Fewer than three.
    share : Estimate or NotDefined
        Per cent of them that are cooperative.
    baseline : Baseline or NotDefined
        The h months before.
    up, same, down : Probability or NotDefined
        The share is at least the smallest improvement above that of the baseline, within it, or at least that much
        below.
    sentence : str
        The chances in a sentence.
    rule : str
        How they are resolved.
    """

    months: int
    first: date
    until: date
    dataset: str
    happenings: Estimate
    void: Probability
    share: Estimate | NotDefined
    baseline: Baseline | NotDefined
    up: Probability | NotDefined
    same: Probability | NotDefined
    down: Probability | NotDefined
    sentence: str
    rule: str


@dataclass(frozen=True)
class ThresholdOutlook:
    """Whether the dataset will record a share of at least a threshold.

    Attributes
    ----------
    months : int
        How far ahead.
    until : datetime.date
        Last day.
    rolling : bool
        Whether it counts if the share of the preceding `window` months is that high at the end of any month up to
        then; otherwise the share of all months up to then counts.
    window : int
        Months of a window.
    threshold : float
        Per cent.
    baseline : Baseline or NotDefined
        The last window that is over.
    void : Probability
        Fewer than three happenings; with `rolling`, in every window.
    chance : Probability or NotDefined
        The share is at least the threshold.
    sentence : str
        The chance in a sentence.
    rule : str
        How it is resolved.
    """

    months: int
    until: date
    rolling: bool
    window: int
    threshold: float
    baseline: Baseline | NotDefined
    void: Probability
    chance: Probability | NotDefined
    sentence: str
    rule: str


@dataclass(frozen=True)
class KindOutlook:
    """How many happenings of a kind the dataset will record in the months up to a horizon.

    Attributes
    ----------
    kind : str
        Name of the class.
    cooperative : bool
        Whether it is of the cooperative side.
    months : int
        The horizon.
    first, until : datetime.date
        First and last day of the window.
    at_least : int
        How many are asked for.
    chance : Probability
        So many are recorded.
    happenings : Estimate
        How many are recorded.
    baseline : Baseline or NotDefined
        Those of the kind in as many months before.
    base_rate : float or NotDefined
        In how many of the windows of the last ten years there were so many, 0 to 1.
    sentence : str
        The chance in a sentence.
    rule : str
        How it is resolved.
    """

    kind: str
    cooperative: bool
    months: int
    first: date
    until: date
    at_least: int
    chance: Probability
    happenings: Estimate
    baseline: Baseline | NotDefined
    base_rate: float | NotDefined
    sentence: str
    rule: str


@dataclass(frozen=True)
class Recording:
    """What a dataset has recorded of a dyad, and would record of it in each simulated future."""

    terms: Terms  # What sentences and rules say of the dataset
    observed: Observed  # Ahead
    counts: Index  # Happenings of the covered periods
    last: int  # Position in the panel of the last of them

    @property
    def total(self) -> Index:
        """Happenings of the covered periods, (period,)."""
        return np.asarray(self.counts.sum(axis=1))

    @property
    def cooperative(self) -> Index:
        """How many of them are cooperative, (period,)."""
        return np.asarray(self.counts[:, self.terms.zero_cut :].sum(axis=1))

    @classmethod
    def of(cls, fit: FitLike, futures: Futures, observed: Observed, label: str) -> Self:
        """Read what a panel holds of the futures' dyad; `label` is its name for readers."""
        counts, covered = by_class(fit.panel, futures.dyad, observed.dataset)
        seen = np.flatnonzero(covered)
        terms = Terms.of(fit.panel, futures.dyad, label, observed.dataset)
        return cls(terms, observed, counts[seen], int(seen[-1]))

    def baseline(self, months: int, kind: int | None = None) -> Baseline | NotDefined:
        """Return the last so many covered months, of one class alone if it is given."""
        terms = self.terms
        return _baseline(terms.clock, self.counts, self.last, terms.zero_cut, months, kind)

    def window(self, months: int) -> tuple[Index, Index]:
        """Return happenings, and cooperative ones, of the months ahead together, (chain, draw, future)."""
        ahead = slice(1, self.terms.clock.periods(months) + 1)
        return self.observed.total[..., ahead].sum(axis=-1), self.observed.cooperative[..., ahead].sum(axis=-1)


def baseline_of(panel: "xr.Dataset", dyad: str, dataset: int, months: int) -> Baseline | NotDefined:
    """Return what a dataset has recorded of a dyad in the last so many covered months of a panel."""
    if not panel_kind(panel).coded:
        return NotDefined(NO_ACTIONS)
    counts, covered = by_class(panel, dyad, dataset)
    seen = np.flatnonzero(covered)
    if not seen.size:
        return NotDefined("no period of the dyad is covered")
    return _baseline(Clock.of(panel), counts[seen], int(seen[-1]), int(panel.attrs["zero_cut"]), months)


def _baseline(
    clock: Clock, counts: Index, last: int, zero_cut: int, months: int, kind: int | None = None
) -> Baseline | NotDefined:
    """Return the last so many of the covered months, whose counts (period, class) end with the period `last`."""
    periods = clock.periods(months)
    if len(counts) < periods:
        return NotDefined(f"fewer than {clock.span(months)} before are covered")
    first, until = (clock.times[place].item() for place in (last - periods + 1, last))
    own = np.arange(counts.shape[1]) if kind is None else np.array([kind])
    parts = own, own[own >= zero_cut]
    happenings, cooperative = (int(counts[-periods:, part].sum()) for part in parts)
    return Baseline(first, clock.end_of(until), happenings, cooperative, share_before(cooperative, happenings))


def window_outlook(recording: Recording, months: int, smallest_improvement: float = 5.0) -> WindowOutlook:
    """Compute what will be recorded up to a horizon."""
    terms, baseline = recording.terms, recording.baseline(months)
    total, cooperative = recording.window(months)
    there, shares = total >= FEWEST, shares_of(total, cooperative)
    words = f"share of {terms.noun}s in {terms.ahead(months)} that are cooperative"
    up, same, down = _changes(shares, there, baseline, smallest_improvement, words)
    result = WindowOutlook(
        months=months,
        first=terms.clock.last_day() + timedelta(days=1),
        until=terms.clock.last_day(months),
        dataset=terms.dataset,
        happenings=estimate(total, f"{terms.noun}s", f"{terms.noun}s recorded in {terms.ahead(months)}"),
        void=probability(~there, f"fewer than {FEWEST} {terms.noun}s are recorded in {terms.ahead(months)}"),
        share=estimate(shares, "per cent", words, there) if there.any() else ALWAYS_VOID,
        baseline=baseline,
        up=up,
        same=same,
        down=down,
        sentence="",
        rule="",
    )
    return replace(
        result,
        sentence=window_sentence(terms, result, smallest_improvement),
        rule=window_rule(terms, result, smallest_improvement),
    )


def kind_outlook(recording: Recording, kinds: Index, kind: str, months: int, at_least: int = 1) -> KindOutlook:
    """Compute how many happenings of a kind will be recorded up to a horizon."""
    terms = recording.terms
    place, periods = terms.names.index(kind), terms.clock.periods(months)
    number = kinds[..., 1 : periods + 1, place].sum(axis=-1)
    words = f"of the kind “{kind}” are recorded in {terms.ahead(months)}"
    past = recording.counts[-terms.clock.periods(MIX_MONTHS) :, place]
    result = KindOutlook(
        kind=kind,
        cooperative=place >= terms.zero_cut,
        months=months,
        first=terms.first,
        until=terms.clock.last_day(months),
        at_least=at_least,
        chance=probability(number >= at_least, f"at least {count(at_least, terms.noun)} {words}"),
        happenings=estimate(number, f"{terms.noun}s", f"{terms.noun}s {words}"),
        baseline=recording.baseline(months, place),
        base_rate=window_base_rate(past, periods, at_least),
        sentence="",
        rule="",
    )
    return replace(result, sentence=kind_sentence(terms, result), rule=kind_rule(terms, result))


def window_base_rate(counts: Index, periods: int, at_least: int = 1) -> float | NotDefined:
    """Return in how many of all windows of so many periods there was as much as asked for."""
    if len(counts) < periods:
        return NotDefined("the record of the last ten years is shorter than the window")
    windows = np.convolve(counts, np.ones(periods, dtype=np.int64), "valid")
    return float((windows >= at_least).mean())


def threshold_outlook(recording: Recording, months: int, threshold: float) -> ThresholdOutlook:
    """Compute whether the share of all months up to a horizon is at least a threshold, per cent."""
    total, cooperative = recording.window(months)
    hit = reached(shares_of(total, cooperative), threshold)
    return _threshold_outlook(recording, (months, months), threshold, hit, total >= FEWEST)


def rolling_outlook(recording: Recording, months: int, window: int, threshold: float) -> ThresholdOutlook:
    """Compute whether the share of the preceding `window` months reaches a threshold in any month to a horizon.

    The months before must be covered to the present (`Query.of` makes sure): windows that are half over hold them.
    """
    clock, observed = recording.terms.clock, recording.observed
    periods = clock.periods(window), clock.periods(months)
    hit, there = rolling_reach(
        (recording.total, observed.total[..., 1:]),
        (recording.cooperative, observed.cooperative[..., 1:]),
        periods,
        threshold,
    )
    return _threshold_outlook(recording, (months, window), threshold, hit, there, rolling=True)


def rolling_reach(
    total: tuple[Index, Index], cooperative: tuple[Index, Index], periods: tuple[int, int], threshold: float
) -> tuple[Bool, Bool]:
    """Return in which futures some rolling window reaches a threshold, and in which some window is not void."""
    window, number = periods
    n, k = (followed_by(past[-window:], ahead) for past, ahead in (total, cooperative))
    hit, there = np.zeros(n.shape[:-1], dtype=bool), np.zeros(n.shape[:-1], dtype=bool)
    for end in range(window + 1, window + number + 1):
        counted, good = n[..., end - window : end].sum(axis=-1), k[..., end - window : end].sum(axis=-1)
        there |= counted >= FEWEST
        hit |= (counted >= FEWEST) & reached(shares_of(counted, good), threshold)
    return hit, there


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
    above, below = moved(shares, reason.share, improvement)
    least, most = (number(reason.share + change, 2) for change in (improvement, -improvement))
    up = probability(above, f"{words} is at least {least} %", there)
    down = probability(below, f"{words} is at most {most} %", there)
    same = probability(~(above | below), f"{words} is between {most} and {least} %", there)
    return up, replace(same, value=1 - up.value - down.value), down


def _threshold_outlook(
    recording: Recording, spans: tuple[int, int], threshold: float, hit: Bool, there: Bool, *, rolling: bool = False
) -> ThresholdOutlook:
    """State how often a threshold is reached; `spans` are the months ahead and those of a window."""
    terms, (months, window) = recording.terms, spans
    span, until = terms.clock.span(window), terms.clock.name(months)
    where = f"in the {span} up to some {terms.clock.unit} to {until}" if rolling else f"in {terms.ahead(months)}"
    words = f"at least {threshold:g} % of the {terms.noun}s {where} are cooperative"
    result = ThresholdOutlook(
        months=months,
        until=terms.clock.last_day(months),
        rolling=rolling,
        window=window,
        threshold=threshold,
        baseline=recording.baseline(window),
        void=probability(~there, f"fewer than {FEWEST} {terms.noun}s are recorded {where}"),
        chance=probability(hit, words, there) if there.any() else ALWAYS_VOID,
        sentence="",
        rule="",
    )
    return replace(result, sentence=threshold_sentence(terms, result), rule=threshold_rule(terms, result))
