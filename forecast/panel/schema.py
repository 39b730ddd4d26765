"""The schema of a panel, of whatever kind (docs/schema/panel.md)."""

from typing import TYPE_CHECKING

import numpy as np

from forecast.errors import DataError
from forecast.panel.kinds import Variables, panel_kind

if TYPE_CHECKING:
    import xarray as xr

SCHEMA = 1

# Dims and kind of dtype (i integer, b bool, f float, U or O text, M time) of what every panel holds.
VARIABLES: Variables = {
    "era_index": (("dyad", "time"), "i"),
    "era_dyad": (("era",), "i"),
    "era_start": (("era",), "M"),
    "time": (("time",), "M"),
}
ATTRIBUTES = {"schema", "frequency", "as_of", "late", "digest"}


def validate_panel(panel: "xr.Dataset") -> None:
    """Make sure that a panel, from wherever, keeps the schema (docs/schema/panel.md).

    Raises
    ------
    DataError
        If not; the message names every part at fault.

    Examples
    --------
    >>> from forecast.events import read_chronology
    >>> from forecast.panel import build_panel, validate_panel
    >>> validate_panel(build_panel(read_chronology()))
    """
    problems = _shape_problems(panel) or _content_problems(panel)
    if problems:
        raise DataError(f"Not a panel of schema {SCHEMA}: {'; '.join(problems)}. See docs/schema/panel.md.")


def _shape_problems(panel: "xr.Dataset") -> list[str]:
    """Return what is missing or of the wrong form; only a panel without such can be looked into."""
    kind = panel_kind(panel)
    variables = VARIABLES | kind.variables
    if kind.optional.keys() & set(panel.coords):
        variables |= kind.optional
    problems = [
        f"{name} is {_form(panel[name])}, not {dtype} ({', '.join(dims)})" if name in panel else f"no {name}"
        for name, (dims, dtype) in variables.items()
        if name not in panel or panel[name].dims != dims or panel[name].dtype.kind != dtype
    ]
    problems += [f"no attribute {name}" for name in sorted((ATTRIBUTES | kind.attributes) - panel.attrs.keys())]
    if panel.attrs.get("schema", SCHEMA) != SCHEMA:
        problems.append(f"schema {panel.attrs['schema']}, which this version does not know")
    return problems


def _content_problems(panel: "xr.Dataset") -> list[str]:
    steps = np.diff(panel["time"].values).astype("timedelta64[D]").astype(int)
    regular = {"month": (28, 31), "week": (7, 7)}.get(panel.attrs["frequency"], (1, 0))
    own_era = panel["era_dyad"].values[np.clip(panel["era_index"].values, 0, panel.sizes["era"] - 1)]
    checks = {
        f"time does not go by {panel.attrs['frequency']}": ((steps < regular[0]) | (steps > regular[1])).any(),
        "a dyad is there twice": len(set(panel["dyad"].values)) < panel.sizes["dyad"],
        "an era_index outside the eras": panel["era_index"].values.max() >= panel.sizes["era"],
        "an era_index of another dyad": (own_era != np.arange(panel.sizes["dyad"])[:, None]).any(),
        "an era_index that goes back in time": (np.diff(panel["era_index"].values, axis=1) < 0).any(),
    }
    checks |= panel_kind(panel).checks(panel)
    return [problem for problem, found in checks.items() if found]


def _form(variable: "xr.DataArray") -> str:
    return f"{variable.dtype.kind} ({', '.join(str(dim) for dim in variable.dims)})"
