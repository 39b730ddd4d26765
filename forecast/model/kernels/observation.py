r"""Likelihood of a month's events given the level: ordinal, overdispersed, month-specific noise integrated out.

Every feed :math:`q` and direction :math:`s` of a dyad-month with level :math:`\ell` reports counts :math:`y_{sq}` that
are Dirichlet-multinomial around the class probabilities of an ordered logit. The kernel returns the logarithm of

.. math:: \int \prod_{sq} \mathrm{DM}(y_{sq} \mid a_q \, p_q(\ell + \tau e + o_{sq})) \, N(e \mid 0, 1) \, de

by Gauss-Hermite quadrature, with its gradient. The exponentials separate,
:math:`\exp(\ell + \tau e - c) = \exp(\ell) \exp(\tau e) \exp(-c)`, and a product of :math:`(a + i)` needs one
logarithm, so that a month costs a handful of divisions a node.
"""

import math

import numpy as np

from forecast.model.kernels import kernel
from forecast.typing import Float, Index

# Above this many events of one class in a month the rising factorial is taken from log-gamma, below by its product.
PRODUCT_LIMIT = 16
# A month with more events than this keeps logarithms at every node, for the plain product could leave the floats.
PLAIN_LIMIT = 40
# Stands for the missing upper cutpoint of the top class: its formulas then need no branch.
NO_CUT = 1e30


@kernel
def digamma(x: float) -> float:
    """Digamma of a positive number: at most six steps of recurrence, then the asymptotic series (error below 1e-12)."""
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


@kernel
def rising_table(concentration: Float, busiest: int) -> tuple[Float, Float]:
    """Logarithms of the rising factorials of every concentration up to the busiest report, with their slopes."""
    value = np.zeros((concentration.size, busiest + 1))
    slope = np.zeros((concentration.size, busiest + 1))
    for q in range(concentration.size):
        if concentration[q] > 0.0:
            for n in range(busiest):
                value[q, n + 1] = value[q, n] + math.log(concentration[q] + n)
                slope[q, n + 1] = slope[q, n] + 1.0 / (concentration[q] + n)
    return value, slope


@kernel
def node_terms(
    n: int, stretch: float, base: Float, upper: Float, lower: Float, mass_scale: Float,
    strength: Float, inverse: Float, below_upper: Float, below_lower: Float, factor: Float,
) -> None:  # fmt: skip
    """Terms of the entries at one node; one array written a loop, so that the compiler can use vector instructions.

    With U and L the exponentials of a class's cutpoints and m that of the month, the shares below them are
    U / (U + m) and L / (L + m) and the class's probability (U - L) m / ((U + m) (L + m)), without cancellation.
    """
    for e in range(n):
        strength[e] = base[e] * stretch
    for e in range(n):
        inverse[e] = 1.0 / ((upper[e] + strength[e]) * (lower[e] + strength[e]))
    for e in range(n):
        below_upper[e] = upper[e] * (lower[e] + strength[e]) * inverse[e]
    for e in range(n):
        below_lower[e] = lower[e] * (upper[e] + strength[e]) * inverse[e]
    for e in range(n):
        factor[e] = mass_scale[e] * strength[e] * inverse[e]


@kernel
def node_gradients(
    n: int, node: float, stretch: float, base: Float, upper: Float, lower: Float,
    share: Float, below_upper: Float, below_lower: Float,
    by_level: Float, by_noise: Float, by_a: Float, by_upper: Float, by_lower: Float,
) -> None:  # fmt: skip
    """Add one node's slopes of the entries; ``share`` is the node's posterior weight times the slope in log(mass)."""
    for e in range(n):
        by_level[e] += share[e] * (below_upper[e] + below_lower[e] - 1.0)
    for e in range(n):
        by_noise[e] += node * share[e] * (below_upper[e] + below_lower[e] - 1.0)
    for e in range(n):
        by_a[e] += share[e]
    for e in range(n):
        by_upper[e] += share[e] * below_upper[e] * (lower[e] + base[e] * stretch)
    for e in range(n):
        by_lower[e] += share[e] * below_lower[e] * (upper[e] + base[e] * stretch)


@kernel
def observation_value_gradient(
    level: Float, offset: Float, cutpoint: Float, concentration: Float, noise: Float, shift: Float,
    blocks: Index, cells: Index, rows: Index, entries: Index, nodes: Float, weights: Float,
) -> tuple[Float, Float, Float, Float, Float, Float, Float]:  # fmt: skip
    """Log-likelihood and its gradients with respect to the first six arguments.

    ``level`` (node,); ``cutpoint`` (dataset, cut); ``concentration`` of 0 stands for no overdispersion (a plain
    multinomial); ``shift`` (node, dataset) is added to the level for what a dataset reports at a node, and is of no
    size where there is none. The sparse layout is that of :class:`forecast.model.observation.side.Counted`.
    """
    top, points = cutpoint.shape[1], nodes.size
    g_level, g_offset, g_cutpoint = np.zeros_like(level), np.zeros_like(offset), np.zeros_like(cutpoint)
    g_concentration, g_noise = np.zeros_like(concentration), np.zeros_like(noise)
    g_shift = np.zeros_like(shift)
    exp_level, exp_cut, exp_offset = np.exp(level), np.exp(cutpoint), np.exp(offset)
    exp_shift = np.exp(shift)
    busiest, most_entries, most_cells = 0, 0, 0
    for row in range(rows.shape[0]):
        busiest = max(busiest, rows[row, 4])
    for block in range(blocks.shape[0]):
        most_cells = max(most_cells, blocks[block, 2] - blocks[block, 1])
        most_entries = max(most_entries, blocks[block, 4] - blocks[block, 3])
    log_rising, log_rising_slope = rising_table(concentration, busiest)
    base, upper, lower, mass_scale, strength, inverse, share, by_level, by_noise, by_a, by_upper, by_lower = (
        np.empty(most_entries), np.empty(most_entries), np.empty(most_entries), np.empty(most_entries),
        np.empty(most_entries), np.empty(most_entries), np.empty(most_entries), np.empty(most_entries),
        np.empty(most_entries), np.empty(most_entries), np.empty(most_entries), np.empty(most_entries),
    )  # fmt: skip
    local_cell, cell_start = np.empty(most_entries, dtype=np.int64), np.empty(most_cells + 1, dtype=np.int64)
    below_upper, below_lower = np.empty((points, most_entries)), np.empty((points, most_entries))
    factor, relative = np.empty((points, most_entries)), np.empty((points, most_entries))
    logs, posterior = np.zeros((points, most_cells)), np.empty((points, most_cells))
    total = 0.0

    for block in range(blocks.shape[0]):
        d, first_cell, first = blocks[block, 0], blocks[block, 1], blocks[block, 3]
        n_cells, n = blocks[block, 2] - first_cell, blocks[block, 4] - first

        for c in range(n_cells):
            cell_start[c] = rows[cells[first_cell + c, 2], 2] - first
        cell_start[n_cells] = n
        for e in range(n):
            j, cell, row = entries[first + e, 0], entries[first + e, 2], entries[first + e, 3]
            s, q = rows[row, 0], rows[row, 1]
            local_cell[e] = cell - first_cell
            base[e] = exp_level[cells[cell, 1]] * exp_offset[d, s, q]
            if shift.size:
                base[e] *= exp_shift[cells[cell, 1], q]
            upper[e] = exp_cut[q, j] if j < top else NO_CUT
            lower[e] = exp_cut[q, j - 1] if j > 0 else 0.0
            a = concentration[q] if concentration[q] > 0.0 else 1.0
            mass_scale[e] = a * (upper[e] - lower[e])
        for k in range(points):
            node_terms(
                n, math.exp(noise[d] * nodes[k]), base, upper, lower, mass_scale,
                strength, inverse, below_upper[k], below_lower[k], factor[k],
            )  # fmt: skip
            for e in range(n):
                relative[k, e] = 1.0

        for e in range(n):  # classes counted more than once in the month
            count, cell, row = entries[first + e, 1], entries[first + e, 2], entries[first + e, 3]
            if count == 1:
                continue
            step = 1.0 if concentration[rows[row, 1]] > 0.0 else 0.0
            logarithmic = count > PRODUCT_LIMIT or cells[cell, 4] > PLAIN_LIMIT
            for k in range(points):
                mass = factor[k, e]
                if logarithmic:
                    logarithm, relative[k, e] = rising_factorial(mass, count, step)
                    logs[k, cell - first_cell] += logarithm
                    factor[k, e] = 1.0
                else:
                    product, slope = mass, 1.0
                    for i in range(1, count):
                        slope = slope * (mass + i * step) + product
                        product *= mass + i * step
                    factor[k, e] = product
                    relative[k, e] = mass * slope / product

        for k in range(points):
            for c in range(n_cells):
                product = weights[k]
                for e in range(cell_start[c], cell_start[c + 1]):
                    product *= factor[k, e]
                posterior[k, c] = product
        for c in range(n_cells):
            if cells[first_cell + c, 4] > PRODUCT_LIMIT:
                highest = logs[0, c]
                for k in range(1, points):
                    highest = max(highest, logs[k, c])
                total += highest
                for k in range(points):
                    posterior[k, c] *= math.exp(logs[k, c] - highest)
                    logs[k, c] = 0.0
            likelihood = 0.0
            for k in range(points):
                likelihood += posterior[k, c]
            total += math.log(likelihood)
            inverse_likelihood = 1.0 / likelihood
            for k in range(points):
                posterior[k, c] *= inverse_likelihood

        for e in range(n):
            by_level[e], by_noise[e], by_a[e], by_upper[e], by_lower[e] = 0.0, 0.0, 0.0, 0.0, 0.0
        for k in range(points):
            for e in range(n):
                share[e] = posterior[k, local_cell[e]] * relative[k, e]
            node_gradients(
                n, nodes[k], math.exp(noise[d] * nodes[k]), base, upper, lower,
                share, below_upper[k], below_lower[k], by_level, by_noise, by_a, by_upper, by_lower,
            )  # fmt: skip

        for e in range(n):
            j, cell, row = entries[first + e, 0], entries[first + e, 2], entries[first + e, 3]
            s, q = rows[row, 0], rows[row, 1]
            width = 1.0 / (upper[e] - lower[e])
            g_level[cells[cell, 1]] += by_level[e]
            g_offset[d, s, q] += by_level[e]
            if shift.size:
                g_shift[cells[cell, 1], q] += by_level[e]
            g_noise[d] += by_noise[e]
            if concentration[q] > 0.0:
                g_concentration[q] += by_a[e] / concentration[q]
            if j < top:
                g_cutpoint[q, j] += width * by_upper[e]
            if j > 0:
                g_cutpoint[q, j - 1] -= width * by_lower[e]

    for row in range(rows.shape[0]):
        q, n = rows[row, 1], rows[row, 4]
        total -= log_rising[q, n]
        g_concentration[q] -= log_rising_slope[q, n]
    return np.asarray(total), g_level, g_offset, g_cutpoint, g_concentration, g_noise, g_shift


# What a draw makes all but impossible stays a number, and so does a cutpoint out of all reach.
LEAST = 1e-300
FARTHEST = 200.0


@kernel
def odds(log_odds: float) -> float:
    """Exponential of log-odds, which are never out of reach."""
    return math.exp(min(log_odds, FARTHEST))


@kernel
def event_log_likelihood(
    level: Float, cutpoint: Float, concentration: Float, offset: Float, noise: Float,
    cell: Index, rows: Index, entries: Index, nodes: Float, weights: Float,
) -> Float:  # fmt: skip
    """Compute the log-likelihood of one cell's events at levels (draw, particle); parameters are by draw."""
    result = np.empty_like(level)
    d, plain, points, top = cell[0], cell[4] <= PLAIN_LIMIT, nodes.size, cutpoint.shape[2]
    first, behind = rows[cell[2], 2], rows[cell[3] - 1, 3]
    number = behind - first
    upper, lower, width, step = np.empty(number), np.empty(number), np.empty(number), np.empty(number)
    stretch, at, mass, at_node = np.empty(points), np.empty(points), np.empty(points), np.empty(points)
    for i in range(level.shape[0]):
        constant = 0.0
        for k in range(points):
            stretch[k] = math.exp(noise[i, d] * nodes[k])
        for row in range(cell[2], cell[3]):
            s, q, a = rows[row, 0], rows[row, 1], concentration[i, rows[row, 1]]
            if a > 0.0:
                constant -= rising_factorial(a, rows[row, 4], 1.0)[0]
            # The offset of a direction and dataset moves its cutpoints the other way.
            shift = -offset[i, d, s, q]
            for e in range(rows[row, 2], rows[row, 3]):
                j, n = entries[e, 0], e - first
                lower[n] = odds(cutpoint[i, q, j - 1] + shift) if j > 0 else 0.0
                upper[n] = NO_CUT * max(1.0, lower[n])
                if j < top:
                    upper[n] = odds(cutpoint[i, q, j] + shift)
                width[n], step[n] = (upper[n] - lower[n]) * (a if a > 0.0 else 1.0), 1.0 if a > 0.0 else 0.0
        for m in range(level.shape[1]):
            strength = odds(level[i, m])
            for k in range(points):
                at[k] = strength * stretch[k]
                at_node[k] = weights[k] if plain else math.log(weights[k])
            for n in range(number):
                for k in range(points):
                    mass[k] = width[n] * at[k] / ((upper[n] + at[k]) * (lower[n] + at[k]))
                if plain:
                    for k in range(points):
                        at_node[k] *= mass[k]
                    for c in range(1, entries[first + n, 1]):
                        for k in range(points):
                            at_node[k] *= mass[k] + c * step[n]
                else:
                    for k in range(points):
                        at_node[k] += rising_factorial(mass[k], entries[first + n, 1], step[n])[0]
            if plain:
                result[i, m] = constant + math.log(max(at_node.sum(), LEAST))
            else:
                highest = at_node.max()
                result[i, m] = constant + highest + math.log(np.exp(at_node - highest).sum())
    return result
