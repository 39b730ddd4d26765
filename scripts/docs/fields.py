"""Fields of a class with the words that its source says of them.

A comment on the line, or on the lines before it.
"""

import ast
import inspect
import re
import textwrap
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True)
class Described:
    """A field of a file or object."""

    name: str
    type: str
    words: str
    default: str = ""


def fields_of(kind: type[Any], *, without_inherited: bool = False) -> list[Described]:
    """Return the fields of a dataclass or pydantic model, in their order.

    With `own` those that it declares itself.
    """
    fields: dict[str, Described] = {}
    for base in reversed(kind.__mro__):
        if base.__module__.startswith("forecast."):
            fields |= {field.name: field for field in _declared(base)}
    names = (
        getattr(kind, "model_fields", None) or getattr(kind, "__dataclass_fields__", None) or fields
    )
    aliases = (
        {name: getattr(names[name], "alias", None) or name for name in names}
        if isinstance(names, dict)
        else {}
    )
    shown = {field.name for field in _declared(kind)} if without_inherited else set(fields)
    return [replace(fields[name], name=aliases.get(name, name)) for name in names if name in shown]


def _declared(kind: type[Any]) -> list[Described]:
    """Return the fields that a class itself declares."""
    lines = textwrap.dedent(inspect.getsource(kind)).splitlines()
    body = ast.parse("\n".join(lines)).body[0]
    assert isinstance(body, ast.ClassDef)
    fields = []
    for node in body.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            words = _comment(lines, node.lineno - 1, (node.end_lineno or node.lineno) - 1)
            fields.append(
                Described(
                    node.target.id, _type(ast.unparse(node.annotation)), words, _default(node.value)
                )
            )
    return fields


def _default(value: ast.expr | None) -> str:
    """Return a default that is a text, number or list of such."""
    if isinstance(value, ast.Call):
        value = next((part.value for part in value.keywords if part.arg == "default"), None)
    parts = value.elts if isinstance(value, ast.Tuple) else [] if value is None else [value]
    constants = [
        part.value
        for part in parts
        if isinstance(part, ast.Constant) and isinstance(part.value, str | int)
    ]
    return ", ".join(
        f"`{str(part).lower() if isinstance(part, bool) else part}`"
        for part in constants
        if part != ""
    )


def _comment(lines: list[str], first: int, last: int) -> str:
    """Return the comment at the end of a field, else that of the lines before it."""
    after = re.search(r"\s# (?!noqa|type:)(.*)$", lines[last])
    if after:
        return after[1].strip()
    before: list[str] = []
    while first > 0 and (line := lines[first - 1].strip()).startswith("# "):
        before.insert(0, line[2:])
        first -= 1
    return " ".join(before)


def _type(annotation: str) -> str:
    """Shorten an annotation; a value that may be absent with a reason ends in a question mark."""
    text = annotation.replace('"', "").replace("'", "")
    text = re.sub(r"Annotated\[(\w+), .*\]", r"\1", re.sub(r"\bMapping\[", "dict[", text)).replace(
        ", ...]", "]"
    )
    text = re.sub(
        r"\bFloat\b|\bIndex\b|NDArray\[[\w.]*\]",
        "array",
        re.sub(r"\b(?:Text|Digest|Day)\b", "str", text),
    )
    return re.sub(
        r" \| NotDefined\b",
        "?",
        re.sub(r"\bCounted\b", "int", re.sub(r"\bChance\b", "float", text)),
    )
