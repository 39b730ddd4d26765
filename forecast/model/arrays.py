"""Panel as the plain arrays that the kernels read."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import xarray as xr

from forecast.base.dates import periods_a_month
from forecast.base.errors import DataError
from forecast.base.typing import Float, Index
from forecast.data.panel import panel_kind, validate_panel
from forecast.model.driving import driver_values
from forecast.model.observation.base import PanelNodes
from forecast.model.process.priors import Priors
from forecast.model.spec import PendulumSpec

# Coordinates that model and fit have in common with their panel
SHARED = ("dyad", "time", "era", "dataset", "direction")
# Events of a dyad; with fewer the posterior is the prior
MIN_EVENTS_PER_DYAD = 3


@dataclass(frozen=True)
class PanelArrays(PanelNodes):
    """Sparse view of a panel: its nodes, the periods that the path of a dyad needs.

    A node is a period of a dyad with an observation, its first or last period, the first or last
    period of one of its eras, or the period in which its first era begins within an older panel.
    Nodes are in order of dyad and time. Between nodes trend and cycle move by exact transitions; a
    cycle without one asks for ``dense`` nodes.
    """

    panel: xr.Dataset
    spec: PendulumSpec  # For which it is read
    era_index: Index
    era_dyad: Index
    starts: Index  # Where each dyad's nodes begin
    node_of: Index  # Node of every period, (dyad, time); -1 where there is none
    # Dyad, period, era, and number of periods since the node before (0 at a dyad's first)
    node_dyad: Index
    node_time: Index
    node_era: Index
    node_gap: Index
    periods_a_month: float  # 1 in a monthly panel, 4.348 in a weekly one
    observed: Any  # Observations, in the arrays of the spec's kind of observation
    # Standardised values of the spec's drivers, (driver, dyad, time)
    drivers: Float | None = None

    @property
    def periods(self) -> int:
        """Number of months or weeks."""
        return int(self.era_index.shape[1])

    @property
    def nodes(self) -> int:
        """Number of nodes over all dyads."""
        return int(self.node_dyad.size)

    @property
    def era_start(self) -> Index:
        """Node at which every era begins, and its ceiling hangs, (era,).

        Zero for an era without a node.
        """
        first = np.zeros(self.eras, dtype=np.int64)
        begins = np.flatnonzero(np.diff(self.node_era, prepend=-1) != 0)
        first[self.node_era[begins]] = begins
        dyads = np.arange(self.dyads)
        first[self.era_index[:, 0]] = self.node_of[dyads, first_eras(self.panel)]
        return first

    @cached_property
    def pairs(self) -> dict[str, Any]:
        """Distinct pairs of dyad and gap, and the pair of every node.

        A pair with a new era in its last period is a pair of its own.
        """
        new_era = (np.diff(self.node_era, prepend=-1) != 0) & (self.node_gap > 0)
        columns = np.column_stack([self.node_dyad, self.node_gap, new_era])
        pairs, pair_of = np.unique(columns, axis=0, return_inverse=True)
        return {
            "pair_dyad": pairs[:, 0],
            "pair_gap": pairs[:, 1],
            "pair_new_era": pairs[:, 2],
            "pair_of_node": pair_of,
        }

    @property
    def eras(self) -> int:
        """Number of eras over all dyads."""
        return int(self.era_dyad.size)

    @property
    def coordinates(self) -> dict[str, Any]:
        """Coordinates of the dims of model and fit."""
        coordinates: dict[str, Any] = {
            name: self.panel[name].to_numpy() for name in SHARED if name in self.panel.coords
        }
        if self.spec.drivers:
            coordinates["driver"] = np.array([name for name, _ in self.spec.drivers])
        return coordinates

    @property
    def priors(self) -> Priors:
        """Priors in periods of the panel."""
        return self.spec.priors.rescale_time(self.periods_a_month)


def first_eras(panel: xr.Dataset) -> Index:
    """Return the period in which each dyad's first era begins, (dyad,); 0 if before the panel.

    Periods before it count as that era's, but lie under no ceiling: the framework that sets it was
    not there yet.
    """
    era = panel["era_index"].transpose("dyad", "time").to_numpy()[:, 0]
    begins = (
        np.searchsorted(panel["time"].to_numpy(), panel["era_start"].to_numpy()[era], side="right")
        - 1
    )
    return np.asarray(np.clip(begins, 0, panel.sizes["time"] - 1))


def panel_arrays(
    panel: xr.Dataset, spec: PendulumSpec, *, dense: bool | None = None
) -> PanelArrays:
    """Read the arrays of a panel."""
    validate_panel(panel)
    observation = spec.observation_model
    observation.check_panel(panel)
    era_index = panel["era_index"].transpose("dyad", "time").to_numpy().astype(np.int64)
    node = panel_kind(panel).seen(panel) | (spec.dense if dense is None else dense)
    node[:, [0, -1]] = True
    new_era = np.diff(era_index, axis=1) != 0
    node[:, 1:] |= new_era
    node[:, :-1] |= new_era
    node[np.arange(len(node)), first_eras(panel)] = True
    dyad, time = np.nonzero(node)
    starts = np.searchsorted(dyad, np.arange(len(era_index) + 1))
    gap = np.diff(time, prepend=0)
    gap[starts[:-1]] = 0
    node_of = np.full(era_index.shape, -1)
    node_of[dyad, time] = np.arange(dyad.size)
    return PanelArrays(
        panel=panel,
        spec=spec,
        era_index=era_index,
        era_dyad=panel["era_dyad"].to_numpy().astype(np.int64),
        starts=starts,
        node_of=node_of,
        node_dyad=dyad,
        node_time=time,
        node_era=era_index[dyad, time],
        node_gap=gap,
        periods_a_month=periods_a_month(panel),
        observed=observation.read(panel, node_of),
        drivers=driver_values(spec.drivers, panel),
    )


def require_observations(panel: xr.Dataset) -> None:
    """Raise `DataError` if a panel holds no observation."""
    if not panel_kind(panel).number(panel):
        raise DataError(
            "panel holds no observation in its coverage; widen the dates or check the coverage "
            "table"
        )


def require_events(panel: xr.Dataset) -> None:
    """Raise `DataError` if a dyad has fewer than `MIN_EVENTS_PER_DYAD` events."""
    if "counts" not in panel:
        return
    totals = panel["counts"].sum([dim for dim in panel["counts"].dims if dim != "dyad"])
    short = [
        f"{total['dyad'].item()} has {total.item()}"
        for total in totals
        if total.item() < MIN_EVENTS_PER_DYAD
    ]
    if short:
        raise DataError(
            f"panel: {', '.join(short)} of the at least {MIN_EVENTS_PER_DYAD} events that a dyad "
            "needs; leave the dyad out, or give a longer record"
        )
