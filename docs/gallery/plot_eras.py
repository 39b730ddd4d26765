# %% [markdown]
# # Eras
#
# The equilibrium and the ceiling of each era, on the level.

# %%
from _made import assessments, fit

from forecast import plots

on = plots.plot_level(fit(), dyad="USA-CHN")
plots.plot_eras(assessments()[0], ax=on)
