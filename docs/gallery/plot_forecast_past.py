# %% [markdown]
# # Past forecasts
#
# Real-time forecasts of a backtest a year ahead, and the shares that were recorded.

# %%
from _made import cases

from forecast import plots

own = cases().query("model == 'pool' and dyad == 'USA-CHN'")
plots.plot_forecast(own)
