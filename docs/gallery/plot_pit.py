# %% [markdown]
# # Probability integral transform
#
# How recorded shares are distributed among the predicted ones. Calibrated forecasts stay in the
# band.
#
# **How to read it.** Even bars are calibrated. A heap at both ends means that intervals are too
# narrow, one in the middle too wide.

# %%
from _made import cases

from forecast import plots

plots.plot_pit(cases()[cases()["model"] == "pool"])
