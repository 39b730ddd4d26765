"""Assumed-density filter: likelihood of a dyad's counts given trend, cycle, volume effect and long-run mean.

The level of a dyad in a month is ``trend + cycle + coefficient * relative event count``, in log-odds. The trend returns
to a long-run mean or walks; coefficient and mean are unknown and part of the state. Of the events of a month the
cooperative ones are beta-binomial around the level and a month-specific noise. Each month updates the state by the
first two moments along the level, from Gauss-Hermite nodes; in between, the state is Gaussian.
"""

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numba
import numpy as np

from forecast.typing import Float, Index

MEAN, MEAN_SD = 0.3, 1.2
"""Prior of a dyad's long-run mean in the filter; `evidence.with_mean_sd` puts other spreads in its place."""
NOISE_SD = 0.2
"""Standard deviation of the month-specific noise, log-odds."""
_NAMES = "keep step2 cycle_keep cycle2 start2 mean2 volume volume2 jump2 concentration"
COLUMN = {name: at for at, name in enumerate(_NAMES.split())}
"""Columns of the points: a month's factors and variances, prior means and variances, and the concentration."""
NODES = 8
PARTS = 8
MANY = 40
"""Above so many events a month the likelihood is taken by gamma functions, below by a product."""
FINE, REACH = 256, 16
"""Table of the logistic function: its entries per unit, and how far it reaches on both sides."""
_LOGISTIC = 1.0 / (1.0 + np.exp(-np.arange(-REACH * FINE, REACH * FINE + 2) / FINE))
_raw = np.polynomial.hermite.hermgauss(NODES)
_NODES, _WEIGHTS = math.sqrt(2.0) * _raw[0], _raw[1] / math.sqrt(math.pi)


class Steps(NamedTuple):
    """Months of all dyads at which something happens, dyad after dyad in time order, (step,)."""

    cooperative: Index
    events: Index  # 0 in a month that is there because an era begins
    volume: Float  # Relative event count
    gap: Index  # Months since the step before; 0 at a dyad's first
    begins: Float  # 1 where an era begins, else 0
    ends: Index  # First step of each dyad, and the number of all, (dyad + 1,)


def compiled[F: Callable[..., Any]](function: F) -> F:
    """Compile a function once an environment; later processes read it from numba's cache."""
    return numba.njit(cache=True, fastmath=True, error_model="numpy", nogil=True)(function)  # type: ignore[no-any-return]


@compiled
def _weigh(
    cooperative: int, events: int, level: float, sd: float, a: float, nodes: Float, weights: Float, table: Float,
    lik: Float, good: Float, bad: Float,
) -> float:  # fmt: skip
    """Weigh the nodes of a month's level by their likelihood in place, and return what was divided out, a logarithm."""
    for j in range(nodes.size):
        at = (min(max(level + sd * nodes[j], -REACH + 0.1), REACH - 0.1) + REACH) * FINE
        place = int(at)
        p = table[place] + (at - place) * (table[place + 1] - table[place])
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


@compiled
def _filter(
    points: Float, cooperative: Index, events: Index, volume: Float, gap: Index, begins: Float, ends: Index,
    noise2: float, nodes: Float, weights: Float, table: Float, out: Float,
) -> None:  # fmt: skip
    """Write log-likelihood, mean and variance of the long-run mean, of every point and dyad, (point, dyad, 3)."""
    size = nodes.size
    lik, good, bad = np.empty(size), np.empty(size), np.empty(size)
    longest = gap.max() + 1
    kept, walked, decayed = np.empty(longest), np.empty(longest), np.empty(longest)
    for p in range(points.shape[0]):
        keep, step2, cycle_keep, cycle2, start2 = points[p, 0], points[p, 1], points[p, 2], points[p, 3], points[p, 4]
        mean2, b0, volume2, jump2, a = points[p, 5], points[p, 6], points[p, 7], points[p, 8], points[p, 9]
        kept[0], walked[0], decayed[0] = 1.0, 0.0, 1.0
        for g in range(1, longest):
            kept[g] = kept[g - 1] * keep
            walked[g] = walked[g - 1] * keep * keep + step2
            decayed[g] = decayed[g - 1] * cycle_keep
        for d in range(ends.size - 1):
            # Means of trend s, cycle f, coefficient b and long-run mean m, and their covariances.
            s, f, b, m = MEAN, 0.0, b0, MEAN
            ss, sf, sb, sm = start2, 0.0, 0.0, 0.0
            ff, fb, fm, bb, bm, mm = cycle2, 0.0, 0.0, volume2, 0.0, mean2
            total = 0.0
            for e in range(ends[d], ends[d + 1]):
                r, c = kept[gap[e]], decayed[gap[e]]
                u = 1.0 - r
                ss = r * r * ss + 2.0 * r * u * sm + u * u * mm + walked[gap[e]] + begins[e] * jump2
                sf = c * (r * sf + u * fm)
                sb = r * sb + u * bm
                sm = r * sm + u * mm
                ff = cycle2 + c * c * (ff - cycle2)
                fb *= c
                fm *= c
                s = r * s + u * m
                f *= c
                if events[e] == 0:
                    continue
                v = volume[e]
                es, ef, eb, em = ss + sf + v * sb, sf + ff + v * fb, sb + fb + v * bb, sm + fm + v * bm
                spread2 = es + ef + v * eb + noise2
                sd = math.sqrt(spread2)
                log = _weigh(
                    cooperative[e], events[e], s + f + v * b, sd, a, nodes, weights, table, lik, good, bad
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
                f += ef * move
                b += eb * move
                m += em * move
                ss -= lost * es * es
                sf -= lost * es * ef
                sb -= lost * es * eb
                sm -= lost * es * em
                ff -= lost * ef * ef
                fb -= lost * ef * eb
                fm -= lost * ef * em
                bb -= lost * eb * eb
                bm -= lost * eb * em
                mm -= lost * em * em
            out[p, d, 0], out[p, d, 1], out[p, d, 2] = total, m, mm


def likelihoods(steps: Steps, points: Float, cores: int = 1) -> Float:
    """Return log-likelihood, and mean and variance of the long-run mean given all months, (point, dyad, 3).

    Binomial coefficients are left out. Points are independent of each other: cores change no number.
    """
    out = np.empty((len(points), steps.ends.size - 1, 3))

    def work(part: slice) -> None:
        _filter(points[part], *steps, NOISE_SD**2, _NODES, _WEIGHTS, _LOGISTIC, out[part])

    length = -(-len(points) // (PARTS * cores))
    parts = [slice(at, at + length) for at in range(0, len(points), length)]
    if cores == 1:
        work(slice(None))
    else:
        with ThreadPoolExecutor(cores) as pool:
            list(pool.map(work, parts))
    return out
