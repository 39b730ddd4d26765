"""Importance weights of draws: how far they can be trusted, and draws without weights in their place."""

from dataclasses import dataclass

import numpy as np

from forecast.model.diagnostics import pareto_smoothed
from forecast.model.gate import ESS_LIMIT
from forecast.typing import Float, Index

PARETO_K_LIMIT = 0.7


@dataclass(frozen=True)
class Weights:
    """Weights of draws, with their diagnostics."""

    weight: Float  # Smoothed; each chain's sum to 1, for every chain is a sample of its own
    pareto_k: float  # Shape of the largest weights' tail; minus infinity if they have none: all alike, or a few values
    effective: float  # Effective number of draws, `1 / sum of squares`

    @property
    def alike(self) -> bool:
        """Whether all weigh the same."""
        return bool(np.ptp(self.weight) < 1e-12)

    @property
    def fault(self) -> str:
        """Why they may not be used, in words; empty if they may."""
        limit = pareto_k_limit(self.weight.size)
        if not self.pareto_k <= limit:
            return f"Pareto k of the draws' weights is {self.pareto_k:.2f}, limit {limit:.2f}"
        if not self.effective >= ESS_LIMIT:
            return f"the effective number of draws is {self.effective:.0f}, at least {ESS_LIMIT} needed"
        return ""


def pareto_k_limit(draws: int) -> float:
    """Largest Pareto k for which smoothed weights of so many draws are reliable, at most 0.7 [1]_.

    References
    ----------
    .. [1] Vehtari, Simpson, Gelman, Yao and Gabry (2024), Pareto smoothed importance sampling, Journal of Machine
       Learning Research 25(72), https://jmlr.org/papers/v25/19-556.html
    """
    return min(1.0 - 1.0 / float(np.log10(draws)), PARETO_K_LIMIT)


def smoothed(log_weight: Float) -> Weights:
    """Smooth weights by their generalised Pareto tail."""
    alive = np.isfinite(log_weight)
    scaled = log_weight - np.where(alive, log_weight, -np.inf).max(axis=1, keepdims=True)
    scaled = scaled - np.log(np.exp(scaled).mean(axis=1, keepdims=True))
    found, pareto_k = pareto_smoothed(scaled[alive]), -np.inf
    if found is not None:
        scaled = np.full(scaled.shape, -np.inf)
        scaled[alive], pareto_k = found
    weight = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    weight /= weight.sum(axis=1, keepdims=True)
    return Weights(weight, pareto_k, float(len(weight) ** 2 / (weight**2).sum()))


def resampled(weight: Float, rng: np.random.Generator, number: int | None = None) -> Index:
    """Draw places (chain, draw) in proportion to weights, systematically and within each chain [1]_.

    They are in order: copies of a draw stand side by side and chains stay chains, so that R-hat and effective sample
    sizes count the copies for what they are. Of each chain as many are drawn as there are, or ``number``.

    References
    ----------
    .. [1] Douc, Cappe and Moulines (2005), Comparison of resampling schemes for particle filtering,
       https://doi.org/10.1109/ISPA.2005.195385
    """
    draws = weight.shape[1]
    number, places = number or draws, []
    for own in weight:
        reach = np.cumsum(own)
        aim = (np.arange(number) + rng.random()) / number * reach[-1]
        places.append(np.minimum(np.searchsorted(reach, aim, side="right"), draws - 1))
    return np.array(places)
