"""Posterior draws as plain arrays, and their ArviZ diagnostics.

R-hat and effective sample sizes: Vehtari et al. (2021), https://doi.org/10.1214/20-BA1221.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from forecast.base.typing import Float, Index


def flat(values: xr.DataArray) -> Float:
    """Put the chains of a variable one after the other: (draw, ...)."""
    array = values.transpose("chain", "draw", ...).to_numpy()
    return np.asarray(array.reshape(-1, *array.shape[2:]), dtype=np.float64)


def flat_or_zeros(posterior: xr.Dataset, name: str, *shape: int) -> Float:
    """Return a variable with its chains one after the other, (draw, *shape).

    Zeros where the model has none.
    """
    if name in posterior:
        return flat(posterior[name])
    return np.zeros((posterior.sizes["chain"] * posterior.sizes["draw"], *shape))


GRID = 128
"""Values per unit of log-odds at which paths are kept. The rounding, at most 0.1 points of share,
is far within the Monte Carlo error of any statement; of what is rounded, zeros are left that a
saved fit need not store."""


def on_grid(path: Float) -> Float:
    """Round log-odds of a path to the grid on which a fit keeps them."""
    return np.asarray(np.rint(path * GRID) / GRID)


type Groups = Mapping[
    str, xr.Dataset
]  # Groups of a tree by their names, the root's (of attributes alone) under ``/``


def groups_of(tree: xr.DataTree | Groups) -> dict[str, xr.Dataset]:
    """Return the groups of a tree."""
    if not isinstance(tree, xr.DataTree):
        return dict(tree)
    return {
        "/": tree.to_dataset(),
        **{name: node.to_dataset() for name, node in tree.children.items()},
    }


def take_apart(tree: xr.DataTree) -> dict[str, xr.Dataset]:
    """Return the groups of a tree and part its nodes.

    So their arrays are freed with their last user.
    """
    groups = groups_of(tree)
    for node in list(tree.children.values()):
        node.orphan()
    return groups


def diagnostic(name: str, draws: Float, **options: Any) -> Float:
    """Return a diagnostic of `arviz_stats`, such as ``rhat``, of draws (chain, draw, quantity)."""
    from arviz_stats.base import array_stats

    with np.errstate(
        invalid="ignore", divide="ignore"
    ):  # draws that never vary within a chain: NaN, which fails
        return np.asarray(getattr(array_stats, name)(draws, chain_axis=0, draw_axis=1, **options))


def ancestry(posterior: xr.Dataset, sample_stats: xr.Dataset) -> Index:
    """Return from which draw of its chain every draw descends, (chain, draw).

    Draws descend from those of the last fit that was sampled; updates resample them.
    """
    if "ancestor" in sample_stats:
        ancestors = sample_stats["ancestor"].transpose("chain", "draw").to_numpy()
        return np.asarray(ancestors, dtype=np.int64)
    sizes = posterior.sizes
    return np.broadcast_to(np.arange(sizes["draw"]), (sizes["chain"], sizes["draw"]))
