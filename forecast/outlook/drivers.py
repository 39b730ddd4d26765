"""What drivers add in simulated futures, from what is assumed of their values ahead."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from forecast.drivers.panel import FUTURE_WORDS, ahead_of, standardised
from forecast.model.driving import Drivers, Push, push
from forecast.outlook.draws import DyadDraws, FitLike, position
from forecast.outlook.summary import Estimate, Probability, estimate, probability
from forecast.scale import share
from forecast.typing import Float
from forecast.wording import percent

NOTHING = Push(*(np.zeros(()) for _ in range(3)))
"""What no drivers add."""


@dataclass(frozen=True)
class FuturePush:
    """What drivers add to one dyad."""

    past: Push  # In the last period of the record, (chain, draw, 1)
    ahead: Push  # (chain, draw, future, period), period 0 being the present; of one future where all are alike

    @classmethod
    def of(
        cls, fit: FitLike, own: DyadDraws, periods: int, futures: int, streams: Callable[[str], np.random.Generator]
    ) -> Self | None:
        """Compute it from a fit; None if that has no drivers. `streams` returns the random stream of a purpose."""
        if "driver_effect" not in fit.posterior:
            return None
        drivers, effect = drivers_of(fit), _effect(fit, own.dyad)
        record = standardised(fit.panel, [name for name, _ in drivers])[:, position(fit.panel, own.dyad)]
        phi = own.scalars.get("phi", np.ones(own.size))
        past = push(drivers, effect, record, phi)
        size = (*own.size, futures)
        paths = [
            _standardised_path(fit, name, own.dyad, size, periods, streams(f"driver {name}")) for name, _ in drivers
        ]
        values = np.stack(np.broadcast_arrays(*paths), axis=-2)
        now = past.mapped(lambda part: part[:, :, None])
        ahead = push(drivers, effect[:, :, None], values, phi[..., None], now)
        return cls(past.mapped(lambda part: part[..., -1:]), now.followed_by(ahead))

    def at(self, period: int, size: tuple[int, ...]) -> Push:
        """Return what they add in a period, (chain, draw, future) of that size."""
        return self.ahead.mapped(lambda part: np.broadcast_to(part[..., period], size))

    def picked(self, pick: Callable[[Float], Float], size: tuple[int, ...]) -> Self:
        """Return that of the futures that are picked among so many (chain, draw, future)."""
        ahead = self.ahead.mapped(lambda part: pick(np.broadcast_to(part, (*size, part.shape[-1]))))
        return replace(self, ahead=ahead)

    def taken_out(self, own: DyadDraws) -> DyadDraws:
        """Return the draws as if there were no drivers: where trend and cycle stand without their push."""
        trend, cycle = (part[..., -1].astype(np.float32) for part in (self.past.trend, self.past.cycle))
        now = own.trend[..., -1:] - trend[..., None]
        level = own.level[..., -1:] - (trend + cycle)[..., None]
        return replace(own, level=level, trend=now)


@dataclass(frozen=True)
class DriverOutlook:
    """What a driver does, and what is assumed of it."""

    name: str
    acts: str  # What it acts on
    spread: float  # Its standard deviation, in its own units
    effect: Estimate  # What a standard deviation adds, log-odds
    points: Estimate  # The same in points of share, from an even one
    positive: Probability  # That it helps cooperation
    future: str  # What is assumed of the months ahead: given, carried or simulated
    now: float | None  # Its value in the last month of the record
    sentence: str


def driver_outlooks(fit: FitLike, dyad: str) -> tuple[DriverOutlook, ...]:
    """Describe the drivers of a fit; empty if it has none."""
    if "driver_effect" not in fit.posterior:
        return ()
    return tuple(_outlook(fit, dyad, place) for place in range(fit.posterior.sizes["driver"]))


def drivers_of(fit: FitLike) -> Drivers:
    """Return the drivers of a fit and what they act on; of settings that know none, none."""
    found: Drivers = getattr(fit.spec, "drivers", ())
    return found


def _outlook(fit: FitLike, dyad: str, place: int) -> DriverOutlook:
    name, acts = drivers_of(fit)[place]
    effect, ahead = _effect(fit, dyad)[..., place], ahead_of(fit.panel, name, dyad)
    of = {"month": "that month alone", "cycle": "what the cycle reverts to", "trend": "the trend"}[acts]
    words = f"points of share that a standard deviation of {name} adds to {of}, from an even share"
    points = estimate(share(effect) - 50.0, "points", words)
    positive = probability(effect > 0, f"{name} helps cooperation")
    return DriverOutlook(
        name=name,
        acts=acts,
        spread=float(fit.panel["driver_spread"].sel(driver=name)),
        effect=estimate(effect, "log-odds", f"what a standard deviation of {name} adds to {of}"),
        points=points,
        positive=positive,
        future=ahead.future,
        now=float(ahead.record[-1]) if ahead.record.size else None,
        sentence=(
            f"A standard deviation of {name} adds {points.median:+.1f} points to {of} (90 % from {points.low:+.1f} to "
            f"{points.high:+.1f}); the chance that it helps is {percent(positive.value)}. Ahead it "
            f"{FUTURE_WORDS[ahead.future]}."
        ),
    )


def _effect(fit: FitLike, dyad: str) -> Float:
    values = fit.posterior["driver_effect"].sel(dyad=dyad).transpose("chain", "draw", "driver")
    return values.to_numpy().astype(np.float64)


def _standardised_path(
    fit: FitLike, name: str, dyad: str, size: tuple[int, ...], periods: int, rng: np.random.Generator
) -> Float:
    """Return a driver's values ahead, standardised, (chain, draw, future, period)."""
    panel = fit.panel.sel(driver=name)
    values = ahead_of(fit.panel, name, dyad).paths(size, periods, rng)
    return np.asarray((values - float(panel["driver_mean"])) / float(panel["driver_spread"]))
