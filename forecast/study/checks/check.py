"""Summary of posterior predictive checks: which statistics of the data a fit reproduces, and which it does not."""

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
from forecast.study.checks.predictive import posterior_predictive

LIMIT = 2.0
"""Standard deviations of the simulated numbers beyond which an observed one is called a miss."""
MIN_EVENTS = 20
"""Events of an era, or of a dyad, below which nothing is compared: their share is mostly chance."""
KINDS = {
    "side": "cooperative share of an era",
    "scatter": "scatter of months",
    "memory": "correlation of months",
    "runs": "runs of months with one side alone",
    "tails": "months in the tails",
}


type Row = dict[str, object]
"""One number of the record, and what the simulated copies make of it."""


@described("Checks, such as check_fit(fit) returns")
@dataclass(frozen=True, repr=False)
class Checks(Displayed):
    """Results of the posterior predictive checks of a fit."""

    # A row a number: `check` (its kind), `what`, `dyad`, `era`, `n`, `observed`, `mean`, `low`,
    # `high` (90% of the simulated), `z` (NaN where all simulated ones are alike) and `miss`.
    table: pd.DataFrame
    records: int  # How many were simulated

    @property
    def summary(self) -> pd.DataFrame:
        """Numbers, misses and the misses to be expected of a model that is right, by kind."""
        grouped = self.table.groupby("check", sort=False)["miss"]
        found = pd.DataFrame({"numbers": grouped.size(), "misses": grouped.sum()})
        found["expected"] = (0.05 * found["numbers"]).round(1)
        return found.rename(index=KINDS)

    @property
    def misses(self) -> pd.DataFrame:
        """Statistics that the model does not reproduce, the worst first."""
        return self.table[self.table["miss"]].sort_values("z", key=np.abs, ascending=False)

    @property
    def finding(self) -> str:
        """The result in a sentence."""
        numbers, misses = len(self.table), int(self.table["miss"].sum())
        return (
            f"Beyond {LIMIT:g} standard deviations of what the model makes: {misses} of {count(numbers, 'number')} of "
            f"the record; of a model that is right about {0.05 * numbers:.0f} would be."
        )

    def _card(self) -> Card:
        rows = tuple(
            (str(name), f"{row.misses:.0f} of {row.numbers:.0f}")
            for name, row in self.summary.iterrows()
        )
        return Card("Posterior predictive checks", (("finding", self.finding), *rows))


@checked
def check_fit(fit: "Fit", *, records: int = 400, seed: Seed = 1) -> Checks:
    """Compare the event data with data simulated at the level of each draw, with equal event counts.

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
    """Compare a number that rests on `n` events.

    The era is empty where it is of the whole record.
    """
    mean, spread = float(simulated.mean()), float(simulated.std())
    low, high = np.quantile(simulated, [0.05, 0.95])
    z = (observed - mean) / spread if spread > 0 else np.nan
    miss = abs(z) > LIMIT if spread > 0 else observed != mean
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
    """Yield everything that a record is compared by; all datasets and directions together."""
    order = ("dyad", "time", "class")
    observed = panel["counts"].sum(("dataset", "direction")).transpose(*order).to_numpy()
    copies = simulated.sum(("dataset", "direction")).transpose("draw", *order).to_numpy()
    cut = int(panel.attrs["zero_cut"])
    eras, index = panel["era"].to_numpy(), panel["era_index"].transpose("dyad", "time").to_numpy()
    for place, code in enumerate(panel["dyad"].to_numpy()):
        dyad, own, made = str(code), observed[place], copies[:, place]
        for era in np.unique(index[place]):
            inside = index[place] == era
            yield from _shares(
                dyad, str(eras[era]), own[inside].sum(0), made[:, inside].sum(1), cut
            )
        yield from _months(dyad, own, made, cut)


def _shares(dyad: str, era: str, own: Index, made: Index, cut: int) -> Iterator[Row]:
    """Yield the share of cooperation in an era."""
    if own.sum() >= MIN_EVENTS:
        share = 100 * made[:, cut:].sum(1) / made.sum(1)
        observed = 100 * own[cut:].sum() / own.sum()
        yield _row("side", "cooperative, per cent", dyad, era, int(own.sum()), observed, share)


def _months(dyad: str, own: Index, made: Index, cut: int) -> Iterator[Row]:
    """Yield how much months scatter, hang together and go on with one side alone."""
    total = own.sum(axis=1)
    busy = total > 0
    if total.sum() < MIN_EVENTS:
        return
    n, good, copies = total[busy], own[busy, cut:].sum(1), made[:, busy, cut:].sum(2)
    expected = np.clip(copies.mean(axis=0) / n, 0.01, 0.99)
    scale = np.sqrt(n * expected * (1 - expected))
    residual, residuals = (good - n * expected) / scale, (copies - n * expected) / scale

    def one(name: str, words: str, observed: float, simulated: Float) -> Row:
        return _row(name, words, dyad, "", int(total.sum()), observed, simulated)

    words = "variance of a month's share, in units of that of independent events"
    yield one("scatter", words, float((residual**2).mean()), (residuals**2).mean(axis=1))
    for lag in (1, 12):
        if len(n) > 2 * lag:
            words = f"correlation of what is left of months {lag} apart in the record"
            yield one(
                "memory",
                words,
                float(_correlations(residual[None], lag)[0]),
                _correlations(residuals, lag),
            )
    for words, alone in (("without cooperation", good == 0), ("without hostility", good == n)):
        copies_alone = copies == 0 if "cooperation" in words else copies == n
        runs = np.array([_longest(each) for each in copies_alone], dtype=float)
        yield one(
            "runs",
            f"most months on end, of those with events, {words}",
            float(_longest(alone)),
            runs,
        )
    low, high = np.quantile(copies, [0.05, 0.95], axis=0)
    outside = 100 * ((copies < low) | (copies > high)).mean(axis=1)
    observed = 100 * float(((good < low) | (good > high)).mean())
    yield one("tails", "per cent of months outside their central 90 per cent", observed, outside)


def _correlations(values: Float, lag: int) -> Float:
    """Return the correlation of each row with itself, so many places later."""
    early, late = values[:, :-lag], values[:, lag:]
    return np.asarray((early * late).mean(axis=1) / np.maximum((values**2).mean(axis=1), 1e-12))


def _longest(there: Bool) -> int:
    """Return the length of the longest run."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], there.astype(np.int8), [0]])))
    return int(np.diff(edges)[::2].max(initial=0))
