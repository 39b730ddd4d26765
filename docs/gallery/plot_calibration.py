# %% [markdown]
# # Calibration
#
# How often the share was higher, by the probability that was stated. Calibrated forecasts follow
# the diagonal.
#
# **How to read it.** Where the curve lies above the diagonal, outcomes happened more often than
# forecast; below it, less often. While the curve stays inside the band, chance alone may explain
# the distance. A curve flatter than the diagonal is overconfident: high probabilities came true
# too rarely, and low ones too often.

# %%
from _made import cases

from forecast import plots

own, base = (cases()[cases()["model"] == code] for code in ("pool", "base_rate_10y"))
plots.plot_calibration(own, event="up", reference=base)
