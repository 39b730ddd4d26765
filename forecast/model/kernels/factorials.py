"""Rising factorials of class masses, and what else the events of a month need of numbers: without PyTensor."""

import math

from forecast.model.kernels import kernel

# Above this many events of one class in a month the rising factorial is taken from log-gamma, below by its product.
PRODUCT_LIMIT = 16
# A month with more events than this keeps logarithms at every node, for the plain product could leave the floats.
PLAIN_LIMIT = 40
# Stands for the missing upper cutpoint of the top class: its formulas then need no branch.
NO_CUT = 1e30


@kernel
def digamma(x: float) -> float:
    """Digamma of a positive number: recurrence up to 6, then the asymptotic series (error below 1e-12).

    Six steps at most, whatever comes: a sampler that tries a far-off point hands over what is no number, of which no
    comparison says that it is large enough.
    """
    shift = 0.0
    for _ in range(6):
        if x >= 6.0:
            break
        shift -= 1.0 / x
        x += 1.0
    r = 1.0 / (x * x)
    series = r * (1 / 12 - r * (1 / 120 - r * (1 / 252 - r * (1 / 240 - r * (1 / 132 - r * 691 / 32760)))))
    return shift + math.log(x) - 0.5 / x - series


@kernel
def rising_factorial(mass: float, count: int, step: float) -> tuple[float, float]:
    """Logarithm of ``mass (mass + step) ... (mass + (count - 1) step)`` and its slope in log(mass); step is 0 or 1."""
    if step == 0.0:
        return count * math.log(mass), float(count)
    if count > PRODUCT_LIMIT:
        return math.lgamma(mass + count) - math.lgamma(mass), mass * (digamma(mass + count) - digamma(mass))
    factor, slope = mass, 1.0
    for i in range(1, count):
        factor *= mass + i
        slope += mass / (mass + i)
    return math.log(factor), slope
