"""The schema of a panel, of whatever kind (docs/schema/panel.md)."""

import json
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from forecast.arguments import validate_panels_with
from forecast.clock import Clock
from forecast.dates import parse_date, today
from forecast.errors import DataError, SpecError
from forecast.panel.kinds import Variables, panel_kind
from forecast.panel.spans import COVERED_TO, END

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
    problems = _shape_problems(panel) or _content_problems(panel) or _account_problems(panel)
    if problems:
        raise DataError(
            f"Not a panel of schema {SCHEMA}: {'; '.join(problems)}. Build it again: a panel that was cut or changed "
            "by hand may describe itself wrongly. See docs/schema/panel.md."
        )


validate_panels_with(validate_panel)


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
    problems += [f"no {name}" for name in ("dyad", "time", "era") if panel.sizes.get(name) == 0]
    if panel.attrs.get("schema", SCHEMA) != SCHEMA:
        problems.append(f"schema {panel.attrs['schema']}, which this version does not know")
    return problems


def _content_problems(panel: "xr.Dataset") -> list[str]:
    frequency, times = panel.attrs["frequency"], panel["time"].values.astype("datetime64[D]")
    if frequency not in ("month", "week"):
        return [f"frequency is {frequency!r:.40}, not month or week"]
    if np.isnat(times).any():
        return ["a time that is no day"]
    # Weeks begin on Monday, and day 0 was a Thursday.
    months = times.astype("datetime64[M]")
    place = months.astype(int) if frequency == "month" else (times.astype(int) + 3) // 7
    begin = months.astype("datetime64[D]") if frequency == "month" else (place * 7 - 3).astype("datetime64[D]")
    own_era = panel["era_dyad"].values[np.clip(panel["era_index"].values, 0, panel.sizes["era"] - 1)]
    checks = {
        f"time does not go by {frequency}": (np.diff(place) != 1).any(),
        f"a time that is not the first day of a {frequency}": (times != begin).any(),
        "a time in the future": times[-1] > np.datetime64(today()),
        "a dyad is there twice": len(set(panel["dyad"].values)) < panel.sizes["dyad"],
        "an era_index outside the eras": panel["era_index"].values.max() >= panel.sizes["era"]
        or panel["era_index"].values.min() < 0,
        "an era_index of another dyad": (own_era != np.arange(panel.sizes["dyad"])[:, None]).any(),
        "an era_index that goes back in time": (np.diff(panel["era_index"].values, axis=1) < 0).any(),
    }
    checks |= panel_kind(panel).checks(panel)
    return [problem for problem, found in checks.items() if found]


def _account_problems(panel: "xr.Dataset") -> list[str]:
    """Return where attributes say of the panel what its periods and counts do not: of which day it is, and how much."""
    attributes, clock = panel.attrs, Clock.of(panel)
    try:
        days = {name: parse_date(day, name) for name, day in _stated_days(panel)}
    except (SpecError, ValueError, TypeError, AttributeError) as error:
        return [f"its days cannot be read ({error!s:.200})"]
    first, last = clock.times[-1].item(), clock.last_day()
    ended = attributes.get(END) == f"{first}"
    problems = [f"{name} is {day}, in the future" for name, day in days.items() if day > today()]
    if not ended and END in attributes:
        problems.append(f"it ends with {attributes[END]!s:.40}, and its last period begins on {first}")
    known = attributes["as_of"] and days["as_of"]
    if known and known < first:
        problems.append(f"as_of is {known}, before its last period, from {first}")
    present: date = known or max(days.values(), default=last)
    if present > last and not ended:
        problems.append(f"it is as of {present}, and its last period ends on {last}")
    number = panel_kind(panel).number(panel)
    if panel_kind(panel).coded and attributes["counted"] != number:
        problems.append(f"counted is {attributes['counted']}, and its counts are {number}")
    return problems


def _stated_days(panel: "xr.Dataset") -> list[tuple[str, str]]:
    """Return the days that attributes state: of knowledge, and of the coverage of what the panel holds."""
    stated = [("as_of", panel.attrs["as_of"])] if panel.attrs["as_of"] else []
    if "dataset" not in panel.dims:
        return stated
    covered, dyads = json.loads(str(panel.attrs.get(COVERED_TO) or "{}")), panel["dyad"].values.tolist()
    return stated + [
        (f"covered_to of {dyad} in {dataset}", day)
        for dataset in map(str, panel["dataset"].values.tolist())
        for dyad, day in covered.get(dataset, {}).items()
        if dyad in dyads
    ]


def _form(variable: "xr.DataArray") -> str:
    return f"{variable.dtype.kind} ({', '.join(str(dim) for dim in variable.dims)})"
