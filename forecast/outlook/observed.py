"""What a dataset would record in a simulated future: happenings, and how many of them are cooperative."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.clock import periods_a_month
from forecast.outlook.draws import FitLike, position
from forecast.outlook.futures import Futures, stream
from forecast.outlook.summary import NotDefined
from forecast.outlook.volume import RECENT_MONTHS, recording
from forecast.panel import panel_kind
from forecast.scale import share
from forecast.typing import Float, Index

if TYPE_CHECKING:
    import xarray as xr

_EDGE = 1e-9  # keeps both parameters of the Beta distribution above zero


@dataclass(frozen=True)
class Observed:
    """What a dataset would record in each future; the last axis is the period, and period 0, the present, is empty.

    Attributes
    ----------
    dataset : int
        Position of the dataset in the panel.
    total, cooperative : array of int (chain, draw, future, period)
        Happenings, and how many of them are cooperative.
    """

    dataset: int
    total: Index
    cooperative: Index

    @property
    def share(self) -> Float:
        """Cooperative share of each period, 0 to 100; NaN where nothing is recorded."""
        found: Float = np.full(self.total.shape, np.nan)
        np.divide(100.0 * self.cooperative, self.total, out=found, where=self.total > 0)
        return found


@dataclass(frozen=True)
class Reading:
    """How a dataset reads the level of a dyad.

    Attributes
    ----------
    noise : array (chain, draw)
        Standard deviation of the month noise, log-odds.
    offset : array (chain, draw, direction)
    concentration : array (chain, draw) or None
        None without overdispersion.
    directions : array (direction,)
        Share of the recent happenings by direction.
    """

    noise: Float
    offset: Float
    concentration: Float | None
    directions: Float


def observe(fit: FitLike, futures: Futures, months: int, *, seed: int) -> Observed | NotDefined:
    """Simulate what the dyad's main dataset would record in each period ahead.

    The number of happenings is negative binomial around a level of recording that drifts (`Recording`), with a path of
    its own in each future. They are cooperative with the probability of the period (`simulate_chances`).

    Parameters
    ----------
    fit : FitLike
    futures : Futures
    months : int
        How far.
    seed : int

    Returns
    -------
    Observed or NotDefined
        Not defined if nothing of the dyad is counted in the last 36 months that are covered.

    Raises
    ------
    SpecError
        If the futures do not reach that far.
    """
    dataset = main_dataset(fit.panel, futures.dyad)
    if not recent_reports(fit.panel, futures.dyad, dataset).any():
        if not panel_kind(fit.panel).coded:
            return NotDefined("the data are an index, which counts no actions")
        return NotDefined(f"no happening of the dyad is counted in its last {RECENT_MONTHS} covered months")
    rng = stream(seed, futures.dyad, f"observed {dataset}")
    read = reading(fit, futures.dyad, dataset)
    size = (*futures.level.shape[:-1], futures.at(months) + 1)
    total, cooperative = np.zeros(size, dtype=np.int32), np.zeros(size, dtype=np.int32)
    ahead = (*size[:-1], size[-1] - 1)
    volume = stream(seed, futures.dyad, f"volume {dataset}")
    total[..., 1:] = recording(fit.panel, futures.dyad, dataset).simulate(ahead, volume)
    for period in range(1, size[-1]):  # one by one, so that longer futures only go on from shorter ones
        chances = simulate_chances(futures.level[..., period], read, rng)
        cooperative[..., period] = rng.binomial(total[..., period], chances)
    return Observed(dataset, total, cooperative)


def simulate_chances(level: Float, read: Reading, rng: np.random.Generator) -> Float:
    """Draw the chance that a happening is cooperative, from the level: month noise, direction and overdispersion.

    A happening is of one direction or the other as often as the recent ones, so that the chance is the mean over
    directions. Overdispersed classes (Dirichlet-multinomial) make the chance Beta-distributed.

    Parameters
    ----------
    level : array (chain, draw, ...)
        Log-odds; each element is a period of a future.
    read : Reading
    rng : numpy.random.Generator

    Returns
    -------
    array of the same shape
    """

    def by_draw(values: Float) -> Float:
        return values.reshape(*values.shape, *[1] * (level.ndim - 2))

    month = level + by_draw(read.noise) * rng.standard_normal(level.shape)
    weight = None if read.concentration is None else by_draw(read.concentration)
    parts = [
        part * draw_chances(month + by_draw(read.offset[..., place]), weight, rng)
        for place, part in enumerate(read.directions)
    ]
    return np.asarray(sum(parts))


def draw_chances(log_odds: Float, concentration: Float | None, rng: np.random.Generator) -> Float:
    """Draw the chances by which happenings are cooperative, from log-odds and a concentration that broadcasts.

    Examples
    --------
    >>> import numpy as np
    >>> from forecast.outlook.observed import draw_chances
    >>> draw_chances(np.zeros(2), None, np.random.default_rng(1))
    array([0.5, 0.5])
    """
    chance = np.clip(share(log_odds) / 100, _EDGE, 1 - _EDGE)
    return chance if concentration is None else rng.beta(concentration * chance, concentration * (1 - chance))


def main_dataset(panel: "xr.Dataset", dyad: str) -> int:
    """Return the position of the dataset that has counted most of a dyad in its last 36 covered months."""
    totals = [recent_reports(panel, dyad, dataset).sum() for dataset in range(panel.sizes.get("dataset", 1))]
    return int(np.argmax(totals))


def recent_reports(panel: "xr.Dataset", dyad: str, dataset: int = 0) -> Index:
    """Return the happenings of the last 36 covered months, (period, direction); none of an index."""
    reports = panel_kind(panel).reports(panel, dyad, dataset)
    return reports[-round(RECENT_MONTHS * periods_a_month(panel)) :]


def reading(fit: FitLike, dyad: str, dataset: int = 0) -> Reading:
    """Return how a dataset reads the level of a dyad."""
    place = position(fit.panel, dyad)

    def values(name: str) -> Any:
        picked = fit.posterior[name].isel(dyad=place, dataset=dataset, missing_dims="ignore")
        return picked.transpose("chain", "draw", ...).to_numpy().astype(np.float64)

    size = fit.posterior.sizes["chain"], fit.posterior.sizes["draw"]
    recent = recent_reports(fit.panel, dyad, dataset).sum(axis=0)
    return Reading(
        noise=values("tau") if "tau" in fit.posterior else np.zeros(size),
        offset=values("direction_offset") if "direction_offset" in fit.posterior else np.zeros((*size, 1)),
        concentration=values("concentration") if "concentration" in fit.posterior else None,
        directions=recent / recent.sum() if recent.any() else np.full(len(recent), 1 / len(recent)),
    )
