"""The ledger: it follows from itself, survives writers and kills, and an edit is found and named."""

import json
import os
import random
import signal
import time
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.base import locks
from forecast.base.errors import LedgerError, OutputError
from forecast.desk.questions import Ledger, answered, append_entries, asked, resolved
from tests.questions.made import append_line, came, made, said
from tests.systems import posix

NOW = datetime(2021, 4, 1, 12, tzinfo=UTC)
OVER = datetime(2022, 2, 1, 12, tzinfo=UTC)
"""A month after the window."""
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
    append_entries(ledger, [resolved(came("q0"))], now=OVER)
    found = Ledger.read(ledger)
    history = found.histories["q0"]
    assert history.question == made("q0")
    assert (history.last_answer.chance, history.outcome) == (0.3, "yes")
    assert [entry.entry for entry in found.entries] == ["asked", "answered", "resolved"]
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
    append_entries(ledger, [resolved(came("q0"))], now=OVER)
    for draft in (answered(said("q0"), model=SPEC, converged=True), resolved(came("q0", "no"))):
        with pytest.raises(LedgerError, match="resolved already, in line 3"):
            append_entries(ledger, [draft], now=OVER)


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
    assert (aside.read_bytes() if aside.exists() else b"") == (
        torn + b"\n" if torn and not unended else b""
    )


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


@posix
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
            os.kill(
                child, signal.SIGKILL
            )  # if it has ended, it waits to be asked how, and a kill does nothing
            os.waitpid(child, 0)
        left = path.read_bytes()
        assert left.startswith(_good())
        if not left.endswith(b"\n"):
            torn.add(len(left))
        if "new" not in Ledger.read(path).histories:
            append_entries(path, [asked(made("new"))], now=NOW)
        assert [entry.entry for entry in Ledger.read(path).entries] == ["asked", "answered"] * 2 + [
            "asked"
        ]
    assert len(torn) > writers // 4, "the kills came too early or too late to try anything"


@posix
def test_two_writers_at_once_make_one_chain(tmp_path):
    path = tmp_path / "ledger.jsonl"

    def write(who):
        for number in range(25):
            append_entries(path, [asked(made(f"{who}-{number}"))], now=NOW)

    children = [_in_another_process(lambda who=who: write(who)) for who in ("a", "b")]
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0]
    assert len(Ledger.read(path).entries) == 50


@posix
@pytest.mark.parametrize("kills", [6, pytest.param(300, marks=pytest.mark.slow)])
def test_one_of_two_writers_is_killed_and_the_other_goes_on(tmp_path, kills):
    """What either was told to be written is there, the other writes all of its own, and the killed one can go on."""
    rng, torn, waiting = random.Random(3), 0, 0
    for number in range(kills):
        path, part = tmp_path / f"{number}.jsonl", rng.random()
        path.write_bytes(_good())
        wanted = {who: [f"{who}-{one}" for one in range(3)] for who in ("killed", "other")}

        def write(who, path=path, part=part, wanted=wanted):
            _write_slowly(part)
            for name in wanted[who]:
                append_entries(path, [asked(made(name))], now=NOW)
                with path.with_suffix(f".{who}").open("a") as told:
                    told.write(f"{name}\n")

        children = {
            who: _in_another_process(lambda who=who: write(who))
            for who in rng.sample(sorted(wanted), 2)
        }
        time.sleep(rng.random() * 0.15)
        os.kill(children["killed"], signal.SIGKILL)
        os.waitpid(children["killed"], 0)
        os.waitpid(children["other"], 0)
        told = {who: _lines(path.with_suffix(f".{who}")) for who in wanted}
        found = Ledger.read(path)
        assert told["other"] == wanted["other"]
        assert {*told["killed"], *told["other"]} <= found.histories.keys() and not found.faults
        torn += path.with_name(f"{path.name}.torn").exists() or bool(found.torn)
        waiting += len(told["killed"]) < 3
        for name in wanted["killed"]:
            if name not in found.histories:
                append_entries(path, [asked(made(name))], now=NOW)
        whole = Ledger.read(path)
        assert [one.question.id for one in whole.histories.values()][:2] == ["q0", "q1"]
        assert (
            len(whole.entries) == 4 + 6
            and {*wanted["killed"], *wanted["other"]} < whole.histories.keys()
        )
        assert path.read_bytes().startswith(_good()) and not whole.torn
    assert waiting > kills // 2 and torn > kills // 10, (
        "the kills came too early or too late to try anything"
    )


def _lines(path):
    return path.read_text("utf-8").splitlines() if path.exists() else []


def test_of_two_who_resolve_one_is_told(ledger):
    append_entries(ledger, [resolved(came("q0"))], now=OVER)
    with pytest.raises(LedgerError, match="line 3"):
        append_entries(ledger, [resolved(came("q0"))], now=OVER)


@posix
def test_nothing_is_written_where_other_writers_cannot_be_kept_out(ledger, monkeypatch):
    def fail(*_args, **_options):
        raise OSError(37, "No locks available")

    before = ledger.read_bytes()
    monkeypatch.setattr(locks, "lock_descriptor", fail)
    with pytest.raises(OutputError, match=r"no locks.*another disk"):
        append_entries(ledger, [asked(made("new"))], now=NOW)
    assert ledger.read_bytes() == before
    assert len(Ledger.read(ledger).histories) == 1


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


@posix
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
        "import sys, forecast.desk.questions.ledger; "
        "print([m for m in ('pymc', 'pytensor', 'nutpie') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# Time goes forward


def at(day):
    return datetime.fromisoformat(f"{day}T12:00:00+00:00")


def an_answer(day="2021-03-31", chance=0.99):
    return answered(said("q0", chance, day), model=SPEC, converged=True)


def a_resolution(outcome="yes", day="2022-01-31"):
    return resolved(came("q0", outcome, day))


@pytest.mark.parametrize(
    ("draft", "written", "named"),
    [
        (
            an_answer("2021-02-28"),
            NOW,
            "`as_of`: 2021-02-28 is before 2021-03-31, .* in line 2; answer as of 2021-03",
        ),
        (
            an_answer(),
            at("2021-03-31"),
            "`written`: 2021-03-31.* is before 2021-04-01.*, when line 2 .* set the clock",
        ),
        (
            an_answer("2021-05-31"),
            at("2021-04-30"),
            "`as_of`: 2021-05-31 is after 2021-04-30.* give a day up to then",
        ),
        (
            asked(made("new", asked="2021-06-01", first="2021-07-01")),
            NOW,
            "`content.asked`: 2021-06-01 is after 2021-",
        ),
        (
            a_resolution(),
            at("2021-12-31"),
            "`written`: .* is not over on 2021-12-31; resolve it after 2021-12-31",
        ),
        (
            a_resolution(day="2021-11-30"),
            OVER,
            "`as_of`: .* is not over on 2021-11-30; resolve it with data that reach",
        ),
        (a_resolution("void", "2021-11-30"), OVER, "or as void after 2022-12-31"),
        (a_resolution(day="2022-03-01"), OVER, "`as_of`: 2022-03-01 is after 2022-02-01"),
    ],
)
def test_time_goes_forward_only(ledger, draft, written, named):
    before = ledger.read_bytes()
    with pytest.raises(LedgerError, match=named):
        append_entries(ledger, [draft], now=written)
    assert ledger.read_bytes() == before


def test_a_void_question_without_an_edition_is_resolved_after_a_year(ledger):
    append_entries(ledger, [a_resolution("void", "2021-11-30")], now=at("2023-01-01"))
    assert Ledger.read(ledger).histories["q0"].outcome == "void"


def test_the_moment_of_writing_is_that_of_the_lock(ledger, monkeypatch):
    """A writer that waited for another one does not write an earlier moment than that one did."""
    from forecast.desk.questions import appending as module

    moment, whole = NOW, module.append_lines

    def slow(path, make):
        nonlocal moment
        monkeypatch.setattr(module, "append_lines", whole)
        append_entries(path, [asked(made("other"))], now=at("2021-04-02"))
        moment = at("2021-04-03")
        return whole(path, make)

    monkeypatch.setattr("forecast.base.dates.now", lambda: moment)
    monkeypatch.setattr(module, "append_lines", slow)
    (made_,) = append_entries(ledger, [asked(made("new"))]).entries
    assert made_.written == "2021-04-03T12:00:00Z"


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"as_of": "2023-13-99"}, "field `as_of`: '2023-13-99' is no day"),
        ({"as_of": "20210331"}, "field `as_of`: '20210331' is no day"),
        (
            {"written": "2021-02-30T10:00:00Z"},
            "field `written`: '2021-02-30T10:00:00Z' is no moment",
        ),
        (
            {"written": "2020-12-31T10:00:00Z"},
            "field `written`: 2020-12-31T10:00:00Z is before 2021-04-01",
        ),
        ({"written": "2093-01-01T10:00:00Z"}, "field `written`: 2093-01-01 is after today"),
        ({"as_of": "2021-02-28"}, "field `as_of`: 2021-02-28 is before 2021-03-31"),
        ({"retrospective": True}, "field `retrospective`: true is stated"),
        ({"chance": 7}, "field `chance`"),
        ({"entry": "guessed"}, "field `entry`"),
        ({"mood": "good"}, "field `mood`"),
        ({"question": "never"}, "field `question`: never was never asked"),
    ],
)
def test_a_bad_line_is_named_and_left_out_and_the_others_count(ledger, changes, named):
    append_line(ledger, **changes)
    before = ledger.read_bytes()
    found = Ledger.read(ledger)
    assert [(line, named in reason) for line, reason in found.faults] == [(3, True)], found.faults
    (warning,) = found.warnings
    assert f"{ledger}, line 3: " in warning and "append a right one" in warning
    assert found.histories["q0"].last_answer.chance == 0.3
    assert found.head == json.loads(before.splitlines()[-1])["hash"]
    append_entries(ledger, [an_answer(chance=0.4)], now=OVER)
    found = Ledger.read(ledger)
    assert (found.lines, len(found.entries), found.histories["q0"].last_answer.chance) == (
        4,
        3,
        0.4,
    )
    assert ledger.read_bytes().startswith(before)


def test_a_clock_ten_years_ahead_locks_no_ledger(ledger, monkeypatch):
    """What it wrote never counts: not now, and not in ten years, when its day has come."""
    ahead, day = NOW.replace(year=2031), NOW.date()
    append_entries(ledger, [asked(made("wrong"))], now=ahead)
    append_entries(ledger, [an_answer(chance=0.9)], now=ahead)
    monkeypatch.setattr("forecast.desk.questions.ledger.today", lambda: day)
    found = Ledger.read(ledger)
    assert [line for line, _ in found.faults] == [3, 4] and found.histories.keys() == {"q0"}
    append_entries(ledger, [an_answer(chance=0.4)], now=NOW)
    append_entries(ledger, [asked(made("wrong"))], now=NOW)
    for later in (NOW.date(), ahead.date(), date(2093, 1, 1)):
        day = later
        found = Ledger.read(ledger)
        assert [line for line, _ in found.faults] == [3, 4]
        assert (found.lines, found.histories["q0"].last_answer.chance) == (6, 0.4)
        assert found.histories["wrong"].asked.number == 6
    assert json.loads(ledger.read_bytes().splitlines()[4])["leaves_out"] == [3, 4]
    assert "leaves_out" not in json.loads(ledger.read_bytes().splitlines()[5])


@pytest.mark.parametrize("days", [1, 6])
def test_a_clock_that_is_slow_by_days_takes_no_line_away(ledger, days):
    with pytest.raises(LedgerError, match="when line 2 was written; set the clock"):
        append_entries(ledger, [an_answer()], now=NOW - timedelta(days=days))


def test_a_line_leaves_out_only_what_states_a_later_time(ledger):
    append_line(ledger, leaves_out=[1, 2, 3, 9, True])
    found = Ledger.read(ledger)
    assert len(found.entries) == 2 and [line for line, _ in found.faults] == [3]


# A power cut


def by_pages(before, after, lost, page):
    """Return a ledger of which some pages of what was appended are not on the disk, and read as zero."""
    content = bytearray(after)
    for number in lost:
        start = max(number * page, len(before))
        content[start : min((number + 1) * page, len(after))] = bytes(
            max(min((number + 1) * page, len(after)) - start, 0)
        )
    return bytes(content)


def test_what_a_power_cut_has_left_of_an_append_is_set_aside_and_the_ledger_goes_on(tmp_path):
    """Pages of 512 bytes are lost in any combination.

    All that was there before counts, and more can follow.
    """
    path, rng, page = tmp_path / "ledger.jsonl", random.Random(4), 512
    before = begun(path, 2).read_bytes()
    append_entries(path, [asked(made(f"new-{number}")) for number in range(5)], now=NOW)
    after = path.read_bytes()
    pages = range(len(before) // page, len(after) // page + 1)
    for _ in range(60):
        lost = [number for number in pages if rng.random() < 0.4]
        path.write_bytes(by_pages(before, after, lost, page))
        found = Ledger.read(path)
        assert len(found.entries) >= 4 and not found.faults
        assert bool(found.torn) == bool(lost)
        done = append_entries(path, [asked(made("next"))], now=NOW)
        assert ("set aside" in done.repaired) == bool(lost)
        whole = Ledger.read(path)
        assert path.read_bytes().startswith(before) and not whole.torn and "next" in whole.histories
        assert len(whole.entries) == len(found.entries) + 1


def test_a_page_that_the_disk_lost_of_acknowledged_lines_is_not_set_aside(tmp_path):
    path = begun(tmp_path / "ledger.jsonl", 2)
    append_entries(path, [asked(made("next"))], now=OVER)
    content = path.read_bytes()
    damaged = content[:300] + bytes(200) + content[500:]
    path.write_bytes(damaged)
    with pytest.raises(
        LedgerError, match=r"line 1: the disk has lost a part of this line, and lines of 2 moments"
    ):
        Ledger.read(path)
    with pytest.raises(LedgerError, match="Restore the file from a copy"):
        append_entries(path, [asked(made("more"))], now=OVER)
    assert path.read_bytes() == damaged


# Resolutions that cannot be


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"happenings": -5}, "field `happenings`"),
        ({"cooperative": 99}, "cooperative: 99 of 10 events; expected at most all of them"),
        ({"happenings": None}, "cooperative: 5 of 0 events"),
        ({"of_a_kind": 11}, "of_a_kind: 11 of 10 events"),
        ({"cooperative": -1}, "field `cooperative`"),
    ],
)
def test_a_resolution_that_cannot_be_is_rejected(ledger, changes, named):
    with pytest.raises(LedgerError, match=named):
        append_entries(ledger, [resolved(came("q0")) | changes], now=OVER)


def test_a_line_too_long_to_be_read_is_not_appended(ledger):
    fields = {"kind": "count", "of": "x", "at_least": 1, "threshold": None, "cooperative": None}
    with pytest.raises(LedgerError, match="more than 100,000; say it in fewer words"):
        append_entries(ledger, [asked(made("new", codes=["1234"] * 20_000, **fields))], now=NOW)


@pytest.mark.parametrize(
    ("written", "timing"),
    [
        ("2021-05-01", "as it happened"),
        ("2021-05-02", "late"),
        ("2021-12-30", "late"),
        ("2021-12-31", "retrospective"),
    ],
)
def test_how_late_an_answer_was_is_derived_from_when_it_was_written(ledger, written, timing):
    append_entries(ledger, [an_answer()], now=at(written))
    history = Ledger.read(ledger).histories["q0"]
    assert history.timing(history.answers[-1]) == timing
    assert history.answers[-1].retrospective == (timing == "retrospective")
