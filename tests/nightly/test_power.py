"""Power cuts at any moment of a ledger's, an archive's and a Monday's writing.

What was acknowledged is there.
"""

import json
import os
import pickle
import random
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from forecast.base.errors import DataError
from forecast.base.journal import TORN
from forecast.data.archive import import_files
from forecast.data.archive.catalogue import CATALOGUE, read_catalogue
from forecast.desk.questions import Ledger, asked, read_question
from forecast.desk.questions.folder import QuestionFolder
from forecast.runs.monday import DIGESTS, digests
from forecast.runs.pipeline import SAVED_FIT
from tests.archive.conftest import made_feeds
from tests.archive.killing import answer as archive_says
from tests.nightly.made import COMMANDS, standing_in
from tests.nightly.made import _text as text_of
from tests.nightly.power import Recording, Write, after_cut, record, works
from tests.nightly.test_faults import Tree, differing, everything, tree
from tests.questions.made import made
from tests.systems import linux

pytestmark = linux
STATES = 300
MOST_TRIALS = 20
"""Trials for each state: many power cuts leave the same."""


def number_of_states(few: int) -> pytest.MarkDecorator:
    """Return the mark of a test that replays many states, and in the default suite a few."""
    return pytest.mark.parametrize("states", [few, pytest.param(STATES, marks=pytest.mark.nightly)])


many_states = pytest.mark.parametrize("states", [pytest.param(STATES, marks=pytest.mark.nightly)])
"""Mark of a test that is left out of the default suite."""


@pytest.fixture(scope="module", autouse=True)
def recorder(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("works") / "here"
    folder.mkdir()
    if not works(folder):
        pytest.skip("needs strace, and the right to record a process")


@pytest.fixture
def here() -> Iterator[None]:
    before = Path.cwd()
    yield
    os.chdir(before)


_recordings: dict[str, tuple[Path, Recording]] = {}


def recorded(
    what: str, make: Callable[[Path], None], factory: pytest.TempPathFactory
) -> tuple[Path, Recording]:
    """Return the folder as some work left it, and the recording of the work; it is done once."""
    if what not in _recordings:
        folder = factory.mktemp(what) / "work"
        folder.mkdir()
        make(folder)
        recording = record([sys.executable, "-m", "tests.nightly.power_work", what], folder)
        _recordings[what] = folder, recording
    return _recordings[what]


def cuts(recording: Recording, states: int, place: Path) -> Iterator[tuple[Path, list[str]]]:
    """Yield different folders that power cuts have left, with what had been acknowledged.

    The first is after the end.

    Half of them come at any moment, the others just after a write.
    """
    rng, seen = random.Random(7), set[str]()
    steps, moment = len(recording.steps), range(1, len(recording.steps) + 1)
    written = [number for number, step in enumerate(recording.steps, 1) if isinstance(step, Write)]
    for trial in range(MOST_TRIALS * states):
        if len(seen) == states:
            break
        folder = place / f"{trial}"
        cut = rng.choice(rng.choice((moment, written))) if trial else steps
        after_cut(recording, cut, rng, folder)
        told = recording.told(cut)
        state = f"{everything(folder)} {told}"
        if state not in seen:
            seen.add(state)
            yield folder, told
        os.chdir(place)
        shutil.rmtree(folder)
    print(f"\n{steps} steps, {len(seen)} different states")
    assert len(seen) == states


@number_of_states(12)
def test_a_ledger_keeps_every_acknowledged_line_and_goes_on(
    states: int, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, here: None
) -> None:
    folder, recording = recorded("ledger", lambda _: None, tmp_path_factory)
    whole = Ledger.read(folder / "questions/ledger.jsonl").entries
    torn = 0
    for state, told in cuts(recording, states, tmp_path):
        place = QuestionFolder(state / "questions")
        if not place.ledger.exists():
            assert not told
            continue
        found = place.read()
        assert not found.faults and found.entries == whole[: len(found.entries)]
        assert len(found.entries) >= int(told[-1] if told else 0)
        torn += bool(found.torn)
        place.mend(found)
        for name, history in found.histories.items():
            assert read_question(place.file(name)) == history.question
        place.append([asked(made("next"))])
        assert "next" in place.read().histories and not place.read().torn
    assert torn >= states // 20, "hardly any append was torn"


@many_states
def test_an_archive_keeps_every_acknowledged_file_and_goes_on(
    states: int, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, here: None
) -> None:
    def make(folder: Path) -> None:
        for number, path in enumerate(sorted(made_feeds(folder / "feeds").values())):
            path.unlink() if number % 2 else None

    folder, recording = recorded("archive", make, tmp_path_factory)
    files = sorted((folder / "feeds").iterdir())
    says = ["nothing"]
    for number in range(len(files)):
        import_files(files[number], tmp_path / "grown")
        says.append(archive_says(tmp_path / "grown"))
    for state, told in cuts(recording, states, tmp_path):
        acknowledged = int(told[-1] if told else 0)
        assert speaks(state / "archive") in says[acknowledged:]
        import_files(state / "feeds", state / "archive")
        assert speaks(state / "archive") == says[-1]
        assert not read_catalogue(state / "archive").pending


def speaks(archive: Path) -> str:
    """Return what an archive says; one into which nothing was imported says nothing."""
    if not (archive / CATALOGUE).exists():
        return "nothing"
    try:
        return archive_says(archive)
    except DataError as error:
        assert "is empty" in str(error), error
        return "nothing"


@many_states
def test_a_monday_goes_on_and_what_it_said_at_its_end_stays(
    states: int, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, here: None
) -> None:
    command = COMMANDS["monday"]

    def make(folder: Path) -> None:
        os.chdir(folder)
        command.make()

    with standing_in():
        folder, recording = recorded("monday", make, tmp_path_factory)
        after = contents(folder)
        lines = (folder / "questions/ledger.jsonl").read_text("utf-8").splitlines()
        for state, told in cuts(recording, states, tmp_path):
            os.chdir(state)
            if told:  # what was removed, such as the fit of the week before, may be there again
                there = contents(state)
                kept = {name: there[name] for name in after.keys() & there.keys()}
                assert not (wrong := differing(kept, after)), wrong
            whole_lines(state / "questions/ledger.jsonl", lines)
            done = command.give()
            assert done.exit_code == 0, (done.output, done.exception)
            assert not (wrong := differing(contents(state), after)), wrong


def contents(folder: Path) -> Tree:
    """Return what is in a folder, but for lines that were set aside.

    Fits are there by their values: other processes may store the same in other bytes.
    """
    found = {name: content for name, content in tree(folder).items() if not name.endswith(TORN)}
    for name in found:
        path = folder / name
        if name.endswith("fit.zarr/draws"):
            groups = pickle.loads(path.read_bytes())
            found[name] = text_of({key: groups[key] for key in sorted(groups)}).encode()
        elif path.name == DIGESTS:
            stored = path.parent / SAVED_FIT
            fine = not stored.exists() or path.read_text() == digests(stored)
            found[name] = b"of the fit, if it is there" if fine else b"of another fit"
    return found


def whole_lines(ledger: Path, lines: list[str]) -> None:
    """Make sure that a ledger has the first of some lines."""
    found = [
        json.dumps(entry.plain, separators=(",", ":")) for entry in Ledger.read(ledger).entries
    ]
    assert found == lines[: len(found)]
