"""What was observed in a stretch of periods, and how likely it is under every draw of a fit.

The same likelihood that the sampler knows, with the month noise integrated out by the same quadrature; but there one
set of parameters meets the whole record, and here every draw's parameters meet a few periods.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from forecast.model.arrays import PanelArrays, panel_arrays
from forecast.model.observation.base import Own
from forecast.model.posterior import flat, flat_or_zeros
from forecast.model.spec import PendulumSpec
from forecast.panel import panel_kind
from forecast.scale import soft_ceiling, soft_ceiling_inverse
from forecast.typing import Float, Index

OF_ALL_STRUCTURES = ("structure_jump", "structure_retention", "structure_centre")


@dataclass(frozen=True)
class Draws:
    """The draws of a fit as plain arrays, chains one after the other, with zeros for what the model does not have.

    Attributes
    ----------
    sigma : (draw, dyad)
    structure_step : (draw, dyad) or None
        Spread of a period's step of the structure, if that moves; then a state has two parts, structure and swing.
    structure_jump, structure_retention, structure_centre : (draw,) or None
    pull : mapping of str to (draw, dyad)
        What shapes the motion, by the names that `Pull.reads` lists.
    mu : (draw, era)
    ceiling : (draw, era) or None
    shock_df : (draw,) or None
    observed : dict of str to (draw, ...)
        Parameters of the observation, by the names that its class documents.
    spec : PendulumSpec
    driver_effect : (draw, driver, dyad) or None
    """

    sigma: Float
    structure_step: Float | None
    structure_jump: Float | None
    structure_retention: Float | None
    structure_centre: Float | None
    pull: Mapping[str, Float]
    mu: Float
    ceiling: Float | None
    shock_df: Float | None
    observed: Own
    spec: PendulumSpec
    driver_effect: Float | None = None

    @classmethod
    def of(cls, posterior: xr.Dataset, spec: PendulumSpec) -> "Draws":
        """Take them out of a fit's posterior."""
        sizes = posterior.sizes
        number, dyads, eras = sizes["chain"] * sizes["draw"], sizes["dyad"], sizes["era"]

        def by_dyad(name: str) -> Float:
            values = flat(posterior[name]).reshape(number, -1)
            return values if "dyad" in posterior[name].dims else values.repeat(dyads, axis=1)

        return cls(
            sigma=flat_or_zeros(posterior, "sigma", dyads),
            structure_step=flat(posterior["structure_step"]) if spec.two_scales else None,
            **{name: flat(posterior[name]) if spec.two_scales else None for name in OF_ALL_STRUCTURES},
            pull={name: by_dyad(name) for name in spec.pull.reads if name in posterior},
            mu=flat_or_zeros(posterior, "mu", eras),
            ceiling=flat(posterior["ceiling"]) if "ceiling" in posterior else None,
            shock_df=flat(posterior["shock_df"]) if "shock_df" in posterior else None,
            observed=spec.observation_model.draws(posterior),
            spec=spec,
            driver_effect=flat(posterior["driver_effect"]) if "driver_effect" in posterior else None,
        )

    def level(self, state: Float, era: int | Index, kept: Index | slice = slice(None)) -> Float:
        """Level of states (draw, particle) under the ceiling of an era, or of some draws' (draw, period) in theirs.

        Where the structure moves a state's two parts are its last axis.
        """
        if self.spec.two_scales:
            return np.asarray(state.sum(axis=-1))
        if self.ceiling is None:
            return state
        return soft_ceiling(state, self.ceiling[kept][:, np.atleast_1d(era)], self.spec.ceiling_softness)

    def state(self, level: Float, era: Index) -> Float:
        """State of levels (draw, period) in the eras (period,): the inverse of `level`.

        Where the structure moves it is a state of one part, the sum of the two.
        """
        if self.spec.two_scales:
            return level[..., None]
        if self.ceiling is None:
            return level
        return soft_ceiling_inverse(level, self.ceiling[:, era], self.spec.ceiling_softness)


@dataclass(frozen=True)
class Observed:
    """What was observed in a stretch of periods.

    Attributes
    ----------
    draws : Draws
    arrays : PanelArrays
        Of the whole panel: what a period says may rest on those before it.
    era_index : (dyad, period)
        Era of every period of the stretch.
    node : (dyad, period)
        Node of a period in which something was observed, -1 where nothing was.
    month : (draw, dyad, period) or None
        What drivers add in the month alone.
    """

    draws: Draws
    arrays: PanelArrays
    era_index: Index
    node: Index
    month: Float | None = None

    @classmethod
    def of(
        cls, panel: xr.Dataset, draws: Draws, stretch: slice = slice(None), *, level_only: bool = False
    ) -> "Observed":
        """Take them out of a stretch of a panel's periods, all by default; if wished only what tells of the level."""
        arrays = panel_arrays(panel, draws.spec, dense=False)
        if level_only:
            arrays = replace(arrays, observed=draws.spec.observation_model.of_level(arrays.observed))
        node = np.full(arrays.era_index.shape, -1)
        node[arrays.node_dyad, arrays.node_time] = np.arange(arrays.nodes)
        seen = np.where(panel_kind(panel).seen(panel), node, -1)
        month = None
        if arrays.driving is not None and draws.driver_effect is not None:
            own = arrays.driving.acting_on("month")
            month = np.einsum("akd,kdt->adt", draws.driver_effect[:, own], arrays.driving.value[own][..., stretch])
        return cls(draws, arrays, arrays.era_index[:, stretch], seen[:, stretch], month)

    def log_likelihood(self, dyad: int, period: int, state: Float) -> Float:
        """Log-likelihood of what a dyad's period holds, at states (draw, particle[, part]) of each draw."""
        draws, node = self.draws, int(self.node[dyad, period])
        level = draws.level(state, int(self.era_index[dyad, period]))
        if self.month is not None:
            level = level + self.month[:, dyad, period, None]
        model = draws.spec.observation_model
        return model.log_likelihood_of_draws(draws.spec, level, draws.observed, self.arrays, node)
