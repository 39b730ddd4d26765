"""All types of questions, and their form as a YAML file (docs/schema/question.md)."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from forecast.base.arguments import checked
from forecast.base.errors import QuestionError
from forecast.base.files import write_text
from forecast.base.forms import faults, read_form
from forecast.desk.questions.compound import ConditionalQuestion, JointQuestion
from forecast.desk.questions.event_question import CountQuestion, EventQuestion
from forecast.desk.questions.outside import OutsideQuestion
from forecast.outlook.question import Question
from forecast.outlook.question_types import (
    LevelQuestion,
    PassageQuestion,
    ShareQuestion,
    ToneQuestion,
)

VERSION = 1
MAX_NAME = 80  # characters of the name of a question, which is that of its file too
_HEAD = (
    "# A question that data decide (`forecast help questions`). It was fixed when it was asked: "
    "do not edit it.\n"
)
TYPES: dict[str, type[Question]] = {
    "share": ShareQuestion,
    "passage": PassageQuestion,
    "tone": ToneQuestion,
    "level": LevelQuestion,
    "joint": JointQuestion,
    "conditional": ConditionalQuestion,
    "events": EventQuestion,
    "count": CountQuestion,
    "outside": OutsideQuestion,
}
"""Types of questions by `kind`."""


def name_of(parts: Iterable[str]) -> str:
    """Return a name of lower-case letters, digits and hyphens, made of parts; empty ones go."""
    words = "-".join(part for part in parts if part).lower()
    plain = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in words)
    return plain[:MAX_NAME].strip("-")


def question_of(values: Any, where: str) -> Question:
    """Return the question that plain values are; `where` they stand is named in errors."""
    if not isinstance(values, dict):
        raise QuestionError(
            f"{where}: expected fields and values (`dyad: USA-CHN`), found {values!r:.60}"
        )
    if values.get("version") != VERSION:
        raise QuestionError(
            f"{where}: the field `version` is {values.get('version')!r:.20}; this package reads "
            f"version {VERSION}"
        )
    kind = values.get("kind")
    if not isinstance(kind, str) or kind not in TYPES:
        raise QuestionError(
            f"{where}: the field `kind` is {kind!r:.20}; expected one of {', '.join(TYPES)}"
        )
    try:
        # By way of JSON, in which the strict reading knows lists for tuples and texts for days, and
        # nothing else.
        return TYPES[kind].model_validate_json(json.dumps(values, default=str))
    except ValidationError as error:
        raise QuestionError(f"{where}: {faults(error)}. See `forecast help questions`") from error
    except (TypeError, ValueError, RecursionError) as error:
        raise QuestionError(f"{where}: it holds what no question can ({error})") from error


@checked
def read_question(path: str | Path) -> Question:
    """Read a question.

    Parameters
    ----------
    path : str or pathlib.Path
        YAML, or JSON by the ending.

    Returns
    -------
    Question

    Raises
    ------
    QuestionError
        If the file is none; the message names the field.

    Examples
    --------
    >>> from forecast import read_question
    >>> read_question("questions/usa-chn-violence.yaml").sentence  # doctest: +SKIP
    """
    return question_of(read_form(Path(path), "question", QuestionError), str(path))


def write_question(path: str | Path, question: Question) -> None:
    """Write a question as YAML."""
    import yaml

    plain = question.plain
    # Last, because they follow from the rest.
    derived = {name: plain.pop(name) for name in ("base_rate", "sentence") if name in plain}
    text = yaml.safe_dump(plain | derived, sort_keys=False, allow_unicode=True, width=110)
    write_text(path, _HEAD + text, durable=True)
