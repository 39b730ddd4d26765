"""Response surface of a dyad's log-evidence.

It is a polynomial in its seven parameters, trained where the posterior is.

A pass by expectation propagation takes a tenth of a millisecond, the polynomial less than a
microsecond. What it misses is corrected by the weights of the paths, so it is a proposal and no
approximation.
"""

import math
from itertools import combinations_with_replacement
from typing import NamedTuple

import numpy as np
from compiled import kernel, small
from evidence import assumed_density
from months import OWN, SHARED
from path import Regression, posterior_of
from scipy.optimize import minimize

SIZE = SHARED + OWN
DEGREE, DEGREE_OF_REST = (
    4,
    2,
)  # Of the log-evidence, and of what it says on long-run mean and volume effect
DEGREES = {math.comb(SIZE + degree, SIZE): degree for degree in (2, 3, 4, 5)}
LOGARITHMS = np.zeros(7)
POWERS = np.array([-0.5, -0.5, 0.5, 0.5, 0.0, 1.0, 1.0])
"""Powers of the parameters in which log-evidences are closest to polynomials (0 is the logarithm):
what vanishes with a small step, spread or noise, or a large concentration or half-life, is then no
long tail. The first surface, which is read far from its points, is of logarithms: there its mode is
nearer to the right one."""
RADIUS = 4.0  # Standard deviations of the posterior within which the polynomial is read
FLATTEST = 0.02  # Least curvature of a first, quadratic surface, in its whitened coordinates
LEAST_WEIGHT = 0.02  # Of a training point that is unlikely
RIDGE = 1e-5
STUDENT = 6.0  # Degrees of freedom of the clouds of training points


class Surfaces(NamedTuple):
    """Polynomials of all dyads: each monomial is an earlier one times a coordinate.

    Beyond the radius only a quadratic part moves on, which falls in every direction: no mode is
    made up there.
    """

    parent: np.ndarray  # (term,)
    coordinate: np.ndarray
    typical: np.ndarray  # (dyad, 7): parameters in the middle of the training points
    spread: np.ndarray  # (dyad, 7, 7): their covariance
    centre: np.ndarray  # (dyad, 7): of powers of the parameters
    whiten: np.ndarray  # (dyad, 7, 7): lower triangle
    main: np.ndarray  # (dyad, term)
    bounded: np.ndarray  # (dyad, fewer terms): the quadratic part
    rest: np.ndarray  # (dyad, 5, fewer terms)
    radius: np.ndarray  # (dyad,)
    reference: np.ndarray  # (dyad, 4): prior of mean and volume effect that it was trained under
    powers: np.ndarray  # (dyad, 7): of the parameters


def terms_of(degree):
    """Return exponents as lists of coordinates, their parents and last coordinates."""
    combos = [c for k in range(degree + 1) for c in combinations_with_replacement(range(SIZE), k)]
    place = {c: at for at, c in enumerate(combos)}
    parent = np.array([0] + [place[c[:-1]] for c in combos[1:]])
    return (
        parent,
        np.array([0] + [c[-1] for c in combos[1:]]),
        math.comb(SIZE + DEGREE_OF_REST, SIZE),
    )


PARENT, COORDINATE, REST_TERMS = terms_of(DEGREE)


def coordinates(points, powers):
    """Powers of the parameters, whose logarithms are given."""
    some = np.where(powers == 0.0, 1.0, powers)
    return np.where(powers == 0.0, points, np.sign(some) * np.exp(some * points))


def monomials(z, degree):
    """All monomials of whitened points, (point, term)."""
    out = np.empty((math.comb(SIZE + degree, SIZE), len(z)))
    out[0] = 1.0
    for k in range(1, len(out)):
        out[k] = out[PARENT[k]] * z[:, COORDINATE[k]]
    return out.T


def smooth_form(values):
    """Return what is regressed.

    It is logarithms of precisions, their correlation, and shifts in standard deviations.
    """
    log_evidence, mm, mb, bb, shift_m, shift_b = values.T
    correlation = np.arctanh(np.clip(mb / np.sqrt(mm * bb), -0.99, 0.99))
    columns = [
        log_evidence,
        np.log(mm),
        correlation,
        np.log(bb),
        shift_m / np.sqrt(mm),
        shift_b / np.sqrt(bb),
    ]
    return np.stack(columns, axis=1)


def clipped(z, radius):
    """Return whitened points, those beyond a radius moved back to it."""
    distance = np.sqrt((z**2).sum(axis=1))
    return z * np.minimum(1.0, radius / np.maximum(distance, 1e-9))[:, None]


def regress(rows, targets, weight):
    """Return coefficients of a weighted regression with a little shrinkage."""
    ridge = np.diag(np.r_[0.0, np.full(rows.shape[1] - 1, RIDGE * len(rows))])
    weighted = rows * weight[:, None]
    return np.linalg.solve(weighted.T @ rows + ridge, weighted.T @ targets)


def train(points, values, degree, stretch, latest, powers=POWERS):
    """Return centre, whitening, coefficients and radius.

    The posterior is `stretch` times narrower than the latest.
    """
    values = smooth_form(values)
    found = np.isfinite(values).all(axis=1) & np.isfinite(points).all(
        axis=1
    )  # far out a sweep may fail
    values, at = values[found], coordinates(points[found], powers)
    own = coordinates(latest, powers)
    centre = own.mean(axis=0)
    whiten = np.linalg.inv(np.linalg.cholesky(np.cov(own.T))) * stretch
    z = (at - centre) @ whiten.T
    good = np.quantile(values[:, 0], 0.7)
    near = np.maximum(np.exp(0.5 * np.minimum(values[:, 0] - good, 0.0)), LEAST_WEIGHT)
    near *= (z**2).sum(axis=1) < (
        1.25 * RADIUS * max(stretch, 1.0)
    ) ** 2  # a few far points would bend all of it
    bounded = bounded_quadratic(regress(monomials(z, 2), values[:, 0], near))
    inner = clipped(z, RADIUS)
    rest = regress(monomials(inner, DEGREE_OF_REST), values[:, 1:], near)
    main = np.zeros(math.comb(SIZE + degree, SIZE))
    main[: len(bounded)] = bounded
    if degree > 2:
        left = values[:, 0] - monomials(z, 2) @ bounded
        main += regress(monomials(inner, degree), left, near)
    typical, spread = latest.mean(axis=0), np.cov(latest.T) / stretch**2
    return typical, spread, centre, whiten, main, bounded, rest.T.copy(), RADIUS, powers


def predict(trained, points):
    """Return the log-evidence that a surface reads at points, (point,)."""
    _, _, centre, whiten, main, bounded, _, radius, powers = trained
    z = (coordinates(points, powers) - centre) @ whiten.T
    inner = clipped(z, radius)
    degree = DEGREES[len(main)]
    own = monomials(inner, degree) @ main
    return own + (monomials(z, 2) - monomials(inner, 2)) @ bounded


def bounded_quadratic(coefficients):
    """Let a quadratic surface fall in every direction.

    It then has one mode, however far it is read.
    """
    curvature = np.zeros((SIZE, SIZE))
    pairs = list(combinations_with_replacement(range(SIZE), 2))
    for (i, j), value in zip(pairs, coefficients[1 + SIZE :], strict=True):
        curvature[i, j] += value
        curvature[j, i] += value
    scale, turned = np.linalg.eigh(curvature)
    curvature = (turned * np.minimum(scale, -FLATTEST)) @ turned.T
    bounded = [curvature[i, j] / (2.0 if i == j else 1.0) for i, j in pairs]
    return np.r_[coefficients[: 1 + SIZE], bounded]


def curvature_of(trained):
    """Return centre, slope and precision of a surface's quadratic part.

    It must be of logarithms.
    """
    _, _, centre, whiten, _, bounded, _, _, _ = trained
    curvature = np.zeros((SIZE, SIZE))
    pairs = combinations_with_replacement(range(SIZE), 2)
    for (i, j), value in zip(pairs, bounded[1 + SIZE :], strict=True):
        curvature[i, j] += value
        curvature[j, i] += value
    return centre, whiten.T @ bounded[1 : 1 + SIZE], -whiten.T @ curvature @ whiten


def stack(trained, references):
    """Put the surfaces of all dyads together."""
    typical, spread, centre, whiten, main, bounded, rest, radius, powers = (
        np.stack(one) for one in zip(*trained, strict=True)
    )
    terms = main.shape[1]
    return Surfaces(
        PARENT[:terms],
        COORDINATE[:terms],
        typical,
        spread,
        centre,
        whiten,
        main,
        bounded,
        rest,
        radius,
        np.stack(references),
        powers,
    )


@small
def quadratic(surfaces, d, z):
    """Quadratic part at a whitened point."""
    total = surfaces.bounded[d, 0]
    at = 1 + z.size
    for i in range(z.size):
        total += surfaces.bounded[d, 1 + i] * z[i]
        for j in range(i, z.size):
            total += surfaces.bounded[d, at] * z[i] * z[j]
            at += 1
    return total


@kernel
def read_surface(surfaces, d, theta, terms, out):
    """Write log-evidence and regression at a point, (6,); whether it is within the radius."""
    size = theta.size
    z = np.empty(size)
    off = np.empty(size)
    distance2 = 0.0
    for i in range(size):
        power = surfaces.powers[d, i]
        if power == 0.0:
            off[i] = theta[i] - surfaces.centre[d, i]
        else:
            off[i] = math.exp(power * theta[i]) - surfaces.centre[d, i]
            if power < 0.0:
                off[i] = -math.exp(power * theta[i]) - surfaces.centre[d, i]
        z[i] = 0.0
        for j in range(i + 1):
            z[i] += surfaces.whiten[d, i, j] * off[j]
        distance2 += z[i] * z[i]
    radius = surfaces.radius[d]
    inside = distance2 <= radius * radius
    total = 0.0
    if not inside:
        total += quadratic(surfaces, d, z)
        back = radius / math.sqrt(distance2)
        for i in range(size):
            z[i] *= back
        total -= quadratic(surfaces, d, z)
    terms[0] = 1.0
    total += surfaces.main[d, 0]
    for k in range(1, surfaces.parent.size):
        terms[k] = terms[surfaces.parent[k]] * z[surfaces.coordinate[k]]
    for k in range(1, surfaces.parent.size):
        total += surfaces.main[d, k] * terms[k]
    out[0] = total
    for i in range(5):
        total = 0.0
        for k in range(surfaces.rest.shape[2]):
            total += surfaces.rest[d, i, k] * terms[k]
        out[i + 1] = total
    root_m, root_b = math.exp(0.5 * out[1]), math.exp(0.5 * out[3])
    out[1], out[2], out[3] = root_m * root_m, math.tanh(out[2]) * root_m * root_b, root_b * root_b
    out[4] *= root_m
    out[5] *= root_b
    return inside


@small
def shifted(out, reference, prior):
    """Log-evidence under another prior of long-run mean and volume effect than the reference."""
    regression = Regression(0.0, out[1], out[2], out[3], out[4], out[5])
    return out[0] + posterior_of(regression, prior)[0] - posterior_of(regression, reference)[0]


def first_cloud(months, centre, sd, reference, number, rng):
    """Return points around the mode under a wide normal prior, spread as the posterior there."""

    def log_posterior(points):
        own = assumed_density(np.ascontiguousarray(points), months, reference)
        return own - 0.5 * (((points - centre) / sd) ** 2).sum(axis=1)

    steps = 0.05 * np.diag(sd)

    def with_slope(point):
        found = log_posterior(np.concatenate([point[None], point + steps, point - steps]))
        return -found[0], -(found[1 : SIZE + 1] - found[SIZE + 1 :]) / (0.1 * sd)

    bounds = np.stack([centre - 3.0 * sd, centre + 3.0 * sd], axis=1)
    options = {"maxiter": 25, "ftol": 1e-6}
    mode = minimize(
        with_slope, centre, jac=True, method="L-BFGS-B", bounds=bounds, options=options
    ).x

    def cloud(middle, root, size):
        t = np.sqrt(rng.chisquare(STUDENT, (size, 1)) / STUDENT)
        return middle + (rng.standard_normal((size, SIZE)) / t) @ root.T

    def adapted(points, middle, root):
        z = np.linalg.solve(root, (points - middle).T)
        log_drawn = -0.5 * (STUDENT + SIZE) * np.log1p((z**2).sum(axis=0) / STUDENT)
        log_weight = log_posterior(points) - log_drawn
        # Tempered until enough points count
        power = 1.0
        weight = np.exp(power * (log_weight - log_weight.max()))
        while weight.sum() ** 2 / (weight**2).sum() < 6 * SIZE and power > 0.05:
            power *= 0.8
            weight = np.exp(power * (log_weight - log_weight.max()))
        weight /= weight.sum()
        middle = weight @ points
        covariance = (points - middle).T @ ((points - middle) * weight[:, None])
        return middle, np.linalg.cholesky(covariance + 1e-4 * np.diag(sd**2))

    middle, root = mode, 0.5 * np.diag(sd)
    for size in (200, 250, 250):
        middle, root = adapted(cloud(middle, root, size), middle, root)
    return cloud(middle, 1.25 * root, number)
