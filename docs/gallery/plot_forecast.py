# %% [markdown]
# # Forecast of the observed share
#
# The observed share and its forecast: median, 50% and 90% intervals, the baseline (dashed), and the shares from which
# it is higher or lower (dotted).

# %%
from _made import assessments

from forecast import plots

plots.plot_forecast(assessments()[0])
