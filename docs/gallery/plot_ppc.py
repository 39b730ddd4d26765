# %% [markdown]
# # Posterior predictive checks
#
# How far numbers of the record lie from what the fit makes of them, by kind of check.
#
# **How to read it.** Each dot is a number of the record. Dots in the band are numbers that the
# model reproduces; one in twenty lies outside by chance. A row with many dots outside, all on one
# side, is a part of the record that the model misses.

# %%
from _made import fit

from forecast import plots
from forecast.study.checks import check_fit

plots.plot_ppc(check_fit(fit(), records=100))
