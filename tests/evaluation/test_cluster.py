"""Backtests on a real Dask cluster: a scheduler and workers on loopback, some of which are killed at work."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from datetime import date
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner

from forecast.base.errors import ForecastError, SpecError
from forecast.cli import app
from forecast.study.evaluation import (
    Cluster,
    Processes,
    Record,
    Variant,
    backtest,
    choose_forecasters,
)
from tests.evaluation.made import ORIGINS, counts_of, record_of, walk
from tests.evaluation.slow import Slow, Weighed
from tests.systems import posix

pytestmark = posix

distributed = pytest.importorskip("distributed")

ROOT = Path(__file__).parents[2]
FEW = ORIGINS[10::2]
QUIET = ["--no-dashboard", "--host", "127.0.0.1"]


class Loopback:
    """A scheduler that gives a task up when two of its workers are lost, and its workers."""

    def __init__(self, folder):
        self.file, self.started = folder / "scheduler.json", []
        self.start("scheduler", "--port", "0", "--no-show", "--scheduler-file", self.file)
        self.add()
        self.add()
        while not (self.file.exists() and self.file.read_text()):
            time.sleep(0.02)
        self.address = json.loads(self.file.read_text())["address"]

    def start(self, *arguments, **environment):
        given = os.environ | {
            "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1",
            "OMP_NUM_THREADS": "1",
        }
        command = [sys.executable, "-m", "dask", *map(str, arguments), *QUIET]
        output = subprocess.DEVNULL
        self.started.append(
            subprocess.Popen(
                command, cwd=ROOT, env=given | environment, stdout=output, stderr=output
            )
        )
        return self.started[-1]

    def add(self, **environment):
        options = ["--scheduler-file", self.file, "--no-nanny", "--nthreads", "1"]
        return self.start("worker", *options, **environment)

    @contextlib.contextmanager
    def client(self, workers=0):
        with distributed.Client(self.address, timeout=10, set_as_default=False) as client:
            if workers:
                client.wait_for_workers(workers, timeout=20)
            yield client

    def idle(self, seconds=5):
        """Whether within some seconds nothing is at work any more."""
        until = time.monotonic() + seconds
        with self.client() as client:
            while any(client.processing().values()) and time.monotonic() < until:
                time.sleep(0.05)
            return not any(client.processing().values())

    def deserted(self, seconds=20):
        """Whether within some seconds the scheduler has noticed that no worker is left."""
        until = time.monotonic() + seconds
        with self.client() as client:
            while client.scheduler_info()["workers"] and time.monotonic() < until:
                time.sleep(0.05)
            return not client.scheduler_info()["workers"]

    def close(self):
        for process in self.started:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def loopback(tmp_path_factory):
    cluster = Loopback(tmp_path_factory.mktemp("loopback"))
    yield cluster
    cluster.close()


@pytest.fixture(scope="module")
def record():
    both = ((3, "USA-CHN"), (11, "USA-RUS"))
    return record_of(
        *(
            counts_of(walk(seed=seed, step=0.5), dyad=dyad, seed=seed, volume=9)
            for seed, dyad in both
        )
    )


def run(record, out, executor, forecasters=None, **options):
    chosen = (
        choose_forecasters("no", "base_rate_10y,last_window")
        if forecasters is None
        else forecasters
    )
    return backtest(
        record,
        FEW,
        horizons=(3,),
        forecasters=chosen,
        out=out,
        draws=300,
        executor=executor,
        **options,
    )


def files(folder):
    return {path.name: path.read_bytes() for path in (folder / "origins").iterdir()}


@pytest.fixture(scope="module")
def here(record, tmp_path_factory):
    folder = tmp_path_factory.mktemp("here")
    run(record, folder, Processes(1)).write(folder)
    return folder


def test_a_cluster_leaves_the_same_files(loopback, record, here, tmp_path):
    run(record, tmp_path, Cluster(loopback.address)).write(tmp_path)
    assert files(tmp_path) == files(here)
    for name in ("skill.json", "skill.csv", "cases.csv.gz"):
        assert (tmp_path / name).read_bytes() == (here / name).read_bytes()


def test_a_cluster_takes_batches(loopback, record, here, tmp_path):
    results = run(record, tmp_path, Cluster(loopback.address), batch=1)
    assert len(files(tmp_path)) == 2 * len(files(here))
    results.write(tmp_path)
    assert (tmp_path / "cases.csv.gz").read_bytes() == (here / "cases.csv.gz").read_bytes()


def test_an_interrupted_run_leaves_the_cluster_and_goes_on(loopback, record, here, tmp_path):
    notes = tmp_path / "notes"
    notes.mkdir()
    several = [
        *choose_forecasters("no", "base_rate_10y"),
        *(Slow(notes, code=f"slow{each}") for each in range(4)),
    ]

    def interrupted(step, done, total):
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(record, tmp_path, Cluster(loopback.address), several, progress=interrupted)
    begun = len(list(notes.iterdir()))
    assert loopback.idle()
    assert (
        len(list(notes.iterdir())) <= begun + 4
    )  # each worker stops after what it is doing: two dyads
    finished = files(tmp_path)
    assert 0 < len(finished) < len(FEW) * len(several)
    run(record, tmp_path, Cluster(loopback.address))
    assert finished.items() <= files(tmp_path).items()
    assert {name: text for name, text in files(tmp_path).items() if "slow" not in name} == files(
        here
    )


@pytest.mark.slow
def test_a_command_that_is_stopped_ends_in_time(loopback, tmp_path):
    options = ["CHN-JPN", "--from", "1985-01", "--every", "1", "--horizons", "3", "--models", "no"]
    options += ["--benchmarks", "base_rate_all", "--out", tmp_path, "--scheduler", loopback.address]
    command = [sys.executable, "-m", "forecast", "backtest", *options]
    with subprocess.Popen(list(map(str, command)), stderr=subprocess.PIPE, text=True) as process:
        while not (tmp_path / "origins").exists() and process.poll() is None:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        start = time.monotonic()
        _, told = process.communicate(timeout=30)
    assert process.returncode == 130, told
    assert time.monotonic() - start < 4
    assert "Traceback" not in told
    assert loopback.idle()


DEADLY = 12 * (FEW[2].year - 1990)


def test_a_worker_killed_at_work_changes_nothing(loopback, record, tmp_path):
    notes, there, here = (tmp_path / name for name in ("notes", "there", "here"))
    notes.mkdir()
    run(
        record,
        there,
        Cluster(loopback.address),
        [Slow(notes, seconds=0.1, deadly=DEADLY, victims=1)],
    )
    assert (
        len(list(notes.glob(f"slow.{DEADLY}.*"))) == 2
    )  # begun by the one, and again by the other
    with loopback.client() as client:
        assert len(client.nthreads()) == 1
    run(record, here, Processes(1), [Slow(notes, seconds=0)])
    assert files(there) == files(here)


MONTHS = tuple(date(year, month, 1) for year in range(2000, 2020) for month in (1, 5, 9))


def peaks(folder):
    """By process, the most memory it had taken at each origin, megabytes."""
    found = {}
    for path in sorted((folder / "origins").iterdir()):
        notes = json.loads(path.read_text())["notes"]
        found.setdefault(notes["process"], []).append(notes["peak"])
    return found


@pytest.mark.parametrize("where", [pytest.param("processes", marks=pytest.mark.slow), "cluster"])
def test_memory_is_flat_over_origins(where, loopback, record, tmp_path):
    executor = Processes(2) if where == "processes" else Cluster(loopback.address)
    backtest(
        record,
        MONTHS,
        horizons=(3,),
        forecasters=[Weighed(tmp_path, seconds=0)],
        out=tmp_path,
        executor=executor,
    )
    for by_origin in peaks(tmp_path).values():
        settled = sorted(by_origin)[len(by_origin) // 4 :]
        assert settled[-1] - settled[0] < 15


@pytest.mark.slow
def test_the_model_gives_the_same_on_a_cluster_and_takes_no_more_memory_with_time(
    loopback, record, tmp_path
):
    model = Variant("tiny", "tiny", sampler={"draws": 30, "tune": 30, "chains": 2})
    alone = Record.of(record.table, together="alone")
    kept = []
    for executor in (Processes(1), Cluster(loopback.address)):
        folder = tmp_path / type(executor).__name__
        weighed = [
            model,
            *(Weighed(tmp_path, code=f"weighed{each}", seconds=0) for each in range(4)),
        ]
        backtest(
            alone,
            MONTHS[-24:],
            horizons=(3,),
            forecasters=weighed,
            out=folder,
            draws=50,
            executor=executor,
        )
        contents = [
            json.loads(path.read_text()) for path in sorted((folder / "origins").glob("*tiny.json"))
        ]
        kept.append([content["cases"] for content in contents])
    assert kept[0] == kept[1]


def test_other_versions_are_named(loopback, record, tmp_path):
    metadata = tmp_path / "scoringrules-0.0.1.dist-info" / "METADATA"
    metadata.parent.mkdir()
    metadata.write_text("Metadata-Version: 2.1\nName: scoringrules\nVersion: 0.0.1\n")
    with loopback.client(workers=1) as client:
        known = set(client.nthreads())
        odd = loopback.add(PYTHONPATH=str(tmp_path))
        client.wait_for_workers(len(known) + 1, timeout=20)
        (name,) = set(client.nthreads()) - known
    with pytest.raises(
        SpecError,
        match=rf"worker {name} has scoringrules 0\.0\.1 \(here .*Install there what is here",
    ):
        run(record, tmp_path / "run", Cluster(loopback.address))
    assert not (tmp_path / "run").exists()
    odd.kill()


@pytest.mark.slow  # that one lost worker changes nothing is tested next to it
def test_workers_lost_again_and_again_end_the_run(record, tmp_path):
    """First there are two, at the same task; then none at all."""
    (tmp_path / "own").mkdir()
    with contextlib.closing(Loopback(tmp_path / "own")) as loopback:
        lose_workers(loopback, record, tmp_path)


def lose_workers(loopback, record, tmp_path):
    with loopback.client(workers=2):
        pass
    deadly = [Slow(tmp_path, seconds=0, deadly=DEADLY, victims=9)]
    with pytest.raises(
        ForecastError, match=r"2 workers in succession were lost .* Finished files stay"
    ):
        run(record, tmp_path / "run", Cluster(loopback.address), deadly)
    kept = files(tmp_path / "run")
    assert len(kept) >= 2
    assert loopback.deserted()
    with pytest.raises(SpecError, match="has had no worker for 0 s; start some"):
        run(record, tmp_path / "none", Cluster(loopback.address, wait=0.2))
    assert not (tmp_path / "none").exists()
    assert kept.items() <= files(tmp_path / "run").items()


@pytest.mark.slow
def test_the_command_gives_the_same_with_a_worker_killed_in_the_middle(tmp_path):
    """The documented command, on three workers of which one is killed once some results are there."""
    options = [
        "backtest",
        "CHN-JPN",
        "--from",
        "1990-01",
        "--every",
        "2",
        "--horizons",
        "3",
        "--models",
        "no",
    ]
    options += ["--benchmarks", "base_rate_10y,last_window"]
    here, there = tmp_path / "here", tmp_path / "there"
    (tmp_path / "own").mkdir()
    with contextlib.closing(Loopback(tmp_path / "own")) as loopback:
        victim = loopback.add()
        with loopback.client(workers=3):
            pass
        command = [
            sys.executable,
            "-m",
            "forecast",
            *options,
            "--scheduler",
            loopback.address,
            "--out",
            str(there),
        ]
        with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
            while process.poll() is None and len(list((there / "origins").glob("*"))) < 5:
                time.sleep(0.02)
            assert process.poll() is None, "it had ended before a worker could be killed"
            victim.kill()
            _, told = process.communicate(timeout=300)
        assert process.returncode == 0, told
        with loopback.client() as client:
            assert len(client.nthreads()) == 2
    done = CliRunner().invoke(app, [*options, "--processes", "1", "--out", str(here)])
    assert done.exit_code == 0, done.output
    assert files(there) == files(here)
    assert (there / "cases.csv.gz").read_bytes() == (here / "cases.csv.gz").read_bytes()


@pytest.mark.parametrize(
    "address", ["", "here", "localhost:8786", "tcp://localhost", "http://localhost:8786"]
)
def test_an_address_has_a_form(address):
    with pytest.raises(SpecError, match="expected an address such as tcp://host:8786"):
        Cluster(address)


def forecast(*options, out):
    given = [
        "backtest",
        "CHN-JPN",
        "--every",
        "12",
        "--models",
        "no",
        "--benchmarks",
        "base_rate_10y",
    ]
    return CliRunner().invoke(app, [*given, "--out", str(out), *options])


def test_a_scheduler_that_is_not_there_is_named_at_once(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and nobody listens
        address = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        start = time.monotonic()
        result = forecast("--scheduler", address, out=tmp_path / "run")
    assert result.exit_code == 2
    assert f"no Dask scheduler answers at {address}" in result.output.replace("\n", " ")
    assert time.monotonic() - start < 20
    assert not (tmp_path / "run").exists()


def test_something_else_at_the_address_is_no_scheduler(record, tmp_path):
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"tcp://127.0.0.1:{server.server_port}"
        with pytest.raises(SpecError, match="no Dask scheduler answers at"):
            run(record, tmp_path / "run", Cluster(address, timeout=1))
        server.shutdown()
    assert not (tmp_path / "run").exists()


def test_either_a_cluster_or_processes(tmp_path):
    result = forecast(
        "--scheduler", "tcp://localhost:8786", "--processes", "2", out=tmp_path / "run"
    )
    assert result.exit_code == 2
    assert "choose one" in result.output
