"""The arrays that a model reads, held in one vector a type.

A sampler compiles some code for every array that a model holds, which for thirty of them takes longer than all else
that is not cached; a slice of a vector costs nothing.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pymc as pm
from numpy.typing import NDArray

STORES = {"held_numbers": np.float64, "held_indices": np.int64}
"""Vectors by name, and the type of what they hold."""
ENDS = "held_ends"
"""Where each array ends in the vector of its type, in the order of the arrays."""


def pack(data: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Pack arrays of numbers and of indices into one vector each; their ends are a third."""
    ends = np.empty(len(data), dtype=np.int64)
    packed: dict[str, NDArray[Any]] = {}
    for store, dtype in STORES.items():
        own = [place for place, array in enumerate(data.values()) if _store(array) == store]
        arrays = [array.ravel() for array in data.values() if _store(array) == store]
        ends[own] = np.cumsum([array.size for array in arrays])
        packed[store] = np.concatenate(arrays).astype(dtype) if arrays else np.zeros(0, dtype=dtype)
    return packed | {ENDS: ends}


def hold(data: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
    """Add the packed arrays to the PyMC model on the context stack; return each as a slice, by its name.

    The length of an array is data, its number of columns is built in.
    """
    held = {name: pm.Data(name, value) for name, value in pack(data).items()}
    begin: dict[str, Any] = dict.fromkeys(STORES, 0)
    slices = {}
    for place, (name, array) in enumerate(data.items()):
        store, end = _store(array), held[ENDS][place]
        own = held[store][begin[store] : end]
        slices[name] = own if array.ndim == 1 else own.reshape((-1, *array.shape[1:]))
        begin[store] = end
    return slices


def _store(array: NDArray[Any]) -> str:
    return "held_numbers" if array.dtype.kind == "f" else "held_indices"
