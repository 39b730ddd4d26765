# %% [markdown]
# # Skill
#
# Differences in mean CRPS from every benchmark: left of zero the forecasts were better.
#
# **How to read it.** An interval that excludes zero is a difference; one that contains it is none.

# %%
from _made import skill

from forecast import plots

plots.plot_skill(skill(), horizon=12)
