"""Results of pooled tests: verdicts on claims, one dyad in the hierarchy, and all together."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import pandas as pd

from forecast.base import wording
from forecast.base.described import described
from forecast.base.wording import Card, Displayed, number
from forecast.data.panel.notes import DataNotes
from forecast.study.hypotheses.family import FamilyRate, family_words
from forecast.study.hypotheses.outcome import (
    TEMPLATES,
    Outcome,
    exception_words,
    exceptions,
    sentences,
)
from forecast.study.hypotheses.power_tables import Rate, power_words

SCHEMA = 4  # version of tests.json
EXPLORATORY = "exploratory"

type PowerSource = Literal["", "the embedded data", "these data"]
"""The record that the simulated records imitate; empty without simulated sets."""


@described("the verdict on a claim, such as pooled_tests(panel)['S5b']")
@dataclass(frozen=True)
class PooledVerdict:
    """The outcome of the test of one claim."""

    code: str  # Such as `S5b`
    question: str  # The claim as a question
    claim: str  # The claim
    outcome: Outcome
    integration_error: float  # Change of `log_bayes_factor` with fewer nodes, or null
    rates: tuple[Rate, ...]  # Simulated power and false alarms
    # Log Bayes factor from which the claim is supported; below its negative it is rejected
    limit: float

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON."""
        outcome = asdict(self.outcome)
        for omission in ("without_dyad", "without_state"):
            name, log_bayes_factor = outcome[omission]
            outcome[omission] = {"name": name, "log_bayes_factor": log_bayes_factor}
        outcome["windows"] = {
            name: {"gain": gain, "error": error}
            for name, (gain, error) in outcome["windows"].items()
        }
        outcome["exceptions"] = exceptions(self.outcome)
        for name, detail in outcome["details"].items():
            if isinstance(detail, Mapping):
                outcome["details"][name] = {str(key): value for key, value in detail.items()}
        return {
            "code": self.code,
            "question": self.question,
            "claim": self.claim,
            "limit": self.limit,
            **outcome,
            "integration_error": self.integration_error,
            "rates": [asdict(rate) for rate in self.rates],
        }

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Return the numbers of the verdict as rows: code, group, name, value, and no interval."""
        outcome = self.outcome
        reruns = {**outcome.priors, **outcome.parts}
        groups: dict[str, Mapping[str, Any]] = {
            "evidence": {
                "log_bayes_factor": outcome.log_bayes_factor,
                "least": outcome.least,
                "most": outcome.most,
                "limit": self.limit,
                "error": self.integration_error,
            },
            "dyad adds": outcome.dyads,
            "without dyad": dict([outcome.without_dyad]),
            "without state": dict([outcome.without_state]),
            "windows": {name: gain for name, (gain, _) in outcome.windows.items()},
            "windows, error": {name: error for name, (_, error) in outcome.windows.items()},
        }
        for number_name in ("log_bayes_factor", "least", "most"):
            groups[f"sensitivity, {number_name}"] = {
                name: getattr(rerun, number_name) for name, rerun in reruns.items()
            }
        groups["simulated sets"] = {rate.truth: rate.sets for rate in self.rates}
        groups["supported"] = {rate.truth: rate.supported for rate in self.rates}
        groups["rejected"] = {rate.truth: rate.rejected for rate in self.rates}
        groups["median least"] = {rate.truth: rate.least for rate in self.rates}
        groups["median most"] = {rate.truth: rate.most for rate in self.rates}
        groups["null sets"] = {null.name: null.sets for null in outcome.nulls}
        groups["null sets as good"] = {null.name: null.as_good for null in outcome.nulls}
        for group, numbers in groups.items():
            for name, value in numbers.items():
                yield self.code, group, name, value, None, None

    @property
    def fails(self) -> str:
        """Choices under which the answer changes, in words; empty if it changes under none."""
        return exception_words(exceptions(self.outcome))

    @property
    def power(self) -> str:
        """Simulated power and false alarms in words."""
        return power_words(self.rates)


@dataclass(frozen=True)
class DyadResult:
    """One dyad within the hierarchy: its half-lives, and what it adds to the evidence on claims."""

    dyad: str  # Code
    # `quantity`, `unit`, `low`, `median` and `high` given the data, and the same before
    # (`prior_low` and so on)
    rows: tuple[Mapping[str, Any], ...]
    evidence: Mapping[str, float]  # What the dyad adds to `least`, by claim


@described("PooledResults, such as pooled_tests() returns")
@dataclass(frozen=True, repr=False)
class PooledResults(Displayed):
    """Results of the tests of claims on a record."""

    dyads: tuple[str, ...]  # Codes of the dyads
    first: str  # First month with events, such as `1946-02`
    last: str  # Last month with events
    months: int  # Months with events, over all dyads
    verdicts: tuple[PooledVerdict, ...]
    notes: tuple[str, ...]  # What was left out, and why
    stamp: str = EXPLORATORY  # `exploratory`, `frozen on data already seen` or `confirmatory`
    own: DyadResult | None = None  # One dyad within the hierarchy; else null
    seed: int = 1  # Of placebo dates
    # By dyad: how far the averages of three calendar decades moved away and back, in points of the
    # cooperative share; of an index in standard deviations
    turned_back: Mapping[str, float] = field(default_factory=dict)
    # What readers have to know of the data
    data_notes: DataNotes = field(default_factory=DataNotes)
    # Whose shape simulated records have: `the embedded data`, `these data`, or empty
    power_of: PowerSource = ""
    # How often any false claim is supported on simulated records; empty without these
    family: tuple[FamilyRate, ...] = ()

    def _card(self) -> Card:
        facts = []
        for verdict in self.verdicts:
            least = number(verdict.outcome.least, 1)
            facts.append((verdict.code, f"{verdict.outcome.answer}, log Bayes factor {least}"))
        return Card(f"Tests of {len(self.dyads)} dyads", tuple(facts))

    def __getitem__(self, code: str) -> PooledVerdict:
        """Return the verdict on a claim."""
        return next(verdict for verdict in self.verdicts if verdict.code == code)

    @property
    def family_words(self) -> str:
        """How often any false claim is supported, in a sentence; empty without simulated sets."""
        return family_words(self.family)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON."""
        names = ("dyads", "first", "last", "months", "notes", "stamp", "seed", "turned_back")
        return {
            "schema": SCHEMA,
            **{name: getattr(self, name) for name in names},
            "doubts": tuple(sentences("doubts")),
            **self.data_notes.facts,
            "power_of": self.power_of,
            "family": [asdict(rate) for rate in self.family],
            "own": None if self.own is None else asdict(self.own),
            "claims": [verdict.to_dict() for verdict in self.verdicts],
        }

    def to_frame(self) -> pd.DataFrame:
        """Return a row per number of the tests: the content of ``tests.csv``.

        Returns
        -------
        pandas.DataFrame
            ``code`` of the claim (empty for a dyad's own quantities), ``group`` of the number, such
            as ``evidence``, ``dyad adds`` or ``own dyad``, its ``name`` and ``value``, and the 90%
            interval, ``low`` and ``high``, of a dyad's own quantities. All groups:
            docs/schema/tests-json.md.

        Examples
        --------
        >>> frame = results.to_frame()  # doctest: +SKIP
        >>> adds = frame[frame["group"] == "dyad adds"]  # doctest: +SKIP
        >>> adds.pivot(index="name", columns="code", values="value")  # doctest: +SKIP
        """
        rows = [row for verdict in self.verdicts for row in verdict.rows()]
        if self.own is not None:
            for quantity in self.own.rows:
                for group, prefix in (("own dyad", ""), ("own dyad, prior", "prior_")):
                    ends = (quantity[f"{prefix}{name}"] for name in ("median", "low", "high"))
                    rows.append(("", group, quantity["quantity"], *ends))
            for code, value in self.own.evidence.items():
                rows.append((code, "own dyad, evidence", "", value, None, None))
        return pd.DataFrame(rows, columns=["code", "group", "name", "value", "low", "high"])

    def lines(self) -> list[str]:
        """Return the results as lines for a terminal."""
        return wording.lines(TEMPLATES, "lines", results=self)
