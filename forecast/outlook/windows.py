"""Chances of what will be recorded in windows of months, with their resolution rules: the forecast of simulations."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from forecast.outlook.draws import (
    QUANTILES,
    TAILS,
    Estimate,
    NotDefined,
    Probability,
    certain,
    estimate,
    expected,
    probability,
    seen_quantiles,
)
from forecast.outlook.kind_counts import Calibration, KindRate, KindRates, calibration_of, far_apart, shifted
from forecast.outlook.observed import MIX_MONTHS, Observed
from forecast.outlook.pendulum import Fan, HorizonOutlook, fan, horizon_outlook
from forecast.outlook.query import Query, main_horizon
from forecast.outlook.question import (
    ComparedQuestion,
    CountQuestion,
    FixedBaseline,
    PassageQuestion,
    Question,
    ShareQuestion,
)
from forecast.outlook.recorded import (
    FEWEST,
    Baseline,
    DatasetRecord,
    WindowCounts,
    rolling_sums,
    share_before,
    shares_of,
    source_words,
)
from forecast.outlook.simulations import BASELINE_MONTHS, Simulations
from forecast.typing import Bool, Float, Index
from forecast.wording import capital, chance, count, percent, whole_percents

if TYPE_CHECKING:
    import xarray as xr

_MENTIONED = 0.005
"""A smaller chance that a window is void is not worth a clause."""


class Changes(Protocol):
    """Chances of a higher, similar and lower number than before; not defined, or adding up to one."""

    @property
    def up(self) -> Probability | NotDefined: ...  # noqa: D102
    @property
    def same(self) -> Probability | NotDefined: ...  # noqa: D102
    @property
    def down(self) -> Probability | NotDefined: ...  # noqa: D102


def printed_changes(outlook: Changes) -> dict[str, int]:
    """Return the chances of up, same and down in whole percents that add up to 100 as printed; none if not defined.

    Print these wherever whole percents are shown.
    """
    changes = {"up": outlook.up, "same": outlook.same, "down": outlook.down}
    values = [change.value for change in changes.values() if isinstance(change, Probability)]
    return dict(zip(changes, whole_percents(values, 100), strict=True)) if len(values) == len(changes) else {}


def window_sentence(
    terms: DatasetRecord, outlook: "WindowOutlook", improvement: float, baseline_months: int = BASELINE_MONTHS
) -> str:
    """State the chances that the share of a window is higher and lower than that of the baseline."""
    share, span = f"the cooperative share of {terms.counted}", terms.ahead(outlook.months)
    before, chances = outlook.baseline, {name: chance(part / 100) for name, part in printed_changes(outlook).items()}
    if isinstance(before, NotDefined) or before.share is None or not chances:
        missing = next(one for one in (before, outlook.up) if isinstance(one, NotDefined))
        return f"Whether {share} will be higher in {span} than before is not defined: {missing.reason}."
    points, void = count(improvement, "point"), _void(terms, outlook.void)
    than = f"in {span} than in {terms.before(baseline_months, before)} ({_share(before)})"
    if before.share + improvement > 100:
        return (
            f"{capital(share)} cannot be {points} higher {than}; the chance that it is at least {points} lower is "
            f"{chances['down']}.{void}"
        )
    if before.share < improvement:
        return (
            f"{capital(share)} cannot be {points} lower {than}; the chance that it is at least {points} higher is "
            f"{chances['up']}.{void}"
        )
    return (
        f"The chance that {share} is at least {points} higher {than} is {chances['up']}, and that it is at least "
        f"{points} lower {chances['down']}.{void}"
    )


def threshold_sentence(
    terms: DatasetRecord, outlook: "ThresholdOutlook", baseline_months: int = BASELINE_MONTHS
) -> str:
    """State the chance that a threshold is reached."""
    when = f"in {terms.ahead(outlook.months)}"
    if outlook.rolling:
        span, unit = terms.clock.span(outlook.window), terms.clock.unit
        when = f"in the {span} to the end of some {unit} up to {terms.end(outlook.until)}"
    share = f"at least {outlook.threshold:g}% of {terms.counted} are cooperative {when}"
    if isinstance(outlook.chance, NotDefined):
        return f"Whether {share} is not defined: {outlook.chance.reason}."
    last, after = outlook.baseline, ""
    if not isinstance(last, NotDefined) and last.share is not None:
        parts = f"{last.cooperative:,} of {last.events:,}"
        compared = outlook.window if outlook.rolling else baseline_months
        after = f", after {percent(last.share / 100)} ({parts}) in {terms.before(compared, last)}"
    return f"The chance that {share} is {chance(outlook.chance.value)}{after}.{_void(terms, outlook.void)}"


def _void(terms: DatasetRecord, void: Probability) -> str:
    if void.value < _MENTIONED:
        return ""
    return f" The chance of fewer than {FEWEST} events, and so of no answer, is {chance(void.value)}."


def _share(baseline: "Baseline", decimals: int = 0) -> str:
    """Format what a window holds: ``29%, 41 of 141``."""
    parts = f"{baseline.cooperative:,} of {baseline.events:,}"
    return parts if baseline.share is None else f"{percent(baseline.share / 100, decimals)}, {parts}"


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
    up: Probability | NotDefined  # Higher: at least the smallest improvement above the baseline's share
    same: Probability | NotDefined  # Similar: less than that away
    down: Probability | NotDefined  # Lower: at least that much below
    sentence: str  # In words
    rule: str  # Resolution rule: data, window, classes, baseline, limits, void
    # `up`, `same` and `down` of the model alone; None where nothing is pooled
    model: Mapping[str, Probability | NotDefined] | None = None


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
    smallest_improvement: float = 5.0,
    baseline_months: int = BASELINE_MONTHS,
    *,
    model: WindowCounts | None = None,
) -> WindowOutlook:
    """Compute what will be recorded up to a horizon: whether the share is higher or lower than that of the baseline.

    `ahead` has the published simulations of the window, `model` those of the model alone where these are others.
    """
    total = ahead.total.sum(axis=-1)
    there, shares = total >= FEWEST, shares_of(total, ahead.cooperative.sum(axis=-1))
    fixed = undefined = None
    if isinstance(baseline, NotDefined) or baseline.share is None:
        undefined = baseline if isinstance(baseline, NotDefined) else FEW_BEFORE
    else:
        fixed = FixedBaseline.of(record, baseline, smallest_improvement)
    higher, lower = (
        ShareQuestion.ahead(record, months, compare=way, baseline=fixed, cooperative=record.cooperative_words)
        for way in ("at least", "at most")
    )
    words = record.ahead(months)
    result = WindowOutlook(
        months=months,
        first=record.first,
        until=higher.last,
        dataset=record.dataset,
        events=estimate(total, "events", f"events recorded in {words}"),
        void=probability(~there, f"fewer than {FEWEST} events are recorded in {words}"),
        share=estimate(shares, "per cent", f"share of events in {words} that are cooperative", there)
        if there.any()
        else ALWAYS_VOID,
        baseline=baseline,
        **chances_of_change("share", higher, lower, ahead, undefined),
        sentence="",
        rule=rule_of_change(higher, lower),
        model=None if model is None else chances_of_change("share", higher, lower, model, undefined),
    )
    return replace(result, sentence=window_sentence(record, result, smallest_improvement, baseline_months))


def chances_of_change(
    what: str, higher: ComparedQuestion, lower: ComparedQuestion, counts: WindowCounts, undefined: NotDefined | None
) -> dict[str, Probability | NotDefined]:
    """Return the chances of a number higher than, similar to and lower than the baseline's; they add up to one exactly.

    `undefined` says why the baseline has none.
    """
    there = counts.total.sum(axis=-1) >= FEWEST
    reason = undefined if there.any() else ALWAYS_VOID
    if reason is not None:
        return dict.fromkeys(("up", "same", "down"), reason)
    (above, _), (below, _) = higher.settle(counts), lower.settle(counts)
    up, down = probability(above, higher.words(), there), probability(below, lower.words(), there)
    same = probability(~(above | below), f"The {what} is between these.", there)
    return {"up": up, "same": replace(same, value=1 - up.value - down.value), "down": down}


def rule_of_change(higher: ComparedQuestion, lower: ComparedQuestion) -> str:
    """Describe what resolves both questions, and what they ask if they have a baseline."""
    asked = "" if higher.baseline is None else f"Higher: {higher.words()} Lower: {lower.words()} "
    return f"{asked}{higher.rule}"


ALWAYS_VOID = NotDefined(f"fewer than {FEWEST} are recorded in every simulated future")
FEW_BEFORE = NotDefined(f"fewer than {FEWEST} were recorded in the window before, so that there is nothing to compare")


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

    With a window it is the share of the preceding so many months, at the end of any month up to there. The months
    before must then be covered to the present (`Query.of` makes sure), because windows that are half over hold them.
    """
    rolling, span = window is not None, window or months
    own = {"compare": "at least", "threshold": threshold, "cooperative": record.cooperative_words}
    question = ShareQuestion.ahead(record, months, **own)
    if rolling:
        periods, seen = record.clock.periods(span), np.flatnonzero(record.covered)
        past = record.months(seen[len(seen) - periods + 1 :])
        before = tuple(zip(past.total.tolist(), past.cooperative.tolist(), strict=True))
        question = PassageQuestion.ahead(record, months, when="by", span=periods, before=before, **own)
    hit, there = question.settle(ahead)
    where = "in every window" if rolling else f"in {record.ahead(months)}"
    result = ThresholdOutlook(
        months=months,
        until=question.last,
        rolling=rolling,
        window=span,
        threshold=threshold,
        baseline=baseline,
        void=probability(~there, f"fewer than {FEWEST} events are recorded {where}"),
        chance=probability(hit, question.words(), there) if there.any() else ALWAYS_VOID,
        sentence="",
        rule=f"{question.words()} {question.rule}",
    )
    return replace(result, sentence=threshold_sentence(record, result, baseline_months))


@dataclass(frozen=True)
class KindOutlook:
    """Number of events of a kind that the dataset records in the months up to a horizon."""

    kind: str  # Name of the class
    cooperative: bool  # Of the cooperative side
    months: int  # The horizon
    first: date  # First day of the window
    until: date  # Last day of the window
    at_least: int  # Number asked for
    chance: Probability  # At least so many are recorded
    simulated: Probability  # The same in the simulations, in which kinds follow the mix of the last ten years
    events: Estimate  # Number recorded; in a scenario that of the simulations
    baseline: Baseline | NotDefined  # Those of the same number of months before
    base_rate: float | NotDefined  # Frequency in windows of that length in the last ten years, 0 to 1
    far_from_base_rate: bool  # It and the probability differ by a factor of two, and by five points
    # Probabilities of the kind were calibrated from 2015 on; None if they have not been scored for these data
    calibrated: bool | None
    calibration: str  # What to know of that, in words; empty if they were calibrated
    sentence: str  # In words
    rule: str  # Resolution rule


class KindPast(NamedTuple):
    """What is known of a kind of events."""

    counts: Index  # The dyad's own events, (period,)
    rate: KindRate  # Of the window ahead, from the past of all dyads
    cooperative: bool  # Whether it is of the cooperative side
    before: Baseline | NotDefined  # Events of all kinds in as many months before
    scored: Calibration  # Whether chances of the kind were calibrated


def kind_outlook(record: DatasetRecord, question: CountQuestion, months: int, hit: Bool, past: KindPast) -> KindOutlook:
    """Compute how many events of a kind will be recorded up to a horizon: its probability is that of its past.

    `hit` says in which simulations there are enough of them.
    """
    kind, at_least, periods = question.of, question.at_least, record.clock.periods(months)
    own, baseline, rate = past.counts[record.covered], past.before, past.rate
    if not isinstance(baseline, NotDefined):
        events = int(own[-periods:].sum())
        cooperative = events if past.cooperative else 0
        baseline = replace(baseline, events=events, cooperative=cooperative, share=share_before(cooperative, events))
    base_rate = window_base_rate(own[-record.clock.periods(MIX_MONTHS) :], periods, at_least)
    yes, size = question.words(), hit.shape[:2]
    words = f"events of the kind “{kind}” are recorded in {record.ahead(months)}"
    chance = certain(rate.at_least(at_least), yes, size)
    result = KindOutlook(
        kind=kind,
        cooperative=past.cooperative,
        months=months,
        first=question.first,
        until=question.last,
        at_least=at_least,
        chance=chance,
        simulated=probability(hit, f"{yes} In the simulations."),
        events=expected(float(rate.mean.mean()), rate.quantiles(TAILS), "events", words, size),
        baseline=baseline,
        base_rate=base_rate,
        far_from_base_rate=not isinstance(base_rate, NotDefined) and far_apart(chance.value, base_rate),
        calibrated=past.scored.passed,
        calibration=past.scored.sentence,
        sentence="",
        rule=f"{yes} {question.rule}",
    )
    return replace(result, sentence=kind_sentence(record, result))


def kind_given(record: DatasetRecord, ahead: WindowCounts, without: KindOutlook) -> KindOutlook:
    """Compute the same in a scenario: the odds without it change as they do in the simulations."""
    assert ahead.kind is not None
    number, base_rate = ahead.kind.sum(axis=-1), without.base_rate
    simulated = probability(number >= without.at_least, without.simulated.definition)
    chance = shifted_as(without, simulated, without.chance.definition)
    result = replace(
        without,
        chance=chance,
        simulated=simulated,
        events=estimate(number, "events", f"{without.events.definition}, in the simulations"),
        far_from_base_rate=not isinstance(base_rate, NotDefined) and far_apart(chance.value, base_rate),
    )
    return replace(result, sentence=kind_sentence(record, result))


@dataclass(frozen=True)
class QuestionOutlook:
    """The probability of a question of a ledger."""

    id: str  # Its name
    sentence: str  # Wording (question.md)
    chance: Probability | NotDefined  # Probability of yes, if not void; of a count as in `KindOutlook`
    void: Probability  # Too few events
    # Fraction of simulations with yes; differs from `chance` for counts only
    simulated: Probability | NotDefined


def shifted_as(without: KindOutlook | QuestionOutlook, simulated: Probability, words: str) -> Probability:
    """Return the chance of a count in a scenario: the odds without it change as those of simulations do."""
    chance, before = without.chance, without.simulated
    assert isinstance(chance, Probability) and isinstance(before, Probability)  # a count is never void
    return certain(shifted(chance.value, before.value, simulated.value), words, simulated.draws.shape)


def window_base_rate(counts: Index, periods: int, at_least: int = 1) -> float | NotDefined:
    """Return the share of windows of so many periods that have at least so many events."""
    if len(counts) < periods:
        return NotDefined("the record of the last ten years is shorter than the window")
    return float((rolling_sums(counts, periods) >= at_least).mean())


def kind_sentence(terms: DatasetRecord, outlook: KindOutlook) -> str:
    """State the chance that so many events of a kind are recorded, with its base rate, and whether to rely on it."""
    before, last = outlook.baseline, ""
    if not isinstance(before, NotDefined):
        last = f", after {before.events:,} in {terms.before(outlook.months, before)}"
    least = f"at least {count(outlook.at_least, 'event')} of the kind “{outlook.kind}”"
    sentences = [
        f"The chance that {source_words(terms.dataset)} records {least} between {terms.label} in "
        f"{terms.ahead(outlook.months)} is {chance(outlook.chance.value)}{last}.",
        ""
        if isinstance(outlook.base_rate, NotDefined)
        else base_rate_sentence(outlook.chance.value, outlook.base_rate),
        outlook.calibration,
    ]
    return " ".join(one for one in sentences if one)


def base_rate_sentence(value: float, base_rate: float) -> str:
    """State the base rate, and whether the chance is far from it."""
    far = ""
    if far_apart(value, base_rate):
        far = f", at {'most half' if base_rate < value else 'least twice'} the forecast"
    return f"The base rate of windows of this length in the last ten years is {percent(base_rate)}{far}."


@dataclass(frozen=True)
class RollingShare:
    """Share of the events of rolling windows that is cooperative, percent, recorded and simulated."""

    months: int  # Months of a window: those of the main horizon
    observed: Float  # Share of the window that ends with each period of the panel; NaN where it is not covered or void
    ahead: Float  # Months from now; 0 is the present
    quantiles: tuple[float, ...]  # 0.05, 0.25, 0.5, 0.75, 0.95
    # Quantiles of the window that ends then, past months as recorded. The last is the window of the title
    forecast: Float


def observed_windows(record: DatasetRecord, periods: int) -> tuple[Index, Float]:
    """Return events and share of the windows that end with each period, the latter NaN where it is not covered."""
    total, cooperative, missing = (
        rolling_sums(np.concatenate([np.zeros(periods - 1, dtype=np.int64), values]), periods)
        for values in (record.total, record.cooperative, np.where(record.covered, 0, 1))
    )
    missing[: periods - 1] += 1
    there = (total >= FEWEST) & (missing == 0)
    return total, np.where(there, shares_of(total, cooperative), np.nan)


def rolling_share(record: DatasetRecord, ahead: WindowCounts, months: int) -> RollingShare | NotDefined:
    """Compute the observed share of windows of so many months, and its forecast up to as many months ahead."""
    periods = record.clock.periods(months)
    if len(record.total) < periods:
        return NotDefined(f"the record is shorter than {record.clock.span(months)}")
    _, observed = observed_windows(record, periods)
    whole = np.where(record.covered, 0, 1)
    last = slice(len(record.total) - periods, None)
    joined = ahead.after(record.months(last))
    total, cooperative = rolling_sums(joined.total, periods), rolling_sums(joined.cooperative, periods)
    gaps = np.concatenate([whole[last], np.zeros(periods, dtype=np.int64)])
    usable = (total >= FEWEST) & (rolling_sums(gaps, periods) == 0)
    shares = np.where(usable, shares_of(total, cooperative), np.nan)
    return RollingShare(months, observed, record.clock.months(periods), QUANTILES, seen_quantiles(shares))


class SimulationQuestion(Protocol):
    """A question that was put to a fit, as a forecast needs it (`forecast.questions.PutQuestion`)."""

    @property
    def question(self) -> Question:
        """The question itself."""

    @property
    def ahead(self) -> int:
        """Months from the present to the end of its window."""

    @property
    def counted(self) -> float | None:
        """Chance of yes by the past of the kind that a count asks for; None of another question."""

    def settle(self, simulations: Simulations, observed: Observed | NotDefined) -> tuple[Bool | Float, Bool | Float]:
        """Return which simulations resolve to yes, and which resolve at all, each (chain, draw, future)."""


@dataclass(frozen=True)
class Prospect:
    """Forecast from a set of simulations."""

    recorded: Mapping[int, WindowOutlook] | NotDefined  # What the dataset will record, by horizon; not of an index
    threshold: Mapping[int, ThresholdOutlook] | NotDefined | None  # Probability of the requested share, by month
    # At least one event of a kind, by class and horizon; not of an index
    of_a_kind: Mapping[str, Mapping[int, KindOutlook]] | NotDefined
    at_least: tuple[KindOutlook, ...] | NotDefined  # Requested counts of a kind
    improvement: Mapping[int, HorizonOutlook]  # The level by horizon, S9
    fan: Fan  # The level ahead, and observed shares
    rolling: RollingShare | NotDefined  # Observed share of windows as long as the main one, and its forecast
    questions: tuple[QuestionOutlook, ...] = ()  # Questions of a ledger; none but in a scenario


type Kinds = dict[tuple[str, int, int], KindOutlook]
"""Forecasts of kinds by name, months and the number that is asked for."""


def kind_outlooks(panel: "xr.Dataset", observed: Observed | NotDefined, query: Query) -> Kinds:
    """Compute the forecast of every kind by horizon, and of the numbers that are asked for; none of an index."""
    if isinstance(observed, NotDefined):
        return {}
    record = observed.record
    found: Kinds = {}
    rates = {name: KindRates.of(panel, record.number, (place,)) for place, name in enumerate(record.names)}
    asked = [(name, 1, months) for name in record.names for months in query.horizons]
    before = {months: record.baseline(months) for _, _, months in [*asked, *query.numbers]}
    for name, number, months in [*asked, *query.numbers]:
        place, periods = record.names.index(name), record.clock.periods(months)
        means = record.class_codes[place] or None
        question = CountQuestion.ahead(record, months, of=name, at_least=number, means=means)
        hit, _ = question.settle(observed.ahead(periods, place))
        rate = rates[name].rate(record.dyad, periods)
        scored = calibration_of(record.dataset, record.scale, name)
        past = KindPast(record.counts[:, place], rate, place >= record.zero_cut, before[months], scored)
        found[name, months, number] = kind_outlook(record, question, months, hit, past)
    return found


def prospect(
    simulations: Simulations,
    observed: Observed | NotDefined,
    query: Query,
    kinds: Kinds,
    improvement: float = 5.0,
    *,
    published: Mapping[int, Observed] | None = None,
) -> Prospect:
    """Compute the forecast from simulations; shares are those of the pool, by months of the window, if there is one."""
    common: dict[str, Any] = {
        "improvement": {months: horizon_outlook(simulations, months, improvement) for months in query.horizons},
        "fan": fan(simulations, query.horizons[-1], observed),
    }
    if isinstance(observed, NotDefined):
        threshold = None if query.above is None else observed
        return Prospect(observed, threshold, observed, observed, rolling=observed, **common)
    record, main = observed.record, main_horizon(query.horizons)
    before, window = record.baseline(query.baseline), None if query.by is None else query.window
    last = before if window is None else record.baseline(window)
    ends = query.horizons if query.by is None else (query.by,)
    periods = {months: record.clock.periods(months) for months in query.windows}
    ahead = own = {months: observed.ahead(number) for months, number in periods.items()}
    if published is not None:
        ahead = {months: published[months].ahead(number) for months, number in periods.items()}
    model = {} if published is None else own
    return Prospect(
        recorded={
            months: window_outlook(
                record, ahead[months], months, before, improvement, query.baseline, model=model.get(months)
            )
            for months in query.horizons
        },
        threshold=None
        if query.above is None
        else {
            months: threshold_outlook(record, ahead[months], months, query.above, last, window, query.baseline)
            for months in ends
        },
        of_a_kind={name: {months: kinds[name, months, 1] for months in query.horizons} for name in record.names},
        at_least=tuple(kinds[name, months, number] for name, number, months in query.numbers),
        rolling=rolling_share(record, ahead[main], main),
        **common,
    )


def question_outlook(
    put: SimulationQuestion, yes: Bool | Float, there: Bool | Float, unconditional: QuestionOutlook | None = None
) -> QuestionOutlook:
    """Return the probability of a question from its outcomes in simulations; of a count from its kind's past.

    In a scenario, with `unconditional` the question without it, the odds of a count change as they do in simulations.
    """
    name, sentence = put.question.id, put.question.sentence
    nothing = NotDefined("the question is void in every simulated future")
    simulated = probability(yes, sentence, there) if there.any() else nothing
    chance = simulated
    if isinstance(simulated, Probability) and (counted := put.counted) is not None:
        chance = (
            certain(counted, sentence, yes.shape[:2])
            if unconditional is None
            else shifted_as(unconditional, simulated, sentence)
        )
    void = probability(1 - there, f"the question is void: {name}")
    return QuestionOutlook(name, sentence, chance, void, simulated)
