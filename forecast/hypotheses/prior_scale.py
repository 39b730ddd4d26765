"""Sensitivity of a marginal likelihood to the width of the relevant priors."""

from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import logsumexp
from scipy.stats import halfnorm, lognorm, norm

from forecast.clock import periods_a_month
from forecast.model.declarations import SPREAD_OF_SPREADS, Prior
from forecast.model.dynamics import cycles
from forecast.model.gate import ESS_LIMIT
from forecast.typing import Float

if TYPE_CHECKING:
    from forecast.model import Fit
    from forecast.model.priors import Priors

FACTORS = (0.5, 2.0)
DRIVERS, KINDS = "driver_effects", "kind_eras"
SIDES = ("depth", "severity")
# The prior of a dyad alone is as wide as the population's and its spread together.
POOLED = {
    "cycle_half_life": "cycle_half_life_dyads",
    "cycle_sd": "cycle_sd_dyads",
    "headroom": "headroom_dyads",
}


def prior_sensitivity(fitted: "Fit") -> list[dict[str, Any]]:
    """Return by how much the log marginal likelihood changes with priors half and twice as wide.

    The marginal likelihood under another prior is the present one times the posterior mean of the ratio of the priors;
    no fit is needed. Rows of ``prior``, ``factor``, ``change``, ``error``; NaN where fewer than 400 draws effectively
    carry the mean. Only for a fit of one dyad; priors that its model does not use have no row.
    """
    names = [name for name in (*POOLED, KINDS, DRIVERS, *_of_cycles()) if _is_used(fitted, name)]
    rows = []
    for name, factor in product(names, FACTORS):
        change, error = _log_mean_ratio(fitted, name, factor)
        rows.append({"prior": name, "factor": factor, "change": change, "error": error})
    return rows


def _is_used(fitted: "Fit", name: str) -> bool:
    if name == KINDS:
        return fitted.spec.kind_drift == "eras" and any(f"{side}_shift" in fitted.posterior for side in SIDES)
    own = _of_cycles()
    variable = {DRIVERS: "driver_effects_sd", "headroom": "headroom_dyad"}.get(
        name, own[name].about if name in own else name
    )
    return variable in fitted.posterior


def _log_mean_ratio(fitted: "Fit", name: str, factor: float) -> tuple[float, float]:
    value = _with_prior(fitted, name)
    priors = fitted.spec.priors.paced(periods_a_month(fitted.panel))
    ratio = np.exp(_log_prior(value, name, priors, factor) - _log_prior(value, name, priors, 1.0))
    effective = ratio.sum() ** 2 / (ratio**2).sum()
    if effective < ESS_LIMIT:
        return float("nan"), float("nan")
    return float(np.log(ratio.mean())), float(ratio.std() / ratio.mean() / np.sqrt(ratio.size / 4))


def _of_cycles() -> dict[str, Prior]:
    """Priors of cycles that are about a variable of the posterior, by name."""
    return {prior.name: prior for cycle in cycles() for prior in cycle.priors if prior.about}


def _with_prior(fitted: "Fit", name: str) -> Float:
    """Draws of the quantity that the prior is about."""
    posterior, own = fitted.posterior, _of_cycles()
    if name == DRIVERS:
        return np.ravel(posterior["driver_effects_sd"].to_numpy())
    if name == KINDS:
        return _shifts_of_eras(fitted)
    if name == "headroom":
        return np.ravel(np.exp(posterior["headroom_dyad"].to_numpy()))
    if name == "cycle_half_life":
        cycle = fitted.spec.cycle_model
        read = [variable.name for variable in cycle.variables if variable.name in posterior]
        return cycle.linear_half_life({one: np.ravel(posterior[one].to_numpy()) for one in (name, *read)})
    return np.ravel(posterior[own[name].about if name in own else name].to_numpy())


def _log_prior(value: Float, name: str, priors: "Priors", factor: float) -> Float:
    prior, own = getattr(priors, name), _of_cycles().get(name)
    if name == KINDS:
        return _log_density_of_shifts(value, factor * prior)
    if name == DRIVERS or (own is not None and own.family == "half-normal"):
        return np.asarray(halfnorm(scale=factor * prior).logpdf(value))
    if own is not None and own.family == "normal":
        return np.asarray(norm(0.0, factor * prior).logpdf(value))
    dyads = POOLED.get(name, "" if own is None else own.dyads)
    spread = np.hypot(prior[1], getattr(priors, dyads)) if dyads else prior[1]
    return np.asarray(lognorm(factor * spread, scale=np.exp(prior[0])).logpdf(value))


def _shifts_of_eras(fitted: "Fit") -> Float:
    """Return by how much the eras of a dyad shift kinds, (draw, side and dataset, era)."""
    eras = fitted.panel.sizes["era"]
    shifts = [fitted.posterior[f"{side}_shift"] for side in SIDES if f"{side}_shift" in fitted.posterior]
    draws = [shift.transpose("chain", "draw", ...).to_numpy() for shift in shifts]
    return np.concatenate([own.reshape(own.shape[0] * own.shape[1], -1, eras) for own in draws], axis=1)


def _log_density_of_shifts(shifts: Float, typical: float) -> Float:
    """Return the log-density of shifts, (draw,), but for a constant: normal, averaged over the prior of their spread.

    A fit keeps the shifts and not their spread, of which each side and dataset has one of its own.
    """
    deviation = np.linspace(-6.0, 6.0, 121)
    spread, weight = typical * np.exp(SPREAD_OF_SPREADS * deviation), norm.logpdf(deviation)
    squares = (shifts**2).sum(axis=-1)[..., None]
    given = weight - 0.5 * squares / spread**2 - shifts.shape[-1] * np.log(spread)
    return np.asarray(logsumexp(given, axis=-1).sum(axis=-1))
