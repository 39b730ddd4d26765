"""The same model in NumPyro: every month a coordinate, the path centred, or scanned from its white noise."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import xarray as xr

from benchmarks.engines.layout import FAR, Layout, layout
from benchmarks.problems import Problem
from benchmarks.runs import CHAINS, Run, as_dataset, reported
from forecast.model import PendulumSpec
from forecast.model.parameters import SPREAD_OF_SPREADS


def configure() -> None:
    """Set double precision and a device a chain; before JAX is first used."""
    import jax
    import numpyro

    numpyro.set_host_device_count(CHAINS)
    jax.config.update("jax_enable_x64", True)


def model(data: Layout, spec: PendulumSpec, centred: bool) -> None:
    """Write the default pendulum with the package's names and priors (forecast/model/parameters.py)."""
    import jax.numpy as jnp
    import numpyro
    import numpyro.distributions as dist

    p, pool = spec.priors, data.dyads > 1

    def normal(name: str, centre: Any, spread: Any, *shape: int) -> Any:
        return numpyro.sample(name, dist.Normal(centre, spread).expand(shape))

    def spread_of(name: str, typical: float) -> Any:
        return numpyro.sample(name, dist.LogNormal(np.log(typical), SPREAD_OF_SPREADS))

    def by_dyad(name: str, prior: tuple[float, float], spread: float) -> Any:
        if not pool:
            return normal(f"{name}_dyad", prior[0], np.hypot(prior[1], spread), data.dyads)
        population, scale = normal(f"{name}_population", *prior), spread_of(f"{name}_dyad_sd", spread)
        return population + scale * normal(f"{name}_raw", 0.0, 1.0, data.dyads)

    eras = data.era_dyad.size
    phi = 0.5 ** jnp.exp(-by_dyad("log_half_life", p.half_life, p.half_life_dyads))
    sd = jnp.exp(by_dyad("log_sd", p.sd, p.sd_dyads))
    sigma = sd * jnp.sqrt(1.0 - phi**2)
    mu_dyad = by_dyad("equilibrium", p.equilibrium, p.equilibrium_dyads)
    mu = mu_dyad[data.era_dyad] + spread_of("mu_era_sd", p.equilibrium_eras) * normal("mu_raw", 0.0, 1.0, eras)
    noise = jnp.exp(by_dyad("noise", p.noise, p.noise_dyads))
    log_gap = normal("log_gap", *p.gap, 1, data.classes - 2)
    gap = jnp.exp(log_gap[0])
    below = -jnp.cumsum(gap[: data.conflict - 1][::-1])[::-1]
    cuts = jnp.concatenate([below, jnp.zeros(1), jnp.cumsum(gap[data.conflict - 1 :])])
    stretch = normal("log_gap_era", log_gap[0, -1], spread_of("depth_sd", p.depth_eras), eras) - log_gap[0, -1]
    depth = gap[-1] * jnp.expm1(stretch)
    log_headroom = by_dyad("log_headroom", p.headroom, p.headroom_dyads) + jnp.log(sd)
    spread = spread_of("headroom_era_sd", p.headroom_eras)
    ceiling = mu + jnp.exp(log_headroom[data.era_dyad] + spread * normal("headroom_raw", 0.0, 1.0, eras))
    centre, width = p.concentration
    concentration = numpyro.sample("concentration", dist.LogNormal(centre, width).expand((1,)))[0]

    path = (centred_path if centred else scanned_path)(mu[data.era], phi, sigma, sd)
    softness, above = spec.ceiling_softness, ceiling[data.era]
    level = above - softness * jnp.logaddexp(0.0, (above - path) / softness)
    numpyro.factor("events", events_log_likelihood(level, noise, cuts, depth, concentration, data))


def centred_path(mu: Any, phi: Any, sigma: Any, sd: Any) -> Any:
    """Sample the path (dyad, time) itself."""
    import numpyro
    import numpyro.distributions as dist

    path = numpyro.sample("path", dist.ImproperUniform(dist.constraints.real_matrix, (), mu.shape))
    first = dist.Normal(mu[:, 0], sd).log_prob(path[:, 0])
    expected = mu[:, 1:] + phi[:, None] * (path[:, :-1] - mu[:, 1:])
    later = dist.Normal(expected, sigma[:, None]).log_prob(path[:, 1:])
    numpyro.factor("path_prior", first.sum() + later.sum())
    return path


def scanned_path(mu: Any, phi: Any, sigma: Any, sd: Any) -> Any:
    """Sample the path's white noise and step through the months."""
    import jax
    import jax.numpy as jnp
    import numpyro
    import numpyro.distributions as dist

    white = numpyro.sample("white", dist.Normal(0.0, 1.0).expand(mu.shape).to_event(2))

    def step(state: Any, month: Any) -> tuple[Any, Any]:
        equilibrium, shock = month
        state = equilibrium + phi * (state - equilibrium) + sigma * shock
        return state, state

    first = mu[:, 0] + sd * white[:, 0]
    later = jax.lax.scan(step, first, (mu.T[1:], white.T[1:]))[1]
    path = jnp.concatenate([first[None], later]).T
    numpyro.deterministic("state", path[:, -1])
    return path


def events_log_likelihood(level: Any, noise: Any, cuts: Any, depth: Any, concentration: Any, data: Layout) -> Any:
    """Dirichlet-multinomial ordered logit with the month noise integrated out by quadrature."""
    import jax
    import jax.numpy as jnp
    from jax.scipy.special import gammaln, logsumexp

    month = level.ravel()[data.month_place][:, None] + noise[data.month_dyad][:, None] * data.nodes
    cuts, shift = jnp.concatenate([jnp.array([-FAR]), cuts, jnp.array([FAR])]), depth[data.entry_era]
    lower = cuts[data.entry_class] + jnp.where(data.entry_class == data.classes - 1, shift, 0.0)
    upper = cuts[data.entry_class + 1] + jnp.where(data.entry_class == data.classes - 2, shift, 0.0)
    at, width = month[data.entry_month], -jnp.expm1(lower - upper)
    share = width[:, None] * jax.nn.sigmoid(upper[:, None] - at) * jax.nn.sigmoid(at - lower[:, None])
    mass, once = concentration * share, data.singles
    rising = gammaln(mass[once:] + data.entry_count[once:, None]) - gammaln(mass[once:])
    by_entry = jnp.concatenate([jnp.log(mass[:once]), rising])
    by_month = jnp.zeros((data.month_dyad.size, data.nodes.size)).at[data.entry_month].add(by_entry)
    total = gammaln(concentration) - gammaln(concentration + data.month_events)
    return (logsumexp(by_month + data.log_weights, axis=1) + total).sum()


def prepare(problem: Problem, centred: bool) -> Callable[[int, int, int], Run]:
    """Get ready to sample with all chains at once, a device each; a run compiles for its own length of warm-up."""
    configure()
    import jax
    from numpyro.infer import NUTS

    data = layout(problem.panel, problem.spec)
    written = partial(model, data, problem.spec, centred)

    def run(tune: int, draws: int, seed: int) -> Run:
        kernel = NUTS(written)

        def begin(key: Any) -> Any:
            return kernel.init(key, tune, None, (), {})

        def warm_up(state: Any) -> tuple[Any, Any]:
            return jax.lax.scan(advance, state, None, length=tune)

        def draw(state: Any) -> tuple[Any, Any]:
            return jax.lax.scan(keep, state, None, length=draws)

        def advance(state: Any, _: Any) -> tuple[Any, Any]:
            return kernel.sample(state, (), {}), None

        def keep(state: Any, _: Any) -> tuple[Any, Any]:
            state = kernel.sample(state, (), {})
            return state, (kernel.postprocess_fn((), {})(state.z), state.num_steps, state.diverging)

        with Run.clock() as compiling:
            keys = jax.random.split(jax.random.PRNGKey(seed), CHAINS)
            begin_all = jax.pmap(begin)
            states = jax.block_until_ready(begin_all(keys))
            warm_up_all = jax.pmap(warm_up).lower(states).compile()
            draw_all = jax.pmap(draw).lower(states).compile()
        with Run.clock() as warming:
            states = jax.block_until_ready(warm_up_all(states)[0])
        with Run.clock() as drawing:
            sites, steps, diverging = jax.block_until_ready(draw_all(states)[1])
        return Run(
            posterior=_posterior(sites, problem),
            sampling=warming.seconds + drawing.seconds,
            compiling=compiling.seconds,
            warmup=warming.seconds,
            steps=float(np.mean(steps)),
            divergences=int(np.sum(diverging)),
        )

    return run


def _posterior(sites: dict[str, Any], problem: Problem) -> xr.Dataset:
    drawn = {name: np.asarray(values) for name, values in sites.items()}
    state = drawn.pop("state") if "state" in drawn else drawn["path"][..., -1]
    free = {name: values for name, values in drawn.items() if name not in ("path", "white")}
    return reported(as_dataset(free), state, problem)
