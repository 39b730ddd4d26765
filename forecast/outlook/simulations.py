"""Simulations of one dyad's future, from which all forecasts are computed.

Each posterior draw continues from its own present state with its own parameters, several times. In
any month a new strategic framework may begin, at a rate implied by past eras: then the trend jumps,
and a new ceiling is drawn from the dyad's population of frameworks. Drivers add the effect of their
assumed future values.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from forecast.base.arguments import checked
from forecast.base.dates import MAX_HORIZON, Clock
from forecast.base.errors import SpecError
from forecast.base.limits import whole_seed
from forecast.base.numeric import share
from forecast.base.typing import Bool, Dyad, Float, Index, Seed
from forecast.base.wording import Card, Displayed, number
from forecast.model.driving import Push
from forecast.model.process.process import Process, State
from forecast.outlook.draws import DyadDraws, FitLike, dyad_draws, stream
from forecast.outlook.drivers import split_driver_effects

PRIOR_BREAKS = 1.0
"""New frameworks that the prior of their rate has seen."""
PRIOR_MONTHS = 240.0
"""Dyad-months in which the prior has seen them: one framework in twenty years."""
BASELINE_MONTHS = 12
"""Months before the forecast date: every horizon is compared with the same ones, so that a forecast
is one story."""
NO_PUSH = Push(*(np.zeros(()) for _ in range(3)))
"""Zero effect of drivers."""


@dataclass(frozen=True)
class StructuralHazard:
    """Gamma posterior of the rate, a month, at which new frameworks come."""

    breaks: int  # New frameworks seen, all dyads
    exposure: float  # Months observed

    def draws(self, size: tuple[int, int], seed: int) -> Float:
        """Draw the rate per month, (chain, draw): the same for every dyad of one seed."""
        rng = np.random.default_rng(np.random.SeedSequence(seed))
        return rng.gamma(PRIOR_BREAKS + self.breaks, 1 / (PRIOR_MONTHS + self.exposure), size)


def structural_hazard(panel: xr.Dataset) -> StructuralHazard:
    """Count the new frameworks of a panel and the months over which they could be seen.

    A dyad is observed from the start of its first era, or of the panel if that is later, to the
    panel's end.

    Returns
    -------
    StructuralHazard
        Gamma posterior of the rate per month.
    """
    index = panel["era_index"].transpose("dyad", "time").to_numpy()
    starts = panel["era_start"].to_numpy().astype("datetime64[D]")[index[:, 0]]
    periods = Clock.of(panel)
    seen = (periods.times >= starts[:, None].astype("datetime64[M]")).sum()
    return StructuralHazard(
        int((np.diff(index, axis=1) != 0).sum()), float(seen) / periods.per_month
    )


@dataclass(frozen=True, repr=False)
class Simulations(Displayed):
    """Simulations; the last axis of every array is the period, 0 being the present."""

    dyad: str  # Code
    clock: Clock  # Periods and months
    months: int  # Length
    level: Float  # Log-odds
    share: Float  # Expected share, 0 to 100
    frameworks: NDArray[np.int16]  # New frameworks since the present
    trend: Float  # Trend as a share
    before: Float  # Mean share over the baseline's months
    trend_before: Float  # Mean of the trend over them
    ceiling: Float | None = None  # Ceiling as a share
    moving: bool = True  # The trend moves in every period
    # Added to the log-odds of a period by drivers that act on the month; None without drivers
    pushed: Float | None = None

    def _card(self) -> Card:
        chains, draws, simulations, _ = self.share.shape
        now, end = (number(float(self.share[..., when].mean()), 0) for when in (0, -1))
        facts = (
            ("reach", f"{self.months} months from {self.clock.last_day()}"),
            ("simulations", f"{simulations} of each of {chains * draws:,} draws"),
            ("mean share", f"{now} at the start, {end} at the end"),
        )
        return Card(f"Simulations of {self.dyad}", facts)

    @property
    def month_level(self) -> Float:
        """Log-odds of the months: the level, and what drivers add in the month alone."""
        return self.level if self.pushed is None else self.level + self.pushed

    @property
    def broken(self) -> Bool:
        """Return whether a new framework has begun by then, (chain, draw, simulation, period)."""
        return self.frameworks > 0

    def at(self, months: int) -> int:
        """Position on the period axis of a horizon."""
        if not 1 <= months <= self.months:
            raise SpecError(
                f"horizon: {months} months, but these simulations go from 1 to {self.months} "
                "months."
            )
        return self.clock.periods(months)


@checked
def simulate_ahead(
    fit: FitLike,
    dyad: Dyad,
    months: int,
    *,
    seed: Seed = 1,
    simulations_per_draw: int = 4,
    hazard: Float | float | None = None,
    baseline_months: int = BASELINE_MONTHS,
) -> Simulations:
    """Simulate the future of a dyad.

    Random numbers are drawn period by period, each purpose from its own stream, so that longer
    simulations continue the shorter ones of the same seed.

    Parameters
    ----------
    fit : FitLike
        Posterior, panel and settings.
    dyad : str
    months : int
        How far, 1 to 120.
    seed : int or numpy.random.Generator
    simulations_per_draw : int
    hazard : array (chain, draw) or float, optional
        Rate a month at which new frameworks come; by default its posterior given the panel
        (`structural_hazard`). Zero simulates the current framework alone.
    baseline_months : int
        Months up to the present whose mean share is the baseline.

    Returns
    -------
    Simulations
        Arrays (chain, draw, simulation, period), period 0 being the present: `level` in log-odds,
        `share`, `trend` and `ceiling` from 0 to 100.

    Raises
    ------
    SpecError
        If `months`, `seed`, `simulations_per_draw` or `hazard` make no sense, or the cycle is
        unknown.
    UnknownDyadError
        If the fit does not hold the dyad.

    Examples
    --------
    >>> from forecast.outlook import simulate_ahead
    >>> simulations = simulate_ahead(fit, "USA-CHN", 24, seed=1)  # doctest: +SKIP
    >>> simulations.share[..., simulations.at(12)].mean()  # doctest: +SKIP
    """
    seed = whole_seed(seed)
    if not 1 <= months <= MAX_HORIZON:
        raise SpecError(f"months: {months} is not between 1 and {MAX_HORIZON}.")
    draws = dyad_draws(fit, dyad)
    rate = None
    if hazard is not None:
        rates = np.asarray(hazard, dtype=float)
        size = draws.size
        if not (np.isfinite(rates) & (rates >= 0)).all():
            raise SpecError(
                "hazard: a value is negative or not finite; expected rates per month of zero or "
                "more"
            )
        if rates.shape not in ((), size):
            raise SpecError(
                f"hazard: got an array of shape {rates.shape}; expected one number, or one per "
                f"draw, {size}"
            )
        rate = np.broadcast_to(rates, size)
    return simulate(
        fit, draws, months, seed, simulations_per_draw, hazard=rate, baseline_months=baseline_months
    )


type Steer = Callable[[int, Float], Index | None]
"""Function that resamples simulations in a period, given it and their levels: places (chain,
simulation), or none."""


def pick_simulations(values: NDArray[Any], places: Index) -> NDArray[Any]:
    """Pick simulations from (chain, draw, simulation, ...) by places (chain, number).

    The result is (chain, number, 1, ...).
    """
    chains = len(places)
    flat = values.reshape(chains, -1, *values.shape[3:])
    return np.asarray(flat[np.arange(chains)[:, None], places][:, :, None])


@dataclass(frozen=True)
class _Particles:
    """States of the simulations in a period, and parameters, each (chain, draw, simulation)."""

    process: Process
    state: State
    chance: Float  # That a new framework comes in a period
    count: NDArray[np.int16]  # New frameworks so far

    @classmethod
    def start(cls, draws: DyadDraws, simulations_per_draw: int, hazard: Float) -> "_Particles":
        size = (*draws.size, simulations_per_draw)
        ceiling = draws.ceiling(-1)
        state = State(
            trend=_repeat(draws.trend[..., -1].astype(np.float64), size),
            cycle=_repeat(draws.level_now - draws.trend[..., -1], size),
            ceiling=None if ceiling is None else _repeat(ceiling, size),
        )
        chance = _repeat(-np.expm1(-hazard / draws.clock.per_month), size)
        return cls(draws.process, state, chance, count=np.zeros(size, dtype=np.int16))

    def step(self, rngs: Mapping[str, np.random.Generator]) -> "_Particles":
        """Move on by a period; where a new framework comes, the trend jumps below a new ceiling."""
        arrived = rngs["breaks"].random(self.chance.shape) < self.chance
        state = self.process.step(self.state, arrived, rngs)
        return replace(self, state=state, count=self.count + arrived)

    def pick(self, places: Index) -> "_Particles":
        """Return those at some places (chain, number)."""
        size = self.chance.shape
        state = self.state
        parameters = {
            name: pick_simulations(np.broadcast_to(values, size), places)
            for name, values in self.process.parameters.items()
        }
        return _Particles(
            process=replace(self.process, parameters=parameters),
            state=State(
                trend=pick_simulations(state.trend, places),
                cycle=pick_simulations(state.cycle, places),
                ceiling=None if state.ceiling is None else pick_simulations(state.ceiling, places),
            ),
            chance=pick_simulations(self.chance, places),
            count=pick_simulations(self.count, places),
        )


def simulate(
    fit: FitLike,
    draws: DyadDraws,
    months: int,
    seed: int,
    simulations_per_draw: int = 4,
    *,
    hazard: Float | None = None,
    steer: Steer | None = None,
    baseline_months: int = BASELINE_MONTHS,
) -> Simulations:
    """Run simulations of a dyad.

    With `steer` some are picked after each period, and only these continue, with copies.
    """
    clock = draws.clock
    size = (*draws.size, simulations_per_draw)
    streams = partial(stream, seed, draws.dyad)
    rate = structural_hazard(fit.panel).draws(draws.size, seed) if hazard is None else hazard
    past = slice(-min(clock.periods(baseline_months), len(clock.times)), None)
    before, trend_before = (
        _repeat(share(part[..., past]).mean(axis=-1, dtype=np.float64), size)
        for part in (draws.level, draws.trend)
    )
    draws, pushes = split_driver_effects(
        fit, draws, clock.periods(months), simulations_per_draw, streams
    )
    rngs = {name: streams(name) for name in ("shocks", "breaks", "frameworks", "trend")}
    particles = _Particles.start(draws, simulations_per_draw, rate)
    history: dict[str, list[NDArray[Any]]] = {}
    for period in range(clock.periods(months) + 1):
        particles = particles.step(rngs) if period else particles
        pushed = NO_PUSH if pushes is None else Push(*(part[..., period] for part in pushes))
        state = particles.state
        trend = state.trend + pushed.trend
        level = trend + state.cycle + pushed.cycle
        in_period: dict[str, NDArray[Any]] = {
            "level": level,
            "frameworks": particles.count,
            "trend": share(trend),
        }
        if state.ceiling is not None:
            in_period["ceiling"] = share(state.ceiling)
        if pushes is not None:
            in_period["pushed"] = pushed.month
        for name, values in in_period.items():
            history.setdefault(name, []).append(values)
        places = steer(period, level + pushed.month) if steer is not None and period else None
        if places is not None:  # the chosen simulations go on, with their past
            pushes = (
                None
                if pushes is None
                else Push(*(pick_simulations(part, places) for part in pushes))
            )
            particles = particles.pick(places)
            history = {
                name: [pick_simulations(values, places) for values in of_periods]
                for name, of_periods in history.items()
            }
            before = pick_simulations(before, places)
            trend_before = pick_simulations(trend_before, places)
    stacked = {name: _stack_periods(values) for name, values in history.items()}
    return Simulations(
        dyad=draws.dyad,
        clock=clock,
        months=months,
        share=share(stacked["level"]),
        before=before,
        moving=draws.trend_model.moves,
        trend_before=trend_before,
        **stacked,
    )


def simulate_from(
    draws: DyadDraws,
    start: float,
    periods: int,
    simulations_per_draw: int,
    rng: np.random.Generator,
) -> Float:
    """Simulate from a share, without news at the start and under the current framework alone."""
    particles = _Particles.start(draws, simulations_per_draw, np.zeros(draws.size))
    trend = particles.state.trend
    level = np.full(trend.shape, np.log(start / (100 - start)))
    particles = replace(particles, state=replace(particles.state, cycle=level - trend))
    levels = [level]
    rngs = dict.fromkeys(("shocks", "breaks", "frameworks", "trend"), rng)
    for _ in range(periods):
        particles = particles.step(rngs)
        levels.append(particles.state.level)
    return share(_stack_periods(levels))


def _repeat(values: Float, size: tuple[int, ...]) -> Float:
    return np.broadcast_to(values[..., None], size).copy()


def _stack_periods(periods: list[NDArray[Any]]) -> NDArray[Any]:
    return np.moveaxis(np.stack(periods), 0, -1)
