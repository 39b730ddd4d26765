r"""Marginal likelihoods of many models from draws of a few, where every draw has a density under every model.

Draws of all sampled models are pooled as if they came from their mixture, whose weights, the models' marginal
likelihoods, are the fixed point of the equations: the multistate Bennett acceptance ratio [1]_. Where neighbours
overlap it is far more precise than a bridge to each model alone, and models that were never sampled come for nothing.

References
----------
.. [1] Shirts and Chodera (2008), Statistically optimal analysis of samples from multiple equilibrium states,
   https://doi.org/10.1063/1.2978177; the same as reverse logistic regression, Geyer (1994).
"""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from scipy.optimize import minimize
from scipy.special import logsumexp

from forecast.typing import Bool, Float, Index

BATCHES = 10


@dataclass(frozen=True)
class Pool:
    """Draws of several models."""

    # Of every draw under every model that was sampled, data included, up to a constant of the draw.
    log_density: Float = field(repr=False)
    model: Index = field(repr=False)  # From which model each was drawn
    # Which of `BATCHES` consecutive stretches of its chain each comes from; errors are jackknifed over them.
    batch: Index = field(repr=False)
    near: Float | None = field(default=None, repr=False)  # Where to look for the solution first

    @cached_property
    def log_mixture(self) -> Float:
        """Log-density of every draw under the mixture, (draw,), up to one constant."""
        return self._mixture(self._solution)[1]

    def log_evidence(self, log_density: Float) -> float:
        """Log marginal likelihood of a model, sampled or not, from its densities (draw,), up to one constant."""
        return float(logsumexp(log_density - self.log_mixture))

    def weights(self, log_density: Float) -> Float:
        """Weights (draw,) that sum to 1 and make the pool a sample of a model."""
        return np.asarray(np.exp(log_density - self.log_mixture - self.log_evidence(log_density)))

    def effective(self, log_density: Float) -> float:
        """Return how many draws of a model the pool is worth, by its weights."""
        return float(1.0 / (self.weights(log_density) ** 2).sum())

    def log_ratio(self, first: Float, second: Float) -> tuple[float, float]:
        """Log ratio of two models' marginal likelihoods, and its Monte Carlo error."""
        value = self.log_evidence(first) - self.log_evidence(second)
        without = [pool.log_evidence(first[kept]) - pool.log_evidence(second[kept]) for kept, pool in self._left_out]
        return value, float(np.sqrt((BATCHES - 1) * np.var(without)))

    @cached_property
    def _left_out(self) -> "list[tuple[Bool, Pool]]":
        """Every batch left out in turn: which draws are kept, and their pool."""
        return [
            (kept, Pool(self.log_density[kept], self.model[kept], self.batch[kept], self._solution))
            for kept in (self.batch != left_out for left_out in range(BATCHES))
        ]

    @cached_property
    def _solution(self) -> Float:
        """Log marginal likelihoods of the models but the first, less that of the first, (model - 1,).

        By Newton's method: the equations are the gradient of a convex function.
        """
        counts = self._counts

        def value(free: Float) -> tuple[float, Float]:
            share, mixture = self._mixture(free)
            return float(mixture.sum() + counts[1:] @ free), (counts - share.sum(axis=0))[1:]

        def curvature(free: Float) -> Float:
            share, _ = self._mixture(free)
            # Not by BLAS, whose threads wait for each other where others use the cores.
            products = np.einsum("ni,nj->ij", share, share)
            return np.asarray((np.diag(share.sum(axis=0)) - products)[1:, 1:])

        start = np.zeros(counts.size - 1) if self.near is None else self.near
        if counts.size == 1:
            return start
        options = {"gtol": 1e-6 * counts.sum()}
        return np.asarray(minimize(value, start, jac=True, hess=curvature, method="trust-exact", options=options).x)

    def _mixture(self, free: Float) -> tuple[Float, Float]:
        """Share of every model in the mixture's density at every draw, (draw, model), and that density's logarithm."""
        terms = self.log_density + np.log(self._counts) - np.append(0.0, free)
        mixture = logsumexp(terms, axis=1)
        return np.exp(terms - mixture[:, None]), mixture

    @cached_property
    def _counts(self) -> Float:
        return np.bincount(self.model, minlength=self.log_density.shape[1]).astype(np.float64)
