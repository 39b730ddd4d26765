"""What the dense rivals read of a panel: months with events, and the classes counted in them."""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from forecast.errors import SpecError
from forecast.model import PendulumSpec
from forecast.model.arrays import panel_arrays
from forecast.model.observation.counted import Counted
from forecast.model.observation.quadrature import quadrature
from forecast.typing import Float, Index

FAR = 1e3
"""Stands for the cutpoints below the lowest class and above the highest, in log-odds."""


ONE_SCALE = PendulumSpec.one_scale()


@dataclass(frozen=True)
class Layout:
    """A panel of one feed that does not tell directions, as arrays.

    Attributes
    ----------
    era : (dyad, time)
    era_dyad : (era,)
    month_dyad, month_place, month_events : (month,)
        Dyad, place in the path by dyad and time, and number of events, of every month with events.
    entry_month, entry_class, entry_count, entry_era : (entry,)
        The classes counted; those counted once come first, for they need a logarithm only.
    singles : int
        How many were counted once.
    nodes, log_weights : (node,)
        The quadrature of the month noise.
    """

    dyads: int
    periods: int
    classes: int
    conflict: int
    era: Index
    era_dyad: Index
    month_dyad: Index
    month_place: Index
    month_events: Index
    entry_month: Index
    entry_class: Index
    entry_count: Index
    entry_era: Index
    singles: int
    nodes: Float
    log_weights: Float


def layout(panel: xr.Dataset, spec: PendulumSpec) -> Layout:
    """Read the layout of a panel; only the default spec is written out by the rivals.

    Raises
    ------
    SpecError
        If the spec is another one, or the panel has several feeds or directions.
    """
    arrays = panel_arrays(panel, spec, dense=True)
    counted = arrays.observed
    if (
        spec != PendulumSpec.one_scale()
        or not isinstance(counted, Counted)
        or counted.directions * counted.datasets > 1
    ):
        raise SpecError("rivals: written for the default spec, one feed and no directions; got another form")
    dyad, place, era, _, _, events = counted.cells.T
    entries = counted.entries[np.argsort(counted.entries[:, 1] > 1, kind="stable")]
    event_class, count, month, _ = entries.T
    nodes, weights = quadrature(spec)
    return Layout(
        dyads=arrays.dyads,
        periods=arrays.periods,
        classes=counted.classes,
        conflict=counted.zero_cut,
        era=arrays.era_index,
        era_dyad=arrays.era_dyad,
        month_dyad=dyad,
        month_place=place,
        month_events=events,
        entry_month=month,
        entry_class=event_class,
        entry_count=count,
        entry_era=era[month],
        singles=int((count == 1).sum()),
        nodes=nodes,
        log_weights=np.log(weights),
    )
