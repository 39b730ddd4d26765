"""Damaged inputs of every kind, by number.

The answer is a result or an error of this package, and nothing is lost.

A case is a kind and a seed, and the same two give the same case. Kinds are those of `KINDS`: files
of the feeds, tables of events, mappings, plans, questions, ledgers and saved fits. ``python -m
tests.nightly.fuzz`` tries them by the thousand.
"""

import json
import random
import shutil
from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import xarray as xr
import yaml

from forecast.base.errors import FitFileError, ForecastError, LedgerError, PlanError, QuestionError
from forecast.data.events import read_table
from forecast.desk.questions import (
    Ledger,
    TrackRecord,
    answered,
    append_entries,
    asked,
    conditional_question,
    joint_question,
    read_question,
    resolved,
)
from forecast.desk.questions.form import write_question
from forecast.model.fitted import Fit
from forecast.study.hypotheses.plan import read_plan
from tests.feeds.test_fuzz_feeds import MADE, WITH_HEADER, check, mutated
from tests.questions.made import came, made, said

ROOT = Path(__file__).resolve().parents[3]
FIT = ROOT / "tests" / "model" / "data" / "fit_v1.nc"
HOSTILE: tuple[Any, ...] = (
    None,
    "",
    " ",
    "x",
    "tab",
    '"',
    "\n",
    "utf-16",
    "%Q",
    "mixed",
    "parquet",
    0,
    1,
    -1,
    99,
    1.5,
    1e308,
    float("inf"),
    float("nan"),
    10**30,
    True,
    [],
    ["a"],
    [[]],
    [1, None],
    {},
    {"date": 1},
    {"x": []},
    "\x1b[31m",
    "\u202e",
    "é",
    "2024-02-30",
    "0001-01-01",
    "9999-12-31",
    "USA-CHN",
    "USA-USA",
    "../x",
    "x" * 3000,
    "=1+1",
)
"""Values in the place of right ones."""
TABLE = "\n".join(
    [
        "day,from,to,code,n,note",
        *(
            f"2024-0{1 + i % 9}-1{i},USA,CHN,{code},{1 + i % 3},text {i}"
            for i, code in enumerate(("010", "046", "112", "173", "190", "057"))
        ),
        "2024-05-16,RUS,[CHN],010,1,joint",
        "",
    ]
)
MAPPING = {
    "dataset": "mine",
    "columns": {
        "date": "day",
        "source": "from",
        "target": "to",
        "cameo": "code",
        "n": "n",
        "summary": "note",
    },
    "date_format": "%Y-%m-%d",
    "encoding": "utf-8",
}


def _accounted(table: Any) -> None:
    """Every row of a table is an event or rejected."""
    (file,) = table.files
    assert file.rows == len(table.events) + len(table.rejects)


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the paths of all values inside a value."""
    inside = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    return [place for key, one in inside for place in ((*path, key), *_places(one, (*path, key)))]


def damaged_form(text: str, seed: int) -> bytes:
    """Return a form of YAML with some values changed, removed, moved or added.

    By turns with some bytes changed.
    """
    rng = random.Random(seed)
    if seed % 3 == 0:
        return mutated(text.encode(), seed, rng.randint(1, 6))
    whole = yaml.safe_load(text)
    for _ in range(rng.randint(1, 3)):
        places = _places(whole)
        *above, last = rng.choice(places)
        inside = whole
        for key in above:
            inside = inside[key]
        kind = rng.randrange(5)
        if kind < 3:
            inside[last] = deepcopy(rng.choice(HOSTILE))
        elif kind == 3:
            del inside[last]
        elif isinstance(inside, dict):
            inside[rng.choice(["x", "version", "id", 1, None, "dyad", "é"])] = deepcopy(
                rng.choice(HOSTILE)
            )
        else:
            inside.append(deepcopy(rng.choice(HOSTILE)))
        if not places or not _places(whole):
            break
    return yaml.safe_dump(whole, allow_unicode=bool(seed % 2)).encode("utf-8", "surrogatepass")


def of_feed(name: str) -> Callable[[Path, int], bool]:
    """Return the cases of a feed.

    Lines are kept, rejected, filtered or repeat others, and none is anything else.
    """

    def case(folder: Path, seed: int) -> bool:
        choices: dict[str, Any] = (
            {"sectors": "all", "one_a_day": bool(seed % 2)} if seed % 3 else {}
        )
        return check(
            folder / name,
            mutated(MADE[name].encode(), seed, 1 + seed % 15),
            name in WITH_HEADER,
            **choices,
        )

    return case


def table(folder: Path, seed: int) -> bool:
    """Read a table of events of which bytes were changed."""
    path = folder / "table.csv"
    path.write_bytes(mutated(TABLE.encode(), seed, 1 + seed % 8))
    try:
        _accounted(read_table(path, MAPPING))
    except ForecastError:
        return False
    return True


def mapping(folder: Path, seed: int) -> bool:
    """Read a table with a mapping of which something was changed."""
    (folder / "whole.csv").write_text(TABLE, "utf-8")
    path = folder / "mapping.yaml"
    path.write_bytes(damaged_form(yaml.safe_dump(MAPPING), seed))
    try:
        _accounted(read_table(folder / "whole.csv", path))
    except ForecastError:
        return False
    return True


def plan(folder: Path, seed: int) -> bool:
    """Read a frozen plan of which something was changed: it is refused, or the same."""
    whole = sorted((ROOT / "reports" / "plans").glob("*.yaml"))[seed % 2]
    path = folder / "plan.yaml"
    path.write_bytes(damaged_form(_text(whole), seed))
    try:
        found = read_plan(path)
    except PlanError:
        return False
    known = _plan(whole)
    assert found.frozen == known.frozen
    assert found.model_copy(update={"deviations": known.deviations}) == known
    return True


def question(folder: Path, seed: int) -> bool:
    """Read a question of which something was changed; what is one comes back from its own file."""
    texts = _questions()
    path = folder / "question.yaml"
    path.write_bytes(damaged_form(texts[seed % len(texts)], seed))
    try:
        found = read_question(path)
    except QuestionError:
        return False
    again = folder / "again.yaml"
    again.unlink(missing_ok=True)
    write_question(again, found)
    assert read_question(again) == found
    assert found.sentence
    return True


def ledger(folder: Path, seed: int) -> bool:
    """Read a ledger of which bytes were changed.

    It is refused, or it has the first of the entries, and no other.
    """
    path = folder / "ledger.jsonl"
    whole = _ledger()
    changed = mutated(whole, seed, 1 + seed % 4)
    path.write_bytes(changed)
    try:
        found = Ledger.read(path)
    except LedgerError:
        return False
    number = len(found.entries)
    lines = whole.splitlines(keepends=True)
    assert not found.faults
    assert [entry.plain for entry in found.entries] == [json.loads(line) for line in lines[:number]]
    rest = changed.removeprefix(b"".join(lines[:number]))
    assert not rest or found.torn or rest == lines[number].removesuffix(b"\n")
    TrackRecord.of(found)
    return True


def fit(folder: Path, seed: int) -> bool:
    """Load a fit of which files are damaged: it is refused, or the same."""
    rng, whole = random.Random(seed), _saved(folder)
    copy = folder / "damaged.zarr"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(whole, copy)
    damage(rng, copy)
    try:
        found = Fit.load(copy)
    except FitFileError:
        return False
    known = _fit()
    for name in ("posterior", "sample_stats", "panel"):
        xr.testing.assert_equal(getattr(found, name), getattr(known, name))
    assert (found.spec, found.provenance) == (known.spec, known.provenance)
    return True


def damage(rng: random.Random, folder: Path) -> None:
    """Remove, empty, cut, change or swap files of a folder."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    for path in rng.sample(paths, rng.randint(1, 3)):
        content = path.read_bytes()
        place = rng.randrange(max(len(content), 1))
        kind = rng.choice(["remove", "empty", "cut", "change", "swap"])
        if kind == "remove":
            path.unlink()
        elif kind == "swap":
            path.write_bytes(rng.choice([other for other in paths if other.exists()]).read_bytes())
        else:
            changed = bytes([content[place] ^ 0x55]) if content else b"x"
            path.write_bytes(
                {"empty": b"", "cut": content[:place]}.get(
                    kind, content[:place] + changed + content[place + 1 :]
                )
            )


KINDS: dict[str, Callable[[Path, int], bool]] = {
    **{name: of_feed(name) for name in MADE},
    "table": table,
    "mapping": mapping,
    "plan": plan,
    "question": question,
    "ledger": ledger,
    "fit": fit,
}
"""Functions that try a case in a folder, by kind; they return whether something was read."""


@cache
def _text(path: Path) -> str:
    return path.read_text("utf-8")


@cache
def _plan(path: Path) -> Any:
    return read_plan(path)


@cache
def _questions() -> list[str]:
    """Return questions of several kinds, as files."""
    bare: dict[str, Any] = {"threshold": None, "cooperative": None}
    one, other = made("a"), made("b", threshold=60.0)
    own = [
        one,
        made("c", kind="passage", when="by", span=1, before=[]),
        made("d", kind="tone", threshold=1.0, cooperative=None),
        made("e", kind="count", of="violence", at_least=1, **bare),
        joint_question([one, other], id="joint"),
        conditional_question(one, other, id="conditional"),
    ]
    return [yaml.safe_dump(json.loads(json.dumps(question.plain, default=str))) for question in own]


@cache
def _ledger() -> bytes:
    """Return a ledger of two questions, one of them resolved."""
    import tempfile

    early, late = datetime(2021, 4, 1, 12, tzinfo=UTC), datetime(2022, 2, 1, 12, tzinfo=UTC)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.jsonl"
        for name in ("a", "b"):
            append_entries(path, [asked(made(name))], now=early)
            append_entries(
                path, [answered(said(name), model={"cycle": "linear"}, converged=True)], now=early
            )
        append_entries(path, [resolved(came("a"))], now=late)
        return path.read_bytes()


@cache
def _fit() -> Fit:
    return Fit.load(FIT)


@cache
def _saved(folder: Path) -> Path:
    return _fit().save(folder / "whole.zarr")
