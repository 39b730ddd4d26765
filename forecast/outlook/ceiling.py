"""Published weights of the ceiling, from `ceiling.csv`.

For two dyads they state the evidence for priors with ever less headroom.
"""

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from forecast.base.wording import signed
from forecast.data.events.dyads import dyad_labels
from forecast.outlook.summary import sentence

TABLE = Path(__file__).with_name("ceiling.csv")
"""Written by scripts/ceiling_worth.py."""


@dataclass(frozen=True)
class Worth:
    """Evidence for a ceiling of a prior headroom, and its effect on a forecast.

    The forecast is of one dyad fitted alone.
    """

    dyad: str  # Code
    prior_median: float | None  # Of the headroom, log-odds; None without a ceiling
    evidence: float  # Log marginal likelihood less that without a ceiling
    error: float  # Its Monte Carlo standard error
    headroom: float | None  # Posterior median of the current era's headroom, log-odds
    higher: (
        float  # The model's chance that the share of the next 12 months is at least 5 points higher
    )
    lower: float  # The same of lower
    converged: bool  # The fit passed the convergence checks


@cache
def read_worth() -> tuple[Worth, ...]:
    """Return the rows of the table, the model without a ceiling first for each dyad."""
    return tuple(_row(row) for row in csv.DictReader(TABLE.read_text("utf-8").splitlines()))


def _row(row: dict[str, str]) -> Worth:
    def number(name: str) -> float | None:
        return float(row[name]) if row[name] else None

    return Worth(
        dyad=row["dyad"],
        prior_median=number("prior_median"),
        evidence=float(row["evidence"]),
        error=float(row["error"]),
        headroom=number("headroom"),
        higher=float(row["higher"]),
        lower=float(row["lower"]),
        converged=row["converged"] == "yes",
    )


@cache
def worth_sentence(dyad: str | None = None) -> str:
    """Describe what the ceiling is worth, and what it does to forecasts by assumption.

    For a dyad of the table only with its own numbers; for another dyad without the names of those
    of the table.
    """
    rows = {
        code: [row for row in read_worth() if row.dyad == code]
        for code in dict.fromkeys(row.dyad for row in read_worth())
    }
    names = {code: dyad_labels().get(code, code) for code in rows}
    if dyad in rows:
        rows = {dyad: rows[dyad]}
    elif dyad is not None:
        names = dict(zip(rows, ("one dyad", "another"), strict=True))
    by_label = {names[code]: worths for code, worths in rows.items()}
    evidence = {
        name: [signed(row.evidence, 1) for row in worths[1:]] for name, worths in by_label.items()
    }
    every = [row for worths in rows.values() for row in worths if row.prior_median is not None]
    medians = dict.fromkeys(f"{row.prior_median:.2g}" for row in every)
    needed = any(row.evidence > 2 * row.error for row in every)
    return sentence("ceiling_worth", by_label, evidence, list(medians), needed)
