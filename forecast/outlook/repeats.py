"""What a record says by itself: the shares of the last years go on, with as much variation as there has been.

A pendulum that is wrong is wrong in all of its futures. So some futures of what will be recorded follow no pendulum but
one of a few memories: the share of the last year, of the last two, five or ten, or of the whole record, around which
years and quarters vary as they have varied.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from forecast.clock import periods_a_month
from forecast.panel.record import sides
from forecast.typing import Bool, Float, Index

if TYPE_CHECKING:
    import xarray as xr

MEMORIES = (12, 24, 60, 120, None)
"""Months whose share goes on, None for the whole record; alike likely."""
LONG, SHORT = 24, 3
"""Months over which shares vary: slowly, around what is remembered, and from quarter to quarter around that."""
FEWEST_WINDOWS = 4
UNKNOWN = 1 / 6
"""Correlation within a window where too few windows are there to measure it."""
LEAST, MOST = 0.005, 0.6


@dataclass(frozen=True)
class Repeats:
    """A record that goes on."""

    mean: Float  # Share that is remembered, 0 to 1
    # Weights of the Beta distributions of the long-run share around it, and of a quarter's around the long-run share.
    long: Float
    short: Float
    quarter: int  # Periods of a quarter

    @classmethod
    def of(cls, panel: "xr.Dataset", dyad: str, dataset: int = 0) -> "Repeats":
        """Read a dyad's record in a dataset."""
        total, cooperative, covered = sides(panel, dyad, dataset)
        seen = np.flatnonzero(total)
        kept = slice(int(seen[0]), int(np.flatnonzero(covered)[-1]) + 1) if seen.size else slice(0, 0)
        a_month = periods_a_month(panel)
        own = [_remembered(total[kept], cooperative[kept], months, a_month) for months in MEMORIES]
        mean, long, short = np.array(own).T
        return cls(mean, long, short, round(SHORT * a_month))

    def simulate(self, size: tuple[int, ...], rng: np.random.Generator) -> Float:
        """Draw chances that a happening is cooperative; the last axis is the period.

        Every future has a memory, a long-run share and quarters of its own.
        """
        return self.draw(size, rng).chances

    def draw(self, size: tuple[int, ...], rng: np.random.Generator) -> "Repetition":
        """Draw the same, with what is behind the chances."""
        memory = rng.integers(len(self.mean), size=size[:-1])
        mean, long, short = (values[memory] for values in (self.mean, self.long, self.short))
        centre = np.clip(rng.beta(long * mean, long * (1 - mean)), 1e-6, 1 - 1e-6)
        quarters = [rng.beta(short * centre, short * (1 - centre)) for _ in range(-(-size[-1] // self.quarter))]
        return Repetition(memory, centre, np.stack(quarters, axis=-1), self.quarter, size[-1])

    def log_density(self, drawn: "Repetition") -> Float:
        """Return how likely futures that were drawn from this or another record are from this one, in logarithms."""
        mean, long, short = (values[drawn.memory] for values in (self.mean, self.long, self.short))
        quarters = np.clip(drawn.quarters, 1e-12, 1 - 1e-12)
        centre, weight = drawn.centre[..., None], short[..., None]
        return _log_beta(drawn.centre, long * mean, long * (1 - mean)) + np.asarray(
            _log_beta(quarters, weight * centre, weight * (1 - centre)).sum(axis=-1)
        )


@dataclass(frozen=True)
class Repetition:
    """Futures in which a record goes on."""

    memory: Index  # Position of what is remembered
    centre: Float  # Long-run share, 0 to 1
    quarters: Float  # Shares of the quarters
    quarter: int  # Periods of a quarter
    periods: int  # How far they go

    def of(self, chosen: Bool) -> "Repetition":
        """Return that of some futures, (future,), by where they are true (...)."""
        return replace(self, memory=self.memory[chosen], centre=self.centre[chosen], quarters=self.quarters[chosen])

    @property
    def chances(self) -> Float:
        """Chances that a happening is cooperative, (..., period)."""
        return np.repeat(self.quarters, self.quarter, axis=-1)[..., : self.periods]


def _log_beta(value: Float, first: Float, second: Float) -> Float:
    """Return the log-density of a Beta distribution."""
    from scipy.special import betaln

    return np.asarray((first - 1) * np.log(value) + (second - 1) * np.log1p(-value) - betaln(first, second))


def _remembered(total: Index, cooperative: Index, months: int | None, a_month: float) -> tuple[float, float, float]:
    """Return mean and weights of one memory."""
    recent = slice(-round(months * a_month) if months else None, None)
    n, k = total[recent].sum(), cooperative[recent].sum()
    mean = float(np.clip((k + 1) / (n + 2), 0.01, 0.99))
    # Variation is that of twenty years, whatever is remembered: a memory of a year holds too few windows.
    past = slice(-round(240 * a_month), None)
    long, short = (
        correlation(*windows(total[past], cooperative[past], round(span * a_month)), mean) for span in (LONG, SHORT)
    )
    within = max((short - long) / (1 - long), LEAST)
    return mean, 1 / long - 1, 1 / within - 1


def windows(total: Index, cooperative: Index, periods: int) -> tuple[Index, Index]:
    """Return happenings and cooperative ones of successive windows, the last of which ends with the record."""
    whole = len(total) // periods * periods
    sums = [counts[len(counts) - whole :].reshape(-1, periods).sum(axis=1) for counts in (total, cooperative)]
    return sums[0], sums[1]


def correlation(total: Index, cooperative: Index, mean: float) -> float:
    """Return how alike the happenings of one window are, 0 to 1, by moments.

    The shares of windows of n happenings vary around their mean m by m (1 - m) (1/n + (1 - 1/n) r); r is solved
    for with the variance and the happenings of the windows there have been, weighted by happenings, and kept between
    0.005 and 0.6.
    """
    there = total > 1
    if there.sum() < FEWEST_WINDOWS:
        return UNKNOWN
    total, share = total[there], cooperative[there] / total[there]
    variance = float(np.average((share - mean) ** 2, weights=total))
    single = 1 / float(np.average(total, weights=total))
    found = (variance / (mean * (1 - mean)) - single) / (1 - single)
    return float(np.clip(found, LEAST, MOST))
