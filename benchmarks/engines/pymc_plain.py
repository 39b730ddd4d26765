"""The default model plainly in PyMC, sampled by nutpie.

Trend and cycle of every month are coordinates.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr

from benchmarks.engines.layout import FAR, Months
from benchmarks.problems import SPEC, Problem
from benchmarks.runs import CHAINS, PARAMETERS, PATHS, Run, as_dataset, cores
from forecast.base.typing import Bool, Index
from forecast.model.arrays import PanelArrays, panel_arrays
from forecast.model.inputs import Parameters
from forecast.model.observation.base import ObservationParameters
from forecast.model.observation.sides import Sides
from forecast.model.observation.sparse_counts import quadrature
from forecast.model.pendulum import add_parameters
from forecast.model.process.component import Component, Motion

STILL = np.zeros(1)
"""Logarithm of the weight of the one node of what has no month noise."""


def plain_model(panel: xr.Dataset) -> pm.Model:
    """Write the default pendulum plainly, with the package's own parameters and priors.

    Raises
    ------
    SpecError
        If the panel has several datasets or directions.
    """
    arrays = panel_arrays(panel, SPEC, dense=True)
    with pm.Model(coords=arrays.coordinates) as model:
        p = add_parameters(arrays)
        trend, cycle = (
            pm.Flat(f"{name}_path", dims=("dyad", "time")) for name in ("trend", "cycle")
        )
        pm.Potential("path_prior", path_log_density(trend, cycle, p, arrays.era_index))
        level = trend + cycle
        pm.Potential("sides", sides_log_likelihood(level.ravel(), p.observed, arrays.observed))
        for name, path in zip(PATHS, (level, trend), strict=True):
            pm.Deterministic(name, path[:, -1])
        pm.Deterministic("mu", means_by_era(arrays) @ trend.ravel())
    return model


def path_log_density(trend: Any, cycle: Any, p: Parameters, era: Index) -> Any:
    """Log-density of both paths (dyad, time), month by month."""
    slow, fast = p.trend, p.cycle
    assert slow is not None and fast is not None
    slow = {
        name: value[:, None] if getattr(value, "ndim", 0) else value for name, value in slow.items()
    }
    fast = {
        name: value[:, None] if getattr(value, "ndim", 0) else value for name, value in fast.items()
    }
    begins = np.diff(era) != 0
    return path_log_density_of(SPEC.trend_model, trend, slow, begins) + path_log_density_of(
        SPEC.cycle_model, cycle, fast, begins
    )


def path_log_density_of(component: Component, path: Any, p: Motion, begins: Bool) -> Any:
    """Log-density of the path of a component (dyad, time), month by month."""
    centre, spread = component.start(p)
    expected = component.next(path[:, :-1], p, pt)
    return (
        pm.logp(pm.Normal.dist(centre, spread), path[:, :1]).sum()
        + pm.logp(pm.Normal.dist(expected, component.shock(p, begins, pt)), path[:, 1:]).sum()
    )


def means_by_era(arrays: PanelArrays) -> Any:
    """Weights (era, dyad x time) that average a path over the months of each era."""
    inside = arrays.era_index.ravel() == np.arange(arrays.eras)[:, None]
    return inside / np.maximum(inside.sum(axis=1, keepdims=True), 1)


def sides_log_likelihood(level: Any, own: ObservationParameters, observed: Sides) -> Any:
    """Beta-binomial of the sides: cooperative above a threshold at zero.

    Month noise is integrated out.
    """
    data, (nodes, weights) = Months.of(observed.counts), quadrature(SPEC)
    busy = own["volume_effect"][data.month_dyad] * observed.relative_count[data.month_place]
    month = (level[data.month_place] + busy)[:, None] + own["noise"][data.month_dyad][
        :, None
    ] * nodes
    return ordered_log_likelihood(
        month, pt.zeros(1), own["concentration"][0], np.log(weights), data
    )


def ordered_log_likelihood(
    month: Any, cuts: Any, concentration: Any, log_weights: Any, data: Months
) -> Any:
    """Dirichlet-multinomial of classes between thresholds.

    It is averaged over the nodes of the month noise.

    Parameters
    ----------
    month : (month, node)
        Log-odds.
    cuts : (cut,)
    concentration : scalar
    log_weights : (node,)
    data : Months
    """
    ends = pt.concatenate([[-FAR], cuts, [FAR]])
    lower, upper = ends[data.entry_class], ends[data.entry_class + 1]
    at, width = month[data.entry_month], -pt.expm1(lower - upper)
    share = width[:, None] * pt.sigmoid(upper[:, None] - at) * pt.sigmoid(at - lower[:, None])
    mass, once = concentration * share, data.singles
    rising = pt.gammaln(mass[once:] + data.entry_count[once:, None]) - pt.gammaln(mass[once:])
    by_entry = pt.concatenate([pt.log(mass[:once]), rising])
    by_month = pt.zeros((data.month_dyad.size, log_weights.size))[data.entry_month].inc(by_entry)
    total = pt.gammaln(concentration) - pt.gammaln(concentration + data.month_events)
    return (pt.logsumexp(by_month + log_weights, axis=1) + total).sum()


def prepare(problem: Problem) -> Callable[[int, int, int], Run]:
    """Compile for nutpie."""
    import nutpie

    model = plain_model(problem.panel)
    counts = [name for name in (*PARAMETERS, *PATHS) if name in model.named_vars]
    compiled = nutpie.compile_pymc_model(model, var_names=counts)

    def run(tune: int, draws: int, seed: int) -> Run:
        with Run.clock() as clock:
            tree = nutpie.sample(
                compiled,
                draws=draws,
                tune=tune,
                chains=CHAINS,
                cores=cores(),
                seed=seed,
                progress_bar=False,
            )
        steps, warm = tree["sample_stats"]["n_steps"], tree["warmup_sample_stats"]["n_steps"]
        drawn = tree["posterior"]
        return Run(
            posterior=as_dataset(
                {name: drawn[name].transpose("chain", "draw", ...).to_numpy() for name in counts}
            ),
            sampling=clock.seconds,
            warmup=clock.seconds * float(warm.sum() / (warm.sum() + steps.sum())),
            steps=float(steps.mean()),
            divergences=int(tree["sample_stats"]["diverging"].sum()),
        )

    return run
