# %% [markdown]
# # Observed share
#
# The cooperative share of the events of twelve months, drawn where these end, with its interval
# given so many events.
#
# **How to read it.** The line is what was recorded, the band how far chance alone could move it.
# Wide bands are years with few events: a step there may be chance. A step that leaves the band on
# both sides is a change of the record.

# %%
from _made import panel

from forecast import plots

plots.plot_observed_share(panel(), dyad="USA-CHN", months=12, ci_prob=0.9)
