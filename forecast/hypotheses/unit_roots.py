"""Unit root tests from the textbook, each with its null hypothesis in words, on the observed shares.

These tests are only a cross-check. An observed share is subject to month-specific noise and small event counts, and
such noise makes these tests reject a true random walk far too often [1]_. The package tests the underlying level
instead.

References
----------
.. [1] Schwert (1989), Tests for unit roots: a Monte Carlo investigation,
   https://doi.org/10.1080/07350015.1989.10509723
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.errors import DataError, ForecastError

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from numpy.typing import NDArray

SIGNIFICANCE = 0.05
FEWEST = 36
"""Months with a value; the tests promise nothing in fewer."""
CAUTION = (
    "These tests see the observed shares, in which every month's news and the few events of a month are mixed with the "
    "level. Such noise makes all but KPSS take a random walk for a pendulum too often, so that they stand here "
    "as a cross-check and not as evidence."
)
_STRETCH = 12


@dataclass(frozen=True)
class UnitRoot:
    """Result of one unit root test."""

    name: str  # Of the test
    null: str  # What it takes for granted unless the series speaks against it
    statistic: float  # As `arch` computes them
    p_value: float
    lags: int  # Lags used, by the test's own rule
    says: str  # The outcome in words, at 5 %


@dataclass(frozen=True)
class _Test:
    kind: str
    name: str
    null: str
    rejected: str
    kept: str
    options: dict[str, Any]


_WALK = "The observed share is a random walk: it has a unit root, and nothing reverts."
_NO_WALK, _MAY_WALK = "it is no random walk", "it may be a random walk"
_TESTS = (
    _Test("ADF", "Augmented Dickey-Fuller", _WALK, _NO_WALK, _MAY_WALK, {}),
    _Test(
        "KPSS",
        "KPSS",
        "The observed share is stationary: it varies around one level, without a unit root.",
        "it does not vary around one level",
        "it may vary around one level",
        {"lags": -1},  # Schwert's rule; the one by the data is too short for slow reversion, and then rejects too often
    ),
    _Test("PhillipsPerron", "Phillips-Perron", _WALK, _NO_WALK, _MAY_WALK, {}),
    _Test(
        "VarianceRatio",
        "Variance ratio over 12 periods",
        "The observed share is a random walk: the variance of its change over twelve periods is twelve times "
        "that over one.",
        _NO_WALK,
        _MAY_WALK,
        {"lags": _STRETCH},
    ),
)


def observed_series(panel: "xr.Dataset", dyad: str) -> "pd.Series[float]":
    """Return the observed share of cooperative events by period, or the index, missing where there is none.

    Of several datasets it is that of the first: added up they would jump where another begins or ends.
    """
    from forecast.panel import panel_kind

    own = panel.isel(dataset=[0]) if "dataset" in panel.dims else panel
    return panel_kind(own).series(own, dyad)


def unit_roots(series: "pd.Series[float]") -> tuple[UnitRoot, ...]:
    """Put a series to four tests for a unit root.

    Augmented Dickey-Fuller [1]_ (lags by AIC), KPSS [2]_ (Schwert's lags), Phillips-Perron [3]_ and the variance
    ratio over twelve periods, robust to changing variance [4]_. Periods without a value are left out, and what is on
    either side of them is taken for neighbours; the outcome says how many.

    References
    ----------
    .. [1] Said and Dickey (1984), https://doi.org/10.1093/biomet/71.3.599
    .. [2] Kwiatkowski et al. (1992), https://doi.org/10.1016/0304-4076(92)90104-Y
    .. [3] Phillips and Perron (1988), https://doi.org/10.1093/biomet/75.2.335
    .. [4] Lo and MacKinlay (1988), https://doi.org/10.1093/rfs/1.1.41
    """
    values = series.to_numpy(dtype=float)
    seen = values[np.isfinite(values)]
    if len(seen) < FEWEST:
        raise DataError(
            f"unit roots: {len(seen)} periods have a value; at least {FEWEST} are needed. Take a longer record"
        )
    if np.ptp(seen) == 0:
        raise DataError(f"unit roots: all {len(seen)} values are {seen[0]:g}; a series that never moves has no test")
    tests, gaps = require_arch(), _gaps(values)
    from arch.utility.exceptions import InfeasibleTestException

    try:
        # A regression that fits perfectly has the logarithm of no variance among its criteria.
        with np.errstate(invalid="ignore", divide="ignore"):
            return tuple(_outcome(test, getattr(tests, test.kind)(seen, **test.options), gaps) for test in _TESTS)
    except InfeasibleTestException as error:
        raise DataError("unit roots: the series is so regular that its past predicts it exactly") from error


def require_arch() -> Any:
    """Import the tests of `arch`, or say how to get them."""
    try:
        from arch import unitroot
    except ImportError as error:
        raise ForecastError(
            "The tests for a unit root need the package arch, which is not installed. Run "
            "`pip install 'pendulum-forecast[hypotheses]'`, or in a checkout scripts/bootstrap"
        ) from error
    return unitroot


def _outcome(test: _Test, result: Any, gaps: str) -> UnitRoot:
    rejected = result.pvalue < SIGNIFICANCE
    said = f"rejects its null: {test.rejected}" if rejected else f"does not reject its null: {test.kept}"
    return UnitRoot(test.name, test.null, float(result.stat), float(result.pvalue), int(result.lags), f"{said}{gaps}")


def _gaps(values: "NDArray[Any]") -> str:
    """Count how many periods between the first and the last value have none."""
    there = np.flatnonzero(np.isfinite(values))
    inside = int(there[-1] - there[0] + 1)
    missing = inside - len(there)
    return f" ({missing} of {inside} periods have no value and are left out)" if missing else ""
