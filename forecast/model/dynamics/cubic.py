"""A pull that grows with the displacement."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.model.declarations import Prior, Variable
from forecast.model.dynamics.base import Cycle
from forecast.model.dynamics.potential import DISTANCES, long_run_variance
from forecast.typing import Float

if TYPE_CHECKING:
    from forecast.model.priors import Priors


class Cubic(Cycle):
    r"""The further away, the larger the part that is undone: :math:`\phi y / \sqrt{1 + c (1 - \phi^2) (y / s)^2}`.

    It is the exact flow of :math:`dy/dt = \log\phi \, (y + c y^3 / s^2)`: the pull is :math:`1 + c` times as strong at
    one spread, with :math:`c` times :math:`e^{l}` on the hostile side and :math:`e^{-l}` on the other.
    """

    name = "cubic"
    title = "nonlinear reversion"
    hint = "stronger the larger the deviation"
    words = "cubic: the further the displacement from equilibrium, the more of it is undone in a period"
    priors = (
        Prior(
            "stiffening",
            0.5,
            "half-normal scale: at 0.5 the pull is one and a half times as strong one spread away as near the "
            "equilibrium; zero, the linear pull, is where the density is highest",
            about="inner_stiffening",
            family="half-normal",
        ),
        Prior(
            "lean",
            0.7,
            "log ratio: at 0.7 the growth of the pull is twice as strong on the hostile side, or half as strong",
            about="lean",
            family="normal",
        ),
    )
    variables = (
        Variable(
            "stiffening", (), "",
            'How much stronger, relatively, the pull is one `sd` away; only with `cycle="cubic"`.',
            label="stiffening",
        ),
        Variable(
            "inner_stiffening", (), "", "The same one spread of a linear pull away: what the prior is about."
        ),
        Variable(
            "lean", (), "log ratio",
            'How much more the pull stiffens on the hostile side; only with `cycle="cubic"`.',
            label="lean",
        ),
    )  # fmt: skip

    def next(self, y: Any, p: Mapping[str, Any], backend: Any = np) -> Any:
        """Return what is kept, less of it the further away."""
        stiffness = p["stiffening"] * backend.exp(backend.where(y < 0, p["lean"], -p["lean"]))
        phi = p["phi"]
        return phi * y / backend.sqrt(1.0 + stiffness * (1.0 - phi**2) * (y / p["sd"]) ** 2)

    def shape(self, priors: "Priors", pool: bool) -> tuple[dict[str, Any], Any]:
        """Add how the pull stiffens and leans, and what that narrows the swings by."""
        import pymc as pm
        import pytensor.tensor as pt

        inner, lean = pm.HalfNormal("inner_stiffening", priors.stiffening), pm.Normal("lean", 0.0, priors.lean)
        wide = cubic_widening(inner, lean, pt)
        return {"stiffening": pm.Deterministic("stiffening", inner * wide), "lean": lean}, wide

    def linear_half_life(self, drawn: Mapping[str, Float]) -> Float:
        """Half-life of the linear pendulum with the same prior."""
        pairs = zip(drawn["inner_stiffening"], drawn["lean"], strict=True)
        return np.asarray(drawn["cycle_half_life"] * np.array([cubic_widening(inner, lean) for inner, lean in pairs]))


def cubic_widening(stiffening: Any, lean: Any, backend: Any = np) -> Any:
    """Compute the long-run variance that a stiffening pull leaves, in units of the linear pendulum's.

    ``stiffening`` is that one spread of the linear pendulum away: a stiffening pull holds it closer.
    """
    at = DISTANCES
    sides = [-0.5 * at**2 - 0.25 * stiffening * backend.exp(way * lean) * at**4 for way in (1.0, -1.0)]
    return long_run_variance(sides, backend)
