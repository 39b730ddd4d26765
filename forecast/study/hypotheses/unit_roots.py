"""Panel unit-root tests of the literature, with critical values for the shape of a record.

They read the log-odds of quarterly cooperative shares:

- IPS is the mean over dyads of the t statistics of augmented Dickey-Fuller regressions [1]_.
- CIPS adds averages over dyads to each regression, which removes shocks that all share [2]_.
- KSS tests against a smooth transition (ESTAR), in which reversion grows with the distance from the
  mean [3]_.

The published critical values are for series without measurement error. Shares of counts have errors
that are gone in the next quarter, which looks like a return to a mean. So critical values are
simulated from walks with the parameters and event counts of the record. These tests decide no
claim; they are printed next to S5b and S6.

References
----------
.. [1] Im, Pesaran and Shin (2003), Journal of Econometrics 115, 53-74,
   doi:10.1016/S0304-4076(03)00092-7.
.. [2] Pesaran (2007), Journal of Applied Econometrics 22, 265-312, doi:10.1002/jae.951.
.. [3] Kapetanios, Shin and Snell (2003), Journal of Econometrics 112, 359-379,
   doi:10.1016/S0304-4076(02)00202-6.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from forecast.base.errors import DataError
from forecast.base.typing import Float
from forecast.study.hypotheses.engine import Engine
from forecast.study.hypotheses.matched_walks import simulate_walks
from forecast.study.hypotheses.models import CONCENTRATION, STEP, WALK
from forecast.study.hypotheses.record import MIN_POOLED_DYADS, PooledRecord
from forecast.study.hypotheses.simulate import SimulatedProcess, simulate

IPS, CIPS, KSS = "IPS", "CIPS", "KSS"
NAMES = (IPS, CIPS, KSS)
QUARTER_MONTHS = 3
LAGS = 4  # quarters of past changes in each regression: a year
MIN_QUARTERS = 40  # quarters from a dyad's first to its last; unit-root tests of less have no power
SETS = 200  # simulated records for each critical value
SIZE = 0.05  # of the tests: share of walks that they reject
PURE_SEED, NOISELESS_SEED = 11, 13  # tell simulations of one seed apart


@dataclass(frozen=True)
class UnitRoot:
    """One test on a record."""

    name: str
    statistic: float  # Mean of t statistics: the lower, the more it speaks against a unit root
    critical: float  # 5% point in walks with a cycle like the record
    p_value: float  # Share of these walks with as low a statistic
    p_value_alike: float  # The same of walks that turned back as the dyads did
    textbook: float  # 5% point in walks that are seen without error, as in published tables
    textbook_rejects: float  # Share of pure walks seen through counts that this value rejects


def unit_root_tests(engine: Engine, sets: int = SETS) -> tuple[UnitRoot, ...]:
    """Make the three tests on a record, with critical values simulated for its shape."""
    record = _long_enough(engine.record)
    engine = engine if record is engine.record else Engine(record, engine.cores, seed=engine.seed)
    recorded = panel_statistics(_quarterly_series(record))
    walks = _statistics_of_all(simulate_walks(engine, sets, matched=False))
    matched = _statistics_of_all(simulate_walks(engine, sets))
    pure = _statistics_of_all(_pure_walks(engine, sets))
    noiseless = _statistics_without_noise(_quarterly_series(record), sets, engine.seed)
    rows = []
    for column, name in enumerate(NAMES):
        textbook = float(np.quantile(noiseless[:, column], SIZE))
        rows.append(
            UnitRoot(
                name,
                float(recorded[column]),
                float(np.quantile(walks[:, column], SIZE)),
                float((walks[:, column] <= recorded[column]).mean()),
                float((matched[:, column] <= recorded[column]).mean()),
                textbook,
                float((pure[:, column] <= textbook).mean()),
            )
        )
    return tuple(rows)


def _long_enough(record: PooledRecord) -> PooledRecord:
    """Return the record of the dyads that are long enough, without eras."""
    long_enough = record.with_min_months(MIN_QUARTERS * QUARTER_MONTHS).without_eras()
    if len(long_enough.dyads) < MIN_POOLED_DYADS:
        raise DataError(
            f"data: {len(long_enough.dyads)} dyads have {MIN_QUARTERS} quarters from first event "
            f"to last, and unit-root tests of panels need {MIN_POOLED_DYADS}; give longer records"
        )
    return long_enough


def _statistics_of_all(records: Iterable[PooledRecord]) -> Float:
    """Return the statistics of records, (record, test)."""
    return np.array([panel_statistics(_quarterly_series(record)) for record in records])


def _pure_walks(engine: Engine, sets: int) -> Iterable[PooledRecord]:
    """Simulate walks without a cycle, at the parameters that fit a record best."""
    mode = engine.posterior_mode(WALK).at(STEP, CONCENTRATION)
    step, concentration = (math.exp(mode[parameter]) for parameter in (STEP, CONCENTRATION))
    process = SimulatedProcess("pure walks", step=step, concentration=concentration)
    for number in range(sets):
        yield simulate(engine.record, process, ((PURE_SEED + engine.seed) << 33) + number)


def _statistics_without_noise(series: Float, sets: int, seed: int) -> Float:
    """Return the statistics of Gaussian walks without measurement error, (set, test)."""
    rng = np.random.default_rng((NOISELESS_SEED, seed))
    seen = np.isfinite(series)
    walks = rng.standard_normal((sets, *series.shape)).cumsum(axis=-1)
    return np.array([panel_statistics(np.where(seen, walk, np.nan)) for walk in walks])


def _quarterly_series(record: PooledRecord) -> Float:
    """Return log-odds of quarterly shares, or quarterly means of an index, (dyad, quarter).

    NaN before a dyad's first quarter and after its last; a quarter without events has the value of
    the quarter before.
    """
    months = record.events.shape[1] // QUARTER_MONTHS * QUARTER_MONTHS
    shape = len(record.dyads), -1, QUARTER_MONTHS
    number = np.abs(record.events[:, :months]).reshape(shape).sum(axis=2)
    if record.value is None:
        good = record.cooperative[:, :months].reshape(shape).sum(axis=2)
        level = np.log((good + 0.5) / (number - good + 0.5))
    else:
        total = record.value[:, :months].reshape(shape).sum(axis=2)
        level = total / np.maximum(number, 1)
    quarter = np.arange(number.shape[1])
    last_seen = np.maximum.accumulate(np.where(number > 0, quarter, -1), axis=1)
    filled = np.take_along_axis(level, np.maximum(last_seen, 0), axis=1)
    ends = np.where(number > 0, quarter, -1).max(axis=1, keepdims=True)
    return np.where((last_seen >= 0) & (quarter <= ends), filled, np.nan)


def panel_statistics(series: Float) -> Float:
    """Return IPS, CIPS and KSS of series (dyad, quarter), NaN outside of a dyad's quarters.

    Averages over dyads need two of them. CIPS leaves out a dyad that has too few quarters with
    others; it is NaN if that leaves none.
    """
    seen = np.isfinite(series)
    number = seen.sum(axis=0)
    average = np.where(seen, series, 0.0).sum(axis=0) / np.maximum(number, 1)
    shared = number >= MIN_POOLED_DYADS
    linear, with_averages, cubic = [], [], []
    for dyad, values in enumerate(series):
        of_dyad = values[seen[dyad]]
        level, change, past = _lagged(of_dyad)
        ones = np.ones((len(level), 1))
        linear.append(_t_statistic(change, np.column_stack([level, ones, past])))
        # KSS takes the mean out of a series before its regression
        centred = level - of_dyad.mean()
        cubic.append(_t_statistic(change, np.column_stack([centred**3, past])))
        together = seen[dyad] & shared
        if together.sum() >= MIN_QUARTERS:
            level, change, past = _lagged(values[together])
            ones = np.ones((len(level), 1))
            others = np.column_stack(_lagged(average[together]))
            design = np.column_stack([level, ones, past, others])
            with_averages.append(_t_statistic(change, design))
    cips = np.mean(with_averages) if with_averages else math.nan
    return np.array([np.mean(linear), cips, np.mean(cubic)])


def _lagged(values: Float) -> tuple[Float, Float, Float]:
    """Return the level before each change, the change, and those before it, (quarter, lag)."""
    change = np.diff(values)
    size = len(change) - LAGS
    past = np.column_stack([change[LAGS - lag : LAGS - lag + size] for lag in range(1, LAGS + 1)])
    return values[LAGS:-1], change[LAGS:], past


def _t_statistic(outcome: Float, design: Float) -> float:
    """Return the t statistic of the first column of a least-squares regression."""
    crossed = np.linalg.inv(design.T @ design)
    slope = crossed @ (design.T @ outcome)
    residual = outcome - design @ slope
    variance = residual @ residual / (len(outcome) - design.shape[1])
    return float(slope[0] / math.sqrt(variance * crossed[0, 0]))
