# %% [markdown]
# # Skill
#
# Differences in mean CRPS from every benchmark: left of zero the forecasts were better.

# %%
from _made import skill

from forecast import plots

plots.plot_skill(skill(), horizon=12)
