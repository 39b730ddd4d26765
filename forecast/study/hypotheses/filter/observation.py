"""Likelihood of a month's events or value, and its two derivatives in the mean of the level."""

import math
from typing import Any

from forecast.study.hypotheses.filter.block import LANES, NODES, compiled
from forecast.study.hypotheses.filter.inputs import NOISE_SD
from forecast.study.hypotheses.filter.numeric import LOGISTIC, POSITIONS, WEIGHTS, read_table

MAX_PRODUCT_EVENTS = 40  # in a month; the likelihood of more is taken by gamma functions
# Steps whose likelihoods are multiplied before a logarithm is taken: few enough that their product
# is never too small for a float.
STEPS_PER_LOG = 7


@compiled
def score_value(block: Any, value: float) -> None:
    """Write score and information of a value, whose variance is 1 / concentration."""
    for i in range(LANES):
        block.information[i] = 1.0 / (block.spread2[i] + 1.0 / block.concentration[i])
        block.score[i] = (value - block.level[i]) * block.information[i]
        block.log_likelihood[i] -= 0.5 * (value - block.level[i]) * block.score[i]
        block.recent_likelihood[i] *= math.sqrt(block.information[i] / (2.0 * math.pi))


@compiled
def score_events(block: Any, cooperative: int, events: int) -> None:
    """Write score and information of a month's events, from the nodes of its level."""
    _set_nodes(block, cooperative)
    if events <= MAX_PRODUCT_EVENTS:
        _multiply(block, cooperative, events - cooperative)
    else:
        _multiply_by_gammas(block, cooperative, events - cooperative)
    for i in range(LANES):
        total = 0.0
        first = 0.0
        second = 0.0
        for j in range(NODES):
            likelihood = block.likelihood[j * LANES + i]
            total += likelihood
            first += likelihood * POSITIONS[j]
            second += likelihood * (POSITIONS[j] * POSITIONS[j])
        block.recent_likelihood[i] *= total / block.likelihood[NODES * LANES + i]
        part = 1.0 / total
        precision = 1.0 / (block.spread2[i] + NOISE_SD * NOISE_SD)
        first *= part
        block.score[i] = first * math.sqrt(precision)
        block.information[i] = (1.0 - (second * part - first * first)) * precision


@compiled
def _set_nodes(block: Any, cooperative: int) -> None:
    """Write the weights of the nodes, and the beta distribution at each.

    The last node is the divisor: a likelihood of the whole concentration.
    """
    for i in range(LANES):
        sd = math.sqrt(block.spread2[i] + NOISE_SD * NOISE_SD)
        concentration = block.concentration[i]
        divisor = NODES * LANES + i
        block.likelihood[divisor] = 1.0
        block.cooperative_shape[divisor] = concentration
        block.hostile_shape[divisor] = concentration + cooperative
        for j in range(NODES):
            node = j * LANES + i
            share = read_table(LOGISTIC, block.level[i] + sd * POSITIONS[j])
            block.likelihood[node] = WEIGHTS[j]
            block.cooperative_shape[node] = concentration * share
            block.hostile_shape[node] = concentration - concentration * share


@compiled
def _multiply(block: Any, cooperative: int, hostile: int) -> None:
    """Weight nodes by the likelihood of some events, which is a ratio of products.

    The last node holds the divisor, and is multiplied with the others.
    """
    for count in range(cooperative):
        for node in range((NODES + 1) * LANES):
            block.likelihood[node] *= block.cooperative_shape[node] + count
    for count in range(hostile):
        for node in range((NODES + 1) * LANES):
            block.likelihood[node] *= block.hostile_shape[node] + count


@compiled
def _multiply_by_gammas(block: Any, cooperative: int, hostile: int) -> None:
    """Weight nodes by the likelihood of many events, by gamma functions."""
    for i in range(LANES):
        top = -math.inf
        concentration = block.concentration[i]
        for node in range(i, NODES * LANES, LANES):
            shape = block.cooperative_shape[node]
            log_likelihood = math.lgamma(shape + cooperative) - math.lgamma(shape)
            shape = block.hostile_shape[node]
            log_likelihood = log_likelihood + math.lgamma(shape + hostile) - math.lgamma(shape)
            block.log_likelihood_of_node[node] = log_likelihood
            top = max(top, log_likelihood)
        for node in range(i, NODES * LANES, LANES):
            block.likelihood[node] *= math.exp(block.log_likelihood_of_node[node] - top)
        block.log_likelihood[i] += (
            top + math.lgamma(concentration) - math.lgamma(concentration + cooperative + hostile)
        )


@compiled
def take_log(block: Any) -> None:
    """Add the likelihood of the last months to that of all before."""
    for i in range(LANES):
        block.log_likelihood[i] += math.log(block.recent_likelihood[i])
        block.recent_likelihood[i] = 1.0
