"""Probability of what a question about events asks, from the record of a pair as known on a day.

The hazard of the set is integrated over the unobserved part of the window; the events that are
known of the rest are added.
"""

import hashlib
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from forecast.base.typing import Float
from forecast.base.wording import chance, count, day, join
from forecast.data.events.dyads import dyad_labels
from forecast.data.events.sets import EventSet
from forecast.outlook.hazards.asked import AskedEvents
from forecast.outlook.hazards.coefficients import Coefficients
from forecast.outlook.hazards.curve import HELD_PRIOR, HazardCurve, spell_chance
from forecast.outlook.hazards.memories import (
    CONTEXT,
    MEMORIES,
    Covariates,
    EventDays,
    PairRecord,
    day_number,
    day_of_number,
)
from forecast.outlook.hazards.results import EventForecast, Expected, LatestEvent, WhatIf
from forecast.outlook.hazards.skill import quiet_skill, set_skill
from forecast.outlook.hazards.wars import WAR_SETS, War, WarLengths, in_war, war_now

# Events that a simple rate is given before any is counted
RATE_PRIOR = 0.3
# Events that are listed
LATEST = 5
# Standard errors on either side of a 90% interval
INTERVAL = 1.645
# Distance from 0 and 1 at which a probability is kept
CERTAIN = 1e-4
# Index of the memory whose number of events says how well a rate is known
RECENT = MEMORIES.index(240)
# Quiet days of the "what if" without an event
QUIET_AHEAD = 30


@dataclass(frozen=True)
class PairCase:
    """A question about events, put to the record of a pair."""

    pair: PairRecord
    of_set: EventDays
    rows: pd.DataFrame  # Those of the set
    asked: AskedEvents
    stored: Coefficients
    fit: int  # Index of the coefficients that know nothing after the day of the forecast
    known_day: date
    covered: date
    expect: tuple[Expected, ...]

    @property
    def name(self) -> str:
        """Name of the set."""
        return self.asked.wanted.name

    @property
    def first(self) -> date:
        """First day of the window."""
        assert self.asked.first is not None
        return self.asked.first

    @property
    def now(self) -> int:
        """The first day that is not observed."""
        return day_number(self.covered) + 1

    @property
    def ahead(self) -> tuple[int, int]:
        """First unobserved day of the window and the day after its last, counted in days ahead."""
        return max(day_number(self.first) - self.now, 0), day_number(self.asked.last) + 1 - self.now

    @property
    def recorded(self) -> int:
        """Events of the window that are known."""
        return int(self.of_set.between(day_number(self.first), day_number(self.asked.last) + 1))

    def forecast(self, dataset: str, *, honest: bool) -> EventForecast:
        """Compute the forecast."""
        covariates = self._covariates(self.pair, self.of_set, self.now)
        curve = self._curve(covariates)
        value = self.chance(curve)
        low, high = self._interval(covariates, value, curve)
        first, end = self.ahead
        extra = sum(event.chance for event in self._ahead_expected)
        war = war_now(self.pair.context["violence"], self.now)
        silence = (
            int(covariates.of_set.silence(covariates.days)[0])
            if (self.of_set.days < self.now).any()
            else None
        )
        return EventForecast(
            dyad=self.pair.dyad,
            label=dyad_labels().get(self.pair.dyad, self.pair.dyad),
            asked=self.asked,
            as_of=self.known_day,
            covered_to=self.covered,
            chance=value,
            low=low,
            high=high,
            expected=float(curve.expected(first, end)) + self.recorded + extra,
            recorded=self.recorded,
            one_year=self._simple(1),
            ten_years=self._simple(10),
            silence=silence,
            latest=self._latest(),
            what_if=self._what_if(value),
            war=war_words(war, self._war_lengths(), self.now),
            expected_events=self.expect,
            data=digest_of_rows(self.pair.events),
            coefficients=self.stored.days[self.fit],
            notes=self._notes(dataset, honest),
        )

    def chance(self, curve: HazardCurve) -> float:
        """Return the probability of what is asked by a curve."""
        if self.asked.quiet is not None:
            return clip_probability(self._quiet(curve))
        first, end = self.ahead
        missing = self.asked.at_least - self.recorded
        if missing <= 0:
            return 1.0
        by_number = np.array([1.0])  # Probability of each number of expected events
        for event in self._ahead_expected:
            by_number = np.convolve(by_number, [1 - event.chance, event.chance])
        of_others = [
            float(curve.at_least(missing - number, first, end)) for number in range(len(by_number))
        ]
        return clip_probability(float(by_number @ of_others))

    @property
    def _ahead_expected(self) -> list[Expected]:
        """Expected events of the window on days that are not observed."""
        since = max(self.first, self.covered + timedelta(days=1))
        return [event for event in self.expect if since <= event.day <= self.asked.last]

    def _quiet(self, curve: HazardCurve) -> float:
        """Return the probability of enough quiet days in a row."""
        assert self.asked.quiet is not None
        start, (first, end) = day_number(self.first), self.ahead
        if first == 0 and self._observed_spell(start) >= self.asked.quiet:
            return 1.0
        run = 0
        if start < self.now:
            run = int(min(self.of_set.silence(np.array([self.now]))[0] - 1, self.now - start))
        return curve.quiet(self.asked.quiet, first, end, max(run, 0))

    def _observed_spell(self, start: int) -> int:
        """Return the longest quiet spell inside the window that is observed."""
        inside = self.of_set.days[(self.of_set.days >= start) & (self.of_set.days < self.now)]
        edges = np.concatenate([[start - 1], inside, [self.now]])
        return int(np.diff(edges).max()) - 1

    def _curve(self, covariates: Covariates) -> HazardCurve:
        """Return the curve of the set, within a war with the rate of that war."""
        curve = self.stored.curve(covariates, self.name, self.fit)
        war = war_now(self.pair.context["violence"], self.now)
        return in_war(curve, self.name, self.of_set, war, self.now, self._war_lengths())

    def _war_lengths(self) -> WarLengths:
        log_mean, log_sd = self.stored.wars[self.fit]
        return WarLengths(float(log_mean), float(log_sd))

    def _covariates(self, pair: PairRecord, events: EventDays, now: int) -> Covariates:
        overall = float(self.stored.overall[self.fit, self.stored.set_index(self.name)])
        return Covariates.of(pair, events, np.array([now]), overall)

    def _interval(
        self, covariates: Covariates, value: float, curve: HazardCurve
    ) -> tuple[float, float]:
        """Return a 90% interval, from the scatter of the coefficients' draws in log-odds."""
        if self.asked.quiet is not None or not 0 < value < 1:
            return self._interval_of_quiet(covariates, value)
        curves = self.stored.curve(covariates, self.name, self.fit, draws=True)
        curves = replace(curves, war=curve.war)
        first, end = self.ahead
        drawn = curves.at_least(max(self.asked.at_least - self.recorded, 1), first, end)
        return interval_around(value, drawn)

    def _interval_of_quiet(self, covariates: Covariates, value: float) -> tuple[float, float]:
        """Return an interval of the chance of quiet days.

        Its ends are the chances at rates as far off as their number of events leaves open.
        """
        if not 0 < value < 1:
            return value, value
        curve = self._curve(covariates)
        reach = INTERVAL / np.sqrt(float(covariates.held[RECENT, 0]) + HELD_PRIOR)
        low, high = (
            clip_probability(self._quiet(curve.scaled(float(np.exp(log_factor)))))
            for log_factor in (reach, -reach)
        )
        return min(low, value), max(high, value)

    def _simple(self, years: int) -> float:
        """Return the probability by the rate of the last years alone."""
        days = 365 * years
        first, end = self.ahead
        rate = (float(self.of_set.between(self.now - days, self.now)) + RATE_PRIOR) / days
        if self.asked.quiet is not None:
            flat = np.full((1, end - first), -np.expm1(-rate))
            return clip_probability(float(spell_chance(flat, self.asked.quiet, 0)[0]))
        missing = self.asked.at_least - self.recorded
        if missing <= 0:
            return 1.0
        mean = rate * (end - first)
        # Of a Poisson distribution: the probabilities of fewer events, over that of none
        fewer = np.cumprod(np.concatenate([[1.0], mean / np.arange(1, missing)])).sum()
        return clip_probability(1 - float(np.exp(-mean) * fewer))

    def _latest(self) -> tuple[LatestEvent, ...]:
        rows = self.rows.sort_values("date", kind="stable").iloc[::-1].head(LATEST)
        days = [date.fromisoformat(text) for text in rows["date"].dt.strftime("%Y-%m-%d")]
        names = ("source", "target", "actor", "summary")
        texts = zip(*(rows[name].astype(str) for name in names), strict=True)
        return tuple(LatestEvent(day, *words) for day, words in zip(days, texts, strict=True))

    def _what_if(self, value: float) -> tuple[WhatIf, ...]:
        """Return what the probability would be after some news, the greatest change first."""
        if self.recorded >= self.asked.at_least and self.asked.quiet is None:
            return ()
        today = day_of_number(self.now)
        missing = self.asked.at_least - self.recorded
        event_decides = self.asked.quiet is None and missing <= 1 and self.first <= today
        what_ifs = []
        if not event_decides:
            what_ifs.append(
                WhatIf(f"an event of the set on {today}", self._after(event=True, days=1))
            )
        if self.name not in WAR_SETS:
            what_ifs.append(
                WhatIf(f"a violent event on {today}", self._after(violent=True, days=1))
            )
        if self.ahead[1] > QUIET_AHEAD:
            until = day_of_number(self.now + QUIET_AHEAD - 1)
            what_ifs.append(
                WhatIf(f"no event of the set to {until}", self._after(days=QUIET_AHEAD))
            )

        def change(what_if: WhatIf) -> float:
            return abs(_log_odds(what_if.chance) - _log_odds(value))

        return tuple(sorted(what_ifs, key=change, reverse=True))

    def _after(self, *, event: bool = False, violent: bool = False, days: int) -> float:
        """Return the probability some days later, given an event on the first of them or none."""
        later = self.covered + timedelta(days=days)
        pair = self.pair
        events = self.of_set
        now = np.array([self.now], dtype=np.int64)
        if event:
            events = with_event(events, now)
        wanted = self.asked.wanted
        news = {
            name: with_event(context_events, now)
            for name, context_events in pair.context.items()
            if joins_context(name, wanted, violent)
        }
        if event or violent:
            pair = PairRecord(
                pair.dyad, pair.start, pair.events, {**pair.context, **news}, pair.meetings
            )
        case = replace(
            self, pair=pair, of_set=events, known_day=max(self.known_day, later), covered=later
        )
        return case.chance(case._curve(self._covariates(pair, events, case.now)))

    def _notes(self, dataset: str, honest: bool) -> tuple[str, ...]:
        """Return what a reader has to know of data, coefficients, question and past scores."""
        skill = set_skill(self.name)
        return (
            *self._notes_on_coverage(),
            *self._notes_on_coefficients(dataset, honest),
            *self._notes_on_question(),
            *([skill.warning] if skill is not None and skill.warning else []),
        )

    def _notes_on_coverage(self) -> list[str]:
        unobserved = (self.known_day - self.covered).days
        if not unobserved:
            return []
        return [
            f"Coverage ends on {day(self.covered)}: {count(unobserved, 'day')} to "
            f"{day(self.known_day)} are unobserved, not empty."
        ]

    def _notes_on_coefficients(self, dataset: str, honest: bool) -> list[str]:
        """Return notes on what the coefficients were fitted to.

        They are honest if they know nothing after the day of the forecast.
        """
        notes = []
        if self.name not in self.stored.sets:
            notes.append("The set has no coefficients of its own; those of all sets are used.")
        if dataset != "chronology":
            notes.append(
                f"The coefficients are those of the chronology, and untested on {dataset!r:.40}."
            )
        if self.pair.dyad not in self.stored.dyads:
            notes.append("The pair is not among the fifteen to which the hazards were fitted.")
        if not honest:
            notes.append(
                f"The coefficients know the data to {day(self.stored.days[0])}, after the forecast "
                "date."
            )
        return notes

    def _notes_on_question(self) -> list[str]:
        notes = []
        if self.asked.actor:
            notes.append(
                "A person is forecast from the acts of that person alone; such questions were not "
                "scored."
            )
        elif self.asked.by:
            notes.append(
                "Who acts is forecast from the acts of that side alone; such questions are scored "
                "apart."
            )
        if self.asked.quiet is not None:
            notes.append(
                "Quiet days of the chronology are days without a row; it does not record every "
                "event."
            )
            war = war_now(self.pair.context["violence"], self.now)
            if self.name in WAR_SETS and war is not None and (scored := quiet_skill()):
                notes.append(scored)
        return notes


def joins_context(name: str, wanted: EventSet, violent: bool) -> bool:
    """Return whether an event of the set, or a violent one, belongs to a part of the context."""
    codes = ("190",) if violent else wanted.codes
    return any(code.startswith(CONTEXT[name]) for code in codes)


def with_event(events: EventDays, when: Any) -> EventDays:
    """Return events with one more on a day after all others that count."""
    order = np.argsort(np.concatenate([events.days, when]), kind="stable")
    return EventDays(
        np.concatenate([events.days, when])[order],
        np.concatenate([events.number, np.ones(len(when))])[order],
    )


def interval_around(value: float, drawn: Float) -> tuple[float, float]:
    """Return a 90% interval around a probability from drawn ones, by log-odds."""
    inside = np.clip(drawn, CERTAIN, 1 - CERTAIN)
    reach = INTERVAL * float(np.std(np.log(inside / (1 - inside))))
    middle = _log_odds(value)
    low, high = (float(1 / (1 + np.exp(-(middle + way * reach)))) for way in (-1, 1))
    return low, high


def clip_probability(value: float) -> float:
    """Return a probability that is neither 0 nor 1, so that its log-odds are finite."""
    return min(max(value, CERTAIN), 1 - CERTAIN)


def _log_odds(value: float) -> float:
    inside = clip_probability(value)
    return float(np.log(inside / (1 - inside)))


def digest_of_rows(rows: pd.DataFrame) -> str:
    """Return the SHA-256 of what is known of a pair."""
    text = "\n".join(sorted(rows["event_id"].astype(str)))
    return hashlib.sha256(text.encode()).hexdigest()


def war_words(war: War | None, lengths: WarLengths, now: int) -> str:
    """Return in words since when a pair is at war, and how likely it goes on; empty in peace."""
    if war is None:
        return ""
    age = now - war.start
    parts = [
        f"{chance(lengths.continues(age, days))} for {days} more days" for days in (30, 90, 365)
    ]
    return (
        f"At war since {day(day_of_number(war.start))}; by the lengths of wars it goes on with "
        f"{join(parts)}."
    )
