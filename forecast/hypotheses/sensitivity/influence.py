r"""Which single events the evidence between two models rests on.

What an event adds to a model's log marginal likelihood is its predictive density given all other events,

.. math:: \log p(e \mid y_{-e}) = -\log E\left[\frac{p(y_{-e} \mid \theta, x)}{p(y \mid \theta, x)}\right],

the expectation over the posterior: leaving one out by importance sampling, with the path held to every draw [1]_. The
events of a month share their noise, which is integrated out of both. The difference of two models is what the event
adds to the log Bayes factor.

References
----------
.. [1] Gelfand, Dey and Chang (1992), Model determination using predictive distributions, Bayesian Statistics 4,
   147-167.
"""

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from forecast.model.likelihood import Draws, Observed
from forecast.model.posterior import flat
from forecast.panel import recounted

if TYPE_CHECKING:
    import pandas as pd

    from forecast.model.spec import PendulumSpec

DRAWS = 1000
PLACE = ["dataset", "time", "direction", "class"]


def influence(
    panel: xr.Dataset,
    claim: "tuple[xr.Dataset, PendulumSpec]",
    null: "tuple[xr.Dataset, PendulumSpec]",
) -> "pd.Series[float]":
    """Compute what every kind of event of one dyad adds to the log Bayes factor."""
    import pandas as pd

    ours, theirs = (_predictive(panel, *model) for model in (claim, null))
    found = pd.Series({place: ours[place] - theirs[place] for place in ours}, dtype=float)
    found.index.names = PLACE
    return found.sort_values(ascending=False)


def without(panel: xr.Dataset, places: "list[tuple[int, ...]]") -> xr.Dataset:
    """Return the panel with one event less at each place."""
    less = panel.copy(deep=True)
    counts = less["counts"].transpose("dyad", *PLACE)
    for place in places:
        counts.values[(0, *place)] -= 1
    less["counts"] = counts.transpose(*panel["counts"].dims)
    return recounted(less)


def _predictive(panel: xr.Dataset, posterior: xr.Dataset, spec: "PendulumSpec") -> dict[tuple[int, ...], float]:
    """Log predictive density of one event at every place where there is any, given the others."""
    thin = max(1, posterior.sizes["chain"] * posterior.sizes["draw"] // DRAWS)
    thinned = posterior.isel(draw=slice(None, None, thin))
    draws = Draws.of(thinned, spec)
    level, trend = (flat(thinned[name])[:, 0] for name in ("level", "trend"))
    state = draws.state(level, trend, panel["era_index"].to_numpy()[0])
    counts = panel["counts"].transpose("dyad", *PLACE).to_numpy()[0]
    whole = Observed.of(panel, draws)
    full = {
        int(t): whole.log_likelihood(0, int(t), state[:, t, None])[:, 0] for t in np.flatnonzero(whole.node[0] >= 0)
    }
    found: dict[tuple[int, ...], float] = {}
    for q, s, j in np.ndindex(counts.shape[0], counts.shape[2], counts.shape[3]):
        times = np.flatnonzero(counts[q, :, s, j])
        if not times.size:
            continue
        part = Observed.of(without(panel, [(q, int(t), s, j) for t in times]), draws)
        for t in map(int, times):
            rest = part.log_likelihood(0, t, state[:, t, None])[:, 0] if part.node[0, t] >= 0 else 0.0
            ratio = rest - full[t]
            found[q, t, s, j] = float(np.log(ratio.size) - np.logaddexp.reduce(ratio))
    return found
