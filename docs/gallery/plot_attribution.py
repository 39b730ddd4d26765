# %% [markdown]
# # Contributions of events
#
# How the events of each month moved the chance of a higher share.

# %%
from _made import attribution

from forecast import plots

plots.plot_attribution(attribution())
