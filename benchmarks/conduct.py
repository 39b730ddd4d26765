"""Measuring cell after cell, each in a process of its own.

None inherits what another compiled, or its memory.
"""

import multiprocessing
import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterable
from multiprocessing.connection import Connection
from typing import Any

from benchmarks.cells import Cell, Store
from benchmarks.machine import load, machine, now

COMPILE_ALLOWANCE = 300.0
"""Seconds that an engine may compile before it is ended, once for itself and once within its
runs."""
OVERTIME = 4.0
"""How many times the limit all runs of a cell may take before it is ended."""


def measure_cells(cells: Iterable[Cell], store: Store, say: Callable[[str], None]) -> None:
    """Measure what the store does not hold yet; an interrupt loses one cell at most."""
    store.folder.mkdir(parents=True, exist_ok=True)
    for cell in cells:
        if store.read(cell) is not None:
            continue
        begun = time.perf_counter()
        found = store.write(cell, _measure(cell, store))
        reason = f" ({found['reason'].splitlines()[-1]})" if found.get("reason") else ""
        rate = f", {found['ess_per_second']:.3g} ESS/s" if found.get("ess_per_second") else ""
        took = time.perf_counter() - begun
        say(
            f"{cell.kind}, repetition {cell.repetition + 1}: {found['status']}{rate}{reason} "
            f"[{took:.0f} s]"
        )


def _measure(cell: Cell, store: Store) -> dict[str, Any]:
    """Measure a cell, or say why not; what the first repetition found holds for the others."""
    first = None
    if cell.repetition > 0:
        first = store.read(Cell(cell.engine, cell.size, cell.density, 0, cell.draws))
        if first is not None and first["status"] == "over the limit":
            return {"status": first["status"], "reason": first["reason"], "at": now()}
    length = (first["tune"], first["draws_kept"]) if first else None
    surroundings = {"at": now(), "load": load(), "machine": machine()}
    return _apart(cell, store, length) | surroundings


def _apart(cell: Cell, store: Store, length: tuple[int, int] | None) -> dict[str, Any]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_child, args=(theirs, cell, store, length))
    process.start()
    theirs.close()
    try:
        for allowed in (COMPILE_ALLOWANCE, COMPILE_ALLOWANCE + OVERTIME * store.limit):
            if not ours.poll(allowed):
                return {
                    "status": "over the limit",
                    "reason": f"ended after {allowed:.0f} s without a result",
                }
            found: dict[str, Any] = ours.recv()
            if found["status"] != "compiled":
                return found
        return {"status": "failed", "reason": "the process said nothing"}
    except EOFError:
        process.join()
        return {"status": "failed", "reason": f"the process ended with code {process.exitcode}"}
    finally:
        _end(process)


def _end(process: Any) -> None:
    """End a process with all that it started; it leads a group of its own."""
    if process.is_alive():
        process.join(timeout=5.0)
    if process.is_alive():
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            process.kill()
        process.join()


def _child(
    connection: Connection, cell: Cell, store: Store, length: tuple[int, int] | None
) -> None:
    os.setsid()
    log = os.open(store.path(cell).with_suffix(".log"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(log, stream.fileno())
    try:
        connection.send(_run(cell, store, length, connection))
    except Exception:
        connection.send({"status": "failed", "reason": traceback.format_exc().strip()})


def _run(
    cell: Cell, store: Store, length: tuple[int, int] | None, connection: Connection
) -> dict[str, Any]:
    from benchmarks.budget import OverLimit, longest_run
    from benchmarks.engines import FULL_LENGTH, prepare
    from benchmarks.measures import measure
    from benchmarks.problems import make_problem
    from benchmarks.runs import CHAINS, Run, cores

    problem = make_problem(cell.size, cell.density, store.seed)
    seed = cell.seed(store.seed)
    with Run.clock() as preparing:
        run = prepare(cell.engine, problem)
    connection.send({"status": "compiled"})
    full = FULL_LENGTH[cell.engine]
    if cell.draws is not None:
        length = full = (full[0], cell.draws)
    try:
        if length is None:
            result, length, compiling = longest_run(run, full, store.limit, seed)
        else:
            result = run(*length, seed)
            compiling = result.compiling
    except OverLimit as why:
        return {"status": "over the limit", "reason": str(why)}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "status": "measured",
        "full_length": length == full,
        "tune": length[0],
        "draws_kept": length[1],
        "chains": CHAINS,
        "cores": cores(),
        "compile_seconds": round(preparing.seconds + compiling, 2),
        **measure(result),
        "peak_memory_mb": round(peak),
    }
