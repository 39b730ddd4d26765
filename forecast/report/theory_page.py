"""Page of the theory: each statement of the essay with what the data say now.

It is read from committed JSON files.
"""

import json
import os
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from forecast.base.errors import DataError
from forecast.base.reading import read_bytes
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
from forecast.report.manifest import MAX_PAGE_JSON, edition_of_page
from forecast.report.publishing import Page, publish
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
    """Write the page of the theory from JSON files of earlier pages.

    They are tests.json, forecast.json and scenario.json.
    """
    return publish(out, "", lambda: theory_page(tests, forecast, scenario, Path(out)))


def theory_page(tests: str | Path, forecast: str | Path, scenario: str | Path, out: Path) -> Page:
    """Combine what the files say about each statement; links lead from `out` to them."""
    sources = {
        "tests": _Source(tests, out, "claims"),
        "forecast": _Source(forecast, out, "claims"),
        "scenario": _Source(scenario, out, "scenarios"),
    }
    try:
        statements = [_statement(statement, **sources) for statement in THEORY]
    except (LookupError, TypeError, AttributeError) as error:
        raise DataError(
            f"{tests}, {forecast}, {scenario}: expected files of this version ({error!r}); make "
            "their pages again"
        ) from error
    content = {
        "headline": count_of_answers(statements),
        "answers": Table.of(
            ("Statement", "Answer", "How sure"),
            [
                (
                    link(f"#{statement['code']}", statement["code"], f" {statement['title']}?"),
                    statement["badge"],
                    statement["sure"],
                )
                for statement in statements
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


def count_of_answers(statements: list[dict[str, Any]]) -> str:
    """Count the answers to the statements."""
    answers = [statement["answer"] for statement in statements]
    kinds = [kind for kind in _ANSWERS if kind in answers]
    return (
        f"The essay's {len(answers)} statements: "
        f"{join(f'{answers.count(kind)} {kind}' for kind in kinds)}."
    )


class _Source:
    """A JSON file with the part of it that the page reads, and how the page links to it."""

    def __init__(self, path: str | Path, out: Path, part: str) -> None:
        self.path, self.part = Path(path), part
        try:
            self.content: dict[str, Any] = json.loads(read_bytes(self.path, MAX_PAGE_JSON))
            self.rows: list[dict[str, Any]] = list(self.content[part])
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise DataError(
                f"{path}: expected the JSON of an earlier page with a list “{part}” ({error}); "
                "make that page again"
            ) from error
        self.link = (quote(Path(os.path.relpath(self.path, out)).as_posix()), self.path.as_posix())

    def numbers(
        self, index: int, numbers: Mapping[str, Any], inside: str = ""
    ) -> list[tuple[str, str, str]]:
        """Return numbers with their names in words and where in the file they are."""
        address = f"{self.path.as_posix()}: {self.part}[{index}]{inside}"
        return [
            (capital(name.replace("_", " ")), number(value), f"{address}.{name}")
            for name, value in numbers.items()
        ]


def _statement(
    statement: TheoryStatement, tests: _Source, forecast: _Source, scenario: _Source
) -> dict[str, Any]:
    """Return what the template needs of a statement."""
    tested, related = _TESTED_AS.get(statement.code, statement.code), _RELATED.get(statement.code)
    findings = [
        _tested(tests, index)
        for index, row in enumerate(tests.rows)
        if row["code"].rstrip("ab") == tested
    ]
    others = [
        _tested(tests, index, "Related test")
        for index, row in enumerate(tests.rows)
        if row["code"] == related
    ]
    others += [
        _described(forecast, index)
        for index, row in enumerate(forecast.rows)
        if row["code"] == statement.code
    ]
    if statement is SUMMIT:
        others += [_scenario(scenario, index) for index in range(len(scenario.rows))]
    says = [*findings, *others]
    sure = [each["in_short"] for each in findings or others] or [
        "These files say nothing about it."
    ]
    answer = (
        findings[-1]["answer"]
        if findings
        else _answer(statement, forecast)
        if others
        else "not tested"
    )
    return {
        "code": statement.code,
        "title": capital(statement.title),
        "essay": statement.us_china,
        "general": statement.general,
        "says": says,
        "answer": answer,
        "badge": badge(answer, findings[-1]["narrowly"] if findings else ""),
        "sure": Markup("<br>").join(sure),
        "numbers": Table.of(
            ("Number", "Value", "Source"), [row for each in says for row in each["numbers"]], (0, 2)
        ),
    }


def _answer(statement: TheoryStatement, forecast: _Source) -> str:
    """Return the answer to a statement that no test is about.

    It is yes or no, if the forecast is nearly sure of the past.
    """
    rows = [
        row
        for row in forecast.rows
        if row["code"] == statement.code and statement.code in _YES_OR_NO
    ]
    chances = [row["numbers"].get(_CHANCES[statement.code][0]) for row in rows]
    stated = [value for value in chances if value is not None]
    if stated and stated[0] >= _SURE:
        return "yes"
    return "no" if stated and stated[0] <= 1 - _SURE else "described"


def _tested(source: _Source, index: int, role: str = "") -> dict[str, Any]:
    """Return the finding of a pooled test."""
    row = source.rows[index]
    names = ("log_bayes_factor", "least", "most", "limit")
    factor, least, most, limit = (row[name] for name in names)
    wider = f", {number(least, 1)} to {number(most, 1)} over alternatives" if least != most else ""
    rule = f"log Bayes factor {number(factor, 1)}{wider}, rule ±{number(limit, 1)}; "
    rule += "; ".join(filter(None, [row["null_sets"], row["power"]]))
    said = f"{role} {row['code']} {row['answer']}{' narrowly' if row['narrow'] else ''}".strip()
    sure = said
    if row["exceptions"]:
        sure += (
            ", but not "
            f"{join(f'{name} ({number(value, 1)})' for name, value in row['exceptions'].items())}"
        )
    return {
        "answer": row["answer"],
        "narrowly": ", narrowly" * row["narrow"],
        "about": f"{role or 'All dyads'}, {row['code']}",
        "source": source.link,
        "sentence": " ".join(row["sentences"][:1]),
        "in_short": said if factor is None else f"{said}: log Bayes factor {number(factor, 1)}",
        "sure": sure if factor is None else f"{sure}: {rule}",
        "numbers": source.numbers(index, {name: row[name] for name in names}),
    }


def _described(source: _Source, index: int) -> dict[str, Any]:
    """Return what the forecast of one dyad says."""
    row = source.rows[index]
    name, of = _CHANCES.get(row["code"], ("", ""))
    probability = row["numbers"].get(name)
    sure = "one model of one dyad, without a test against an alternative"
    in_short = "one model of one dyad"
    if probability is not None:
        in_short = f"chance {of} {chance(probability)}"
    return {
        "in_short": capital(in_short),
        "about": str(source.content["label"]),
        "sentence": row["sentence"],
        "source": source.link,
        "sure": capital(sure if probability is None else f"{in_short}; {sure}"),
        "numbers": source.numbers(index, row["numbers"], ".numbers"),
    }


def _scenario(source: _Source, index: int) -> dict[str, Any]:
    """Return what a scenario says."""
    row = source.rows[index]
    plausible = row["plausibility"]["value"]
    return {
        "in_short": "Assumed, not predicted",
        "about": f"Scenario, {row['name']}",
        "sentence": row["sentence"],
        "source": source.link,
        "sure": f"Assumed, not predicted; {chance(plausible)} of simulations satisfy it",
        "numbers": source.numbers(index, {"value": plausible}, ".plausibility"),
    }
