"""From a point of the sampler to the quantities of dyads and eras, and slopes back."""

import math
from typing import NamedTuple

import numpy as np

from forecast.base.typing import Bool, Float, Index
from forecast.model.kernels import kernel

NONE = -1  # Position of a value that the model does not have: a constant stands for it
HALF_LOG_TWO_PI = 0.5 * math.log(2.0 * math.pi)
# Rows of the quantities of dyads; `forecast.model.densities.DYAD_QUANTITIES` has their names
MEAN, STEP, HALF_LIFE, SD, HEADROOM, NOISE, VOLUME = range(7)


class Coordinates(NamedTuple):
    """Normal priors of the coordinates, of the logarithm where positive.

    A spread of zero stands for no prior.
    """

    centre: Float
    sd: Float
    positive: Bool
    with_prior: Index  # Those with a prior or a logarithm: all others are nearly white noise


class ByDyad(NamedTuple):
    """Positions of a quantity of every dyad: the population's mean and spread, and the dyads'."""

    positions: Index
    constant: Float  # Value of a quantity that the model does not estimate
    positive: Bool  # Whether the value is the exponential of what stands there


class Choices(NamedTuple):
    """Choices of a spec, and the positions of its parameters."""

    moves: bool  # Whether the trend has a path
    cycle: bool  # Whether there is one
    ceiling: bool  # Whether eras bound the trend
    start_sd: float  # Standard deviation of a dyad's first trend
    softness: float  # Standard deviation of a ceiling's soft edge
    # Positions of scalars, and of the first of the values that eras, directions and the path have
    jump: int
    half_life: int
    concentration: int
    era_spread: int
    eras: int
    direction: int
    white: int


@kernel
def values_of(point: Float, coordinates: Coordinates) -> tuple[Float, float, Float]:
    """Return values of a point, their log-density under the priors, and its slopes."""
    values, slope, total = point.copy(), np.zeros(point.size), 0.0
    for i in coordinates.with_prior:
        if coordinates.positive[i]:
            values[i] = math.exp(point[i])
        sd = coordinates.sd[i]
        if sd > 0.0:
            off = (point[i] - coordinates.centre[i]) / sd
            total -= 0.5 * off * off + math.log(sd) + HALF_LOG_TWO_PI
            slope[i] = -off / sd
    return values, total, slope


@kernel
def add_slopes(values: Float, by_value: Float, coordinates: Coordinates, slope: Float) -> None:
    """Add slopes in the values to those in the coordinates."""
    for i in coordinates.with_prior:
        if coordinates.positive[i]:
            by_value[i] *= values[i]
    for i in range(values.size):
        slope[i] += by_value[i]


@kernel
def scalar(values: Float, index: int, otherwise: float) -> float:
    """Value at a position, or a constant where the position is `NONE`."""
    return values[index] if index >= 0 else otherwise


@kernel
def dyads_forward(values: Float, by_dyad: ByDyad, dyads: int) -> Float:
    """Values of the quantities of dyads, (quantity, dyad)."""
    result = np.empty((by_dyad.constant.size, dyads))
    for k in range(by_dyad.constant.size):
        population, spread, first_dyad = (
            by_dyad.positions[k, 0],
            by_dyad.positions[k, 1],
            by_dyad.positions[k, 2],
        )
        for d in range(dyads):
            value = by_dyad.constant[k]
            if first_dyad >= 0:
                value = values[first_dyad + d]
                if population >= 0:
                    value = values[population] + values[spread] * value
            result[k, d] = math.exp(value) if by_dyad.positive[k] else value
    return result


@kernel
def dyads_backward(
    values: Float, by_dyad: ByDyad, result: Float, g_result: Float, by_value: Float
) -> None:
    """Add the slopes of `dyads_forward` to those in the values."""
    for k in range(by_dyad.constant.size):
        population, spread, first_dyad = (
            by_dyad.positions[k, 0],
            by_dyad.positions[k, 1],
            by_dyad.positions[k, 2],
        )
        if first_dyad < 0:
            continue
        for d in range(result.shape[1]):
            g = g_result[k, d] * result[k, d] if by_dyad.positive[k] else g_result[k, d]
            if population >= 0:
                by_value[population] += g
                by_value[spread] += g * values[first_dyad + d]
                by_value[first_dyad + d] += g * values[spread]
            else:
                by_value[first_dyad + d] += g


@kernel
def era_values(values: Float, dyads: Float, choices: Choices, era_dyad: Index) -> Float:
    """Headroom of every era under a ceiling, or a constant trend; both around the dyad's."""
    result = np.empty(era_dyad.size)
    for e in range(result.size):
        value = dyads[HEADROOM if choices.ceiling else MEAN, era_dyad[e]]
        if choices.era_spread >= 0:
            value += values[choices.era_spread] * values[choices.eras + e]
        result[e] = math.exp(value) if choices.ceiling else value
    return result


@kernel
def era_backward(
    values: Float,
    eras: Float,
    choices: Choices,
    era_dyad: Index,
    g_eras: Float,
    g_dyads: Float,
    by_value: Float,
) -> None:
    """Add the slopes of `era_values`."""
    for e in range(eras.size):
        g = g_eras[e] * eras[e] if choices.ceiling else g_eras[e]
        g_dyads[HEADROOM if choices.ceiling else MEAN, era_dyad[e]] += g
        if choices.era_spread >= 0:
            by_value[choices.era_spread] += g * values[choices.eras + e]
            by_value[choices.eras + e] += g * values[choices.era_spread]
