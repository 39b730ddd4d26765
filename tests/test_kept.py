"""Results of a long run are kept whole, and only where nothing else is."""

import os
from pathlib import Path

import pytest

from forecast.base.errors import OutputPathError, SpecError
from forecast.study.hypotheses.checkpoint import Checkpoint, check_checkpoint
from tests.systems import posix

FOREIGN = {
    "empty": b"",
    "text": b"years of work\n",
    "bytes": b"\xff\xfe\x00",
    "list": b"[1, 2]\n",
    "number": b"1\n",
    "null": b"null\n",
    "deep": b"[" * 100_000 + b"\n",
    "no lines": b'{"of": "a"}\n{"key": "one"}\n',
    "no key": b'{"of": "a"}\n3\n',
    "too few numbers": b'{"of": "a"}\n["one", [1.0, 2.0]]\n',
    "no numbers": b'{"of": "a"}\n["one", [1.0, 2.0, "three"]]\n',
}


def test_what_is_kept_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "kept.jsonl"
    first = Checkpoint.open(path, "a")
    first.add("one", (1.0, 2.0, 0.1))
    first.add("two", (3.0, 4.0, 0.2))
    assert Checkpoint.open(path, "a").rows == first.rows
    with pytest.raises(SpecError, match="of another record"):
        Checkpoint.open(path, "b")


def test_a_result_that_was_not_written_to_its_end_is_made_again(tmp_path: Path) -> None:
    path = tmp_path / "kept.jsonl"
    first = Checkpoint.open(path, "a")
    first.add("one", (1.0, 2.0, 0.1))
    with path.open("ab") as file:
        file.write(b'["two", [3.0, 4.')
    again = Checkpoint.open(path, "a")
    assert again.rows == first.rows
    again.add("two", (3.0, 4.0, 0.2))
    assert Checkpoint.open(path, "a").rows == {"one": (1.0, 2.0, 0.1), "two": (3.0, 4.0, 0.2)}


@pytest.mark.parametrize("kind", FOREIGN)
def test_what_is_no_file_of_results_is_left_as_it_is(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "kept.jsonl"
    path.write_bytes(FOREIGN[kind])
    with pytest.raises(SpecError, match="no file of simulations"):
        Checkpoint.open(path, "a")
    assert path.read_bytes() == FOREIGN[kind]


def test_a_line_of_another_form_is_named(tmp_path: Path) -> None:
    path = tmp_path / "kept.jsonl"
    path.write_bytes(
        b'{"of": "a"}\n["one", [1.0, 2.0, 0.1]]\n{"key": "two", "least": [1.0], "most": [1.0]}\n'
    )
    with pytest.raises(SpecError, match=r"line 3: expected a key and three numbers"):
        Checkpoint.open(path, "a")


@posix
def test_what_is_no_ordinary_file_is_rejected(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "file").write_text("")
    for path in (
        tmp_path / "pipe",
        tmp_path / "loop",
        tmp_path,
        Path("/dev/zero"),
        tmp_path / "file" / "inside",
    ):
        with pytest.raises(OutputPathError):
            check_checkpoint(path)
