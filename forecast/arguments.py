"""Validation of arguments, limits, optional packages and configuration files."""

import functools
import importlib.util
import inspect
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from numbers import Integral, Real
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecast.errors import ForecastError, SpecError
from forecast.files import read_bytes

if TYPE_CHECKING:
    from pydantic import ValidationError


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
DAY = Kind(
    "a day such as '2023-10-31' or a date",
    lambda value: isinstance(value, str | date) or type(value).__name__ == "datetime64",
)
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
UNIT = one_of("event", "row")
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
DATA = a("Data", "Data, such as gather(Source()) returns", panel=lambda data: data.panel)
PLAN = a("Plan", "a Plan, such as make_plan() or read_plan() returns")
ASSESSMENT = a("Assessment", "an Assessment, such as assess(fit, 'USA-CHN') returns")
OTHER_ASSESSMENT = a("Assessment", "an Assessment or a Brief", "Brief")
RESULTS = a("Results", "Results, such as backtest() returns")
POOLED = a("PooledResults", "PooledResults, such as pooled_tests() returns")
RECORDED = having("a table that was read, such as read_chronology() returns", "files", "rejects")
GATE = having("convergence checks, such as fit.gate", "passed", "reasons", "to_dict")
ASSESSMENTS = Kind(
    "a list of Assessments, such as [assess(fit, 'USA-RUS')]",
    lambda value: isinstance(value, list | tuple) and all(OTHER_ASSESSMENT.fits(one) for one in value),
)
ARRAY = Kind("an array of numbers", lambda value: hasattr(value, "dtype") and value.dtype.kind in "iuf")
NUMBERS = Kind("a number or an array of numbers", lambda value: NUMBER.fits(value) or ARRAY.fits(value))
FIT = having("a Fit, such as fit(panel) returns", "posterior", "panel", "spec", panel=lambda fit: fit.panel)


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


LIMITS = {
    "draws": (4, 100_000),
    "tune": (1, 100_000),
    "chains": (1, 64),
    "cores": (1, 1024),
    "processes": (1, 1024),
    "every": (1, 120),
    "batch": (1, 9999),
    "seed": (0, 2**63 - 1),
    "records": (10, 5_000),
}
"""Least and most of the whole numbers that a user gives, by name."""
MOST_DRAWS = 1_000_000
"""Chains times draws: of six dyads over eighty years they fill some 25 GB."""

MOST_POINTS = 100.0
"""The whole scale of shares."""


def require_whole(name: str, value: object) -> int:
    """Make sure that a number given by a user is whole and within its limits."""
    least, most = LIMITS[name]
    if not isinstance(value, Integral) or isinstance(value, bool) or not least <= int(value) <= most:
        raise SpecError(f"{name}: got {_number(value)}; expected a whole number, at least {least} and at most {most:,}")
    return int(value)


def require_sampler(
    *, draws: int | None, tune: int | None, chains: int | None, seed: int, cores: int | None = None
) -> None:
    """Make sure that the settings of a sampler can be carried out; what is None is left to its default."""
    given = {"draws": draws, "tune": tune, "chains": chains, "cores": cores, "seed": seed}
    numbers = {name: require_whole(name, value) for name, value in given.items() if value is not None}
    if (total := numbers.get("draws", 1) * numbers.get("chains", 1)) > MOST_DRAWS:
        raise SpecError(f"draws: {total:,} over all chains; expected at most {MOST_DRAWS:,}")


def require_positive(name: str, value: object, most: float, unit: str) -> None:
    """Make sure that a number is positive and not beyond a limit."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value <= most:
        raise SpecError(f"{name}: got {_number(value)}; expected a positive number of {unit}, at most {most:g}")


def _number(value: object) -> str:
    text = repr(value) if not isinstance(value, int) or abs(value) < 10**20 else "a number of too many digits"
    return text if len(text) <= 40 else f"{text[:37]}..."


def require(package: str, extra: str) -> None:
    """Make sure that a package of an extra is there."""
    if importlib.util.find_spec(package) is None:
        raise ForecastError(f"{package} is not installed. Install the extra: pip install 'pendulum-forecast[{extra}]'")


LARGEST = 100_000
"""Bytes; what a person fills in has a few thousand."""
DEEPEST = 20
"""Lists in lists, or fields in fields."""
LONGEST_SCALAR = 2_000
"""Characters of one value."""
LONGEST_MESSAGE = 300
MOST_FAULTS = 10


def read_form(path: Path, what: str, error: type[ForecastError]) -> Any:
    """Read YAML, or JSON by the ending, into plain values.

    Anchors, aliases and tags of YAML are rejected: no form needs them, and with them a few lines can stand for more
    than a machine holds.
    """
    import yaml

    try:
        text = read_bytes(path, LARGEST).decode("utf-8-sig")
    except (OSError, ValueError) as cause:
        reason = getattr(cause, "strerror", None) or cause
        raise error(f"{path}: the {what} cannot be read ({reason}).") from cause
    try:
        if path.suffix == ".json":
            content = json.loads(text)
        else:
            _require_plain(text)
            content = yaml.safe_load(text)
        _require_shallow(content)
    except (yaml.YAMLError, ValueError, RecursionError) as cause:
        where = " ".join(str(cause).split())
        raise error(f"{path}: neither YAML nor JSON ({where:.300}). Quote values with colons.") from cause
    return content


def named_values(texts: list[str], what: str, example: str) -> dict[str, str]:
    """Read settings from texts such as ``one_a_day=no``."""
    pairs = [text.partition("=") for text in texts]
    for name, equals, value in pairs:
        if not equals or not value.strip():
            raise SpecError(f"{what} {name!r}: no value; write NAME=VALUE, such as {example}")
    return {name.strip(): value.strip() for name, _, value in pairs}


def faults(error: "ValidationError") -> str:
    """Put into words what pydantic found wrong, field by field."""
    found = [_fault(details) for details in error.errors()]
    more = [f"and {len(found) - MOST_FAULTS} more"] if len(found) > MOST_FAULTS else []
    return "; ".join([*found[:MOST_FAULTS], *more])


def _require_plain(text: str) -> None:
    """Raise ValueError at the first thing in YAML that a form does not need; nothing is built of it yet."""
    import yaml

    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        where = f"line {event.start_mark.line + 1}" if event.start_mark else "somewhere"
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise ValueError(f"{where}: anchors and aliases are not allowed")
        if tag := getattr(event, "tag", None):
            raise ValueError(f"{where}: tags such as {tag!r:.40} are not allowed")
        if isinstance(event, yaml.ScalarEvent) and len(event.value) > LONGEST_SCALAR:
            raise ValueError(f"{where}: a value of more than {LONGEST_SCALAR} characters")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise ValueError(f"{where}: nested more than {DEEPEST} deep")


def _require_shallow(content: Any) -> None:
    """Raise ValueError if values are nested deeper, or longer, than those of any form."""
    level = [content]
    for _ in range(DEEPEST + 1):
        if any(isinstance(value, str) and len(value) > LONGEST_SCALAR for value in level):
            raise ValueError(f"a value of more than {LONGEST_SCALAR} characters")
        level = [inner for outer in level for inner in _inside(outer)]
    if level:
        raise ValueError(f"nested more than {DEEPEST} deep")


def _inside(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from value
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def _fault(details: Any) -> str:
    field = ".".join(str(part) for part in details["loc"] if part not in ("int", "str"))
    message, half = details["msg"].removeprefix("Value error, "), LONGEST_MESSAGE // 2
    if len(message) > LONGEST_MESSAGE:  # it begins with the field at fault, and ends with how to mend it
        message = f"{message[:half]} ... {message[-half:]}"
    return f"field `{field:.80}`: {message}" if field else message
