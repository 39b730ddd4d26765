# %% [markdown]
# # Half-life
#
# The months in which half of a deviation from the trend is undone.
#
# **How to read it.** The peak is the likeliest half-life, the dot and its line the median and its
# interval. A shape far to the left says that deviations fade within months, one far to the right
# that they last for years. A wide shape says that the data hardly tell.

# %%
from _made import fit

from forecast import plots

plots.plot_halflife(fit(), dyad="USA-CHN", ci_prob=0.9)
