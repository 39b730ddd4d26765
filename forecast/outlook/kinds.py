"""Depth of cooperation and severity of conflict: which kinds of events a side has.

Depth is the expected share of cooperative events in the stronger half of their kinds, and severity
that of hostile events. They come from the recorded counts alone and not from the model, which has
sides and no kinds: a period's events count the more, the nearer they are in time.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from forecast.base.typing import Float, Index
from forecast.base.wording import join, period
from forecast.data.panel import observed_periods
from forecast.outlook.draws import TAILS
from forecast.outlook.recorded import DatasetRecord
from forecast.outlook.summary import Estimate, NotDefined, sentence

SIDES = {"depth": "cooperative", "severity": "hostile"}
"""Side of the events of each."""
TITLES = {"depth": "depth of cooperation", "severity": "severity of conflict"}
"""Names for readers."""
KIND_MONTHS = 60.0
"""Mean distance in time, months, of the events that inform a share of kinds."""
KIND_PRIOR = 2.0
"""Events at the share of all dyads that every period starts with."""
MIN_SCATTER_PERIODS = 24
"""Periods with events from which their scatter is estimated."""
YEARS_BACK = 10
"""Years before the last period with which it is compared."""
Z90 = 1.6448536269514722
"""Standard errors on either side of a 90% interval."""
_DECIMALS = 3
"""Decimals of a series, as in levels.csv."""


@dataclass(frozen=True)
class KindSeries:
    """Share of a side's events in the stronger half of its kinds."""

    side: str  # `cooperative` or `hostile`
    # Names of the stronger kinds: the upper half or, of an odd number, the smaller part
    kinds: tuple[str, ...]
    dataset: str  # Main dataset
    now: Estimate  # Per cent expected in the last covered period
    change: Estimate | NotDefined  # The same less that of ten years before, points
    last: date  # Last day of the last covered period
    time: NDArray[np.datetime64] = field(repr=False)  # First days of the periods
    quantiles: tuple[float, ...]  # 5, 50 and 95%
    share: Float = field(repr=False)  # Per cent expected; NaN where not covered
    years: Index = field(repr=False)  # Years with events of the side
    events: Index = field(repr=False)  # Their number
    stronger: Index = field(repr=False)  # Those of the stronger kinds


def ordered_kinds(name: str, panel: xr.Dataset) -> Index:
    """Return the classes of depth or severity, from the mildest kind to the strongest."""
    cut = int(panel.attrs["zero_cut"])
    classes = int(panel.sizes["class"])
    return np.arange(cut, classes) if name == "depth" else np.arange(cut)[::-1]


def kind_series(
    panel: xr.Dataset, record: DatasetRecord | NotDefined, size: tuple[int, int] = (1, 1)
) -> dict[str, KindSeries] | NotDefined:
    """Compute depth of cooperation and severity of conflict of a dyad over the whole panel.

    Both are of its main record.

    They do not depend on a fit; `size` is that of its draws, (chain, draw), where they are reported
    with its numbers.
    """
    if isinstance(record, NotDefined):
        return record
    names = [name for name in SIDES if len(ordered_kinds(name, panel)) > 1]
    if not names:
        return NotDefined("the data have one kind of events on each side")
    covered = np.flatnonzero(observed_periods(panel, record.dyad))
    if not covered.size:
        return NotDefined("no period of the dyad is covered")
    return {name: _series(panel, name, record, covered, size) for name in names}


@dataclass(frozen=True)
class ShareOfStronger:
    """Beta distribution of the share of a side's events in its stronger kinds, by period."""

    stronger: Float  # Parameters, (period,)
    milder: Float

    @classmethod
    def of(cls, stronger: Index, events: Index, share: float, a_month: float) -> "ShareOfStronger":
        """Weight events by how far in time they are.

        `share` is that of all dyads, (period,) the counts.
        """
        ages = np.abs(np.subtract.outer(np.arange(len(events)), np.arange(len(events)))) / a_month
        weight = np.exp(-ages / KIND_MONTHS)
        near = weight @ stronger
        among = weight @ events
        usual = (near + KIND_PRIOR * share) / (among + KIND_PRIOR)
        worth = 1 / _overdispersion(stronger, events, usual)
        return cls(
            np.asarray(worth * near + KIND_PRIOR * share),
            np.asarray(worth * (among - near) + KIND_PRIOR * (1 - share)),
        )

    @property
    def mean(self) -> Float:
        """Mean by period, per cent."""
        return np.asarray(100 * self.stronger / (self.stronger + self.milder))

    @property
    def variance(self) -> Float:
        """Variance by period, of per cent."""
        share = self.mean / 100
        total = self.stronger + self.milder
        return np.asarray(1e4 * share * (1 - share) / (total + 1))

    def quantile(self, which: float) -> Float:
        """Return a quantile by period, per cent."""
        from scipy.special import betaincinv

        return np.asarray(100 * betaincinv(self.stronger, self.milder, which))


def _overdispersion(stronger: Index, events: Index, share: Float) -> float:
    """Return how much more counts scatter around shares than independent events do.

    At least 1 (Pearson).
    """
    seen = events > 0
    expected = events[seen] * share[seen]
    spread = expected * (1 - share[seen])
    if seen.sum() < MIN_SCATTER_PERIODS:
        return 1.0
    return max(float(((stronger[seen] - expected) ** 2 / np.maximum(spread, 1e-9)).mean()), 1.0)


def _series(
    panel: xr.Dataset, name: str, record: DatasetRecord, covered: Index, size: tuple[int, int]
) -> KindSeries:
    """Compute depth or severity of a dyad, whose `covered` has the positions of covered periods."""
    clock = record.clock
    ordered = ordered_kinds(name, panel)
    stronger = ordered[-(len(ordered) // 2) :]
    counts = (
        panel["counts"].isel(dataset=record.number).sum(("dyad", "time", "direction")).to_numpy()
    )
    overall = (counts[stronger].sum() + 1) / (counts[ordered].sum() + 2)
    events = record.counts[:, ordered].sum(axis=1)
    stronger_events = record.counts[:, stronger].sum(axis=1)
    shares = ShareOfStronger.of(stronger_events, events, float(overall), clock.per_month)
    latest = int(covered[-1])
    last_day = clock.end_of(clock.times[latest].item())
    kinds = tuple(record.names[class_number] for class_number in stronger)
    what = f"per cent of {SIDES[name]} events that are {join(kinds, 'or')}"

    by_period = np.array([shares.quantile(which) for which in TAILS])
    quantiles = np.full((len(TAILS), len(clock.times)), np.nan)
    quantiles[:, covered] = by_period[:, covered].round(_DECIMALS)
    low, median, high = by_period[:, latest]
    now = Estimate(
        mean=float(shares.mean[latest]),
        median=float(median),
        low=float(low),
        high=float(high),
        mcse=0.0,
        unit="per cent",
        definition=f"{what}, expected in {period(last_day, weekly=clock.weekly)}",
        draws=np.full(size, shares.mean[latest]),
    )
    change: Estimate | NotDefined = NotDefined(
        f"the period {YEARS_BACK} years before is not covered"
    )
    before = latest - clock.periods(12 * YEARS_BACK)
    if before in covered:
        change = _difference(
            shares, latest, before, size, f"{what}: now less {YEARS_BACK} years before"
        )

    years, firsts = np.unique(clock.years, return_index=True)
    by_year = np.add.reduceat(record.counts, firsts, axis=0)
    events_by_year = by_year[:, ordered].sum(axis=1)
    with_events = events_by_year > 0
    return KindSeries(
        side=SIDES[name],
        kinds=kinds,
        dataset=record.dataset,
        now=now,
        change=change,
        last=last_day,
        time=clock.times,
        quantiles=TAILS,
        share=quantiles,
        years=years[with_events],
        events=events_by_year[with_events],
        stronger=by_year[:, stronger].sum(axis=1)[with_events],
    )


def _difference(
    shares: ShareOfStronger, now: int, before: int, size: tuple[int, int], words: str
) -> Estimate:
    """Return the difference of two shares, as if they were independent and normal."""
    mean = float(shares.mean[now] - shares.mean[before])
    reach = Z90 * float(np.sqrt(shares.variance[now] + shares.variance[before]))
    return Estimate(
        mean, mean, mean - reach, mean + reach, 0.0, "points", words, np.full(size, mean)
    )


def kinds_sentence(kinds: Mapping[str, KindSeries], *, weekly: bool = False) -> str:
    """Return depth and severity in one sentence, each with what has become of it in ten years."""
    return sentence("kinds", list(kinds.values()), weekly)
