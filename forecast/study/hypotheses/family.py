"""Family-wise error: how often the rule supports at least one false claim.

Each claim has its own limit, which at most 5% of its null sets reach. A reader of eight claims asks
more: how likely is it that any of them is supported falsely? If all claims are tested on the same
simulated records, `FamilyRate` counts the records in which at least one false claim is supported. A
table by claim only gives the sum over claims, which is an upper bound.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from forecast.study.hypotheses.outcome import sentences, upper_share


@dataclass(frozen=True)
class FamilyRate:
    """Number of simulated records of a process in which the rule supports any false claim."""

    truth: str  # Process of the simulated records
    sets: int  # Simulated records
    alarms: int  # Sets in which at least one false claim is supported
    claims: tuple[str, ...]  # Codes of the claims that are false of the process and were tested
    # Sets were counted; else `alarms` is the sum over claims, which the count cannot exceed
    counted: bool = True

    @property
    def at_most(self) -> float:
        """95% point of the chance that any false claim is supported."""
        return upper_share(self.alarms, self.sets)


def family_words(rates: Sequence[FamilyRate]) -> str:
    """Describe how often any false claim is supported, in one sentence; empty without rates."""
    return sentences("family", rates=rates)[0] if rates else ""
