"""The model that suits the data, where the user leaves choices open."""

from typing import Any

import xarray as xr

from forecast.clock import periods_a_month
from forecast.model.observation import observation_of
from forecast.model.priors import Priors
from forecast.model.spec import PendulumSpec
from forecast.panel import panel_kind, validate_panel

DENSE = 30.0
"""Events per covered month from which on a record is a feed's, whose scatter is its own; the chronology has two."""


def spec_for(panel: xr.Dataset, **choices: Any) -> PendulumSpec:
    """Return the default spec for a panel, with some choices made otherwise.

    The default is a cycle around a trend that returns to its long-run mean; events are read as sides and kinds, whose
    kinds drift with the years. The overdispersion of a record of thirty events per month or more is unknown beforehand,
    so it has the wide prior of a further dataset. Where no eras are named there are no frameworks, and no ceilings.
    """
    validate_panel(panel)
    suits: dict[str, Any] = {"observation": observation_of(panel).name}
    if panel_kind(panel).coded and is_dense(panel) and choices.get("overdispersion", True):
        suits["priors"] = Priors(concentration=Priors().dataset_concentration)
    if panel.sizes["era"] == panel.sizes["dyad"]:
        suits["ceiling"] = "none"
    return PendulumSpec(**suits | choices)


def is_dense(panel: xr.Dataset) -> bool:
    """Whether the first dataset counts thirty events per covered month or more, over its dyads."""
    first = panel.isel(dataset=0)
    covered = int(first["covered"].sum())
    months = covered / periods_a_month(panel)
    return months > 0 and float(first["counts"].sum()) / months >= DENSE
