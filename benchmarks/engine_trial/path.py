r"""Path of a dyad given its parameters.

It is made of Gaussian sites of the months, smoothing, draws and their weights.

The level of a month is :math:`\ell_t = m + b v_t + u_t + c_t`: long-run mean, effect of volume, the
trend's distance from the mean, and the cycle. Both are first-order processes around zero,

.. math:: u_{t+1} = r u_t + s \epsilon + (\text{jump}), \qquad c_{t+1} = \phi c_t + \sigma \epsilon,

over several months at once by their exact moments. What a month tells of its level is a Gaussian
site :math:`\exp(-\tfrac12 \tau \ell^2 + \nu \ell)`. Given sites, (u, c) is filtered once for three
columns, the data and the two regressors of (m, b), so that any normal prior of (m, b) is integrated
in closed form.
"""

import math
from typing import NamedTuple

import numpy as np
from compiled import kernel, small
from months import (
    CONCENTRATION,
    CYCLE_HALF_LIFE,
    CYCLE_SD,
    HALF_LIFE,
    JUMP,
    NOISE,
    START_SD,
    STEP,
)
from observation import NOISE_NODES, log_likelihood, log_rising, tilted

LEAST_PRECISION = 1e-5  # Of a site, in the inverse square of log-odds
LOG_TWO_PI = math.log(2.0 * math.pi)


class Moments(NamedTuple):
    """What trend and cycle keep and gain over each distinct gap, (gap,)."""

    trend_kept: np.ndarray
    trend_gained: np.ndarray  # Variance
    cycle_kept: np.ndarray
    cycle_gained: np.ndarray


class Sites(NamedTuple):
    """What months tell of their levels, (month,): zero where there are no events."""

    precision: np.ndarray
    shift: np.ndarray


class Regression(NamedTuple):
    """Log-likelihood of long-run mean m and volume effect b.

    It is constant - (m, b) P (m, b)' / 2 + (m, b) shift.
    """

    constant: float
    mean_mean: float
    mean_volume: float
    volume_volume: float
    mean_shift: float
    volume_shift: float


class Filtered(NamedTuple):
    """States (u, c) after each month and before it.

    They are covariances, and means by column (data, m, b).
    """

    before_cov: np.ndarray  # (month, 3): uu, uc, cc
    after_cov: np.ndarray
    before_mean: np.ndarray  # (month, 2, 3)
    after_mean: np.ndarray


@kernel
def moments_of(theta, gaps):
    """Moments of trend and cycle over the distinct gaps."""
    retention = 0.5 ** math.exp(-theta[HALF_LIFE])
    autoregression = 0.5 ** math.exp(-theta[CYCLE_HALF_LIFE])
    step2, cycle2 = math.exp(2.0 * theta[STEP]), math.exp(2.0 * theta[CYCLE_SD])
    out = np.empty((4, gaps.size))
    for g in range(gaps.size):
        kept, decayed = retention ** gaps[g], autoregression ** gaps[g]
        out[0, g] = kept
        out[1, g] = step2 * (1.0 - kept * kept) / (1.0 - retention * retention)
        out[2, g] = decayed
        out[3, g] = cycle2 * (1.0 - decayed * decayed)
    return Moments(out[0], out[1], out[2], out[3])


@small
def posterior_of(regression, prior):
    """Log-evidence, mean and covariance of (m, b) under a prior.

    The prior is means and standard deviations of both.
    """
    prior_mm, prior_bb = prior[1] ** -2.0, prior[3] ** -2.0
    mm = regression.mean_mean + prior_mm
    bb = regression.volume_volume + prior_bb
    mb = regression.mean_volume
    shift_m = regression.mean_shift + prior_mm * prior[0]
    shift_b = regression.volume_shift + prior_bb * prior[2]
    determinant = mm * bb - mb * mb
    cov_mm, cov_mb, cov_bb = bb / determinant, -mb / determinant, mm / determinant
    mean_m = cov_mm * shift_m + cov_mb * shift_b
    mean_b = cov_mb * shift_m + cov_bb * shift_b
    log_evidence = regression.constant + 0.5 * math.log(prior_mm * prior_bb / determinant)
    log_evidence += 0.5 * (mean_m * shift_m + mean_b * shift_b)
    log_evidence -= 0.5 * (prior_mm * prior[0] ** 2 + prior_bb * prior[2] ** 2)
    return log_evidence, mean_m, mean_b, cov_mm, cov_mb, cov_bb


@kernel
def evidence(regression, prior):
    """Log-likelihood of a dyad under a prior of (m, b)."""
    return posterior_of(regression, prior)[0]


@kernel
def log_norms_of(a, months):
    """Logarithm of what the likelihood of each month is divided by."""
    out = np.empty(months.gap.size)
    for t in range(out.size):
        out[t] = log_rising(a, months.cooperative[t] + months.hostile[t])
    return out


@kernel
def filter_path(theta, months, sites, prior, find_sites):
    """Filter a dyad.

    With `find_sites` each month's site is what matches its moments (assumed density).

    Returns the filtered states, the regression on (m, b) by the sites, and the assumed-density
    log-likelihood.
    """
    size = months.gap.size
    moments = moments_of(theta, months.gaps)
    a, noise, jump2 = (
        math.exp(theta[CONCENTRATION]),
        math.exp(theta[NOISE]),
        math.exp(2.0 * theta[JUMP]),
    )
    before_cov, after_cov = np.empty((size, 3)), np.empty((size, 3))
    before_mean, after_mean = np.empty((size, 2, 3)), np.empty((size, 2, 3))
    uu, uc, cc = START_SD**2, 0.0, math.exp(2.0 * theta[CYCLE_SD])
    u_data, u_m, u_b, c_data, c_m, c_b = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    constant, log_likelihood_here = 0.0, 0.0
    prior_mm, prior_bb = prior[1] ** -2.0, prior[3] ** -2.0
    mm, mb, bb, shift_m, shift_b = 0.0, 0.0, 0.0, 0.0, 0.0
    for t in range(size):
        if t > 0:
            g = months.gap[t]
            r, c = moments.trend_kept[g], moments.cycle_kept[g]
            uu = r * r * uu + moments.trend_gained[g] + months.begins[t] * jump2
            uc *= r * c
            cc = c * c * cc + moments.cycle_gained[g]
            u_data, u_m, u_b = r * u_data, r * u_m, r * u_b
            c_data, c_m, c_b = c * c_data, c * c_m, c * c_b
        before_cov[t, 0], before_cov[t, 1], before_cov[t, 2] = uu, uc, cc
        before_mean[t, 0, 0], before_mean[t, 0, 1], before_mean[t, 0, 2] = u_data, u_m, u_b
        before_mean[t, 1, 0], before_mean[t, 1, 1], before_mean[t, 1, 2] = c_data, c_m, c_b
        events = months.cooperative[t] + months.hostile[t]
        if events > 0:
            level_data = u_data + c_data
            by_m = 1.0 - u_m - c_m
            by_b = months.volume[t] - u_b - c_b
            state_variance = uu + 2.0 * uc + cc
            if find_sites:
                p_mm, p_bb = mm + prior_mm, bb + prior_bb
                determinant = p_mm * p_bb - mb * mb
                full_m, full_b = shift_m + prior_mm * prior[0], shift_b + prior_bb * prior[2]
                mean_m = (p_bb * full_m - mb * full_b) / determinant
                mean_b = (p_mm * full_b - mb * full_m) / determinant
                spread = by_m * by_m * p_bb - 2.0 * by_m * by_b * mb + by_b * by_b * p_mm
                mean = level_data + by_m * mean_m + by_b * mean_b
                variance = state_variance + spread / determinant
                log_norm = log_rising(a, events)
                log_z, new_mean, new_variance = tilted(
                    mean, variance, noise, months.cooperative[t], months.hostile[t], a, log_norm
                )
                log_likelihood_here += log_z
                precision = max(1.0 / new_variance - 1.0 / variance, LEAST_PRECISION)
                sites.precision[t] = precision
                # the site's centre moves the mean by as much as the match says
                sites.shift[t] = precision * mean + (new_mean - mean) * (precision + 1.0 / variance)
            precision = sites.precision[t]
            off = sites.shift[t] / precision - level_data
            total = state_variance + 1.0 / precision
            gain_u, gain_c = (uu + uc) / total, (uc + cc) / total
            u_data, u_m, u_b = u_data + gain_u * off, u_m + gain_u * by_m, u_b + gain_u * by_b
            c_data, c_m, c_b = c_data + gain_c * off, c_m + gain_c * by_m, c_b + gain_c * by_b
            uu, uc, cc = (
                uu - gain_u * gain_u * total,
                uc - gain_u * gain_c * total,
                cc - gain_c * gain_c * total,
            )
            constant += 0.5 * sites.shift[t] ** 2 / precision - 0.5 * math.log(precision * total)
            constant -= 0.5 * off * off / total
            mm += by_m * by_m / total
            mb += by_m * by_b / total
            bb += by_b * by_b / total
            shift_m += by_m * off / total
            shift_b += by_b * off / total
        after_cov[t, 0], after_cov[t, 1], after_cov[t, 2] = uu, uc, cc
        after_mean[t, 0, 0], after_mean[t, 0, 1], after_mean[t, 0, 2] = u_data, u_m, u_b
        after_mean[t, 1, 0], after_mean[t, 1, 1], after_mean[t, 1, 2] = c_data, c_m, c_b
    regression = Regression(constant, mm, mb, bb, shift_m, shift_b)
    filtered = Filtered(before_cov, after_cov, before_mean, after_mean)
    return filtered, regression, log_likelihood_here


class Backward(NamedTuple):
    """What a step back in time needs, (month,).

    It is gains on the month after, and the root of what is left.
    """

    gain: np.ndarray  # (month, 2, 2)
    root: np.ndarray  # (month, 3): lower triangle


@kernel
def backward_steps(theta, months, filtered):
    """Return gains and roots for every month but the last, whose root is that of its state."""
    size = months.gap.size
    moments = moments_of(theta, months.gaps)
    gain, root = np.zeros((size, 2, 2)), np.empty((size, 3))
    for t in range(size):
        uu, uc, cc = filtered.after_cov[t, 0], filtered.after_cov[t, 1], filtered.after_cov[t, 2]
        if t + 1 < size:
            g = months.gap[t + 1]
            r, c = moments.trend_kept[g], moments.cycle_kept[g]
            next_uu, next_uc, next_cc = (
                filtered.before_cov[t + 1, 0],
                filtered.before_cov[t + 1, 1],
                filtered.before_cov[t + 1, 2],
            )
            determinant = next_uu * next_cc - next_uc * next_uc
            u_u, u_c, c_u, c_c = uu * r, uc * c, uc * r, cc * c  # covariances with the month after
            gain[t, 0, 0] = (u_u * next_cc - u_c * next_uc) / determinant
            gain[t, 0, 1] = (u_c * next_uu - u_u * next_uc) / determinant
            gain[t, 1, 0] = (c_u * next_cc - c_c * next_uc) / determinant
            gain[t, 1, 1] = (c_c * next_uu - c_u * next_uc) / determinant
            uu -= gain[t, 0, 0] * u_u + gain[t, 0, 1] * u_c
            uc -= gain[t, 0, 0] * c_u + gain[t, 0, 1] * c_c
            cc -= gain[t, 1, 0] * c_u + gain[t, 1, 1] * c_c
        root[t, 0] = math.sqrt(max(uu, 1e-16))
        root[t, 1] = uc / root[t, 0]
        root[t, 2] = math.sqrt(max(cc - root[t, 1] ** 2, 1e-16))
    return Backward(gain, root)


@kernel
def smoothed_levels(months, filtered, backward, regression, prior):
    """Return mean and variance of every month's level, and the smoothed means (month, 2).

    They are given all months.
    """
    size = months.gap.size
    _, mean_m, mean_b, cov_mm, cov_mb, cov_bb = posterior_of(regression, prior)
    level, variance, states = np.empty(size), np.empty(size), np.empty((size, 2))
    mean = filtered.after_mean[size - 1].copy()
    uu, uc, cc = (
        filtered.after_cov[size - 1, 0],
        filtered.after_cov[size - 1, 1],
        filtered.after_cov[size - 1, 2],
    )
    for t in range(size - 1, -1, -1):
        if t < size - 1:
            g00, g01, g10, g11 = (
                backward.gain[t, 0, 0],
                backward.gain[t, 0, 1],
                backward.gain[t, 1, 0],
                backward.gain[t, 1, 1],
            )
            for column in range(3):
                off_u = mean[0, column] - filtered.before_mean[t + 1, 0, column]
                off_c = mean[1, column] - filtered.before_mean[t + 1, 1, column]
                mean[0, column] = filtered.after_mean[t, 0, column] + g00 * off_u + g01 * off_c
                mean[1, column] = filtered.after_mean[t, 1, column] + g10 * off_u + g11 * off_c
            d_uu = uu - filtered.before_cov[t + 1, 0]
            d_uc = uc - filtered.before_cov[t + 1, 1]
            d_cc = cc - filtered.before_cov[t + 1, 2]
            u_u, u_c = g00 * d_uu + g01 * d_uc, g00 * d_uc + g01 * d_cc
            c_u, c_c = g10 * d_uu + g11 * d_uc, g10 * d_uc + g11 * d_cc
            uu = filtered.after_cov[t, 0] + u_u * g00 + u_c * g01
            uc = filtered.after_cov[t, 1] + u_u * g10 + u_c * g11
            cc = filtered.after_cov[t, 2] + c_u * g10 + c_c * g11
        by_m = 1.0 - mean[0, 1] - mean[1, 1]
        by_b = months.volume[t] - mean[0, 2] - mean[1, 2]
        level[t] = mean[0, 0] + mean[1, 0] + by_m * mean_m + by_b * mean_b
        variance[t] = uu + 2.0 * uc + cc
        variance[t] += by_m * by_m * cov_mm + 2.0 * by_m * by_b * cov_mb + by_b * by_b * cov_bb
        states[t, 0] = mean[0, 0] - mean[0, 1] * mean_m - mean[0, 2] * mean_b
        states[t, 1] = mean[1, 0] - mean[1, 1] * mean_m - mean[1, 2] * mean_b
    return level, variance, states


@kernel
def improve_sites(theta, months, sites, filtered, regression, prior, sweeps, kept):
    """Sweep over all sites at once (expectation propagation), keeping a share of each.

    Write the sites.

    `filtered` and `regression` are those of the sites as they come.

    Returns the log-evidence of the last sweep's cavities, what the filter then gives, and the
    largest change of a month's mean in its own standard deviations.
    """
    a, noise = math.exp(theta[CONCENTRATION]), math.exp(theta[NOISE])
    log_norms = log_norms_of(a, months)
    site_constants, change = 0.0, 0.0
    backward = backward_steps(theta, months, filtered)
    for _ in range(sweeps):
        level, variance, _ = smoothed_levels(months, filtered, backward, regression, prior)
        site_constants, change = 0.0, 0.0
        evidence_before = posterior_of(regression, prior)[0]
        for t in range(level.size):
            if months.cooperative[t] + months.hostile[t] == 0:
                continue
            precision, shift = sites.precision[t], sites.shift[t]
            cavity = 1.0 / variance[t] - precision
            if cavity < 1e-3:
                continue
            mean = (level[t] / variance[t] - shift) / cavity
            log_z, new_mean, new_variance = tilted(
                mean, 1.0 / cavity, noise, months.cooperative[t], months.hostile[t], a, log_norms[t]
            )
            # Logarithm of the site's integral under its cavity, to compare with that of the month
            # itself.
            full = cavity + precision
            centre = (cavity * mean + shift) / full
            log_site = (
                0.5 * math.log(cavity / full) + 0.5 * full * centre**2 - 0.5 * cavity * mean**2
            )
            site_constants += log_z - log_site
            change = max(change, abs(new_mean - level[t]) / math.sqrt(variance[t]))
            new_precision = max(1.0 / new_variance - cavity, LEAST_PRECISION)
            new_shift = new_mean * (new_precision + cavity) - cavity * mean
            sites.precision[t] = kept * precision + (1.0 - kept) * new_precision
            sites.shift[t] = kept * shift + (1.0 - kept) * new_shift
        site_constants += evidence_before
        filtered, regression, _ = filter_path(theta, months, sites, prior, False)
        backward = backward_steps(theta, months, filtered)
    return site_constants, filtered, regression, backward, change


class Paths(NamedTuple):
    """Weighted draws of a dyad's path at one parameter point."""

    log_weight: np.ndarray  # (path,): unbiased for the likelihood, on average of their exponentials
    trend: np.ndarray  # (path, month): distance from the long-run mean
    cycle: np.ndarray
    mean: np.ndarray  # (path,): long-run mean
    volume_effect: np.ndarray


@kernel
def draw_paths(theta, months, sites, prior, filtered, regression, backward, normals):
    """Draw pairs of paths on both sides of the mean, and weigh them.

    The weight is the exact density over that of the draw.

    `normals` are standard normal, (pair, 2 * months + 2).
    """
    size, pairs = months.gap.size, normals.shape[0]
    a, noise = math.exp(theta[CONCENTRATION]), math.exp(theta[NOISE])
    noise_factors = np.exp(noise * NOISE_NODES)
    log_norms = log_norms_of(a, months)
    log_evidence, mean_m, mean_b, cov_mm, cov_mb, cov_bb = posterior_of(regression, prior)
    _, _, states = smoothed_levels(months, filtered, backward, regression, prior)
    root_m = math.sqrt(cov_mm)
    root_b = math.sqrt(max(cov_bb - cov_mb * cov_mb / cov_mm, 0.0))
    trend, cycle = np.empty((2 * pairs, size)), np.empty((2 * pairs, size))
    mean, effect, log_weight = np.empty(2 * pairs), np.empty(2 * pairs), np.empty(2 * pairs)
    for k in range(pairs):
        z = normals[k]
        off_m = root_m * z[2 * size]
        off_b = cov_mb / cov_mm * off_m + root_b * z[2 * size + 1]
        up, down = 2 * k, 2 * k + 1
        mean[up], mean[down] = mean_m + off_m, mean_m - off_m
        effect[up], effect[down] = mean_b + off_b, mean_b - off_b
        u, c = 0.0, 0.0
        total_up, total_down = log_evidence, log_evidence
        for t in range(size - 1, -1, -1):
            now_u = -filtered.after_mean[t, 0, 1] * off_m - filtered.after_mean[t, 0, 2] * off_b
            now_c = -filtered.after_mean[t, 1, 1] * off_m - filtered.after_mean[t, 1, 2] * off_b
            if t < size - 1:
                ahead_u = (
                    u
                    + filtered.before_mean[t + 1, 0, 1] * off_m
                    + filtered.before_mean[t + 1, 0, 2] * off_b
                )
                ahead_c = (
                    c
                    + filtered.before_mean[t + 1, 1, 1] * off_m
                    + filtered.before_mean[t + 1, 1, 2] * off_b
                )
                now_u += backward.gain[t, 0, 0] * ahead_u + backward.gain[t, 0, 1] * ahead_c
                now_c += backward.gain[t, 1, 0] * ahead_u + backward.gain[t, 1, 1] * ahead_c
            u = now_u + backward.root[t, 0] * z[2 * t]
            c = now_c + backward.root[t, 1] * z[2 * t] + backward.root[t, 2] * z[2 * t + 1]
            trend[up, t], trend[down, t] = states[t, 0] + u, states[t, 0] - u
            cycle[up, t], cycle[down, t] = states[t, 1] + c, states[t, 1] - c
            cooperative, hostile = months.cooperative[t], months.hostile[t]
            if cooperative + hostile == 0:
                continue
            centre = states[t, 0] + states[t, 1] + mean_m + mean_b * months.volume[t]
            off = u + c + off_m + off_b * months.volume[t]
            precision, shift = sites.precision[t], sites.shift[t]
            high, low = centre + off, centre - off
            total_up += log_likelihood(high, cooperative, hostile, a, noise_factors, log_norms[t])
            total_up += 0.5 * precision * high * high - shift * high
            total_down += log_likelihood(low, cooperative, hostile, a, noise_factors, log_norms[t])
            total_down += 0.5 * precision * low * low - shift * low
        log_weight[up], log_weight[down] = total_up, total_down
    return Paths(log_weight, trend, cycle, mean, effect)
