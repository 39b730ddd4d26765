# %% [markdown]
# # Predictive distribution, by ArviZ
#
# Simulated cooperative events by month with the observed ones. `fit.to_arviz()` gives ArviZ its groups.

# %%
from _made import fit
from arviz_plots import plot_ppc_rootogram

plot_ppc_rootogram(fit().to_arviz(monthly=True))
