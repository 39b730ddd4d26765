# %% [markdown]
# # Fifty dots
#
# The share of the window of the title as fifty dots, each an outcome with a chance of 2%, and the
# share of the last 12 months (dashed).
#
# **How to read it.** Count the dots of a colour: nine of fifty are a chance of 18%. Dots far from
# the dashed line are large changes; a wide heap is an uncertain forecast.

# %%
from _made import assessments

from forecast import plots

plots.plot_dots(assessments()[0])
