"""How fast a feed is read, compared with what DuckDB needs for the same files alone.

DuckDB alone unzips, scans and filters.

Each measurement runs in a process of its own, `python -m benchmarks.feeds WHAT FOLDER`, so that its
memory is its own; the three take turns.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from shutil import copyfileobj
from typing import Any

from benchmarks.machine import load, machine, now
from benchmarks.made_feeds import make_gdelt
from benchmarks.table import describe, spread, summary
from forecast.base.files import write_json, write_text
from forecast.data.feeds.gdelt import DAILY

AIM = 1.5
"""Seconds of ours to those of bare."""
MOST_MEMORY = 2000
"""MB."""


def bare(folder: Path) -> int:
    """Unzip every file into a scratch folder, and count rows between two states.

    All are scanned as text; the number of rows is returned.
    """
    import duckdb

    with tempfile.TemporaryDirectory() as scratch:
        for path in sorted(folder.glob("*.zip")):
            plain = Path(scratch) / path.stem
            with (
                zipfile.ZipFile(path) as archive,
                archive.open(plain.name) as packed,
                plain.open("wb") as unpacked,
            ):
                copyfileobj(packed, unpacked, 2**20)
        columns = ", ".join(f"'{name}': 'VARCHAR'" for name in DAILY.columns)
        # Rows of 57 columns and bytes that are not UTF-8 are in the files; without these options it
        # stops at the first.
        found = duckdb.sql(
            f"SELECT count(*) FROM read_csv('{scratch}/*', delim='\t', quote='', escape='', "
            "header=false, "
            f"auto_detect=false, columns={{{columns}}}, strict_mode=false, null_padding=true, "
            "ignore_errors=true) WHERE Actor1CountryCode <> '' AND Actor2CountryCode <> '' AND "
            "Actor1CountryCode <> Actor2CountryCode"
        ).fetchall()
    return int(found[0][0])


def one(folder: Path) -> int:
    """Read the events of one dyad; their number."""
    from forecast.data.feeds import read_feed

    return len(read_feed(folder, dyads=["USA-CHN"]).events)


def every(folder: Path) -> int:
    """Count all dyads of states; the number of cells that are not 0."""
    from forecast.data.feeds import count_feed

    return len(count_feed(folder).counts)


MEASURED: dict[str, tuple[str, Callable[[Path], int]]] = {
    "bare": ("unzip, scan and filter by DuckDB alone", bare),
    "one": ("`read_feed`, the events of one dyad", one),
    "every": ("`count_feed`, the panels of all dyads", every),
}


def measure(what: str, folder: Path) -> dict[str, float]:
    """Return what one of the three takes, in a process of its own.

    It is seconds, seconds of all cores and peak memory in MB.
    """
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.feeds", what, str(folder)],
        check=True,
        capture_output=True,
        text=True,
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _measure_here(what: str, folder: Path) -> dict[str, float]:
    import duckdb  # noqa: F401
    import pandas  # noqa: F401  (imports, half a second, are measured by the waits)

    import forecast.data.feeds  # noqa: F401

    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
    number = MEASURED[what][1](folder)
    after = resource.getrusage(resource.RUSAGE_SELF)
    cores = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    seconds = time.perf_counter() - began
    return {"found": number, "seconds": seconds, "core_seconds": cores, "memory_mb": _peak_memory()}


def _peak_memory() -> float:
    """Return the most memory this process has had, in MB.

    What the system tells may count the parent's as well.
    """
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (
            1e6 if sys.platform == "darwin" else 1e3
        )
    (peak,) = (
        line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM")
    )
    return int(peak) / 1e3


def write_feeds(
    folder: Path, rows: int, repetitions: int, seed: int, say: Callable[[str], None]
) -> None:
    """Make files, measure, and write ``feeds.md`` and ``feeds.json``."""
    began = {"written": now(), "load": load(), "machines": [machine()], "rows": rows}
    with tempfile.TemporaryDirectory() as scratch:
        days = max(1, min(365, rows // 80_000))
        paths = make_gdelt(Path(scratch), rows, days=days, seed=seed)
        began |= {
            "files": days,
            "zipped_mb": round(sum(path.stat().st_size for path in paths) / 1e6, 1),
        }
        runs: dict[str, list[dict[str, float]]] = {what: [] for what in MEASURED}
        for _ in range(repetitions):
            for what, found in runs.items():
                found.append(measure(what, Path(scratch)))
                say(
                    f"{MEASURED[what][0]}: {found[-1]['seconds']:.1f} s, "
                    f"{found[-1]['memory_mb']:.0f} MB"
                )
    write_json(folder / "feeds.json", began | {"runs": runs})
    write_text(folder / "feeds.md", _markdown(began, runs))


def _markdown(began: dict[str, Any], runs: dict[str, list[dict[str, float]]]) -> str:
    rows = began["rows"]
    lines = [
        "# Feeds: how fast a year of GDELT is read",
        "",
        f"Measured {began['written']}; load before {began['load']}.",
        *describe(began["machines"]),
        "",
        f"{rows:,} rows of 58 columns, made up, in {began['files']} zip files, "
        f"{began['zipped_mb']:,} MB. Median [smallest to largest]; the ratio to bare is formed "
        f"within a turn and is to be at most {AIM}; the memory is to be below {MOST_MEMORY:,} MB.",
        "",
        "| what | seconds | rows per second | seconds of all cores | ratio to bare | of all cores "
        "| peak memory, MB |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for what, found in runs.items():
        ratios = {
            name: [
                own[name] / bare_run[name]
                for own, bare_run in zip(found, runs["bare"], strict=True)
            ]
            for name in ("seconds", "core_seconds")
        }
        seconds = [run["seconds"] for run in found]
        cells = [
            spread(summary(seconds)),
            f"{rows / summary(seconds)[0]:,.0f}",
            spread(summary([run["core_seconds"] for run in found])),
            *(spread(summary(each)) for each in ratios.values()),
            f"{max(run['memory_mb'] for run in found):,.0f}",
        ]
        lines.append(f"| {MEASURED[what][0]} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(json.dumps(_measure_here(sys.argv[1], Path(sys.argv[2]))))
