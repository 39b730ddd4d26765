r"""Events of a month given its level: beta-binomial around a month-specific noise.

With level :math:`\ell`, noise :math:`\tau` and concentration :math:`a`, of :math:`n = k + h` events

.. math:: p(k, h \mid \ell) = \int \frac{(a p)_k \, (a (1 - p))_h}{(a)_n} N(e \mid 0, 1) \, de,
          \qquad p = \mathrm{logistic}(\ell + \tau e)

where :math:`(x)_n = x (x + 1) \dots (x + n - 1)`. Binomial coefficients are left out.
"""

import math

import numpy as np
from compiled import kernel, small

_AT, _WEIGHT = np.polynomial.hermite_e.hermegauss(7)  # The package's rule for the month noise
NOISE_NODES, NOISE_WEIGHTS = _AT, _WEIGHT / _WEIGHT.sum()
_AT, _WEIGHT = np.polynomial.hermite_e.hermegauss(13)  # For moments under a Gaussian cavity
NODES, WEIGHTS = _AT, _WEIGHT / _WEIGHT.sum()
MANY = 40  # Above so many events the product could leave the floats: gamma functions


@small
def log_rising(mass: float, count: int) -> float:
    """Logarithm of the rising factorial of a mass."""
    if count > 12:
        return math.lgamma(mass + count) - math.lgamma(mass)
    product = 1.0
    for i in range(count):
        product *= mass + i
    return math.log(product)


@small
def kernel_at(odds: float, a: float, cooperative: int, hostile: int) -> float:
    """Product of both rising factorials at odds of cooperation; of few events."""
    good = a * odds / (1.0 + odds)
    bad = a / (1.0 + odds)
    product = 1.0
    for i in range(cooperative):
        product *= good + i
    for i in range(hostile):
        product *= bad + i
    return product


@small
def log_kernel_at(odds: float, a: float, cooperative: int, hostile: int) -> float:
    """Logarithm of `kernel_at`, of any number of events."""
    good = max(a * odds / (1.0 + odds), 1e-290)
    bad = max(a / (1.0 + odds), 1e-290)
    return log_rising(good, cooperative) + log_rising(bad, hostile)


@small
def bounded_exp(x: float) -> float:
    """Exponential within what floats and probabilities hold."""
    return math.exp(min(max(x, -40.0), 40.0))


@kernel
def log_likelihood(level, cooperative, hostile, a, noise_factors, log_norm):
    """Log-likelihood of a month; `noise_factors` are exponentials of the noise at its nodes."""
    odds = bounded_exp(level)
    if cooperative + hostile <= MANY:
        total = 0.0
        for j in range(NOISE_NODES.size):
            total += NOISE_WEIGHTS[j] * kernel_at(odds * noise_factors[j], a, cooperative, hostile)
        return math.log(total) - log_norm
    top = -math.inf
    logs = np.empty(NOISE_NODES.size)
    for j in range(NOISE_NODES.size):
        logs[j] = log_kernel_at(odds * noise_factors[j], a, cooperative, hostile)
        top = max(top, logs[j])
    total = 0.0
    for j in range(NOISE_NODES.size):
        total += NOISE_WEIGHTS[j] * math.exp(logs[j] - top)
    return math.log(total) + top - log_norm


@small
def tilted(mean, variance, noise, cooperative, hostile, a, log_norm):
    """Log-normaliser, mean and variance of a level with a Gaussian cavity, given a month's events.

    Level and noise together are Gaussian with more variance; the level moves in proportion.
    """
    both = variance + noise * noise
    sd = math.sqrt(both)
    odds = bounded_exp(mean)
    total, first, second, top = 0.0, 0.0, 0.0, 0.0
    if cooperative + hostile <= MANY:
        half = NODES.size // 2
        for j in range(half, NODES.size):  # nodes are symmetric: one exponential serves two
            factor = bounded_exp(sd * NODES[j])
            up = WEIGHTS[j] * kernel_at(odds * factor, a, cooperative, hostile)
            if j == half:
                total += up
                continue
            down = WEIGHTS[j] * kernel_at(odds / factor, a, cooperative, hostile)
            total += up + down
            first += (up - down) * NODES[j]
            second += (up + down) * NODES[j] * NODES[j]
    else:
        top = -math.inf
        for j in range(NODES.size):
            one = log_kernel_at(bounded_exp(mean + sd * NODES[j]), a, cooperative, hostile)
            top = max(top, one)
        for j in range(NODES.size):
            one = log_kernel_at(bounded_exp(mean + sd * NODES[j]), a, cooperative, hostile)
            weight = WEIGHTS[j] * math.exp(one - top)
            total += weight
            first += weight * NODES[j]
            second += weight * NODES[j] * NODES[j]
    first /= total
    second /= total
    lost = (1.0 - (second - first * first)) / both
    new_mean = mean + variance * first / sd
    new_variance = variance - lost * variance * variance
    return math.log(total) + top - log_norm, new_mean, max(new_variance, 1e-9)
