"""Assumed-density filter: likelihood of a dyad's counts given trend, cycle, volume effect and long-run mean.

The level of a dyad in a month is ``trend + cycle + coefficient * relative event count``, in
log-odds. The trend returns to a long-run mean or walks; coefficient and mean are unknown and part
of the state. Of the events of a month the cooperative ones are beta-binomial around the level and a
month-specific noise. Each month updates the state by the first two moments along the level, from
Gauss-Hermite nodes; in between, the state is Gaussian.

A further variable of the state is either the trend at the start of an era or the offset of a
source. A trend under a ceiling, between bounds or with growing reversion is moved by a force that
is linearised in the same way.

Points go through the same months in blocks, each a record ``k`` of arrays with a lane per point.
The compiler makes vector instructions of loops over lanes, whose length it knows, and unrolls loops
over nodes. It may not change the order of sums: what it does not make vectors of would have other
digits in some lanes.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy.stats import norm

from forecast.base.typing import Float, Index
from forecast.model.kernels import built_in, kernel
from forecast.model.process import transition
from forecast.model.process.ceiling import SOFTNESS

MEAN, MEAN_SD = 0.3, 1.2
"""Prior of a dyad's long-run mean in the filter; `evidence.with_mean_sd` puts other spreads in its
place."""
NOISE_SD = 0.22
"""Standard deviation of the month-specific noise, log-odds: the centre of its prior in
forecasts."""
_NAMES = (
    "keep step2 cycle_keep cycle2 start2 mean2 volume volume2 jump2 concentration offset2 push occasion force size "
    "memory noise2"
)
COLUMN = {name: at for at, name in enumerate(_NAMES.split())}
"""Columns of the points: a month's factors and variances, prior means and variances, the
concentration, the variance of a source's offset, what an impulse adds to the cycle and an occasion
to the level, the force on the trend, and of long memory the order of integration and the variance
of a month's noise."""
SET_CEILING, NEW_SOURCE, NEW_MEAN = 1, 2, 3
"""What an anchor of a month does."""
FORCES = {"none": 0, "ceiling": 1, "bounds": 2, "growing": 3, "memory": 4}
"""Forces on the trend; with the last, it has long memory and no force (`memory`). Their size is a
headroom above the trend at an era's start, a distance from the long-run mean, or by how much
stronger reversion is at a distance of one log-odds than near the mean."""
EDGE2 = SOFTNESS**2
"""Squared width of the soft edge of ceilings and bounds: that of forecasts."""
CHUNK, STABLE, STRONGEST, MOST_LOST = 6, 0.3, 0.1, 0.9
"""Months over which a force is taken as constant, fewer if it would move more than a share `STABLE`
of a distance; the largest share of a distance by which growing reversion moves a trend in a month;
the largest share of a step's variance that a bound takes away."""
NODES, FORCE_NODES = 8, 5
PARTS = 8
LANES = 8
"""Points that are computed together; fewer take almost as long, and of more many are empty."""
MANY, TOGETHER = 40, 7
"""Above so many events per month the likelihood is taken by gamma functions, below by a product;
the number of steps whose likelihoods are multiplied before a logarithm is taken, so few that their
product is never too small for a float.
"""
FINE, REACH = 256, 16
"""Tables of the logistic function and of the normal hazard: entries per unit, and how far they
reach on both sides."""
_AT = np.arange(-REACH * FINE, REACH * FINE + 2) / FINE
_TABLES = np.stack([1.0 / (1.0 + np.exp(-_AT)), np.exp(norm.logpdf(_AT) - norm.logcdf(_AT))])
_RISES = np.diff(_TABLES)
_LOGISTIC, _HAZARD = 0, 1
"""The tables; the hazard is the standard normal density over the probability below."""


def _gauss(size: int) -> tuple[Float, Float]:
    raw, weights = np.polynomial.hermite.hermgauss(size)
    return math.sqrt(2.0) * raw, weights / math.sqrt(math.pi)


_NODES, _WEIGHTS = _gauss(NODES)
_FORCE_NODES, _FORCE_WEIGHTS = _gauss(FORCE_NODES)
_STATE = "s f b m x ss sf sb sm sx ff fb fm fx bb bm bx mm mx xx"
_MONTH = "edge kept walked decayed level spread2 es ef eb em ex move lost product total"
BLOCK = np.dtype(
    [(name, np.float64, (LANES,)) for name in f"{_NAMES} {_STATE} {_MONTH}".split()]
    + [(name, np.float64, ((NODES + 1) * LANES,)) for name in ("lik", "good", "bad")]
)
"""A block: points; means of trend s, cycle f, coefficient b, long-run mean m and the further
variable x, and their covariances; the soft edge of a bound with a step, and what months keep and
add; mean and variance of a combination, its covariances with the variables, and what a month tells
of it; the likelihood of the last months and, before them, its logarithm. By node: likelihoods with
the two shapes that they are made of, and last what they are divided by.
"""


class FilterSteps(NamedTuple):
    """Months of all dyads at which something happens, dyad after dyad in time order, (step,)."""

    cooperative: Index
    # 0 in a month that is there because an era or a source begins, -1 where a value is read
    events: Index
    value: Float  # Of an index, in standard deviations; NaN for counts
    volume: Float  # Relative event count
    gap: Index  # Months since the step before; 0 at a dyad's first
    begins: Float  # 1 where an era begins, else 0
    anchor: Index  # `SET_CEILING` by the trend, `NEW_SOURCE`, `NEW_MEAN`, or 0
    impulse: Float  # What moves the cycle after the month
    occasion: Float  # What moves the level in the month
    ends: Index  # First step of each dyad, and the number of all, (dyad + 1,)


IN_ORDER = {"nnan", "ninf", "nsz", "contract"}
"""Liberties of the compiler: all but to change the order of sums."""


def compiled[F: Callable[..., Any]](function: F) -> F:
    """Compile a function with sums in the order in which they stand."""
    return kernel(function, fastmath=IN_ORDER)


drift = built_in(transition.drift, IN_ORDER)
regained = built_in(transition.regained, IN_ORDER)
gathered_with_next = built_in(transition.gathered_with_next, IN_ORDER)
"""Formulas of the process, which forecasts share."""


@compiled
def _read(table: int, at: float) -> float:
    """Read a table between its entries; beyond them it goes on as at its ends."""
    place = (min(max(at, -REACH + 0.1), REACH - 0.1) + REACH) * FINE
    below = np.int32(place)
    entry = np.uintp(below)  # An index without sign is not looked at from the end
    return float(_TABLES[table, entry] + (place - below) * _RISES[table, entry])


@compiled
def _set_months(k: Any, months: int) -> None:
    """Set what so many months keep of trend and cycle, and how far the trend walks in them."""
    for i in range(LANES):
        kept, walked, decayed = 1.0, 0.0, 1.0
        for _ in range(months):
            kept, decayed = kept * k.keep[i], decayed * k.cycle_keep[i]
            walked = gathered_with_next(walked, k.keep[i], k.step2[i])
        k.kept[i], k.walked[i], k.decayed[i] = kept, walked, decayed


@compiled
def _move(k: Any) -> None:
    """Let the months go by that are set."""
    for i in range(LANES):
        r, c = k.kept[i], k.decayed[i]
        u = 1.0 - r
        k.ss[i] = r * r * k.ss[i] + 2.0 * r * u * k.sm[i] + u * u * k.mm[i] + k.walked[i]
        k.sf[i] = c * (r * k.sf[i] + u * k.fm[i])
        k.sb[i] = r * k.sb[i] + u * k.bm[i]
        k.sx[i] = r * k.sx[i] + u * k.mx[i]
        k.sm[i] = r * k.sm[i] + u * k.mm[i]
        k.ff[i] = c * c * k.ff[i] + k.cycle2[i] * regained(c)
        k.fb[i] *= c
        k.fm[i] *= c
        k.fx[i] *= c
        k.s[i] = r * k.s[i] + drift(k.m[i], r)
        k.f[i] *= c


@compiled
def _combine(k: Any, f: float, b: float, m: float, x: float, occasion: float) -> None:
    """Combine the trend with so much of the other variables, and an occasion."""
    for i in range(LANES):
        k.es[i] = es = k.ss[i] + f * k.sf[i] + b * k.sb[i] + m * k.sm[i] + x * k.sx[i]
        k.ef[i] = ef = k.sf[i] + f * k.ff[i] + b * k.fb[i] + m * k.fm[i] + x * k.fx[i]
        k.eb[i] = eb = k.sb[i] + f * k.fb[i] + b * k.bb[i] + m * k.bm[i] + x * k.bx[i]
        k.em[i] = em = k.sm[i] + f * k.fm[i] + b * k.bm[i] + m * k.mm[i] + x * k.mx[i]
        k.ex[i] = ex = k.sx[i] + f * k.fx[i] + b * k.bx[i] + m * k.mx[i] + x * k.xx[i]
        k.spread2[i] = es + f * ef + b * eb + m * em + x * ex
        k.level[i] = (
            k.s[i] + f * k.f[i] + b * k.b[i] + m * k.m[i] + x * k.x[i] + k.occasion[i] * occasion
        )


@compiled
def _grow(k: Any) -> None:
    """Write by node how far growing reversion moves the trend in a month."""
    for i in range(LANES):
        sd, growth = math.sqrt(max(k.spread2[i], 1e-9)), (1.0 - k.keep[i]) * k.size[i]
        k.lost[i] = 0.0
        for j in range(FORCE_NODES):
            at = k.level[i] + sd * _FORCE_NODES[j]
            k.lik[j * LANES + i] = -at * min(STRONGEST, growth * at * at)


@compiled
def _bound(k: Any, lower: float) -> None:
    """Write by node how far an upper bound, and a lower one if that is 1, move the trend, and the variance lost."""
    for i in range(LANES):
        sd, edge, lost = math.sqrt(max(k.spread2[i], 1e-9)), k.edge[i], 0.0
        drift = k.step2[i] / edge
        for j in range(FORCE_NODES):
            at = k.level[i] + sd * _FORCE_NODES[j]
            above, below = (k.size[i] - at) / edge, (k.size[i] + at) / edge
            up, down = _read(_HAZARD, above), lower * _read(_HAZARD, below)
            k.lik[j * LANES + i] = drift * (down - up)
            lost += _FORCE_WEIGHTS[j] * (up * (up + above) + down * (down + below))
        k.lost[i] = min(drift * drift * lost, MOST_LOST * k.step2[i])


@compiled
def _force(k: Any, force: int, months: int) -> None:
    """Let the force on a trend act for some months, linearised where it would be without its walk in these."""
    for i in range(LANES):
        k.ss[i] -= k.walked[i]
    if force == 1:  # distance above the trend at the era's start
        _combine(k, 0.0, 0.0, 0.0, -1.0, 0.0)
    else:  # distance from the long-run mean
        _combine(k, 0.0, 0.0, -1.0, 0.0, 0.0)
    if force == 3:
        _grow(k)
    else:
        _bound(k, 1.0 if force == 2 else 0.0)
    for i in range(LANES):
        mean, along, square = 0.0, 0.0, 0.0
        for j in range(FORCE_NODES):
            own = k.lik[j * LANES + i]
            mean += _FORCE_WEIGHTS[j] * own
            along += _FORCE_WEIGHTS[j] * own * _FORCE_NODES[j]
            square += _FORCE_WEIGHTS[j] * own * own
        more = max(square - mean * mean - along * along, 0.0) - k.lost[i]
        slope = months * along / math.sqrt(max(k.spread2[i], 1e-9))
        k.s[i] += months * mean
        k.ss[i] += slope * (2.0 * k.es[i] + slope * k.spread2[i]) + k.walked[i] + months * more
        k.sf[i] += slope * k.ef[i]
        k.sb[i] += slope * k.eb[i]
        k.sm[i] += slope * k.em[i]
        k.sx[i] += slope * k.ex[i]


@compiled
def _anchor(k: Any, begins: float, anchor: int, force: int) -> None:
    """Let an era begin, or do what an anchor does."""
    for i in range(LANES):
        k.ss[i] += begins * k.jump2[i]
        if anchor == SET_CEILING and force == 1:
            k.x[i], k.sx[i], k.fx[i], k.bx[i], k.mx[i], k.xx[i] = (
                k.s[i],
                k.ss[i],
                k.sf[i],
                k.sb[i],
                k.sm[i],
                k.ss[i],
            )
        elif anchor == NEW_SOURCE and force != 1:
            k.x[i], k.sx[i], k.fx[i], k.bx[i], k.mx[i], k.xx[i] = (
                0.0,
                0.0,
                0.0,
                0.0,
                0.0,
                k.offset2[i],
            )
        elif anchor == NEW_MEAN:
            k.m[i], k.sm[i], k.fm[i], k.bm[i], k.mx[i], k.mm[i] = (
                MEAN,
                0.0,
                0.0,
                0.0,
                0.0,
                k.mean2[i],
            )


@compiled
def see_value(k: Any, value: float) -> None:
    """Read a value, with the inverse of the concentration as variance."""
    for i in range(LANES):
        k.lost[i] = 1.0 / (k.spread2[i] + 1.0 / k.concentration[i])
        k.move[i] = (value - k.level[i]) * k.lost[i]
        k.total[i] -= 0.5 * (value - k.level[i]) * k.move[i]
        k.product[i] *= math.sqrt(k.lost[i] / (2.0 * math.pi))


@compiled
def see_events(k: Any, cooperative: int, events: int) -> None:
    """Read a month's events at the nodes of its level."""
    for i in range(LANES):
        sd, a, end = (
            math.sqrt(k.spread2[i] + NOISE_SD * NOISE_SD),
            k.concentration[i],
            NODES * LANES + i,
        )
        k.lik[end], k.good[end], k.bad[end] = 1.0, a, a + cooperative
        for j in range(NODES):
            p, node = _read(_LOGISTIC, k.level[i] + sd * _NODES[j]), j * LANES + i
            k.lik[node], k.good[node], k.bad[node] = _WEIGHTS[j], a * p, a - a * p
    if events <= MANY:
        _multiply(k, cooperative, events - cooperative)
    else:
        _weigh_many(k, cooperative, events - cooperative)
    for i in range(LANES):
        z, first, second = 0.0, 0.0, 0.0
        for j in range(NODES):
            lik = k.lik[j * LANES + i]
            z += lik
            first += lik * _NODES[j]
            second += lik * (_NODES[j] * _NODES[j])
        k.product[i] *= z / k.lik[NODES * LANES + i]
        part, precision = 1.0 / z, 1.0 / (k.spread2[i] + NOISE_SD * NOISE_SD)
        first *= part
        k.move[i], k.lost[i] = (
            first * math.sqrt(precision),
            (1.0 - (second * part - first * first)) * precision,
        )


@compiled
def _multiply(k: Any, cooperative: int, hostile: int) -> None:
    """Weigh nodes by the likelihood of some events, a product, and multiply what it is divided by."""
    for n in range(cooperative):
        for node in range((NODES + 1) * LANES):
            k.lik[node] *= k.good[node] + n
    for n in range(hostile):
        for node in range((NODES + 1) * LANES):
            k.lik[node] *= k.bad[node] + n


@compiled
def _weigh_many(k: Any, cooperative: int, hostile: int) -> None:
    """Weigh nodes by the likelihood of many events, by gamma functions."""
    for i in range(LANES):
        top, a = -math.inf, k.concentration[i]
        for node in range(i, NODES * LANES, LANES):
            own = math.lgamma(k.good[node] + cooperative) - math.lgamma(k.good[node])
            k.good[node] = own + math.lgamma(k.bad[node] + hostile) - math.lgamma(k.bad[node])
            top = max(top, k.good[node])
        for node in range(i, NODES * LANES, LANES):
            k.lik[node] *= math.exp(k.good[node] - top)
        k.total[i] += top + math.lgamma(a) - math.lgamma(a + cooperative + hostile)


@compiled
def _learn(k: Any, impulse: float) -> None:
    """Move the state by what a month says of its level; an impulse moves the cycle after it."""
    for i in range(LANES):
        move, lost, es, ef, eb, em, ex = (
            k.move[i],
            k.lost[i],
            k.es[i],
            k.ef[i],
            k.eb[i],
            k.em[i],
            k.ex[i],
        )
        k.s[i] += es * move
        k.f[i] += ef * move + k.push[i] * impulse
        k.b[i] += eb * move
        k.m[i] += em * move
        k.x[i] += ex * move
        k.ss[i] -= lost * es * es
        k.sf[i] -= lost * es * ef
        k.sb[i] -= lost * es * eb
        k.sm[i] -= lost * es * em
        k.sx[i] -= lost * es * ex
        k.ff[i] -= lost * ef * ef
        k.fb[i] -= lost * ef * eb
        k.fm[i] -= lost * ef * em
        k.fx[i] -= lost * ef * ex
        k.bb[i] -= lost * eb * eb
        k.bm[i] -= lost * eb * em
        k.bx[i] -= lost * eb * ex
        k.mm[i] -= lost * em * em
        k.mx[i] -= lost * em * ex
        k.xx[i] -= lost * ex * ex


@compiled
def take_log(k: Any) -> None:
    """Add the likelihood of the last months to that of all before."""
    for i in range(LANES):
        k.total[i] += math.log(k.product[i])
        k.product[i] = 1.0


@compiled
def filter_steps(
    blocks: Any,
    chunks: Index,
    force: int,
    cooperative: Index,
    events: Index,
    value: Float,
    volume: Float,
    gap: Index,
    begins: Float,
    anchor: Index,
    impulse: Float,
    occasion: Float,
    ends: Index,
    out: Float,
) -> None:
    """Write log-likelihood, mean and variance of the long-run mean, of every block and dyad, (block, dyad, 3, lane)."""
    own = blocks[:1].copy()
    k = own[0]
    for p in range(blocks.size):
        for d in range(ends.size - 1):
            own[0], months = blocks[p], 0
            for e in range(ends[d], ends[d + 1]):
                if e % TOGETHER == 0:
                    take_log(k)
                left = gap[e]
                while left > 0:
                    if months != min(left, chunks[p]):
                        months = min(left, chunks[p])
                        _set_months(k, months)
                    left -= months
                    _move(k)
                    if force > 0:
                        _force(k, force, months)
                if begins[e] > 0.0 or anchor[e] > 0:
                    _anchor(k, begins[e], anchor[e], force)
                if events[e] == 0:
                    for i in range(LANES):
                        k.f[i] += k.push[i] * impulse[e]
                    continue
                _combine(k, 1.0, volume[e], 0.0, 0.0 if force == 1 else 1.0, occasion[e])
                if events[e] < 0:
                    see_value(k, value[e])
                else:
                    see_events(k, cooperative[e], events[e])
                _learn(k, impulse[e])
            take_log(k)
            for i in range(LANES):
                out[p, d, 0, i], out[p, d, 1, i], out[p, d, 2, i] = k.total[i], k.m[i], k.mm[i]
