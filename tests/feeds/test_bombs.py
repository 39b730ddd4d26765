"""Archives and tables that unpack to far more than any publisher's end quickly, in little memory, and with a reason."""

import json
import os
import re
import struct
import subprocess
import sys
import zipfile
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecast.base.errors import DataError
from forecast.data.feeds import lines, read_feed
from tests.feeds.made import gdelt_row, in_archive, written, zipped

REAL = Path(os.environ.get("REALDATA", Path(__file__).resolve().parents[3] / "shared" / "realdata"))
SECONDS, MEGABYTES = 2, 200
NAME = "20180601.export.CSV"
HEAD = f"{gdelt_row(1, code='112')}\n".encode() * 3000

MEASURED = """
import json, resource, sys
import duckdb, pandas, pyarrow.csv, pyarrow.parquet
from forecast.data.archive import import_files
from forecast.data.events import read_table
from forecast.data.feeds import count_feed, read_feed

def used():
    now = resource.getrusage(resource.RUSAGE_SELF)
    return now.ru_utime + now.ru_stime, now.ru_maxrss / 1000

columns = {"date": "day", "source": "a", "target": "b", "cameo": "code"}
feeds = {"read": read_feed, "count": count_feed, "import": lambda path: import_files(path, f"{path}.archive").files}
tables = {"table": lambda path: read_table(path, {"dataset": "m", "columns": columns})}
found = {}
for path in sys.argv[1:]:
    for how, read in (tables if path.endswith(".parquet") else feeds).items():
        before = used()
        try:
            said = str(read(path))
        except Exception as error:
            said = f"{type(error).__name__}: {error}"
        after = used()
        found[f"{path.rpartition('/')[2]} {how}"] = [after[0] - before[0], after[1] - before[1], said[:10_000]]
print(json.dumps(found))
"""


@cache
def heads_and_directory(number):
    """The heads of empty members, and their directory."""
    names = [b"%07d.CSV" % place for place in range(number)]
    heads = [
        struct.pack("<4s5H3I2H", b"PK\3\4", 20, 0, 0, 0, 33, 0, 0, 0, len(name), 0) + name
        for name in names
    ]
    starts = np.cumsum([0, *map(len, heads)])
    directory = b"".join(
        struct.pack(
            "<4s6H3I5H2I", b"PK\1\2", 20, 20, 0, 0, 0, 33, 0, 0, 0, len(name), 0, 0, 0, 0, 0, start
        )
        + name
        for name, start in zip(names, starts, strict=False)
    )
    return b"".join(heads), directory


def empty_members(path, number, *, said=None, zip64=True):
    """Write an archive of empty members, which says of how many.

    Without `zip64` in a directory of the old form.
    """
    said = number if said is None else said
    heads, directory = heads_and_directory(number)
    start, end = len(heads), len(heads) + len(directory)
    tail = struct.pack(
        "<4s4H2IH", b"PK\5\6", 0, 0, said & 0xFFFF, said & 0xFFFF, len(directory), start, 0
    )
    if zip64:
        tail = struct.pack(
            "<4sQ2H2I4Q", b"PK\6\6", 44, 45, 45, 0, 0, said, said, len(directory), start
        )
        tail += struct.pack("<4sIQI", b"PK\6\7", 0, end, 1)
        tail += struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    path.write_bytes(heads + directory + tail)
    return path


def many_rows(path):
    """160 kB for 160 million rows."""
    return zipped(path, {NAME: HEAD + b"\n" * 160_000_000}, compresslevel=9)


def many_rows_in_small_members(path):
    """Members that are each below what any archive may unpack to."""
    return zipped(
        path, {f"{place}.CSV": HEAD + b"1\n" * 4_400_000 for place in range(8)}, compresslevel=9
    )


def many_rows_in_a_small_archive(path):
    return zipped(path, {NAME: HEAD + b"1\n" * 4_400_000}, compresslevel=9)


def many_rows_unpacked(path):
    path.write_bytes(HEAD + b"1\n" * 40_000_000)
    return path


def many_rows_that_lie(path):
    """The directory says that they are fewer, and that they take more of the archive."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr(NAME, HEAD + b"1\n" * 60_000_000)
        archive.writestr("more", np.random.default_rng(1).bytes(2_000_000))
    content = bytearray(path.read_bytes())
    place = content.index(b"PK\1\2")
    content[place + 20 : place + 28] = struct.pack("<2I", 100_000, 9_000_000)
    path.write_bytes(content)
    return path


def table_of_repetitions(path):
    pd.DataFrame(
        {name: pd.Categorical([value]).repeat(5_000_000) for name, value in TABLE.items()}
    ).to_parquet(path)
    assert path.stat().st_size < 200_000
    return path


TABLE = {"day": "2018-06-01", "a": "USA", "b": "CHN", "code": "042"}
DIRECTORY = "has a directory of 57,000,000 bytes, more than that of 10,000 files"
BOMBS = {
    "rows.zip": (many_rows, "unpacks to .* more than 100 times its size"),
    "members-of-rows.zip": (
        many_rows_in_small_members,
        "unpacks to .* more than 100 times its size",
    ),
    "few-bytes.zip": (many_rows_in_a_small_archive, "has 4,403,000 lines .* has 100,000 at most"),
    "plain.CSV": (many_rows_unpacked, "lines .* has 1,280,000 at most"),
    "lies.zip": (many_rows_that_lie, "is damaged"),
    "members.zip": (lambda path: empty_members(path, 1_000_000), DIRECTORY),
    "lie-of-zip64.zip": (lambda path: empty_members(path, 1_000_000, said=3), DIRECTORY),
    "lie.zip": (lambda path: empty_members(path, 1_000_000, said=3, zip64=False), DIRECTORY),
    "names.zip": (
        lambda path: empty_members(path, 50_000, said=3, zip64=False),
        "holds 50,000 files, more than 10,000",
    ),
    "most.zip": (lambda path: empty_members(path, 10_000), "does not look like"),
    "table.parquet": (table_of_repetitions, "table.parquet has 5,000,000 rows in"),
}


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """What every reader says of every bomb, with seconds of the processor and megabytes, in a process of its own."""
    folder = tmp_path_factory.mktemp("bombs")
    pd.DataFrame({name: [value] for name, value in TABLE.items()}).to_parquet(
        folder / "small.parquet"
    )
    small = [
        written(folder / "small.CSV", [gdelt_row(1)]),
        folder / "small.parquet",
    ]  # what is imported late
    bombs = [make(folder / name) for name, (make, _) in BOMBS.items()]
    command = [sys.executable, "-c", MEASURED, *map(str, small + bombs)]
    return json.loads(
        subprocess.run(command, capture_output=True, text=True, timeout=300, check=True).stdout
    )


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_ends_soon_in_little_memory_with_a_reason(measured, name):
    for how in ("table",) if name.endswith(".parquet") else ("read", "count", "import"):
        seconds, megabytes, said = measured[f"{name} {how}"]
        assert seconds < SECONDS and megabytes < MEGABYTES, (how, seconds, megabytes)
        assert re.search(BOMBS[name][1], said), (how, said)


def test_the_reason_says_what_to_do(tmp_path):
    with pytest.raises(
        DataError,
        match="Fetch it again from its publisher, or unpack it by hand and name the folder",
    ):
        read_feed(zipped(tmp_path / "a.zip", {NAME: "0" * 20_000_000}))


def test_members_in_one_place_are_not_read(tmp_path):
    path = zipped(
        tmp_path / "a.zip", {"a": in_archive([gdelt_row(1)]), "b": in_archive([gdelt_row(1)])}
    )
    content = bytearray(path.read_bytes())
    place = content.rindex(b"PK\1\2")
    content[place + 42 : place + 46] = bytes(4)
    path.write_bytes(content)
    with pytest.raises(
        DataError, match="says that files in it lie in the same place or beyond its end"
    ):
        read_feed(path)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_compression_that_unpacks_without_bounds_is_not_read(tmp_path, method):
    with zipfile.ZipFile(tmp_path / "a.zip", "w", method) as archive:
        archive.writestr(NAME, in_archive([gdelt_row(1)]))
    with pytest.raises(DataError, match="is not compressed as zip files usually are"):
        read_feed(tmp_path / "a.zip")


@pytest.mark.parametrize(
    "name", ["icews/daily/20181007-icews-events.tab", "gdelt/gdelt1_raw_sample.export.CSV"]
)
def test_what_feeds_publish_is_far_within_the_bounds(tmp_path, name):
    if not (REAL / name).exists():
        pytest.skip(f"{name} is not at hand")
    content = (REAL / name).read_bytes()
    (file,) = lines.find_files([zipped(tmp_path / "a.zip", {"a": content}, compresslevel=9)])
    rows = content.count(b"\n")
    assert 8 * file.size < lines.MAX_COMPRESSION_RATIO * file.stored
    assert (
        file.size > 8 * lines.LEAST_OF_A_LINE * rows
        and file.stored > 8 * lines.LEAST_ON_THE_DISK * rows
    )
