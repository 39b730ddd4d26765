"""What the model simulates: parameters of the prior, paths and panels.

Nothing is compiled.
"""

from typing import Any

import numpy as np
import pymc as pm
import xarray as xr
from pymc.distributions.distribution import SymbolicRandomVariable
from pymc.distributions.shape_utils import change_dist_size
from pytensor.compile.mode import Mode
from pytensor.graph.replace import vectorize_graph
from pytensor.graph.traversal import ancestors

from forecast.base.arguments import checked
from forecast.base.typing import Float, Index, Seed
from forecast.data.panel.kinds import Panel
from forecast.model.arrays import first_eras, panel_arrays
from forecast.model.driving import push_of_draw
from forecast.model.observation import PACKAGED as OBSERVATIONS
from forecast.model.pendulum import add_parameters
from forecast.model.process import cycle as cycles
from forecast.model.process import trend as trends
from forecast.model.process.process import State
from forecast.model.spec import PendulumSpec, spec_for
from forecast.model.variables import sampled_variables


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
    variables = sampled_variables()
    dims = {name: variables[name] for name in variables if name in model.named_vars}
    names = sorted(dims)
    expressions = [model[name] for name in names]
    uncompiled = Mode(linker="py", optimizer=None)  # Compiling would take longer than the draws
    with np.errstate(over="ignore"):
        if _is_packaged(spec):
            repeated = _repeated(expressions, model.basic_RVs, draws)
            values = pm.draw(repeated, random_seed=seed, mode=uncompiled)
        else:  # a registered class may have random variables to which no axis can be added
            values = pm.draw(expressions, draws=draws, random_seed=seed, mode=uncompiled)
    drawn = dict(zip(names, values, strict=True))
    prior = {}
    for name, dims_of_draw in dims.items():
        # A parameter of which the prior leaves no choice has no axis of draws.
        shape = drawn[name].shape[drawn[name].ndim - len(dims_of_draw) :]
        by_draw = np.broadcast_to(drawn[name], (draws, *shape)).copy()
        prior[name] = ("draw", *dims_of_draw), by_draw
    return xr.Dataset(prior)


def _is_packaged(spec: PendulumSpec) -> bool:
    """Return whether trend, cycle and observation are classes of this package."""
    return (
        spec.trend_model in trends.PACKAGED
        and spec.cycle_model in cycles.PACKAGED
        and spec.observation_model in OBSERVATIONS
    )


def _repeated(expressions: list[Any], variables: list[Any], draws: int) -> list[Any]:
    """Return expressions of random variables with a first axis of draws.

    The numbers are those of as many draws made one by one. It is for variables as the packaged
    model has them; those that depend on others have the shape of their parameters.
    """
    replicated: dict[Any, Any] = {}
    for variable in variables:
        op = variable.owner.op
        if replicated.keys().isdisjoint(ancestors([variable])):
            replicated[variable] = change_dist_size(variable, (draws,), expand=True)
        elif isinstance(op, SymbolicRandomVariable):  # PyTensor adds no axis to these
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
    process = spec.process(_by_dyad(parameters))
    shape = parameters["trend_mean"].shape
    rngs = {"trend": rng, "frameworks": rng, "shocks": rng.spawn(1)[0]}
    of_era = _drawn_by_era(parameters, era, spec)
    begins = np.diff(era, axis=1, prepend=era[:, :1]) != 0
    first = np.broadcast_to(first_era if spec.has_ceiling else 0, len(era))
    states: list[State] = []
    for t in range(era.shape[1]):
        now = None if of_era is None else of_era[..., t]
        if t == 0:
            state = process.start(shape, rngs)
        else:
            state = process.step(states[-1], begins[:, t], rngs, now)
        if now is not None and (first == t).any():
            state = process.begin_eras(state, first == t, rngs, now)
        states.append(state)
    return _as_path(states)


def _by_dyad(parameters: xr.Dataset) -> dict[str, Float]:
    """Return the parameters that are not an era's; those of all dyads get an axis of dyads."""
    return {
        str(name): values.to_numpy() if "dyad" in values.dims else values.to_numpy()[..., None]
        for name, values in parameters.items()
        if values.dims[-1:] != ("era",)
    }


def _drawn_by_era(parameters: xr.Dataset, era: Index, spec: PendulumSpec) -> Float | None:
    """Return what an era brings, ([draw,] dyad, time): its headroom, or the level of its trend."""
    if spec.has_ceiling:
        return parameters["headroom"].to_numpy()[..., era]
    return None if spec.moves else parameters["mu"].to_numpy()[..., era]


def _as_path(states: list[State]) -> State:
    """Put the states of all months in a row."""
    ceilings = [state.ceiling for state in states if state.ceiling is not None]
    return State(
        np.stack([state.trend for state in states], axis=-1),
        np.stack([state.cycle for state in states], axis=-1),
        np.stack(ceilings, axis=-1) if ceilings else None,
    )


def simulate_trend(
    parameters: xr.Dataset,
    era: Index,
    spec: PendulumSpec,
    rng: np.random.Generator,
    first_era: Index | int = 0,
) -> Float:
    """Simulate the trend, ([draw,] dyad, time), in log-odds, below ceilings from the first era."""
    return simulate_path(parameters, era, spec, rng, first_era).trend
