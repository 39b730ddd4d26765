"""Family of claims: how often the rule supports any false claim, counted on simulated record sets.

Each claim has its own limit, which at most 5% of its null sets reach. Who tests eight claims asks
more: how likely is it that any of the supported ones is false? So the tests of all claims are made
on the same simulated sets, and sets are counted in which at least one false claim is supported.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

from forecast.study.hypotheses.outcome import sentences, upper_share

FAMILY_TABLE = Path(__file__).with_name("family.csv")
CLAIMS_SEPARATOR = " "  # of codes in a field of the table


@dataclass(frozen=True)
class FamilyRate:
    """In how many simulated sets of a process the rule supports any false claim."""

    truth: str  # Process of the simulated record sets
    sets: int  # Simulated record sets
    alarms: int  # Sets in which at least one false claim is supported
    claims: tuple[str, ...]  # Codes of the claims that are false of the process and were tested

    @property
    def at_most(self) -> float:
        """95% point of the chance that any false claim is supported."""
        return upper_share(self.alarms, self.sets)


def family_rates(table: Path = FAMILY_TABLE) -> tuple[FamilyRate, ...]:
    """Return the rates on record sets like the embedded one."""
    with table.open(encoding="utf-8", newline="") as file:
        return tuple(
            FamilyRate(
                row["truth"],
                int(row["sets"]),
                int(row["alarms"]),
                tuple(row["claims"].split(CLAIMS_SEPARATOR)),
            )
            for row in csv.DictReader(file)
        )


def family_words(rates: tuple[FamilyRate, ...]) -> str:
    """Describe how often any false claim is supported, in one sentence."""
    return sentences("family", rates=rates)[0] if rates else ""
