"""What a set of simulated futures answers to what is asked: every horizon and every question."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from forecast.outlook.draws import FitLike
from forecast.outlook.fan import Fan, fan
from forecast.outlook.futures import Futures
from forecast.outlook.happenings import (
    KindOutlook,
    Recording,
    ThresholdOutlook,
    WindowOutlook,
    kind_outlook,
    rolling_outlook,
    threshold_outlook,
    window_outlook,
)
from forecast.outlook.improvement import HorizonOutlook, horizon_outlook
from forecast.outlook.observed import Observed
from forecast.outlook.query import Query
from forecast.outlook.summary import NotDefined, Probability, probability
from forecast.typing import Bool


class Asked(Protocol):
    """A question that was fixed on an earlier day, put to the futures of a fit (`forecast.questions.PutQuestion`)."""

    @property
    def id(self) -> str:
        """Its name."""

    @property
    def sentence(self) -> str:
        """What it asks."""

    @property
    def ahead(self) -> int:
        """How many months ahead it is decided."""

    def settle(self, futures: Futures, observed: Observed | NotDefined) -> tuple[Bool, Bool]:
        """Return in which futures the answer is yes, and in which there is one, each (chain, draw, future)."""


@dataclass(frozen=True)
class QuestionOutlook:
    """The probability of a question."""

    id: str
    sentence: str
    chance: Probability | NotDefined  # That the answer is yes, given that the question is not void
    void: Probability  # That it is void for lack of happenings


@dataclass(frozen=True)
class Prospect:
    """What some futures answer."""

    recorded: Mapping[int, WindowOutlook] | NotDefined  # What will be recorded, by horizon
    # Whether it reaches the share that is asked for, if one is.
    threshold: Mapping[int, ThresholdOutlook] | NotDefined | None
    of_a_kind: Mapping[str, Mapping[int, KindOutlook]] | NotDefined  # How likely at least one happening of a kind is
    at_least: tuple[KindOutlook, ...] | NotDefined  # The numbers of a kind that are asked for
    improvement: Mapping[int, HorizonOutlook]  # The level, by horizon
    fan: Fan  # Up to the last horizon
    questions: tuple[QuestionOutlook, ...] = ()  # Those that were asked on an earlier day


def prospect(
    fit: FitLike,
    futures: Futures,
    observed: Observed | NotDefined,
    query: Query,
    label: str,
    improvement: float = 5.0,
    questions: Sequence[Asked] = (),
) -> Prospect:
    """Compute what futures answer."""
    levels = {months: horizon_outlook(futures, months, improvement) for months in query.horizons}
    recording = observed if isinstance(observed, NotDefined) else Recording.of(fit, futures, observed, label)
    recorded, threshold = _recorded(recording, query, improvement)
    of_a_kind, at_least = _of_a_kind(recording, query)
    ahead = fan(futures, query.horizons[-1], observed)
    answers = tuple(question_outlook(one.id, one.sentence, *one.settle(futures, observed)) for one in questions)
    return Prospect(recorded, threshold, of_a_kind, at_least, levels, ahead, answers)


def question_outlook(name: str, sentence: str, yes: Bool, there: Bool) -> QuestionOutlook:
    """Return the probability of a question from what became of it in futures."""
    nothing = NotDefined("the question is void in every simulated future")
    chance = probability(yes, sentence, there) if there.any() else nothing
    return QuestionOutlook(
        name, sentence, chance, probability(~there, f"the question is void for lack of happenings: {name}")
    )


def _recorded(
    recording: Recording | NotDefined, query: Query, improvement: float
) -> tuple[Mapping[int, WindowOutlook] | NotDefined, Mapping[int, ThresholdOutlook] | NotDefined | None]:
    """Return what will be recorded by horizon, and whether it reaches the share that is asked for."""
    if isinstance(recording, NotDefined):
        return recording, None if query.above is None else recording
    windows = {months: window_outlook(recording, months, improvement) for months in query.horizons}
    if query.above is None:
        return windows, None
    if query.by is not None:
        return windows, {query.by: rolling_outlook(recording, query.by, query.window, query.above)}
    return windows, {months: threshold_outlook(recording, months, query.above) for months in query.horizons}


def _of_a_kind(
    recording: Recording | NotDefined, query: Query
) -> tuple[Mapping[str, Mapping[int, KindOutlook]] | NotDefined, tuple[KindOutlook, ...] | NotDefined]:
    """Return how likely at least one happening of each kind is by horizon, and the numbers that are asked for."""
    if isinstance(recording, NotDefined):
        return recording, recording
    kinds = recording.observed.kinds
    found = {
        name: {months: kind_outlook(recording, kinds, name, months) for months in query.horizons}
        for name in recording.terms.names
    }
    return found, tuple(kind_outlook(recording, kinds, kind, months, number) for kind, number, months in query.numbers)
