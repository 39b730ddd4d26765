"""Random hostile cases by the thousand.

Whatever is given, the answer is a result or a sentence, and nothing is lost.

Seeded, and in pieces that run by themselves: ``pytest tests/nightly/fuzz -m nightly -k "options and
17"``. A quick sample of each kind runs with the ordinary tests. Damaged files are in
`tests.nightly.fuzz.mutations`.
"""

import json
import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from forecast.base import files, folders, unfinished
from forecast.base.errors import ForecastError, MappingError
from forecast.base.escaping import has_controls
from forecast.base.forms import read_form
from forecast.cli import EXIT_CODES, app
from forecast.data.events import read_table
from tests.systems import posix

pytestmark = posix

PIECES = 20


def pieces(quick: int, each: int) -> list[object]:
    """Return (seed, cases) of the quick sample, and of the pieces of the slow suite."""
    slow = [
        pytest.param(seed, each, marks=pytest.mark.nightly, id=str(seed))
        for seed in range(1, PIECES + 1)
    ]
    return [pytest.param(0, quick, id="quick"), *slow]


# Options

TEXTS = [
    "",
    " ",
    "-1",
    "0",
    "1",
    "2",
    "1e9",
    "1" * 30,
    "9" * 5000,
    "nan",
    "inf",
    "-inf",
    "0x10",
    "1,2,3",
    "3,,6",
    "121",
    "3,3",
    "2023-10-31",
    "2023-13",
    "9999-12",
    "0001-01",
    "2199-01-01",
    "USA-CHN",
    "chn-usa",
    "USA-USA",
    "XXX-YYY",
    "month",
    "linear",
    "era+depth",
    "era+era",
    "none",
    "S5",
    "S99",
    "S5,S5",
    "..",
    ".",
    "/",
    "/dev/null",
    "/dev/zero",
    "loop",
    "pipe",
    "mine.csv",
    "mine.yaml",
    "text.txt",
    "folder",
    "nowhere",
    "a\nb",
    "\x1b[31m",
    "[red]",
    "\u202e",
    "é",
    "x" * 300,
    "--help",
    "'; rm -rf .",
    "$(touch owned)",
    "%s%n",
    "=1+1",
    "\ud83d\ude00",
    "fit.nc",
]
OPTIONS = {
    ("events", "check"): ["PATH", "--mapping", "--rejects", "--json"],
    ("events", "show"): ["PATH", "--events", "--mapping", "--from", "--to", "--directed", "--json"],
    ("report", "--fit", "nowhere"): [
        "PATH",
        "--as-of",
        "--horizons",
        "--out",
        "--seed",
        "--alone",
        "--improvement",
        "--since",
        "--eras",
        "--nodes",
        "--dynamics",
        "--ceiling",
        "--shocks",
        "--draws",
        "--tune",
        "--chains",
        "--cores",
        "--json",
        "--frequency",
    ],
    ("test", "--plan", "nowhere"): ["--out", "--cores", "--json", "--seed", "--claims", "PATH"],
    ("test", "--events", "nowhere"): [
        "--with",
        "--cores",
        "--json",
        "--seed",
        "--claims",
        "--as-of",
        "--mapping",
    ],
    ("plan", "show"): ["PATH", "--json"],
    ("plan", "freeze"): ["PATH"],
    ("plan", "deviate"): ["PATH", "PATH"],
    ("power", "--events", "nowhere"): ["--claims", "--sets", "--checkpoint", "--cores", "--as-of"],
}
FLAGS = {"--json", "--directed", "--alone"}


def workshop(folder: Path) -> None:
    """Fill a folder with what the options name."""
    (folder / "mine.csv").write_text(
        "day,from,to,code\n2024-05-15,USA,CHN,010\n2024-05-16,USA,[CHN],010\n"
    )
    (folder / "mine.yaml").write_text(
        "dataset: mine\ncolumns: {date: day, source: from, target: to, cameo: code}\n"
    )
    (folder / "text.txt").write_text("years of work")
    (folder / "folder").mkdir()
    (folder / "folder" / "levels.csv").write_text("years of work")
    (folder / "folder" / "index.html").write_text("years of work")
    (folder / "loop").symlink_to("loop")
    os.mkfifo(folder / "pipe")


def content(folder: Path) -> dict[str, bytes]:
    found = folder.rglob("*")
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in found
        if path.is_file() and not path.is_symlink()
    }


def command(rng: random.Random) -> list[str]:
    verb = rng.choice(list(OPTIONS))
    words = list(verb)
    for option in rng.sample(OPTIONS[verb], rng.randint(0, min(4, len(OPTIONS[verb])))):
        words += [] if option == "PATH" else [option]
        words += [] if option in FLAGS else [rng.choice(TEXTS)]
    return words


@pytest.mark.parametrize(("seed", "cases"), pieces(quick=25, each=120))
def test_options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int, cases: int) -> None:
    rng = random.Random(seed)
    monkeypatch.chdir(tmp_path)
    workshop(tmp_path)
    before = content(tmp_path)
    for _ in range(cases):
        words = command(rng)
        if "\0" in "".join(words):
            continue
        result = CliRunner().invoke(app, words)
        assert result.exception is None or isinstance(result.exception, SystemExit), (
            words,
            result.exception,
        )
        assert result.exit_code in EXIT_CODES, words
        assert result.exit_code == 0 or result.output.strip(), words
        if result.output.startswith("Error:"):
            assert not has_controls(result.output.replace("\n", "")), words
        after = content(tmp_path)
        assert {name: after.get(name) for name in before} == before, words
        assert not (tmp_path / "owned").exists() and not [
            name for name in after if "partial" in name
        ], words
        for name in after.keys() - before.keys():  # rejects that were asked for
            (tmp_path / name).unlink()


# Forms

PARTS = [
    "a",
    "b",
    ": ",
    "- ",
    "[",
    "]",
    "{",
    "}",
    "&x ",
    "*x",
    "!!int ",
    "!!python/name:os.system ",
    "'",
    '"',
    "\n",
    "  ",
    "#",
    "|",
    ">",
    "%",
    "? ",
    "<<: ",
    "1",
    "2024-01-01",
    ".inf",
    "0x1f",
    "1:30",
    "\t",
    "---",
    "...",
    "\x00",
    "é",
    "~",
    ",",
]
FIELDS = [
    "dataset",
    "columns",
    "constants",
    "format",
    "delimiter",
    "quoted",
    "header",
    "encoding",
    "missing",
    "date_format",
    "known_at_format",
    "countries",
    "leading_zeros",
    "duplicate_ids",
]
VALUES = [
    None,
    "",
    "x",
    "tab",
    '"',
    "\n",
    "utf-8",
    "hex",
    "idna",
    "utf-16",
    "%Q",
    "%Y",
    "%",
    "%Y-%m-%d",
    "mixed",
    "lost",
    "parquet",
    0,
    1,
    -1,
    99,
    1.5,
    True,
    [],
    ["a"],
    [[]],
    {},
    {"date": 1},
    {"date": "day"},
    {"x": []},
    "\x1b",
]


@pytest.mark.parametrize(("seed", "cases"), pieces(quick=150, each=5000))
def test_forms(tmp_path: Path, seed: int, cases: int) -> None:
    rng, path = random.Random(seed), tmp_path / "form.yaml"
    for _ in range(cases):
        text = "".join(rng.choices(PARTS, k=rng.randint(1, 40)))
        path.write_text(text)
        try:
            read_form(path, "mapping", MappingError)
        except MappingError as error:
            assert "form.yaml" in str(error), text


@pytest.mark.parametrize(("seed", "cases"), pieces(quick=15, each=200))
def test_mappings(tmp_path: Path, seed: int, cases: int) -> None:
    rng = random.Random(seed)
    workshop(tmp_path)
    base = {
        "dataset": "mine",
        "columns": {"date": "day", "source": "from", "target": "to", "cameo": "code"},
    }
    for _ in range(cases):
        mapping = base | {
            field: rng.choice(VALUES) for field in rng.sample(FIELDS, rng.randint(1, 3))
        }
        (tmp_path / "mine.json").write_text(json.dumps(mapping))
        try:
            table = read_table(tmp_path / "mine.csv", tmp_path / "mine.json")
        except ForecastError:
            continue
        (file,) = table.files
        assert file.rows == len(table.events) + len(table.rejects), mapping


# Kills


def write_report(out: Path, word: str, names: list[str]) -> None:
    with folders.atomic_folder(out, subfolders=["fit.zarr"]) as new:
        for name in names:
            files.write_text(new / name, word)


def killed(step: int, work: Callable[[], None]) -> None:
    """Do the work in a process that is killed before its n-th step on the disk."""
    if (child := os.fork()) == 0:
        steps: Iterator[int] = iter(range(1, 10**9))
        import sys

        sys.addaudithook(
            lambda event, _: (
                os.kill(os.getpid(), 9)
                if event
                in (
                    "os.rename",
                    "os.remove",
                    "os.mkdir",
                    "os.rmdir",
                    "os.link",
                    "forecast.base.exchange",
                )
                and next(steps) == step
                else None
            )
        )
        work()
        os._exit(0)
    os.waitpid(child, 0)


@pytest.mark.parametrize(("seed", "cases"), pieces(quick=10, each=300))
def test_kills_one_after_the_other(tmp_path: Path, seed: int, cases: int) -> None:
    rng, out = random.Random(seed), tmp_path / "report"
    names = ["index.html", "forecast.json", "levels.csv", "fit.zarr/zarr.json"]
    write_report(out, "0", names)
    files.write_text(out / "notes.txt", "mine")
    for number in range(1, cases + 1):
        killed(rng.randint(1, 60), lambda number=number: write_report(out, str(number), names))
        found = {(out / name).read_text() for name in names}
        assert len(found) == 1, found
        assert (out / "notes.txt").read_text() == "mine"
    write_report(out, "last", names)
    assert {path.name for path in tmp_path.iterdir()} == {"report"}
    with unfinished.partial_folder(out):
        pass
