"""Comparison of two forecasters of a backtest, and its cell in a table."""

from dataclasses import dataclass
from typing import Any

from forecast.base.numeric import Lead
from forecast.base.wording import DASH
from forecast.base.wording import interval as bracketed
from forecast.study.evaluation.skill import Skill, forecaster_name

DIGITS = 2  # Decimals of a CRPS in points: its intervals are tenths of a point wide


@dataclass(frozen=True)
class Compared:
    """Comparison of two forecasters in mean CRPS on the windows that both predicted."""

    code: str  # Of the benchmark
    name: str  # Name for readers
    chosen_on: str | None  # Forecast dates on which it was chosen; null for the reference
    n: int  # Windows that both predicted
    difference: float  # Mean CRPS less the benchmark's; negative is better
    low: float | None  # Lower end of its 90% interval, blocks of years; null with fewer than three
    high: float | None  # Upper end
    # `this`, `other`, `undecided` (the interval includes zero or, of one dyad, no difference is
    # left by Holm's correction), or `unknown` without an interval
    ahead: Lead
    corrected: float | None = None  # Of one dyad: p by Holm over all dyads and horizons of the run

    @property
    def digits(self) -> int:
        """Decimals that show which side of zero an interval is on."""
        if self.low is None or self.high is None or self.ahead == "undecided":
            return DIGITS
        nearest_end = min(abs(self.low), abs(self.high))
        rounds_to_zero = nearest_end < 0.5 * 10**-DIGITS
        return DIGITS + 1 if rounds_to_zero else DIGITS


def versus(skill: Skill, code: str | None, horizon: int, **where: Any) -> Compared | None:
    """Compare the subject with another forecaster; None if there is nothing to compare."""
    if code is None:
        return None
    difference = skill.against(code, horizon, **where)
    ahead = skill.lead(code, horizon, **where)
    if difference is None or ahead is None:
        return None
    one_dyad = where.get("dyad", "all") != "all"
    return Compared(
        code=code,
        name=forecaster_name(code),
        chosen_on=difference["chosen_on"],
        n=difference["n"],
        difference=difference["difference"],
        low=difference["low"],
        high=difference["high"],
        ahead=ahead,
        corrected=skill.corrected(code, horizon, **where) if one_dyad else None,
    )


def difference_cell(compared: Compared | None) -> str:
    """Format a comparison for a table: the difference with its interval, or a dash."""
    if compared is None:
        return DASH
    return bracketed(compared.difference, compared.low, compared.high, compared.digits)


def headline_pairs(
    reference: Compared | None, pool_benchmarks: Compared | None, best: Compared | None
) -> list[tuple[Compared, str]]:
    """Return the comparisons that a headline makes, each with what the other is.

    A pool is compared with its own benchmarks, any other subject with the best one.
    """
    pairs: list[tuple[Compared | None, str]]
    if pool_benchmarks is not None:
        pairs = [
            (reference, "the ten-year base rate"),
            (pool_benchmarks, f"the {pool_benchmarks.name}"),
        ]
    elif reference is not None and best is not None and reference.code == best.code:
        pairs = [(reference, "the ten-year base rate (the best benchmark)")]
    else:
        pairs = [(reference, "the ten-year base rate"), (best, "the best benchmark")]
    return [(compared, other) for compared, other in pairs if compared is not None]
