"""Observation models: the distribution of the data given the level, one class per kind."""

import xarray as xr

from forecast.model.declarations import Registry
from forecast.model.observation.base import Observation as Observation
from forecast.model.observation.index import IndexObservation
from forecast.model.observation.sides import SidesObservation
from forecast.panel.kinds import panel_kind

PACKAGED: tuple[Observation, ...] = (SidesObservation(), IndexObservation())
_KINDS = Registry[Observation]("observation", *PACKAGED)
find_observation, observations, register, unregister = _KINDS.find, _KINDS.all, _KINDS.register, _KINDS.unregister


def observation_of(panel: xr.Dataset) -> Observation:
    """Return the first kind of observation that reads panels of this kind."""
    kind = panel_kind(panel).name
    return next(observation for observation in observations() if observation.panel == kind)
