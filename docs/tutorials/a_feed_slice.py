# %% [markdown]
# # A slice of a feed with the chronology
#
# [Machine-coded feeds](../feeds.md) are dense and noisy; the embedded chronology is sparse and
# edited. Both can inform one level.
#
# Feeds have licences of their own, so none comes with the package. `forecast events fetch icews
# --from 2018-01 --to 2021-12` gets a real one. The file here is **simulated**, in the form of an
# ICEWS release: fifty US-China reports per month, ten points worse than the chronology, with
# repetitions and a damaged row.

# %%
from pathlib import Path

import numpy as np
import pandas as pd

from forecast import assess, build_panel, combine, fit, plots, read_chronology, read_feed

chronology = read_chronology(dyads=["USA-CHN"])
once = chronology.events.drop_duplicates(["date", "cameo"]).set_index(
    "date"
)  # two-sided events have two rows
own = once["quad"].isin([1, 2]).rolling("730D").mean()  # the cooperative share of two years

rng = np.random.default_rng(1)
rows = []
for number, day in enumerate(rng.choice(pd.date_range("2018-01-01", "2021-12-31"), 50 * 48)):
    source, target = rng.permutation(["United States", "China"])
    share = own.asof(day) - 0.10
    code = rng.choice(["042", "036", "057"] if rng.random() < share else ["111", "138", "163"])
    day = pd.Timestamp(day).strftime("%Y-%m-%d")
    rows.append([number, day, source, "Government", source, code, target, "Government", target])
rows.append(
    [
        9999,
        "2019-13-45",
        "China",
        "Government",
        "China",
        "042",
        "United States",
        "Government",
        "United States",
    ]
)
columns = [
    "Event ID",
    "Event Date",
    "Source Name",
    "Source Sectors",
    "Source Country",
    "CAMEO Code",
    "Target Name",
    "Target Sectors",
    "Target Country",
]
Path("icews").mkdir(exist_ok=True)
pd.DataFrame(rows, columns=columns).to_csv("icews/events.tab", sep="\t", index=False)

# %% [markdown]
# ## Every row is accounted for

# %%
feed = read_feed("icews", dyads=["USA-CHN"])
print(feed.accounts[0].sentence)
feed.rejects[["line", "reason"]]

# %% [markdown]
# Duplicates are reports of one event: rows of one day, source, target and code count once
# ([what is counted](../feeds.md#what-is-counted)).
#
# ## Combined with the chronology
#
# Name first the dataset that you trust: the level is on its scale. The other one gets an offset, a
# slow drift, and an overdispersion of its own, all estimated ([how](../combining-feeds.md)).

# %%
both = combine([chronology, feed])
panel = build_panel(both, start="2005-01", as_of="2021-12-31")
ax = plots.plot_coverage(panel, dyad="USA-CHN")

# %%
fitted = fit(panel, seed=1)
outlook = assess(fitted, "USA-CHN", horizons=(6, 12))
outlook

# %% [markdown]
# ## What the feed says
#
# The feed was made ten points worse than the chronology. The interval contains that; the estimate
# is nearer to zero, because four years of a sparse record say little.

# %%
for dataset in outlook.datasets:
    print(dataset.sentence)

# %%
ax = plots.plot_forecast(outlook)
