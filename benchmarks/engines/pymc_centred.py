"""The plain centred model in PyMC: every month of the path is a coordinate, and the likelihood is plain PyTensor."""

from collections.abc import Callable
from typing import Any

import pymc as pm
import pytensor.tensor as pt
import xarray as xr

from benchmarks.engines.layout import FAR, Layout, layout
from benchmarks.problems import Problem
from benchmarks.runs import CHAINS, Run, cores, reported
from forecast.model import PendulumSpec
from forecast.model.arrays import panel_arrays
from forecast.model.parameters import Parameters, add_parameters
from forecast.model.pendulum import coordinates


def centred_model(panel: xr.Dataset, spec: PendulumSpec) -> pm.Model:
    """Write the default pendulum plainly.

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
    """Dirichlet-multinomial ordered logit with the month noise integrated out by quadrature."""
    own = p.observed
    noise = pt.as_tensor(own["noise"])[data.month_dyad]
    month = level.ravel()[data.month_place][:, None] + noise[:, None] * data.nodes
    cuts, depth = pt.concatenate([[-FAR], own["cutpoint"][0], [FAR]]), own["depth"][0][data.entry_era]
    lower = cuts[data.entry_class] + pt.switch(data.entry_class == data.classes - 1, depth, 0.0)
    upper = cuts[data.entry_class + 1] + pt.switch(data.entry_class == data.classes - 2, depth, 0.0)
    at, width = month[data.entry_month], -pt.expm1(lower - upper)
    share = width[:, None] * pt.sigmoid(upper[:, None] - at) * pt.sigmoid(at - lower[:, None])
    mass, once = own["concentration"][0] * share, data.singles
    rising = pt.gammaln(mass[once:] + data.entry_count[once:, None]) - pt.gammaln(mass[once:])
    by_entry = pt.concatenate([pt.log(mass[:once]), rising])
    by_month = pt.zeros((data.month_dyad.size, data.nodes.size))[data.entry_month].inc(by_entry)
    total = pt.gammaln(own["concentration"][0]) - pt.gammaln(own["concentration"][0] + data.month_events)
    return (pt.logsumexp(by_month + data.log_weights, axis=1) + total).sum()


def prepare_nutpie(problem: Problem) -> Callable[[int, int, int], Run]:
    """Compile for nutpie."""
    import nutpie

    model = centred_model(problem.panel, problem.spec)
    compiled = nutpie.compile_pymc_model(model, var_names=[variable.name for variable in model.free_RVs])

    def run(tune: int, draws: int, seed: int) -> Run:
        with Run.clock() as clock:
            tree = nutpie.sample(
                compiled, draws=draws, tune=tune, chains=CHAINS, cores=cores(), seed=seed, progress_bar=False
            )
        return _measured(tree, clock.seconds, problem)

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
        return _measured(tree, clock.seconds, problem, compiling.seconds)

    return run


def _measured(tree: Any, seconds: float, problem: Problem, compiling: float = 0.0) -> Run:
    """Gather the run; gradients tell how much of the time was warm-up."""
    drawn = tree["posterior"].to_dataset()
    steps, warm = tree["sample_stats"]["n_steps"], tree["warmup_sample_stats"]["n_steps"]
    state = drawn["path"].isel(time=-1).transpose("chain", "draw", "dyad").to_numpy()
    return Run(
        posterior=reported(drawn.drop_vars("path"), state, problem),
        sampling=seconds,
        compiling=compiling,
        warmup=seconds * float(warm.sum() / (warm.sum() + steps.sum())),
        steps=float(steps.mean()),
        divergences=int(tree["sample_stats"]["diverging"].sum()),
    )
