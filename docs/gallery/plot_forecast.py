# %% [markdown]
# # Forecast of the observed share
#
# The observed share and its forecast: median, 50% and 90% intervals, the baseline (dashed), and the
# shares from which it is higher or lower (dotted).
#
# **How to read it.** Read the last point of the forecast: half of the outcomes lie in the dark
# band, nine of ten in the pale one. Outcomes beyond the dotted lines count as higher or lower.

# %%
from _made import assessments

from forecast import plots

plots.plot_forecast(assessments()[0])
