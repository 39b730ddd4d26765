"""Likelihood of the observations of some periods under every draw of a fit; it equals the sampler's."""

from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from forecast.model.arrays import PanelArrays, panel_arrays
from forecast.model.driving import acting_on
from forecast.model.dynamics import Motion
from forecast.model.observation.base import Own
from forecast.model.observation.kinds import with_kinds_of_draws
from forecast.model.posterior import flat, flat_or_zeros
from forecast.model.spec import PendulumSpec
from forecast.panel import panel_kind
from forecast.typing import Float, Index

TREND, CYCLE = 0, 1  # Places of the two components in the last axis of a state; their sum is the level


def state_of(level: Float, trend: Float) -> Float:
    """Return the states (..., part) of levels and trends."""
    return np.stack([trend, level - trend], axis=-1)


@dataclass(frozen=True)
class Draws:
    """The draws of a fit as plain arrays, chains one after the other."""

    spec: PendulumSpec
    mean: Float  # Of a trend that moves; zeros for a constant one
    step: Float
    jump: Float
    retention: Float
    mu: Float  # Mean of the trend over each era: of a constant one, the trend
    ceiling: Float | None
    cycle: Motion
    observed: Own  # Parameters of the observation, by the names that its class documents
    driver_effect: Float | None = None

    @classmethod
    def of(cls, posterior: xr.Dataset, spec: PendulumSpec) -> "Draws":
        """Take them out of a fit's posterior."""
        sizes = posterior.sizes
        number, dyads = sizes["chain"] * sizes["draw"], sizes["dyad"]

        def by_dyad(name: str) -> Float:
            values = flat(posterior[name]).reshape(number, -1)
            return values if "dyad" in posterior[name].dims else values.repeat(dyads, axis=1)

        reads = spec.cycle_model.reads if spec.has_cycle else {}
        return cls(
            spec=spec,
            mean=flat_or_zeros(posterior, "trend_mean", dyads),
            step=flat_or_zeros(posterior, "trend_step", dyads),
            jump=flat_or_zeros(posterior, "trend_jump"),
            retention=flat_or_zeros(posterior, "trend_retention"),
            mu=flat(posterior["mu"]),
            ceiling=flat(posterior["ceiling"]) if spec.has_ceiling else None,
            cycle={name: by_dyad(variable) for name, variable in reads.items()},
            observed=spec.observation_model.draws(posterior),
            driver_effect=flat(posterior["driver_effect"]) if "driver_effect" in posterior else None,
        )


@dataclass(frozen=True)
class Observed:
    """Observations of some consecutive periods."""

    draws: Draws
    arrays: PanelArrays  # Of the whole panel: what a period says may rest on those before it
    era_index: Index  # Era of every period of the stretch
    node: Index  # Node of a period in which something was observed, -1 where nothing was
    month: Float | None = None  # What drivers add in the month alone

    @classmethod
    def of(
        cls, panel: xr.Dataset, draws: Draws, stretch: slice = slice(None), *, level_only: bool = False
    ) -> "Observed":
        """Take them out of a stretch of a panel's periods, all by default; if wished only what tells of the level."""
        arrays = panel_arrays(panel, draws.spec, dense=False)
        if level_only:
            arrays = replace(arrays, aside=None)
        node = np.full(arrays.era_index.shape, -1)
        node[arrays.node_dyad, arrays.node_time] = np.arange(arrays.nodes)
        seen = np.where(panel_kind(panel).seen(panel), node, -1)
        month = None
        if arrays.drivers is not None and draws.driver_effect is not None:
            own = acting_on(draws.spec.drivers, "month")
            month = np.einsum("akd,kdt->adt", draws.driver_effect[:, own], arrays.drivers[own][..., stretch])
        return cls(draws, arrays, arrays.era_index[:, stretch], seen[:, stretch], month)

    def log_likelihood(self, dyad: int, period: int, state: Float) -> Float:
        """Log-likelihood of what a dyad's period holds, at states (draw, particle, part) of each draw."""
        spec, node, level = self.draws.spec, int(self.node[dyad, period]), state.sum(axis=-1)
        if self.month is not None:
            level = level + self.month[:, dyad, period, None]
        own, aside = self.draws.observed, self.arrays.aside
        total = spec.observation_model.log_likelihood_of_draws(spec, level, own, self.arrays, node)
        return total if aside is None else with_kinds_of_draws(total, aside, node, own)
