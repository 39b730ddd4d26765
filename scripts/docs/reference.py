"""Pages of tables.

Priors, statements of the theory, scores of the backtest, embedded dyads, and the codebook.
"""

import csv
import importlib
from pathlib import Path

from forecast.model.process.priors import all_priors
from forecast.outlook.theory import THEORY
from forecast.study.evaluation.skill import Skill

from .text import plain, table

SCALE = "commitment"
"""Scale by which the codebook's codes are put into kinds."""
QUADS = {
    "1": "verbal cooperation",
    "2": "material cooperation",
    "3": "verbal conflict",
    "4": "material conflict",
}


def reference_pages(root: Path) -> dict[str, str]:
    """Return the pages."""
    data = root / "data"
    shown = {
        "priors.md": _priors(),
        "theory.md": _theory(),
        "skill-tables.md": _skill(root),
        "dyads.md": _dyads(data),
        "codebook.md": _codebook(data / "codebook"),
    }
    return {name: "\n".join(lines) for name, lines in shown.items()}


def priors_table() -> list[str]:
    """Return the table of every prior."""
    rows = []
    for name, prior in all_priors().items():
        numbers = ", ".join(
            f"{number:.3g}"
            for number in (prior.value if isinstance(prior.value, tuple) else (prior.value,))
        )
        rows.append([f"`{name}`", numbers, plain(prior.reason)])
    return table(["name", "centre, spread (or spread)", "reason"], rows)


def _priors() -> list[str]:
    return [
        "# Priors",
        "",
        "Normal on the scale named in the reason. A single number is a population's typical "
        "spread (log-normal, with standard deviation 0.4 of the logarithm) or a plain scale. A "
        "prior that the model does not use must keep its default. A first dataset of thirty "
        "events per month or more gets `dataset_concentration`. Reports and `Fit.prior_posterior` "
        "compare prior and posterior; [the model](../model.md) has the equations.",
        "",
        *priors_table(),
    ]


def _theory() -> list[str]:
    return [
        "# The theory",
        "",
        "Thirteen statements of an essay of October 2023 on US-China relations, in words about "
        "any two states. None is assumed to be true; [testing claims](../hypotheses.md) lists the "
        "tests.",
        "",
        *table(
            ["code", "in short", "statement"],
            [[statement.code, statement.title, statement.general] for statement in THEORY],
        ),
    ]


def _skill(root: Path) -> list[str]:
    words = importlib.import_module("scripts.skill_words")
    skill = Skill.read(root / "reports" / "skill" / "skill.json")
    return [
        "# Scores of the backtest",
        "",
        "Made from `reports/skill/skill.json`; [skill](../skill.md) describes the measurement. "
        "CRPS, bias (mean forecast less what was recorded; above zero, too cooperative) and "
        "sharpness (mean width of 90% intervals) are in points of share, of forecast dates from "
        "2015 on. Differences have 90% intervals; below zero, the row's forecaster has the "
        "smaller CRPS.",
        "",
        "## Real-time",
        "",
        words.table(skill, given_n=False),
        "",
        "## Event counts known",
        "",
        words.table(skill, given_n=True),
        "",
        "## Bias",
        "",
        "By months ahead, real-time, with 90% intervals.",
        "",
        words.biases(skill),
        "",
        "## Without each dyad",
        "",
        "Differences from the ten-year base rate, real-time, by months ahead; a star marks "
        "90% intervals that exclude zero.",
        "",
        words.without(skill),
        "",
    ]


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _dyads(folder: Path) -> list[str]:
    coverage = {row["dyad"]: row for row in _read(folder / "coverage.csv")}
    lines = [
        "# Dyads and eras",
        "",
        "The embedded chronology is covered from the first day to the last; *together* marks the "
        "dyads that are fitted together by default.",
        "",
    ]
    rows = []
    for row in _read(folder / "dyads.csv"):
        covered = coverage[row["dyad"]]
        rows.append(
            [
                f"`{row['dyad']}`",
                plain(row["name"]),
                "together" if row["hierarchy"] == "yes" else "alone",
                f"{covered['start']} to {covered['last_even']}",
                plain(covered["caveat"] or covered["note"]),
            ]
        )
    lines += table(["dyad", "name", "fitted", "covered", "note"], rows)
    lines += ["## Eras", "", "An era counts from the day on which it was recognised.", ""]
    columns = ["dyad", "era", "start", "recognised_at", "name", "reference"]
    return [
        *lines,
        *table(
            columns, [[plain(row[name]) for name in columns] for row in _read(folder / "eras.csv")]
        ),
    ]


def _codebook(folder: Path) -> list[str]:
    kinds = {row["class"]: row for row in _read(folder / "scales.csv") if row["scale"] == SCALE}
    classes = {
        row["code"]: kinds.get(row[SCALE], {"name": ""})["name"]
        for row in _read(folder / "classes.csv")
    }
    lines = [
        "# Codebook",
        "",
        "The chronology and the feeds use CAMEO codes. A scale puts the codes into ordered kinds; "
        "the default scale has the kinds below. [Coding rules](coding.md) say how an event gets "
        "its code.",
        "",
        "## Kinds",
        "",
    ]
    lines += table(
        ["", "kind", "side"], [[number, row["name"], row["side"]] for number, row in kinds.items()]
    )
    lines += [
        "## Words for codes",
        "",
        "Words that stand for one code in added events and questions.",
        "",
    ]
    lines += table(
        ["word", "code"], [[row["kind"], f"`{row['code']}`"] for row in _read(folder / "kinds.csv")]
    )
    lines += ["## Codes", "", "A two-sided event has two rows and counts once.", ""]
    rows = [
        [
            f"`{row['code']}`",
            plain(row["name"]),
            row["goldstein"],
            QUADS.get(row["quad"], row["quad"]),
            classes[row["code"]],
            "" if row["joint"] == "no" else row["joint"],
        ]
        for row in _read(folder / "cameo.csv")
    ]
    return [
        *lines,
        *table(["code", "name", "Goldstein score", "quad class", "kind", "two-sided"], rows),
    ]
