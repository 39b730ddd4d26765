"""Whether a posterior comes from the prior or from the data: both made a little stronger or weaker, by weighing draws.

References
----------
Kallioinen, Paananen, Burkner and Vehtari (2024), Detecting and diagnosing prior and likelihood sensitivity with
power-scaling, https://doi.org/10.1007/s11222-023-10366-5
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import xarray as xr

from forecast.model.particles import Weights, smoothed
from forecast.model.posterior import take_apart

if TYPE_CHECKING:
    from forecast.model import Fit

# As the reference has it: below it a posterior hardly moves.
MOVES = 0.05
PARTS = {"prior": "log_prior", "likelihood": "log_likelihood_total"}


@dataclass(frozen=True)
class Moved:
    """How far the posterior of a quantity moves with the strength of prior and data."""

    quantity: str  # In words
    prior: float  # Cumulative Jensen-Shannon distance per doubling of the power
    likelihood: float

    @property
    def words(self) -> str:
        """What that means."""
        prior, data = f"with the prior ({self.prior:.2f})", f"with the data ({self.likelihood:.2f})"
        if self.prior >= MOVES and self.likelihood >= MOVES:
            return f"moves {data} and {prior}: the prior has a say"
        if self.prior >= MOVES:
            return f"moves {prior} and not {data}: what is said of it is an assumption"
        if self.likelihood >= MOVES:
            return f"moves {data} and hardly {prior}: the data lead"
        return f"hardly moves {prior} or {data}"


def power_scaling(fitted: "Fit") -> tuple[Moved, ...]:
    """Check for the quantities that matter whether prior or data move them, in a fit of one dyad.

    Half-life and spread of the cycle, month noise; trend and ceiling of the current era; the current level.
    The prior is that of all parameters together, and not of the path.
    """
    from arviz_stats import psense

    last = int(fitted.panel["era_index"].to_numpy()[0, -1])
    places = {
        "half-life of the cycle": ("cycle_half_life", {"dyad": 0}),
        "spread of the cycle": ("cycle_sd", {"dyad": 0}),
        "month noise": ("tau", {"dyad": 0}),
        "trend of the current era": ("mu", {"era": last}),
        "ceiling of the current era": ("ceiling", {"era": last}),
        "current level": ("level", {"dyad": 0, "time": -1}),
    }
    chosen = {
        words: fitted.posterior[name].isel(place, drop=True).astype(float)
        for words, (name, place) in places.items()
        if name in fitted.posterior
    }
    groups = {"posterior": xr.Dataset(chosen)}
    groups |= {f"log_{part}": fitted.sample_stats[[name]] for part, name in PARTS.items()}
    tree = xr.DataTree.from_dict(groups)
    found = {part: psense(tree, group=part) for part in PARTS}
    take_apart(tree)
    return tuple(Moved(words, *(float(found[part][words]) for part in PARTS)) for words in chosen)


def power_scaled(fitted: "Fit", part: str, power: float) -> Weights:
    """Weigh draws so that they are of the posterior with its prior, or its likelihood, raised to a power."""
    return smoothed((power - 1.0) * fitted.sample_stats[PARTS[part]].transpose("chain", "draw").to_numpy())
