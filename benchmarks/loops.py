"""The two loops that a gradient is held against.

They evaluate the likelihood of the events alone, once.

Both take the level at every dyad-month, the cutpoints (class + 1,) with stand-ins for the missing
ones at both ends, and ``first``, which says where each month's entries begin. The classes are the
two sides, whose cutpoint is 0.
"""

import math
from collections.abc import Iterator
from typing import Any

import numba
import numpy as np

from benchmarks.engines.layout import FAR, Months
from benchmarks.problems import SPEC, Problem
from forecast.base.typing import Float, Index
from forecast.model.arrays import PanelArrays, panel_arrays
from forecast.model.inputs import prior_reference
from forecast.model.observation.base import ObservationParameters
from forecast.model.observation.sparse_counts import quadrature

PRODUCT_LIMIT = 16
"""Above this count of a class the lean loop takes log-gamma instead of a product."""


@numba.njit(error_model="numpy")  # type: ignore[untyped-decorator]
def plain_loop(
    level: Float,
    noise: Float,
    cuts: Float,
    concentration: float,
    nodes: Float,
    weights: Float,
    month_dyad: Index,
    month_place: Index,
    month_events: Index,
    first: Index,
    entry_class: Index,
    entry_count: Index,
) -> float:
    """Evaluate the likelihood as one writes it down: months, nodes, classes."""
    total = 0.0
    for m in range(month_place.size):
        likelihood, highest = 0.0, -np.inf
        for k in range(nodes.size):
            at = level[month_place[m]] + noise[month_dyad[m]] * nodes[k]
            log_mass = math.log(weights[k])
            for e in range(first[m], first[m + 1]):
                j = entry_class[e]
                mass = concentration * (
                    1.0 / (1.0 + math.exp(at - cuts[j + 1])) - 1.0 / (1.0 + math.exp(at - cuts[j]))
                )
                if entry_count[e] == 1:
                    log_mass += math.log(mass)
                else:
                    log_mass += math.lgamma(mass + entry_count[e]) - math.lgamma(mass)
            if log_mass > highest:
                likelihood, highest = likelihood * math.exp(highest - log_mass), log_mass
            likelihood += math.exp(log_mass - highest)
        total += highest + math.log(likelihood)
        total += math.lgamma(concentration) - math.lgamma(concentration + month_events[m])
    return total


@numba.njit(error_model="numpy", fastmath=True)  # type: ignore[untyped-decorator]
def lean_loop(
    level: Float,
    noise: Float,
    cuts: Float,
    concentration: float,
    nodes: Float,
    weights: Float,
    month_dyad: Index,
    month_place: Index,
    month_events: Index,
    first: Index,
    entry_class: Index,
    entry_count: Index,
) -> float:
    """Evaluate it with the package's arithmetic.

    There is no exponential and hardly a logarithm in the inner loops.
    """
    total, exp_cuts, log_mass = 0.0, np.exp(cuts), np.empty(nodes.size)
    exp_cuts[0], exp_cuts[-1] = 0.0, 1e30
    for m in range(month_place.size):
        exp_level, spread = math.exp(level[month_place[m]]), noise[month_dyad[m]]
        for k in range(nodes.size):
            odds, product, logs = exp_level * math.exp(spread * nodes[k]), weights[k], 0.0
            for e in range(first[m], first[m + 1]):
                j = entry_class[e]
                lower, upper = exp_cuts[j], exp_cuts[j + 1]
                mass = concentration * (upper - lower) * odds / ((upper + odds) * (lower + odds))
                if entry_count[e] <= PRODUCT_LIMIT:
                    rising = mass
                    for i in range(1, entry_count[e]):
                        rising *= mass + i
                    if month_events[m] <= PRODUCT_LIMIT:
                        product *= rising
                    else:
                        logs += math.log(rising)
                else:
                    logs += math.lgamma(mass + entry_count[e]) - math.lgamma(mass)
            log_mass[k] = logs + math.log(product) if month_events[m] > PRODUCT_LIMIT else product
        if month_events[m] > PRODUCT_LIMIT:
            highest = log_mass.max()
            total += highest + math.log(np.exp(log_mass - highest).sum())
        else:
            total += math.log(log_mass.sum())
        total += math.lgamma(concentration) - math.lgamma(concentration + month_events[m])
    return total


def loop_arguments(problem: Problem) -> list[tuple[Any, ...]]:
    """Return arguments of the loops at the priors' centres."""
    return list(_parts(panel_arrays(problem.panel, SPEC, dense=True)))


def centres(arrays: PanelArrays) -> ObservationParameters:
    """Return the centres of the priors of sides, by name."""
    return dict(prior_reference(arrays).observed)


def _parts(arrays: PanelArrays) -> Iterator[tuple[Any, ...]]:
    own, observed = centres(arrays), arrays.observed
    busy = own["volume_effect"][arrays.node_dyad] * observed.relative_count
    parameters = own["noise"], own["concentration"]
    yield _arguments(busy, parameters, quadrature(SPEC), Months.of(observed.counts))


def _arguments(
    level: Float, parameters: tuple[Float, ...], rule: tuple[Float, Float], data: Months
) -> tuple[Any, ...]:
    """Arguments of one call.

    ``parameters`` are noise and concentration as the kernels take them.
    """
    noise, concentration = parameters
    order = np.argsort(data.entry_month, kind="stable")
    return (
        level,
        noise,
        np.array([-FAR, 0.0, FAR]),
        float(concentration[0]),
        *rule,
        data.month_dyad.copy(),
        data.month_place.copy(),
        data.month_events.copy(),
        np.searchsorted(data.entry_month[order], np.arange(data.month_place.size + 1)),
        data.entry_class[order],
        data.entry_count[order],
    )
