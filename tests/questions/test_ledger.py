"""The ledger: it follows from itself, survives writers and kills, and an edit is found and named."""

import json
import os
import random
import signal
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.errors import LedgerError, OutputError
from forecast.questions import Ledger, answered, append_entries, asked, resolved
from tests.questions.made import came, made, said

NOW = datetime(2021, 4, 1, 12, tzinfo=UTC)
SPEC = {"cycle": "linear"}


def begun(path, questions=1):
    """Begin a ledger with some questions, an answer each."""
    for number in range(questions):
        append_entries(path, [asked(made(f"q{number}"))], now=NOW)
        append_entries(path, [answered(said(f"q{number}"), model=SPEC, converged=True)], now=NOW)
    return path


@pytest.fixture
def ledger(tmp_path):
    return begun(tmp_path / "ledger.jsonl")


def test_entries_are_read_as_they_were_written(ledger):
    append_entries(ledger, [resolved(came("q0"))], now=NOW)
    found = Ledger.read(ledger)
    history = found.histories["q0"]
    assert history.question == made("q0")
    assert (history.last_answer.chance, history.outcome) == (0.3, "yes")
    assert [entry.kind for entry in found.entries] == ["asked", "answered", "resolved"]
    assert all(json.loads(line)["code"] for line in ledger.read_text().splitlines())


def test_what_is_written_after_the_window_is_marked_as_hindsight(tmp_path):
    path = tmp_path / "ledger.jsonl"
    append_entries(path, [asked(made())], now=NOW)
    late = datetime(2022, 2, 1, tzinfo=UTC)
    append_entries(path, [answered(said(), model=SPEC, converged=True)], now=late)
    append_entries(path, [asked(made("old"))], now=late)
    assert [entry.retrospective for entry in Ledger.read(path).entries] == [False, True, True]


@pytest.mark.parametrize(
    ("draft", "named"),
    [
        (asked(made("q0")), "asked already"),
        (answered(said("other"), model=SPEC, converged=True), "never asked"),
        (answered(said("q0", day="2020-11-30"), model=SPEC, converged=True), "answer a later day"),
        (answered(said("q0", day="2021-12-31"), model=SPEC, converged=True), "over"),
        (resolved(came("q0", day="2021-06-30")), "not over"),
    ],
)
def test_what_does_not_follow_is_not_appended(ledger, draft, named):
    before = ledger.read_bytes()
    with pytest.raises(LedgerError, match=named):
        append_entries(ledger, [asked(made("new")), draft], now=NOW)
    assert ledger.read_bytes() == before


def test_nothing_is_said_of_a_question_that_is_resolved(ledger):
    append_entries(ledger, [resolved(came("q0"))], now=NOW)
    for draft in (answered(said("q0"), model=SPEC, converged=True), resolved(came("q0", "no"))):
        with pytest.raises(LedgerError, match="resolved already, in line 3"):
            append_entries(ledger, [draft], now=NOW)


def test_an_edit_of_any_byte_is_named_with_its_line(tmp_path):
    path = begun(tmp_path / "ledger.jsonl", 2)
    good = path.read_bytes()
    rng = random.Random(1)
    for _ in range(200):
        place = rng.randrange(len(good) - 1)
        changed = bytearray(good)
        changed[place] = rng.choice([byte for byte in range(32, 127) if byte != good[place]])
        path.write_bytes(changed)
        line = good[:place].count(b"\n") + 1
        with pytest.raises(LedgerError, match=rf"line {line}\b"):
            Ledger.read(path)
        with pytest.raises(LedgerError, match="Nothing was written"):
            append_entries(path, [asked(made("new"))], now=NOW)
        assert path.read_bytes() == bytes(changed)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (lambda lines: lines[:1] + lines[2:], 2),
        (lambda lines: [lines[1], lines[0], *lines[2:]], 1),
        (lambda lines: [*lines[:2], lines[1], *lines[2:]], 3),
        (lambda lines: lines[1:], 1),
        (lambda lines: [*lines[:1], b"", *lines[1:]], 2),
    ],
    ids=["removed", "exchanged", "doubled", "beheaded", "empty line"],
)
def test_a_broken_chain_is_named_with_its_line(tmp_path, change, line):
    path = begun(tmp_path / "ledger.jsonl", 2)
    lines = path.read_bytes().splitlines()
    path.write_bytes(b"\n".join(change(lines)) + b"\n")
    with pytest.raises(LedgerError, match=rf"line {line}\b"):
        Ledger.read(path)


@given(cut=st.floats(0, 1), junk=st.binary(max_size=30).filter(lambda text: b"\n" not in text))
def test_a_torn_last_line_is_repaired_and_said(tmp_path_factory, cut, junk):
    """Cut off anywhere, with whatever a disk leaves behind it: whole lines stay, the rest is set aside."""
    path = tmp_path_factory.mktemp("torn") / "ledger.jsonl"
    path.write_bytes(_good()[: round(cut * len(_good()))] + junk)
    content = path.read_bytes()
    *whole, torn = content.split(b"\n")
    unended = torn in _good().splitlines()
    found = Ledger.read(path)
    assert len(found.entries) == len(whole) + unended
    assert bool(found.torn) == (bool(torn) and not unended)
    done = append_entries(path, [asked(made("new"))], now=NOW)
    assert bool(done.repaired) == bool(torn)
    lines = path.read_bytes().splitlines()
    assert lines[: len(whole) + unended] == whole + [torn] * unended
    assert len(Ledger.read(path).entries) == len(lines) == len(whole) + unended + 1
    aside = path.with_name("ledger.jsonl.torn")
    assert (aside.read_bytes() if aside.exists() else b"") == (torn + b"\n" if torn and not unended else b"")


def test_a_torn_line_stays_where_nothing_is_appended_and_nothing_else_is_said(tmp_path):
    path = tmp_path / "ledger.jsonl"
    path.write_bytes(content := _good()[:-20])
    assert not append_entries(path, [], now=NOW).repaired
    assert path.read_bytes() == content
    assert not path.with_name("ledger.jsonl.torn").exists()


_CONTENT = []


def _good():
    if not _CONTENT:
        import tempfile
        from pathlib import Path

        with tempfile.TemporaryDirectory() as folder:
            _CONTENT.append(begun(Path(folder) / "ledger.jsonl", 2).read_bytes())
    return _CONTENT[0]


def _in_another_process(work):
    """Run a function in a process of its own; return its number."""
    child = os.fork()
    if child:
        return child
    try:
        work()
    finally:
        os._exit(0)


def _write_slowly(part):
    """Let this process write a part of what it is to write at once, and the rest byte by byte."""
    whole, begun = os.write, []

    def write(where, content):
        size = 1 if begun else max(round(part * len(content)), 1)
        begun.append(size)
        time.sleep(0.0001)
        return whole(where, content[:size])

    os.write = write


@pytest.mark.parametrize("writers", [40, pytest.param(200, marks=pytest.mark.slow)])
def test_killed_at_any_byte_a_writer_loses_nothing_that_was_there(tmp_path, writers):
    """Each writer is killed at a random moment of its writing."""
    rng, torn = random.Random(2), set()
    for number in range(writers):
        path, part = tmp_path / f"{number}.jsonl", rng.random()
        path.write_bytes(_good())

        def write(path=path, part=part):
            _write_slowly(part)
            append_entries(path, [asked(made("new"))], now=NOW)

        child = _in_another_process(write)
        over = (0, 0)
        while path.stat().st_size == len(_good()) and over == (0, 0):
            over = os.waitpid(child, os.WNOHANG)
            time.sleep(0.0002)
        time.sleep(rng.random() * 0.003)
        if over == (0, 0):
            os.kill(child, signal.SIGKILL)  # if it has ended, it waits to be asked how, and a kill does nothing
            os.waitpid(child, 0)
        left = path.read_bytes()
        assert left.startswith(_good())
        if not left.endswith(b"\n"):
            torn.add(len(left))
        if "new" not in Ledger.read(path).histories:
            append_entries(path, [asked(made("new"))], now=NOW)
        assert [entry.kind for entry in Ledger.read(path).entries] == ["asked", "answered"] * 2 + ["asked"]
    assert len(torn) > writers // 4, "the kills came too early or too late to try anything"


def test_two_writers_at_once_make_one_chain(tmp_path):
    path = tmp_path / "ledger.jsonl"

    def write(who):
        for number in range(25):
            append_entries(path, [asked(made(f"{who}-{number}"))], now=NOW)

    children = [_in_another_process(lambda who=who: write(who)) for who in ("a", "b")]
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0]
    assert len(Ledger.read(path).entries) == 50


def test_of_two_who_resolve_one_is_told(ledger):
    append_entries(ledger, [resolved(came("q0"))], now=NOW)
    with pytest.raises(LedgerError, match="line 3"):
        append_entries(ledger, [resolved(came("q0"))], now=NOW)


def test_a_full_disk_leaves_no_half_line(ledger, monkeypatch):
    before, whole = ledger.read_bytes(), os.write

    def full(where, content):
        if len(content) < 500:
            raise OSError(28, "No space left on device")
        return whole(where, content[:-100])

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OutputError, match="No space left"):
        append_entries(ledger, [asked(made("new"))], now=NOW)
    monkeypatch.undo()
    assert ledger.read_bytes() == before


def test_what_is_no_file_is_left_alone(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(LedgerError, match="no ordinary file"):
        Ledger.read(tmp_path / "pipe")
    with pytest.raises(OutputError, match="no ordinary file"):
        append_entries(tmp_path / "pipe", [asked(made())], now=NOW)
    with pytest.raises(LedgerError, match="cannot be read"):
        Ledger.read(tmp_path / "none.jsonl")


def test_the_ledger_imports_no_model():
    import subprocess
    import sys

    told = (
        "import sys, forecast.questions.ledger; print([m for m in ('pymc', 'pytensor', 'nutpie') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
