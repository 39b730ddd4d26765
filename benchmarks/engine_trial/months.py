"""Months of one dyad in which something happens, and names of its parameters.

Months are as the engine reads them.
"""

from typing import NamedTuple

import numpy as np
from compiled import kernel

FLOAT = np.float64

# Parameters of a dyad's likelihood, all as logarithms. The first three are shared by all dyads.
HALF_LIFE = 0  # Of the trend's return, months
CONCENTRATION = 1  # Of the events of a month, in events
JUMP = 2  # Of the trend where an era begins, log-odds
STEP = 3  # Of the trend in a month, log-odds
CYCLE_HALF_LIFE = 4  # Months
CYCLE_SD = 5  # Of the cycle in the long run, log-odds
NOISE = 6  # Of a month, log-odds
NAMES = (
    "trend_half_life",
    "concentration",
    "trend_jump",
    "trend_step",
    "cycle_half_life",
    "cycle_sd",
    "tau",
)
SHARED, OWN = 3, 4  # Numbers of shared parameters, and of those that a dyad has

START_SD = 1.4  # Of the first trend around the long-run mean, log-odds (priors.toml, trend_start)
SOFTNESS = 0.4  # Of a ceiling's edge, log-odds (forecast.model.process.ceiling)


class Months(NamedTuple):
    """Months of a dyad that need a state: with events, and the first and last of eras, (month,)."""

    cooperative: np.ndarray
    hostile: np.ndarray
    volume: np.ndarray  # Relative event count
    gap: np.ndarray  # Place of the number of months since the one before, among `gaps`
    gaps: np.ndarray  # Distinct numbers of months; the first is 0, of the first month
    begins: np.ndarray  # 1 where an era begins, but for the first
    start: np.ndarray  # Place of the month at whose trend the ceiling of its era is anchored
    era: np.ndarray  # Place of its era among those of the dyad, or -1 before the anchor of an era
    time: np.ndarray  # Period


class Panel(NamedTuple):
    """Months of all dyads, one dyad after the other.

    Fields as in `Months`, with where each dyad begins.
    """

    cooperative: np.ndarray
    hostile: np.ndarray
    volume: np.ndarray
    gap: np.ndarray
    gaps: np.ndarray
    begins: np.ndarray
    start: np.ndarray
    era: np.ndarray
    time: np.ndarray
    first: np.ndarray  # (dyad + 1,): of its months
    first_gap: np.ndarray  # (dyad + 1,): of its distinct gaps
    eras: np.ndarray  # (dyad,): how many


def read_months(arrays, from_first_event=True) -> list[Months]:
    """Read `forecast.model.arrays.PanelArrays`, counts of both directions summed.

    A ceiling is anchored at the trend where its era begins or, with `from_first_event`, in the
    month of the dyad's first event if that is later: before it the trend is a guess that a ceiling
    must not hang on.
    """
    side = arrays.observed.counts
    counts = np.zeros((arrays.nodes, 2), dtype=np.int64)
    for _, node, first, behind, _ in side.cells:
        counts[node] = side.reports[first:behind, [1, 0]].sum(axis=0)
    found = []
    for d in range(arrays.dyads):
        own = slice(arrays.starts[d], arrays.starts[d + 1])
        period_era, gap = arrays.node_era[own], arrays.node_gap[own]
        gaps, place = np.unique(np.append(0, gap), return_inverse=True)
        new = np.diff(period_era, prepend=-1) != 0
        start, era = anchors(new, counts[own].sum(axis=1) > 0, from_first_event)
        found.append(
            Months(
                np.ascontiguousarray(counts[own, 1]),
                np.ascontiguousarray(counts[own, 0]),
                arrays.observed.relative_count[own].astype(FLOAT),
                place[1:].astype(np.int64),
                gaps.astype(np.int64),
                (new & (gap > 0)).astype(FLOAT),
                start,
                era,
                arrays.node_time[own].astype(np.int64),
            )
        )
    return found


def anchors(new, has_events, from_first_event):
    """Return place of the anchor and of the era of every month, given where eras begin."""
    era = np.cumsum(new) - 1
    start = np.flatnonzero(new)[era]
    if from_first_event and has_events.any():
        first = int(np.argmax(has_events))
        same = era == era[first]
        start[same] = first
        era[same & (np.arange(len(era)) < first)] = -1
    return start.astype(np.int64), era.astype(np.int64)


def number_of_eras(months):
    """Eras of a dyad."""
    return int(months.era.max()) + 1


def panel_of(months: list[Months]) -> Panel:
    """Put dyads one after the other."""
    fields = [np.concatenate([getattr(one, name) for one in months]) for name in Months._fields]
    first = np.cumsum([0] + [one.gap.size for one in months])
    first_gap = np.cumsum([0] + [one.gaps.size for one in months])
    return Panel(*fields, first, first_gap, np.array([number_of_eras(one) for one in months]))


@kernel
def dyad_of(panel, d):
    """Months of one dyad."""
    a, b = panel.first[d], panel.first[d + 1]
    g, h = panel.first_gap[d], panel.first_gap[d + 1]
    return Months(
        panel.cooperative[a:b],
        panel.hostile[a:b],
        panel.volume[a:b],
        panel.gap[a:b],
        panel.gaps[g:h],
        panel.begins[a:b],
        panel.start[a:b],
        panel.era[a:b],
        panel.time[a:b],
    )
