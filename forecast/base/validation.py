"""Validation of values by pydantic, from the annotations of arguments.

Nothing is copied or converted.

Classes of this package and of others are looked at by `isinstance` alone: pydantic would build a
schema of every field of a dataclass, and copy what it validates.
"""

import pkgutil
import sys
import types
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date
from os import PathLike
from pathlib import Path
from typing import (
    Annotated,
    Any,
    ForwardRef,
    Literal,
    NamedTuple,
    TypeAliasType,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

import numpy as np
from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    Strict,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    TypeAdapter,
    ValidationError,
)

from forecast.base.described import Described, description
from forecast.base.errors import ForecastError

LEAST_COUNT = 1
"""Least whole number of an argument: draws, months and cores are counted. Others say their own."""

_LATE_NAMES = {"Axes": "matplotlib.axes:Axes", "pd": "pandas", "xr": "xarray"}
"""Names in annotations that modules import for type checkers alone, because they are heavy."""


class Validator(NamedTuple):
    """How an argument is validated."""

    adapter: TypeAdapter[Any]
    expected: str  # In words

    def fault(self, value: Any) -> ForecastError | str:
        """Return what is wrong with a value, in words for what is expected; '' if nothing is."""
        try:
            self.adapter.validate_python(value)
        except ValidationError as error:
            causes = [details.get("ctx", {}).get("error") for details in error.errors()]
            return next(
                (cause for cause in causes if isinstance(cause, ForecastError)), self.expected
            )
        return ""


def validators(function: Callable[..., Any]) -> dict[str, Validator]:
    """Return the validators of a function's arguments, by name."""
    hints = get_type_hints(function, localns=_LateNames(), include_extras=True)
    return {
        name: validator(hint, function.__module__)
        for name, hint in hints.items()
        if name != "return"
    }


def validator(annotation: Any, module: str = __name__) -> Validator:
    """Return the validator of an annotation, whose names are those of a module."""
    rule = _rule(annotation, module)
    return Validator(
        TypeAdapter(rule.type_, config=ConfigDict(arbitrary_types_allowed=True)),
        rule.described.words,
    )


class _LateNames(dict[str, Any]):
    """Names of heavy packages, imported when an annotation is read."""

    def __missing__(self, name: str) -> Any:
        return pkgutil.resolve_name(_LATE_NAMES[name])


class _Rule(NamedTuple):
    """A type as pydantic reads it, and its words."""

    type_: Any
    described: Described


def _python_value(value: Any) -> Any:
    """Return a scalar of NumPy as one of Python."""
    return value.item() if isinstance(value, np.generic) else value


def _python_list(value: Any) -> list[Any]:
    """Return a sequence, or an array of one dimension, as a list; raise ValueError for all else."""
    is_sequence = isinstance(value, Sequence) and not isinstance(value, str | bytes)
    is_array = hasattr(value, "__array__") and getattr(value, "ndim", 0) == 1
    if not is_sequence and not is_array:
        raise ValueError("not a list")
    return list(value)


def _satisfying(accepts: Callable[[Any], bool]) -> Any:
    """Return the type of values that satisfy a condition."""

    def accept(value: Any) -> Any:
        if not accepts(value):
            raise ValueError("not accepted")
        return value

    return Annotated[Any, PlainValidator(accept)]


def _instance(class_: Any) -> Any:
    """Return the type of instances of a class."""
    return _satisfying(lambda value: isinstance(value, class_))


_PATH = _Rule(_instance(PathLike), Described("a path"))
_SCALARS: dict[Any, _Rule] = {
    Any: _Rule(Any, Described("anything")),
    types.NoneType: _Rule(None, Described("None")),
    bool: _Rule(Annotated[StrictBool, BeforeValidator(_python_value)], Described("True or False")),
    float: _Rule(Annotated[StrictFloat, BeforeValidator(_python_value)], Described("a number")),
    date: _Rule(Annotated[date, Strict()], Described("a datetime.date")),
    int: _Rule(
        Annotated[StrictInt, Field(ge=LEAST_COUNT), BeforeValidator(_python_value)],
        Described(f"a whole number from {LEAST_COUNT}"),
    ),
    str: _Rule(StrictStr, Described("a text")),
    Path: _PATH,
    PathLike: _PATH,
}
"""Rules of types without parts."""


def _rule(annotation: Any, module: str) -> _Rule:
    """Return how values of an annotation are validated."""
    origin = get_origin(annotation)
    parts = get_args(annotation)
    if isinstance(annotation, str | ForwardRef):
        text = annotation if isinstance(annotation, str) else annotation.__forward_arg__
        return _rule(eval(text, vars(sys.modules[module]), _LateNames()), module)
    if isinstance(annotation, TypeAliasType):
        return _rule(annotation.__value__, annotation.__module__ or module)
    if origin is Annotated:
        return _annotated(parts[0], parts[1:], module)
    class_ = origin or annotation
    if class_ in _SCALARS:
        return _SCALARS[class_]
    if origin in (Union, types.UnionType):
        return _union([_rule(part, module) for part in parts])
    if origin is Literal:
        return _Rule(annotation, Described(f"one of {', '.join(map(str, parts))}"))
    if origin is Sequence:
        item = _rule(parts[0], module)
        items = types.GenericAlias(list, (item.type_,))
        return _Rule(
            Annotated[items, BeforeValidator(_python_list)], Described(item.described.words_of_list)
        )
    if (
        origin is tuple
    ):  # such as width and height of a figure; the function itself says what is wrong
        return _SCALARS[Any]
    if class_ is Callable:
        return _Rule(_satisfying(callable), Described("a function"))
    if class_ in (Mapping, dict):
        return _Rule(_instance(Mapping), Described("a mapping such as a dict"))
    if class_ is Iterable:
        return _Rule(_instance(Iterable), Described("a list"))
    words = description(class_)
    type_ = _instance(class_) if words.accepts is None else _satisfying(words.accepts)
    return _with_validation(type_, words)


def _annotated(type_: Any, metadata: Collection[Any], module: str) -> _Rule:
    """Return the rule of a type with words of its own."""
    words = next((each for each in metadata if isinstance(each, Described)), None)
    if words is not None and words.accepts is not None:
        return _with_validation(_satisfying(words.accepts), words)
    rule = _rule(type_, module)
    return rule if words is None else _with_validation(rule.type_, words)


def _with_validation(type_: Any, words: Described) -> _Rule:
    if words.validate is None:
        return _Rule(type_, words)
    validate = words.validate

    def look_within(value: Any) -> Any:
        validate(value)
        return value

    return _Rule(Annotated[type_, AfterValidator(look_within)], words)


def _union(rules: list[_Rule]) -> _Rule:
    """Return the rule of a value that keeps any of several.

    None goes unsaid, and so does a text where a path may be named too.
    """
    type_: Any = Union[tuple(rule.type_ for rule in rules)]  # noqa: UP007
    unsaid = [_SCALARS[types.NoneType], *([_SCALARS[str]] if _PATH in rules else [])]
    words = [rule.described.words for rule in rules if rule not in unsaid]
    joint = ", or " if any(", " in each for each in words) else " or "
    return _Rule(type_, Described(joint.join(dict.fromkeys(words))))
