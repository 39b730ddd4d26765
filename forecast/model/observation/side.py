"""Likelihood of counts by side given the level, month-specific noise integrated out; sparse count arrays."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from forecast.model.declarations import ByDyad, Declared, Free
from forecast.model.observation.base import Own
from forecast.typing import Float, Index

if TYPE_CHECKING:
    from forecast.model.arrays import PanelArrays
    from forecast.model.spec import PendulumSpec


def class_probabilities(level: Float, cutpoint: Float) -> Float:
    """Return the ordered-logit probabilities of classes (..., class) at levels (...,); cutpoints (..., cut)."""
    cuts = np.broadcast_to(cutpoint, (*np.shape(level), np.shape(cutpoint)[-1]))
    below = 1.0 / (1.0 + np.exp(np.asarray(level)[..., None] - cuts))
    edge = np.zeros((*below.shape[:-1], 1))
    return np.diff(np.concatenate([edge, below, edge + 1.0], axis=-1), axis=-1)


def draw_classes(total: Index, probability: Float, concentration: Float | None, rng: np.random.Generator) -> Index:
    """Draw the classes of events, (report, class): Dirichlet-multinomial, or multinomial without concentration."""
    if concentration is not None:
        mass = rng.gamma(np.maximum(concentration[:, None] * probability, 1e-12))
        probability = mass / np.maximum(mass.sum(-1, keepdims=True), 1e-300)
    return np.asarray(rng.multinomial(total, probability))


# Long enough for vector instructions, short enough for the processor's first cache.
BLOCK_ENTRIES = 128
ORDER = ("dyad", "time", "direction", "dataset", "class")
LAYOUT = ("blocks", "cells", "rows", "entries")


@dataclass(frozen=True)
class Counted:
    """Event counts."""

    # Dyad, first cell, cell behind the last, first entry, entry behind the last: runs of one dyad's cells that the
    # likelihood takes at once.
    blocks: Index
    cells: Index  # Dyad, node, first row, row behind the last and number of events, for every period with events
    # Direction, dataset, first entry, entry behind the last and number of events: one report of a dataset and
    # direction in a period.
    rows: Index
    entries: Index  # Class, count, cell and row, where something was counted
    cell_of_node: Index  # Place of a node's events among the cells, -1 where there are none
    classes: int
    directions: int
    datasets: int

    @property
    def layout(self) -> dict[str, Index]:
        """The arrays that the kernels read, by name and in their order."""
        return {name: getattr(self, name) for name in LAYOUT}

    def events_at_nodes(self) -> Index:
        """Count the events of every node, (node,)."""
        events = np.zeros(self.cell_of_node.size, dtype=np.int64)
        events[self.cells[:, 1]] = self.cells[:, 4]
        return events


def count_sparsely(counts: NDArray[Any], node_of: Index) -> Counted:
    """Return counts (dyad, time, direction, dataset, class) as sparse arrays."""
    dyad, time, direction, dataset = np.nonzero(counts.any(axis=-1))
    reports = counts[dyad, time, direction, dataset].astype(np.int64)
    row, event_class = np.nonzero(reports)
    bounds = np.searchsorted(row, np.arange(dyad.size + 1))
    new = (np.diff(dyad, prepend=-1) != 0) | (np.diff(time, prepend=-1) != 0)
    first, cell_of_row = np.flatnonzero(new), np.cumsum(new) - 1
    behind = np.append(first[1:], dyad.size)[: first.size]
    d, t = dyad[first], time[first]
    events = np.bincount(cell_of_row, weights=reports.sum(1), minlength=first.size)
    cells = np.column_stack([d, node_of[d, t], first, behind, events]).astype(np.int64)
    rows = np.column_stack([direction, dataset, bounds[:-1], bounds[1:], reports.sum(1)]).astype(np.int64)
    entries = np.column_stack([event_class, reports[row, event_class], cell_of_row[row], row]).astype(np.int64)
    cell_of_node = np.full(int((node_of >= 0).sum()), -1)
    cell_of_node[cells[:, 1]] = np.arange(len(cells))
    directions, datasets, classes = counts.shape[2:]
    return Counted(_blocks(cells, rows), cells, rows, entries, cell_of_node, classes, directions, datasets)


def _blocks(cells: Index, rows: Index) -> Index:
    """Cut the cells into runs of one dyad with about BLOCK_ENTRIES entries."""
    blocks: list[tuple[int, int, int, int, int]] = []
    start = 0
    for cell in range(1, len(cells) + 1):
        first, behind = rows[cells[start, 2], 2], rows[cells[cell - 1, 3] - 1, 3]
        if cell == len(cells) or cells[cell, 0] != cells[start, 0] or behind - first >= BLOCK_ENTRIES:
            blocks.append((int(cells[start, 0]), start, cell, int(first), int(behind)))
            start = cell
    return np.array(blocks, dtype=np.int64).reshape(-1, 5)


# Half the span over which the slope of the log-likelihood is differenced, in log-odds: about the posterior spread of
# a month's level, so that the curvature is what the path meets on average and not what it is at one point.
CURVATURE_SPAN = 0.5
CURVATURE_FLOOR = 0.02
# Nodes of the finer integral over the month noise, and draws per chain that are compared.
FINE = 61
DRAWS_A_CHAIN = 15
# The order in which the kernels read the parameters.
KERNEL = ("offset", "cutpoint", "concentration", "noise")
NO_SHIFT = np.zeros((0, 0))  # Empty shift: datasets read the level without an offset


def quadrature(spec: "PendulumSpec") -> tuple[Float, Float]:
    """Return Gauss-Hermite nodes and weights for a standard normal; a single node at 0 without month-specific noise."""
    if not spec.month_noise:
        return np.zeros(1), np.ones(1)
    return _gauss_hermite(spec.nodes)


@cache
def _gauss_hermite(nodes: int) -> tuple[Float, Float]:
    """Return nodes and weights, which add up to 1; every month of an update asks for them."""
    at, weights = np.polynomial.hermite_e.hermegauss(nodes)
    return at, weights / weights.sum()


def declare(spec: "PendulumSpec", pool: bool, directions: int = 1, datasets: int = 1) -> Declared:
    """Declare effect of volume, noise, concentrations and effects of directions."""
    priors = spec.priors
    declared: Declared = {}
    if spec.volume_effect:
        declared["volume_effect"] = ByDyad("volume", priors.volume_effect, priors.volume_effect_dyads, pool)
    if spec.month_noise:
        declared["tau"] = ByDyad("noise", priors.noise, priors.noise_dyads, pool, positive=True)
    if spec.overdispersion:
        prior: Any = priors.concentration
        if datasets > 1:
            others = [priors.dataset_concentration] * (datasets - 1)
            prior = tuple(np.array(own) for own in zip(prior, *others, strict=True))
        declared["concentration"] = Free("concentration", prior, ("dataset",), positive=True)
    if directions == 2:
        declared["direction"] = Free("direction_effect", (0.0, priors.direction), ("dyad", "dataset"))
    return declared


def add_scatter(spec: "PendulumSpec", declared: Declared, dyads: int, counted: Counted, pool: bool) -> Own:
    """Add concentrations and offsets: of directions, and of other datasets, which are off for all dyads alike."""
    import pymc as pm
    import pytensor.tensor as pt

    priors, others = spec.priors, counted.datasets - 1
    concentration: Any = declared["concentration"].add() if spec.overdispersion else np.zeros(counted.datasets)
    offset: Any = pt.zeros((dyads, counted.directions, 1))
    if others:
        rest = ByDyad("dataset_offset", (0.0, priors.dataset), priors.dataset_dyads, pool, dims=(dyads, others)).add()
        offset = offset + pt.concatenate([pt.zeros((dyads, 1)), rest], axis=1)[:, None, :]
    if counted.directions == 2:
        direction = declared["direction"].add()
        offset = offset + pt.stack([direction, -direction], axis=1)
    offset = pm.Deterministic("direction_offset", offset, dims=("dyad", "direction", "dataset"))
    return {"concentration": concentration, "offset": offset}


def data(counted: Counted, node_dyad: Index, reference: Own) -> dict[str, Any]:
    """Return the counts, and how many events every node has for the weight of the whitening."""
    events = np.maximum(counted.events_at_nodes(), 1.0)
    reports, report_of_node = np.unique(np.column_stack([node_dyad, events]), axis=0, return_inverse=True)
    dyad, number = reports[:, 0].astype(np.int64), reports[:, 1]
    known = report_variance(number, reference["concentration"][0], reference["noise"][dyad])[report_of_node]
    return {
        "report_dyad": dyad, "report_events": number, "report_of_node": report_of_node, "anchor_variance": known,
        **counted.layout,
    }  # fmt: skip


def anchor_weight(weight: Any, own: Own, data: Mapping[str, Any]) -> Any:
    """Return the weight, which falls as noise and overdispersion grow."""
    import pytensor.tensor as pt

    noise = pt.as_tensor(own["noise"])[data["report_dyad"]]
    now = report_variance(data["report_events"], own["concentration"][0], noise)
    return weight * data["anchor_variance"] / now[data["report_of_node"]]


def log_likelihood(spec: "PendulumSpec", level: Any, shift: Any, own: Own, data: Mapping[str, Any]) -> Any:
    """Return the log-likelihood of all counts; a shift (node, dataset) moves the level for what a dataset reports."""
    import pytensor.tensor as pt

    from forecast.model.kernels.ops import EventLikelihood

    layout = [data[name] for name in LAYOUT]
    parameters = [pt.as_tensor(own[name]) for name in KERNEL]
    rule = [pt.constant(one) for one in quadrature(spec)]
    return EventLikelihood()(level, *parameters, pt.as_tensor(shift), *layout, *rule)[0]


def reference(spec: "PendulumSpec", arrays: "PanelArrays", counted: Counted) -> Own:
    """Return the centres of the priors."""
    p, datasets = spec.priors, counted.datasets
    return {
        "noise": np.full(arrays.dyads, np.exp(p.noise[0]) if spec.month_noise else 0.0),
        "cutpoint": np.zeros((datasets, 1)),
        "concentration": np.full(datasets, np.exp(p.concentration[0]) if spec.overdispersion else 0.0),
        "offset": np.zeros((arrays.dyads, counted.directions, datasets)),
    }


def derivatives(
    spec: "PendulumSpec", level: Float, shift: Float, reference: Own, counted: Counted
) -> tuple[Float, Float]:
    """Return slope and averaged negative curvature of each node's log-likelihood, (node,)."""

    def slope(at: Float) -> Float:
        slopes: Float = _value_and_slope(at, shift, reference, counted, quadrature(spec))[1]
        return slopes

    curvature = (slope(level - CURVATURE_SPAN) - slope(level + CURVATURE_SPAN)) / (2 * CURVATURE_SPAN)
    seen = counted.events_at_nodes() > 0
    return slope(level), np.where(seen, np.maximum(curvature, CURVATURE_FLOOR), 0.0)


def integration_worth(
    spec: "PendulumSpec", level: Float, own: Own, counted: Counted, read: Callable[[Float, Own], tuple[Float, Float]]
) -> float:
    """Return the effective sample size fraction of draws weighted to a much finer integral, 0 to 1."""
    usual, finer = quadrature(spec), quadrature(replace(spec, nodes=FINE))

    def total(i: int, rule: tuple[Float, Float]) -> float:
        values = {name: draw[i] for name, draw in own.items()}
        return float(_value_and_slope(*read(level[i], values), values, counted, rule)[0])

    missed = np.array([total(i, finer) - total(i, usual) for i in range(len(level))])
    weight = np.exp(missed - missed.max())
    return float(weight.sum() ** 2 / (weight**2).sum() / weight.size)


def log_likelihood_of_draws(
    counted: Counted, node: int, level: Float, own: Own, rule: tuple[Float, Float], prefix: str = ""
) -> Float:
    """Return the log-likelihood of one node's counts at levels (draw, particle) of every draw."""
    from forecast.model.kernels.observation import event_log_likelihood

    cutpoint, scatter = (own[f"{prefix}{part}"] for part in ("cutpoint", "concentration"))
    cell = counted.cells[counted.cell_of_node[node]]
    result: Float = event_log_likelihood(
        np.ascontiguousarray(level), cutpoint, scatter, own["offset"], own["noise"], cell, counted.rows,
        counted.entries, *rule,
    )  # fmt: skip
    return result


def report_variance(events: Any, concentration: Any, noise: Any) -> Any:
    """Return the rough variance of a month's level from its events, 0.3 units of information each."""
    independent = isinstance(concentration, float) and concentration == 0.0
    kept = 1.0 if independent else (concentration + 1.0) / (concentration + events)
    return 1.0 / (0.3 * events * kept) + noise**2


def _value_and_slope(
    level: Float, shift: Float, own: Own, counted: Counted, rule: tuple[Float, Float]
) -> tuple[Any, ...]:
    """Compute the log-likelihood of all counts at the nodes' levels, and its slope in them."""
    from forecast.model.kernels.observation import observation_value_gradient

    kernel: Callable[..., tuple[Any, ...]] = observation_value_gradient
    parameters = (own[name] for name in KERNEL)
    return kernel(level, *parameters, shift, *counted.layout.values(), *rule)
