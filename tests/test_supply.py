"""What is installed with the package, and what is published of it: licences, and builds that give the same bytes."""

import os
import re
import subprocess
import sys
import tarfile
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from scripts import licences

ROOT = Path(__file__).parents[1]
ALLOWED = {
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "CC0-1.0",
    "ISC",
    "LGPL-2.1-only",
    "MIT",
    "MIT-CMU",
    "MPL-2.0",
    "PSF-2.0",
    "Zlib",
}
"""Licences of packages that a program under the Apache licence may import."""


def test_every_package_is_listed_with_a_licence_that_is_allowed() -> None:
    listed = dict(
        re.findall(
            r"^\| ([\w.-]+) \| ([^|]+) \|$", licences.PAGE.read_text("utf-8"), flags=re.MULTILINE
        )
    )
    del listed["package"]
    assert list(listed) == list(licences.locked()), "run `make licences`"
    unknown = {
        name: text
        for name, text in listed.items()
        if not {*re.split(" AND | OR ", text)} <= ALLOWED
    }
    assert not unknown
    for name, locked in licences.locked().items():
        try:
            installed = version(name)
        except PackageNotFoundError:
            continue
        if installed == locked:
            assert licences.licence(name) == listed[name], "run `make licences`"


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
    """The second is made of what the first one packed, in another folder, time zone and order of files, and later."""
    first = build(ROOT, tmp_path / "first", TZ="UTC", SOURCE_DATE_EPOCH="1700000000")
    (name,) = (name for name in first if name.endswith(".tar.gz"))
    with tarfile.open(tmp_path / "first" / name) as archive:
        archive.extractall(tmp_path / "elsewhere", filter="data")
    (source,) = (tmp_path / "elsewhere").iterdir()
    for path in source.rglob("*.py"):
        os.utime(path, (time.time(), time.time()))
        path.chmod(0o600)
    second = build(source, tmp_path / "second", TZ="Asia/Tokyo", SOURCE_DATE_EPOCH="1700000000")
    assert {Path(one).suffix for one in first} == {".whl", ".gz"}
    assert first.keys() == second.keys()
    assert [one for one in first if first[one] != second[one]] == []
