r"""Parameters of all dyads by a chain on their response surfaces: pooled, or one dyad alone.

A dyad's own parameters are normal around a population, :math:`\theta_{dq} \sim N(\mu_q, s_q)` of logarithms, with
:math:`\mu_q` normal and :math:`s_q` log-normal. Long-run means and volume effects have such populations too and are
integrated. Populations move with their dyads (not centred) and given them (centred).
"""

import math
from typing import NamedTuple

import numpy as np
from ceiling import pick
from compiled import kernel
from months import OWN, SHARED
from surface import read_surface, shifted

SPREAD_OF_SPREADS = 0.4
# Priors of `forecast/model/priors.toml`: centre and spread of logarithms, typical spread of dyads
SHARED_CENTRE = np.array([math.log(180.0), 2.3, math.log(0.7)])
SHARED_SD = np.array([0.7, 0.5, 0.4])
OWN_CENTRE = np.array([-2.3, math.log(4.0), -0.5, -1.5])
OWN_SD = np.array([0.3, 0.7, 0.4, 0.3])
OWN_SPREAD = np.array([0.25, 0.3, 0.3, 0.3])
MEAN, MEAN_SPREAD = (0.3, 0.5), 1.0
VOLUME, VOLUME_SPREAD = (-0.3, 0.4), 0.2

GLOBAL = SHARED + 2 * OWN  # Shared, means of populations, logarithms of their spreads
COUNTS = 4  # Mean and log spread of long-run means, and of volume effects
BLOCKS = 2 + OWN  # All global ones; shared ones; each population
KINDS = np.array([0.1, 0.4, 0.1, 0.1, 0.1, 0.1, 0.1])
"""Shares of steps by block, and of the populations of means: nothing else moves the shared ones."""


class Tuning(NamedTuple):
    """Roots of proposals, and their sizes."""

    own: np.ndarray  # (dyad, 4, 4)
    own_size: np.ndarray  # (dyad,)
    block: np.ndarray  # (block, global, global)
    block_size: np.ndarray  # (block,)
    means: np.ndarray  # (2,): of the populations of long-run means and volume effects


def alone_populations():
    """Return the population that stands for the prior of a dyad alone: same total spread."""
    own = np.r_[OWN_CENTRE, np.log(np.hypot(OWN_SD, OWN_SPREAD))]
    mean = np.array([MEAN[0], math.log(math.hypot(MEAN[1], MEAN_SPREAD))])
    volume = np.array([VOLUME[0], math.log(math.hypot(VOLUME[1], VOLUME_SPREAD))])
    return own, np.r_[mean, volume]


@kernel
def log_prior(values, pooled):
    """Log-density of shared parameters and populations, up to constants."""
    total = 0.0
    for i in range(SHARED):
        total -= 0.5 * ((values[i] - SHARED_CENTRE[i]) / SHARED_SD[i]) ** 2
    if pooled:
        for q in range(OWN):
            total -= 0.5 * ((values[SHARED + q] - OWN_CENTRE[q]) / OWN_SD[q]) ** 2
            off = values[SHARED + OWN + q] - math.log(OWN_SPREAD[q])
            total -= 0.5 * (off / SPREAD_OF_SPREADS) ** 2
    return total


@kernel
def log_prior_of_means(means):
    """Log-density of the populations of long-run means and volume effects."""
    total = -0.5 * ((means[0] - MEAN[0]) / MEAN[1]) ** 2
    total -= 0.5 * ((means[1] - math.log(MEAN_SPREAD)) / SPREAD_OF_SPREADS) ** 2
    total -= 0.5 * ((means[2] - VOLUME[0]) / VOLUME[1]) ** 2
    return total - 0.5 * ((means[3] - math.log(VOLUME_SPREAD)) / SPREAD_OF_SPREADS) ** 2


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

    values: np.ndarray  # (global,): shared parameters, means of populations, logarithms of their spreads
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
def step_own(surfaces, state, d, tuning):
    """Metropolis step of a dyad's own parameters on its surface; return whether it was accepted."""
    terms, one, own = np.empty(surfaces.parent.size), np.empty(6), np.empty(OWN)
    z = np.empty(OWN)
    for q in range(OWN):
        z[q] = np.random.standard_normal()
    size = tuning.own_size[d]
    if np.random.random() < 0.2:
        size *= 2.5
    change = 0.0
    for q in range(OWN):
        own[q] = state.own[d, q]
        for k in range(q + 1):
            own[q] += size * tuning.own[d, q, k] * z[k]
        mean, log_sd = state.values[SHARED + q], state.values[SHARED + OWN + q]
        change += log_population(own[q], mean, log_sd) - log_population(state.own[d, q], mean, log_sd)
    read_surface(surfaces, d, theta_of(state.values, own), terms, one)
    now = shifted(one, surfaces.reference[d], prior_of(state.means))
    if math.log(np.random.random()) < now - state.log[d] + change:
        state.own[d], state.read[d], state.log[d] = own, one, now
        return True
    return False


@kernel
def step_block(surfaces, state, new, block, tuning, pooled):
    """Metropolis step of some global parameters, dyads moving along with their populations (not centred).

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
    change = log_prior(new.values, pooled) - log_prior(state.values, pooled)
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
def step_means(surfaces, state, new, pair, tuning):
    """Metropolis step of the population of long-run means (0) or volume effects (1), dyads' own integrated."""
    new.means[:] = state.means
    mean, spread = 2 * pair, 2 * pair + 1
    new.means[spread] += 0.4 * np.random.standard_normal()
    # The size of the step in the mean follows the spread, so both directions are counted
    there = tuning.means[pair] * math.exp(state.means[spread])
    back = tuning.means[pair] * math.exp(new.means[spread])
    off = there * np.random.standard_normal()
    new.means[mean] += off
    change = 0.5 * ((off / there) ** 2 - (off / back) ** 2) + math.log(there / back)
    change += log_prior_of_means(new.means) - log_prior_of_means(state.means)
    prior = prior_of(new.means)
    for d in range(state.log.size):
        new.log[d] = shifted(state.read[d], surfaces.reference[d], prior)
        change += new.log[d] - state.log[d]
    if math.log(np.random.random()) < change:
        state.means[:], state.log[:] = new.means, new.log
        return True
    return False


@kernel
def steps_of_all(surfaces, state, new, steps, own_share, tuning, pooled):
    """Reversible steps on the surfaces: each is of a kind that is drawn (a fixed order would not be reversible).

    A share of them is of own parameters of one dyad. `new` is a state to write to. Return how many of each block were
    tried and accepted, (block + 1, 2); the last one is of the populations of means.
    """
    tried = np.zeros((BLOCKS + 1, 2))
    for _ in range(steps):
        if np.random.random() < own_share:
            step_own(surfaces, state, np.random.randint(state.log.size), tuning)
            continue
        kind = pick(KINDS) if pooled else 1
        if kind < BLOCKS:
            accepted = step_block(surfaces, state, new, kind, tuning, pooled)
        else:
            accepted = step_means(surfaces, state, new, np.random.randint(2), tuning)
        tried[kind, 0] += 1.0
        tried[kind, 1] += accepted
    return tried


@kernel
def draw_mean(draws, log_sd, centre, sd):
    """Draw the mean of a population exactly, given its members and spread."""
    precision = math.exp(-2.0 * log_sd)
    total = draws.size * precision + sd**-2.0
    weighted = centre * sd**-2.0 + precision * draws.sum()
    return weighted / total + np.random.standard_normal() / math.sqrt(total)


@kernel
def move_spread(draws, mean, log_sd, typical):
    """Three Metropolis steps of the logarithm of a population's spread, given its members and mean."""
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
def draw_populations_of_own(state):
    """Move the populations of own parameters given the dyads (centred)."""
    for q in range(OWN):
        mean, spread = SHARED + q, SHARED + OWN + q
        draws = state.own[:, q]
        state.values[mean] = draw_mean(draws, state.values[spread], OWN_CENTRE[q], OWN_SD[q])
        typical = math.log(OWN_SPREAD[q])
        state.values[spread] = move_spread(draws, state.values[mean], state.values[spread], typical)


@kernel
def draw_populations_of_means(state, mean, volume_effect):
    """Move the populations of long-run means and volume effects given the dyads' own."""
    state.means[0] = draw_mean(mean, state.means[1], MEAN[0], MEAN[1])
    state.means[1] = move_spread(mean, state.means[0], state.means[1], math.log(MEAN_SPREAD))
    state.means[2] = draw_mean(volume_effect, state.means[3], VOLUME[0], VOLUME[1])
    state.means[3] = move_spread(volume_effect, state.means[2], state.means[3], math.log(VOLUME_SPREAD))


@kernel
def run_chain(surfaces, values, means, own, tuning, sweeps, thin, pooled, seed):
    """Run a chain on the surfaces alone; return its kept draws, (draw, ...), and the shares of accepted proposals."""
    np.random.seed(seed)
    dyads = own.shape[0]
    state, new = new_state(surfaces, values, means, own), new_state(surfaces, values, means, own)
    kept = sweeps // thin
    out_values, out_means = np.empty((kept, GLOBAL)), np.empty((kept, COUNTS))
    out_own, out_log = np.empty((kept, dyads, OWN)), np.empty((kept, dyads))
    accepted_own, tried = np.zeros(dyads), np.zeros((BLOCKS + 1, 2))
    for sweep in range(sweeps):
        for d in range(dyads):
            for _ in range(2):
                accepted_own[d] += step_own(surfaces, state, d, tuning)
        tried += steps_of_all(surfaces, state, new, 8 if pooled else 2, 0.0, tuning, pooled)
        if pooled:
            draw_populations_of_own(state)
        if (sweep + 1) % thin == 0:
            at = sweep // thin
            out_values[at], out_means[at] = state.values, state.means
            out_own[at], out_log[at] = state.own, state.log
    return out_values, out_means, out_own, out_log, accepted_own / (2.0 * sweeps), tried


def root_of(draws, floor):
    """Root of a covariance, kept away from singular."""
    covariance = np.atleast_2d(np.cov(draws.T)) + np.diag(floor**2)
    return np.linalg.cholesky(covariance)


def tuned(values, own, pooled):
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
    return Tuning(roots, np.full(dyads, 2.38 / math.sqrt(OWN)), block, sizes, np.array([0.4, 0.4]))


def first_tuning(surfaces, pooled):
    """Return proposals before anything was drawn."""
    dyads = len(surfaces.centre)
    roots = np.linalg.cholesky(surfaces.spread[:, SHARED:, SHARED:])
    scale = np.r_[SHARED_SD, OWN_SD, np.full(OWN, SPREAD_OF_SPREADS)] * (0.3 if pooled else 1.0)
    block = np.zeros((BLOCKS, GLOBAL, GLOBAL))
    block[0] = np.diag(scale) if pooled else 0.0
    block[1][:SHARED, :SHARED] = np.diag(scale[:SHARED])
    for q in range(OWN):
        at = [SHARED + q, SHARED + OWN + q]
        block[2 + q][at, at] = scale[at]
    sizes = 0.5 * np.ones(BLOCKS)
    return Tuning(roots, np.full(dyads, 0.7), block, sizes, np.array([0.4, 0.4]))


def start_of(surfaces, pooled, rng):
    """Return a start within all surfaces: populations near what dyads say on average."""
    centre = surfaces.typical
    own = centre[:, SHARED:].copy()
    population, means = alone_populations()
    shared = np.median(centre[:, :SHARED], axis=0) + 0.05 * rng.standard_normal(SHARED)
    if pooled:
        spread = np.log(np.clip(own.std(axis=0), 0.6 * OWN_SPREAD, 2.0 * OWN_SPREAD))
        population = np.r_[own.mean(axis=0), spread + 0.1 * rng.standard_normal(OWN)]
        means = np.array([MEAN[0], math.log(MEAN_SPREAD), VOLUME[0], math.log(VOLUME_SPREAD)])
        own = own.mean(axis=0) + 0.6 * (own - own.mean(axis=0))
    return np.r_[shared, population], means, own


def sample(surfaces, pooled, chains, sweeps, thin, rng, tuning_sweeps=(600, 600, 1500)):
    """Run chains after tuning; return draws (chain, draw, ...)."""
    tuning, states = first_tuning(surfaces, pooled), [start_of(surfaces, pooled, rng) for _ in range(chains)]
    for number in tuning_sweeps:
        found = [run_chain(surfaces, *state, tuning, number, 5, pooled, int(rng.integers(2**31))) for state in states]
        states = [(one[0][-1], one[1][-1], one[2][-1]) for one in found]
        half = number // 10
        values, own = (np.concatenate([one[i][half:] for one in found]) for i in (0, 2))
        tuning = tuned(values, own, pooled)
    found = [run_chain(surfaces, *state, tuning, sweeps, thin, pooled, int(rng.integers(2**31))) for state in states]
    return tuning, {
        "values": np.stack([one[0] for one in found]), "means": np.stack([one[1] for one in found]),
        "own": np.stack([one[2] for one in found]), "log": np.stack([one[3] for one in found]),
        "accepted": found[0][4:],
    }  # fmt: skip


def set_pace(periods_a_month):
    """Move priors to periods of another length: half-lives are longer in weeks, steps smaller. (Trial only: globals.)"""
    move = math.log(periods_a_month)
    SHARED_CENTRE[0] += move
    OWN_CENTRE[0] -= 0.5 * move
    OWN_CENTRE[1] += move
