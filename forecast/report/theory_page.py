"""Page of the theory: each statement of the essay with what the data say now, read from committed JSON files."""

import json
import os
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from forecast.base.errors import DataError
from forecast.base.files import read_bytes
from forecast.base.wording import capital, chance, join, number
from forecast.data.panel.notes import DataNotes
from forecast.outlook.theory import (
    CEILING,
    CONCLUSION,
    DECLINE,
    ERAS,
    IMPROVEMENT,
    LOW,
    REASONS,
    SUMMIT,
    THEORY,
    TheoryStatement,
)
from forecast.report.folder import LONGEST, Page, edition_of_page, publish
from forecast.report.table import Table, badge, link

_TESTED_AS = {DECLINE.code: "", REASONS.code: "", ERAS.code: DECLINE.code}
"""Tests with another code than their statement: jumps at eras are about turning points; occasions
are no reasons."""
_RELATED = {DECLINE.code: DECLINE.code, IMPROVEMENT.code: CEILING.code, REASONS.code: REASONS.code}
"""Tests of what a statement presupposes, or that bear on it without answering it."""
_CHANCES = {
    LOW.code: ("lowest", "that no earlier month was lower"),
    DECLINE.code: ("dropped", "of a fall by more than 5 points"),
    IMPROVEMENT.code: ("improvement", "of an improvement"),
    CONCLUSION.code: ("improvement", "of an improvement"),
}
"""Chance in the forecast that says how sure a statement is, and what it is the chance of."""
_ANSWERS = (
    "supported",
    "rejected",
    "undecided",
    "cannot be tested",
    "yes",
    "no",
    "described",
    "not tested",
)
_YES_OR_NO = (LOW.code, DECLINE.code)
"""Statements about the past, which the forecast answers if it is nearly sure."""
_SURE = 0.95
"""Probability from which a statement about the past is answered with yes; with no below its
complement."""


def write_theory(
    tests: str | Path, forecast: str | Path, scenario: str | Path, out: str | Path
) -> Path:
    """Write the page of the theory from tests.json, forecast.json and scenario.json of earlier pages."""
    return publish(out, "", lambda: theory_page(tests, forecast, scenario, Path(out)))


def theory_page(tests: str | Path, forecast: str | Path, scenario: str | Path, out: Path) -> Page:
    """Combine what the files say about each statement; links lead from `out` to them."""
    sources = {
        "tests": _Source(tests, out, "claims"),
        "forecast": _Source(forecast, out, "claims"),
        "scenario": _Source(scenario, out, "scenarios"),
    }
    try:
        statements = [_statement(one, **sources) for one in THEORY]
    except (LookupError, TypeError, AttributeError) as error:
        raise DataError(
            f"{tests}, {forecast}, {scenario}: expected files of this version ({error!r}); make their pages again"
        ) from error
    content = {
        "headline": headline(statements),
        "answers": Table.of(
            ("Statement", "Answer", "How sure"),
            [
                (
                    link(f"#{one['code']}", one["code"], f" {one['title']}?"),
                    one["badge"],
                    one["sure"],
                )
                for one in statements
            ],
            range(3),
        ),
        "statements": statements,
        "sources": [source.link for source in sources.values()],
        "stamp_of_tests": str(sources["tests"].content.get("stamp", "")),
        "as_of": date.fromisoformat(sources["forecast"].content["as_of"]),
    }
    tested = sources["tests"].content
    notes = DataNotes(tuple(tested.get("caveats", ())), edition_of_page(Path(tests).parent))
    return Page("theory.html.j2", content, notes=notes)


def headline(statements: list[dict[str, Any]]) -> str:
    """Count the answers to the statements."""
    answers = [one["answer"] for one in statements]
    kinds = [kind for kind in _ANSWERS if kind in answers]
    return f"The essay's {len(answers)} statements: {join(f'{answers.count(kind)} {kind}' for kind in kinds)}."


class _Source:
    """A JSON file with the part of it that the page reads, and how the page links to it."""

    def __init__(self, path: str | Path, out: Path, part: str) -> None:
        self.path, self.part = Path(path), part
        try:
            self.content: dict[str, Any] = json.loads(read_bytes(self.path, LONGEST))
            self.rows: list[dict[str, Any]] = list(self.content[part])
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise DataError(
                f"{path}: expected the JSON of an earlier page with a list “{part}” ({error}); make that page again"
            ) from error
        self.link = (quote(Path(os.path.relpath(self.path, out)).as_posix()), self.path.as_posix())

    def numbers(
        self, place: int, numbers: Mapping[str, Any], inside: str = ""
    ) -> list[tuple[str, str, str]]:
        """Return numbers with their names in words and where in the file they are."""
        at = f"{self.path.as_posix()}: {self.part}[{place}]{inside}"
        return [
            (capital(name.replace("_", " ")), number(value), f"{at}.{name}")
            for name, value in numbers.items()
        ]


def _statement(
    one: TheoryStatement, tests: _Source, forecast: _Source, scenario: _Source
) -> dict[str, Any]:
    """Return what the template needs of a statement."""
    tested, related = _TESTED_AS.get(one.code, one.code), _RELATED.get(one.code)
    found = [
        _tested(tests, place)
        for place, row in enumerate(tests.rows)
        if row["code"].rstrip("ab") == tested
    ]
    others = [
        _tested(tests, place, "Related test")
        for place, row in enumerate(tests.rows)
        if row["code"] == related
    ]
    others += [
        _described(forecast, place)
        for place, row in enumerate(forecast.rows)
        if row["code"] == one.code
    ]
    if one is SUMMIT:
        others += [_scenario(scenario, place) for place in range(len(scenario.rows))]
    says = [*found, *others]
    sure = [each["sure"] for each in found or others] or ["These files say nothing about it."]
    answer = found[-1]["answer"] if found else _answer(one, forecast) if others else "not tested"
    return {
        "code": one.code,
        "title": capital(one.title),
        "essay": one.us_china,
        "general": one.general,
        "says": says,
        "answer": answer,
        "badge": badge(answer, found[-1]["narrowly"] if found else ""),
        "sure": Markup("<br>").join(sure),
        "numbers": Table.of(
            ("Number", "Value", "Source"), [row for each in says for row in each["numbers"]], (0, 2)
        ),
    }


def _answer(one: TheoryStatement, forecast: _Source) -> str:
    """Return the answer to a statement that no test is about: yes or no, if the forecast is nearly sure of the past."""
    rows = [row for row in forecast.rows if row["code"] == one.code and one.code in _YES_OR_NO]
    chances = [row["numbers"].get(_CHANCES[one.code][0]) for row in rows]
    known = [value for value in chances if value is not None]
    if known and known[0] >= _SURE:
        return "yes"
    return "no" if known and known[0] <= 1 - _SURE else "described"


def _tested(source: _Source, place: int, role: str = "") -> dict[str, Any]:
    """Return the finding of a pooled test."""
    row = source.rows[place]
    names = ("log_bayes_factor", "least", "most", "limit")
    factor, least, most, limit = (row[name] for name in names)
    wider = f", {number(least, 1)} to {number(most, 1)} over rivals" if least != most else ""
    rule = f"log Bayes factor {number(factor, 1)}{wider}, rule ±{number(limit, 1)}; "
    rule += "; ".join(filter(None, [row["null_sets"], row["power"]]))
    sure = f"{role} {row['code']} {row['answer']}{' narrowly' if row['narrow'] else ''}".strip()
    if row["exceptions"]:
        sure += f", but not {join(f'{name} ({number(value, 1)})' for name, value in row['exceptions'].items())}"
    return {
        "answer": row["answer"],
        "narrowly": ", narrowly" * row["narrow"],
        "about": f"{role or 'All dyads'}, {row['code']}",
        "source": source.link,
        "sentence": " ".join(row["sentences"][:1]),
        "sure": sure if factor is None else f"{sure}: {rule}",
        "numbers": source.numbers(place, {name: row[name] for name in names}),
    }


def _described(source: _Source, place: int) -> dict[str, Any]:
    """Return what the forecast of one dyad says."""
    row = source.rows[place]
    name, of = _CHANCES.get(row["code"], ("", ""))
    probability = row["numbers"].get(name)
    sure = "one model of one dyad, without a test against a rival"
    return {
        "about": str(source.content["label"]),
        "sentence": row["sentence"],
        "source": source.link,
        "sure": capital(
            sure if probability is None else f"chance {of} {chance(probability)}; {sure}"
        ),
        "numbers": source.numbers(place, row["numbers"], ".numbers"),
    }


def _scenario(source: _Source, place: int) -> dict[str, Any]:
    """Return what a scenario says."""
    row = source.rows[place]
    plausible = row["plausibility"]["value"]
    return {
        "about": f"Scenario, {row['name']}",
        "sentence": row["sentence"],
        "source": source.link,
        "sure": f"Assumed, not predicted; {chance(plausible)} of simulations satisfy it",
        "numbers": source.numbers(place, {"value": plausible}, ".plausibility"),
    }
