"""Limits on numbers, checked before work starts, so that no run exceeds what a machine can finish."""

from numbers import Integral

from forecast.errors import SpecError

LIMITS = {
    "draws": (4, 100_000),
    "tune": (1, 100_000),
    "chains": (1, 64),
    "cores": (1, 1024),
    "processes": (1, 1024),
    "every": (1, 120),
    "batch": (1, 9999),
    "seed": (0, 2**63 - 1),
    "simulations": (0, 100_000),
    "records": (10, 5_000),
}
"""Least and most of the whole numbers that a user gives, by name."""
MOST_DRAWS = 1_000_000
"""Chains times draws: of six dyads over eighty years they fill some 25 GB."""

MOST_MONTHS = 12_000
"""A thousand years, for half-lives."""
MOST_POINTS = 100.0
"""The whole scale of shares."""


def require_whole(name: str, value: object) -> int:
    """Make sure that a number given by a user is whole and within its limits."""
    least, most = LIMITS[name]
    if not isinstance(value, Integral) or isinstance(value, bool) or not least <= int(value) <= most:
        raise SpecError(f"{name}: got {_short(value)}; expected a whole number, at least {least} and at most {most:,}")
    return int(value)


def require_sampler(
    *, draws: int | None, tune: int | None, chains: int | None, seed: int, cores: int | None = None
) -> None:
    """Make sure that the settings of a sampler can be carried out; what is None is left to its default."""
    given = {"draws": draws, "tune": tune, "chains": chains, "cores": cores, "seed": seed}
    whole = {name: require_whole(name, value) for name, value in given.items() if value is not None}
    if (total := whole.get("draws", 1) * whole.get("chains", 1)) > MOST_DRAWS:
        raise SpecError(f"draws: {total:,} over all chains; expected at most {MOST_DRAWS:,}")


def require_positive(name: str, value: object, most: float, unit: str) -> None:
    """Make sure that a number is positive and not beyond a limit."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value <= most:
        raise SpecError(f"{name}: got {_short(value)}; expected a positive number of {unit}, at most {most:g}")


def _short(value: object) -> str:
    text = repr(value) if not isinstance(value, int) or abs(value) < 10**20 else "a number of too many digits"
    return text if len(text) <= 40 else f"{text[:37]}..."
