"""Chances of the observed share in windows of months, from simulations, with resolution rules."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Protocol, runtime_checkable

import numpy as np

from forecast.base.typing import Bool, Float, Index
from forecast.base.wording import whole_percents
from forecast.outlook.benchmarks import simulated_by_model
from forecast.outlook.draws import QUANTILES
from forecast.outlook.observed import SimulatedEvents
from forecast.outlook.pendulum import Fan, HorizonOutlook, fan, horizon_outlook, quantiles_of_valid
from forecast.outlook.query import Query, main_horizon
from forecast.outlook.question import ComparedQuestion, Question
from forecast.outlook.question_types import (
    FixedBaseline,
    PassageQuestion,
    ShareQuestion,
)
from forecast.outlook.recorded import (
    MIN_WINDOW_EVENTS,
    Baseline,
    DatasetRecord,
    WindowCounts,
    rolling_sums,
    shares_of,
)
from forecast.outlook.simulations import BASELINE_MONTHS, Simulations
from forecast.outlook.summary import (
    Estimate,
    NotDefined,
    Probability,
    estimate,
    probability,
    sentence,
)

DOTS = 50
"""Quantiles of a window's share: readers count so many dots, and decide better by them than by
intervals.

Fernandes and others (2018), doi:10.1145/3173574.3173718.
"""
ALWAYS_VOID = NotDefined(f"fewer than {MIN_WINDOW_EVENTS} are recorded in every simulation")
"""Why a chance is not defined if no window has enough events."""
FEW_BEFORE = NotDefined(
    f"fewer than {MIN_WINDOW_EVENTS} were recorded in the window before, so that there is nothing "
    "to compare"
)
"""Why a change is not defined if the baseline has too few events."""


class Changes(Protocol):
    """Chances of a higher, similar and lower number than before.

    Not defined, or adding up to one.
    """

    @property
    def up(self) -> Probability | NotDefined: ...  # noqa: D102
    @property
    def same(self) -> Probability | NotDefined: ...  # noqa: D102
    @property
    def down(self) -> Probability | NotDefined: ...  # noqa: D102


def printed_changes(outlook: Changes) -> dict[str, int]:
    """Return the chances of up, same and down in whole percents that add up to 100 as printed.

    Empty if they are not defined. Print these wherever whole percents are shown.
    """
    return whole_changes({"up": outlook.up, "same": outlook.same, "down": outlook.down})


def whole_changes(changes: Mapping[str, Probability | NotDefined]) -> dict[str, int]:
    """Return chances by name in whole percents that add up to 100 as printed.

    None if not defined.
    """
    values = [change.value for change in changes.values() if isinstance(change, Probability)]
    return (
        dict(zip(changes, whole_percents(values, 100), strict=True))
        if len(values) == len(changes)
        else {}
    )


@dataclass(frozen=True)
class WindowOutlook:
    """Forecast of the events that the dataset records in the months up to a horizon.

    `up + same + down == 1`, exactly.
    """

    months: int  # The horizon h
    first: date  # First day of the window
    until: date  # Last day of the window
    dataset: str  # Name
    events: Estimate  # Number of events
    void: Probability  # Fewer than three
    share: Estimate | NotDefined  # Cooperative, in per cent
    baseline: Baseline | NotDefined  # The last `baseline_months` months
    # Higher: at least the smallest improvement above the baseline's share
    up: Probability | NotDefined
    same: Probability | NotDefined  # Similar: less than that away
    down: Probability | NotDefined  # Lower: at least that much below
    sentence: str  # In words
    rule: str  # Resolution rule: data, window, classes, baseline, limits, void
    # `up`, `same` and `down` of the model alone; None where nothing is pooled
    model: Mapping[str, Probability | NotDefined] | None = None
    # Part of `up` that the model's own simulations in the pool add; the benchmarks add the rest.
    # None where nothing is pooled or `up` is not defined
    simulated_by_model: Probability | None = None
    # The share at 50 evenly spaced quantiles (1%, 3%, ..., 99%), in per cent: as many dots, each
    # with a chance of 2%. Empty where the share is not defined
    dots: tuple[float, ...] = ()


def share_dots(shares: Float) -> tuple[float, ...]:
    """Return evenly spaced quantiles of simulated shares, rounded to a tenth of a point."""
    levels = (np.arange(DOTS) + 0.5) / DOTS
    return tuple(np.round(np.quantile(shares, levels), 1).tolist()) if shares.size else ()


@dataclass(frozen=True)
class ThresholdOutlook:
    """Probability that the dataset records a share of at least a threshold."""

    months: int  # How far ahead
    until: date  # Last day
    rolling: bool  # Any month up to then counts
    window: int  # Months of a window; with `rolling` the horizon nearest to a year
    threshold: float  # Per cent
    baseline: Baseline | NotDefined  # The last completed window
    void: Probability  # Fewer than three events; with `rolling`, in every window
    chance: Probability | NotDefined  # The share reaches the threshold, if not void
    sentence: str  # In words
    rule: str  # Resolution rule


def window_outlook(
    record: DatasetRecord,
    ahead: WindowCounts,
    months: int,
    baseline: Baseline | NotDefined,
    improvement: float = 5.0,
    baseline_months: int = BASELINE_MONTHS,
    *,
    model: WindowCounts | None = None,
    member: Index | None = None,
) -> WindowOutlook:
    """Compute the forecast of a window: its share, and whether that is above the baseline's.

    `ahead` has the published simulations of the window, `model` those of the model alone where
    these are others, and `member` the forecaster of each published one.
    """
    total = ahead.total.sum(axis=-1)
    valid = total >= MIN_WINDOW_EVENTS
    shares = shares_of(total, ahead.cooperative.sum(axis=-1))
    fixed, undefined = None, None
    if isinstance(baseline, NotDefined) or baseline.share is None:
        undefined = baseline if isinstance(baseline, NotDefined) else FEW_BEFORE
    else:
        fixed = FixedBaseline.of(record, baseline, improvement)
    higher, lower = (
        ShareQuestion.ahead(
            record, months, compare=comparison, baseline=fixed, cooperative=record.cooperative_words
        )
        for comparison in ("at least", "at most")
    )
    words = record.ahead(months)
    result = WindowOutlook(
        months=months,
        first=record.first,
        until=higher.last,
        dataset=record.dataset,
        events=estimate(total, "events", f"events recorded in {words}"),
        void=probability(~valid, f"fewer than {MIN_WINDOW_EVENTS} events are recorded in {words}"),
        share=estimate(
            shares, "per cent", f"share of events in {words} that are cooperative", valid
        )
        if valid.any()
        else ALWAYS_VOID,
        baseline=baseline,
        **chances_of_change("share", higher, lower, ahead, undefined),
        sentence="",
        rule=rule_of_change(higher, lower),
        model=None
        if model is None
        else chances_of_change("share", higher, lower, model, undefined),
        simulated_by_model=None
        if member is None or undefined is not None or not valid.any()
        else _simulated_by_model(higher, ahead, member),
        dots=share_dots(shares[valid]),
    )
    words = sentence(
        "window",
        record,
        result,
        printed_changes(result),
        improvement,
        baseline_months,
        MIN_WINDOW_EVENTS,
    )
    return replace(result, sentence=words)


def _simulated_by_model(
    higher: ComparedQuestion, ahead: WindowCounts, member: Index
) -> Probability:
    """Return the part of the chance of a higher number that the model's simulations add."""
    hit, valid = higher.settle(ahead)
    words = f"{higher.words()} And the simulation is the model's."
    return probability(hit & simulated_by_model(member), words, valid)


def chances_of_change(
    what: str,
    higher: ComparedQuestion,
    lower: ComparedQuestion,
    counts: WindowCounts,
    undefined: NotDefined | None,
) -> dict[str, Probability | NotDefined]:
    """Return the chances of a number higher than, similar to and lower than the baseline's.

    They add up to one exactly.

    `undefined` says why the baseline has none.
    """
    valid = counts.total.sum(axis=-1) >= MIN_WINDOW_EVENTS
    reason = undefined if valid.any() else ALWAYS_VOID
    if reason is not None:
        return dict.fromkeys(("up", "same", "down"), reason)
    (above, _), (below, _) = higher.settle(counts), lower.settle(counts)
    up = probability(above, higher.words(), valid)
    down = probability(below, lower.words(), valid)
    same = probability(~(above | below), f"The {what} is between these.", valid)
    return {"up": up, "same": replace(same, value=1 - up.value - down.value), "down": down}


def rule_of_change(higher: ComparedQuestion, lower: ComparedQuestion) -> str:
    """Describe what resolves both questions, and what they ask if they have a baseline."""
    question_words = (
        "" if higher.baseline is None else f"Higher: {higher.words()} Lower: {lower.words()} "
    )
    return f"{question_words}{higher.rule}"


def threshold_outlook(
    record: DatasetRecord,
    ahead: WindowCounts,
    months: int,
    threshold: float,
    baseline: Baseline | NotDefined,
    window: int | None = None,
    baseline_months: int = BASELINE_MONTHS,
) -> ThresholdOutlook:
    """Compute whether the share of all months up to a horizon is at least a threshold, percent.

    With a window it is the share of the preceding so many months, at the end of any month up to
    there. The months before must then be covered to the present (`Query.of` makes sure), because
    windows that are half over hold them.
    """
    rolling = window is not None
    span = window or months
    terms = {"compare": "at least", "threshold": threshold, "cooperative": record.cooperative_words}
    question = ShareQuestion.ahead(record, months, **terms)
    if rolling:
        periods = record.clock.periods(span)
        seen = np.flatnonzero(record.covered)
        past = record.months(seen[len(seen) - periods + 1 :])
        before = tuple(zip(past.total.tolist(), past.cooperative.tolist(), strict=True))
        question = PassageQuestion.ahead(
            record, months, when="by", span=periods, before=before, **terms
        )
    hit, valid = question.settle(ahead)
    where = "in every window" if rolling else f"in {record.ahead(months)}"
    result = ThresholdOutlook(
        months=months,
        until=question.last,
        rolling=rolling,
        window=span,
        threshold=threshold,
        baseline=baseline,
        void=probability(~valid, f"fewer than {MIN_WINDOW_EVENTS} events are recorded {where}"),
        chance=probability(hit, question.words(), valid) if valid.any() else ALWAYS_VOID,
        sentence="",
        rule=f"{question.words()} {question.rule}",
    )
    return replace(
        result, sentence=sentence("threshold", record, result, baseline_months, MIN_WINDOW_EVENTS)
    )


@dataclass(frozen=True)
class QuestionOutlook:
    """The probability of a question of a ledger."""

    id: str  # Its name
    sentence: str  # Wording (question.md)
    chance: Probability | NotDefined  # Probability of yes, if not void
    void: Probability  # Too few events


@dataclass(frozen=True)
class RollingShare:
    """Cooperative share of the events of rolling windows, observed and simulated, percent."""

    months: int  # Months of a window: those of the main horizon
    # Share of the window that ends with each period of the panel; NaN where it is not covered or
    # void
    observed: Float = field(repr=False)
    ahead: Float = field(repr=False)  # Months from now; 0 is the present
    quantiles: tuple[float, ...]  # 0.05, 0.25, 0.5, 0.75, 0.95
    # Quantiles of the window that ends then, past months as recorded. The last is the window of the
    # title
    forecast: Float = field(repr=False)
    # Events of the window that ends with each period: shares of fewer than five say little
    events: Index = field(repr=False)


def observed_windows(record: DatasetRecord, periods: int) -> tuple[Index, Float]:
    """Return events and share of the windows that end with each period.

    The share is NaN where the window is not covered.
    """
    total, cooperative, missing = (
        rolling_sums(np.concatenate([np.zeros(periods - 1, dtype=np.int64), values]), periods)
        for values in (record.total, record.cooperative, np.where(record.covered, 0, 1))
    )
    missing[: periods - 1] += 1
    defined = (total >= MIN_WINDOW_EVENTS) & (missing == 0)
    return total, np.where(defined, shares_of(total, cooperative), np.nan)


def rolling_share(
    record: DatasetRecord, ahead: WindowCounts, months: int
) -> RollingShare | NotDefined:
    """Compute the observed share of rolling windows, and its forecast.

    The forecast reaches as many months ahead as a window has.
    """
    periods = record.clock.periods(months)
    if len(record.total) < periods:
        return NotDefined(f"the record is shorter than {record.clock.span(months)}")
    events, observed = observed_windows(record, periods)
    uncovered = np.where(record.covered, 0, 1)
    last = slice(len(record.total) - periods, None)
    joined = ahead.after(record.months(last))
    total = rolling_sums(joined.total, periods)
    cooperative = rolling_sums(joined.cooperative, periods)
    gaps = np.concatenate([uncovered[last], np.zeros(periods, dtype=np.int64)])
    usable = (total >= MIN_WINDOW_EVENTS) & (rolling_sums(gaps, periods) == 0)
    shares = np.where(usable, shares_of(total, cooperative), np.nan)
    return RollingShare(
        months,
        observed,
        record.clock.months(periods),
        QUANTILES,
        quantiles_of_valid(shares),
        events,
    )


@runtime_checkable
class SimulationQuestion(Protocol):
    """A question that was put to a fit (`forecast.desk.questions.AppliedQuestion`)."""

    @property
    def question(self) -> Question:
        """The question itself."""

    @property
    def ahead(self) -> int:
        """Months from the present to the end of its window."""

    def settle(
        self, simulations: Simulations, observed: SimulatedEvents | NotDefined
    ) -> tuple[Bool | Float, Bool | Float]:
        """Return which simulations resolve to yes, and which resolve.

        Each is (chain, draw, simulation).
        """


@dataclass(frozen=True)
class Prospect:
    """Forecast from a set of simulations."""

    # What the dataset will record, by horizon; not of an index
    recorded: Mapping[int, WindowOutlook] | NotDefined
    # Probability of the requested share, by month
    threshold: Mapping[int, ThresholdOutlook] | NotDefined | None
    improvement: Mapping[int, HorizonOutlook]  # The level by horizon, S9
    fan: Fan  # The level ahead, and observed shares
    # Observed share of windows as long as the main one, and its forecast
    rolling: RollingShare | NotDefined
    questions: tuple[QuestionOutlook, ...] = ()  # Questions of a ledger; none but in a scenario


def prospect(
    simulations: Simulations,
    observed: SimulatedEvents | NotDefined,
    query: Query,
    improvement: float,
    published: Mapping[int, SimulatedEvents],
) -> Prospect:
    """Compute the forecast from simulations.

    Shares are those of the pool, by months of the window, if there is one.
    """
    common: dict[str, Any] = {
        "improvement": {
            months: horizon_outlook(simulations, months, improvement) for months in query.horizons
        },
        "fan": fan(simulations, query.horizons[-1], observed),
    }
    if isinstance(observed, NotDefined):
        threshold = None if query.above is None else observed
        return Prospect(observed, threshold, rolling=observed, **common)
    record = observed.record
    main = main_horizon(query.horizons)
    before = record.baseline(query.baseline)
    window = None if query.by is None else main
    last = before if window is None else record.baseline(window)
    ends = query.horizons if query.by is None else (query.by,)
    ahead = {months: published.get(months, observed).ahead(months) for months in query.windows}
    model = {months: observed.ahead(months) for months in published}
    return Prospect(
        recorded={
            months: window_outlook(
                record,
                ahead[months],
                months,
                before,
                improvement,
                query.baseline,
                model=model.get(months),
                member=published[months].member if months in published else None,
            )
            for months in query.horizons
        },
        threshold=None
        if query.above is None
        else {
            months: threshold_outlook(
                record, ahead[months], months, query.above, last, window, query.baseline
            )
            for months in ends
        },
        rolling=rolling_share(record, ahead[main], main),
        **common,
    )


def question_outlook(
    applied: SimulationQuestion, yes: Bool | Float, valid: Bool | Float
) -> QuestionOutlook:
    """Return the probability of a question from its outcomes in simulations."""
    name = applied.question.id
    words = applied.question.sentence
    nothing = NotDefined("the question is void in every simulation")
    chance = probability(yes, words, valid) if valid.any() else nothing
    void = probability(1 - valid, f"the question is void: {name}")
    return QuestionOutlook(name, words, chance, void)
