"""A file that is being imported: its rows by month, and what its names say of its days."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from forecast.data.archive.catalogue import Counts, Entry, Key
from forecast.data.events.days import Days, as_spans, each_day
from forecast.data.feeds.feed import Named
from forecast.data.feeds.sorting import FileRun

DAY = timedelta(days=1)
MONTH = timedelta(days=31)
"""No month is longer."""
# Fraction of a release's busiest day: a day with at least as many rows belongs to the release, not
# to old reports
MIN_SHARE_IN_RELEASE = 0.25
# Fraction of a longer file's busiest day: days with fewer rows at its ends are strays
MIN_SHARE_NOT_STRAY = 0.05
# Time from the first day of a release to the day in its name
MAX_TIME_BEFORE_NAMED_DAY = timedelta(days=10)
# Time from the day in the name of a release to its last day
MAX_TIME_AFTER_NAMED_DAY = DAY


@dataclass(kw_only=True)
class FileImport(FileRun):
    """A file that is being imported: its rows by month, and what names and manifests say of it."""

    # What its name and earlier ones of the same content say, with the names in messages
    names: dict[Named, str]
    published: date | None
    key: Key
    index: int  # Among the results
    known: date | None = None  # First day on which any of its rows was known
    # By month, what became of how many rows
    counts: dict[str, Counter[str]] = field(default_factory=dict)

    def tally(self, became: str, day: date | None, known_at: date | None, number: int) -> None:
        """Count lines of a day, known on a day: kept, rejected, or filtered for a reason."""
        super().tally(became, day, known_at, number)
        if became != "rejected" and known_at is not None:
            self.known = min(known_at, self.known or known_at)
        self.counts.setdefault("" if day is None else f"{day:%Y-%m}", Counter())[became] += number

    @property
    def month(self) -> str:
        """The month that its name says all its rows are of, '' if it does not."""
        days = self.named.days
        return f"{days[0]:%Y-%m}" if days and days[1] - days[0] < MONTH else ""

    def _order(self, named: Named) -> tuple[int, float, date, str]:
        """Return by what names are put in order: first the one in whose days most rows are."""
        first, last = named.days or (date.max, date.min)
        inside = sum(number for day, number in self.days.items() if first <= day <= last)
        return -inside, -named.part, self._released(named) or date.max, named.name

    def _released(self, named: Named) -> date | None:
        """Return from when rows could be known by a name, where they do not say so themselves."""
        if named.year is not None:
            # The day of an edition: that of its stamp, else the day after its last event
            last = self._last_of(named.year)
            return named.stamped or (last and last + DAY)
        return named.day + DAY if self.feed.newest_first and named.day else None

    def _last_of(self, year: int | None) -> date | None:
        """Return the last day of a year with a row."""
        return max((day for day in self.days if day.year == year), default=None)

    def entry(self) -> Entry:
        """Return its catalogue entry."""
        said, *others = sorted(self.names, key=self._order)
        covers = self._covers(said, others)
        is_edition = said.year is not None
        # Rows of other feeds say themselves from when they were known.
        is_release = self.feed.newest_first and not is_edition
        # The earliest release: what was known by one name stays known, whatever another one says.
        known_at = self.published or min(
            filter(None, map(self._released, self.names)), default=None
        )
        return Entry(
            file=self.number,
            dataset=self.feed.name,
            name=self.names[said],
            sha256=self.key[0],
            member=self.key[1],
            said=said.name,
            series=said.series,
            covers=tuple(covers),
            part=said.part,
            edition=said.edition,
            year=said.year,
            first=min((day for day in self.days if day.year == said.year), default=None),
            last=self._last_of(said.year),
            released=known_at if is_release else None,
            issued=known_at if is_edition else None,
            known=self.known,
            mended=self.mended,
            filtered_by=dict(self.filtered),
            months=self._months(f"{covers[0][0]:%Y-%m}" if covers else "undated"),
            published=self.published,
            also=tuple(sorted(named.name for named in others)),
        )

    def _covers(self, said: Named, others: Sequence[Named]) -> list[Days]:
        """Return its days by its name; another name adds days where rows are, and takes none."""
        covers = days_of(said, self.days)
        if not others:
            return covers
        days = _days_in(covers)
        for named in others:
            days |= self.days.keys() & _days_in(days_of(named, self.days))
        return as_spans(days)

    def _months(self, undated: str) -> dict[str, Counts]:
        """Account for the rows by month; rows without a day count in a month that is given."""
        broken = len(self.rejected) - sum(numbers["rejected"] for numbers in self.counts.values())
        without_day = self.counts.get("", Counter()) + Counter(rejected=broken)
        by_month = {month: numbers.copy() for month, numbers in self.counts.items() if month}
        if without_day.total():
            by_month.setdefault(undated, Counter()).update(without_day)
        return {
            month: Counts(
                numbers.total(),
                numbers["kept"],
                numbers["rejected"],
                numbers.total() - numbers["kept"] - numbers["rejected"],
            )
            for month, numbers in sorted(by_month.items())
        }


def days_of(named: Named, rows: Mapping[date, int]) -> list[Days]:
    """Return the days of a file, as spans in order of time, given its rows by day."""
    days = set(each_day(*named.days)) if named.days and named.whole else set[date]()
    if named.day is not None:
        days |= _days_of_release(named.day, rows)
    elif not days:
        days = _days_without_strays(named.days, rows)
    return as_spans(days)


def _days_of_release(named_day: date, rows: Mapping[date, int]) -> set[date]:
    """Return the days of a release: those near the day in its name that are busy enough."""
    first = named_day - MAX_TIME_BEFORE_NAMED_DAY
    last = named_day + MAX_TIME_AFTER_NAMED_DAY
    near = {day: number for day, number in rows.items() if first <= day <= last}
    busiest = max(near.values(), default=0)
    return {day for day, number in near.items() if number >= MIN_SHARE_IN_RELEASE * busiest}


def _days_without_strays(span: Days | None, rows: Mapping[date, int]) -> set[date]:
    """Return the days from the first busy one to the last, within a span if there is one."""
    inside = {
        day: number for day, number in rows.items() if span is None or span[0] <= day <= span[1]
    }
    busiest = max(inside.values(), default=0)
    busy = [day for day, number in inside.items() if number >= MIN_SHARE_NOT_STRAY * busiest]
    return set(each_day(min(busy), max(busy))) if busy else set()


def _days_in(spans: Sequence[Days]) -> set[date]:
    """Return all days of some spans."""
    return {day for span in spans for day in each_day(*span)}
