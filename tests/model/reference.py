"""The model's densities written down plainly, month by month and class by class, to hold the fast ones to."""

import numpy as np
from scipy.special import expit, gammaln, logsumexp


def fine_quadrature(points=4001, reach=10.0):
    """Trapezoid rule for a standard normal: exact to rounding for whatever is smooth on a scale of 0.01."""
    nodes = np.linspace(-reach, reach, points)
    return nodes, np.exp(-0.5 * nodes**2) / np.sqrt(2 * np.pi) * (nodes[1] - nodes[0])


def class_shares(level, cutpoint):
    """Probabilities (..., class) of the ordered logit at levels (...)."""
    below = expit(np.asarray(cutpoint) - np.asarray(level)[..., None])
    edge = np.zeros((*below.shape[:-1], 1))
    return np.diff(np.concatenate([edge, below, edge + 1], axis=-1), axis=-1)


def report_log_density(counts, shares, concentration):
    """Dirichlet-multinomial of one report (class,) at shares (..., class), without the multinomial coefficient."""
    if concentration == 0:
        return (counts * np.log(shares)).sum(-1)
    mass, total = concentration * shares, counts.sum()
    seen = counts > 0
    rising = gammaln(mass[..., seen] + counts[seen]) - gammaln(mass[..., seen])
    return rising.sum(-1) + gammaln(concentration) - gammaln(concentration + total)


def month_log_likelihood(counts, level, offset, cutpoint, depth, concentration, noise, quadrature):
    """One month: counts (direction, dataset, class), offset (direction, dataset), the rest (dataset,)."""
    nodes, weights = quadrature
    logs = np.log(np.maximum(weights, 1e-300))
    for s, q in np.ndindex(counts.shape[:2]):
        if counts[s, q].any():
            cuts = cutpoint[q].copy()
            cuts[-1] += depth[q]
            shares = class_shares(level + noise * nodes + offset[s, q], cuts)
            logs = logs + report_log_density(counts[s, q], shares, concentration[q])
    return logsumexp(logs)


def log_likelihood(panel, level, values, quadrature):
    """All months of an event panel; level (dyad, time), values by name with the shapes of the model's parameters."""
    counts = panel["counts"].transpose("dyad", "time", "direction", "dataset", "class").to_numpy()
    era = panel["era_index"].to_numpy()
    return sum(
        month_log_likelihood(
            counts[d, t],
            level[d, t],
            values["offset"][d],
            values["cutpoint"],
            values["depth"][:, era[d, t]],
            values["concentration"],
            values["noise"][d],
            quadrature,
        )
        for d, t in zip(*np.nonzero(counts.any(axis=(2, 3, 4))), strict=True)
    )
