"""A folder of questions: a run that is killed or fails between any two steps is mended by the next one."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from forecast.base.errors import ForecastError, OutputError
from forecast.desk.questions import Ledger, append_entries, asked, read_question
from forecast.desk.questions.folder import QuestionFolder
from tests.questions.made import made
from tests.questions.test_cli import run, said
from tests.systems import posix

pytestmark = posix
STEPS = {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate"}
"""Audited before they happen."""


def asked_until(step, folder, accident):
    """Ask in a process that has an accident before its n-th step in a folder.

    Whether it came to that.
    """
    child = os.fork()
    if child == 0:
        steps = 0

        def watch(event, arguments):
            nonlocal steps
            if event in STEPS and str(folder) in str(arguments[0]):
                steps += 1
                if steps == step:
                    accident()

        status = 2
        try:
            sys.addaudithook(watch)
            with contextlib.suppress(ForecastError):
                QuestionFolder(folder).ask(made("up"))
            status = int(steps >= step)
        finally:
            os._exit(status)
    status = os.waitpid(child, 0)[1]
    assert status in (0, signal.SIGKILL, 1 << 8), status
    return status != 0


def killed():
    os.kill(os.getpid(), signal.SIGKILL)


def full():
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("accident", [killed, full])
def test_what_an_accident_left_half_done_is_mended_by_the_next_run(tmp_path, accident):
    seen = set()
    for step in range(1, 100):
        folder = tmp_path / str(step) / "questions"
        QuestionFolder(folder).ask(made("there"))
        if not asked_until(step, folder, accident):
            assert step > 4, "hardly anything was tried"
            break
        half = (
            not (folder / "up.yaml").exists()
            and "up" in Ledger.read(folder / "ledger.jsonl").histories
        )
        done = run("list", "--folder", folder)
        assert done.exit_code == 0
        assert ("up.yaml: missing, and written again from the ledger" in said(done)) == half
        found = QuestionFolder(folder).read()
        there = ["up", "there"] if "up" in found.histories else ["there"]
        assert sorted(path.name for path in folder.iterdir()) == [
            ".gitattributes",
            "ledger.jsonl",
            *sorted(f"{name}.yaml" for name in there),
        ]
        assert all(
            read_question(folder / f"{name}.yaml") == found.histories[name].question
            for name in there
        )
        assert "written again" not in said(run("list", "--folder", folder))
        seen.add((len(there), half))
    assert {(1, False), (2, True)} <= seen, seen


def test_what_cannot_be_mended_is_said_and_the_rest_is_read(tmp_path):
    folder = tmp_path / "questions"
    QuestionFolder(folder).ask(made("up"))
    (folder / "up.yaml").unlink()
    (folder / "up.yaml").symlink_to("up.yaml")  # a loop: nothing can be written there
    done = run("list", "--folder", folder)
    assert done.exit_code == 0
    assert (
        "up.yaml cannot be written" in said(done)
        and "the ledger has the question" in said(done).lower()
    )
    assert "up" in done.stdout


def test_files_of_questions_that_are_decided_are_not_missed(tmp_path):
    """A ledger that is read elsewhere, such as the retrospective one, is not surrounded by files."""
    from forecast.desk.questions import resolved
    from tests.questions.made import came

    ledger = tmp_path / "ledger.jsonl"
    append_entries(ledger, [asked(made("up"))], now=datetime(2021, 1, 2, tzinfo=UTC))
    append_entries(ledger, [resolved(came("up"))], now=datetime(2022, 2, 1, tzinfo=UTC))
    assert run("list", "--folder", tmp_path).exit_code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["ledger.jsonl"]


def test_what_others_left_hidden_stays(tmp_path):
    folder = tmp_path / "questions"
    QuestionFolder(folder).ask(made("up"))
    (folder / ".up.yaml.mine.partial").mkdir()
    (folder / ".up.yaml.0123abcd.partial").mkdir()
    assert run("list", "--folder", folder).exit_code == 0
    assert [path.name for path in folder.glob(".*.partial")] == [".up.yaml.mine.partial"]
    assert yaml.safe_load((folder / "up.yaml").read_text())["id"] == "up"


def test_a_disk_that_is_full_for_the_file_says_where_the_question_stands(tmp_path, monkeypatch):
    def full(*_):
        raise OutputError("questions/up.yaml cannot be written: No space left on device.")

    monkeypatch.setattr("forecast.desk.questions.folder.write_question", full)
    with pytest.raises(
        OutputError,
        match=r"No space left.* The question stands in .*ledger\.jsonl; the next run writes",
    ):
        QuestionFolder(Path(tmp_path)).ask(made("up"))


@pytest.mark.parametrize("left", [b"", bytes(300)])
def test_a_file_that_a_power_cut_has_emptied_is_written_again(tmp_path, left):
    folder = tmp_path / "questions"
    QuestionFolder(folder).ask(made("up"))
    whole = (folder / "up.yaml").read_bytes()
    (folder / "up.yaml").write_bytes(left)
    done = run("list", "--folder", folder)
    assert done.exit_code == 0 and "up.yaml: missing, and written again from the ledger" in said(
        done
    )
    assert (folder / "up.yaml").read_bytes() == whole


def test_git_on_windows_changes_no_line_and_merges_no_two_copies(tmp_path):
    git = shutil.which("git")
    if git is None:
        pytest.skip("needs git")

    def given(*words, where=tmp_path / "one"):
        own = ["-c", "core.autocrlf=true", "-c", "user.name=N", "-c", "user.email=n@example.org"]
        return subprocess.run(
            [git, *own, *words], cwd=where, capture_output=True, text=True, check=False
        )

    (tmp_path / "one").mkdir()
    given("init", "--quiet", "--initial-branch", "main")
    QuestionFolder(tmp_path / "one/questions").ask(made("up"))
    given("add", "questions")
    given("commit", "--quiet", "--message", "asked")
    given("clone", "--quiet", "one", "two", where=tmp_path)
    one, two = (QuestionFolder(tmp_path / clone / "questions") for clone in ("one", "two"))
    assert two.ledger.read_bytes() == one.ledger.read_bytes()
    one.ask(made("here"))
    two.ask(made("there"))
    mine = one.ledger.read_bytes()
    for clone in ("one", "two"):
        given("commit", "--quiet", "--all", "--message", "more", where=tmp_path / clone)
    assert given("pull", "--quiet", "--no-rebase", "../two", "main").returncode != 0
    assert (
        one.ledger.read_bytes() == mine
    )  # and not both copies with marks of a conflict between them
    done = run("merge", tmp_path / "two", "--folder", one.path)
    assert done.exit_code == 2 and "cannot be read" in said(done)
    done = run("merge", two.path, "--folder", one.path)
    assert (done.exit_code, list(one.read().histories)) == (0, ["up", "here", "there"])


def test_line_ends_of_another_system_are_no_edit(tmp_path):
    folder = tmp_path / "questions"
    QuestionFolder(folder).ask(made("up"))
    ledger = folder / "ledger.jsonl"
    ledger.write_bytes(ledger.read_bytes().replace(b"\n", b"\r\n"))
    QuestionFolder(folder).ask(made("down"))
    assert list(QuestionFolder(folder).read().histories) == ["up", "down"]
