# %% [markdown]
# # Probabilities of outcomes
#
# The chances of a lower, a similar and a higher observed share, by horizon.

# %%
from _made import assessments

from forecast import plots

plots.plot_probabilities(assessments()[0])
