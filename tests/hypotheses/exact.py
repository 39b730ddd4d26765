"""Exact likelihoods and evidence of the models that pooled tests compare: independent of their filter and quadrature.

Given its parameters, the level of a dyad in the months with events is multivariate normal, whether
the trend walks or returns. So the likelihood is an integral over a normal distribution: it is
estimated without bias by importance sampling from the normal distribution that expectation
propagation finds. The evidence is an integral over parameters, each on a scale on which its prior
is standard normal: importance sampling again.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.linalg import solve_triangular
from scipy.special import gammaln, logsumexp
from scipy.stats import multivariate_normal, norm

MEAN, START_SD, NOISE_SD = 0.3, 1.4, 0.22
VOLUME, VOLUME_SD = -0.3, math.hypot(0.4, 0.2)
MEAN_SDS = (0.5, 0.71, 1.0, 1.41, 2.0)
CONCENTRATION = (2.3, 0.5)
PRIORS = {  # Mean and standard deviation of the population's mean of a logarithm, spread of dyads
    "step": (-2.3, 0.3, 0.25),
    "cycle_sd": (-0.5, 0.4, 0.3),
    "cycle": (math.log(4.0), 0.7, 0.3),
    "return": (math.log(180.0), 0.7, 0.3),
    "source_sd": (math.log(0.4), 0.5, 0.2),
    "bound": (math.log(1.5), 0.5, 0.3),
}
RETURN_YEARS = (2.0, 90.5)
"""What the half-life of a trend's return may be in the population, in years."""
_HERMITE, _WEIGHTS = np.polynomial.hermite_e.hermegauss(24)
_WEIGHTS /= _WEIGHTS.sum()


@dataclass(frozen=True)
class Months:
    """Months with events of a dyad."""

    at: np.ndarray  # From the first, 0
    events: np.ndarray
    cooperative: np.ndarray
    volume: np.ndarray
    begins: np.ndarray  # Months, from the first, in which an era begins
    source: np.ndarray  # Which of several sources, by month with events


def months_of(record, dyad, source_months=180):
    """Read a dyad's months with events."""
    found = np.flatnonzero(record.events[dyad])
    begins, first = np.flatnonzero(record.begins[dyad]), int(found[0])
    return Months(
        (found - first).astype(float),
        record.events[dyad, found],
        record.cooperative[dyad, found],
        record.volume[dyad, found],
        begins - first,
        found // source_months,
    )


def levels(months, own):
    """Return mean and covariance of a dyad's levels, with the noise of each month, given its parameters."""
    t = months.at
    lag, early = np.abs(t[:, None] - t), np.minimum(t[:, None], t)
    r = 0.5 ** (1.0 / own["return"]) if "return" in own else 1.0
    kept = r**t
    walked = early if r == 1.0 else (1.0 - r ** (2.0 * early)) / (1.0 - r * r)
    cov = START_SD**2 * np.outer(kept, kept) + own["step"] ** 2 * r**lag * walked
    cov += VOLUME_SD**2 * np.outer(months.volume, months.volume) + NOISE_SD**2 * np.eye(len(t))
    if "return" in own:
        cov += own["mean_sd"] ** 2 * np.outer(1.0 - kept, 1.0 - kept)
    if "cycle" in own:
        cov += own["cycle_sd"] ** 2 * 0.5 ** (lag / own["cycle"])
    if "source_sd" in own:
        cov += own["source_sd"] ** 2 * (months.source[:, None] == months.source)
    for start in months.begins if own.get("jump_sd") else ():
        jump = np.where(t >= start, r ** np.maximum(t - start, 0.0), 0.0)
        cov += own["jump_sd"] ** 2 * np.outer(jump, jump)
    return MEAN + VOLUME * months.volume, cov


def of_counts(months, level, a):
    """Return the log-likelihood of each month's counts, without binomial coefficients."""
    share = 1.0 / (1.0 + np.exp(-np.clip(level, -30.0, 30.0)))
    good, bad = np.maximum(a * share, 1e-12), np.maximum(a * (1.0 - share), 1e-12)
    n, k = months.events, months.cooperative
    if level.ndim > 1:
        n, k = n[:, None], k[:, None]
    found = gammaln(good + k) - gammaln(good) + gammaln(bad + n - k) - gammaln(bad)
    return found + gammaln(a) - gammaln(a + n)


def _given(mean, cov, precision, shift):
    """Return mean, covariance and log mass of a normal distribution times Gaussian sites."""
    root = np.sqrt(precision)
    lower = np.linalg.cholesky(np.eye(len(mean)) + root[:, None] * cov * root)
    part = solve_triangular(lower, root[:, None] * cov, lower=True)
    after, slope = cov - part.T @ part, shift - precision * mean
    mass = -np.log(np.diag(lower)).sum() + (shift * mean - 0.5 * precision * mean**2).sum()
    return mean + after @ slope, after, mass + 0.5 * slope @ after @ slope


def sites(months, mean, cov, a, rounds=20):
    """Find Gaussian sites in place of the months' likelihoods, by expectation propagation.

    Good ones suffice.
    """
    precision, shift = np.full(len(mean), 1e-3), 1e-3 * mean
    for _ in range(rounds):
        middle, after, _ = _given(mean, cov, precision, shift)
        own = np.diag(after)
        left = np.maximum(1.0 / own - precision, 1e-6)
        apart = (middle / own - shift) / left
        places = apart[:, None] + _HERMITE / np.sqrt(left)[:, None]
        log = of_counts(months, places, a)
        weight = _WEIGHTS * np.exp(log - log.max(axis=1, keepdims=True))
        weight /= weight.sum(axis=1, keepdims=True)
        first = (weight * places).sum(axis=1)
        second = (weight * (places - first[:, None]) ** 2).sum(axis=1)
        better = np.maximum(1.0 / second - left, 1e-8)
        moved = np.abs(better - precision).max()
        shift = 0.2 * shift + 0.8 * (first / second - (middle / own - shift))
        precision = 0.2 * precision + 0.8 * better
        if moved < 0.02:
            break
    return precision, shift


def log_likelihood(months, own, rng, draws=64):
    """Return an unbiased estimate of a dyad's likelihood, as a logarithm."""
    mean, cov = levels(months, own)
    precision, shift = sites(months, mean, cov, own["concentration"])
    middle, after, mass = _given(mean, cov, precision, shift)
    raw = rng.standard_normal((len(mean), draws // 2))
    places = middle[:, None] + np.linalg.cholesky(after + 1e-9 * np.eye(len(mean))) @ np.hstack(
        [raw, -raw]
    )
    log = of_counts(months, places, own["concentration"])
    log += 0.5 * precision[:, None] * places**2 - shift[:, None] * places
    return mass + float(logsumexp(log.sum(axis=0))) - math.log(2 * (draws // 2))


@dataclass(frozen=True)
class Parameters:
    """Parameters of all dyads, from numbers whose prior is standard normal.

    The population's means come first, then the concentration, then each dyad's distances from the
    means.
    """

    names: tuple[str, ...]
    dyads: int

    @property
    def size(self):
        return (self.dyads + 1) * len(self.names) + 1

    def bounds(self):
        """Return what the return's number may be."""
        mean, sd, _ = PRIORS["return"]
        return tuple((math.log(12.0 * years) - mean) / sd for years in RETURN_YEARS)

    def log_prior(self, raw):
        found = norm.logpdf(raw).sum()
        if "return" not in self.names:
            return float(found)
        low, high = self.bounds()
        inside = low < raw[self.names.index("return")] < high
        return float(found - math.log(norm.cdf(high) - norm.cdf(low))) if inside else -math.inf

    def of(self, raw):
        """Return every dyad's parameters by name."""
        own = raw[len(self.names) + 1 :].reshape(self.dyads, -1)
        found = [
            {"concentration": math.exp(CONCENTRATION[0] + CONCENTRATION[1] * raw[len(self.names)])}
        ] * self.dyads
        for at, name in enumerate(self.names):
            mean, sd, spread = PRIORS[name]
            found = [
                one | {name: math.exp(mean + sd * raw[at] + spread * own[d, at])}
                for d, one in enumerate(found)
            ]
        return found


def log_posterior(raw, parameters, dyads, rng, draws=64):
    """Return an unbiased estimate of prior times likelihood, as a logarithm.

    The spread of long-run means is drawn.
    """
    prior = parameters.log_prior(raw)
    if not math.isfinite(prior):
        return prior
    spread = rng.choice(MEAN_SDS)
    found = (
        log_likelihood(months, own | {"mean_sd": spread}, rng, draws)
        for months, own in zip(dyads, parameters.of(raw), strict=True)
    )
    return prior + sum(found)


def evidence(dyads, names, rng, rounds=(200, 200, 400), least=40.0):
    """Return the log evidence and its Monte Carlo error, by importance sampling from ever better proposals.

    The first is the prior, each later one a normal distribution fitted to all draws so far, with
    weights that are tempered until they are not too unequal. Each draw is weighed by the mixture of
    all proposals.
    """
    parameters = Parameters(names, len(dyads))
    proposals = [multivariate_normal(np.zeros(parameters.size), np.eye(parameters.size))]
    raw, log, weights = np.empty((0, parameters.size)), np.empty(0), np.empty(0)
    for at, size in enumerate(rounds):
        if at:
            proposals.append(_fitted(raw, weights, least))
        new = proposals[-1].rvs(size, random_state=rng)
        raw = np.concatenate([raw, new])
        log = np.concatenate([log, [log_posterior(one, parameters, dyads, rng) for one in new]])
        parts = [
            one.logpdf(raw) + math.log(part / len(raw))
            for one, part in zip(proposals, rounds, strict=False)
        ]
        weights = log - logsumexp(parts, axis=0)
    ratio = np.exp(weights - weights.max())
    error = ratio.std() / ratio.mean() / math.sqrt(len(ratio))
    return float(weights.max() + math.log(ratio.mean())), float(error)


def _fitted(raw, weights, least):
    """Fit a normal distribution, a little wider, to weighed draws."""
    power = 1.0
    while True:
        share = np.exp(power * (weights - weights.max()))
        share /= share.sum()
        if 1.0 / (share**2).sum() >= least:
            break
        power *= 0.8
    mean = share @ raw
    cov = (raw - mean).T * share @ (raw - mean)
    return multivariate_normal(mean, 1.2 * (0.7 * cov + 0.3 * np.diag(np.diag(cov))))
