"""Nobody may ever see half a file, whatever happens to the one who writes it."""

import datetime
import errno
import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.base import digests, file_faults, files, reading, unfinished
from forecast.base.errors import ForecastError, OutputError
from forecast.base.folders import atomic_folder
from tests.systems import posix

UNWRITABLE = [Path("/dev/null"), Path("/dev/null/deep/down")]
"""Refused to everyone, root too: neither a folder, nor can there be one below."""


def names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


@given(text=st.text(st.characters(exclude_categories=["Cs"])))
def test_text_comes_back_byte_for_byte(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.getbasetemp() / "made" / "for" / "it.txt"
    files.write_text(path, text)
    assert path.read_bytes() == text.encode()
    assert names(path.parent) == {"it.txt"}


def test_json_takes_what_results_are_made_of(tmp_path: Path) -> None:
    files.write_json(
        tmp_path / "x.json",
        {
            "z": np.float32(0.5),
            "a": np.arange(2),
            "day": datetime.date(2023, 10, 31),
            "out": Path("here"),
            "no": None,
        },
    )
    text = (tmp_path / "x.json").read_text("utf-8")
    assert json.loads(text) == {
        "z": 0.5,
        "a": [0, 1],
        "day": "2023-10-31",
        "out": "here",
        "no": None,
    }
    assert text.index('"z"') < text.index('"a"'), "keys stay in the order given"


@pytest.mark.parametrize("value", [float("nan"), np.float64("inf"), np.array([np.nan]), object()])
def test_json_refuses_what_json_cannot_say(tmp_path: Path, value: object) -> None:
    files.write_json(tmp_path / "x.json", {"old": 1})
    with pytest.raises(ForecastError, match=r"x\.json"):
        files.write_json(tmp_path / "x.json", {"new": value})
    assert json.loads((tmp_path / "x.json").read_text()) == {"old": 1}
    assert names(tmp_path) == {"x.json"}


def test_csv_has_a_header_and_no_index(tmp_path: Path) -> None:
    files.write_csv(tmp_path / "x.csv", pd.DataFrame({"code": ["010"], "n": [1]}, index=[7]))
    assert (tmp_path / "x.csv").read_bytes() == b"code,n\n010,1\n"


@posix
@pytest.mark.parametrize("path", UNWRITABLE)
def test_an_unwritable_place_is_refused_before_the_work(path: Path) -> None:
    with pytest.raises(OutputError, match="Choose another place"):
        files.check_writable(path)
    with pytest.raises(OutputError), atomic_folder(path):
        pytest.fail("the block must not run")
    with pytest.raises(OutputError):
        files.write_text(path / "x.txt", "text")


def test_checking_leaves_nothing_behind(tmp_path: Path) -> None:
    files.check_writable(tmp_path / "not" / "yet" / "there")
    assert names(tmp_path) == set()


@pytest.mark.parametrize("code", [errno.EMFILE, errno.ENOMEM, errno.EIO])
def test_what_the_system_lacks_is_not_said_of_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """Readers answer an OSError with what is wrong with the file, or take it for one that is not
    there.
    """

    def fails(path: Path, flags: int) -> int:
        raise OSError(code, os.strerror(code), str(path))

    monkeypatch.setattr(os, "open", fails)
    with pytest.raises(
        ForecastError, match=rf"manifest\.json: {os.strerror(code)}\. Free what"
    ) as found:
        reading.read_bytes(tmp_path / "manifest.json", 10)
    assert not isinstance(found.value, OSError) and found.value.exit_code == 1


def test_a_path_in_unfinished_work_is_shown_as_that_of_the_finished_one() -> None:
    hidden = Path("reports/.a.b.0123abcd.partial/new/.index.html.89abcdef.partial/new")
    assert file_faults.shown_path(hidden) == str(Path("reports/a.b/index.html"))
    assert file_faults.shown_path("reports/.a.b") == "reports/.a.b"


@posix
def test_unfinished_work_that_stays_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a folder that is being made it would be published."""
    monkeypatch.setattr(unfinished.shutil, "rmtree", lambda *_, **__: None)
    with (
        pytest.raises(OSError, match="not empty"),
        unfinished.partial_folder(tmp_path / "report") as folder,
    ):
        (folder / "half").touch()


@posix
@pytest.mark.parametrize("code", [errno.EMFILE, errno.EACCES])
def test_why_unfinished_work_stays_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """Too many open files are nothing to change a path for, which is what a folder that is not
    empty would say.
    """

    def fails(path: str, *_: object, **__: object) -> int:
        raise OSError(code, os.strerror(code), path)

    with (
        pytest.raises(OSError, match=r"\.report\.") as found,
        unfinished.partial_folder(tmp_path / "report") as folder,
    ):
        (folder / "half").touch()
        monkeypatch.setattr(os, "open", fails)
    assert found.value.errno == code


def test_the_digest_is_that_of_the_content() -> None:
    frame = pd.DataFrame({"code": ["010", "04"], "share": [0.1, 50.0]})
    # Locked: digests are written into reports, so no version of this package or of pandas may
    # change them.
    assert digests.digest(frame) == digests.digest(b"code,share\n010,0.1\n04,50.0\n")
    assert (
        digests.digest(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )
    assert digests.digest(frame) == digests.digest(frame.set_index(pd.Index([5, 6])))
    assert digests.digest(frame) != digests.digest(frame[::-1])
