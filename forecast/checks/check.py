"""Summary of posterior predictive checks: which statistics of the data a fit reproduces, and which it does not."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr

from forecast.arguments import checked, require_whole, whole_seed
from forecast.checks.predictive import posterior_predictive, require_counts
from forecast.dates import add_months
from forecast.errors import DataError
from forecast.evaluation import Results
from forecast.evaluation.scores import BAND, Band, pit_band
from forecast.evaluation.skill import within
from forecast.outlook import main_horizon
from forecast.typing import Bool, Float, Index, Seed
from forecast.wording import Card, Displayed, count, join, month, percent

if TYPE_CHECKING:
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


@dataclass(frozen=True)
class Statistic:
    """One number of the record and of every simulated copy."""

    name: str  # Of the kind of number
    words: str  # What it is, such as `binding agreement, per cent of cooperative events`
    dyad: str  # The era is empty where the number is of the whole record
    era: str
    n: int  # Events that it rests on
    observed: float
    simulated: Float


@dataclass(frozen=True)
class Ahead:
    """Probability integral transforms of recorded shares at one horizon.

    Attributes
    ----------
    months : int
        The horizon.
    pit : array (window,)
        Places in the prediction, 0 to 1: even if predictions are calibrated. Of windows that do not overlap.
    windows : int
        Those that were scored, overlapping ones included.
    dyads : tuple of str
        Of the fit, those that the backtest is of.
    first, last : datetime.date
        The first and the last origin.
    """

    months: int
    pit: Float
    windows: int
    dyads: tuple[str, ...]
    first: date
    last: date

    @cached_property
    def band(self) -> Band:
        """Their distribution function less the even one, and its simultaneous 95% band (ArviZ)."""
        return pit_band(self.pit)

    @property
    def below(self) -> float:
        """Part of the windows whose share is below the predicted median; a half if predictions are calibrated."""
        return float((self.pit < 0.5).mean())

    @property
    def outside(self) -> float:
        """Part of the windows outside of the central 80%; a fifth if predictions are calibrated."""
        return float(((self.pit < OUTER) | (self.pit > 1 - OUTER)).mean())

    @property
    def inside_band(self) -> bool:
        """Return whether the distribution function is inside its band throughout."""
        return self.band.outside == 0

    @property
    def sentence(self) -> str:
        """Result in words."""
        verdict = (
            "not distinguishable from calibrated (inside" if self.inside_band else "clearly not calibrated (outside"
        )
        return (
            f"{count(self.months, 'month')} ahead, {count(len(self.pit), 'window')} that do not overlap, origins from "
            f"{month(self.first)} to {month(self.last)}: {verdict} the {percent(BAND)} band). {percent(self.below)} of "
            f"the recorded shares were below the predicted median (50% if calibrated), and {percent(self.outside)} "
            "outside of the central 80% (20% if calibrated)."
        )


@dataclass(frozen=True, repr=False)
class Checks(Displayed):
    """Results of the posterior predictive checks of a fit."""

    # A row a number: `check` (its kind), `what`, `dyad`, `era`, `n`, `observed`, `mean`, `low`, `high` (90% of the
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
        rows = tuple((str(name), f"{row.misses:.0f} of {row.numbers:.0f}") for name, row in self.summary.iterrows())
        return Card("Posterior predictive checks", (("finding", self.finding), *rows))


@checked
def check_fit(fit: "Fit", *, records: int = 400, seed: Seed = 1, backtest: "str | Path | None" = None) -> Checks:
    """Compare the event data with data simulated at the level of each draw, with equal event counts.

    Parameters
    ----------
    fit : Fit
        Of events or counts.
    records : int
        How many are simulated, 10 to 5,000.
    seed : int or numpy.random.Generator
    backtest : str or pathlib.Path, optional
        Folder of a backtest of the same form of model, for months that it had not seen (`pit_ahead`).

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
    simulated = posterior_predictive(fit, draws=require_whole("records", records), seed=whole_seed(seed))
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


FEWEST = 20
"""Events of an era, or of a dyad, below which nothing is compared."""


def statistics(panel: xr.Dataset, simulated: xr.DataArray) -> Iterator[Statistic]:
    """Yield everything that a record is compared by; all datasets and directions together."""
    order = ("dyad", "time", "class")
    observed = panel["counts"].sum(("dataset", "direction")).transpose(*order).to_numpy()
    copies = simulated.sum(("dataset", "direction")).transpose("draw", *order).to_numpy()
    cut, names = int(panel.attrs["zero_cut"]), [str(name) for name in panel["class_name"].to_numpy()]
    eras, index = panel["era"].to_numpy(), panel["era_index"].transpose("dyad", "time").to_numpy()
    for place, code in enumerate(panel["dyad"].to_numpy()):
        dyad, own, made = str(code), observed[place], copies[:, place]
        for era in np.unique(index[place]):
            inside = index[place] == era
            yield from _shares(dyad, str(eras[era]), own[inside].sum(0), made[:, inside].sum(1), names, cut)
        yield from _months(dyad, own, made, cut)


def _shares(dyad: str, era: str, own: Index, made: Index, names: list[str], cut: int) -> Iterator[Statistic]:
    """Yield the share of cooperation in an era, and of every kind on its side."""
    if own.sum() >= FEWEST:
        share = 100 * made[:, cut:].sum(1) / made.sum(1)
        observed = 100 * own[cut:].sum() / own.sum()
        yield Statistic("side", "cooperative, per cent", dyad, era, int(own.sum()), observed, share)
    for side, words in ((slice(0, cut), "of hostile"), (slice(cut, None), "of cooperative")):
        number = own[side].sum()
        if number < FEWEST or len(own[side]) < 2:
            continue
        for place in range(*side.indices(len(own))):
            simulated = 100 * made[:, place] / np.maximum(made[:, side].sum(1), 1)
            what = f"{names[place]}, per cent {words}"
            yield Statistic("kind", what, dyad, era, int(number), 100 * own[place] / number, simulated)


def _months(dyad: str, own: Index, made: Index, cut: int) -> Iterator[Statistic]:
    """Yield how much months scatter, hang together and go on with one side alone."""
    total = own.sum(axis=1)
    busy = total > 0
    if total.sum() < FEWEST:
        return
    n, good, copies = total[busy], own[busy, cut:].sum(1), made[:, busy, cut:].sum(2)
    expected = np.clip(copies.mean(axis=0) / n, 0.01, 0.99)
    scale = np.sqrt(n * expected * (1 - expected))
    residual, residuals = (good - n * expected) / scale, (copies - n * expected) / scale

    def one(name: str, words: str, observed: float, simulated: Float) -> Statistic:
        return Statistic(name, words, dyad, "", int(total.sum()), observed, simulated)

    words = "variance of a month's share, in units of that of independent events"
    yield one("scatter", words, float((residual**2).mean()), (residuals**2).mean(axis=1))
    for lag in (1, 12):
        if len(n) > 2 * lag:
            words = f"correlation of what is left of months {lag} apart in the record"
            yield one("memory", words, float(_correlations(residual[None], lag)[0]), _correlations(residuals, lag))
    for words, alone in (("without cooperation", good == 0), ("without hostility", good == n)):
        copies_alone = copies == 0 if "cooperation" in words else copies == n
        runs = np.array([_longest(each) for each in copies_alone], dtype=float)
        yield one("runs", f"most months on end, of those with events, {words}", float(_longest(alone)), runs)
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


OUTER = 0.1
"""Either tail outside of the central 80%."""


def pit_ahead(fit: "Fit", backtest: str | Path) -> tuple[Ahead, ...]:
    """Read from a backtest where recorded shares lie in the predicted ones, at its shortest horizon and about a year.

    The number of events is not given. Of the windows of a dyad those are taken that do not overlap, from the first
    origin on: the band of the PIT takes them for independent.

    Parameters
    ----------
    fit : Fit
    backtest : str or pathlib.Path
        Folder of a backtest of the same form of model.

    Raises
    ------
    DataError
        If the folder holds no backtest, or one of another model or of other dyads.

    Examples
    --------
    >>> from forecast.checks import pit_ahead
    >>> [one.sentence for one in pit_ahead(fit, "skill")]  # doctest: +SKIP
    """
    results = Results.read(backtest)
    _require_same_model(fit, results, backtest)
    cases = results.cases
    free = cases[(cases["model"] == results.skill.model) & ~cases["given_n"].astype(bool)]
    own = free[free["dyad"].isin(fit.dyads) & within(free["origin"].str[:4].astype(int), results.skill.period)]
    if not len(own):
        raise DataError(
            f"backtest: {backtest} has no scored window of {join(fit.dyads)}. Run one of them: forecast backtest "
            f"{' '.join(fit.dyads)}"
        )
    horizons = sorted({int(own["horizon"].min()), main_horizon(own["horizon"].unique().tolist())})
    return tuple(_at(own[own["horizon"] == months], months) for months in horizons)


def _require_same_model(fit: "Fit", results: Results, backtest: str | Path) -> None:
    if fit.panel.attrs["frequency"] != "month":
        raise DataError("backtest: it is by month, and the fit by week; give a fit of months")
    if differing := results.skill.other_choices(fit.spec.to_dict()):
        raise DataError(
            f"backtest: {backtest} is of another model than the fit: it differs in {join(differing)}. Run one of the "
            "fit's form (forecast backtest --models), or check a fit of the form that was tested"
        )


def _at(cases: "pd.DataFrame", months: int) -> Ahead:
    origins = [date.fromisoformat(text) for text in cases["origin"]]
    ordered = cases.assign(day=origins).sort_values(["dyad", "day"])
    apart = np.concatenate([_apart(own["day"].tolist(), months) for _, own in ordered.groupby("dyad")])
    taken = ordered[apart]
    return Ahead(
        months=months,
        pit=taken["pit"].to_numpy(dtype=np.float64),
        windows=len(cases),
        dyads=tuple(sorted(taken["dyad"].unique())),
        first=min(taken["day"]),
        last=max(taken["day"]),
    )


def _apart(origins: Sequence[date], months: int) -> Bool:
    """Return which of ordered origins are taken so that windows of so many months do not overlap."""
    free, taken = date.min, []
    for origin in origins:
        taken.append(origin >= free)
        free = add_months(origin, months) if taken[-1] else free
    return np.array(taken, dtype=np.bool_)
