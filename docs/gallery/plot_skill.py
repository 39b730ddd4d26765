# %% [markdown]
# # Skill
#
# Differences in mean CRPS from every benchmark: left of zero the forecasts were better.
#
# **How to read it.** Each row is a benchmark: left of zero the forecasts were better, right of
# zero the benchmark was. An interval that contains zero is no detectable difference. Of many
# rows, one in ten excludes zero by chance alone.

# %%
from _made import skill

from forecast import plots

plots.plot_skill(skill(), horizon=12)
