"""The model that suits the data, where the user leaves choices open."""

from typing import Any

import xarray as xr

from forecast.clock import periods_a_month
from forecast.model.dynamics import find_pull
from forecast.model.observation import observation_of
from forecast.model.priors import Priors
from forecast.model.spec import THRESHOLDS, PendulumSpec, parse_ceiling
from forecast.panel import panel_kind, validate_panel

DENSE = 30.0
"""Happenings a covered month from which on a record is a feed's, whose scatter is its own; the chronology has two."""


def spec_for(panel: xr.Dataset, **choices: Any) -> PendulumSpec:
    """Return the default spec for a panel, with some choices made otherwise.

    The default is a swing around a structure that moves; events are read as sides and kinds, whose kinds drift with the
    years. How much a month is worth of a record of thirty happenings a month and more, nobody knows beforehand: its
    overdispersion has the wide prior of a further dataset. A random walk (``dynamics="none"``) has nothing to swing
    around, and a bound on the level belongs to the equilibrium of an era: both have one scale. A bound by eras on
    events without two classes of cooperation is one on the level alone.

    Parameters
    ----------
    panel : xarray.Dataset
        Of events, counts or an index.
    **choices
        Fields of `PendulumSpec`.

    Raises
    ------
    DataError
        If it is not a panel.
    SpecError
        If a choice makes no sense.

    Examples
    --------
    >>> from forecast import build_panel, read_chronology
    >>> from forecast.model.choices import spec_for
    >>> panel = build_panel(read_chronology(dyads=["USA-CHN"]))
    >>> spec_for(panel, shocks="student").structure, spec_for(panel, dynamics="none").structure
    ('walk', 'eras')
    """
    validate_panel(panel)
    suits: dict[str, Any] = {"observation": observation_of(panel).name}
    if not panel_kind(panel).coded:
        suits["ceiling"] = ()
    elif is_dense(panel):
        suits["priors"] = Priors(side_concentration=Priors().dataset_concentration)
    if _has_one_scale(choices):
        suits["structure"] = "eras"
    return PendulumSpec(**suits | choices)


def is_dense(panel: xr.Dataset) -> bool:
    """Whether the first dataset counts thirty happenings a covered month and more, over its dyads."""
    first = panel.isel(dataset=0)
    covered = int(first["covered"].sum())
    months = covered / periods_a_month(panel)
    return months > 0 and float(first["counts"].sum()) / months >= DENSE


def _has_one_scale(choices: dict[str, Any]) -> bool:
    """Whether what is chosen makes no sense around a structure that moves."""
    bounds = [form for form in parse_ceiling(choices.get("ceiling", ())) if form not in THRESHOLDS]
    return bool(bounds) or not find_pull(choices.get("dynamics", "linear")).has_equilibrium
