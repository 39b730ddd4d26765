"""Variables of the posterior, as variables.toml states them.

Each has a name, dims, a unit, a meaning, and a use in the report.

The contents of a fit, its dims, the variables of the convergence checks and the page on the fit's
schema are derived from them. Trends, cycles and kinds of observation declare their own.
"""

from collections.abc import Mapping

from forecast.base.typing import Float
from forecast.model.observation import observations
from forecast.model.process.cycle import cycles
from forecast.model.process.declarations import Variable, variables_of
from forecast.model.process.trend import trends
from forecast.model.spec import PendulumSpec

PATHS, TREND, CYCLE, DRIVERS = (
    variables_of(part) for part in ("path", "trend", "cycle", "drivers")
)


def all_variables() -> dict[str, Variable]:
    """Return every variable that a posterior may have, by name, in the order of the docs."""
    of_trends = [variable for trend in trends() for variable in trend.variables]
    of_cycles = [variable for cycle in cycles() for variable in cycle.variables]
    observed = [variable for observation in observations() for variable in observation.variables]
    kinds = (*PATHS, *TREND, *of_trends, *CYCLE, *of_cycles, *observed, *DRIVERS)
    return {variable.name: variable for variable in kinds}


def sampled_variables() -> dict[str, tuple[str, ...]]:
    """Return the dims of every variable that is taken from the model's draws.

    Chain and draw come before them.
    """
    return {name: variable.dims for name, variable in all_variables().items() if variable.sampled}


def required_variables(spec: PendulumSpec) -> list[str]:
    """Return the names of the variables that every fit of a spec has."""
    cycle = spec.cycle_model.variables if spec.has_cycle else ()
    trend = spec.trend_model.variables
    required = (*PATHS, *TREND, *trend, *CYCLE, *DRIVERS, *cycle, *spec.observation_model.variables)
    return [
        variable.name
        for variable in required
        if (
            getattr(spec, variable.required)
            if isinstance(variable.required, str)
            else variable.required
        )
    ]


def of_dyad(draws: Mapping[str, Float], dyad: int) -> dict[str, Float]:
    """Return draws of one dyad, and those that all dyads share, by name, (draw, 1).

    The draws given are (draw, ...).
    """
    table = all_variables()
    dims = {name: table[name].dims for name in draws if name in table}
    by_dyad = {name: draws[name][:, dyad, None] for name, of in dims.items() if of == ("dyad",)}
    return by_dyad | {name: draws[name][:, None] for name, of in dims.items() if not of}


def reported_variables() -> dict[str, str]:
    """Return the names of the variables that the report states, by the words of the glossary."""
    return {
        variable.reported: name for name, variable in all_variables().items() if variable.reported
    }
