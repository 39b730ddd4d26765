"""Headline and findings of a backtest."""

from forecast.base.wording import capital, count, join, number
from forecast.outlook.benchmarks import REFERENCE
from forecast.report.skill.comparison import DIGITS, Compared, headline_pairs, versus
from forecast.report.skill.order import headline_horizon
from forecast.report.skill.sentences import (
    PERIOD_WORDS,
    difference_words,
    errors_sentence,
    model_worth,
    plain_verdict,
    subject_words,
    verdict_words,
)
from forecast.study.evaluation.skill import (
    CHOSEN_ON,
    POOL_WITHOUT_MODEL,
    REPORTED_ON,
    SPLIT,
    Skill,
)


def title(skill: Skill) -> str:
    """Return the verdict of the backtest, as reports state it.

    Without a benchmark it is the comparison.
    """
    horizon = headline_horizon(skill)
    if versus(skill, skill.best_benchmark(horizon), horizon) is None:
        return comparison(skill)
    return plain_verdict(skill, horizon).rstrip(".")


def comparison(skill: Skill) -> str:
    """Describe who is ahead: the subject, the ten-year base rate or the best benchmark."""
    verdict = verdict_words(_headline_pairs(skill))
    return f"{capital(subject_words(skill))} was {verdict}, {_tested_on(skill)}"


def finding(skill: Skill) -> str:
    """Describe the same with numbers: differences with their intervals, and n."""
    return " ".join(findings(skill))


def findings(skill: Skill) -> list[str]:
    """Return the finding by part.

    Parts are mean CRPS, errors of the mean forecast, and what the model adds.
    """
    horizon = headline_horizon(skill)
    row = skill.row(horizon, period=skill.period)
    if row is None:
        return [f"No window was scored {_tested_on(skill)}."]
    score = f"a mean CRPS of {number(row['crps'], DIGITS)} points"
    differences = join(
        difference_words(compared, _name_of_other(compared, other))
        for compared, other in _headline_pairs(skill)
    )
    scores = f"{score}: {differences}" if differences else score
    parts = (
        f"{capital(count(row['n'], 'window'))}, {scores}.",
        errors_sentence(skill, horizon, skill.period),
        model_worth(skill, skill.period),
    )
    return [part for part in parts if part]


def _name_of_other(compared: Compared, other: str) -> str:
    """Name the other of a comparison; the best benchmark with which one it is."""
    return f"{other}, {compared.name}" if other == "the best benchmark" else other


def _headline_pairs(skill: Skill) -> list[tuple[Compared, str]]:
    """Compare the subject with the ten-year base rate and the best benchmark, or the pool's."""
    horizon = headline_horizon(skill)
    reference, pool_benchmarks, best = (
        versus(skill, code, horizon, period=skill.period)
        for code in (
            REFERENCE,
            POOL_WITHOUT_MODEL if skill.pool else None,
            skill.best_benchmark(horizon),
        )
    )
    return headline_pairs(reference, pool_benchmarks, best)


def _tested_on(skill: Skill) -> str:
    """Describe the horizon and the forecast dates of the headline."""
    return f"{count(headline_horizon(skill), 'month')} ahead, {PERIOD_WORDS[skill.period]}"


def use_of(period: str) -> str:
    """Describe what the forecast dates of a period are used for: choices, or a report of skill."""
    if period == REPORTED_ON:
        return (
            f"Choices are made on forecast dates up to {SPLIT - 1}; skill is reported on forecast "
            f"dates from {SPLIT} on."
        )
    if period == CHOSEN_ON:
        return (
            "Choices, of the model and of the best benchmark, are made on these forecast dates: "
            "not a report of skill."
        )
    return "Choices are made on some of these forecast dates: not a report of skill."
