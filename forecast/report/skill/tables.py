"""Tables of a backtest: scores of its forecasters, and differences between them."""

from collections.abc import Iterator, Sequence
from typing import Any

from forecast.base.wording import DASH, capital, count, interval, number, percent
from forecast.outlook.benchmarks import REFERENCE
from forecast.report.skill.comparison import DIGITS, Compared, difference_cell, versus
from forecast.report.skill.order import months, others, scored_dyads
from forecast.report.skill.sentences import number_better
from forecast.report.table import Table
from forecast.report.words import label
from forecast.study.evaluation.skill import (
    DERIVED,
    NO_CHANGE,
    POOL_WITHOUT_MODEL,
    Row,
    Skill,
    forecaster_name,
)

OVERVIEW_ROWS = (
    "",
    "Windows",
    "CRPS",
    "Absolute error",
    "of no change",
    "Bias",
    "Sharpness",
    "Against the ten-year base rate",
    "Relative skill",
    "Against the pool's benchmarks",
    "Against the best benchmark",
    "Best benchmark",
    "Benchmarks better",
)


def overview(skill: Skill, period: str, code: str, *, given_n: bool = False) -> Table:
    """Return the scores of a forecaster, and how it compares with the others.

    There is a column a horizon.
    """
    where: dict[str, Any] = {"period": period, "given_n": given_n, "model": code}
    columns = [
        [
            horizon_words,
            *_score_cells(skill, row, horizon, where),
            *_comparison_cells(skill, horizon, where),
        ]
        for horizon, horizon_words in months(skill).items()
        if (row := skill.row(horizon, **where))
    ]
    heads, *rows = zip(OVERVIEW_ROWS, *columns, strict=True)
    return Table.of(heads, rows if columns else [])


def _score_cells(skill: Skill, row: Row, horizon: int, where: dict[str, Any]) -> list[str]:
    """Format the scores of a forecaster, and the absolute error of no change."""
    no_change = skill.row(horizon, **{**where, "model": NO_CHANGE})
    return [
        f"{row['n']:,}",
        number(row["crps"], DIGITS),
        number(row.get("mae"), 1),
        # the CRPS of a point forecast is its absolute error
        number(None if no_change is None else no_change["crps"], 1),
        number(row["bias"], 1),
        number(row["sharpness"], 0),
    ]


def _comparison_cells(skill: Skill, horizon: int, where: dict[str, Any]) -> list[str]:
    """Format the comparisons of a forecaster with base rate, pool and best benchmark."""

    def against(code: str | None) -> str:
        return difference_cell(versus(skill, code, horizon, **where))

    best = skill.best_benchmark(horizon, given_n=where["given_n"])
    base_rate = skill.against(REFERENCE, horizon, **where)
    return [
        against(REFERENCE),
        DASH if base_rate is None else percent(base_rate["relative"]),
        against(POOL_WITHOUT_MODEL),
        against(best),
        DASH if best is None else forecaster_name(best),
        number_better(_versus_benchmarks(skill, horizon, where)),
    ]


def _versus_benchmarks(skill: Skill, horizon: int, where: dict[str, Any]) -> Iterator[Compared]:
    """Compare a forecaster with every benchmark that is no mixture of others."""
    for code, is_benchmark in skill.models.items():
        if is_benchmark and code not in DERIVED:
            compared = versus(skill, code, horizon, **where)
            if compared is not None:
                yield compared


def others_table(
    skill: Skill,
    codes: Sequence[str],
    period: str,
    *,
    given_n: bool = False,
    model: str | None = None,
) -> Table:
    """Return the differences from other forecasters, a column a horizon.

    They stand under the number of the subject's windows.
    """
    where: dict[str, Any] = {"period": period, "given_n": given_n, "model": model}
    scored = {horizon: skill.row(horizon, **where) for horizon in months(skill)}
    rows = [["Windows", *(f"{row['n']:,}" if row else DASH for row in scored.values())]]
    for code in codes:
        cells = [
            _difference(versus(skill, code, horizon, **where), row)
            for horizon, row in scored.items()
        ]
        rows.append([capital(forecaster_name(code)), *cells])
    return Table.of(["", *months(skill).values()], rows if codes else [])


def dyad_table(skill: Skill, horizon: int, period: str) -> Table:
    """Return by dyad the subject's score and its differences from every other forecaster."""
    codes = others(skill)
    rows = []
    for dyad in ["all", *scored_dyads(skill)]:
        row = skill.row(horizon, dyad=dyad, period=period)
        if row is None:
            continue
        name = "All dyads" if dyad == "all" else label(dyad)
        cells = [
            _difference(versus(skill, code, horizon, dyad=dyad, period=period), row)
            for code in codes
        ]
        rows.append([name, f"{row['n']:,}", number(row["crps"], DIGITS), *cells])
    names = [capital(forecaster_name(code)) for code in codes]
    return Table.of(["Dyad", "Windows", "CRPS", *names], rows)


def _difference(compared: Compared | None, row: Row | None) -> str:
    """Format a comparison, with the number of windows if both predicted fewer than the subject."""
    cell = difference_cell(compared)
    if compared is None or row is None or compared.n >= row["n"]:
        return cell
    return f"{cell} (n {compared.n:,})"


def without_table(skill: Skill, code: str) -> Table:
    """Return the differences of a forecaster with each dyad left out.

    There is a column for each horizon and other.
    """
    by_column: dict[tuple[str, int], dict[str, Row]] = {}
    for row in skill.without:
        if row["model"] == code:
            by_dyad = by_column.setdefault((row["against"], row["horizon"]), {})
            by_dyad[row["without"]] = row
    heads = [
        f"{capital(forecaster_name(other))}, {count(horizon, 'month')}"
        for other, horizon in by_column
    ]
    rows = []
    for dyad in skill.choices["dyads"]:
        differences = [by_dyad[dyad] for by_dyad in by_column.values() if dyad in by_dyad]
        if differences:
            cells = [
                interval(row["difference"], row["low"], row["high"], DIGITS) for row in differences
            ]
            rows.append([f"Without {label(dyad)}", *cells])
    return Table.of(["", *heads], rows)


def all_numbers(skill: Skill, period: str) -> list[tuple[str, Table]]:
    """Return the tables of a period that are not in sight, with their titles."""
    benchmarks, tables = others(skill), []
    for given_n, counts in ((False, "real-time"), (True, "event counts known")):
        in_sight = period == skill.period and not given_n
        for code in () if in_sight else dict.fromkeys((skill.subject, skill.model)):
            short = overview(skill, period, code, given_n=given_n)
            tables.append((f"In short, {forecaster_name(code)}, {counts}", short))
        differences = others_table(skill, benchmarks, period, given_n=given_n)
        tables.append((f"Against every benchmark, {counts}", differences))
    return tables


def forecasters(skill: Skill) -> list[tuple[str, str]]:
    """Return the forecasters with what they are."""
    return [(capital(forecaster_name(row["model"])), row["words"]) for row in skill.account]


def account_table(skill: Skill) -> Table:
    """Return how many windows each forecaster was asked for and could not be scored on."""
    return Table.of(
        ["", "Forecast dates", "Void windows", "Windows not over"],
        [
            [
                capital(forecaster_name(row["model"])),
                f"{row['origins']:,}",
                f"{row['void']:,}",
                f"{row['unfinished']:,}",
            ]
            for row in skill.account
        ],
    )


def fits_table(skill: Skill) -> Table:
    """Return how often each form of the model was fitted, and how often it had not converged."""
    return Table.of(
        ["", "Fits", "not converged"],
        [
            [
                capital(forecaster_name(row["model"])),
                f"{row['fits']:,}",
                f"{row['not_converged']:,}",
            ]
            for row in skill.account
            if "fits" in row
        ],
    )
