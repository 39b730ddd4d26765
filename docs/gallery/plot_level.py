# %% [markdown]
# # Underlying level
#
# The level that the model estimates from noisy events, and its simulations ahead. `fit.plot(dyad="USA-CHN")` draws
# the first part.

# %%
from _made import assessments, fit

from forecast import plots

plots.plot_level(fit(), dyad="USA-CHN", ahead=assessments()[0])
