"""Why an answer is what it is: a code with its values, and the one table of how each code reads."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from forecast import wording
from forecast.errors import SpecError

_WORDS = {
    "evidence_decides": "{answer}: the Bayes factor for {model} exceeds {factor:g} by more than two of its errors, and "
    "leaving the future out does not contradict it.",
    "evidence_incomplete": "{answer}, because the evidence for {claim} against {rival} could not be computed in full.",
    "evidence_unclear": "{answer}, because the Bayes factor clears neither {factor:g} for {claim} nor {factor:g} for "
    "{rival} by two of its errors: the data cannot tell the two apart.",
    "evidence_contradicted": "{answer}, because the record as a whole speaks for {model}, and leaving the future out "
    "for {ahead} by more than {errors:g} of its standard errors.",
    "reversion_too_slow": "{answer}, because the reversion that the evidence speaks for needs longer than "
    "{half_life:g} months, and counts as none by the rule.",
    "break_not_a_drop": "{answer}, because a break, if there is one, is no such drop (chance {chance}).",
    "jump_no_better": "{answer}, because a jump at that date has more evidence than one at {below} of other dates, "
    "and not at nine of ten.",
    "drop_unclear": "{answer}, because the evidence for a break does not say that it is such a drop (chance {chance}).",
    "nearer_than_walks": "{answer}: the record kept nearer to its means than a random walk would with a probability of "
    "{chance}.",
    "walks_do_as_much": "{answer}, because the record kept nearer to its means than a random walk would with a "
    "probability of {chance}, between {low} and {high}: walks of this length do as much by chance.",
    "equilibrium_higher": "{answer}, because the chance that the equilibrium is higher by more than {rope:g} points is "
    "{chance}.",
    "response_above": "{answer}, because the chance that the response is above {rope:g} points is {chance}.",
    "too_few_visits": "{answer}, because only {visits:.0f} high-level visits have events before and after them to "
    "compare, and {needed:.0f} are needed.",
    "not_defined": "{answer}, because {why}.",
}
_CHANCES = ("chance", "low", "high", "below")
"""Values that are probabilities from 0 to 1."""


@dataclass(frozen=True)
class Reason:
    """Why an answer is what it is."""

    code: str  # Which reason it is, in snake case
    # What its sentence is filled with: the answer, models, bounds, probabilities from 0 to 1.
    values: Mapping[str, float | str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.code not in _WORDS:
            raise SpecError(f"reason: the code is {self.code!r}; expected one of {', '.join(_WORDS)}")
        try:
            str(self)
        except KeyError as missing:
            raise SpecError(f"reason: {self.code} has no value {missing}; give it") from None

    def __str__(self) -> str:
        shown = dict(self.values)
        shown |= {name: wording.chance(float(shown[name])) for name in _CHANCES if name in shown}
        return _WORDS[self.code].format(**shown | {"answer": str(shown["answer"]).capitalize()})

    def to_dict(self) -> dict[str, object]:
        """Return code, values and the sentence, ready for JSON."""
        return {"code": self.code, "values": dict(self.values), "words": str(self)}
