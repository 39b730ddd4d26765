# %% [markdown]
# # Calibration
#
# How often the share was higher, by the probability that was stated. Calibrated forecasts follow
# the diagonal.
#
# **How to read it.** A point above the diagonal happened more often than it was forecast. Intervals
# that reach the diagonal are no evidence of a fault.

# %%
from _made import cases

from forecast import plots

own, base = (cases()[cases()["model"] == code] for code in ("pool", "base_rate_10y"))
plots.plot_calibration(own, event="up", reference=base)
