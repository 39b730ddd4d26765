# %% [markdown]
# # Evidence on one claim
#
# The picture of the test of one claim: what each dyad adds to the evidence.

# %%
from _made import pooled

from forecast import plots

plots.plot_evidence(pooled(), claim="S2")
