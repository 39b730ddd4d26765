"""Pendulum model in PyMC: latent path and observations as expressions of parameters and data; what it simulates.

Draws from the prior and data simulated from the model need no compilation.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr
from numpy.typing import NDArray
from pymc.distributions.dist_math import normal_lcdf
from pytensor.compile.mode import Mode

from forecast.arguments import checked
from forecast.model.arrays import PanelArrays, panel_arrays, require_observations
from forecast.model.driving import add_effects, followed, node_push, push_of_draw
from forecast.model.dynamics import Transitions
from forecast.model.inputs import NODE_PATHS, WHITE, Parameters, Part, model_data
from forecast.model.kernels.ops import WhitenedPair, WhitenedPath
from forecast.model.observation.kinds import add_aside, aside_log_likelihood
from forecast.model.posterior import take_apart
from forecast.model.spec import PendulumSpec, spec_for
from forecast.model.trend import SOFTNESS, add_constant, add_headroom, add_trend, step_below
from forecast.model.variables import sampled_variables
from forecast.typing import Float, Index


@dataclass(frozen=True)
class PathGraph:
    """Expressions over the nodes; a path is (node,), or (node, 2), trend and cycle, where both move."""

    spec: PendulumSpec
    parameters: Parameters
    data: Mapping[str, Any]  # Of `forecast.model.inputs.model_data`

    @cached_property
    def trend(self) -> Transitions:
        """Transitions of the trend, each (node,)."""
        assert self.parameters.trend is not None
        return self.parameters.trend.transitions(self.data, pt)

    @cached_property
    def cycle(self) -> Transitions:
        """Transitions of the Gaussian process by which the cycle is whitened, each (node,)."""
        assert self.parameters.motion is not None
        return self.spec.cycle_model.transitions(self.parameters.motion, self.data)

    @cached_property
    def still(self) -> Any:
        """A constant trend at every node; zero where the trend moves."""
        return 0.0 if self.spec.moves else self.parameters.mu[self.data["node_era"]]

    @cached_property
    def pseudo(self) -> tuple[Any, Any]:
        """Weight and information of the anchor's pseudo-observations; they follow the parameters."""
        observed, data, model = self.parameters.observed, self.data, self.spec.observation_model
        weight, shift = model.anchor(data["anchor_weight"], observed, data)
        target = data["anchor_level"] + shift - self.still
        if self.push is not None:  # what is read as level is the path and all that drivers add to it
            target = target - sum(self.push)
        return weight, weight * target

    @cached_property
    def push(self) -> tuple[Any, Any] | None:
        """Effect of drivers at every node on the level, and on the month alone; None without drivers."""
        if self.parameters.effect is None:
            return None
        return node_push(self.spec.drivers, self.parameters.effect, self.parameters.motion, self.data)

    def path(self, white: Any, weight: Any, information: Any) -> tuple[Any, Any]:
        """Path of white noise under pseudo-observations of its level, and the log-determinant."""
        starts = self.data["starts"]
        if self.spec.components == 2:
            path, log_det, *_ = WhitenedPair()(white, *self.trend, *self.cycle, weight, information, starts)
            return path.reshape((-1, 2)), log_det
        process = self.trend if self.spec.moves else self.cycle
        path, log_det, *_ = WhitenedPath()(white, *process, weight, information, starts)
        return path, log_det

    def parts(self, path: Any) -> tuple[Any, Any]:
        """Free trend and cycle of a path; None for a component without one."""
        if self.spec.components == 2:
            return path[:, 0], path[:, 1]
        return (path, None) if self.spec.moves else (None, path)

    def ceiling(self, trend: Any) -> Any:
        """Ceiling of every era: a headroom above the trend where the era begins."""
        return trend[self.data["era_start"]] + self.parameters.headroom

    def level(self, path: Any) -> Any:
        """Level: trend, cycle, and what drivers add to them."""
        trend, cycle = self.parts(path)
        level = self.still if trend is None else trend
        level = level if cycle is None else level + cycle
        return level if self.push is None else level + self.push[0]

    def prior(self, path: Any) -> Any:
        """Log-density of a path, up to half the logarithm of two pi per node and component."""
        trend, cycle = self.parts(path)
        total: Any = 0.0
        if trend is not None:
            drift, carry, scale = self.trend
            expected = drift + carry * _previous(trend)
            total = total + _normal(trend - expected, scale)
            if self.spec.has_ceiling:
                total = total + self.below_ceiling(trend, expected, scale)
        if cycle is not None:
            assert self.parameters.motion is not None
            motion, model = self.parameters.motion, self.spec.cycle_model
            expected = model.expected(_previous(cycle), self.cycle, motion, self.data)
            total = total + _normal(cycle - expected, self.cycle[-1])
        return total

    def below_ceiling(self, trend: Any, expected: Any, scale: Any) -> Any:
        """Log-density that ceilings add to the trend's steps within an era."""
        first = self.data["era_start"][self.data["node_era"]]
        ceiling = self.ceiling(trend)[self.data["node_era"]]
        kept = normal_lcdf(0.0, 1.0, (ceiling - trend) / SOFTNESS)
        mass = normal_lcdf(0.0, 1.0, (ceiling - expected) / pt.sqrt(scale**2 + SOFTNESS**2))
        return pt.where(pt.eq(pt.arange(trend.shape[0]), first), 0.0, kept - mass).sum()

    def likelihood(self, level: Any) -> Any:
        """Log-likelihood of everything seen, given the level at the nodes."""
        if self.push is not None:
            level = level + self.push[1]
        return self.spec.observation_model.log_likelihood(self.spec, level, self.parameters.observed, self.data)


def _normal(off: Any, scale: Any) -> Any:
    """Log-density of normal deviations, but for the constants."""
    return -0.5 * ((off / scale) ** 2).sum() - pt.log(scale).sum()


def _previous(path: Any) -> Any:
    """Return the node before each; a first node's has no meaning."""
    return pt.concatenate([path[:1], path[:-1]])


OBSERVED = ("events", "events_aside")  # Names of the log-likelihoods of what tells of the level, and of what does not


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

    def build(self, panel: xr.Dataset, reference: Parameters | None = None, part: Part = "whole") -> pm.Model:
        """Build the model on a panel.

        Parameters
        ----------
        panel : xarray.Dataset
            Event or index panel (schema: docs/schema/panel.md).
        reference : Parameters, optional
            Where to whiten the path; the posterior is the same for any. Default: the priors' centres.
        part : {"whole", "path", "aside"}
            All of it; the path and what tells of the level; or what tells nothing of it, such as the kinds of a side,
            which share no parameter with the path. The posterior of the whole is the product of both.

        Returns
        -------
        pymc.Model
            With named dims ``dyad``, ``era``, ``dataset`` and ``direction``. The path lives on nodes
            (:class:`forecast.model.arrays.PanelArrays`); `forecast.model.sampling.complete_posterior` fills in the
            other periods.

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
        return build_part(arrays, model_data(arrays, reference, part), part)


def build_part(arrays: PanelArrays, data: Mapping[str, NDArray[Any]], part: Part) -> pm.Model:
    """Build the model of a panel, or a part of it, on arrays of `forecast.model.inputs.model_data`."""
    with pm.Model(coords=arrays.coordinates) as model:
        held = hold(data)
        if part != "aside":
            _add_path(PathGraph(arrays.spec, add_parameters(arrays), held), node_capacity(arrays.nodes))
        if part != "path" and arrays.aside:
            pm.Potential(OBSERVED[1], aside_log_likelihood(add_aside(arrays, arrays.aside, held), held))
    return model


def add_parameters(arrays: PanelArrays) -> Parameters:
    """Add the parameters of path and level to the PyMC model on the context stack."""
    spec, paced, pool = arrays.spec, arrays.priors, arrays.pool
    trend = add_trend(spec, paced, pool) if spec.moves else None
    mu = None if spec.moves else add_constant(spec, paced, arrays, pool)
    motion = spec.cycle_model.add_motion(paced, pool) if spec.has_cycle else None
    headroom = add_headroom(paced, arrays, pool) if spec.has_ceiling else None
    observed = spec.observation_model.add_parameters(arrays)
    effect = add_effects(paced, len(spec.drivers), pool) if spec.drivers else None
    return Parameters(trend, mu, motion, observed, headroom, effect)


def _add_path(graph: PathGraph, capacity: int) -> None:
    """Add the path in coordinates near white noise, its prior and what is seen of it."""
    components = graph.spec.components
    white = pm.Flat(WHITE, shape=components * capacity)
    nodes = components * graph.data["starts"][-1]
    path, log_det = graph.path(white[:nodes], *graph.pseudo)
    level = graph.level(path)
    for name, values in zip(NODE_PATHS, graph.parts(path), strict=True):
        if values is not None:
            pm.Deterministic(name, values)
    if graph.spec.has_ceiling:
        pm.Deterministic("ceiling", graph.ceiling(graph.parts(path)[0]), dims="era")
    pm.Deterministic("node_level", level)
    pm.Potential("path_prior", graph.prior(path) + log_det - 0.5 * (white[nodes:] ** 2).sum())
    pm.Potential(OBSERVED[0], graph.likelihood(level))


def node_capacity(nodes: int) -> int:
    """Round a number of nodes up, so that a few more months need no new compilation; those to spare are white noise."""
    step = max(128, 2 ** (int(np.ceil(np.log2(max(nodes, 2)))) - 3))
    return int(-(-nodes // step) * step)


STORES = {"held_numbers": np.float64, "held_indices": np.int64}
ENDS = "held_ends"
"""Vectors by name with the type of what they hold, and the end of each array in its vector, in their order."""


def pack(data: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Pack arrays into a vector of numbers, one of indices and one of ends: a sampler compiles code for every array."""
    packed = {name: np.zeros(0, dtype=dtype) for name, dtype in STORES.items()}
    ends = []
    for array in data.values():
        store = _store(array)
        packed[store] = np.append(packed[store], array.ravel().astype(STORES[store]))
        ends.append(packed[store].size)
    return packed | {ENDS: np.array(ends, dtype=np.int64)}


def hold(data: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
    """Add the packed arrays to the PyMC model on the context stack; return each as a slice, by its name."""
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


@checked
def prior_draws(panel: xr.Dataset, spec: PendulumSpec | None = None, *, draws: int = 100, seed: int = 1) -> xr.Dataset:
    """Draw every parameter from the prior, dims (draw, ...); the panel gives dyads, eras and classes only."""
    spec = spec or spec_for(panel)
    arrays = panel_arrays(panel, spec, dense=False)
    with pm.Model(coords=arrays.coordinates) as model:
        add_parameters(arrays)
        if arrays.aside:
            add_aside(arrays, arrays.aside)
        dims = {name: own for name, own in sampled_variables().items() if name in model.named_vars}
        # Not compiled: that would take longer than thousands of draws.
        plain = {"mode": Mode(linker="py", optimizer=None)}
        with np.errstate(over="ignore"):
            tree = pm.sample_prior_predictive(draws=draws, var_names=list(dims), random_seed=seed, compile_kwargs=plain)
    prior = take_apart(tree)["prior"].isel(chain=0, drop=True)
    return xr.Dataset({name: (("draw", *own), prior[name].to_numpy()) for name, own in dims.items()})


@checked
def simulate_panel(
    panel: xr.Dataset, parameters: xr.Dataset, spec: PendulumSpec | None = None, *, seed: int = 1
) -> tuple[xr.Dataset, xr.DataArray]:
    """Simulate a panel of the same shape and the same number of events in every report."""
    spec = spec or spec_for(panel)
    spec.observation_model.check_panel(panel)
    rng = np.random.default_rng(seed)
    era = panel["era_index"].transpose("dyad", "time").to_numpy()
    level = simulate_level(parameters, era, spec, rng)
    pushed = push_of_draw(spec, panel, parameters)
    if pushed is not None:
        level = level + pushed.level
    month = level if pushed is None else level + pushed.month
    simulated = spec.observation_model.simulate(spec, panel, month, parameters, rng)
    return simulated, xr.DataArray(level, dims=("dyad", "time"), coords={k: panel[k] for k in ("dyad", "time")})


def simulate_level(parameters: xr.Dataset, era: Index, spec: PendulumSpec, rng: np.random.Generator) -> Float:
    """Simulate the path of the level ([draw,] dyad, time) in log-odds, month by month."""
    trend = simulate_trend(parameters, era, spec, rng)
    return trend + simulate_cycle(parameters, era.shape[1], spec, rng) if spec.has_cycle else trend


def simulate_cycle(parameters: xr.Dataset, periods: int, spec: PendulumSpec, rng: np.random.Generator) -> Float:
    """Simulate the cycle ([draw,] dyad, time) in log-odds."""
    read = {name: parameters[variable] for name, variable in spec.cycle_model.reads.items()}
    own = {name: one.to_numpy() if "dyad" in one.dims else one.to_numpy()[..., None] for name, one in read.items()}
    shock = rng.standard_normal((*own["sd"].shape, periods))
    path = np.empty(shock.shape)
    path[..., 0] = own["sd"] * shock[..., 0]
    for t in range(1, periods):
        path[..., t] = spec.cycle_model.step(path[..., t - 1], shock[..., t], own)
    return path


def simulate_trend(parameters: xr.Dataset, era: Index, spec: PendulumSpec, rng: np.random.Generator) -> Float:
    """Simulate the trend ([draw,] dyad, time) in log-odds, under its ceiling."""
    if not spec.moves:
        return np.asarray(parameters["mu"].to_numpy()[..., era])
    mean, step = (parameters[name].to_numpy()[..., None] for name in ("trend_mean", "trend_step"))
    kept = parameters["trend_retention"].to_numpy()[..., None]
    jump = parameters["trend_jump"].to_numpy()[..., None, None] if spec.jumps else 0.0
    new_era = np.diff(era, axis=1, prepend=era[:, :1]) != 0
    scale = np.sqrt(step**2 + jump**2 * new_era)
    scale[..., 0] = spec.priors.trend_start
    if not spec.has_ceiling:
        return np.asarray(mean + followed(kept, scale * rng.standard_normal(scale.shape), 0.0))
    new_era[:, 0] = True
    now = mean = mean[..., 0]
    headroom, trend, ceiling = parameters["headroom"].to_numpy()[..., era], np.empty(scale.shape), np.empty(now.shape)
    for t in range(era.shape[1]):
        expected, begins = mean + kept * (now - mean), new_era[:, t]
        now = step_below(expected, scale[..., t], np.where(begins, np.inf, ceiling), rng)
        ceiling = np.where(begins, now + headroom[..., t], ceiling)
        trend[..., t] = now
    return trend
