"""Values of dyads around a population, and spreads of populations, as PyMC variables."""

from typing import Any

import numpy as np

SPREAD_OF_SPREADS = 0.4
"""Spread of the logarithm of a population's spread around its typical size."""


def by_dyad(name: str, prior: tuple[float, float], spread: float, pool: bool) -> Any:
    """Add one value per dyad around a population (non-centred), or independent ones with the same total spread.

    Parameters
    ----------
    name : str
        Prefix of the names of the variables.
    prior : (float, float)
        Centre and spread of the population's mean.
    spread : float
        Typical spread of the dyads.
    pool : bool
        Whether there is a population.

    Returns
    -------
    PyTensor variable (dyad,)
    """
    import pymc as pm

    if not pool:
        return pm.Normal(f"{name}_dyad", prior[0], float(np.hypot(prior[1], spread)), dims="dyad")
    population = pm.Normal(f"{name}_population", *prior)
    scale = population_spread(f"{name}_dyad_sd", spread)
    return population + scale * pm.Normal(f"{name}_raw", 0.0, 1.0, dims="dyad")


def population_spread(name: str, typical: float) -> Any:
    """Add the spread of a population: log-normal around its typical size."""
    import pymc as pm

    return pm.LogNormal(name, float(np.log(typical)), SPREAD_OF_SPREADS)
