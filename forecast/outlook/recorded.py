"""Events that a dataset has recorded of a dyad: windows, their share and number, and words."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self, overload

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from forecast.base.dates import Clock, months_between
from forecast.base.typing import Bool, Float, Index
from forecast.base.wording import day, join, month, source_words
from forecast.data.events.codebook import read_scale, scale_names
from forecast.data.panel import panel_kind
from forecast.data.panel.record import last_known, unrecorded_part
from forecast.data.panel.shares import by_class, goldstein_sums
from forecast.outlook.summary import NotDefined

if TYPE_CHECKING:
    import xarray as xr

LOWEST = -10.0
"""Lower end of the Goldstein scale."""
# Upper end of the Goldstein scale
MAX_GOLDSTEIN = 10.0


NO_ACTIONS = "the data are an index, which counts no actions"
"""Reason why future event data cannot be predicted."""
RECENT_MONTHS = 36
"""Months of recent data: enough to see which dataset records a dyad now, and which actors are
active."""
MIN_WINDOW_EVENTS = 3
"""Events: the share of a window with fewer is decided by one event, and the window is void."""
ROUNDING = 1e-6
"""Points: a share on a boundary counts as on it, whatever the last bit of a division says."""


def share_before(cooperative: int, events: int) -> float | None:
    """Return the share of a window that is over, 0 to 100; None if it is void."""
    return None if events < MIN_WINDOW_EVENTS else 100 * cooperative / events


def shares_of(total: Index, cooperative: Index) -> Float:
    """Return the shares of many windows, percent; of empty windows zero, and that they are void."""
    return np.asarray(100 * cooperative / np.maximum(total, 1))


def rolling_sums(values: Index, span: int) -> Index:
    """Return sums over windows of so many periods, the last axis."""
    return np.asarray(sliding_window_view(values, span, axis=-1).sum(axis=-1))


def join_past(past: Index, ahead: Index, shared: int = 0) -> Index:
    """Return the periods that are over, and after them those ahead in every simulation.

    The former are (period,), the latter and the result (..., period).

    Of the last `shared` periods that are over, the first ones ahead hold what is not recorded of
    them.
    """
    whole = len(past) - shared
    joined = np.concatenate(
        [np.broadcast_to(past[:whole], (*ahead.shape[:-1], whole)), ahead], axis=-1
    )
    joined[..., whole : len(past)] += past[whole:]
    return joined


def at_or_above(share: Float, threshold: float) -> Bool:
    """Return whether shares are at least a threshold."""
    return share >= threshold - ROUNDING


@overload
def above_and_below(share: Float, before: float, improvement: float) -> tuple[Bool, Bool]: ...
@overload
def above_and_below(share: float, before: float, improvement: float) -> tuple[bool, bool]: ...
def above_and_below(
    share: Float | float, before: float, improvement: float
) -> tuple[Bool | bool, Bool | bool]:
    """Return whether shares lie above, and whether below, a baseline.

    The distance is at least the smallest improvement.
    """
    # no share is on both sides, however small that is
    change = share - before
    slack = min(ROUNDING, improvement / 2)
    return change >= improvement - slack, change <= slack - improvement


@dataclass(frozen=True)
class Baseline:
    """Events recorded in the months before, as of the day; later revisions do not change it."""

    first: date  # First day
    last: date  # Last day
    events: int  # Events
    cooperative: int  # Cooperative ones
    share: float | None  # Per cent; None with fewer than three


@dataclass(frozen=True)
class WindowCounts:
    """Events in the months of a window, recorded or simulated; the last axis is the period."""

    total: Index  # Events, and how many of them are cooperative
    cooperative: Index
    kind: Index | None = None  # How many are of the kind that a count asks for
    goldstein: Float | None = None  # Sums of their Goldstein scores, where the data hold them

    def after(self, past: "WindowCounts", shared: int = 0) -> "WindowCounts":
        """Return the periods that are over, and after them these in every simulation."""
        return self._joined(past, lambda ours, before: join_past(before, ours, shared))

    def then(self, later: "WindowCounts") -> "WindowCounts":
        """Return these periods of simulations and after them later ones of the same."""
        return self._joined(later, lambda ours, after: np.concatenate([ours, after], axis=-1))

    def _joined(self, other: "WindowCounts", combine: Callable[[Any, Any], Any]) -> "WindowCounts":
        """Combine the counts with other ones; those of a kind and scores where both have them."""
        kind, goldstein = (
            None if ours is None or theirs is None else combine(ours, theirs)
            for ours, theirs in ((self.kind, other.kind), (self.goldstein, other.goldstein))
        )
        total = combine(self.total, other.total)
        cooperative = combine(self.cooperative, other.cooperative)
        return WindowCounts(total, cooperative, kind, goldstein)


@dataclass(frozen=True)
class DatasetRecord:
    """Events that a dataset has recorded of a dyad, and the terms of sentences on them."""

    clock: Clock
    dyad: str  # Code, and name for readers
    label: str
    dataset: str  # Its name
    number: int  # Its position in the panel
    joint: bool  # Whether the two rows of a two-sided event count as one
    names: tuple[str, ...]  # Names of all classes, in order
    zero_cut: int  # How many of them are hostile
    scale: str  # Name of the scale that orders them
    known_to: date  # The day whose knowledge counts
    digest: str  # SHA-256 of what was known
    counts: Index  # Events, (period, class)
    covered: Bool
    unrecorded: Float  # Which part of a period's days is not covered
    # Sums of their Goldstein scores, (period, class), where the data hold them
    goldstein: Float | None
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
            number=dataset,
            joint=attributes["unit"] == "event",
            names=tuple(str(name) for name in panel["class_name"].to_numpy()),
            zero_cut=int(attributes["zero_cut"]),
            scale=str(attributes["scale"]),
            known_to=last_known(panel),
            digest=str(attributes["digest"]),
            counts=counts,
            covered=covered,
            unrecorded=unrecorded_part(panel, dyad, dataset),
            goldstein=goldstein_sums(panel, dyad, dataset),
        )

    @property
    def whole(self) -> Bool:
        """Which periods are covered to their end."""
        return np.asarray(self.unrecorded == 0)

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
        scores = None if self.goldstein is None else self.goldstein[part].sum(axis=1)
        return WindowCounts(self.total[part], self.cooperative[part], kind, scores)

    def baseline(self, months: int) -> Baseline | NotDefined:
        """Return the last so many covered months."""
        seen = np.flatnonzero(self.covered)
        periods = self.clock.periods(months)
        if not seen.size:
            return NotDefined("no period of the dyad is covered")
        if seen.size < periods:
            return NotDefined(f"fewer than {self.clock.span(months)} before are covered")
        last = int(seen[-1])
        first, until = (
            self.clock.times[position].item() for position in (last - periods + 1, last)
        )
        events, cooperative = (
            int(counts[seen[-periods:]].sum()) for counts in (self.total, self.cooperative)
        )
        return Baseline(
            first, self.clock.end_of(until), events, cooperative, share_before(cooperative, events)
        )

    @property
    def cooperative_words(self) -> str:
        """The classes that count as cooperative, with their codes where they have any."""
        codes = cooperative_codes(self.scale)
        return "; ".join(self.names[self.zero_cut :]) + (f" ({codes})" if codes else "")

    @property
    def counted(self) -> str:
        """Counted events, their actors and their dataset, in words."""
        return f"{self.label} events in {source_words(self.dataset)}"

    @property
    def first(self) -> date:
        """First day ahead."""
        return self.clock.last_day() + timedelta(days=1)

    def ahead(self, months: int) -> str:
        """Name the window that ends so many months ahead: ``the 12 months to October 2024``."""
        return f"the {self.clock.span(months)} to {self.end(self.clock.last_day(months))}"

    def before(self, months: int, baseline: "Baseline") -> str:
        """Name the last window that is over, such as ``the 12 months before``.

        Its end is named if coverage ends earlier.
        """
        adjoining = baseline.last == self.clock.last_day()
        return (
            f"the {self.clock.span(months)} "
            f"{'before' if adjoining else f'to {self.end(baseline.last)}'}"
        )

    def end(self, last: date) -> str:
        """Name the end of a window."""
        return day(last) if self.clock.weekly else month(last)


def normalised_name(text: str) -> str:
    """Return a name of a kind without differences of case and spaces."""
    return " ".join(text.casefold().split())


@functools.cache
def cooperative_codes(scale: str) -> str:
    """Name the codes of a codebook's scale that count as cooperative.

    Empty if the first two digits do not tell.
    """
    if scale not in scale_names():
        return ""
    order = read_scale(scale)
    side = order.class_of >= order.zero_cut
    whole, some = (getattr(side.groupby(side.index.str[:2]), how)() for how in ("all", "any"))
    return (
        f"CAMEO codes that begin with {join(whole.index[whole], 'or')}"
        if whole.equals(some)
        else ""
    )


def main_record(panel: "xr.Dataset", dyad: str, label: str = "") -> DatasetRecord | NotDefined:
    """Read the record of a dyad in its main dataset; an index has none."""
    if not panel_kind(panel).coded:
        return NotDefined(NO_ACTIONS)
    return DatasetRecord.of(panel, dyad, main_dataset(panel, dyad), label)


def main_dataset(panel: "xr.Dataset", dyad: str) -> int:
    """Return the index of the first dataset that still reports on a dyad.

    The level is on the scale of the first, however many events another counts.
    """
    return next(iter(reporting_datasets(panel, dyad)), 0)


def reporting_datasets(panel: "xr.Dataset", dyad: str) -> list[int]:
    """Return the positions of the datasets that still report on a dyad.

    One has stopped if it counts nothing in its last 36 covered months, or if another is covered for
    a year longer.
    """
    if not panel_kind(panel).coded:
        return []
    of_dyad = panel.sel(dyad=dyad)
    a_month = Clock.of(panel).per_month
    ends = dict[int, int]()
    events = of_dyad["counts"].sum(["direction", "class"]).transpose("dataset", "time").to_numpy()
    for dataset, covered in enumerate(of_dyad["covered"].transpose("dataset", "time").to_numpy()):
        seen = np.flatnonzero(covered)
        if events[dataset, seen[-round(RECENT_MONTHS * a_month) :]].any():
            ends[dataset] = int(seen[-1])
    return [
        dataset for dataset, end in ends.items() if end >= max(ends.values()) - round(12 * a_month)
    ]
