# %% [markdown]
# # Power and false alarms
#
# How often the test of a claim supports it on simulated data: where it is true, and where it is
# false.
#
# **How to read it.** Blue bars are simulated data in which the claim is true: the longer they
# are, the better the test finds it. Hatched bars are data in which it is false: these are false
# alarms and should be short. The lines are the uncertainty from the number of simulated data
# sets.

# %%
from forecast import plots
from forecast.study.hypotheses.power_tables import rates_of

plots.plot_power(rates_of("S5b"))
