"""Limits of the numbers that a user gives, and the packages of extras."""

import importlib.util
from numbers import Integral
from typing import TYPE_CHECKING

from forecast.base.arguments import shown
from forecast.base.errors import ForecastError, SpecError

if TYPE_CHECKING:
    from forecast.base.typing import Seed

LIMITS = {
    "draws": (4, 100_000),
    "tune": (1, 100_000),
    "chains": (1, 64),
    "cores": (1, 1024),
    "processes": (1, 1024),
    "every": (1, 120),
    "batch": (1, 9999),
    "seed": (0, 2**63 - 1),
    "records": (10, 5_000),
}
"""Least and most of the whole numbers that a user gives, by name."""
# Chains times draws: of six dyads over eighty years they fill some 25 GB
MAX_DRAWS = 1_000_000

# The whole scale of shares
MAX_POINTS = 100.0


LEAST_PERCENT = 1.0
"""Per cent: a smaller threshold is a fraction in place of a percentage; no pair's share has been so
low."""


def described_fraction(name: str, value: float) -> str:
    """Return what is wrong with a share that was given as a fraction.

    Empty if it is in per cent.
    """
    if not 0 < value < LEAST_PERCENT:
        return ""
    return (
        f"{name}: got {value:g}; expected per cent, 0 to 100. For {100 * value:g}% write "
        f"{100 * value:g}"
    )


def require_whole(name: str, value: object) -> int:
    """Make sure that a number given by a user is whole and within its limits."""
    least, most = LIMITS[name]
    if (
        not isinstance(value, Integral)
        or isinstance(value, bool)
        or not least <= int(value) <= most
    ):
        raise SpecError(
            f"{name}: got {shown(value)}; expected a whole number, at least {least} and at most "
            f"{most:,}"
        )
    return int(value)


def whole_seed(seed: "Seed") -> int:
    """Return a seed, drawn from a generator if that is given."""
    integers = getattr(seed, "integers", None)
    return require_whole("seed", seed if integers is None else int(integers(LIMITS["seed"][1])))


def require_sampler(
    *, draws: int | None, tune: int | None, chains: int | None, seed: int, cores: int | None = None
) -> None:
    """Make sure that the settings of a sampler can be carried out.

    What is None is left to its default.
    """
    given = {"draws": draws, "tune": tune, "chains": chains, "cores": cores, "seed": seed}
    numbers = {
        name: require_whole(name, value) for name, value in given.items() if value is not None
    }
    if (total := numbers.get("draws", 1) * numbers.get("chains", 1)) > MAX_DRAWS:
        raise SpecError(f"draws: {total:,} over all chains; expected at most {MAX_DRAWS:,}")


def require_positive(name: str, value: object, most: float, unit: str) -> None:
    """Make sure that a number is positive and not beyond a limit."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value <= most:
        raise SpecError(
            f"{name}: got {shown(value)}; expected a positive number of {unit}, at most {most:g}"
        )


def require(package: str, extra: str) -> None:
    """Make sure that a package of an extra is there."""
    if importlib.util.find_spec(package) is None:
        raise ForecastError(
            f"{package} is not installed. Install the extra: pip install "
            f"'pendulum-forecast[{extra}]'"
        )
