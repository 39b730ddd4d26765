"""The pulls: where a displaced pendulum is expected one period later, one class a pull.

`forecast.model.dynamics.base` says what a pull has, and how to add one.
"""

from forecast.errors import SpecError
from forecast.model.dynamics.band import Band
from forecast.model.dynamics.base import Pull as Pull
from forecast.model.dynamics.cubic import Cubic
from forecast.model.dynamics.linear import Linear
from forecast.model.dynamics.none import Walk
from forecast.model.dynamics.oscillator import Oscillator

PACKAGED: tuple[Pull, ...] = (Walk(), Linear(), Band(), Cubic(), Oscillator())
_PULLS = {pull.name: pull for pull in PACKAGED}


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
    if not isinstance(name, str) or name not in _PULLS:
        raise SpecError(f"dynamics: got {name!r}; expected one of {', '.join(_PULLS)}")
    return _PULLS[name]


def pulls() -> tuple[Pull, ...]:
    """Return all pulls: those of the package and those registered since."""
    return tuple(_PULLS.values())


def register(pull: type[Pull]) -> type[Pull]:
    """Make a pull from outside of the package known under its name; can decorate its class.

    Its variables join the table of variables, its priors those of `Priors`, its words help and report.

    Raises
    ------
    SpecError
        If the name is taken.
    """
    if pull.name in _PULLS:
        raise SpecError(f"dynamics: {pull.name!r} is registered already; give the pull another name")
    _PULLS[pull.name] = pull()
    return pull


def unregister(name: str) -> None:
    """Forget a pull that was registered; those of the package stay."""
    if name not in {pull.name for pull in PACKAGED}:
        _PULLS.pop(name, None)
