# %% [markdown]
# # Kinds of events
#
# The depth of cooperation: which share of cooperative events is of the stronger kinds.
#
# **How to read it.** A rising line is deeper cooperation at the same share. Dots are years; pale
# ones have few events.

# %%
from _made import assessments

from forecast import plots

plots.plot_kinds(assessments()[0], part="depth")
