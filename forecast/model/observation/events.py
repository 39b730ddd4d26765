"""Coded events, counted by ordered class: an ordered logit of the level, more scattered than independent events."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.errors import SpecError
from forecast.model.hierarchy import by_dyad, population_spread
from forecast.model.observation.base import Observation, Own
from forecast.model.observation.classes import simulate_counts
from forecast.model.observation.counted import DECADES, Counted, read_counted
from forecast.model.observation.quadrature import quadrature
from forecast.model.posterior import flat, flat_or_zeros
from forecast.typing import Float, Index

if TYPE_CHECKING:
    import xarray as xr

    from forecast.model.arrays import PanelArrays
    from forecast.model.spec import PendulumSpec

# Half the span over which the slope of the log-likelihood is differenced, in log-odds: about the posterior spread of
# a month's level, so that the curvature is what the path meets on average and not what it is at one point.
CURVATURE_SPAN = 0.5
CURVATURE_FLOOR = 0.02
# Nodes of the finer integral over the month noise, and draws of a chain that are compared.
FINE = 61
DRAWS_A_CHAIN = 15
# The order in which the kernels read the parameters.
KERNEL = ("offset", "cutpoint", "depth", "concentration", "noise")


class EventObservation(Observation):
    """Counted events; their arrays are `Counted`.

    Parameters by name: noise (dyad,) of a month, cutpoint (dataset, cut), depth (dataset, place), concentration
    (dataset,), offset (dyad, direction, dataset); with the draw first for the draws of a fit.
    """

    name = "events"
    panel = "events"
    noun = "coded events"
    words = "coded events, counted by class, overdispersed"
    has_classes = True

    def required(self, spec: "PendulumSpec") -> tuple[str, ...]:
        """Return cutpoints and offsets, and what the spec has of noise, overdispersion and depth."""
        optional = {
            "tau": spec.month_noise,
            "concentration": spec.overdispersion,
            "depth": spec.has_depth,
            "depth_sd": spec.has_depth,
        }
        return "cutpoint", "direction_offset", *(name for name, has in optional.items() if has)

    def read(self, panel: "xr.Dataset", node_of: Index, by_year: bool) -> Counted:
        """Read the counts as sparse arrays."""
        return read_counted(panel, node_of, by_year)

    def number(self, observed: Counted) -> int:
        """Count the events."""
        return int(observed.cells[:, 5].sum())

    def shape(self, observed: Counted) -> tuple[int, ...]:
        """Return how many directions, datasets and classes there are, and the boundary between the two sides."""
        return observed.directions, observed.datasets, observed.classes, observed.zero_cut

    def coordinates(self, panel: "xr.Dataset") -> dict[str, Any]:
        """Return datasets, directions and cuts."""
        return {name: panel[name].to_numpy() for name in ("dataset", "direction")} | {
            "cut": np.arange(panel.sizes["class"] - 1)
        }

    def add_scale(self, spec: "PendulumSpec", arrays: "PanelArrays", pool: bool) -> Own:
        """Add month noise, cutpoints and depths."""
        noise = self.add_noise(spec, arrays, pool)
        cutpoint, depth = _cutpoints(spec, arrays.observed)
        return {"noise": noise, "cutpoint": cutpoint, "depth": depth}

    def add_noise(self, spec: "PendulumSpec", arrays: "PanelArrays", pool: bool) -> Any:
        """Add the month noise, (dyad,); zeros without it."""
        import pymc as pm
        import pytensor.tensor as pt

        if not spec.month_noise:
            return np.zeros(arrays.dyads)
        priors = spec.priors
        return pm.Deterministic("tau", pt.exp(by_dyad("noise", priors.noise, priors.noise_dyads, pool)), dims="dyad")

    def add_spread(self, spec: "PendulumSpec", arrays: "PanelArrays") -> Own:
        """Add concentration and offsets."""
        import pymc as pm

        concentration: Any = np.zeros(arrays.observed.datasets)
        if spec.overdispersion:
            concentration = pm.LogNormal("concentration", *spec.priors.concentration, dims="dataset")
        return {"concentration": concentration, "offset": _offset(spec, arrays)}

    def data(self, spec: "PendulumSpec", arrays: "PanelArrays", reference: Own) -> dict[str, Any]:
        """Return the counts, and how many events every node has for the weight of the whitening."""
        events = np.maximum(arrays.observed.events_at_nodes(), 1.0)
        pairs = np.column_stack([arrays.node_dyad, events])
        reports, report_of_node = np.unique(pairs, axis=0, return_inverse=True)
        dyad, number = reports[:, 0].astype(np.int64), reports[:, 1]
        known = report_variance(number, reference["concentration"][0], reference["noise"][dyad])[report_of_node]
        return {
            "report_dyad": dyad,
            "report_events": number,
            "report_of_node": report_of_node,
            "anchor_variance": known,
            **arrays.observed.layout,
        }

    def anchor_weight(self, weight: Any, own: Own, data: Mapping[str, Any]) -> Any:
        """Return the weight, which falls as noise and overdispersion grow."""
        import pytensor.tensor as pt

        noise = pt.as_tensor(own["noise"])[data["report_dyad"]]
        now = report_variance(data["report_events"], own["concentration"][0], noise)
        return weight * data["anchor_variance"] / now[data["report_of_node"]]

    def log_likelihood(
        self, spec: "PendulumSpec", level: Any, own: Own, data: Mapping[str, Any], shift: Any = None
    ) -> Any:
        """Return the log-likelihood of all counts, the month noise integrated out.

        ``shift`` (node, dataset), where there is one, is added to the level for what a dataset reports.
        """
        import pytensor.tensor as pt

        from forecast.model.kernels.observation import EventLikelihood, ShiftedEventLikelihood

        layout = [data[name] for name in ("blocks", "cells", "rows", "entries")]
        nodes, weights = quadrature(spec)
        *parameters, noise = (own[name] for name in KERNEL)
        rest = *layout, pt.constant(nodes), pt.constant(weights)
        if shift is None:
            return EventLikelihood()(level, *parameters, pt.as_tensor(noise), *rest)[0]
        return ShiftedEventLikelihood()(level, *parameters, pt.as_tensor(noise), shift, *rest)[0]

    def reference(self, spec: "PendulumSpec", arrays: "PanelArrays") -> Own:
        """Return the centres of the priors."""
        p, counted = spec.priors, arrays.observed
        gap, cuts = np.exp(p.gap[0]), counted.classes - 1
        return {
            "noise": np.full(arrays.dyads, np.exp(p.noise[0]) if spec.month_noise else 0.0),
            "cutpoint": np.tile(gap * (np.arange(cuts) - (counted.zero_cut - 1)), (counted.datasets, 1)),
            "depth": np.zeros((counted.datasets, counted.depths)),
            "concentration": np.full(counted.datasets, np.exp(p.concentration[0]) if spec.overdispersion else 0.0),
            "offset": np.zeros((arrays.dyads, counted.directions, counted.datasets)),
        }

    def derivatives(
        self, spec: "PendulumSpec", level: Float, reference: Own, arrays: "PanelArrays"
    ) -> tuple[Float, Float]:
        """Return the slope, and its mean change over a span of levels."""

        def slope(at: Float) -> Float:
            slopes: Float = _value_and_slope(at, reference, arrays, quadrature(spec))[1]
            return slopes

        curvature = (slope(level - CURVATURE_SPAN) - slope(level + CURVATURE_SPAN)) / (2 * CURVATURE_SPAN)
        seen = arrays.observed.events_at_nodes() > 0
        return slope(level), np.where(seen, np.maximum(curvature, CURVATURE_FLOOR), 0.0)

    def draws(self, posterior: "xr.Dataset") -> Own:
        """Take the parameters, with zeros for what the model does not have."""
        sizes = posterior.sizes
        dyads, datasets, directions = sizes["dyad"], sizes.get("dataset", 1), sizes.get("direction", 1)
        cutpoint = flat_or_zeros(posterior, "cutpoint", datasets, 1)
        return {
            "noise": flat_or_zeros(posterior, "tau", dyads),
            "cutpoint": cutpoint,
            "depth": _depth_draws(posterior, cutpoint),
            "concentration": flat_or_zeros(posterior, "concentration", datasets),
            "offset": flat_or_zeros(posterior, "direction_offset", dyads, directions, datasets),
        }

    def log_likelihood_of_draws(
        self, spec: "PendulumSpec", level: Float, own: Own, arrays: "PanelArrays", node: int
    ) -> Float:
        """Return the log-likelihood of a node's events, the month noise integrated out."""
        from forecast.model.kernels.draws import event_log_likelihood

        counted = arrays.observed
        result: Float = event_log_likelihood(
            np.ascontiguousarray(level), own["cutpoint"], own["depth"], own["concentration"], own["offset"],
            own["noise"], counted.cells[counted.cell_of_node[node]], counted.rows, counted.entries, *quadrature(spec),
        )  # fmt: skip
        return result

    def simulate(
        self,
        spec: "PendulumSpec",
        panel: "xr.Dataset",
        level: Float,
        parameters: "xr.Dataset",
        rng: np.random.Generator,
    ) -> "xr.Dataset":
        """Simulate the classes of as many events as every report has."""
        month = level
        if "tau" in parameters:
            month = level + parameters["tau"].to_numpy()[:, None] * rng.standard_normal(level.shape)
        simulated = panel.copy(deep=True)
        simulated["counts"] = simulate_counts(panel, month, parameters, rng, overdispersed=spec.overdispersion)
        return simulated

    def integration_worth(
        self,
        spec: "PendulumSpec",
        posterior: "xr.Dataset",
        arrays: "PanelArrays",
        own: Own | None = None,
        shift: Callable[[Own], Float] | None = None,
    ) -> float:
        """Return the share of their effective number that draws keep when weighted to a much finer integral, 0 to 1.

        With few nodes a month of many events, or a strong noise, falls between them, and the sampler settles on the
        posterior of another model than the one written down. Near 1 the nodes are enough; where one draw takes all the
        weight it is 1 / (number of draws). Without month noise nothing is integrated: 1.

        ``own`` are the draws of the parameters, and ``shift`` what those of a draw add to the level as a dataset reads
        it, where several do.
        """
        if not spec.month_noise:
            return 1.0
        some = thinned(posterior)
        draws, level = own or self.draws(some), flat(some["level"])[:, arrays.node_dyad, arrays.node_time]
        usual, finer = quadrature(spec), quadrature(replace(spec, nodes=FINE))

        def total(i: int, rule: tuple[Float, Float]) -> float:
            values = {name: draw[i] for name, draw in draws.items()}
            moved = {} if shift is None else {"shift": shift(values)}
            return float(_value_and_slope(level[i], values | moved, arrays, rule)[0])

        missed = np.array([total(i, finer) - total(i, usual) for i in range(len(level))])
        weight = np.exp(missed - missed.max())
        return float(weight.sum() ** 2 / (weight**2).sum() / weight.size)


def thinned(posterior: "xr.Dataset") -> "xr.Dataset":
    """Return a few draws of every chain: enough to see whether the integral over the month noise holds."""
    few = min(DRAWS_A_CHAIN, posterior.sizes["draw"])
    return posterior.isel(draw=np.linspace(0, posterior.sizes["draw"] - 1, few).astype(int))


def report_variance(events: Any, concentration: Any, noise: Any) -> Any:
    """Return the rough variance of a month's level as its events tell it, from their number; arrays or variables.

    A multinomial event carries about 0.3 units of information on the log-odds scale, overdispersion leaves
    n (a + 1) / (a + n) of n events (a = 0 stands for none), and the month noise adds its own variance.
    """
    independent = isinstance(concentration, float) and concentration == 0.0
    kept = 1.0 if independent else (concentration + 1.0) / (concentration + events)
    return 1.0 / (0.3 * events * kept) + noise**2


def _value_and_slope(level: Float, own: Own, arrays: "PanelArrays", rule: tuple[Float, Float]) -> tuple[Any, ...]:
    """Compute the log-likelihood of all counts at the nodes' levels, and its slope in them."""
    from forecast.model.kernels.observation import observation_value_gradient, shifted_value_gradient

    parameters, rest = [own[name] for name in KERNEL], (*arrays.observed.layout.values(), *rule)
    if "shift" in own:
        shifted: tuple[Any, ...] = shifted_value_gradient(level, *parameters, own["shift"], *rest)
        return shifted
    plain: tuple[Any, ...] = observation_value_gradient(level, *parameters, *rest)
    return plain


def _cutpoints(spec: "PendulumSpec", counted: Counted) -> tuple[Any, Any]:
    """Add cutpoints (dataset, cut), the boundary of the two sides pinned at zero, and depths (dataset, place).

    The depth of an era stretches the gap below the deepest class, exp(depth effect) times as wide, so that the
    classes stay in order; it is reported as the shift of that threshold. Eras are centred on the first dataset's
    gap, which they identify well. A trend stretches it by so much a decade, from 1980 on and before.
    """
    import pymc as pm
    import pytensor.tensor as pt

    conflict, cuts = counted.zero_cut, counted.classes - 1
    if spec.threshold and cuts - conflict < 1:
        raise SpecError(
            f"ceiling: {spec.threshold!r} needs at least two classes of cooperation and the panel has "
            f"{counted.classes - conflict}; use ceiling='era', 'constant' or 'none'"
        )
    zero, depth = pt.zeros((counted.datasets, 1)), pt.zeros((counted.datasets, counted.depths))
    if cuts == 1:
        return pm.Deterministic("cutpoint", zero, dims=("dataset", "cut")), depth
    log_gap = pm.Normal("log_gap", *spec.priors.gap, shape=(counted.datasets, cuts - 1))
    gap = pt.exp(log_gap)
    below = -pt.cumsum(gap[:, : conflict - 1][:, ::-1], axis=1)[:, ::-1]
    above = pt.cumsum(gap[:, conflict - 1 :], axis=1)
    cutpoint = pm.Deterministic("cutpoint", pt.concatenate([below, zero, above], axis=1), dims=("dataset", "cut"))
    if spec.has_depth:
        scale = population_spread("depth_sd", spec.priors.depth_eras)
        stretch = pm.Normal("log_gap_era", log_gap[0, -1], scale, dims="era") - log_gap[0, -1]
        depth = gap[:, -1:] * pt.expm1(stretch)[None, :]
        pm.Deterministic("depth", depth[0], dims="era")
    elif spec.has_trend:
        slope = pm.Normal("depth_trend", 0.0, spec.priors.depth_trend, dims="dyad")
        depth = gap[:, -1:] * pt.expm1(slope[:, None] * DECADES).ravel()[None, :]
    return cutpoint, depth


def _offset(spec: "PendulumSpec", arrays: "PanelArrays") -> Any:
    """Add offsets by direction and dataset; the first dataset's directions are centred, so that the level stays put."""
    import pymc as pm
    import pytensor.tensor as pt

    counted = arrays.observed
    offset: Any = pt.zeros((arrays.dyads, counted.directions, counted.datasets))
    if counted.directions == 2:
        direction = pm.Normal("direction_effect", 0.0, spec.priors.direction, dims=("dyad", "dataset"))
        offset = offset + pt.stack([direction, -direction], axis=1)
    if counted.datasets > 1:
        rest = pm.Normal("dataset_offset", 0.0, spec.priors.dataset, shape=(arrays.dyads, counted.datasets - 1))
        offset = offset + pt.concatenate([pt.zeros((arrays.dyads, 1)), rest], axis=1)[:, None, :]
    return pm.Deterministic("direction_offset", offset, dims=("dyad", "direction", "dataset"))


def _depth_draws(posterior: "xr.Dataset", cutpoint: Float) -> Float:
    """Return the shift of every dataset's last threshold, (draw, dataset, place): by era, or by year of a dyad."""
    number, datasets = cutpoint.shape[:2]
    if "depth_trend" in posterior and "depth" not in posterior:
        trend = flat(posterior["depth_trend"])[..., None] * DECADES
        return np.diff(cutpoint)[..., -1:] * np.expm1(trend.reshape(number, 1, -1))
    depth = flat_or_zeros(posterior, "depth", posterior.sizes["era"])[:, None, :].repeat(datasets, axis=1)
    if "depth" in posterior:  # it is that of the first dataset; an era stretches every dataset's gap alike
        gap = cutpoint[..., -1] - cutpoint[..., -2]
        depth = depth * (gap / gap[:, :1])[..., None]
    return depth
