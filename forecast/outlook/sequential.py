"""Sequential contributions: what each event added once it was recorded.

Periods are removed from the last to the first; the events of one share its change (`shapley`).
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from threading import Event

import numpy as np
import pandas as pd

from forecast.base.progress import side_by_side
from forecast.data.panel.spans import floor_period
from forecast.outlook.contributions import Part, Published
from forecast.outlook.leaving_out import ReducedFit, pareto_k_or_none
from forecast.outlook.shapley import Shares, shapley_shares
from forecast.outlook.snapshot import Numbers, difference, numbers_of

# Periods that are left out at once: each takes some hundred megabytes
MAX_PERIODS_AT_ONCE = 4


@dataclass(frozen=True)
class Sequential:
    """What each event added once it was recorded, and the forecast without any of them."""

    before: Numbers  # Without any of the events
    parts: tuple[Part, ...]  # What each event added, in their order
    pareto_k: float | None  # The highest of all weights
    published: Published | None  # Of the published chances; None where no pool is published


def sequential(whole: ReducedFit, events: pd.DataFrame) -> Sequential:
    """Remove periods from the last to the first, and divide the change of each among its events.

    Periods are independent of each other once the path is drawn again without the events of each
    and all later ones.
    """
    periods = np.unique(events["of_period"]).tolist()

    def redraw_without(period: int, _: Event) -> tuple[int, ReducedFit]:
        return period, whole.redraw(events[events["of_period"] >= period])

    def divide(period: int, _: Event) -> Shares:
        of_period = events[events["of_period"] == period]
        later = events[events["of_period"] > period]
        return shapley_shares(after[period], before[period], of_period, later)

    words = "drawing the path without events"
    before = dict(_run_parallel(whole, words, redraw_without, periods))
    following = [*(before[period] for period in periods[1:]), whole]
    after = dict(zip(periods, following, strict=True))
    by_period = list(_run_parallel(whole, "leaving out events in order", divide, periods))
    added = {row: draws for shares in by_period for row, draws in shares.added.items()}
    of_paths = [
        reduced.weights.pareto_k for reduced in before.values() if reduced.weights is not None
    ]
    counted = zip(events.index.tolist(), events["counted"].tolist(), strict=True)
    return Sequential(
        before=numbers_of(before[periods[0]].numbers),
        parts=tuple(
            Part(str(place), int(number), numbers_of(added[row]))
            for place, (row, number) in enumerate(counted)
        ),
        pareto_k=pareto_k_or_none(max([*of_paths, *(shares.pareto_k for shares in by_period)])),
        published=_published(whole, before, events),
    )


def _published(
    whole: ReducedFit, before: Mapping[int, ReducedFit], events: pd.DataFrame
) -> Published | None:
    """Return what the months added to the published chances.

    `before` are fits without a period and all later ones.
    """
    publish = whole.setting.publish
    if publish is None:
        return None
    months = floor_period(events["date"], "month").dt.strftime("%Y-%m-%d")
    first_periods = events.groupby(months.to_numpy())["of_period"].min()
    without = [
        publish(before[period].fit, events[events["of_period"] >= period])
        for period in first_periods.tolist()
    ]
    now = publish(whole.fit, events.iloc[:0])
    if not all("from_model" in numbers for numbers in (now, *without)):
        return None
    after = [*without[1:], now]
    by_month = []
    for month, earlier, later in zip(first_periods.index, without, after, strict=True):
        number = int(events["counted"][months == month].sum())
        by_month.append(Part(str(month), number, difference(later, earlier)))
    return Published(now, without[0], tuple(by_month))


def _run_parallel[Result](
    whole: ReducedFit, step: str, work: Callable[[int, Event], Result], periods: Sequence[int]
) -> Iterator[Result]:
    """Do something for every period, as many at once as there are cores."""
    workers = min(os.cpu_count() or 1, MAX_PERIODS_AT_ONCE)
    for done, result in enumerate(side_by_side(work, periods, workers)):
        whole.setting.report(step, done, len(periods))
        yield result
