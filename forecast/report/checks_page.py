"""The page of posterior predictive checks."""

from typing import TYPE_CHECKING, Any

import pandas as pd

from forecast.checks.check import KINDS, LIMIT, NOT_CHECKED, Checks
from forecast.report import checks_figure
from forecast.report.account import settings
from forecast.wording import DASH, interval, number

if TYPE_CHECKING:
    from forecast.model import Fit

SHOWN = 12
"""Misses that are not folded."""


def render_checks(fit: "Fit", checks: Checks) -> str:
    """Render the page of the checks of a fit.

    Parameters
    ----------
    fit : Fit
    checks : Checks
        Of `forecast.checks.check_fit`.

    Returns
    -------
    str
        HTML that loads nothing.

    Examples
    --------
    >>> from forecast.report import render_checks
    >>> render_checks(fit, check_fit(fit)).startswith("<!DOCTYPE html>")  # doctest: +SKIP
    True
    """
    return checks_page(fit, checks)


def checks_page(fit: "Fit", checks: Checks, files: tuple[str, ...] = ()) -> str:
    """Combine text, tables and figure; `files` are the names of the other files of the folder."""
    from forecast.report.rendering import render

    gate, misses = fit.gate, checks.misses
    content = {
        "stamp": "" if gate.passed else "NOT CONVERGED",
        "reasons": tuple(gate.reasons),
        "dyads": ", ".join(fit.dyads),
        "finding": checks.finding,
        "figures": {"distances": checks_figure.illustrate(checks)},
        "numbers": {"distances": 1},
        "limit": f"{LIMIT:g}",
        "records": f"{checks.records:,}",
        "summary": _summary(checks),
        "misses": _table(misses.head(SHOWN)),
        "more": _table(misses.iloc[SHOWN:]),
        "all": {words: _table(checks.table[checks.table["check"] == kind]) for kind, words in KINDS.items()},
        "not_checked": NOT_CHECKED,
        "settings": settings(fit.spec, fit.dyads),
        "files": list(files),
    }
    return render("checks.html.j2", content)


def checks_json(fit: "Fit", checks: Checks) -> dict[str, Any]:
    """Return the checks as plain values: `finding`, `converged`, `summary` and all `checks`."""
    rows = checks.table.astype(object).where(checks.table.notna(), None).to_dict("records")
    return {
        "schema": 1, "finding": checks.finding, "converged": fit.gate.passed, "dyads": fit.dyads,
        "records": checks.records,
        "summary": checks.summary.reset_index().to_dict("records"), "checks": rows,
    }  # fmt: skip


def _summary(checks: Checks) -> dict[str, Any]:
    columns = [("check", False), ("numbers", True), (f"beyond {LIMIT:g}", True), ("to be expected", True)]
    rows = [
        [str(words), f"{row.numbers:.0f}", f"{row.misses:.0f}", number(float(row.expected), 1)]
        for words, row in checks.summary.iterrows()
    ]
    return {"columns": columns, "rows": rows}


def _table(rows: pd.DataFrame) -> dict[str, Any]:
    columns = [("what", False), ("dyad, era", False), ("observed", True), ("simulated", True), ("distance", True)]
    shown = []
    for row in rows.to_dict("records"):
        where = row["dyad"] if not row["era"] else f"{row['dyad']}, {row['era'].rpartition(':')[2]}"
        simulated = interval(row["mean"], row["low"], row["high"], 1)
        distance = DASH if pd.isna(row["z"]) else number(row["z"], 1)
        shown.append([row["what"], where, number(row["observed"], 1), simulated, distance])
    return {"columns": columns, "rows": shown}
