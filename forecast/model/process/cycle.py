r"""Cycles: reversion of the level to its trend, one class per cycle.

With :math:`y` the deviation, :math:`\phi` the retention of a linear cycle over a period (the
autoregression of first order), and :math:`s` its long-run standard deviation, a cycle moves by
:math:`y' = f(y) + \sigma \epsilon`. :math:`f` is its `next`, shared by NumPy arrays and PyTensor
variables, because sampler and simulations must agree. To add a cycle, derive a class from `Cycle`
with a name, words, `next`, and its own priors, variables and `shape`, and `register_cycle` it.
"""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from forecast.base.typing import Float
from forecast.model.process.component import Component, Motion, Transitions
from forecast.model.process.declarations import (
    ByDyad,
    Declared,
    PriorValues,
    Registry,
    priors_of,
    variables_of,
)
from forecast.model.process.transition import (
    innovation_fraction,
    innovation_sd,
    retention_by_log,
    retention_of,
)

QUADRATURE_NODES = 64
"""Gauss-Legendre nodes for the integral of a stationary density; twice as many change no digit that
is printed."""
INTEGRATION_LIMIT = 8.0
"""Standard deviations of a linear cycle up to which a density is integrated: beyond it a normal one
has 1e-15 of its mass."""
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(QUADRATURE_NODES)
DISTANCES = INTEGRATION_LIMIT * (_NODES + 1.0) / 2.0
"""From the trend, in standard deviations of a linear cycle: where a density is evaluated."""


class Cycle(Component):
    """A mean-reverting deviation from the trend.

    Its methods read ``retention``, the fraction of a deviation that remains after a period if the
    cycle is linear; ``sd``, the standard deviation in the long run and of the first state;
    ``sigma``, that of a period's shock; and what else shapes the cycle.

    Examples
    --------
    >>> from forecast import Cycle
    >>> class Slow(Cycle):
    ...     name, title = "slow", "reversion at half the pace"
    ...     words = "slow: reverts at half the pace"
    ...
    ...     def next(self, y, p, backend=None):
    ...         return y * p["retention"] ** 0.5
    >>> Slow().next(1.0, {"retention": 0.81})
    0.9
    """

    title: ClassVar[str]  # A few words, such as `linear reversion`: what tables of models call it

    @property
    def reads(self) -> dict[str, str]:
        """Variables of the posterior that shape the motion, by the names that `next` reads."""
        # The posterior calls the retention phi, as fits on disk do.
        return {"retention": "phi", "sd": "cycle_sd", "sigma": "sigma", **super().reads}

    def declare(self, priors: PriorValues, pool: bool) -> Declared:
        """Declare what every cycle has: its half-life if it were linear, and its long-run spread.

        Priors in periods.
        """
        spread = priors.cycle_half_life_dyads
        half_life = ByDyad(
            "log_cycle_half_life", priors.cycle_half_life, spread, pool, positive=True
        )
        sd = ByDyad("log_cycle_sd", priors.cycle_sd, priors.cycle_sd_dyads, pool, positive=True)
        return {"cycle_half_life": half_life, "cycle_sd": sd}

    def shape(self, priors: PriorValues, pool: bool) -> tuple[dict[str, Any], Any]:
        """Add what shapes the cycle to the PyMC model on the context stack.

        Return it by name, and the long-run variance as a multiple of that of a linear cycle with
        the same shock.
        """
        return {}, 1.0

    def add_motion(self, priors: PriorValues, pool: bool) -> Motion:
        """Add the parameters of the motion to the PyMC model on the context stack.

        Priors are about the long run, so that they mean the same for all cycles.
        """
        import pymc as pm
        import pytensor.tensor as pt

        if_linear, sd = (parameter.add() for parameter in self.declare(priors, pool).values())
        sd = pm.Deterministic("cycle_sd", sd, dims="dyad")
        shape, widening = self.shape(priors, pool)
        half_life = pm.Deterministic("cycle_half_life", if_linear / widening, dims="dyad")
        retention = pm.Deterministic("phi", retention_of(half_life), dims="dyad")
        # With this shock the cycle has the long-run standard deviation `sd`, whatever its shape.
        sigma = innovation_sd(sd / pt.sqrt(widening), retention, pt)
        return {
            "retention": retention,
            "sd": sd,
            "sigma": pm.Deterministic("sigma", sigma, dims="dyad"),
            **shape,
        }

    def centre(self, priors: PriorValues, dyads: int) -> Motion:
        """Return the motion of a linear cycle at the centres of the priors."""
        retention = retention_of(np.exp(priors.cycle_half_life[0]))
        sd = np.exp(priors.cycle_sd[0])
        motion = {"retention": retention, "sd": sd, "sigma": innovation_sd(sd, retention)}
        return {name: np.full(dyads, value) for name, value in motion.items()}

    def start(self, p: Motion) -> tuple[Any, Any]:
        return 0.0, p["sd"]

    def shock(self, p: Motion, begins: Any = 0.0, backend: Any = np) -> Any:
        return p["sigma"]

    def moments(self, p: Motion, periods: Any, begins: Any = 0.0, backend: Any = np) -> Transitions:
        """Return the transitions of a linear cycle."""
        retention = retention_by_log(backend.log(p["retention"]), periods, backend)
        scale = innovation_sd(p["sd"], retention, backend)
        return Transitions(0.0 * retention, retention, scale)

    def step(self, y: Float, p: Motion, rng: np.random.Generator) -> Float:
        """Draw the next deviations."""
        return np.asarray(self.next(y, p) + self.shock(p) * rng.standard_normal(np.shape(y)))


class Linear(Cycle):
    r"""The same part of the displacement is undone in every period: :math:`\phi y`."""

    name = "linear"
    title = "linear reversion"
    words = "linear: in every period the same part of the displacement from equilibrium is undone"
    exact_over_periods = True

    def next(self, y: Any, p: Motion, backend: Any = np) -> Any:
        return p["retention"] * y


class Band(Cycle):
    r"""No reversion near the trend, the full one outside a band of half-width :math:`b` spreads.

    An exponential smooth transition, :math:`y (1 - (1 - \phi) (1 - e^{-(y / bs)^2}))` (Granger and
    Terasvirta 1993, Modelling Nonlinear Economic Relationships).
    """

    name = "band"
    title = "reversion outside a band"
    hint = "none near the trend"
    words = "band: no reversion near the equilibrium, and the full one further away"
    priors, variables = priors_of("band"), variables_of("band")

    def next(self, y: Any, p: Motion, backend: Any = np) -> Any:
        inside = backend.exp(-((y / (p["band"] * p["sd"])) ** 2))
        return y * (1.0 - (1.0 - p["retention"]) * (1.0 - inside))

    def shape(self, priors: PriorValues, pool: bool) -> tuple[dict[str, Any], Any]:
        import pymc as pm
        import pytensor.tensor as pt

        inner = pm.LogNormal("inner_band", *priors.band)
        widening = band_widening(inner, pt)
        return {"band": pm.Deterministic("band", inner / pt.sqrt(widening))}, widening


def band_widening(band: Any, backend: Any = np) -> Any:
    """Compute the long-run variance of a band, as a multiple of a linear cycle's.

    `band` is the half-width, in standard deviations of the linear cycle.
    """
    bump = 0.5 * band**2 * backend.exp(-((DISTANCES / band) ** 2))
    return variance_of_density([-0.5 * DISTANCES**2 - bump], backend)


class Cubic(Cycle):
    r"""The further away, the larger the part that is undone.

    It moves by :math:`\phi y / \sqrt{1 + c (1 - \phi^2) (y / s)^2}`, the exact flow of :math:`dy/dt
    = \log\phi \, (y + c y^3 / s^2)`: reversion is :math:`1 + c` times as strong at one spread, with
    :math:`c` times :math:`e^{l}` on the hostile side and :math:`e^{-l}` on the other.
    """

    name = "cubic"
    title = "nonlinear reversion"
    hint = "stronger the larger the deviation"
    words = (
        "cubic: the further the displacement from equilibrium, the more of it is undone in a period"
    )
    priors, variables = priors_of("cubic"), variables_of("cubic")

    def next(self, y: Any, p: Motion, backend: Any = np) -> Any:
        stiffness = p["stiffening"] * backend.exp(backend.where(y < 0, p["lean"], -p["lean"]))
        retention = p["retention"]
        growth = stiffness * innovation_fraction(retention) * (y / p["sd"]) ** 2
        return retention * y / backend.sqrt(1.0 + growth)

    def shape(self, priors: PriorValues, pool: bool) -> tuple[dict[str, Any], Any]:
        import pymc as pm
        import pytensor.tensor as pt

        inner = pm.HalfNormal("inner_stiffening", priors.stiffening)
        lean = pm.Normal("lean", 0.0, priors.lean)
        widening = cubic_widening(inner, lean, pt)
        stiffening = pm.Deterministic("stiffening", inner * widening)
        return {"stiffening": stiffening, "lean": lean}, widening


def cubic_widening(stiffening: Any, lean: Any, backend: Any = np) -> Any:
    """Compute the long-run variance of a cubic cycle, as a multiple of a linear one's.

    `stiffening` is that one standard deviation of the linear cycle away from the trend.
    """
    log_densities = [
        -0.5 * DISTANCES**2 - 0.25 * stiffening * backend.exp(sign * lean) * DISTANCES**4
        for sign in (1.0, -1.0)
    ]
    return variance_of_density(log_densities, backend)


def variance_of_density(log_densities: Sequence[Any], backend: Any = np) -> Any:
    """Compute the variance of a stationary density, as a multiple of a linear cycle's.

    `log_densities` are its logarithms at `DISTANCES` from the trend, but for a constant: one array
    if both sides are alike, else one per side.
    """
    density = sum(_WEIGHTS * backend.exp(log_density) for log_density in log_densities)
    return (density * DISTANCES**2).sum() / density.sum()


PACKAGED: tuple[Cycle, ...] = (Linear(), Band(), Cubic())
_CYCLES = Registry[Cycle]("cycle", *PACKAGED)
find_cycle = _CYCLES.find
cycles = _CYCLES.all
unregister_cycle = _CYCLES.unregister


def register_cycle(kind: type[Cycle]) -> type[Cycle]:
    """Make a cycle known under its name.

    It joins the table of variables and `Priors`, and help and report name it.

    Parameters
    ----------
    kind : type
        Class derived from `Cycle`, with a name that no other cycle has.

    Returns
    -------
    type
        The class, as it was given.

    Examples
    --------
    >>> import numpy as np
    >>> from forecast import Cycle, Prior, Variable, register_cycle
    >>> class Saturating(Cycle):
    ...     name = "saturating"
    ...     title = "reversion that saturates"
    ...     words = "saturating: beyond a distance from the trend, reversion grows no more"
    ...     priors = (Prior("grip", (0.0, 0.3), "a spread: near the trend, reversion is linear"),)
    ...     variables = (Variable("grip", (), "spreads", "Distance up to which reversion grows."),)
    ...
    ...     def next(self, y, p, backend=np):
    ...         reach = p["grip"] * p["sd"]
    ...         return y - (1 - p["retention"]) * reach * backend.tanh(y / reach)
    ...
    ...     def shape(self, priors, pool):
    ...         import pymc as pm
    ...
    ...         return {"grip": pm.LogNormal("grip", *priors.grip)}, 1.0
    >>> float(Saturating().next(0.1, {"grip": 1.0, "sd": 0.5, "retention": 0.9}).round(3))
    0.09
    >>> register_cycle(Saturating)  # doctest: +SKIP
    """
    return _CYCLES.register(kind)
