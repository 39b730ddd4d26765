# %% [markdown]
# # Half-life
#
# The months in which half of a deviation from the trend is undone.
#
# **How to read it.** The peak is the likeliest half-life. Where the curve follows the prior, the
# data said little.

# %%
from _made import fit

from forecast import plots

plots.plot_halflife(fit(), dyad="USA-CHN", ci_prob=0.9)
