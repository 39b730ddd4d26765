"""Tables of a backtest on calibration: bias, coverage, Brier scores and reliability."""

from collections.abc import Iterator, Mapping
from typing import Any

from forecast.base.wording import DASH, capital, interval, number, percent
from forecast.outlook.benchmarks import REFERENCE
from forecast.report.skill.order import months, scored_periods
from forecast.report.skill.sentences import bias_cell
from forecast.report.table import Table
from forecast.study.evaluation.skill import Row, Skill, forecaster_name

INTERVALS = (50, 80, 90)  # Percent: the central intervals whose coverage is shown
BRIER_PARTS = ("reliability", "resolution", "uncertainty", "within_bins", "discrimination")


def bias_table(skill: Skill) -> Table:
    """Return the mean real-time error of subject, model and base rate by horizon and period."""
    rows = []
    for period, period_words in scored_periods(skill).items():
        for code in dict.fromkeys((skill.subject, skill.model, REFERENCE)):
            errors = [
                bias_cell(skill.row(horizon, model=code, period=period))
                for horizon in months(skill)
            ]
            rows.append([f"{capital(forecaster_name(code))}, {period_words}", *errors])
    return Table.of(["", *months(skill).values()], rows)


def coverage_table(skill: Skill, period: str) -> Table:
    """Return the interval coverage by horizon, of the subject and of the base rate."""
    rows = []
    for horizon, horizon_words in months(skill).items():
        codes = (skill.subject, skill.model, REFERENCE)
        for name, row in _scored(skill, horizon, period, *codes):
            coverage = [percent(row[f"coverage_{mass}"]) for mass in INTERVALS]
            rows.append([f"{horizon_words}, {name}", f"{row['n']:,}", *coverage])
    return Table.of(["", "Windows", *(f"{mass}% intervals" for mass in INTERVALS)], rows)


def brier_table(skill: Skill, period: str) -> Table:
    """Return Brier scores with their parts: of subject, base rate and best benchmark."""
    rows = []
    for horizon, horizon_words in months(skill).items():
        codes = (skill.subject, REFERENCE, skill.best_benchmark(horizon))
        for outcome in ("up", "down"):
            for name, row in _scored(skill, horizon, period, *codes):
                if row["n_moves"]:
                    rows.append([f"{horizon_words}, {outcome}, {name}", *_brier(row, outcome)])
    parts = [capital(part.replace("_", " ")) for part in BRIER_PARTS]
    return Table.of(["", "Windows", "Brier", *parts], rows)


def _brier(row: Row, outcome: str) -> list[str]:
    """Format the Brier score of an outcome, up or down, with its windows and parts."""
    parts = [number(row[f"{outcome}_parts"][part], 3) for part in BRIER_PARTS]
    return [f"{row['n_moves']:,}", number(row[f"brier_{outcome}"], 3), *parts]


def _scored(
    skill: Skill, horizon: int, period: str, *codes: str | None
) -> Iterator[tuple[str, Row]]:
    """Yield the names and scores of some forecasters, each once."""
    for code in dict.fromkeys(codes):
        row = skill.row(horizon, model=code, period=period) if code else None
        if code and row:
            yield forecaster_name(code), row


def reliability_table(skill: Skill, period: str, horizon: int | None = None) -> Table:
    """Return how often a higher and a lower share happened, by the probability stated."""
    return Table.of(
        ["", "Windows", "Stated", "Happened", "Gap, points"],
        [
            [
                f"{capital(row['outcome'])}, {bin_words(row)}",
                f"{row['n']:,}",
                percent(row["said"]),
                (percent(row["frequency"]), f"{row['happened']:,}"),
                gap(row),
            ]
            for row in skill.reliability
            if (row["period"], row["horizon"]) == (period, horizon)
        ],
    )


def gap(reliability: Mapping[str, Any]) -> str:
    """Format the mean probability of a bin less the frequency, points, with its interval."""
    middle, low, high = (
        None if reliability[name] is None else 100 * reliability[name]
        for name in ("gap", "gap_low", "gap_high")
    )
    return DASH if middle is None else interval(middle, low, high)


def bin_words(reliability: Mapping[str, Any]) -> str:
    """Name a bin of probabilities."""
    low, high = reliability["low"], reliability["high"]
    if (low, high) == (0.0, 1.0):
        return "all"
    if low == 0.0:
        return f"below {percent(high)}"
    if high == 1.0:
        return f"{percent(low)} or more"
    return f"{100 * low:.0f} to {percent(high)}"
