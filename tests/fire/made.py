"""Commands to be disturbed, each with the folder that it starts from; fits and pages are stand-ins that cost little."""

import hashlib
import json
import pickle
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import xarray as xr
import yaml
from typer.testing import CliRunner

from forecast.cli import app
from forecast.model.fitted import Fit
from forecast.model.spec import spec_for
from tests.archive.killing import answer
from tests.feeds.made import ICEWS_HEADER, icews_row, written
from tests.fetch.server import FaultyServer, places
from tests.model.fits import unobserved

PAIRS = ("USA-CHN", "USA-RUS")
DATA = ("--events", "record.csv", "--mapping", "record.yaml")
ADDED = ("--add", "added", "--covered-to", "2024-01-07")
MONDAY = (*PAIRS, *DATA, "--horizons", "3,6")
WEEKS = (date(2024, 1, 8), date(2024, 1, 15))
FETCH = ("first_wait=0.001", "longest_wait=0.01", "stall=1", "attempts=2", "per_second=1000", "parallel=1")
MOMENT = datetime(2026, 8, 1, 12, tzinfo=UTC)


REMEMBERED = [
    *(f"forecast.outlook.{name}" for name in ("assess", "brief", "comparison.carry_over", "comparison.split_change")),
    *(f"forecast.report.page.{name}" for name in ("gather", "levels_table", "forecast_json", "summary")),
    *(f"forecast.model.fitted.{name}" for name in ("check_convergence", "with_quantities")),
    "forecast.outlook.attribution.attribute", "forecast.model.update", "forecast.questions.ledger.answer_question",
    "forecast.report.skill.read_skill", "forecast.sources.build_panel",
]  # fmt: skip
"""What only computes, and is computed once for the same arguments."""


class StoppedClock(datetime):
    """The class of moments, of which now is always the same one."""

    @classmethod
    def now(cls, tz: Any = None) -> datetime:
        return MOMENT


def run(*words: object) -> Any:
    return CliRunner().invoke(app, [str(word) for word in words])


@contextmanager
def standing_in() -> Iterator[None]:
    """Let fits, what is computed from them, pages and clocks be stand-ins: the same every time, and quickly there."""
    with pytest.MonkeyPatch.context() as patch:
        for place in ("forecast.model.sampling.fit", "forecast.model.fit"):
            patch.setattr(place, _fit)
        for name, limit in (("gate.ESS_LIMIT", 50), ("particles.ESS_LIMIT", 50), ("gate.R_HAT_LIMIT", 1.3)):
            patch.setattr(f"forecast.model.{name}", limit)
        for place in REMEMBERED:
            patch.setattr(place, _remembered(_found(place)))
        patch.setattr("forecast.report.page._content", lambda material, figures: {"title": material.result.title})
        patch.setattr("forecast.report.style._svg", lambda draw, layout: "<svg/>")
        patch.setattr("forecast.report.folder.render", _rendered)
        patch.setattr("forecast.resources.commit", lambda: None)
        patch.setattr(xr.DataTree, "to_zarr", _stored)
        patch.setattr("forecast.model.fitted._opened", _opened)
        patch.setattr("forecast.progress.time", SimpleNamespace(perf_counter=lambda: 0.0))
        patch.setattr("forecast.model.updating.time", SimpleNamespace(perf_counter=lambda: 0.0))
        patch.setattr("forecast.dates.now", lambda: MOMENT)
        for name in ("questions.ledger", "archive.segments", "fetch.client", "fetch.run"):
            patch.setattr(f"forecast.{name}.datetime", StoppedClock)
        patch.setattr("forecast.archive.importing.MOST_FILES", 1)
        patch.setenv("NO_PROXY", "127.0.0.1")
        yield


_made: dict[str, Fit] = {}


def _fit(panel: xr.Dataset, spec: Any, *, seed: int = 1, **_: Any) -> Fit:
    """Fit a panel without looking at it: draws of the prior, which pass every check."""
    key = f"{panel.sizes['time']} {panel['dyad'].to_numpy().tolist()} {seed}"
    if key not in _made:
        _made[key] = unobserved(panel, spec_for(panel), chains=2, draws=100, seed=seed)
    made = _made[key].tree
    groups = {name: made[name].to_dataset() for name in ("posterior", "sample_stats")}
    found = Fit({"/": made.to_dataset(), **groups, "constant_data": panel})
    return found.noting(data_digest=panel.attrs["digest"])


def _found(place: str) -> Any:
    module, _, name = place.rpartition(".")
    return getattr(__import__(module, fromlist=[name]), name)


def _remembered(work: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that computes nothing twice: its results follow from its arguments alone."""
    known: dict[str, Any] = {}

    def found(*arguments: Any, **options: Any) -> Any:
        options.pop("progress", None)
        key = _token([arguments, options])
        if key not in known:
            known[key] = work(*arguments, **options)
            if arguments and known[key] is arguments[0]:  # as it was, such as a fit of which nothing is new
                known[key] = None
        return arguments[0] if known[key] is None else known[key]

    return found


def _token(value: Any) -> str:
    """Return a digest of arguments."""
    return hashlib.sha256(_text(value).encode()).hexdigest()


def _text(value: Any) -> str:
    if isinstance(value, Fit):
        return _text(value._groups)
    if isinstance(value, xr.Dataset | xr.DataArray):
        whole = value.to_dict(data="array")
        return _text([whole.get("attrs"), whole.get("coords"), whole.get("data_vars", whole.get("data"))])
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
    port: Callable[[], int | None] = lambda: None  # Of its server

    @property
    def archive(self) -> bool:
        """Whether it writes an archive, which is compared by what it says."""
        return "archive" in self.writes


def _record() -> None:
    """Write a record of two pairs from 2020 to 2023, and what is added in two weeks of 2024."""
    rng = np.random.default_rng(1)
    days = np.sort(rng.integers(0, 1461, 300))
    codes = rng.choice(["111", "138", "163", "046", "042", "057"], len(days))
    rows = [
        f"{date.fromordinal(date(2020, 1, 1).toordinal() + int(day))},{pair[:3]},{pair[4:]},{code}"
        for day, code in zip(days, codes, strict=True)
        for pair in PAIRS
    ]
    rows += [f"2023-12-31,{pair[:3]},{pair[4:]},046" for pair in PAIRS]
    Path("record.csv").write_text("\n".join(["date,source,target,code", *rows, ""]))
    mapping = {"dataset": "mine", "columns": {"date": "date", "source": "source", "target": "target", "cameo": "code"}}
    Path("record.yaml").write_text(yaml.safe_dump(mapping))
    Path("added").mkdir()
    _add(date(2024, 1, 3))


def _add(day: date) -> None:
    rows = [f"{day},{pair[:3]},{pair[4:]},{kind},event" for pair in PAIRS for kind in ("talks", "sanction")]
    Path("added", f"{day}.csv").write_text("\n".join(["date,source,target,kind,summary", *rows, ""]))


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
    _well("question", "new", "USA-CHN", *DATA, "--at-least", "sanction", "--months", "1", *own, "jan")


def _week(day: date) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("forecast.monday.today", lambda: day)
        return run("monday", *MONDAY, "--day", day, "--covered-to", date.fromordinal(day.toordinal() - 1))


def _one_week() -> None:
    _record()
    for pair in PAIRS:
        own = (pair, "--as-of", "2023-12-31", "--id", f"half-{pair[4:].lower()}")
        _well("question", "new", *DATA, "--above", "50", "--months", "6", *own)
    assert _week(WEEKS[0]).exit_code == 0
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
        "events", "fetch", "gdelt", "--from", "2018-06-01", "--to", "2018-06-03", "--out", "gdelt",
        "--server", SERVER.address, *settings,
    )  # fmt: skip


def _backtest() -> Any:
    own = ("CHN-JPN", "--every", "12", "--horizons", "3", "--models", "no", "--processes", "1")
    span = ("--from", "2018-01", "--to", "2019-01", "--benchmarks", "base_rate_10y,base_rate_2y")
    return run("backtest", *own, *span, "--out", "skill")


ASK = ("question", "new", "USA-CHN", *DATA, "--below", "40", "--months", "3", "--as-of", "2023-12-31", "--id", "low")
OUT = ("--horizons", "3", "--out", "out", "--replace")
WITH_ADDED = ("report", "USA-CHN", *DATA, *ADDED, "--fit", "base/fit.zarr", "--as-of", "2024-01-07", *OUT)
RESOLVE = ("question", "resolve", *DATA, "--add", "added", "--covered-to", "2024-02-04", "--as-of", "2024-02-05")
UPDATE = ("question", "update", *DATA, "--fit", "base/fit.zarr")
COMMANDS = {
    one.name: one
    for one in (
        Command("report", _with_fit, lambda: run("report", "USA-CHN", "--fit", "base/fit.zarr", *OUT), {"out"}),
        Command("report --add", _with_fit, lambda: run(*WITH_ADDED), {"out"}),
        Command("question new", _with_question, lambda: run(*ASK), {"questions"}, "low was asked already"),
        Command("question update", _with_question, lambda: run(*UPDATE), {"questions"}),
        Command("question resolve", _with_question, lambda: run(*RESOLVE), {"questions"}),
        Command("events import", _feeds, lambda: run("events", "import", "feeds", "--archive", "archive"), {"archive"}),
        Command("events fetch", lambda: None, _fetch, {"gdelt"}, port=lambda: SERVER.server_port),
        Command("backtest", lambda: None, _backtest, {"skill"}),
        Command("monday", _one_week, lambda: _week(WEEKS[1]), {"reports", "changes", "questions"}),
    )
}


def archive_says(folder: Path) -> str:
    """Return what an archive says, as text."""
    return answer(folder)
