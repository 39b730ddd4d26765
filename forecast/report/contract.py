"""What the report needs of a fit, and no more: reports do not depend on sampling."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from forecast.outlook.draws import FitLike

if TYPE_CHECKING:
    import pandas as pd


class GateLike(Protocol):
    """The result of the convergence gate, such as `forecast.model.gate.Gate`."""

    @property
    def passed(self) -> bool:
        """Whether the numbers may be used."""

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why not, in words."""

    def to_dict(self) -> dict[str, Any]:
        """Return `limits`, `quantities` (r_hat, ess_bulk, ess_tail), `divergence_share`, `bfmi` and the result."""


class ReportedFit(FitLike, Protocol):
    """A fit with its gate and its provenance, such as `forecast.model.Fit`."""

    @property
    def gate(self) -> GateLike:
        """The result of its convergence gate."""

    @property
    def provenance(self) -> Mapping[str, Any]:
        """Data digest, versions, seed, sampler settings, seconds by step."""

    def prior_posterior(self, dyad: str) -> "pd.DataFrame":
        """Return prior beside posterior of a dyad's parameters, with the share of the prior's variance that is left."""

    def save(self, path: Path) -> Any:
        """Save the fit in the folder of the report."""
