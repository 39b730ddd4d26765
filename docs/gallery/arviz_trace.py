# %% [markdown]
# # Traces, by ArviZ
#
# The draws of each chain: chains that agree look alike. `arviz_groups(fit)` gives ArviZ its groups.
#
# **How to read it.** The lines should look like one dense band without a trend or a plateau. A
# chain that lies apart from the others, or that stays in one place for long, has not explored the
# posterior: sample longer.

# %%
from _made import fit
from arviz_plots import plot_trace

from forecast import arviz_groups

plot_trace(arviz_groups(fit()), var_names=["cycle_sd", "cycle_half_life"])
