# %% [markdown]
# # Ranks, by ArviZ
#
# The ranks of the draws of each chain: chains that agree have even ranks. `arviz_groups(fit)`
# gives ArviZ its groups.
#
# **How to read it.** Lines inside the band are chains that explore the same values. A chain that
# stays on one side has not mixed.

# %%
from _made import fit
from arviz_plots import plot_rank

from forecast import arviz_groups

plot_rank(arviz_groups(fit()), var_names=["cycle_sd", "cycle_half_life"])
