"""Testable claim: statement, evidence, decision rule, wording, and alternatives for its power."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Event
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import xarray as xr

from forecast.hypotheses.verdict import Answer, Found, Reason, Rule, Verdict
from forecast.model.spec import PendulumSpec
from forecast.model.variables import sampled_variables
from forecast.theory import Statement

if TYPE_CHECKING:
    from forecast.hypotheses.candidates import Candidates

type Need = Literal["panel", "classes", "events", "dyads"]
type Change = Callable[[xr.Dataset], xr.Dataset]
type Factor = tuple[float, float]
"""A log Bayes factor and its Monte Carlo error."""
type Test = Callable[[xr.Dataset, int, Event], tuple[Factor, ...]]


@dataclass(frozen=True)
class Words:
    """The text of a verdict."""

    claim: str  # What is claimed and what it is tested against
    null: str
    reason: Reason  # Why the answer is what it is
    prose: tuple[str, ...]  # The findings


@dataclass(frozen=True)
class Truth:
    """A process that records are simulated from: a posterior of the fit to the real record, one quantity set to a size.

    Each record has a draw of its own, so that everything that is not asked about is as uncertain as the record leaves
    it.
    """

    name: str  # In words, such as `a half-life of 24 months`
    size: float  # Of what is asked about; NaN where it is not there
    spec: PendulumSpec
    posterior: xr.Dataset = field(repr=False)
    panel: xr.Dataset = field(repr=False)  # Gives length, eras, and how many events each report counts
    change: Change = field(default=lambda own: own, repr=False)  # Sets a draw's quantity to its size

    @classmethod
    def of(
        cls,
        candidates: "Candidates",
        name: str,
        size: float,
        choices: Mapping[str, Any],
        change: Change = lambda own: own,
    ) -> "Truth":
        """Take a truth from the fit of a candidate."""
        spec, posterior = candidates.spec.with_choices(**choices), candidates.fit(**choices).posterior
        return cls(name, size, spec, posterior, candidates.panel, change)

    def record(self, rng: np.random.Generator) -> xr.Dataset:
        """Simulate a record."""
        from forecast.model import simulate_panel

        chain, draw = (int(rng.integers(self.posterior.sizes[name])) for name in ("chain", "draw"))
        own = self.posterior.isel(chain=chain, draw=draw, drop=True)
        parameters = self.change(own[[name for name in sampled_variables() if name in own]])
        return simulate_panel(self.panel, parameters, self.spec, seed=int(rng.integers(2**31)))[0]


@dataclass(frozen=True)
class Contest:
    """A test by evidence, and the truths that its power is simulated from."""

    truths: tuple[Truth, ...]  # The first is without what is claimed
    unit: str  # Of the truths' sizes
    # From a record, a seed and an event that stops it to the evidence for the claim's model against each benchmark.
    test: Test = field(repr=False)
    # Monte Carlo errors of the real test's log Bayes factors; infinite where they are not known.
    errors: tuple[float, ...]

    @classmethod
    def by_evidence(
        cls,
        candidates: "Candidates",
        truths: tuple[Truth, ...],
        unit: str,
        claim: Mapping[str, Any],
        *benchmarks: Mapping[str, Any],
    ) -> "Contest":
        """Make the contest that marginal likelihoods of whole models decide."""
        from forecast.model.quick import quick_evidences

        ours, *theirs = (candidates.spec.with_choices(**choices) for choices in (claim, *benchmarks))

        def test(panel: xr.Dataset, seed: int, stop: Event) -> tuple[Factor, ...]:
            found, *others = quick_evidences(panel, (ours, *theirs), seed=seed, stop=stop)
            return tuple((found.log - other.log, float(np.hypot(found.error, other.error))) for other in others)

        real = candidates.evidence(**claim)
        errors = (float(np.hypot(real.error, candidates.evidence(**choices).error)) for choices in benchmarks)
        return cls(truths, unit, test, tuple(errors))


@dataclass(frozen=True)
class Hypothesis[F]:
    """A claim of the theory that can be tested."""

    theory: Statement
    title: str
    models: tuple[str, ...]  # The models compared, the claim's own first
    measure: "Callable[[Candidates], Found[F]]"
    decide: Callable[[Found[F], Rule], Answer]
    word: Callable[[Found[F], Rule, Answer], Words]
    needs: Need = "panel"  # The least it asks of the data, see `OFFERS`
    by_evidence: bool = True  # A comparison of models decides, and not a probability
    decides: tuple[str, ...] = ()  # Names of the numbers that decide, besides the comparisons that do
    how: str = ""  # What is special about the decision, in sentences; ``{half_life}`` stands for the rule's
    also: tuple[Statement, ...] = ()  # The other statements that it answers
    # From the candidates and half-lives in months to what its power is simulated from.
    contest: "Callable[[Candidates, tuple[float, ...]], Contest] | None" = None
    without_power: str = ""  # Why its power cannot be simulated, a sentence
    cross_checked: bool = False  # Textbook tests of the observed series ask the same
    by_default: bool = True  # Tested where no claims are named
    work: float = 1.0  # What its test usually takes, as a share of a run

    @property
    def code(self) -> str:
        """Code of the statement, such as ``S5``."""
        return self.theory.code

    def test(self, candidates: "Candidates") -> Verdict:
        """Test the claim on one dyad."""
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
