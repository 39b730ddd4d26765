"""The engine: a fit of one dyad alone or of several pooled, with its checks.

1. Surfaces of the dyads' log-evidences, trained in rounds where the chain goes (`surface`,
   `evidence`).
2. A chain on the surfaces for all parameters but the path (`hierarchy`).
3. Paths at points of the chain, one a dyad kept by its weight, and the weights of the points
   (`weights`).
"""

import math
import time
from dataclasses import dataclass, field

import numpy as np
from evidence import REFERENCE, evidences
from exact import ALONE, Plan, run_exact
from hierarchy import GLOBAL, Quadratics, prior_of, sample
from months import OWN, SHARED, Months, number_of_eras, panel_of
from priors import Priors, alone_populations
from surface import (
    LOGARITHMS,
    clipped,
    coordinates,
    curvature_of,
    first_cloud,
    predict,
    stack,
    train,
)
from weights import keep_paths

CHAINS = 4
FIRST_POINTS = 400  # Of the first, quadratic surface of a dyad
# New points are spread so much further yet in shared parameters, for all dyads' tails add up
WIDER_SHARED = 1.2
WIDER = 1.15  # The prior of the first cloud is so much wider than that of a dyad alone
# Of every round: new points a dyad, degree, by how much they are spread further than the chain's
# draws, sweeps a chain
ROUNDS = ((400, 3, 1.4, 500), (350, 3, 1.1, 500), (350, 3, 1.1, 750))
PILOT, PILOT_PAIRS = 300, 2  # Points and pairs by which ceilings tilt surfaces
PAIRS, PAIRS_MOST = 1.6, 6  # Of paths for a refreshed dyad: on average, at most
SWEEPS = 860  # Of each chain that are kept
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
    missed: (
        np.ndarray
    )  # (chain, sweep, dyad): log weights of fresh proposals; 0 where there was none
    accepted: np.ndarray  # (dyad, 2): shares of fresh and of near proposals
    longest: np.ndarray  # (dyad,): run of refusals
    accepted_joint: float
    longest_joint: float
    kinds: np.ndarray  # Accepted steps on surfaces, by kind
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
    priors: Priors,
    seed=1,
    sweeps=SWEEPS,
    ceilings=True,
    rounds=ROUNDS,
    pairs=PAIRS,
    burn_in=BURN_IN,
    plan=None,
) -> Found:
    """Fit one dyad or several with chains of so many exact sweeps each."""
    rng, clock, pooled = np.random.default_rng(seed), Clock(), len(months) > 1
    plan = plan or (Plan() if pooled else ALONE)
    surfaces, quadratics, chain, misses = trained(months, priors, pooled, rounds, rng, clock)
    share = np.ones(len(months))
    if ceilings:
        surfaces, pilot = with_ceilings(surfaces, chain, months, priors, pooled, rng)
        share = shared_out(pilot, months)
        clock.note("pilot")
    number = np.clip(np.rint(pairs * share), 1, PAIRS_MOST).astype(np.int64)
    tuning, chain = sample(surfaces, quadratics, priors, pooled, CHAINS, 400, 20, rng, (300, 600))
    clock.note("last surface chains")
    headrooms = typical_headrooms(priors, pooled)
    panel, runs = panel_of(months), []
    for c in range(CHAINS):
        state = chain["values"][c, -1], chain["means"][c, -1], chain["own"][c, -1], headrooms
        ways = tuning, plan, number, burn_in + sweeps, pooled, ceilings, int(rng.integers(2**31))
        runs.append(run_exact(panel, surfaces, priors, *state, *ways))
    clock.note("exact chains")
    draws = [np.stack(one)[:, burn_in:] for one in zip(*(run.draws for run in runs), strict=True)]
    tried = sum(run.accepted for run in runs)
    kinds = sum(run.kinds for run in runs)
    return Found(
        *draws,
        np.stack([run.missed for run in runs]),
        tried[:, :, 1] / np.maximum(tried[:, :, 0], 1.0),
        np.max([run.longest for run in runs], axis=0),
        float(np.mean([run.joint[1] / run.joint[0] for run in runs])),
        max(run.joint[2] for run in runs),
        kinds[:, 1] / np.maximum(kinds[:, 0], 1.0),
        clock.seconds,
        misses,
        number,
    )


def typical_headrooms(priors, pooled):
    """Return a population of headrooms: mean, and logarithms of spreads of dyads and of eras."""
    if not pooled:
        return alone_populations(priors)[2]
    centre, _, dyads, eras = priors.headroom
    return np.array([centre, math.log(dyads), math.log(eras)])


def flat(chain):
    """Chains one after the other."""
    return (
        chain[name].reshape(-1, *chain[name].shape[2:])
        for name in ("values", "means", "own", "log")
    )


def shared_out(paths, months):
    """Return shares of pairs of paths by dyad, 1 on average.

    They are more where weights of pairs vary more.
    """
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
        paths.append(
            keep_paths(theta, priors, headrooms, one, eras, int(pairs[d]), 1, ceilings, seed)
        )
    return paths


def with_ceilings(surfaces, chain, months, priors, pooled, rng):
    """Tilt surfaces by what ceilings, and they themselves, missed at some points.

    What was missed is found by regression of weights of paths.
    """
    values, means, own, log_evidence = flat(chain)
    at = rng.choice(len(values), min(PILOT, len(values)), replace=False)
    headrooms = np.tile(typical_headrooms(priors, pooled), (len(at), 1))
    paths = weigh(
        months, values[at], means[at], own[at], headrooms, [PILOT_PAIRS] * len(months), True, rng
    )
    main = surfaces.main.copy()
    for d in range(len(months)):
        missed = paths[d].log_weight - log_evidence[at, d]
        theta = np.concatenate([values[at, :SHARED], own[at, d]], axis=1)
        off = coordinates(theta, surfaces.powers[d]) - surfaces.centre[d]
        z = clipped(off @ surfaces.whiten[d].T, surfaces.radius[d])
        rows = np.concatenate([np.ones((len(at), 1)), z], axis=1)
        limit = 2.5 * np.std(missed)
        centred = np.clip(missed - np.median(missed), -limit, limit)
        ridge = np.diag(np.r_[0.0, np.full(rows.shape[1] - 1, 0.02 * len(at))])
        tilt = np.linalg.solve(rows.T @ rows + ridge, rows.T @ centred)
        main[d, 1 : rows.shape[1]] += tilt[1:]
    return surfaces._replace(main=main), paths


def trained(months, priors, pooled, rounds, rng, clock):
    """Train surfaces and run chains on them in turn.

    Return both, quadratics, and what surfaces missed.
    """
    centre = np.r_[priors.shared[0], priors.own[0]]
    sd = WIDER * np.r_[priors.shared[1], np.hypot(priors.own[1], priors.own[2])]
    own_surfaces, quadratics = [], []
    for one in months:
        cloud = first_cloud(one, centre, sd, REFERENCE, FIRST_POINTS, rng)
        found = evidences(cloud, one, REFERENCE, 1)
        own_surfaces.append(train(cloud, found, 2, 1.25, cloud, LOGARITHMS))
        quadratics.append(curvature_of(own_surfaces[-1]))
    surfaces = stack(own_surfaces, [REFERENCE] * len(months))
    clock.note("first surfaces")
    _, chain = sample(surfaces, stacked(quadratics), priors, pooled, CHAINS, 500, 2, rng)
    clock.note("early chains")
    reference = prior_of(chain["means"].mean(axis=(0, 1)))
    stored, misses = [None] * len(months), []
    for number, degree, wider, sweeps in rounds:
        values = chain["values"].reshape(-1, GLOBAL)
        own = chain["own"].reshape(len(values), -1, OWN)
        missed, quadratics = [], []
        for d, one in enumerate(months):
            at = rng.choice(len(values), number, replace=number > len(values))
            drawn = np.concatenate([values[at, :SHARED], own[at, d]], axis=1)
            middle = np.median(drawn, axis=0)
            stretch = wider * np.r_[np.full(SHARED, WIDER_SHARED if pooled else 1.0), np.ones(OWN)]
            new = np.ascontiguousarray(middle + stretch * (drawn - middle))
            found = evidences(new, one, reference, 2)
            if stored[d] is None:
                stored[d] = new, found
            else:
                missed.append(float(np.std(found[:, 0] - predict(own_surfaces[d], new))))
                stored[d] = tuple(
                    np.concatenate(two) for two in zip(stored[d], (new, found), strict=True)
                )
            own_surfaces[d] = train(*stored[d], degree, 1.0, new)
            quadratics.append(curvature_of(train(*stored[d], 2, 1.0, new, LOGARITHMS)))
        misses.append(missed)
        surfaces = stack(own_surfaces, [reference] * len(months))
        clock.note("surfaces")
        ways = pooled, CHAINS, sweeps, sweeps // 250, rng, (300, 600)
        _, chain = sample(surfaces, stacked(quadratics), priors, *ways)
        clock.note("early chains")
    return surfaces, stacked(quadratics), chain, misses


def stacked(quadratics):
    """Put the quadratics of all dyads together."""
    return Quadratics(*(np.stack(one) for one in zip(*quadratics, strict=True)))
