# %% [markdown]
# # Eras
#
# The equilibrium and the ceiling of each era, on the level.
#
# **How to read it.** The line across an era is where its trend stood on average, with its
# interval around it. The dashed line bounds the trend softly, by assumption. Compare the lines of
# neighbouring eras: only intervals that hardly overlap are a change of the equilibrium.

# %%
from _made import assessments, fit
from matplotlib import pyplot

from forecast import plots

figure, on = pyplot.subplots(figsize=(8, 4), layout="constrained")
plots.plot_level(fit(), dyad="USA-CHN", ax=on)
plots.plot_eras(assessments()[0], ax=on)
on.legend(loc="lower left", ncols=2)
