r"""The structural ceiling: within an era its framework bounds the trend from above, softly.

The ceiling of an era stands a *headroom* above the trend where the era begins, :math:`C_e = x_{start(e)} + h_e`, and
the trend is a soft minimum of the free walk :math:`x` and the ceiling, :math:`C - s \log(1 + e^{(C - x) / s})`. The
cycle around the trend may pass it. Headrooms are log-normal around a population; dyads and eras vary. Far below the
ceiling the trend is the free walk, so a large headroom changes nothing.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from forecast.model.hierarchy import ByDyad, Declared, Free, spread_around
from forecast.typing import Float

if TYPE_CHECKING:
    from forecast.model.arrays import PanelArrays
    from forecast.model.priors import Priors

CEILINGS = ("none", "framework")
SOFTNESS = 0.15
"""Width of the bend under the ceiling, log-odds: 4 points of share around the middle."""


def declare_headroom(priors: "Priors", pool: bool) -> Declared:
    """Declare the logarithm of every dyad's headroom, and how eras spread around it."""
    return {
        "headroom": ByDyad("log_headroom", *priors.headroom, priors.headroom_dyads, pool),
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


def bounded(trend: NDArray[Any], ceiling: ArrayLike | None, softness: float = SOFTNESS) -> Float:
    r"""Return a free trend under a soft ceiling, :math:`C - s \log(1 + e^{(C - x) / s})`.

    Close to the free trend well below the ceiling, and never above it.
    """
    if ceiling is None:
        return trend
    room = (np.asarray(ceiling) - trend) / softness
    return np.asarray(np.asarray(ceiling) - softness * np.logaddexp(0.0, room))


def unbounded(trend: NDArray[Any], ceiling: ArrayLike | None, softness: float = SOFTNESS) -> Float:
    """Return the free trend of one under a soft ceiling: the inverse of `bounded`.

    Free trends far above the ceiling look alike in single precision; they come out as the lowest of them.
    """
    if ceiling is None:
        return trend
    room = np.maximum((np.asarray(ceiling) - trend) / softness, 1e-6)
    return np.asarray(np.asarray(ceiling) - softness * (room + np.log(-np.expm1(-room))))


def bounded_graph(trend: Any, ceiling: Any) -> Any:
    """Return the same as a PyTensor expression."""
    import pytensor.tensor as pt

    return ceiling - SOFTNESS * pt.softplus((ceiling - trend) / SOFTNESS)
