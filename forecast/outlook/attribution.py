"""Contribution of each recent event to the level and to forecast probabilities (docs/explain.md).

*Sequential*: the forecast after an event was recorded less the forecast before; within a month, the
average over orders. These add up to the contribution of all events. *Leave-one-out*: the forecast
less the forecast without this event. Coverage, baseline and future event counts stay fixed. The
forecast is the headline of a report, or a question with its own window
(`forecast.desk.questions.explain`).

How events are left out: `forecast.outlook.leaving_out`.
"""

import numpy as np
import pandas as pd

from forecast.base.arguments import checked
from forecast.base.dates import Clock
from forecast.base.errors import NoEvents, SpecError
from forecast.base.limits import whole_seed
from forecast.base.numeric import share
from forecast.base.progress import Progress, silent
from forecast.base.typing import Dyad, Float, Seed
from forecast.data.events import EventTable
from forecast.data.events.codebook import VISITS
from forecast.data.panel import panel_of_dyad
from forecast.data.panel.single_events import counted_events, panel_without
from forecast.model import Fit
from forecast.outlook.benchmarks import reason_not_pooled
from forecast.outlook.contributions import (
    Attribution,
    ExplainedQuestion,
    LevelCourse,
    LevelMonth,
    sum_numbers,
)
from forecast.outlook.draws import dyad_draws, index_of_dyad
from forecast.outlook.leaving_out import ReducedFit, Setting, leave_each_out, left_out
from forecast.outlook.recorded import Baseline, main_record
from forecast.outlook.sequential import sequential
from forecast.outlook.simulations import BASELINE_MONTHS, structural_hazard
from forecast.outlook.snapshot import (
    LEVEL,
    Numbers,
    ShareChange,
    SimulatedAhead,
    Snapshot,
    difference,
    level_now,
    numbers_of,
)
from forecast.outlook.summary import Estimate, NotDefined, estimate

# So many months at most; the path of a year more is drawn again under each draw, where events are
# left out
MAX_MONTHS_EXPLAINED = 12


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
    """Compute the contribution of every recent event to the level and to the headline's chances.

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
        Differences of chances (0 to 1) and of the level (points of share), each with draws
        (chain, draw) and a Monte Carlo error: by event, kind, week, month and side.

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
    index_of_dyad(fit.panel, dyad)
    record = main_record(fit.panel, dyad)
    baseline = record if isinstance(record, NotDefined) else record.baseline(baseline_months)
    fixed = None if isinstance(baseline, NotDefined) else baseline.share
    headline = None if fixed is None else ShareChange(fixed, improvement, horizon)
    hazard = structural_hazard(fit.panel)  # of all its dyads, as for the report

    def seen(
        some: Fit, _: pd.DataFrame
    ) -> Snapshot:  # it counts nothing of the record but a baseline that stays
        if headline is None:
            return Snapshot(level_now(some, dyad), {})
        return SimulatedAhead.of(some, dyad, horizon, record, seed=seed, hazard=hazard).look(
            headline
        )

    def publish(some: Fit, left_out: pd.DataFrame) -> Numbers:
        assert headline is not None and not isinstance(record, NotDefined)
        past = main_record(panel_without(fit.panel, dyad, left_out), dyad)
        assert not isinstance(past, NotDefined)
        # As many events lie ahead; the benchmarks read the record without those that are left out.
        ahead = SimulatedAhead.of(some, dyad, horizon, record, seed=seed, hazard=hazard)
        return numbers_of(ahead.look_published(headline, seed=seed, past=past).numbers)

    pool = (
        headline is not None
        and not isinstance(record, NotDefined)
        and reason_not_pooled(record) is None
    )
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
        setting, table, months, horizon=horizon, baseline=baseline, improvement=improvement
    )


def attribute_to(
    setting: Setting,
    table: EventTable,
    months: int,
    *,
    horizon: int | None = None,
    baseline: Baseline | NotDefined | None = None,
    improvement: float | None = None,
    posed: ExplainedQuestion | None = None,
    answer: float | None = None,
) -> Attribution:
    """Compute the contribution of every recent event to the level and to a setting's numbers.

    Of a headline `horizon`, `baseline` and `improvement` are given, of a question `posed` and its
    published `answer`.
    """
    if months > MAX_MONTHS_EXPLAINED:
        raise SpecError(f"months: got {months}; expected 1 to {MAX_MONTHS_EXPLAINED}")
    fit = setting.fit
    dyad = setting.dyad
    clock = Clock.of(setting.fit.panel)
    first = max(fit.panel.sizes["time"] - clock.periods(months), 0)
    events = counted_events(fit.panel, dyad, table, first)
    if events.empty:
        raise NoEvents(
            f"events: of {dyad} there is none in the last {clock.span(months)} of the fit; take "
            "more months"
        )
    cooperative = events["of_class"] >= int(fit.panel.attrs["zero_cut"])
    events = events.assign(side=np.where(cooperative, "cooperative", "hostile"))
    visits = events[events["cameo"].isin(VISITS)]
    whole = ReducedFit.of(fit.of_dyad(dyad), setting, events.iloc[:0])
    in_sequence = sequential(whole, events)
    each_alone = leave_each_out(whole, events)
    now = numbers_of(whole.numbers)
    before = in_sequence.before
    together = difference(now, before)
    alone_added = [single.added for single in each_alone if single.added]
    return Attribution(
        dyad=dyad,
        first=clock.times[first].item(),
        last=clock.last_day(),
        horizon=horizon,
        baseline=baseline,
        smallest_improvement=improvement,
        now=now,
        before=before,
        level=_level_course(whole.fit, dyad, first, now[LEVEL].draws, before[LEVEL].draws),
        events=events,
        sequential=in_sequence.parts,
        leave_one_out=each_alone,
        rest=difference(together, sum_numbers(alone_added)) if alone_added else together,
        pareto_k=in_sequence.pareto_k,
        visits=None if visits.empty else left_out(whole, visits),
        posed=posed,
        published=in_sequence.published,
        answer=answer,
    )


def _level_course(fit: Fit, dyad: str, first: int, now: Float, without: Float) -> LevelCourse:
    """Describe the level from a period on.

    `now` and `without` are its draws with all and with none of the events.
    """
    posterior = dyad_draws(fit, dyad)

    def share_in(period: int) -> Float:
        return np.asarray(share(posterior.level[..., period].astype(np.float64)))

    def level(draws: Float, when: str) -> Estimate:
        return estimate(draws, "points of share", f"level of {dyad} {when}")

    calendar = posterior.clock.times.astype("datetime64[M]")
    ends = np.flatnonzero(np.append(calendar[1:] != calendar[:-1], True))
    start = share_in(first - 1) if first else None
    before = start
    months = []
    for end in ends[ends >= first].tolist():
        name = str(calendar[end].astype("datetime64[D]"))
        value = share_in(end)
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
