# %% [markdown]
# # Predictive distribution, by ArviZ
#
# Simulated cooperative events by month with the observed ones. `arviz_groups(fit)` gives ArviZ
# its groups.
#
# **How to read it.** Each bar is how often a month has so many cooperative events. Observed points
# inside the intervals are what the model expects.

# %%
from _made import fit
from arviz_plots import plot_ppc_rootogram

from forecast import arviz_groups

plot_ppc_rootogram(arviz_groups(fit()))
