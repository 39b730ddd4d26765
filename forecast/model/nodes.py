"""Whether the quadrature of the month noise has nodes enough: the draws of a fit, weighed to a much finer one.

With few nodes a month of many events, or a strong noise, falls between them, and the sampler settles on the posterior
of another model than the one written down.
"""

from dataclasses import replace

import numpy as np
import xarray as xr

from forecast.model.arrays import PanelArrays
from forecast.model.kernels.observation import observation_value_gradient
from forecast.model.likelihood import Draws, flat
from forecast.model.spec import PendulumSpec
from forecast.model.whitening import quadrature
from forecast.typing import Float

FINE = 61
DRAWS_A_CHAIN = 15


def nodes_worth(posterior: xr.Dataset, arrays: PanelArrays, spec: PendulumSpec) -> float:
    """Share of their effective number that draws keep when they are weighed to a finer integral, 0 to 1.

    Parameters
    ----------
    posterior : xarray.Dataset
        Of a fit, dims (chain, draw, ...); some sixty draws are taken.
    arrays : PanelArrays
        Of the panel that was fitted.
    spec : PendulumSpec

    Returns
    -------
    float
        1 where nothing is integrated: without month noise, or of an index. Near 1 the nodes are enough; where one draw
        takes all the weight it is 1 / (number of draws).
    """
    if spec.observation != "events" or not spec.month_noise:
        return 1.0
    few = min(DRAWS_A_CHAIN, posterior.sizes["draw"])
    some = posterior.isel(draw=np.linspace(0, posterior.sizes["draw"] - 1, few).astype(int))
    draws, level = Draws.of(some, spec), flat(some["level"])[:, arrays.node_dyad, arrays.node_time]
    own, finer = quadrature(spec), quadrature(replace(spec, nodes=FINE))

    def total(i: int, nodes: Float, weights: Float) -> float:
        return float(observation_value_gradient(
            level[i], draws.offset[i], draws.cutpoint[i], draws.depth[i], draws.concentration[i], draws.noise[i],
            arrays.blocks, arrays.cells, arrays.rows, arrays.entries, nodes, weights,
        )[0])  # fmt: skip

    missed = np.array([total(i, *finer) - total(i, *own) for i in range(len(level))])
    weight = np.exp(missed - missed.max())
    return float(weight.sum() ** 2 / (weight**2).sum() / weight.size)
