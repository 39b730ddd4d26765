"""How a verdict reads: its numbers, its evidence by three routes, its rule and its power."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
from pandas.api.types import is_float_dtype, is_numeric_dtype

from forecast.hypotheses.registry import CLAIMS
from forecast.wording import DASH, chance, decimals_for, join, month, number, percent, quantity, ratio

if TYPE_CHECKING:
    import pandas as pd

    from forecast.hypotheses import Number, Rule, Verdict
    from forecast.hypotheses.verdict import PowerLike

ANSWERED = ("supported", "refused", "undecided")
FACTOR, AHEAD, WEIGHT = "log_bayes_factor", "ahead_difference", "stacking_weight"
LEAST, MOST = f"{FACTOR}_least", f"{FACTOR}_most"
_EVIDENCE = re.compile(rf"({LEAST}|{MOST}|{FACTOR}|{AHEAD}|{WEIGHT})(?:_(.+))?")
"""The numbers by which two models are set against each other, with what tells apart several comparisons."""

_EVIDENCE_RULE = (
    "Supported if the Bayes factor for the claim's model exceeds {factor} by more than two of its Monte Carlo errors "
    "and leaving the future out speaks against it by no more than {errors} of its standard errors; refused if the "
    "same holds for the rival; undecided otherwise."
)
_PROBABILITY_RULE = "Supported from a probability of {yes} % on, refused at {no} % or less, undecided in between."
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


@dataclass(frozen=True)
class Evidence:
    """One model set against another, by the numbers of a verdict; what was not computed is None."""

    words: str
    decides: bool
    factor: "Number"
    least: "Number | None"
    most: "Number | None"
    ahead: "Number | None"
    weight: "Number | None"

    @property
    def sides(self) -> tuple[str, str]:
        """Names of the claim's model and its rival."""
        first, _, second = self.words.partition(" against ")
        return (first, second) if second else ("the claim", "its null")


def is_chance(one: "Number") -> bool:
    """Tell whether a number is a probability, by its name or, without unit and interval, by having an error."""
    bare = not one.unit and one.low is None and not _EVIDENCE.fullmatch(one.name)
    named = "probability" in one.name or one.name.endswith("_rope")
    return bare and (one.error is not None or named) and 0 <= one.value <= 1


def stated(one: "Number") -> str:
    """Write a number with its interval, Monte Carlo error and unit: ``41.3 [12.0, 118] ± 0.90 months``."""
    if is_chance(one):
        error = f" ± {number(100 * one.error, 1)}" if one.error is not None else ""
        return f"{chance(one.value)}{error}"
    if math.isnan(one.value):
        return "not defined"
    if one.low is None and one.error is None and one.value == round(one.value):
        return quantity(one.value, one.unit, 0)
    if one.unit == "year":
        ends = "" if one.low is None or one.high is None else f" [{_month(one.low)}, {_month(one.high)}]"
        return f"{_month(one.value)}{ends}"
    ends = "" if one.low is None else f" [{number(one.low)},\N{NO-BREAK SPACE}{number(one.high)}]"
    error = "" if one.error is None else f" ± {number(one.error)}"
    return f"{number(one.value)}{ends}{error} {one.unit}".rstrip()


def _month(year: float) -> str:
    """Name the month that begins at a year with decimals."""
    years, months = divmod(round(12 * year), 12)
    return month(date(years, months + 1, 1))


def evidence(verdict: "Verdict") -> list[Evidence]:
    """Gather the comparisons of models among the numbers of a verdict."""
    found: dict[str, dict[str, Number]] = {}
    decisive = CLAIMS[verdict.code].decides
    for one in verdict.numbers:
        if named := _EVIDENCE.fullmatch(one.name):
            found.setdefault(named[2] or "", {})[named[1]] = one
    return [
        Evidence(
            _models(parts[FACTOR]), parts[FACTOR].name in decisive, parts[FACTOR],
            *(parts.get(name) for name in (LEAST, MOST, AHEAD, WEIGHT)),
        )
        for suffix, parts in found.items()
        if FACTOR in parts
    ]  # fmt: skip


def _models(factor: "Number") -> str:
    """Name the two models of a Bayes factor, as its words have them after the first comma."""
    return factor.words.partition(", ")[2] or factor.words


def posterior(verdict: "Verdict") -> "list[Number]":
    """Return the numbers of a verdict that set no models against each other."""
    return [one for one in verdict.numbers if not _EVIDENCE.fullmatch(one.name)]


def factor_words(one: Evidence, rule: "Rule") -> tuple[str, str]:
    """Say what the Bayes factor of a comparison is, and whether it speaks for either side by the rule."""
    value, error = one.factor.value, one.factor.error or 0.0
    if not math.isfinite(value):
        return "could not be computed", ""
    first, second = one.sides
    wider = ""
    if one.least is not None and one.most is not None and one.least.value < one.most.value:
        wider = f"; {number(one.least.value)} to {number(one.most.value)} with priors half and twice as wide"
    said = f"log Bayes factor {number(value)} ± {number(error)}, that is {odds(value)} for "
    said += (first if value >= 0 else second) + wider
    side = _side(one, value, math.log(rule.bayes_factor) + 2 * error)
    return said, f"Speaks for {side}" if side else "Speaks for neither"


def ahead_words(one: Evidence, rule: "Rule") -> tuple[str, str]:
    """Say what leaving the future out has found of a comparison, and whether it leans to either side by the rule."""
    if one.ahead is None or not math.isfinite(one.ahead.value):
        return "was not computed", ""
    value, error = one.ahead.value, one.ahead.error or 0.0
    weight = ""
    if one.weight is not None:
        weight = f"; stacking weight of {one.sides[0]} {chance(one.weight.value)}"
    said = f"difference in log predictive density {number(value)}, standard error {number(error)}{weight}"
    side = _side(one, value, rule.ahead_errors * error)
    return said, f"Leans to {side}" if side else "Leans to neither"


def _side(one: Evidence, value: float, bound: float) -> str:
    first, second = one.sides
    return first if value > bound else second if value < -bound else ""


def odds(log_factor: float) -> str:
    """Write a Bayes factor as odds for whom it favours: ``4.1 to 1``, ``>1,000 to 1``."""
    return f"{ratio(log_factor)} to 1"


def rule_words(verdict: "Verdict", rule: "Rule") -> str:
    """Say by which rule a claim is decided."""
    entry = CLAIMS[verdict.code]
    by_evidence = any(name.startswith(FACTOR) for name in entry.decides)
    words = _EVIDENCE_RULE if by_evidence else _PROBABILITY_RULE
    stated = words.format(
        factor=f"{rule.bayes_factor:g}", errors=f"{rule.ahead_errors:g}", yes=f"{100 * rule.probability:g}",
        no=f"{100 - 100 * rule.probability:g}",
    )  # fmt: skip
    return f"{stated} {entry.how.format(half_life=f'{rule.half_life:g}')}".rstrip()


def deciding(verdict: "Verdict") -> list[str]:
    """Write the numbers that decide a claim, shortly; if none of those foreseen is there, the first two."""
    compared = [one for one in evidence(verdict) if one.decides]
    names = CLAIMS[verdict.code].decides
    others = [one for one in posterior(verdict) if one.name in names]
    if not compared and not others:
        others = posterior(verdict)[:2]
    return [_shortly(one, several=len(compared) > 1) for one in compared] + [
        f"{describe(one)}: {stated(one)}" for one in others
    ]


def _shortly(one: Evidence, *, several: bool) -> str:
    name = f"{one.words}: " if several else ""
    ahead = f", ahead {number(one.ahead.value)} (s.e. {number(one.ahead.error)})" if one.ahead else ""
    return f"{name}log Bayes factor {number(one.factor.value)} ± {number(one.factor.error)}{ahead}"


def describe(one: "Number") -> str:
    """Say what a number is; of a probability, that it is one."""
    words = one.words or one.name.replace("_", " ")
    return f"chance: {words}" if is_chance(one) and not words.startswith(("chance", "probability")) else words


def because(verdict: "Verdict") -> tuple[str, tuple[str, ...]]:
    """Part the sentence that says why the answer is what it is from the others."""
    why = [sentence for sentence in verdict.prose if sentence.startswith(verdict.answer.capitalize())]
    return (why[-1], tuple(one for one in verdict.prose if one != why[-1])) if why else ("", verdict.prose)


def power_words(power: "PowerLike | None") -> str:
    """Say how often a test would find what is there, in a few words."""
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
    """Say in a sentence how claims were answered."""
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
