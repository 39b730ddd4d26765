"""Commands to be disturbed, each with the folder that it starts from.

Fits and pages are stand-ins that cost little.
"""

import hashlib
import json
import pickle
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from itertools import cycle
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import xarray as xr

from forecast.base.digests import digest
from forecast.base.errors import ForecastError
from forecast.model.fitted import Fit
from tests.feeds.made import ICEWS_HEADER, icews_row, written
from tests.fetch.server import FaultyServer, places
from tests.made import leave_out_sampling
from tests.pages import leave_figures_empty
from tests.records import DATA, PAIRS, run, run_monday, write_record

ADDED = ("--add", "added", "--covered-to", "USA-CHN:2024-01-07")
WEEKS = (date(2024, 1, 8), date(2024, 1, 15))
FETCH = (
    "first_wait=0.001",
    "longest_wait=0.01",
    "stall=1",
    "attempts=2",
    "per_second=1000",
    "parallel=1",
)
MOMENT = datetime(2026, 8, 1, 12, tzinfo=UTC)


CLOCKS = [
    "forecast.desk.questions.appending",
    "forecast.data.archive.segments",
    "forecast.data.fetch.client",
    "forecast.data.fetch.download",
    "forecast.data.fetch.run",
]
"""Modules that read a clock."""

REMEMBERED = [
    *(
        f"forecast.outlook.{name}"
        for name in (
            "assess",
            "brief",
            "carrying_over.carry_over",
            "comparison.carry_over",
            "comparison.split_change",
        )
    ),
    *(
        f"forecast.report.page.{name}"
        for name in ("gather", "levels_table", "forecast_json", "summary")
    ),
    *(f"forecast.model.fitted.{name}" for name in ("check_convergence", "with_quantities")),
    "forecast.outlook.attribution.attribute",
    "forecast.model.update",
    "forecast.desk.questions.answer.answer_question",
    "forecast.report.skill.dyad.read_skill",
    "forecast.data.records.build_panel",
    "forecast.data.events.chronology.conform",
    "forecast.data.events.tables.conform",
    "forecast.data.events.adding.read_rows",
    "forecast.data.events.adding.even_spans",
    "forecast.data.events.stated_coverage.even_spans",
    "typer.testing._get_command",
]
"""What only computes, and is computed once for the same arguments."""


class StoppedClock(datetime):
    """The class of moments, of which now is always the same one."""

    @classmethod
    def now(cls, tz: Any = None) -> datetime:
        return MOMENT


@contextmanager
def standing_in() -> Iterator[None]:
    """Let fits, what is computed from them, pages and clocks be stand-ins.

    The same every time, and quickly there.
    """
    with pytest.MonkeyPatch.context() as patch:
        leave_out_sampling(patch)
        leave_figures_empty(patch)
        for place in REMEMBERED:
            module, _, name = place.rpartition(".")
            patch.setattr(place, _remembered(getattr(import_module(module), name)))
        patch.setattr(
            "forecast.report.page._content",
            lambda material, figures: {"title": material.result.title},
        )
        patch.setattr("forecast.report.publishing.render", _rendered)
        patch.setattr("forecast.base.resources.commit", lambda: None)
        patch.setattr(xr.DataTree, "to_zarr", _stored)
        patch.setattr("forecast.model.storage._opened", _opened)
        patch.setattr("forecast.base.progress.time", SimpleNamespace(perf_counter=lambda: 0.0))
        patch.setattr("forecast.model.updating.time", SimpleNamespace(perf_counter=lambda: 0.0))
        patch.setattr("forecast.base.dates.now", lambda: MOMENT)
        for name in CLOCKS:
            patch.setattr(f"{name}.datetime", StoppedClock)
        patch.setattr("forecast.data.archive.importing.MAX_BATCH_FILES", 1)
        patch.setenv("NO_PROXY", "127.0.0.1")
        yield


def _remembered(work: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that computes nothing twice.

    Its results follow from its arguments alone.
    """
    known: dict[str, Any] = {}

    def found(*arguments: Any, **options: Any) -> Any:
        options.pop("progress", None)
        key = digest(_text([arguments, options]).encode())
        if key not in known:
            try:
                known[key] = work(*arguments, **options)
            except ForecastError as error:
                known[key] = error
            if (
                arguments and known[key] is arguments[0]
            ):  # as it was, such as a fit of which nothing is new
                known[key] = None
        if isinstance(known[key], ForecastError):
            raise known[key].with_traceback(None)
        return arguments[0] if known[key] is None else known[key]

    return found


def _text(value: Any) -> str:
    if isinstance(value, Fit):
        return _text(value._groups)
    if isinstance(value, xr.Dataset | xr.DataArray):
        whole = value.to_dict(data="array")
        return _text(
            [whole.get("attrs"), whole.get("coords"), whole.get("data_vars", whole.get("data"))]
        )
    if isinstance(value, np.ndarray):
        return (
            repr(value.tolist())
            if value.dtype.kind in "OUT"
            else hashlib.sha256(np.ascontiguousarray(value)).hexdigest()
        )
    if hasattr(value, "to_csv"):
        return str(value.to_csv())
    if isinstance(value, dict):
        return "".join(f"{key}:{_text(one)}" for key, one in value.items())
    if isinstance(value, list | tuple):
        return f"({','.join(map(_text, value))})"
    if hasattr(value, "__dataclass_fields__"):
        return _text({name: getattr(value, name) for name in value.__dataclass_fields__})
    return "" if callable(value) else repr(value)


def _rendered(template: str, content: Any) -> str:
    """Return a page of a few lines."""
    links, files = content.get("links", {}), content.get("files", [])
    return f"<h1>{content.get('title', template)}</h1>\n{sorted(links.items())}\n{files}\n"


def _stored(tree: xr.DataTree, place: Path, **_: Any) -> None:
    """Be `DataTree.to_zarr`, with two files."""
    place.mkdir()
    with (place / "draws").open("wb") as file:
        pickle.dump(tree.to_dict(), file)
    (place / "zarr.json").write_text(json.dumps({"attributes": {"kind": tree.attrs["kind"]}}))


def _opened(path: Path) -> xr.DataTree:
    return xr.DataTree.from_dict(pickle.loads((path / "draws").read_bytes()))


@dataclass
class Command:
    """A command, and the folder that it is given in."""

    name: str
    make: Callable[[], None]  # Makes the folder, which is the working folder
    give: Callable[[], Any]  # Gives the command
    writes: set[str]  # What it writes, as it is named
    done: str = ""  # What the next run may say in place of doing it, if all was done
    port: int | None = None  # Of its server

    @property
    def archive(self) -> bool:
        """Whether it writes an archive, which is compared by what it says."""
        return "archive" in self.writes


def _record() -> None:
    """Write a record, and what is added in a week of 2024."""
    write_record()
    _add(date(2024, 1, 3))


def _add(day: date) -> None:
    rows = [
        f"{day},{pair[:3]},{pair[4:]},{kind},event"
        for pair in PAIRS
        for kind in ("talks", "sanction")
    ]
    Path("added", f"{day}.csv").write_text(
        "\n".join(["date,source,target,kind,summary", *rows, ""])
    )


def _well(*words: object) -> None:
    done = run(*words)
    assert done.exit_code == 0, done.output


def _with_fit() -> None:
    _record()
    _well("report", "USA-CHN", *DATA, "--with", "USA-RUS", "--horizons", "3,6", "--out", "base")
    shutil.copytree("base", "out")
    Path("out/notes.txt").write_text("mine")


def _with_question() -> None:
    _with_fit()
    own = ("--as-of", "2023-12-31", "--id")
    _well("question", "new", "USA-CHN", *DATA, "--above", "50", "--months", "6", *own, "half")
    _well(
        "question", "new", "USA-CHN", *DATA, "--at-least", "sanction", "--months", "1", *own, "jan"
    )


def _one_week() -> None:
    _record()
    for pair in PAIRS:
        own = (pair, "--as-of", "2023-12-31", "--id", f"half-{pair[4:].lower()}")
        _well("question", "new", *DATA, "--above", "50", "--months", "6", *own)
    assert run_monday(WEEKS[0]).exit_code == 0
    _add(date(2024, 1, 10))


def _feeds() -> None:
    folder = Path("feeds")
    folder.mkdir()
    for number, day in enumerate(("20181003", "20181004", "20181005")):
        rows = [
            icews_row(10 * number + one, f"{day[:4]}-{day[4:6]}-{day[6:]}", code=code)
            for one, code in enumerate(("111", "046"))
        ]
        written(folder / f"{day}-icews-events.tab", rows, ICEWS_HEADER)
    _well("events", "import", "feeds/20181003-icews-events.tab", "--archive", "archive")


SERVER = FaultyServer(places())


def _fetch() -> Any:
    settings = [word for one in FETCH for word in ("--fetch-setting", one)]
    return run(
        "events",
        "fetch",
        "gdelt",
        "--from",
        "2018-06-01",
        "--to",
        "2018-06-03",
        "--out",
        "gdelt",
        "--server",
        SERVER.address,
        *settings,
    )


def _long_record() -> None:
    """Write a record that begins early enough for a backtest."""
    days = (date(2012, 1, 15) + timedelta(days=30 * month) for month in range(97))
    write_record(
        *(
            f"{day},USA,CHN,{code}"
            for day, code in zip(days, cycle(("111", "046", "057")), strict=False)
        )
    )


def _backtest() -> Any:
    own = (
        "USA-CHN",
        *DATA,
        "--every",
        "12",
        "--horizons",
        "3",
        "--models",
        "no",
        "--processes",
        "1",
    )
    span = ("--from", "2019-01", "--to", "2020-01", "--benchmarks", "base_rate_10y,base_rate_2y")
    return run("backtest", *own, *span, "--out", "skill")


ASK = (
    "question",
    "new",
    "USA-CHN",
    *DATA,
    "--below",
    "40",
    "--months",
    "3",
    "--as-of",
    "2023-12-31",
    "--id",
    "low",
)
OUT = ("--horizons", "3", "--out", "out", "--replace")
WITH_ADDED = (
    "report",
    "USA-CHN",
    *DATA,
    *ADDED,
    "--fit",
    "base/fit.zarr",
    "--as-of",
    "2024-01-07",
    *OUT,
)
RESOLVE = (
    "question",
    "resolve",
    *DATA,
    "--add",
    "added",
    "--covered-to",
    "USA-CHN:2024-02-04",
    "--as-of",
    "2024-02-05",
)
UPDATE = ("question", "update", *DATA, "--fit", "base/fit.zarr")
COMMANDS = {
    one.name: one
    for one in (
        Command(
            "report",
            _with_fit,
            lambda: run("report", "USA-CHN", "--fit", "base/fit.zarr", *OUT),
            {"out"},
        ),
        Command("report --add", _with_fit, lambda: run(*WITH_ADDED), {"out"}),
        Command(
            "question new",
            _with_question,
            lambda: run(*ASK),
            {"questions"},
            "low was asked already",
        ),
        Command("question update", _with_question, lambda: run(*UPDATE), {"questions"}),
        Command("question resolve", _with_question, lambda: run(*RESOLVE), {"questions"}),
        Command(
            "events import",
            _feeds,
            lambda: run("events", "import", "feeds", "--archive", "archive"),
            {"archive"},
        ),
        Command("events fetch", lambda: None, _fetch, {"gdelt"}, port=SERVER.server_port),
        Command("backtest", _long_record, _backtest, {"skill"}),
        Command(
            "monday", _one_week, lambda: run_monday(WEEKS[1]), {"reports", "changes", "questions"}
        ),
    )
}
