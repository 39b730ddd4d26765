"""Family of claims: how often the rule supports any false claim, counted on simulated record sets.

Each claim has its own limit, which at most 5% of its null sets reach. Who tests eight claims asks
more: how likely is it that any claim is supported falsely? If all claims are tested on the same
simulated sets, the sets are counted in which at least one false claim is supported. Of a table by
claim only the sum over claims is known: the count is at most that.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from forecast.study.hypotheses.outcome import sentences, upper_share


@dataclass(frozen=True)
class FamilyRate:
    """In how many simulated sets of a process the rule supports any false claim."""

    truth: str  # Process of the simulated record sets
    sets: int  # Simulated record sets
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
