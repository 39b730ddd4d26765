# %% [markdown]
# # Power and false alarms
#
# How often the test of a claim supports it on simulated record sets: where it is true, and where it
# is false.
#
# **How to read it.** The first bar should be long, where the claim is true, and the others short:
# these are false alarms.

# %%
from forecast import plots
from forecast.study.hypotheses.power import rates_of

plots.plot_power(rates_of("S5b"))
