"""Results of a long run, kept in a file as they are found, so that an interrupted run goes on where it stopped."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from forecast.errors import SpecError
from forecast.files import check_target, check_writable, read_bytes, write_text

LARGEST_FILE = 500_000_000
"""Bytes; a million records take less."""

type Rows = tuple[tuple[float, ...], ...]
"""What was found for one record: rows of numbers."""


@dataclass
class Kept:
    """Rows of numbers found for records, by the record's key."""

    path: Path | None  # JSON lines: first what they are of, then a line a record. None keeps nothing beyond the run
    identity: str  # Digest of everything the results rest on
    columns: tuple[str, ...]  # Names of the numbers in a row
    found: dict[str, Rows]  # By key, its rows

    @classmethod
    def open(cls, path: Path | None, identity: str, columns: tuple[str, ...]) -> Self:
        """Read the results that are there."""
        if path is None:
            return cls(path, identity, columns, {})
        check_kept(path)
        if not path.exists():
            return cls(path, identity, columns, {})
        of, lines = _stored(path)
        if of != identity:
            raise SpecError(
                f"{path}: holds simulations of another record, model, seed or version; name another file or remove it"
            )
        try:
            found = {line["key"]: _rows(line, columns) for line in lines}
        except (ValueError, KeyError, TypeError) as error:
            raise _foreign(path, error) from error
        return cls(path, identity, columns, found)

    def add(self, key: str, rows: Rows) -> None:
        """Keep what was found for one more record; the file is always whole."""
        self.found[key] = rows
        if self.path is None:
            return
        lines: list[dict[str, Any]] = [{"of": self.identity}]
        for one, known in self.found.items():
            values = zip(*known, strict=True)
            lines.append({"key": one, **dict(zip(self.columns, values, strict=True))})
        write_text(self.path, "".join(json.dumps(line) + "\n" for line in lines))


def check_kept(path: Path, inputs: Iterable[str | Path | None] = ()) -> None:
    """Make sure that results can be kept in a file before hours are spent on them: a new one, or one of results."""
    check_target(path, inputs)
    check_writable(path.parent)
    if path.exists():
        _stored(path)


def _stored(path: Path) -> tuple[str, list[dict[str, Any]]]:
    """Read what the results of a file are of, and a line a record."""
    try:
        text = read_bytes(path, LARGEST_FILE).decode("utf-8")
        first, *lines = [json.loads(line) for line in text.splitlines()]
        if not isinstance(first["of"], str):
            raise ValueError("the first line names no digest of what the results are of")
        return first["of"], lines
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        raise _foreign(path, error) from error


def _foreign(path: Path, error: Exception) -> SpecError:
    return SpecError(f"{path}: is no file of simulations ({error!s:.200}); name another file or remove it")


def _rows(line: dict[str, Any], columns: tuple[str, ...]) -> Rows:
    return tuple(zip(*(line[name] for name in columns), strict=True))
