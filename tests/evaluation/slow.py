"""Benchmarks that take their time, kill their process or weigh it.

In a module that a cluster's workers can import.
"""

import os
import signal
import time
from dataclasses import replace

from forecast.study.evaluation import Benchmark


class Slow(Benchmark):
    """Takes its time, notes at which origin (by its months) it is at work in which process, and kills some of these."""

    words = "slow"

    def __init__(self, folder, *, code="slow", seconds=0.3, deadly=None, victims=0):
        self.folder, self.code, self.seconds, self.deadly, self.victims = (
            folder,
            code,
            seconds,
            deadly,
            victims,
        )

    def chances(self, past, horizons, draws, rng):
        months = len(past.total)
        (self.folder / f"{self.code}.{months}.{os.getpid()}").touch()
        if (
            months == self.deadly
            and len(list(self.folder.glob(f"{self.code}.{months}.*"))) <= self.victims
        ):
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(self.seconds)
        return {horizon: rng.beta(2, 2, (draws, horizon)) for horizon in horizons}


class Weighed(Slow):
    """Notes how much memory its process has taken at most, in megabytes."""

    def answer(self, view, asked):
        import resource  # which Windows does not have

        answer = super().answer(view, asked)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        return replace(answer, notes={"process": os.getpid(), "peak": peak})
