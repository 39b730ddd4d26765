"""Fit of the hazards: complementary log-log regressions by set and lead.

They are partially pooled over sets and pairs.

On each forecast date, and for each span of days ahead, the first event either falls into the span
or does not, given that none came before it. Its log-hazard is the log of the mean rate of three
memories, plus a linear function of the covariates. The priors are Gaussian: coefficients of a set
around those of all sets, those of pairs around zero. The posterior is approximated at its mode
(Laplace).

References
----------
Allison (1982), Discrete-time methods for the analysis of event histories, doi:10.2307/270718; van
Houwelingen (2007), Dynamic prediction by landmarking in event history analysis,
doi:10.1111/j.1467-9469.2006.00529.x
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from forecast.base.typing import Bool, Float, Index
from forecast.outlook.hazards.landmarks import BY_SET, LEVEL, OF_ALL, Landmarks, Scaling
from forecast.outlook.hazards.memories import COVARIATES, LEADS

# Prior precision of the coefficients of all sets, around zero
POOLED_PRECISION = 1.0
# Prior precision of a set's coefficients, around those of all sets (5, 20, 100 and 300 score alike
# or worse to 2014)
SET_PRECISION = 50.0
# The same for announced meetings and the season, which differ between sets
SEASON_PRECISION = 10.0
# Prior precision of the effects of pairs, around zero
PAIR_PRECISION = 20.0
# Prior precision of the level of a set, around that of all sets
LEVEL_PRECISION = 0.5
# One in so many forecast dates enters the fit of all sets, for speed
POOLED_EVERY = 4
NEWTON_STEPS = 40
# Part of a Newton step; a step is halved down to it while the log-posterior would fall
MIN_STEP = 1e-3
# Change of the log-posterior below which the mode is found
TOLERANCE = 1e-6
# Logarithm of the expected number of events in a span; below it an event is impossible
MIN_LOG_EXPECTED = -30.0
# Beyond it an event is certain
MAX_LOG_EXPECTED = 4.0
# Posterior draws kept for the interval of a probability
DRAWS = 12


@dataclass(frozen=True)
class LeadFit:
    """Coefficients at one lead: of the covariates, the level, and the pairs."""

    mean: Float  # (covariate + 1 + pair,)
    draws: Float  # (draw, covariate + 1 + pair)


@dataclass(frozen=True)
class RiskSet:
    """Forecast dates of a set without an event before a span of days ahead, (row, ...)."""

    design: Float  # Standardised covariates, (row, covariate)
    happened: Bool  # The first event falls into the span
    offset: Float  # Log of the expected number without the linear function
    weight: Float
    pair: Index  # Number of the pair

    @classmethod
    def of(cls, landmarks: Landmarks, scaling: Scaling, lead: int, before: int) -> "RiskSet":
        """Return the forecast dates whose span at a lead ended before a day and inside coverage."""
        first, end = LEADS[lead], LEADS[lead + 1]
        rows = np.flatnonzero(landmarks.observed(end, before) & (landmarks.wait >= first))
        return cls(
            design=scaling.apply(landmarks.covariates[lead][rows]),
            happened=landmarks.wait[rows] < end,
            offset=landmarks.base[rows] + np.log(end - first),
            weight=landmarks.weights(rows, end - first, before),
            pair=landmarks.pair[rows],
        )


def fit_hazards(
    by_set: Mapping[str, Landmarks], pairs: int, before: int, *, draws: bool = False, seed: int = 1
) -> tuple[Scaling, dict[str, list[LeadFit]]]:
    """Fit all sets to what had happened before a day.

    Parameters
    ----------
    by_set : mapping of str to Landmarks
        Forecast dates by name of the set.
    pairs : int
        Number of pairs.
    before : int
        Day from 1970; windows that end later are left out.
    draws : bool
        Whether to draw from the posterior.
    seed : int

    Returns
    -------
    Scaling
    dict of str to list of LeadFit
        By set and lead; under the empty name the coefficients of all sets.
    """
    scaling = Scaling.of(by_set, before)
    rng = np.random.default_rng(seed)
    fits: dict[str, list[LeadFit]] = {name: [] for name in (OF_ALL, *by_set)}
    for lead in range(len(LEADS) - 1):
        risk_sets = {
            name: RiskSet.of(landmarks, scaling, lead, before) for name, landmarks in by_set.items()
        }
        coefficients, levels = _fit_pooled(list(risk_sets.values()))
        common = np.concatenate([coefficients, [levels.mean()], np.zeros(pairs)])
        for (name, risk_set), level in zip(risk_sets.items(), levels, strict=True):
            prior = common.copy()
            prior[LEVEL] = level
            fits[name].append(_fit_set(risk_set, prior, rng if draws else None))
        sd = _sd_between_sets([fits[name][lead].mean for name in by_set], common)
        drawn = common + rng.normal(size=(DRAWS, len(common))) * sd
        fits[OF_ALL].append(LeadFit(common, drawn))
    return scaling, fits


def _fit_pooled(risk_sets: Sequence[RiskSet]) -> tuple[Float, Float]:
    """Return the coefficients of the covariates in all sets together, and the level of each set."""
    thinned = slice(None, None, POOLED_EVERY)
    designs = [risk_set.design[thinned] for risk_set in risk_sets]
    set_of_row = np.repeat(np.arange(len(designs)), [len(design) for design in designs])
    size = LEVEL + len(designs)
    mode, _ = posterior_mode(
        design=np.column_stack([np.concatenate(designs), np.eye(len(designs))[set_of_row]]),
        happened=np.concatenate([risk_set.happened[thinned] for risk_set in risk_sets]),
        offset=np.concatenate([risk_set.offset[thinned] for risk_set in risk_sets]),
        weight=np.concatenate([risk_set.weight[thinned] for risk_set in risk_sets]) * POOLED_EVERY,
        precision=np.full(size, POOLED_PRECISION),
        prior=np.zeros(size),
    )
    return mode[:LEVEL], mode[LEVEL:]


def _fit_set(risk_set: RiskSet, prior: Float, rng: np.random.Generator | None) -> LeadFit:
    """Return the coefficients of a set; without a generator its only draw is their mean."""
    pairs = len(prior) - LEVEL - 1
    level = np.ones(len(risk_set.design))
    mode, curvature = posterior_mode(
        design=np.column_stack([risk_set.design, level, np.eye(pairs)[risk_set.pair]]),
        happened=risk_set.happened,
        offset=risk_set.offset,
        weight=risk_set.weight,
        precision=_precision_of_set(pairs),
        prior=prior,
    )
    return LeadFit(mode, mode[None] if rng is None else _draw(mode, curvature, rng))


def posterior_mode(
    design: Float, happened: Bool, offset: Float, weight: Float, precision: Float, prior: Float
) -> tuple[Float, Float]:
    """Return mode and precision matrix of a complementary log-log regression.

    Its prior is Gaussian.

    Parameters
    ----------
    design : array, (row, coefficient)
    happened : array of bool, (row,)
    offset : array, (row,)
        Log of the expected number without the linear function.
    weight : array, (row,)
    precision, prior : array, (coefficient,)
        Of the Gaussian prior, and its mean.
    """

    def expected_at(coefficients: Float) -> Float:
        log_expected = np.clip(offset + design @ coefficients, MIN_LOG_EXPECTED, MAX_LOG_EXPECTED)
        return np.asarray(np.exp(log_expected))

    def log_posterior(coefficients: Float) -> float:
        expected = expected_at(coefficients)
        log_likelihood = np.where(happened, np.log(-np.expm1(-expected)), -expected)
        return float(weight @ log_likelihood - 0.5 * precision @ (coefficients - prior) ** 2)

    coefficients = prior.copy()
    now = log_posterior(prior)
    for _ in range(NEWTON_STEPS):
        expected = expected_at(coefficients)
        ratio = expected / np.expm1(expected)
        slope = np.where(happened, ratio, -expected)
        bend = np.where(happened, ratio * (expected / -np.expm1(-expected) - 1), expected)
        gradient = design.T @ (weight * slope) - precision * (coefficients - prior)
        curvature = (design * (weight * bend)[:, None]).T @ design + np.diag(precision)
        step = np.linalg.solve(curvature, gradient)
        part = 1.0
        after = log_posterior(coefficients + part * step)
        while after < now and part > MIN_STEP:
            part /= 2
            after = log_posterior(coefficients + part * step)
        coefficients = coefficients + part * step
        if abs(after - now) < TOLERANCE:
            break
        now = after
    return coefficients, curvature


def _precision_of_set(pairs: int) -> Float:
    """Return the precision of the prior of a set, (covariate + 1 + pair,)."""
    of_covariates = [SEASON_PRECISION if name in BY_SET else SET_PRECISION for name in COVARIATES]
    return np.array([*of_covariates, LEVEL_PRECISION, *[PAIR_PRECISION] * pairs])


def _draw(mode: Float, curvature: Float, rng: np.random.Generator) -> Float:
    """Draw from the Gaussian at a mode, (draw, coefficient)."""
    root = np.linalg.cholesky(np.linalg.inv(curvature))
    return np.asarray(mode + rng.normal(size=(DRAWS, len(mode))) @ root.T)


def _sd_between_sets(modes: Sequence[Float], common: Float) -> Float:
    """Return by how much sets differ from the coefficients of all, and pairs by their prior."""
    sd = np.std(np.array(modes) - common, axis=0)
    sd[LEVEL + 1 :] = PAIR_PRECISION**-0.5
    return sd
