# %% [markdown]
# # Evidence on claims
#
# Log Bayes factors of claims, from the smallest over rivals to the largest, with the rule that decides.

# %%
from _made import pooled

from forecast import plots

plots.plot_evidence(pooled())
