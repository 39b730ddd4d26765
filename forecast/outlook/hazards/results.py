"""Results of a forecast of events, and the events that a user expects."""

import json
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from forecast.base.errors import QuestionError
from forecast.base.wording import Card, Displayed, capital, chance, count, day, number
from forecast.outlook.hazards.asked import AskedEvents


@dataclass(frozen=True)
class Expected:
    """An event of the set that a user expects on a day, such as an announced visit."""

    day: date
    chance: float  # That it takes place

    @classmethod
    def parse(cls, text: str) -> "Expected":
        """Read ``DAY:CHANCE``, such as ``2026-07-10:0.8``."""
        when, _, likely = text.partition(":")
        try:
            expected = cls(date.fromisoformat(when.strip()), float(likely))
        except ValueError as error:
            raise QuestionError(
                f"expect: {text!r:.40}; expected DAY:CHANCE, such as 2026-07-10:0.8"
            ) from error
        if not 0 <= expected.chance <= 1:
            raise QuestionError(f"expect: the chance is {expected.chance:g}; expected 0 to 1")
        return expected


@dataclass(frozen=True)
class WhatIf:
    """How a piece of news would change the probability."""

    news: str
    chance: float


@dataclass(frozen=True)
class LatestEvent:
    """An event of the set."""

    date: date
    source: str
    target: str
    actor: str
    summary: str


@dataclass(frozen=True, repr=False)
class EventForecast(Displayed):
    """Probability of events of a set in a window, and what it rests on."""

    dyad: str
    label: str
    asked: AskedEvents  # With both days of its window
    as_of: date  # Day whose knowledge it has
    covered_to: date  # Last observed day
    chance: float
    low: float  # 90% interval, from the uncertainty of the coefficients
    high: float
    expected: float  # Number of events in the window, those recorded included
    recorded: int  # Events of the window that are known
    one_year: float  # Probability by the rate of the last year, and of the last ten
    ten_years: float
    silence: int | None  # Days from the last event to the day after coverage; None without an event
    latest: tuple[LatestEvent, ...]  # The last five events, the newest first
    what_if: tuple[WhatIf, ...]  # News that would change the probability, the greatest change first
    war: str  # Since when the pair is at war, and how likely that goes on; empty in peace
    expected_events: tuple[Expected, ...]  # What the user expects
    data: str  # SHA-256 of what is known of the pair
    coefficients: date  # Day up to which the coefficients know the data
    notes: tuple[str, ...]

    def _card(self) -> Card:
        facts = [
            ("expected", f"{number(self.expected, 1)} in the window, {self.recorded} recorded"),
            ("rate of one year", chance(self.one_year, 1)),
            ("rate of ten years", chance(self.ten_years, 1)),
            ("last event", self.last_seen),
            *((f"given {what_if.news}", chance(what_if.chance, 1)) for what_if in self.what_if),
            *(("note", words) for words in self.notes),
        ]
        return Card(self.sentence, tuple(facts))

    @property
    def sentence(self) -> str:
        """The forecast in a sentence."""
        return (
            f"{capital(self.event)} {self._window}: {chance(self.chance, 1)} "
            f"({chance(self.low, 1)} to {chance(self.high, 1)}, 90%), as of {day(self.as_of)}."
        )

    @property
    def event(self) -> str:
        """What is asked for, in words."""
        return self.asked.words(self.label)

    @property
    def last_seen(self) -> str:
        """The time since the last event, in words."""
        if self.silence is None:
            return "No event of the set is in the record."
        return (
            f"{count(self.silence, 'day')} since the last event, at the end of coverage on "
            f"{day(self.covered_to)}."
        )

    @property
    def rule(self) -> str:
        """By what it would be resolved, in a sentence."""
        asked = self.asked
        acting = f", acting {asked.by}" if asked.by else ""
        named = f", naming {asked.actor!r}" if asked.actor else ""
        return (
            f"Rule: the chronology's rows of {self.dyad} with "
            f"{asked.wanted.meaning}{acting}{named}, dated "
            f"{asked.first} to {asked.last}; a two-sided event counts once."
        )

    @property
    def _window(self) -> str:
        assert self.asked.first is not None
        return f"from {day(self.asked.first)} to {day(self.asked.last)}"

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        plain: dict[str, Any] = json.loads(json.dumps(asdict(self), default=str))
        question = plain.pop("asked")
        wanted = question.pop("wanted")
        question |= {"set": wanted["name"], "meaning": self.asked.wanted.meaning}
        return {**question, **plain, "sentence": self.sentence, "rule": self.rule}
