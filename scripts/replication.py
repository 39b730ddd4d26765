"""Replicate two findings of the field on records that others coded.

They are fractional integration, and who answers whom.

    python scripts/replication.py FOLDER

FOLDER has ``copdab_months.csv`` (the R package sTSD: monthly mean intensity by direction) and
``israel_palestine_weeks.csv`` (the R package MSBVAR: weekly Goldstein sums by direction). Of each
directed pair of COPDAB the order of integration d is estimated by exact maximum likelihood of
ARFIMA(0, d, 0) and by local Whittle. Of Israel and the Palestinians Granger tests of a vector
autoregression are made, as MSBVAR documents them.
"""

import math
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.linalg import cho_solve, cholesky, toeplitz
from scipy.optimize import minimize_scalar
from statsmodels.tsa.api import VAR

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from forecast.base.errors import DataError  # noqa: E402

type Float = NDArray[np.float64]

COPDAB = "copdab_months.csv"
WEEKS = "israel_palestine_weeks.csv"
DIRECTIONS = ("eg2is", "is2eg", "us2ussr", "ussr2us", "us2fra", "fra2us", "us2is", "is2us")
LEAST_ORDER = -0.3  # of exact likelihood
MOST_ORDER = 0.49  # from 0.5 on a path has no long-run variance
WHITTLE_ORDERS = (-0.5, 1.2)  # among which local Whittle seeks
CURVATURE_STEP = 0.01  # in d, of the second difference that gives the standard error
SMALLEST_CURVATURE = 1e-9  # of that difference, where the likelihood is flat
BANDWIDTH = 0.65  # power of the number of months that local Whittle uses of frequencies
WEEK_LAGS = 6  # those of MSBVAR's documented call granger.test(IsraelPalestineConflict, p = 6)
MIN_MEMORY_MONTHS = 120  # that an estimate of long memory needs


@dataclass(frozen=True)
class Memory:
    """The order of integration of a series, with standard errors."""

    series: str
    months: int
    zeros: int  # Months without events, which the source writes as 0; kept, as in the field
    exact: float
    exact_error: float
    whittle: float
    whittle_error: float


def autocovariances(order: float, size: int) -> Float:
    """Return the autocovariances of ARFIMA(0, d, 0) with innovations of variance one."""
    lag = np.arange(1, size)
    variance = math.exp(math.lgamma(1.0 - 2.0 * order) - 2.0 * math.lgamma(1.0 - order))
    return np.asarray(
        variance * np.concatenate([[1.0], np.cumprod((lag - 1.0 + order) / (lag - order))])
    )


def negative_log_likelihood(order: float, values: Float) -> float:
    """Return the exact negative log-likelihood at its maximum.

    With it go mean and variance of innovations.
    """
    size = len(values)
    lower = cholesky(toeplitz(autocovariances(order, size)), lower=True)
    ones = np.ones(size)
    solved = cho_solve((lower, True), ones)
    residual = values - (solved @ values) / (solved @ ones)
    variance = residual @ cho_solve((lower, True), residual) / size
    return float(0.5 * size * math.log(variance) + np.log(np.diag(lower)).sum())


def exact_order(values: Float) -> tuple[float, float]:
    """Return d by exact maximum likelihood, and its standard error from the curvature there."""
    bounds = LEAST_ORDER, MOST_ORDER
    order = minimize_scalar(
        negative_log_likelihood, bounds=bounds, args=(values,), method="bounded"
    ).x
    middle = min(order, MOST_ORDER - CURVATURE_STEP)
    below, centre, above = (
        negative_log_likelihood(middle + step, values)
        for step in (-CURVATURE_STEP, 0.0, CURVATURE_STEP)
    )
    curvature = max(below + above - 2.0 * centre, SMALLEST_CURVATURE)
    return float(order), CURVATURE_STEP / math.sqrt(curvature)


def whittle_order(values: Float) -> tuple[float, float]:
    """Return d by local Whittle from the lowest frequencies, and its standard error."""
    size = len(values)
    number = int(size**BANDWIDTH)
    frequency = 2.0 * np.pi * np.arange(1, number + 1) / size
    power = np.abs(np.fft.fft(values - values.mean())[1 : number + 1]) ** 2

    def loss(order: float) -> float:
        return float(
            np.log((frequency ** (2.0 * order) * power).mean())
            - 2.0 * order * np.log(frequency).mean()
        )

    order = minimize_scalar(loss, bounds=WHITTLE_ORDERS, method="bounded").x
    return float(order), 0.5 / math.sqrt(number)


def memories(path: Path) -> list[Memory]:
    """Estimate the order of integration of every directed pair of a COPDAB file."""
    table = pd.read_csv(path)
    if missing := [name for name in DIRECTIONS if name not in table]:
        raise DataError(f"{path}: has no column {missing[0]}; give the months of sTSD's exCopdab")
    if len(table) < MIN_MEMORY_MONTHS:
        raise DataError(f"{path}: has {len(table)} months; expected {MIN_MEMORY_MONTHS} at least")
    estimates = []
    for name in DIRECTIONS:
        values = table[name].to_numpy(np.float64)
        orders = (*exact_order(values), *whittle_order(values))
        estimates.append(Memory(name, len(values), int((values == 0.0).sum()), *orders))
    return estimates


def granger_tests(path: Path) -> pd.DataFrame:
    """Return F and p by direction: how far past weeks of one side help to predict the other."""
    table = pd.read_csv(path)
    names = ["israel_to_palestine", "palestine_to_israel"]
    if missing := [name for name in names if name not in table]:
        raise DataError(
            f"{path}: has no column {missing[0]}; "
            "give the weeks of MSBVAR's IsraelPalestineConflict"
        )
    fitted = VAR(table[names].to_numpy(np.float64)).fit(WEEK_LAGS)
    rows = []
    for cause, effect in ((1, 0), (0, 1)):
        test = fitted.test_causality(effect, cause, kind="f")
        rows.append(
            {
                "cause": names[cause],
                "effect": names[effect],
                "F": test.test_statistic,
                "p": test.pvalue,
            }
        )
    return pd.DataFrame(rows)


def report(folder: Path) -> str:
    """Return both replications as tables of Markdown."""
    names = "direction | months | zeros | d, exact ML (s.e.) | d, local Whittle (s.e.)"
    heads = f"| {names} |\n|---|---|---|---|---|"
    rows = [
        f"| {memory.series} | {memory.months} | {memory.zeros} "
        f"| {memory.exact:.2f} ({memory.exact_error:.2f}) "
        f"| {memory.whittle:.2f} ({memory.whittle_error:.2f}) |"
        for memory in memories(folder / COPDAB)
    ]
    tests = [
        f"| {row.cause} | {row.effect} | {row.F:.1f} | {row.p:.1e} |"
        for row in granger_tests(folder / WEEKS).itertuples()
    ]
    granger = f"| cause | effect | F of {WEEK_LAGS} lags | p |\n|---|---|---|---|"
    return "\n".join([heads, *rows, "", granger, *tests])


if __name__ == "__main__":
    print(report(Path(sys.argv[1])))
