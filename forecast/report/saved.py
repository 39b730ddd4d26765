"""A report that was written earlier, read again: its fit, and what it was about."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecast.errors import DataError
from forecast.files import read_bytes
from forecast.outlook.query import main_horizon
from forecast.report.folder import LONGEST, SAVED_FIT

if TYPE_CHECKING:
    from forecast.model import Fit

FITS = (SAVED_FIT, "fit.nc")


@dataclass(frozen=True)
class SavedReport:
    """A report that was written earlier."""

    fit: "Fit"  # Saved in its folder
    dyad: str
    horizon: int  # The one that its headline quotes
    smallest_improvement: float
    seed: int  # Of its simulations


def read_report(folder: str | Path) -> SavedReport:
    """Read the folder of a report."""
    from forecast.model.fitted import Fit

    folder = Path(folder)
    numbers = _read_numbers(folder / "forecast.json")
    saved = next((folder / name for name in FITS if (folder / name).exists()), None)
    if saved is None:
        raise DataError(f"{folder}: there is no {' or '.join(FITS)}; make the report with --save-fit, its default")
    try:
        dyad, improvement = str(numbers["dyad"]), float(numbers["smallest_improvement"])
        horizon = main_horizon([int(one["months"]) for one in numbers["horizons"]])
        seed = int(numbers["provenance"]["simulation"]["seed"])
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"{folder / 'forecast.json'}: it is not that of a report ({error}); make the report again"
        ) from error
    return SavedReport(Fit.load(saved), dyad, horizon, improvement, seed)


def _read_numbers(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise DataError(
            f"{path.parent}: there is no {path.name}; give the folder of a report (forecast report --out ...)"
        )
    try:
        found = json.loads(read_bytes(path, LONGEST))
    except ValueError as error:
        raise DataError(f"{path}: it is no JSON ({error}); make the report again") from error
    if not isinstance(found, dict):
        raise DataError(f"{path}: it is not that of a report; make the report again")
    return found
