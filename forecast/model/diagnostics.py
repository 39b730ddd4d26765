"""What draws are worth: R-hat, effective sample sizes, Monte Carlo errors, and Pareto-smoothed weights.

ArviZ has the same, one quantity after the other and after a long import. Here the quantities of an array are diagnosed
together, in plain NumPy, for every report asks it of thousands; a test holds each of them to ArviZ's.

References
----------
.. [1] Vehtari, Gelman, Simpson, Carpenter and Burkner (2021), Rank-normalization, folding, and localization: an
   improved R-hat, https://doi.org/10.1214/20-BA1221
.. [2] Vehtari, Simpson, Gelman, Yao and Gabry (2024), Pareto smoothed importance sampling, Journal of Machine Learning
   Research 25(72), https://jmlr.org/papers/v25/19-556.html
.. [3] Zhang and Stephens (2009), A new and efficient estimation method for the generalized Pareto distribution,
   https://doi.org/10.1198/tech.2009.08017
"""

from collections.abc import Callable

import numpy as np
from scipy.special import logsumexp, ndtri

from forecast.typing import Bool, Float

AT_ONCE = 64
"""So many quantities are diagnosed together: their draws fit into the processor's cache."""
FEWEST_DRAWS = 4
TAILS = (1 - 0.89, 0.89)
"""Quantiles that stand for the tails, as ArviZ has them by default."""
FEWEST_IN_TAIL = 5


def r_hat(draws: Float) -> Float:
    """Return the rank-normalised split R-hat [1]_ of quantities.

    Parameters
    ----------
    draws : array (chain, draw, quantity)

    Returns
    -------
    array (quantity,)
        NaN with one chain, fewer than four draws, or draws that are no numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from forecast.model.diagnostics import r_hat
    >>> r_hat(np.random.default_rng(1).standard_normal((4, 1000, 1))).round(2)
    array([1.])
    """

    def diagnose(own: Float) -> Float:
        split = _split(own)
        folded = np.abs(split - np.median(split, axis=(1, 2), keepdims=True))
        return np.maximum(_potential_scale(_normal_scores(split)), _potential_scale(_normal_scores(folded)))

    return _each(draws, diagnose) if len(draws) > 1 else np.full(draws.shape[2], np.nan)


def bulk_ess(draws: Float) -> Float:
    """Return the effective sample size for the bulk [1]_, as `r_hat` of (chain, draw, quantity)."""
    return _each(draws, lambda own: _effective(_normal_scores(_split(own))))


def tail_ess(draws: Float) -> Float:
    """Return the effective sample size of the 11 % and 89 % quantiles, the smaller one [1]_, as `r_hat` does."""

    def diagnose(own: Float) -> Float:
        ends = np.quantile(own, TAILS, axis=(1, 2), keepdims=True)
        return np.minimum(*(_effective(_split(own <= end).astype(np.float64)) for end in ends))

    return _each(draws, diagnose)


def mean_error(draws: Float) -> Float:
    """Return the Monte Carlo standard error of means [1]_, as `r_hat` of (chain, draw, quantity)."""
    effective = _each(draws, lambda own: _effective(_split(own)))
    return np.asarray(draws.std(axis=(0, 1), ddof=1) / np.sqrt(effective))


def _each(draws: Float, diagnose: Callable[[Float], Float]) -> Float:
    """Diagnose quantities (chain, draw, quantity), a few at once as (quantity, chain, draw)."""
    number = draws.shape[2]
    found = np.full(number, np.nan)
    if draws.shape[1] < FEWEST_DRAWS:
        return found
    for first in range(0, number, AT_ONCE):
        some = slice(first, first + AT_ONCE)
        own = np.ascontiguousarray(np.moveaxis(draws[..., some], 2, 0), dtype=np.float64)
        defined = np.isfinite(own).all(axis=(1, 2))
        found[some][defined] = diagnose(own[defined])
    return found


def _split(draws: Float) -> Float:
    """Return halves of chains as chains."""
    half = draws.shape[2] // 2
    return np.concatenate([draws[..., :half], draws[..., -half:]], axis=1)


def _normal_scores(draws: Float) -> Float:
    """Replace draws by the normal quantiles of their ranks among all chains; those that are alike share a rank."""
    flat = draws.reshape(len(draws), -1)
    size = flat.shape[1]
    order = np.argsort(flat, axis=1)
    ordered = np.take_along_axis(flat, order, axis=1)
    begins, place = np.ones(flat.shape, dtype=bool), np.arange(size)
    begins[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    ends = np.roll(begins, -1, axis=1)
    first = np.maximum.accumulate(np.where(begins, place, 0), axis=1)
    last = np.minimum.accumulate(np.where(ends, place, size)[:, ::-1], axis=1)[:, ::-1]
    rank = 1 + np.arange(2 * size - 1) / 2
    scores = np.empty_like(flat)
    np.put_along_axis(scores, order, ndtri((rank - 3 / 8) / (size + 1 / 4))[first + last], axis=1)
    return scores.reshape(draws.shape)


def _potential_scale(chains: Float) -> Float:
    """Return how much wider chains (quantity, chain, draw) are together than each by itself."""
    draws = chains.shape[2]
    between, within = draws * chains.mean(axis=2).var(axis=1, ddof=1), chains.var(axis=2, ddof=1).mean(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.sqrt((between / within + draws - 1) / draws))


def _effective(chains: Float) -> Float:
    """Return effective sample sizes of means of chains (quantity, chain, draw), by Geyer's monotone sequence."""
    quantities, number, draws = chains.shape
    means = chains.mean(axis=2, keepdims=True)
    power = (np.abs(np.fft.rfft(chains - means, 2 * draws)) ** 2).mean(axis=1)
    covariance = np.fft.irfft(power, 2 * draws)[:, :draws] / draws
    within, total = covariance[:, :1] * draws / (draws - 1), covariance[:, :1] + means.var(axis=1, ddof=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        correlation = 1.0 - (within - covariance) / total
    correlation[:, 0] = 1.0
    # Sums of neighbours are positive and fall; from the first that is not, they are noise.
    most = max((draws - 1) // 2 - 1, 0)
    pairs = correlation[:, : 2 * most + 2].reshape(quantities, most + 1, 2).sum(axis=2)
    noise = ~(pairs > 0)
    stop = np.where(noise.any(axis=1), noise.argmax(axis=1), most)
    every = np.arange(quantities)
    behind = correlation[every, 2 * stop]
    behind = np.where(pairs[every, stop] >= 0, behind, np.maximum(behind, 0.0))
    falling = np.minimum.accumulate(pairs, axis=1)
    time = 2 * np.where(np.arange(most + 1) < stop[:, None], falling, 0.0).sum(axis=1) - 1 + behind
    size = number * draws
    constant = np.ptp(chains, axis=(1, 2)) < np.finfo(np.float64).resolution
    return np.asarray(np.where(constant, size, size / np.maximum(time, 1 / np.log10(size))))


def pareto_smoothed(log_weight: Float) -> tuple[Float, float] | None:
    """Smooth the largest weights by a generalised Pareto distribution [2]_, fitted by [3]_.

    Parameters
    ----------
    log_weight : array (draw,)
        Finite.

    Returns
    -------
    array (draw,) and float, or None
        Smoothed logarithms of weights, up to a constant, and the shape k; none if the weights have no tail: the largest
        are too few, all alike, or a few values.

    Examples
    --------
    >>> import numpy as np
    >>> from forecast.model.diagnostics import pareto_smoothed
    >>> found = pareto_smoothed(np.random.default_rng(1).exponential(0.5, 4000))
    >>> round(found[1], 1)
    0.5
    """
    size = log_weight.size
    number = int(3 * np.sqrt(size) if size > 225 else size / 5)
    if number < FEWEST_IN_TAIL:
        return None
    smooth = log_weight - log_weight.max()
    order = np.argsort(smooth)
    tail, edge = smooth[order[-number:]], float(np.exp(smooth[order[-number - 1]]))
    if np.ptp(tail) < np.finfo(np.float64).tiny:
        return None
    shape, scale = _pareto_fit(np.exp(tail) - edge)
    if not np.isfinite(shape):
        return None
    beyond = np.log1p(-np.arange(0.5, number) / number)
    quantile = edge + scale * (np.expm1(-shape * beyond) / shape if shape else -beyond)
    smooth[order[-number:]] = np.minimum(np.log(quantile), tail.max())
    return smooth, shape


def _pareto_fit(excess: Float) -> tuple[float, float]:
    """Return shape and scale of a generalised Pareto distribution from its ordered values; NaN if it is far from one.

    The shape is drawn a little towards 0.5, as if ten more values had said so.
    """
    number = excess.size
    quartile = excess[int(number / 4 + 0.5) - 1]
    if quartile <= excess[0]:
        return np.nan, np.nan
    grid = 30 + int(np.sqrt(number))
    theta = (1 - np.sqrt(grid / (np.arange(1, grid + 1) - 0.5))) / (3 * quartile) + 1 / excess[-1]
    shape = np.log1p(-theta[:, None] * excess).mean(axis=1)
    likelihood = number * (np.log(-theta / shape) - shape - 1)
    weight = np.exp(likelihood - logsumexp(likelihood))
    kept: Bool = weight >= 10 * np.finfo(np.float64).eps
    best = float(np.sum(theta[kept] * weight[kept] / weight[kept].sum()))
    found = float(np.log1p(-best * excess).mean())
    return (number * found + 10 * 0.5) / (number + 10), -found / best
