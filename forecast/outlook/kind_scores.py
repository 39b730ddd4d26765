"""Calibration of the chances of a kind: one rule, decided from the committed scores (`scripts/kinds_skill.py`)."""

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forecast.errors import DataError
from forecast.files import read_bytes
from forecast.resources import kinds_file
from forecast.wording import percent

SCHEMA = 1
LARGEST = 10_000_000
"""Bytes of a file of scores."""
OFF, THIRD_OFF = 0.05, 0.10
"""How far the mean chance may be from the frequency: of all forecasts, and of each third of them by chance."""
RULE = (
    f"Calibrated is a kind whose mean chance of at least one event was within {percent(OFF)} of the frequency in all "
    f"windows from 2015 on, and within {percent(THIRD_OFF)} in the lowest, middle and highest third of the chances."
)


@dataclass(frozen=True)
class Calibration:
    """Whether chances of a kind were calibrated in the committed scores."""

    passed: bool | None  # None where the kind, or these data, have not been scored
    sentence: str  # What a reader has to know; empty if they were calibrated


def calibrated(row: Mapping[str, Any]) -> bool:
    """Return whether a kind was calibrated, from its row of scores: all dyads and horizons, from 2015 on."""
    off = abs(row["chance"] - row["frequency"])
    return off <= OFF and all(abs(chance - frequency) <= THIRD_OFF for chance, frequency in row["thirds"])


def calibration_of(dataset: str, scale: str, kind: str, path: Path | None = None) -> Calibration:
    """Decide whether chances of a kind of a dataset were calibrated; `path` is by default the committed scores."""
    path = kinds_file() if path is None else path
    scores = {} if path is None else _read(path)
    there = (scores.get("dataset"), scores.get("scale")) == (dataset, scale)
    row = _by_kind(path).get(kind) if there and path is not None else None
    if row is None:
        return Calibration(None, f"Chances of the kind “{kind}” have not been scored for these data.")
    if calibrated(row):
        return Calibration(True, "")
    return Calibration(
        False,
        f"Chances of the kind “{kind}” were not calibrated from 2015 on: forecast {percent(row['chance'])} on average, "
        f"happened {percent(row['frequency'])}. Do not rely on them.",
    )


@functools.cache
def _by_kind(path: Path) -> dict[str, Mapping[str, Any]]:
    """Return the rows that decide, by kind."""
    wanted = {"dyad": "all", "months": "all", "at_least": 1, "period": "2015-"}
    rows = _read(path)["rows"]
    return {row["kind"]: row for row in rows if all(row[name] == value for name, value in wanted.items())}


@functools.cache
def _read(path: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(read_bytes(path, LARGEST))
    except (OSError, ValueError) as error:
        raise DataError(
            f"{path}: the scores of kinds cannot be read ({error}); make them with kinds_skill.py"
        ) from error
    if not isinstance(found, dict) or found.get("schema") != SCHEMA:
        raise DataError(f"{path}: expected scores of kinds with schema {SCHEMA}; make them with scripts/kinds_skill.py")
    return found
