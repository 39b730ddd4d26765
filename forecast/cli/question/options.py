"""Options that say what a question asks, and the question that they make."""

from dataclasses import dataclass, fields
from datetime import date, timedelta
from itertools import batched
from typing import TYPE_CHECKING, Any

import forecast
from forecast.base import dates
from forecast.base.errors import SpecError
from forecast.base.forms import faults
from forecast.base.wording import join
from forecast.cli.groups import EventChoices, day_of

if TYPE_CHECKING:
    from forecast.data.records import Records
    from forecast.desk.questions import Question


ONE_DAY = timedelta(days=1)


DEFAULT_MONTHS = 12  # of a window of events whose end is not named


OTHER_NAMES = {"from": "first"}  # of options whose field has another name: `from` is a keyword


@dataclass(kw_only=True)
class QuestionOptions(EventChoices):
    """What is asked of a dyad."""

    dyad: str | None = None
    higher: float | None = None
    lower: float | None = None
    baseline: int | None = None
    above: float | None = None
    below: float | None = None
    measure: str = "share"
    at_least: str | None = None
    codes: str | None = None
    level: float | None = None
    months: int | None = None
    first: str | None = None
    until: str | None = None
    when: str = "at"
    span: int | None = None
    dataset: str | None = None

    def another(self, text: str) -> "QuestionOptions":
        """Read another question, ``DYAD NAME VALUE ...``.

        Windows and data that it does not name are as in this one.
        """
        from pydantic import TypeAdapter, ValidationError

        words = text.split()
        own_first = sorted(fields(QuestionOptions), key=lambda field: field in fields(EventChoices))
        names = [field.name for field in own_first if field.name != "dyad"]
        given = {} if not words or _field(words[0]) in names else {"dyad": words.pop(0)}
        given |= (
            {_field(name): value for name, value in batched(words, 2)}
            if len(words) % 2 == 0
            else {"": ""}
        )
        if not words or not given.keys() <= {"dyad", *names}:
            options = {field: option for option, field in OTHER_NAMES.items()}
            listed = join([options.get(name, name).replace("_", "-") for name in names])
            raise SpecError(
                "expected a dyad and what is asked of it, such as USA-RUS higher 5; the names are "
                f"{listed}"
            )
        alike = {"dyad": self.dyad, "baseline": self.baseline, "dataset": self.dataset}
        window = {"months": self.months, "until": self.until}
        if given.keys() & {"at_least", "codes"}:
            window["first"] = self.first
        if given.keys() & {"months", "until", "first"}:
            window = {}
        try:
            return TypeAdapter(QuestionOptions).validate_python(alike | window | given)
        except ValidationError as error:
            raise SpecError(faults(error)) from error

    def event_question(self, records: "Records", day: date, name: str | None) -> "Question":
        """Make the question about events of a set, as of a day."""
        from forecast.outlook.hazards.asking import chosen_set, first_day

        if self.at_least is not None and self.codes is not None:
            raise SpecError("--at-least, --codes: two sets at once; give one of them")
        set_name, _, number = (self.at_least or "").partition(":")
        if number and not number.isdecimal():
            raise SpecError(
                f"--at-least: got {self.at_least!r:.80}; expected SET:NUMBER, such as strike:2; "
                "the window is given by --months or --until"
            )
        if records.events is None:
            raise SpecError(
                "--at-least: sets of events need single events, and these data have counts only; "
                "ask for a share (--above, --higher), or give single events (--events)"
            )
        if self.months is not None and self.until is not None:
            raise SpecError("--months, --until: two ends of the window; give one of them")
        first = None if self.first is None else first_day(self.first)
        last = day_of(self.until, "until") or last_day(first or day + ONE_DAY, self.months)
        try:
            event_set = chosen_set(set_name or None, self.codes)
        except SpecError as error:  # which names the argument of the function
            raise SpecError(str(error).replace("text: ", "at_least: ", 1)) from error
        asked_events = forecast.AskedEvents(event_set, last, first, int(number or 1), **self.chosen)
        return forecast.make_event_question(
            records.events,
            records.find(self.dyad),
            asked_events,
            as_of=day,
            dataset=self.dataset,
            id=name,
        )

    def question(self, records: "Records", day: date, name: str | None = None) -> "Question":
        """Make the question, as of a day."""
        if self.at_least is not None or self.codes is not None:
            return self.event_question(records, day, name)
        of_events = {"from": self.first, "by": self.by, "actor": self.actor, "quiet": self.quiet}
        if given := [option for option, value in of_events.items() if value is not None]:
            raise SpecError(
                f"--{', --'.join(given)}: belongs to a question about events; name them, such as "
                "--at-least strike or --codes 190,195"
            )
        code = records.find(self.dyad)
        values = vars(self) | {
            "last": day_of(self.until, "until"),
            "id": name,
            "baseline_months": self.baseline,
        }
        not_of_share = {
            "dyad",
            "baseline",
            "until",
            "at_least",
            "codes",
            "first",
            "by",
            "actor",
            "quiet",
        }
        chosen: dict[str, Any] = {
            key: value
            for key, value in values.items()
            if value is not None and key not in not_of_share
        }
        return forecast.make_question(records.panel([code], day), code, **chosen)


def last_day(first: date, months: int | None) -> date:
    """Return the last day of a window of so many months, by default a year."""
    return dates.add_months(first, months or DEFAULT_MONTHS) - ONE_DAY


def _field(text: str) -> str:
    """Return the field of an option's name."""
    name = text.removeprefix("--").replace("-", "_").lower()
    return OTHER_NAMES.get(name, name)
