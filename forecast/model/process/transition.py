r"""Transitions over any number of periods: the formulas of trend, cycle and ceiling, each once.

The *retention* is the fraction of a deviation that remains after some periods, and the package
uses this one word for it. With a half-life :math:`h` it is :math:`r = 2^{-1 / h}` after a period,
and :math:`r^k` after :math:`k`. A value :math:`x` thus moves within :math:`k` periods by

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


def retention_of(half_life: Any, periods: Any = 1.0) -> Any:
    """Return the fraction of a deviation that remains after some periods, by its half-life.

    Examples
    --------
    >>> from forecast.model.process.transition import retention_of
    >>> retention_of(1.0), retention_of(2.0, 4)
    (0.5, 0.25)
    """
    return 0.5 ** (periods / half_life)


def retention_over(retention: Any, periods: Any) -> Any:
    """Return the retention over some periods, given that over one.

    Examples
    --------
    >>> from forecast.model.process.transition import retention_over
    >>> retention_over(0.5, 3)
    0.125
    """
    return retention**periods


def retention_by_log(log_retention: Any, periods: Any, backend: Any = math) -> Any:
    """Return `retention_over` by the logarithm of the retention over one period."""
    return backend.exp(log_retention * periods)


def log_retention_of(half_life: Any, periods: Any = 1.0) -> Any:
    """Return the logarithm of `retention_of`: the kernels take it, because its slope is simple."""
    return -LOG_TWO * periods / half_life


def log_retention_slope(half_life: Any, periods: Any = 1.0) -> Any:
    """Return the slope of `log_retention_of` in the half-life."""
    return LOG_TWO * periods / (half_life * half_life)


def drift(mean: Any, retention: Any) -> Any:
    """Return what reversion to a mean adds to the part of a value that is retained."""
    return mean * (1.0 - retention)


def expected_value(value: Any, mean: Any, retention: Any) -> Any:
    """Return the value that reversion leads to on average, from the present one."""
    return mean + retention * (value - mean)


def innovation_fraction(retention: Any) -> Any:
    """Return the variance of the innovations, as a fraction of the long-run variance."""
    return 1.0 - retention * retention


def accumulated_variance(retention: Any, periods: Any, backend: Any = np) -> Any:
    """Return the variance after some periods of unit steps: the sum of the retention's even powers.

    Examples
    --------
    >>> from forecast.model.process.transition import accumulated_variance
    >>> float(accumulated_variance(0.5, 2)), float(accumulated_variance(1.0, 3))
    (1.25, 3.0)
    """
    walks = backend.greater_equal(retention, 1.0)
    # Both branches are computed: 0.5 stands for the retention of a walk, lest its closed form
    # divides by zero.
    below_one = backend.where(walks, 0.5, retention)
    closed_form = (1.0 - retention_over(below_one, 2 * periods)) / innovation_fraction(below_one)
    return backend.where(walks, periods, closed_form)


def accumulated_variance_by_log(log_retention: float, periods: float) -> float:
    """Return `accumulated_variance` of a retention below 1, by its logarithm.

    The kernels take this form: near a retention of 1 its slope keeps digits that differences of
    powers lose.
    """
    return math.expm1(2.0 * periods * log_retention) / math.expm1(2.0 * log_retention)


def accumulated_variance_slope(
    log_retention: float, periods: float, retention: float, variance: float
) -> float:
    """Return the slope of `accumulated_variance_by_log` in the logarithm of the retention.

    `log_retention` is that over one period, `retention` that over all of them, and `variance` the
    accumulated one.
    """
    squared_less_one = math.expm1(2.0 * log_retention)
    change = periods * retention * retention - variance * (squared_less_one + 1.0)
    return 2.0 * change / squared_less_one


def accumulated_variance_next(variance: Any, retention: Any, step_variance: Any) -> Any:
    """Return the variance accumulated a period later: the filter goes from month to month."""
    return variance * retention * retention + step_variance


def trend_variance(step: Any, unit_variance: Any, jump: Any, begins: Any) -> Any:
    """Return the variance of a trend's move, `unit_variance` being that of as many unit steps.

    An era begins in its last period where `begins` is 1.
    """
    return step * step * unit_variance + jump * jump * begins


def innovation_sd(long_run_sd: Any, retention: Any, backend: Any = np) -> Any:
    """Return the standard deviation of the innovations that keep a cycle at its long-run one."""
    return long_run_sd * backend.sqrt(innovation_fraction(retention))


def long_run_variance(innovation_variance: Any, retention: Any) -> Any:
    """Return the long-run variance of a cycle, from that of a period's innovation."""
    return innovation_variance / innovation_fraction(retention)


def standardised_headroom(ceiling: Any, value: Any, spread: Any) -> Any:
    """Return how far a ceiling is above a value, in spreads of its soft edge."""
    return (ceiling - value) / spread


def variance_with_edge(variance: Any, softness: Any) -> Any:
    """Return the variance of a move and of a ceiling's soft edge together."""
    return variance + softness * softness
