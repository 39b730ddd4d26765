r"""Transitions over any number of periods: the formulas of trend, cycle and ceiling, each written once.

With a half-life :math:`h`, a fraction :math:`r = 2^{-1 / h}` of a distance is left after a period,
and :math:`r^k` after :math:`k`. So a value :math:`x` moves within :math:`k` periods by

.. math:: x' = m (1 - r^k) + r^k x + \sqrt{v} \epsilon

around a mean :math:`m`. Of a trend, which makes a step of standard deviation :math:`s` in every
period and jumps by :math:`j` where an era begins, :math:`v = s^2 (1 - r^{2 k}) / (1 - r^2) + j^2`.
Of a cycle with the long-run standard deviation :math:`\tau`, :math:`v = \tau^2 (1 - r^{2 k})`.

The functions know numbers alone. They take arrays and PyTensor variables too, and numba compiles
those without a `backend` into the kernels of the sampler and into the filter of the claims.
"""

import math
from typing import Any

import numpy as np

LOG_TWO = math.log(2.0)


def decay(half_life: Any, periods: Any = 1.0) -> Any:
    """Return the fraction of a distance that is left after some periods.

    Examples
    --------
    >>> from forecast.model.process.transition import decay
    >>> decay(1.0), decay(2.0, 4)
    (0.5, 0.25)
    """
    return 0.5 ** (periods / half_life)


def log_decay(half_life: Any, periods: Any = 1.0) -> Any:
    """Return the logarithm of `decay`: the kernels take it, because its slope is simple."""
    return -LOG_TWO * periods / half_life


def log_decay_slope(half_life: Any, periods: Any = 1.0) -> Any:
    """Return the slope of `log_decay` in the half-life."""
    return LOG_TWO * periods / (half_life * half_life)


def drift(mean: Any, carry: Any) -> Any:
    """Return what reversion adds to a value of which the fraction `carry` is left."""
    return mean * (1.0 - carry)


def toward(value: Any, mean: Any, carry: Any) -> Any:
    """Return the value expected once the fraction `carry` of its distance from the mean is left."""
    return mean + carry * (value - mean)


def regained(carry: Any) -> Any:
    """Return the variance, as a fraction of that in the long run, around a value of which `carry` is left."""
    return 1.0 - carry * carry


def gathered(retention: Any, periods: Any, backend: Any = np) -> Any:
    """Return the variance of a unit step in each of some periods: the sum of even powers of the retention.

    Examples
    --------
    >>> from forecast.model.process.transition import gathered
    >>> float(gathered(0.5, 2)), float(gathered(1.0, 3))
    (1.25, 3.0)
    """
    walks = backend.greater_equal(retention, 1.0)
    # Where it walks, any number that is not divided by zero.
    kept = backend.where(walks, 0.5, retention)
    return backend.where(walks, periods, (1.0 - kept ** (2 * periods)) / regained(kept))


def gathered_by_log(log_retention: float, periods: float) -> float:
    """Return `gathered` of a retention below 1, by its logarithm.

    The kernels take this form: near a retention of 1 its slope keeps digits that differences of
    powers lose.
    """
    return math.expm1(2.0 * periods * log_retention) / math.expm1(2.0 * log_retention)


def gathered_slope(log_retention: float, periods: float, carry: float, total: float) -> float:
    """Return the slope of `gathered_by_log`, whose value is `total`, in the logarithm of the retention."""
    once = math.expm1(2.0 * log_retention)
    return 2.0 * (periods * carry * carry - total * (once + 1.0)) / once


def gathered_with_next(total: Any, retention: Any, step_variance: Any) -> Any:
    """Return the variance gathered a period later: the filter goes from month to month."""
    return total * retention * retention + step_variance


def trend_variance(step: Any, steps: Any, jump: Any, begins: Any) -> Any:
    """Return the variance of a trend's move, `steps` being what `gathered` says of its steps.

    An era begins in its last period where `begins` is 1.
    """
    return step * step * steps + jump * jump * begins


def long_run_variance(step_variance: Any, retention: Any) -> Any:
    """Return the long-run variance of a cycle, from that of a period's shock."""
    return step_variance / regained(retention)


def room(ceiling: Any, value: Any, spread: Any) -> Any:
    """Return how many spreads of its soft edge a ceiling is above a value."""
    return (ceiling - value) / spread


def softened(variance: Any, softness: Any) -> Any:
    """Return the variance of a move and a ceiling's soft edge together."""
    return variance + softness * softness
