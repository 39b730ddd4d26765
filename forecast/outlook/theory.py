"""Statements of the theory under test: an essay of October 2023 on US-China relations.

The essay argues that structural obstacles limit relations and that improvement within these limits
is technical. Each statement has a code and two texts: about any two states, and about the US and
China. None is assumed to be true.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

DYAD = "USA-CHN"
"""The relation that the essay is about."""


@dataclass(frozen=True)
class TheoryStatement:
    """One statement of the theory, a row of theory.csv."""

    code: str  # `S1` to `S13`
    title: str  # In a few words, of any dyad
    general: str  # What it says of any two states, a sentence
    us_china: str  # What it says of the US and China
    answered_by: str  # What the package answers it by

    def about(self, dyad: str) -> str:
        """Return the words for a dyad: those about the US and China for them alone."""
        return self.us_china if dyad == DYAD else self.general


with Path(__file__).with_suffix(".csv").open(encoding="utf-8", newline="") as _file:
    THEORY = tuple(TheoryStatement(**row) for row in csv.DictReader(_file))
"""All statements, in the order of the essay."""
(
    LOW,
    DECLINE,
    ERAS,
    CEILING,
    PENDULUM,
    COST,
    NATURE,
    BALANCE,
    IMPROVEMENT,
    VISITS,
    SUMMIT,
    REASONS,
    CONCLUSION,
) = THEORY
