# %% [markdown]
# # Scenarios
#
# The level ahead without a scenario (filled) and given one (lines), and the chances of a higher
# share.
#
# **How to read it.** The distance of a line from the filled band is what the assumption changes. It
# is not an effect of the event.

# %%
from _made import scenarios
from matplotlib import pyplot

from forecast import plots

result = scenarios()
figure, (level, chances) = pyplot.subplots(2, figsize=(8, 6), layout="constrained")
plots.plot_scenarios(result, ax=level)
plots.plot_scenarios(result, part="chances", ax=chances)
level.legend()
