r"""Parameters of all dyads by a chain on their response surfaces: pooled, or one dyad alone.

A dyad's own parameters are normal around a population, :math:`\theta_{dq} \sim N(\mu_q, s_q)` of
logarithms, with :math:`\mu_q` normal and :math:`s_q` log-normal. Long-run means and volume effects
have such populations too and are integrated. Populations move with their dyads (not centred) and
given them (centred).
"""

import math
from typing import NamedTuple

import numpy as np
from ceiling import pick
from compiled import kernel
from months import OWN, SHARED
from priors import SPREAD_OF_SPREADS, alone_populations
from surface import read_surface, shifted

GLOBAL = SHARED + 2 * OWN  # Shared, means of populations, logarithms of their spreads
COUNTS = 4  # Mean and log spread of long-run means, and of volume effects
BLOCKS = 2 + OWN  # All global ones; shared ones; each population
OF_MEANS, SHARED_BY_GAUSSIAN, POPULATIONS = BLOCKS, BLOCKS + 1, BLOCKS + 2  # Other kinds of steps
KINDS = np.array([0.05, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.3, 0.05])  # Shares of steps of each kind
WIDER_GAUSSIAN = 1.15  # Standard deviations of proposals by quadratics, over theirs
# Share of the steps of own parameters that are proposed by quadratics, not near the old ones
BY_GAUSSIAN = 0.5


class Quadratics(NamedTuple):
    """Gaussian of every dyad's likelihood, of logarithms.

    It is slope (x - centre) - (x - centre) precision (x - centre) / 2.
    """

    centre: np.ndarray  # (dyad, 7)
    slope: np.ndarray  # (dyad, 7)
    precision: np.ndarray  # (dyad, 7, 7)


class Tuning(NamedTuple):
    """Roots of proposals, and their sizes."""

    quadratics: Quadratics

    own: np.ndarray  # (dyad, 4, 4)
    own_size: np.ndarray  # (dyad,)
    block: np.ndarray  # (block, global, global)
    block_size: np.ndarray  # (block,)
    means: np.ndarray  # (2,): of the populations of long-run means and volume effects


@kernel
def log_prior(values, priors, pooled):
    """Log-density of shared parameters and populations, up to constants."""
    total = 0.0
    for i in range(SHARED):
        total -= 0.5 * ((values[i] - priors.shared[0, i]) / priors.shared[1, i]) ** 2
    if pooled:
        for q in range(OWN):
            total -= 0.5 * ((values[SHARED + q] - priors.own[0, q]) / priors.own[1, q]) ** 2
            off = values[SHARED + OWN + q] - math.log(priors.own[2, q])
            total -= 0.5 * (off / SPREAD_OF_SPREADS) ** 2
    return total


@kernel
def log_prior_of_means(means, priors):
    """Log-density of the populations of long-run means and volume effects."""
    total = -0.5 * ((means[0] - priors.mean[0]) / priors.mean[1]) ** 2
    total -= 0.5 * ((means[1] - math.log(priors.mean[2])) / SPREAD_OF_SPREADS) ** 2
    total -= 0.5 * ((means[2] - priors.volume[0]) / priors.volume[1]) ** 2
    return total - 0.5 * ((means[3] - math.log(priors.volume[2])) / SPREAD_OF_SPREADS) ** 2


@kernel
def prior_of(means):
    """Prior of a dyad's long-run mean and volume effect, as paths read it."""
    return np.array([means[0], math.exp(means[1]), means[2], math.exp(means[3])])


@kernel
def theta_of(values, own):
    """Parameters of one dyad."""
    theta = np.empty(SHARED + OWN)
    for i in range(SHARED):
        theta[i] = values[i]
    for q in range(OWN):
        theta[SHARED + q] = own[q]
    return theta


@kernel
def log_population(own, mean, log_sd):
    """Log-density of one dyad's parameter around its population."""
    off = (own - mean) * math.exp(-log_sd)
    return -0.5 * off * off - log_sd


class State(NamedTuple):
    """Parameters of a chain, and what the surfaces say there; its arrays are written in place."""

    values: (
        np.ndarray
    )  # (global,): shared parameters, means of populations, logarithms of their spreads
    means: np.ndarray  # (4,): populations of long-run means and volume effects
    own: np.ndarray  # (dyad, 4)
    read: np.ndarray  # (dyad, 6): log-evidence and regression under the reference
    log: np.ndarray  # (dyad,): log-evidence under `means`


@kernel
def new_state(surfaces, values, means, own):
    """Return a state of its own arrays."""
    dyads = own.shape[0]
    state = State(values.copy(), means.copy(), own.copy(), np.empty((dyads, 6)), np.empty(dyads))
    terms, prior = np.empty(surfaces.parent.size), prior_of(means)
    for d in range(dyads):
        read_surface(surfaces, d, theta_of(values, own[d]), terms, state.read[d])
        state.log[d] = shifted(state.read[d], surfaces.reference[d], prior)
    return state


@kernel
def copy_into(new, old):
    """Write one state into another."""
    new.values[:], new.means[:], new.own[:] = old.values, old.means, old.own
    new.read[:], new.log[:] = old.read, old.log


@kernel
def root_in_place(matrix):
    """Lower Cholesky root of a small matrix, written over its lower triangle."""
    for i in range(matrix.shape[0]):
        for j in range(i + 1):
            total = matrix[i, j]
            for k in range(j):
                total -= matrix[i, k] * matrix[j, k]
            matrix[i, j] = math.sqrt(max(total, 1e-12)) if i == j else total / matrix[j, j]


@kernel
def forward(root, values):
    """Solve root x = values in place."""
    for i in range(values.size):
        for k in range(i):
            values[i] -= root[i, k] * values[k]
        values[i] /= root[i, i]


@kernel
def backward(root, values):
    """Solve root' x = values in place."""
    for i in range(values.size - 1, -1, -1):
        for k in range(i + 1, values.size):
            values[i] -= root[k, i] * values[k]
        values[i] /= root[i, i]


@kernel
def log_gaussian(root, mean, at):
    """Log-density, up to a constant, of the wider normal of a root of a precision."""
    total = 0.0
    for i in range(at.size):
        part = 0.0
        for k in range(i, at.size):
            part += root[k, i] * (at[k] - mean[k])
        total += part * part
    return -0.5 * total / WIDER_GAUSSIAN**2


@kernel
def draw_gaussian(root, mean):
    """Draw from the wider normal of a root of a precision."""
    out = np.empty(mean.size)
    for i in range(out.size):
        out[i] = WIDER_GAUSSIAN * np.random.standard_normal()
    backward(root, out)
    return out + mean


@kernel
def gaussian_of_own(quadratics, values, d):
    """Root of precision, and mean, of a dyad's own parameters given shared ones and populations."""
    root, mean = np.empty((OWN, OWN)), np.empty(OWN)
    for q in range(OWN):
        weight = math.exp(-2.0 * values[SHARED + OWN + q])
        mean[q] = quadratics.slope[d, SHARED + q] + weight * values[SHARED + q]
        for i in range(SHARED):
            off = values[i] - quadratics.centre[d, i]
            mean[q] -= quadratics.precision[d, SHARED + q, i] * off
        for k in range(OWN):
            root[q, k] = quadratics.precision[d, SHARED + q, SHARED + k]
            mean[q] += root[q, k] * quadratics.centre[d, SHARED + k]
        root[q, q] += weight
    root_in_place(root)
    forward(root, mean)
    backward(root, mean)
    return root, mean


@kernel
def gaussian_of_shared(quadratics, priors, own):
    """Root of precision, and mean, of shared parameters given all dyads' own."""
    root, mean = np.zeros((SHARED, SHARED)), np.empty(SHARED)
    for i in range(SHARED):
        weight = priors.shared[1, i] ** -2.0
        root[i, i] = weight
        mean[i] = weight * priors.shared[0, i]
    for d in range(own.shape[0]):
        for i in range(SHARED):
            mean[i] += quadratics.slope[d, i]
            for q in range(OWN):
                off = own[d, q] - quadratics.centre[d, SHARED + q]
                mean[i] -= quadratics.precision[d, i, SHARED + q] * off
            for k in range(SHARED):
                root[i, k] += quadratics.precision[d, i, k]
                mean[i] += quadratics.precision[d, i, k] * quadratics.centre[d, k]
    root_in_place(root)
    forward(root, mean)
    backward(root, mean)
    return root, mean


@kernel
def near_own(state, d, tuning):
    """Draw own parameters near the present ones."""
    size = tuning.own_size[d]
    if np.random.random() < 0.2:
        size *= 2.5
    own, z = np.empty(OWN), np.empty(OWN)
    for q in range(OWN):
        z[q] = np.random.standard_normal()
        own[q] = state.own[d, q]
        for k in range(q + 1):
            own[q] += size * tuning.own[d, q, k] * z[k]
    return own


@kernel
def step_own(surfaces, state, d, tuning, by_gaussian):
    """Metropolis step of a dyad's own parameters on its surface; return whether it was accepted."""
    terms, one = np.empty(surfaces.parent.size), np.empty(6)
    change = 0.0
    if np.random.random() < by_gaussian:
        root, mean = gaussian_of_own(tuning.quadratics, state.values, d)
        own = draw_gaussian(root, mean)
        change += log_gaussian(root, mean, state.own[d]) - log_gaussian(root, mean, own)
    else:
        own = near_own(state, d, tuning)
    for q in range(OWN):
        mean_q, log_sd = state.values[SHARED + q], state.values[SHARED + OWN + q]
        change += log_population(own[q], mean_q, log_sd) - log_population(
            state.own[d, q], mean_q, log_sd
        )
    read_surface(surfaces, d, theta_of(state.values, own), terms, one)
    now = shifted(one, surfaces.reference[d], prior_of(state.means))
    if math.log(np.random.random()) < now - state.log[d] + change:
        state.own[d], state.read[d], state.log[d] = own, one, now
        return True
    return False


@kernel
def step_shared(surfaces, priors, state, new, tuning, pooled):
    """Metropolis step of shared parameters given the dyads' own.

    It is proposed by the sum of their quadratics.
    """
    terms, prior = np.empty(surfaces.parent.size), prior_of(state.means)
    root, mean = gaussian_of_shared(tuning.quadratics, priors, state.own)
    new.values[:] = state.values
    new.values[:SHARED] = draw_gaussian(root, mean)
    change = log_gaussian(root, mean, state.values[:SHARED]) - log_gaussian(
        root, mean, new.values[:SHARED]
    )
    change += log_prior(new.values, priors, pooled) - log_prior(state.values, priors, pooled)
    for d in range(state.log.size):
        read_surface(surfaces, d, theta_of(new.values, state.own[d]), terms, new.read[d])
        new.log[d] = shifted(new.read[d], surfaces.reference[d], prior)
        change += new.log[d] - state.log[d]
    if math.log(np.random.random()) < change:
        state.values[:], state.read[:], state.log[:] = new.values, new.read, new.log
        return True
    return False


@kernel
def step_block(surfaces, priors, state, new, block, tuning, pooled):
    """Metropolis step of some global parameters.

    Dyads move along with their populations (not centred).

    `new` is a state to write to. Returns whether it was accepted.
    """
    terms, prior = np.empty(surfaces.parent.size), prior_of(state.means)
    z = np.empty(GLOBAL)
    for i in range(GLOBAL):
        z[i] = np.random.standard_normal()
    size = tuning.block_size[block]
    if np.random.random() < 0.2:
        size *= 0.3
    for i in range(GLOBAL):
        new.values[i] = state.values[i]
        for k in range(i + 1):
            new.values[i] += size * tuning.block[block, i, k] * z[k]
    change = log_prior(new.values, priors, pooled) - log_prior(state.values, priors, pooled)
    for d in range(state.log.size):
        for q in range(OWN):
            stretch = math.exp(new.values[SHARED + OWN + q] - state.values[SHARED + OWN + q])
            off = state.own[d, q] - state.values[SHARED + q]
            new.own[d, q] = new.values[SHARED + q] + stretch * off
        read_surface(surfaces, d, theta_of(new.values, new.own[d]), terms, new.read[d])
        new.log[d] = shifted(new.read[d], surfaces.reference[d], prior)
        change += new.log[d] - state.log[d]
    if math.log(np.random.random()) < change:
        state.values[:], state.own[:] = new.values, new.own
        state.read[:], state.log[:] = new.read, new.log
        return True
    return False


@kernel
def step_means(surfaces, priors, state, new, pair, tuning):
    """Metropolis step of the population of long-run means (0) or volume effects (1).

    Those of dyads themselves are integrated.
    """
    new.means[:] = state.means
    mean, spread = 2 * pair, 2 * pair + 1
    new.means[spread] += 0.4 * np.random.standard_normal()
    # The size of the step in the mean follows the spread, so both directions are counted
    there = tuning.means[pair] * math.exp(state.means[spread])
    back = tuning.means[pair] * math.exp(new.means[spread])
    off = there * np.random.standard_normal()
    new.means[mean] += off
    change = 0.5 * ((off / there) ** 2 - (off / back) ** 2) + math.log(there / back)
    change += log_prior_of_means(new.means, priors) - log_prior_of_means(state.means, priors)
    prior = prior_of(new.means)
    for d in range(state.log.size):
        new.log[d] = shifted(state.read[d], surfaces.reference[d], prior)
        change += new.log[d] - state.log[d]
    if math.log(np.random.random()) < change:
        state.means[:], state.log[:] = new.means, new.log
        return True
    return False


@kernel
def draw_mean(draws, log_sd, centre, sd):
    """Draw the mean of a population exactly, given its members and spread."""
    precision = math.exp(-2.0 * log_sd)
    total = draws.size * precision + sd**-2.0
    weighted = centre * sd**-2.0 + precision * draws.sum()
    return weighted / total + np.random.standard_normal() / math.sqrt(total)


@kernel
def move_spread(draws, mean, log_sd, typical):
    """Three Metropolis steps of the logarithm of a population's spread.

    Its members and mean are given.
    """
    squares = ((draws - mean) ** 2).sum()
    for _ in range(3):
        new = log_sd + 0.4 * np.random.standard_normal()
        change = -0.5 * squares * (math.exp(-2.0 * new) - math.exp(-2.0 * log_sd))
        change -= draws.size * (new - log_sd)
        change -= 0.5 * ((new - typical) ** 2 - (log_sd - typical) ** 2) / SPREAD_OF_SPREADS**2
        if math.log(np.random.random()) < change:
            log_sd = new
    return log_sd


@kernel
def draw_populations_of_own(state, priors, q, spread_too):
    """Move the mean of a population of own parameters, or its spread, given the dyads (centred)."""
    mean, spread = SHARED + q, SHARED + OWN + q
    if spread_too:
        typical = math.log(priors.own[2, q])
        state.values[spread] = move_spread(
            state.own[:, q], state.values[mean], state.values[spread], typical
        )
    else:
        centre, sd = priors.own[0, q], priors.own[1, q]
        state.values[mean] = draw_mean(state.own[:, q], state.values[spread], centre, sd)


@kernel
def draw_all_populations_of_own(state, priors):
    """Move means, then spreads, of all populations of own parameters."""
    for q in range(OWN):
        draw_populations_of_own(state, priors, q, False)
        draw_populations_of_own(state, priors, q, True)


@kernel
def draw_populations_of_means(state, priors, mean, volume_effect):
    """Move the populations of long-run means and volume effects given the dyads' own."""
    state.means[0] = draw_mean(mean, state.means[1], priors.mean[0], priors.mean[1])
    state.means[1] = move_spread(mean, state.means[0], state.means[1], math.log(priors.mean[2]))
    typical = math.log(priors.volume[2])
    state.means[2] = draw_mean(volume_effect, state.means[3], priors.volume[0], priors.volume[1])
    state.means[3] = move_spread(volume_effect, state.means[2], state.means[3], typical)


@kernel
def steps_of_all(
    surfaces, priors, state, new, steps, own_share, moving, by_gaussian, tuning, pooled
):
    """Reversible steps on the surfaces.

    Each is of a kind that is drawn (a fixed order would not be reversible).

    A share of them is of own parameters of one dyad, of those that are `moving`. `new` is a state
    to write to. Return how many of each kind were tried and accepted, (kind, 2).
    """
    tried = np.zeros((KINDS.size, 2))
    for _ in range(steps):
        if np.random.random() < own_share:
            d = np.random.randint(state.log.size)
            if moving[d]:
                step_own(surfaces, state, d, tuning, by_gaussian)
            continue
        kind = SHARED_BY_GAUSSIAN if np.random.random() < 0.5 else 1
        if pooled:
            kind = pick(KINDS)
        accepted = True
        if kind < BLOCKS:
            accepted = step_block(surfaces, priors, state, new, kind, tuning, pooled)
        elif kind == OF_MEANS:
            accepted = step_means(surfaces, priors, state, new, np.random.randint(2), tuning)
        elif kind == SHARED_BY_GAUSSIAN:
            accepted = step_shared(surfaces, priors, state, new, tuning, pooled)
        else:
            draw_populations_of_own(state, priors, np.random.randint(OWN), np.random.random() < 0.5)
        tried[kind, 0] += 1.0
        tried[kind, 1] += accepted
    return tried


@kernel
def run_chain(surfaces, priors, values, means, own, tuning, sweeps, thin, pooled, seed):
    """Run a chain on the surfaces alone.

    Return its kept draws, (draw, ...), and the shares of accepted proposals.
    """
    np.random.seed(seed)
    dyads = own.shape[0]
    state, new = new_state(surfaces, values, means, own), new_state(surfaces, values, means, own)
    kept, moving = sweeps // thin, np.ones(dyads, np.bool_)
    out_values, out_means = np.empty((kept, GLOBAL)), np.empty((kept, COUNTS))
    out_own, out_log = np.empty((kept, dyads, OWN)), np.empty((kept, dyads))
    accepted_own, tried = np.zeros(dyads), np.zeros((KINDS.size, 2))
    for sweep in range(sweeps):
        for d in range(dyads):
            for _ in range(2):
                accepted_own[d] += step_own(surfaces, state, d, tuning, BY_GAUSSIAN)
        tried += steps_of_all(
            surfaces,
            priors,
            state,
            new,
            8 if pooled else 2,
            0.0,
            moving,
            BY_GAUSSIAN,
            tuning,
            pooled,
        )
        if pooled:
            draw_all_populations_of_own(state, priors)
        if (sweep + 1) % thin == 0:
            at = sweep // thin
            out_values[at], out_means[at] = state.values, state.means
            out_own[at], out_log[at] = state.own, state.log
    return out_values, out_means, out_own, out_log, accepted_own / (2.0 * sweeps), tried


def root_of(draws, floor):
    """Root of a covariance, kept away from singular."""
    covariance = np.atleast_2d(np.cov(draws.T)) + np.diag(floor**2)
    return np.linalg.cholesky(covariance)


def tuned(values, own, quadratics, pooled):
    """Return proposals that suit some draws."""
    dyads = own.shape[1]
    floor = 0.01 * np.ones(GLOBAL)
    roots = np.stack([root_of(own[:, d], 0.01 * np.ones(OWN)) for d in range(dyads)])
    block = np.zeros((BLOCKS, GLOBAL, GLOBAL))
    if pooled:
        block[0] = root_of(values, floor)
        for q in range(OWN):
            at = np.array([SHARED + q, SHARED + OWN + q])
            block[2 + q][np.ix_(at, at)] = root_of(values[:, at], floor[at])
    block[1][:SHARED, :SHARED] = root_of(values[:, :SHARED], floor[:SHARED])
    sizes = 2.38 / np.sqrt(np.r_[GLOBAL, SHARED, np.full(OWN, 2.0)])
    return Tuning(
        quadratics, roots, np.full(dyads, 2.38 / math.sqrt(OWN)), block, sizes, np.array([0.4, 0.4])
    )


def first_tuning(surfaces, quadratics, priors, pooled):
    """Return proposals before anything was drawn."""
    dyads = len(surfaces.centre)
    roots = np.linalg.cholesky(surfaces.spread[:, SHARED:, SHARED:])
    scale = np.r_[priors.shared[1], priors.own[1], np.full(OWN, SPREAD_OF_SPREADS)]
    scale *= 0.3 if pooled else 1.0
    block = np.zeros((BLOCKS, GLOBAL, GLOBAL))
    block[0] = np.diag(scale) if pooled else 0.0
    block[1][:SHARED, :SHARED] = np.diag(scale[:SHARED])
    for q in range(OWN):
        at = [SHARED + q, SHARED + OWN + q]
        block[2 + q][at, at] = scale[at]
    sizes = 0.5 * np.ones(BLOCKS)
    return Tuning(quadratics, roots, np.full(dyads, 0.7), block, sizes, np.array([0.4, 0.4]))


def start_of(surfaces, priors, pooled, rng):
    """Return a start within all surfaces: populations near what dyads say on average."""
    centre = surfaces.typical
    own = centre[:, SHARED:].copy()
    population, means, _ = alone_populations(priors)
    shared = np.median(centre[:, :SHARED], axis=0) + 0.05 * rng.standard_normal(SHARED)
    if pooled:
        typical = priors.own[2]
        spread = np.log(np.clip(own.std(axis=0), 0.6 * typical, 2.0 * typical))
        population = np.r_[own.mean(axis=0), spread + 0.1 * rng.standard_normal(OWN)]
        (mean, _, mean_sd), (volume, _, volume_sd) = priors.mean, priors.volume
        means = np.array([mean, math.log(mean_sd), volume, math.log(volume_sd)])
        own = own.mean(axis=0) + 0.6 * (own - own.mean(axis=0))
    return np.r_[shared, population], means, own


def sample(
    surfaces, quadratics, priors, pooled, chains, sweeps, thin, rng, tuning_sweeps=(300, 400, 600)
):
    """Run chains after tuning; return the tuning and draws (chain, draw, ...)."""
    tuning = first_tuning(surfaces, quadratics, priors, pooled)
    states = [start_of(surfaces, priors, pooled, rng) for _ in range(chains)]

    def run(number, every):
        return [
            run_chain(
                surfaces, priors, *state, tuning, number, every, pooled, int(rng.integers(2**31))
            )
            for state in states
        ]

    for number in tuning_sweeps:
        found = run(number, 5)
        states = [(one[0][-1], one[1][-1], one[2][-1]) for one in found]
        half = number // 10
        values, own = (np.concatenate([one[i][half:] for one in found]) for i in (0, 2))
        tuning = tuned(values, own, quadratics, pooled)
    found = run(sweeps, thin)
    names = "values", "means", "own", "log"
    return tuning, {name: np.stack([one[i] for one in found]) for i, name in enumerate(names)}
