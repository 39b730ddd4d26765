# %% [markdown]
# # Dyads side by side
#
# One quantity of every dyad of a fit: the share now, the current equilibrium or the half-life.
#
# **How to read it.** Each row is a dyad: the dot is the median, the line its interval. Compare
# intervals, not dots: dyads whose intervals overlap widely are not distinguished.

# %%
from _made import assessments

from forecast import plots

plots.plot_dyads(assessments(), quantity="equilibrium", ci_prob=0.9)
