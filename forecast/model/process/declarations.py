"""Declarations of model parts: variables, priors, parameters by dyad; registries of named kinds."""

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from forecast.base.errors import SpecError
from forecast.base.typing import Float

type PriorValue = float | tuple[float, float]


SPREAD_OF_SPREADS = 0.4
"""Spread of the logarithm of a population's spread around its typical size."""
FLAT = (0.0, 0.0)
"""Prior of a variable whose prior is stated where it is used."""


class PriorValues(Protocol):
    """Priors as the parts of a model read them: attributes by name, in periods.

    `forecast.model.process.priors.Priors` knows all parts; they know it by this form alone.
    """

    def __getattr__(self, name: str, /) -> Any:
        """Return a prior by its name."""


@dataclass(frozen=True)
class Variable:
    """A variable of the posterior, which a cycle of your own declares (`register_cycle`).

    Examples
    --------
    >>> from forecast import Variable
    >>> Variable("grip", (), "periods", "How long the cycle is held.").units("month")
    'months'
    """

    name: str
    dims: tuple[str, ...]  # Besides chain and draw
    unit: str  # Empty if it has none
    words: str  # What it means, a sentence or two
    label: str = ""  # What a figure calls it
    # What the report and its gate call it; empty if it only serves those that are reported
    reported: str = ""
    sampled: bool = True  # Whether the model has it; otherwise it is completed from the draws
    # Whether every fit has it, or the choice of the spec with which it does
    required: bool | str = True

    def units(self, frequency: str) -> str:
        """Return the unit as a fit's variable has it.

        Periods are months or weeks, and no unit is 1.
        """
        return self.unit.replace("periods", f"{frequency}s") or "1"


@dataclass(frozen=True)
class Prior:
    """A prior that a user may change, which a cycle of your own declares (`register_cycle`).

    Examples
    --------
    >>> from forecast import Prior
    >>> Prior("grip", (0.0, 0.3), "a spread: near the trend, reversion is linear").value
    (0.0, 0.3)
    """

    name: str
    value: PriorValue  # The default: a spread, or centre and spread
    reason: str  # Why it stands there
    needs: str = ""  # Of the spec, by its names for that; empty if every model uses it
    # Exponent by which the quantity grows with the number of periods in a month: 1 for a half-life
    pace: float = 0.0


def variables_of(part: str) -> tuple[Variable, ...]:
    """Return the variables of a part of the model, as variables.toml has them."""
    return tuple(
        Variable(name, tuple(row.pop("dims")), **row)
        for name, row in _table("variables.toml")[part].items()
    )


def priors_of(part: str) -> tuple[Prior, ...]:
    """Return the priors of a part of the model, as priors.toml has them."""
    priors = []
    for name, row in _table("priors.toml")[part].items():
        value = (
            row.pop("value") if "value" in row else (math.log(row.pop("median")), row.pop("spread"))
        )
        priors.append(Prior(name, tuple(value) if isinstance(value, list) else value, **row))
    return tuple(priors)


def _table(name: str) -> dict[str, dict[str, Any]]:
    return tomllib.loads(Path(__file__).with_name(name).read_text("utf-8"))


class Registry[Kind: Any]:
    """One instance per kind, by its name, which the field of a spec has."""

    def __init__(self, field: str, *packaged: Kind) -> None:
        self.field, self.packaged = field, frozenset(kind.name for kind in packaged)
        self._kinds = {kind.name: kind for kind in packaged}

    def find(self, name: str) -> Kind:
        """Return the kind of a name, or raise `SpecError`."""
        if not isinstance(name, str) or name not in self._kinds:
            raise SpecError(f"{self.field}: got {name!r}; expected one of {', '.join(self._kinds)}")
        return self._kinds[name]

    def all(self) -> tuple[Kind, ...]:
        """Return all kinds, the packaged ones first."""
        return tuple(self._kinds.values())

    def register(self, kind: type[Kind]) -> type[Kind]:
        """Make a kind known under its name; decorates its class."""
        if not isinstance(kind, type):
            raise SpecError(f"kind: got {kind!r:.60}; expected a class")
        registered = kind()
        if registered.name in self._kinds:
            raise SpecError(
                f"{self.field}: {registered.name!r} is registered already; choose another name"
            )
        self._kinds[registered.name] = registered
        return kind

    def unregister(self, name: str) -> None:
        """Forget a kind that was registered."""
        if name not in self.packaged:
            self._kinds.pop(name, None)


@dataclass(frozen=True)
class Free:
    """A free variable: normal, or log-normal where it is positive."""

    name: str
    # Centre and spread of it, or of its logarithm; arrays if its values differ
    prior: tuple[Any, Any] = (0.0, 1.0)
    dims: tuple[str | int, ...] = ()  # Names of its dims, or their sizes
    positive: bool = False

    def add(self) -> Any:
        """Add it to the PyMC model on the context stack."""
        import pymc as pm

        form: dict[str, Any] = {}
        if self.dims:
            named = all(isinstance(dim, str) for dim in self.dims)
            form = {"dims" if named else "shape": self.dims}
        if self.prior is FLAT:
            return pm.Flat(self.name, **form)
        return (pm.LogNormal if self.positive else pm.Normal)(self.name, *self.prior, **form)

    def draw(self, number: int, rng: np.random.Generator) -> Float:
        """Draw one value so many times, or its logarithm where it is positive."""
        centre, sd = self.prior
        return np.asarray(centre + sd * rng.standard_normal(number))

    def size(self, sizes: Mapping[str, int]) -> int:
        """Return its size, given the sizes of named dims."""
        return math.prod(sizes[dim] if isinstance(dim, str) else dim for dim in self.dims)


def spread_around(name: str, typical: float, dims: tuple[str | int, ...] = ()) -> Free:
    """Declare the spread of a population: log-normal around its typical size."""
    return Free(name, (float(np.log(typical)), SPREAD_OF_SPREADS), dims, positive=True)


@dataclass(frozen=True)
class ByDyad:
    """Values by dyad, around a population (non-centred) or independent.

    Independent ones have the same total spread.
    """

    name: str  # Prefix of the names of its free variables
    prior: tuple[float, float]  # Centre and spread of the population's mean
    spread: float  # Typical spread of the dyads
    pool: bool  # Whether there is a population
    positive: bool = False  # Whether all this is about the value's logarithm
    dims: tuple[str | int, ...] = ("dyad",)  # What comes after the dyad has a population each

    @property
    def free(self) -> tuple[Free, ...]:
        """Mean of the population, spread and standardised deviations; unpooled, the values."""
        if not self.pool:
            centre, sd = self.prior
            return (
                Free(f"{self.name}_dyad", (centre, float(np.hypot(sd, self.spread))), self.dims),
            )
        return (
            Free(f"{self.name}_population", self.prior, self.dims[1:]),
            spread_around(f"{self.name}_dyad_sd", self.spread),
            Free(f"{self.name}_raw", dims=self.dims),
        )

    def add(self) -> Any:
        """Add it to the PyMC model on the context stack; return the values."""
        import pytensor.tensor as pt

        *population, value_of_dyads = (free.add() for free in self.free)
        value = population[0] + population[1] * value_of_dyads if population else value_of_dyads
        return pt.exp(value) if self.positive else value

    def draw(self, number: int, rng: np.random.Generator) -> Float:
        """Draw one dyad's value so many times, or its logarithm where it is positive."""
        *population, value_of_dyad = (free.draw(number, rng) for free in self.free)
        return np.asarray(
            population[0] + np.exp(population[1]) * value_of_dyad if population else value_of_dyad
        )


# Parameters by role: the name of a variable of the posterior, where it is one
type Declared = dict[str, Free | ByDyad]


def free_of(declared: Declared) -> list[Free]:
    """Return all free variables, in order."""
    return [
        free
        for parameter in declared.values()
        for free in (parameter.free if isinstance(parameter, ByDyad) else (parameter,))
    ]
