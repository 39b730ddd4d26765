"""Pendulum model in PyMC: latent path and observations as expressions of parameters and data.

What it simulates.

Draws from the prior and data simulated from the model need no compilation.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr
from numpy.typing import NDArray
from pymc.distributions.distribution import SymbolicRandomVariable
from pymc.distributions.shape_utils import change_dist_size
from pytensor.compile.mode import Mode
from pytensor.graph.replace import vectorize_graph
from pytensor.graph.traversal import ancestors

from forecast.base.arguments import checked
from forecast.base.typing import Float, Index, Seed
from forecast.data.panel.kinds import Panel
from forecast.model.arrays import PanelArrays, first_eras, panel_arrays, require_observations
from forecast.model.driving import add_effects, node_push, push_of_draw
from forecast.model.inputs import NODE_PATHS, WHITE, Parameters, model_data
from forecast.model.kernels.ops import WhitenedPair, WhitenedPath
from forecast.model.observation import PACKAGED as OBSERVATIONS
from forecast.model.process import cycle as cycles
from forecast.model.process import trend as trends
from forecast.model.process.component import Transitions
from forecast.model.process.process import State
from forecast.model.spec import PendulumSpec, spec_for
from forecast.model.variables import sampled_variables

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


@checked
def prior_draws(
    panel: Panel, spec: PendulumSpec | None = None, *, draws: int = 100, seed: Seed = 1
) -> xr.Dataset:
    """Draw every parameter from the prior, dims (draw, ...).

    The panel gives dyads, eras and classes only.
    """
    spec = spec or spec_for(panel)
    arrays = panel_arrays(panel, spec, dense=False)
    with pm.Model(coords=arrays.coordinates) as model:
        add_parameters(arrays)
    dims = {
        name: dims_of for name, dims_of in sampled_variables().items() if name in model.named_vars
    }
    names, random = sorted(dims), model.basic_RVs
    expressions = [model[name] for name in names]
    plain = Mode(linker="py", optimizer=None)  # Not compiled: that would take longer than the draws
    with np.errstate(over="ignore"):
        packaged = spec.trend_model in trends.PACKAGED and spec.cycle_model in cycles.PACKAGED
        if packaged and spec.observation_model in OBSERVATIONS:
            values = pm.draw(_repeated(expressions, random, draws), random_seed=seed, mode=plain)
        else:  # a registered class may have random variables to which no axis can be added
            values = pm.draw(expressions, draws=draws, random_seed=seed, mode=plain)
    drawn = dict(zip(names, values, strict=True))
    prior = {}
    for name, dims_of in dims.items():
        # without draws if the prior leaves no choice
        shape = drawn[name].shape[drawn[name].ndim - len(dims_of) :]
        prior[name] = ("draw", *dims_of), np.broadcast_to(drawn[name], (draws, *shape)).copy()
    return xr.Dataset(prior)


def _repeated(expressions: list[Any], random: list[Any], draws: int) -> list[Any]:
    """Return expressions of random variables with a first axis of draws.

    The numbers are those of as many draws made one by one.

    It is for variables as the packaged model has them; those that depend on others have the shape
    of their parameters.
    """
    replicated: dict[Any, Any] = {}
    for variable in random:
        if replicated.keys().isdisjoint(ancestors([variable])):
            replicated[variable] = change_dist_size(variable, (draws,), expand=True)
        elif isinstance(
            op := variable.owner.op, SymbolicRandomVariable
        ):  # PyTensor adds no axis to these
            parameters = vectorize_graph(op.dist_params(variable.owner), replicated)
            replicated[variable] = op.rv_op(*parameters, rng=op.rng_params(variable.owner)[0])
        else:
            replicated[variable] = vectorize_graph(variable, replicated)
    return list(vectorize_graph(expressions, replicated))


@checked
def simulate_panel(
    panel: Panel, parameters: xr.Dataset, spec: PendulumSpec | None = None, *, seed: Seed = 1
) -> tuple[xr.Dataset, xr.DataArray]:
    """Simulate a panel of the same shape and the same number of events in every report."""
    spec = spec or spec_for(panel)
    spec.observation_model.check_panel(panel)
    rng = np.random.default_rng(seed)
    era = panel["era_index"].transpose("dyad", "time").to_numpy()
    level = simulate_level(parameters, era, spec, rng, first_eras(panel))
    pushed = push_of_draw(spec.drivers, panel, parameters)
    if pushed is not None:
        level = level + pushed.level
    month = level if pushed is None else level + pushed.month
    simulated = spec.observation_model.simulate(spec, panel, month, parameters, rng)
    return simulated, xr.DataArray(
        level, dims=("dyad", "time"), coords={k: panel[k] for k in ("dyad", "time")}
    )


def simulate_level(
    parameters: xr.Dataset,
    era: Index,
    spec: PendulumSpec,
    rng: np.random.Generator,
    first_era: Index | int = 0,
) -> Float:
    """Simulate the path of the level ([draw,] dyad, time) in log-odds, month by month."""
    return simulate_path(parameters, era, spec, rng, first_era).level


def simulate_path(
    parameters: xr.Dataset,
    era: Index,
    spec: PendulumSpec,
    rng: np.random.Generator,
    first_era: Index | int = 0,
) -> State:
    """Simulate trend, cycle and ceiling, each ([draw,] dyad, time), in log-odds, month by month.

    A ceiling is there from where its dyad's first era begins. The cycle has a random stream of its
    own, so that the trend is the same without it.
    """
    by_dyad = {
        str(name): variable.to_numpy()
        if "dyad" in variable.dims
        else variable.to_numpy()[..., None]
        for name, variable in parameters.items()
        if variable.dims[-1:] != ("era",)
    }
    process = spec.process(by_dyad)
    shape = parameters["trend_mean"].shape
    rngs = {"trend": rng, "frameworks": rng, "shocks": rng.spawn(1)[0]}
    brought = "headroom" if spec.has_ceiling else "mu"
    of_era = (
        None if spec.moves and not spec.has_ceiling else parameters[brought].to_numpy()[..., era]
    )
    begins = np.diff(era, axis=1, prepend=era[:, :1]) != 0
    first = np.broadcast_to(first_era if spec.has_ceiling else 0, len(era))
    states: list[State] = []
    for t in range(era.shape[1]):
        now = None if of_era is None else of_era[..., t]
        state = (
            process.step(states[-1], begins[:, t], rngs, now) if t else process.start(shape, rngs)
        )
        if now is not None and (first == t).any():
            state = process.begin_eras(state, first == t, rngs, now)
        states.append(state)
    trend, cycle = (
        np.stack([getattr(state, name) for state in states], axis=-1) for name in ("trend", "cycle")
    )
    ceilings = [state.ceiling for state in states if state.ceiling is not None]
    return State(trend, cycle, np.stack(ceilings, axis=-1) if ceilings else None)


def simulate_trend(
    parameters: xr.Dataset,
    era: Index,
    spec: PendulumSpec,
    rng: np.random.Generator,
    first_era: Index | int = 0,
) -> Float:
    """Simulate the trend, ([draw,] dyad, time), in log-odds, below ceilings from the first era."""
    return simulate_path(parameters, era, spec, rng, first_era).trend
