"""Results of a long run, kept in a file as they are found, so that an interrupted run goes on where it stopped."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from forecast.errors import SpecError
from forecast.files import write_text

type Rows = tuple[tuple[float, ...], ...]
"""What was found for one record: rows of numbers."""


@dataclass
class Kept:
    """Rows of numbers found for records, by the record's key.

    Attributes
    ----------
    path : Path or None
        JSON lines: first what they are of, then a line a record. None keeps nothing beyond the run.
    identity : str
        Digest of everything the results rest on.
    columns : tuple of str
        Names of the numbers in a row.
    found : dict
        By key, its rows.
    """

    path: Path | None
    identity: str
    columns: tuple[str, ...]
    found: dict[str, Rows]

    @classmethod
    def open(cls, path: Path | None, identity: str, columns: tuple[str, ...]) -> Self:
        """Read the results that are there.

        Raises
        ------
        SpecError
            If the file holds something else.

        Examples
        --------
        >>> from forecast.kept import Kept
        >>> kept = Kept.open(None, "digest of the record", ("log_bayes_factor", "error"))
        >>> kept.add("first", ((1.2, 0.1),))
        >>> kept.found
        {'first': ((1.2, 0.1),)}
        """
        if path is None or not path.exists():
            return cls(path, identity, columns, {})
        try:
            first, *lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
            of = first["of"]
            found = {line["key"]: _rows(line, columns) for line in lines}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise SpecError(f"{path}: is no file of simulations ({error}); name another file or remove it") from error
        if of != identity:
            raise SpecError(
                f"{path}: holds simulations of another record, model, seed or version; name another file or remove it"
            )
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


def _rows(line: dict[str, Any], columns: tuple[str, ...]) -> Rows:
    return tuple(zip(*(line[name] for name in columns), strict=True))
