"""Pages of tables that the code has: priors with their reasons, statements of the theory, scores of the backtest."""

import importlib
from pathlib import Path

from forecast.evaluation.skill import Skill
from forecast.model.priors import known_priors, reasons
from forecast.theory import THEORY

from .text import plain, table


def reference_pages(root: Path) -> dict[str, str]:
    """Return the pages."""
    shown = {"priors.md": _priors(), "theory.md": _theory(), "skill-tables.md": _skill(root)}
    return {name: "\n".join(lines) for name, lines in shown.items()}


def _priors() -> list[str]:
    rows = []
    for name, value in known_priors().items():
        numbers = ", ".join(f"{one:.3g}" for one in (value if isinstance(value, tuple) else (value,)))
        rows.append([f"`{name}`", numbers, plain(reasons()[name])])
    return [
        "# Priors", "",
        "Normal on the scale named in the reason. A single number is a population's typical spread (log-normal, with "
        "standard deviation 0.4 of the logarithm) or a plain scale. A prior that the model does not use must keep its "
        "default. A first dataset of thirty events per month or more gets `dataset_concentration`. Reports and "
        "`Fit.prior_posterior` compare prior and posterior; [the model](../model.md) has the equations.", "",
        *table(["name", "centre, spread (or spread)", "reason"], rows),
    ]  # fmt: skip


def _theory() -> list[str]:
    return [
        "# The theory", "",
        "Thirteen statements of an essay of October 2023 on US-China relations, in words about any two states. None is "
        "assumed to be true; [testing claims](../hypotheses.md) lists the tests.", "",
        *table(["code", "in short", "statement"], [[one.code, one.title, one.general] for one in THEORY]),
    ]  # fmt: skip


def _skill(root: Path) -> list[str]:
    words = importlib.import_module("scripts.skill_words")
    skill = Skill.read(root / "reports" / "skill" / "skill.json")
    return [
        "# Scores of the backtest", "",
        "Made from `reports/skill/skill.json`; [skill](../skill.md) describes the measurement. CRPS, bias (mean "
        "forecast less what was recorded; above zero, too cooperative) and sharpness (mean width of 90% intervals) are "
        "in points of share, of forecast dates from 2015 on. Differences have 90% intervals; below zero, the row's "
        "forecaster has the smaller CRPS.", "",
        "## Real-time", "", words.table(skill, given_n=False), "",
        "## Event counts known", "", words.table(skill, given_n=True), "",
        "## Bias", "", "By months ahead, real-time, with 90% intervals.", "", words.biases(skill), "",
        "## Without each dyad", "", "Differences from the ten-year base rate, real-time, by months ahead; a star marks "
        "90% intervals that exclude zero.", "", words.without(skill), "",
    ]  # fmt: skip
