"""Sentences on the skill of a backtest, over all its dyads."""

from collections.abc import Iterable, Mapping, Sequence

from forecast.base.numeric import INTERVAL, Lead, holm, lead, p_value
from forecast.base.wording import DASH, count, join, number
from forecast.base.wording import interval as bracketed
from forecast.outlook.benchmarks import MODEL, REFERENCE
from forecast.report.skill.comparison import DIGITS, Compared, difference_cell, versus
from forecast.report.words import sentence
from forecast.study.evaluation.skill import (
    CHOSEN_ON,
    NO_CHANGE,
    POOL,
    POOL_WITHOUT_MODEL,
    REPORTED_ON,
    SPLIT,
    Row,
    Skill,
    forecaster_name,
)

PERIOD_WORDS = {
    REPORTED_ON: f"forecast dates from {SPLIT} on",
    CHOSEN_ON: f"forecast dates up to {SPLIT - 1}",
    "all": "all forecast dates",
}
# In the order of a sentence: a lead of the other comes first
_VERDICTS: dict[Lead, str] = {
    "other": "worse than",
    "this": "better than",
    "undecided": "not distinguishable from",
    "unknown": "tested over too few years to be compared with",
}
SHORT_VERDICTS: dict[Lead, str] = {
    "other": "worse",
    "this": "better",
    "undecided": "not distinguishable",
    "unknown": "too few years to compare",
}


def subject_words(skill: Skill) -> str:
    """Name the subject for a sentence."""
    name = forecaster_name(skill.subject)
    is_benchmark = skill.models[skill.subject]
    if is_benchmark or skill.subject in (MODEL, POOL):
        return f"the {name}"
    return f"the model with {name}"


def difference_words(compared: Compared, other: str) -> str:
    """Describe by how much a forecaster is ahead of another, which is named as `other`."""
    if compared.low is None or compared.high is None:
        difference = number(compared.difference, DIGITS)
        return f"a difference of {difference} points from {other} (too few years for an interval)"
    if compared.ahead == "undecided":
        difference = bracketed(compared.difference, compared.low, compared.high, DIGITS)
        return f"not distinguishable from {other} ({difference} points)"
    side = "better" if compared.ahead == "this" else "worse"
    ends = sorted((abs(compared.low), abs(compared.high)))
    near, far = (number(end, compared.digits) for end in ends)
    points = number(abs(compared.difference), compared.digits)
    return f"{points} points {side} than {other} (90% interval {near} to {far} {side})"


def verdict_words(pairs: Sequence[tuple[Compared, str]]) -> str:
    """Describe which is better than which, without numbers, those that are ahead first."""
    if not pairs:
        return "compared with no benchmark"
    phrases = []
    for ahead, words in _VERDICTS.items():
        others = [other for compared, other in pairs if compared.ahead == ahead]
        if others:
            phrases.append(f"{words} {join(others)}")
    return join(phrases)


def number_better(others: Iterable[Compared]) -> str:
    """Describe how many of the others are better.

    A lead that an interval does not decide is none.
    """
    leads = [compared.ahead for compared in others]
    return f"{leads.count('other') or 'none'} of {len(leads)}"


def bias_cell(row: Row | None) -> str:
    """Format a mean error with its interval, or a dash."""
    return DASH if row is None else bracketed(row["bias"], row["bias_low"], row["bias_high"], 1)


def bias_sentence(skill: Skill, horizon: int) -> str:
    """State the mean error of forecasts of a horizon, over all dyads."""
    rows = {period: skill.row(horizon, period=period) for period in (REPORTED_ON, CHOSEN_ON)}
    errors = [
        f"{bias_cell(row)} for {PERIOD_WORDS[period]}"
        for period, row in rows.items()
        if row is not None
    ]
    return sentence("bias", errors=errors, ahead=count(horizon, "month"))


def lean_sentence(skill: Skill, horizon: int) -> str:
    """Describe the mean error of the forecasts of all dyads.

    Empty where its interval includes zero.
    """
    row = skill.row(horizon)
    if row is None or None in (row["bias_low"], row["bias_high"]):
        return ""
    if row["bias_low"] <= 0 <= row["bias_high"]:
        return ""
    ends = sorted(abs(row[name]) for name in ("bias_low", "bias_high"))
    return sentence("lean", row["bias"], *ends, horizon)


def plain_verdict(skill: Skill, horizon: int) -> str:
    """Describe in a sentence how the forecasts of all dyads compare with simple ones."""
    best = versus(skill, skill.best_benchmark(horizon), horizon)
    by_dyad = [versus(skill, REFERENCE, horizon, dyad=dyad) for dyad in skill.choices["dyads"]]
    scored = [compared for compared in by_dyad if compared is not None]
    nearer = sum(compared.difference < 0 for compared in scored)
    return sentence("plain", "unknown" if best is None else best.ahead, nearer, len(scored))


def errors_sentence(skill: Skill, horizon: int, period: str = REPORTED_ON) -> str:
    """State mean absolute and root mean square errors of the subject, and of no change."""
    subject = skill.row(horizon, period=period)
    no_change = skill.row(horizon, model=NO_CHANGE, period=period)
    if subject is None or no_change is None or subject.get("mae") is None:
        return ""
    difference = subject["mae_less_no_change"], subject["mae_low"], subject["mae_high"]
    return sentence(
        "errors",
        own=subject,
        other=no_change,
        leads={
            "mae": lead(subject["mae_low"], subject["mae_high"]),
            "mse": lead(subject["mse_low"], subject["mse_high"]),
        },
        verdicts=SHORT_VERDICTS,
        subject=subject_words(skill),
        months=horizon,
        shown=bracketed(*difference, 1),
    )


def model_worth(skill: Skill, period: str = REPORTED_ON) -> str:
    """Describe whether the model makes the pool better, worse or neither, by Holm.

    Empty if the run has no pool, or not its benchmarks alone.
    """
    if skill.subject != POOL:
        return ""
    pairs = _pool_without_model(skill, period)
    if not pairs:
        return ""
    p_values = _corrected_over_horizons(skill, pairs, period)
    decided = [horizon for horizon, p in p_values.items() if p < 1 - INTERVAL]
    return sentence(
        "model_worth",
        horizons=list(pairs),
        shown=[difference_cell(compared) for compared in pairs.values()],
        better=[horizon for horizon in decided if pairs[horizon].difference < 0],
        worse=[horizon for horizon in decided if pairs[horizon].difference >= 0],
        alone=[
            horizon for horizon, compared in pairs.items() if compared.ahead in ("this", "other")
        ],
        tested=bool(p_values),
        origins=PERIOD_WORDS[period],
    )


def _pool_without_model(skill: Skill, period: str) -> Mapping[int, Compared]:
    """Compare the pool with its benchmarks alone, by horizon."""
    by_horizon = {
        horizon: versus(skill, POOL_WITHOUT_MODEL, horizon, period=period)
        for horizon in skill.choices["horizons"]
    }
    return {horizon: compared for horizon, compared in by_horizon.items() if compared is not None}


def _corrected_over_horizons(
    skill: Skill, horizons: Iterable[int], period: str
) -> dict[int, float]:
    """Return the corrected p of the pool's differences from its benchmarks, by horizon."""
    values: dict[int, float] = {}
    for horizon in horizons:
        row = skill.against(POOL_WITHOUT_MODEL, horizon, period=period)
        if row is None:
            continue
        p = p_value(row["difference"], row["low"], row["high"], row["blocks"])
        if p is not None:
            values[horizon] = p
    return dict(zip(values, holm(list(values.values())), strict=True))
