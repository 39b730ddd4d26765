"""The SQL for Spark on Spark itself, of whose executors one is killed at work."""

import os
import signal
import subprocess
import threading
import time
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from benchmarks.made_feeds import make_gdelt
from forecast import count_feed
from forecast.data.events.counts import wide_counts
from forecast.data.feeds.gdelt import DAILY
from tests.systems import linux

pytest.importorskip("sqlglot")
pyspark = pytest.importorskip("pyspark")

from forecast.data.feeds.counting import count_sql  # noqa: E402

pytestmark = [linux, pytest.mark.slow, pytest.mark.filterwarnings("default")]
EXECUTORS = 2
MEMORY = 1024
"""Megabytes of an executor."""
LONGEST = 300
"""Seconds that a query may take."""


@pytest.fixture(scope="module")
def spark(tmp_path_factory):
    """Return a session with executors that are processes of their own, on this machine alone."""
    from pyspark.sql import SparkSession

    place = tmp_path_factory.mktemp("spark")
    builder = SparkSession.builder.master(f"local-cluster[{EXECUTORS},1,{MEMORY}]").appName(
        "counts"
    )
    for name, value in {
        "spark.ui.enabled": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.sql.shuffle.partitions": "8",
        "spark.executor.memory": f"{MEMORY}m",
        "spark.local.dir": f"{place}",
        "spark.sql.warehouse.dir": f"{place / 'warehouse'}",
        "spark.sql.session.timeZone": "UTC",
    }.items():
        builder = builder.config(name, value)
    try:
        session = builder.getOrCreate()
    except Exception as error:  # without Java
        pytest.skip(f"Spark does not start: {error!s:.200}")
    yield session
    session.stop()


@pytest.fixture(scope="module")
def table(spark, tmp_path_factory):
    """Register two days of GDELT as the table `events`, all columns as text.

    Return their folder.
    """
    from pyspark.sql.types import StringType, StructField, StructType

    folder = tmp_path_factory.mktemp("feeds")
    make_gdelt(folder, 40_000, days=4, seed=3, level=1)
    plain = tmp_path_factory.mktemp("plain")
    subprocess.run(["unzip", "-q", "-o", f"{folder}/*.zip", "-d", str(plain)], check=True)
    schema = StructType([StructField(name, StringType()) for name in DAILY.columns])
    rows = spark.read.csv(
        str(plain), sep="\t", schema=schema, quote="", inferSchema=False
    ).repartition(16)
    rows.createOrReplaceTempView("events")
    return folder


def executors():
    """Return the processes of this session's executors."""
    found, below = [], {os.getpid()}
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    for _ in range(5):
        below |= {process for process, parent in parents.items() if parent in below}
    for process in below:
        try:
            words = Path(f"/proc/{process}/cmdline").read_bytes()
        except OSError:
            continue
        if (
            b"CoarseGrainedExecutorBackend" in words
            and words.startswith(b"/")
            and b"/java\0" in words
        ):
            found.append(process)
    return found


def counted(spark):
    """Return what Spark counts."""
    rows = spark.sql(count_sql("events", "spark", first=date(1979, 1, 1))).collect()
    return pd.DataFrame([row.asDict() for row in rows])


def same(found, wanted):
    columns = list(wanted.columns)
    found = found[columns].sort_values(columns[:3], ignore_index=True)
    pd.testing.assert_frame_equal(
        found, wanted.sort_values(columns[:3], ignore_index=True), check_dtype=False
    )


def test_spark_counts_what_is_counted_of_files(spark, table):
    same(counted(spark), wide_counts(count_feed(table)))


def test_an_executor_killed_at_work_changes_nothing(spark, table):
    before = executors()
    assert len(before) == EXECUTORS
    found, killed = [], []

    def kill():
        tracker = spark.sparkContext.statusTracker()
        until = time.monotonic() + LONGEST
        while time.monotonic() < until:  # until a stage is at work
            stages = [tracker.getStageInfo(stage) for stage in tracker.getActiveStageIds()]
            if any(stage and stage.numActiveTasks for stage in stages):
                os.kill(before[0], signal.SIGKILL)
                killed.append(before[0])
                return
            time.sleep(0.01)

    helper = threading.Thread(target=kill)
    helper.start()
    found.append(counted(spark))
    helper.join()
    assert killed
    same(found[0], wide_counts(count_feed(table)))
