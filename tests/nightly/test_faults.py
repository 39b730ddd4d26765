"""Every call to the system fails once, or from then on.

Nothing wrong is left, and the next run does the work.
"""

import hashlib
import itertools
import json
import os
import random
import re
import shutil
import signal
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.archive.killing import answer as archive_says
from tests.nightly.faults import KINDS, Fault, injected
from tests.nightly.made import COMMANDS, SERVER, Command, standing_in
from tests.records import run
from tests.systems import posix

pytestmark = posix
LONGEST = 60
"""Seconds of a run, after which it hangs."""
LONG = ("backtest", "monday")
type Tree = dict[str, bytes | None]
"""Contents of files, and None for folders, by path."""


def tree(folder: Path) -> Tree:
    """Return what is in a folder, but for hidden files.

    Files that wait to be moved in (`.swap.X.ready`) are moved in.

    Where folders cannot be exchanged, as around other folders, a page is as a whole what it is with
    these.
    """
    found = sorted((path.relative_to(folder).as_posix(), path) for path in folder.rglob("*"))
    waiting = [
        (re.sub(r"(^|/)\.swap\.[0-9a-f]{8}\.ready/", r"\1", name), path)
        for name, path in found
        if ".ready/" in name
    ]
    return {
        name: None if path.is_dir() else path.read_bytes()
        for name, path in (*found, *waiting)
        if not any(part.startswith(".") for part in Path(name).parts)
    }


def everything(folder: Path) -> str:
    """Return the digest of all that is in a folder, hidden files too.

    From the same the next run does the same.
    """
    found = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        content = b"" if path.is_dir() else hashlib.sha256(path.read_bytes()).digest()
        found.update(
            repr((path.relative_to(folder).as_posix(), path.lstat().st_mode, content)).encode()
        )
    return found.hexdigest()


def received(content: bytes | None) -> bytes:
    """Return what a manifest of a fetch says of files.

    When and by which lists it is found out is left out.
    """
    slots = json.loads(content or b"{}").get("slots", [])
    return json.dumps(
        {one["file"]: one["sha256"] for one in slots if one["state"] == "received"}
    ).encode()


def units(found: Tree) -> dict[str, Tree]:
    """Return the parts of a tree that are old or new as a whole.

    Folders of pages, saved fits, and other files.
    """
    pages = {
        str(Path(name).parent)
        for name in found
        if Path(name).name in ("manifest.json", "index.html")
    }
    parts: dict[str, Tree] = {}
    for name, content in found.items():
        if content is not None:
            parts.setdefault(unit_of(name, pages), {})[name] = content
    return parts


def unit_of(name: str, pages: set[str]) -> str:
    above = [name, *map(str, Path(name).parents)]
    return next(
        (one for one in above if one.endswith(".zarr")), above[1] if above[1] in pages else name
    )


@dataclass
class Trial:
    """A command with what there is before it and after an undisturbed run."""

    command: Command
    folder: Path
    before: Tree = field(default_factory=dict)
    after: Tree = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)  # Of the undisturbed run, by kind
    said: list[str] = field(default_factory=list)  # By the archive before, in between and after
    cleared: set[str] = field(
        default_factory=set
    )  # Of what disturbed runs left, from which the next one went well

    @property
    def start(self) -> Path:
        return self.folder / "start"

    def prepare(self) -> None:
        """Make the folder to start from, and run the command undisturbed."""
        self.start.mkdir(parents=True)
        os.chdir(self.start)
        self.command.make()
        self.before = self.tree(self.start)
        os.chdir(shutil.copytree(self.start, self.folder / "undisturbed"))
        with injected(Path.cwd(), Fault("none", 0), self.command.port) as none:
            done = self.command.give()
        assert done.exit_code == 0, (done.output, done.exception)
        assert not none.unasked, f"it calls {none.unasked}"
        self.calls = none.counted
        self.after = self.tree(Path())
        assert self.after != self.before or self.command.archive
        if self.command.archive:
            self.said = [
                archive_says(self.start / "archive"),
                *self.between(),
                archive_says(Path("archive")),
            ]

    def between(self) -> list[str]:
        """Return what the archive says after each batch."""
        os.chdir(shutil.copytree(self.start, self.folder / "between"))
        found = []
        for path in sorted(Path("feeds").iterdir())[1:-1]:
            assert run("events", "import", path, "--archive", "archive").exit_code == 0
            found.append(archive_says(Path("archive")))
        os.chdir(self.folder / "undisturbed")
        return found

    def tree(self, folder: Path) -> Tree:
        found = tree(folder)
        if self.command.archive:
            found = {
                name: content for name, content in found.items() if not name.startswith("archive")
            }
        return found | {
            name: received(found[name]) for name in found if name.endswith("fetch.json")
        }

    def faults(self, fault: Fault) -> list[str]:
        """Run the command with a fault and then without; return what is wrong."""
        place = self.folder / "disturbed"
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(self.start, place)
        os.chdir(place)
        signal.alarm(LONGEST)
        try:
            with injected(place, fault, self.command.port):
                done = self.command.give()
            wrong = [*self.of_run(done, fault), *self.of_state(done)]
            if wrong or (left := everything(place)) not in self.cleared:
                wrong += self.of_next(self.command.give())
                if not wrong:
                    self.cleared.add(left)
        finally:
            signal.alarm(0)
        return [f"{self.command.name}, {fault}: {one}" for one in wrong]

    def of_run(self, done: Any, fault: Fault) -> Iterator[str]:
        """Yield what is wrong with how a disturbed run ended."""
        if fault.unasked:
            yield f"it calls {fault.unasked}"
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            yield f"traceback of {done.exception!r}"
        text = " ".join(done.output.split())
        if done.exit_code not in (0, 1) and not (
            done.exit_code == 2 and fault.kind in ("rename", "remove", "lock")
        ):
            yield f"exit code {done.exit_code}: {text}"
        if done.exit_code and not fault.reached:
            yield f"failed without a fault: {text}"
        if done.exit_code and fault.kind not in ("memory", "socket"):
            own = Path(fault.path).parts[len(self.folder.parts) + 1 :]
            names = {part.strip(".").split(".")[0] for part in own} | self.command.writes
            if not ("Error: " in text or "Failed: " in text) or not any(
                name in text for name in names
            ):
                yield f"names no file: {text[-300:]}"

    def of_state(self, done: Any) -> Iterator[str]:
        """Yield what is wrong with what is there after a disturbed run."""
        now = self.tree(Path())
        if self.command.archive:
            says = archive_says(Path("archive"))
            if says not in self.said:
                yield "archive says something new"
            if done.exit_code == 0 and says != self.said[-1]:
                yield f"archive lacks rows, and the exit code is 0: {done.output}"
        if done.exit_code == 0 and now != self.after:
            said = " ".join(done.output.split())[-300:]
            yield f"exit code 0, but {differing(now, self.after)}: {said}"
        for name, own in units(now).items():
            old, new = (
                units(one).get(name, {place: one[place] for place in own if place in one})
                for one in (self.before, self.after)
            )
            if (
                own not in (old, new)
                and not grown(name, now, self.before, self.after)
                and not whole(own)
            ):
                yield f"{name} is neither old nor new: {differing(own, new)}"
        if gone := self.before.keys() & self.after.keys() - now.keys():
            yield f"gone: {sorted(gone)}"

    def of_next(self, done: Any) -> Iterator[str]:
        """Yield what is wrong after the next run, without a fault."""
        text = " ".join(done.output.split())
        if done.exit_code and not (self.command.done and self.command.done in text):
            yield f"next run: exit code {done.exit_code}: {text[-300:]} {done.exception!r}"
        if (now := self.tree(Path())) != self.after:
            yield f"next run: {differing(now, self.after)}"
        if self.command.archive and archive_says(Path("archive")) != self.said[-1]:
            yield "next run: the archive says something else"
        left = [str(path) for path in Path().rglob(".*") if path.name != ".gitattributes"] + [
            str(path) for path in Path().rglob("*.partial")
        ]
        if left:
            yield f"next run: leftovers {left}"


def grown(name: str, now: Tree, before: Tree, after: Tree) -> bool:
    """Return whether a ledger has whole lines of those that it is to have, or a manifest names
    files that are there.
    """
    first, own, last = (one.get(name) or b"" for one in (before, now, after))
    if name.endswith("fetch.json"):
        folder = Path(name).parent
        known = {
            place: hashlib.sha256(content or b"").hexdigest() for place, content in now.items()
        }
        return all(
            known.get((folder / file).as_posix()) == sha256
            for file, sha256 in json.loads(own).items()
        )
    return (
        name.endswith(".jsonl")
        and own.startswith(first)
        and last.startswith(own)
        and own.endswith(b"\n")
    )


def whole(own: Tree) -> bool:
    """Return whether a page and its files are those of its manifest.

    A page of what has failed is not known before.
    """
    manifest = next(
        (content for name, content in own.items() if Path(name).name == "manifest.json"), None
    )
    if not manifest:
        return False
    listed = json.loads(manifest)["files"]
    found = {
        Path(name).name: hashlib.sha256(content or b"").hexdigest() for name, content in own.items()
    }
    return all(found.get(name, sha256) == sha256 for name, sha256 in listed.items()) and {
        *listed
    } <= {*found}


def differing(one: Tree, other: Tree) -> str:
    names = sorted({name for name in one.keys() | other.keys() if one.get(name) != other.get(name)})
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")


@pytest.fixture(scope="module", autouse=True)
def stand_ins() -> Iterator[None]:
    here = Path.cwd()
    with SERVER, standing_in():
        yield
    os.chdir(here)


_trials: dict[str, Trial] = {}


@pytest.fixture
def trial(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Trial:
    """Return the trial of a command, prepared once."""
    name = request.param
    if name not in _trials:
        made = Trial(COMMANDS[name], tmp_path_factory.mktemp("fire"))
        made.prepare()
        _trials[name] = made
    return _trials[name]


def every_call(
    trial: Trial, kind: str, lasting: bool, about: str = "", step: int = 1
) -> tuple[int, list[str]]:
    """Let every call fail, one after the other; return how many did and what was wrong."""
    wrong = list[str]()
    for done in itertools.count():
        fault = Fault(kind, 1 + done * step, lasting, about)
        wrong += trial.faults(fault)
        if not fault.reached:
            return done, wrong
    raise AssertionError


@pytest.mark.nightly
@pytest.mark.parametrize("lasting", [False, True], ids=["once", "from then on"])
@pytest.mark.parametrize("kind", [*KINDS, "memory"])
@pytest.mark.parametrize("trial", COMMANDS, indirect=True)
def test_whichever_call_fails(trial: Trial, kind: str, lasting: bool) -> None:
    # At every call one of the system has failed already: memory ends at every fifth of a command
    # that takes long.
    number, wrong = every_call(
        trial, kind, lasting, step=5 if kind == "memory" and trial.command.name in LONG else 1
    )
    print(
        f"\n{number} faults of {trial.command.name}: {kind}, "
        f"{'from then on' if lasting else 'once'}"
    )
    assert not wrong, "\n".join(wrong)


REACHED_EVERY_TIME = 0.9
"""Part of the calls of a kind that every run makes.

Several connections make a few more or fewer.
"""


@pytest.mark.parametrize(
    ("trial", "number"),
    [
        ("question new", 5),
        ("question update", 4),
        ("report", 6),
        ("events import", 4),
        ("events fetch", 16),
    ],
    indirect=["trial"],
)
def test_some_calls_fail(trial: Trial, number: int) -> None:
    """A sample of what the slow test does with every call."""
    rng = random.Random(trial.command.name)
    kinds = rng.choices(list(trial.calls), list(trial.calls.values()), k=number)
    faults = [
        Fault(
            rng.choice([kind, kind, "memory"]),
            rng.randint(1, max(1, int(REACHED_EVERY_TIME * trial.calls[kind]))),
            rng.random() < 0.5,
        )
        for kind in kinds
    ]
    wrong = [words for fault in faults for words in trial.faults(fault)]
    assert all(fault.reached for fault in faults)
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("trial", "kind", "lasting", "about"),
    [
        ("report", "open", False, "out/manifest.json"),  # it names what stays of an earlier report
        ("report", "remove", True, ".forecast.json."),  # it would be published with the report
        ("events import", "remove", True, "archive/files/."),
        ("events import", "sqlite", False, "FROM batch"),  # no reason to repair it
        ("events fetch", "remove", False, "01.export.CSV.zip.unfinished"),
    ],
    indirect=["trial"],
)
def test_what_once_went_wrong(trial: Trial, kind: str, lasting: bool, about: str) -> None:
    number, wrong = every_call(trial, kind, lasting, about)
    assert number and not wrong, "\n".join(wrong)
