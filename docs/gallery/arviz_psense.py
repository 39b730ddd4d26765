# %% [markdown]
# # Sensitivity to priors, by ArviZ
#
# How posteriors move if priors, or the likelihood, count more or less. `arviz_groups(fit)` gives
# ArviZ its groups.
#
# **How to read it.** Curves that move with the prior rest on it; those that move with the
# likelihood rest on the data.

# %%
from _made import fit
from arviz_plots import plot_psense_dist

from forecast import arviz_groups

plot_psense_dist(arviz_groups(fit()), var_names=["cycle_sd"], coords={"dyad": "USA-CHN"})
