# %% [markdown]
# # Evidence on one claim
#
# The picture of the test of one claim: what each dyad adds to the evidence.
#
# **How to read it.** Each row is what one dyad adds. A claim that rests on one row rests on one
# pair.

# %%
from _made import pooled

from forecast import plots

plots.plot_evidence(pooled(), claim="S2")
