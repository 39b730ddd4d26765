"""Power and false alarms of the tests of claims, counted on simulated records.

A claim is supported in a simulated record if its least log Bayes factor exceeds a limit. The limit
is what at most 5% of the record's null sets reach (`nulls`), and at least that of the rule. The
null sets on which false alarms are counted are not those that set the limit.

Two tables of the package count simulated records like the embedded one, and larger ones.
`simulate_power` makes such a table for any panel, and `power_of_shape` a small one within about a
minute. Both run a `PowerSimulation`.
"""

import csv
import hashlib
import math
import os
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from pydantic import TypeAdapter

from forecast.base.arguments import checked
from forecast.base.errors import DataError, SpecError
from forecast.base.limits import whole_seed
from forecast.base.progress import Progress, silent
from forecast.base.typing import Seed
from forecast.base.wording import join
from forecast.data.events.dyads import read_dyads
from forecast.data.events.table import EventTable
from forecast.data.panel.kinds import Panel
from forecast.outlook.theory import BALANCE
from forecast.study.hypotheses.checkpoint import Checkpoint, TestRow
from forecast.study.hypotheses.claims import CLAIMS
from forecast.study.hypotheses.claims.effects import visits_of
from forecast.study.hypotheses.claims.eras import MAX_PLACEBO_SHARE
from forecast.study.hypotheses.engine import Engine
from forecast.study.hypotheses.family import FamilyRate
from forecast.study.hypotheses.nulls import (
    MEAN_SDS,
    NULL_KINDS,
    SIMULATION_QUADRATURE,
    limit_of,
    null_process,
    simulated_engine,
)
from forecast.study.hypotheses.outcome import LIMIT, decide, sentences
from forecast.study.hypotheses.record import PooledRecord, read_panel, too_short
from forecast.study.hypotheses.simulate import PROCESSES, SimulatedProcess, enlarge, simulate

POWER_TABLE = Path(__file__).with_name("power.csv")
SIZE_TABLE = Path(__file__).with_name("power_by_size.csv")
SETS = 200  # simulated records of each process: standard errors to 3.5 points
LIMIT_SETS = 100  # null sets of each kind that set the limit of a claim: 5% of them are 5 sets
PLACEBOS = 60  # placebo sets of each simulated record: a share of 5% is 3 of them
DECIDING_SHARE = (
    0.8  # of records that support a true claim: the usual power of a study that decides
)
# share by which a record's months with events may differ from those of the table's records
MAX_MONTHS_DIFFERENCE = 0.05
TESTS = 5  # version of the tests on simulated records; a checkpoint of another version is rejected
# Processes of the small table for one's own data: for each claim one in which it is true
PROCESSES_OF_CLAIMS = {
    "walk + cycle, jumps of 0.8": ("S2",),
    "return + cycle, jumps of 0.6, ceiling 0.5 above": ("S4",),
    "return in 10 years + cycle": ("S5a", "S5b", "S5c", "S8"),
    "reversion five times as strong one log-odds away": ("S6",),
    "visits add 5 points": ("S10",),
    "occasions add 5 points": ("S12",),
}


class Task(NamedTuple):
    """One simulated record, and the claims to test on it."""

    truth: str
    number: int  # of the record among those of its process
    codes: list[str]


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


@checked
def simulate_power(
    panel: Panel,
    *,
    events: EventTable | None = None,
    claims: Sequence[str] = (),
    processes: Sequence[str] = (),
    sets: int = SETS,
    more_dyads: int = 1,
    more_events: int = 1,
    checkpoint: str | Path | None = None,
    cores: int | None = None,
    seed: Seed = 1,
    progress: Progress | None = None,
) -> dict[str, tuple[Rate, ...]]:
    """Simulate records as long and dense as a panel's, and count the answers of the tests on them.

    Parameters
    ----------
    panel : xarray.Dataset
        Monthly counts of at least two dyads.
    events : EventTable, optional
        The events of the panel, among which visits are found.
    claims, processes : sequence of str
        Codes of claims and names of simulated processes. By default all that are simulated.
    sets : int
        Simulated records of each process.
    more_dyads, more_events : int
        Times as many dyads, and as many events per month, as the panel has.
    checkpoint : str or path-like, optional
        File of finished records; with it, the same call continues after an interruption.
    cores : int, optional
        Processes; by default one per core. Changes no number.
    seed : int or numpy.random.Generator
    progress : callable, optional
        Called with (step in words, done, total).

    Returns
    -------
    dict of str to tuple of Rate
        By claim, a rate for each process that its test is about.

    Raises
    ------
    SpecError, DataError
        For unknown claims and processes, and panels that cannot be tested.

    Examples
    --------
    >>> from forecast import build_panel, read_chronology
    >>> from forecast.study.hypotheses.power import simulate_power
    >>> panel = build_panel(read_chronology())
    >>> simulate_power(panel, claims=["S5b"], sets=20)["S5b"]  # doctest: +SKIP
    """
    seed = whole_seed(seed)
    visits = None if events is None else visits_of(events, panel)
    record = read_panel(panel, visits)
    simulation = PowerSimulation.of(
        record,
        claims,
        processes,
        sets=sets,
        limit_sets=LIMIT_SETS,
        size=(more_dyads, more_events),
        seed=seed,
        checkpoint=None if checkpoint is None else Path(checkpoint),
    )
    simulation.run(cores or os.cpu_count() or 1, progress or silent)
    return simulation.rates()


def power_of_shape(
    record: PooledRecord,
    claims: Sequence[str],
    sets: int,
    *,
    seed: int,
    cores: int,
    progress: Progress = silent,
) -> tuple[dict[str, tuple[Rate, ...]], tuple[FamilyRate, ...]]:
    """Return power and false alarms on a few simulated records of a record's own shape.

    The rates are by claim, and those of all claims together. For each claim one process is
    simulated in which it is true, and the null sets that a supported claim must stand out from. As
    many further null sets of each kind set the limit: the largest log Bayes factor among them.
    """
    processes = [name for name, about in PROCESSES_OF_CLAIMS.items() if set(about) & set(claims)]
    nulls = [kind for kind in NULL_KINDS if any(kind in CLAIMS[code].nulls for code in claims)]
    simulation = PowerSimulation.of(
        record, claims, (*processes, *nulls), sets=sets, limit_sets=sets, seed=seed
    )
    simulation.run(cores, progress)
    return simulation.rates(), simulation.family()


@dataclass(frozen=True)
class PowerSimulation:
    """Simulated records of several processes that imitate a record, and what the tests find."""

    record: PooledRecord  # Imitated by the simulated ones; enlarged if these are to be larger
    codes: tuple[str, ...]  # Claims that are tested
    processes: Mapping[str, SimulatedProcess]  # By name, null sets included
    names: tuple[str, ...]  # Processes on which answers are counted
    sets: int  # Simulated records that are counted, for each process
    limit_sets: int  # Null sets of each kind that set the limits
    size: tuple[int, int]  # Times as many dyads, and as many events per month
    seed: int
    checkpoint: Checkpoint

    @classmethod
    def of(
        cls,
        record: PooledRecord,
        claims: Sequence[str],
        processes: Sequence[str],
        *,
        sets: int,
        limit_sets: int,
        size: tuple[int, int] = (1, 1),
        seed: int,
        checkpoint: Path | None = None,
    ) -> "PowerSimulation":
        """Check the arguments, and read the results that a checkpoint holds."""
        if record.value is not None:
            raise DataError(
                "data: power is simulated for counts of events, and this is an index; "
                "test it without simulated power"
            )
        identity = _identity(record, seed)
        larger = record if size == (1, 1) else enlarge(record, *size)
        _reject_unknown("claims", claims, CLAIMS)
        months = max(CLAIMS[code].months for code in claims or CLAIMS)
        if short := too_short(larger, months):
            raise DataError(f"data: {short}; leave them out, or name claims that need fewer")
        codes = tuple(code for code in claims or CLAIMS if not CLAIMS[code].lacks(larger))
        every_process = PROCESSES | _null_processes(larger, seed)
        _reject_unknown("processes", processes, every_process)
        names = tuple(
            name
            for name in tuple(processes) or every_process
            if set(every_process[name].claims) & set(codes)
        )
        if not names:
            raise SpecError(f"claims: no simulated records are about {join(codes)}")
        return cls(
            larger,
            codes,
            every_process,
            names,
            sets,
            limit_sets,
            size,
            seed,
            Checkpoint.open(checkpoint, identity),
        )

    def run(self, cores: int, progress: Progress) -> None:
        """Simulate and test the records that the checkpoint does not hold."""
        tasks = self.tasks()
        missing = [task for task in tasks if task.codes]
        done = len(tasks) - len(missing)
        work = partial(_test_simulated, self.record, self.seed, self.processes, self.limit_sets)
        for task, rows in _run_tasks(work, missing, cores):
            for code, row in rows.items():
                self.checkpoint.add(self.key(task.truth, task.number, code), row)
            done += 1
            progress("simulating records", done, len(tasks))

    def tasks(self) -> list[Task]:
        """Return a task for each simulated record, with the claims that are not yet tested on it.

        Null sets that set the limits come first.
        """
        tasks = [
            self._task(null, number, [code for code in self.codes if null in CLAIMS[code].nulls])
            for number in range(self.limit_sets)
            for null in NULL_KINDS
        ]
        tasks += [
            self._task(
                name, number, [code for code in self.processes[name].claims if code in self.codes]
            )
            for position in range(self.sets)
            for name in self.names
            for number in [self.numbers(name)[position]]
        ]
        return tasks

    def _task(self, name: str, number: int, codes: Sequence[str]) -> Task:
        """Return the task of one simulated record, with those of the claims that are missing."""
        rows = self.checkpoint.rows
        missing = [code for code in codes if self.key(name, number, code) not in rows]
        return Task(name, number, missing)

    def numbers(self, name: str) -> range:
        """Return the numbers of the records that are counted; null sets that set limits are not."""
        first = self.limit_sets if name in NULL_KINDS else 0
        return range(first, first + self.sets)

    def key(self, name: str, number: int, code: str) -> str:
        """Return the key of a test in the checkpoint."""
        dyads, events = self.size
        larger = "" if self.size == (1, 1) else f"{dyads} x {events};"
        return f"{larger}{name};{number};{code}"

    def row(self, name: str, number: int, code: str) -> TestRow:
        """Return what the test of a claim found on a simulated record."""
        return self.checkpoint.rows[self.key(name, number, code)]

    def limit(self, code: str) -> float:
        """Return the log Bayes factor from which a claim is supported, by its null sets."""
        limits = [
            limit_of([self.row(null, number, code)[0] for number in range(self.limit_sets)])
            for null in CLAIMS[code].nulls
        ]
        return max(limits, default=LIMIT)

    def rates(self) -> dict[str, tuple[Rate, ...]]:
        """Return how often each claim was supported and rejected, by process."""
        rates: dict[str, tuple[Rate, ...]] = {}
        for code in self.codes:
            names = [name for name in self.names if code in self.processes[name].claims]
            if names:
                limit = self.limit(code)
                rates[code] = tuple(self._rate(name, code, limit) for name in names)
        return rates

    def _rate(self, name: str, code: str, limit: float) -> Rate:
        """Count the answers of one test on the records of one process."""
        rows = [self.row(name, number, code) for number in self.numbers(name)]
        least, most, _ = np.median(rows, axis=0)
        return Rate(
            name,
            self.processes[name].follows(code),
            len(rows),
            sum(is_supported(row, limit) for row in rows),
            sum(decide(least, most, limit) == "rejected" for least, most, _ in rows),
            float(least),
            float(most),
            len(self.record.dyads),
            self.size[1],
            limit,
            int((self.record.events != 0).sum()),
        )

    def family(self) -> tuple[FamilyRate, ...]:
        """Return how often any false claim is supported: in null sets, and with shared shocks."""
        limits = {code: self.limit(code) for code in self.codes}
        rates = []
        for name in self.names:
            process = self.processes[name]
            if name not in NULL_KINDS and not process.shared:
                continue
            false = [
                code for code in process.claims if code in limits and not process.follows(code)
            ]
            if not false:
                continue
            alarms = sum(
                any(is_supported(self.row(name, number, code), limits[code]) for code in false)
                for number in self.numbers(name)
            )
            rates.append(FamilyRate(name, self.sets, alarms, tuple(false)))
        return tuple(rates)


def is_supported(row: TestRow, limit: float) -> bool:
    """Check whether a claim is supported in a simulated record, also against placebo dates."""
    least, most, placebo_share = row
    return decide(least, most, limit) == "supported" and placebo_share <= MAX_PLACEBO_SHARE


def _null_processes(record: PooledRecord, seed: int) -> dict[str, SimulatedProcess]:
    """Return the processes of a record's null sets, on which all simulated claims are tested."""
    engine = Engine(record, seed=seed)
    claims = tuple(dict.fromkeys(code for process in PROCESSES.values() for code in process.claims))
    return {name: replace(null_process(name, engine), claims=claims) for name in NULL_KINDS}


def _reject_unknown(field: str, names: Sequence[str], choices: Iterable[str]) -> None:
    """Reject names that are not among the choices."""
    if unknown := [name for name in names if name not in choices]:
        raise SpecError(f"{field}: {join(unknown)}; choose among {'; '.join(choices)}")


def _run_tasks(
    work: Callable[[Task], dict[str, TestRow]], tasks: Sequence[Task], cores: int
) -> Iterator[tuple[Task, dict[str, TestRow]]]:
    """Run tasks on several cores, and yield each with its results when it is completed."""
    if cores == 1:
        yield from ((task, work(task)) for task in tasks)
        return
    with ProcessPoolExecutor(cores) as pool:
        pending = {pool.submit(work, task): task for task in tasks}
        try:
            for future in as_completed(pending):
                yield pending[future], future.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _test_simulated(
    record: PooledRecord,
    seed: int,
    processes: Mapping[str, SimulatedProcess],
    limit_sets: int,
    task: Task,
) -> dict[str, TestRow]:
    """Simulate a record, and test claims on it."""
    name, number, codes = task
    # Its seed depends on the process, the number and the user's seed alone, so that the same record
    # comes whatever else is simulated.
    seed_of_record = zlib.crc32(name.encode()) + number + (seed << 33)
    simulated = simulate(record, processes[name], seed_of_record)
    sets_limit = name in NULL_KINDS and number < limit_sets
    engine = simulated_engine(simulated, PLACEBOS, name if sets_limit else "")
    rows = {}
    for code in codes:
        outcome = CLAIMS[code].test(engine)
        placebo_share = max(outcome.details.get("placebos_as_good", {"": 0.0}).values())
        rows[code] = outcome.least, outcome.most, placebo_share
    return rows


def _identity(record: PooledRecord, seed: int) -> str:
    """Return a digest of everything that results on simulated records depend on."""
    digest = hashlib.sha256(
        f"{TESTS} {seed} {SIMULATION_QUADRATURE} {MEAN_SDS} {PLACEBOS} {record.dyads}".encode()
    )
    for array in (record.events, record.cooperative, record.begins, record.prompt, record.volume):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


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
