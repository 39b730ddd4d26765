"""Validation of arguments by their annotations, answered in the user's words.

The types say what is expected (`forecast.base.described`), and pydantic validates
(`forecast.base.validation`), which is imported when the first argument is.
"""

import functools
import inspect
from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Any

from forecast.base.errors import ForecastError, SpecError

if TYPE_CHECKING:
    from forecast.base.validation import Validator

# Characters of a value that an error shows
MAX_VALUE_SHOWN = 60
# A whole number from this on is not written out; Python does not convert the largest to text
MAX_NUMBER_SHOWN = 10**20


def checked[**Given, Result](function: Callable[Given, Result]) -> Callable[Given, Result]:
    """Validate arguments by their annotations before a function is called.

    One whose default is None may be None.
    """
    signature = inspect.signature(function)

    @functools.cache
    def validators() -> "dict[str, Validator]":
        from forecast.base.validation import validators

        return validators(function)

    @functools.wraps(function)
    def call(*args: Given.args, **kwargs: Given.kwargs) -> Result:
        for name, value in signature.bind(*args, **kwargs).arguments.items():
            if value is not None or signature.parameters[name].default is not None:
                _require_valid(name, value, validators()[name])
        return function(*args, **kwargs)

    return call


def check(name: str, value: Any, annotation: Any) -> None:
    """Make sure that a value is of a type."""
    from forecast.base.validation import validator

    _require_valid(name, value, validator(annotation))


def _require_valid(name: str, value: Any, validator: "Validator") -> None:
    fault = validator.fault(value)
    if isinstance(fault, ForecastError):
        raise fault
    if fault:
        raise SpecError(f"{name}: got {shown(value)}; expected {fault}")


def shown(value: Any) -> str:
    """Return a value as an error shows it: what is long or spans lines by its type alone."""
    kind = type(value).__name__
    if isinstance(value, int) and abs(value) >= MAX_NUMBER_SHOWN:
        return "a number of too many digits"
    text = (
        repr(value)
        if isinstance(value, str | int | float | bool | bytes | None | date | tuple | list)
        else ""
    )
    return (
        f"{text} ({kind})"
        if text and len(text) <= MAX_VALUE_SHOWN and "\n" not in text
        else f"an object of type {kind}"
    )
