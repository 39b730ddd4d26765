"""Classes of counted events: their probabilities, and counts drawn from them."""

from typing import TYPE_CHECKING

import numpy as np

from forecast.model.observation.counted import DECADES, ORDER, year_places
from forecast.typing import Float, Index

if TYPE_CHECKING:
    import xarray as xr


def class_probabilities(level: Float, cutpoint: Float, depth: Float | float = 0.0) -> Float:
    """Return the ordered-logit probabilities of the classes, (..., class); ``depth`` shifts the last cutpoint.

    ``level`` and ``depth`` have shape (...,), ``cutpoint`` (..., cut) or (cut,).
    """
    cuts = np.broadcast_to(cutpoint, (*np.shape(level), np.shape(cutpoint)[-1])).copy()
    cuts[..., -1] += depth
    below = 1.0 / (1.0 + np.exp(np.asarray(level)[..., None] - cuts))
    edge = np.zeros((*below.shape[:-1], 1))
    return np.diff(np.concatenate([edge, below, edge + 1.0], axis=-1), axis=-1)


def simulate_counts(
    panel: "xr.Dataset", month: Float, parameters: "xr.Dataset", rng: np.random.Generator, *, overdispersed: bool
) -> "xr.DataArray":
    """Draw new classes for the events of a panel, the number of every report kept.

    Parameters
    ----------
    panel : xarray.Dataset
    month : (dyad, time)
        Level with the month's noise, log-odds.
    parameters : xarray.Dataset
        One draw.
    rng : numpy.random.Generator
    overdispersed : bool

    Returns
    -------
    xarray.DataArray
        As ``panel["counts"]``.
    """
    counts = panel["counts"].transpose(*ORDER)
    total = counts.to_numpy().sum(-1)
    d, t, s, q = np.nonzero(total)
    cutpoint = parameters["cutpoint"].to_numpy()[q]
    at = month[d, t] + parameters["direction_offset"].to_numpy()[d, s, q]
    gap = np.diff(parameters["cutpoint"].to_numpy(), axis=1)[:, -1:]
    wider = (gap / gap[0])[q, 0] if gap.size else 0.0
    probability = class_probabilities(at, cutpoint, _depth(panel, parameters)[d, t] * wider)
    concentration = parameters["concentration"].to_numpy()[q] if overdispersed else None
    simulated = np.zeros_like(counts.to_numpy())
    simulated[d, t, s, q] = draw_classes(total[d, t, s, q], probability, concentration, rng)
    return counts.copy(data=simulated).transpose(*panel["counts"].dims)


def draw_classes(total: Index, probability: Float, concentration: Float | None, rng: np.random.Generator) -> Index:
    """Draw the classes of as many events, (report, class): Dirichlet-multinomial, or multinomial without concentration.

    Parameters
    ----------
    total : (report,)
    probability : (report, class)
    concentration : (report,) or None
    rng : numpy.random.Generator
    """
    if concentration is not None:
        mass = rng.gamma(np.maximum(concentration[:, None] * probability, 1e-12))
        probability = mass / np.maximum(mass.sum(-1, keepdims=True), 1e-300)
    return np.asarray(rng.multinomial(total, probability))


def _depth(panel: "xr.Dataset", parameters: "xr.Dataset") -> Float:
    """Return the shift of the first dataset's threshold to the deepest class, (dyad, time)."""
    era = panel["era_index"].transpose("dyad", "time").to_numpy()
    if "depth" in parameters:
        return np.asarray(parameters["depth"].to_numpy()[era])
    if "depth_trend" not in parameters:
        return np.zeros(era.shape)
    stretch = np.expm1(np.ravel(parameters["depth_trend"].to_numpy()[:, None] * DECADES)[year_places(panel)])
    return np.asarray(np.diff(parameters["cutpoint"].to_numpy()[0])[-1] * stretch)
