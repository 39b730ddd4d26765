# %% [markdown]
# # Forest, by ArviZ
#
# Intervals of a parameter of all dyads, chain by chain. `arviz_groups(fit)` gives ArviZ its groups.
#
# **How to read it.** A line is an interval of one chain. Lines of one dyad that lie apart are
# chains that disagree: sample longer.

# %%
from _made import fit
from arviz_plots import plot_forest

from forecast import arviz_groups

plot_forest(arviz_groups(fit()), var_names=["cycle_half_life"])
