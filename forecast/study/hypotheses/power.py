"""How often the tests answer what on simulated record sets: power where a claim is true, false alarms where it is not.

The log Bayes factor from which a claim is supported is that which at most 5% of the record's null
sets reach (`nulls`). The null sets of the table are others than those that set this limit.

The tables in the package are of record sets like the embedded one, and of larger ones;
`simulate_power` makes those of any panel.
"""

import csv
import hashlib
import json
import math
import os
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Self

import numpy as np
from pydantic import TypeAdapter, ValidationError

from forecast.base.arguments import checked
from forecast.base.errors import DataError, SpecError
from forecast.base.files import check_target, check_writable
from forecast.base.journal import append_lines, read_journal
from forecast.base.limits import whole_seed
from forecast.base.progress import Progress, silent
from forecast.base.typing import Seed
from forecast.base.wording import join
from forecast.data.events.dyads import read_dyads
from forecast.data.events.table import EventTable
from forecast.data.panel.kinds import Panel
from forecast.outlook.theory import BALANCE
from forecast.study.hypotheses.claims import CLAIMS
from forecast.study.hypotheses.claims.effects import visits_of
from forecast.study.hypotheses.claims.eras import PLACEBO_SHARE
from forecast.study.hypotheses.engine import Engine
from forecast.study.hypotheses.nulls import (
    FINESSE,
    KINDS,
    MEAN_SDS,
    limit_of,
    null_truth,
    simulated_engine,
)
from forecast.study.hypotheses.outcome import LIMIT, decide, sentences
from forecast.study.hypotheses.record import Record, read_panel, too_short
from forecast.study.hypotheses.simulate import TRUTHS, Truth, enlarged, simulate

POWER_TABLE, SIZE_TABLE = (
    Path(__file__).with_name(name) for name in ("power.csv", "power_by_size.csv")
)
SETS = 200
"""Record sets of each truth, as in the tables of the package."""
ENOUGH = 0.8
"""Share of record sets that support a true claim, from which their size is said to decide it."""
LIMIT_SETS = 100  # null sets of each kind that set the limit of a claim
PLACEBOS = 60  # placebo sets of each simulated record set
# share by which the months with events of a record may differ from those of the simulated ones
ALIKE = 0.05
NULLS = KINDS
TESTS = 5
"""Version of what simulated sets are tested for and of the checkpoint; another one is a new
checkpoint."""
type Row = tuple[float, float, float]
"""Least and most log Bayes factor, and the largest share of placebo sets that are as good."""
type Task = tuple[str, int, list[str]]
"""Truth, number of the record set, and claims that are not tested on it yet."""


@dataclass(frozen=True)
class Rate:
    """How often a test supported and rejected a claim on simulated record sets."""

    truth: str  # Process of the simulated record sets
    true: bool  # The claim is true of them
    sets: int  # Simulated record sets
    supported: int  # Sets in which the test supported the claim
    rejected: int  # Sets in which it rejected it
    least: float = math.nan  # Median of `least` of these sets, or null
    most: float = math.nan  # Median of `most`, or null
    dyads: int = 0  # Dyads of each set
    events: int = 1  # Times as many events per month as the embedded record has
    limit: float = LIMIT  # Log Bayes factor from which a set counts as supported
    months: int = 0  # Months with events of the record that the sets imitate, over all dyads

    @property
    def share(self) -> float:
        """Share of the sets that supported the claim."""
        return self.supported / self.sets


@checked
def simulate_power(
    panel: Panel,
    *,
    events: EventTable | None = None,
    claims: Sequence[str] = (),
    truths: Sequence[str] = (),
    sets: int = SETS,
    more_dyads: int = 1,
    more_events: int = 1,
    checkpoint: str | Path | None = None,
    cores: int | None = None,
    seed: Seed = 1,
    progress: Progress | None = None,
) -> dict[str, tuple[Rate, ...]]:
    """Simulate record sets as long and dense as a panel's, and count the answers of the tests on them.

    Parameters
    ----------
    panel : xarray.Dataset
        Monthly counts of at least two dyads.
    events : EventTable, optional
        The events of the panel, among which visits are found.
    claims, truths : sequence of str
        Codes of claims and names of simulated processes. By default all that are simulated.
    sets : int
        Record sets per truth.
    more_dyads, more_events : int
        Times as many dyads, and as many events per month, as the panel has.
    checkpoint : str or path-like, optional
        File of finished sets; with it, the same call continues after an interruption.
    cores : int, optional
        Processes; by default one per core. Changes no number.
    seed : int or numpy.random.Generator
    progress : callable, optional
        Called with (step in words, done, total).

    Returns
    -------
    dict of str to tuple of Rate
        By claim, a rate for each truth that its test is about.

    Raises
    ------
    SpecError, DataError
        For unknown claims and truths, and panels that cannot be tested.

    Examples
    --------
    >>> from forecast import build_panel, read_chronology
    >>> from forecast.study.hypotheses.power import simulate_power
    >>> panel = build_panel(read_chronology())
    >>> simulate_power(panel, claims=["S5b"], sets=20)["S5b"]  # doctest: +SKIP
    """
    seed = whole_seed(seed)
    tell, record = (
        progress or silent,
        read_panel(panel, None if events is None else visits_of(events, panel)),
    )
    if record.value is not None:
        raise DataError("data: power is simulated for counts of events, and this is an index")
    size, identity = (more_dyads, more_events), _identity(record, seed)
    record = record if size == (1, 1) else enlarged(record, *size)
    _known("claims", claims, CLAIMS)
    needed = max(CLAIMS[code].months for code in claims or CLAIMS)
    if short := too_short(record, needed):
        raise DataError(f"data: {short}; leave them out, or name claims that need fewer")
    codes = [code for code in claims or CLAIMS if not CLAIMS[code].lacks(record)]
    nulls = _null_truths(record, seed)
    _known("truths", truths, TRUTHS | nulls)
    every = TRUTHS | nulls
    names = [name for name in tuple(truths) or every if set(every[name].tells) & set(codes)]
    if not names:
        raise SpecError(f"claims: no simulated record sets are about {join(codes)}")
    store = Kept.open(None if checkpoint is None else Path(checkpoint), identity)

    def key(name: str, number: int, code: str) -> str:
        return _key(size, name, number, code)

    tasks = _tasks(names, codes, every, sets, lambda *task: key(*task) not in store.found)
    left = [task for task in tasks if task[2]]
    done = len(tasks) - len(left)
    for (name, at, _), found in _all(
        partial(_tested, record, seed, every), left, cores or os.cpu_count() or 1
    ):
        for code, row in found.items():
            store.add(key(name, at, code), row)
        done += 1
        tell("simulating record sets", done, len(tasks))
    rates: dict[str, tuple[Rate, ...]] = {}
    for code in codes:
        about = [name for name in names if code in every[name].tells]
        if not about:
            continue
        limits = [
            limit_of([store.found[key(name, at, code)][0] for at in range(LIMIT_SETS)])
            for name in CLAIMS[code].nulls
        ]
        limit = max(limits, default=LIMIT)
        rates[code] = tuple(
            _rate(
                [store.found[key(name, at, code)] for at in _numbers(name, sets)],
                code,
                every[name],
                record,
                more_events,
                limit,
            )
            for name in about
        )
    return rates


def _null_truths(record: Record, seed: int) -> dict[str, Truth]:
    """Return the processes of a record's null sets.

    All claims that are simulated are tested on them.
    """
    engine = Engine(record, seed=seed)
    claims = tuple({code: None for truth in TRUTHS.values() for code in truth.tells})
    return {name: replace(null_truth(name, engine), tells=claims) for name in NULLS}


def _numbers(name: str, sets: int) -> range:
    """Return the numbers of the sets that a table counts.

    Of null sets the first ones set the limit.
    """
    return range(LIMIT_SETS, LIMIT_SETS + sets) if name in NULLS else range(sets)


def _tasks(
    names: Sequence[str],
    codes: Sequence[str],
    truths: Mapping[str, Truth],
    sets: int,
    missing: Callable[[str, int, str], bool],
) -> list[Task]:
    """Return what to simulate: sets that are counted, and null sets that set the limits of claims."""
    tasks: list[Task] = []
    for at in range(LIMIT_SETS):
        for name in NULLS:
            tested = [code for code in codes if name in CLAIMS[code].nulls]
            tasks.append((name, at, [code for code in tested if missing(name, at, code)]))
    for at in range(sets):
        for name in names:
            number = _numbers(name, sets)[at]
            tested = [code for code in truths[name].tells if code in codes]
            tasks.append((name, number, [code for code in tested if missing(name, number, code)]))
    return tasks


def _key(size: tuple[int, int], name: str, number: int, code: str) -> str:
    larger = "" if size == (1, 1) else f"{size[0]} x {size[1]};"
    return f"{larger}{name};{number};{code}"


def _known(field: str, names: Sequence[str], known: Iterable[str]) -> None:
    if unknown := [name for name in names if name not in known]:
        raise SpecError(f"{field}: {join(unknown)}; choose among {'; '.join(known)}")


def _all(
    work: Callable[[Task], dict[str, Row]], tasks: Sequence[Task], cores: int
) -> Iterator[tuple[Task, dict[str, Row]]]:
    """Yield the tasks with their results as they are done."""
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


def _tested(record: Record, seed: int, truths: Mapping[str, Truth], task: Task) -> dict[str, Row]:
    """Simulate a record set, and test claims on it."""
    name, number, codes = task
    made = simulate(record, truths[name], zlib.crc32(name.encode()) + number + (seed << 33))
    limiting = name in NULLS and number < LIMIT_SETS
    engine = simulated_engine(made, PLACEBOS, name if limiting else "")
    found = {}
    for code in codes:
        outcome = CLAIMS[code].test(engine)
        placebo = max(outcome.details.get("placebos_as_good", {"": 0.0}).values())
        found[code] = outcome.least, outcome.most, placebo
    return found


def _rate(
    rows: Sequence[Row], code: str, truth: Truth, record: Record, events: int, limit: float
) -> Rate:
    answers = [decide(least, most, limit) for least, most, _ in rows]
    supported = sum(
        answer == "supported" and placebo <= PLACEBO_SHARE
        for answer, (*_, placebo) in zip(answers, rows, strict=True)
    )
    least, most, _ = np.median(rows, axis=0)
    return Rate(
        truth.name,
        truth.follows(code),
        len(rows),
        supported,
        answers.count("rejected"),
        float(least),
        float(most),
        len(record.dyads),
        events,
        limit,
        int((record.events != 0).sum()),
    )


def _identity(record: Record, seed: int) -> str:
    """Return a digest of what simulated sets rest on."""
    digest = hashlib.sha256(
        f"{TESTS} {seed} {FINESSE} {MEAN_SDS} {PLACEBOS} {record.dyads}".encode()
    )
    for one in (record.events, record.cooperative, record.begins, record.prompt, record.volume):
        digest.update(np.ascontiguousarray(one).tobytes())
    return digest.hexdigest()


def rates_of(code: str, table: Path = POWER_TABLE) -> tuple[Rate, ...]:
    """Return the rates of the test of a claim on record sets like the embedded one, or on larger ones."""
    with table.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["claim"] == code]
    return TypeAdapter(tuple[Rate, ...]).validate_python(rows)


def like_embedded(record: Record) -> bool:
    """Check whether the table of simulated sets is about a record: the embedded dyads, as many months with events."""
    months = int((record.events != 0).sum())
    simulated = max((rate.months for rate in rates_of(BALANCE.code)), default=0)
    return (
        set(record.dyads) == set(read_dyads().index)
        and abs(months - simulated) <= ALIKE * simulated
    )


def would_decide(rates: Sequence[Rate], sizes: Sequence[Rate]) -> str:
    """Describe which data would decide a claim, from larger record sets if there are any.

    Empty without simulations.
    """
    names = [one.truth for one in sizes if one.true]
    if not names:
        best = max((one for one in rates if one.true), key=lambda one: one.share, default=None)
        return sentences("would_be_found", best=best)[0] if best else ""
    true = (one for one in (*rates, *sizes) if one.true and one.truth == names[0])
    found = sorted(true, key=lambda one: (one.events, one.dyads))
    deciding = sorted(
        (one for one in found if one.supported >= ENOUGH * one.sets),
        key=lambda one: one.dyads * one.events,
    )
    return sentences("would_decide", found=found, deciding=deciding)[0]


def power_words(rates: Sequence[Rate]) -> str:
    """Describe power and false alarms of a test in one line."""
    return sentences("power", rates=[one for one in rates if one.sets])[0]


@dataclass
class Kept:
    """Results of finished record sets, by key."""

    path: (
        Path | None
    )  # JSON lines: first what they are of, then a line per set. None keeps nothing beyond the run
    identity: str  # Digest of everything the results rest on
    found: dict[str, Row]

    @classmethod
    def open(cls, path: Path | None, identity: str) -> Self:
        """Read the results that are there."""
        if path is None or not (stored := check_checkpoint(path)):
            return cls(path, identity, {})
        first, *lines = stored
        if first["of"] != identity:
            raise SpecError(
                f"{path}: holds simulations of another record, model, seed or version; name another file or remove it"
            )
        try:
            return cls(
                path, identity, dict(TypeAdapter(list[tuple[str, Row]]).validate_python(lines))
            )
        except ValidationError as error:
            line = error.errors()[0]["loc"][0]
            raise _foreign(
                path, f"line {int(line) + 2}: expected a key and three numbers"
            ) from error

    def add(self, key: str, row: Row) -> None:
        """Keep what was found on one more set."""
        self.found[key] = row
        if self.path is not None:
            first, line = (json.dumps(one).encode() for one in ({"of": self.identity}, (key, row)))
            append_lines(self.path, lambda before: (line,) if before.lines else (first, line))


def check_checkpoint(path: Path, inputs: Iterable[str | Path | None] = ()) -> list[Any]:
    """Make sure that results can be kept in a file before hours are spent on them.

    Return what is in it, if it is.
    """
    check_target(path, inputs)
    check_writable(path.parent)
    if not path.exists():
        return []
    try:
        lines = [json.loads(line) for line in read_journal(path).lines]
        if not isinstance(lines[0]["of"], str):
            raise ValueError("the first line names no digest of what the results are of")
        return lines
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        raise _foreign(path, error) from error


def _foreign(path: Path, error: Exception | str) -> SpecError:
    return SpecError(
        f"{path}: is no file of simulations ({error!s:.200}); name another file or remove it"
    )
