# %% [markdown]
# # Half-life
#
# The months in which half of a deviation from the trend is undone.

# %%
from _made import fit

from forecast import plots

plots.plot_halflife(fit(), dyad="USA-CHN", ci_prob=0.9)
