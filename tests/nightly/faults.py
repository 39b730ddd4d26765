"""Failing of the N-th call to the system.

Open, write, fsync, rename, mkdir, remove, list, lock, SQLite, socket.

Counted are calls of this process about a folder, or to a server, whoever makes them: this package,
pathlib, zarr, pandas, httpx. What DuckDB, PyArrow, netCDF and SQLite's own C code do on the disk is
not seen; of SQLite every statement is counted instead.
"""

import builtins
import contextlib
import errno
import io
import os
import socket
import sqlite3
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

CODES = {
    "open": errno.EMFILE,
    "write": errno.ENOSPC,
    "fsync": errno.EIO,
    "rename": errno.EIO,
    "mkdir": errno.ENOSPC,
    "remove": errno.EACCES,
    "list": errno.EMFILE,
    "lock": errno.ENOLCK,
    "socket": errno.ECONNRESET,
}
"""Error of the system by kind of call."""
KINDS = (*CODES, "sqlite")
HERE = Path(__file__).parents[2]


@dataclass
class Fault:
    """A fault of the N-th call of a kind, or with `lasting` of that and all later ones.

    `memory` is of any kind.
    """

    kind: str
    number: int
    lasting: bool = False
    about: str = ""  # Part of the path that calls have to be about
    calls: int = 0
    counted: Counter[str] = field(default_factory=Counter)  # Calls of every kind
    path: str = ""  # What the first call that failed was about
    where: list[str] = field(default_factory=list)  # Who made it
    lock: threading.Lock = field(default_factory=threading.Lock)
    unasked: list[str] = field(default_factory=list)  # Connections of a command that has no server

    def __str__(self) -> str:
        lasting = " on" if self.lasting else ""
        callers = " < ".join(self.where)
        return f"{self.kind} {self.number}{lasting}: {self.path} ({callers})"

    @property
    def reached(self) -> bool:
        """Return whether a call failed."""
        return self.calls >= self.number > 0

    def comes(self, kind: str, path: str) -> bool:
        """Count a call, and return whether it is to fail."""
        with self.lock:
            self.counted[kind] += 1
            if (kind != self.kind and self.kind != "memory") or self.about not in path:
                return False
            self.calls += 1
            if self.calls == self.number:
                self.path, self.where = path, _callers()
            return self.reached if self.lasting else self.calls == self.number

    def call(self, kind: str, path: str) -> None:
        """Count a call, and fail it if it is its turn."""
        if self.comes(kind, path):
            self.fail(kind, path if kind not in ("write", "fsync", "lock") else None)

    def fail(self, kind: str, path: str | None) -> None:
        """Fail as the system does, with the name of the file where it gives one."""
        if self.kind == "memory":
            raise MemoryError
        if kind == "sqlite":
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorcode = sqlite3.SQLITE_IOERR
            raise error
        code = CODES[kind]
        raise OSError(code, os.strerror(code), *([] if path is None else [path]))


def _callers() -> list[str]:
    """Return the last lines of this package that led to a call."""
    found, frame = list[str](), sys._getframe(2)
    while frame is not None and len(found) < 4:
        path = Path(frame.f_code.co_filename)
        if path.is_relative_to(HERE / "forecast"):
            found.append(f"{path.relative_to(HERE)}:{frame.f_lineno}")
        frame = frame.f_back  # type: ignore[assignment]
    return found


class _Calls:
    """What is put in the place of the system's functions."""

    def __init__(self, root: Path, fault: Fault, port: int | None) -> None:
        self.fault, self.port = fault, port
        self.roots = {f"{root}{os.sep}", f"{root.resolve()}{os.sep}"}
        self.paths: dict[int, str] = {}  # Of open descriptors
        self.open, self.os_open = io.open, os.open

    def inside(self, path: Any, folder: int | None = None) -> str:
        """Return the path that a call is about; '' if it is not in the observed folder."""
        if isinstance(path, int):
            return self.paths.get(path, "")
        text = os.fsdecode(path)
        found = os.path.normpath(
            os.path.join(self.paths.get(folder, "") if folder else os.getcwd(), text)  # noqa: PTH118, PTH109
        )
        return found if any(f"{found}{os.sep}".startswith(root) for root in self.roots) else ""

    def of_path(self, kind: str, real: Any, *, both: bool = False) -> Any:
        """Return a function of a path, or of two, that may fail."""

        def call(path: Any = ".", *others: Any, **options: Any) -> Any:
            folder = options.get("dir_fd", options.get("src_dir_fd"))
            found = self.inside(path, folder) or (both and self.inside(others[0]))
            if found:
                self.fault.call(kind, found)
            return real(path, *others, **options)

        return call

    def opened_descriptor(self, path: Any, *words: Any, **options: Any) -> int:
        """Be `os.open`."""
        if found := self.inside(path, options.get("dir_fd")):
            self.fault.call("open", found)
        descriptor = self.os_open(path, *words, **options)
        self.paths[descriptor] = found
        return descriptor

    def opened(
        self,
        file: Any,
        mode: str = "r",
        buffering: int = -1,
        encoding: Any = None,
        errors: Any = None,
        newline: Any = None,
        closefd: bool = True,
        opener: Any = None,
    ) -> Any:
        """Be `open`."""
        found = self.inside(file)
        if found and not isinstance(file, int) and opener is None:
            self.fault.call("open", found)
        if not found or not set(mode) & set("wax+"):
            made = self.open(file, mode, buffering, encoding, errors, newline, closefd, opener)
            self.paths[made.fileno()] = found
            return made
        raw = _Raw(file, mode.replace("b", "").replace("t", ""), closefd, opener)
        raw.watched = found, self.fault
        self.paths[raw.fileno()] = found
        if buffering == 0:
            return raw
        buffered = io.BufferedRandom(raw) if "+" in mode else io.BufferedWriter(raw)
        return buffered if "b" in mode else io.TextIOWrapper(buffered, encoding, errors, newline)

    def of_descriptor(self, kind: str, real: Any) -> Any:
        """Return a function of a descriptor that may fail."""

        def call(descriptor: Any, *others: Any) -> Any:
            number = descriptor if isinstance(descriptor, int) else descriptor.fileno()
            if found := self.inside(number):
                self.fault.call(kind, found)
            return real(descriptor, *others)

        return call

    def written(self, descriptor: int, content: Any) -> int:
        """Be `os.write`: where the disk is full, half of it is written first."""
        found = self.inside(descriptor)
        if found and self.fault.comes("write", found):
            _write(descriptor, content[: len(content) // 2])
            self.fault.fail("write", None)
        return _write(descriptor, content)

    def of_socket(self, real: Any) -> Any:
        """Return a method of a socket that may fail if it connects to the server."""

        def call(own: socket.socket, *words: Any) -> Any:
            if self._is_client(own, *words):
                try:
                    self.fault.call("socket", f"port {self.port}")
                except (
                    MemoryError
                ):  # libraries close after an OSError alone, and Python warns of the rest
                    own.close()
                    raise
            return real(own, *words)

        return call

    def _is_client(self, own: socket.socket, *words: Any) -> bool:
        if words and isinstance(words[0], tuple):
            return bool(words[0][1] == self.port)
        with contextlib.suppress(OSError, IndexError):  # not connected, or no socket of the network
            return bool(own.getpeername()[1] == self.port)
        return False

    def unasked(self, *words: Any, **_: Any) -> Any:
        """Note a connection, or the search for a host, by a command that is to make none, and fail
        it.
        """
        self.fault.unasked.append(repr(words[:2]))
        raise ConnectionRefusedError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED))

    def connection(self) -> type[sqlite3.Connection]:
        """Return connections of SQLite, whose statements may fail."""
        fault = self.fault

        class Connection(sqlite3.Connection):
            def execute(self, *words: Any) -> Any:
                fault.call("sqlite", str(words[0])[:40])
                return super().execute(*words)

            def executemany(self, *words: Any) -> Any:
                fault.call("sqlite", str(words[0])[:40])
                return super().executemany(*words)

            def executescript(self, *words: Any) -> Any:
                fault.call("sqlite", str(words[0])[:40])
                return super().executescript(*words)

        return Connection


_write = os.write


class _Raw(io.FileIO):
    """A file that may be found full, half of a text being written."""

    watched: tuple[str, Fault]

    def write(self, content: Any) -> int:
        path, fault = self.watched
        if fault.comes("write", path):
            super().write(bytes(content)[: len(content) // 2])
            fault.fail("write", None)
        return super().write(content)


@contextlib.contextmanager
def injected(root: Path, fault: Fault, port: int | None = None) -> Iterator[Fault]:
    """Let a fault come over all calls about a folder, or to a port of this machine."""
    calls = _Calls(root, fault, port)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(io, "open", calls.opened)
        patch.setattr(builtins, "open", calls.opened)
        patch.setattr(os, "open", calls.opened_descriptor)
        patch.setattr(os, "write", calls.written)
        for kind, names in {
            "mkdir": ["mkdir"],
            "remove": ["unlink", "remove", "rmdir"],
            "list": ["listdir", "scandir"],
        }.items():
            for name in names:
                patch.setattr(os, name, calls.of_path(kind, getattr(os, name)))
        for name in ("rename", "replace", "link"):
            patch.setattr(os, name, calls.of_path("rename", getattr(os, name), both=True))
        from forecast.base import folders

        patch.setattr(folders, "exchange", calls.of_path("rename", folders.exchange, both=True))
        patch.setattr(os, "fsync", calls.of_descriptor("fsync", os.fsync))
        with contextlib.suppress(ImportError):  # Windows
            import fcntl

            patch.setattr(fcntl, "flock", calls.of_descriptor("lock", fcntl.flock))
        for name in ("connect", "sendall", "recv") if port else ():
            patch.setattr(
                socket.socket, name, calls.of_socket(getattr(socket.socket, name)), raising=False
            )
        if not port:
            for place, name in (
                (socket.socket, "connect"),
                (socket.socket, "connect_ex"),
                (socket, "getaddrinfo"),
            ):
                patch.setattr(place, name, calls.unasked, raising=False)
        connect = sqlite3.connect
        patch.setattr(
            sqlite3,
            "connect",
            lambda *words, **options: connect(*words, factory=calls.connection(), **options),
        )
        yield fault
