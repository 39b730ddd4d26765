"""From the sampler's coordinates to parameters, and slopes back: priors, populations of dyads, eras around a dyad.

A value that the model does not have is a constant; its place is `NONE`.
"""

import math
from typing import NamedTuple

import numpy as np

from forecast.model.kernels import kernel
from forecast.typing import Bool, Float, Index

NONE = -1
HALF_LOG_TWO_PI = 0.5 * math.log(2.0 * math.pi)


class Coordinates(NamedTuple):
    """Priors of the sampler's coordinates, (coordinate,): normal, or none of its own where the spread is zero.

    A positive value is the exponential of its coordinate.
    """

    centre: Float
    sd: Float
    positive: Bool


class ByDyad(NamedTuple):
    """Places of quantities of every dyad: of a population's mean and spread, if there is one, and of the dyads' own."""

    places: Index
    constant: Float  # Value where there is no place for dyads
    positive: Bool  # Whether the value is the exponential of what stands there


@kernel
def values_of(point: Float, coordinates: Coordinates) -> tuple[Float, float, Float]:
    """Values of a point, the log-density of its coordinates under their own priors, and the slopes of that."""
    values, slope, total = np.empty(point.size), np.zeros(point.size), 0.0
    for i in range(point.size):
        values[i] = math.exp(point[i]) if coordinates.positive[i] else point[i]
        sd = coordinates.sd[i]
        if sd > 0.0:
            off = (point[i] - coordinates.centre[i]) / sd
            total -= 0.5 * off * off + math.log(sd) + HALF_LOG_TWO_PI
            slope[i] = -off / sd
    return values, total, slope


@kernel
def add_slopes(values: Float, by_value: Float, coordinates: Coordinates, slope: Float) -> None:
    """Add slopes in the values to those in the coordinates."""
    for i in range(values.size):
        slope[i] += by_value[i] * values[i] if coordinates.positive[i] else by_value[i]


@kernel
def scalar(values: Float, place: int, otherwise: float) -> float:
    """Value of a place, or a constant."""
    return values[place] if place >= 0 else otherwise


@kernel
def dyads_forward(values: Float, by_dyad: ByDyad, dyads: int) -> Float:
    """Values of every quantity, (quantity, dyad)."""
    result = np.empty((by_dyad.constant.size, dyads))
    for k in range(by_dyad.constant.size):
        population, spread, own = by_dyad.places[k, 0], by_dyad.places[k, 1], by_dyad.places[k, 2]
        for d in range(dyads):
            at = by_dyad.constant[k]
            if own >= 0:
                at = values[own + d]
                if population >= 0:
                    at = values[population] + values[spread] * at
            result[k, d] = math.exp(at) if by_dyad.positive[k] else at
    return result


@kernel
def dyads_backward(values: Float, by_dyad: ByDyad, result: Float, g_result: Float, by_value: Float) -> None:
    """Add the slopes of `dyads_forward` to those in the values."""
    for k in range(by_dyad.constant.size):
        population, spread, own = by_dyad.places[k, 0], by_dyad.places[k, 1], by_dyad.places[k, 2]
        if own < 0:
            continue
        for d in range(result.shape[1]):
            g = g_result[k, d] * result[k, d] if by_dyad.positive[k] else g_result[k, d]
            if population >= 0:
                by_value[population] += g
                by_value[spread] += g * values[own + d]
                by_value[own + d] += g * values[spread]
            else:
                by_value[own + d] += g
