"""Contribution of each recent event to the level and to forecast probabilities (docs/explain.md).

*Sequential*: the forecast after an event was recorded less the forecast before; within a month, the
average over orders. These add up to the contribution of all events. *Leave-one-out*: the forecast
less the forecast without this event. Coverage, baseline and future event counts stay fixed. The
forecast is the headline of a report, or a question with its own window
(`forecast.desk.questions.explain`).

Draws of the fit are weighted by the likelihood ratio of the data without and with the events,
month-specific noise integrated out; their simulations have the same weights. Between months, and
where too few draws would carry the weights, the path of the last two years is resampled for each
draw; where that fails, a new fit is required.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property
from threading import Event
from typing import Any, Literal

import numpy as np
import pandas as pd
import xarray as xr

from forecast.base.arguments import checked
from forecast.base.dates import Clock
from forecast.base.described import described
from forecast.base.errors import NoEvents, NotUpdatable, SpecError
from forecast.base.limits import whole_seed
from forecast.base.numeric import share
from forecast.base.progress import Progress, side_by_side, silent
from forecast.base.typing import Dyad, Float, Index, Seed
from forecast.base.wording import Card, Displayed, number, signed
from forecast.data.events import EventTable
from forecast.data.events.codebook import VISITS
from forecast.data.panel import panel_of_dyad
from forecast.data.panel.record import counted_events, panel_without, relative_event_counts
from forecast.data.panel.spans import PLACES, Frequency, floor_period
from forecast.model import Fit
from forecast.model.particles import Draws, Observed, Weights, pareto_k_limit, smoothed, state_of
from forecast.model.posterior import flat
from forecast.model.updating import redraw, sampled_again
from forecast.outlook.benchmarks import without_pool
from forecast.outlook.comparison import (
    LEVEL,
    Ahead,
    Look,
    Numbers,
    ShareChange,
    as_shown,
    difference,
    level_now,
    numbers_of,
)
from forecast.outlook.draws import dyad_draws, position
from forecast.outlook.recorded import Baseline, main_record
from forecast.outlook.simulations import BASELINE_MONTHS, structural_hazard
from forecast.outlook.summary import Estimate, NotDefined, estimate

MOST_MONTHS = 12
"""So many months at most; the path of a year more is drawn again under each draw, where events are
left out."""
FEWEST_EFFECTIVE = 0.25
"""Smallest effective sample size fraction of the weights; below it the path is resampled."""
MOST_STEPS = 60
"""In so many steps at most the events of one period join."""
MOST_AT_ONCE = 4
"""Periods that are left out at once: each takes some hundred megabytes."""
ORDERS = 2
"""Random orders, and their reverses, in which the events of one period join."""

type SampledFit = Fit  # Its draws can be weighed, and it can be fitted again
type How = Literal["weights", "path drawn again", "fitted again", "needs a new fit"]


@dataclass(frozen=True)
class Alone:
    """Leave-one-out contribution of some events."""

    added: Numbers  # What they add; empty where it needs a new fit
    # How it was computed: from `weights` of the draws, by a `path drawn again`, by a model that was
    # `fitted again`; or it was not, for it `needs a new fit`.
    how: How
    pareto_k: float | None  # Of the draws' weights; None if these are all alike or have no tail


@dataclass(frozen=True)
class Part:
    """Sequential contribution of some events."""

    name: str  # The kind, or the first day of the week or month
    events: int  # How many they count for
    added: Numbers


@dataclass(frozen=True)
class LevelMonth:
    """The level at the end of a month, given all events."""

    name: str  # First day of the month
    level: Estimate
    change: Estimate | None  # From the end of the month before; None where the record begins


@dataclass(frozen=True)
class LevelCourse:
    """Level before and after the months, and without their events.

    Only the change has a posterior distribution.
    """

    start: (
        Estimate | None
    )  # At the end of the period before the months, given all events; None if there is none
    now: Estimate
    without: Estimate  # Now, with none of the events recorded
    change: Estimate | None  # From `start` to `now`
    months: tuple[LevelMonth, ...]


@dataclass(frozen=True)
class Posed:
    """A question with a window of its own, as the results name it."""

    id: str
    kind: str
    parts: tuple[
        str, ...
    ]  # Kinds of the questions about one dyad that it is made of; its own if it is one
    sentence: str
    asked: date
    first: date  # First and last day of its window
    last: date
    recorded: int  # How many months of the window the record holds


@dataclass(frozen=True)
class Published:
    """Contributions to the published chances of the headline, those of the pool of model and benchmarks.

    Besides `up`, `same` and `down`: `from_model` and `from_benchmarks`, which add up to `up`.
    """

    now: Numbers
    before: Numbers  # Without any of the events
    by_month: tuple[Part, ...]  # What each month added, by its first day

    @property
    def total(self) -> Numbers:
        """Contribution of all events together."""
        return difference(self.now, self.before)


@described("an Attribution, such as attribute(fit, 'USA-CHN', read_chronology()) returns")
@dataclass(frozen=True, repr=False)
class Attribution(Displayed):
    """Contributions of the events of the last months."""

    dyad: str
    first: date  # First and last day of the months
    last: date
    horizon: (
        int | None
    )  # Months ahead that the chances of the headline are about; None of a question
    baseline: (
        Baseline | NotDefined | None
    )  # Of the headline; it stays as it is, whatever is left out
    smallest_improvement: float | None  # Points of share that count as a change
    # Level (mean share) and probabilities of `up`, `same` and `down` by the model alone: as they
    # are, and without any of the events. Of a question in their place `yes`; and `ahead`, the same
    # with the months of its window as they were recorded, if there are any.
    now: Numbers
    before: Numbers
    level: LevelCourse
    # As `forecast.data.panel.record.counted_events` returns them, from the first to the last, and their
    # `side`
    events: pd.DataFrame
    in_order: tuple[Part, ...]  # What each event added, in the order of `events`
    alone: tuple[Alone, ...]  # What each event adds alone, in the same order
    # What they did only together: `now` less `before`, less the sum of `alone`. The sum of
    # `in_order` has no rest.
    rest: Numbers
    pareto_k: float | None  # The highest of all weights by which events were left out in order
    visits: Alone | None  # All visits left out together
    posed: Posed | None = None  # The question, in place of the headline
    published: Published | None = (
        None  # Of the headline; None of a question, and where no pool is published
    )
    answer: float | None = None  # Published chance of the question

    def _card(self) -> Card:
        name = self.outcome
        was, now, added = (
            as_shown(name, one[name])[0] for one in (self.before, self.now, self.total)
        )
        unit = (
            "level of 100"
            if name == LEVEL
            else "chance of a yes, %"
            if name == "yes"
            else "chance of higher, %"
        )
        facts = (
            ("events", f"{len(self.events)}, {self.first} to {self.last}"),
            (
                unit,
                f"{number(was, 1)} without them, {number(now, 1)} with them ({signed(added, 1)})",
            ),
        )
        return Card(f"What events of {self.dyad} contributed", facts)

    @property
    def outcome(self) -> str:
        """Name of the chance that is followed; that of the level if no chance is defined."""
        name = "up" if self.posed is None else "yes"
        return name if name in self.now else LEVEL

    @property
    def total(self) -> Numbers:
        """Contribution of all events together."""
        return difference(self.now, self.before)

    @property
    def by_kind(self) -> tuple[Part, ...]:
        """Sequential contribution of each kind of events."""
        return self._by(self.events["class"])

    @property
    def by_week(self) -> tuple[Part, ...]:
        """Contribution of each week, named by its Monday."""
        return self._by(self._starts("week"))

    @property
    def by_month(self) -> tuple[Part, ...]:
        """Contribution of each month, named by its first day."""
        return self._by(self._starts("month"))

    @property
    def by_side(self) -> tuple[Part, ...]:
        """Contribution of the cooperative and of the hostile events."""
        return self._by(self.events["side"].sort_values(kind="stable"))

    @property
    def sides_by_month(self) -> dict[str, tuple[Part, ...]]:
        """Contribution of the cooperative and of the hostile events of each month, by its first day."""
        months, sides = self._starts("month"), self.events["side"].sort_values(kind="stable")
        return {
            month: self._by(sides[months[sides.index] == month]) for month in dict.fromkeys(months)
        }

    def _starts(self, frequency: Frequency) -> "pd.Series[str]":
        """Return the first day of each event's week or month."""
        return floor_period(self.events["date"], frequency).dt.strftime("%Y-%m-%d")

    def _by(self, groups: "pd.Series[str]") -> tuple[Part, ...]:
        """Add up what the events of each group added."""
        found = []
        for name, places in groups.groupby(groups, sort=False).groups.items():
            parts = [self.in_order[place] for place in places]
            found.append(
                Part(
                    str(name),
                    sum(part.events for part in parts),
                    _sum([part.added for part in parts]),
                )
            )
        return tuple(found)


def _sum(numbers: Sequence[Numbers]) -> Numbers:
    """Add up numbers of the same draws."""
    return numbers_of(
        {name: np.asarray(sum(one[name].draws for one in numbers)) for name in numbers[0]}
    )


@checked
def attribute(
    fit: Fit,
    dyad: Dyad,
    table: EventTable,
    *,
    months: int = 6,
    horizon: int = 12,
    baseline_months: int = BASELINE_MONTHS,
    improvement: float = 5.0,
    seed: Seed = 1,
    refit: bool = False,
    progress: Progress | None = None,
) -> Attribution:
    """Compute the contribution of every event of the last months to the level and to the chances of the headline.

    Parameters
    ----------
    fit : Fit
        Of coded events.
    dyad : str
    table : EventTable
        The events that the fit was made of; later ones do not matter.
    months : int
        How many of the fit's last months, 1 to 12.
    horizon : int
        Months ahead that the chances are about.
    baseline_months : int
        Months up to the present that they are compared with.
    improvement : float
        Points of share that count as a change.
    seed : int or numpy.random.Generator
        With the seed of a report the `published` chances are those of its `forecast.json`; the
        others are the model's.
    refit : bool
        Whether to fit the model again without some events where nothing else is valid; it takes as
        long as a fit.
    progress : callable, optional
        Called with (step in words, done, total).

    Returns
    -------
    Attribution

    Raises
    ------
    SpecError
        If the months make no sense.
    DataError
        If the fit was not made of these events, or none of the dyad fell in these months.
    NotUpdatable
        If it needs a new fit to leave out all events, and `refit` is false.
    UnknownDyadError
        If the fit does not hold the dyad.

    Examples
    --------
    >>> from forecast import Fit, attribute, read_chronology
    >>> fit = Fit.load("report/fit.zarr")  # doctest: +SKIP
    >>> found = attribute(fit, "USA-CHN", read_chronology())  # doctest: +SKIP
    >>> round(found.total["level"].value, 1)  # doctest: +SKIP
    -1.3
    """
    seed = whole_seed(seed)
    position(fit.panel, dyad)
    record = main_record(fit.panel, dyad)
    baseline = record if isinstance(record, NotDefined) else record.baseline(baseline_months)
    fixed = None if isinstance(baseline, NotDefined) else baseline.share
    asked = None if fixed is None else ShareChange(fixed, improvement, horizon)
    hazard = structural_hazard(fit.panel)  # of all its dyads, as for the report

    def seen(
        some: Fit, _: pd.DataFrame
    ) -> Look:  # it counts nothing of the record but a baseline that stays
        if asked is None:
            return Look(level_now(some, dyad), {})
        return Ahead.of(some, dyad, horizon, record, seed=seed, hazard=hazard).look(asked)

    def publish(some: Fit, left_out: pd.DataFrame) -> Numbers:
        assert asked is not None and not isinstance(record, NotDefined)
        past = main_record(panel_without(fit.panel, dyad, left_out), dyad)
        assert not isinstance(past, NotDefined)
        # As many events lie ahead; the benchmarks read the record without those that are left out.
        ahead = Ahead.of(some, dyad, horizon, record, seed=seed, hazard=hazard)
        return numbers_of(ahead.look_published(asked, seed=seed, past=past).numbers)

    pool = asked is not None and not isinstance(record, NotDefined) and without_pool(record) is None
    setting = Setting(
        fit,
        dyad,
        panel_of_dyad(fit.panel, dyad),
        seen,
        seed,
        refit,
        progress or silent,
        publish=publish if pool else None,
    )
    return attribute_to(
        setting, table, months, horizon=horizon, baseline=baseline, smallest_improvement=improvement
    )


def attribute_to(setting: "Setting", table: EventTable, months: int, **asked: Any) -> Attribution:
    """Compute the contribution of every event of the last months to the level and to what a setting looks at."""
    if months > MOST_MONTHS:
        raise SpecError(f"months: got {months}; expected 1 to {MOST_MONTHS}")
    fit, dyad, clock = setting.fit, setting.dyad, Clock.of(setting.fit.panel)
    first = max(fit.panel.sizes["time"] - clock.periods(months), 0)
    events = counted_events(fit.panel, dyad, table, first)
    if events.empty:
        raise NoEvents(
            f"events: of {dyad} there is none in the last {clock.span(months)} of the fit; take more months"
        )
    cooperative = events["of_class"] >= int(fit.panel.attrs["zero_cut"])
    events = events.assign(side=np.where(cooperative, "cooperative", "hostile"))
    record = ReducedFit.of(fit.of_dyad(dyad), setting, events.iloc[:0])
    line, alone = _in_order(record, events), _alone(record, events)
    now, visits = numbers_of(record.numbers), events[events["cameo"].isin(VISITS)]
    together, known = difference(now, line["before"]), [one.added for one in alone if one.added]
    return Attribution(
        dyad=dyad,
        first=clock.times[first].item(),
        last=clock.last_day(),
        now=now,
        level=_level_course(record.fit, dyad, first, now[LEVEL].draws, line["before"][LEVEL].draws),
        events=events,
        alone=alone,
        rest=difference(together, _sum(known)) if known else together,
        visits=None if visits.empty else _left_out(record, visits),
        **line,
        **asked,
    )


def _level_course(fit: Fit, dyad: str, first: int, now: Float, without: Float) -> LevelCourse:
    """Describe the level from a period on.

    `now` and `without` are its draws with all and with none of the events.
    """
    own = dyad_draws(fit, dyad)

    def at(period: int) -> Float:
        return np.asarray(share(own.level[..., period].astype(np.float64)))

    def level(draws: Float, when: str) -> Estimate:
        return estimate(draws, "points of share", f"level of {dyad} {when}")

    calendar = own.clock.times.astype("datetime64[M]")
    ends = np.flatnonzero(np.append(calendar[1:] != calendar[:-1], True))
    start = before = at(first - 1) if first else None
    months = []
    for end in ends[ends >= first].tolist():
        name, value = str(calendar[end].astype("datetime64[D]")), at(end)
        when = f"at the end of the month from {name}"
        change = (
            None if before is None else level(value - before, f"{when} less that a month before")
        )
        months.append(LevelMonth(name, level(value, when), change))
        before = value
    return LevelCourse(
        start=None if start is None else level(start, "before the months"),
        now=level(now, "now"),
        without=level(without, "now, with none of the events recorded"),
        change=None if start is None else level(now - start, "now less before the months"),
        months=tuple(months),
    )


@dataclass(frozen=True)
class Setting:
    """Quantities that do not depend on which events are left out."""

    fit: Fit  # Of the record with all events, and of all dyads
    dyad: str
    panel: (
        xr.Dataset
    )  # Event data of the dyad with all events, which determine the number of future events
    # Returns the numbers of a fit to the dyad's record without some events.
    look: Callable[[Fit, pd.DataFrame], Look]
    seed: int
    refit: bool
    report: Progress
    # Returns a number for each event; events that only the question distinguishes have different
    # numbers.
    sorts: Callable[[pd.DataFrame], Index] | None = None
    # Returns the published numbers of a fit to the record without some events; None where no pool
    # is published.
    publish: Callable[[Fit, pd.DataFrame], Numbers] | None = None


@dataclass(frozen=True)
class ReducedFit:
    """A fit to a record from which events are left out, and what it says."""

    fit: Fit  # Of the dyad alone
    setting: Setting
    look: Look
    how: How = "weights"  # How it came about
    weights: Weights | None = (
        None  # Of the draws of the fit that was sampled, if its path was drawn again
    )

    @classmethod
    def of(cls, fit: Fit, setting: Setting, left_out: pd.DataFrame, **facts: Any) -> "ReducedFit":
        """Look at what a fit says, from whose record events were left out."""
        return cls(fit, setting, setting.look(fit, left_out), **facts)

    @cached_property
    def numbers(self) -> dict[str, Float]:
        """Numbers of the forecast by draw."""
        return self.look.numbers

    def weighed(self, events: pd.DataFrame) -> tuple[dict[str, Float], Weights]:
        """Return the forecast given all event data except some events, by weights of the draws, and these."""
        left = panel_without(self.setting.panel, self.setting.dyad, events)
        changed = np.flatnonzero((_read(self.fit.panel) != _read(left)).any(axis=-1))
        other, total = Observed.of(left, self._draws), np.zeros(len(self._draws))
        for time in (
            changed.tolist()
        ):  # the log-likelihood ratio of the other event data to these, under every draw
            state, own = self._period(time)
            total += _likelihood(other, time, state) - own
        weights = smoothed(total.reshape(self.look.level.shape))
        return self.look.without(events).weighed(weights.weight), weights

    def redraw(self, events: pd.DataFrame) -> "ReducedFit":
        """Return the same without some events: the path of the last year drawn again, or the model fitted again."""
        setting = self.setting
        left = panel_without(setting.panel, setting.dyad, events)
        fit, weights = redraw(self.fit, left, 2 * MOST_MONTHS, seed=setting.seed)
        if weights.pareto_k <= pareto_k_limit(weights.weight.size):
            return ReducedFit.of(fit, setting, events, how="path drawn again", weights=weights)
        if not setting.refit:
            raise NotUpdatable(
                f"months: Pareto k of the draws' weights is {weights.pareto_k:.2f} where events are left out, so that "
                "only a new fit shows what they did. Take fewer months, or use refit=True (--refit)",
                "the weights of the draws do not hold",
            )
        others = panel_without(setting.fit.panel, setting.dyad, events)
        fit = sampled_again(setting.fit, others, "events were left out", setting.report)
        return ReducedFit.of(fit.of_dyad(setting.dyad), setting, events, how="fitted again")

    @cached_property
    def _draws(self) -> Draws:
        return Draws.of(self.fit.posterior, self.fit.spec)

    @cached_property
    def _period(self) -> Callable[[int], tuple[Float, Float]]:
        """State of the draws (draw, 1[, part]) and log-likelihood (draw,) in a period.

        Each is computed once.
        """
        known = Observed.of(self.fit.panel, self._draws)

        @cache
        def period(time: int) -> tuple[Float, Float]:
            level, trend = (
                flat(self.fit.posterior[name].isel(dyad=0, time=[time]))
                for name in ("level", "trend")
            )
            state = state_of(level, trend)
            return state, _likelihood(known, time, state)

        return period


def _likelihood(observed: Observed, period: int, state: Float) -> Float:
    """Return the log-likelihood of a period of the only dyad at states (draw, 1[, part]), (draw,)."""
    if observed.node[0, period] < 0:
        return np.zeros(len(state))
    return np.asarray(observed.log_likelihood(0, period, state)[:, 0])


def _read(panel: xr.Dataset) -> Float:
    """Return all that a model reads of every period's events of the only dyad, (time, part)."""
    counts = panel["counts"].transpose("dyad", "time", ...).to_numpy()[0]
    return np.column_stack(
        [counts.reshape(len(counts), -1).astype(np.float64), relative_event_counts(panel)[0]]
    )


def _in_order(whole: ReducedFit, events: pd.DataFrame) -> dict[str, Any]:
    """Take periods back from the last to the first.

    Return what each had added, shared out among its events.

    Periods are independent of each other once the path is drawn again without the events of each
    and all later ones.
    """
    periods = np.unique(events["of_period"]).tolist()

    def without(period: int, _: Event) -> tuple[int, ReducedFit]:
        return period, whole.redraw(events[events["of_period"] >= period])

    def shared(period: int, _: Event) -> tuple[dict[int, dict[str, Float]], float]:
        own, later = events[events["of_period"] == period], events[events["of_period"] > period]
        return _shared(with_it[period], before[period], own, later)

    before = dict(_at_once(whole, "drawing the path without events", without, periods))
    with_it = dict(zip(periods, [*(before[period] for period in periods[1:]), whole], strict=True))
    found = list(_at_once(whole, "leaving out events in order", shared, periods))
    parts = {place: added for shares, _ in found for place, added in shares.items()}
    weights = [one.weights.pareto_k for one in before.values() if one.weights is not None]
    worst = max([*weights, *(pareto_k for _, pareto_k in found)])
    in_order = [
        Part(str(place), int(number), numbers_of(parts[index]))
        for place, (index, number) in enumerate(
            zip(events.index.tolist(), events["counted"].tolist(), strict=True)
        )
    ]
    return {
        "before": numbers_of(before[periods[0]].numbers),
        "in_order": tuple(in_order),
        "pareto_k": _shown(worst),
        "published": _published(whole, before, events),
    }


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
    if not all("from_model" in one for one in (now, *without)):
        return None
    by_month = [
        Part(str(month), int(events["counted"][months == month].sum()), difference(after, earlier))
        for month, earlier, after in zip(first.index, without, [*without[1:], now], strict=True)
    ]
    return Published(now, without[0], tuple(by_month))


def _at_once[Result](
    whole: ReducedFit, step: str, work: Callable[[int, Event], Result], periods: Sequence[int]
) -> "Iterator[Result]":
    """Do something for every period, as many at once as there are cores."""
    for done, result in enumerate(
        side_by_side(work, periods, min(os.cpu_count() or 1, MOST_AT_ONCE))
    ):
        whole.setting.report(step, done, len(periods))
        yield result


def _shared(
    record: ReducedFit, before: ReducedFit, own: pd.DataFrame, later: pd.DataFrame
) -> tuple[dict[int, dict[str, Float]], float]:
    """Share out what a period added among its events, by their places.

    Return the highest Pareto k, too.

    A model knows a period as a whole and no order in it. So its events join in many orders, and
    each is given what it adds on average: the Shapley value [1]_, with a few orders and their
    reverses for all. Events that tell the same add the same; in a busy period they join in groups
    of these.

    References
    ----------
    .. [1] Shapley (1953), A value for n-person games, https://doi.org/10.1515/9781400881970-018
    """
    kinds = _alike(record, own)
    rank, size = own.groupby(kinds).cumcount().to_numpy(), np.bincount(kinds)
    # The forecasts with none and with all of the period's events are known.
    known = {
        tuple(np.zeros_like(size).tolist()): before.numbers,
        tuple(size.tolist()): record.numbers,
    }
    worst = [-np.inf]

    def given(joined: Index) -> dict[str, Float]:
        """Return the forecast with so many events of each kind, (kind,)."""
        key = tuple(joined.tolist())
        if key not in known:
            known[key], weights = record.weighed(pd.concat([own[rank >= joined[kinds]], later]))
            worst.append(weights.pareto_k)
        return known[key]

    at_once = -(-len(own) // MOST_STEPS)
    groups = np.repeat(np.arange(len(size)), -(-size // at_once))
    rng = np.random.default_rng(
        np.random.SeedSequence(record.setting.seed, spawn_key=(int(own["of_period"].iloc[0]),))
    )
    orders = [rng.permutation(groups) for _ in range(ORDERS)]
    sums: list[dict[str, Float]] = [{} for _ in size]
    for order in [*orders, *(order[::-1] for order in orders)]:
        joined = np.zeros_like(size)
        for kind in order.tolist():
            without = given(joined)
            joined[kind] = min(joined[kind] + at_once, size[kind])
            for name, values in given(joined).items():
                sums[kind][name] = sums[kind].get(name, 0.0) + values - without[name]
    shares = {
        place: {name: values / (size[kind] * 2 * ORDERS) for name, values in sums[kind].items()}
        for place, kind in zip(own.index, kinds.tolist(), strict=True)
    }
    return shares, max(worst)


def _alike(record: ReducedFit, events: pd.DataFrame) -> Index:
    """Return a number for each event, the same for those that tell the same of the level and the question, (event,)."""
    sorts = record.setting.sorts
    cells = events[[*PLACES, "counted"]].assign(
        of_class=events["side"], sort=sorts(events) if sorts else 0
    )
    return np.asarray(cells.groupby(list(cells), sort=False).ngroup().to_numpy(), dtype=np.int64)


def _alone(record: ReducedFit, events: pd.DataFrame) -> tuple[Alone, ...]:
    """Leave out each event in turn; of those that tell the same one is."""
    kinds = _alike(record, events)
    found: dict[int, Alone] = {}
    for place, kind in enumerate(kinds.tolist()):
        record.setting.report("leaving out each event alone", place, len(events))
        if kind not in found:
            found[kind] = _left_out(record, events.iloc[[place]])
    return tuple(found[kind] for kind in kinds.tolist())


def _left_out(record: ReducedFit, events: pd.DataFrame) -> Alone:
    """Leave out some events while the others stay."""
    without, weights = record.weighed(events)
    how: How = "weights"
    if weights.fault or weights.effective < FEWEST_EFFECTIVE * weights.weight.size:
        try:
            again = record.redraw(events)
        except NotUpdatable:
            return Alone({}, "needs a new fit", _shown(weights.pareto_k))
        how, weights, without = again.how, again.weights or weights, again.numbers
    added = {name: values - without[name] for name, values in record.numbers.items()}
    return Alone(numbers_of(added), how, _shown(weights.pareto_k))


def _shown(pareto_k: float) -> float | None:
    """Return Pareto k, if the weights have a tail."""
    return float(pareto_k) if np.isfinite(pareto_k) else None
