"""Table of the posterior's variables: name, dims, unit, meaning, and use in the report.

The contents of a fit, its dims, the variables of the convergence checks and the page on the fit's schema are derived
from it. Each cycle declares its own variables.
"""

from forecast.model.declarations import Variable
from forecast.model.dynamics import cycles
from forecast.model.observation import observations
from forecast.model.spec import PendulumSpec

PATHS = (
    Variable("level", ("dyad", "time"), "log-odds",
             "Underlying level of every period, trend plus cycle, single precision. Share = 100 / (1 + exp(-level)).",
             label="level", reported="level", sampled=False),
    Variable("trend", ("dyad", "time"), "log-odds",
             "Trend of every period under its ceiling, single precision. The level less the trend is the cycle.",
             label="trend", reported="trend", sampled=False),
)  # fmt: skip

TREND = (
    Variable("mu", ("era",), "log-odds", "Mean of the trend over the era.", label="trend by era",
             reported="trend by era"),
    Variable("trend_mean", ("dyad",), "log-odds",
             "Long-run mean of the trend; for a walk the centre of where it starts.", label="long-run mean",
             reported="long-run mean of the trend"),
    Variable("trend_half_life", (), "periods",
             "Time in which the trend undoes half of its distance from the long-run mean; only with "
             '`trend="reverting"`.', label="half-life of the trend", reported="half-life of the trend",
             required="reverts"),
    Variable("trend_retention", (), "", "Fraction of that distance left after a period; 1 for a walk.",
             required="moves"),
    Variable("trend_step", ("dyad",), "log-odds", "Standard deviation of a period's step of the trend.",
             label="step of the trend", reported="step of the trend", required="moves"),
    Variable("trend_jump", (), "log-odds",
             "Standard deviation of what the beginning of an era adds to that step; absent without jumps.",
             label="jump of the trend", reported="jump of the trend", required="jumps"),
    Variable("headroom", ("era",), "log-odds",
             "Ceiling of the era less the trend where it begins; absent without ceiling.", label="headroom",
             reported="headroom by era", required="has_ceiling"),
    Variable("ceiling", ("era",), "log-odds", "Upper bound of the trend in the era; absent without ceiling.",
             label="ceiling", reported="ceiling by era", required="has_ceiling"),
    Variable("headroom_dyad", ("dyad",), "log of log-odds", "Mean of the logarithm of the dyad's headrooms.",
             required="has_ceiling"),
    Variable("headroom_era_sd", (), "", "Spread of that logarithm over eras, one for all dyads.",
             required="has_ceiling"),
)  # fmt: skip

CYCLE = (
    Variable("cycle_half_life", ("dyad",), "periods",
             "Time in which half of a deviation from the trend is undone (outside of a band, or near the trend of a "
             "cubic one); absent without cycle.",
             label="half-life of the cycle", reported="half-life of the cycle", required="has_cycle"),
    Variable("phi", ("dyad",), "", "Fraction of a deviation left after a period: 0.5^(1 / cycle_half_life).",
             required="has_cycle"),
    Variable("cycle_sd", ("dyad",), "log-odds", "Long-run standard deviation of the cycle around the trend.",
             label="spread of the cycle", reported="spread of the cycle", required="has_cycle"),
    Variable("sigma", ("dyad",), "log-odds", "Standard deviation of a period's shock to the cycle.", label="shock",
             reported="monthly shock", required="has_cycle"),
)  # fmt: skip

DRIVERS = (
    Variable("driver_effect", ("driver", "dyad"), "log-odds",
             "What a standard deviation of a driver pushes the level of a dyad, or its month; only with `drivers`.",
             label="effect of a driver", reported="effects of drivers", required="drivers"),
    Variable("driver_common", ("driver",), "log-odds", "Mean of that effect over all dyads there could be.",
             reported="common effects of drivers", required=False),
    Variable("driver_effects_sd", (), "log-odds", "Spread of the effects of drivers around zero.", required=False),
)  # fmt: skip


def all_variables() -> dict[str, Variable]:
    """Return every variable that a posterior may have, by name, in the order of the documentation."""
    of_cycles = [variable for cycle in cycles() for variable in cycle.variables]
    observed = [variable for observation in observations() for variable in observation.variables]
    kinds = (*PATHS, *TREND, *CYCLE, *of_cycles, *observed, *DRIVERS)
    return {one.name: one for one in kinds}


def sampled_variables() -> dict[str, tuple[str, ...]]:
    """Return the dims of every variable that is taken from the model's draws; chain and draw come before them."""
    return {name: one.dims for name, one in all_variables().items() if one.sampled}


def required_variables(spec: PendulumSpec) -> list[str]:
    """Return the names of the variables that every fit of a spec has."""
    cycle = spec.cycle_model.variables if spec.has_cycle else ()
    own = (*PATHS, *TREND, *CYCLE, *DRIVERS, *cycle, *spec.observation_model.variables)
    return [one.name for one in own if (getattr(spec, one.required) if isinstance(one.required, str) else one.required)]


def reported_variables() -> dict[str, str]:
    """Return the names of the variables that the report states, by the words of the glossary."""
    return {one.reported: name for name, one in all_variables().items() if one.reported}
