"""Imports that are killed, or run two at a time, each in a process of its own.

Prints what was seen as JSON.

Run as ``python -m tests.archive.killing FILES WORK KILLS``. Everything is loaded once and forked,
so that a process lives for as long as an import takes and not for as long as libraries take to
load.
"""

import json
import os
import random
import signal
import sys
import time
import traceback
from pathlib import Path

import duckdb  # noqa: F401 - loaded before forking
import pyarrow.parquet  # noqa: F401

from forecast.data.archive import archive_status, import_files, importing, read_archive
from forecast.data.archive.catalogue import CATALOGUE, PARTS, read_catalogue
from forecast.data.events.codebook import read_codes, state_names


def answer(archive):
    """Return what an archive says, as text."""
    table, status = read_archive(archive), archive_status(archive)
    accounts = [(one.feed, one.files, one.filtered_by) for one in table.accounts]
    return repr((table.events.to_csv(), accounts, table.covered, status.frame().to_csv()))


def child(work):
    """Run something in a process of its own, and return its number."""
    number = os.fork()
    if number:
        return number
    try:
        work()
        os._exit(0)
    except BaseException:
        traceback.print_exc()
        os._exit(1)


def ended_well(number):
    """Wait for a process, and return whether it did what it should."""
    return os.waitstatus_to_exitcode(os.waitpid(number, 0)[1]) == 0


def goes_on(files, archive, whole):
    """Read what a killed import has left, import again, and compare."""
    if (archive / CATALOGUE).exists() and read_catalogue(archive).batches:
        answer(archive)
    import_files(files, archive)
    assert answer(archive) == whole.read_text()
    assert {file.became for file in import_files(files, archive).files} == {"known"}
    catalogue = read_catalogue(archive)
    segments = {
        path.relative_to(archive).as_posix()
        for part in PARTS
        for path in (archive / part).rglob("*.parquet")
    }
    assert segments == catalogue.paths and not catalogue.pending
    assert {path.name for path in archive.iterdir()} == {CATALOGUE, *PARTS}
    assert not list(archive.rglob("*.partial"))


def watches(archive, over):
    """Read the catalogue again and again while others import."""
    while not over.exists():
        if (archive / CATALOGUE).exists():
            read_catalogue(archive)


def main(folder, work, kills):
    """Kill imports at random moments; then let two import at once."""
    read_codes(), state_names()
    files, whole, rng = sorted(folder.iterdir()), work / "whole.txt", random.Random(1)
    start = time.monotonic()
    assert ended_well(child(lambda: import_files(files, work / "whole")))
    takes = time.monotonic() - start
    assert ended_well(child(lambda: whole.write_text(answer(work / "whole"))))
    killed = well = 0
    for number in range(kills):
        archive = work / f"killed-{number}"
        victim = child(lambda archive=archive: import_files(files, archive))
        time.sleep(rng.uniform(0.05, 1) * takes)
        os.kill(victim, signal.SIGKILL)
        killed += not ended_well(victim)
        well += ended_well(child(lambda archive=archive: goes_on(files, archive, whole)))
    both = [
        child(lambda order=order: import_files(order, work / "both"))
        for order in (files, files[::-1])
    ]
    watcher = child(lambda: watches(work / "both", work / "over"))
    together = all([ended_well(one) for one in both])  # noqa: C419 - wait for each
    (work / "over").touch()
    together = together and ended_well(watcher)
    together = together and ended_well(child(lambda: goes_on(files, work / "both", whole)))
    print(json.dumps({"killed": killed, "well": well, "together": together}))


if __name__ == "__main__":
    importing.MAX_BATCH_FILES = 2  # several batches
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
