# %% [markdown]
# # Your own pair of states
#
# You need a table with a day, who, towards whom and what, in any layout. Two hundred rows are
# enough to begin with. `forecast init my-pair` makes a small example of file and mapping, to be
# replaced by yours.
#
# Here the last two hundred embedded rows of Greece and Turkey are written in another layout, and
# three are spoilt.

# %%
from pathlib import Path

from forecast import assess, build_panel, fit, plots, read_chronology, read_table

source = read_chronology(dyads=["GRC-TUR"]).events.tail(200)
mine = source[["date", "source", "target", "cameo", "summary"]].copy()
mine.columns = ["day", "from", "to", "code", "text"]
mine["day"] = mine["day"].dt.strftime("%d/%m/%Y")
mine[["from", "to"]] = mine[["from", "to"]].replace({"GRC": "Greece", "TUR": "Turkey"})
mine.iloc[3, 0] = "31/02/2024"
mine.iloc[7, 3] = "999"
mine.iloc[11, 1] = "Atlantis"
mine.to_csv("mine.csv", index=False)
mine.head()

# %% [markdown]
# ## The mapping
#
# says which column holds which field, how days are written, and what the countries are called.

# %%
Path("mine.yaml").write_text(
    """dataset: mine
columns: {date: day, source: from, target: to, cameo: code, summary: text}
date_format: "%d/%m/%Y"
countries: {Greece: GRC, Turkey: TUR}
"""
)
table = read_table("mine.csv", "mine.yaml")
table

# %% [markdown]
# Bad rows are named, with line and reason:

# %%
for row in table.rejects.itertuples():
    print(f"line {row.line}: {row.reason}")

# %% [markdown]
# ## Panel, fit, forecast

# %%
panel = build_panel(table, dyads=["GRC-TUR"])
fitted = fit(panel, seed=1)
outlook = assess(fitted, "GRC-TUR")
outlook

# %% [markdown]
# Two hundred rows leave much open, and a forecast from less than five years of events is the
# model's alone, without the pool of simple benchmarks.

# %%
level = outlook.standing.level
print(f"level {level.median:.0f}, 90% interval {level.low:.0f} to {level.high:.0f}")
print(outlook.recorded[12].sentence)

# %%
ax = plots.plot_forecast(outlook)

# %% [markdown]
# ## From the command line
#
# ```sh
# forecast events check mine.csv --mapping mine.yaml --rejects rejects.csv
# forecast report GRC-TUR --events mine.csv --mapping mine.yaml --alone
# ```
#
# All fields of a mapping, aggregated counts and indices: [your own
# events](../events.md#use-your-own-table).
