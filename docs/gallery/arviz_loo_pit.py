# %% [markdown]
# # LOO-PIT, by ArviZ
#
# Where the cooperative events of each month lie among those predicted without it.
# `arviz_groups(fit)` gives ArviZ its groups.
#
# **How to read it.** The line should stay inside the band. Above it at the left end, outcomes fall
# below the forecasts too often; an S shape means intervals of a wrong width.

# %%
from _made import fit
from arviz_plots import plot_loo_pit

from forecast import arviz_groups

plot_loo_pit(arviz_groups(fit()))
