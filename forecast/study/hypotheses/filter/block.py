"""State of the filter at several points at once: a record of arrays with a lane for each point.

Points go through the same months in blocks. The compiler turns loops over lanes into vector
instructions, because it knows their length, and unrolls loops over nodes. It may not change the
order of sums: a lane that is not computed by vectors would have other digits. In loops ``i`` is a
lane and ``j`` a node.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from forecast.model.kernels import kernel
from forecast.study.hypotheses.filter.inputs import PARAMETERS

NODES = 8  # Gauss-Hermite nodes of a month's level
FORCE_NODES = 5  # of the distance on which a force acts
LANES = 8  # points computed together; fewer take almost as long, and more are often empty

# Variables of the state. The anchored one is the trend at the start of an era under a ceiling, and
# the offset of a source otherwise.
TREND = 0
CYCLE = 1
EFFECT = 2
LONG_RUN = 3
ANCHORED = 4
STATE = 5

_BY_LANE = (
    *PARAMETERS,
    "edge",  # soft edge of a bound together with a step
    # Over the months since the last step: retention of trend and cycle, and the trend's variance
    "trend_gap_retention",
    "cycle_gap_retention",
    "trend_gap_variance",
    # A combination of the state, such as a month's level: its mean and variance.
    "level",
    "spread2",
    # Derivatives of a month's log-likelihood in the mean of its level; the second with a minus.
    "score",
    "information",
    "variance_lost",  # of the trend, to bounds in a month
    # Likelihood of the last steps, and the logarithm of that of all steps before.
    "recent_likelihood",
    "log_likelihood",
)
_BY_NODE = (
    "likelihood",  # of a month's events, and last what it is divided by
    "cooperative_shape",  # of the beta distribution of a month's share
    "hostile_shape",
    "log_likelihood_of_node",
)
BLOCK = np.dtype(
    [(name, np.float64, (LANES,)) for name in _BY_LANE]
    + [(name, np.float64, ((NODES + 1) * LANES,)) for name in _BY_NODE]
    + [
        ("force_move", np.float64, (FORCE_NODES * LANES,)),  # of the trend in a month, by node
        ("mean", np.float64, (STATE, LANES)),
        ("covariance", np.float64, (STATE, STATE, LANES)),  # the upper triangle
        ("along", np.float64, (STATE, LANES)),  # covariances of the state with the combination
    ]
)

# Optimisations that the compiler may make: all but to change the order of sums.
IN_ORDER = {"nnan", "ninf", "nsz", "contract"}


def compiled[F: Callable[..., Any]](function: F) -> F:
    """Compile a function without changing the order of its sums."""
    return kernel(function, fastmath=IN_ORDER)
