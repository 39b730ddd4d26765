"""A fit run short, for those who need hundreds, says what a long one says, within the error
that it states."""

import numpy as np
import pytest
import xarray as xr
from arviz_stats import mcse

from forecast import build_panel, fit, read_chronology
from forecast.data.events import hierarchy
from forecast.model.variables import reported_variables
from forecast.outlook import assess

pytestmark = pytest.mark.slow
LEVELS = {"mean": None, "low": 0.05, "high": 0.95}


@pytest.fixture(scope="module")
def fits():
    panel = build_panel(read_chronology(), dyads=hierarchy("USA-CHN"))
    return [fit(panel, draws=draws, seed=seed) for draws, seed in ((500, 1), (2500, 2))]


def reported(fitted):
    """What the gate watches, level and trend at every twelfth month, as (chain, draw, quantity)."""
    posterior = fitted.posterior
    columns = []
    for name in reported_variables().values():
        if name in posterior:
            values = posterior[name].isel(time=slice(None, None, 12), missing_dims="ignore")
            columns.append(
                values.transpose("chain", "draw", ...).to_numpy().reshape(*values.shape[:2], -1)
            )
    return xr.Dataset({"x": (("chain", "draw", "quantity"), np.concatenate(columns, axis=-1))})


def summarised(draws, level):
    """Mean or quantile of every quantity, and its Monte Carlo error."""
    flat = draws["x"].stack(all=("chain", "draw"))
    if level is None:
        return flat.mean("all").to_numpy(), mcse(draws, method="mean")["x"].to_numpy()
    return flat.quantile(level, "all").to_numpy(), mcse(draws, method="quantile", prob=level)[
        "x"
    ].to_numpy()


@pytest.mark.parametrize("level", LEVELS.values(), ids=LEVELS)
def test_short_and_long_agree_within_their_monte_carlo_errors(fits, level):
    """Their differences in units of the errors stated.

    Some 3,000 quantities, most of them strongly dependent. Were all independent and normal, the
    largest of 3,000 would exceed 5 once in 600 runs; the errors are themselves estimated, from some
    400 effective draws.
    """
    short, long = (reported(one) for one in fits)
    moving = ~(short["x"] == short["x"][0, 0]).all(("chain", "draw"))
    (one, one_error), (two, two_error) = (
        summarised(draws.isel(quantity=moving), level) for draws in (short, long)
    )
    off = (one - two) / np.hypot(one_error, two_error)
    assert off.size > 500
    assert np.abs(off).max() < 5.0
    assert np.sqrt(np.mean(off**2)) < 1.5


def test_short_and_long_forecast_the_same_within_their_errors(fits):
    short, long = (assess(one, "USA-CHN", seed=1) for one in fits)
    for horizon, of_short in short.improvement.items():
        of_long = long.improvement[horizon]
        for kind in ("improvement", "deterioration"):
            one, other = getattr(of_short, kind), getattr(of_long, kind)
            assert abs(one.value - other.value) < 4 * np.hypot(one.mcse, other.mcse), (
                horizon,
                kind,
            )
