"""The two loops that a gradient is held against: the likelihood of the events alone, evaluated once.

Both take the level at every dyad-month, the cutpoints (class + 1,) with stand-ins for the missing ones at both ends,
and ``first``, which says where each month's entries begin.
"""

import math
from collections.abc import Iterator
from typing import Any

import numba
import numpy as np
from forecast.model.observation.quadrature import quadrature

from benchmarks.engines.layout import FAR, Months, layout
from benchmarks.problems import Problem
from forecast.model import PendulumSpec
from forecast.model.arrays import PanelArrays, panel_arrays
from forecast.model.observation.base import Own
from forecast.model.observation.kinds import QUADRATURE, TOWARDS
from forecast.model.whitening import prior_reference
from forecast.typing import Float, Index

PRODUCT_LIMIT = 16
"""Above this count of a class the lean loop takes log-gamma instead of a product."""


@numba.njit(error_model="numpy")  # type: ignore[untyped-decorator]
def plain_loop(
    level: Float, noise: Float, cuts: Float, depth: Float, concentration: float, nodes: Float, weights: Float,
    month_dyad: Index, month_place: Index, month_events: Index, first: Index,
    entry_class: Index, entry_count: Index, entry_era: Index,
) -> float:  # fmt: skip
    """Evaluate the likelihood as one writes it down: months, nodes, classes."""
    top, total = cuts.size - 2, 0.0
    for m in range(month_place.size):
        likelihood, highest = 0.0, -np.inf
        for k in range(nodes.size):
            at = level[month_place[m]] + noise[month_dyad[m]] * nodes[k]
            log_mass = math.log(weights[k])
            for e in range(first[m], first[m + 1]):
                j = entry_class[e]
                upper = cuts[j + 1] + (depth[entry_era[e]] if j == top - 1 else 0.0)
                lower = cuts[j] + (depth[entry_era[e]] if j == top else 0.0)
                mass = concentration * (1.0 / (1.0 + math.exp(at - upper)) - 1.0 / (1.0 + math.exp(at - lower)))
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
    level: Float, noise: Float, cuts: Float, depth: Float, concentration: float, nodes: Float, weights: Float,
    month_dyad: Index, month_place: Index, month_events: Index, first: Index,
    entry_class: Index, entry_count: Index, entry_era: Index,
) -> float:  # fmt: skip
    """Evaluate it with the package's arithmetic: no exponential and hardly a logarithm in the inner loops."""
    top, total = cuts.size - 2, 0.0
    exp_cuts, exp_depth, log_mass = np.exp(cuts), np.exp(depth), np.empty(nodes.size)
    exp_cuts[0], exp_cuts[-1] = 0.0, 1e30
    for m in range(month_place.size):
        exp_level, spread = math.exp(level[month_place[m]]), noise[month_dyad[m]]
        for k in range(nodes.size):
            odds, product, logs = exp_level * math.exp(spread * nodes[k]), weights[k], 0.0
            for e in range(first[m], first[m + 1]):
                j = entry_class[e]
                upper = exp_cuts[j + 1] * (exp_depth[entry_era[e]] if j == top - 1 else 1.0)
                lower = exp_cuts[j] * (exp_depth[entry_era[e]] if j == top else 1.0)
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
    """Return arguments of the loops at the priors' centres, for every part of the likelihood: their sum is all of it.

    Of two scales the parts are the sides and the kinds of either.
    """
    if problem.spec.two_scales:
        return list(_of_sides(problem))
    data = layout(problem.panel, problem.spec)
    reference = prior_reference(problem.spec, panel_arrays(problem.panel, problem.spec))
    own, rule = reference.observed, (data.nodes, np.exp(data.log_weights))
    level = reference.mu[data.era].ravel()
    parameters = own["noise"], own["cutpoint"], own["depth"], own["concentration"]
    return [_arguments(level, parameters, rule, data, data.entry_era)]


def centre_of_sides(spec: PendulumSpec, arrays: PanelArrays) -> Own:
    """Return the centres of the priors of sides and kinds, by name."""
    own, priors = dict(prior_reference(spec, arrays).observed), spec.priors
    for kinds in arrays.observed.kinds:
        own[f"{kinds.name}_slope"] = priors.kind_slope[0]
        own[f"{kinds.name}_shift"] = np.zeros(arrays.observed.places)
        own[f"{kinds.name}_cutpoint"] = priors.kind_cut[0] + np.exp(priors.gap[0]) * np.arange(kinds.cuts)[None, :]
        own[f"{kinds.name}_concentration"] = np.exp([priors.concentration[0]])
    return own


def _of_sides(problem: Problem) -> Iterator[tuple[Any, ...]]:
    arrays = panel_arrays(problem.panel, problem.spec, dense=True)
    own, observed = centre_of_sides(problem.spec, arrays), arrays.observed
    busy = own["volume_effect"][arrays.node_dyad] * observed.busyness
    parameters = own["noise"], own["cutpoint"], own["depth"], own["concentration"]
    yield _arguments(busy, parameters, quadrature(problem.spec), Months.of(observed.side))
    still, none = np.zeros(arrays.dyads), np.zeros((1, 1))
    for kinds in observed.kinds:
        slope, shift, cutpoint, concentration = (
            own[f"{kinds.name}_{part}"] for part in ("slope", "shift", "cutpoint", "concentration")
        )
        at = TOWARDS[kinds.name] * slope * observed.recent + shift[observed.place_of_node]
        yield _arguments(at, (still, cutpoint, none, concentration), QUADRATURE, Months.of(kinds.counted))


def _arguments(
    level: Float, parameters: tuple[Float, ...], rule: tuple[Float, Float], data: Months, era: Index | None = None
) -> tuple[Any, ...]:
    """Arguments of one call; ``parameters`` are noise, cutpoint, depth and concentration as the kernels take them."""
    noise, cutpoint, depth, concentration = parameters
    order = np.argsort(data.entry_month, kind="stable")
    return (
        level,
        noise,
        np.concatenate([[-FAR], cutpoint[0], [FAR]]),
        depth[0],
        float(concentration[0]),
        *rule,
        data.month_dyad.copy(),
        data.month_place.copy(),
        data.month_events.copy(),
        np.searchsorted(data.entry_month[order], np.arange(data.month_place.size + 1)),
        data.entry_class[order],
        data.entry_count[order],
        (np.zeros_like(data.entry_class) if era is None else era)[order],
    )
