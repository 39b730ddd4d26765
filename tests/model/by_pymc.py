"""Posteriors by PyMC's own sampler, from the model that `PendulumModel.build` returns."""

import numpy as np
import pymc as pm

from forecast.model.arrays import panel_arrays
from forecast.model.inputs import NODE_PATHS
from forecast.model.pendulum import PendulumModel
from forecast.model.posterior import take_apart
from forecast.model.sampling import complete_posterior
from forecast.model.spec import spec_for
from forecast.model.variables import sampled_variables


def sample_by_pymc(panel, spec=None, *, seed=1, **settings):
    """Return the posterior of a panel in the form of a fit's."""
    spec = spec or spec_for(panel)
    with PendulumModel(spec).build(panel) as model:
        kept = [name for name in (*sampled_variables(), *NODE_PATHS) if name in model.named_vars]
        tree = pm.sample(
            random_seed=seed,
            progressbar=False,
            compute_convergence_checks=False,
            nuts_sampler="pymc",
            var_names=kept,
            compile_kwargs={"mode": "NUMBA"},
            **settings,
        )
    arrays = panel_arrays(panel, spec)
    return complete_posterior(take_apart(tree)["posterior"], arrays, np.random.default_rng(seed))
