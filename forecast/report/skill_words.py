"""How skill reads: names of forecasters, who is ahead of whom, and how sure that is."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from forecast.evaluation.benchmarks import REFERENCE
from forecast.evaluation.skill import CHOSEN_ON, REPORTED_ON, SPLIT, Skill
from forecast.pairs import difference_interval
from forecast.wording import DASH, join, number
from forecast.wording import interval as bracketed

_NAMES = {
    "default": "default model",
    "pendulum": "pendulum alone",
    "no_cycle": "no cycle",
    "no_return": "no return of the trend",
    "no_ceiling": "no ceiling",
    "ceiling": "ceiling",
    "no_hierarchy": "no hierarchy",
    "no_month_noise": "no month noise",
    "no_volume": "no effect of volume",
    "base_rate_all": "base rate of the whole record",
    REFERENCE: "ten-year base rate",
    "base_rate_5y": "five-year base rate",
    "base_rate_2y": "two-year base rate",
    "last_window": "last window",
    "local_level": "local level",
    "ar_noise": "AR(1) plus noise",
    "auto_ets": "AutoETS",
    "auto_arima": "AutoARIMA",
    "mixture_equal": "mean of the benchmarks",
    "mixture_stacked": "stacked benchmarks",
    "combined_equal": "mean of benchmarks and model",
    "combined_stacked": "stacked benchmarks and model",
}
PERIODS = {
    REPORTED_ON: f"origins from {SPLIT} on",
    CHOSEN_ON: f"origins up to {SPLIT - 1}",
    "all": "all origins",
}
MARKS = {
    REPORTED_ON: f"Choices are made on origins up to {SPLIT - 1}; skill is reported on origins from {SPLIT} on.",
    CHOSEN_ON: "Choices, of the model and of the best benchmark, are made on these origins: not a report of skill.",
    "all": "Choices are made on some of these origins: not a report of skill.",
}
THIS, OTHER, UNDECIDED, UNKNOWN = "this", "other", "undecided", "unknown"
_VERDICTS = {
    OTHER: "clearly worse than",
    THIS: "clearly better than",
    UNDECIDED: "not distinguishable from",
    UNKNOWN: "tested over too few years to be compared with",
}
DIGITS = 2


@dataclass(frozen=True)
class Compared:
    """How a forecaster compares with another on the windows that both predicted, in mean CRPS."""

    code: str  # Code of the other
    name: str  # What it is called
    chosen_on: str | None  # The period on which the best benchmark was chosen
    n: int  # Windows
    difference: float  # Points of share; below zero the other is worse
    low: float | None  # 90 % interval, from blocks of years; None with fewer than three blocks
    high: float | None
    ahead: str  # Who is clearly ahead: whether the interval lies on one side of zero; unknown without an interval


def name(code: str) -> str:
    """Return what a forecaster is called; one that the package does not know by its code."""
    return _NAMES.get(code, code.replace("_", " "))


def compared(found: Mapping[str, Any]) -> Compared:
    """Return a comparison of `Skill.against` with its interval and who is ahead."""
    ends = difference_interval(found["difference"], found["error"], found["blocks"])
    low, high = ends or (None, None)
    ahead = UNKNOWN if ends is None else THIS if ends[1] < 0 else OTHER if ends[0] > 0 else UNDECIDED
    return Compared(
        found["model"], name(found["model"]), found["chosen_on"], found["n"], found["difference"], low, high, ahead
    )


def cell(one: Compared | None) -> str:
    """Format a comparison for a table: the difference with its interval, or a dash."""
    return DASH if one is None else bracketed(one.difference, one.low, one.high, DIGITS)


def numbers(one: Compared, other: str) -> str:
    """Describe by how much a forecaster is ahead of another, which is named as `other`."""
    side = "better" if one.difference < 0 else "worse"
    by = f"{number(abs(one.difference), DIGITS)} points {side} than {other}"
    if one.low is None or one.high is None:
        return f"{by} (too few years for an interval)"
    if one.ahead == UNDECIDED:
        return f"{by} (90 % interval {number(-one.low, DIGITS)} better to {number(one.high, DIGITS)} worse)"
    near, far = sorted((abs(one.low), abs(one.high)))
    return f"{by} (90 % interval {number(near, DIGITS)} to {number(far, DIGITS)} {side})"


def subject_words(skill: Skill) -> str:
    """Name the subject for a sentence."""
    if skill.subject == "default":
        return "the default model"
    return f"the {name(skill.subject)}" if skill.models[skill.subject] else f"the model with {name(skill.subject)}"


def named_pair(reference: Compared | None, best: Compared | None) -> list[tuple[Compared, str]]:
    """Return the comparisons that a headline makes, each with what the other is; one if both are the same."""
    if reference is None or best is None or reference.code != best.code:
        told = [(reference, "the ten-year base rate"), (best, "the best benchmark")]
    else:
        told = [(reference, "the ten-year base rate (the best benchmark)")]
    return [(one, other) for one, other in told if one is not None]


def verdicts(told: Sequence[tuple[Compared, str]]) -> str:
    """Describe who is clearly ahead of whom, without numbers, those that are ahead first."""
    phrases = []
    for ahead, words in _VERDICTS.items():
        if named := [other for one, other in told if one.ahead == ahead]:
            phrases.append(f"{words} {join(named)}")
    return join(phrases)


def ahead_words(others: Iterable[Compared]) -> str:
    """Describe how many of the others are ahead, and how many of them clearly."""
    everybody = list(others)
    leading = [one for one in everybody if one.difference > 0]
    clear = sum(one.ahead == OTHER for one in leading)
    if not leading:
        return f"none of {len(everybody)}"
    return f"{len(leading)} of {len(everybody)} ({clear or 'none'} clearly)"
