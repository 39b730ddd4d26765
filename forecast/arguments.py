"""Argument validation: errors that name the argument, its value and what was expected."""

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from numbers import Integral, Real
from os import PathLike
from typing import Any

from forecast.errors import SpecError


@dataclass(frozen=True)
class Kind:
    """A kind of argument."""

    words: str  # What is expected, for messages
    fits: Callable[[Any], bool]  # Whether a value is of this kind
    # Finds the panel in a value, None if there is none: it is validated wherever it is given.
    panel: Callable[[Any], Any] | None = None


def _is_sequence_of(kind: type, value: Any) -> bool:
    listed = isinstance(value, Sequence) or (hasattr(value, "__array__") and getattr(value, "ndim", 0) == 1)
    return listed and not isinstance(value, str | bytes) and all(isinstance(one, kind) for one in value)


def one_of(*names: str) -> Kind:
    """Return the kind of a text that is one of some names."""
    return Kind(f"one of {', '.join(names)}", lambda value: isinstance(value, str) and value in names)


def a(name: str, words: str, *others: str, panel: Callable[[Any], Any] | None = None) -> Kind:
    """Return the kind of an object of a class, by the class's name, so that the class need not be imported."""
    names = {name, *others}
    return Kind(words, lambda value: any(base.__name__ in names for base in type(value).__mro__), panel)


def having(words: str, *attributes: str, panel: Callable[[Any], Any] | None = None) -> Kind:
    """Return the kind of an object that has some attributes."""
    return Kind(words, lambda value: all(hasattr(value, name) for name in attributes), panel)


def whole(least: int) -> Kind:
    """Return the kind of a whole number from `least`."""
    return Kind(
        f"a whole number from {least}",
        lambda value: isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= least,
    )


TEXT = Kind("a text", lambda value: isinstance(value, str))
PATH = Kind("a path", lambda value: isinstance(value, str | PathLike))
PATHS = Kind(
    "a path, or a list of paths",
    lambda value: PATH.fits(value) or (isinstance(value, list | tuple) and all(PATH.fits(one) for one in value)),
)
FLAG = Kind("True or False", lambda value: isinstance(value, bool) or type(value).__name__ == "bool")
NUMBER = Kind("a number", lambda value: isinstance(value, Real) and not isinstance(value, bool))
CALLABLE = Kind("a function", callable)
MAPPING = Kind("a mapping such as a dict", lambda value: isinstance(value, Mapping))
DAY = Kind("a day such as '2023-10-31' or a date", lambda value: isinstance(value, str | date) or _is_numpy_day(value))
DYAD = Kind("the code of a dyad, such as 'USA-CHN'", lambda value: isinstance(value, str))
DYADS = Kind("a list of dyads, such as ['USA-CHN']", lambda value: _is_sequence_of(str, value))
HORIZONS = Kind("a list of months, such as [3, 6, 12]", lambda value: _is_sequence_of(Integral, value))
EVENTS = a("EventTable", "an EventTable, such as read_chronology() returns")
PANEL = a(
    "Dataset", "a panel (xarray.Dataset), such as build_panel(read_chronology()) returns", panel=lambda panel: panel
)
FRAME = a("DataFrame", "a pandas.DataFrame")
FRAME_OR_PATH = Kind("a pandas.DataFrame or a path", lambda value: FRAME.fits(value) or PATH.fits(value))
MAPPING_OR_PATH = Kind(
    "a mapping, or the path of its file",
    lambda value: PATH.fits(value) or MAPPING.fits(value) or type(value).__name__.endswith("Mapping"),
)
TEXTS = Kind("a list of texts", lambda value: _is_sequence_of(str, value))
TABLES = Kind(
    "a list of EventTables, such as [read_chronology(), read_table(...)]",
    lambda value: isinstance(value, list | tuple) and all(EVENTS.fits(table) for table in value),
)
FREQUENCY = one_of("month", "week")
UNIT = one_of("happening", "row")
AT_LEAST = Kind(
    "a list of AtLeast, such as [AtLeast('violence', 3, 12)]",
    lambda value: isinstance(value, list | tuple) and all(type(one).__name__ == "AtLeast" for one in value),
)
DATE = Kind("a datetime.date", lambda value: isinstance(value, date) and not isinstance(value, datetime))
COUNTS = a("CountTable", "a CountTable, such as read_counts() returns")
NEWS = a(
    "EventTable", "an EventTable, such as read_chronology() returns, or a later panel", "Dataset",
    panel=lambda news: None if EVENTS.fits(news) else news,
)  # fmt: skip
SPEC = a("PendulumSpec", "a PendulumSpec")
SETTINGS = a("ReportSettings", "ReportSettings")
FEED_SETTINGS = a("FeedSettings", "FeedSettings, such as FeedSettings(one_a_day=False)")
FETCH_SETTINGS = a("FetchSettings", "FetchSettings, such as FetchSettings(parallel=2)")
SOURCE = a("Source", "a Source, such as Source() for the chronology or Source(kind='events', ...)")
DATA = a("Data", "Data, such as gather(Source(), 'USA-CHN') returns", panel=lambda data: data.panel)
PLAN = a("Plan", "a Plan, such as make_plan() or read_plan() returns")
ASSESSMENT = a("Assessment", "an Assessment, such as assess(fit, 'USA-CHN') returns")
BESIDE = a("Assessment", "an Assessment or a Brief", "Brief")
RESULTS = a("Results", "Results, such as run_tests() returns")
RECORDED = having("a table that was read, such as read_chronology() returns", "files", "rejects")
GATE = having("a gate, such as fit.gate", "passed", "reasons", "to_dict")
ASSESSMENTS = Kind(
    "a list of Assessments, such as [assess(fit, 'USA-RUS')]",
    lambda value: isinstance(value, list | tuple) and all(BESIDE.fits(one) for one in value),
)
ARRAY = Kind("an array of numbers", lambda value: hasattr(value, "dtype") and value.dtype.kind in "iuf")
NUMBERS = Kind(
    "a number or an array of numbers",
    lambda value: NUMBER.fits(value) or ARRAY.fits(value),
)
FIT = having("a Fit, such as fit(panel) returns", "posterior", "panel", "spec", panel=lambda fit: fit.panel)


def _is_numpy_day(value: Any) -> bool:
    return type(value).__name__ == "datetime64"


_validate_panel: list[Callable[[Any], None]] = []


def validate_panels_with(validate: Callable[[Any], None]) -> None:
    """Register how a panel is validated; `forecast.panel` does, because it cannot be imported here."""
    _validate_panel[:] = [validate]


def check(name: str, value: Any, kind: Kind) -> None:
    """Make sure that an argument is of its kind, and a panel in it one."""
    if not kind.fits(value):
        raise SpecError(f"{name}: got {_short(value)}; expected {kind.words}")
    panel = None if kind.panel is None else kind.panel(value)
    if panel is not None:
        for validate in _validate_panel:
            validate(panel)


def checked[**Given, Result](**kinds: Kind) -> Callable[[Callable[Given, Result]], Callable[Given, Result]]:
    """Check arguments of a function by their kinds before it is called; one whose default is None may be None."""

    def decorate(function: Callable[Given, Result]) -> Callable[Given, Result]:
        signature = inspect.signature(function)
        optional = {name for name in kinds if signature.parameters[name].default is None}

        @functools.wraps(function)
        def call(*args: Given.args, **kwargs: Given.kwargs) -> Result:
            for name, value in signature.bind(*args, **kwargs).arguments.items():
                if name in kinds and not (value is None and name in optional):
                    check(name, value, kinds[name])
            return function(*args, **kwargs)

        return call

    return decorate


def _short(value: Any) -> str:
    """Return a value as an error shows it: what is long or spans lines by its type alone."""
    kind = type(value).__name__
    text = repr(value) if isinstance(value, str | int | float | bool | bytes | None | date | tuple | list) else ""
    return f"{text} ({kind})" if text and len(text) <= 60 and "\n" not in text else f"an object of type {kind}"
