"""Signposts: kinds of events in the next months that would move the published chance most.

The published simulations of a window are those of the model and of the benchmarks. In each, the
kinds of the events of the next months are drawn from the mix of the record, as everywhere. The
chance of a higher share is then compared between the simulations that record many events of a kind
and all simulations. That is what an observer learns by then: these events count in the window, and
they say how relations stand. It is not what a government would reach by them.
"""

from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from forecast.base.typing import Bool, Index
from forecast.outlook.draws import stream
from forecast.outlook.observed import SimulatedEvents, simulate_kinds
from forecast.outlook.recorded import MIN_WINDOW_EVENTS, Baseline, above_and_below, shares_of
from forecast.outlook.summary import NotDefined, Probability, probability

# Probability of so many events; what is less likely is too far off to be a signpost
MIN_SIGNPOST_CHANCE = 0.05
# Probability of so many events; what is likelier is expected, and no signpost
MAX_SIGNPOST_CHANCE = 0.5
SIGNPOST_MONTHS = 3
"""Months of events of signposts: a season, after which the chance is read again."""
# Kinds that are named; a reader keeps no more in mind
MAX_SIGNPOSTS = 3
RARITY = 0.25
"""Probability of so many events, about: an outcome that is neither expected nor far off."""
SMALLEST_MOVE = 1.0
"""Points of probability: a smaller change would not change what is printed."""
ERRORS = 2.0
"""Monte Carlo standard errors that a change must exceed."""


@dataclass(frozen=True)
class Signpost:
    """Events of a kind in the next months, and the published chances if they are recorded."""

    kind: str  # Name of the class
    cooperative: bool  # Whether the class is cooperative
    least: int  # Events of the class, at least, up to `until`
    usual: float  # Their median number
    until: date  # Last day of the months of signposts
    # Probability that so many are recorded
    chance: Probability
    # Probability that the share of the whole window is higher than the baseline's if they are
    higher: Probability
    # By how many points of probability `higher` differs from the published chance
    change: float


def signposts_of(
    published: SimulatedEvents,
    months: int,
    baseline: Baseline | NotDefined,
    improvement: float,
    *,
    seed: int,
) -> tuple[Signpost, ...] | NotDefined:
    """Return the kinds of events that would move the chance of a higher share most.

    The largest change comes first.

    Parameters
    ----------
    published : SimulatedEvents
        Simulations of the window, those of the pool where there is one.
    months : int
        Months of the window.
    baseline : Baseline or NotDefined
        What the window is compared with.
    improvement : float
        Points of share that count as higher.
    seed : int
        The same seed draws the same kinds.

    Returns
    -------
    tuple of Signpost
        At most three; none where no kind moves the chance by a point. NotDefined without a
        baseline.
    """
    if isinstance(baseline, NotDefined) or baseline.share is None:
        return NotDefined("there is no baseline to compare with")
    record = published.record
    ahead = published.ahead(months)
    total = ahead.total.sum(axis=-1)
    valid = total >= MIN_WINDOW_EVENTS
    if not valid.any():
        return NotDefined("the window is void in every simulation")
    up = (
        above_and_below(
            shares_of(total, ahead.cooperative.sum(axis=-1)), baseline.share, improvement
        )[0]
        & valid
    )
    span = min(SIGNPOST_MONTHS, months)
    span_periods = slice(1, record.clock.periods(span) + 1)
    # Benchmarks draw how many events are cooperative; the kinds of the model's simulations would
    # not add up to that.
    kinds = simulate_kinds(
        record,
        published.total[..., span_periods],
        published.cooperative[..., span_periods],
        stream(seed, record.dyad, f"signposts {record.number}"),
    ).sum(axis=-2)
    every = probability(up, "higher", valid).value
    signposts = []
    for class_number, name in enumerate(record.names):
        least = _signpost_count(kinds[..., class_number], valid)
        if least is None:
            continue
        several = (kinds[..., class_number] >= least) & valid
        words = f"at least {least} events of “{name}” in {record.ahead(span)}"
        higher = probability(up & several, f"higher, given {words}", several)
        change = 100 * (higher.value - every)
        if abs(change) < max(SMALLEST_MOVE, 100 * ERRORS * higher.mcse):
            continue
        signposts.append(
            Signpost(
                kind=name,
                cooperative=class_number >= record.zero_cut,
                least=least,
                usual=float(np.median(kinds[..., class_number])),
                until=record.clock.last_day(span),
                chance=probability(several, words, valid),
                higher=higher,
                change=change,
            )
        )
    signposts.sort(key=lambda signpost: -abs(signpost.change))
    return tuple(
        replace(signpost, change=round(signpost.change, 2))
        for signpost in signposts[:MAX_SIGNPOSTS]
    )


def _signpost_count(numbers: Index, valid: Bool) -> int | None:
    """Return the number of events whose probability is nearest to `RARITY`.

    None if none is likely enough.
    """
    counts = np.bincount(numbers[valid])
    likely = counts[::-1].cumsum()[::-1] / counts.sum()  # of at least so many
    places = np.flatnonzero((likely >= MIN_SIGNPOST_CHANCE) & (likely <= MAX_SIGNPOST_CHANCE))
    places = places[places > 0]
    return int(places[np.abs(likely[places] - RARITY).argmin()]) if places.size else None
