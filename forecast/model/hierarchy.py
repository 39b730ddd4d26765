"""Declared parameters, each once: what the assembled density reads of them, and what PyMC makes of them.

In the sampler's coordinates a free variable is normal, and sampled by its logarithm where it is positive. So its prior
is a centre and a spread, and a model is a list of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

SPREAD_OF_SPREADS = 0.4
"""Spread of the logarithm of a population's spread around its typical size."""


@dataclass(frozen=True)
class Free:
    """A free variable: normal, or log-normal where it is positive."""

    name: str
    centre: float = 0.0  # Of it or its logarithm; without a spread it is flat, and its prior is stated where it is used
    sd: float = 1.0
    dims: tuple[str | int, ...] = ()  # Names of its dims, or their sizes
    positive: bool = False

    def add(self) -> Any:
        """Add it to the PyMC model on the context stack."""
        import pymc as pm

        named = all(isinstance(dim, str) for dim in self.dims)
        form: dict[str, Any] = {} if not self.dims else {"dims": self.dims} if named else {"shape": self.dims}
        if not self.sd:
            return pm.Flat(self.name, **form)
        return (pm.LogNormal if self.positive else pm.Normal)(self.name, self.centre, self.sd, **form)

    def shape(self, sizes: Mapping[str, int]) -> tuple[int, ...]:
        """Return its shape, given the sizes of named dims."""
        return tuple(sizes[dim] if isinstance(dim, str) else dim for dim in self.dims)

    def size(self, sizes: Mapping[str, int]) -> int:
        """Return how many numbers it is, given the sizes of named dims."""
        return prod(self.shape(sizes))


def spread_around(name: str, typical: float) -> Free:
    """Declare the spread of a population: log-normal around its typical size."""
    return Free(name, float(np.log(typical)), SPREAD_OF_SPREADS, positive=True)


@dataclass(frozen=True)
class ByDyad:
    """One value a dyad, around a population (non-centred), or independent ones with the same total spread."""

    name: str  # Prefix of the names of its free variables
    centre: float  # Of the population's mean
    sd: float
    spread: float  # Typical spread of the dyads
    pool: bool  # Whether there is a population
    positive: bool = False  # Whether all this is about the value's logarithm

    @property
    def free(self) -> tuple[Free, ...]:
        """Population, spread and what every dyad deviates, or the dyads' own."""
        if not self.pool:
            return (Free(f"{self.name}_dyad", self.centre, float(np.hypot(self.sd, self.spread)), ("dyad",)),)
        return (
            Free(f"{self.name}_population", self.centre, self.sd),
            spread_around(f"{self.name}_dyad_sd", self.spread),
            Free(f"{self.name}_raw", dims=("dyad",)),
        )

    def add(self) -> Any:
        """Add it to the PyMC model on the context stack; return the values, (dyad,)."""
        import pytensor.tensor as pt

        *population, own = (free.add() for free in self.free)
        value = population[0] + population[1] * own if population else own
        return pt.exp(value) if self.positive else value


type Declared = dict[str, Free | ByDyad]
"""Parameters by their role."""


def free_of(declared: Declared) -> list[Free]:
    """Return all free variables, in order."""
    return [free for one in declared.values() for free in (one.free if isinstance(one, ByDyad) else (one,))]
