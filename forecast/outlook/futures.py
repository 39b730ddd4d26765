"""Simulated futures of one dyad: the one set from which everything about its future is computed.

Each posterior draw starts from its own present state and goes on with its own parameters, a few times over.
In any month a new strategic framework may come: then a new equilibrium, ceiling and depth are drawn from the
dyad's own population of frameworks, and hold from that month on until the next.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.arguments import DYAD, FIT, NUMBERS, checked, whole
from forecast.clock import Clock
from forecast.dates import LONGEST_HORIZON
from forecast.display import Card, Displayed
from forecast.errors import SpecError
from forecast.model.shocks import draw_shocks
from forecast.outlook.draws import DyadDraws, FitLike, dyad_draws
from forecast.outlook.drivers import NOTHING, FuturePush
from forecast.outlook.hazard import structural_hazard
from forecast.scale import ceiling_lift, share, soft_ceiling
from forecast.typing import Bool, Float, Index
from forecast.wording import number


@dataclass(frozen=True, repr=False)
class Futures(Displayed):
    """Simulated futures; the last axis of every array is the period, 0 being the present.

    Attributes
    ----------
    dyad : str
        Its code.
    clock : Clock
        Periods and months.
    months : int
        How far they reach.
    level : array (chain, draw, future, period)
        Log-odds.
    share : array (chain, draw, future, period)
        The same as an expected share of cooperative actions, 0 to 100.
    frameworks : array of int (chain, draw, future, period)
        How many new frameworks have come since the present.
    equilibrium : array (chain, draw, future, period) or None
        Share at which the pendulum comes to rest, by the framework in force or where the structure stands; None for a
        random walk.
    moving : bool
        Whether the equilibrium is a structure that moves in every period.
    ceiling : array (chain, draw, future, period) or None
        Share the framework in force allows at most; None without a level ceiling.
    depth : array (chain, draw, future, period) or None
        Depth of the framework in force, log-odds; None without a depth ceiling.
    pushed : array (chain, draw, future, period) or None
        What drivers add in the month alone, beside the level, log-odds; None without drivers.
    """

    dyad: str
    clock: Clock
    months: int
    level: Float
    share: Float
    frameworks: NDArray[np.int16]
    equilibrium: Float | None = None
    ceiling: Float | None = None
    depth: Float | None = None
    moving: bool = False
    pushed: Float | None = None

    def _card(self) -> Card:
        chains, draws, futures, _ = self.share.shape
        now, end = (number(float(self.share[..., when].mean()), 0) for when in (0, -1))
        facts = (
            ("reach", f"{self.months} months from {self.clock.last_day()}"),
            ("futures", f"{futures} of each of {chains * draws:,} draws"),
            ("mean share", f"{now} at the start, {end} at the end"),
        )
        return Card(f"Simulated futures of {self.dyad}", facts)

    def structural(self, at: int, points: float) -> Bool:
        """Whether what the pendulum swings around has changed by then, so that a rise of the share is structural.

        That is: whether the structure has risen by so many points, if it moves; else whether a new framework has come.
        """
        if not self.moving or self.equilibrium is None:
            return self.broken[..., at]
        return self.equilibrium[..., at] - self.equilibrium[..., 0] >= points

    @property
    def month_level(self) -> Float:
        """Log-odds of the months, but for their news: the level, and what drivers add in the month alone."""
        return self.level if self.pushed is None else self.level + self.pushed

    @property
    def broken(self) -> Bool:
        """Whether a new framework has come by then, (chain, draw, future, period)."""
        return self.frameworks > 0

    def at(self, months: int) -> int:
        """Position on the period axis of a horizon.

        Raises
        ------
        SpecError
            If the futures do not reach that far, or the horizon is not ahead.
        """
        if not 1 <= months <= self.months:
            raise SpecError(f"horizon: {months} months, but these futures go from 1 to {self.months} months.")
        return self.clock.periods(months)


FRAMEWORK = {"mu", "rest", "ceiling", "depth"}
"""What a framework sets, as far as the model has it."""

CLOSEST = 0.1
"""How near to a ceiling that outlasts frameworks a new one may rest, in units of the ceiling's softness."""


def stream(seed: int, dyad: str, purpose: str) -> np.random.Generator:
    """Return the random stream of a purpose, given by the seed, the dyad's code and the purpose alone.

    Other dyads, their order, and what else is drawn change nothing.
    """
    key = (*dyad.encode(), 0, *purpose.encode())
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))


@checked(fit=FIT, dyad=DYAD, months=whole(1), seed=whole(0), futures_per_draw=whole(1), hazard=NUMBERS)
def simulate_futures(
    fit: FitLike,
    dyad: str,
    months: int,
    *,
    seed: int = 1,
    futures_per_draw: int = 4,
    hazard: Float | float | None = None,
) -> Futures:
    """Simulate the futures of a dyad.

    Random numbers are drawn period by period, each purpose from its own stream, so that longer futures only
    go on from the shorter ones of the same seed.

    Parameters
    ----------
    fit : FitLike
        Posterior, panel and settings.
    dyad : str
    months : int
        How far, 1 to 120.
    seed : int
    futures_per_draw : int
    hazard : array (chain, draw) or float, optional
        Rate a month at which new frameworks come; by default its posterior given the panel
        (`structural_hazard`). Zero simulates the framework in force alone.

    Returns
    -------
    Futures

    Raises
    ------
    SpecError
        If `months`, `seed`, `futures_per_draw` or `hazard` make no sense, or the dynamics are unknown.
    UnknownDyadError
        If the fit does not hold the dyad.

    Examples
    --------
    >>> from forecast.outlook import simulate_futures
    >>> futures = simulate_futures(fit, "USA-CHN", 24, seed=1)  # doctest: +SKIP
    >>> futures.share[..., futures.at(12)].mean()  # doctest: +SKIP
    """
    if not 1 <= months <= LONGEST_HORIZON:
        raise SpecError(f"months: {months} is not between 1 and {LONGEST_HORIZON}.")
    if futures_per_draw < 1:
        raise SpecError(f"futures_per_draw: {futures_per_draw} is not at least 1.")
    if seed < 0:
        raise SpecError(f"seed: {seed} is negative. Use zero or more.")
    own = dyad_draws(fit, dyad)
    rate = structural_hazard(fit.panel).draws(own.size, seed) if hazard is None else _each_draw(hazard, own.size)
    driven = FuturePush.of(fit, own, own.clock.periods(months), futures_per_draw, partial(stream, seed, own.dyad))
    return _simulate(own, months, seed, futures_per_draw, rate, driven)


def _each_draw(hazard: Float | float, size: tuple[int, int]) -> Float:
    """Return the rate at which new frameworks come by draw."""
    rates = np.asarray(hazard, dtype=float)
    if not (np.isfinite(rates) & (rates >= 0)).all():
        raise SpecError("hazard: a value is negative or not finite; expected rates a month of zero or more")
    if rates.shape not in ((), size):
        raise SpecError(f"hazard: got an array of shape {rates.shape}; expected one number, or one a draw, {size}")
    return np.broadcast_to(rates, size)


type Steer = Callable[[int, Float], Index | None]
"""What picks among futures that have come to a period, given it and their levels: places (chain, future), or none."""


def simulate_particles(
    own: DyadDraws,
    hazard: Float,
    months: int,
    particles: int,
    steer: Steer,
    *,
    seed: int,
    driven: FuturePush | None = None,
) -> Futures:
    """Simulate futures of which some are picked on their way, to go on from where they stand.

    Parameters
    ----------
    own : DyadDraws
    hazard : array (chain, draw)
        Rate a month at which new frameworks come.
    months : int
    particles : int
        Futures a draw, at the start.
    steer : callable
        Given a period from 1 on and the log-odds of its months (chain, draw, future), which futures go on: their places
        among all of a chain's, (chain, future), one after the other; from then on each future is taken for a draw. Or
        None.
    seed : int
    driven : FuturePush, optional
        What drivers add.

    Returns
    -------
    Futures
        Of shape (chain, future, 1, period) if any were picked.
    """
    return _simulate(own, months, seed, particles, hazard, driven, steer)


def picked(values: NDArray[Any], places: Index) -> NDArray[Any]:
    """Pick futures from (chain, draw, future, ...) by their places (chain, number); (chain, number, 1, ...).

    Examples
    --------
    >>> import numpy as np
    >>> from forecast.outlook.futures import picked
    >>> picked(np.arange(4).reshape(1, 2, 2), np.array([[3, 3, 0]])).ravel().tolist()
    [3, 3, 0]
    """
    chains = len(places)
    flat = values.reshape(chains, -1, *values.shape[3:])
    return np.asarray(flat[np.arange(chains)[:, None], places][:, :, None])


@dataclass(frozen=True)
class _Particles:
    """Where futures stand in a period, and the parameters that they go on with, each (chain, draw, future)."""

    parameters: Mapping[str, Float]
    chance: Float
    framework: dict[str, Float]
    state: Float
    before: Float
    count: NDArray[np.int16]

    @classmethod
    def start(cls, own: DyadDraws, futures_per_draw: int, hazard: Float) -> "_Particles":
        size = (*own.size, futures_per_draw)
        state, before = (_repeat(values, size) for values in own.last_states)
        return cls(
            parameters={name: values[..., None] for name, values in own.scalars.items()},
            chance=-np.expm1(-hazard / own.clock.per_month)[..., None],
            framework={name: _repeat(own.by_era[name][..., -1], size) for name in FRAMEWORK & own.by_era.keys()},
            state=state,
            before=before,
            count=np.zeros(size, dtype=np.int16),
        )

    def moved(self, own: DyadDraws, streams: tuple[np.random.Generator, ...]) -> "_Particles":
        """Move on by a period."""
        shock, arrival, novelty, structure = streams
        size, parameters = self.state.shape, self.parameters
        arrived = arrival.random(size) < self.chance
        framework = {name: values.copy() for name, values in self.framework.items()}
        _draw_new_frameworks(framework, arrived, parameters, novelty, own.softness)
        fresh = draw_shocks(shock, size, parameters.get("shock_df"))
        state, before = self.state, self.before
        if own.structure is not None:
            moved = _structure_step(framework["mu"], arrived, parameters, structure)
            framework["mu"], state, before = framework["mu"] + moved, state + moved, before + moved
        state, before = own.pull.step(state, before, framework["mu"], fresh, parameters), state
        return replace(self, framework=framework, state=state, before=before, count=self.count + arrived)

    def at(self, places: Index) -> "_Particles":
        """Return those at some places."""
        size = self.state.shape

        def some(values: NDArray[Any]) -> NDArray[Any]:
            return picked(np.broadcast_to(values, size), places)

        return _Particles(
            parameters={name: some(values) for name, values in self.parameters.items()},
            chance=some(self.chance),
            framework={name: some(values) for name, values in self.framework.items()},
            state=some(self.state),
            before=some(self.before),
            count=some(self.count),
        )


def _simulate(
    own: DyadDraws,
    months: int,
    seed: int,
    futures_per_draw: int,
    hazard: Float,
    driven: FuturePush | None = None,
    steer: Steer | None = None,
) -> Futures:
    own = own if driven is None else driven.taken_out(own)
    streams = tuple(stream(seed, own.dyad, name) for name in ("shocks", "breaks", "frameworks", "structure"))
    particles = _Particles.start(own, futures_per_draw, hazard)
    history: dict[str, list[NDArray[Any]]] = {}
    for period in range(own.clock.periods(months) + 1):
        particles = particles.moved(own, streams) if period else particles
        added = NOTHING if driven is None else driven.at(period, particles.state.shape)
        level, rules = _level_and_limits(particles.state + added.level, particles.framework, own, added.structure)
        now: dict[str, NDArray[Any]] = {"level": level, "frameworks": particles.count, **rules}
        if driven is not None:
            now["pushed"] = added.month
        for name, values in now.items():
            history.setdefault(name, []).append(values)
        places = steer(period, level + added.month) if steer is not None and period else None
        if places is not None:
            driven = None if driven is None else driven.picked(partial(picked, places=places), particles.state.shape)
            particles = particles.at(places)
            history = {name: [picked(values, places) for values in past] for name, past in history.items()}
    stacked = {name: _stack_periods(values) for name, values in history.items()}
    return Futures(
        dyad=own.dyad,
        clock=own.clock,
        months=months,
        share=share(stacked["level"]),
        moving=own.structure is not None,
        **stacked,
    )


def release(own: DyadDraws, start: float, periods: int, futures_per_draw: int, *, seed: int) -> Float:
    """Let the pendulum go from rest at a share and simulate it under the framework in force alone.

    Parameters
    ----------
    own : DyadDraws
    start : float
        Share, points, from which the state starts.
    periods : int
    futures_per_draw : int
    seed : int

    Returns
    -------
    array (chain, draw, future, period)
        Share, points.
    """
    rng = stream(seed, own.dyad, "release")
    size = (*own.size, futures_per_draw)
    parameters = {name: values[..., None] for name, values in own.scalars.items()}
    mu, ceiling = np.broadcast_to(own.by_era["mu"][..., -1, None], size), own.ceiling(-1)
    states = [np.full(size, np.log(start / (100 - start)))]
    for _ in range(periods):
        shock = draw_shocks(rng, size, parameters.get("shock_df"))
        last, before = states[-1], states[-2:][0]
        if own.structure is not None:  # no era begins: the structure takes its ordinary steps
            moved = _structure_step(mu, np.zeros(size, dtype=bool), parameters, rng)
            mu, last, before = mu + moved, last + moved, before + moved
        states.append(own.pull.step(last, before, mu, shock, parameters))
    limit = None if ceiling is None else ceiling[..., None, None]
    return share(soft_ceiling(_stack_periods(states), limit, own.softness))


def _repeat(values: Float, size: tuple[int, ...]) -> Float:
    return np.broadcast_to(values[..., None], size).copy()


def _stack_periods(periods: list[NDArray[Any]]) -> NDArray[Any]:
    return np.moveaxis(np.stack(periods), 0, -1)


def _structure_step(structure: Float, arrived: Bool, parameters: Mapping[str, Float], rng: Any) -> Float:
    """Draw by how much the structure moves in a period, more where a new framework has arrived."""
    variance = parameters["structure_step"] ** 2 + parameters["structure_jump"] ** 2 * arrived
    returned = (1.0 - parameters["structure_retention"]) * (parameters["structure_centre"] - structure)
    return np.asarray(returned + np.sqrt(variance) * rng.standard_normal(arrived.shape))


def _draw_new_frameworks(
    framework: dict[str, Float], arrived: Bool, parameters: Mapping[str, Float], rng: Any, softness: float
) -> None:
    """Where a new framework has arrived, draw it from the dyad's population of frameworks."""
    rest = "rest" if "rest" in framework else "mu"

    def here(name: str) -> Float:
        return np.asarray(np.broadcast_to(parameters[name], arrived.shape)[arrived])

    def drawn(spread: str) -> Float:
        return np.asarray(here(spread) * rng.standard_normal(int(arrived.sum())))

    if "mu_era_sd" in parameters:
        framework[rest][arrived] = here("mu_dyad") + drawn("mu_era_sd")
    if "headroom_era_sd" in parameters:  # a constant ceiling is the dyad's own and outlasts its frameworks
        headroom = np.exp(here("headroom_dyad") + drawn("headroom_era_sd"))
        framework["ceiling"][arrived] = framework[rest][arrived] + headroom
    if rest == "rest":  # under a ceiling that outlasts frameworks there is no rest above it
        bound, sd = framework["ceiling"][arrived], here("sd")
        framework["rest"][arrived] = np.minimum(framework["rest"][arrived], bound - CLOSEST * softness)
        own_rest = framework["rest"][arrived]
        framework["mu"][arrived] = own_rest + ceiling_lift(sd, bound - own_rest, softness)
    if "depth" in framework:  # an era stretches the step to the deepest class, on the log scale
        framework["depth"][arrived] = here("deep_gap") * np.expm1(drawn("depth_sd"))


def _level_and_limits(
    state: Float, framework: Mapping[str, Float], own: DyadDraws, pushed: Float | float = 0.0
) -> tuple[Float, dict[str, Float]]:
    """Return a period's level, log-odds, and what its framework rules, in the terms of `Futures`.

    `pushed` is what drivers add to the structure.
    """
    ceiling = framework.get("ceiling")
    rules = {}
    if ceiling is not None:
        rules["ceiling"] = share(ceiling)
    if own.pull.has_equilibrium:
        level = (
            framework["rest"] if "rest" in framework else soft_ceiling(framework["mu"] + pushed, ceiling, own.softness)
        )
        rules["equilibrium"] = share(level)
    if "depth" in framework:
        rules["depth"] = framework["depth"].copy()
    return soft_ceiling(state, ceiling, own.softness), rules
