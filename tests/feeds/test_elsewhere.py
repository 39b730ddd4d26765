"""The SQL for tables elsewhere counts what is counted of files.

That for BigQuery is whole, and never sent.
"""

from dataclasses import replace
from datetime import date

import duckdb
import pandas as pd
import pytest
from typer.testing import CliRunner

from benchmarks.made_feeds import make_gdelt
from forecast import count_feed, read_counts
from forecast.base.errors import SpecError, UnknownDyadError
from forecast.cli import app
from forecast.data.events.counts import wide_counts
from forecast.data.feeds import FeedSettings
from forecast.data.feeds.gdelt import DAILY
from forecast.data.feeds.lines import find_files, read_chunks, split_lines
from tests.feeds.made import gdelt_row, written

sqlglot = pytest.importorskip("sqlglot")

from forecast.data.feeds.counting import PARTITION, bigquery_sql, count_sql  # noqa: E402

WHOLE, NUMBERS = (
    ("GLOBALEVENTID", "SQLDATE", "DATEADDED", "NumMentions", "NumArticles"),
    ("GoldsteinScale",),
)
"""Columns that are numbers in BigQuery."""
CHOICES = [
    {},
    {"sectors": "all", "one_a_day": False},
    {"sectors": ("military", "police"), "statements": False, "minimum_mentions": 5},
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two days of rows as they come, and a third with what a table does not have in two ways."""
    made = tmp_path_factory.mktemp("elsewhere")
    make_gdelt(made, 4_000, days=2, seed=3, level=1)
    odd = [
        gdelt_row(10_000_001, code="042"),
        gdelt_row(10_000_002, source="CHN", target="USA", code="043"),
        gdelt_row(10_000_003, source="CHN", target="USA", code="057"),
        gdelt_row(10_000_004, source="USA", target="CHN", code="057"),
        gdelt_row(10_000_005, source="EGY", target="ISR", code="057"),
        gdelt_row(10_000_006, source="SUN", target="USA", code="1214"),
        gdelt_row(10_000_007, GoldsteinScale="11"),
        gdelt_row(10_000_008, GoldsteinScale="", code="111"),
        gdelt_row(10_000_009, added="20170601"),
        gdelt_row(10_000_010, day="20180631"),
        gdelt_row(10_000_011, code="13y"),
        gdelt_row(10_000_012, NumArticles="2.5"),
        gdelt_row(10_000_013, source="EUR"),
        gdelt_row(10_000_013, source=" rom ", code="112"),
        gdelt_row(10_000_014, source="ROM", code="112"),
    ]
    written(made / "20180602.export.CSV", odd)
    return made


@pytest.fixture(scope="module")
def texts(folder):
    """The rows of 58 columns of these files, as a table of text."""
    parts = []
    for file in find_files([folder]):
        for chunk in read_chunks(file):
            parts.append(
                split_lines(chunk, replace(DAILY, optional=0), DAILY.columns)[0].to_pandas()
            )
    return pd.concat(parts, ignore_index=True).drop(columns="line").astype(object)


def counted(folder, tmp_path, settings):
    """The same rows counted as files, with those of 57 columns left out."""
    rows = []
    for file in find_files([folder]):
        rows += [
            line
            for chunk in read_chunks(file)
            for line in chunk.text.split(b"\n")[:-1]
            if line.count(b"\t") == len(DAILY.columns) - 1
        ]
    path = tmp_path / "20230101.export.CSV"
    path.write_bytes(b"".join(line + b"\n" for line in rows))
    return wide_counts(count_feed(path, settings=settings))


def same(found, wanted):
    columns = list(wanted.columns)
    found = found[columns].sort_values(columns[:3], ignore_index=True)
    wanted = wanted.sort_values(columns[:3], ignore_index=True)
    pd.testing.assert_frame_equal(found, wanted, check_dtype=False)


def run(sql, texts, dialect):
    """Run SQL of a dialect on rows, in the words of DuckDB, in which tests have a database."""
    with duckdb.connect() as database:
        database.register("events", texts)
        (mine,) = sqlglot.transpile(sql, read=dialect, write="duckdb")
        return database.sql(mine).df()


@pytest.mark.parametrize(
    ("dialect", "choice"),
    [*(("duckdb", choice) for choice in CHOICES), ("bigquery", CHOICES[2]), ("spark", {})],
)
def test_the_sql_counts_what_is_counted_of_files(folder, texts, tmp_path, dialect, choice):
    settings = FeedSettings(**choice)
    wanted = counted(folder, tmp_path, settings)
    same(run(count_sql("events", dialect, settings=settings), texts, dialect), wanted)
    of_dyad = wanted[wanted["source"].isin(["USA", "CHN"]) & wanted["target"].isin(["USA", "CHN"])]
    of_dyad = of_dyad[(of_dyad["time"] >= "2022-12") & (of_dyad["time"] <= "2023-01")]
    span = {"first": date(2022, 12, 1), "last": date(2023, 1, 31)}
    chosen = count_sql("events", dialect, dyads=["chn-usa"], settings=settings, **span)
    assert len(of_dyad) or choice.get("minimum_mentions")
    same(run(chosen, texts, dialect), of_dyad)
    assert "strptime" not in chosen.lower() or dialect == "duckdb"


@pytest.mark.parametrize(
    ("version", "name", "choice"), [("1.0", "full", {}), ("2.0", "gdeltv2", CHOICES[2])]
)
def test_the_sql_for_bigquery_is_whole_and_looks_at_named_columns_and_partitions_alone(
    version, name, choice
):
    found = bigquery_sql(
        ["USA-CHN", "KOR-PRK"],
        date(2018, 1, 1),
        date(2018, 12, 31),
        version=version,
        settings=FeedSettings(**choice),
    )
    (tree,) = sqlglot.parse(found.sql, dialect="bigquery")
    (table,) = [one for one in tree.find_all(sqlglot.exp.Table) if one.db]
    assert (table.catalog, table.db, table.name) == ("gdelt-bq", name, "events_partitioned")
    inside = [
        select for select in tree.find_all(sqlglot.exp.Select) if select.args["from_"].this is table
    ]
    assert inside
    for select in inside:
        assert not any(isinstance(one, sqlglot.exp.Star) for one in select.expressions)
        where = select.args["where"]
        named = {column.name for column in where.find_all(sqlglot.exp.Column)}
        assert named == {PARTITION}
        looked_at = {column.name for column in select.find_all(sqlglot.exp.Column)} - {PARTITION}
        assert looked_at <= set(DAILY.columns) and len(looked_at) == (15 if choice else 16)
    assert "DATETIME(" not in found.sql and "'CHN-USA'" in found.sql


def test_questions_that_make_no_sense_are_answered():
    with pytest.raises(SpecError, match=r"version: got '3'.*expected one of 1[.]0, 2[.]0"):
        bigquery_sql(["USA-CHN"], date(2018, 1, 1), date(2018, 1, 2), version="3")
    with pytest.raises(SpecError, match="earlier day"):
        bigquery_sql(["USA-CHN"], date(2018, 1, 2), date(2018, 1, 1))
    with pytest.raises(UnknownDyadError):
        bigquery_sql(["USA-EUR"], date(2018, 1, 1), date(2018, 1, 2))


def test_the_command_prints_sql_whose_result_is_read_by_its_mapping(texts, tmp_path):
    mapping = tmp_path / "gdelt.yaml"
    words = [
        "usa-chn",
        "ind-pak",
        "--from",
        "2022-12-01",
        "--to",
        "2023-01-31",
        "--mapping-out",
        str(mapping),
    ]
    done = CliRunner().invoke(app, ["events", "sql", "gdelt", *words])
    assert done.exit_code == 0, done.output
    (tree,) = sqlglot.parse(done.stdout, dialect="bigquery")
    numbers = {name: pd.to_numeric(texts[name], errors="coerce") for name in (*WHOLE, *NUMBERS)}
    whole = {name: numbers[name].where(numbers[name] % 1 == 0).astype("Int64") for name in WHOLE}
    typed = texts.replace("", None).assign(**numbers | whole)
    typed[PARTITION] = pd.Timestamp("2023-01-02", tz="UTC")
    (table,) = [one for one in tree.find_all(sqlglot.exp.Table) if one.db]
    result = run(done.stdout.replace(f"{table.sql('bigquery')}", "events"), typed, "bigquery")
    result.to_csv(tmp_path / "result.csv", index=False)
    counts = read_counts(tmp_path / "result.csv", mapping)
    assert (
        counts.rejects.empty
        and int(counts.counts["n"].sum()) == int(result.iloc[:, 3:].sum().sum()) > 0
    )
    missing = CliRunner().invoke(
        app, ["events", "sql", "gdelt", *words[:2], "--from", "2018-13-01", "--to", "2018-12-31"]
    )
    assert missing.exit_code == 2 and "--from" in missing.output
