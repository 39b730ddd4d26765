"""The pendulum model and its fit: spec to PyMC model, kernels, sampling, storage.

Public names are imported on first use: loading a saved fit never imports PyMC.
"""

from typing import TYPE_CHECKING

from forecast.base.exports import exporter
from forecast.base.resources import prepare_caches

if TYPE_CHECKING:
    from forecast.model.fitted import Fit as Fit
    from forecast.model.gate import Gate as Gate
    from forecast.model.gate import check_convergence as check_convergence
    from forecast.model.pendulum import PendulumModel as PendulumModel
    from forecast.model.process.priors import Priors as Priors
    from forecast.model.sampling import fit as fit
    from forecast.model.simulation import prior_draws as prior_draws
    from forecast.model.simulation import simulate_panel as simulate_panel
    from forecast.model.spec import PendulumSpec as PendulumSpec
    from forecast.model.updating import update as update

prepare_caches()

_NAMES_BY_MODULE = {
    "forecast.model.fitted": ("Fit",),
    "forecast.model.gate": (
        "Gate",
        "check_convergence",
    ),
    "forecast.model.pendulum": ("PendulumModel",),
    "forecast.model.process.priors": ("Priors",),
    "forecast.model.sampling": ("fit",),
    "forecast.model.simulation": (
        "prior_draws",
        "simulate_panel",
    ),
    "forecast.model.spec": ("PendulumSpec",),
    "forecast.model.updating": ("update",),
}
"""What is exported, by the module that defines it."""

__all__, __getattr__ = exporter(__name__, _NAMES_BY_MODULE)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
