"""Expected number of events ahead, by the rates of memories, and the shape of its distribution."""

from collections.abc import Mapping

import numpy as np

from forecast.base.typing import Float, Index
from forecast.outlook.hazards.curve import summed
from forecast.outlook.hazards.landmarks import OF_ALL, Landmarks
from forecast.outlook.hazards.memories import LEADS

# Shrinkage of what memories add to the expected number, to that of all sets
RATE_SHRINKAGE = 0.25
# Added to the diagonal of the normal equations, as a part of its sum, so that they can be solved
RIDGE = 1e-9
# Places of the leads of 30, 90 and 365 days, whose counts give the shape
COUNTED_LEADS = (2, 3, 5)
# Gamma shapes that are tried
SHAPES = (0.15, 0.25, 0.4, 0.6, 0.9, 1.4, 2.2, 3.5, 6.0)
# Expected number of events, whose logarithm is taken
MIN_MEAN_NUMBER = 1e-6


def fit_rates(by_set: Mapping[str, Landmarks], before: int) -> dict[str, Float]:
    """Return each memory's part of the expected events per day, by set: (lead, memory).

    Least squares with weights above zero, of what happened before a day: the expected number at a
    lead, unlike the hazard, is not conditional on quiet before it. Those of a set are shrunk to
    those of all sets (under the empty name).
    """
    parts: dict[str, list[Float]] = {name: [] for name in (OF_ALL, *by_set)}
    for lead in range(len(LEADS) - 1):
        equations = {
            name: _normal_equations(landmarks, lead, before) for name, landmarks in by_set.items()
        }
        squares, products = zip(*equations.values(), strict=True)
        mean_square = np.mean(squares, axis=0)
        common = _solve_nonnegative(mean_square, np.mean(products, axis=0))
        parts[OF_ALL].append(common)
        for name, (square, product) in equations.items():
            parts[name].append(
                _solve_nonnegative(
                    square + RATE_SHRINKAGE * mean_square,
                    product + RATE_SHRINKAGE * mean_square @ common,
                )
            )
    return {name: np.array(by_lead) for name, by_lead in parts.items()}


def _normal_equations(landmarks: Landmarks, lead: int, before: int) -> tuple[Float, Float]:
    """Return both sides of the equations for the events per day between two leads.

    They are (memory, memory) and (memory,).
    """
    first, end = LEADS[lead], LEADS[lead + 1]
    rows = np.flatnonzero(landmarks.observed(end, before))
    earlier = landmarks.counts[lead - 1, rows] if lead else 0.0
    per_day = (landmarks.counts[lead, rows] - earlier) / (end - first)
    rates = landmarks.rates[:, rows]
    variance = rates.mean(axis=0) / (end - first)
    weight = landmarks.weights(rows, end - first, before) / variance
    return (rates * weight) @ rates.T, (rates * weight) @ per_day


def _solve_nonnegative(square: Float, product: Float) -> Float:
    """Return the weights, none below zero, that solve the normal equations of least squares."""
    from scipy.optimize import nnls

    root = np.linalg.cholesky(square + RIDGE * np.trace(square) * np.eye(len(square)))
    weights: Float = nnls(root.T, np.linalg.solve(root, product))[0]
    return weights


def fit_shape(landmarks: Landmarks, added: Float, before: int) -> float:
    """Return the shape under which the numbers of events that did occur are likeliest.

    `added` is what the rate of each memory adds to the expected number, (lead, memory).
    """
    numbers = []
    means = []
    for lead in COUNTED_LEADS:
        days = LEADS[lead + 1]
        some = landmarks.observed(days, before) & (landmarks.counts[lead] > 0)
        daily = landmarks.rates[:, some].T @ added.T
        mean = summed(daily, np.array([days], dtype=np.float64))[:, 0]
        means.append(np.maximum(mean, MIN_MEAN_NUMBER))
        numbers.append(landmarks.counts[lead, some])
    number, mean = np.concatenate(numbers), np.concatenate(means)
    fits = [_log_truncated(number, mean, shape).sum() for shape in SHAPES]
    return SHAPES[int(np.argmax(fits))]


def _log_truncated(number: Float | Index, mean: Float, shape: float) -> Float:
    """Return the log-probability of numbers of events, given at least one.

    The distribution is negative binomial.
    """
    from scipy.special import gammaln

    combinations = gammaln(number + shape) - gammaln(shape) - gammaln(number + 1)
    log_none = -shape * np.log1p(mean / shape)
    log = combinations + log_none + number * np.log(mean / (mean + shape))
    return np.asarray(log - np.log(-np.expm1(log_none)))
