"""Forms that a person fills in.

Whatever is in them, they are read or rejected at once and in little memory.
"""

import datetime
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from forecast.base.errors import MappingError
from forecast.base.forms import MAX_DEPTH, MAX_FORM_BYTES, MAX_SCALAR, read_form
from tests.systems import posix

ROUND = "\n".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30))
BOMBS = {
    "laughs": f"a0: &a0 [lol]\n{ROUND}",
    "nested anchors": "".join(f"&a{n} [" for n in range(5000)),
    "anchor": "a: &a 1",
    "alias": "a: &a [1]\nb: *a",
    "merged": "a: &a {b: 1}\nc:\n  <<: *a",
    "merged in place": "a:\n  <<: {b: 1}\n  c: 2",
    "field twice": "a: 1\nb: 2\na: 3",
    "field twice inside": "a: [{b: 1, 'b': 2}]",
    "recursive": "&a [*a]",
    "recursive map": "&a {a: *a}",
    "timestamp": "a: !!timestamp x",
    "tags": "!!set {a}",
    "python": "!!python/object/apply:os.system ['touch /tmp/owned']",
    "own tag": "a: !mine 1",
    "binary": "a: !!binary gA==",
    "deep lists": "[" * 40_000,
    "deep maps": "{a: " * 20_000,
    "deep blocks": "\n".join(f"{' ' * n}a:" for n in range(400)),
    "deep sequences": "- " * 40_000,
    "many keys": "? " * 40_000,
    "hexadecimal": "a: 0x" + "f" * 90_000,
    "sexagesimal": "a: 1" + ":59" * 30_000,
    "digits": "a: " + "9" * 90_000,
    "month 13": "a: 2024-13-45",
    "long key": "k" * 90_000 + ": 1",
    "unhashable": "{[a]: b, {c: d}: e}",
    "control": "a: \x00",
    "half a character": "a: \ud800",
    "tabs": "\ta: b",
    "two documents": "a: 1\n---\nb: 2",
    "open quote": "a: 'b",
    "directives": "%YAML 9.9\n---\na: 1",
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_rejected_at_once(tmp_path: Path, name: str) -> None:
    path = tmp_path / "form.yaml"
    path.write_bytes(BOMBS[name].encode("utf-8", "surrogatepass"))
    start = time.process_time()
    with pytest.raises(MappingError, match=r"form\.yaml") as raised:
        read_form(path, "mapping", MappingError)
    assert time.process_time() - start < 1.0
    assert len(str(raised.value)) < 1000


JSON = [
    '{"a": 1, "b": {"c": 1, "c": 1}}',
    "[" * 90_000,
    '{"a":' * 15_000,
    "9" * 90_000,
    f'"{"x" * 90_000}"',
    "{",
    "\ud800",
]


@pytest.mark.parametrize(
    "text", JSON, ids=["field twice", "lists", "maps", "digits", "text", "open", "half a character"]
)
def test_so_is_json(tmp_path: Path, text: str) -> None:
    path = tmp_path / "form.json"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(MappingError, match=r"form\.json"):
        read_form(path, "mapping", MappingError)


def test_the_largest_form_there_may_be_is_read_in_time(tmp_path: Path) -> None:
    path = tmp_path / "form.yaml"
    lines = [f"country number {n:05}: {'x' * 60}" for n in range(MAX_FORM_BYTES // 90)]
    path.write_text("\n".join(lines))
    start = time.process_time()
    assert len(read_form(path, "mapping", MappingError)) == len(lines)
    assert time.process_time() - start < 1.0
    path.write_text("x" * (MAX_FORM_BYTES + 1))
    with pytest.raises(MappingError, match="bytes"):
        read_form(path, "mapping", MappingError)


@pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="needs the memory account of Linux"
)
def test_bombs_take_little_memory(tmp_path: Path) -> None:
    for number, text in enumerate(BOMBS.values()):
        (tmp_path / f"{number}.yaml").write_bytes(text.encode("utf-8", "surrogatepass"))
    program = f"""
from pathlib import Path
from forecast.base.errors import MappingError
from forecast.base.forms import read_form
for path in Path({str(tmp_path)!r}).glob("*.yaml"):
    try:
        read_form(path, "mapping", MappingError)
    except MappingError:
        pass
# Of this program alone: what getrusage tells includes the process that started it.
(peak,) = [line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")]
print(int(peak) * 1024)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert float(done.stdout) < 200e6


@posix
def test_special_files_are_rejected_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "zero.yaml").symlink_to("/dev/zero")
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "loop.yaml").symlink_to("loop.yaml")
    with (tmp_path / "sparse.yaml").open("wb") as file:
        file.truncate(2**30)
    start = time.perf_counter()
    for name in ("pipe", "zero", "folder", "loop", "sparse", "nothing"):
        with pytest.raises(MappingError, match=rf"{name}\.yaml"):
            read_form(tmp_path / f"{name}.yaml", "mapping", MappingError)
    assert time.perf_counter() - start < 2.0


def test_what_a_form_needs_is_read(tmp_path: Path) -> None:
    path = tmp_path / "form.yaml"
    path.write_text(
        "# a comment\ndataset: 'mine: all'\ncolumns: {date: 1, cameo: \"code\"}\nday: "
        "2024-05-15\nempty:\n"
    )
    content = {
        "dataset": "mine: all",
        "columns": {"date": 1, "cameo": "code"},
        "day": datetime.date(2024, 5, 15),
        "empty": None,
    }
    assert read_form(path, "mapping", MappingError) == content
    path.write_text("[" * MAX_DEPTH + "]" * MAX_DEPTH)
    assert read_form(path, "mapping", MappingError)
    path.with_suffix(".json").write_text(json.dumps({"a": "x" * MAX_SCALAR}))
    assert len(read_form(path.with_suffix(".json"), "mapping", MappingError)["a"]) == MAX_SCALAR
