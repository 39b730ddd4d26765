r"""Exact chain of all parameters and paths.

Surfaces and sites propose, and weights of single dyads decide.

The path of a dyad is a map of standard normals, :math:`x = T_\theta(z)`, from the Gaussian that its
sites make of the posterior. In terms of :math:`z` the posterior is :math:`p(\theta) N(z)
w_\theta(z)`, where the weight :math:`w` is the density of path, events and ceilings over that of
the map. A pair of paths, :math:`T(z)` and :math:`T(-z)`, is kept together; its weight :math:`\hat
L` is the mean of both, and either is drawn by its own weight where one path is needed.

A sweep has these parts, each of which leaves the posterior as it is:

1. Every dyad given all the others: own parameters from a short chain on its surface :math:`S`,
   paths afresh in pairs or, sometimes, near the old ones (:math:`z' = \rho z + \sqrt{1 - \rho^2}
   \epsilon`); accepted with :math:`\hat L' S / (\hat L S')`. The old parameters have as many pairs,
   their own and fresh ones (conditional importance sampling: Andrieu, Doucet and Holenstein 2010).
2. Populations given the dyads: of own parameters, of long-run means and volume effects, and of
   headrooms, which are integrated.
3. Shared parameters and populations by a chain on the sum of surfaces, dyads moving along (not
   centred), then accepted by the product of all :math:`\hat L' S / (\hat L S')` with the normals
   held (delayed acceptance; correlated pseudo-marginal: Deligiannidis, Doucet and Pitt 2018).
"""

import math
from typing import NamedTuple

import numpy as np
from ceiling import (
    DYAD_NODES,
    GRID,
    ceiling_factors,
    ceiling_weight,
    draw_headrooms,
    dyad_weights,
    pick,
)
from compiled import kernel
from evidence import evidence_at
from hierarchy import (
    BY_GAUSSIAN,
    COUNTS,
    GLOBAL,
    KINDS,
    copy_into,
    draw_all_populations_of_own,
    draw_populations_of_means,
    new_state,
    prior_of,
    step_own,
    steps_of_all,
    theta_of,
)
from months import JUMP, OWN, START_SD, dyad_of
from path import (
    Backward,
    Filtered,
    Regression,
    Sites,
    draw_paths,
    moments_of,
    posterior_of,
    smoothed_levels,
)
from priors import SPREAD_OF_SPREADS
from surface import shifted

SITE_SWEEPS = 1  # Of expectation propagation after the assumed-density pass, for sites of paths
HEADROOM_STEPS = 15  # Of the headrooms' population in a sweep
HEADROOM_STEP = 0.35  # Size of one


class Plan(NamedTuple):
    """How much a sweep does."""

    refreshed: float = 0.6  # Share of dyads that are refreshed in a sweep
    own_steps: int = 8  # On a dyad's surface, between two exact decisions on it
    near: float = 0.4  # Share of refreshments whose paths stay near the old ones
    near_steps: int = 2  # On a dyad's surface, for these
    near_kept: float = 0.9  # Correlation of their normals
    joint_steps: int = 600  # On the sum of surfaces, between two exact decisions on all parameters
    joint_own: float = 0.7  # Share of these that are of one dyad's own parameters
    # Share of dyads whose own parameters these may move: one that is stuck must not stop all
    joint_moving: float = 0.6
    joint_small: float = 0.4  # Share of these with a quarter of the steps, all of them near


ALONE = Plan(
    joint_small=0.0, joint_moving=1.0, refreshed=1.0, joint_steps=100
)  # One dyad has no other to wait for


class Smoother(NamedTuple):
    """What paths of a dyad are drawn from at its parameters."""

    sites: Sites
    filtered: Filtered
    regression: Regression
    backward: Backward


class Pairs(NamedTuple):
    """Weighed paths, those of a pair one after the other."""

    log_weight: np.ndarray  # (path,)
    log_mean: float  # Logarithm of the weights' mean: an unbiased estimate of the likelihood
    trend: np.ndarray  # (path, month): distance from the long-run mean
    cycle: np.ndarray
    mean: np.ndarray  # (path,): long-run mean
    volume_effect: np.ndarray
    factors: np.ndarray  # (path, era, headroom): of the ceilings
    by_node: np.ndarray  # (path, node): weight of the ceilings by node of the dyad's mean headroom


@kernel
def smoother_at(theta, months, reference):
    """Find the sites of a dyad at its parameters; they do not depend on populations."""
    _, regression, sites, filtered, backward = evidence_at(theta, months, reference, SITE_SWEEPS)
    return Smoother(sites, filtered, regression, backward)


@kernel
def log_mean_exp(values):
    """Logarithm of the mean of exponentials."""
    top = values.max()
    if not math.isfinite(top):
        return -math.inf
    total = 0.0
    for i in range(values.size):
        total += math.exp(values[i] - top)
    return top + math.log(total / values.size)


@kernel
def weigh_pairs(theta, months, eras, smoother, prior, node_weights, normals, ceilings):
    """Make pairs of paths of normals, (pair, 2 * months + 2), and weigh them."""
    s = smoother
    paths = draw_paths(theta, months, s.sites, prior, s.filtered, s.regression, s.backward, normals)
    number = paths.log_weight.size
    log_weight = paths.log_weight.copy()
    factors, by_node = np.ones((number, eras, GRID.size)), np.ones((number, DYAD_NODES.size))
    if ceilings:
        moments = moments_of(theta, months.gaps)
        for k in range(number):
            ceiling_factors(paths.trend[k], months, moments, factors[k])
            below = ceiling_weight(factors[k], eras, node_weights, by_node[k])
            log_weight[k] += math.log(max(below, 1e-300))
    for k in range(number):
        if not math.isfinite(log_weight[k]):
            log_weight[k] = -math.inf
    return Pairs(
        log_weight,
        log_mean_exp(log_weight),
        paths.trend,
        paths.cycle,
        paths.mean,
        paths.volume_effect,
        factors,
        by_node,
    )


@kernel
def pick_path(pairs):
    """Draw one of the paths by its weight."""
    top = pairs.log_weight.max()
    return pick(np.exp(pairs.log_weight - top))


@kernel
def write_normals(size, out):
    """Write standard normals."""
    for i in range(size):
        out[i] = np.random.standard_normal()


@kernel
def turn_to(path, normals, out):
    """Write the normals of a path.

    They are those of the first of its pair, or of the second with the sign changed.
    """
    sign = 1.0 - 2.0 * (path % 2)
    for i in range(out.size):
        out[i] = sign * normals[path // 2, i]


@kernel
def normals_of_mean(regression, prior, mean, volume_effect):
    """Return the normals that give a long-run mean and volume effect under a prior of both."""
    _, mean_m, mean_b, cov_mm, cov_mb, cov_bb = posterior_of(regression, prior)
    root_b = math.sqrt(max(cov_bb - cov_mb * cov_mb / cov_mm, 1e-300))
    off = mean - mean_m
    return off / math.sqrt(cov_mm), (volume_effect - mean_b - cov_mb / cov_mm * off) / root_b


@kernel
def normals_of_path(months, smoother, prior, trend, cycle, mean, volume_effect, out):
    """Write the normals that give a path; the inverse of `path.draw_paths`."""
    s, size = smoother, months.gap.size
    _, mean_m, mean_b, _, _, _ = posterior_of(s.regression, prior)
    _, _, states = smoothed_levels(months, s.filtered, s.backward, s.regression, prior)
    out[2 * size], out[2 * size + 1] = normals_of_mean(s.regression, prior, mean, volume_effect)
    off_m, off_b = mean - mean_m, volume_effect - mean_b
    gain, root, after, before = (
        s.backward.gain,
        s.backward.root,
        s.filtered.after_mean,
        s.filtered.before_mean,
    )
    for t in range(size):
        u, c = trend[t] - states[t, 0], cycle[t] - states[t, 1]
        now_u = -after[t, 0, 1] * off_m - after[t, 0, 2] * off_b
        now_c = -after[t, 1, 1] * off_m - after[t, 1, 2] * off_b
        if t < size - 1:
            ahead_u = trend[t + 1] - states[t + 1, 0]
            ahead_u += before[t + 1, 0, 1] * off_m + before[t + 1, 0, 2] * off_b
            ahead_c = cycle[t + 1] - states[t + 1, 1]
            ahead_c += before[t + 1, 1, 1] * off_m + before[t + 1, 1, 2] * off_b
            now_u += gain[t, 0, 0] * ahead_u + gain[t, 0, 1] * ahead_c
            now_c += gain[t, 1, 0] * ahead_u + gain[t, 1, 1] * ahead_c
        out[2 * t] = (u - now_u) / root[t, 0]
        out[2 * t + 1] = (c - now_c - root[t, 1] * out[2 * t]) / root[t, 2]


@kernel
def draw_mean_of_trend(theta, months, moments, prior, trend):
    """Draw a long-run mean given the trend itself, ceilings aside: an autoregression around it."""
    precision = prior[1] ** -2.0 + START_SD**-2.0
    weighted = prior[0] * prior[1] ** -2.0 + trend[0] * START_SD**-2.0
    jump2 = math.exp(2.0 * theta[JUMP])
    for t in range(1, trend.size):
        kept = moments.trend_kept[months.gap[t]]
        variance = moments.trend_gained[months.gap[t]] + months.begins[t] * jump2
        precision += (1.0 - kept) ** 2 / variance
        weighted += (1.0 - kept) * (trend[t] - kept * trend[t - 1]) / variance
    return weighted / precision + np.random.standard_normal() / math.sqrt(precision)


@kernel
def move_mean(theta, months, eras, smoother, prior, node_weights, pairs, at, normals):
    """Move a dyad's long-run mean while trend and cycle stay where they are.

    Accepted by ceilings alone.

    A mean far above a trend that a ceiling holds down is likely, and paths drawn without ceilings
    do not find it. Writes path and normals; returns whether it was accepted.
    """
    moments = moments_of(theta, months.gaps)
    trend = pairs.trend[at] + pairs.mean[at]
    mean = draw_mean_of_trend(theta, months, moments, prior, trend)
    trend -= mean
    factors, by_node = np.ones((eras, GRID.size)), np.ones(DYAD_NODES.size)
    ceiling_factors(trend, months, moments, factors)
    then = ceiling_weight(factors, eras, node_weights, by_node)
    if np.random.random() * pairs.by_node[at].sum() >= then:
        return False
    pairs.trend[at], pairs.mean[at] = trend, mean
    pairs.factors[at], pairs.by_node[at] = factors, by_node
    normals_of_path(
        months, smoother, prior, trend, pairs.cycle[at], mean, pairs.volume_effect[at], normals
    )
    return True


@kernel
def log_of_headrooms(population, priors, factors, eras):
    """Log-density of the headrooms' population given the trends.

    The headrooms themselves are integrated.
    """
    total = -0.5 * ((population[0] - priors.headroom[0]) / priors.headroom[1]) ** 2
    for i in range(1, 3):
        off = population[i] - math.log(priors.headroom[1 + i])
        total -= 0.5 * (off / SPREAD_OF_SPREADS) ** 2
    weights, by_node = dyad_weights(population), np.empty(DYAD_NODES.size)
    for d in range(eras.size):
        total += math.log(max(ceiling_weight(factors[d], eras[d], weights, by_node), 1e-300))
    return total


@kernel
def move_headrooms(population, priors, factors, eras, pooled):
    """Metropolis steps of the headrooms' population.

    A dyad alone has but the spread of its eras.
    """
    new = population.copy()
    now = log_of_headrooms(population, priors, factors, eras)
    for _ in range(HEADROOM_STEPS):
        new[:] = population
        at = np.random.randint(3) if pooled else 2
        new[at] += HEADROOM_STEP * np.random.standard_normal()
        then = log_of_headrooms(new, priors, factors, eras)
        if math.log(np.random.random()) < then - now:
            population[:], now = new, then


class Run(NamedTuple):
    """What a chain returns."""

    draws: tuple  # As the first fields of `engine.Found`, without chains
    missed: np.ndarray  # (sweep, dyad): log weights of fresh proposals; 0 where there was none
    accepted: np.ndarray  # (dyad, 2, 2): of fresh and of near proposals, tried and accepted
    longest: np.ndarray  # (dyad,): run of refusals
    joint: np.ndarray  # (3,): decisions on all parameters, accepted ones, longest run of refusals
    kinds: np.ndarray  # (kind, 2): steps on the surfaces, tried and accepted


@kernel
def run_exact(
    panel,
    surfaces,
    priors,
    values,
    means,
    own,
    headrooms,
    tuning,
    plan,
    pairs,
    sweeps,
    pooled,
    ceilings,
    seed,
):
    """Run a chain from parameters; return its kept draws and what the decisions were."""
    np.random.seed(seed)
    dyads, size = own.shape[0], panel.first[-1]
    reference = surfaces.reference
    state, new = new_state(surfaces, values, means, own), new_state(surfaces, values, means, own)
    scratch = new_state(surfaces, values, means, own)
    headrooms = headrooms.copy()
    node_weights = dyad_weights(headrooms)
    all_months = [dyad_of(panel, d) for d in range(dyads)]
    normals = [np.empty(2 * all_months[d].gap.size + 2) for d in range(dyads)]
    smoothers = [
        smoother_at(theta_of(values, own[d]), all_months[d], reference[d]) for d in range(dyads)
    ]
    new_smoothers = [smoothers[d] for d in range(dyads)]
    held = []
    path_factors = []
    path_mean, path_effect = np.zeros(dyads), np.zeros(dyads)
    for d in range(dyads):
        theta, months = theta_of(values, own[d]), all_months[d]
        many = np.empty((16, normals[d].size))
        for k in range(16):
            write_normals(normals[d].size, many[k])
        first = weigh_pairs(
            theta,
            months,
            panel.eras[d],
            smoothers[d],
            prior_of(means),
            node_weights,
            many,
            ceilings,
        )
        at = pick_path(first)
        turn_to(at, many, normals[d])
        path_mean[d], path_effect[d] = first.mean[at], first.volume_effect[at]
        path_factors.append(first.factors[at])
        held.append(first)
    new_held = [held[d] for d in range(dyads)]
    kept, eras = sweeps, panel.eras.sum()
    out_values, out_means, out_own = (
        np.empty((kept, GLOBAL)),
        np.empty((kept, COUNTS)),
        np.empty((kept, dyads, OWN)),
    )
    out_headrooms, out_mean, out_effect = (
        np.empty((kept, 3)),
        np.empty((kept, dyads)),
        np.empty((kept, dyads)),
    )
    out_trend, out_cycle = np.empty((kept, size), np.float32), np.empty((kept, size), np.float32)
    out_headroom = np.empty((kept, eras))
    missed = np.zeros((sweeps, dyads))  # Estimate less surface where a dyad was refreshed; 0 if not
    accepted = np.zeros((dyads, 2, 2))  # Fresh or near: tried and accepted
    still, longest = np.zeros(dyads), np.zeros(dyads)
    tried_joint, tried_kinds, still_joint = np.zeros(3), np.zeros((KINDS.size, 2)), 0.0
    for sweep in range(sweeps):
        for d in range(dyads):
            if np.random.random() > plan.refreshed:
                continue
            months, prior = all_months[d], prior_of(state.means)
            local = np.random.random() < plan.near
            number = 1 if local else pairs[d]
            by_gaussian = 0.0 if local or np.random.random() < 0.5 else BY_GAUSSIAN
            length = normals[d].size
            old_own, old_read, old_log = state.own[d].copy(), state.read[d].copy(), state.log[d]
            old_theta = theta_of(state.values, old_own)
            for _ in range(plan.near_steps if local else plan.own_steps):
                step_own(surfaces, state, d, tuning, by_gaussian)
            theta = theta_of(state.values, state.own[d])
            old_z, z = np.empty((number, length)), np.empty((number, length))
            old_z[0] = normals[d]
            for k in range(number):
                write_normals(length, z[k])
                if k > 0:
                    write_normals(length, old_z[k])
                elif local:
                    z[0] = plan.near_kept * old_z[0] + math.sqrt(1.0 - plan.near_kept**2) * z[0]
            moved = smoother_at(theta, months, reference[d])
            there = weigh_pairs(
                theta, months, panel.eras[d], moved, prior, node_weights, z, ceilings
            )
            here = weigh_pairs(
                old_theta, months, panel.eras[d], smoothers[d], prior, node_weights, old_z, ceilings
            )
            if not local:
                missed[sweep, d] = there.log_mean - state.log[d]
            change = there.log_mean - state.log[d] - here.log_mean + old_log
            kind = 1 if local else 0
            accepted[d, kind, 0] += 1.0
            if math.log(np.random.random()) < change:
                accepted[d, kind, 1] += 1.0
                still[d] = 0.0
                smoothers[d] = moved
                here, old_z = there, z
            else:
                state.own[d], state.read[d], state.log[d] = old_own, old_read, old_log
                still[d] += 1.0
                longest[d] = max(longest[d], still[d])
            at = pick_path(here)
            turn_to(at, old_z, normals[d])
            if ceilings:
                theta = theta_of(state.values, state.own[d])
                move_mean(
                    theta,
                    months,
                    panel.eras[d],
                    smoothers[d],
                    prior,
                    node_weights,
                    here,
                    at,
                    normals[d],
                )
            path_mean[d], path_effect[d] = here.mean[at], here.volume_effect[at]
            path_factors[d] = here.factors[at]
        if pooled:
            draw_all_populations_of_own(state, priors)
            draw_populations_of_means(state, priors, path_mean, path_effect)
        if ceilings:
            move_headrooms(headrooms, priors, path_factors, panel.eras, pooled)
            node_weights = dyad_weights(headrooms)
        prior = prior_of(state.means)
        for d in range(dyads):
            state.log[d] = shifted(state.read[d], reference[d], prior)
            at_mean, at_effect = normals_of_mean(
                smoothers[d].regression, prior, path_mean[d], path_effect[d]
            )
            normals[d][-2], normals[d][-1] = at_mean, at_effect
        # All shared parameters and populations, normals held
        copy_into(new, state)
        moving = np.random.random(dyads) < plan.joint_moving
        by_gaussian, joint_steps = BY_GAUSSIAN, plan.joint_steps
        if np.random.random() < plan.joint_small:
            by_gaussian, joint_steps = 0.0, plan.joint_steps // 4
        tried_kinds += steps_of_all(
            surfaces,
            priors,
            new,
            scratch,
            joint_steps,
            plan.joint_own,
            moving,
            by_gaussian,
            tuning,
            pooled,
        )
        new_prior = prior_of(new.means)
        change = 0.0
        for d in range(dyads):
            months, z = all_months[d], normals[d].reshape(1, -1)
            held[d] = weigh_pairs(
                theta_of(state.values, state.own[d]),
                months,
                panel.eras[d],
                smoothers[d],
                prior,
                node_weights,
                z,
                ceilings,
            )
            theta = theta_of(new.values, new.own[d])
            new_smoothers[d] = smoother_at(theta, months, reference[d])
            new_held[d] = weigh_pairs(
                theta, months, panel.eras[d], new_smoothers[d], new_prior, node_weights, z, ceilings
            )
            change += new_held[d].log_mean - new.log[d] - held[d].log_mean + state.log[d]
        tried_joint[0] += 1.0
        still_joint += 1.0
        if math.log(np.random.random()) < change:
            tried_joint[1] += 1.0
            still_joint = 0.0
            copy_into(state, new)
            for d in range(dyads):
                held[d], smoothers[d] = new_held[d], new_smoothers[d]
        tried_joint[2] = max(tried_joint[2], still_joint)
        row, first_era = sweep, 0
        for d in range(dyads):
            one, at = held[d], pick_path(held[d])
            path_mean[d], path_effect[d], path_factors[d] = (
                one.mean[at],
                one.volume_effect[at],
                one.factors[at],
            )
            turn_to(at, normals[d].copy().reshape(1, -1), normals[d])
            own_months = slice(panel.first[d], panel.first[d + 1])
            out_mean[row, d], out_effect[row, d] = one.mean[at], one.volume_effect[at]
            out_trend[row, own_months] = one.mean[at] + one.trend[at]
            out_cycle[row, own_months] = one.cycle[at]
            own_eras = out_headroom[row, first_era : first_era + panel.eras[d]]
            draw_headrooms(one.factors[at], panel.eras[d], node_weights, one.by_node[at], own_eras)
            first_era += panel.eras[d]
        out_values[row], out_means[row], out_own[row] = state.values, state.means, state.own
        out_headrooms[row] = headrooms
    draws = (
        out_values,
        out_means,
        out_own,
        out_headrooms,
        out_mean,
        out_effect,
        out_trend,
        out_cycle,
        out_headroom,
    )
    return Run(draws, missed, accepted, longest, tried_joint, tried_kinds)
