"""The tables of a backtest's page: who is how far ahead of whom, with intervals and n."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from forecast.evaluation.benchmarks import REFERENCE
from forecast.evaluation.skill import CHOSEN_ON, Row, Skill
from forecast.outlook.query import main_horizon
from forecast.report import skill_words as say
from forecast.report.skill_words import Compared
from forecast.report.tests_page import label
from forecast.wording import DASH, capital, count, join, number, percent

type Grid = dict[str, Any]
"""A table as the templates take it: `columns` (name, whether it holds numbers) and `rows` of texts."""


def versus(skill: Skill, code: str | None, horizon: int, **where: Any) -> Compared | None:
    """Return how the subject compares with another forecaster; None if there is nothing to compare."""
    found = skill.against(code, horizon, **where) if code else None
    return None if found is None else say.compared(found)


def pair(skill: Skill, code: str, horizon: int, dyad: str = "all") -> tuple[Compared | None, Compared | None]:
    """Return how the subject compares on the origins that the page is about, and on those choices were made on."""
    earlier = None if skill.period == CHOSEN_ON else versus(skill, code, horizon, dyad=dyad, period=CHOSEN_ON)
    return versus(skill, code, horizon, dyad=dyad, period=skill.period), earlier


def other_forms(skill: Skill) -> list[str]:
    """Return the other forms of the model, the best first."""
    forecasters = [one["model"] for one in skill.account]
    own = [code for code in forecasters if not skill.models.get(code, True) and code != skill.subject]
    return sorted(own, key=_lead(skill))


def others(skill: Skill) -> list[str]:
    """Return everybody but the forms of the model, the best first."""
    own = {skill.subject, *other_forms(skill)}
    return sorted((code for code in skill.models if code not in own), key=_lead(skill))


def _lead(skill: Skill) -> Callable[[str], float]:
    """Return the order of how far the subject is ahead, on the origins that the page is about."""
    main = main_horizon(skill.choices["horizons"])

    def order(code: str) -> float:
        found = skill.against(code, main, period=skill.period)
        return -found["difference"] if found else float("inf")

    return order


def scored_dyads(skill: Skill) -> list[str]:
    """Return the dyads that have scores."""
    there = {row["dyad"] for row in skill.rows}
    return [dyad for dyad in skill.choices["dyads"] if dyad in there]


def overview(skill: Skill, period: str, *, given_n: bool = False) -> Grid:
    """Return by horizon the scores of the subject, and how it compares with the base rate and the best benchmark."""
    rows = []
    for horizon in skill.choices["horizons"]:
        where: dict[str, Any] = {"period": period, "given_n": given_n}
        if row := skill.row(horizon, **where):
            best = skill.best_benchmark(horizon, given_n=given_n)
            against = [say.cell(versus(skill, code, horizon, **where)) for code in (REFERENCE, best)]
            named, ahead = say.name(best) if best else DASH, say.ahead_words(_benchmarks(skill, horizon, **where))
            rows.append([count(horizon, "month"), *_n_and_crps(row), *against, named, ahead])
    names = (
        "Horizon", "Windows", "CRPS", "Against the ten-year base rate", "Against the best benchmark", "Best benchmark",
        "Benchmarks ahead",
    )  # fmt: skip
    return grid(names, rows)


def _benchmarks(skill: Skill, horizon: int, **where: Any) -> list[Compared]:
    """Return how the subject compares with each benchmark."""
    codes = (code for code, benchmark in skill.models.items() if benchmark)
    return [one for code in codes if (one := versus(skill, code, horizon, **where))]


def others_table(skill: Skill, codes: Sequence[str], period: str, *, given_n: bool = False) -> Grid:
    """Return the differences from other forecasters, a column a horizon, under the number of the subject's windows."""
    horizons = skill.choices["horizons"]
    where: dict[str, Any] = {"period": period, "given_n": given_n}
    scored = {horizon: skill.row(horizon, **where) for horizon in horizons}
    rows = [["Windows", *(f"{row['n']:,}" if row else DASH for row in scored.values())]]
    for code in codes:
        cells = [_cell(versus(skill, code, horizon, **where), row) for horizon, row in scored.items()]
        rows.append([capital(say.name(code)), *cells])
    return grid(["", *(count(horizon, "month") for horizon in horizons)], rows if codes else [])


def dyad_table(skill: Skill, horizon: int, period: str) -> Grid:
    """Return by dyad the subject's score and its differences from every other forecaster."""
    codes = others(skill)
    rows = []
    for dyad in ["all", *scored_dyads(skill)]:
        if row := skill.row(horizon, dyad=dyad, period=period):
            cells = [_cell(versus(skill, code, horizon, dyad=dyad, period=period), row) for code in codes]
            rows.append(["All dyads" if dyad == "all" else label(dyad), *_n_and_crps(row), *cells])
    return grid(["Dyad", "Windows", "CRPS", *(capital(say.name(code)) for code in codes)], rows)


def coverage_table(skill: Skill, period: str) -> Grid:
    """Return how often intervals held what was recorded, by horizon, of the subject and of the base rate."""
    rows = []
    for horizon in skill.choices["horizons"]:
        for code in dict.fromkeys((skill.subject, REFERENCE)):
            if row := skill.row(horizon, model=code, period=period):
                shares = (percent(row[f"coverage_{mass}"]) for mass in (50, 80, 90))
                rows.append([f"{count(horizon, 'month')}, {say.name(code)}", f"{row['n']:,}", *shares])
    return grid(["", "Windows", "50 % intervals", "80 % intervals", "90 % intervals"], rows)


def brier_table(skill: Skill, period: str) -> Grid:
    """Return the Brier scores with their parts of the subject, the base rate and the best benchmark."""
    rows = []
    for horizon in skill.choices["horizons"]:
        models = filter(None, dict.fromkeys((skill.subject, REFERENCE, skill.best_benchmark(horizon))))
        scored = {code: row for code in models if (row := skill.row(horizon, model=code, period=period))}
        for event in ("up", "down"):
            rows += [
                [f"{count(horizon, 'month')}, {event}, {say.name(code)}", *_brier_cells(row, event)]
                for code, row in scored.items()
                if row["n_moves"]
            ]
    names = ["", "Windows", "Brier", "Reliability", "Resolution", "Uncertainty", "Within bins", "Discrimination"]
    return grid(names, rows)


def account_table(skill: Skill) -> Grid:
    """Return how many windows each forecaster was asked for and could not be scored on."""
    rows = [
        [capital(say.name(one["model"])), *(f"{one[name]:,}" for name in ("origins", "void", "unfinished"))]
        for one in skill.account
    ]
    return grid(["", "Origins", "Void windows", "Windows not over"], rows)


def earned_table(skill: Skill) -> Grid:
    """Return the weights that all windows earn each forecaster in a mixture, per cent, by horizon."""
    horizons = [str(horizon) for horizon in skill.choices["horizons"]]
    rows = [
        [capital(say.name(one["model"])), *(percent(one["earned"].get(horizon, 0.0)) for horizon in horizons)]
        for one in skill.account
        if one.get("earned")
    ]
    return grid(["", *(count(int(horizon), "month") for horizon in horizons)], rows)


def fits_table(skill: Skill) -> Grid:
    """Return how often each form of the model was fitted, for what reason, and how often it had not converged."""
    rows = []
    for one in skill.account:
        if "fitted" in one:
            numbers = (one["fits"], sum(one["fitted"].values()), one["not_converged"])
            reasons = join(f"{reason} ({many:,})" for reason, many in one["fitted"].items())
            rows.append([capital(say.name(one["model"])), *(f"{number:,}" for number in numbers), reasons or DASH])
    found = grid(["", "Fits", "of them sampled", "not converged"], rows)
    return {**found, "columns": [*found["columns"], ("Why they were sampled and not updated", False)]}


def grid(names: Sequence[str], rows: Iterable[Sequence[str]]) -> Grid:
    """Return a table whose first column holds names, and the others numbers."""
    return {"columns": [(name, place > 0) for place, name in enumerate(names)], "rows": [list(row) for row in rows]}


def _n_and_crps(row: Row) -> list[str]:
    return [f"{row['n']:,}", number(row["crps"], say.DIGITS)]


def _cell(one: Compared | None, row: Row | None) -> str:
    """Format a comparison, with how many windows both predicted if those are fewer than the subject's."""
    fewer = one is not None and row is not None and one.n < row["n"]
    return say.cell(one) + (f" (n {one.n:,})" if fewer and one else "")


def _brier_cells(row: Row, event: str) -> list[str]:
    parts = row[f"{event}_parts"]
    names = ("reliability", "resolution", "uncertainty", "within_bins", "discrimination")
    return [f"{row['n_moves']:,}", number(row[f"brier_{event}"], 3), *(number(parts[name], 3) for name in names)]
