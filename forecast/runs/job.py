"""A report being made: its settings, its data, its dyad, and what has to hold before long work."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from forecast.base.dates import months_between, today
from forecast.base.errors import DataError
from forecast.base.progress import Steps
from forecast.data.events.dyads import choose_dyad, find_dyad, hierarchy
from forecast.data.panel.record import last_known, require_record
from forecast.data.records import Records
from forecast.runs.settings import ReportSettings

if TYPE_CHECKING:
    import xarray as xr


# Days of a report after all data, as a gap before added events may be long
MAX_DAYS_BEHIND = 31
# Months of a report after the record of its pair: none of its baseline is left then
MAX_MONTHS_BEHIND = 12


@dataclass(frozen=True)
class Job:
    """A report being made: what was asked for, the data, and the steps so far."""

    settings: ReportSettings
    records: Records
    dyad: str
    steps: Steps
    every: bool = False  # Whether it is made of all dyads that are fitted together

    @property
    def as_of(self) -> date:
        """The day asked for, else the coverage end: of several dyads the last one."""
        if self.settings.as_of is not None or not self.every or self.settings.alone:
            return self.settings.as_of or self.records.last_day(self.dyad)
        return max(
            map(
                self.records.last_day,
                self.records.hierarchy(self.dyad, today(), self.settings.hierarchy),
            )
        )

    @property
    def together(self) -> list[str]:
        """The dyads that are fitted together."""
        if self.settings.alone:
            return [self.dyad]
        return self.records.hierarchy(self.dyad, self.as_of, self.settings.hierarchy)


def chosen_dyad(settings: ReportSettings, dyads: Sequence[str], every: bool) -> str:
    """Return the dyad asked for.

    Where each gets a report, one that is fitted together with the others will do.
    """
    if settings.dyad is None and every and settings.hierarchy:
        return find_dyad(settings.hierarchy[0], dyads)
    if settings.dyad is None and every and not settings.alone:
        return max(dyads, key=lambda code: len(hierarchy(code, dyads)))
    return choose_dyad(settings.dyad, dyads)


def require_near(records: "Records", dyad: str, as_of: date) -> None:
    """Reject, before long work, a day long after the data, or after the record of the dyad."""
    advice = "Choose an earlier day, or add what has happened since (--add, --covered-to)"
    last = records.last_day(dyad)
    last_of_all = max(map(records.last_day, {*records.dyads, dyad}))
    days_behind = (as_of - last_of_all).days
    if days_behind > MAX_DAYS_BEHIND:
        raise DataError(
            f"as_of: the data end on {last_of_all}, {days_behind} days before {as_of}; expected at "
            f"most {MAX_DAYS_BEHIND}. {advice}"
        )
    months_behind = months_between(last, as_of)
    if months_behind > MAX_MONTHS_BEHIND:
        raise DataError(
            f"as_of: the record of {dyad} ends on {last}, {months_behind} months before {as_of}; "
            f"expected at most {MAX_MONTHS_BEHIND}. {advice}"
        )


def check_query(panel: "xr.Dataset", dyad: str, settings: ReportSettings) -> None:
    """Reject what the panel cannot answer, before anything is fitted."""
    from forecast.outlook.query import Query

    Query.of(panel, dyad, settings.horizons, above=settings.above, at=settings.at, by=settings.by)


def reported_dyads(panel: "xr.Dataset") -> tuple[list[str], dict[str, str]]:
    """Return the dyads of a panel whose records are long enough, and why others have none."""
    long_enough = list[str]()
    skipped = dict[str, str]()  # reason by dyad
    for dyad in map(str, panel["dyad"].to_numpy()):
        try:
            require_record(panel, dyad, last_known(panel))
            long_enough.append(dyad)
        except DataError as error:
            skipped[dyad] = str(error)
    if not long_enough:
        raise DataError(
            f"dyads: no record is long enough for a report: {'; '.join(skipped.values())}"
        )
    return long_enough, skipped
