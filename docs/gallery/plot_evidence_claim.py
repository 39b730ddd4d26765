# %% [markdown]
# # Evidence on one claim
#
# The picture of the test of one claim: what each dyad adds to the evidence.
#
# **How to read it.** Each row is what one dyad adds to the log Bayes factor, given the others:
# right of zero it supports the claim, left of zero it opposes it. A claim that rests on one row
# rests on one pair.

# %%
from _made import pooled

from forecast import plots

plots.plot_evidence(pooled(), claim="S2")
