"""Executors: this process, several local processes, or the workers of a Dask cluster."""

import asyncio
import os
import re
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing import get_context, parent_process
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from forecast.base.described import described
from forecast.base.errors import ForecastError, SpecError
from forecast.base.files import write_text
from forecast.base.limits import require
from forecast.study.evaluation.tasks import FinishedFile, Setup, Task, run_task, run_task_here

# Setup of a worker process: it is sent once, and not with every task.
_setup: Setup | None = None

# Packages whose versions decide numbers: a worker must have those of this machine.
PACKAGES = (
    "pendulum-forecast",
    "numpy",
    "scipy",
    "pandas",
    "xarray",
    "numba",
    "pymc",
    "pytensor",
    "nutpie",
    "scoringrules",
    "skaters",
    "statsforecast",
    "statsmodels",
)
RESUME_HINT = "Finished files stay: run the same command again"
_ADDRESS = re.compile(r"(?:tcp|tls)://(?:\[([0-9a-fA-F:.]+)\]|([\w.-]+)):([0-9]{1,5})")
_CLOSE_TIMEOUT = 1.0  # seconds to leave a scheduler; it notices a lost client anyway


@described("an executor, such as Processes(2) or Cluster(address)")
@runtime_checkable
class Executor(Protocol):
    """Anything that runs tasks."""

    def ready(self) -> None:
        """Check that it can run tasks, before anything is written."""

    def run(self, setup: Setup, tasks: Sequence[Task], folder: Path) -> Iterator[int]:
        """Run the tasks, and yield after each how many files it has written to the folder."""


@dataclass(frozen=True)
class Processes:
    """Processes of this machine."""

    number: int = 1  # With one, tasks are done in this process. The number changes no result

    def __post_init__(self) -> None:
        if self.number < 1:
            raise SpecError(f"processes: got {self.number}; expected at least 1")

    def ready(self) -> None:
        """Do nothing: processes can always be started."""

    def run(self, setup: Setup, tasks: Sequence[Task], folder: Path) -> Iterator[int]:
        """Run the tasks, several at a time."""
        if self.number == 1 or len(tasks) < 2:
            yield from (run_task_here(setup, task, folder) for task in tasks)
            return
        # Started afresh: threads of the sampler and of numba do not survive a fork.
        pool = ProcessPoolExecutor(
            min(self.number, len(tasks)),
            mp_context=get_context("spawn"),
            initializer=_keep_setup,
            initargs=(setup.without_caches(),),
        )
        try:
            running = [pool.submit(_run_in_process, task, folder) for task in tasks]
            for done in as_completed(running):
                yield done.result()
        except BrokenProcessPool as error:
            raise ForecastError(
                "backtest: a process ended in the middle of its work, perhaps for want of memory. "
                "Finished files stay: run the same command again, with fewer --processes"
            ) from error
        finally:
            pool.shutdown(cancel_futures=True)


def local(processes: int | None = None) -> Processes:
    """Return as many processes as asked for, by default one per core."""
    return Processes(processes if processes is not None else os.cpu_count() or 1)


def _keep_setup(setup: Setup) -> None:
    """Keep the setup in a new worker process."""
    global _setup
    _setup = setup
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End this process when the one that started it has ended, which alone takes the results."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _run_in_process(task: Task, folder: Path) -> int:
    """Run a task in a worker process."""
    assert _setup is not None
    return run_task_here(_setup, task, folder)


type Versions = Mapping[str, str | None]
"""Versions of packages by name; None for a missing one."""
# In a worker, whose threads share compiled models: neither these nor the libraries of benchmarks
# are thread-safe.
_one_at_a_time = threading.Lock()


@dataclass(frozen=True)
class Cluster:
    """The workers of an existing Dask cluster.

    The tasks, and once for each part of the record what they share, travel to the workers; texts of
    finished origins come back and are written here. A task whose worker is lost is done again by
    another one, with the same numbers.

    Attributes
    ----------
    address : str
        Of the scheduler, such as ``tcp://host:8786``; ``tls://`` with the certificates of Dask's
        configuration.
    timeout : float
        Seconds that the scheduler has to answer.
    wait : float
        Seconds without any worker, at the start, after which to give up.

    Raises
    ------
    SpecError
        If the address has not this form.

    Examples
    --------
    >>> from forecast.study.evaluation import Cluster
    >>> Cluster("tcp://localhost:8786").address
    'tcp://localhost:8786'
    """

    address: str
    timeout: float = 5.0
    wait: float = 60.0

    def __post_init__(self) -> None:
        if not _ADDRESS.fullmatch(self.address):
            raise SpecError(
                f"scheduler: got {self.address!r}; expected an address such as tcp://host:8786"
            )

    def ready(self) -> None:
        """Check that the scheduler answers, and that its workers have the packages needed.

        Raises
        ------
        SpecError
            If not.
        ForecastError
            If Dask is not installed here.
        """
        with self._client() as client:
            self._check_workers(client)

    def run(self, setup: Setup, tasks: Sequence[Task], folder: Path) -> Iterator[int]:
        """Run the tasks, and write the files of each when it is finished.

        While there is no worker, the tasks wait for one.
        """
        with self._client() as client:
            from distributed import as_completed as as_they_come

            versions = self._check_workers(client)
            # What the tasks of a batch share is the result of a task: it is made again if all
            # workers that had it are lost.
            shared = {
                batch: client.submit(
                    _share, setup.of_batch(batch).without_caches(), versions, pure=False
                )
                for batch in dict.fromkeys(task.batch for task in tasks)
            }
            running = {
                client.submit(_run_in_worker, shared[task.batch], task, pure=False)
                for task in tasks
            }
            try:
                for future in as_they_come(running, loop=client.loop, raise_errors=False):
                    running.discard(future)
                    files = self._files(future)
                    for name, text in files:
                        write_text(folder / name, text)
                    yield len(files)
            finally:
                if client.status == "running":
                    client.cancel(list(running))

    @contextmanager
    def _client(self) -> Iterator[Any]:
        """Connect to the scheduler, and leave it at the end."""
        require("distributed", "cluster")
        from distributed import Client

        try:
            self._check_address()
            client = Client(self.address, timeout=self.timeout, set_as_default=False)
        except Exception as error:  # whatever listens there may answer anything
            raise SpecError(
                f"scheduler: no Dask scheduler answers at {self.address} ({error!r:.200}); start "
                "one (dask scheduler), or correct --scheduler"
            ) from error
        try:
            yield client
        finally:
            client.close(timeout=_CLOSE_TIMEOUT)

    def _check_address(self) -> None:
        """Check that a scheduler answers at the address.

        Dask's client would try a closed port again, and would wait for a port that never answers.
        """
        from distributed.comm import connect
        from distributed.security import Security

        async def greet() -> None:
            async with asyncio.timeout(self.timeout):
                arguments = Security().get_connection_args("client")
                comm = await connect(self.address, timeout=self.timeout, **arguments)
                await comm.close()

        address = _ADDRESS.fullmatch(self.address)
        assert address
        socket.create_connection((address[1] or address[2], int(address[3])), self.timeout).close()
        # In a thread of its own, because this one may have an event loop, as in a notebook.
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, greet()).result()

    def _check_workers(self, client: Any) -> Versions:
        """Wait for a worker, compare versions of packages, and return those of this machine."""
        try:
            client.wait_for_workers(1, timeout=self.wait)
        except TimeoutError as error:
            raise SpecError(
                f"scheduler: {self.address} has had no worker for {self.wait:.0f} s; start some "
                f"(dask worker {self.address} --nthreads 1)"
            ) from error
        reported = client.get_versions(packages=PACKAGES)
        here: Versions = reported["client"]["packages"]
        # The scheduler unpacks tasks, and computes nothing.
        _compare_versions("the scheduler", reported["scheduler"]["packages"], here, PACKAGES[:1])
        for name, versions in reported["workers"].items():
            _compare_versions(f"worker {name}", versions["packages"], here, PACKAGES)
        return {package: here[package] for package in PACKAGES}

    def _files(self, future: Any) -> list[FinishedFile]:
        """Return the files of a task that has ended, or raise why there are none."""
        from distributed import KilledWorker

        try:
            files: list[FinishedFile] = future.result(timeout=self.wait)
        except KilledWorker as error:
            raise ForecastError(
                f"scheduler: {error.allowed_failures + 1} workers in succession were lost at the "
                f"same task, the last one {error.last_worker.address}, perhaps for want of memory. "
                f"{RESUME_HINT}, with fewer or larger workers"
            ) from error
        except (CancelledError, TimeoutError) as error:
            raise ForecastError(
                f"scheduler: the connection or the tasks are lost ({error}). {RESUME_HINT}"
            ) from error
        except (ImportError, AttributeError) as error:
            raise SpecError(
                f"scheduler: a task cannot be read there ({error}); a forecaster of your own must "
                "be in a module that scheduler and workers can import"
            ) from error
        return files


def _share(setup: Setup, versions: Versions) -> tuple[Setup, Versions]:
    """Return what the tasks of a batch share, as the result of a task of its own."""
    return setup, versions


def _run_in_worker(shared: tuple[Setup, Versions], task: Task) -> list[FinishedFile]:
    """Run a task in a worker, until it is finished or cancelled."""
    from distributed import get_worker
    from distributed.versions import get_package_info

    setup, versions = shared
    worker = get_worker()
    # A worker that joined later has not been checked.
    _compare_versions(f"worker {worker.address}", get_package_info(PACKAGES), versions, PACKAGES)
    key = worker.get_current_task()
    files: list[FinishedFile] = []
    with _one_at_a_time:
        for finished in run_task(
            replace(setup, request=replace(setup.request, cores=worker.state.nthreads)), task
        ):
            files.append(finished)
            current = worker.state.tasks.get(key)
            if current is None or current.state == "cancelled":
                break
    return files


def _compare_versions(
    name: str, reported: Versions, here: Versions, packages: Sequence[str]
) -> None:
    """Reject versions of packages that differ from those of this machine."""
    differing = [package for package in packages if reported.get(package) != here.get(package)]
    if differing:
        listed = ", ".join(
            f"{each} {reported.get(each) or 'missing'} (here {here.get(each)})"
            for each in differing
        )
        raise SpecError(
            f"scheduler: {name} has {listed}; numbers must not depend on who computes them. "
            "Install there what is here"
        )
