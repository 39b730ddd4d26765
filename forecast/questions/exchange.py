"""Question sets and forecasts in the forms of the field: ForecastBench's JSON, and a CDF of numbers of events.

A set is read as text alone: fields are bounded, unknown ones ignored, and nothing in them is executed.

References
----------
Karger et al. (2024), ForecastBench: a dynamic benchmark of AI forecasting capabilities, arXiv:2409.19839
"""

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from forecast.arguments import checked
from forecast.errors import QuestionError
from forecast.escaping import printable
from forecast.events.table import EventTable
from forecast.files import read_bytes
from forecast.hazards.asked import AskedEvents
from forecast.hazards.forecast import forecast_events
from forecast.questions.form import VERSION, question_of
from forecast.questions.history import History
from forecast.questions.outside import OutsideQuestion

LARGEST = 50_000_000  # bytes of a question set
MOST_QUESTIONS = 5_000
LONGEST_TEXT = 1_000  # characters of a question; more are cut
MOST_EVENTS = 200  # numbers of events in a CDF
LEAST_TAIL = 0.001  # probability of more events at which a CDF ends
ORGANIZATION, MODEL = "pendulum-forecast", "hazards"


@dataclass(frozen=True)
class Imported:
    """A question of a set, with the price that came with it."""

    question: OutsideQuestion
    price: float | None
    source: str


@checked
def read_question_set(path: str | Path, asked: date) -> list[Imported]:
    """Read a question set of ForecastBench's form.

    Parameters
    ----------
    path : str or pathlib.Path
        JSON with the list ``questions``, each with ``id``, ``source``, ``question``, ``url``,
        ``market_info_close_datetime`` or ``resolution_dates``, and ``freeze_datetime_value``.
    asked : datetime.date
        Day it is entered.

    Returns
    -------
    list of Imported
        Questions that close later; those that have closed are left out.

    Raises
    ------
    QuestionError
        If the file is no question set; the message names the question and field.

    Examples
    --------
    >>> from datetime import date
    >>> from forecast.questions.exchange import read_question_set
    >>> read_question_set("2024-07-21-llm.json", date(2024, 7, 21))  # doctest: +SKIP
    """
    try:
        content = json.loads(read_bytes(path, LARGEST))
    except (OSError, ValueError, RecursionError) as error:
        raise QuestionError(f"{path}: no question set can be read ({error!s:.100}); expected JSON") from error
    questions = content.get("questions") if isinstance(content, dict) else None
    if not isinstance(questions, list) or len(questions) > MOST_QUESTIONS:
        raise QuestionError(f"{path}: expected the list `questions`, of at most {MOST_QUESTIONS:,}")
    found = []
    for place, each in enumerate(questions):
        where = f"{path}, question {place + 1}"
        if not isinstance(each, dict) or not isinstance(each.get("question"), str):
            raise QuestionError(f"{where}: field `question`: expected a text")
        if isinstance(each.get("id"), list):  # a combination of two questions
            continue
        closes = _closing_day(each, where)
        if closes is not None and closes > asked:
            found.append(_imported(each, closes, asked, where))
    return found


def _closing_day(each: dict[str, Any], where: str) -> date | None:
    """Return the day on which a question closes; the last of its resolution dates."""
    days = each.get("resolution_dates")
    stated = days if isinstance(days, list) and days else [each.get("market_info_close_datetime")]
    texts = [text for text in stated if isinstance(text, str) and text != "N/A"]
    try:
        return max((date.fromisoformat(text[:10]) for text in texts), default=None)
    except ValueError as error:
        raise QuestionError(f"{where}: field `resolution_dates`: {texts!r:.60} are no days, as YYYY-MM-DD") from error


def _imported(each: dict[str, Any], closes: date, asked: date, where: str) -> Imported:
    text = " ".join(printable(each["question"]).split())[:LONGEST_TEXT]
    url = each.get("url")
    given = {"version": VERSION, "kind": "outside", "text": text, "asked": asked, "closes": closes}
    good = isinstance(url, str) and re.fullmatch(r"https?://[^\s<>\"']{1,500}", url)
    fields = given | {"id": _name(each, where)} | ({"url": url} if good else {})
    question = question_of(fields, where)
    assert isinstance(question, OutsideQuestion)
    return Imported(question, _price(each), printable(str(each.get("source") or "market"))[:80])


def _name(each: dict[str, Any], where: str) -> str:
    """Return a name of the letters of its id; of an id without any, its digest."""
    stated = each.get("id")
    if not isinstance(stated, str):
        raise QuestionError(f"{where}: field `id`: expected a text")
    source = str(each.get("source") or "set").lower()
    name = re.sub(r"[^a-z0-9]+", "-", f"{source}-{stated}".lower()).strip("-")
    if len(name) <= 80:
        return name
    return f"{name[:60].strip('-')}-{hashlib.sha256(stated.encode()).hexdigest()[:16]}"


def _price(each: dict[str, Any]) -> float | None:
    try:
        value = float(each.get("freeze_datetime_value"))  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return value if 0 <= value <= 1 else None


def forecast_set(histories: Iterable[History], due: date, name: str) -> dict[str, Any]:
    """Return the own numbers of outside questions as a forecast set of ForecastBench's form."""
    forecasts = [
        {
            "id": one.question.id, "source": one.prices[-1].source if one.prices else "unknown",
            "forecast": one.last_answer.chance, "resolution_date": one.question.last.isoformat(),
            "reasoning": one.last_answer.note or "",
        }
        for one in histories
        if isinstance(one.question, OutsideQuestion) and one.last_answer is not None
    ]  # fmt: skip
    return {
        "organization": ORGANIZATION, "model": MODEL, "question_set": name, "forecast_due_date": due.isoformat(),
        "forecasts": forecasts,
    }  # fmt: skip


def number_cdf(table: EventTable, dyad: str, asked: AskedEvents, as_of: date) -> dict[str, Any]:
    """Return the distribution of the number of events in a window: values, and the probability of at most each.

    Examples
    --------
    >>> from datetime import date
    >>> from forecast import AskedEvents, find_set, read_chronology
    >>> from forecast.questions.exchange import number_cdf
    >>> table = read_chronology(dyads=["USA-CHN"])
    >>> asked = AskedEvents(find_set("visit"), date(2024, 6, 30))
    >>> found = number_cdf(table, "USA-CHN", asked, date(2023, 12, 31))
    >>> found["values"][:3], found["cdf"][-1] > 0.99
    ([0, 1, 2], True)
    """
    reached: list[float] = []
    for number in range(1, MOST_EVENTS + 1):
        found = forecast_events(table, dyad, replace(asked, at_least=number), as_of_day=as_of)
        reached.append(found.chance)
        if reached[-1] < LEAST_TAIL:
            break
    cdf: Sequence[float] = np.maximum.accumulate([1 - chance for chance in reached]).tolist()
    return {
        "dyad": dyad, "set": asked.wanted.name, "first": str(found.asked.first), "last": str(asked.last),
        "values": list(range(len(cdf))), "cdf": [round(value, 6) for value in cdf],
    }  # fmt: skip
