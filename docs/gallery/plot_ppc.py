# %% [markdown]
# # Posterior predictive checks
#
# How far numbers of the record lie from what the fit makes of them, by kind of check.
#
# **How to read it.** Dots beyond the lines are numbers that the model does not reproduce; one in
# twenty is by chance.

# %%
from _made import fit

from forecast import plots
from forecast.study.checks import check_fit

plots.plot_ppc(check_fit(fit(), records=100))
