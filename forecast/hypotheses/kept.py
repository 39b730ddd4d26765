"""Simulations that are done, kept in a file, so that an interrupted run goes on where it stopped."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from forecast.errors import SpecError
from forecast.files import write_text

type Finding = tuple[float, float]
"""A log Bayes factor and its Monte Carlo error."""


@dataclass
class Kept:
    """What was found in simulated records, by the record's key.

    Attributes
    ----------
    path : Path or None
        JSON lines: first what they are of, then a line a record. None keeps nothing beyond the run.
    identity : str
        Of the real record, the models and the seed that the simulations rest on.
    found : dict
        By key, the evidence against each rival.
    """

    path: Path | None
    identity: str
    found: dict[str, tuple[Finding, ...]]

    @classmethod
    def open(cls, path: Path | None, identity: str) -> Self:
        """Read what is there.

        Raises
        ------
        SpecError
            If the file is of something else.
        """
        if path is None or not path.exists():
            return cls(path, identity, {})
        try:
            first, *lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
            of = first["of"]
            found = {line["key"]: tuple(zip(line["log_bayes_factor"], line["error"], strict=True)) for line in lines}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise SpecError(f"{path}: is no file of simulations ({error}); name another file or remove it") from error
        if of != identity:
            raise SpecError(
                f"{path}: holds simulations of another record, model, seed or version; name another file or remove it"
            )
        return cls(path, identity, found)

    def add(self, key: str, found: tuple[Finding, ...]) -> None:
        """Keep what was found in one more record: the file is always whole."""
        self.found[key] = found
        if self.path is None:
            return
        rows: list[dict[str, Any]] = [{"of": self.identity}]
        for one, findings in self.found.items():
            logs, errors = zip(*findings, strict=True)
            rows.append({"key": one, "log_bayes_factor": logs, "error": errors})
        write_text(self.path, "".join(json.dumps(row) + "\n" for row in rows))
