"""Fits without some events: by weights of the draws, by a path drawn again, or by a new fit.

Draws of the fit are weighted by the likelihood ratio of the data without and with the events,
month-specific noise integrated out; their simulations have the same weights. Between months, and
where too few draws would carry the weights, the path of the last two years is resampled for each
draw; where that fails, a new fit is required.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from forecast.base.errors import NotUpdatable
from forecast.base.progress import Progress
from forecast.base.typing import Float, Index
from forecast.data.panel.relative_counts import relative_event_counts
from forecast.data.panel.single_events import panel_without
from forecast.data.panel.spans import PLACES
from forecast.model import Fit
from forecast.model.particles import Draws, Observed, Weights, pareto_k_limit, smoothed, state_of
from forecast.model.posterior import flat
from forecast.model.updating import redraw, sampled_again
from forecast.outlook.contributions import How, LeaveOneOut
from forecast.outlook.snapshot import Numbers, Snapshot, numbers_of

# Months whose path is drawn again under each draw: the twelve whose events may be left out, and a
# year before them
REDRAWN_MONTHS = 24
# Effective sample size fraction of the weights; below it the path is drawn again
MIN_FRACTION_LEFT_OUT = 0.25

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


def group_identical(record: ReducedFit, events: pd.DataFrame) -> Index:
    """Return a group number for each event, (event,).

    Events of a group tell the same of the level and of the question.
    """
    sorts = record.setting.sorts
    features = events[[*PLACES, "counted"]].assign(
        of_class=events["side"], sort=sorts(events) if sorts else 0
    )
    groups = features.groupby(list(features), sort=False).ngroup()
    return np.asarray(groups.to_numpy(), dtype=np.int64)


def leave_each_out(record: ReducedFit, events: pd.DataFrame) -> tuple[LeaveOneOut, ...]:
    """Leave out each event in turn; of those that tell the same one is."""
    groups = group_identical(record, events).tolist()
    by_group: dict[int, LeaveOneOut] = {}
    for row, group in enumerate(groups):
        record.setting.report("leaving out each event alone", row, len(events))
        if group not in by_group:
            by_group[group] = left_out(record, events.iloc[[row]])
    return tuple(by_group[group] for group in groups)


def left_out(record: ReducedFit, events: pd.DataFrame) -> LeaveOneOut:
    """Leave out some events while the others stay."""
    without, weights = record.weighed(events)
    how: How = "weights"
    if weights.fault or weights.effective < MIN_FRACTION_LEFT_OUT * weights.weight.size:
        try:
            reduced = record.redraw(events)
        except NotUpdatable:
            return LeaveOneOut({}, "needs a new fit", pareto_k_or_none(weights.pareto_k))
        how = reduced.how
        weights = reduced.weights or weights
        without = reduced.numbers
    added = {name: values - without[name] for name, values in record.numbers.items()}
    return LeaveOneOut(numbers_of(added), how, pareto_k_or_none(weights.pareto_k))


def pareto_k_or_none(pareto_k: float) -> float | None:
    """Return Pareto k, if the weights have a tail."""
    return float(pareto_k) if np.isfinite(pareto_k) else None
