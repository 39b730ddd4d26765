"""Drivers in an outlook: what they add to the months ahead, and the effect of each in words."""

from dataclasses import dataclass, replace

import numpy as np

from forecast.base.numeric import share
from forecast.base.typing import Float
from forecast.data.drivers import FUTURE_WORDS, ahead_of, standardised
from forecast.model.driving import Push, push
from forecast.outlook.draws import DyadDraws, FitLike, Streams
from forecast.outlook.summary import Estimate, Probability, estimate, probability, sentence

TARGETS = {
    "month": "that month alone",
    "cycle": "what the cycle reverts to",
    "trend": "the trend",
}
"""What a driver acts on, in words."""


def split_driver_effects(
    fit: FitLike, draws: DyadDraws, periods: int, simulations: int, streams: Streams
) -> tuple[DyadDraws, Push | None]:
    """Return the draws where trend and cycle would stand without drivers, and the effects ahead.

    The latter is (chain, draw, simulation, period), period 0 being the present; None of a fit that
    has no drivers.
    """
    if "driver_effect" not in fit.posterior:
        return draws, None
    drivers = fit.spec.drivers
    effect = _effect(fit, draws.dyad)
    size = (*draws.size, simulations)
    record = standardised(fit.panel.sel(dyad=[draws.dyad]), [name for name, _ in drivers])[:, 0]
    paths = []
    for name, _ in drivers:
        panel = fit.panel.sel(driver=name)
        path = ahead_of(fit.panel, name, draws.dyad).paths(size, periods, streams(f"driver {name}"))
        paths.append((path - float(panel["driver_mean"])) / float(panel["driver_spread"]))
    retention = draws.scalars.get("phi", np.ones(draws.size))
    past = push(drivers, effect, record, retention)
    before = Push(*(part[:, :, None] for part in past))
    later = push(
        drivers,
        effect[:, :, None],
        np.stack(np.broadcast_arrays(*paths), axis=-2),
        retention[..., None],
        before,
    )
    ahead = Push(
        *(
            np.concatenate(
                [
                    np.broadcast_to(present[..., -1:], (*size, 1)),
                    np.broadcast_to(future, (*size, periods)),
                ],
                axis=-1,
            )
            for present, future in zip(before, later, strict=True)
        )
    )
    trend, cycle = (part[..., -1:].astype(np.float32) for part in (past.trend, past.cycle))
    level = draws.level[..., -1:] - (trend + cycle)
    return replace(draws, level=level, trend=draws.trend[..., -1:] - trend), ahead


@dataclass(frozen=True)
class DriverOutlook:
    """Effect of a driver, and its assumed future values."""

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
    outlooks = []
    for (name, acts), effect in zip(
        fit.spec.drivers, np.moveaxis(_effect(fit, dyad), -1, 0), strict=True
    ):
        ahead = ahead_of(fit.panel, name, dyad)
        target = TARGETS[acts]
        words = (
            f"points of share that a standard deviation of {name} adds to {target}, from an even "
            "share"
        )
        points = estimate(share(effect) - 50.0, "points", words)
        positive = probability(effect > 0, f"{name} helps cooperation")
        outlooks.append(
            DriverOutlook(
                name=name,
                acts=acts,
                spread=float(fit.panel["driver_spread"].sel(driver=name)),
                effect=estimate(
                    effect, "log-odds", f"what a standard deviation of {name} adds to {target}"
                ),
                points=points,
                positive=positive,
                future=ahead.future,
                now=float(ahead.record[-1]) if ahead.record.size else None,
                sentence=sentence(
                    "driver", name, target, points, positive, FUTURE_WORDS[ahead.future]
                ),
            )
        )
    return tuple(outlooks)


def _effect(fit: FitLike, dyad: str) -> Float:
    values = fit.posterior["driver_effect"].sel(dyad=dyad).transpose("chain", "draw", "driver")
    return values.to_numpy().astype(np.float64)
