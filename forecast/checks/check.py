"""A fit held against its own record: how many numbers of it the model makes, and which it does not."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from forecast.arguments import FIT, checked
from forecast.bounds import require_whole
from forecast.checks.ahead import Ahead, pit_ahead
from forecast.checks.predictive import posterior_predictive, require_counts
from forecast.checks.statistics import Statistic, statistics
from forecast.display import Card, Displayed
from forecast.wording import count

if TYPE_CHECKING:
    from pathlib import Path

    from forecast.model import Fit

LIMIT = 2.0
"""Standard deviations of the simulated numbers beyond which an observed one is called a miss."""
KINDS = {
    "side": "cooperative share of an era",
    "kind": "share of a kind on its side, by era",
    "scatter": "scatter of months",
    "memory": "correlation of months",
    "runs": "runs of months with one side alone",
    "tails": "months in the tails",
}
NOT_CHECKED = "How many happenings there are is not part of the model and is taken as it was."
NOT_AHEAD = (
    "The checks are of the record that was fitted. Whether months that the model has not seen look as it predicts is "
    "read from the folder of a backtest, if one is given (--backtest)."
)


@dataclass(frozen=True, repr=False)
class Checks(Displayed):
    """What the checks of a fit have found."""

    # A row a number: `check` (its kind), `what`, `dyad`, `era`, `n`, `observed`, `mean`, `low`, `high` (90 % of the
    # simulated), `z` (NaN where all simulated ones are alike) and `miss`.
    table: pd.DataFrame
    records: int  # How many were simulated
    ahead: tuple[Ahead, ...] = ()  # Of months that the model had not seen, by horizon; empty without a backtest

    @property
    def summary(self) -> pd.DataFrame:
        """Numbers, misses and the misses to be expected of a model that is right, by kind."""
        grouped = self.table.groupby("check", sort=False)["miss"]
        found = pd.DataFrame({"numbers": grouped.size(), "misses": grouped.sum()})
        found["expected"] = (0.05 * found["numbers"]).round(1)
        return found.rename(index=KINDS)

    @property
    def misses(self) -> pd.DataFrame:
        """What the model does not make, the worst first."""
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
        rows = tuple((str(name), f"{row.misses:.0f} of {row.numbers:.0f}") for name, row in self.summary.iterrows())
        return Card("Posterior predictive checks", (("finding", self.finding), *rows))


@checked(fit=FIT)
def check_fit(fit: "Fit", *, records: int = 400, seed: int = 1, backtest: "str | Path | None" = None) -> Checks:
    """Compare a record with records simulated at the level of each draw, with as many happenings.

    Parameters
    ----------
    fit : Fit
        Of events or counts.
    records : int
        How many are simulated, 10 to 5,000.
    seed : int
    backtest : str or pathlib.Path, optional
        Folder of a backtest of the same form of model, for months that it had not seen (`pit_ahead`).

    Returns
    -------
    Checks

    Raises
    ------
    DataError
        If the fit is of an index, or the backtest is none of such fits.
    SpecError
        If the number of records or the seed makes no sense.

    Examples
    --------
    >>> from forecast import Fit
    >>> from forecast.checks import check_fit
    >>> check_fit(Fit.load("report/fit.zarr")).summary  # doctest: +SKIP
    """
    require_counts(fit)
    ahead = () if backtest is None else pit_ahead(fit, backtest)
    simulated = posterior_predictive(fit, draws=require_whole("records", records), seed=require_whole("seed", seed))
    table = pd.DataFrame([_row(one) for one in statistics(fit.panel, simulated)])
    return Checks(table, simulated.sizes["draw"], ahead)


def _row(one: Statistic) -> dict[str, object]:
    mean, spread = float(one.simulated.mean()), float(one.simulated.std())
    low, high = np.quantile(one.simulated, [0.05, 0.95])
    z = (one.observed - mean) / spread if spread > 0 else np.nan
    miss = abs(z) > LIMIT if spread > 0 else one.observed != mean
    return {
        "check": one.name, "what": one.words, "dyad": one.dyad, "era": one.era, "n": one.n, "observed": one.observed,
        "mean": mean, "low": float(low), "high": float(high), "z": z, "miss": bool(miss),
    }  # fmt: skip
