r"""Likelihood of a month's cooperative and hostile events given the level.

The month's noise is integrated out.

A *report* is what one dataset :math:`q` counts in one direction :math:`s` of a dyad and month:
:math:`c` cooperative and :math:`h` hostile events, beta-binomial with concentration :math:`a`
around a share. All reports of a month share its noise :math:`\tau e`, so that with :math:`o` the
offset of a report and :math:`(x)_n = x (x + 1) \dots (x + n - 1)`

.. math::

    p(c, h \mid \ell) = \int \prod_{sq} \frac{(a_q p_{sq})_c \, (a_q (1 - p_{sq}))_h}{(a_q)_{c + h}}
    \, N(e \mid 0, 1) \, de, \qquad p_{sq} = \mathrm{logistic}(\ell + \tau e + o_{sq})

by Gauss-Hermite quadrature; binomial coefficients are left out. Months of the same counts stand in
one *chunk* and are computed side by side, so that the processor's vector instructions do several at
once.
"""

import math
from typing import NamedTuple

import numpy as np

from forecast.base.typing import Float, Index
from forecast.model.kernels import kernel

MANY_EVENTS = 40
"""Events of a month above which products could leave the floats, so that their logarithms are
summed."""
PRODUCT_LIMIT = 16
"""Count up to which a rising factorial is taken from its product, above from log-gamma."""
LOG_ODDS_LIMIT = 200.0
"""Log-odds are clipped to this, so that a likelihood that is nearly zero stays a number."""


@kernel
def digamma(x: float) -> float:
    """Digamma of a positive number: six steps of recurrence at most, then the asymptotic series.

    The error is below 1e-12.
    """
    shift = 0.0
    for _ in range(6):
        if x >= 6.0:
            break
        shift -= 1.0 / x
        x += 1.0
    r = 1.0 / (x * x)
    series = r * (
        1 / 12 - r * (1 / 120 - r * (1 / 252 - r * (1 / 240 - r * (1 / 132 - r * 691 / 32760))))
    )
    return shift + math.log(x) - 0.5 / x - series


@kernel
def rising_factorial(mass: float, count: int, step: float) -> tuple[float, float]:
    """Logarithm of ``mass (mass + step) ... (mass + (count - 1) step)`` and its slope in log(mass).

    Step is 0 or 1.
    """
    if step == 0.0:
        return count * math.log(mass), float(count)
    if count > PRODUCT_LIMIT:
        return math.lgamma(mass + count) - math.lgamma(mass), mass * (
            digamma(mass + count) - digamma(mass)
        )
    factor, slope = mass, 1.0
    for i in range(1, count):
        factor *= mass + i
        slope += mass / (mass + i)
    return math.log(factor), slope


@kernel
def rising_table(concentration: Float, busiest: int) -> tuple[Float, Float]:
    """Return log rising factorials up to the busiest report, by concentration, and slopes."""
    value = np.zeros((concentration.size, busiest + 1))
    slope = np.zeros((concentration.size, busiest + 1))
    for q in range(concentration.size):
        if concentration[q] > 0.0:
            for n in range(busiest):
                value[q, n + 1] = value[q, n] + math.log(concentration[q] + n)
                slope[q, n + 1] = slope[q, n] + 1.0 / (concentration[q] + n)
    return value, slope


class Reports(NamedTuple):
    """Counts of all months, those of the same counts together."""

    # Of every chunk: its months, the reports of each month, the position of its first month in
    # `months`, and that of its first report in `counts`
    chunks: Index
    months: Index  # Node and dyad of every month of the chunks
    # Cooperative and hostile events, direction and dataset of each report of a chunk's months
    counts: Index


@kernel
def rising_products(
    mass: Float, size: int, count: int, step: float, product: Float, slope: Float
) -> None:
    """Write rising factorials of masses and their slopes in the masses.

    Step is 0 without overdispersion.
    """
    for j in range(size):
        product[j] = 1.0
        slope[j] = 0.0
    for i in range(count):
        added = i * step
        for j in range(size):
            slope[j] = slope[j] * (mass[j] + added) + product[j]
            product[j] *= mass[j] + added


class Space(NamedTuple):
    """Work space of a chunk; arrays hold a month's nodes of the noise one after the other."""

    odds: Float
    # Parameters of the beta distribution: concentration times share of a side
    cooperative_mass: Float
    hostile_mass: Float
    cooperative_product: Float
    cooperative_slope: Float
    hostile_product: Float
    hostile_slope: Float
    # Likelihood at a node of the quadrature or, of many events, its logarithm; then the node's
    # share of the likelihood of the month
    value: Float


@kernel
def few_events(
    size: int,
    cooperative: int,
    hostile: int,
    mass: float,
    step: float,
    s: Space,
    by_level: Float,
    by_mass: Float,
) -> None:
    """Multiply the likelihoods by those of a report, and write the slopes of its logarithm.

    Each loop does one thing, so that the compiler makes vector instructions of it.
    """
    for j in range(size):
        s.hostile_mass[j] = mass / (1.0 + s.odds[j])
        s.cooperative_mass[j] = s.odds[j] * s.hostile_mass[j]
    rising_products(
        s.cooperative_mass, size, cooperative, step, s.cooperative_product, s.cooperative_slope
    )
    rising_products(s.hostile_mass, size, hostile, step, s.hostile_product, s.hostile_slope)
    for j in range(size):
        by_level[j] = (
            s.cooperative_slope[j] * s.hostile_product[j]
            - s.cooperative_product[j] * s.hostile_slope[j]
        )
    for j in range(size):
        by_level[j] *= s.cooperative_mass[j] * s.hostile_mass[j]
    for j in range(size):
        by_mass[j] = s.cooperative_slope[j] * s.hostile_product[j] * s.cooperative_mass[j]
    for j in range(size):
        by_mass[j] += s.cooperative_product[j] * s.hostile_slope[j] * s.hostile_mass[j]
    for j in range(size):
        s.cooperative_product[j] *= s.hostile_product[j]
    for j in range(size):
        s.value[j] *= s.cooperative_product[j]
    for j in range(size):
        s.hostile_product[j] = 1.0 / (s.cooperative_product[j] * mass)
    for j in range(size):
        by_level[j] *= s.hostile_product[j]
    for j in range(size):
        by_mass[j] *= s.hostile_product[j]


@kernel
def many_events(
    size: int,
    cooperative: int,
    hostile: int,
    mass: float,
    step: float,
    s: Space,
    by_level: Float,
    by_mass: Float,
) -> None:
    """Add the logarithms of a report's likelihoods, and write their slopes."""
    for j in range(size):
        share = s.odds[j] / (1.0 + s.odds[j])
        up, down = 0.0, 0.0
        if cooperative > 0:
            log_cooperative, up = rising_factorial(mass * share, cooperative, step)
            s.value[j] += log_cooperative
        if hostile > 0:
            log_hostile, down = rising_factorial(mass * (1.0 - share), hostile, step)
            s.value[j] += log_hostile
        by_level[j] = up * (1.0 - share) - down * share
        by_mass[j] = (up + down) / mass


@kernel
def shares_of_nodes(months: int, many: bool, weights: Float, value: Float) -> float:
    """Turn the likelihoods at the nodes into shares of their month's likelihood.

    Return the sum of the logarithms of the months' likelihoods.
    """
    total, points = 0.0, weights.size
    for m in range(months):
        first, highest = m * points, 0.0
        if many:
            highest = value[first]
            for k in range(1, points):
                highest = max(highest, value[first + k])
            for k in range(points):
                value[first + k] = weights[k] * math.exp(value[first + k] - highest)
        likelihood = 0.0
        for k in range(points):
            likelihood += value[first + k]
        total += highest + math.log(likelihood)
        inverse = 1.0 / likelihood
        for k in range(points):
            value[first + k] *= inverse
    return total


@kernel
def sides_value_gradient(
    level: Float,
    offset: Float,
    concentration: Float,
    noise: Float,
    shift: Float,
    chunks: Index,
    months_of_chunks: Index,
    counts: Index,
    nodes: Float,
    weights: Float,
) -> tuple[Float, Float, Float, Float, Float, Float]:
    """Log-likelihood and its gradients with respect to the first five arguments.

    ``level`` (node,); ``offset`` (dyad, direction, dataset); ``concentration`` (dataset,), all 0
    without overdispersion; ``noise`` (dyad,); ``shift`` (node, dataset) is added to the level for
    what a dataset reports, and is of no size where there is none. The layout is that of `Reports`.

    Chunk by chunk: the likelihood of every report at every node, then the nodes' shares of the
    likelihood of their month, then slopes as the mean over nodes. It is one function, because one
    that is cut compiles to other last digits.
    """
    # Sizes of the work space: the most values, reports of a month and events of a report
    points, most, widest, busiest = nodes.size, 0, 1, 0
    for chunk in range(chunks.shape[0]):
        most, widest = max(most, chunks[chunk, 0] * points), max(widest, chunks[chunk, 1])
    for row in range(counts.shape[0]):
        busiest = max(busiest, counts[row, 0] + counts[row, 1])
    g_level, g_offset, g_shift = np.zeros_like(level), np.zeros_like(offset), np.zeros_like(shift)
    g_concentration, g_noise = np.zeros_like(concentration), np.zeros_like(noise)
    log_norm, log_norm_slope = rising_table(concentration, busiest)
    step = 1.0 if concentration[0] > 0.0 else 0.0
    exp_level, exp_offset, exp_shift = np.exp(level), np.exp(offset), np.exp(shift)
    stretch = np.empty((noise.size, points))
    for d in range(noise.size):
        for k in range(points):
            stretch[d, k] = math.exp(noise[d] * nodes[k])
    by_level, by_mass = np.empty((widest, most)), np.empty((widest, most))
    s = Space(
        np.empty(most),
        np.empty(most),
        np.empty(most),
        np.empty(most),
        np.empty(most),
        np.empty(most),
        np.empty(most),
        np.empty(most),
    )
    total = 0.0
    for chunk in range(chunks.shape[0]):
        # One pattern of counts, with many months that have it
        months, number_of_reports, first, first_count = (
            chunks[chunk, 0],
            chunks[chunk, 1],
            chunks[chunk, 2],
            chunks[chunk, 3],
        )
        size, events = months * points, 0
        for r in range(number_of_reports):
            events += counts[first_count + r, 0] + counts[first_count + r, 1]
        many = events > MANY_EVENTS
        for m in range(months):
            for k in range(points):
                s.value[m * points + k] = 0.0 if many else weights[k]
        for r in range(number_of_reports):
            cooperative, hostile, direction, q = (
                counts[first_count + r, 0],
                counts[first_count + r, 1],
                counts[first_count + r, 2],
                counts[first_count + r, 3],
            )
            for m in range(months):
                i, d = months_of_chunks[first + m, 0], months_of_chunks[first + m, 1]
                base = exp_level[i] * exp_offset[d, direction, q]
                if shift.size:
                    base *= exp_shift[i, q]
                for k in range(points):
                    s.odds[m * points + k] = base * stretch[d, k]
            mass = concentration[q] if step > 0.0 else 1.0
            if many:
                many_events(size, cooperative, hostile, mass, step, s, by_level[r], by_mass[r])
            else:
                few_events(size, cooperative, hostile, mass, step, s, by_level[r], by_mass[r])
        total += shares_of_nodes(months, many, weights, s.value)
        for r in range(number_of_reports):
            direction, q = counts[first_count + r, 2], counts[first_count + r, 3]
            for m in range(months):
                level_slope, noise_slope = 0.0, 0.0
                for k in range(points):
                    part = s.value[m * points + k] * by_level[r, m * points + k]
                    level_slope += part
                    noise_slope += nodes[k] * part
                i, d = months_of_chunks[first + m, 0], months_of_chunks[first + m, 1]
                g_level[i] += level_slope
                g_offset[d, direction, q] += level_slope
                if shift.size:
                    g_shift[i, q] += level_slope
                g_noise[d] += noise_slope
            number = counts[first_count + r, 0] + counts[first_count + r, 1]
            total -= months * log_norm[q, number]
            if step > 0.0:
                mass_slope = 0.0
                for j in range(size):
                    mass_slope += s.value[j] * by_mass[r, j]
                g_concentration[q] += mass_slope - months * log_norm_slope[q, number]
    return np.asarray(total), g_level, g_offset, g_concentration, g_noise, g_shift


@kernel
def month_log_likelihood(
    level: Float,
    offset: Float,
    concentration: Float,
    noise: Float,
    dyad: int,
    reports: Index,
    nodes: Float,
    weights: Float,
) -> Float:
    """Log-likelihood of one month's events at levels (draw, particle); parameters are by draw.

    ``reports`` are the counts of the month, as `Reports.counts` has them.
    """
    result = np.empty_like(level)
    at_node = np.empty(nodes.size)
    for i in range(level.shape[0]):
        norm = 0.0
        for r in range(reports.shape[0]):
            mass = concentration[i, reports[r, 3]]
            if mass > 0.0:
                norm += rising_factorial(mass, reports[r, 0] + reports[r, 1], 1.0)[0]
        for m in range(level.shape[1]):
            highest = -math.inf
            for k in range(nodes.size):
                total = math.log(weights[k])
                for r in range(reports.shape[0]):
                    direction, q = reports[r, 2], reports[r, 3]
                    log_odds = (
                        level[i, m] + noise[i, dyad] * nodes[k] + offset[i, dyad, direction, q]
                    )
                    odds = math.exp(max(-LOG_ODDS_LIMIT, min(LOG_ODDS_LIMIT, log_odds)))
                    step = 1.0 if concentration[i, q] > 0.0 else 0.0
                    mass = concentration[i, q] if step > 0.0 else 1.0
                    if reports[r, 0] > 0:
                        total += rising_factorial(mass * odds / (1.0 + odds), reports[r, 0], step)[
                            0
                        ]
                    if reports[r, 1] > 0:
                        total += rising_factorial(mass / (1.0 + odds), reports[r, 1], step)[0]
                at_node[k] = total
                highest = max(highest, total)
            likelihood = 0.0
            for k in range(nodes.size):
                likelihood += math.exp(at_node[k] - highest)
            result[i, m] = highest + math.log(likelihood) - norm
    return result
