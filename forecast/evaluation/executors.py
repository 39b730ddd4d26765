"""Where tasks are done: in this process, or in several on this machine; `cluster` has those of others."""

import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from pathlib import Path
from typing import Protocol

from forecast.errors import ForecastError, SpecError
from forecast.evaluation.tasks import Setup, Task, carry_out_here

_setup: Setup | None = None
"""Of the process, in a process that was started for tasks: sent once and not with every task."""


class Executor(Protocol):
    """Anything that does tasks."""

    def ready(self) -> None:
        """Make sure that it can, before anything is written."""

    def run(self, setup: Setup, tasks: Sequence[Task], folder: Path) -> Iterator[int]:
        """Do the tasks, and yield after each how many origins it has left in the folder."""


@dataclass(frozen=True)
class Processes:
    """Processes of this machine.

    Attributes
    ----------
    number : int
        With one, tasks are done in this process. The number changes no result.
    """

    number: int = 1

    def __post_init__(self) -> None:
        if self.number < 1:
            raise SpecError(f"processes: got {self.number}; expected at least 1")

    def ready(self) -> None:
        """Do nothing: processes can always be started."""

    def run(self, setup: Setup, tasks: Sequence[Task], folder: Path) -> Iterator[int]:
        """Do the tasks, several at a time."""
        if self.number == 1 or len(tasks) < 2:
            yield from (carry_out_here(setup, task, folder) for task in tasks)
            return
        # Started afresh: threads of the sampler and of numba do not survive a fork.
        pool = ProcessPoolExecutor(
            min(self.number, len(tasks)), mp_context=get_context("spawn"), initializer=_take, initargs=(setup.fresh(),)
        )
        try:
            running = [pool.submit(_do, task, folder) for task in tasks]
            for done in as_completed(running):
                yield done.result()
        except BrokenProcessPool as error:
            raise ForecastError(
                "backtest: a process ended in the middle of its work, perhaps for want of memory. What is finished is "
                "kept: run the same command again, with fewer --processes"
            ) from error
        finally:
            pool.shutdown(cancel_futures=True)


def local(processes: int | None = None) -> Processes:
    """Return as many processes as asked for, by default one a core."""
    return Processes(processes if processes is not None else os.cpu_count() or 1)


def _take(setup: Setup) -> None:
    global _setup
    _setup = setup
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End this process with the one that started it, however that ended: nobody would take the results."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _do(task: Task, folder: Path) -> int:
    assert _setup is not None
    return carry_out_here(_setup, task, folder)
