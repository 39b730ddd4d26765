"""Rates at which tests of claims answer on simulated records: tables of the package, and words.

Two tables count simulated records like the embedded one, and larger ones.
``scripts/simulate_power.py`` makes them.
"""

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from forecast.data.events.dyads import read_dyads
from forecast.outlook.theory import BALANCE
from forecast.study.hypotheses.claims import CLAIMS
from forecast.study.hypotheses.family import FamilyRate
from forecast.study.hypotheses.nulls import NULL_KINDS
from forecast.study.hypotheses.outcome import LIMIT, sentences
from forecast.study.hypotheses.record import PooledRecord
from forecast.study.hypotheses.simulate import PROCESSES

POWER_TABLE = Path(__file__).with_name("power.csv")
SIZE_TABLE = Path(__file__).with_name("power_by_size.csv")
# share of records that support a true claim: the usual power of a study that decides
DECIDING_SHARE = 0.8
# share by which a record's months with events may differ from those of the table's records
MAX_MONTHS_DIFFERENCE = 0.05


@dataclass(frozen=True)
class Rate:
    """Answers of a test on the simulated records of a process."""

    truth: str  # Process of the simulated records
    true: bool  # The claim is true of them
    sets: int  # Simulated records
    supported: int  # Records in which the test supported the claim
    rejected: int  # Records in which the test rejected the claim
    least: float = math.nan  # Median of `least` of these records, or null
    most: float = math.nan  # Median of `most`, or null
    dyads: int = 0  # Dyads of each record
    events: int = 1  # Times as many events per month as the embedded record has
    limit: float = LIMIT  # Log Bayes factor from which a claim counts as supported
    months: int = 0  # Months with events of the record that is imitated, over all dyads

    @property
    def share(self) -> float:
        """Share of the records that supported the claim."""
        return self.supported / self.sets


def rates_of(code: str, table: Path = POWER_TABLE) -> tuple[Rate, ...]:
    """Return the rates of a claim on records like the embedded one, or on larger ones."""
    with table.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["claim"] == code]
    return TypeAdapter(tuple[Rate, ...]).validate_python(rows)


def family_rates(table: Path = POWER_TABLE) -> tuple[FamilyRate, ...]:
    """Return how often any false claim is supported at most, from a table by claim.

    The table has null sets, and processes in which dyads share shocks. Claims that are tested only
    if they are named are left out.
    """
    usual = [code for code, claim in CLAIMS.items() if claim.usual]
    rates_by_process: dict[str, dict[str, Rate]] = {}
    for code in usual:
        for rate in rates_of(code, table):
            if not rate.true:
                rates_by_process.setdefault(rate.truth, {})[code] = rate
    shared = [name for name, process in PROCESSES.items() if process.shared]
    return tuple(
        FamilyRate(
            name,
            min(rate.sets for rate in rates_by_process[name].values()),
            sum(rate.supported for rate in rates_by_process[name].values()),
            tuple(rates_by_process[name]),
            counted=False,
        )
        for name in (*NULL_KINDS, *shared)
        if name in rates_by_process
    )


def like_embedded(record: PooledRecord) -> bool:
    """Check whether the tables are about a record: the embedded dyads, and about as many months."""
    months = int((record.events != 0).sum())
    simulated = max((rate.months for rate in rates_of(BALANCE.code)), default=0)
    same_dyads = set(record.dyads) == set(read_dyads().index)
    return same_dyads and abs(months - simulated) <= MAX_MONTHS_DIFFERENCE * simulated


def would_decide(rates: Sequence[Rate], sizes: Sequence[Rate]) -> str:
    """Describe which data would decide a claim, from larger records if there are any.

    The description is empty without simulations.
    """
    simulated_in_sizes = [rate.truth for rate in sizes if rate.true]
    if not simulated_in_sizes:
        true_rates = (rate for rate in rates if rate.true)
        best = max(true_rates, key=lambda rate: rate.share, default=None)
        return sentences("would_be_found", best=best)[0] if best else ""
    process = simulated_in_sizes[0]
    by_size = sorted(
        (rate for rate in (*rates, *sizes) if rate.true and rate.truth == process),
        key=lambda rate: (rate.events, rate.dyads),
    )
    deciding = sorted(
        (rate for rate in by_size if rate.supported >= DECIDING_SHARE * rate.sets),
        key=lambda rate: rate.dyads * rate.events,
    )
    return sentences("would_decide", rates=by_size, deciding=deciding)[0]


def power_words(rates: Sequence[Rate]) -> str:
    """Describe power and false alarms of a test in one line."""
    return sentences("power", rates=[rate for rate in rates if rate.sets])[0]
