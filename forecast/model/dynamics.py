r"""The pull: where a displaced pendulum is expected one period later.

For NumPy arrays and PyTensor variables alike, since the sampler, the simulations and the futures must agree on it. With
:math:`y` the displacement from the equilibrium, :math:`\phi` what the linear pendulum keeps of it in a period and
:math:`s` its long-run spread:

============  ==========================================================================================
none          :math:`y`: no pull
linear        :math:`\phi y`
band          :math:`y (1 - (1 - \phi) (1 - e^{-(y / bs)^2}))`: none at the equilibrium, the full pull
              outside a band of half-width :math:`b` spreads (exponential smooth transition [1]_)
cubic         :math:`\phi y / \sqrt{1 + c (1 - \phi^2) (y / s)^2}`: the exact flow of
              :math:`dy/dt = \log\phi \, (y + c y^3 / s^2)`; the pull is :math:`1 + c` times as strong at one
              spread, with :math:`c` times :math:`e^{l}` on the hostile side and :math:`e^{-l}` on the other
oscillator    :math:`2 r \cos\omega \, y - r^2 y'`, with :math:`y'` the displacement a period before: swings of
              period :math:`2 \pi / \omega` whose amplitude is halved in a half-life
============  ==========================================================================================

References
----------
.. [1] Granger and Terasvirta (1993), Modelling Nonlinear Economic Relationships, Oxford University Press.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

DYNAMICS = ("none", "linear", "band", "cubic", "oscillator")
# A gap between nodes can be jumped only where the many-period transition is known.
JUMPING = ("none", "linear")
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(64)
_REACH = 8.0


def next_displacement(dynamics: str, y: Any, before: Any, p: Mapping[str, Any], backend: Any = np) -> Any:
    """Give the displacement expected a period after ``y``, which followed ``before`` (read by the oscillator alone).

    Parameters
    ----------
    dynamics : str
    y, before : array or variable
    p : mapping
        ``phi`` and ``sd``, and by dynamics ``band``, ``stiffening`` and ``lean``, or ``period`` in periods of time;
        each broadcasts against ``y``.
    backend : module
        numpy or pytensor.tensor.

    Examples
    --------
    >>> next_displacement("linear", 1.0, 1.0, {"phi": 0.9})
    0.9
    """
    if dynamics == "none":
        return y
    phi = p["phi"]
    if dynamics == "linear":
        return phi * y
    if dynamics == "oscillator":
        first, second = swing(phi, p["period"], backend)
        return first * y + second * before
    if dynamics == "band":
        return y * (1.0 - (1.0 - phi) * (1.0 - backend.exp(-((y / (p["band"] * p["sd"])) ** 2))))
    return phi * y / backend.sqrt(1.0 + _stiffness(y, p, backend) * (1.0 - phi**2) * (y / p["sd"]) ** 2)


def widening(dynamics: str, p: Mapping[str, Any], backend: Any = np) -> Any:
    r"""Give the long-run variance of a pendulum in units of that of a linear one with the same ``phi`` and shocks.

    A weaker pull near the equilibrium lets it swing wider, a stiffening one holds it closer. In the limit of small
    steps its long-run density is :math:`\propto e^{-U}` with :math:`U` the integral of the pull's shape; ``p`` holds
    ``band``, or ``stiffening`` and ``lean``, in units of the linear pendulum's spread.

    Examples
    --------
    >>> round(float(widening("band", {"band": 0.7})), 2)
    1.09
    >>> round(float(widening("cubic", {"stiffening": 0.5, "lean": 0.0})), 2)
    0.58
    """
    if dynamics not in ("band", "cubic"):
        return 1.0
    at = _REACH * (_NODES + 1.0) / 2.0
    if dynamics == "band":
        sides = [-0.5 * at**2 - 0.5 * p["band"] ** 2 * backend.exp(-((at / p["band"]) ** 2))]
    else:
        sides = [-0.5 * at**2 - 0.25 * p["stiffening"] * backend.exp(way * p["lean"]) * at**4 for way in (1.0, -1.0)]
    density = sum(_WEIGHTS * backend.exp(side) for side in sides)
    return (density * at**2).sum() / density.sum()


def swing(damping: Any, period: Any, backend: Any = np) -> tuple[Any, Any]:
    """Weights of the last two displacements of an oscillator."""
    return 2.0 * damping * backend.cos(2.0 * np.pi / period), -(damping**2)


def shock_of_spread(dynamics: str, sd: Any, phi: Any, period: Any = None, backend: Any = np) -> Any:
    """Give the spread of a period's shock that keeps the linear pendulum, or the oscillator, at its own spread."""
    if dynamics != "oscillator":
        return sd * backend.sqrt(1.0 - phi**2)
    first, second = swing(phi, period, backend)
    return sd * backend.sqrt((1.0 + second) * ((1.0 - second) ** 2 - first**2) / (1.0 - second))


def _stiffness(y: Any, p: Mapping[str, Any], backend: Any) -> Any:
    return p["stiffening"] * backend.exp(backend.where(y < 0, p["lean"], -p["lean"]))
