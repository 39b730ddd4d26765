# %% [markdown]
# # A first report
#
# Will US-China relations improve in the next twelve months? In five minutes you will have a
# probability, the rule by which it will be resolved, and a picture. The data are events that
# editors coded from published sources.

# %%
from forecast import assess, build_panel, fit, plots, read_chronology

events = read_chronology(dyads=["USA-CHN"])
events

# %% [markdown]
# Every event has a side, cooperative or hostile. A **panel** counts them by month, as they were
# known on a day.

# %%
panel = build_panel(events, as_of="2026-05-31")
ax = plots.plot_observed_share(panel, dyad="USA-CHN")

# %% [markdown]
# ## Fit the model
#
# The model sees the share of cooperative events as a pendulum: a cycle that reverts to a slow
# trend. Fitting one pair takes half a minute on two cores. (Better, but slower:
# `hierarchy("USA-CHN")` in place of one pair, as `forecast report USA-CHN` does.)

# %%
fitted = fit(panel, seed=1)
fitted.gate.passed

# %% [markdown]
# `gate` has the convergence checks. If it has not passed, sample longer (`draws=2000`).
#
# ## Read the forecast

# %%
outlook = assess(fitted, "USA-CHN")
outlook

# %% [markdown]
# The share of cooperative events in the months ahead is compared with that of the last twelve, the
# **baseline**: it is *higher* or *lower* if it differs by at least five points.

# %%
year = outlook.recorded[12]
print(year.sentence)
print(year.rule)

# %% [markdown]
# The rule names edition, days and counts, so anyone can resolve it. All horizons:

# %%
frame = outlook.to_frame().query("share == 'observed'")
frame.pivot(index="horizon", columns="outcome", values="probability").round(2)

# %% [markdown]
# Why? The verdict compares the last year with the trend, and says how fast such deviations have
# faded.

# %%
print(outlook.verdict)

# %%
ax = plots.plot_forecast(outlook)

# %% [markdown]
# ## The same from the command line
#
# ```sh
# forecast report USA-CHN --alone --as-of 2026-05-31 --out report
# forecast open report
# ```
#
# writes this as a page.
