"""Results of a long run are kept whole, and only where nothing else is."""

import os
from pathlib import Path

import pytest

from forecast.errors import OutputPathError, SpecError
from forecast.hypotheses.power import Kept, check_checkpoint
from tests.systems import posix

COLUMNS = ("log_bayes_factor", "error")
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
    "ragged": b'{"of": "a"}\n{"key": "one", "log_bayes_factor": [1.0, 2.0], "error": [1.0]}\n',
    "no column": b'{"of": "a"}\n{"key": "one", "log_bayes_factor": 1.0, "error": 1.0}\n',
}


def test_what_is_kept_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "kept.jsonl"
    first = Kept.open(path, "a", COLUMNS)
    first.add("one", ((1.0, 0.1), (2.0, 0.2)))
    first.add("two", ((3.0, 0.3), (4.0, 0.4)))
    assert Kept.open(path, "a", COLUMNS).found == first.found
    with pytest.raises(SpecError, match="of another record"):
        Kept.open(path, "b", COLUMNS)


def test_a_result_that_was_not_written_to_its_end_is_made_again(tmp_path: Path) -> None:
    path = tmp_path / "kept.jsonl"
    first = Kept.open(path, "a", COLUMNS)
    first.add("one", ((1.0, 0.1),))
    with path.open("ab") as file:
        file.write(b'{"key": "two", "log_bay')
    again = Kept.open(path, "a", COLUMNS)
    assert again.found == first.found
    again.add("two", ((3.0, 0.3),))
    assert Kept.open(path, "a", COLUMNS).found == {"one": ((1.0, 0.1),), "two": ((3.0, 0.3),)}


@pytest.mark.parametrize("kind", FOREIGN)
def test_what_is_no_file_of_results_is_left_as_it_is(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "kept.jsonl"
    path.write_bytes(FOREIGN[kind])
    with pytest.raises(SpecError, match="no file of simulations"):
        Kept.open(path, "a", COLUMNS)
    assert path.read_bytes() == FOREIGN[kind]


@posix
def test_what_is_no_ordinary_file_is_rejected(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "pipe", tmp_path / "loop", tmp_path, Path("/dev/zero"), tmp_path / "file" / "inside"):
        with pytest.raises(OutputPathError):
            check_checkpoint(path)
