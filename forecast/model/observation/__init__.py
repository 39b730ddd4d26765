"""Observation models: the distribution of the data given the level, one class per kind."""

from forecast.model.observation.base import Observation as Observation
from forecast.model.observation.index import IndexObservation
from forecast.model.observation.sides import SidesObservation
from forecast.model.process.declarations import Registry

PACKAGED: tuple[Observation, ...] = (SidesObservation(), IndexObservation())
_KINDS = Registry[Observation]("observation", *PACKAGED)
find_observation, observations, register, unregister = (
    _KINDS.find,
    _KINDS.all,
    _KINDS.register,
    _KINDS.unregister,
)
