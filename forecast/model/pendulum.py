"""Pendulum model in PyMC: latent path and observations as expressions of parameters and data.

What the model simulates is in `forecast.model.simulation`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr
from numpy.typing import NDArray

from forecast.model.arrays import PanelArrays, panel_arrays, require_observations
from forecast.model.driving import add_effects, node_push
from forecast.model.inputs import NODE_PATHS, WHITE, Parameters, model_data
from forecast.model.kernels.ops import WhitenedPair, WhitenedPath
from forecast.model.process.component import Transitions
from forecast.model.spec import PendulumSpec, spec_for

OBSERVED = "events"
"""Name of the log-likelihood."""
STORES = {"held_numbers": np.float64, "held_indices": np.int64}
"""Vectors in which arrays are packed, with the type of their numbers."""
ENDS = "held_ends"
"""Name of the vector with the end of each array in its store, in the order of the arrays."""


@dataclass(frozen=True)
class PendulumModel:
    """The pendulum model of a spec, ready to be built on a panel.

    Attributes
    ----------
    spec : PendulumSpec, optional
        Choices of the model; by default those that suit the panel.

    Examples
    --------
    >>> from forecast import PendulumModel, PendulumSpec, build_panel, read_chronology
    >>> panel = build_panel(read_chronology(dyads=["USA-CHN"]), start="2009-01", end="2012-12")
    >>> model = PendulumModel(PendulumSpec(trend="walk")).build(panel)
    >>> "cycle_half_life" in model.named_vars
    True
    """

    spec: PendulumSpec | None = None

    def build(self, panel: xr.Dataset, reference: Parameters | None = None) -> pm.Model:
        """Build the model on a panel.

        Parameters
        ----------
        panel : xarray.Dataset
            Event or index panel (schema: docs/schema/panel.md).
        reference : Parameters, optional
            Where to whiten the path; the posterior is the same for any. Default: the priors'
            centres.

        Returns
        -------
        pymc.Model
            With named dims ``dyad``, ``era``, ``dataset`` and ``direction``. The path lives on
            nodes (:class:`forecast.model.arrays.PanelArrays`);
            `forecast.model.sampling.complete_posterior` fills in the other periods.

        Raises
        ------
        DataError
            If the panel's kind does not fit ``spec.observation`` or holds nothing to fit.
        SpecError
            If a choice does not fit the panel.
        """
        spec = self.spec or spec_for(panel)
        arrays = panel_arrays(panel, spec)
        require_observations(panel)
        return build_on(arrays, model_data(arrays, reference), observed_values(panel))


def build_on(
    arrays: PanelArrays, data: Mapping[str, NDArray[Any]], observed: NDArray[Any] | None = None
) -> pm.Model:
    """Build the model of a panel on arrays of `forecast.model.inputs.model_data`.

    With what was observed, the variable `events` has it; otherwise its likelihood is a potential,
    as samplers need it.
    """
    with pm.Model(coords=arrays.coordinates) as model:
        likelihood = _add_path(
            arrays.spec, add_parameters(arrays), hold(data), node_capacity(arrays.nodes)
        )
        _add_observed(likelihood, observed)
    return model


def add_parameters(arrays: PanelArrays) -> Parameters:
    """Add the parameters of path and level to the PyMC model on the context stack."""
    spec, priors, pool = arrays.spec, arrays.priors, arrays.pool
    trend = spec.trend_model.add_motion(priors, pool, spec.jumps) if spec.moves else None
    mu = (
        None
        if spec.moves
        else spec.trend_model.add_levels(priors, pool, spec.jumps, arrays.era_dyad)
    )
    cycle = spec.cycle_model.add_motion(priors, pool) if spec.has_cycle else None
    bound = spec.ceiling_model
    headroom = None if bound is None else bound.add_headroom(priors, pool, arrays.era_dyad)
    observed = spec.observation_model.add_parameters(arrays)
    effect = add_effects(priors, len(spec.drivers), pool) if spec.drivers else None
    return Parameters(trend, mu, cycle, observed, headroom, effect)


def observed_values(panel: xr.Dataset) -> NDArray[Any]:
    """Return the observed values of a panel in one row: counts, or values of an index."""
    values = panel["counts" if "counts" in panel else "index"].to_numpy().ravel()
    return np.asarray(values[np.isfinite(values)])


def _add_observed(likelihood: Any, observed: NDArray[Any] | None) -> None:
    """Add the log-likelihood, a scalar, as that of an observed variable or a potential."""
    if observed is None:
        pm.Potential(OBSERVED, likelihood)
        return

    def logp(value: Any, likelihood: Any) -> Any:  # equal parts, whose sum PyMC takes
        return pt.full(value.shape, likelihood / value.shape[0])

    pm.CustomDist(OBSERVED, likelihood, logp=logp, observed=observed)


def _add_path(spec: PendulumSpec, p: Parameters, data: Mapping[str, Any], capacity: int) -> Any:
    """Add the path, in coordinates near white noise, and its prior.

    Return the log-likelihood of the data given the path.
    """
    observation = spec.observation_model
    trend_model = spec.trend_model
    cycle_model = spec.cycle_model
    bound = spec.ceiling_model
    starts = data["starts"]
    white = pm.Flat(WHITE, shape=spec.components * capacity)
    trend_moves = None if p.trend is None else trend_model.transitions(p.trend, data, pt)
    cycle_moves = None if p.cycle is None else cycle_model.transitions(p.cycle, data, pt)
    constant = p.mu[data["node_era"]] if trend_moves is None else 0.0
    push = None if p.effect is None else node_push(spec.drivers, p.effect, p.cycle, data)

    # Pseudo-observations of the path: of what is read as level, less all that is added to the path.
    weight, shift = observation.anchor(data["anchor_weight"], p.observed, data)
    target = data["anchor_level"] + shift - constant
    if push is not None:
        target = target - sum(push)
    nodes = spec.components * starts[-1]
    trend, cycle, log_det = _coloured(
        white[:nodes], trend_moves, cycle_moves, weight, weight * target, starts
    )

    level = constant if trend is None else trend
    level = level if cycle is None else level + cycle
    level = level if push is None else level + push[0]
    for name, values in zip(NODE_PATHS, (trend, cycle), strict=True):
        if values is not None:
            pm.Deterministic(name, values)
    prior: Any = 0.0
    if trend_moves is not None and p.trend is not None:
        expected = trend_model.expected(trend, trend_moves, p.trend, data)
        prior = prior + trend_model.log_density(trend, expected, trend_moves)
        if bound is not None:
            ceiling = trend[data["era_start"]] + p.headroom
            pm.Deterministic("ceiling", ceiling, dims="era")
            prior = prior + bound.log_density(ceiling, trend, expected, trend_moves.scale, data)
    if cycle_moves is not None and p.cycle is not None:
        expected = cycle_model.expected(cycle, cycle_moves, p.cycle, data)
        prior = prior + cycle_model.log_density(cycle, expected, cycle_moves)
    pm.Deterministic("node_level", level)
    # Coordinates beyond the last node are white noise.
    pm.Potential("path_prior", prior + log_det - 0.5 * (white[nodes:] ** 2).sum())
    month = level if push is None else level + push[1]
    return observation.log_likelihood(spec, month, p.observed, data)


def _coloured(
    white: Any,
    trend: Transitions | None,
    cycle: Transitions | None,
    weight: Any,
    information: Any,
    starts: Any,
) -> tuple[Any, Any, Any]:
    """Return trend and cycle of white noise under pseudo-observations, and the log-determinant."""
    if trend is not None and cycle is not None:
        path, log_det, *_ = WhitenedPair()(white, *trend, *cycle, weight, information, starts)
        path = path.reshape((-1, 2))
        return path[:, 0], path[:, 1], log_det
    component = trend or cycle
    assert component is not None
    path, log_det, *_ = WhitenedPath()(white, *component, weight, information, starts)
    return (None, path, log_det) if trend is None else (path, None, log_det)


def node_capacity(nodes: int) -> int:
    """Round a number of nodes up: spare ones are white noise, and new months compile nothing."""
    step = max(128, 2 ** (int(np.ceil(np.log2(max(nodes, 2)))) - 3))
    return int(-(-nodes // step) * step)


def pack(data: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Pack arrays into a vector of numbers, one of indices and one of ends.

    A sampler compiles code for every array, so few are wanted.
    """
    packed = {name: np.zeros(0, dtype=dtype) for name, dtype in STORES.items()}
    ends = []
    for array in data.values():
        store = _store(array)
        packed[store] = np.append(packed[store], array.ravel().astype(STORES[store]))
        ends.append(packed[store].size)
    return packed | {ENDS: np.array(ends, dtype=np.int64)}


def hold(data: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
    """Add the packed arrays to the PyMC model on the context stack.

    Return each as a slice, by its name.
    """
    held = {name: pm.Data(name, value) for name, value in pack(data).items()}
    begin: dict[str, Any] = dict.fromkeys(STORES, 0)
    slices = {}
    for index, (name, array) in enumerate(data.items()):
        store, end = _store(array), held[ENDS][index]
        array_held = held[store][begin[store] : end]
        slices[name] = array_held if array.ndim == 1 else array_held.reshape((-1, *array.shape[1:]))
        begin[store] = end
    return slices


def _store(array: NDArray[Any]) -> str:
    return "held_numbers" if array.dtype.kind == "f" else "held_indices"
