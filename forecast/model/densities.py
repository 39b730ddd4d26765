"""Log-densities ready for sampling, assembled from kernels where possible.

For one dataset of sides with a linear cycle or none, `forecast.model.kernels.density` computes the
density of the PyMC model, of parameters and priors as that declares, compiled once per environment.
Other forms are compiled from the graph (`forecast.model.compiled`).
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from threading import Event
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from forecast.base.progress import Progress, silent
from forecast.base.typing import Bool, Float
from forecast.model.arrays import PanelArrays
from forecast.model.inputs import WHITE, model_data
from forecast.model.kernels import density, parameters
from forecast.model.kernels.parameters import NONE
from forecast.model.kernels.transitions import Pairs
from forecast.model.observation.sides import declare_sides
from forecast.model.observation.sparse_counts import quadrature
from forecast.model.posterior import Groups, take_apart
from forecast.model.process import trend as trends
from forecast.model.process.ceiling import SOFTNESS
from forecast.model.process.declarations import FLAT, ByDyad, Declared, Free, free_of
from forecast.model.process.transition import innovation_sd, retention_of
from forecast.model.spec import PendulumSpec

if TYPE_CHECKING:
    from forecast.model.compiled import Compiled

STOP_CHECK_SECONDS = 0.1  # Between two looks at whether the sampler is to stop
POINT = "point"  # Name of what is kept of a draw: its coordinates
ROWS = (
    "trend_mean",
    "trend_step",
    "cycle_half_life",
    "cycle_sd",
    "headroom_dyad",
    "tau",
    "volume_effect",
)
"""Names of the quantities of dyads, in the order of `forecast.model.kernels.parameters`."""
SCALARS = {"trend_jump", "trend_half_life", "headroom_era_sd"}


def is_usual(arrays: PanelArrays) -> bool:
    """Return whether the kernels implement the density of a model."""
    spec = arrays.spec
    if spec.observation != "sides" or arrays.observed.readings is not None:
        return False
    packaged = spec.trend_model in trends.PACKAGED and spec.cycle in ("linear", "none")
    return packaged and not spec.drivers


@dataclass(frozen=True)
class Layout:
    """Positions of the free variables in a point, and their priors."""

    spans: Mapping[str, slice]  # By the names of the free variables
    coordinates: parameters.Coordinates

    @classmethod
    def of(cls, free: Sequence[Free], sizes: Mapping[str, int]) -> "Layout":
        """Put variables one behind the other."""
        number = [variable.size(sizes) for variable in free]
        ends = np.cumsum(number).tolist()
        spans = {
            variable.name: slice(end - size, end)
            for variable, size, end in zip(free, number, ends, strict=True)
        }
        centre, sd = np.repeat(
            np.array([variable.prior for variable in free], dtype=np.float64).T, number, axis=1
        )
        positive = np.repeat([variable.positive for variable in free], number)
        with_prior = np.flatnonzero((sd > 0.0) | positive)
        return cls(spans, parameters.Coordinates(centre, sd, positive, with_prior))

    def first_of(self, free: "Free | ByDyad | None") -> int:
        """Return where a variable begins; `NONE` of one that the model does not have."""
        return self.spans[free.name].start if isinstance(free, Free) else NONE

    def positions_by_dyad(self, parameter: "Free | ByDyad | None") -> list[int]:
        """Return where a population's mean and spread are, and what belongs to the dyads."""
        positions = (
            [self.first_of(free) for free in parameter.free]
            if isinstance(parameter, ByDyad)
            else []
        )
        return [NONE] * (3 - len(positions)) + positions

    def values(self, name: str, points: Float) -> Float:
        """Take the values of a variable out of points (draw, coordinate)."""
        span = self.spans[name]
        return np.exp(points[:, span]) if self.coordinates.positive[span.start] else points[:, span]

    def log_scale(self, points: Float) -> Float:
        """Return the log-determinant of the change to positive values at points, (draw,)."""
        return np.asarray(points[:, self.coordinates.positive].sum(axis=1))

    def start(self, rng: np.random.Generator) -> Float:
        """Draw a point to start from: near the priors' centres, and white noise without a prior."""
        noise = rng.standard_normal(self.coordinates.sd.size)
        flat = self.coordinates.sd == 0.0
        return np.asarray(
            np.where(flat, noise, self.coordinates.centre + 0.5 * self.coordinates.sd * noise)
        )


@dataclass(frozen=True)
class Assembled:
    """Log-density that the kernels compute: parameters, path and counts of a usual model."""

    spec: PendulumSpec
    declared: Declared
    layout: Layout
    by_dyad: parameters.ByDyad
    choices: parameters.Choices
    data: density.PathData

    @classmethod
    def of(cls, arrays: PanelArrays, data: Mapping[str, Any]) -> "Assembled":
        """Lay out the parameters and the data of a panel."""
        spec, pool, priors = arrays.spec, arrays.pool, arrays.priors
        declared: Declared = {
            **spec.declare_process(priors, pool),
            **declare_sides(spec, pool, arrays.observed.counts.directions),
        }
        white = Free(WHITE, FLAT, (spec.components * arrays.nodes,))
        sizes = {"dyad": arrays.dyads, "era": arrays.eras, "dataset": 1}
        layout = Layout.of([*free_of(declared), white], sizes)
        rows = [declared.get(role) for role in ROWS]
        constant = np.zeros(len(ROWS))
        constant[parameters.MEAN] = priors.trend_mean[0]
        by_dyad = parameters.ByDyad(
            np.array([layout.positions_by_dyad(row) for row in rows], dtype=np.int64),
            constant,
            # Headrooms are the exponential of what eras add to the dyad's: `era_values` takes it.
            np.array([isinstance(row, ByDyad) and row.positive for row in rows]),
        )

        choices = _choices(spec, layout, declared, float(priors.trend_start))
        return cls(spec, declared, layout, by_dyad, choices, _path_data(arrays, data))

    @property
    def size(self) -> int:
        """Number of coordinates of a point."""
        return int(self.layout.coordinates.sd.size)

    @property
    def white(self) -> Bool:
        """Coordinates near white noise."""
        return np.asarray(self.layout.coordinates.sd == 0.0)

    @property
    def unnormalised(self) -> int:
        """Number of coordinates whose prior is written without its constant.

        The constant is half the logarithm of two pi for each.
        """
        span = self.layout.spans[WHITE]
        return int(span.stop - span.start)

    def evaluate(self, point: Float) -> tuple[float, Float]:
        """Return log-density and gradient of a point."""
        return density.path_density(
            point, self.layout.coordinates, self.by_dyad, self.choices, self.data
        )

    def log_density(self, point: Float) -> float:
        """Return the log-density of a point."""
        return self.evaluate(np.ascontiguousarray(point))[0]

    @cached_property
    def sampler(self) -> Any:
        """Model in the form that nutpie samples."""
        from nutpie.compiled_pyfunc import from_pyfunc

        return from_pyfunc(
            self.size,
            lambda: self.evaluate,
            lambda *_: lambda point: {POINT: point},
            [np.dtype(np.float64)],
            [(self.size,)],
            [POINT],
            make_initial_point_fn=self.start,
        )

    def start(self, seed: int) -> Float:
        """Draw a point to start from."""
        return self.layout.start(np.random.default_rng(seed))

    def points(self, drawn: xr.Dataset) -> Float:
        """Return the coordinates of draws, (chain, draw, coordinate)."""
        return np.ascontiguousarray(
            drawn[POINT].transpose("chain", "draw", ...).to_numpy(), dtype=np.float64
        )

    def derived(self, drawn: xr.Dataset) -> dict[str, Float]:
        """Return the variables of the posterior, and ``log_rest``.

        The latter is the log-density without the likelihood.
        """
        points = self.points(drawn)
        by_draw = points.shape[:2]
        return {
            name: values.reshape(*by_draw, *values.shape[1:])
            for name, values in self._derived(points.reshape(-1, self.size)).items()
        }

    def _derived(self, points: Float) -> dict[str, Float]:
        """Return the same of points (draw, coordinate), by draw."""
        spec, draws, data = self.spec, len(points), self.data
        dyads, of_era, path, prior, white = _of_points(
            density.path_at, points, self.layout.coordinates, self.by_dyad, self.choices, data
        )
        trend = path[:, :: spec.components]
        cycle = path[:, spec.components - 1 :: spec.components]
        values = {"log_rest": prior + white, "log_prior": prior - self.layout.log_scale(points)}
        values["trend_mean"] = dyads[:, parameters.MEAN]
        values |= {name: dyads[:, row] for row, name in enumerate(ROWS) if name in self.declared}
        values |= {
            name: self.layout.values(name, points)[:, 0] for name in SCALARS & self.declared.keys()
        }
        if spec.moves:
            retention = np.broadcast_to(spec.trend_model.retention(values), draws)
            values |= {"trend_retention": retention, "node_trend": trend}
        else:
            values["mu"] = of_era
        if spec.has_cycle:
            cycle_retention = retention_of(values["cycle_half_life"])
            values |= {
                "phi": cycle_retention,
                "sigma": innovation_sd(values["cycle_sd"], cycle_retention),
                "node_cycle": cycle,
            }
        if spec.has_ceiling:
            values |= {"headroom": of_era, "ceiling": trend[:, data.era_start] + of_era}
        if "concentration" in self.declared:
            values["concentration"] = self.layout.values("concentration", points)
        offset = np.zeros((draws, data.starts.size - 1, data.directions, 1))
        if "direction" in self.declared:
            effect = self.layout.values("direction_effect", points)
            offset[:, :, 0, 0] = effect
            offset[:, :, 1, 0] = -effect
        return values | {"direction_offset": offset}


def _choices(
    spec: PendulumSpec, layout: Layout, declared: Declared, start_sd: float
) -> parameters.Choices:
    """Return the choices of a spec, and the positions of its parameters in a point."""

    def first_of(role: str) -> int:
        return layout.first_of(declared.get(role))

    spread, raw = (
        ("headroom_era_sd", "headroom_raw")
        if spec.has_ceiling
        else ("trend_jump", "trend_jump_raw")
    )
    return parameters.Choices(
        moves=spec.moves,
        cycle=spec.has_cycle,
        ceiling=spec.has_ceiling,
        start_sd=start_sd,
        softness=SOFTNESS,
        jump=first_of("trend_jump"),
        half_life=first_of("trend_half_life"),
        concentration=first_of("concentration"),
        era_spread=first_of(spread) if raw in declared else NONE,
        eras=first_of(raw),
        direction=first_of("direction"),
        white=layout.spans[WHITE].start,
    )


def _path_data(arrays: PanelArrays, data: Mapping[str, Any]) -> density.PathData:
    """Return the data of a panel as the kernels read them."""
    nodes, weights = quadrature(arrays.spec)
    no_volume_effect = {
        "relative_count": np.zeros(arrays.nodes),
        "anchor_volume_effect": np.zeros(arrays.dyads),
    }
    values = (
        no_volume_effect
        | dict(data)
        | {
            "pair_nodes": np.bincount(data["pair_of_node"]),
            "nodes": nodes,
            "era_dyad": arrays.era_dyad,
            "era_start": arrays.era_start,
            "weights": weights,
            "directions": arrays.observed.counts.directions,
        }
    )
    held = {name: _held(value) for name, value in values.items()}

    def tuple_of(kind: Any, prefix: str = "") -> Any:
        return kind(
            *(held[prefix + name if prefix + name in held else name] for name in kind._fields)
        )

    held["pairs"] = tuple_of(Pairs, "pair_")
    held["anchor"] = tuple_of(density.Anchor, "anchor_")
    path_data: density.PathData = tuple_of(density.PathData)
    return path_data


def _of_points(kernel: Callable[..., Any], points: Float, *given: Any) -> list[Float]:
    """Return each of the values of a kernel at points (draw, coordinate), by draw."""
    return [
        np.array(by_draw)
        for by_draw in zip(*(kernel(point, *given) for point in points), strict=True)
    ]


def _held(value: Any) -> Any:
    """Return arrays as the kernels were compiled for: contiguous, of 64 bits."""
    if not isinstance(value, np.ndarray):
        return value
    return np.ascontiguousarray(value, dtype=np.float64 if value.dtype.kind == "f" else np.int64)


def density_of(arrays: PanelArrays, report: Progress = silent) -> "Density":
    """Return the density of the model of a panel."""
    data = model_data(arrays)
    if is_usual(arrays):
        return Assembled.of(arrays, data)
    from forecast.model.compiled import compiled_density

    return compiled_density(arrays, data, report)


def sample(
    density: "Density", trees: tuple[float, int], *, stop: Event | None = None, **settings: Any
) -> Groups:
    """Sample a density, until it is done or told to stop."""
    import nutpie

    sampler = nutpie.sample(
        density.sampler,
        **settings,
        save_warmup=False,
        progress_bar=False,
        blocking=False,
        target_accept=trees[0],
        maxdepth=trees[1],
        exact_normal_trajectory=True,
    )
    try:
        while True:
            with suppress(TimeoutError):
                return take_apart(sampler.wait(timeout=STOP_CHECK_SECONDS))
            if stop is not None and stop.is_set():
                raise CancelledError
    except BaseException:
        sampler.cancel()
        raise


type Density = Assembled | Compiled  # The log-density of a model in the sampler's coordinates
