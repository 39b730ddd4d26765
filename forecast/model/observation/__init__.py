"""The kinds of observation: what the data say of the level, one class a kind.

`forecast.model.observation.base` says what a kind has, and how to add one.
"""

from typing import TYPE_CHECKING

from forecast.model.declarations import Registry
from forecast.model.observation.base import Observation as Observation
from forecast.model.observation.index import IndexObservation
from forecast.model.observation.sides import SidesObservation
from forecast.panel.kinds import panel_kind

if TYPE_CHECKING:
    import xarray as xr

PACKAGED: tuple[Observation, ...] = (SidesObservation(), IndexObservation())
_OBSERVATIONS = Registry("observation", *PACKAGED)


def find_observation(name: str) -> Observation:
    """Return the kind of observation of a name."""
    return _OBSERVATIONS.find(name)


def observation_of(panel: "xr.Dataset") -> Observation:
    """Return the kind of observation that a panel is read by unless a spec says otherwise: the first for its kind."""
    kind = panel_kind(panel).name
    return next(observation for observation in _OBSERVATIONS.all() if observation.panel == kind)


def observations() -> tuple[Observation, ...]:
    """Return all kinds of observation: those of the package and those registered since."""
    return _OBSERVATIONS.all()


def register(observation: type[Observation]) -> type[Observation]:
    """Make a kind of observation from outside of the package known under its name; can decorate its class."""
    _OBSERVATIONS.add(observation())
    return observation


def unregister(name: str) -> None:
    """Forget a kind of observation that was registered; those of the package stay."""
    _OBSERVATIONS.remove(name)
