# %% [markdown]
# # Probability integral transform
#
# How recorded shares are distributed among the predicted ones. Calibrated forecasts stay in the band.

# %%
from _made import cases

from forecast import plots

plots.plot_pit(cases()[cases()["model"] == "pool"])
