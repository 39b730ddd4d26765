# %% [markdown]
# # Evidence on claims
#
# Log Bayes factors of claims, from the smallest over alternatives to the largest, with the rule
# that decides.
#
# **How to read it.** A bar that reaches the rule for support decides for the claim. The left end is
# the alternative that explains the data best.

# %%
from _made import pooled

from forecast import plots

plots.plot_evidence(pooled())
