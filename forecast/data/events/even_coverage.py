"""Even coverage: the days on which the record of a dyad in a dataset is complete.

The embedded `coverage.csv` states it, or the files of the dataset, or added events, or a table that
a caller gives.
"""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from forecast.base.arguments import checked
from forecast.base.typing import Frame
from forecast.data.events.additions import Addition, extended_ends
from forecast.data.events.codebook import read_dated_table, require_cells
from forecast.data.events.days import Covered


@checked
def read_coverage(path: str | Path | Frame | None = None) -> pd.DataFrame:
    """Read how far the record of each dyad is even.

    Parameters
    ----------
    path : str, pathlib.Path or table, optional
        A CSV, or a table of pandas, polars, Arrow or xarray, with the columns below, its days as
        text or dates without a time of day; the embedded `coverage.csv` without it.

    Returns
    -------
    pandas.DataFrame
        `dyad`, `start`, `last_even` (datetime64), and whatever other columns there are. A column
        `dataset` limits a row to that dataset. The embedded table also has `compiled` (the year in
        which the rows were written down), `empty_years` (inside coverage), `note` and `caveat`
        (what a reader of a report has to know).

    Raises
    ------
    DataError
        If a column is missing, or a day is malformed or in the future, or a dyad's coverage ends
        before it begins.

    Examples
    --------
    >>> from forecast.data.events import read_coverage
    >>> str(read_coverage().set_index("dyad").loc["USA-CHN", "last_even"].date())
    '2026-06-13'
    """
    days = ("start", "last_even")
    name, coverage = read_dated_table(path, "coverage", ("dyad", *days), days)
    last = coverage["last_even"]
    require_cells(
        last, last >= coverage["start"], "the last day of coverage, not one before start", name
    )
    return coverage.reset_index(drop=True)


def caveats(dyad: str, datasets: Iterable[str]) -> tuple[str, ...]:
    """Return notes for readers on the coverage of a dyad by some datasets, from `coverage.csv`."""
    table = read_coverage()
    rows = table[(table["dyad"] == dyad) & table["dataset"].isin(list(datasets))]
    return tuple(str(text) for text in rows["caveat"] if text)


def compiled_in(dataset: str) -> str:
    """Return the year in which a dataset was written down by `coverage.csv`; '' if unstated."""
    table = read_coverage()
    return (
        str(table.loc[table["dataset"] == dataset, "compiled"].max())
        if dataset in set(table["dataset"])
        else ""
    )


def even_spans(
    rows: pd.DataFrame,
    coverage: Frame | str | Path | None,
    additions: Iterable[Addition] = (),
    covered: Iterable[Covered] = (),
) -> pd.DataFrame:
    """Return `start` and `last` day of coverage by (dataset, dyad), and whether it is `stated`."""
    # Coverage that is not stated goes from the first event to the last. It is stated by files, by
    # the table that comes with the data, which added events extend, or by one that a caller gives,
    # which stays as it is.
    files = {file.dataset: file for file in covered if file.spans}
    spans = _spans_of_rows(rows, files.values())
    in_table = _spans_in_table(read_coverage(coverage), spans.index)
    ends = extended_ends(additions) if coverage is None else {}
    stated = [
        is_listed or pair in ends or pair[0] in files
        for is_listed, pair in zip(in_table["last"].notna(), spans.index, strict=True)
    ]
    even = in_table.fillna(spans).astype(spans.dtypes).assign(stated=stated)
    if ends:
        even["last"] = [
            max(last, ends.get(pair, last))  # type: ignore[call-overload]
            for pair, last in even["last"].items()
        ]
    return even


def _spans_of_rows(rows: pd.DataFrame, files: Iterable[Covered]) -> pd.DataFrame:
    """Return `start` and `last` by (dataset, dyad): those of its files, else of its rows."""
    spans = rows.groupby(["dataset", "dyad"])[["date"]].agg(
        start=("date", "min"), last=("date", "max")
    )
    datasets = spans.index.get_level_values("dataset")
    for file in files:
        of_file = datasets == file.dataset
        if of_file.any():
            spans.loc[of_file, "start"] = pd.Timestamp(file.first)
            spans.loc[of_file, "last"] = pd.Timestamp(file.last)
    return spans


def _spans_in_table(coverage: pd.DataFrame, pairs: pd.Index) -> pd.DataFrame:
    """Return `start` and `last` of pairs (dataset, dyad) in a table of coverage, where it has them.

    A table without a column `dataset` means every dataset.
    """
    given = coverage.rename(columns={"last_even": "last"})
    keys = [name for name in pairs.names if name in given]
    by_key = given.drop_duplicates(keys).set_index(keys)[["start", "last"]]
    wanted = pairs if len(keys) == 2 else pairs.get_level_values("dyad")
    return by_key.reindex(wanted).set_index(pairs)
