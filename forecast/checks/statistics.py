"""What a record and its simulated copies are compared by: numbers of each dyad, or of each of its eras."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import xarray as xr

from forecast.typing import Bool, Float, Index

FEWEST = 20
"""Happenings of an era, or of a dyad, below which nothing is compared."""


@dataclass(frozen=True)
class Statistic:
    """One number of the record and of every simulated copy."""

    name: str  # Of the kind of number
    words: str  # What it is, such as `binding agreement, per cent of cooperative happenings`
    dyad: str  # The era is empty where the number is of the whole record
    era: str
    n: int  # Happenings that it rests on
    observed: float
    simulated: Float


def statistics(panel: xr.Dataset, simulated: xr.DataArray) -> Iterator[Statistic]:
    """Yield everything that a record is compared by; all datasets and directions together."""
    order = ("dyad", "time", "class")
    observed = panel["counts"].sum(("dataset", "direction")).transpose(*order).to_numpy()
    copies = simulated.sum(("dataset", "direction")).transpose("draw", *order).to_numpy()
    cut, names = int(panel.attrs["zero_cut"]), [str(name) for name in panel["class_name"].to_numpy()]
    eras, index = panel["era"].to_numpy(), panel["era_index"].transpose("dyad", "time").to_numpy()
    for place, code in enumerate(panel["dyad"].to_numpy()):
        dyad, own, made = str(code), observed[place], copies[:, place]
        for era in np.unique(index[place]):
            inside = index[place] == era
            yield from _shares(dyad, str(eras[era]), own[inside].sum(0), made[:, inside].sum(1), names, cut)
        yield from _months(dyad, own, made, cut)


def _shares(dyad: str, era: str, own: Index, made: Index, names: list[str], cut: int) -> Iterator[Statistic]:
    """Yield the share of cooperation in an era, and of every kind on its side."""
    if own.sum() >= FEWEST:
        share = 100 * made[:, cut:].sum(1) / made.sum(1)
        observed = 100 * own[cut:].sum() / own.sum()
        yield Statistic("side", "cooperative, per cent", dyad, era, int(own.sum()), observed, share)
    for side, words in ((slice(0, cut), "of hostile"), (slice(cut, None), "of cooperative")):
        number = own[side].sum()
        if number < FEWEST or len(own[side]) < 2:
            continue
        for place in range(*side.indices(len(own))):
            simulated = 100 * made[:, place] / np.maximum(made[:, side].sum(1), 1)
            what = f"{names[place]}, per cent {words}"
            yield Statistic("kind", what, dyad, era, int(number), 100 * own[place] / number, simulated)


def _months(dyad: str, own: Index, made: Index, cut: int) -> Iterator[Statistic]:
    """Yield how much months scatter, hang together and go on with one side alone."""
    total = own.sum(axis=1)
    busy = total > 0
    if total.sum() < FEWEST:
        return
    n, good, copies = total[busy], own[busy, cut:].sum(1), made[:, busy, cut:].sum(2)
    expected = np.clip(copies.mean(axis=0) / n, 0.01, 0.99)
    scale = np.sqrt(n * expected * (1 - expected))
    residual, residuals = (good - n * expected) / scale, (copies - n * expected) / scale

    def one(name: str, words: str, observed: float, simulated: Float) -> Statistic:
        return Statistic(name, words, dyad, "", int(total.sum()), observed, simulated)

    words = "variance of a month's share, in units of that of independent happenings"
    yield one("scatter", words, float((residual**2).mean()), (residuals**2).mean(axis=1))
    for lag in (1, 12):
        if len(n) > 2 * lag:
            words = f"correlation of what is left of months {lag} apart in the record"
            yield one("memory", words, _correlation(residual, lag), _correlations(residuals, lag))
    for words, alone in (("without cooperation", good == 0), ("without hostility", good == n)):
        copies_alone = copies == 0 if "cooperation" in words else copies == n
        runs = np.array([_longest(each) for each in copies_alone], dtype=float)
        yield one("runs", f"most months on end, of those with happenings, {words}", float(_longest(alone)), runs)
    low, high = np.quantile(copies, [0.05, 0.95], axis=0)
    outside = 100 * ((copies < low) | (copies > high)).mean(axis=1)
    observed = 100 * float(((good < low) | (good > high)).mean())
    yield one("tails", "per cent of months outside their central 90 per cent", observed, outside)


def _correlation(values: Float, lag: int) -> float:
    return float(_correlations(values[None], lag)[0])


def _correlations(values: Float, lag: int) -> Float:
    """Return the correlation of each row with itself, so many places later."""
    early, late = values[:, :-lag], values[:, lag:]
    return np.asarray((early * late).mean(axis=1) / np.maximum((values**2).mean(axis=1), 1e-12))


def _longest(there: Bool) -> int:
    """Return the length of the longest run."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], there.astype(np.int8), [0]])))
    return int(np.diff(edges)[::2].max(initial=0))
