"""Shared inputs of the PyMC graph and the assembled density: parameters, whitening, and panel data.

The path is whitened by pseudo-observations of the level, from a Laplace approximation at the centres of the priors. The
change of variables is exact for any pseudo-observations (`forecast.model.kernels.path`); the closer they are to the
data, the nearer the sampler's coordinates are to white noise.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from forecast.model.arrays import PanelArrays
from forecast.model.declarations import Declared
from forecast.model.driving import add_effects, driving_data
from forecast.model.dynamics import Motion, declare_cycle, over_gaps
from forecast.model.kernels.path import pair_forward, path_forward
from forecast.model.observation import side
from forecast.model.observation.base import Own
from forecast.model.observation.sides import declare_volume_effect
from forecast.model.priors import Priors, known_priors
from forecast.model.spec import PendulumSpec
from forecast.model.trend import (
    Trend,
    add_constant,
    add_headroom,
    add_trend,
    central_trend,
    declare_headroom,
    declare_trend,
)
from forecast.typing import Float


@dataclass(frozen=True)
class Parameters:
    """PyTensor variables, or values to whiten at, by role; None where the spec has none."""

    trend: Trend | None  # Of a trend that moves
    mu: Any  # A constant trend
    motion: Motion | None  # Of the cycle
    headroom: Any
    observed: Own
    effect: Any = None


def declare_parameters(spec: PendulumSpec, arrays: PanelArrays) -> Declared:
    """Declare the parameters of a linear cycle or none, a trend, and one dataset of sides, by their roles."""
    pool = spec.pooling and arrays.dyads > 1
    paced = spec.priors.paced(arrays.periods_a_month)
    return {
        **declare_trend(spec, paced, pool),
        **(declare_cycle(paced, pool) if spec.has_cycle else {}),
        **(declare_headroom(paced, pool) if spec.has_ceiling else {}),
        **declare_volume_effect(spec, pool),
        **side.declare(spec, arrays.observed.side, pool),
    }


def add_parameters(spec: PendulumSpec, arrays: PanelArrays) -> Parameters:
    """Add the parameters of path and level to the PyMC model on the context stack.

    Dyad effects are non-centred where dyads pool.
    """
    pool = spec.pooling and arrays.dyads > 1
    paced = spec.priors.paced(arrays.periods_a_month)
    trend = add_trend(spec, paced, pool) if spec.moves else None
    mu = None if spec.moves else add_constant(spec, paced, arrays, pool)
    motion = spec.cycle_model.add_motion(paced, pool) if spec.has_cycle else None
    headroom = add_headroom(paced, arrays, pool) if spec.has_ceiling else None
    observed = spec.observation_model.add_parameters(spec, arrays, pool)
    effect = None if arrays.driving is None else add_effects(paced, len(arrays.driving.acts), pool)
    return Parameters(trend, mu, motion, headroom, observed, effect)


AVERAGED_DRAWS, AVERAGED_ITERATIONS, LEAST_WEIGHT = 32, 20, 0.02


def prior_reference(spec: PendulumSpec, arrays: PanelArrays) -> Parameters:
    """Centres of the priors, around which the path is whitened."""
    p = spec.priors.paced(arrays.periods_a_month)
    return Parameters(
        trend=central_trend(spec, p, arrays.dyads) if spec.moves else None,
        mu=np.full(arrays.eras, p.trend_mean[0]),
        motion=spec.cycle_model.centre(p, arrays.dyads) if spec.has_cycle else None,
        headroom=None,
        observed=spec.observation_model.reference(spec, arrays),
    )


@dataclass(frozen=True)
class Anchor:
    """Linearisation point of the path: level, and weight and value of each node's pseudo-observation of it."""

    mean: Float
    weight: Float
    level: Float


def anchor_path(
    reference: Parameters, arrays: PanelArrays, spec: PendulumSpec, iterations: int = 40, damping: float = 0.6
) -> Anchor:
    """Anchor of the whitening, arrays (node,): a damped Newton search for the mode of the level, without a ceiling."""
    path, coordinates = _level_under(reference, arrays)
    still, observation = np.zeros(coordinates), spec.observation_model

    def slope_at(level: Float) -> Float:
        return observation.derivatives(spec, level, reference.observed, arrays)[0]

    level = np.full(arrays.nodes, spec.priors.trend_mean[0])
    anchor = Anchor(level, np.zeros_like(level), level)
    for _ in range(iterations):
        slope, weight = observation.derivatives(spec, level, reference.observed, arrays)
        anchor = Anchor(level, weight, level + np.where(weight > 0, slope / np.where(weight > 0, weight, 1.0), 0.0))
        level = level + damping * (path(still, weight, weight * anchor.level) - level)
    return _average(anchor, path, coordinates, slope_at)


type _Path = Callable[[Float, Float, Float], Float]


def _level_under(reference: Parameters, arrays: PanelArrays) -> tuple[_Path, int]:
    """Return the function from white noise and pseudo-observations to the level at every node, and how much noise."""
    pairs, starts = transition_pairs(arrays), arrays.starts
    trend = None if reference.trend is None else reference.trend.transitions(pairs)
    cycle = None if reference.motion is None else over_gaps(reference.motion, pairs)
    if trend is not None and cycle is not None:

        def path(white: Float, weight: Float, information: Float) -> Float:
            both: Float = pair_forward(white, *trend, *cycle, weight, information, starts)[0]
            return both[::2] + both[1::2]

        return path, 2 * arrays.nodes
    process = trend or cycle
    assert process is not None
    constant = reference.mu[arrays.node_era] if trend is None else np.zeros(arrays.nodes)

    def one(white: Float, weight: Float, information: Float) -> Float:
        own: Float = path_forward(white, *process, weight, information - weight * constant, starts)[0]
        return own + constant

    return one, arrays.nodes


def _average(anchor: Anchor, path: _Path, coordinates: int, slope_at: Callable[[Float], Float]) -> Anchor:
    """Return pseudo-observations that say of the level on average what the data say, and not only at its mode.

    A month of few events is far from Gaussian, so slope and curvature are averaged over what the pseudo-observations
    leave open: a Gaussian variational approximation (Opper and Archambeau 2009,
    https://doi.org/10.1162/neco.2008.08-07-592) by fixed-point iteration.
    """
    noise = np.random.default_rng(0).standard_normal((AVERAGED_DRAWS, coordinates))
    weight, information, still = anchor.weight, anchor.weight * anchor.level, np.zeros(coordinates)
    seen = weight > 0
    mean = anchor.mean
    for _ in range(AVERAGED_ITERATIONS):
        mean = path(still, weight, information)
        spread = np.sqrt(np.mean([(path(white, weight, information) - mean) ** 2 for white in noise], axis=0))
        up, down = slope_at(mean + spread), slope_at(mean - spread)
        curved = np.where(seen, np.maximum((down - up) / (2.0 * spread), LEAST_WEIGHT), 0.0)
        weight, information = (
            0.5 * (weight + curved),
            0.5 * (information + curved * mean + np.where(seen, (up + down) / 2.0, 0.0)),
        )
    return Anchor(mean, weight, np.divide(information, weight, out=mean.copy(), where=seen))


def transition_pairs(arrays: PanelArrays) -> dict[str, Any]:
    """Return the distinct pairs of dyad and gap, each computed once, and which of them every node has.

    Nodes that begin an era make pairs of their own.
    """
    new_era = (np.diff(arrays.node_era, prepend=-1) != 0) & (arrays.node_gap > 0)
    columns = np.column_stack([arrays.node_dyad, arrays.node_gap, new_era])
    pairs, pair_of = np.unique(columns, axis=0, return_inverse=True)
    return {
        "pair_dyad": pairs[:, 0], "pair_gap": pairs[:, 1], "pair_new_era": pairs[:, 2], "pair_of_node": pair_of,
    }  # fmt: skip


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
    spec: PendulumSpec, arrays: PanelArrays, reference: Parameters | None = None, part: Part = "whole"
) -> dict[str, Any]:
    """Arrays that a model, or a part of it, reads of a panel, by the names of its data.

    The path is whitened at ``reference``, by default at the priors' centres.
    """
    aside = {} if part == "path" else spec.observation_model.aside_data(spec, arrays)
    if part == "aside":
        return aside
    return _path_data(spec, arrays, reference or prior_reference(spec, arrays)) | aside


def _path_data(spec: PendulumSpec, arrays: PanelArrays, reference: Parameters) -> dict[str, Any]:
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
"""End of each array in the vector of its type, in the order of the arrays."""


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
