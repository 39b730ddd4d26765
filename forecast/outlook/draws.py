"""Posterior draws of one dyad as plain arrays (chain, draw, ...), and the summaries of what is computed from them.

The arrays are the outlook's only input from a model. Every number keeps its posterior draws (one value per chain and
draw, averaged over the simulations of that draw). Its Monte Carlo error comes from these draws, and convergence is
checked for the reported quantities (`reported`). Undefined values are `NotDefined` with a reason, never a placeholder
number.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from datetime import date
from functools import cached_property
from statistics import NormalDist
from typing import Any, Protocol, cast

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from forecast.dates import Clock
from forecast.errors import DataError, SpecError, UnknownDyadError
from forecast.model.dynamics import Cycle, find_cycle
from forecast.model.posterior import diagnostic
from forecast.model.variables import all_variables
from forecast.numeric import share
from forecast.typing import Bool, Float

INTERVAL = "90% equal-tailed"
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
"""The quantiles of fans and records."""
TAILS = (0.05, 0.5, 0.95)
_GRID = 2.0**40


@dataclass(frozen=True)
class Probability:
    """A probability."""

    value: float  # 0 to 1, a multiple of 2**-40
    mcse: float  # Monte Carlo standard error
    definition: str  # Of what, in words
    draws: Float = field(repr=False, compare=False)  # Within each posterior draw


@dataclass(frozen=True)
class Estimate:
    """A quantity with its centre and interval."""

    mean: float  # Posterior mean
    median: float  # Posterior median, quoted in sentences
    low: float  # Lower end of the interval
    high: float  # Upper end
    mcse: float  # Monte Carlo standard error of the mean
    unit: str  # In words
    definition: str  # In words
    draws: Float = field(repr=False, compare=False)  # In each posterior draw (of the future, its mean over simulations)
    interval: str = INTERVAL  # Kind and mass


@dataclass(frozen=True)
class NotDefined:
    """Placeholder for a number that this model or this dyad does not have."""

    reason: str  # In words


NO_CYCLE = "the model has no cycle (cycle='none'): no half-life and no band around a trend"


class SpecLike(Protocol):
    """The settings of a model that matter for its simulations."""

    @property
    def cycle(self) -> str:
        """Name of the cycle, or ``none``."""

    @property
    def trend(self) -> str:
        """Name of the trend."""

    @property
    def kind_drift(self) -> str:
        """Drift of the kinds within a side; read only if the model has them."""


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
    """A strategic era of a dyad, as far as the panel sees it: periods `first` to `stop` (excluded)."""

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
    cycle: Cycle | None
    moves: bool  # Whether the trend moves; otherwise it is constant within an era
    eras: tuple[Era, ...]  # In time order; the last is the current era
    # Posterior quantities with one value per dyad or one for all: phi, sigma, cycle_sd, trend_mean ...
    scalars: Mapping[str, Float]
    # Those with one value per era: mu, the mean of the trend, of the current era where it is now; headroom, ceiling.
    by_era: Mapping[str, Float]
    level: NDArray[np.float32]  # Log-odds, single precision
    trend: NDArray[np.float32]  # Log-odds, single precision

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

    @cached_property
    def motion(self) -> dict[str, Float]:
        """Parameters of the cycle by its own names, (chain, draw); empty without a cycle."""
        if self.cycle is None:
            return {}
        return {name: self.scalars[variable] for name, variable in self.cycle.reads.items()}

    @property
    def half_life(self) -> Float | None:
        """Months in which half of a deviation from the trend is undone, (chain, draw); None without a cycle."""
        return None if self.cycle is None else self.scalars["cycle_half_life"] / self.clock.per_month

    def ceiling(self, era: int) -> Float | None:
        """Ceiling of an era in log-odds, (chain, draw); None without a ceiling."""
        return self.by_era["ceiling"][..., era] if "ceiling" in self.by_era else None

    def mean(self, era: int) -> Float:
        """Mean share over an era, (chain, draw)."""
        here = self.eras[era]
        return np.asarray(self.share[..., here.first : here.stop].mean(axis=-1, dtype=np.float64))

    def rest(self, era: int, displaced: float = 0.0) -> Float | None:
        """Share of an era's trend, (chain, draw), or so many spreads of the cycle away; None without a cycle."""
        if self.cycle is None:
            return None
        return share(self.by_era["mu"][..., era] + displaced * self.scalars["cycle_sd"])

    def band(self, era: int, mass: float) -> tuple[Float | None, Float | None]:
        """Edges of an era's equilibrium band, points of share, (chain, draw); None without a cycle."""
        if not 0 < mass < 1:
            raise SpecError(f"band_mass: {mass:g} is not between 0 and 1.")
        deviations = NormalDist().inv_cdf(0.5 + mass / 2)
        return self.rest(era, -deviations), self.rest(era, deviations)


def position(panel: xr.Dataset, dyad: str) -> int:
    """Return where a dyad stands in a panel and its fit."""
    known = [str(code) for code in panel["dyad"].to_numpy()]
    if dyad not in known:
        raise UnknownDyadError(f"dyad: {dyad!r} is not in this fit. Ask for one of {', '.join(known)}.")
    return known.index(dyad)


def dyad_draws(fit: FitLike, dyad: str) -> DyadDraws:
    """Return one dyad's draws from a fit."""
    panel, posterior, place = fit.panel, fit.posterior, position(fit.panel, dyad)
    visited = panel["era_index"].sel(dyad=dyad).to_numpy()
    positions = np.unique(visited)
    eras = tuple(_read_era(panel, int(position), visited) for position in positions)
    level = posterior["level"].isel(dyad=place).transpose("chain", "draw", "time").to_numpy()
    of_eras = {name for name, one in all_variables().items() if one.dims == ("era",)}
    for name in of_eras & {str(name) for name in posterior}:
        if "era" not in posterior[name].dims:
            raise DataError(f"posterior: {name} has dims {posterior[name].dims}. Name its last dim 'era'.")
    by_era = _select_variables(posterior, {"era": positions}, ({"era"},))
    trend = posterior["trend"].isel(dyad=place).transpose("chain", "draw", "time").to_numpy()
    by_era["mu"][..., -1] = trend[..., -1]
    return DyadDraws(
        dyad=dyad,
        clock=Clock.of(panel),
        cycle=None if fit.spec.cycle == "none" else find_cycle(fit.spec.cycle),
        moves=fit.spec.trend != "constant",
        eras=eras,
        scalars=_select_variables(posterior, {"dyad": place}, ({"dyad"}, set())),
        by_era=by_era,
        level=level,
        trend=trend,
    )


def _read_era(panel: xr.Dataset, position: int, visited: NDArray[Any]) -> Era:
    here = np.flatnonzero(visited == position)
    return Era(
        code=str(panel["era"].to_numpy()[position]).rpartition(":")[2],
        name=str(panel["era_name"].to_numpy()[position]),
        start=panel["era_start"].to_numpy()[position].astype("datetime64[D]").item(),
        first=int(here[0]),
        stop=int(here[-1]) + 1,
    )


def _select_variables(posterior: xr.Dataset, index: Mapping[str, Any], dims: tuple[set[str], ...]) -> dict[str, Float]:
    """Return the variables that have just chain, draw and one of `dims`, at `index`, chain and draw first."""
    wanted = [name for name, values in posterior.items() if {str(d) for d in values.dims} - {"chain", "draw"} in dims]
    return {
        str(name): posterior[name]
        .isel(index, missing_dims="ignore")
        .transpose("chain", "draw", ...)
        .to_numpy()
        .astype(np.float64)
        for name in wanted
    }


type Streams = Callable[[str], np.random.Generator]
"""Returns the random stream of a purpose (`stream`), of one seed and dyad."""


def stream(seed: int, dyad: str, purpose: str) -> np.random.Generator:
    """Return the random stream of a purpose, given by the seed, the dyad's code and the purpose alone.

    Other dyads, their order, and what else is drawn change nothing.
    """
    key = (*dyad.encode(), 0, *purpose.encode())
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))


def mcse(draws: Float) -> float:
    """Return the Monte Carlo standard error of the mean of `draws` (chain, draw), autocorrelated or not.

    Vehtari et al. (2021), doi:10.1214/20-BA1221; zero for draws that are all the same.
    """
    if draws.min() == draws.max():
        return 0.0
    return float(diagnostic("mcse", draws))


def quantiles_over_draws(values: NDArray[Any], quantiles: Sequence[float]) -> Float:
    """Return quantiles of values (chain, draw, time) over all draws, (quantile, time).

    Sorted by time first, which is twice as fast as it is to pick them from columns of draws.
    """
    by_time = np.ascontiguousarray(values.reshape(-1, values.shape[-1]).T)
    by_time.sort(axis=1)
    return np.asarray(np.quantile(by_time, quantiles, axis=1))


def seen_quantiles(values: Float) -> Float:
    """Return quantiles (quantile, period) of simulations (..., period) without what is missing; NaN where all is."""
    periods = [values[..., period].ravel() for period in range(values.shape[-1])]
    seen = [period[~np.isnan(period)] for period in periods]
    missing = np.full(len(QUANTILES), np.nan)
    return np.stack([np.quantile(period, QUANTILES) if period.size else missing for period in seen], axis=1)


def on_grid(value: float) -> float:
    """Round a probability to a multiple of 2**-40.

    On that grid sums and differences of probabilities are exact in floating point whatever their order, so
    parts add up to their whole to the last bit. The rounding itself is below 1e-12.
    """
    return float(np.round(value * _GRID) / _GRID)


def probability(events: NDArray[Any], definition: str, given: Bool | Float | None = None) -> Probability:
    """Estimate how likely `events` are."""
    draws = _per_draw(events, given)
    return Probability(on_grid(float(draws.mean())), mcse(draws), definition, draws)


def estimate(values: NDArray[Any], unit: str, definition: str, given: Bool | None = None) -> Estimate:
    """Summarise a quantity."""
    draws = _per_draw(values, given)
    low, median, high = (float(q) for q in np.quantile(values if given is None else values[given], TAILS))
    return Estimate(float(draws.mean()), median, low, high, mcse(draws), unit, definition, draws)


def estimate_if_defined(values: Float | None, unit: str, definition: str, reason: str) -> Estimate | NotDefined:
    """Summarise a quantity that a model may not have; `reason` says why it has not."""
    return NotDefined(reason) if values is None else estimate(values, unit, definition)


def certain(value: float, definition: str, size: tuple[int, ...]) -> Probability:
    """Return a computed probability, without Monte Carlo error; `size` is (chain, draw)."""
    return Probability(on_grid(value), 0.0, definition, np.full(size, value))


def expected(mean: float, quantiles: Sequence[float], unit: str, definition: str, size: tuple[int, ...]) -> Estimate:
    """Summarise a computed distribution by its mean and its quantiles `TAILS`; `size` is (chain, draw)."""
    low, median, high = quantiles
    return Estimate(mean, median, low, high, 0.0, unit, definition, np.full(size, mean))


def _per_draw(values: NDArray[Any], given: Bool | Float | None = None) -> Float:
    """Return the mean of each draw's simulations.

    Given a part of the simulations, the mean is a ratio of two means. The draws returned have it as their mean and, to
    first order, its Monte Carlo error (the delta method).
    """
    if given is None or given.all():
        means = values.mean(axis=2) if values.ndim == 3 else values
        return np.asarray(means, dtype=np.float64)
    return ratio(_per_draw(np.where(given, values, 0.0)), _per_draw(given))


def ratio(part: Float, whole: Float) -> Float:
    """Return draws whose mean is that of ``part`` over that of ``whole``, with its error to first order."""
    mean = part.mean() / whole.mean()
    return np.asarray(mean + (part - mean * whole) / whole.mean(), dtype=np.float64)


def reported(result: Any) -> xr.Dataset:
    """Collect the draws behind every number of `result`, for convergence checks."""
    return xr.Dataset({path: (("chain", "draw"), draws) for path, draws in _walk(result, "")})


def _walk(node: Any, path: str) -> Iterator[tuple[str, Float]]:
    if isinstance(node, Probability | Estimate):
        yield path, node.draws
    elif is_dataclass(node):
        for item in fields(node):
            yield from _walk(getattr(node, item.name), f"{path}.{item.name}".lstrip("."))
    elif isinstance(node, Mapping):
        for key, value in node.items():
            yield from _walk(value, f"{path}.{key}")
    elif isinstance(node, tuple):
        for position, value in enumerate(node):
            yield from _walk(value, f"{path}.{position}")


def plain(node: Any) -> Any:
    """Convert a result to dicts, lists and numbers that JSON can hold.

    Dates become ISO text, what is missing or not finite None, a table the list of its rows; draws are left out, and
    what is not defined becomes ``{"not_defined": reason}``.
    """
    if isinstance(node, NotDefined):
        return {"not_defined": node.reason}
    if is_dataclass(node):
        return {item.name: plain(getattr(node, item.name)) for item in fields(node) if item.name != "draws"}
    if isinstance(node, Mapping):
        return {str(key): plain(value) for key, value in node.items()}
    if isinstance(node, tuple | list):
        return [plain(value) for value in node]
    if isinstance(node, pd.DataFrame):
        return plain(node.astype(object).where(node.notna(), None).to_dict("records"))
    if isinstance(node, np.ndarray):
        return plain(cast("list[Any]", node.tolist()))
    if isinstance(node, date):
        return node.isoformat().removesuffix("T00:00:00")
    if isinstance(node, np.generic):
        return plain(node.item())
    return None if isinstance(node, float) and not np.isfinite(node) else node


@dataclass(frozen=True)
class Passage:
    """Distribution of the time until the level first gets somewhere."""

    target: str  # In words
    by: Mapping[int, Probability]  # Reached within so many months
    beyond: Probability  # Not reached within `limit` months
    limit: int  # Months simulated
    median: float | None  # Median time; None beyond the limit
    times: Float  # Months, 0 to the limit
    mass: Float  # Probability of first reaching it then; sums with `beyond` to 1


def passage(there: Bool, clock: Clock, horizons: Sequence[int], limit: int, target: str) -> Passage:
    """Summarise when something first happens."""
    reached = np.logical_or.accumulate(there, axis=-1)
    cumulative = np.array([on_grid(here) for here in reached.mean(axis=(0, 1, 2))])
    times = clock.months(there.shape[-1] - 1)
    half = np.flatnonzero(cumulative >= 0.5)
    by = {
        months: probability(
            reached[..., clock.periods(months)], f"the level first reaches {target} within {months} months"
        )
        for months in horizons
    }
    never = probability(~reached[..., -1], f"the level does not reach {target} within {limit} months")
    return Passage(
        target=target,
        by=by,
        beyond=replace(never, value=1 - float(cumulative[-1])),
        limit=limit,
        median=float(times[half[0]]) if half.size else None,
        times=times,
        mass=np.diff(cumulative, prepend=0.0),
    )
