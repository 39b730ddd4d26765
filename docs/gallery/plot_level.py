# %% [markdown]
# # Underlying level
#
# The level that the model estimates from noisy events, and its simulations ahead. The first part is
# `plot_level(fit, dyad="USA-CHN")`.
#
# **How to read it.** The dark line is the median, the bands are 50% and 90%. The level is never
# observed: it is known to about ten points.

# %%
from _made import assessments, fit

from forecast import plots

plots.plot_level(fit(), dyad="USA-CHN", ahead=assessments()[0])
