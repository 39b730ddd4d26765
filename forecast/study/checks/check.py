"""Posterior predictive checks: which statistics of the data a fit reproduces, and which not.

`check_fit` simulates copies of the data, compares each of `statistics` with its copies, and returns
`Checks`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from forecast.base.arguments import checked
from forecast.base.described import described
from forecast.base.limits import require_whole, whole_seed
from forecast.base.typing import Bool, Float, Index, Seed
from forecast.base.wording import Card, Displayed, count
from forecast.model import Fit
from forecast.model.predictive import posterior_predictive

# Standard deviations of the simulated numbers beyond which an observed one is a miss.
MISS_LIMIT = 2.0
MIN_CHECKED_EVENTS = 20  # events of an era or a dyad; the share of fewer is mostly chance
LAGS = (1, 12)  # months with events at which residuals are correlated
EXPECTED_SHARES = (0.01, 0.99)  # bounds: at 0 or 1 a month would have no variance
KINDS = {
    "side": "cooperative share of an era",
    "scatter": "scatter of months",
    "memory": "correlation of months",
    "runs": "runs of months with one side alone",
    "tails": "months in the tails",
}


type Row = dict[str, object]
"""A statistic of the data, compared with those of simulated copies."""


@described("Checks, such as check_fit(fit) returns")
@dataclass(frozen=True, repr=False)
class Checks(Displayed):
    """Results of the posterior predictive checks of a fit."""

    # A row per statistic: `check` (its kind), `what`, `dyad`, `era`, `n`, `observed`, `mean`,
    # `low`, `high` (90% of the simulated), `z` (NaN if all simulated ones are equal) and `miss`.
    table: pd.DataFrame
    records: int  # Number of simulated copies

    @property
    def summary(self) -> pd.DataFrame:
        """Number of statistics, of misses, and of misses expected of a right model, by kind."""
        grouped = self.table.groupby("check", sort=False)["miss"]
        summary = pd.DataFrame({"numbers": grouped.size(), "misses": grouped.sum()})
        summary["expected"] = (0.05 * summary["numbers"]).round(1)
        return summary.rename(index=KINDS)

    @property
    def misses(self) -> pd.DataFrame:
        """Statistics that the model does not reproduce, the worst first."""
        return self.table[self.table["miss"]].sort_values("z", key=np.abs, ascending=False)

    @property
    def finding(self) -> str:
        """The result in a sentence."""
        numbers, misses = len(self.table), int(self.table["miss"].sum())
        return (
            f"Beyond {MISS_LIMIT:g} standard deviations of what the model makes: {misses} of "
            f"{count(numbers, 'number')} of the record; of a model that is right about "
            f"{0.05 * numbers:.0f} would be."
        )

    def _card(self) -> Card:
        rows = tuple(
            (str(name), f"{row.misses:.0f} of {row.numbers:.0f}")
            for name, row in self.summary.iterrows()
        )
        return Card("Posterior predictive checks", (("finding", self.finding), *rows))


@checked
def check_fit(fit: "Fit", *, records: int = 400, seed: Seed = 1) -> Checks:
    """Compare the event data with simulated data of equal event counts.

    Data are simulated at the level of each draw.

    Parameters
    ----------
    fit : Fit
        Of events or counts.
    records : int
        How many are simulated, 10 to 5,000.
    seed : int or numpy.random.Generator

    Returns
    -------
    Checks
        Its `table` has one row per number, with what was observed, the mean and 90% interval of the
        simulated, `z` and `miss`.

    Raises
    ------
    DataError
        If the fit is of an index.
    SpecError
        If the number of records or the seed makes no sense.

    Examples
    --------
    >>> from forecast import Fit
    >>> from forecast.study.checks import check_fit
    >>> check_fit(Fit.load("report/fit.zarr")).summary  # doctest: +SKIP
    """
    simulated = posterior_predictive(
        fit, draws=require_whole("records", records), seed=whole_seed(seed)
    )
    table = pd.DataFrame(statistics(fit.panel, simulated))
    return Checks(table, simulated.sizes["draw"])


def _row(
    kind: str, words: str, dyad: str, era: str, n: int, observed: float, simulated: Float
) -> Row:
    """Compare a statistic of `n` events with its copies; the era is empty for the whole record."""
    mean, spread = float(simulated.mean()), float(simulated.std())
    low, high = np.quantile(simulated, [0.05, 0.95])
    z = (observed - mean) / spread if spread > 0 else np.nan
    miss = abs(z) > MISS_LIMIT if spread > 0 else observed != mean
    return {
        "check": kind,
        "what": words,
        "dyad": dyad,
        "era": era,
        "n": n,
        "observed": observed,
        "mean": mean,
        "low": float(low),
        "high": float(high),
        "z": z,
        "miss": bool(miss),
    }


def statistics(panel: xr.Dataset, simulated: xr.DataArray) -> Iterator[Row]:
    """Yield the comparison of every statistic, over all datasets and directions."""
    order = ("dyad", "time", "class")
    observed = panel["counts"].sum(("dataset", "direction")).transpose(*order).to_numpy()
    copies = simulated.sum(("dataset", "direction")).transpose("draw", *order).to_numpy()
    cut = int(panel.attrs["zero_cut"])
    eras = panel["era"].to_numpy()
    era_index = panel["era_index"].transpose("dyad", "time").to_numpy()
    for position, code in enumerate(panel["dyad"].to_numpy()):
        dyad = str(code)
        events, simulated_events = observed[position], copies[:, position]
        for era in np.unique(era_index[position]):
            inside = era_index[position] == era
            in_era, simulated_in_era = events[inside].sum(0), simulated_events[:, inside].sum(1)
            yield from _shares(dyad, str(eras[era]), in_era, simulated_in_era, cut)
        yield from _months(dyad, events, simulated_events, cut)


def _shares(dyad: str, era: str, events: Index, simulated: Index, cut: int) -> Iterator[Row]:
    """Yield the share of cooperation in an era; events are (class,), simulated (draw, class)."""
    number = int(events.sum())
    if number >= MIN_CHECKED_EVENTS:
        share = 100 * simulated[:, cut:].sum(1) / simulated.sum(1)
        observed = 100 * events[cut:].sum() / number
        yield _row("side", "cooperative, per cent", dyad, era, number, observed, share)


def _months(dyad: str, events: Index, simulated: Index, cut: int) -> Iterator[Row]:
    """Yield scatter and correlation of months, runs of one side, and months in the tails.

    Events are (month, class), simulated ones (draw, month, class).
    """
    by_month = events.sum(axis=1)
    number = int(by_month.sum())
    if number < MIN_CHECKED_EVENTS:
        return
    with_events = by_month > 0
    total = by_month[with_events]
    cooperative = events[with_events, cut:].sum(1)
    copies = simulated[:, with_events, cut:].sum(2)

    def row(kind: str, words: str, observed: float, of_copies: Float) -> Row:
        return _row(kind, words, dyad, "", number, observed, of_copies)

    expected = np.clip(copies.mean(axis=0) / total, *EXPECTED_SHARES)
    scale = np.sqrt(total * expected * (1 - expected))
    residual = (cooperative - total * expected) / scale
    residuals = (copies - total * expected) / scale
    words = "variance of a month's share, in units of that of independent events"
    yield row("scatter", words, float((residual**2).mean()), (residuals**2).mean(axis=1))
    for lag in LAGS:
        if len(total) > 2 * lag:
            words = f"correlation of what is left of months {lag} apart in the record"
            observed = float(_correlations(residual[None], lag)[0])
            yield row("memory", words, observed, _correlations(residuals, lag))
    one_side = {
        "without cooperation": (cooperative == 0, copies == 0),
        "without hostility": (cooperative == total, copies == total),
    }
    for side, (observed_months, simulated_months) in one_side.items():
        words = f"most months on end, of those with events, {side}"
        runs = np.array([_longest_run(months) for months in simulated_months], dtype=float)
        yield row("runs", words, float(_longest_run(observed_months)), runs)
    low, high = np.quantile(copies, [0.05, 0.95], axis=0)
    outside = 100 * ((copies < low) | (copies > high)).mean(axis=1)
    observed = 100 * float(((cooperative < low) | (cooperative > high)).mean())
    yield row("tails", "per cent of months outside their central 90 per cent", observed, outside)


def _correlations(values: Float, lag: int) -> Float:
    """Return the autocorrelation of each row at a lag."""
    early, late = values[:, :-lag], values[:, lag:]
    return np.asarray((early * late).mean(axis=1) / np.maximum((values**2).mean(axis=1), 1e-12))


def _longest_run(marked: Bool) -> int:
    """Return the length of the longest run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], marked.astype(np.int8), [0]])))
    return int(np.diff(edges)[::2].max(initial=0))
