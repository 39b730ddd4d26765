"""The cycles: how a level that deviates from its trend comes back, one class per cycle.

`forecast.model.dynamics.base` says what a cycle has, and how to add one.
"""

from forecast.model.dynamics.band import Band
from forecast.model.dynamics.base import Cycle as Cycle
from forecast.model.dynamics.cubic import Cubic
from forecast.model.dynamics.linear import Linear
from forecast.model.registry import Registry

PACKAGED: tuple[Cycle, ...] = (Linear(), Band(), Cubic())
_CYCLES = Registry("cycle", *PACKAGED)


def find_cycle(name: str) -> Cycle:
    """Return the cycle of a name."""
    return _CYCLES.find(name)


def cycles() -> tuple[Cycle, ...]:
    """Return all cycles: those of the package and those registered since."""
    return _CYCLES.all()


def register(cycle: type[Cycle]) -> type[Cycle]:
    """Make a cycle from outside of the package known under its name; can decorate its class.

    Its variables join the table of variables, its priors those of `Priors`, its words help and report.
    """
    _CYCLES.add(cycle())
    return cycle


def unregister(name: str) -> None:
    """Forget a cycle that was registered; those of the package stay."""
    _CYCLES.remove(name)
