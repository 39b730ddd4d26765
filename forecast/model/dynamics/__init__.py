"""The pulls: where a displaced pendulum is expected one period later, one class a pull.

`forecast.model.dynamics.base` says what a pull has, and how to add one.
"""

from forecast.model.dynamics.band import Band
from forecast.model.dynamics.base import Pull as Pull
from forecast.model.dynamics.cubic import Cubic
from forecast.model.dynamics.linear import Linear
from forecast.model.dynamics.none import Walk
from forecast.model.dynamics.oscillator import Oscillator
from forecast.model.registry import Registry

PACKAGED: tuple[Pull, ...] = (Walk(), Linear(), Band(), Cubic(), Oscillator())
_PULLS = Registry("dynamics", *PACKAGED)


def find_pull(name: str) -> Pull:
    """Return the pull of a name.

    Raises
    ------
    SpecError
        If there is none.

    Examples
    --------
    >>> from forecast.model.dynamics import find_pull
    >>> find_pull("cubic").title
    'pull that grows'
    """
    return _PULLS.find(name)


def pulls() -> tuple[Pull, ...]:
    """Return all pulls: those of the package and those registered since."""
    return _PULLS.all()


def register(pull: type[Pull]) -> type[Pull]:
    """Make a pull from outside of the package known under its name; can decorate its class.

    Its variables join the table of variables, its priors those of `Priors`, its words help and report.

    Raises
    ------
    SpecError
        If the name is taken.
    """
    _PULLS.add(pull())
    return pull


def unregister(name: str) -> None:
    """Forget a pull that was registered; those of the package stay."""
    _PULLS.remove(name)
