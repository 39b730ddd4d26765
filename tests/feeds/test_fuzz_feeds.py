"""Damaged files of every feed: no crash, no hang, and every line is accounted for.

The many mutations of real samples are in the slow suite (set REALDATA to their folder).
"""

import os
import random
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forecast.base.errors import ForecastError
from forecast.data.events.table import broken_rules
from forecast.data.feeds import FeedSettings, read_feed
from tests.feeds.made import (
    HISTORICAL_HEADER,
    ICEWS_HEADER,
    POLECAT_HEADER,
    gdelt_row,
    historical_row,
    icews_row,
    in_archive,
    phoenix_row,
    polecat_row,
)

REAL = Path(os.environ.get("REALDATA", Path(__file__).resolve().parents[3] / "shared" / "realdata"))
MADE = {
    "gdelt": in_archive(
        [gdelt_row(1), gdelt_row(2, width=57), gdelt_row(3, source="EUR"), gdelt_row(1)]
    ),
    "gdelt2": in_archive(
        [
            gdelt_row(number, code=code, width=61)
            for number, code in enumerate(("010", "112", "190"))
        ]
    ),
    "icews": in_archive(
        [icews_row(1), icews_row(2, day="6/1/2018"), icews_row(3, code="13y")], ICEWS_HEADER
    ),
    "polecat": in_archive(
        [
            polecat_row(),
            polecat_row("2", actors="USA; CHN; RUS", recipients="None"),
            polecat_row("3", kind="AID"),
        ],
        POLECAT_HEADER,
    ),
    "phoenix": in_archive([phoenix_row(), phoenix_row("2", code="112")]),
    "historical": in_archive(
        [historical_row(), historical_row("2", code="112")], HISTORICAL_HEADER
    ),
}
WITH_HEADER = ("icews", "polecat", "historical", "tab")
PIECES = [
    b"\t",
    b"\n",
    b"\r\n",
    b"\0",
    b'"',
    b",",
    b";",
    b"\xff",
    b"\xc3",
    b"-",
    b"9" * 30,
    b"NA",
    b"None",
    "é".encode(),
    b"'",
    b"\x1f",
]


def lines_of(content):
    return [line for line in content.split(b"\n") if line.removesuffix(b"\r")]


def check(path, content, header, **choices):
    """Read a file, and account for every line of it.

    What is no feed any more is an error of ours.
    """
    path.write_bytes(content)
    try:
        table = read_feed(path, settings=FeedSettings(list_filtered=True, **choices))
    except ForecastError:
        return False
    account = table.accounts[0]
    (file,) = account.files
    assert file.rows == len(lines_of(content)) - header
    assert file.rows == file.kept + file.rejected + file.filtered + file.duplicates
    assert (file.rejected, file.filtered, file.duplicates) == (
        len(table.rejects),
        len(account.filtered),
        len(account.duplicates),
    )
    elsewhere = [*table.rejects["line"], *account.filtered["line"], *account.duplicates["line"]]
    assert len(set(elsewhere)) == len(elsewhere)
    assert broken_rules(table.events) == []
    assert table.events["event_id"].is_unique
    return True


def mutated(content, seed, times):
    """Return content with some bytes changed, taken out, put in, and lines repeated or cut."""
    chance = random.Random(seed)
    data = bytearray(content)
    for _ in range(times):
        place = chance.randrange(len(data) + 1)
        kind = chance.randrange(5)
        if kind == 0 and place < len(data):
            data[place] = chance.randrange(256)
        elif kind == 1:
            del data[place : place + chance.choice((1, 2, 5, 50))]
        elif kind == 2:
            data[place:place] = chance.choice(PIECES)
        elif kind == 3:
            lines = data.split(b"\n")
            lines.insert(chance.randrange(len(lines) + 1), chance.choice(lines))
            data = bytearray(b"\n".join(lines))
        elif len(data) > 100:
            end = chance.choice((len(data), place))
            data = data[: max(end, 50)]
    return bytes(data)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("fuzz")


@pytest.mark.parametrize("name", MADE)
def test_what_was_made_up_is_read_as_it_is(name, folder):
    assert check(folder / name, MADE[name].encode(), name in WITH_HEADER)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(name=st.sampled_from(sorted(MADE)), seed=st.integers(0, 2**32), times=st.integers(1, 12))
def test_a_damaged_file_loses_nothing_in_silence(name, seed, times, folder):
    check(folder / name, mutated(MADE[name].encode(), seed, times), name in WITH_HEADER)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    content=st.binary(max_size=300)
    | st.text(alphabet='\t\n,;"0123456789ABC ', max_size=300).map(str.encode)
)
def test_what_is_no_file_of_a_feed_is_an_error(content, folder):
    check(folder / "any", content, header=False)


def some_lines(path, number, seed, header):
    lines = path.read_bytes().split(b"\n")
    chosen = random.Random(seed).sample(lines[1:], number)
    return b"\n".join(([lines[0]] if header else []) + chosen) + b"\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "icews/events.2018.sample.tab",
        "icews/daily/20181007-icews-events.tab",
        "gdelt/gdelt1_raw_sample.export.CSV",
    ],
)
def test_thousands_of_mutations_of_real_files(name, folder):
    if not (REAL / name).exists():
        pytest.skip(f"{name} is not at hand")
    header = name.endswith(".tab")
    read = 0
    for seed in range(1500):
        content = mutated(some_lines(REAL / name, 40, seed, header), seed, 1 + seed % 20)
        choices = {"sectors": "all", "one_a_day": bool(seed % 2)} if seed % 3 else {}
        read += check(folder / (REAL / name).name, content, header, **choices)
    assert read > 700


@pytest.mark.slow
@pytest.mark.parametrize("name", MADE)
def test_thousands_of_mutations_of_what_was_made_up(name, folder):
    for seed in range(500):
        check(folder / name, mutated(MADE[name].encode(), seed, 1 + seed % 15), name in WITH_HEADER)


@pytest.mark.slow
def test_damaged_archives(folder):
    path, whole = folder / "a.zip", folder / "whole.zip"
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(3):
            archive.writestr(f"2018060{number}.export.CSV", MADE["gdelt"] * 20)
    for seed in range(500):
        path.write_bytes(mutated(whole.read_bytes(), seed, 1 + seed % 5))
        try:
            table = read_feed(path)
        except ForecastError:
            continue
        for file in table.accounts[0].files:
            assert file.rows == file.kept + file.rejected + file.filtered + file.duplicates
