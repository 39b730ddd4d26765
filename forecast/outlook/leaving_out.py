"""Fits without some events: by weights of the draws, by a path drawn again, or by a new fit.

Draws of the fit are weighted by the likelihood ratio of the data without and with the events,
month-specific noise integrated out; their simulations have the same weights. Between months, and
where too few draws would carry the weights, the path of the last two years is resampled for each
draw; where that fails, a new fit is required.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from threading import Event
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from forecast.base.errors import NotUpdatable
from forecast.base.progress import Progress, side_by_side
from forecast.base.typing import Float, Index
from forecast.data.panel.relative_counts import relative_event_counts
from forecast.data.panel.single_events import panel_without
from forecast.data.panel.spans import PLACES, floor_period
from forecast.model import Fit
from forecast.model.particles import Draws, Observed, Weights, pareto_k_limit, smoothed, state_of
from forecast.model.posterior import flat
from forecast.model.updating import redraw, sampled_again
from forecast.outlook.contributions import How, LeaveOneOut, Part, Published
from forecast.outlook.snapshot import Numbers, Snapshot, difference, numbers_of

# Months whose path is drawn again under each draw: the twelve whose events may be left out, and a
# year before them
REDRAWN_MONTHS = 24
# Effective sample size fraction of the weights; below it the path is drawn again
MIN_FRACTION_LEFT_OUT = 0.25
# Steps in which the events of one period join the record
MAX_JOINING_STEPS = 60
# Periods that are left out at once: each takes some hundred megabytes
MAX_PERIODS_AT_ONCE = 4
# Random orders, and their reverses, in which the events of one period join
ORDERS = 2

type SampledFit = Fit
"""A fit whose draws can be weighted, and that can be fitted again."""


@dataclass(frozen=True)
class Setting:
    """Arguments that all reduced fits share, whichever events are left out of them."""

    fit: Fit  # Of the record with all events, and of all dyads
    dyad: str
    # Event data of the dyad with all events, which determine the number of future events
    panel: xr.Dataset
    # Returns the numbers of a fit to the dyad's record without some events.
    look: Callable[[Fit, pd.DataFrame], Snapshot]
    seed: int
    refit: bool
    report: Progress
    # Returns a number for each event: different ones for events that only the question tells apart
    sorts: Callable[[pd.DataFrame], Index] | None = None
    # Returns the published numbers of a fit to the record without some events; None where no pool
    # is published.
    publish: Callable[[Fit, pd.DataFrame], Numbers] | None = None


@dataclass(frozen=True)
class ReducedFit:
    """A fit to a record from which events are left out, and its forecast."""

    fit: Fit  # Of the dyad alone
    setting: Setting
    look: Snapshot
    how: How = "weights"  # How it came about
    # Of the draws of the fit that was sampled, if its path was drawn again
    weights: Weights | None = None

    @classmethod
    def of(cls, fit: Fit, setting: Setting, left_out: pd.DataFrame, **facts: Any) -> "ReducedFit":
        """Return a fit with its forecast, given which events its record lacks."""
        return cls(fit, setting, setting.look(fit, left_out), **facts)

    @cached_property
    def numbers(self) -> dict[str, Float]:
        """Numbers of the forecast by draw."""
        return self.look.numbers

    def weighed(self, events: pd.DataFrame) -> tuple[dict[str, Float], Weights]:
        """Return the forecast without some events, by weights of the draws, and the weights."""
        reduced = panel_without(self.setting.panel, self.setting.dyad, events)
        changed_periods = np.flatnonzero(
            (_model_inputs(self.fit.panel) != _model_inputs(reduced)).any(axis=-1)
        )
        reduced_data = Observed.of(reduced, self._draws)
        total = np.zeros(len(self._draws))
        # The log-likelihood ratio of the other event data to these, under every draw.
        for time in changed_periods.tolist():
            state, log_likelihood = self._period(time)
            total += _likelihood(reduced_data, time, state) - log_likelihood
        weights = smoothed(total.reshape(self.look.level.shape))
        return self.look.without(events).weighed(weights.weight), weights

    def redraw(self, events: pd.DataFrame) -> "ReducedFit":
        """Return the forecast without some events: from a path drawn again, or from a new fit.

        The path of the last `REDRAWN_MONTHS` is drawn again.
        """
        setting = self.setting
        reduced = panel_without(setting.panel, setting.dyad, events)
        fit, weights = redraw(self.fit, reduced, REDRAWN_MONTHS, seed=setting.seed)
        if weights.pareto_k <= pareto_k_limit(weights.weight.size):
            return ReducedFit.of(fit, setting, events, how="path drawn again", weights=weights)
        if not setting.refit:
            raise NotUpdatable(
                f"months: Pareto k of the draws' weights is {weights.pareto_k:.2f} where events "
                "are left out, so that only a new fit shows what they did. Take fewer months, or "
                "use refit=True (--refit)",
                "the weights of the draws do not hold",
            )
        remaining = panel_without(setting.fit.panel, setting.dyad, events)
        fit = sampled_again(setting.fit, remaining, "events were left out", setting.report)
        return ReducedFit.of(fit.of_dyad(setting.dyad), setting, events, how="fitted again")

    @cached_property
    def _draws(self) -> Draws:
        return Draws.of(self.fit.posterior, self.fit.spec)

    @cached_property
    def _period(self) -> Callable[[int], tuple[Float, Float]]:
        """State of the draws (draw, 1[, part]) and log-likelihood (draw,) in a period.

        Each is computed once.
        """
        recorded = Observed.of(self.fit.panel, self._draws)

        @cache
        def period(time: int) -> tuple[Float, Float]:
            level, trend = (
                flat(self.fit.posterior[name].isel(dyad=0, time=[time]))
                for name in ("level", "trend")
            )
            state = state_of(level, trend)
            return state, _likelihood(recorded, time, state)

        return period


def _likelihood(observed: Observed, period: int, state: Float) -> Float:
    """Return the log-likelihood of a period at states (draw, 1[, part]), (draw,).

    The panel has a single dyad.
    """
    if observed.node[0, period] < 0:
        return np.zeros(len(state))
    return np.asarray(observed.log_likelihood(0, period, state)[:, 0])


def _model_inputs(panel: xr.Dataset) -> Float:
    """Return what a model reads of the events of every period, (time, part), of a single dyad."""
    counts = panel["counts"].transpose("dyad", "time", ...).to_numpy()[0]
    return np.column_stack(
        [counts.reshape(len(counts), -1).astype(np.float64), relative_event_counts(panel)[0]]
    )


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

    def without(period: int, _: Event) -> tuple[int, ReducedFit]:
        return period, whole.redraw(events[events["of_period"] >= period])

    def divided(period: int, _: Event) -> tuple[dict[int, dict[str, Float]], float]:
        of_period = events[events["of_period"] == period]
        later = events[events["of_period"] > period]
        return _shapley_shares(with_period[period], before[period], of_period, later)

    before = dict(_run_parallel(whole, "drawing the path without events", without, periods))
    following = [*(before[period] for period in periods[1:]), whole]
    with_period = dict(zip(periods, following, strict=True))
    shares_by_period = list(_run_parallel(whole, "leaving out events in order", divided, periods))
    added = {row: draws for shares, _ in shares_by_period for row, draws in shares.items()}
    redrawn = [
        reduced.weights.pareto_k for reduced in before.values() if reduced.weights is not None
    ]
    worst = max([*redrawn, *(pareto_k for _, pareto_k in shares_by_period)])
    numbers = events["counted"].tolist()
    parts = [
        Part(str(order), int(number), numbers_of(added[row]))
        for order, (row, number) in enumerate(zip(events.index.tolist(), numbers, strict=True))
    ]
    return Sequential(
        before=numbers_of(before[periods[0]].numbers),
        parts=tuple(parts),
        pareto_k=_shown(worst),
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
    first = events.groupby(months.to_numpy())["of_period"].min()
    without = [
        publish(before[period].fit, events[events["of_period"] >= period])
        for period in first.tolist()
    ]
    now = publish(whole.fit, events.iloc[:0])
    if not all("from_model" in numbers for numbers in (now, *without)):
        return None
    by_month = [
        Part(str(month), int(events["counted"][months == month].sum()), difference(after, earlier))
        for month, earlier, after in zip(first.index, without, [*without[1:], now], strict=True)
    ]
    return Published(now, without[0], tuple(by_month))


def _run_parallel[Result](
    whole: ReducedFit, step: str, work: Callable[[int, Event], Result], periods: Sequence[int]
) -> "Iterator[Result]":
    """Do something for every period, as many at once as there are cores."""
    workers = min(os.cpu_count() or 1, MAX_PERIODS_AT_ONCE)
    for done, result in enumerate(side_by_side(work, periods, workers)):
        whole.setting.report(step, done, len(periods))
        yield result


def _shapley_shares(
    record: ReducedFit, before: ReducedFit, events: pd.DataFrame, later: pd.DataFrame
) -> tuple[dict[int, dict[str, Float]], float]:
    """Divide what a period added among its events, by their index.

    The highest Pareto k is returned too.

    A model knows a period as a whole and no order in it. So its events join in many orders, and
    each is given what it adds on average: the Shapley value [1]_, with a few orders and their
    reverses for all. Events that tell the same add the same; in a busy period they join in groups
    of these.

    References
    ----------
    .. [1] Shapley (1953), A value for n-person games, https://doi.org/10.1515/9781400881970-018
    """
    kinds = _group_identical(record, events)
    rank = events.groupby(kinds).cumcount().to_numpy()
    size = np.bincount(kinds)
    # The forecasts with none and with all of the period's events are known.
    forecasts = {
        tuple(np.zeros_like(size).tolist()): before.numbers,
        tuple(size.tolist()): record.numbers,
    }
    worst = [-np.inf]

    def forecast_with(joined: Index) -> dict[str, Float]:
        """Return the forecast with so many events of each kind, (kind,)."""
        key = tuple(joined.tolist())
        if key not in forecasts:
            forecasts[key], weights = record.weighed(
                pd.concat([events[rank >= joined[kinds]], later])
            )
            worst.append(weights.pareto_k)
        return forecasts[key]

    at_once = -(-len(events) // MAX_JOINING_STEPS)
    groups = np.repeat(np.arange(len(size)), -(-size // at_once))
    rng = np.random.default_rng(
        np.random.SeedSequence(record.setting.seed, spawn_key=(int(events["of_period"].iloc[0]),))
    )
    orders = [rng.permutation(groups) for _ in range(ORDERS)]
    sums: list[dict[str, Float]] = [{} for _ in size]
    for order in [*orders, *(order[::-1] for order in orders)]:
        joined = np.zeros_like(size)
        for kind in order.tolist():
            without = forecast_with(joined)
            joined[kind] = min(joined[kind] + at_once, size[kind])
            for name, values in forecast_with(joined).items():
                sums[kind][name] = sums[kind].get(name, 0.0) + values - without[name]
    shares = {
        row: {name: values / (size[kind] * 2 * ORDERS) for name, values in sums[kind].items()}
        for row, kind in zip(events.index, kinds.tolist(), strict=True)
    }
    return shares, max(worst)


def _group_identical(record: ReducedFit, events: pd.DataFrame) -> Index:
    """Return a group number for each event, (event,).

    Events of a group tell the same of the level and of the question.
    """
    sorts = record.setting.sorts
    cells = events[[*PLACES, "counted"]].assign(
        of_class=events["side"], sort=sorts(events) if sorts else 0
    )
    return np.asarray(cells.groupby(list(cells), sort=False).ngroup().to_numpy(), dtype=np.int64)


def leave_each_out(record: ReducedFit, events: pd.DataFrame) -> tuple[LeaveOneOut, ...]:
    """Leave out each event in turn; of those that tell the same one is."""
    kinds = _group_identical(record, events)
    by_kind: dict[int, LeaveOneOut] = {}
    for row, kind in enumerate(kinds.tolist()):
        record.setting.report("leaving out each event alone", row, len(events))
        if kind not in by_kind:
            by_kind[kind] = left_out(record, events.iloc[[row]])
    return tuple(by_kind[kind] for kind in kinds.tolist())


def left_out(record: ReducedFit, events: pd.DataFrame) -> LeaveOneOut:
    """Leave out some events while the others stay."""
    without, weights = record.weighed(events)
    how: How = "weights"
    if weights.fault or weights.effective < MIN_FRACTION_LEFT_OUT * weights.weight.size:
        try:
            again = record.redraw(events)
        except NotUpdatable:
            return LeaveOneOut({}, "needs a new fit", _shown(weights.pareto_k))
        how = again.how
        weights = again.weights or weights
        without = again.numbers
    added = {name: values - without[name] for name, values in record.numbers.items()}
    return LeaveOneOut(numbers_of(added), how, _shown(weights.pareto_k))


def _shown(pareto_k: float) -> float | None:
    """Return Pareto k, if the weights have a tail."""
    return float(pareto_k) if np.isfinite(pareto_k) else None
