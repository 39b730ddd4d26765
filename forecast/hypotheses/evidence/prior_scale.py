"""How a Bayes factor depends on the width of the priors that matter for it."""

from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import halfnorm, lognorm, norm

from forecast.clock import periods_a_month
from forecast.errors import SpecError
from forecast.model.dynamics import widening
from forecast.model.gate import ESS_LIMIT
from forecast.model.parameters import SPREAD_OF_SPREADS
from forecast.typing import Float

if TYPE_CHECKING:
    import pandas as pd

    from forecast.model import Fit
    from forecast.model.priors import Priors

FACTORS = (0.5, 2.0)
# The prior of a dyad alone is as wide as the population's and its spread together.
POOLED = {
    "half_life": "half_life_dyads",
    "sd": "sd_dyads",
    "period": "period_dyads",
    "headroom": "headroom_dyads",
    "headroom_walk": "headroom_dyads",
}
# What the priors of a pull's shape are about: see `forecast.model.dynamics.widening`.
INNER = {"band": "inner_band", "stiffening": "inner_stiffening"}
SCALABLE = (*POOLED, *INNER, "lean", "depth_eras")


def prior_sensitivity(fitted: "Fit", scales: tuple[str, ...], log_bayes_factor: float, error: float) -> "pd.DataFrame":
    """Give the Bayes factor with priors of the claim's model half and twice as wide.

    The marginal likelihood under another prior is the present one times the posterior mean of the ratio of the priors;
    no fit is needed. Columns ``prior``, ``factor``, ``log_bayes_factor``, ``error``; NaN where fewer than 400
    draws effectively carry the mean.
    """
    import pandas as pd

    rows = [{"prior": "", "factor": 1.0, "log_bayes_factor": log_bayes_factor, "error": error}]
    for name in scales:
        for factor in FACTORS:
            change, own = _log_mean_ratio(fitted, name, factor)
            rows.append({
                "prior": name, "factor": factor, "log_bayes_factor": log_bayes_factor + change,
                "error": float(np.hypot(error, own)),
            })  # fmt: skip
    return pd.DataFrame(rows)


def _log_mean_ratio(fitted: "Fit", name: str, factor: float) -> tuple[float, float]:
    if name not in SCALABLE:
        raise SpecError(f"prior: {name!r} cannot be widened here; known are {', '.join(SCALABLE)}")
    value = _with_prior(fitted, name)
    priors = fitted.spec.priors.paced(periods_a_month(fitted.panel))
    ratio = np.exp(_log_prior(value, name, priors, factor) - _log_prior(value, name, priors, 1.0))
    effective = ratio.sum() ** 2 / (ratio**2).sum()
    if effective < ESS_LIMIT:
        return float("nan"), float("nan")
    return float(np.log(ratio.mean())), float(ratio.std() / ratio.mean() / np.sqrt(value.size / 4))


def _with_prior(fitted: "Fit", name: str) -> Float:
    """Draws of the quantity that the prior is about."""
    posterior, dynamics = fitted.posterior, fitted.spec.dynamics
    if name == "depth_eras":
        return np.ravel(posterior["depth_sd"].to_numpy())
    if name in ("headroom", "headroom_walk"):  # a pendulum's is in units of its spread
        unit = posterior["sd"].to_numpy() if name == "headroom" else 1.0
        return np.ravel(np.exp(posterior["headroom_dyad"].to_numpy()) / unit)
    value = np.ravel(posterior[INNER.get(name, name)].to_numpy())
    if name != "half_life" or dynamics not in ("band", "cubic"):
        return value
    shape = {own: np.ravel(posterior[INNER.get(own, own)].to_numpy()) for own in (*INNER, "lean") if own in posterior}
    wide = [widening(dynamics, {own: draws[i] for own, draws in shape.items()}) for i in range(value.size)]
    return np.asarray(value * np.array(wide))


def _log_prior(value: Float, name: str, priors: "Priors", factor: float) -> Float:
    prior = getattr(priors, name)
    if name == "stiffening":
        return np.asarray(halfnorm(scale=factor * prior).logpdf(value))
    if name == "lean":
        return np.asarray(norm(0.0, factor * prior).logpdf(value))
    if name == "depth_eras":  # the typical size of depths, itself log-normal
        return np.asarray(lognorm(SPREAD_OF_SPREADS, scale=factor * prior).logpdf(value))
    spread = np.hypot(prior[1], getattr(priors, POOLED[name])) if name in POOLED else prior[1]
    return np.asarray(lognorm(factor * spread, scale=np.exp(prior[0])).logpdf(value))
