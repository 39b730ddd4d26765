"""Observation models: the distribution of the data given the level, one class per kind."""

from forecast.model.observation.base import Observation as Observation
from forecast.model.observation.index import IndexObservation
from forecast.model.observation.sides import SidesObservation
from forecast.model.process.declarations import Registry

PACKAGED: tuple[Observation, ...] = (SidesObservation(), IndexObservation())
_KINDS = Registry[Observation]("observation", *PACKAGED)
find_observation = _KINDS.find
observations = _KINDS.all
register = _KINDS.register
unregister = _KINDS.unregister
