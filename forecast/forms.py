"""Small files that a person fills in (mappings, plans): reading them, and naming every fault in them."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecast.errors import ForecastError

if TYPE_CHECKING:
    from pydantic import ValidationError


def read_form(path: Path, what: str, error: type[ForecastError]) -> Any:
    """Read YAML, or JSON by the ending, into plain values.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    what : str
        What it is, for messages: ``mapping``.
    error : type
        Raised if it cannot be read or parsed.

    Examples
    --------
    >>> from pathlib import Path
    >>> from forecast.errors import MappingError
    >>> from forecast.forms import read_form
    >>> read_form(Path("mapping.yaml"), "mapping", MappingError)  # doctest: +SKIP
    """
    import yaml

    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as cause:
        raise error(f"{path}: the {what} cannot be read ({cause}).") from cause
    try:
        return json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as cause:
        where = " ".join(str(cause).split())
        raise error(f"{path}: neither YAML nor JSON ({where}). Quote values with colons.") from cause


def faults(error: "ValidationError") -> str:
    """Put into words what pydantic found wrong, field by field."""
    return "; ".join(_fault(details) for details in error.errors())


def _fault(details: Any) -> str:
    field = ".".join(str(part) for part in details["loc"] if part not in ("int", "str"))
    message = details["msg"].removeprefix("Value error, ")
    return f"field `{field}`: {message}" if field else message
