"""What the dense rivals read of a panel: months with events, and the classes counted in them."""

from dataclasses import dataclass

import numpy as np
import xarray as xr
from forecast.model.observation.quadrature import quadrature

from forecast.errors import SpecError
from forecast.model import PendulumSpec
from forecast.model.arrays import panel_arrays
from forecast.model.observation.counted import Counted
from forecast.typing import Float, Index

FAR = 1e3
"""Stands for the cutpoints below the lowest class and above the highest, in log-odds."""


@dataclass(frozen=True)
class Months:
    """Months with events, of one feed that does not tell directions, as arrays.

    Attributes
    ----------
    month_dyad, month_place, month_events : (month,)
        Dyad, place in the path by dyad and time, and number of events.
    entry_month, entry_class, entry_count : (entry,)
        The classes counted; those counted once come first, for they need a logarithm only.
    singles : int
        How many were counted once.
    """

    month_dyad: Index
    month_place: Index
    month_events: Index
    entry_month: Index
    entry_class: Index
    entry_count: Index
    singles: int

    @classmethod
    def of(cls, counted: Counted) -> "Months":
        """Read the months of what was counted, where every month is a node.

        Raises
        ------
        SpecError
            If there are several feeds or directions.
        """
        if counted.directions * counted.datasets > 1:
            raise SpecError("rivals: written for one feed and no directions; got another form")
        dyad, place, _, _, _, events = counted.cells.T
        event_class, count, month, _ = counted.entries[np.argsort(counted.entries[:, 1] > 1, kind="stable")].T
        return cls(dyad, place, events, month, event_class, count, int((count == 1).sum()))


@dataclass(frozen=True)
class Layout(Months):
    """A panel as the model of one scale sees it.

    Attributes
    ----------
    entry_era : (entry,)
    era : (dyad, time)
    era_dyad : (era,)
    nodes, log_weights : (node,)
        The quadrature of the month noise.
    """

    entry_era: Index
    dyads: int
    periods: int
    classes: int
    conflict: int
    era: Index
    era_dyad: Index
    nodes: Float
    log_weights: Float


def layout(panel: xr.Dataset, spec: PendulumSpec) -> Layout:
    """Read the layout of a panel; of one scale, the rivals write out what `PendulumSpec.one_scale` has by default.

    Raises
    ------
    SpecError
        If the spec is another one, or the panel has several feeds or directions.
    """
    if spec != PendulumSpec.one_scale():
        raise SpecError("rivals: written for PendulumSpec.one_scale() as it is by default; got another form")
    arrays = panel_arrays(panel, spec, dense=True)
    counted = arrays.observed
    months = Months.of(counted)
    nodes, weights = quadrature(spec)
    return Layout(
        **vars(months),
        dyads=arrays.dyads,
        periods=arrays.periods,
        classes=counted.classes,
        conflict=counted.zero_cut,
        era=arrays.era_index,
        era_dyad=arrays.era_dyad,
        entry_era=counted.cells[months.entry_month, 2],
        nodes=nodes,
        log_weights=np.log(weights),
    )
