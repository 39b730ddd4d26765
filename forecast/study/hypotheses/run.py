"""Tests of claims on all dyads of a panel: checks before any work, the tests, and their results.

Each test is repeated with other choices: other widths of priors, parts of the record, and windows
ahead.
"""

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from forecast.base import wording
from forecast.base.arguments import checked, whole_seed
from forecast.base.errors import DataError, SpecError
from forecast.base.progress import Progress, silent
from forecast.base.typing import Bool, Seed
from forecast.base.wording import Card, Displayed, join, number
from forecast.data.events.table import EventTable
from forecast.data.panel.notes import DataNotes, notes_of_panel
from forecast.outlook.theory import PENDULUM
from forecast.study.hypotheses.claims import CLAIMS
from forecast.study.hypotheses.claims.effects import visits_of
from forecast.study.hypotheses.engine import Ahead, Claim, Engine, Reading
from forecast.study.hypotheses.evidence import FINER, USUAL, own_posterior
from forecast.study.hypotheses.likelihood import likelihoods
from forecast.study.hypotheses.models import CYCLE, RETURN, RETURN_CYCLE
from forecast.study.hypotheses.nulls import stands_out
from forecast.study.hypotheses.outcome import (
    LIMIT,
    TEMPLATES,
    UNTESTED,
    Answer,
    Choice,
    Outcome,
    exception_words,
    exceptions,
    sentences,
)
from forecast.study.hypotheses.power import (
    SIZE_TABLE,
    Rate,
    like_embedded,
    power_words,
    rates_of,
    would_decide,
)
from forecast.study.hypotheses.record import Record, read_panel, too_short, turned_back

SCHEMA = 4
PARTS = {PENDULUM.code: ("S5a", "S5b")}
"""Claims that are answered in parts."""
EXPLORATORY = "exploratory"


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
        own = asdict(self.outcome)
        for name in ("without_dyad", "without_state"):
            own[name] = dict(zip(("name", "log_bayes_factor"), own[name], strict=True))
        own["windows"] = {
            name: dict(zip(("gain", "error"), one, strict=True))
            for name, one in own["windows"].items()
        }
        own["exceptions"] = exceptions(self.outcome)
        for name, value in own["details"].items():
            if isinstance(value, Mapping):
                own["details"][name] = {str(key): one for key, one in value.items()}
        error, rates = self.integration_error, [asdict(rate) for rate in self.rates]
        about = {
            "code": self.code,
            "question": self.question,
            "claim": self.claim,
            "limit": self.limit,
        }
        return {**about, **own, "integration_error": error, "rates": rates}

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Return each number with what it is: claim, group, name, value, and no interval."""
        found, choices = self.outcome, {**self.outcome.priors, **self.outcome.parts}
        groups: dict[str, Mapping[str, Any]] = {
            "evidence": {
                "log_bayes_factor": found.log_bayes_factor,
                "least": found.least,
                "most": found.most,
                "limit": self.limit,
                "error": self.integration_error,
            },
            "dyad adds": found.dyads,
            "without dyad": dict([found.without_dyad]),
            "without state": dict([found.without_state]),
            "windows": {name: gain for name, (gain, _) in found.windows.items()},
            "windows, error": {name: error for name, (_, error) in found.windows.items()},
            **{
                f"sensitivity, {part}": {name: getattr(one, part) for name, one in choices.items()}
                for part in ("log_bayes_factor", "least", "most")
            },
            "simulated sets": {one.truth: one.sets for one in self.rates},
            "supported": {one.truth: one.supported for one in self.rates},
            "rejected": {one.truth: one.rejected for one in self.rates},
            "median least": {one.truth: one.least for one in self.rates},
            "median most": {one.truth: one.most for one in self.rates},
        }
        groups["null sets"] = {null.name: null.sets for null in found.nulls}
        groups["null sets as good"] = {null.name: null.as_good for null in found.nulls}
        for group, numbers in groups.items():
            for name, value in numbers.items():
                yield self.code, group, name, value, None, None

    @property
    def fails(self) -> str:
        """Choices under which the answer does not hold, in words; empty if it holds under all."""
        return exception_words(exceptions(self.outcome))

    @property
    def power(self) -> str:
        """Simulated power and false alarms in words."""
        return power_words(self.rates)


QUANTITIES = (
    (CYCLE, "half-life of deviations from the trend", "months", 1.0),
    (RETURN, "half-life of the trend's return", "years", 12.0),
)


@dataclass(frozen=True)
class OwnDyad:
    """One dyad within the hierarchy: its own half-lives given all dyads, and what it adds to the evidence on claims."""

    dyad: str  # Code
    # `quantity`, `unit`, `low`, `median` and `high` given the data, and the same before
    # (`prior_low` and so on)
    rows: tuple[Mapping[str, Any], ...]
    evidence: Mapping[str, float]  # What the dyad adds to `least`, by claim


@dataclass(frozen=True, repr=False)
class PooledResults(Displayed):
    """What the tests of a record found."""

    dyads: tuple[str, ...]  # Codes of the dyads
    first: str  # First month with events, such as `1946-02`
    last: str  # Last month with events
    months: int  # Months with events, over all dyads
    verdicts: tuple[PooledVerdict, ...]
    notes: tuple[str, ...]  # What was left out, and why
    stamp: str = EXPLORATORY  # `exploratory`, `frozen on data already seen` or `confirmatory`
    own: OwnDyad | None = None  # One dyad within the hierarchy; else null
    seed: int = 1  # Of placebo dates
    # By dyad: how far the averages of three calendar decades moved away and back, in points of the
    # cooperative share; of an index in standard deviations
    turned_back: Mapping[str, float] = field(default_factory=dict)
    data_notes: DataNotes = field(
        default_factory=DataNotes
    )  # What readers have to know of the data

    def _card(self) -> Card:
        facts = [
            (one.code, f"{one.outcome.answer}, log Bayes factor {number(one.outcome.least, 1)}")
            for one in self.verdicts
        ]
        return Card(f"Tests of {len(self.dyads)} dyads", tuple(facts))

    def __getitem__(self, code: str) -> PooledVerdict:
        """Return the verdict on a claim."""
        return next(one for one in self.verdicts if one.code == code)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON."""
        names = ("dyads", "first", "last", "months", "notes", "stamp", "seed", "turned_back")
        facts = {name: getattr(self, name) for name in names} | {
            "doubts": tuple(sentences("doubts"))
        }
        facts |= self.data_notes.facts
        own = None if self.own is None else asdict(self.own)
        return {
            "schema": SCHEMA,
            **facts,
            "own": own,
            "claims": [one.to_dict() for one in self.verdicts],
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
        >>> frame[frame["group"] == "dyad adds"].pivot(index="name", columns="code", values="value")  # doctest: +SKIP
        """
        rows = [row for one in self.verdicts for row in one.rows()]
        for row in self.own.rows if self.own else ():
            for group, start in (("own dyad", ""), ("own dyad, prior", "prior_")):
                ends = (row[f"{start}{name}"] for name in ("median", "low", "high"))
                rows.append(("", group, row["quantity"], *ends))
        for code, value in self.own.evidence.items() if self.own else ():
            rows.append((code, "own dyad, evidence", "", value, None, None))
        return pd.DataFrame(rows, columns=["code", "group", "name", "value", "low", "high"])

    def lines(self) -> list[str]:
        """Return the results as lines for a terminal."""
        return wording.lines(TEMPLATES, "lines", results=self)


WIDTHS = {"with priors half as wide": 0.5, "with priors twice as wide": 2.0}
WINDOWS = {"months 13 to 24": (12, 24), "months 25 to 60": (24, 60), "months 61 to 120": (60, 120)}
FIRST_ORIGIN = 180
"""Months of the record before the first window ahead."""
FEWEST = 4
"""Dyads of a record that can be split by how far they turned back."""


def parts_of(engine: Engine) -> dict[str, Engine]:
    """Return engines of each half of the record, and of the dyads that turned back least and most, by name."""
    record, end = engine.record, engine.record.events.shape[1]
    middle = int(
        np.median(np.repeat(np.arange(end), (record.events != 0).sum(axis=0)))
    )  # by months with events
    halves = {
        f"in the first half of the record (to {record.time[middle - 1]})": record.between(
            0, middle
        ),
        f"in the second half of the record (from {record.time[middle]})": record.between(
            middle, end
        ),
    }
    brief = replace(engine, brief=True)
    parts = {
        name: replace(brief, record=half, centres={}, kept={}, variants={})
        for name, half in halves.items()
    }
    size = len(record.dyads)
    if size >= FEWEST:
        order = [int(at) for at in np.argsort(-turned_back(record), kind="stable")]
        most, least = (tuple(sorted(part)) for part in (order[: size // 2], order[size // 2 :]))
        parts[f"without the {len(most)} dyads that turned back most"] = replace(brief, only=least)
        parts["with those dyads alone"] = replace(brief, only=most)
    return parts


def sensitivity(claim: Claim, engine: Engine, parts: Mapping[str, Engine]) -> dict[str, Any]:
    """Test a claim with other widths of priors (`priors`) and on `parts`, and score `windows` ahead."""
    priors = {
        name: _choice(claim, replace(engine, width=width, brief=True))
        for name, width in WIDTHS.items()
    }
    by_part = {name: _choice(claim, part) for name, part in parts.items()}
    ahead = {} if claim.ahead is None else windows(engine, claim.ahead)
    return {"priors": priors, "parts": by_part, "windows": ahead}


def _choice(claim: Claim, engine: Engine) -> Choice:
    if claim.lacks(engine.record):
        return Choice(np.nan, np.nan, np.nan, UNTESTED)
    found = claim.test(engine)
    return Choice(found.log_bayes_factor, found.least, found.most, found.answer)


def windows(engine: Engine, ahead: Ahead) -> dict[str, tuple[float, float]]:
    """Score windows ahead with the months between left out: mean difference of log predictions, standard error.

    The claim's predictions are those of its readings, each as likely before the data.
    """
    claim, rival = ahead(engine)
    found: dict[str, tuple[float, float]] = {}
    for name, (first, last) in WINDOWS.items():
        start, stop = int(engine.record.first.min()), int(engine.record.stop.max())
        origins = range(start + FIRST_ORIGIN, stop - last, last)
        gains = np.array(
            [
                _gain(origin, first, last, claim) - _gain(origin, first, last, [rival])
                for origin in origins
            ]
        )
        if len(gains) > 1:
            found[name] = float(gains.mean()), float(gains.std(ddof=1) / np.sqrt(len(gains)))
    return found


def _gain(origin: int, first: int, last: int, readings: Sequence[Reading]) -> float:
    """Return the log predictive density of a window, summed over dyads."""
    month = np.arange(readings[0].record.events.shape[1])
    past, window = month < origin, (month >= origin + first) & (month < origin + last)

    def total(seen: Bool) -> float:
        logs = []
        for record, point in readings:
            part = record.without_months(np.broadcast_to(~seen, record.events.shape))
            logs.append(likelihoods(part.steps, point)[..., 0].sum())
        return float(np.logaddexp.reduce(logs))

    return total(past | window) - total(past)


@checked
def pooled_tests(
    panel: xr.Dataset,
    *,
    events: EventTable | None = None,
    claims: Sequence[str] = (),
    dyad: str | None = None,
    cores: int | None = None,
    seed: Seed = 1,
    progress: Progress | None = None,
) -> PooledResults:
    """Test claims on all dyads of a panel at once.

    Parameters
    ----------
    panel : xarray.Dataset
        Monthly counts of at least two dyads, such as ``build_panel(read_chronology())`` returns.
    events : EventTable, optional
        The events of the panel; the claim on visits (``S10``) finds them among these.
    claims : sequence of str
        Codes: ``S2``, ``S4``, ``S5a``, ``S5b``, ``S5c``, ``S6``, ``S7``, ``S8``, ``S10``, ``S12``, or ``S5``
        for ``S5a`` and ``S5b``. By default all that the panel can answer, except ``S5c`` and
        ``S12``.
    dyad : str, optional
        A dyad that is also shown within the hierarchy, such as ``USA-CHN``.
    cores : int, optional
        Threads; by default one per core. Changes no number.
    seed : int or numpy.random.Generator
        Of the placebo dates.
    progress : callable, optional
        Called with (step in words, done, total).

    Returns
    -------
    PooledResults

    Raises
    ------
    SpecError, DataError
        Before any work: for an unknown claim or dyad, or if the panel cannot answer a claim that is
        named.

    Examples
    --------
    >>> from forecast import build_panel, pooled_tests, read_chronology
    >>> results = pooled_tests(build_panel(read_chronology()))  # doctest: +SKIP
    >>> results["S5b"].outcome.answer  # doctest: +SKIP
    'undecided'
    """
    seed = whole_seed(seed)
    tell, codes, cores = progress or silent, parse_claims(claims), cores or os.cpu_count() or 1
    record = read_panel(panel, None if events is None else visits_of(events, panel))
    if dyad is not None and dyad not in record.dyads:
        raise SpecError(f"dyad: the data have no {dyad!r:.40}; choose among {join(record.dyads)}")
    codes, record, notes = _answerable(codes, record, named=bool(claims))
    if dyad is not None and dyad not in record.dyads:
        raise SpecError(
            f"dyad: {dyad} is too short for all of {join(codes)}; choose among {join(record.dyads)}"
        )
    engines, verdicts = dict[tuple[str, ...], _Engines](), []
    for at, code in enumerate(codes):
        tell(f"{code}, {CLAIMS[code].claim}", at, len(codes))
        long = record.lasting(CLAIMS[code].months)
        if long.dyads not in engines:
            engines[long.dyads] = _Engines.of(long, cores, seed)
        verdicts.append(_verdict(CLAIMS[code], engines[long.dyads]))
    own = None
    if dyad is not None:
        tell(f"{dyad} within the hierarchy", len(codes), len(codes))
        evidence = {
            one.code: one.outcome.dyads[dyad] for one in verdicts if dyad in one.outcome.dyads
        }
        whole = engines.get(record.dyads) or _Engines.of(record, cores, seed)
        own = own_dyad(whole.coarse, dyad, evidence)
    tell("all claims", len(codes), len(codes))
    first, last = (str(record.time[at]) for at in (np.min(record.first), np.max(record.stop) - 1))
    months = int((record.events != 0).sum())
    turned = dict(zip(record.dyads, turned_back(record).tolist(), strict=True))
    return PooledResults(
        record.dyads,
        first,
        last,
        months,
        tuple(verdicts),
        notes,
        own=own,
        seed=seed,
        turned_back=turned,
        data_notes=notes_of_panel(panel, record.dyads),
    )


def own_dyad(engine: Engine, dyad: str, evidence: Mapping[str, float]) -> OwnDyad:
    """Read a dyad off the hierarchy of a reverting trend with a cycle."""
    at, found = engine.record.dyads.index(dyad), engine.evidence(RETURN_CYCLE)
    rows = []
    for axis, name, unit, scale in QUANTITIES:
        places, chance = own_posterior(
            found, engine.variant("plain").steps, at, axis, engine.finesse
        )
        below = np.cumsum(chance) - 0.5 * chance
        points = np.exp(np.interp((0.05, 0.5, 0.95), below, np.log(places))) / scale
        own = replace(axis, sd=math.hypot(axis.sd, axis.spread))  # Mean and dyads around it
        prior = [one / scale for one in own.prior_interval()]
        names = ("low", "median", "high", "prior_low", "prior_median", "prior_high")
        row = dict(zip(names, (*points.tolist(), *prior), strict=True))
        rows.append({"quantity": name, "unit": unit, **row})
    return OwnDyad(dyad, tuple(rows), evidence)


@dataclass(frozen=True)
class _Engines:
    """The engines of the dyads that are long enough for a claim."""

    coarse: Engine  # With fewer nodes
    fine: Engine
    parts: Mapping[str, Engine]  # By name of the part of the record

    @classmethod
    def of(cls, record: Record, cores: int, seed: int) -> "_Engines":
        """Make the engines of a record."""
        fine = Engine(record, cores, FINER, seed=seed)
        return cls(
            Engine(record, cores, USUAL, placebos=1, seed=seed, brief=True), fine, parts_of(fine)
        )


def _verdict(claim: Claim, engines: _Engines) -> PooledVerdict:
    coarse, fine = engines.coarse, engines.fine
    rough, outcome = claim.test(coarse), claim.test(fine)
    if outcome.answer == "supported":
        nulls = stands_out(claim, coarse, outcome.least)
        answer: Answer = "undecided" if any(one.too_many for one in nulls) else "supported"
        outcome = replace(outcome, answer=answer, nulls=nulls)
    if outcome.answer != UNTESTED:
        outcome = replace(outcome, **sensitivity(claim, fine, engines.parts))
    error = abs(outcome.log_bayes_factor - rough.log_bayes_factor)
    alike = like_embedded(fine.record)
    rates = rates_of(claim.code) if alike else ()
    sizes = rates_of(claim.code, SIZE_TABLE) if alike else ()
    if outcome.answer == "undecided" and (words := would_decide(rates, sizes)):
        outcome = replace(outcome, details={**outcome.details, "would_decide": words})
    return PooledVerdict(claim.code, claim.question, claim.claim, outcome, error, rates, LIMIT)


def _answerable(
    codes: tuple[str, ...], record: Record, *, named: bool
) -> tuple[tuple[str, ...], Record, tuple[str, ...]]:
    """Return the claims that a record can answer, the dyads that are long enough for any of them, and notes.

    A claim that is named and cannot be answered is an error; any other is left out with a note.
    """
    lacking = _lacking(codes, record)
    if lacking and (named or len(lacking) == len(codes)):
        code, lack = next(iter(lacking.items()))
        raise DataError(f"{code}: {lack}, or leave {code} out")
    answered = tuple(code for code in codes if code not in lacking)
    notes = [f"{code} was left out: {lack}." for code, lack in lacking.items()]
    by_months: dict[int, list[str]] = {}
    for code in answered:
        by_months.setdefault(CLAIMS[code].months, []).append(code)
    for months, tested in by_months.items():
        if short := too_short(record, months):
            notes.append(f"{join(tested)}: without dyads that are too short; {short}.")
    return answered, record.lasting(min(by_months)), tuple(notes)


def _lacking(codes: Sequence[str], record: Record) -> dict[str, str]:
    """Return what a record lacks for the claims that it cannot answer, in words, by claim."""
    return {code: lack for code in codes if (lack := CLAIMS[code].missing(record))}


def lacking_of(
    panel: xr.Dataset, events: EventTable | None, claims: Sequence[str]
) -> dict[str, str]:
    """Return what a panel lacks for the claims that it cannot answer, in words, by claim."""
    record = read_panel(panel, None if events is None else visits_of(events, panel))
    return _lacking(parse_claims(claims), record)


def check_tests(panel: xr.Dataset, events: EventTable | None, claims: Sequence[str]) -> None:
    """Raise what `pooled_tests` would raise before any work, if one of the claims cannot be tested on a panel."""
    for code, lack in lacking_of(panel, events, claims).items():
        raise DataError(f"{code}: {lack}, or leave {code} out")


def parse_claims(claims: Sequence[str]) -> tuple[str, ...]:
    """Return the codes of claims in order; of none given, the usual ones."""
    known = {code.lower(): (code,) for code in CLAIMS} | {
        code.lower(): parts for code, parts in PARTS.items()
    }
    unknown = [claim for claim in claims if claim.strip().lower() not in known]
    if unknown:
        raise SpecError(
            f"claims: {join(unknown)} cannot be tested; choose among {', '.join((*CLAIMS, *PARTS))}"
        )
    asked = {code for claim in claims for code in known[claim.strip().lower()]}
    return tuple(
        code for code, one in CLAIMS.items() if code in asked or (not claims and one.usual)
    )
