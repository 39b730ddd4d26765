r"""Cycles: reversion of the level to its trend, one class per cycle.

With :math:`y` the deviation, :math:`\phi` the autoregression of a linear cycle per period, and
:math:`s` its long-run standard deviation, a cycle moves by :math:`y' = f(y) + \sigma \epsilon`.
:math:`f` is its `next`, shared by NumPy arrays and PyTensor variables, because sampler and
simulations must agree. To add a cycle, derive a class from `Cycle` with a name, words, `next`, and
its own priors, variables and `shape`, and `register_cycle` it.
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
from forecast.model.process.transition import decay, regained


class Cycle(Component):
    """A mean-reverting deviation from the trend.

    Its methods read ``phi``, the fraction of a deviation kept; ``sd``, the spread in the long run
    and of the first state; ``sigma``, the spread of a period's shock; and what else shapes the
    cycle.

    Examples
    --------
    >>> from forecast import Cycle
    >>> class Slow(Cycle):
    ...     name, title = "slow", "reversion at half the pace"
    ...     words = "slow: reverts at half the pace"
    ...
    ...     def next(self, y, p, backend=None):
    ...         return y * p["phi"] ** 0.5
    >>> Slow().next(1.0, {"phi": 0.81})
    0.9
    """

    title: ClassVar[str]  # A few words, such as `linear reversion`: what tables of models call it

    @property
    def reads(self) -> dict[str, str]:
        """Variables of the posterior that shape the motion, by the names that `next` reads."""
        return {"phi": "phi", "sd": "cycle_sd", "sigma": "sigma", **super().reads}

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

        Also its variance by a linear one's.
        """
        return {}, 1.0

    def add_motion(self, priors: PriorValues, pool: bool) -> Motion:
        """Add the parameters of the motion.

        Priors are about the long run, so that they mean the same for all.
        """
        import pymc as pm
        import pytensor.tensor as pt

        typical, sd = (parameter.add() for parameter in self.declare(priors, pool).values())
        sd = pm.Deterministic("cycle_sd", sd, dims="dyad")
        shape, wide = self.shape(priors, pool)
        half_life = pm.Deterministic("cycle_half_life", typical / wide, dims="dyad")
        phi = pm.Deterministic("phi", decay(half_life), dims="dyad")
        sigma = linear_shock(sd / pt.sqrt(wide), phi, pt)  # keeps a cycle at its own spread
        return {
            "phi": phi,
            "sd": sd,
            "sigma": pm.Deterministic("sigma", sigma, dims="dyad"),
            **shape,
        }

    def centre(self, priors: PriorValues, dyads: int) -> Motion:
        """Return the motion of a linear cycle at the centres of the priors."""
        phi, sd = decay(np.exp(priors.cycle_half_life[0])), np.exp(priors.cycle_sd[0])
        motion = {"phi": phi, "sd": sd, "sigma": linear_shock(sd, phi)}
        return {name: np.full(dyads, value) for name, value in motion.items()}

    def start(self, p: Motion) -> tuple[Any, Any]:
        return 0.0, p["sd"]

    def shock(self, p: Motion, begins: Any = 0.0, backend: Any = np) -> Any:
        return p["sigma"]

    def moments(self, p: Motion, periods: Any, begins: Any = 0.0, backend: Any = np) -> Transitions:
        r"""Return the transitions of a linear cycle: over k periods it keeps :math:`\phi^k`."""
        carry = backend.exp(backend.log(p["phi"]) * periods)
        return Transitions(0.0 * carry, carry, linear_shock(p["sd"], carry, backend))

    def step(self, y: Float, p: Motion, rng: np.random.Generator) -> Float:
        """Draw the next deviations."""
        return np.asarray(self.next(y, p) + self.shock(p) * rng.standard_normal(np.shape(y)))


def linear_shock(sd: Any, phi: Any, backend: Any = np) -> Any:
    """Return the shock that keeps a linear cycle at its long-run spread."""
    return sd * backend.sqrt(regained(phi))


_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(64)
DISTANCES = (
    8.0 * (_NODES + 1.0) / 2.0
)  # At which a potential is evaluated, in spreads of the linear pendulum


def long_run_variance(sides: Sequence[Any], backend: Any = np) -> Any:
    """Compute the variance of a density from its logarithm, in units of that of the linear pendulum."""
    density = sum(_WEIGHTS * backend.exp(side) for side in sides)
    return (density * DISTANCES**2).sum() / density.sum()


class Linear(Cycle):
    r"""The same part of the displacement is undone in every period: :math:`\phi y`."""

    name = "linear"
    title = "linear reversion"
    words = "linear: in every period the same part of the displacement from equilibrium is undone"
    exact_over_periods = True

    def next(self, y: Any, p: Motion, backend: Any = np) -> Any:
        return p["phi"] * y


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
        return y * (
            1.0 - (1.0 - p["phi"]) * (1.0 - backend.exp(-((y / (p["band"] * p["sd"])) ** 2)))
        )

    def shape(self, priors: PriorValues, pool: bool) -> tuple[dict[str, Any], Any]:
        import pymc as pm
        import pytensor.tensor as pt

        inner = pm.LogNormal("inner_band", *priors.band)
        wide = band_widening(inner, pt)
        return {"band": pm.Deterministic("band", inner / pt.sqrt(wide))}, wide


def band_widening(band: Any, backend: Any = np) -> Any:
    """Compute the long-run variance with a band of a half-width in spreads, in units of the linear pendulum's."""
    distance = DISTANCES
    return long_run_variance(
        [-0.5 * distance**2 - 0.5 * band**2 * backend.exp(-((distance / band) ** 2))], backend
    )


class Cubic(Cycle):
    r"""The further away, the larger the part that is undone: :math:`\phi y / \sqrt{1 + c (1 - \phi^2) (y / s)^2}`.

    It is the exact flow of :math:`dy/dt = \log\phi \, (y + c y^3 / s^2)`: reversion is :math:`1 +
    c` times as strong at one spread, with :math:`c` times :math:`e^{l}` on the hostile side and
    :math:`e^{-l}` on the other.
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
        phi = p["phi"]
        return phi * y / backend.sqrt(1.0 + stiffness * regained(phi) * (y / p["sd"]) ** 2)

    def shape(self, priors: PriorValues, pool: bool) -> tuple[dict[str, Any], Any]:
        import pymc as pm
        import pytensor.tensor as pt

        inner, lean = (
            pm.HalfNormal("inner_stiffening", priors.stiffening),
            pm.Normal("lean", 0.0, priors.lean),
        )
        wide = cubic_widening(inner, lean, pt)
        return {"stiffening": pm.Deterministic("stiffening", inner * wide), "lean": lean}, wide


def cubic_widening(stiffening: Any, lean: Any, backend: Any = np) -> Any:
    """Compute the long-run variance with a stiffening one spread away, in units of the linear pendulum's."""
    distance = DISTANCES
    sides = [
        -0.5 * distance**2 - 0.25 * stiffening * backend.exp(way * lean) * distance**4
        for way in (1.0, -1.0)
    ]
    return long_run_variance(sides, backend)


PACKAGED: tuple[Cycle, ...] = (Linear(), Band(), Cubic())
_CYCLES = Registry[Cycle]("cycle", *PACKAGED)
find_cycle, cycles, unregister_cycle = _CYCLES.find, _CYCLES.all, _CYCLES.unregister


def register_cycle(kind: type[Cycle]) -> type[Cycle]:
    """Make a cycle known under its name.

    It joins the table of variables and `Priors`, and help and report name it.

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
    ...         return y - (1 - p["phi"]) * reach * backend.tanh(y / reach)
    ...
    ...     def shape(self, priors, pool):
    ...         import pymc as pm
    ...
    ...         return {"grip": pm.LogNormal("grip", *priors.grip)}, 1.0
    >>> float(Saturating().next(0.1, {"grip": 1.0, "sd": 0.5, "phi": 0.9}).round(3))
    0.09
    >>> register_cycle(Saturating)  # doctest: +SKIP
    """
    return _CYCLES.register(kind)
