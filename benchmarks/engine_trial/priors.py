"""Priors of a fit, in the form that kernels read.

They are centres and standard deviations, of logarithms where it says so.
"""

import math
from typing import NamedTuple

import numpy as np

SPREAD_OF_SPREADS = (
    0.4  # Of the logarithm of a population's standard deviation around its typical value
)


class Priors(NamedTuple):
    """Shared and own parameters are logarithms, in the order of `months.NAMES`."""

    shared: np.ndarray  # (2, 3): centre and standard deviation
    own: (
        np.ndarray
    )  # (3, 4): centre and standard deviation of the population's mean, typical spread of dyads
    mean: np.ndarray  # (3,): the same of long-run means, log-odds
    volume: np.ndarray  # (3,): the same of volume effects
    headroom: (
        np.ndarray
    )  # (4,): the same of logarithms of headrooms, and the typical spread of a dyad's eras


def read_priors(spec, periods_a_month=1.0) -> Priors:
    """Read the priors of a `forecast.model.spec.ModelSpec`, in periods of any length."""
    given = spec.priors.rescale_time(periods_a_month) if periods_a_month != 1.0 else spec.priors
    shared = [
        given.trend_half_life,
        given.concentration,
        (math.log(given.trend_jump), SPREAD_OF_SPREADS),
    ]
    own = [
        (*getattr(given, name), getattr(given, f"{name}_dyads"))
        for name in ("trend_step", "cycle_half_life", "cycle_sd", "noise")
    ]
    return Priors(
        np.array(shared).T.copy(),
        np.array(own).T.copy(),
        np.array([*given.trend_mean, given.trend_mean_dyads]),
        np.array([*given.volume_effect, given.volume_effect_dyads]),
        np.array([*given.headroom, given.headroom_dyads, given.headroom_eras]),
    )


def alone_populations(priors: Priors):
    """Return the populations that stand for the prior of a dyad alone.

    That prior has their whole spread.
    """
    own = np.r_[priors.own[0], np.log(np.hypot(priors.own[1], priors.own[2]))]
    of_means = [
        (centre, math.log(math.hypot(sd, spread)))
        for centre, sd, spread in (priors.mean, priors.volume)
    ]
    centre, sd, dyads, eras = priors.headroom
    return (
        own,
        np.ravel(of_means),
        np.array([centre, math.log(math.hypot(sd, dyads)), math.log(eras)]),
    )
