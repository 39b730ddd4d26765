"""Tables of drivers: covariates by dyad and month, with the day on which each value was known."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from os import PathLike
from pathlib import Path

import pandas as pd

from forecast.base.arguments import checked
from forecast.base.dates import today
from forecast.base.described import described
from forecast.base.digests import digest
from forecast.base.errors import DataError, SpecError
from forecast.base.typing import Frame
from forecast.base.wording import join
from forecast.data.events.codebook import read_days, read_small_csv, require_cells, small_csv
from forecast.data.events.dyads import dyad_code

# Columns of a table; each effect is estimated, and needs data of its own
MAX_DRIVERS = 12
# Characters; longer names break the tables of a report
MAX_DRIVER_NAME = 40
TIME = "time"
KNOWN_AT = "known_at"
DYAD = "dyad"
_DYAD = "([A-Za-z]{3}[-_][A-Za-z]{3})?"


@described("a DriverTable, such as read_drivers('trade.csv') returns")
@dataclass(frozen=True)
class DriverTable:
    """Values of some drivers."""

    source: str  # What it was read from
    names: tuple[str, ...]  # The drivers, in the order of the columns
    # One row per value: `driver`, `dyad` (empty for a value of all dyads), `month` (its first day),
    # `known_at` and `value`.
    values: pd.DataFrame = field(repr=False, compare=False)
    digest: str = ""  # SHA-256 of what was read
    # What drivers act on where that is not chosen; the month, if it is not here.
    acts: Mapping[str, str] = field(default_factory=dict)

    def acting(self, chosen: str | None = None) -> dict[str, str]:
        """Return the component on which each driver acts, as in `PendulumSpec`."""
        if chosen is None:
            return {name: self.acts.get(name, "month") for name in self.names}
        if "=" not in chosen:
            return dict.fromkeys(self.names, chosen.strip())
        pairs = [part.partition("=") for part in chosen.split(",") if part.strip()]
        part_of = {name.strip(): word.strip() for name, _, word in pairs}
        unknown = [name for name in part_of if name not in self.names]
        if unknown or len(part_of) < len(pairs):
            what = (
                f"there is no driver {unknown[0]!r:.60}" if unknown else "a driver is there twice"
            )
            raise SpecError(
                f"driver-acts: {what}; the drivers are {join(self.names)}, such as "
                f"{self.names[0]}=month"
            )
        return part_of

    def known(self, driver: str, dyad: str, as_of: date) -> pd.DataFrame:
        """Return the last revision by a day of a driver, `known_at` and `value` by month."""
        series = [
            self._series[key] for key in ((driver, ""), (driver, dyad)) if key in self._series
        ]
        values = pd.concat(series) if series else self.values.iloc[:0]
        values = values[values["known_at"] <= pd.Timestamp(as_of)].sort_values(
            ["month", "dyad", "known_at"]
        )
        return values.drop_duplicates("month", keep="last").set_index("month")[
            ["known_at", "value"]
        ]

    @cached_property
    def _series(self) -> dict[tuple[str, str], pd.DataFrame]:
        return {
            (str(driver), str(dyad)): rows
            for (driver, dyad), rows in self.values.groupby(["driver", "dyad"])
        }


@checked
def read_drivers(path: str | Path | Frame) -> DriverTable:
    r"""Read covariates from a CSV file or a table in memory (docs/schema/drivers.md).

    Parameters
    ----------
    path : str, pathlib.Path or table
        A file in UTF-8, or a table of pandas, polars, Arrow or xarray, with the columns ``time``
        (the month, YYYY-MM, or a day in it), ``known_at`` (the day since when the value was known,
        YYYY-MM-DD), if need be ``dyad``, and one column a driver. An empty cell holds no value; a
        row with a later ``known_at`` revises an earlier one.

    Returns
    -------
    DriverTable
        Its `values` have one row per value: `driver`, `dyad`, `month` (its first day), `known_at`
        and `value`, as in the file.

    Raises
    ------
    DataError
        If the file cannot be read, a column is missing, or a cell makes no sense; the message names
        its line.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> from forecast.data.driver_table import read_drivers
    >>> path = Path(mkdtemp()) / "trade.csv"
    >>> _ = path.write_text("time,known_at,trade\n2023-01,2023-03-05,58.1\n")
    >>> read_drivers(path).names
    ('trade',)
    """
    table = Path(path) if isinstance(path, str | PathLike) else path
    name = table if isinstance(table, Path) else Path("drivers")
    frame = read_small_csv(table, (TIME, KNOWN_AT), name.name)
    names = tuple(str(column) for column in frame if column not in (TIME, KNOWN_AT, DYAD))
    if not names:
        raise DataError(
            f"{name}: there is no column of a driver other than {join(map(str, frame))}; add one"
        )
    if len(names) > MAX_DRIVERS:
        raise DataError(
            f"{name}: {len(names)} drivers; expected at most {MAX_DRIVERS}: each needs data of "
            "its own"
        )
    wrong = [
        driver
        for driver in names
        if not driver or len(driver) > MAX_DRIVER_NAME or not driver.isprintable()
    ]
    if wrong:
        raise DataError(
            f"{name}: {wrong[0]!r:.60} is no name of a driver; expected 1 to {MAX_DRIVER_NAME} "
            "characters"
        )
    values = _values(frame, names, name)
    empty = [column for column in names if column not in set(values["driver"])]
    if empty:
        raise DataError(f"{name}: the column {empty[0]!r} holds no value; fill it in, or remove it")
    return DriverTable(name.name, names, values, digest(small_csv(table)))


def _values(frame: pd.DataFrame, names: tuple[str, ...], path: Path) -> pd.DataFrame:
    """Return the values of a file in the form of `DriverTable`."""
    known_at = read_days(frame[KNOWN_AT], path)
    in_time = known_at.dt.date <= today()
    require_cells(
        known_at, in_time, "the day since when the value is known, not one in the future", path
    )
    dyads = frame[DYAD] if DYAD in frame else pd.Series("", frame.index, name=DYAD)
    require_cells(
        dyads,
        dyads.str.fullmatch(_DYAD),
        "two ISO 3166 alpha-3 codes such as USA-CHN, or empty",
        path,
    )
    series = []
    for name in names:
        cells = frame.loc[frame[name] != "", name]
        numbers = pd.to_numeric(cells, errors="coerce").astype(float)
        require_cells(cells, numbers.abs() < 1e12, "a number such as 58.1, or an empty cell", path)
        series.append(numbers.rename("value").to_frame().assign(driver=name))
    values = pd.concat(series)
    months = read_days(frame[TIME], path)
    values["month"] = months - pd.to_timedelta(months.dt.day - 1, unit="D")
    values["known_at"] = known_at
    values["dyad"] = dyads.map(
        lambda text: text and dyad_code(*text.upper().replace("_", "-").split("-"))
    )
    twice = values[values.duplicated(["driver", "dyad", "month", "known_at"])]
    if len(twice):
        row = twice.iloc[0]
        raise DataError(
            f"{path}: {row['driver']} of "
            f"{row['month']:%Y-%m}{' of ' + row['dyad'] if row['dyad'] else ''} is there twice as "
            f"known at {row['known_at']:%Y-%m-%d}; keep one of them, or give the revision its own "
            "day"
        )
    return values
