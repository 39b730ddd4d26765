# %% [markdown]
# # Priors and posteriors
#
# What the data say of each parameter: a posterior as wide as its prior says that they are silent.
#
# **How to read it.** Where the two curves are alike, the number is an assumption.

# %%
from _made import fit

from forecast import plots

plots.plot_prior_posterior(fit(), dyad="USA-CHN")
