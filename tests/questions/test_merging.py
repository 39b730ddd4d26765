"""Two copies of a ledger become one, and nothing that was said is lost or said twice."""

import json
from datetime import UTC, datetime

import pytest

from forecast.base.errors import LedgerError
from forecast.desk.questions import Ledger, answered, append_entries, asked, merge_ledger, resolved
from forecast.desk.questions.drafts import priced
from tests.questions.made import came, made, said
from tests.questions.test_outside import TODAY, outside

APRIL, MAY, OVER = (
    datetime(2021, 4, 1, 12, tzinfo=UTC),
    datetime(2021, 5, 1, 12, tzinfo=UTC),
    datetime(2022, 2, 1, 12, tzinfo=UTC),
)


def answer(name="q", chance=0.3, day="2021-03-31"):
    return answered(said(name, chance, day), model={}, converged=True)


@pytest.fixture
def clones(tmp_path):
    """Return two folders with the same ledger of a question and an answer."""
    folders = [tmp_path / name for name in ("here", "there")]
    for folder in folders:
        append_entries(folder / "ledger.jsonl", [asked(made()), answer()], now=APRIL)
    return folders


def append(folder, *drafts, now=MAY):
    append_entries(folder / "ledger.jsonl", drafts, now=now)


def read(folder):
    return Ledger.read(folder / "ledger.jsonl")


def test_both_sides_are_kept_and_each_line_names_its_origin(clones):
    here, there = clones
    append(here, asked(made("own")), answer(chance=0.5, day="2021-04-15"))
    append(there, asked(made("other")), answer("other", 0.7), answer(chance=0.4, day="2021-04-30"))
    before, other = (here / "ledger.jsonl").read_bytes(), (there / "ledger.jsonl").read_bytes()
    merged = merge_ledger(here, there)
    found = read(here)
    assert not merged.left_out and not found.faults
    assert [entry.origin for entry in merged.entries] == [
        json.loads(line)["hash"] for line in other.splitlines()[2:]
    ]
    assert [one.chance for one in found.histories["q"].answers] == [0.3, 0.5, 0.4]
    assert found.histories.keys() == {"q", "own", "other"}
    assert (here / "ledger.jsonl").read_bytes().startswith(before)
    assert (there / "ledger.jsonl").read_bytes() == other
    # Written now: that it was written earlier is not taken on trust.
    assert {entry.written[:4] for entry in merged.entries} != {"2021"}


def test_a_merge_that_is_repeated_or_returned_appends_nothing_twice(clones):
    here, there = clones
    append(here, asked(made("own")))
    append(there, asked(made("other")))
    assert len(merge_ledger(here, there).entries) == 1
    assert not merge_ledger(here, there).entries
    assert [entry.question for entry in merge_ledger(there, here).entries] == ["own"]
    assert not merge_ledger(here, there).entries and not merge_ledger(there, here).entries


def test_an_older_answer_of_the_other_side_is_kept_and_does_not_count(clones):
    here, there = clones
    append(here, answer(chance=0.5, day="2021-04-30"))
    append(there, answer(chance=0.9, day="2021-04-15"))
    assert len(merge_ledger(here, there).entries) == 1
    history = read(here).histories["q"]
    assert [one.chance for one in history.answers] == [0.3, 0.5]
    assert [one.chance for one in history.superseded] == [0.9]
    append(here, answer(chance=0.6, day="2021-05-15"), now=None)


def test_what_both_sides_said_is_said_once(clones):
    here, there = clones
    for folder, moment in zip(clones, (MAY, APRIL), strict=True):
        append(folder, answer(chance=0.5, day="2021-03-31"), now=moment)
        append(folder, resolved(came()), now=OVER)
    merged = merge_ledger(here, there)
    assert not merged.entries and not merged.left_out


def test_a_price_that_both_sides_entered_is_not_appended_again(clones):
    question = outside()
    append(clones[0], asked(made("own")))  # so that no later line has the hash of the other copy's
    for folder in clones:
        append(folder, asked(question), priced(question, "market", 0.34, TODAY), now=None)
    here, there = clones
    append(there, priced(question, "market", 0.4, TODAY), now=None)
    assert [entry.price for entry in merge_ledger(here, there).entries] == [0.4]
    assert [entry.price for entry in read(here).histories[question.id].prices] == [0.34, 0.4]


def test_what_does_not_follow_is_left_out_and_named(clones):
    here, there = clones
    append(here, asked(made("same")), resolved(came()), now=OVER)
    append(
        there,
        asked(made("same", threshold=60.0)),
        answer("same"),
        resolved(came(outcome="no")),
        now=OVER,
    )
    append(there, asked(made("fine")), now=OVER)
    merged = merge_ledger(here, there)
    assert [entry.question for entry in merged.entries] == ["fine"]
    assert [words.partition("line ")[2][:1] for words in merged.left_out] == ["3", "4", "5"]
    assert "is another one" in merged.left_out[0] and "resolved already" in merged.left_out[2]


def test_a_damaged_copy_is_merged_with_nothing(clones):
    here, there = clones
    content = (there / "ledger.jsonl").read_bytes()
    (there / "ledger.jsonl").write_bytes(content.replace(b"0.3", b"0.4"))
    with pytest.raises(LedgerError, match="line 2: this entry was edited"):
        merge_ledger(here, there)
    assert len(read(here).entries) == 2
