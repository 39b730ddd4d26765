"""The plain centred model in PyMC: every month of the path is a coordinate, and the likelihood is plain PyTensor."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pymc as pm
import pytensor.tensor as pt
import xarray as xr

from benchmarks.engines.layout import FAR, Layout, Months, layout
from benchmarks.problems import Problem
from benchmarks.runs import CHAINS, Run, cores, reported
from forecast.model import PendulumSpec
from forecast.model.arrays import panel_arrays
from forecast.model.parameters import Parameters, add_parameters
from forecast.model.pendulum import coordinates


def centred_model(panel: xr.Dataset, spec: PendulumSpec) -> pm.Model:
    """Write the pendulum of one scale plainly.

    The parameters and their priors are the package's own; the path is a centred autoregression ``path`` (dyad, time).
    """
    data = layout(panel, spec)
    arrays = panel_arrays(panel, spec)
    with pm.Model(coords=coordinates(panel, arrays)) as model:
        p = add_parameters(spec, arrays)
        path = pm.Flat("path", dims=("dyad", "time"))
        mu = p.mu[data.era]
        first = pm.logp(pm.Normal.dist(mu[:, 0], p.motion.start_sd), path[:, 0])
        expected = mu[:, 1:] + p.motion.phi[:, None] * (path[:, :-1] - mu[:, 1:])
        later = pm.logp(pm.Normal.dist(expected, p.motion.sigma[:, None]), path[:, 1:])
        pm.Potential("path_prior", first.sum() + later.sum())
        ceiling = p.ceiling[data.era]
        softness = spec.ceiling_softness
        level = ceiling - softness * pt.softplus((ceiling - path) / softness)
        pm.Potential("events", events_log_likelihood(level, p, data))
    return model


def events_log_likelihood(level: Any, p: Parameters, data: Layout) -> Any:
    """Log-likelihood of the classes, whose last threshold moves with the era."""
    own = p.observed
    noise = pt.as_tensor(own["noise"])[data.month_dyad]
    month = level.ravel()[data.month_place][:, None] + noise[:, None] * data.nodes
    cuts, depth = pt.concatenate([[-FAR], own["cutpoint"][0], [FAR]]), own["depth"][0][data.entry_era]
    lower = cuts[data.entry_class] + pt.switch(data.entry_class == data.classes - 1, depth, 0.0)
    upper = cuts[data.entry_class + 1] + pt.switch(data.entry_class == data.classes - 2, depth, 0.0)
    return dirichlet_multinomial(month, lower, upper, own["concentration"][0], data.log_weights, data)


def dirichlet_multinomial(
    month: Any, lower: Any, upper: Any, concentration: Any, log_weights: Any, data: Months
) -> Any:
    """Log-likelihood of ordered classes, averaged over the nodes of the month noise.

    Parameters
    ----------
    month : (month, node)
        Log-odds.
    lower, upper : (entry,)
        The thresholds on both sides of the class.
    concentration : scalar
    log_weights : (node,)
    data : Months
    """
    at, width = month[data.entry_month], -pt.expm1(lower - upper)
    share = width[:, None] * pt.sigmoid(upper[:, None] - at) * pt.sigmoid(at - lower[:, None])
    mass, once = concentration * share, data.singles
    rising = pt.gammaln(mass[once:] + data.entry_count[once:, None]) - pt.gammaln(mass[once:])
    by_entry = pt.concatenate([pt.log(mass[:once]), rising])
    by_month = pt.zeros((data.month_dyad.size, log_weights.size))[data.entry_month].inc(by_entry)
    total = pt.gammaln(concentration) - pt.gammaln(concentration + data.month_events)
    return (pt.logsumexp(by_month + log_weights, axis=1) + total).sum()


def prepare_nutpie(problem: Problem) -> Callable[[int, int, int], Run]:
    """Compile for nutpie."""
    return nutpie_runs(centred_model(problem.panel, problem.spec), partial(_quantities, problem))


def nutpie_runs(model: pm.Model, quantities: Callable[[xr.Dataset], xr.Dataset]) -> Callable[[int, int, int], Run]:
    """Compile a model for nutpie; ``quantities`` turns its free variables into what counts."""
    import nutpie

    compiled = nutpie.compile_pymc_model(model, var_names=[variable.name for variable in model.free_RVs])

    def run(tune: int, draws: int, seed: int) -> Run:
        with Run.clock() as clock:
            tree = nutpie.sample(
                compiled, draws=draws, tune=tune, chains=CHAINS, cores=cores(), seed=seed, progress_bar=False
            )
        return _measured(tree, clock.seconds, quantities)

    return run


def prepare_pymc(problem: Problem) -> Callable[[int, int, int], Run]:
    """Build for PyMC's own sampler; chains are forked, so that none compiles the model again."""
    model = centred_model(problem.panel, problem.spec)
    quiet = {"progressbar": False, "quiet": True, "compile_kwargs": {"mode": "NUMBA"}}

    def run(tune: int, draws: int, seed: int) -> Run:
        with model:
            with Run.clock() as compiling:
                start, step = pm.init_nuts(chains=CHAINS, random_seed=seed, tune=tune, **quiet)
            with Run.clock() as clock:
                tree = pm.sample(
                    draws=draws, tune=tune, chains=CHAINS, cores=cores(), step=step, initvals=start, random_seed=seed,
                    mp_ctx="fork", discard_tuned_samples=False, idata_kwargs={"save_warmup": True},
                    var_names=[variable.name for variable in model.free_RVs], **quiet,
                )  # fmt: skip
        return _measured(tree, clock.seconds, partial(_quantities, problem), compiling.seconds)

    return run


def _quantities(problem: Problem, drawn: xr.Dataset) -> xr.Dataset:
    state = drawn["path"].isel(time=-1).transpose("chain", "draw", "dyad").to_numpy()
    return reported(drawn.drop_vars("path"), state, problem)


def _measured(tree: Any, seconds: float, quantities: Callable[[xr.Dataset], xr.Dataset], compiling: float = 0.0) -> Run:
    """Gather the run; gradients tell how much of the time was warm-up."""
    steps, warm = tree["sample_stats"]["n_steps"], tree["warmup_sample_stats"]["n_steps"]
    return Run(
        posterior=quantities(tree["posterior"].to_dataset()),
        sampling=seconds,
        compiling=compiling,
        warmup=seconds * float(warm.sum() / (warm.sum() + steps.sum())),
        steps=float(steps.mean()),
        divergences=int(tree["sample_stats"]["diverging"].sum()),
    )
