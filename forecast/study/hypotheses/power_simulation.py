"""Simulated records of several processes, and what the tests of claims find in them.

A claim is supported in a simulated record if its least log Bayes factor exceeds a limit. The limit
is what at most 5% of the record's null sets reach (`nulls`), and at least that of the rule. The
null sets on which false alarms are counted are not those that set the limit.
"""

import hashlib
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from forecast.base.errors import DataError, SpecError
from forecast.base.progress import Progress
from forecast.base.wording import join
from forecast.study.hypotheses.checkpoint import Checkpoint, TestRow
from forecast.study.hypotheses.claims import CLAIMS
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
from forecast.study.hypotheses.outcome import LIMIT, decide
from forecast.study.hypotheses.power_tables import Rate
from forecast.study.hypotheses.record import PooledRecord, too_short
from forecast.study.hypotheses.simulate import PROCESSES, SimulatedProcess, enlarge, simulate

PLACEBOS = 60  # placebo sets of each simulated record: a share of 5% is 3 of them
TESTS = 5  # version of the tests on simulated records; a checkpoint of another version is rejected


class Task(NamedTuple):
    """One simulated record, and the claims to test on it."""

    truth: str
    number: int  # of the record among those of its process
    codes: list[str]


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
            for name in processes or every_process
            if set(every_process[name].claims) & set(codes)
        )
        if not names:
            raise SpecError(f"claims: no simulated records are about {join(codes)}")
        return cls(
            record=larger,
            codes=codes,
            processes=every_process,
            names=names,
            sets=sets,
            limit_sets=limit_sets,
            size=size,
            seed=seed,
            checkpoint=Checkpoint.open(checkpoint, _identity(record, seed)),
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
        tasks = []
        for number in range(self.limit_sets):
            for null in NULL_KINDS:
                codes = [code for code in self.codes if null in CLAIMS[code].nulls]
                tasks.append(self._task(null, number, codes))
        for position in range(self.sets):
            for name in self.names:
                codes = [code for code in self.processes[name].claims if code in self.codes]
                tasks.append(self._task(name, self.numbers(name)[position], codes))
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
        least_median, most_median, _ = np.median(rows, axis=0)
        return Rate(
            truth=name,
            true=self.processes[name].follows(code),
            sets=len(rows),
            supported=sum(is_supported(row, limit) for row in rows),
            rejected=sum(decide(least, most, limit) == "rejected" for least, most, _ in rows),
            least=float(least_median),
            most=float(most_median),
            dyads=len(self.record.dyads),
            events=self.size[1],
            limit=limit,
            months=int((self.record.events != 0).sum()),
        )

    def family(self) -> tuple[FamilyRate, ...]:
        """Return how often any false claim is supported: in null sets, and with shared shocks."""
        limits = {code: self.limit(code) for code in self.codes}
        rates = []
        for name in self.names:
            process = self.processes[name]
            false_claims = [
                code for code in process.claims if code in limits and not process.follows(code)
            ]
            if false_claims and (name in NULL_KINDS or process.shared):
                alarms = sum(
                    self._any_supported(name, number, false_claims, limits)
                    for number in self.numbers(name)
                )
                rates.append(FamilyRate(name, self.sets, alarms, tuple(false_claims)))
        return tuple(rates)

    def _any_supported(
        self, name: str, number: int, codes: Sequence[str], limits: Mapping[str, float]
    ) -> bool:
        """Check whether any of some claims is supported in a simulated record."""
        return any(is_supported(self.row(name, number, code), limits[code]) for code in codes)


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
