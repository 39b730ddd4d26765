"""Optional packages that only some commands need, and how to install them."""

import importlib.util

from forecast.errors import ForecastError


def require(package: str, extra: str) -> None:
    """Make sure that a package of an extra is there."""
    if importlib.util.find_spec(package) is None:
        raise ForecastError(f"{package} is not installed. Install the extra: pip install 'pendulum-forecast[{extra}]'")
