# %% [markdown]
# # Probabilities of outcomes
#
# The chances of a lower, a similar and a higher observed share, by horizon.
#
# **How to read it.** The parts of a bar add up to 100%. Compare bars down the column: the chance of
# a change grows with the months.

# %%
from _made import assessments

from forecast import plots

plots.plot_probabilities(assessments()[0])
