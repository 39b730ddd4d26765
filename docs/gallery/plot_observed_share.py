# %% [markdown]
# # Observed share
#
# The cooperative share of the events of twelve months, drawn where these end, with its interval
# given so many events.
#
# **How to read it.** Wide intervals are years with few events: a step there may be chance.

# %%
from _made import panel

from forecast import plots

plots.plot_observed_share(panel(), dyad="USA-CHN", months=12, ci_prob=0.9)
