"""Backtests of thousands of dyads on a cluster: how many dyads and origins per second.

``python -m benchmarks.many_dyads COUNTS`` takes monthly counts of conflict events by CAMEO root, 10
to 20, with the columns ``source``, ``target``, ``month`` and ``cameo10`` to ``cameo20`` (CSV, or
CSV and gzip). Nothing cooperative is counted there, so the two sides are what a conflict consists
of: words (roots 10 to 13, verbal conflict in the codebook) in the place of cooperation, deeds (14
to 20) in that of conflict. Up means that more of the conflict is words.
"""

import argparse
import gzip
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from benchmarks.machine import load, machine, now
from benchmarks.table import describe
from forecast.base.errors import ForecastError
from forecast.base.files import write_json, write_text
from forecast.data.events import read_counts
from forecast.study.evaluation import (
    Cluster,
    Forecaster,
    Record,
    backtest,
    choose_forecasters,
    origins_between,
)

RESULTS = Path(__file__).parent / "results"
MAPPING = {
    "dataset": "conflict-by-root",
    "columns": {"source": "source", "target": "target", "time": "month"},
    "classes": [
        {
            "name": "deeds",
            "side": "conflict",
            "columns": [f"cameo{root}" for root in range(14, 21)],
        },
        {
            "name": "words",
            "side": "cooperation",
            "columns": [f"cameo{root}" for root in range(10, 14)],
        },
    ],
}
EVEN = ("1995-01-01", "2013-12-31")
"""A month without a row is one without events; before 1995 these counts are thin."""
MONTHS_TO_FIT = 36
"""With fewer months of events there is nothing to fit a model to."""
CORES = (2, 16, 64, 500)


@dataclass(frozen=True)
class Speed:
    """What a run took.

    Attributes
    ----------
    what : str
    dyads, origins, pairs : int
        Dyads that take part at some origin, origins, and how many dyads were predicted at an
        origin, summed over these.
    workers : int
    seconds : float
        From the first task to the last.
    cpu_seconds : float
        Of all workers, compilation and imports included.
    peak_memory_mb : float
        Most memory that a worker has had.
    load : float or None
        Of the machine, over the last minute of the run.
    """

    what: str
    dyads: int
    origins: int
    pairs: int
    workers: int
    seconds: float
    cpu_seconds: float
    peak_memory_mb: float
    load: float | None

    @property
    def rate(self) -> float:
        """Dyads x origins per second."""
        return self.pairs / self.seconds

    @property
    def cost(self) -> float:
        """Seconds of a core for one dyad at one origin."""
        return self.cpu_seconds / self.pairs


def main(arguments: list[str] | None = None) -> int:
    """Run the command, and return its exit code."""
    options = _parser().parse_args(arguments)
    try:
        with cluster(options.workers, options.scheduler) as address:
            speeds = measure(options, address)
    except ForecastError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    write_json(
        options.results / "many_dyads.json",
        {
            "written": now(),
            "machine": machine(),
            "batch": options.batch,
            "speeds": [
                {**asdict(speed), "rate": speed.rate, "cost": speed.cost} for speed in speeds
            ],
        },
    )
    write_text(options.results / "many_dyads.md", markdown(speeds, options.batch))
    print(markdown(speeds, options.batch))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.many_dyads", description=__doc__)
    add = parser.add_argument
    add("counts", type=Path, help="table of counts")
    add("--workers", type=int, default=2, help="of a cluster on this machine, one thread each")
    add("--scheduler", help="an existing cluster instead, such as tcp://host:8786")
    add(
        "--from",
        dest="first",
        type=date.fromisoformat,
        default=date(2006, 1, 1),
        help="first origin, YYYY-MM-DD",
    )
    add("--to", dest="last", type=date.fromisoformat, default=date(2012, 1, 1))
    add("--every", type=int, default=72, help="months from one origin to the next")
    add("--benchmarks", default="base_rate_10y,base_rate_2y,last_window")
    add("--batch", type=int, default=50, help="dyads to a task")
    add(
        "--sample", type=int, default=4, help="dyads that the model is fitted to, alone; 0 for none"
    )
    add("--out", type=Path, help="folder of the runs, for going on after an interruption")
    add("--results", type=Path, default=RESULTS, help="folder of the tables")
    return parser


def measure(options: argparse.Namespace, address: str) -> list[Speed]:
    """Run the benchmarks on all dyads, and the model on a sample of them."""
    record = record_of(options.counts)
    with tempfile.TemporaryDirectory() as temporary:
        out = options.out or Path(temporary)
        origins = origins_between(options.first, options.last, options.every)
        benchmarks = choose_forecasters("no", options.benchmarks)
        speeds = [
            run(
                "benchmarks",
                record,
                origins,
                benchmarks,
                address,
                out / "benchmarks",
                options.batch,
            )
        ]
        if options.sample:
            some, quarters = (
                sample(record, options.sample),
                origins_between(options.last, date(2013, 10, 1), 3),
            )
            model = choose_forecasters("default", "no")
            speeds.append(
                run(
                    "the model",
                    some,
                    quarters,
                    model,
                    address,
                    out / "model",
                    max(options.sample // 2, 1),
                )
            )
    return speeds


def run(
    what: str,
    record: Record,
    origins: Sequence[date],
    forecasters: Sequence[Forecaster],
    address: str,
    out: Path,
    batch: int,
) -> Speed:
    """Backtest, and return how long the workers took for it."""
    from distributed import Client

    times = [time.perf_counter()]

    def watch(step: str, done: int, total: int) -> None:
        print(f"\r{what}: {step} {done} of {total}   ", end="", file=sys.stderr, flush=True)
        times.append(time.perf_counter())
        if step == "scoring":
            loads.append(load())

    loads: list[float | None] = []
    with Client(address, set_as_default=False) as client:
        before = sum(client.run(time.process_time).values())
        backtest(
            record,
            origins,
            horizons=(3, 12),
            forecasters=forecasters,
            out=out,
            batch=batch,
            executor=Cluster(address),
            progress=watch,
        )
        spent = sum(client.run(time.process_time).values()) - before
        peak, workers = max(client.run(_peak_memory).values()), len(client.nthreads())
    predictable = [set(record.predictable(origin)) for origin in origins]
    return Speed(
        what,
        len(set().union(*predictable)),
        len(origins),
        sum(map(len, predictable)),
        workers,
        times[-1] - times[1],
        spent,
        peak,
        loads[0],
    )


def record_of(path: Path) -> Record:
    """Read the counts, and take all dyads with at least one event."""
    with tempfile.TemporaryDirectory() as folder:
        plain = path
        if path.suffix == ".gz":
            plain = Path(folder) / path.stem
            with gzip.open(path) as packed, plain.open("wb") as unpacked:
                shutil.copyfileobj(packed, unpacked)
        table = read_counts(plain, MAPPING)
    first, last = map(pd.Timestamp, EVEN)
    coverage = pd.DataFrame(
        {"dyad": table.counts["dyad"].unique(), "start": first, "last_even": last}
    )
    return Record.of(table, eras="none", coverage=coverage, together="alone")


def sample(record: Record, number: int) -> Record:
    """Take some dyads from the busiest to the quietest of those that a model can be fitted to."""
    counts = record.table.counts
    happened = (
        counts[counts["n"] > 0].groupby("dyad").agg(months=("date", "nunique"), events=("n", "sum"))
    )
    long = (
        happened[happened["months"] >= MONTHS_TO_FIT].sort_values("events", ascending=False).index
    )
    return record.only([long[place * len(long) // number] for place in range(number)])


@contextmanager
def cluster(workers: int, scheduler: str | None) -> Iterator[str]:
    """Yield the address of a scheduler.

    It is the one given, or one on this machine with so many workers.
    """
    if scheduler:
        yield scheduler
        return
    from distributed import LocalCluster

    with LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None) as local:
        yield local.scheduler_address


def markdown(speeds: Sequence[Speed], batch: int) -> str:
    """Return the speeds, and what they would be on more cores, as a page."""
    head = (
        "",
        "dyads",
        "origins",
        "dyads x origins",
        "workers",
        "a second",
        "core seconds each",
        "memory, MB",
        "load",
    )
    measured = [
        (
            one.what,
            f"{one.dyads:,}",
            one.origins,
            f"{one.pairs:,}",
            one.workers,
            f"{one.rate:.2g}",
            f"{one.cost:.2g}",
            f"{one.peak_memory_mb:,.0f}",
            one.load,
        )
        for one in speeds
    ]
    projected = [(cores, *(f"{cores / one.cost:.2g}" for one in speeds)) for cores in CORES]
    lines = [
        "# Many dyads: how many per second",
        "",
        f"Measured {now()}, batches of {batch} dyads.",
        *describe([machine()]),
        "",
        *_table(head, measured),
        "",
        "Dyads x origins per second on more cores, projected: tasks share nothing, so cores by "
        "core seconds each.",
        "",
        *_table(("cores", *(one.what for one in speeds)), projected),
    ]
    return "\n".join(lines) + "\n"


def _table(head: Sequence[object], rows: Sequence[Sequence[object]]) -> list[str]:
    return ["| " + " | ".join(map(str, row)) + " |" for row in (head, ("---",) * len(head), *rows)]


def _peak_memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    sys.exit(main())
