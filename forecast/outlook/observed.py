"""What the dataset would observe in a simulated future: cooperative shares of counted events."""

from typing import Any

import numpy as np

from forecast.clock import Clock
from forecast.outlook.draws import FitLike, position
from forecast.outlook.futures import Futures, stream
from forecast.outlook.summary import NotDefined
from forecast.panel import panel_kind
from forecast.scale import share
from forecast.typing import Float, Index

RECENT_MONTHS = 24
_EDGE = 1e-9  # keeps both parameters of the Beta distribution above zero


def observe(fit: FitLike, futures: Futures, months: int, *, seed: int, dataset: int = 0) -> Float | NotDefined:
    """Simulate the cooperative share, 0 to 100, of the events the dataset would hold in each period ahead.

    How many events a period holds is that of a period drawn from the dyad's last 24 covered months. They are
    cooperative with the probability of the month: level, month noise and direction. Dirichlet-multinomial
    classes make their number Beta-binomial. A period without events has no share: NaN.

    Parameters
    ----------
    fit : FitLike
    futures : Futures
    months : int
        How far.
    seed : int
    dataset : int
        Position of the dataset in the panel.

    Returns
    -------
    array (chain, draw, future, period) or NotDefined
        Period 0, the present, is NaN: it is observed already. Not defined if the panel counts no events of
        the dyad.

    Raises
    ------
    SpecError
        If the futures do not reach that far.
    """
    volumes = recent_volumes(fit, futures.dyad, dataset)
    if not volumes.any():
        if not panel_kind(fit.panel).coded:
            return NotDefined("the data are an index, which counts no actions")
        return NotDefined("the panel counts no event of the dyad in its last 24 covered months")
    rng = stream(seed, futures.dyad, f"observed {dataset}")
    level = np.moveaxis(futures.level[..., : futures.at(months) + 1], -1, 0)
    noise, offset, concentration = reading(fit, futures.dyad, dataset)
    seen = np.full(level.shape, np.nan)
    for period in range(1, len(level)):
        month = level[period] + noise[..., None] * rng.standard_normal(level.shape[1:])
        count = volumes[rng.integers(len(volumes), size=month.shape)]
        weight = None if concentration is None else concentration[..., None, None]
        chance = draw_chances(month[..., None] + offset[:, :, None, :], weight, rng)
        cooperative, total = rng.binomial(count, chance).sum(axis=-1), count.sum(axis=-1)
        np.divide(100 * cooperative, total, out=seen[period], where=total > 0)
    return np.moveaxis(seen, 0, -1)


def recent_volumes(fit: FitLike, dyad: str, dataset: int = 0) -> Index:
    """Return how many events the last 24 covered months held, (period, direction); none of an index."""
    volumes = panel_kind(fit.panel).reports(fit.panel, dyad, dataset)
    return volumes[-Clock.of(fit.panel).periods(RECENT_MONTHS) :]


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


def reading(fit: FitLike, dyad: str, dataset: int = 0) -> tuple[Float, Float, Float | None]:
    """Return how a dataset reads the level of a dyad: month noise, offsets and concentration.

    Returns
    -------
    noise : array (chain, draw)
    offset : array (chain, draw, direction)
    concentration : array (chain, draw) or None
        None without overdispersion.
    """
    place = position(fit.panel, dyad)

    def values(name: str) -> Any:
        picked = fit.posterior[name].isel(dyad=place, dataset=dataset, missing_dims="ignore")
        return picked.transpose("chain", "draw", ...).to_numpy().astype(np.float64)

    size = fit.posterior.sizes["chain"], fit.posterior.sizes["draw"]
    noise = values("tau") if "tau" in fit.posterior else np.zeros(size)
    offset = values("direction_offset") if "direction_offset" in fit.posterior else np.zeros((*size, 1))
    return noise, offset, values("concentration") if "concentration" in fit.posterior else None
