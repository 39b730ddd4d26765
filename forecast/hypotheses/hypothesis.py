"""A claim that can be tested, as one record: what it says, what decides it, and how its findings read."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from forecast.hypotheses.reason import Reason
from forecast.hypotheses.verdict import Answer, Found, Rule, Verdict
from forecast.theory import Statement

if TYPE_CHECKING:
    from forecast.hypotheses.candidates import Candidates
    from forecast.hypotheses.power.contests import Contest

type Need = Literal["panel", "classes", "events", "dyads"]


@dataclass(frozen=True)
class Words:
    """What a person reads of a verdict, each a sentence or several."""

    claim: str  # What is claimed and what it is tested against
    null: str
    reason: Reason  # Why the answer is what it is
    prose: tuple[str, ...]  # The findings


@dataclass(frozen=True)
class Hypothesis[F]:
    """A claim of the theory that can be tested.

    Attributes
    ----------
    theory : Statement
        What the theory says.
    title : str
        The claim in a few words.
    models : tuple of str
        What is set against each other, the claim's own first.
    measure : callable
        From `Candidates` to what the data say of it.
    decide : callable
        From that and the rule to the answer.
    word : callable
        From that, the rule and the answer to sentences.
    needs : {"panel", "classes", "events", "dyads"}
        The least it asks of the data, see `OFFERS`.
    by_evidence : bool
        Whether a comparison of models decides, and not a probability.
    decides : tuple of str
        Names of the numbers that decide, beside the comparisons that do.
    how : str
        What is special about the decision, in sentences; ``{half_life}`` stands for the rule's.
    also : tuple of Statement
        What else it answers.
    contest : callable, optional
        From `Candidates` and half-lives to what its power is simulated from.
    without_power : str
        Why its power cannot be simulated, a sentence.
    cross_checked : bool
        Whether textbook tests of the observed series ask the same.
    by_default : bool
        Whether it is tested where no claims are named.
    work : float
        What its test usually takes, as a share of a run.
    """

    theory: Statement
    title: str
    models: tuple[str, ...]
    measure: "Callable[[Candidates], Found[F]]"
    decide: Callable[[Found[F], Rule], Answer]
    word: Callable[[Found[F], Rule, Answer], Words]
    needs: Need = "panel"
    by_evidence: bool = True
    decides: tuple[str, ...] = ()
    how: str = ""
    also: tuple[Statement, ...] = ()
    contest: "Callable[[Candidates, tuple[float, ...]], Contest] | None" = None
    without_power: str = ""
    cross_checked: bool = False
    by_default: bool = True
    work: float = 1.0

    @property
    def code(self) -> str:
        """Of the statement, such as ``S5``."""
        return self.theory.code

    def test(self, candidates: "Candidates") -> Verdict:
        """Test the claim on one dyad.

        Examples
        --------
        >>> from forecast.hypotheses.registry import CLAIMS
        >>> CLAIMS["S5"].test(candidates).answer  # doctest: +SKIP
        'undecided'
        """
        found, rule = self.measure(candidates), candidates.rule
        answer = self.decide(found, rule)
        words = self.word(found, rule, answer)
        return Verdict(
            code=self.code,
            claim=words.claim,
            null=words.null,
            answer=answer,
            numbers=found.numbers,
            table=found.table,
            drawing=found.drawing,
            prose=words.prose,
            reason=words.reason,
            comparisons=found.comparisons,
            findings=found.findings,
        )


type AnyHypothesis = Hypothesis[Any]
