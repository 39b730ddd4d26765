"""Draws of a posterior as plain arrays."""

import numpy as np
import xarray as xr

from forecast.typing import Float


def flat(values: xr.DataArray) -> Float:
    """Put the chains of a variable one after the other: (draw, ...)."""
    array = values.transpose("chain", "draw", ...).to_numpy()
    return np.asarray(array.reshape(-1, *array.shape[2:]), dtype=np.float64)


def flat_or_zeros(posterior: xr.Dataset, name: str, *shape: int) -> Float:
    """Return a variable with its chains one after the other, or zeros (draw, *shape) where the model has none."""
    if name in posterior:
        return flat(posterior[name])
    return np.zeros((posterior.sizes["chain"] * posterior.sizes["draw"], *shape))
