r"""Ceiling: within an era the trend stays softly below a headroom.

The headroom is above the trend's value where the era began.

A step of the trend to :math:`x` is accepted with probability :math:`\Phi((C - x) / \omega)`, with
:math:`C` the ceiling and :math:`\omega` the softness, and else drawn again. The cycle may pass.
From an expected value :math:`m`, with the standard deviation :math:`s`, a step thus has the density

.. math:: N(x \mid m, s^2) \, \Phi\left(\frac{C - x}{\omega}\right) \Big/
          \Phi\left(\frac{C - m}{\sqrt{s^2 + \omega^2}}\right)

`Ceiling.log_density` has the two factors with :math:`\Phi`, `step_below` draws a step, and
`forecast.model.kernels.ceiling` is the same term with its gradient.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.special import log_ndtr, ndtri_exp

from forecast.base.typing import Bool, Float, Index
from forecast.model.process.declarations import ByDyad, Declared, Free, PriorValues, spread_around
from forecast.model.process.transition import standardised_headroom, variance_with_edge

CEILINGS = ("none", "framework")
SOFTNESS = 0.4
"""Spread of a ceiling's soft edge, log-odds: 10 points of share around the middle. A narrower one
is sampled badly."""


class Ceiling:
    """Ceilings of frameworks: headrooms vary around their dyad's, and these around a population."""

    def declare(self, priors: PriorValues, pool: bool) -> Declared:
        """Declare the logarithm of every dyad's headroom, and how eras spread around it."""
        return {
            "headroom_dyad": ByDyad("log_headroom", priors.headroom, priors.headroom_dyads, pool),
            "headroom_era_sd": spread_around("headroom_era_sd", priors.headroom_eras),
            "headroom_raw": Free("headroom_raw", dims=("era",)),
        }

    def add_headroom(self, priors: PriorValues, pool: bool, era_dyad: Index) -> Any:
        """Add the headroom of every era, (era,), to the PyMC model on the context stack."""
        import pymc as pm
        import pytensor.tensor as pt

        dyad, spread, raw = (parameter.add() for parameter in self.declare(priors, pool).values())
        dyad = pm.Deterministic("headroom_dyad", dyad, dims="dyad")
        return pm.Deterministic("headroom", pt.exp(dyad[era_dyad] + spread * raw), dims="era")

    def log_density(
        self, ceiling: Any, trend: Any, expected: Any, scale: Any, data: Mapping[str, Any]
    ) -> Any:
        """Return what ceilings, (era,), add to the log-density of the trend's steps within an era.

        The result is a PyTensor expression. For each step it has the logarithm of the probability
        that the step is accepted, less the logarithm of the same probability before the step.
        """
        import pytensor.tensor as pt
        from pymc.distributions.dist_math import normal_lcdf

        start = data["era_start"][data["node_era"]]
        ceiling = ceiling[data["node_era"]]
        spread = pt.sqrt(variance_with_edge(scale * scale, SOFTNESS))
        accepted = normal_lcdf(0.0, 1.0, standardised_headroom(ceiling, trend, SOFTNESS))
        mass = normal_lcdf(0.0, 1.0, standardised_headroom(ceiling, expected, spread))
        # The node where an era begins sets its ceiling; before a first era there is none yet.
        without_ceiling = pt.le(pt.arange(trend.shape[0]), start)
        return pt.where(without_ceiling, 0.0, accepted - mass).sum()

    def begin(
        self,
        ceiling: Float,
        trend: Float,
        begins: Bool | bool,
        parameters: Mapping[str, Any],
        rng: np.random.Generator,
        headroom: Float | None = None,
    ) -> Float:
        """Return the ceilings after some eras began.

        A headroom that is not given is drawn from the dyad's.
        """
        if headroom is not None:
            return np.where(begins, trend + headroom, ceiling)
        begins = np.broadcast_to(begins, trend.shape)
        centre, spread = (
            np.broadcast_to(parameters[name], trend.shape)[begins]
            for name in ("headroom_dyad", "headroom_era_sd")
        )
        ceilings = ceiling.copy()
        ceilings[begins] = trend[begins] + np.exp(
            centre + spread * rng.standard_normal(centre.size)
        )
        return ceilings

    def reflect(self, trend: Float, ceiling: Float) -> Float:
        """Return trends with the parts above the ceiling reflected below it."""
        return np.asarray(trend - 2.0 * np.maximum(trend - ceiling, 0.0))


def step_below(
    mean: Float,
    scale: Float | float,
    ceiling: Float | None,
    rng: np.random.Generator,
    softness: float = SOFTNESS,
) -> Float:
    r"""Draw the trend's next value, :math:`N(m, s)` given that it stays softly below a ceiling.

    A value is accepted if it stays below the ceiling after adding normal noise with the softness as
    its spread. The sum of both is drawn first, below the ceiling and without rejections; then the
    value given the sum.
    """
    if ceiling is None:
        return np.asarray(mean + scale * rng.standard_normal(np.shape(mean)))
    variance = np.square(scale)
    sd_of_sum = np.sqrt(variance_with_edge(variance, softness))
    log_mass = log_ndtr(standardised_headroom(ceiling, mean, sd_of_sum))
    standardised_sum = ndtri_exp(np.log(rng.random(np.shape(mean))) + log_mass)
    return np.asarray(
        mean
        + variance / sd_of_sum * standardised_sum
        + scale * softness / sd_of_sum * rng.standard_normal(np.shape(mean))
    )
