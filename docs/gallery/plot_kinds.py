# %% [markdown]
# # Kinds of events
#
# The depth of cooperation: which share of cooperative events is of the stronger kinds.

# %%
from _made import assessments

from forecast import plots

plots.plot_kinds(assessments()[0], part="depth")
