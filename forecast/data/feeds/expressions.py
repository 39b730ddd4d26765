"""SQL of conditions on columns of text, and what names and headers of files say."""

import calendar
from collections.abc import Mapping
from datetime import date

from forecast.data.events.days import Days
from forecast.data.feeds.feed import FeedSettings

YEARS = range(1700, 2200)
"""Valid years of days in file names."""
_SHAPES = {"%Y-%m-%d": r"\d{4}-\d{2}-\d{2}", "%m/%d/%Y": r"\d{1,2}/\d{1,2}/\d{4}"}


def acting(settings: FeedSettings, written: Mapping[str, tuple[str, ...]]) -> str:
    """Return the organs that act for a state by the settings, as a list in SQL."""
    return ", ".join(text(code) for sector in settings.sectors for code in written[sector])


def named_day(digits: str) -> date | None:
    """Return the day that a name writes as 20180601, at most its month's last.

    None outside the years of events.
    """
    year = int(digits[:4])
    month = int(digits[4:6])
    day_of_month = int(digits[6:8])
    if year not in YEARS or not 1 <= month <= 12 or day_of_month < 1:
        return None
    return date(year, month, min(day_of_month, calendar.monthrange(year, month)[1]))


def whole_year(year: int) -> Days | None:
    """Return the days of a year; None outside the years of events."""
    return (date(year, 1, 1), date(year, 12, 31)) if year in YEARS else None


def header_names(line: str, delimiter: str) -> tuple[str, ...]:
    """Return the names in a header, each once and none empty.

    Empty ones at its end are no columns.
    """
    names: list[str] = []
    for number, name in enumerate(line.rstrip(delimiter).split(delimiter), 1):
        column = name.strip() or f"column {number}"
        same = column.casefold() in {earlier.casefold() for earlier in names}
        names.append(f"{column} (column {number})" if same else column)
    return tuple(names)


def quoted(name: str) -> str:
    """Return the name of a column as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """Return a text as SQL writes it."""
    return "'" + value.replace("'", "''") + "'"


def digits(name: str, least: int, most: int) -> str:
    """Return the SQL condition that a column has so many digits and nothing else."""
    return (
        f"(regexp_full_match({quoted(name)}, '[0-9]+') AND strlen({quoted(name)}) BETWEEN {least} "
        f"AND {most})"
    )


def day(column: str, *forms: str) -> str:
    """Return the SQL of a column as a day, NULL if it has none of some forms of strptime."""
    # The shape is looked at first: the reader of dates is more generous than any feed.
    name = quoted(column)
    shapes = {form: f"regexp_full_match({name}, {text(shape)})" for form, shape in _SHAPES.items()}
    shapes["%Y%m%d"] = digits(column, 8, 8)
    whens = (
        f"WHEN {shapes[form]} THEN CAST(try_strptime({name}, {text(form)}) AS DATE)"
        for form in forms
    )
    return f"CASE {' '.join(whens)} END"
