"""Reports that were written earlier: their numbers and their fits."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecast.base.errors import DataError
from forecast.base.reading import read_bytes
from forecast.outlook.query import main_horizon
from forecast.report.manifest import MAX_PAGE_JSON

if TYPE_CHECKING:
    from forecast.model import Fit

SAVED_FIT = "fit.zarr"  # Name under which a report saves its fit
FITS = (SAVED_FIT, "fit.nc")  # Names under which a fit is looked for


@dataclass(frozen=True)
class SavedReport:
    """A report that was written earlier."""

    fit: "Fit"  # Saved in its folder
    dyad: str
    terms: dict[str, Any]  # What its headline asks: `horizon`, `baseline_months` and `improvement`
    seed: int  # Of its simulations


def read_report(folder: str | Path) -> SavedReport:
    """Read the folder of a report, with its fit.

    The fit stands there or, of reports on several dyads, next to it.
    """
    from forecast.model.fitted import Fit

    folder = Path(folder)
    numbers = read_numbers(folder)
    places = [near / name for near in (folder, folder.parent) for name in FITS]
    saved = next((path for path in places if path.exists()), None)
    if saved is None:
        raise DataError(
            f"{folder}: there is no {' or '.join(FITS)}; make the report with --save-fit, its "
            "default"
        )
    try:
        dyad, seed = str(numbers["dyad"]), int(numbers["provenance"]["simulation"]["seed"])
        terms = {
            "horizon": main_horizon([int(horizon["months"]) for horizon in numbers["horizons"]]),
            "baseline_months": int(numbers["baseline_months"]),
            "improvement": float(numbers["smallest_improvement"]),
        }
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"{folder / 'forecast.json'}: it is not that of a report ({error}); make the report "
            "again"
        ) from error
    return SavedReport(Fit.load(saved), dyad, terms, seed)


def reports_in(folder: str | Path) -> list[dict[str, Any]]:
    """Return the `forecast.json` of every report in a folder, and in its subfolders.

    Subfolders of one or two levels are read.
    """
    patterns = ("forecast.json", "*/forecast.json", "*/*/forecast.json")
    places = sorted({path.parent for pattern in patterns for path in Path(folder).glob(pattern)})
    return [read_numbers(page_folder) for page_folder in places]


def read_numbers(folder: Path) -> dict[str, Any]:
    """Read forecast.json in the folder of a report."""
    path = folder / "forecast.json"
    if not path.is_file():
        raise DataError(
            f"{path.parent}: there is no {path.name}; give the folder of a report (forecast "
            "report --out ...)"
        )
    try:
        numbers = json.loads(read_bytes(path, MAX_PAGE_JSON))
    except ValueError as error:
        raise DataError(f"{path}: it is no JSON ({error}); make the report again") from error
    if not isinstance(numbers, dict):
        raise DataError(f"{path}: it is not that of a report; make the report again")
    return numbers
