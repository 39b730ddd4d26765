"""The default model plainly in PyMC: structure and swing of every month are coordinates, and nothing is whitened."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr
from forecast.model.observation.quadrature import quadrature
from forecast.model.structure import era_means

from benchmarks.engines.layout import FAR, Months
from benchmarks.engines.pymc_centred import dirichlet_multinomial, nutpie_runs
from benchmarks.problems import Problem
from benchmarks.runs import Run, as_dataset, reported_parameters
from forecast.errors import SpecError
from forecast.model import PendulumSpec
from forecast.model.arrays import panel_arrays
from forecast.model.observation.base import Own
from forecast.model.observation.kinds import TOWARDS, Kinds
from forecast.model.observation.sides import Sides
from forecast.model.parameters import Parameters, add_parameters
from forecast.model.pendulum import coordinates
from forecast.typing import Index

PARTS = ("path_structure", "path_swing")
STILL = np.zeros(1)
"""Logarithm of the weight of the one node of what has no month noise."""


def centred_model(panel: xr.Dataset, spec: PendulumSpec) -> pm.Model:
    """Write the default pendulum plainly, with the package's own parameters and priors.

    Raises
    ------
    SpecError
        If the spec is another one, or the panel has several feeds or directions.
    """
    if spec != PendulumSpec():
        raise SpecError("rivals: written for PendulumSpec() as it is by default; got another form")
    arrays = panel_arrays(panel, spec, dense=True)
    with pm.Model(coords=coordinates(panel, arrays)) as model:
        p = add_parameters(spec, arrays)
        structure, swing = (pm.Flat(name, dims=("dyad", "time")) for name in PARTS)
        pm.Potential("path_prior", path_log_density(structure, swing, p, arrays.era_index))
        nodes, weights = quadrature(spec)
        level = (structure + swing).ravel()
        pm.Potential("sides", sides_log_likelihood(level, p.observed, arrays.observed, (nodes, np.log(weights))))
        own = spec.observation_model.add_aside(spec, arrays)
        for kinds in arrays.observed.kinds:
            pm.Potential(kinds.name, kinds_log_likelihood(kinds, own, arrays.observed))
    return model


def path_log_density(structure: Any, swing: Any, p: Parameters, era: Index) -> Any:
    """Log-density of both paths (dyad, time), month by month."""
    slow, motion = p.structure, p.motion
    assert slow is not None
    step = pt.sqrt(slow.step[:, None] ** 2 + slow.jump**2 * (np.diff(era) != 0))
    expected = slow.centre + slow.retention * (structure[:, :-1] - slow.centre)
    return (
        pm.logp(pm.Normal.dist(slow.centre, slow.start_sd), structure[:, 0]).sum()
        + pm.logp(pm.Normal.dist(expected, step), structure[:, 1:]).sum()
        + pm.logp(pm.Normal.dist(0.0, motion.start_sd), swing[:, 0]).sum()
        + pm.logp(pm.Normal.dist(motion.phi[:, None] * swing[:, :-1], motion.sigma[:, None]), swing[:, 1:]).sum()
    )


def sides_log_likelihood(level: Any, own: Own, observed: Sides, rule: tuple[Any, Any]) -> Any:
    """Beta-binomial of the sides: cooperative above a threshold at zero, month noise integrated out."""
    data, (nodes, log_weights) = Months.of(observed.side), rule
    busy = own["volume_effect"][data.month_dyad] * observed.busyness[data.month_place]
    month = (level[data.month_place] + busy)[:, None] + own["noise"][data.month_dyad][:, None] * nodes
    return ordered_log_likelihood(month, pt.zeros(1), own["concentration"][0], log_weights, data)


def kinds_log_likelihood(kinds: Kinds, own: Own, observed: Sides) -> Any:
    """Dirichlet-multinomial ordered logit of one side's kinds."""
    data, name = Months.of(kinds.counted), kinds.name
    recent, place = observed.recent[data.month_place], observed.place_of_node[data.month_place]
    at = TOWARDS[name] * own[f"{name}_slope"] * recent + own[f"{name}_shift"][place]
    cuts, concentration = own[f"{name}_cutpoint"][0], own[f"{name}_concentration"][0]
    return ordered_log_likelihood(at[:, None], cuts, concentration, STILL, data)


def ordered_log_likelihood(month: Any, cuts: Any, concentration: Any, log_weights: Any, data: Months) -> Any:
    """Log-likelihood of classes between fixed thresholds."""
    ends = pt.concatenate([[-FAR], cuts, [FAR]])
    lower, upper = ends[data.entry_class], ends[data.entry_class + 1]
    return dirichlet_multinomial(month, lower, upper, concentration, log_weights, data)


def prepare(problem: Problem) -> Callable[[int, int, int], Run]:
    """Compile for nutpie."""
    return nutpie_runs(centred_model(problem.panel, problem.spec), partial(_quantities, problem))


def _quantities(problem: Problem, drawn: xr.Dataset) -> xr.Dataset:
    """Return what counts: parameters, equilibria of eras, and structure and level of the last month."""
    structure, swing = (drawn[name].transpose("chain", "draw", "dyad", "time").to_numpy() for name in PARTS)
    arrays = panel_arrays(problem.panel, problem.spec)
    mu = [
        era_means(structure[:, :, d], arrays.era_index[d], np.flatnonzero(arrays.era_dyad == d))
        for d in range(arrays.dyads)
    ]
    paths = {
        "mu": np.concatenate(mu, axis=-1),
        "structure": structure[..., -1],
        "level": structure[..., -1] + swing[..., -1],
    }
    return as_dataset(reported_parameters(drawn.drop_vars(PARTS), problem) | paths)
