# %% [markdown]
# # Probability integral transform
#
# How recorded shares are distributed among the predicted ones. Calibrated forecasts stay in the
# band.
#
# **How to read it.** The curve is the share of outcomes below each place of the prediction, less
# that place. Inside the band, forecasts are calibrated. Above zero on the left and below it on
# the right means that intervals are too narrow; the reverse means that they are too wide. A curve
# that stays above zero means that outcomes were lower than predicted.

# %%
from _made import cases

from forecast import plots

plots.plot_pit(cases()[cases()["model"] == "pool"])
