"""Words for what an argument should be, kept with the type that they describe."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Described:
    """What a value of a type is, for errors.

    It is metadata of an annotation: ``Annotated[str, Described(...)]``.
    """

    words: str  # What is expected, such as "an EventTable, such as read_chronology() returns"
    listed: str = ""  # What is expected of a list of such values
    accepts: Callable[[Any], bool] | None = None  # In place of looking at the type
    validate: Callable[[Any], object] | None = None  # Raises what is wrong within a value

    @property
    def words_of_list(self) -> str:
        """What is expected where a list of such values is."""
        return self.listed or f"a list, each {self.words}"


_OF_CLASSES: dict[type, Described] = {}


def described[Class: type](
    words: str,
    *,
    accepts: Callable[[Any], bool] | None = None,
    validate: Callable[[Any], object] | None = None,
) -> Callable[[Class], Class]:
    """Keep the words for what an argument of a class should be, as a decorator of the class."""

    def keep(class_: Class) -> Class:
        _OF_CLASSES[class_] = Described(words, accepts=accepts, validate=validate)
        return class_

    return keep


def description(class_: type) -> Described:
    """Return the words for a class: its own, or its name with article and package."""
    if class_ in _OF_CLASSES:
        return _OF_CLASSES[class_]
    package = class_.__module__.partition(".")[0]
    name = (
        class_.__name__ if package == __name__.partition(".")[0] else f"{package}.{class_.__name__}"
    )
    article = "an" if name[0].lower() in "aeioux" else "a"
    return Described(f"{article} {name}")
