"""Measurement of the level by several datasets: offset, its drift, and effect of the event count.

The level is on the scale of the first dataset. Other datasets have an offset that may drift slowly.
Disagreement over years is therefore attributed to drift, and disagreement between months to noise.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.base.typing import Float, Index
from forecast.data.panel.relative_counts import dataset_relative_counts, total_events
from forecast.model.observation.base import ModelChoices, ObservationParameters, PanelNodes
from forecast.model.posterior import flat, flat_or_zeros
from forecast.model.process.declarations import ByDyad, spread_around

if TYPE_CHECKING:
    import xarray as xr


# Years between the knots of an offset's drift, which is linear in between
KNOT_YEARS = 5
# Year of the first knot
FIRST_YEAR = 1945
# Number of knots: the last is in 2045
KNOTS = 21
# Information about the level where there is none, so that nothing is divided by zero
MIN_INFORMATION = 1e-9
# Fisher information of an event about its log-odds of being cooperative, where both sides are
# equally frequent
EVENT_INFORMATION = 0.25


@dataclass(frozen=True)
class Readings:
    """Observations of several datasets."""

    events: Index  # (node, dataset)
    # Of the period, against what is usual for the dyad in that dataset, (node, dataset)
    relative_count: Float
    # Knot before a node's period, and how far the period is on the way to the next, 0 to 1
    knot: Index
    part: Float
    # First knot of every dyad's record in every dataset and the one behind the last, dataset by
    # dataset within a dyad: over these a drift is zero on average. All knots where a dataset has
    # nothing of a dyad.
    spans: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, panel: "xr.Dataset", node_of: Index) -> "Readings":
        """Read the panel of several datasets.

        ``node_of`` (dyad, period) is -1 where there is no node.
        """
        total = total_events(panel)
        has_node = node_of >= 0
        knot, part = knots(panel)
        period = np.nonzero(has_node)[1]
        events = total.transpose(1, 2, 0)[has_node]
        relative_count = dataset_relative_counts(panel).transpose(1, 2, 0)[has_node]
        has_events = (total > 0).transpose(1, 0, 2)  # (dyad, dataset, time)
        spans = tuple(_span(knot[periods]) for of_dyad in has_events for periods in of_dyad)
        return cls(events, relative_count, knot[period], part[period], spans)


def _span(seen: Index) -> tuple[int, int]:
    """Return the first knot and the end of those that surround some periods; all without any."""
    return (int(seen.min()), int(seen.max()) + 2) if seen.size else (0, KNOTS)


def knots(panel: "xr.Dataset") -> tuple[Index, Float]:
    """Return the knot before every period, and the part of the way to the next, (time,)."""
    time = panel["time"].dt
    years = time.year.to_numpy() + (time.dayofyear.to_numpy() - 1) / 366.0
    # Just below the last knot at most, so that every period has a knot behind it.
    position = np.clip((years - FIRST_YEAR) / KNOT_YEARS, 0.0, KNOTS - 1.001)
    knot = np.floor(position).astype(np.int64)
    return knot, position - knot


def shift(parameters: ObservationParameters, data: Mapping[str, Any]) -> Any:
    """Return what drift and volume add to the level as each dataset reads it, (node, dataset)."""
    dyad = data["node_dyad"]
    knot = data["reading_knot"]
    part = data["reading_part"][:, None]
    drift = parameters["drift"].transpose(0, 2, 1)  # (dyad, knot, dataset)
    moved = drift[dyad, knot] * (1.0 - part) + drift[dyad, knot + 1] * part
    return moved + parameters["dataset_volume_effect"][dyad] * data["reading_count"]


def layout(readings: Readings, dyad: Index) -> dict[str, Any]:
    """Return the arrays that `shift` reads, by their names.

    ``dyad`` (node,) is that of every node.
    """
    return {
        "node_dyad": dyad,
        "reading_knot": readings.knot,
        "reading_part": readings.part,
        "reading_count": readings.relative_count,
    }


def data(readings: Readings, dyad: Index, reference: ObservationParameters) -> dict[str, Any]:
    """Return the arrays that a model reads of several datasets, by the names of its data."""
    read = layout(readings, dyad)
    events = readings.events.astype(np.float64)
    variance = _variance(_information(events, reference["concentration"]), reference["noise"][dyad])
    return read | {
        "reading_events": events,
        "reading_variance": variance,
        "reading_anchor": shift(reference, read),
    }


def anchor(
    weight: Any, parameters: ObservationParameters, data: Mapping[str, Any]
) -> tuple[Any, Any]:
    """Return weight and shift of the pseudo-observations.

    Both follow from the information of each dataset's events about the level.
    """
    import pytensor.tensor as pt

    noise, offset = (
        by_dyad[data["node_dyad"]]
        for by_dyad in (pt.as_tensor(parameters["noise"]), parameters["offset"].mean(axis=1))
    )
    information = _information(data["reading_events"], parameters["concentration"])
    moved = offset + shift(parameters, data) - data["reading_anchor"]
    weight = weight * data["reading_variance"] / _variance(information, noise)
    return weight, -(information * moved).sum(axis=1) / (information.sum(axis=1) + MIN_INFORMATION)


def reference(spec: ModelChoices, dyads: int, datasets: int) -> ObservationParameters:
    """Return the centres of the priors of what every dataset has of its own."""
    priors = spec.priors
    centres = [priors.concentration[0], *[priors.dataset_concentration[0]] * (datasets - 1)]
    effect = priors.volume_effect[0] if spec.volume_effect else 0.0
    return {
        "concentration": np.exp(centres) if spec.overdispersion else np.zeros(datasets),
        "drift": np.zeros((dyads, datasets, KNOTS)),
        "dataset_volume_effect": np.full((dyads, datasets), effect),
    }


def draws(posterior: "xr.Dataset", parameters: ObservationParameters) -> ObservationParameters:
    """Take out of a posterior what several datasets have of their own."""
    sizes = posterior.sizes
    dyads, datasets = sizes["dyad"], sizes["dataset"]
    return {
        "drift": flat(posterior["dataset_drift"]),
        "dataset_volume_effect": flat_or_zeros(posterior, "dataset_volume_effect", dyads, datasets),
    }


def _variance(information: Any, noise: Any) -> Any:
    """Return the rough variance of a month's level, given the events of all datasets, (node,)."""
    return 1.0 / (information.sum(axis=1) + MIN_INFORMATION) + noise**2


def shift_of_panel(panel: "xr.Dataset", parameters: "xr.Dataset") -> Float:
    """Return what drift and volume add in every period under one draw, (dyad, time, dataset)."""
    knot, part = knots(panel)
    shift_of_reading = drift_between(parameters["dataset_drift"].to_numpy(), knot, part)
    if "dataset_volume_effect" in parameters:
        relative_count = dataset_relative_counts(panel).transpose(1, 0, 2)
        effect = parameters["dataset_volume_effect"].to_numpy()[..., None]
        shift_of_reading = shift_of_reading + effect * relative_count
    return np.moveaxis(shift_of_reading, 1, 2)


def shift_of_draws(
    parameters: ObservationParameters, readings: Readings, dyad: int, node: int
) -> Float:
    """Return what drift and volume add to the level at a node, (draw, dataset)."""
    moved = drift_between(
        parameters["drift"][:, dyad], int(readings.knot[node]), float(readings.part[node])
    )
    return np.asarray(
        moved + parameters["dataset_volume_effect"][:, dyad] * readings.relative_count[node]
    )


def drift_between(drift: Float, knot: int | Index, part: float | Float) -> Float:
    """Return drifts (..., knot) at places between two knots."""
    return np.asarray(drift[..., knot] * (1.0 - part) + drift[..., knot + 1] * part)


def _information(events: Any, concentration: Any) -> Any:
    """Return rough inverse variances of the level, given each dataset's events, (node, dataset)."""
    without_overdispersion = isinstance(concentration, np.ndarray) and not concentration.any()
    if without_overdispersion:
        return EVENT_INFORMATION * events
    return EVENT_INFORMATION * events * (concentration + 1.0) / (concentration + events)


def add_readings(arrays: PanelNodes, first_effect: Any) -> ObservationParameters:
    """Add drift and volume effect of every dataset to the graph.

    The first dataset has no drift, and its volume effect is ``first_effect`` (dyad,).
    """
    import pymc as pm
    import pytensor.tensor as pt

    spec = arrays.spec
    priors = arrays.spec.priors
    dyads = arrays.dyads
    readings = arrays.observed.readings
    further = readings.events.shape[1] - 1
    step = spread_around("dataset_drift_sd", priors.dataset_drift, (further,)).add()
    walk = pm.Normal("dataset_drift_raw", 0.0, 1.0, shape=(dyads, further, KNOTS - 1))
    from_zero = pt.concatenate([pt.zeros((dyads, further, 1)), pt.cumsum(walk, axis=2)], axis=2)
    # Over the knots of its record a drift is zero on average: the offset is the mean.
    record_weights = np.zeros((dyads, further + 1, KNOTS))
    by_record = record_weights.reshape(-1, KNOTS)
    for weights, (first, end) in zip(by_record, readings.spans, strict=True):
        weights[first:end] = 1.0 / (end - first)
    mean = (from_zero * record_weights[:, 1:]).sum(axis=2, keepdims=True)
    centred = from_zero - mean
    drift = pt.concatenate([pt.zeros((dyads, 1, KNOTS)), step[:, None] * centred], axis=1)
    drift = pm.Deterministic("dataset_drift", drift)
    effect: Any = pt.zeros((dyads, further + 1))
    if spec.volume_effect:
        prior, spread = priors.volume_effect, priors.volume_effect_dyads
        further_effects = ByDyad(
            "dataset_volume", prior, spread, arrays.pool, dims=(dyads, further)
        ).add()
        effect = pt.concatenate([first_effect[:, None], further_effects], axis=1)
        effect = pm.Deterministic("dataset_volume_effect", effect, dims=("dyad", "dataset"))
    return {"drift": drift, "dataset_volume_effect": effect}
