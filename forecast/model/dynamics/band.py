"""A band without pull around the equilibrium."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.model.declarations import Prior, Variable
from forecast.model.dynamics.base import Cycle
from forecast.model.dynamics.potential import DISTANCES, long_run_variance
from forecast.typing import Float

if TYPE_CHECKING:
    from forecast.model.priors import Priors


class Band(Cycle):
    r"""None at the equilibrium, the full pull outside a band of half-width :math:`b` spreads.

    An exponential smooth transition [1]_: :math:`y (1 - (1 - \phi) (1 - e^{-(y / bs)^2}))`.

    References
    ----------
    .. [1] Granger and Terasvirta (1993), Modelling Nonlinear Economic Relationships, Oxford University Press.
    """

    name = "band"
    title = "reversion outside a band"
    hint = "none near the trend"
    words = "band: none near the equilibrium, and the full pull further away"
    priors = (
        Prior(
            "band",
            (float(np.log(0.7)), 0.4),
            "half-width of the band without pull, in units of the spread: at 0.7 a pendulum is inside half of the time",
            about="inner_band",
        ),
    )
    variables = (
        Variable(
            "band", (), "spreads", 'Half-width of the band without pull; only with `cycle="band"`.', label="band"
        ),
        Variable(
            "inner_band", (), "spreads",
            "The same in units of the spread that a linear pull would leave: what the prior is about.",
        ),
    )  # fmt: skip

    def next(self, y: Any, p: Mapping[str, Any], backend: Any = np) -> Any:
        """Return what is kept: all inside of the band, phi far outside."""
        return y * (1.0 - (1.0 - p["phi"]) * (1.0 - backend.exp(-((y / (p["band"] * p["sd"])) ** 2))))

    def shape(self, priors: "Priors", pool: bool) -> tuple[dict[str, Any], Any]:
        """Add the width of the band, and what it widens the swings by."""
        import pymc as pm
        import pytensor.tensor as pt

        inner = pm.LogNormal("inner_band", *priors.band)
        wide = band_widening(inner, pt)
        return {"band": pm.Deterministic("band", inner / pt.sqrt(wide))}, wide

    def linear_half_life(self, drawn: Mapping[str, Float]) -> Float:
        """Half-life of the linear pendulum with the same prior."""
        return np.asarray(drawn["cycle_half_life"] * np.array([band_widening(inner) for inner in drawn["inner_band"]]))


def band_widening(band: Any, backend: Any = np) -> Any:
    """Compute the long-run variance that a band of a half-width, in spreads of the linear pendulum, leaves.

    In units of the linear pendulum's: without a pull near the equilibrium it swings wider.
    """
    at = DISTANCES
    return long_run_variance([-0.5 * at**2 - 0.5 * band**2 * backend.exp(-((at / band) ** 2))], backend)
