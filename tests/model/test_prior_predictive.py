"""What the default priors hold possible before data, against the record.

Not narrower, and not everything.
"""

import numpy as np
import pytest

from forecast import build_panel, read_chronology
from forecast.model import PendulumSpec, prior_draws, simulate_panel

DRAWS = 60


def yearly_shares(panel):
    """Cooperative share (dyad, year) of years with six events and more, NaN elsewhere."""
    counts = (
        panel["counts"].sum(("dataset", "direction")).transpose("dyad", "time", "class").to_numpy()
    )
    whole = counts.shape[1] // 12 * 12
    years = counts[:, :whole].reshape(len(counts), -1, 12, counts.shape[2]).sum(axis=2)
    total, cooperative = years.sum(axis=-1), years[..., int(panel.attrs["zero_cut"]) :].sum(axis=-1)
    return np.where(total >= 6, cooperative / np.maximum(total, 1), np.nan)


def statistics(shares):
    return {
        "spread": np.nanstd(shares),
        "change in a year": np.nanmedian(np.abs(np.diff(shares, axis=1))),
        "change in ten years": np.nanmedian(np.abs(shares[:, 10:] - shares[:, :-10])),
        "years below 10": np.nanmean(shares < 0.1),
        "years above 90": np.nanmean(shares > 0.9),
    }


@pytest.mark.slow
def test_records_of_the_prior_look_like_the_record():
    panel, spec = build_panel(read_chronology()), PendulumSpec()
    recorded = statistics(yearly_shares(panel))
    draws = prior_draws(panel, spec, draws=DRAWS, seed=1)
    made = [
        statistics(yearly_shares(simulate_panel(panel, draws.isel(draw=i), spec, seed=i)[0]))
        for i in range(DRAWS)
    ]
    for name, value in recorded.items():
        low, high = np.quantile([one[name] for one in made], [0.01, 0.99])
        assert low < value < high, (name, value, low, high)
