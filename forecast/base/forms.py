"""Reading of configuration files.

YAML or JSON is read as plain values, within limits, with faults in words.
"""

import json
from collections import Counter
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecast.base.errors import ForecastError, SpecError
from forecast.base.reading import read_bytes

if TYPE_CHECKING:
    from pydantic import ValidationError

# Bytes; what a person fills in has a few thousand
MAX_FORM_BYTES = 100_000
# Lists in lists, or fields in fields
MAX_DEPTH = 20
# Characters of one value
MAX_SCALAR = 2_000
# Characters of one fault; a validator may quote the whole value
MAX_FORM_MESSAGE = 300
# Faults that are listed; more are not mended at once
MAX_FORM_FAULTS = 10


def read_form(path: Path, what: str, error: type[ForecastError]) -> Any:
    """Read YAML, or JSON by the ending, into plain values."""
    import yaml

    try:
        text = read_bytes(path, MAX_FORM_BYTES).decode("utf-8-sig")
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
    sentences = [_fault(details) for details in error.errors()]
    more = (
        [f"and {len(sentences) - MAX_FORM_FAULTS} more"] if len(sentences) > MAX_FORM_FAULTS else []
    )
    return "; ".join([*sentences[:MAX_FORM_FAULTS], *more])


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
        if isinstance(event, yaml.ScalarEvent) and len(event.value) > MAX_SCALAR:
            raise ValueError(f"{where}: a value of more than {MAX_SCALAR} characters")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(
            event, yaml.CollectionEndEvent
        )
        if depth > MAX_DEPTH:
            raise ValueError(f"{where}: nested more than {MAX_DEPTH} deep")


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the fields of a JSON object; raise ValueError if one is there twice."""
    for name, number in Counter(name for name, _ in pairs).items():
        if number > 1:
            raise ValueError(f"field {name!r:.80} is there twice; leave one out")
    return dict(pairs)


def _require_distinct_keys(node: Any) -> None:
    """Raise ValueError if a field of YAML is there twice, or `<<` is to merge others.

    Only one of them would count.
    """
    import yaml

    for name, value in node.value if isinstance(node, yaml.MappingNode) else ():
        if name.tag == "tag:yaml.org,2002:merge":
            line = name.start_mark.line + 1
            raise ValueError(
                f"line {line}: merge keys (`<<`) are not allowed; write the fields out"
            )
        _require_distinct_keys(value)
    if isinstance(node, yaml.MappingNode):
        lines: dict[tuple[str, str], int] = {}
        for name in (name for name, _ in node.value if isinstance(name, yaml.ScalarNode)):
            line = name.start_mark.line + 1
            if (name.tag, name.value) in lines:
                earlier = lines[name.tag, name.value]
                raise ValueError(
                    f"lines {earlier} and {line}: field {name.value!r:.80} is there twice; leave "
                    "one out"
                )
            lines[name.tag, name.value] = line
    for inner in node.value if isinstance(node, yaml.SequenceNode) else ():
        _require_distinct_keys(inner)


def _require_shallow(content: Any) -> None:
    """Raise ValueError if values are nested deeper, or longer, than those of any form."""
    level = [content]
    for _ in range(MAX_DEPTH + 1):
        if any(isinstance(value, str) and len(value) > MAX_SCALAR for value in level):
            raise ValueError(f"a value of more than {MAX_SCALAR} characters")
        listed = (values for values in level if isinstance(values, dict | list))
        level = [
            inner
            for values in listed
            for inner in (chain(values, values.values()) if isinstance(values, dict) else values)
        ]
    if level:
        raise ValueError(f"nested more than {MAX_DEPTH} deep")


def _fault(details: Any) -> str:
    field = ".".join(str(part) for part in details["loc"] if part not in ("int", "str"))
    message = details["msg"].removeprefix("Value error, ")
    half = MAX_FORM_MESSAGE // 2
    if (
        len(message) > MAX_FORM_MESSAGE
    ):  # it begins with the field at fault, and ends with how to mend it
        message = f"{message[:half]} ... {message[-half:]}"
    return f"field `{field:.80}`: {message}" if field else message
