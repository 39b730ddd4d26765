"""Box of a report on how good such forecasts have been: its line, its note and its table."""

from forecast.base.wording import DASH, count, join, number, percent
from forecast.outlook import NotDefined
from forecast.report.skill.comparison import DIGITS, Compared, difference_cell
from forecast.report.skill.dyad import DyadSkill
from forecast.report.table import Cell, Table

EVEN_ODDS_BRIER = 0.25  # Brier score of always saying 50%


def skill_sentence(skill: DyadSkill | NotDefined) -> str:
    """Describe in a line how good such forecasts have been, or why that is not known."""
    if isinstance(skill, NotDefined):
        return f"How good such forecasts have been is not known: {skill.reason}."
    return " ".join(filter(None, (skill.sentence, skill.model_worth, *skill.caveats)))


def brier_note(skill: DyadSkill) -> str:
    """State what a Brier score is compared with, and which are worse than that."""
    worse = [
        f"“{word}” at {count(horizon.months, 'month')}"
        for horizon in skill.horizons
        for word, score in (("higher", horizon.brier_up), ("lower", horizon.brier_down))
        if score is not None and score > EVEN_ODDS_BRIER
    ]
    exceptions = f"; {join(worse)} did worse" if worse else ""
    return f"Always saying 50% has a Brier score of {EVEN_ODDS_BRIER:g}{exceptions}."


def skill_table(skill: DyadSkill) -> Table:
    """Arrange the scores by horizon."""
    horizons = skill.horizons
    rows: dict[str, list[Cell]] = {
        "CRPS, points": [
            (number(horizon.crps, DIGITS), count(horizon.n, "window")) for horizon in horizons
        ],
        "against the base rate": [_difference(horizon.reference) for horizon in horizons],
        "Absolute error, points": [number(horizon.mae, 1) for horizon in horizons],
        "of no change": [number(horizon.no_change_mae, 1) for horizon in horizons],
        "against the pool's benchmarks": [
            _difference(horizon.own_benchmarks) for horizon in horizons
        ],
        "against the best benchmark": [_difference(horizon.best_benchmark) for horizon in horizons],
        "the best benchmark": [
            ("", horizon.best_benchmark.name if horizon.best_benchmark else DASH)
            for horizon in horizons
        ],
        "Higher: forecast, happened": [
            _frequency(horizon.higher_said, horizon.higher_happened, horizon.n_moves)
            for horizon in horizons
        ],
        "Lower: forecast, happened": [
            _frequency(horizon.lower_said, horizon.lower_happened, horizon.n_moves)
            for horizon in horizons
        ],
        "Brier, higher": [number(horizon.brier_up, 3) for horizon in horizons],
        "Brier, lower": [number(horizon.brier_down, 3) for horizon in horizons],
        "80% interval contains": [percent(horizon.coverage_80) for horizon in horizons],
    }
    heads = [count(horizon.months, "month") for horizon in horizons]
    return Table.of(["", *heads], [(name, *row) for name, row in rows.items()])


def _difference(compared: Compared | None) -> Cell:
    """Return a difference, with its interval on a line of its own."""
    return tuple(difference_cell(compared).split(" ", 1))


def _frequency(mean_probability: float | None, happened: int | None, n: int) -> Cell:
    """Return a mean probability, with how often it happened on a line of its own."""
    if mean_probability is None or happened is None:
        return DASH
    return percent(mean_probability), f"{happened} of {n}"
