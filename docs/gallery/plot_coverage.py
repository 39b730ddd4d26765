# %% [markdown]
# # Coverage
#
# Events by month, with the months that are not covered shaded.

# %%
from _made import panel

from forecast import plots

plots.plot_coverage(panel(), dyad="USA-CHN")
