"""What a part of the model declares: its variables and its priors, each in one record."""

from dataclasses import dataclass

type PriorValue = float | tuple[float, float]


@dataclass(frozen=True)
class Variable:
    """A variable of the posterior."""

    name: str
    dims: tuple[str, ...]  # Besides chain and draw
    unit: str  # Empty if it has none
    words: str  # What it means, a sentence or two
    label: str = ""  # What a figure calls it
    reported: str = ""  # What the report and its gate call it; empty if it only serves those that are reported
    sampled: bool = True  # Whether the model has it; otherwise it is completed from the draws


@dataclass(frozen=True)
class Prior:
    """A prior that a user may change."""

    name: str
    value: PriorValue  # The default: a spread, or centre and spread
    reason: str  # Why it stands there
    # Exponent by which the quantity grows with the number of periods in a month: 1 for a length of time whose
    # logarithm the prior is about, 0 for what does not depend on the length of a period.
    pace: float = 0.0
    # The variable of the posterior that it is a prior of, so that its width can be varied afterwards; may be empty.
    about: str = ""
    family: str = "log-normal"  # Distribution of that variable; a normal one is centred on zero
    dyads: str = ""  # Name of the prior of the dyads' spread around it, if there is one
