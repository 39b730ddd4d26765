"""Prior and posterior compared: which parameters the data inform, and by how much."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from forecast.dates import periods_a_month
from forecast.model.declarations import ByDyad, Free
from forecast.model.dynamics import declare_cycle
from forecast.model.observation import side
from forecast.model.posterior import flat
from forecast.model.trend import declare_headroom, declare_trend
from forecast.model.variables import all_variables
from forecast.typing import Float

if TYPE_CHECKING:
    from forecast.model.fitted import Fit

DRAWS = 100_000
LEVELS = (0.05, 0.5, 0.95)
COLUMNS = ["quantity", "unit", "prior_low", "prior", "prior_high", "low", "median", "high", "variance_left"]


def prior_beside_posterior(fit: "Fit", dyad: str, *, seed: int = 1) -> pd.DataFrame:
    """Compare prior and posterior of the parameters of trend, cycle, ceiling and sides of one dyad."""
    place = fit.dyads.index(dyad)
    rng, months = np.random.default_rng(seed), periods_a_month(fit.panel)
    rows = []
    for name, prior, positive in _priors(fit, rng):
        variable = all_variables()[name]
        after = flat(fit.posterior[name].isel(dyad=place) if "dyad" in variable.dims else fit.posterior[name])
        if variable.dims == ("era",):
            after = after[:, fit.panel["era_index"].to_numpy()[place, -1]]
        after = after.reshape(len(after), -1)[:, 0]
        left = float(np.var(np.log(after) if positive else after) / np.var(prior))
        before, unit = np.exp(prior) if positive else prior, variable.unit
        if unit == "periods":
            before, after, unit = before / months, after / months, "months"
        values = [*np.quantile(before, LEVELS), *np.quantile(after, LEVELS)]
        rows.append([variable.label or name, unit, *values, left])
    return pd.DataFrame(rows, columns=COLUMNS)


def _priors(fit: "Fit", rng: np.random.Generator) -> Iterator[tuple[str, Float, bool]]:
    """Yield variables, draws of their priors on the scale where these are normal, and whether it is logarithmic."""
    spec, panel = fit.spec, fit.panel
    pool = spec.pooling and panel.sizes["dyad"] > 1
    paced = spec.priors.paced(periods_a_month(panel))
    declared = declare_trend(spec, paced, pool) | (declare_cycle(paced, pool) if spec.has_cycle else {})
    if spec.observation == "sides":
        declared |= side.declare(spec, pool)
    for name, one in declared.items():
        if name in fit.posterior:
            yield name, _drawn(one, rng), one.positive
    if spec.has_ceiling:
        dyad, spread, _ = declare_headroom(paced, pool).values()
        drawn = _drawn(dyad, rng) + np.exp(_drawn(spread, rng)) * rng.standard_normal(DRAWS)
        yield "headroom", drawn, True


def _drawn(one: Free | ByDyad, rng: np.random.Generator) -> Float:
    """Draw from a prior, on the scale on which it is normal."""
    if isinstance(one, Free):
        centre, sd = one.prior
        return centre + sd * rng.standard_normal(DRAWS)
    if len(one.free) == 1:
        return _drawn(one.free[0], rng)
    population, spread, _ = one.free
    return _drawn(population, rng) + np.exp(_drawn(spread, rng)) * rng.standard_normal(DRAWS)
