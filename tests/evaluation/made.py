"""Records that are made up: counts of two sides by month, with a share that follows a rule of the test's choice."""

from datetime import date

import numpy as np
import pandas as pd

from forecast.evaluation import Record
from forecast.events.table import CountTable

FIRST = "1990-01-01"


def counts_of(shares, *, volume=6.0, dyad="USA-CHN", seed=1):
    """Draw counts by month around shares, 0 to 1."""
    rng = np.random.default_rng(seed)
    total = rng.poisson(volume, len(shares))
    cooperative = rng.binomial(total, shares)
    months = pd.date_range(FIRST, periods=len(shares), freq="MS").as_unit("s")
    rows = [
        pd.DataFrame({
            "date": months, "known_at": months + pd.offsets.MonthEnd(0), "source": "", "target": "", "dyad": dyad,
            "class": level, "n": n, "dataset": "made",
        })
        for level, n in ((0, total - cooperative), (1, cooperative))
    ]  # fmt: skip
    return pd.concat(rows, ignore_index=True).astype({"n": "int64", "class": "int64"})


def record_of(*counts, dyads=None):
    """Make a record of counts."""
    table = CountTable(
        counts=pd.concat(counts, ignore_index=True),
        classes=("hostile", "cooperative"),
        zero_cut=1,
        frequency="month",
        rejects=pd.DataFrame(columns=["file", "line", "reason", "row"]),
        files=(),
    )
    return Record.of(table, dyads=dyads)


def walk(months=420, *, step=0.25, news=0.0, seed=3):
    """Return shares whose log-odds are a random walk, with news of the month."""
    rng = np.random.default_rng(seed)
    level = 0.8 * np.tanh(np.cumsum(step * rng.standard_normal(months)) / 4) * 3
    return 1 / (1 + np.exp(-(level + news * rng.standard_normal(months))))


ORIGINS = tuple(date(year, 1, 1) for year in range(2000, 2024))
