"""What a large panel takes: twelve dyads, a thousand months."""

import tracemalloc

import numpy as np
import xarray as xr

from forecast.model import PendulumSpec
from forecast.model.arrays import panel_arrays
from forecast.model.sampling import complete_posterior

from .panels import make_panel

DYADS, PERIODS, CHAINS, DRAWS = 12, 1000, 4, 100


def test_completing_the_path_takes_little_more_than_its_result():
    """Levels are kept as float32 and filled in dyad by dyad: half as much again as the result is room enough."""
    panel = make_panel(dyads=DYADS, periods=PERIODS, events=1, empty=0.5)
    spec, arrays = PendulumSpec(ceiling="era"), panel_arrays(panel)
    rng = np.random.default_rng(1)

    def drawn(*dims, sizes):
        return (("chain", "draw", *dims), rng.uniform(0.4, 0.6, (CHAINS, DRAWS, *sizes)))

    sampled = xr.Dataset(
        {name: drawn("dyad", sizes=[DYADS]) for name in ("phi", "sigma", "half_life", "sd", "tau")}
        | {name: drawn("era", sizes=[arrays.eras]) for name in ("mu", "ceiling", "headroom")}
        | {"node_state": drawn("node", sizes=[arrays.nodes])}
    )
    tracemalloc.start()
    posterior = complete_posterior(sampled, panel, spec, arrays, np.random.default_rng(2))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert posterior["level"].dtype == np.float32
    result = CHAINS * DRAWS * DYADS * PERIODS * 4
    assert posterior["level"].nbytes == result
    assert peak < 1.5 * result + sampled["node_state"].nbytes
