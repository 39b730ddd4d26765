r"""Drivers: covariates that shift the level, each with an estimated effect.

A driver's push follows from its values and the parameters alone, so that it adds to the level
without entering the whitened path. With :math:`x_t` the standardised driver and :math:`b` its
effect, the push is

- on the **month** :math:`b x_t`, in that month alone: the level is unchanged;
- on the **cycle** :math:`g_t = \phi g_{t-1} + (1 - \phi) b x_t`: the cycle reverts to :math:`b
  x_t`;
- on the **trend** :math:`b x_t`: the trend is higher by that while the driver is.

Effects are shrunk to zero together: normal around zero with one spread for all, itself half-normal.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from forecast.base.errors import SpecError
from forecast.base.typing import Float, Index
from forecast.base.wording import join
from forecast.data.drivers import standardised
from forecast.model.process.component import Motion
from forecast.model.process.declarations import PriorValues, spread_around
from forecast.model.process.transition import drift

if TYPE_CHECKING:
    import xarray as xr


ACTS = ("month", "cycle", "trend")

type Drivers = tuple[tuple[str, str], ...]  # Names of drivers, and what each acts on


def parse_drivers(value: Any) -> Drivers:
    """Return drivers from a mapping or from pairs."""
    pairs = list(value.items()) if isinstance(value, Mapping) else value
    if not isinstance(pairs, list | tuple) or not all(
        isinstance(pair, list | tuple) and len(pair) == 2 for pair in pairs
    ):
        raise SpecError(
            f"drivers: got {value!r:.200}; expected a mapping such as {{'summit': 'month'}}"
        )
    for name, acts in pairs:
        if not isinstance(name, str) or not name or acts not in ACTS:
            raise SpecError(
                f"drivers: got {name!r:.60}: {acts!r:.60}; expected a name, and one of "
                f"{', '.join(ACTS)}"
            )
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        raise SpecError(f"drivers: one of {join(names)} is there twice; a driver acts on one thing")
    return tuple((name, acts) for name, acts in pairs)


def check_drivers(drivers: Drivers, *, moving: bool, linear: bool) -> None:
    """Make sure that what drivers act on is there, and moves so that their push is known."""
    for name, acts in drivers:
        if acts == "trend" and not moving:
            raise SpecError(
                f"drivers: {name} acts on the trend, which trend='constant' fixes; let it act on "
                "the month"
            )
        if acts == "cycle" and not linear:
            raise SpecError(
                f"drivers: {name} acts on the cycle, which needs cycle='linear': the push on "
                "another cycle depends on where it is. Let it act on the month or the trend"
            )


def driver_values(drivers: Drivers, panel: "xr.Dataset") -> Float | None:
    """Return the standardised values of drivers, (driver, dyad, time), from a panel.

    None without drivers.
    """
    return standardised(panel, [name for name, _ in drivers]) if drivers else None


def acting_on(drivers: Drivers, what: str) -> list[int]:
    """Return the places of those of some drivers that act on something."""
    return [index for index, (_, acts) in enumerate(drivers) if acts == what]


def add_effects(priors: PriorValues, drivers: int, pool: bool) -> Any:
    """Add the effects of drivers, (driver, dyad), to the PyMC model on the context stack."""
    import pymc as pm

    spread = pm.HalfNormal("driver_effects_sd", priors.driver_effects)
    if not pool:
        raw = pm.Normal(
            "driver_raw", 0.0, float(np.hypot(1.0, priors.driver_dyads)), dims=("driver", "dyad")
        )
        return pm.Deterministic("driver_effect", spread * raw, dims=("driver", "dyad"))
    common = pm.Normal("driver_common_raw", 0.0, 1.0, dims="driver")
    apart = spread_around("driver_dyad_sd", priors.driver_dyads).add()
    by_dyad = pm.Normal("driver_raw", 0.0, 1.0, dims=("driver", "dyad"))
    pm.Deterministic("driver_common", spread * common, dims="driver")
    return pm.Deterministic(
        "driver_effect", spread * (common[:, None] + apart * by_dyad), dims=("driver", "dyad")
    )


def driving_data(
    drivers: Drivers, values: Float, node_dyad: Index, node_time: Index
) -> dict[str, Any]:
    """Return the arrays that a model reads of its drivers, by the names of its data.

    Their first axis is nodes or months.
    """
    data, at_nodes = dict[str, Any](), values[:, node_dyad, node_time]
    for what in ("month", "trend"):
        if places := acting_on(drivers, what):
            data[f"driver_{what}"] = at_nodes[places].T
    if cycle := acting_on(drivers, "cycle"):
        data |= {"driver_cycle": np.moveaxis(values[cycle], -1, 0), "driven_time": node_time}
    return data


def node_push(
    drivers: Drivers, effect: Any, motion: Motion | None, data: Mapping[str, Any]
) -> tuple[Any, Any]:
    """Return the effect of drivers at every node on the level, and on the month alone.

    Both are PyTensor expressions.
    """
    from forecast.model.kernels.ops import Following

    dyad, level, month = data["node_dyad"], 0.0, 0.0
    if places := acting_on(drivers, "month"):
        month = (effect[places].T[dyad] * data["driver_month"]).sum(axis=1)
    if places := acting_on(drivers, "trend"):
        level = level + (effect[places].T[dyad] * data["driver_trend"]).sum(axis=1)
    if places := acting_on(drivers, "cycle"):
        assert motion is not None
        target = (effect[places] * data["driver_cycle"]).sum(axis=1).T
        level = level + Following()(motion["retention"], target)[dyad, data["driven_time"]]
    return level, month


class Push(NamedTuple):
    """Effect of the drivers, log-odds, (..., time)."""

    trend: Float  # Parts of the level
    cycle: Float
    month: Float  # Beside the level, in the month alone

    @property
    def level(self) -> Float:
        """Effect on the level."""
        return np.asarray(self.trend + self.cycle)


def push(
    drivers: Drivers, effect: Float, value: Float, retention: Float, before: "Push | None" = None
) -> Push:
    """Compute the push on one dyad."""

    def summed(what: str) -> Float:
        total = np.zeros(
            np.broadcast_shapes(effect.shape[:-1], value.shape[:-2]) + value.shape[-1:]
        )
        for driver in acting_on(drivers, what):
            total = total + effect[..., driver, None] * value[..., driver, :]
        return total

    retention, target = np.asarray(retention), summed("cycle")
    start = target[..., 0] if before is None else before.cycle[..., -1]
    return Push(
        trend=summed("trend"),
        cycle=autoregression(retention, drift(target, retention[..., None]), start),
        month=summed("month"),
    )


def push_of_draw(drivers: Drivers, panel: "xr.Dataset", parameters: "xr.Dataset") -> Push | None:
    """Compute the push on every dyad of a panel under one draw, (dyad, time).

    None without drivers.
    """
    values = driver_values(drivers, panel)
    if values is None:
        return None
    effect = parameters["driver_effect"].transpose("dyad", "driver").to_numpy()
    retention = np.broadcast_to(
        parameters["phi"].to_numpy() if "phi" in parameters else 1.0, effect.shape[:1]
    )
    return push(drivers, effect, values.transpose(1, 0, 2), retention)


def autoregression(retention: Float, innovations: Float, start: Float | float) -> Float:
    """Return the series in which every value is the retained part of the last and an innovation."""
    shape = np.broadcast_shapes(retention.shape, innovations.shape[:-1], np.shape(start))
    series = np.empty((*shape, innovations.shape[-1]))
    value = np.broadcast_to(start, shape)
    for t in range(innovations.shape[-1]):
        value = retention * value + innovations[..., t]
        series[..., t] = value
    return series
