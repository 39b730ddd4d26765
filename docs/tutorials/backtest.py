# %% [markdown]
# # Would it have been right?
#
# A backtest forecasts from many past days with what was known then, and scores the forecasts by
# what was recorded afterwards: here of one pair and eight years, against simple benchmarks.

# %%
from datetime import date

from forecast import backtest, plots, read_chronology
from forecast.study.evaluation import Record, choose_forecasters, origins_between

record = Record.of(read_chronology(dyads=["USA-CHN"]))
origins = origins_between(date(2017, 1, 1), date(2024, 7, 1), every=6)
benchmarks = (
    "base_rate_all,base_rate_10y,base_rate_5y,base_rate_2y,last_window,local_level,ar_noise"
)
results = backtest(
    record, origins, forecasters=choose_forecasters("pendulum", benchmarks), out="backtest"
)

# %% [markdown]
# In a script, put the call under `if __name__ == "__main__":`, because it starts processes. One row
# is one forecast:

# %%
results.cases[["model", "origin", "horizon", "mean", "low", "high", "share", "crps"]].tail()

# %% [markdown]
# ## The score
#
# The CRPS is the distance between the forecast distribution and the outcome, in points of share;
# smaller is better. Here the number of events ahead is not known (`given_n` is false).

# %%
frame = results.skill.to_frame()
everything = frame.query("dyad == 'all' and not given_n and period == 'all'")
everything.pivot(index="model", columns="horizon", values="crps").round(1)

# %%
ax = plots.plot_skill(results.skill)

# %% [markdown]
# Sixteen overlapping windows of one pair decide nothing about skill. The
# [page](../../reports/skill/index.html) has hundreds, with intervals clustered by dyad and year.
#
# ## The worst miss

# %%
miss = results.skill.misses[0]
print(
    f"{miss['dyad']}, {miss['horizon']} months from {miss['origin']}: expected {miss['mean']:.0f}% "
    f"({miss['low']:.0f} to {miss['high']:.0f}), recorded {miss['share']:.0f}%"
)
for event in miss["events"][:5]:
    print(event["date"], event["kind"], event["summary"])

# %% [markdown]
# ## Calibration
#
# With perfect calibration the curve stays in the band. Reports publish the pool of the model and
# the benchmarks.

# %%
cases = results.cases.query("not given_n and horizon == 12")
ax = plots.plot_pit(
    cases.query("model == 'pool'"), reference=cases.query("model == 'base_rate_10y'")
)

# %% [markdown]
# Your own forecaster is a class with one method: [skill](../skill.md).
