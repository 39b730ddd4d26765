"""How a verdict reads: its numbers, its evidence by three routes, its rule and its power."""

import math
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
from pandas.api.types import is_float_dtype, is_numeric_dtype

from forecast.hypotheses.number_words import describe, stated
from forecast.hypotheses.registry import CLAIMS
from forecast.wording import DASH, chance, decimals_for, join, number, percent, ratio

if TYPE_CHECKING:
    import pandas as pd

    from forecast.hypotheses import Comparison, Rule, Verdict
    from forecast.hypotheses.verdict import PowerLike

ANSWERED = ("supported", "rejected", "undecided")

_EVIDENCE_RULE = (
    "Supported if the Bayes factor for the claim's model exceeds {factor} by more than two of its Monte Carlo errors "
    "and leaving the future out speaks against it by no more than {errors} of its standard errors; rejected if the "
    "same holds for the rival; undecided otherwise."
)
_PROBABILITY_RULE = "Supported from a probability of {yes} % on, rejected at {no} % or less, undecided in between."
_COLUMNS = {
    "ahead_difference": "leave-future-out difference",
    "ahead_error": "its standard error",
    "ahead_weight": "stacking weight",
    "error": "Monte Carlo error",
    "half_life": "half-life, months",
    "high": "to",
    "log_bayes_factor": "log Bayes factor",
    "log_evidence": "log evidence",
    "low": "from",
    "p_value": "p-value",
    "probability_short": "chance that it is short",
    "share_now": "current share",
    "weight": "stacking weight",
}
"""Names of columns where the words are not those of the name."""


def factor_words(one: "Comparison", rule: "Rule") -> tuple[str, str]:
    """Describe the Bayes factor of a comparison, and whether it speaks for either side by the rule."""
    value = one.log_bayes_factor
    if not math.isfinite(value):
        return "could not be computed", ""
    wider = ""
    if one.least is not None and one.most is not None and one.least < one.most:
        wider = f"; {number(one.least)} to {number(one.most)} with priors half and twice as wide"
    said = f"log Bayes factor {number(value)} ± {number(one.error)}, that is {odds(value)} for {one.favoured[0]}"
    side = {"supported": one.claim, "rejected": one.rival, "undecided": "neither"}
    return f"{said}{wider}", f"Speaks for {side[rule.decide_factor(value, one.error)]}"


def ahead_words(one: "Comparison", rule: "Rule") -> tuple[str, str]:
    """Describe what leaving the future out has found of a comparison, and whether it leans to either side."""
    value, error = one.ahead_difference, one.ahead_error
    if not math.isfinite(value):
        return "was not computed", ""
    weight = f"stacking weight of {one.claim} {chance(one.weight)}"
    said = f"difference in log predictive density {number(value)}, standard error {number(error)}; {weight}"
    bound = rule.ahead_errors * error
    side = one.claim if value > bound else one.rival if value < -bound else "neither"
    return said, f"Leans to {side}"


def odds(log_factor: float) -> str:
    """Write a Bayes factor as odds for whom it favours: ``4.1 to 1``, ``>1,000 to 1``."""
    return f"{ratio(log_factor)} to 1"


def rule_words(verdict: "Verdict", rule: "Rule") -> str:
    """Describe by which rule a claim is decided."""
    claim = CLAIMS[verdict.code]
    words = _EVIDENCE_RULE if claim.by_evidence else _PROBABILITY_RULE
    said = words.format(
        factor=f"{rule.bayes_factor:g}", errors=f"{rule.ahead_errors:g}", yes=f"{100 * rule.probability:g}",
        no=f"{100 - 100 * rule.probability:g}",
    )  # fmt: skip
    return f"{said} {claim.how.format(half_life=f'{rule.half_life:g}')}".rstrip()


def deciding(verdict: "Verdict") -> list[str]:
    """Format the numbers that decide a claim, shortly; if none of those foreseen is there, the first two."""
    compared = [one for one in verdict.comparisons if one.decides]
    names = CLAIMS[verdict.code].decides
    others = [one for one in verdict.numbers if one.name in names]
    if not compared and not others:
        others = list(verdict.numbers[:2])
    return [_shortly(one, several=len(compared) > 1) for one in compared] + [
        f"{describe(one)}: {stated(one)}" for one in others
    ]


def _shortly(one: "Comparison", *, several: bool) -> str:
    name = f"{one.words}: " if several else ""
    ahead = f", ahead {number(one.ahead_difference)} (s.e. {number(one.ahead_error)})"
    return f"{name}log Bayes factor {number(one.log_bayes_factor)} ± {number(one.error)}{ahead}"


def power_words(power: "PowerLike | None") -> str:
    """Describe how often a test would find what is there, in a few words."""
    if power is None:
        return "not simulated"
    null, *others = power.table.to_dict("records")
    found = [f"{row['alternative']}: found in {percent(row['supported'])}" for row in others]
    return "; ".join([*found, f"{null['alternative']}: false alarm in {percent(null['supported'])}"])


def power_grid(power: "PowerLike") -> dict[str, Any]:
    """Turn a power analysis into a table of words, its shares in per cents."""
    table = power.table
    shares = {name: [percent(value) for value in table[name]] for name in ANSWERED}
    interval = [f"{percent(low)} to {percent(high)}" for low, high in zip(table["low"], table["high"], strict=True)]
    shown = table[["alternative", "simulations"]].assign(**shares, **{"supported, 90 % interval": interval})
    if "error" in table:
        shown["Monte Carlo error of a log Bayes factor, median"] = table["error"]
    return grid(shown, right=[*ANSWERED, "supported, 90 % interval"])


def answered(verdicts: "Sequence[Verdict]") -> str:
    """Describe in a sentence how claims were answered."""
    if len(verdicts) == 1:
        only = verdicts[0]
        return f"The claim tested, {CLAIMS[only.code].title}, is {only.answer}."
    answers = [one.answer for one in verdicts]
    parts = [f"{answers.count(answer)} {answer}" for answer in ANSWERED if answer in answers]
    return f"Of {len(verdicts)} claims tested, {join(parts)}."


def sensitivity_grid(table: "pd.DataFrame", rule: "Rule") -> dict[str, Any]:
    """Turn a sensitivity table into words; `notes` are the rows that have nothing but one (what, note)."""
    measured = table[[name for name in table if name not in ("change", "note")]].replace("", None)
    told = measured.notna().any(axis=1)
    words = {
        "half_life": "half-life, months",
        "low": "90 % interval, from",
        "high": "to",
        "probability_short": f"chance of below {rule.half_life:g} months",
        "log_bayes_factor": "log Bayes factor against a random walk",
        "answer": "answer by that alone",
        "share_now": "share now",
    }
    notes = [(row["change"], row["note"]) for row in table[~told].to_dict("records")]
    return {**grid(table[told].rename(columns=words)), "notes": notes}


def grid(frame: "pd.DataFrame", right: Sequence[str] = ()) -> dict[str, Any]:
    """Turn a table into words: `columns` (name, whether it stands on the right, as numbers do) and `rows` of cells."""
    names = [_COLUMNS.get(str(name), str(name).replace("_", " ")) for name in frame]
    numeric = [is_numeric_dtype(frame[name]) or name in right for name in frame]
    columns = [(name[:1].upper() + name[1:], of) for name, of in zip(names, numeric, strict=True)]
    decimals = [_column_decimals(frame[name]) for name in frame]
    rows = [[cell(*pair) for pair in zip(row, decimals, strict=True)] for row in frame.itertuples(index=False)]
    return {"columns": columns, "rows": rows}


def _column_decimals(column: "pd.Series[Any]") -> int | None:
    """Choose one number of decimals for all of a column; none for whole numbers, and what is no number."""
    if not is_float_dtype(column):
        return None
    values = column[np.isfinite(column)].abs()
    if not len(values) or bool((values % 1 == 0).all()):
        return 0
    return max(1, decimals_for(float(values.max())))


def cell(value: Any, decimals: int | None = None) -> str:
    """Write what stands in a cell of a table, numbers that are not whole with so many decimals."""
    if value is None or value != value or value == "":
        return DASH
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, int | np.integer):
        return f"{value:,}"
    if isinstance(value, float | np.floating):
        return number(float(value), decimals)
    return value.isoformat()[:10] if isinstance(value, date) else str(value)
