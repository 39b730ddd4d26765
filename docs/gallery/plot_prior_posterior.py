# %% [markdown]
# # Priors and posteriors
#
# What the data say of each parameter: a posterior as wide as its prior says that they are silent.
#
# **How to read it.** Each row is a parameter: grey is its prior, the coloured dot and line are
# its posterior, measured in the prior's own interval. A line much shorter than the grey one, or
# away from it, was learned from the data. Where the two are alike, the number is an assumption.

# %%
from _made import fit

from forecast import plots

plots.plot_prior_posterior(fit(), dyad="USA-CHN")
