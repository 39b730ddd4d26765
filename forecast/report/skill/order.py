"""Order of the page of a backtest: its horizons, periods, dyads and forecasters."""

from collections.abc import Callable

from forecast.base.wording import count
from forecast.outlook.query import main_horizon
from forecast.report.skill.sentences import PERIOD_WORDS
from forecast.study.evaluation.skill import CHOSEN_ON, REPORTED_ON, Skill


def months(skill: Skill) -> dict[int, str]:
    """Return the horizons, each in words."""
    return {horizon: count(horizon, "month") for horizon in skill.choices["horizons"]}


def headline_horizon(skill: Skill) -> int:
    """Return the horizon, in months, of headline and figures."""
    return main_horizon(skill.choices["horizons"])


def scored_periods(skill: Skill) -> dict[str, str]:
    """Return the periods that have scores, each in words, the page's own first."""
    scored = {row["period"] for row in skill.rows}
    return {period: PERIOD_WORDS[period] for period in (REPORTED_ON, CHOSEN_ON) if period in scored}


def scored_dyads(skill: Skill) -> list[str]:
    """Return the dyads that have scores."""
    scored = {row["dyad"] for row in skill.rows}
    return [dyad for dyad in skill.choices["dyads"] if dyad in scored]


def other_forms(skill: Skill) -> list[str]:
    """Return the other forms of the model, the best first."""
    forecasters = [row["model"] for row in skill.account]
    codes = [
        code for code in forecasters if not skill.models.get(code, True) and code != skill.model
    ]
    return sorted(codes, key=_difference_from(skill, skill.model))


def others(skill: Skill) -> list[str]:
    """Return all forecasters except the other forms of the model, the best first."""
    left_out = {skill.subject, *other_forms(skill)}
    codes = [code for code in skill.models if code not in left_out]
    return sorted(codes, key=_difference_from(skill, skill.subject))


def _difference_from(skill: Skill, model: str) -> Callable[[str], float]:
    """Return the order by mean CRPS less that of a model, on the page's forecast dates.

    Forecasters without a comparison are last.
    """

    def order(code: str) -> float:
        row = skill.against(code, headline_horizon(skill), period=skill.period, model=model)
        return float("inf") if row is None else -row["difference"]

    return order
