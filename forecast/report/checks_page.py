"""Page of posterior predictive checks, with its JSON and its figure."""

from pathlib import Path
from typing import Any

import pandas as pd

from forecast.base.arguments import checked
from forecast.base.wording import interval, number
from forecast.data.panel.notes import notes_of_panel
from forecast.model import Fit
from forecast.plots import plot_ppc
from forecast.plots.scores import FARTHEST
from forecast.report.folder import CHECKS
from forecast.report.illustration import plotted
from forecast.report.publishing import Files, Page, publish
from forecast.report.rendering import callable_by_name, worded
from forecast.report.table import Table
from forecast.study.checks.check import KINDS, MISS_LIMIT, Checks

MISSES_SHOWN = 12
"""Misses that are not folded."""


def checks_page(fit: "Fit", checks: Checks) -> Page:
    """Combine text, tables and figures."""
    gate, height = fit.gate, 0.62 * checks.table.dropna(subset="z")["check"].nunique() + 0.6
    facts = {
        "kinds": list(checks.summary.iterrows()),
        "limit": f"{MISS_LIMIT:g}",
        "farthest": f"{FARTHEST:g}",
    }
    draw = plotted(lambda on: plot_ppc(checks, ax=on), heights=(height, height))
    figures = {"distances": worded("figures.j2", "distances", draw, facts)}
    content = {
        "helpers": callable_by_name(by_kind, numbers_table, summary),
        "fit": fit,
        "checks": checks,
        "shown": MISSES_SHOWN,
        "limit": f"{MISS_LIMIT:g}",
    }
    files: Files = {"checks.json": checks_json(fit, checks), "checks.csv": checks.table}
    return Page(
        "checks.html.j2",
        content,
        figures,
        gate.passed,
        gate.reasons,
        files,
        notes_of_panel(fit.panel),
    )


def checks_json(fit: "Fit", checks: Checks) -> dict[str, Any]:
    """Return the checks as plain values: `finding`, `converged`, `summary` and all `checks`."""
    rows = checks.table.astype(object).where(checks.table.notna(), None).to_dict("records")
    return {
        "schema": 1,
        "finding": checks.finding,
        "converged": fit.gate.passed,
        "dyads": fit.dyads,
        "records": checks.records,
        **notes_of_panel(fit.panel).facts,
        "summary": checks.summary.reset_index().to_dict("records"),
        "checks": rows,
    }


def by_kind(checks: Checks) -> dict[str, Table]:
    """Arrange all numbers by kind of check."""
    return {
        words: numbers_table(checks.table[checks.table["check"] == kind])
        for kind, words in KINDS.items()
    }


def summary(checks: Checks) -> Table:
    """Arrange how many numbers lie far out, by kind of check."""
    return Table.of(
        ("check", "numbers", f"beyond {MISS_LIMIT:g}", "to be expected"),
        [
            (str(words), f"{row.numbers:.0f}", f"{row.misses:.0f}", number(float(row.expected), 1))
            for words, row in checks.summary.iterrows()
        ],
    )


def numbers_table(rows: pd.DataFrame) -> Table:
    """Arrange numbers of the record, and what the fit makes of them."""
    return Table.of(
        ("what", "dyad, era", "observed", "simulated", "distance"),
        [
            (
                row["what"],
                row["dyad"]
                if not row["era"]
                else f"{row['dyad']}, {row['era'].rpartition(':')[2]}",
                number(row["observed"], 1),
                interval(row["mean"], row["low"], row["high"], 1),
                number(row["z"], 1),
            )
            for row in rows.to_dict("records")
        ],
        (0, 1),
    )


@checked
def write_checks(fit: "Fit", checks: "Checks", out: str | Path) -> Path:
    """Write the checks of a fit: page, ``checks.json`` and a table of all numbers."""
    return publish(out, CHECKS, lambda: checks_page(fit, checks))
