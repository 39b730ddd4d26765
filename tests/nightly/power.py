"""Power cuts: what a command wrote is recorded with strace, and replayed with parts of it lost.

A recording is the list of all writes, truncations, syncs and changes of names that a process made
in a folder. A cut after any of them leaves what was synced before, and of the rest an arbitrary
part: of each write every page for itself is there, missing, or zero, and each change of a name has
happened or not, in any order. That is what POSIX permits; what a disk or file system does is less.
"""

import itertools
import os
import random
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parents[2]
PAGE = 4096
"""Bytes that a disk writes, or loses, at once."""
CALLS = (
    "openat,open,creat,write,pwrite64,writev,pwritev,lseek,truncate,ftruncate,fallocate,fsync,fdatasync,rename,renameat,"
    "renameat2,unlink,unlinkat,mkdir,mkdirat,rmdir,link,linkat,symlink,symlinkat,close,dup,dup2,dup3,fcntl,clone,clone3,"
    "vfork,fork,copy_file_range,sendfile,exit_group"
)
UNREAD = (
    "writev",
    "pwritev",
    "fallocate",
    "copy_file_range",
    "sendfile",
    "symlink",
    "symlinkat",
    "creat",
    "open",
)
"""Calls that no command makes in its folder; a recording with one of them would be incomplete."""
LONGEST = 600
"""Seconds that a recorded command may take."""
_LINE = re.compile(r"(\d+)\s+(\w+)\((.*)\)\s+=\s+(-?\d+|\?)", re.DOTALL)
_BEGUN = re.compile(r"(\d+)\s+(.*?) <unfinished \.\.\.>$", re.DOTALL)
_RESUMED = re.compile(r"(\d+)\s+<\.\.\. \w+ resumed>(.*)", re.DOTALL)


@dataclass
class Node:
    """A file or folder: an inode."""

    number: int
    folder: bool
    content: bytearray = field(
        default_factory=bytearray
    )  # Of a file, as it was before the recording
    names: dict[str, int] = field(
        default_factory=dict
    )  # Of a folder: the numbers of what is in it, by name


@dataclass(frozen=True)
class Write:
    """A write to a file or, without content, a new size of it."""

    node: int
    at: int
    content: bytes | None


@dataclass(frozen=True)
class Named:
    """Names that change together: each stands for something else from then on, or for nothing."""

    changes: tuple[tuple[int, str, int | None], ...]


@dataclass(frozen=True)
class Sync:
    """A wait for the disk to have the content of a file, or the names of a folder."""

    node: int


@dataclass(frozen=True)
class Told:
    """What was written to standard output: from then on it is acknowledged."""

    text: str


type Step = Write | Named | Sync | Told


@dataclass
class Recording:
    """A command's writes: what was there before, by number, and each step."""

    nodes: dict[int, Node]
    steps: list[Step]
    folders: frozenset[int]  # Numbers of all folders

    def told(self, cut: int) -> list[str]:
        """Return the lines that had been printed when the power failed after so many steps."""
        return "".join(
            step.text for step in self.steps[:cut] if isinstance(step, Told)
        ).splitlines()


def record(command: list[str], folder: Path) -> Recording:
    """Run a command in a folder, and record what it writes there."""
    log = folder.with_name(f"{folder.name}.strace")
    before = _read_tree(folder)
    traced = [
        "strace",
        "-f",
        "--seccomp-bpf",
        "-xx",
        "-s",
        "100000000",
        "-e",
        f"trace={CALLS}",
        "-o",
        str(log),
    ]
    own = os.environ | {"PYTHONPATH": str(HERE)}
    done = subprocess.run(
        [*traced, *command],
        cwd=folder,
        env=own,
        capture_output=True,
        text=True,
        timeout=LONGEST,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    recording = _Reader(folder.resolve(), before).read(log)
    log.unlink()
    return recording


def works(folder: Path) -> bool:
    """Return whether this system lets strace record a process."""
    if shutil.which("strace") is None:
        return False
    try:
        return bool(record(["mkdir", "a"], folder).steps)
    except (AssertionError, OSError, subprocess.SubprocessError):
        return False


def _read_tree(folder: Path) -> dict[int, Node]:
    """Return what is in a folder, which itself has the number 0."""
    nodes, numbers = {0: Node(0, True)}, itertools.count(1)

    def add(path: Path, node: Node) -> None:
        for inner in sorted(path.iterdir()):
            number = next(numbers)
            nodes[number] = Node(number, inner.is_dir())
            node.names[inner.name] = number
            if inner.is_dir():
                add(inner, nodes[number])
            else:
                nodes[number].content = bytearray(inner.read_bytes())

    add(folder, nodes[0])
    return nodes


@dataclass
class _File:
    """An open file of a process."""

    node: int | None  # None if it is not in the folder
    path: str
    at: int = 0
    appends: bool = False


class _Reader:
    """A reader of a log of strace: follows every name and descriptor, as the system did."""

    def __init__(self, root: Path, nodes: dict[int, Node]) -> None:
        self.root, self.before = str(root), nodes
        self.names = {number: dict(node.names) for number, node in nodes.items() if node.folder}
        self.sizes = {
            number: len(node.content) for number, node in nodes.items() if not node.folder
        }
        self.numbers = itertools.count(len(nodes))
        self.files: dict[int, _File] = {}
        self.steps: list[Step] = []
        self.threads: set[str] = set()

    def read(self, log: Path) -> Recording:
        begun: dict[str, str] = {}
        for line in log.read_text("ascii").splitlines():
            if unfinished := _BEGUN.fullmatch(line):
                begun[unfinished[1]] = unfinished[2]
                continue
            if resumed := _RESUMED.fullmatch(line):
                line = f"{resumed[1]} {begun.pop(resumed[1])}{resumed[2]}"
            found = _LINE.match(line)
            if found is None or found[4] == "?" or int(found[4]) < 0:
                continue
            process, call, words, result = found[1], found[2], found[3], int(found[4])
            self.threads = self.threads or {process}
            if call in ("clone", "clone3", "fork", "vfork"):
                if process in self.threads and "CLONE_THREAD" in words:
                    self.threads.add(str(result))
            elif process in self.threads:  # and not a process of its own, such as git
                self._call(call, words, result)
        return Recording(self.before, self.steps, frozenset(self.names))

    def _call(self, call: str, words: str, result: int) -> None:
        texts = [
            bytes.fromhex(text.replace("\\x", ""))
            for text in re.findall(r'"((?:\\x[0-9a-f]{2})*)"', words)
        ]
        numbers = [
            int(word)
            for word in re.split(r", ", re.sub(r'"[^"]*"', "", words))
            if re.fullmatch(r"-?\d+", word)
        ]
        if call in UNREAD:
            inside = [text for text in texts if self._place(words, text)[1]]
            assert not inside and not (numbers and self._node(numbers[0]) is not None), (
                f"{call} is not followed"
            )
        if handle := getattr(self, f"_{call}", None):
            handle(words, texts, numbers, result)

    # Names

    def _path(self, words: str, text: bytes, place: int = 0) -> str:
        name = text.decode()
        if name.startswith("/"):
            return name
        given = re.findall(r"(?:^|, )(AT_FDCWD|\d+), \"", words)
        base = (
            self.root
            if not given or given[place] == "AT_FDCWD"
            else self.files[int(given[place])].path
        )
        return f"{base}/{name}"

    def _place(self, words: str, text: bytes, place: int = 0) -> tuple[int, str]:
        """Return the folder and the name of a path.

        Outside the watched folder the name is empty.
        """
        parts: list[str] = []
        for part in self._path(words, text, place).removeprefix(self.root).split("/"):
            if part == "..":
                parts = parts[:-1]
            elif part not in ("", "."):
                parts.append(part)
        if not f"{self._path(words, text, place)}/".startswith(f"{self.root}/") or not parts:
            return 0, ""
        node = 0
        for part in parts[:-1]:
            inner = self.names.get(node, {}).get(part)
            if inner is None:
                return 0, ""
            node = inner
        return node, parts[-1]

    def _change(self, *changes: tuple[int, str, int | None]) -> None:
        for folder, name, node in changes:
            if node is None:
                del self.names[folder][name]
            else:
                self.names[folder][name] = node
        self.steps.append(Named(changes))

    def _make(self, folder: int, name: str, *, is_folder: bool) -> int:
        node = next(self.numbers)
        if is_folder:
            self.names[node] = {}
        else:
            self.sizes[node] = 0
        self._change((folder, name, node))
        return node

    def _mkdir(self, words: str, texts: list[bytes], numbers: list[int], result: int) -> None:
        folder, name = self._place(words, texts[0])
        if name:
            self._make(folder, name, is_folder=True)

    _mkdirat = _mkdir

    def _unlink(self, words: str, texts: list[bytes], numbers: list[int], result: int) -> None:
        folder, name = self._place(words, texts[0])
        if name:
            self._change((folder, name, None))

    _unlinkat = _rmdir = _unlink

    def _rename(self, words: str, texts: list[bytes], numbers: list[int], result: int) -> None:
        (one, name), (other, target) = self._place(words, texts[0]), self._place(words, texts[1], 1)
        if not name and not target:
            return
        assert name and target, "a file is moved out of its folder, or into it"
        node = self.names[one][name]
        if "RENAME_EXCHANGE" in words:
            self._change((other, target, node), (one, name, self.names[other][target]))
        else:
            self._change((other, target, node), (one, name, None))

    _renameat = _renameat2 = _rename

    def _link(self, words: str, texts: list[bytes], numbers: list[int], result: int) -> None:
        (one, name), (other, target) = self._place(words, texts[0]), self._place(words, texts[1], 1)
        if target:
            self._change((other, target, self.names[one][name]))

    _linkat = _link

    # Contents

    def _openat(self, words: str, texts: list[bytes], numbers: list[int], result: int) -> None:
        folder, name = self._place(words, texts[0])
        path = self._path(words, texts[0])
        node = self.names[folder].get(name) if name else None
        if path.rstrip("/") == self.root or path in (f"{self.root}/.", "."):
            node = 0
        if node is None and name and "O_CREAT" in words:
            node = self._make(folder, name, is_folder=False)
        elif node is not None and "O_TRUNC" in words and self.sizes[node]:
            self._resize(node, 0)
        self.files[result] = _File(node, path, appends="O_APPEND" in words)

    def _node(self, descriptor: int) -> int | None:
        return self.files[descriptor].node if descriptor in self.files else None

    def _close(self, words: str, texts: list[bytes], numbers: list[int], result: int) -> None:
        self.files.pop(numbers[0], None)

    def _dup(self, words: str, texts: list[bytes], numbers: list[int], result: int) -> None:
        if numbers[0] in self.files:
            self.files[result] = self.files[numbers[0]]

    _dup2 = _dup3 = _dup

    def _fcntl(self, words: str, texts: list[bytes], numbers: list[int], result: int) -> None:
        if "F_DUPFD" in words:
            self._dup(words, texts, numbers, result)

    def _lseek(self, words: str, texts: list[bytes], numbers: list[int], result: int) -> None:
        if numbers[0] in self.files:
            self.files[numbers[0]].at = result

    def _write(self, words: str, texts: list[bytes], numbers: list[int], result: int) -> None:
        if numbers[0] == 1 and 1 not in self.files:
            self.steps.append(Told(texts[0][:result].decode()))
        if (node := self._node(numbers[0])) is not None:
            file = self.files[numbers[0]]
            at = self.sizes[node] if file.appends else file.at
            self._put(node, at, texts[0][:result])
            file.at = at + result

    def _pwrite64(self, words: str, texts: list[bytes], numbers: list[int], result: int) -> None:
        if (node := self._node(numbers[0])) is not None:
            self._put(node, numbers[-1], texts[0][:result])

    def _put(self, node: int, at: int, content: bytes) -> None:
        self.sizes[node] = max(self.sizes[node], at + len(content))
        self.steps.append(Write(node, at, content))

    def _resize(self, node: int, size: int) -> None:
        self.sizes[node] = size
        self.steps.append(Write(node, size, None))

    def _ftruncate(self, words: str, texts: list[bytes], numbers: list[int], result: int) -> None:
        if (node := self._node(numbers[0])) is not None:
            self._resize(node, numbers[1])

    def _truncate(self, words: str, texts: list[bytes], numbers: list[int], result: int) -> None:
        folder, name = self._place(words, texts[0])
        if name:
            self._resize(self.names[folder][name], numbers[-1])

    def _fsync(self, words: str, texts: list[bytes], numbers: list[int], result: int) -> None:
        if (node := self._node(numbers[0])) is not None:
            self.steps.append(Sync(node))

    _fdatasync = _fsync


def after_cut(recording: Recording, cut: int, rng: random.Random, target: Path) -> None:
    """Write to a folder what is on the disk after the power failed after so many steps."""
    contents = {
        number: bytearray(node.content)
        for number, node in recording.nodes.items()
        if not node.folder
    }
    names = {number: dict(node.names) for number, node in recording.nodes.items() if node.folder}
    synced: dict[int, int] = {}
    for place, step in enumerate(recording.steps[:cut]):
        if isinstance(step, Sync):
            synced[step.node] = place
    kept = rng.choice(
        (0.0, 0.3, 0.5, 0.7, 0.9)
    )  # how much of what was not synced is there all the same
    zero = rng.choice((0.0, 0.5, 1.0))  # and how much of the rest is there as zero
    for place, step in enumerate(recording.steps[:cut]):
        if isinstance(step, Write):
            content = contents.setdefault(step.node, bytearray())
            certain = place < synced.get(step.node, -1)
            if step.content is None:
                if certain or rng.random() < kept:
                    content[:] = content[: step.at].ljust(step.at, b"\0")
                continue
            for start, page in _pages(step.at, step.content):
                if certain or rng.random() < kept:
                    _put(content, start, page)
                elif rng.random() < zero:
                    _put(content, start, bytes(len(page)))
        elif isinstance(step, Named):
            # A folder that was synced has the change; else all of the change has happened or
            # nothing.
            certain = any(place < synced.get(folder, -1) for folder, _, _ in step.changes)
            if certain or rng.random() < kept:
                for folder, name, node in step.changes:
                    if node is None:
                        names.setdefault(folder, {}).pop(name, None)
                    else:
                        names.setdefault(folder, {})[name] = node
    _materialize(target, 0, names, contents, recording.folders)


def _materialize(
    target: Path,
    number: int,
    names: dict[int, dict[str, int]],
    contents: dict[int, bytearray],
    folders: frozenset[int],
) -> None:
    target.mkdir()
    for name, node in names.get(number, {}).items():
        if node in folders:
            _materialize(target / name, node, names, contents, folders)
        else:
            (target / name).write_bytes(contents.get(node, b""))


def _pages(at: int, content: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the parts of a write by pages, each with its place in the file."""
    start = at
    while start < at + len(content):
        end = min((start // PAGE + 1) * PAGE, at + len(content))
        yield start, content[start - at : end - at]
        start = end


def _put(content: bytearray, at: int, part: bytes) -> None:
    if len(content) < at:
        content.extend(bytes(at - len(content)))
    content[at : at + len(part)] = part
