# %% [markdown]
# # Power and false alarms
#
# How often the test of a claim supports it on simulated record sets: where it is true, and where it is false.

# %%
from forecast import plots
from forecast.hypotheses.power import rates_of

plots.plot_power(rates_of("S5b"))
