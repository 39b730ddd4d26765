"""Observation model of coded events: side (cooperative or hostile) by the level.

The level alone determines whether an event is cooperative, so that the share is the expected share
of cooperative events for every dyad. Which kind of its side an event is says nothing of the level,
and is not part of the model.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.random import Generator

from forecast.base.typing import Float, Index
from forecast.data.panel.relative_counts import relative_event_counts
from forecast.model.observation import readings as by_dataset
from forecast.model.observation.base import (
    WHITENING_INFORMATION,
    ModelChoices,
    Observation,
    ObservationParameters,
    PanelNodes,
)
from forecast.model.observation.readings import Readings
from forecast.model.observation.sparse_counts import (
    CHUNK_ARRAYS,
    KERNEL_PARAMETERS,
    NO_SHIFT,
    ORDER,
    SparseCounts,
    count_sides,
    count_sparsely,
    draw_sides,
    log_likelihood_of_draws,
    normal_quadrature,
    quadrature,
)
from forecast.model.posterior import flat, flat_or_zeros
from forecast.model.process.declarations import ByDyad, Declared, Free, variables_of

if TYPE_CHECKING:
    import xarray as xr


CURVATURE_SPAN = 0.5
"""Half the span over which the slope of the log-likelihood is differenced, in log-odds: about the
posterior spread of a month's level, so that the curvature is that which the path meets on average,
not that at one point."""
CURVATURE_FLOOR = 0.02
"""Smallest curvature of a month with events: the whitened path stays proper."""
FINE_NODES = 61
"""Nodes of the finer quadrature over the month-specific noise."""
DRAWS_PER_CHAIN = 15
"""Draws under which the usual quadrature is compared with the finer one."""


@dataclass(frozen=True)
class Sides:
    """Event counts by side."""

    counts: SparseCounts
    # Relative event count of the node's period, against what is usual for its dyad
    # (`data/panel/relative_counts.py`).
    relative_count: Float
    # What several datasets have of their own; None of a single one
    readings: Readings | None = None


def declare_sides(
    spec: ModelChoices, pool: bool, directions: int = 1, datasets: int = 1
) -> Declared:
    """Declare effect of volume, noise, concentrations and effects of directions."""
    priors = spec.priors
    declared: Declared = {}
    if spec.volume_effect:
        declared["volume_effect"] = ByDyad(
            "volume", priors.volume_effect, priors.volume_effect_dyads, pool
        )
    if spec.month_noise:
        declared["tau"] = ByDyad("noise", priors.noise, priors.noise_dyads, pool, positive=True)
    if spec.overdispersion:
        prior: Any = priors.concentration
        if datasets > 1:
            further = [priors.dataset_concentration] * (datasets - 1)
            prior = tuple(np.array(values) for values in zip(prior, *further, strict=True))
        declared["concentration"] = Free("concentration", prior, ("dataset",), positive=True)
    if directions == 2:
        declared["direction"] = Free(
            "direction_effect", (0.0, priors.direction), ("dyad", "dataset")
        )
    return declared


class SidesObservation(Observation):
    """Counted events by side; their arrays are `Sides`."""

    name = "sides"
    panel = "events"
    words = "coded events: cooperative or hostile, overdispersed"
    variables = variables_of("sides")

    def read(self, panel: "xr.Dataset", node_of: Index) -> Sides:
        counts = count_sparsely(count_sides(panel), node_of)
        relative_count = relative_event_counts(panel)[node_of >= 0]
        readings = Readings.of(panel, node_of) if counts.datasets > 1 else None
        return Sides(counts, relative_count, readings)

    def shape(self, observed: Sides) -> tuple[int, ...]:
        spans = () if observed.readings is None else observed.readings.spans
        return (
            observed.counts.directions,
            observed.counts.datasets,
            *(end for span in spans for end in span),
        )

    def add_parameters(self, arrays: PanelNodes) -> ObservationParameters:
        import pymc as pm
        import pytensor.tensor as pt

        spec, pool, dyads = arrays.spec, arrays.pool, arrays.dyads
        counts: SparseCounts = arrays.observed.counts
        readings = arrays.observed.readings
        declared = declare_sides(spec, pool, counts.directions, counts.datasets)
        noise, volume_effect = (
            pm.Deterministic(name, declared[name].add(), dims="dyad")
            if name in declared
            else np.zeros(dyads)
            for name in ("tau", "volume_effect")
        )
        parameters: ObservationParameters = {"noise": noise, "volume_effect": volume_effect}
        if readings is not None:
            parameters |= by_dataset.add_readings(arrays, volume_effect)
        parameters["concentration"] = (
            declared["concentration"].add() if spec.overdispersion else np.zeros(counts.datasets)
        )
        offset: Any = pt.zeros((dyads, counts.directions, 1))
        if readings is not None:  # other datasets are off for all dyads alike
            prior = (0.0, spec.priors.dataset)
            dims = (dyads, counts.datasets - 1)
            rest = ByDyad("dataset_offset", prior, spec.priors.dataset_dyads, pool, dims=dims).add()
            offset = offset + pt.concatenate([pt.zeros((dyads, 1)), rest], axis=1)[:, None, :]
        if counts.directions == 2:
            direction = declared["direction"].add()
            offset = offset + pt.stack([direction, -direction], axis=1)
        parameters["offset"] = pm.Deterministic(
            "direction_offset", offset, dims=("dyad", "direction", "dataset")
        )
        return parameters

    def data(self, arrays: PanelNodes, reference: ObservationParameters) -> dict[str, Any]:
        counts: SparseCounts = arrays.observed.counts
        readings = arrays.observed.readings
        events = np.maximum(counts.events_at_nodes(), 1.0)
        reports, report_of_node = np.unique(
            np.column_stack([arrays.node_dyad, events]), axis=0, return_inverse=True
        )
        dyad, number = reports[:, 0].astype(np.int64), reports[:, 1]
        variance = report_variance(number, reference["concentration"][0], reference["noise"][dyad])[
            report_of_node
        ]
        data = {
            "report_dyad": dyad,
            "report_events": number,
            "report_of_node": report_of_node,
            "anchor_variance": variance,
            **counts.chunked,
        }
        if arrays.spec.volume_effect:
            count = arrays.observed.relative_count
            effect = reference["volume_effect"]
            data |= {"relative_count": count, "anchor_volume_effect": effect}
        if readings is not None:
            data |= by_dataset.data(readings, arrays.node_dyad, reference)
        return data

    def log_likelihood(
        self,
        spec: ModelChoices,
        level: Any,
        parameters: ObservationParameters,
        data: Mapping[str, Any],
    ) -> Any:
        import pytensor.tensor as pt

        from forecast.model.kernels.ops import SidesLikelihood

        level, shift = _level_and_shift(level, parameters, data)
        layout = [data[name] for name in CHUNK_ARRAYS]
        of_kernel = [pt.as_tensor(parameters[name]) for name in KERNEL_PARAMETERS]
        rule = [pt.constant(part) for part in quadrature(spec)]
        return SidesLikelihood()(level, *of_kernel, pt.as_tensor(shift), *layout, *rule)[0]

    def reference(self, arrays: PanelNodes) -> ObservationParameters:
        spec = arrays.spec
        dyads = arrays.dyads
        counts: SparseCounts = arrays.observed.counts
        p = spec.priors
        centres = {
            "noise": np.full(dyads, np.exp(p.noise[0]) if spec.month_noise else 0.0),
            "concentration": np.full(
                counts.datasets, np.exp(p.concentration[0]) if spec.overdispersion else 0.0
            ),
            "offset": np.zeros((dyads, counts.directions, counts.datasets)),
            "volume_effect": np.full(dyads, p.volume_effect[0] if spec.volume_effect else 0.0),
        }
        if arrays.observed.readings is not None:
            centres |= by_dataset.reference(spec, dyads, counts.datasets)
        return centres

    def derivatives(
        self, level: Float, reference: ObservationParameters, arrays: PanelNodes
    ) -> tuple[Float, Float]:
        counts: SparseCounts = arrays.observed.counts
        level, shift = _level_and_shift(level, reference, _shift_data(arrays))

        def slope(shifted_level: Float) -> Any:
            rule = quadrature(arrays.spec)
            return _value_and_slope(shifted_level, shift, reference, counts, rule)[1]

        fall = slope(level - CURVATURE_SPAN) - slope(level + CURVATURE_SPAN)
        curvature = fall / (2 * CURVATURE_SPAN)
        seen = counts.events_at_nodes() > 0
        return slope(level), np.where(seen, np.maximum(curvature, CURVATURE_FLOOR), 0.0)

    def anchor(
        self, weight: Any, parameters: ObservationParameters, data: Mapping[str, Any]
    ) -> tuple[Any, Any]:
        import pytensor.tensor as pt

        if "reading_events" in data:
            return by_dataset.anchor(weight, parameters, data)
        noise = pt.as_tensor(parameters["noise"])[data["report_dyad"]]
        variance = report_variance(data["report_events"], parameters["concentration"][0], noise)
        weight = weight * data["anchor_variance"] / variance[data["report_of_node"]]
        if "relative_count" not in data:
            return weight, 0.0
        effect = (data["anchor_volume_effect"] - parameters["volume_effect"])[data["node_dyad"]]
        return weight, effect * data["relative_count"]

    def draws(self, posterior: "xr.Dataset") -> ObservationParameters:
        sizes = posterior.sizes
        datasets = sizes.get("dataset", 1)
        parameters = {
            "noise": flat_or_zeros(posterior, "tau", sizes["dyad"]),
            "concentration": flat_or_zeros(posterior, "concentration", datasets),
            "offset": flat(posterior["direction_offset"]),
            "volume_effect": flat_or_zeros(posterior, "volume_effect", sizes["dyad"]),
        }
        return parameters if datasets == 1 else parameters | by_dataset.draws(posterior, parameters)

    def log_likelihood_of_draws(
        self, level: Float, parameters: ObservationParameters, arrays: PanelNodes, node: int
    ) -> Float:
        observed: Sides = arrays.observed
        dyad = int(arrays.node_dyad[node])
        if observed.readings is None:
            effect = parameters["volume_effect"][:, dyad, None]
            level = level + effect * observed.relative_count[node]
        else:
            shift = by_dataset.shift_of_draws(parameters, observed.readings, dyad, node)
            parameters = parameters | {"offset": parameters["offset"] + shift[:, None, None, :]}
        return log_likelihood_of_draws(
            observed.counts, node, level, parameters, quadrature(arrays.spec)
        )

    def simulate_sides(
        self, panel: "xr.Dataset", level: Float, parameters: "xr.Dataset", rng: Generator
    ) -> tuple[tuple[Index, Index, Index, Index], Index]:
        """Simulate the hostile and cooperative events of every report, at levels (..., dyad, time).

        Parameters have the leading dims of the levels; with several datasets there can be none.
        Returns the places of the reports (dyad, time, direction, dataset) and the numbers, (...,
        report, side).
        """
        several = panel.sizes["dataset"] > 1
        month = level
        if "volume_effect" in parameters and not several:
            effect = parameters["volume_effect"].to_numpy()[..., None]
            month = month + effect * relative_event_counts(panel)
        if "tau" in parameters:
            noise = parameters["tau"].to_numpy()[..., None]
            month = month + noise * rng.standard_normal(level.shape)
        total = panel["counts"].transpose(*ORDER).to_numpy().sum(-1)
        places = np.nonzero(total)
        dyad, time, direction, dataset = places
        offset = parameters["direction_offset"].to_numpy()[..., dyad, direction, dataset]
        report_level = month[..., dyad, time] + offset
        if several:
            shift = by_dataset.shift_of_panel(panel, parameters)
            report_level = report_level + shift[dyad, time, dataset]
        concentration = None
        if "concentration" in parameters:
            concentration = parameters["concentration"].to_numpy()[..., dataset]
        sides = draw_sides(total[places], report_level, concentration, rng)
        return (dyad, time, direction, dataset), sides

    def simulate(
        self,
        spec: ModelChoices,
        panel: "xr.Dataset",
        level: Float,
        parameters: "xr.Dataset",
        rng: Generator,
    ) -> "xr.Dataset":
        counts = panel["counts"].transpose(*ORDER)
        cut = int(panel.attrs["zero_cut"])
        places, by_side = self.simulate_sides(panel, level, parameters, rng)
        dyad = places[0]
        simulated = np.zeros_like(counts.to_numpy())
        simulated[places] = _kinds_as_recorded(counts.to_numpy(), cut, dyad, by_side, rng)
        result = panel.drop_vars("goldstein", errors="ignore").copy(deep=True)
        result["counts"] = counts.copy(data=simulated).transpose(*panel["counts"].dims)
        return result

    def quadrature_ess_fraction(self, posterior: "xr.Dataset", arrays: PanelNodes) -> float:
        spec = arrays.spec
        if not spec.month_noise:
            return 1.0
        counts: SparseCounts = arrays.observed.counts
        draws = posterior.sizes["draw"]
        number = min(DRAWS_PER_CHAIN, draws)
        thinned = posterior.isel(draw=np.linspace(0, draws - 1, number).astype(int))
        level = flat(thinned["level"])[:, arrays.node_dyad, arrays.node_time]
        parameters = self.draws(thinned)
        data = _shift_data(arrays)

        def log_ratio(draw: int) -> float:
            """Return the log-likelihood of a draw by the finer rule, less that by the usual one."""
            values = {name: by_draw[draw] for name, by_draw in parameters.items()}
            read, shift = _level_and_shift(level[draw], values, data)
            finer, usual = (
                float(_value_and_slope(read, shift, values, counts, rule)[0])
                for rule in (normal_quadrature(FINE_NODES), quadrature(spec))
            )
            return finer - usual

        log_weight = np.array([log_ratio(draw) for draw in range(len(level))])
        weight = np.exp(log_weight - log_weight.max())
        return float(weight.sum() ** 2 / (weight**2).sum() / weight.size)


def _kinds_as_recorded(
    counts: Index, cut: int, dyad: Index, by_side: Index, rng: Generator
) -> Index:
    """Draw the kinds of simulated events, (report, class).

    Each side has the mix of kinds that it has in the record of the dyad.
    """
    # One event more of each kind, so that a side that was never recorded has a mix.
    recorded = counts.sum(axis=(1, 2, 3)) + 1.0
    drawn = np.zeros((len(dyad), counts.shape[-1]), dtype=counts.dtype)
    for side, kinds in enumerate((slice(0, cut), slice(cut, None))):
        mix = recorded[:, kinds] / recorded[:, kinds].sum(axis=1, keepdims=True)
        drawn[:, kinds] = rng.multinomial(by_side[:, side], mix[dyad])
    return drawn


def report_variance(events: Any, concentration: Any, noise: Any) -> Any:
    """Return the rough variance of a month's level from its events.

    Each event has the information `WHITENING_INFORMATION`. A concentration that is the number 0
    stands for no overdispersion.
    """
    independent = isinstance(concentration, float) and concentration == 0.0
    effective_part = 1.0 if independent else (concentration + 1.0) / (concentration + events)
    return 1.0 / (WHITENING_INFORMATION * events * effective_part) + noise**2


def _value_and_slope(
    level: Float,
    shift: Float,
    parameters: ObservationParameters,
    counts: SparseCounts,
    rule: tuple[Float, Float],
) -> tuple[Any, ...]:
    """Compute the log-likelihood of all counts at the nodes' levels, and its slope in them."""
    from forecast.model.kernels.observation import sides_value_gradient

    kernel: Callable[..., tuple[Any, ...]] = sides_value_gradient
    of_kernel = (parameters[name] for name in KERNEL_PARAMETERS)
    return kernel(level, *of_kernel, shift, *counts.chunked.values(), *rule)


def _shift_data(arrays: PanelNodes) -> dict[str, Any]:
    """Return the arrays that `_level_and_shift` reads, by the names of the model's data."""
    observed, dyad = arrays.observed, arrays.node_dyad
    if observed.readings is None:
        return {"node_dyad": dyad, "relative_count": observed.relative_count}
    return by_dataset.layout(observed.readings, dyad)


def _level_and_shift(
    level: Any, parameters: ObservationParameters, data: Mapping[str, Any]
) -> tuple[Any, Any]:
    """Return the level at the nodes that the likelihood takes, and shifts by dataset.

    For a single dataset the level includes the effect of volume, and there is no shift.
    """
    if "reading_count" in data:
        return level, by_dataset.shift(parameters, data)
    if "relative_count" in data:
        level = level + parameters["volume_effect"][data["node_dyad"]] * data["relative_count"]
    return level, NO_SHIFT
