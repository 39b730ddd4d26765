# %% [markdown]
# # Contributions of events
#
# How the events of each month moved the chance of a higher share.
#
# **How to read it.** Start at the first dot, the chance without these events, and follow the bars
# to the last dot, the chance with them. A bar to the right raised the chance, one to the left
# lowered it. A long bar is a month that mattered to the forecast; it is no claim that the month
# changed the relation.

# %%
from _made import attribution

from forecast import plots

plots.plot_attribution(attribution())
