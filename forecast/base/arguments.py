"""Validation of arguments, limits, optional packages and configuration files."""

import csv
import functools
import importlib.util
import inspect
import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import chain
from numbers import Integral, Real
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecast.base.errors import ForecastError, SpecError
from forecast.base.files import read_bytes

if TYPE_CHECKING:
    from pydantic import ValidationError

    from forecast.base.typing import Seed


@dataclass(frozen=True)
class Kind:
    """A kind of argument."""

    words: str  # What is expected, for messages
    fits: Callable[[Any], bool]  # Whether a value is of this kind


def _is_a(name: str, value: Any) -> bool:
    """Return whether a value is of a class, by the class's name, so that the class need not be imported."""
    return any(base.__name__ == name for base in type(value).__mro__)


def _having(words: str, *attributes: str) -> Kind:
    return Kind(words, lambda value: all(hasattr(value, name) for name in attributes))


_FIT = _having("a Fit, such as fit(panel) returns", "posterior", "panel", "spec")
_KINDS = {
    "str": Kind("a text", lambda value: isinstance(value, str)),
    "Path": Kind("a path", lambda value: isinstance(value, str | PathLike)),
    "bool": Kind(
        "True or False", lambda value: isinstance(value, bool) or type(value).__name__ == "bool"
    ),
    "Frame": Kind(
        "a table of pandas, polars, Arrow or xarray",
        lambda value: (
            hasattr(value, "__arrow_c_stream__")
            or any(_is_a(name, value) for name in ("DataFrame", "Dataset", "DataArray"))
        ),
    ),
    "float": Kind(
        "a number", lambda value: isinstance(value, Real) and not isinstance(value, bool)
    ),
    "Float": Kind(
        "an array of numbers", lambda value: hasattr(value, "dtype") and value.dtype.kind in "iuf"
    ),
    "Progress": Kind("a function", callable),
    **dict.fromkeys(
        ("Mapping", "dict"),
        Kind("a mapping such as a dict", lambda value: isinstance(value, Mapping)),
    ),
    "date": Kind(
        "a datetime.date", lambda value: isinstance(value, date) and not isinstance(value, datetime)
    ),
    "Day": Kind(
        "a day such as '2023-10-31' or a date",
        lambda value: isinstance(value, str | date) or type(value).__name__ == "datetime64",
    ),
    "Fit": _FIT,
    "FitLike": _FIT,
    "Executor": _having("an executor, such as Processes(2) or Cluster(address)", "ready", "run"),
    "Forecaster": _having("a forecaster, such as those of choose_forecasters()", "code", "answer"),
    "Gate": _having("convergence checks, such as fit.gate", "passed", "reasons", "to_dict"),
    "Recorded": _having(
        "a table that was read, such as read_chronology() returns", "files", "rejects"
    ),
}
with Path(__file__).with_suffix(".csv").open(encoding="utf-8", newline="") as _file:
    _EXPECTED = {(row["of"], row["name"]): row["expected"] for row in csv.DictReader(_file)}
"""What is expected of arguments of a type and, where that says less, of arguments of a name."""
_KINDS |= {
    name: Kind(words, functools.partial(_is_a, name))
    for (of, name), words in _EXPECTED.items()
    if of == "type"
}
"""Kinds by the name of a type in an annotation; arguments of any other type are not checked."""
_PANELS = ("panel", "followed", "new_events")
"""Names of arguments that are panels, if they are a dataset."""
_MODULE = re.compile(r"\b[a-zA-Z_][\w.]*\.(?=[A-Za-z_])")
_TYPE = re.compile(r"[^|\s\[]+(?:\[(?:[^\[\]]|\[[^\[\]]*\])*\])?")


@functools.cache
def _kind(annotation: str, name: str) -> Kind | None:
    """Return the kind of an argument of this annotation, any of the types in a union.

    None if one is not known.
    """
    merged = annotation.replace("str | Path", "Path").replace("str | date", "Day")
    kinds = [_kind_of_type(text, name) for text in _TYPE.findall(merged) if text != "None"]
    known = [kind for kind in kinds if kind is not None]
    if not known or len(known) < len(kinds):
        return None
    words = _EXPECTED.get(("argument", name)) or " or ".join(kind.words for kind in known)
    return Kind(words, lambda value: any(kind.fits(value) for kind in known))


def _kind_of_type(text: str, name: str) -> Kind | None:
    outer, _, inner = text.removesuffix("]").partition("[")
    if outer == "Sequence":
        one = _kind(inner, "")
        return one and Kind(f"a list, each {one.words}", functools.partial(_is_list_of, one))
    if outer == "Literal":
        names = re.findall(r"'(.*?)'", inner)
        return Kind(
            f"one of {', '.join(names)}", lambda value: isinstance(value, str) and value in names
        )
    if outer == "Seed":
        return Kind(
            "a whole number from 0, or a numpy Generator",
            lambda value: _is_a("Generator", value) or _is_whole(value, 0),
        )
    if outer == "int":
        least = 0 if name.endswith("seed") else 1
        return Kind(f"a whole number from {least}", functools.partial(_is_whole, least=least))
    return _KINDS.get(outer)


def _is_whole(value: Any, least: int) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= least


def _is_list_of(kind: Kind, value: Any) -> bool:
    listed = isinstance(value, Sequence) or (
        hasattr(value, "__array__") and getattr(value, "ndim", 0) == 1
    )
    return listed and not isinstance(value, str | bytes) and all(kind.fits(one) for one in value)


_validate_panel: list[Callable[[Any], None]] = []


def validate_panels_with(validate: Callable[[Any], None]) -> None:
    """Register how a panel is validated.

    `forecast.data.panel` does, because it cannot be imported here.
    """
    _validate_panel[:] = [validate]


def checked[**Given, Result](function: Callable[Given, Result]) -> Callable[Given, Result]:
    """Check arguments by their annotations before a function is called.

    One whose default is None may be None.
    """
    signature = inspect.signature(function)
    types = {name: _text(one.annotation) for name, one in signature.parameters.items()}

    @functools.wraps(function)
    def call(*args: Given.args, **kwargs: Given.kwargs) -> Result:
        for name, value in signature.bind(*args, **kwargs).arguments.items():
            if value is not None or signature.parameters[name].default is not None:
                check(name, value, types[name])
        return function(*args, **kwargs)

    return call


def _text(annotation: Any) -> str:
    """Return an annotation as it is written, without the modules of its types."""
    return _MODULE.sub(
        "", annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    )


def check(name: str, value: Any, annotation: str) -> None:
    """Make sure that an argument is of its type, and a panel in it one."""
    kind = _kind(annotation, name)
    if kind is not None and not kind.fits(value):
        raise SpecError(f"{name}: got {_short(value)}; expected {kind.words}")
    panel = value if name in _PANELS else getattr(value, "panel", None)
    if _is_a("Dataset", panel):
        for validate in _validate_panel:
            validate(panel)


def _short(value: Any) -> str:
    """Return a value as an error shows it: what is long or spans lines by its type alone."""
    kind = type(value).__name__
    if isinstance(value, int) and abs(value) >= 10**20:
        return "a number of too many digits"
    text = (
        repr(value)
        if isinstance(value, str | int | float | bool | bytes | None | date | tuple | list)
        else ""
    )
    return (
        f"{text} ({kind})"
        if text and len(text) <= 60 and "\n" not in text
        else f"an object of type {kind}"
    )


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


LEAST_PERCENT = 1.0
"""Per cent: a smaller threshold is a fraction in place of a percentage; no pair's share has been so
low."""


def described_fraction(name: str, value: float) -> str:
    """Return what is wrong with a share that was given as a fraction.

    Empty if it is in per cent.
    """
    if not 0 < value < LEAST_PERCENT:
        return ""
    return f"{name}: got {value:g}; expected per cent, 0 to 100. For {100 * value:g}% write {100 * value:g}"


def require_whole(name: str, value: object) -> int:
    """Make sure that a number given by a user is whole and within its limits."""
    least, most = LIMITS[name]
    if (
        not isinstance(value, Integral)
        or isinstance(value, bool)
        or not least <= int(value) <= most
    ):
        raise SpecError(
            f"{name}: got {_short(value)}; expected a whole number, at least {least} and at most {most:,}"
        )
    return int(value)


def whole_seed(seed: "Seed") -> int:
    """Return a seed, drawn from a generator if that is given."""
    integers = getattr(seed, "integers", None)
    return require_whole("seed", seed if integers is None else int(integers(LIMITS["seed"][1])))


def require_sampler(
    *, draws: int | None, tune: int | None, chains: int | None, seed: int, cores: int | None = None
) -> None:
    """Make sure that the settings of a sampler can be carried out.

    What is None is left to its default.
    """
    given = {"draws": draws, "tune": tune, "chains": chains, "cores": cores, "seed": seed}
    numbers = {
        name: require_whole(name, value) for name, value in given.items() if value is not None
    }
    if (total := numbers.get("draws", 1) * numbers.get("chains", 1)) > MOST_DRAWS:
        raise SpecError(f"draws: {total:,} over all chains; expected at most {MOST_DRAWS:,}")


def require_positive(name: str, value: object, most: float, unit: str) -> None:
    """Make sure that a number is positive and not beyond a limit."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value <= most:
        raise SpecError(
            f"{name}: got {_short(value)}; expected a positive number of {unit}, at most {most:g}"
        )


def require(package: str, extra: str) -> None:
    """Make sure that a package of an extra is there."""
    if importlib.util.find_spec(package) is None:
        raise ForecastError(
            f"{package} is not installed. Install the extra: pip install 'pendulum-forecast[{extra}]'"
        )


LARGEST = 100_000
"""Bytes; what a person fills in has a few thousand."""
DEEPEST = 20
"""Lists in lists, or fields in fields."""
LONGEST_SCALAR = 2_000
"""Characters of one value."""
LONGEST_MESSAGE = 300
MOST_FAULTS = 10


def read_form(path: Path, what: str, error: type[ForecastError]) -> Any:
    """Read YAML, or JSON by the ending, into plain values."""
    import yaml

    try:
        text = read_bytes(path, LARGEST).decode("utf-8-sig")
    except (OSError, ValueError) as cause:
        reason = getattr(cause, "strerror", None) or cause
        raise error(f"{path}: the {what} cannot be read ({reason}).") from cause
    try:
        if path.suffix == ".json":
            content = json.loads(text, object_pairs_hook=_without_repeats)
        else:
            _require_plain(text)
            _require_distinct_keys(yaml.compose(text, Loader=yaml.SafeLoader))
            content = yaml.safe_load(text)
        _require_shallow(content)
    except (yaml.YAMLError, ValueError, RecursionError) as cause:
        where = " ".join(str(cause).split())
        raise error(
            f"{path}: neither YAML nor JSON ({where:.300}). Quote values with colons."
        ) from cause
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
    """Raise ValueError at the first thing in YAML that a form does not need.

    Nothing is built of it yet.
    """
    import yaml

    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        where = f"line {event.start_mark.line + 1}" if event.start_mark else "somewhere"
        # No form needs these, and with them a few lines can stand for more than a machine holds.
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise ValueError(f"{where}: anchors and aliases are not allowed")
        if tag := getattr(event, "tag", None):
            raise ValueError(f"{where}: tags such as {tag!r:.40} are not allowed")
        if isinstance(event, yaml.ScalarEvent) and len(event.value) > LONGEST_SCALAR:
            raise ValueError(f"{where}: a value of more than {LONGEST_SCALAR} characters")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(
            event, yaml.CollectionEndEvent
        )
        if depth > DEEPEST:
            raise ValueError(f"{where}: nested more than {DEEPEST} deep")


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the fields of a JSON object; raise ValueError if one is there twice."""
    for name, number in Counter(name for name, _ in pairs).items():
        if number > 1:
            raise ValueError(f"field {name!r:.80} is there twice; leave one out")
    return dict(pairs)


def _require_distinct_keys(node: Any) -> None:
    """Raise ValueError if a field of YAML is there twice, or `<<` is to merge others: only one of them would count."""
    import yaml

    for name, value in node.value if isinstance(node, yaml.MappingNode) else ():
        if name.tag == "tag:yaml.org,2002:merge":
            line = name.start_mark.line + 1
            raise ValueError(
                f"line {line}: merge keys (`<<`) are not allowed; write the fields out"
            )
        _require_distinct_keys(value)
    if isinstance(node, yaml.MappingNode):
        known: dict[tuple[str, str], int] = {}
        for name in (name for name, _ in node.value if isinstance(name, yaml.ScalarNode)):
            line = name.start_mark.line + 1
            if (name.tag, name.value) in known:
                there = known[name.tag, name.value]
                raise ValueError(
                    f"lines {there} and {line}: field {name.value!r:.80} is there twice; leave one out"
                )
            known[name.tag, name.value] = line
    for inner in node.value if isinstance(node, yaml.SequenceNode) else ():
        _require_distinct_keys(inner)


def _require_shallow(content: Any) -> None:
    """Raise ValueError if values are nested deeper, or longer, than those of any form."""
    level = [content]
    for _ in range(DEEPEST + 1):
        if any(isinstance(value, str) and len(value) > LONGEST_SCALAR for value in level):
            raise ValueError(f"a value of more than {LONGEST_SCALAR} characters")
        listed = (one for one in level if isinstance(one, dict | list))
        level = [
            inner
            for one in listed
            for inner in (chain(one, one.values()) if isinstance(one, dict) else one)
        ]
    if level:
        raise ValueError(f"nested more than {DEEPEST} deep")


def _fault(details: Any) -> str:
    field = ".".join(str(part) for part in details["loc"] if part not in ("int", "str"))
    message, half = details["msg"].removeprefix("Value error, "), LONGEST_MESSAGE // 2
    if (
        len(message) > LONGEST_MESSAGE
    ):  # it begins with the field at fault, and ends with how to mend it
        message = f"{message[:half]} ... {message[-half:]}"
    return f"field `{field:.80}`: {message}" if field else message
