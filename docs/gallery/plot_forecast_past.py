# %% [markdown]
# # Past forecasts
#
# Real-time forecasts of a backtest a year ahead, and the shares that were recorded.
#
# **How to read it.** Each interval is a forecast, each dot what was recorded afterwards. Nine of
# ten dots should lie inside. Look for runs of dots on one side: these are years in which
# forecasts leaned.

# %%
from _made import cases

from forecast import plots

own = cases().query("model == 'pool' and dyad == 'USA-CHN'")
plots.plot_forecast(own)
