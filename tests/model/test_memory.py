"""What a large panel takes (twelve dyads, a thousand months), and that fits in a loop take no
more than one."""

import gc
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from forecast.data.panel import first_periods
from forecast.model import PendulumSpec, fit, update
from forecast.model.arrays import panel_arrays
from forecast.model.sampling import complete_posterior
from tests.made import make_panel, unobserved
from tests.systems import linux

DYADS, PERIODS, CHAINS, DRAWS = 12, 1000, 4, 100


def test_completing_the_path_takes_little_more_than_its_result():
    """Paths are kept as float32 and filled in dyad by dyad.

    Half as much again as the result is room enough.
    """
    panel = make_panel(dyads=DYADS, periods=PERIODS, events=1, empty=0.5)
    spec = PendulumSpec(ceiling="framework")
    arrays = panel_arrays(panel, spec)
    rng = np.random.default_rng(1)

    def drawn(*dims, sizes):
        return (("chain", "draw", *dims), rng.uniform(0.4, 0.6, (CHAINS, DRAWS, *sizes)))

    sampled = xr.Dataset(
        {
            name: drawn("dyad", sizes=[DYADS])
            for name in ("phi", "sigma", "cycle_sd", "trend_mean", "trend_step", "tau")
        }
        | {name: drawn("era", sizes=[arrays.eras]) for name in ("ceiling", "headroom")}
        | {name: drawn("node", sizes=[arrays.nodes]) for name in ("node_trend", "node_cycle")}
        | {"trend_retention": drawn(sizes=[])}
    )
    tracemalloc.start()
    posterior = complete_posterior(sampled, arrays, np.random.default_rng(2))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert posterior["level"].dtype == np.float32
    result = 2 * CHAINS * DRAWS * DYADS * PERIODS * 4
    assert posterior["level"].nbytes + posterior["trend"].nbytes == result
    assert peak < 1.5 * result + 2 * sampled["node_trend"].nbytes


def resident():
    """Memory of this process, in bytes."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def growth(step, number=20, settled=3):
    """Memory gained between step `settled` and the last, without the help of a full garbage
    collection."""
    gc.collect()
    gc.disable()
    try:
        for turn in range(number):
            step(turn)
            if turn == settled - 1:
                before = resident()
        return resident() - before
    finally:
        gc.enable()


resource = pytest.importorskip("resource", reason="the memory of a process is asked of POSIX")


@linux
@pytest.mark.slow  # updates in a row, which hold as much, are tested below
def test_twenty_fits_of_a_record_that_grows_by_a_month_each_leave_nothing_behind():
    """Each holds 6 MB of draws while it lives."""
    spec = PendulumSpec(observation="index")
    last = make_panel(periods=120, index=True, seed=1)

    def fit_a_later_day(turn):
        made = fit(first_periods(last, 100 + turn), spec, draws=1000, tune=20, chains=4, seed=turn)
        assert made.posterior["level"].nbytes == 4 * 4000 * (100 + turn)

    assert growth(fit_a_later_day) < 30e6


@linux
def test_twenty_updates_in_a_row_leave_nothing_behind():
    """The draws of a fit take 16 MB."""
    spec = PendulumSpec(observation="index")
    panel = make_panel(periods=1000, index=True, empty=1.0, seed=1)
    known = [unobserved(first_periods(panel, 959), spec, chains=4, draws=1000)]

    def update_by_a_month(turn):
        known[0] = update(
            known[0], first_periods(panel, known[0].panel.sizes["time"] + 1), refit=False
        )

    # Memory that other tests have fragmented may grow once; what is left behind grows every time.
    assert growth(update_by_a_month) < 30e6 or growth(update_by_a_month) < 30e6
    assert known[0].panel.sizes["time"] in (979, 999)
