"""The engine: a fit of one dyad alone or of several pooled, with its checks.

1. Surfaces of the dyads' log-evidences, trained in rounds where the chain goes (`surface`, `evidence`).
2. A chain on the surfaces for all parameters but the path (`hierarchy`).
3. Paths at points of the chain, one a dyad kept by its weight, and the weights of the points (`weights`).
"""

import math
import time
from dataclasses import dataclass, field

import numpy as np
from ceiling import alone_headrooms, log_prior_of_headrooms
from evidence import REFERENCE, evidences
from exact import ALONE, Plan, run_exact
from hierarchy import (
    GLOBAL,
    OWN_CENTRE,
    OWN_SD,
    OWN_SPREAD,
    SHARED_CENTRE,
    SHARED_SD,
    prior_of,
    sample,
)  # fmt: skip
from months import OWN, SHARED, Months, number_of_eras, panel_of
from surface import LOGARITHMS, clipped, coordinates, first_cloud, predict, stack, train
from weights import keep_paths

CHAINS = 4
FIRST_POINTS = 400  # Of the first, quadratic surface of a dyad
EARLY_SWEEPS = 2000  # A chain, before the last
WIDER_SHARED = 1.2  # New points are spread so much further yet in shared parameters, for all dyads' tails add up
WIDER = 1.15  # The prior of the first cloud is so much wider than that of a dyad alone
# Of every round: new points a dyad, degree, by how much they are spread further than the chain's draws, sweeps a chain
ROUNDS = ((500, 3, 1.4, 1000), (400, 3, 1.1, 1000), (400, 3, 1.1, 1000))
PILOT, PILOT_PAIRS = 300, 2  # Points and pairs by which ceilings tilt surfaces
FIRST_HEADROOMS = np.array([1.15, math.log(0.3), math.log(0.4)]), np.array([0.4, 0.4, 0.4])


PAIRS, PAIRS_MOST = 1.6, 6  # Of paths for a refreshed dyad: on average, at most
BURN_IN = 40  # Exact sweeps before those that are kept


@dataclass
class Found:
    """Equally weighted draws of a fit, (chain, draw, ...)."""

    values: np.ndarray  # Shared parameters, means of populations, logarithms of their spreads
    means: np.ndarray  # Populations of long-run means and volume effects
    own: np.ndarray  # (..., dyad, 4)
    headrooms: np.ndarray  # (..., 3): their population
    mean: np.ndarray  # (..., dyad): long-run means
    volume_effect: np.ndarray
    trend: np.ndarray  # (..., month): of all dyads one after the other
    cycle: np.ndarray
    headroom: np.ndarray  # (..., era)
    missed: np.ndarray  # (chain, sweep, dyad): log weights of fresh proposals; 0 where there was none
    accepted: np.ndarray  # (dyad, 2): shares of fresh and of near proposals
    longest: np.ndarray  # (dyad,): run of refusals
    accepted_global: float
    seconds: dict = field(default_factory=dict)
    misses: list = field(default_factory=list)
    pairs: list = field(default_factory=list)


class Clock:
    """CPU seconds by step."""

    def __init__(self):
        self.last, self.seconds = time.process_time(), {}

    def note(self, name):
        """Add the seconds since the last note to a step."""
        now = time.process_time()
        self.seconds[name] = self.seconds.get(name, 0.0) + now - self.last
        self.last = now


def fit(
    months: list[Months],
    seed=1,
    sweeps=860,
    thin=1,
    ceilings=True,
    rounds=ROUNDS,
    pairs=PAIRS,
    burn_in=BURN_IN,
    plan=None,
    only_trained=False,
):
    """Fit one dyad or several with chains of so many exact sweeps each."""
    rng, clock, pooled = np.random.default_rng(seed), Clock(), len(months) > 1
    plan = plan or (Plan() if pooled else ALONE)
    surfaces, chain, misses = sampled(months, pooled, rounds, rng, clock)
    share = np.ones(len(months))
    if ceilings:
        surfaces, pilot = with_ceilings(surfaces, chain, months, pooled, rng)
        share = shared_out(pilot, months)
        clock.note("pilot")
    number = np.clip(np.rint(pairs * share), 1, PAIRS_MOST).astype(np.int64)
    tuning, chain = sample(surfaces, pooled, CHAINS, 400, 20, rng, (300, 600))
    clock.note("last surface chains")
    if only_trained:
        return surfaces, chain, tuning, number, clock, misses
    headrooms = FIRST_HEADROOMS[0] if pooled else alone_headrooms(FIRST_HEADROOMS[0])
    panel, runs = panel_of(months), []
    for c in range(CHAINS):
        state = chain["values"][c, -1], chain["means"][c, -1], chain["own"][c, -1], headrooms
        seeds = rng.integers(2**31, size=2)
        ways = pooled, ceilings
        last = run_exact(panel, surfaces, *state, tuning, plan, number, burn_in, burn_in, *ways, int(seeds[0]))[1]
        runs.append(run_exact(panel, surfaces, *last, tuning, plan, number, sweeps, thin, *ways, int(seeds[1])))
    clock.note("exact chains")
    blocks = sum(run[6] for run in runs)
    print("blocks", np.round(blocks[:, 1] / np.maximum(blocks[:, 0], 1.0), 2))
    draws = [np.stack(one) for one in zip(*(run[0] for run in runs), strict=True)]
    tried = sum(run[3] for run in runs)
    return Found(
        *draws, np.stack([run[2] for run in runs]), tried[:, :, 1] / np.maximum(tried[:, :, 0], 1.0),
        np.max([run[4] for run in runs], axis=0), float(np.mean([run[5][1] / run[5][0] for run in runs])),
        clock.seconds, misses, number,
    )  # fmt: skip


def flat(chain):
    """Chains one after the other."""
    return (chain[name].reshape(-1, *chain[name].shape[2:]) for name in ("values", "means", "own", "log"))


def shared_out(paths, months):
    """Return shares of pairs of paths by dyad, 1 on average: more where weights of pairs vary more."""
    noise = []
    for one in paths:
        weight = np.exp(one.log_path - one.log_path.max(axis=1, keepdims=True))
        by_pair = weight.reshape(len(weight), -1, 2).mean(axis=2)
        noise.append((by_pair.var(axis=1, ddof=1) / by_pair.mean(axis=1) ** 2).mean())
    size = np.array([one.gap.size for one in months])
    wanted = np.sqrt(np.array(noise) / size)
    return wanted * size.sum() / (wanted * size).sum()


def weigh(months, values, means, own, headrooms, pairs, ceilings, rng):
    """Keep a weighted path of every dyad at every point."""
    priors = np.stack([prior_of(one) for one in means])
    paths = []
    for d, one in enumerate(months):
        theta = np.ascontiguousarray(np.concatenate([values[:, :SHARED], own[:, d]], axis=1))
        eras = number_of_eras(one)
        seed = int(rng.integers(2**31))
        paths.append(keep_paths(theta, priors, headrooms, one, eras, int(pairs[d]), 1, ceilings, seed))
    return paths


def draw_populations(proposal, number, pooled, rng):
    """Draw the headrooms' population, and return its prior over the proposal, in logarithms."""
    middle, spread = proposal
    z = rng.standard_normal((number, 3))
    headrooms = middle + spread * z
    if not pooled:
        headrooms = alone_headrooms(headrooms)
        return headrooms, log_prior_of_headrooms(headrooms) + 0.5 * z[:, 2] ** 2
    return headrooms, log_prior_of_headrooms(headrooms) + 0.5 * (z**2).sum(axis=1)


def with_ceilings(surfaces, chain, months, pooled, rng):
    """Tilt surfaces by what ceilings, and they themselves, missed at some points; propose the headrooms' population.

    A ceiling makes some parameters more likely: linear in the coordinates of the surface, by regression of the weights.
    """
    values, means, own, log_evidence = flat(chain)
    at = rng.choice(len(values), min(PILOT, len(values)), replace=False)
    headrooms, _ = draw_populations(FIRST_HEADROOMS, len(at), pooled, rng)
    paths = weigh(months, values[at], means[at], own[at], headrooms, [PILOT_PAIRS] * len(months), True, rng)
    middle, spread = FIRST_HEADROOMS
    population = (headrooms - middle) / spread if pooled else (headrooms - headrooms.mean(0)) / spread
    main = surfaces.main.copy()
    for d in range(len(months)):
        missed = paths[d].log_weight - log_evidence[at, d]
        theta = np.concatenate([values[at, :SHARED], own[at, d]], axis=1)
        z = clipped(
            (coordinates(theta, surfaces.powers[d]) - surfaces.centre[d]) @ surfaces.whiten[d].T, surfaces.radius[d]
        )
        rows = np.concatenate([np.ones((len(at), 1)), z, population, population[:, :1] ** 2], axis=1)
        limit = 2.5 * np.std(missed)
        centred = np.clip(missed - np.median(missed), -limit, limit)
        ridge = np.diag(np.r_[0.0, np.full(rows.shape[1] - 1, 0.02 * len(at))])
        tilt = np.linalg.solve(rows.T @ rows + ridge, rows.T @ centred)
        main[d, 1 : 1 + SHARED + OWN] += tilt[1 : 1 + SHARED + OWN]
    return surfaces._replace(main=main), paths


def sampled(months, pooled, rounds, rng, clock):
    """Train surfaces and run chains on them in turn; return the last of both, and what surfaces missed."""
    centre = np.r_[SHARED_CENTRE, OWN_CENTRE]
    sd = WIDER * np.r_[SHARED_SD, np.hypot(OWN_SD, OWN_SPREAD)]
    trained = []
    for one in months:
        cloud = first_cloud(one, centre, sd, REFERENCE, FIRST_POINTS, rng)
        trained.append(train(cloud, evidences(cloud, one, REFERENCE, 1), 2, 1.25, cloud, LOGARITHMS))
    surfaces = stack(trained, [REFERENCE] * len(months))
    clock.note("first surfaces")
    _, chain = sample(surfaces, pooled, CHAINS, 1000, 5, rng)
    clock.note("early chains")
    typical = chain["means"].mean(axis=(0, 1))
    reference = prior_of(typical)
    stored, misses = [None] * len(months), []
    for number, degree, wider, own_sweeps in rounds:
        values = chain["values"].reshape(-1, GLOBAL)
        own = chain["own"].reshape(len(values), -1, OWN)
        missed = []
        for d, one in enumerate(months):
            at = rng.choice(len(values), number, replace=number > len(values))
            drawn = np.concatenate([values[at, :SHARED], own[at, d]], axis=1)
            middle = np.median(drawn, axis=0)
            stretch = np.r_[np.full(SHARED, wider * WIDER_SHARED if pooled else wider), np.full(OWN, wider)]
            new = np.ascontiguousarray(middle + stretch * (drawn - middle))
            found = evidences(new, one, reference, 2)
            if stored[d] is None:
                stored[d] = new, found
            else:
                missed.append(float(np.std(found[:, 0] - predict(trained[d], new))))
                stored[d] = tuple(np.concatenate(two) for two in zip(stored[d], (new, found), strict=True))
            trained[d] = train(*stored[d], degree, 1.0, new)
        misses.append(missed)
        surfaces = stack(trained, [reference] * len(months))
        clock.note("surfaces")
        _, chain = sample(surfaces, pooled, CHAINS, own_sweeps, own_sweeps // 250, rng, (300, 600))
        clock.note("early chains")
    return surfaces, chain, misses
