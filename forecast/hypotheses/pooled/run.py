"""Pooled tests of a panel: checks before any work, the tests of the general claims, and their results."""

import csv
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.arguments import CALLABLE, PANEL, TEXTS, checked, whole
from forecast.errors import DataError, SpecError
from forecast.hypotheses.pooled.claims import TESTS, Engine, Outcome
from forecast.hypotheses.pooled.evidence import FINER, USUAL
from forecast.hypotheses.pooled.record import Record, read_panel
from forecast.hypotheses.pooled.simulate import TRUTHS
from forecast.progress import Progress, silent
from forecast.theory import DECLINE, PENDULUM
from forecast.wording import Card, Displayed, join, number

if TYPE_CHECKING:
    import xarray as xr

SCHEMA = 1
PARTS = {PENDULUM.code: ("S5a", "S5b")}
"""Claims that pooled tests answer in parts."""
TITLES = {
    DECLINE.code: "the trend jumps where named eras begin",
    "S5a": "deviations from the trend fade",
    "S5b": "the trend returns to a long-run mean",
}
POWER_TABLE = Path(__file__).with_name("power.csv")


@dataclass(frozen=True)
class Rate:
    """How often a test supported and rejected a claim on simulated record sets."""

    truth: str
    true: bool  # Whether the claim is true of them
    sets: int
    supported: int
    rejected: int


@dataclass(frozen=True)
class PooledVerdict:
    """The outcome of the test of one general claim."""

    code: str
    claim: str
    outcome: Outcome
    integration_error: float  # Difference of the log Bayes factor from a coarser integration
    rates: tuple[Rate, ...]  # On record sets like the embedded one

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON."""
        own = asdict(self.outcome)
        details = {
            name: {str(key): one for key, one in value.items()} if isinstance(value, dict) else value
            for name, value in own.pop("details").items()
        }
        for name in ("without_dyad", "without_state"):
            own[name] = dict(zip(("name", "log_bayes_factor"), own[name], strict=True))
        error, rates = self.integration_error, [asdict(rate) for rate in self.rates]
        return {"code": self.code, "claim": self.claim, **own, "integration_error": error, **details, "rates": rates}


@dataclass(frozen=True, repr=False)
class PooledResults(Displayed):
    """What the pooled tests of a record found."""

    dyads: tuple[str, ...]
    first: str  # First and last month with events, such as 1946-02
    last: str
    months: int  # With events, over all dyads
    verdicts: tuple[PooledVerdict, ...]
    notes: tuple[str, ...]

    def _card(self) -> Card:
        facts = [
            (one.code, f"{one.claim}: {one.outcome.answer}, log Bayes factor {number(one.outcome.log_bayes_factor, 1)}")
            for one in self.verdicts
        ]
        return Card(f"Pooled tests of {len(self.dyads)} dyads", tuple(facts))

    def __getitem__(self, code: str) -> PooledVerdict:
        """Return the verdict on a claim."""
        return next(one for one in self.verdicts if one.code == code)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON."""
        facts = {name: getattr(self, name) for name in ("dyads", "first", "last", "months", "notes")}
        return {"schema": SCHEMA, **facts, "claims": [one.to_dict() for one in self.verdicts]}


@checked(panel=PANEL, claims=TEXTS, cores=whole(1), seed=whole(0), progress=CALLABLE)
def pooled_tests(
    panel: "xr.Dataset",
    *,
    claims: Sequence[str] = (),
    cores: int = 1,
    seed: int = 1,
    progress: Progress | None = None,
) -> PooledResults:
    """Test the general claims on all dyads of a panel at once.

    Parameters
    ----------
    panel : xarray.Dataset
        Monthly counts of at least two dyads, such as ``build_panel(read_chronology())`` returns.
    claims : sequence of str
        Codes: ``S2``, ``S5a``, ``S5b``, or ``S5`` for both of its parts. By default all that the panel can answer.
    cores : int
        How many threads; changes no number.
    seed : int
        Of the placebo dates.
    progress : callable, optional
        Called with (step in words, done, total).

    Returns
    -------
    PooledResults

    Raises
    ------
    SpecError, DataError
        Before any work: if a claim is about one dyad, or the panel cannot answer it.

    Examples
    --------
    >>> from forecast import build_panel, pooled_tests, read_chronology
    >>> results = pooled_tests(build_panel(read_chronology()))  # doctest: +SKIP
    >>> results["S5b"].outcome.log_bayes_factor  # doctest: +SKIP
    10.8
    """
    tell, codes = progress or silent, parse_claims(claims)
    record, notes = read_panel(panel), []
    if not record.eras and DECLINE.code in codes:
        if claims:
            raise DataError(
                "S2: no dyad has an era that begins within its record; name eras with their first days "
                "(docs/events.md), or leave S2 out"
            )
        codes = tuple(code for code in codes if code != DECLINE.code)
        notes.append("S2 was left out: no dyad has an era that begins within its record.")
    fine = Engine(record, cores, FINER, seed=seed)
    coarse = replace(fine, finesse=USUAL, placebos=1, kept={})
    verdicts = []
    for at, code in enumerate(codes):
        tell(f"{code}, {TITLES[code]}", at, len(codes))
        rough, outcome = TESTS[code](coarse), TESTS[code](fine)
        error = abs(outcome.log_bayes_factor - rough.log_bayes_factor)
        verdicts.append(PooledVerdict(code, TITLES[code], outcome, error, rates_of(code)))
    tell("all claims", len(codes), len(codes))
    first, last = _span(panel, record)
    months = int((record.events > 0).sum())
    return PooledResults(record.dyads, first, last, months, tuple(verdicts), tuple(notes))


def parse_claims(claims: Sequence[str]) -> tuple[str, ...]:
    """Return the codes of claims in order; of none given, all."""
    known = {code.lower(): (code,) for code in TESTS} | {code.lower(): parts for code, parts in PARTS.items()}
    unknown = [claim for claim in claims if claim.strip().lower() not in known]
    if unknown:
        raise SpecError(
            f"claims: {join(unknown)} cannot be tested on several dyads at once; choose among "
            f"{', '.join((*TESTS, *PARTS))}, or name one dyad with --dyad"
        )
    asked = {code for claim in claims for code in known[claim.strip().lower()]}
    return tuple(code for code in TESTS if code in asked or not claims)


def rates_of(code: str) -> tuple[Rate, ...]:
    """Return how often the test of a claim answered what on simulated record sets."""
    with POWER_TABLE.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["claim"] == code]
    return tuple(
        Rate(
            row["truth"], TRUTHS[row["truth"]].follows(code), int(row["sets"]), int(row["supported"]),
            int(row["rejected"]),
        )
        for row in rows
    )  # fmt: skip


def _span(panel: "xr.Dataset", record: Record) -> tuple[str, str]:
    """Return the first and the last month with events."""
    months = panel["time"].to_numpy().astype("datetime64[M]")
    return str(months[np.min(record.first)]), str(months[np.max(record.stop) - 1])
