# %% [markdown]
# # Contributions of events
#
# How the events of each month moved the chance of a higher share.
#
# **How to read it.** Follow the steps from the first dot, without these events, to the last one,
# with them. A long bar is a month that mattered.

# %%
from _made import attribution

from forecast import plots

plots.plot_attribution(attribution())
