# %% [markdown]
# # Past forecasts
#
# Real-time forecasts of a backtest a year ahead, and the shares that were recorded.
#
# **How to read it.** Dots inside the intervals are forecasts that contained what followed. Nine of
# ten should.

# %%
from _made import cases

from forecast import plots

own = cases().query("model == 'pool' and dyad == 'USA-CHN'")
plots.plot_forecast(own)
