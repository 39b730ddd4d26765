"""Validated forecast queries, and the forecasts for them from a set of simulations."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Protocol, Self

import numpy as np

from forecast.dates import LONGEST_HORIZON, Clock, months_ahead
from forecast.drivers import require_given
from forecast.errors import SpecError
from forecast.outlook.kind_counts import KindRates
from forecast.outlook.level import Fan, HorizonOutlook, fan, horizon_outlook
from forecast.outlook.observed import Observed
from forecast.outlook.question import CountQuestion, Question
from forecast.outlook.recorded import DatasetRecord, WindowCounts, class_codes, kinds_like, main_dataset
from forecast.outlook.simulations import BASELINE_MONTHS, Simulations
from forecast.outlook.summary import NotDefined, Probability, certain, probability
from forecast.outlook.windows import (
    KindOutlook,
    KindPast,
    QuestionOutlook,
    RollingShare,
    ThresholdOutlook,
    WindowOutlook,
    kind_outlook,
    rolling_share,
    shifted_as,
    threshold_outlook,
    window_outlook,
)
from forecast.panel import panel_kind
from forecast.panel.record import sides
from forecast.typing import Bool, Float
from forecast.wording import join

if TYPE_CHECKING:
    import xarray as xr


def main_horizon(horizons: Iterable[int]) -> int:
    """Return the horizon, months, that is quoted where only one is: the one nearest to a year."""
    return min(horizons, key=lambda months: (abs(months - 12), months))


@dataclass(frozen=True)
class AtLeast:
    """Query: at least so many events of a kind are recorded."""

    kind: str  # Class, or the beginning of its name
    number: int = 1  # At least 1
    months: int | None = None  # Horizon; by default the one nearest to a year

    def __post_init__(self) -> None:
        if self.number < 1:
            raise SpecError(f"at-least: {self.number} of a kind; expected one or more")
        if self.months is not None and not 1 <= self.months <= LONGEST_HORIZON:
            raise SpecError(f"at-least: {self.months} months; expected 1 to {LONGEST_HORIZON}")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``KIND``, ``KIND:NUMBER`` or ``KIND:NUMBER:MONTHS``."""
        kind, *numbers = (part.strip() for part in text.split(":"))
        if not kind or len(numbers) > 2 or not all(part.isdecimal() and part.isascii() for part in numbers):
            raise SpecError(f"at-least: got {text!r}; expected KIND, KIND:NUMBER or KIND:NUMBER:MONTHS: violence:3:12")
        return cls(kind, *(int(part) for part in numbers))

    def among(self, names: Sequence[str], horizons: Sequence[int]) -> tuple[str, int, int]:
        """Return the whole name of the kind, how many of it, and the horizon."""
        found = kinds_like(names, self.kind)
        if len(found) != 1:
            problem = "several kinds begin so" if found else "there is no such kind"
            raise SpecError(f"at-least: {self.kind!r}: {problem}; the kinds are {join(names)}")
        return found[0], self.number, main_horizon(horizons) if self.months is None else self.months


@dataclass(frozen=True)
class Query:
    """Forecast query, in months from the present."""

    horizons: tuple[int, ...]  # In order
    above: float | None = None  # A share, per cent, that what is recorded is to reach
    # The share of the preceding months is to reach it at the end of any month up to there, rather than that of all
    # months up to a horizon.
    by: int | None = None
    # Kinds of which at least so many are to be recorded, and by which horizon.
    numbers: tuple[tuple[str, int, int], ...] = ()
    baseline: int = BASELINE_MONTHS  # Months up to the present that every horizon is compared with

    @classmethod
    def of(
        cls,
        panel: "xr.Dataset",
        dyad: str,
        horizons: Sequence[int],
        *,
        above: float | None = None,
        at: date | None = None,
        by: date | None = None,
        at_least: Sequence[AtLeast] = (),
        baseline: int = BASELINE_MONTHS,
    ) -> Self:
        """Check what is asked against a panel."""
        require_consistent(above, at, by, baseline)
        clock = Clock.of(panel)
        months = [months_ahead(clock.last_day(), at, "at")] if at else horizons
        ordered = _ordered(months)
        if at_least and not panel_kind(panel).coded:
            raise SpecError("at-least: the data are an index, of which no events are recorded; leave it out")
        names = [str(name) for name in panel["class_name"].to_numpy()] if at_least else []
        kinds = tuple(one.among(names, ordered) for one in at_least)
        query = cls(ordered, above, months_ahead(clock.last_day(), by, "by") if by else None, kinds, baseline)
        query._require_answer(panel, dyad)
        require_given(panel, dyad, query.reach)
        return query

    @property
    def windows(self) -> tuple[int, ...]:
        """Months of the windows ahead whose share is asked for."""
        return self.horizons if self.by is None else (*self.horizons, self.by)

    @property
    def window(self) -> int:
        """Months of the windows that end with the months up to `by`: the horizon that is quoted."""
        return main_horizon(self.horizons)

    @property
    def reach(self) -> int:
        """The farthest month that is asked about."""
        return max(self.horizons[-1], self.by or 0, *(months for _, _, months in self.numbers))

    def _require_answer(self, panel: "xr.Dataset", dyad: str) -> None:
        """Make sure that events are counted, and that windows which are half over can be."""
        if self.above is not None and not panel_kind(panel).coded:
            raise SpecError("above: the data are an index, of which no events are recorded; leave it out")
        if self.by is None:
            return
        clock, covered = Clock.of(panel), np.flatnonzero(sides(panel, dyad, main_dataset(panel, dyad))[2])
        if not covered.size or covered[-1] < panel.sizes["time"] - 1:
            raise SpecError(
                f"by: coverage ends before {clock.name()}, so that windows which are half over cannot be counted; "
                "choose an earlier as-of day, or --at"
            )
        if covered.size < clock.periods(self.window):
            raise SpecError(f"by: fewer than {clock.span(self.window)} are covered; choose shorter horizons")


def require_consistent(above: float | None, at: date | None, by: date | None, baseline: int = BASELINE_MONTHS) -> None:
    """Make sure that a share and months can be asked for together."""
    if not 1 <= baseline <= LONGEST_HORIZON:
        raise SpecError(f"baseline: {baseline} months; expected 1 to {LONGEST_HORIZON}")
    if above is not None and not 0 < above < 100:
        raise SpecError(f"above: got {above:g}; expected a share in per cent, more than 0 and less than 100")
    if by is not None and at is not None:
        raise SpecError("at, by: one asks for a month, the other for any month up to one; give one of them")
    if by is not None and above is None:
        raise SpecError("by: the month up to which a share is to be reached; give the share too, with above")


def _ordered(horizons: Sequence[int]) -> tuple[int, ...]:
    wrong = [months for months in horizons if not 1 <= months <= LONGEST_HORIZON]
    if wrong or not horizons or len(set(horizons)) < len(horizons):
        raise SpecError(
            f"horizons: {list(horizons)} are not different whole months from 1 to {LONGEST_HORIZON}. "
            "Use some such as (3, 6, 12, 24)."
        )
    return tuple(sorted(int(months) for months in horizons))


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
    for name, number, months in [*asked, *query.numbers]:
        place, periods = record.names.index(name), record.clock.periods(months)
        means = class_codes(record.scale, place) or None
        question = CountQuestion.ahead(record, months, of=name, at_least=number, means=means)
        hit, _ = question.settle(observed.ahead(periods, place))
        rate = rates[name].rate(record.dyad, periods)
        past = KindPast(record.counts[:, place], rate, place >= record.zero_cut)
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
    own, ahead = (
        {months: some.get(months, observed).ahead(record.clock.periods(months)) for months in query.windows}
        for some in ({}, published or {})
    )
    return Prospect(
        recorded={
            months: window_outlook(
                record, ahead[months], months, improvement, query.baseline, model=own[months] if published else None
            )
            for months in query.horizons
        },
        threshold=_thresholds(record, ahead, query),
        of_a_kind={name: {months: kinds[name, months, 1] for months in query.horizons} for name in record.names},
        at_least=tuple(kinds[name, months, number] for name, number, months in query.numbers),
        rolling=rolling_share(record, ahead[main], main),
        **common,
    )


def _thresholds(
    record: DatasetRecord, ahead: Mapping[int, WindowCounts], query: Query
) -> Mapping[int, ThresholdOutlook] | None:
    """Return the forecast of reaching the requested share."""
    if query.above is None:
        return None
    if query.by is not None:
        return {query.by: threshold_outlook(record, ahead[query.by], query.by, query.above, query.window)}
    return {
        months: threshold_outlook(record, ahead[months], months, query.above, baseline_months=query.baseline)
        for months in query.horizons
    }


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
