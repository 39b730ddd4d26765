"""Posterior draws of one dyad as plain arrays (chain, draw, ...).

The outlook takes nothing else from a model.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from statistics import NormalDist
from typing import Any, Protocol, runtime_checkable

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from forecast.base.dates import Clock
from forecast.base.described import described
from forecast.base.errors import DataError, SpecError, UnknownDyadError
from forecast.base.numeric import share
from forecast.base.typing import Float
from forecast.data.panel.kinds import validate_panel_of
from forecast.model.driving import Drivers
from forecast.model.process.ceiling import Ceiling
from forecast.model.process.cycle import Cycle, find_cycle
from forecast.model.process.process import Process
from forecast.model.process.trend import Trend, find_trend
from forecast.model.variables import all_variables

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
"""Quantiles of fans and records."""
TAILS = (0.05, 0.5, 0.95)
"""Quantiles of intervals."""
NO_CYCLE = "the model has no cycle (cycle='none'): no half-life and no band around a trend"
"""Reason why a number of the cycle is not defined."""


class SpecLike(Protocol):
    """The settings of a model that matter for its simulations."""

    @property
    def cycle(self) -> str:
        """Name of the cycle, or ``none``."""

    @property
    def trend(self) -> str:
        """Name of the trend."""

    @property
    def drivers(self) -> Drivers:
        """Drivers and what they act on; read only if the model has them."""


@described("a Fit, such as fit(panel) returns", validate=validate_panel_of)
@runtime_checkable
class FitLike(Protocol):
    """Anything with a posterior, its panel and its settings, such as `forecast.model.Fit`."""

    @property
    def posterior(self) -> xr.Dataset:
        """Draws, by the names of the posterior contract."""

    @property
    def panel(self) -> xr.Dataset:
        """The panel that was fitted."""

    @property
    def spec(self) -> SpecLike:
        """The model's settings."""


@dataclass(frozen=True)
class Era:
    """A strategic era of a dyad within the panel: periods `first` to `stop` (excluded)."""

    code: str
    name: str
    start: date
    first: int
    stop: int


@dataclass(frozen=True)
class DyadDraws:
    """One dyad's draws."""

    dyad: str
    clock: Clock
    trend_model: Trend
    cycle: Cycle | None
    eras: tuple[Era, ...]  # In time order; the last is the current era
    # Posterior quantities with one value per dyad or one for all, such as phi or cycle_sd
    scalars: Mapping[str, Float]
    # Those with one value per era: mu, the mean of the trend, of the current era where it is now;
    # headroom, ceiling.
    by_era: Mapping[str, Float]
    level: NDArray[np.float32]  # Log-odds, single precision
    trend: NDArray[np.float32]  # Log-odds, single precision

    @cached_property
    def process(self) -> Process:
        """Process with the parameters of every draw, (chain, draw, 1)."""
        parameters = {name: values[..., None] for name, values in self.scalars.items()}
        ceiling = Ceiling() if "ceiling" in self.by_era else None
        return Process(self.trend_model, self.cycle, ceiling, parameters)

    @property
    def size(self) -> tuple[int, int]:
        """Chains and draws."""
        return self.level.shape[0], self.level.shape[1]

    @cached_property
    def share(self) -> NDArray[np.float32]:
        """Share (chain, draw, time), 0 to 100, single precision."""
        return share(self.level)

    @cached_property
    def level_now(self) -> Float:
        """Level of the current period, (chain, draw)."""
        return self.level[..., -1].astype(np.float64)

    @property
    def half_life(self) -> Float | None:
        """Months in which half of a deviation from the trend is undone, (chain, draw).

        None without a cycle.
        """
        if self.cycle is None:
            return None
        return self.scalars["cycle_half_life"] / self.clock.per_month

    def ceiling(self, era: int) -> Float | None:
        """Ceiling of an era in log-odds, (chain, draw); None without a ceiling."""
        return self.by_era["ceiling"][..., era] if "ceiling" in self.by_era else None

    def mean_share(self, era: int) -> Float:
        """Mean share over an era, (chain, draw)."""
        periods = slice(self.eras[era].first, self.eras[era].stop)
        return np.asarray(self.share[..., periods].mean(axis=-1, dtype=np.float64))

    def equilibrium(self, era: int, deviations: float = 0.0) -> Float | None:
        """Share of an era's trend, (chain, draw), or so many deviations of the cycle away.

        A deviation is the cycle's standard deviation. None without a cycle.
        """
        if self.cycle is None:
            return None
        return share(self.by_era["mu"][..., era] + deviations * self.scalars["cycle_sd"])

    def band(self, era: int, mass: float) -> tuple[Float | None, Float | None]:
        """Edges of an era's equilibrium band, points of share, (chain, draw).

        None without a cycle.
        """
        if not 0 < mass < 1:
            raise SpecError(f"band_mass: {mass:g} is not between 0 and 1.")
        deviations = NormalDist().inv_cdf(0.5 + mass / 2)
        return self.equilibrium(era, -deviations), self.equilibrium(era, deviations)


def index_of_dyad(panel: xr.Dataset, dyad: str) -> int:
    """Return the index of a dyad in a panel and its fit.

    Raise `UnknownDyadError` if they do not contain it.
    """
    codes = [str(code) for code in panel["dyad"].to_numpy()]
    if dyad not in codes:
        raise UnknownDyadError(
            f"dyad: {dyad!r} is not in this fit. Ask for one of {', '.join(codes)}."
        )
    return codes.index(dyad)


def dyad_draws(fit: FitLike, dyad: str) -> DyadDraws:
    """Return one dyad's draws from a fit."""
    panel = fit.panel
    posterior = fit.posterior
    dyad_index = index_of_dyad(panel, dyad)
    _require_era_dim(posterior)
    era_numbers = np.unique(panel["era_index"].sel(dyad=dyad).to_numpy())
    by_era = _select_variables(posterior, {"era": era_numbers}, ({"era"},))
    level, trend = (
        posterior[name].isel(dyad=dyad_index).transpose("chain", "draw", "time").to_numpy()
        for name in ("level", "trend")
    )
    # The trend of the current era is where it is now.
    by_era["mu"][..., -1] = trend[..., -1]
    return DyadDraws(
        dyad=dyad,
        clock=Clock.of(panel),
        trend_model=find_trend(fit.spec.trend),
        cycle=None if fit.spec.cycle == "none" else find_cycle(fit.spec.cycle),
        eras=_eras_of(panel, dyad),
        scalars=_select_variables(posterior, {"dyad": dyad_index}, ({"dyad"}, set())),
        by_era=by_era,
        level=level,
        trend=trend,
    )


def _eras_of(panel: xr.Dataset, dyad: str) -> tuple[Era, ...]:
    """Return the eras of a dyad within the panel, in time order."""
    era_of_period = panel["era_index"].sel(dyad=dyad).to_numpy()
    codes = panel["era"].to_numpy()
    names = panel["era_name"].to_numpy()
    starts = panel["era_start"].to_numpy().astype("datetime64[D]")
    eras = []
    for number in np.unique(era_of_period).tolist():
        periods = np.flatnonzero(era_of_period == number)
        eras.append(
            Era(
                code=str(codes[number]).rpartition(":")[2],
                name=str(names[number]),
                start=starts[number].item(),
                first=int(periods[0]),
                stop=int(periods[-1]) + 1,
            )
        )
    return tuple(eras)


def _require_era_dim(posterior: xr.Dataset) -> None:
    """Reject variables of eras whose dims do not name the era."""
    of_eras = {name for name, variable in all_variables().items() if variable.dims == ("era",)}
    for name in of_eras & {str(name) for name in posterior}:
        if "era" not in posterior[name].dims:
            raise DataError(
                f"posterior: {name} has dims {posterior[name].dims}. Name its last dim 'era'."
            )


def _select_variables(
    posterior: xr.Dataset, index: Mapping[str, Any], dims: tuple[set[str], ...]
) -> dict[str, Float]:
    """Return the variables with chain, draw and one of `dims`, at `index`.

    Chain and draw come first.
    """
    selected = {}
    for name, values in posterior.items():
        if {str(dim) for dim in values.dims} - {"chain", "draw"} in dims:
            at_index = values.isel(index, missing_dims="ignore")
            in_order = at_index.transpose("chain", "draw", ...)
            selected[str(name)] = in_order.to_numpy().astype(np.float64)
    return selected


type Streams = Callable[[str], np.random.Generator]
"""Returns the random stream of a purpose (`stream`), of one seed and dyad."""


def stream(seed: int, dyad: str, purpose: str) -> np.random.Generator:
    """Return the random stream of a purpose, by the seed, the dyad's code and the purpose.

    Other dyads, their order, and what else is drawn change nothing.
    """
    key = (*dyad.encode(), 0, *purpose.encode())
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))


def quantiles_over_draws(values: NDArray[Any], quantiles: Sequence[float]) -> Float:
    """Return quantiles of values (chain, draw, time) over all draws, (quantile, time).

    Sorted by time first, which is twice as fast as it is to pick them from columns of draws.
    """
    by_time = np.ascontiguousarray(values.reshape(-1, values.shape[-1]).T)
    by_time.sort(axis=1)
    return np.asarray(np.quantile(by_time, quantiles, axis=1))
