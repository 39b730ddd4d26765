"""Assumed-density filter: likelihood of a dyad's counts given trend, cycle, volume effect and long-run mean.

The level of a dyad in a month is ``trend + cycle + coefficient * relative event count``, in log-odds. The trend returns
to a long-run mean or walks; coefficient and mean are unknown and part of the state. Of the events of a month the
cooperative ones are beta-binomial around the level and a month-specific noise. Each month updates the state by the
first two moments along the level, from Gauss-Hermite nodes; in between, the state is Gaussian.

A further variable of the state is either the trend at the start of an era or the offset of a source. A trend under a
ceiling, between bounds or with growing reversion is moved by a force that is linearised in the same way.
"""

import math
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from scipy.stats import norm

from forecast.model.kernels import kernel
from forecast.typing import Float, Index

MEAN, MEAN_SD = 0.3, 1.2
"""Prior of a dyad's long-run mean in the filter; `evidence.with_mean_sd` puts other spreads in its place."""
NOISE_SD = 0.2
"""Standard deviation of the month-specific noise, log-odds."""
_NAMES = "keep step2 cycle_keep cycle2 start2 mean2 volume volume2 jump2 concentration offset2 push occasion force size"
COLUMN = {name: at for at, name in enumerate(_NAMES.split())}
"""Columns of the points: a month's factors and variances, prior means and variances, the concentration, the variance of
a source's offset, what an impulse adds to the cycle and an occasion to the level, and the force on the trend."""
SET_CEILING, NEW_SOURCE, NEW_MEAN = 1, 2, 3
"""What an anchor of a month does."""
FORCES = {"none": 0, "ceiling": 1, "bounds": 2, "growing": 3}
"""Forces on the trend; their size is a headroom above the trend at an era's start, a distance from the long-run mean,
or by how much stronger reversion is at a distance of one log-odds than near the mean."""
EDGE2 = 0.4**2
"""Squared width of the soft edge of ceilings and bounds."""
CHUNK, STABLE, STRONGEST, MOST_LOST = 6, 0.3, 0.1, 0.9
"""Months over which a force is taken as constant, fewer if it would move more than a share `STABLE` of a distance; the
largest share of a distance by which growing reversion moves a trend in a month; the largest share of a step's variance
that a bound takes away."""
NODES, FORCE_NODES = 8, 5
PARTS = 8
MANY = 40
"""Above so many events per month the likelihood is taken by gamma functions, below by a product."""
FINE, REACH = 256, 16
"""Tables of the logistic function and of the normal hazard: entries per unit, and how far they reach on both sides."""
_AT = np.arange(-REACH * FINE, REACH * FINE + 2) / FINE
_LOGISTIC = 1.0 / (1.0 + np.exp(-_AT))
_HAZARD = np.exp(norm.logpdf(_AT) - norm.logcdf(_AT))
"""The standard normal density over the probability below."""


def _gauss(size: int) -> tuple[Float, Float]:
    raw, weights = np.polynomial.hermite.hermgauss(size)
    return math.sqrt(2.0) * raw, weights / math.sqrt(math.pi)


_NODES, _WEIGHTS = _gauss(NODES)
_FORCE_NODES, _FORCE_WEIGHTS = _gauss(FORCE_NODES)


class Steps(NamedTuple):
    """Months of all dyads at which something happens, dyad after dyad in time order, (step,)."""

    cooperative: Index
    events: Index  # 0 in a month that is there because an era or a source begins, -1 where a value is read
    value: Float  # Of an index, in standard deviations; NaN for counts
    volume: Float  # Relative event count
    gap: Index  # Months since the step before; 0 at a dyad's first
    begins: Float  # 1 where an era begins, else 0
    anchor: Index  # `SET_CEILING` by the trend, `NEW_SOURCE`, `NEW_MEAN`, or 0
    impulse: Float  # What moves the cycle after the month
    occasion: Float  # What moves the level in the month
    ends: Index  # First step of each dyad, and the number of all, (dyad + 1,)


@kernel
def _read(table: Float, at: float) -> float:
    """Read a table between its entries; beyond them it goes on as at its ends."""
    place = (min(max(at, -REACH + 0.1), REACH - 0.1) + REACH) * FINE
    low = int(place)
    return table[low] + (place - low) * (table[low + 1] - table[low])


@kernel
def _weigh(
    cooperative: int, events: int, level: float, sd: float, a: float, nodes: Float, weights: Float, table: Float,
    lik: Float, good: Float, bad: Float,
) -> float:  # fmt: skip
    """Weigh the nodes of a month's level by their likelihood in place, and return what was divided out, a logarithm."""
    for j in range(nodes.size):
        p = _read(table, level + sd * nodes[j])
        good[j], bad[j] = a * p, a - a * p
        lik[j] = weights[j]
    if events <= MANY:
        divisor = 1.0
        for i in range(events):
            divisor *= a + i
        for i in range(cooperative):
            for j in range(nodes.size):
                lik[j] *= good[j] + i
        for i in range(events - cooperative):
            for j in range(nodes.size):
                lik[j] *= bad[j] + i
        return -math.log(divisor)
    top = -math.inf
    for j in range(nodes.size):
        own = math.lgamma(good[j] + cooperative) - math.lgamma(good[j])
        own += math.lgamma(bad[j] + events - cooperative) - math.lgamma(bad[j])
        good[j] = own
        top = max(top, own)
    for j in range(nodes.size):
        lik[j] *= math.exp(good[j] - top)
    return top + math.lgamma(a) - math.lgamma(a + events)


@kernel
def _forced(
    force: int, size: float, y: float, spread2: float, r: float, q: float, nodes: Float, weights: Float, table: Float
) -> tuple[float, float, float]:  # fmt: skip
    """Linearise the force on a trend at a distance y: mean, slope along y, and what it adds to the variance."""
    sd, edge = math.sqrt(spread2), math.sqrt(q + EDGE2)
    mean, along, square, lost = 0.0, 0.0, 0.0, 0.0
    for j in range(nodes.size):
        at = y + sd * nodes[j]
        if force == 3:
            own = -at * min(STRONGEST, (1.0 - r) * size * at * at)
        else:
            z = (size - at) / edge
            up = _read(table, z)
            own = -q / edge * up
            lost += weights[j] * up * (up + z)
            if force == 2:
                z = (size + at) / edge
                down = _read(table, z)
                own += q / edge * down
                lost += weights[j] * down * (down + z)
        mean += weights[j] * own
        along += weights[j] * own * nodes[j]
        square += weights[j] * own * own
    slope = along / sd
    more = max(square - mean * mean - along * along, 0.0)
    return mean, slope, more - min(q * q / (edge * edge) * lost, MOST_LOST * q)


@kernel
def _filter(
    points: Float, cooperative: Index, events: Index, value: Float, volume: Float, gap: Index, begins: Float,
    anchor: Index, impulse: Float, occasion: Float, ends: Index, noise2: float, nodes: Float, weights: Float,
    force_nodes: Float, force_weights: Float, logistic: Float, hazard: Float, out: Float,
) -> None:  # fmt: skip
    """Write log-likelihood, mean and variance of the long-run mean, of every point and dyad, (point, dyad, 3)."""
    size = nodes.size
    lik, good, bad = np.empty(size), np.empty(size), np.empty(size)
    longest = max(int(gap.max()), CHUNK) + 1
    kept, walked, decayed = np.empty(longest), np.empty(longest), np.empty(longest)
    for p in range(points.shape[0]):
        keep, step2, cycle_keep, cycle2, start2 = points[p, 0], points[p, 1], points[p, 2], points[p, 3], points[p, 4]
        mean2, b0, volume2, jump2, a = points[p, 5], points[p, 6], points[p, 7], points[p, 8], points[p, 9]
        offset2, push, effect, reach = points[p, 10], points[p, 11], points[p, 12], points[p, 14]
        force = int(points[p, 13])
        chunk = max(1, min(CHUNK, int(STABLE * (1.0 + EDGE2 / max(step2, 1e-9))))) if force < 3 else 3
        kept[0], walked[0], decayed[0] = 1.0, 0.0, 1.0
        for g in range(1, longest):
            kept[g] = kept[g - 1] * keep
            walked[g] = walked[g - 1] * keep * keep + step2
            decayed[g] = decayed[g - 1] * cycle_keep
        for d in range(ends.size - 1):
            # Means of trend s, cycle f, coefficient b, long-run mean m and the variable x, and their covariances.
            s, f, b, m, x = MEAN, 0.0, b0, MEAN, 0.0
            ss, sf, sb, sm, sx = start2, 0.0, 0.0, 0.0, 0.0
            ff, fb, fm, fx, bb, bm, bx, mm, mx, xx = cycle2, 0.0, 0.0, 0.0, volume2, 0.0, 0.0, mean2, 0.0, offset2
            if force == 1:
                x, sx, xx = s, ss, ss
            has_source, total = offset2 > 0.0, 0.0
            for e in range(ends[d], ends[d + 1]):
                left = gap[e]
                while left > 0:
                    g = left if force == 0 else min(left, chunk)
                    left -= g
                    r, c = kept[g], decayed[g]
                    u = 1.0 - r
                    ss = r * r * ss + 2.0 * r * u * sm + u * u * mm
                    sf = c * (r * sf + u * fm)
                    sb = r * sb + u * bm
                    sx = r * sx + u * mx
                    sm = r * sm + u * mm
                    ff = cycle2 + c * c * (ff - cycle2)
                    fb *= c
                    fm *= c
                    fx *= c
                    s = r * s + u * m
                    f *= c
                    if force == 0:
                        ss += walked[g]
                        continue
                    if force == 1:  # distance above the trend at the era's start
                        y, ys, yf, yb, ym, yx = s - x, ss - sx, sf - fx, sb - bx, sm - mx, sx - xx
                        yy = ys - yx
                    else:  # distance from the long-run mean
                        y, ys, yf, yb, ym, yx = s - m, ss - sm, sf - fm, sb - bm, sm - mm, sx - mx
                        yy = ys - ym
                    mean, slope, more = _forced(
                        force, reach, y, max(yy, 1e-9), keep, step2, force_nodes, force_weights, hazard
                    )  # fmt: skip
                    mean, slope, more = g * mean, g * slope, g * more
                    s += mean
                    ss += 2.0 * slope * ys + slope * slope * yy + walked[g] + more
                    sf += slope * yf
                    sb += slope * yb
                    sm += slope * ym
                    sx += slope * yx
                ss += begins[e] * jump2
                if anchor[e] == SET_CEILING and force == 1:
                    x, sx, fx, bx, mx, xx = s, ss, sf, sb, sm, ss
                elif anchor[e] == NEW_SOURCE and has_source:
                    x, sx, fx, bx, mx, xx = 0.0, 0.0, 0.0, 0.0, 0.0, offset2
                elif anchor[e] == NEW_MEAN:
                    m, sm, fm, bm, mx, mm = MEAN, 0.0, 0.0, 0.0, 0.0, mean2
                if events[e] == 0:
                    f += push * impulse[e]
                    continue
                v, w = volume[e], 1.0 if has_source else 0.0
                es, ef, eb = ss + sf + v * sb + w * sx, sf + ff + v * fb + w * fx, sb + fb + v * bb + w * bx
                em, ex = sm + fm + v * bm + w * mx, sx + fx + v * bx + w * xx
                level, spread2 = s + f + v * b + w * x + effect * occasion[e], es + ef + v * eb + w * ex
                if events[e] < 0:  # a value, with the inverse of the concentration as variance
                    spread2 += 1.0 / a
                    move, lost = (value[e] - level) / spread2, 1.0 / spread2
                    total -= 0.5 * (math.log(2.0 * math.pi * spread2) + (value[e] - level) * move)
                else:
                    spread2 += noise2
                    sd = math.sqrt(spread2)
                    log = _weigh(
                        cooperative[e], events[e], level, sd, a, nodes, weights, logistic, lik, good, bad
                    )  # fmt: skip
                    z, first, second = 0.0, 0.0, 0.0
                    for j in range(size):
                        z += lik[j]
                        first += lik[j] * nodes[j]
                        second += lik[j] * nodes[j] * nodes[j]
                    total += math.log(z) + log
                    first /= z
                    move, lost = first / sd, (1.0 - (second / z - first * first)) / spread2
                s += es * move
                f += ef * move + push * impulse[e]
                b += eb * move
                m += em * move
                x += ex * move
                ss -= lost * es * es
                sf -= lost * es * ef
                sb -= lost * es * eb
                sm -= lost * es * em
                sx -= lost * es * ex
                ff -= lost * ef * ef
                fb -= lost * ef * eb
                fm -= lost * ef * em
                fx -= lost * ef * ex
                bb -= lost * eb * eb
                bm -= lost * eb * em
                bx -= lost * eb * ex
                mm -= lost * em * em
                mx -= lost * em * ex
                xx -= lost * ex * ex
            out[p, d, 0], out[p, d, 1], out[p, d, 2] = total, m, mm


def likelihoods(steps: Steps, points: Float, cores: int = 1) -> Float:
    """Return log-likelihood, and mean and variance of the long-run mean given all months, (point, dyad, 3).

    Binomial coefficients are left out. Points are independent of each other: cores change no number.
    """
    out = np.empty((len(points), steps.ends.size - 1, 3))

    def work(part: slice) -> None:
        _filter(
            points[part], *steps, NOISE_SD**2, _NODES, _WEIGHTS, _FORCE_NODES, _FORCE_WEIGHTS, _LOGISTIC, _HAZARD,
            out[part],
        )  # fmt: skip

    length = -(-len(points) // (PARTS * cores))
    parts = [slice(at, at + length) for at in range(0, len(points), length)]
    if cores == 1:
        work(slice(None))
    else:
        with ThreadPoolExecutor(cores) as pool:
            list(pool.map(work, parts))
    return out
