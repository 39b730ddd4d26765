"""Kinds of panel, of counted events and of an index, and the schema common to all panels."""

import json
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from forecast.base.dates import Clock, parse_date, today
from forecast.base.described import Described
from forecast.base.errors import DataError, SpecError
from forecast.base.typing import Bool, Index
from forecast.data.panel.spans import COVERED_TO, END

if TYPE_CHECKING:
    import xarray as xr

Variables = dict[str, tuple[tuple[str, ...], str]]
"""Dims and kind of dtype (i integer, b bool, f float, M time) by name."""

CELLS = ("dataset", "dyad", "time", "direction", "class")
"""Dims of what is counted."""
DIRECTIONS = {False: ("both",), True: ("first", "second")}


SCHEMA = 1
# Dims and kind of dtype (i integer, b bool, f float, U or O text, M time) of what every panel
# holds.
VARIABLES: Variables = {
    "era_index": (("dyad", "time"), "i"),
    "era_dyad": (("era",), "i"),
    "era_start": (("era",), "M"),
    "time": (("time",), "M"),
}
ATTRIBUTES = {"schema", "frequency", "as_of", "late", "digest"}


@dataclass(frozen=True)
class PanelKind:
    """One kind of panel, of counted events or of an index; `panel_kind` finds that of a panel."""

    name: str  # As in messages
    values: str  # The variable that holds what was observed, by which the kind is recognised
    dims: tuple[str, ...]  # Its dims, dyad and time first
    # Dims and dtype of what such a panel holds in addition to the eras, and of coordinates of which
    # it has all or none.
    variables: Variables
    coded: bool  # Whether it holds counts of coded events, some of which can be left out
    measure: str  # What the level is called when it is shown from 0 to 100
    scale: str  # What 0, 50 and 100 of it mean
    optional: Variables = field(default_factory=dict)
    attributes: frozenset[str] = frozenset()  # That it has in addition to those of every panel
    # What a reader of anything made from such a panel has to know; empty if it needs no saying
    note: str = ""

    def checks(self, panel: "xr.Dataset") -> dict[str, bool]:
        """Return what may be wrong with a panel of the right form, and whether it is."""
        if not self.coded:
            wrong = "index_spread" in panel and not (panel["index_spread"].values > 0).all()
            infinite = np.isinf(panel["index"].values).any()
            return {
                "an index_spread that is not above zero": wrong,
                "an infinite index": bool(infinite),
            }
        counts = panel["counts"].values
        outside = counts.sum(axis=(3, 4))[~panel["covered"].values]
        directions = tuple(panel["direction"].values)
        cut = panel.attrs["zero_cut"]
        datasets = panel["dataset"].values.tolist()
        classes = panel["class"].values
        return {
            "no dataset": not datasets,
            "a dataset is there twice": len(set(datasets)) < len(datasets),
            "classes other than 0, 1, 2 and so on": not np.array_equal(
                classes, np.arange(len(classes))
            ),
            "a negative count": bool((counts < 0).any()),
            "a count outside coverage": bool((outside > 0).any()),
            "a Goldstein score that is no number": "goldstein" in panel
            and not bool(np.isfinite(panel["goldstein"].values).all()),
            "zero_cut is not between two classes": not isinstance(cut, int | np.integer)
            or not 0 < cut < panel.sizes["class"],
            "directions other than both, or first and second": directions
            not in DIRECTIONS.values(),
        }

    def seen(self, panel: "xr.Dataset") -> Bool:
        """Return in which periods something was observed, (dyad, time)."""
        return self._observed(panel[self.values].transpose(*self.dims).to_numpy())

    def _observed(self, values: NDArray[Any]) -> Bool:
        present = values > 0 if self.coded else np.isfinite(values)
        return np.asarray(present.any(axis=tuple(range(2, present.ndim))))

    def number(self, panel: "xr.Dataset") -> int:
        """Count the observations: events, or periods with a value."""
        return int(panel["counts"].sum() if self.coded else self.seen(panel).sum())

    def events(self, panel: "xr.Dataset", dyad: str) -> Index:
        """Count a dyad's events in every period, (time,), all datasets together.

        Zeros where nothing is counted.
        """
        if not self.coded:
            return np.zeros(panel.sizes["time"], dtype=np.int64)
        return np.asarray(
            panel["counts"].sel(dyad=dyad).sum(["dataset", "direction", "class"]).to_numpy()
        )

    def news(self, before: "xr.Dataset", now: "xr.Dataset") -> Bool:
        """Return in which periods a later panel observed other or more things, (dyad, period)."""
        was, later = (
            panel[self.values].transpose(*self.dims).to_numpy() for panel in (before, now)
        )
        periods = was.shape[1]
        shared = later[:, :periods]
        alike = was == shared if self.coded else np.isclose(was, shared, equal_nan=True)
        news = self._observed(later)
        news[:, :periods] = ~alike.all(axis=tuple(range(2, later.ndim)))
        return news


EVENTS = PanelKind(
    name="events",
    values="counts",
    dims=("dyad", "time", "dataset", "direction", "class"),
    variables={
        "counts": (CELLS, "i"),
        "covered": (CELLS[:3], "b"),
        "class": (("class",), "i"),
    },
    optional={"goldstein": (CELLS, "f")},
    coded=True,
    measure="share of cooperative actions",
    scale="0 is all hostile, 50 as many cooperative as hostile actions, and 100 all cooperative",
    attributes=frozenset(
        {"scale", "unit", "zero_cut", "counted", "paired", "outside_coverage", "outside_span"}
    ),
)
INDEX = PanelKind(
    name="index",
    values="index",
    dims=("dyad", "time"),
    variables={"index": (("dyad", "time"), "f")},
    coded=False,
    measure="position of the index",
    scale="50 is the mean of its record and higher is more cooperative; "
    "“share” stands for it below",
    optional={"index_mean": (("dyad",), "f"), "index_spread": (("dyad",), "f")},
    note=(
        "The data are an index, standardised within its own record: what is called a share here is "
        "a position (50 at the record's mean) and not a share of actions, and higher values are "
        "taken for more cooperative ones."
    ),
)


def panel_kind(panel: "xr.Dataset") -> PanelKind:
    """Return the kind of a panel, by the variable it holds.

    What holds none of them is taken for a panel of events.
    """
    if not hasattr(panel, "data_vars"):
        raise DataError(
            f"panel: got {type(panel).__name__}; expected what build_panel or build_index_panel "
            "returns"
        )
    return INDEX if INDEX.values in panel else EVENTS


def coordinate_names(panel: "xr.Dataset", coordinate: str) -> tuple[str, ...]:
    """Return the values of a coordinate as text; none if the panel has no such coordinate."""
    if coordinate not in panel.coords:
        return ()
    return tuple(map(str, panel[coordinate].to_numpy()))


def validate_panel(panel: "xr.Dataset") -> None:
    """Make sure that a panel, from wherever, keeps the schema (docs/schema/panel.md)."""
    problems = _shape_problems(panel) or _content_problems(panel) or _account_problems(panel)
    if problems:
        raise DataError(
            f"Not a panel of schema {SCHEMA}: {'; '.join(problems)}. Build it again: a panel that "
            "was cut or changed by hand may describe itself wrongly."
        )


class _WithPanel(Protocol):
    @property
    def panel(self) -> "xr.Dataset": ...


def validate_panel_of(result: _WithPanel) -> None:
    """Make sure that the panel of a fit keeps the schema."""
    validate_panel(result.panel)


type Panel = Annotated[
    "xr.Dataset",
    Described(
        "a panel (xarray.Dataset), such as build_panel(read_chronology()) returns",
        validate=validate_panel,
    ),
]
"""Counts or an index by dyad and period, which keep the schema."""


def _shape_problems(panel: "xr.Dataset") -> list[str]:
    """Return what is missing or of the wrong form; only a panel without such can be looked into."""
    kind = panel_kind(panel)
    variables = VARIABLES | kind.variables
    if kind.optional.keys() & set(panel.variables):
        variables |= kind.optional
    problems = [
        f"{name} is {panel[name].dtype.kind} ({', '.join(map(str, panel[name].dims))}), not "
        f"{dtype} ({', '.join(dims)})"
        if name in panel
        else f"no {name}"
        for name, (dims, dtype) in variables.items()
        if name not in panel or panel[name].dims != dims or panel[name].dtype.kind != dtype
    ]
    problems += [
        f"no attribute {name}"
        for name in sorted((ATTRIBUTES | kind.attributes) - panel.attrs.keys())
    ]
    problems += [f"no {name}" for name in ("dyad", "time", "era") if panel.sizes.get(name) == 0]
    if panel.attrs.get("schema", SCHEMA) != SCHEMA:
        problems.append(f"schema {panel.attrs['schema']}, which this version does not know")
    return problems


def _content_problems(panel: "xr.Dataset") -> list[str]:
    frequency = panel.attrs["frequency"]
    times = panel["time"].values.astype("datetime64[D]")
    if frequency not in ("month", "week"):
        return [f"frequency is {frequency!r:.40}, not month or week"]
    if np.isnat(times).any():
        return ["a time that is no day"]
    # Weeks begin on Monday, and day 0 was a Thursday.
    months = times.astype("datetime64[M]")
    period = months.astype(int) if frequency == "month" else (times.astype(int) + 3) // 7
    begin = (
        months.astype("datetime64[D]")
        if frequency == "month"
        else (period * 7 - 3).astype("datetime64[D]")
    )
    own_era = panel["era_dyad"].values[
        np.clip(panel["era_index"].values, 0, panel.sizes["era"] - 1)
    ]
    checks = {
        f"time does not go by {frequency}": (np.diff(period) != 1).any(),
        f"a time that is not the first day of a {frequency}": (times != begin).any(),
        "a time in the future": times[-1] > np.datetime64(today()),
        "a dyad is there twice": len(set(panel["dyad"].values)) < panel.sizes["dyad"],
        "an era_index outside the eras": panel["era_index"].values.max() >= panel.sizes["era"]
        or panel["era_index"].values.min() < 0,
        "an era_index of another dyad": (own_era != np.arange(panel.sizes["dyad"])[:, None]).any(),
        "an era_index that goes back in time": (
            np.diff(panel["era_index"].values, axis=1) < 0
        ).any(),
    }
    checks |= panel_kind(panel).checks(panel)
    return [problem for problem, holds in checks.items() if holds]


def _account_problems(panel: "xr.Dataset") -> list[str]:
    """Return where the attributes of a panel contradict its periods and counts."""
    attributes = panel.attrs
    clock = Clock.of(panel)
    try:
        days = {name: parse_date(day, name) for name, day in _stated_days(panel)}
    except (SpecError, ValueError, TypeError, AttributeError) as error:
        return [f"its days cannot be read ({error!s:.200})"]
    first = clock.times[-1].item()
    last = clock.last_day()
    ended = attributes.get(END) == f"{first}"
    problems = [f"{name} is {day}, in the future" for name, day in days.items() if day > today()]
    if not ended and END in attributes:
        problems.append(
            f"it ends with {attributes[END]!s:.40}, and its last period begins on {first}"
        )
    as_of = attributes["as_of"] and days["as_of"]
    if as_of and as_of < first:
        problems.append(f"as_of is {as_of}, before its last period, from {first}")
    present: date = as_of or max(days.values(), default=last)
    if present > last and not ended:
        problems.append(f"it is as of {present}, and its last period ends on {last}")
    number = panel_kind(panel).number(panel)
    if panel_kind(panel).coded and attributes["counted"] != number:
        problems.append(f"counted is {attributes['counted']}, and its counts are {number}")
    return problems


def _stated_days(panel: "xr.Dataset") -> list[tuple[str, str]]:
    """Return the days that attributes state: of knowledge, and to which dyads are covered."""
    stated = [("as_of", panel.attrs["as_of"])] if panel.attrs["as_of"] else []
    if "dataset" not in panel.dims:
        return stated
    covered = json.loads(str(panel.attrs.get(COVERED_TO) or "{}"))
    dyads = panel["dyad"].values.tolist()
    return stated + [
        (f"covered_to of {dyad} in {dataset}", day)
        for dataset in map(str, panel["dataset"].values.tolist())
        for dyad, day in covered.get(dataset, {}).items()
        if dyad in dyads
    ]
