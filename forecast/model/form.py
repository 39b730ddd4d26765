"""What a model reads of its panel as data, and what is built into it: panels of one form share a compilation."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from forecast.model.arrays import PanelArrays
from forecast.model.driving import driving_data
from forecast.model.priors import Priors, known_priors
from forecast.model.spec import PendulumSpec
from forecast.model.whitening import Reference, anchor_path, prior_reference, transition_pairs

type Part = Literal["whole", "path", "aside"]
"""Of a model: all of it; the path and what tells of the level; or what tells nothing of it, and is fitted apart."""


@dataclass(frozen=True)
class Form:
    """All that a compiled model has built in; two panels with one form differ in data only.

    Eras are built in only where something has a parameter per era.
    """

    spec: PendulumSpec
    era_dyad: tuple[int, ...]
    shape: tuple[int, ...]
    periods_a_month: float
    part: Part = "whole"

    @classmethod
    def of(cls, spec: PendulumSpec, arrays: PanelArrays, part: Part = "whole") -> "Form":
        """Return the form of a panel, or of a part of its model, under a spec."""
        shape = (arrays.dyads, *arrays.observation.shape(arrays.observed), node_capacity(arrays.nodes))
        by_era = spec.has_ceiling or not spec.moves or arrays.observation.uses_eras(spec)
        eras = tuple(arrays.era_dyad.tolist()) if by_era else ()
        return cls(spec, eras, shape, arrays.periods_a_month, part)


def node_capacity(nodes: int) -> int:
    """Round a number of nodes up to the next for which paths are compiled: to an eighth of a power of two, or to 128.

    The coordinates to spare are white noise of their own, so that a few more months need no new compilation.
    """
    step = max(128, 2 ** (int(np.ceil(np.log2(max(nodes, 2)))) - 3))
    return int(-(-nodes // step) * step)


def parts_of(arrays: PanelArrays) -> tuple[Part, ...]:
    """Return the parts in which the model of a panel can be fitted: they share no parameter."""
    return ("path", "aside") if arrays.observation.has_aside(arrays.observed) else ("whole",)


def spec_of(spec: PendulumSpec, part: Part) -> PendulumSpec:
    """Return a spec with the choices that matter for a part, and the defaults for all else.

    Models that differ only elsewhere have this part in common: its posterior, its evidence and its compilation.
    """
    if part == "whole":
        return spec
    of_kinds = {name: getattr(spec.priors, name) for name in known_priors() if name.startswith("kind_")}
    if part == "aside":
        return PendulumSpec(
            kind_drift=spec.kind_drift, observation=spec.observation, overdispersion=spec.overdispersion,
            pooling=spec.pooling, priors=Priors(**of_kinds),
        )  # fmt: skip
    own = {name: value for name, value in spec.priors.to_dict(spec.cycle_model).items() if name not in of_kinds}
    return replace(spec, kind_drift="years", priors=Priors(**own))


def model_data(
    spec: PendulumSpec, arrays: PanelArrays, reference: Reference | None = None, part: Part = "whole"
) -> dict[str, Any]:
    """Arrays that a model, or a part of it, reads of a panel, by the names of its data.

    The path is whitened at ``reference``, by default at the priors' centres.
    """
    aside = {} if part == "path" else spec.observation_model.aside_data(spec, arrays)
    if part == "aside":
        return aside
    return _path_data(spec, arrays, reference or prior_reference(spec, arrays)) | aside


def _path_data(spec: PendulumSpec, arrays: PanelArrays, reference: Reference) -> dict[str, Any]:
    """Arrays of the path and of what tells of its level."""
    anchor = anchor_path(reference, arrays, spec)
    data = {
        **transition_pairs(arrays),
        "node_era": arrays.node_era,
        "starts": arrays.starts,
        "anchor_weight": anchor.weight,
        "anchor_level": anchor.level,
    }
    if spec.has_ceiling:
        data["era_start"] = arrays.era_start
    if spec.dense:
        data |= {"node_dyad": arrays.node_dyad, "node_gap": arrays.node_gap}
    if arrays.driving is not None:
        data |= driving_data(arrays.driving, arrays.node_dyad, arrays.node_time)
    return data | spec.observation_model.data(spec, arrays, reference.observed)


STORES = {"held_numbers": np.float64, "held_indices": np.int64}
"""Vectors by name, and the type of what they hold."""
ENDS = "held_ends"
"""Where each array ends in the vector of its type, in the order of the arrays."""


def pack(data: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Pack arrays of numbers and of indices into one vector each; their ends are a third.

    A sampler compiles some code for every array that a model holds, which for thirty of them takes longer than all else
    that is not cached; a slice of a vector costs nothing.
    """
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
    import pymc as pm

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
