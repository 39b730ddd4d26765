"""Two builds of what is published give the same bytes."""

import os
import subprocess
import sys
import tarfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]


def build(source: Path, out: Path, **environment: str) -> dict[str, bytes]:
    """Build what is published, without a network; return the files by name."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", out],
        cwd=source,
        check=True,
        capture_output=True,
        env={**os.environ, **environment},
    )
    return {path.name: path.read_bytes() for path in out.iterdir()}


def test_builds_in_two_places_give_the_same_bytes(tmp_path: Path) -> None:
    """The second is made of what the first one packed, in another folder, time zone and order of
    files, and later.
    """
    first = build(ROOT, tmp_path / "first", TZ="UTC", SOURCE_DATE_EPOCH="1700000000")
    (name,) = (name for name in first if name.endswith(".tar.gz"))
    with tarfile.open(tmp_path / "first" / name) as archive:
        archive.extractall(tmp_path / "elsewhere", filter="data")
    (source,) = (tmp_path / "elsewhere").iterdir()
    for path in source.rglob("*.py"):
        os.utime(path, (time.time(), time.time()))
        path.chmod(0o600)
    second = build(source, tmp_path / "second", TZ="Asia/Tokyo", SOURCE_DATE_EPOCH="1700000000")
    assert {Path(name).suffix for name in first} == {".whl", ".gz"}
    assert first.keys() == second.keys()
    assert [name for name in first if first[name] != second[name]] == []
