"""A simpler model, for orientation: the months' empirical log-odds as an autoregression seen through Gaussian noise.

No classes, no ceiling, no eras and no pooling, and every month with events weighs the same: what one gets from the
standard tools. A dyad is fitted after the other.
"""

import importlib.util
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pymc as pm
import pytensor.tensor as pt
import xarray as xr
from numpy.typing import NDArray

from benchmarks.problems import Problem
from benchmarks.runs import CHAINS, Run, Unavailable, as_dataset, cores

CONTINUITY = 0.5  # added to both counts, so that a month of one kind has finite log-odds


def log_odds(panel: xr.Dataset) -> NDArray[np.float64]:
    """Empirical log-odds of cooperation, (dyad, time); NaN in a month without events."""
    counts = panel["counts"].sum(("dataset", "direction")).transpose("dyad", "time", "class").to_numpy()
    conflict = panel.attrs["zero_cut"]
    odds = (counts[..., conflict:].sum(-1) + CONTINUITY) / (counts[..., :conflict].sum(-1) + CONTINUITY)
    return np.where(counts.sum(-1) > 0, np.log(odds), np.nan)


def prepare_pymc_extras(problem: Problem) -> Callable[[int, int, int], Run]:
    """Compile the state space model of pymc-extras once, for nutpie, and give it a dyad's data after another's."""
    if importlib.util.find_spec("pymc_extras") is None:
        raise Unavailable("pymc-extras is not installed")
    import nutpie
    from pymc_extras.statespace.utils.constants import MISSING_FILL

    series = log_odds(problem.panel)
    priors = problem.spec.priors
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = _model(pd.DataFrame({"level": series[0]}, index=problem.panel["time"].to_index()), priors)
        compiled = nutpie.compile_pymc_model(model, var_names=[variable.name for variable in model.free_RVs])

    def run(tune: int, draws: int, seed: int) -> Run:
        trees, seconds = [], 0.0
        for d, values in enumerate(series):
            filled = np.where(np.isnan(values), MISSING_FILL, values)[:, None]
            with Run.clock() as clock:
                tree = nutpie.sample(
                    compiled.with_data(data=filled), draws=draws, tune=tune, chains=CHAINS, cores=cores(),
                    seed=seed + d, progress_bar=False,
                )  # fmt: skip
            seconds += clock.seconds
            trees.append(tree)
        steps = np.stack([tree["sample_stats"]["n_steps"] for tree in trees])
        warm = np.stack([tree["warmup_sample_stats"]["n_steps"] for tree in trees])
        posterior = {
            str(name): np.stack([tree["posterior"][name].to_numpy() for tree in trees], axis=-1)
            for name in trees[0]["posterior"].data_vars
        }
        return Run(
            posterior=as_dataset(posterior),
            sampling=seconds,
            warmup=seconds * float(warm.sum() / (warm.sum() + steps.sum())),
            steps=float(steps.mean()),
            divergences=int(sum(tree["sample_stats"]["diverging"].sum() for tree in trees)),
        )

    return run


def _model(data: pd.DataFrame, priors: Any) -> pm.Model:
    """Build a constant, an autoregression and noise, under the package's priors of the same quantities."""
    from pymc_extras.statespace import structural

    parts = (
        structural.LevelTrend(order=1, innovations_order=0)
        + structural.Autoregressive(order=1)
        + structural.MeasurementError(name="noise")
    )
    space = parts.build(verbose=False)
    with pm.Model(coords=space.coords) as model:
        log_half_life = pm.Normal("log_half_life", *priors.half_life)
        log_sd = pm.Normal("log_sd", *priors.sd)
        level = pm.Normal("equilibrium", *priors.equilibrium)
        log_noise = pm.Normal("log_noise", *priors.noise)
        phi = 0.5 ** pt.exp(-log_half_life)
        values = {
            "initial_level_trend": level,
            "params_auto_regressive": phi,
            "sigma_auto_regressive": pt.exp(log_sd) * pt.sqrt(1.0 - phi**2),
            "sigma_noise": pt.exp(log_noise),
        }
        for name, value in values.items():
            pm.Deterministic(name, pt.reshape(value, space.param_info[name]["shape"]))
        pm.Deterministic("P0", pt.diag(pt.stack([1e-6, pt.exp(2.0 * log_sd)])))
        space.build_statespace_graph(data)
    return model


def prepare_statsmodels(problem: Problem) -> Callable[[int, int, int], Run]:
    """Get ready for one maximum-likelihood fit and one pass of the smoother a dyad; there are no draws."""
    if importlib.util.find_spec("statsmodels") is None:
        raise Unavailable("statsmodels is not installed")
    from statsmodels.tsa.statespace.structural import UnobservedComponents

    series = log_odds(problem.panel)

    def run(tune: int, draws: int, seed: int) -> Run:
        with Run.clock() as clock, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for values in series:
                UnobservedComponents(values, "fixed intercept", autoregressive=1, irregular=True).fit(disp=False)
        return Run(posterior=None, sampling=clock.seconds)

    return run
