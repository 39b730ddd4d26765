"""Question about the events of a pair: which set, how many, in which window, by whom."""

from dataclasses import dataclass
from datetime import date

from forecast.base.dates import optional_day, read_day
from forecast.base.errors import QuestionError
from forecast.data.events.sets import OWN_CODES, EventSet
from forecast.outlook.hazards.curve import MAX_DAYS_AHEAD

MAX_EVENTS_ASKED = 10**6  # that can be asked for; more than any record holds in a window


@dataclass(frozen=True)
class AskedEvents:
    """Events that are asked for: at least so many of a set in a window, or quiet days in a row.

    Attributes
    ----------
    wanted : EventSet
        From `forecast.find_set` or `forecast.set_of_codes`.
    last : str or datetime.date
        Last day of the window; the field is a date.
    first : str or datetime.date, optional
        First day of the window; by default the day after that of the forecast.
    at_least : int
        Number of events.
    by : str, optional
        Code of the state that acts; of a visit the visitor.
    actor : str, optional
        A name that the row contains.
    quiet : int, optional
        In place of a number: so many days in a row without an event, inside the window.

    Examples
    --------
    >>> from datetime import date
    >>> from forecast import AskedEvents, find_set
    >>> AskedEvents(find_set("visit"), date(2026, 12, 31), at_least=2).words("US-China")
    'at least 2 US-China events “visit”'
    """

    wanted: EventSet
    last: date
    first: date | None = None
    at_least: int = 1
    by: str | None = None
    actor: str | None = None
    quiet: int | None = None

    def __post_init__(self) -> None:
        """Read days given as text or a moment, and reject numbers that no window can hold."""
        object.__setattr__(self, "last", read_day(self.last, "last"))
        object.__setattr__(self, "first", optional_day(self.first, "first", first=True))
        if not 1 <= self.at_least <= MAX_EVENTS_ASKED:
            raise QuestionError(
                f"at_least: {self.at_least} events; expected 1 to {MAX_EVENTS_ASKED:,}"
            )
        if self.quiet is not None and not 1 <= self.quiet <= MAX_DAYS_AHEAD:
            raise QuestionError(f"quiet: {self.quiet} days; expected 1 to {MAX_DAYS_AHEAD:,}")

    def words(self, label: str) -> str:
        """Return in words which events of a pair are asked for; `label` is its name."""
        wanted = self.wanted
        name = wanted.meaning if wanted.name == OWN_CODES else f"“{wanted.name}”"
        acting = f" by {self.by}" if self.by else ""
        named = f" naming {self.actor}" if self.actor else ""
        if self.quiet is not None:
            return f"{self.quiet} days in a row without a {label} event {name}{acting}{named}"
        events = "event" if self.at_least == 1 else "events"
        return f"at least {self.at_least:,} {label} {events} {name}{acting}{named}"
