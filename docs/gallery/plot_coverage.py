# %% [markdown]
# # Coverage
#
# Events by month, with the months that are not covered shaded.
#
# **How to read it.** Shaded months are missing, not without events. A step in the height of the
# bars is a change of sources, not of relations.

# %%
from _made import panel

from forecast import plots

plots.plot_coverage(panel(), dyad="USA-CHN")
