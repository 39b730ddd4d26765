"""Checkpoint of a long simulation: what the tests found on each simulated record."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from pydantic import TypeAdapter, ValidationError

from forecast.base.errors import SpecError
from forecast.base.files import check_target, check_writable
from forecast.base.journal import append_lines, read_journal

type TestRow = tuple[float, float, float]
"""Least and largest log Bayes factor, and the largest share of placebo sets that are as good."""


@dataclass
class Checkpoint:
    """Results of finished simulated records by key, also in a file if a path is given."""

    # JSON lines: the header with the digest, then a key with its row per line
    path: Path | None
    identity: str  # Digest of everything that the results depend on
    rows: dict[str, TestRow]

    @classmethod
    def open(cls, path: Path | None, identity: str) -> Self:
        """Read the results that a file holds; without a file, begin with none."""
        stored = [] if path is None else check_checkpoint(path)
        if path is None or not stored:
            return cls(path, identity, {})
        header, *lines = stored
        if header["of"] != identity:
            raise SpecError(
                f"{path}: holds simulations of another record, model, seed or version; "
                "name another file or remove it"
            )
        try:
            rows = TypeAdapter(list[tuple[str, TestRow]]).validate_python(lines)
        except ValidationError as error:
            line = int(error.errors()[0]["loc"][0]) + 2  # the header is line 1
            raise _not_a_checkpoint(
                path, f"line {line}: expected a key and three numbers"
            ) from error
        return cls(path, identity, dict(rows))

    def add(self, key: str, row: TestRow) -> None:
        """Add the result of a test on one simulated record, also to the file."""
        self.rows[key] = row
        if self.path is None:
            return
        header = json.dumps({"of": self.identity}).encode()
        line = json.dumps((key, row)).encode()
        append_lines(self.path, lambda stored: (line,) if stored.lines else (header, line))


def check_checkpoint(path: Path, inputs: Iterable[str | Path | None] = ()) -> list[Any]:
    """Return the lines of a checkpoint, or none of a new file.

    A file that cannot hold results is rejected before a simulation that takes hours.
    """
    check_target(path, inputs)
    check_writable(path.parent)
    if not path.exists():
        return []
    try:
        lines = [json.loads(line) for line in read_journal(path).lines]
        if not isinstance(lines[0]["of"], str):
            raise ValueError("the first line has no digest of what the results depend on")
        return lines
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        raise _not_a_checkpoint(path, error) from error


def _not_a_checkpoint(path: Path, error: Exception | str) -> SpecError:
    return SpecError(
        f"{path}: is no file of simulations ({error!s:.200}); name another file or remove it"
    )
