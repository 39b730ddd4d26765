"""Numbers of an outlook: summaries of draws or simulations, and the sentences that word them.

Every number keeps its posterior draws (one value per chain and draw, averaged over the simulations
of that draw). Its Monte Carlo error comes from these draws, and convergence is checked for the
reported quantities (`reported`). Undefined values are `NotDefined` with a reason, never a
placeholder number.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from forecast.base import wording
from forecast.base.typing import Bool, Float
from forecast.model.posterior import diagnostic
from forecast.outlook.draws import TAILS

INTERVAL = "90% equal-tailed"
"""Kind and mass of every interval."""
_GRID = 2.0**40
"""Inverse of the grid on which probabilities lie, so that sums of them are exact."""
SENTENCES = Path(__file__).with_name("sentences.j2")
"""Templates of the sentences on numbers."""


sentence = partial(wording.sentence, SENTENCES)
"""Renders a sentence on numbers by the name of its macro."""


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
    # In each posterior draw (of the future, its mean over simulations)
    draws: Float = field(repr=False, compare=False)
    interval: str = INTERVAL  # Kind and mass


@dataclass(frozen=True)
class NotDefined:
    """Placeholder for a number that this model or this dyad does not have."""

    reason: str  # In words


def mcse(draws: Float) -> float:
    """Return the Monte Carlo standard error of the mean of `draws` (chain, draw).

    They may be autocorrelated.

    Vehtari et al. (2021), doi:10.1214/20-BA1221; zero for draws that are all the same.
    """
    if draws.min() == draws.max():
        return 0.0
    return float(diagnostic("mcse", draws))


def on_grid(value: float) -> float:
    """Round a probability to a multiple of 2**-40.

    On that grid sums and differences of probabilities are exact in floating point whatever their
    order, so parts add up to their whole to the last bit. The rounding itself is below 1e-12.
    """
    return float(np.round(value * _GRID) / _GRID)


def probability(
    events: NDArray[Any], definition: str, given: Bool | Float | None = None
) -> Probability:
    """Estimate how likely events are.

    Parameters
    ----------
    events : array, (chain, draw) or (chain, draw, simulation)
        Whether each occurs, or its probability.
    definition : str
        Of what, in words.
    given : array, optional
        Which simulations count, or how much of each; the same shape.

    Returns
    -------
    Probability
        From 0 to 1, with draws (chain, draw).
    """
    draws = _per_draw(events, given)
    return Probability(on_grid(float(draws.mean())), mcse(draws), definition, draws)


def estimate(
    values: NDArray[Any], unit: str, definition: str, given: Bool | None = None
) -> Estimate:
    """Summarise a quantity.

    Parameters
    ----------
    values : array, (chain, draw) or (chain, draw, simulation)
    unit, definition : str
        In words.
    given : array of bool, optional
        Which simulations count; the same shape.

    Returns
    -------
    Estimate
        In the unit of the values, with draws (chain, draw) and a 90% equal-tailed interval.
    """
    draws = _per_draw(values, given)
    low, median, high = (
        float(q) for q in np.quantile(values if given is None else values[given], TAILS)
    )
    return Estimate(float(draws.mean()), median, low, high, mcse(draws), unit, definition, draws)


def estimate_if_defined(
    values: Float | None, unit: str, definition: str, reason: str
) -> Estimate | NotDefined:
    """Summarise a quantity that a model may not have; `reason` says why it has not."""
    return NotDefined(reason) if values is None else estimate(values, unit, definition)


def certain(value: float, definition: str, size: tuple[int, ...]) -> Probability:
    """Return a computed probability, without Monte Carlo error; `size` is (chain, draw)."""
    return Probability(on_grid(value), 0.0, definition, np.full(size, value))


def _per_draw(values: NDArray[Any], given: Bool | Float | None = None) -> Float:
    """Return the mean of each draw's simulations.

    Given a part of the simulations, the mean is a ratio of two means. The draws returned have it as
    their mean and, to first order, its Monte Carlo error (the delta method).
    """
    if given is None or given.all():
        means = values.mean(axis=2) if values.ndim == 3 else values
        return np.asarray(means, dtype=np.float64)
    return ratio(_per_draw(np.where(given, values, 0.0)), _per_draw(given))


def ratio(part: Float, whole: Float) -> Float:
    """Return draws whose mean is that of ``part`` over that of ``whole``.

    Their error is that of the ratio to first order.
    """
    mean = part.mean() / whole.mean()
    return np.asarray(mean + (part - mean * whole) / whole.mean(), dtype=np.float64)


def reported(result: Any) -> xr.Dataset:
    """Collect the draws behind every number of a result, for convergence checks.

    Returns
    -------
    xarray.Dataset
        Draws (chain, draw) by the path of the number in the result.
    """
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

    Dates become ISO text, what is missing or not finite None, a table the list of its rows; draws
    are left out, and what is not defined becomes ``{"not_defined": reason}``.
    """
    if isinstance(node, NotDefined):
        return {"not_defined": node.reason}
    if is_dataclass(node):
        return {
            item.name: plain(getattr(node, item.name))
            for item in fields(node)
            if item.name != "draws"
        }
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
