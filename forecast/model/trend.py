"""Trend, the slow component of the level, and the ceiling that a framework imposes on it.

The trend is a process that reverts to the dyad's long-run mean, a random walk, or one value per era. Its transition
over many months is exact; its step in the first month of an era is larger. Within an era the trend is reflected softly
below a ceiling, a headroom above its value at the start of the era; the cycle may exceed it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import log_ndtr, ndtri_exp

from forecast.model.declarations import ByDyad, Declared, Free, spread_around
from forecast.typing import Float, Index

if TYPE_CHECKING:
    from forecast.model.arrays import PanelArrays
    from forecast.model.dynamics import Transitions
    from forecast.model.priors import Priors
    from forecast.model.spec import PendulumSpec

TRENDS = ("reverting", "walk", "constant")


@dataclass(frozen=True)
class Trend:
    """Parameters of a trend that moves, as PyTensor variables or arrays."""

    mean: Any  # Long-run mean, to which it returns; of a walk, the centre of where it starts
    step: Any  # Standard deviation of a period's step, log-odds
    jump: Any  # Standard deviation of what the beginning of an era adds; zero without jumps
    start_sd: float  # Standard deviation of the first value around the mean
    retention: Any  # Fraction of its distance from the mean left after a period; 1 for a walk

    def transitions(self, pairs: Mapping[str, Any], backend: Any = np) -> "Transitions":
        """Return drift, carry and scale from node to node, each (node,)."""
        dyad, gap, pair_of = pairs["pair_dyad"], pairs["pair_gap"], pairs["pair_of_node"]
        first = backend.equal(gap, 0)
        carry = backend.where(first, 0.0, self.retention**gap)
        variance = self.step[dyad] ** 2 * gathered(self.retention, gap)
        variance = variance + self.jump**2 * pairs["pair_new_era"]
        # A first node has no gap: the one added there only keeps the root's slope finite.
        scale = backend.where(first, self.start_sd, backend.sqrt(backend.where(first, 1.0, variance)))
        return (self.mean[dyad] * (1.0 - carry))[pair_of], carry[pair_of], scale[pair_of]


def gathered(retention: Any, periods: Any) -> Any:
    """Return the variance of so many unit steps, each carried to the end: the sum of even powers of the retention."""
    if isinstance(retention, float) and retention == 1.0:
        return periods
    return (1.0 - retention ** (2 * periods)) / (1.0 - retention**2)


def declare_trend(spec: "PendulumSpec", priors: "Priors", pool: bool) -> Declared:
    """Declare the parameters of a trend; priors in periods."""
    declared: Declared = {}
    if spec.trend != "walk":
        declared["trend_mean"] = ByDyad("trend_mean", priors.trend_mean, priors.trend_mean_dyads, pool)
    if spec.moves:
        step = ByDyad("log_trend_step", priors.trend_step, priors.trend_step_dyads, pool, positive=True)
        declared["trend_step"] = step
    if spec.jumps:
        declared["trend_jump"] = spread_around("trend_jump", priors.trend_jump)
    if spec.jumps and not spec.moves:
        declared["trend_jump_raw"] = Free("trend_jump_raw", dims=("era",))
    if spec.reverts:
        declared["trend_half_life"] = Free("trend_half_life", priors.trend_half_life, positive=True)
    return declared


def add_trend(spec: "PendulumSpec", priors: "Priors", pool: bool) -> Trend:
    """Add the parameters of a moving trend to the PyMC model on the context stack; priors in periods."""
    import pymc as pm
    import pytensor.tensor as pt

    own = declare_trend(spec, priors, pool)
    if "trend_mean" in own:
        mean = own["trend_mean"].add()
    else:  # a walk has none, and starts around the centre
        mean = pt.full(pm.modelcontext(None).dim_lengths["dyad"], priors.trend_mean[0])
    mean = pm.Deterministic("trend_mean", mean, dims="dyad")
    step = pm.Deterministic("trend_step", own["trend_step"].add(), dims="dyad")
    jump: Any = own["trend_jump"].add() if spec.jumps else pt.constant(0.0)
    retention: Any = pt.constant(1.0)
    if spec.reverts:
        retention = 0.5 ** (1.0 / own["trend_half_life"].add())
    retention = pm.Deterministic("trend_retention", retention)
    return Trend(mean, step, jump, priors.trend_start, 1.0 if spec.trend == "walk" else retention)


def add_constant(spec: "PendulumSpec", priors: "Priors", arrays: "PanelArrays", pool: bool) -> Any:
    """Add a constant trend, (era,): the dyad's mean, and with jumps an era's own value around it."""
    import pymc as pm

    own = declare_trend(spec, priors, pool)
    mean = pm.Deterministic("trend_mean", own["trend_mean"].add(), dims="dyad")[arrays.era_dyad]
    if spec.jumps:
        mean = mean + own["trend_jump"].add() * own["trend_jump_raw"].add()
    return pm.Deterministic("mu", mean, dims="era")


def central_trend(spec: "PendulumSpec", priors: "Priors", dyads: int) -> Trend:
    """Return a moving trend at the centres of the priors, which are in periods."""
    retention = 1.0 if spec.trend == "walk" else float(0.5 ** (1.0 / np.exp(priors.trend_half_life[0])))
    step, mean = np.full(dyads, np.exp(priors.trend_step[0])), np.full(dyads, priors.trend_mean[0])
    return Trend(mean, step, priors.trend_jump if spec.jumps else 0.0, priors.trend_start, retention)


def era_means(trend: Float, era_index: Index, eras: Index) -> Float:
    """Return the mean of one dyad's trend (..., time) over each of some eras, (..., era); NaN without a period."""
    means = np.full((*trend.shape[:-1], len(eras)), np.nan)
    for place, era in enumerate(eras):
        inside = era_index == era
        if inside.any():
            means[..., place] = trend[..., inside].mean(axis=-1)
    return means


CEILINGS = ("none", "framework")
SOFTNESS = 0.4
"""Spread of a ceiling's soft edge, log-odds: 10 points of share around the middle. A narrower one is sampled badly."""


def declare_headroom(priors: "Priors", pool: bool) -> Declared:
    """Declare the logarithm of every dyad's headroom, and how eras spread around it."""
    return {
        "headroom_dyad": ByDyad("log_headroom", priors.headroom, priors.headroom_dyads, pool),
        "headroom_era_sd": spread_around("headroom_era_sd", priors.headroom_eras),
        "headroom_raw": Free("headroom_raw", dims=("era",)),
    }


def add_headroom(priors: "Priors", arrays: "PanelArrays", pool: bool) -> Any:
    """Add the headroom of every era, (era,), to the PyMC model on the context stack."""
    import pymc as pm
    import pytensor.tensor as pt

    dyad, spread, raw = (one.add() for one in declare_headroom(priors, pool).values())
    dyad = pm.Deterministic("headroom_dyad", dyad, dims="dyad")
    return pm.Deterministic("headroom", pt.exp(dyad[arrays.era_dyad] + spread * raw), dims="era")


def step_below(
    mean: Float, scale: Float | float, ceiling: Float | None, rng: np.random.Generator, softness: float = SOFTNESS
) -> Float:
    r"""Draw the trend's next value, :math:`N(m, s)` given that it stays softly below a ceiling :math:`C`.

    A value :math:`x` is kept with probability :math:`\Phi((C - x) / \omega)`, with :math:`\omega` the softness; that
    is where it stays below the ceiling after adding normal noise of that spread, which is drawn without rejections.
    """
    if ceiling is None:
        return np.asarray(mean + scale * rng.standard_normal(np.shape(mean)))
    variance = np.square(scale)
    total = np.sqrt(variance + softness**2)
    below = ndtri_exp(np.log(rng.random(np.shape(mean))) + log_ndtr((ceiling - mean) / total))
    return np.asarray(mean + variance / total * below + scale * softness / total * rng.standard_normal(np.shape(mean)))
