"""How likely enough happenings of a kind are in a future of which only the happenings of either side are known.

The mix of a side's kinds is Dirichlet-distributed and the share of some codes in a class Beta-distributed, of what the
record holds; so the number of a kind among a side's happenings is beta-binomial. Where a kind is some codes, or several
classes, of a side, its share of the side is no Beta but a sum of products; a Beta of the same mean and variance stands
for it. An answer draws the numbers; here they are summed out, and with them the noise of what one happening changes.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from forecast.events.codebook import read_scale
from forecast.outlook.kind_counts import MIX_MONTHS, WHOLE_RECORD, mix_weights
from forecast.questions.kind import Kind
from forecast.questions.record import MonthlyRecord
from forecast.questions.settle import WindowCounts
from forecast.typing import Bool, Float, Index

_ONE = 1 - 1e-12


class Share(NamedTuple):
    """Weights of a Beta distribution: of what is of a kind, and of the rest; without one of them all is the other."""

    own: float
    rest: float

    @classmethod
    def like(cls, mean: float, square: float) -> "Share":
        """Return that with a mean and a mean square."""
        if not 0 < mean < _ONE:
            return NONE if mean <= 0 else ALL
        weight = (mean - square) / (square - mean**2)
        return cls(mean * weight, (1 - mean) * weight)

    @property
    def mean(self) -> float:
        """Mean."""
        return self.own / (self.own + self.rest)

    @property
    def square(self) -> float:
        """Mean square."""
        return self.mean * (self.own + 1) / (self.own + self.rest + 1) if self.rest else 1.0


NONE, ALL = Share(0.0, 1.0), Share(1.0, 0.0)


def code_shares(record: MonthlyRecord, kind: Kind) -> list[Share]:
    """Return which share of each of its classes a kind will be, as the last ten years leave it possible."""
    if not kind.codes:
        return [ALL] * len(kind.places)
    assert record.kind is not None
    own, whole = record.kind[record.covered], record.counts[record.covered][:, list(kind.places)]
    classes, found = read_scale(record.scale).class_of, []
    for column, place in enumerate(kind.places):
        overall = (own[:, column].sum() + 1) / (whole[:, column].sum() + 2)
        recent, among = own[-MIX_MONTHS:, column].sum(), whole[-MIX_MONTHS:, column].sum()
        some = Share(recent + WHOLE_RECORD * overall, among - recent + WHOLE_RECORD * (1 - overall))
        found.append(ALL if classes.index[classes == place].str.startswith(kind.codes).all() else some)
    return found


def side_shares(record: MonthlyRecord, kind: Kind) -> tuple[Share, Share]:
    """Return which share of the hostile, and of the cooperative happenings to come a kind will be."""
    counts, cut = record.counts[record.covered], record.zero_cut
    classes = [NONE] * counts.shape[1]
    for place, share in zip(kind.places, code_shares(record, kind), strict=True):
        classes[place] = share
    hostile, cooperative = (
        _together(mix_weights(counts[:, side], MIX_MONTHS), classes[side]) for side in (slice(0, cut), slice(cut, None))
    )
    return hostile, cooperative


def _together(mix: Float, shares: list[Share]) -> Share:
    """Return which share of a side a kind is, given the weights of the side's mix and its share of each class."""
    mean, square = (np.array([getattr(share, name) for share in shares]) for name in ("mean", "square"))
    total, part = mix.sum(), mix * mean
    both = part.sum() ** 2 - (part**2).sum() + (mix * (mix + 1) * square).sum()
    return Share.like(float(part.sum() / total), float(both / (total * (total + 1))))


def chance_of_count(need: int, ahead: WindowCounts, shares: tuple[Share, Share]) -> Float:
    """Return how likely at least so many happenings of a kind are in each future, (...)."""
    total, cooperative = ahead.total.sum(axis=-1), ahead.cooperative.sum(axis=-1)
    if need <= 0:
        return np.ones(total.shape)
    sides = list(zip((total - cooperative, cooperative), shares, strict=True))
    possible = np.asarray(sum(number * (share.own > 0) for number, share in sides)) >= need
    if not possible.any():
        return np.zeros(total.shape)
    # The side that it is most of comes first, so that the sum over numbers of the other is short where there are none.
    first, second = sorted(sides, key=lambda side: -side[1].mean)
    number, place = np.unique(first[0], return_inverse=True)
    at_most = np.cumsum(list(_chances(number, first[1], need)), axis=0)
    below = np.zeros(total.shape)
    for other, chance in enumerate(_chances(second[0], second[1], need if second[1].own else 1)):
        below += chance * at_most[need - 1 - other][place.reshape(total.shape)]
    return np.where(possible, np.clip(1 - below, 0, 1), 0.0)


def _chances(happenings: Index, share: Share, most: int) -> Iterator[Float]:
    """Return how likely none, one, two ... of some happenings (...) are of a kind, fewer than `most`, each (...)."""
    from scipy.special import betaln, gammaln

    own, rest = share
    for number in range(most):
        if not own or not rest:
            yield (happenings == number if own else np.full(happenings.shape, number == 0)).astype(float)
            continue
        others = np.maximum(happenings - number, 0)
        ways = gammaln(happenings + 1) - gammaln(number + 1) - gammaln(others + 1)
        log = ways + betaln(number + own, others + rest) - betaln(own, rest)
        yield np.where(happenings >= number, np.exp(log), 0.0)


def coupled(hit: Bool, before: Float, after: Float) -> Float:
    """Return how likely something is that came about in some futures, were its chances others, (...).

    Of what came about as much stays as its chance is smaller, and of what did not as much comes as it is greater. So on
    average over what was drawn it is the other chance, and where chances are the same it is what was drawn.
    """
    stays = np.minimum(after, before) / np.where(before > 0, before, 1.0)
    comes = np.maximum(after - before, 0) / np.where(before < 1, 1 - before, 1.0)
    return np.where(hit, np.where(before > 0, stays, after), comes)
