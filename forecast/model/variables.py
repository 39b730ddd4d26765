"""The one table of the posterior's variables: name, dims, unit, meaning, and whether the report states it.

What a fit keeps, its dims, what the gate checks and the page on the fit's schema all follow from it. The variables that
a pull alone has are declared by the pull.
"""

from forecast.model.declarations import Variable
from forecast.model.dynamics import pulls
from forecast.model.observation import observations

LEVEL = (
    Variable(
        "level", ("dyad", "time"), "log-odds",
        "Level of every period, single precision. Share = 100 / (1 + exp(-level)).",
        label="level", reported="level", sampled=False,
    ),
    Variable(
        "state", ("dyad",), "log-odds", "The pendulum in the last period, before the ceiling bounds it.", sampled=False
    ),
    Variable(
        "structure", ("dyad", "time"), "log-odds",
        "What the pendulum swings around, single precision; only where it moves (`structure=\"walk\"`). The level less "
        "the structure is the swing.",
        label="structure", reported="structure", sampled=False,
    ),
)  # fmt: skip

MOTION = (
    Variable(
        "half_life", ("dyad",), "periods",
        "Time in which half of a displacement is undone (by the pull outside a band, or near the equilibrium of a "
        "cubic one; the swings' half-life of an oscillator); absent for a random walk.",
        label="half-life", reported="half-life",
    ),
    Variable(
        "phi", ("dyad",), "", "Part of a displacement left after a period: 0.5^(1 / half_life); 1 for a random walk."
    ),
    Variable(
        "sd", ("dyad",), "log-odds",
        "Long-run spread of the state around its equilibrium; absent for a random walk.",
        label="spread", reported="spread around the equilibrium",
    ),
    Variable(
        "sigma", ("dyad",), "log-odds", "Standard deviation of a period's shock.",
        label="shock", reported="monthly shock",
    ),
)  # fmt: skip

STRUCTURE = (
    Variable(
        "structure_retention", (), "", "What is left of a structure's distance from its centre after a period; no draw "
        "differs.",
    ),
    Variable(
        "structure_centre", (), "log-odds", "Where the structure returns to in the very long run; no draw differs.",
    ),
    Variable(
        "structure_step", ("dyad",), "log-odds", "Standard deviation of a period's step of the structure.",
        label="step of the structure", reported="step of the structure",
    ),
    Variable(
        "structure_jump", (), "log-odds", "Standard deviation of what the beginning of an era adds to that step.",
        label="jump of the structure", reported="jump of the structure",
    ),
)  # fmt: skip

NOISE = (
    Variable(
        "tau", ("dyad",), "log-odds", "Month noise; absent without it.", label="month noise", reported="month noise"
    ),
)

ERAS = (
    Variable(
        "mu", ("era",), "log-odds",
        "Equilibrium of the era, before the ceiling bounds it; absent for a random walk. Where the structure "
        "moves: its mean over the era.",
        label="equilibrium", reported="equilibrium by era",
    ),
    Variable(
        "rest", ("era",), "log-odds",
        "Equilibrium of the era as the level has it: its mean in the long run under the ceiling. Absent without level "
        "ceiling, for a random walk, and in fits made before the ceiling was set so.",
        label="level at rest", reported="level at rest by era",
    ),
    Variable(
        "headroom", ("era",), "log-odds",
        "Ceiling less `rest` (without it: less `mu`; random walk: less 0); absent without level ceiling.",
        reported="headroom by era",
    ),
    Variable(
        "ceiling", ("era",), "log-odds", "Upper bound of the level; absent without level ceiling.",
        label="ceiling", reported="ceiling by era",
    ),
    Variable(
        "depth", ("era",), "log-odds",
        "Shift of the first dataset's threshold to the deepest class; absent without depth ceiling.",
        label="depth", reported="depth by era",
    ),
    Variable(
        "depth_trend", ("dyad",), "a decade",
        "Logarithm by which the last gap between thresholds is stretched in ten years; only with ceiling `trend`.",
        label="drift of depth", reported="drift of the depth",
    ),
    Variable(
        "mu_dyad", ("dyad",), "log-odds",
        "Mean of the population that the dyad's equilibria (`rest`, or `mu` without it) are drawn from.",
    ),
    Variable("mu_era_sd", (), "log-odds", "Spread of that population, one for all dyads."),
    Variable("headroom_dyad", ("dyad",), "log of log-odds", "Mean of the logarithm of the dyad's headrooms."),
    Variable(
        "headroom_era_sd", (), "",
        "Spread of that logarithm over eras, one for all dyads; absent if the ceiling is constant.",
    ),
    Variable(
        "depth_sd", (), "", "Spread over eras of the logarithm by which the last gap between thresholds is stretched."
    ),
)  # fmt: skip

OBSERVATION = (
    Variable(
        "cutpoint", ("dataset", "cut"), "log-odds",
        "Thresholds between classes; the one between conflict and cooperation is 0.", reported="cutpoints",
    ),
    Variable(
        "concentration", ("dataset",), "events", "Of the Dirichlet-multinomial; absent without overdispersion.",
        reported="concentration",
    ),
    Variable(
        "direction_offset", ("dyad", "direction", "dataset"), "log-odds",
        "Added to the level for the reports of a direction and dataset.",
    ),
    Variable(
        "shock_df", (), "",
        "Degrees of freedom of Student-t shocks, which are scaled to unit variance; absent for normal ones.",
        label="tail of shocks",
    ),
    Variable(
        "index_error", (), "standard deviations",
        "Scale of an index's error; only with an index, which has no tau, cutpoint, concentration and offset.",
        label="index error",
    ),
    Variable("index_df", (), "", "Degrees of freedom of that error."),
)  # fmt: skip


DRIVERS = (
    Variable(
        "driver_effect", ("driver", "dyad"), "log-odds",
        "What a standard deviation of a driver pushes the level of a dyad, or its month; only with `drivers`.",
        label="effect of a driver", reported="effects of drivers",
    ),
    Variable(
        "driver_common", ("driver",), "log-odds", "Mean of that effect over all dyads there could be.",
        reported="common effects of drivers",
    ),
    Variable("driver_effects_sd", (), "log-odds", "Spread of the effects of drivers around zero."),
)  # fmt: skip


def all_variables() -> dict[str, Variable]:
    """Return every variable that a posterior may have, by name, in the order of the documentation.

    Examples
    --------
    >>> from forecast.model.variables import all_variables
    >>> all_variables()["mu"].dims
    ('era',)
    """
    of_pulls = [variable for pull in pulls() for variable in pull.variables]
    registered = [variable for observation in observations() for variable in observation.variables]
    kinds = (*LEVEL, *MOTION, *of_pulls, *STRUCTURE, *NOISE, *ERAS, *OBSERVATION, *registered, *DRIVERS)
    return {one.name: one for one in kinds}


def sampled_variables() -> dict[str, tuple[str, ...]]:
    """Return the dims of every variable that is taken from the model's draws; chain and draw come before them."""
    return {name: one.dims for name, one in all_variables().items() if one.sampled}


def reported_variables() -> dict[str, str]:
    """Return the names of the variables that the report states, by the words of the glossary."""
    return {one.reported: name for name, one in all_variables().items() if one.reported}
