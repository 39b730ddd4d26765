# %% [markdown]
# # Is there mean reversion?
#
# That relations revert is a hypothesis. Test it against the alternatives a referee would name:
# first on one dyad, which decides little, then on fifteen at once.

# %%
from forecast import PendulumSpec, build_panel, compare_models, plots, pooled_tests, read_chronology

events = read_chronology()

# %% [markdown]
# ## One dyad
#
# Two models of US-China relations since 1990, a cycle that reverts to a moving trend and a random
# walk, are compared by their marginal likelihoods (the Bayes factor) and by their predictions of
# blocks of months that were held out.

# %%
recent = build_panel(events, dyads=["USA-CHN"], start="1990-01")
models = {"walk": PendulumSpec(trend="walk", cycle="none"), "pendulum": PendulumSpec()}
compared = compare_models(recent, models, held_out=True, draws=400, seed=1)
compared.to_frame()

# %% [markdown]
# A log Bayes factor of 2.3 is odds of ten to one, so the walk is ahead here, but by little.
#
# ## Fifteen dyads
#
# Claims are tested on all dyads at once, without sampling: deviations from the trend fade (S5a),
# and the trend itself returns to a mean (S5b).

# %%
panel = build_panel(events)
results = pooled_tests(panel, claims=["S5"], dyad="USA-CHN", cores=2)
results

# %%
for line in results.lines():
    print(line)

# %% [markdown] A claim is *supported* if the least log Bayes factor over its alternatives exceeds
# 2.3, and *rejected* if the greatest is below -2.3. The trend's return predicts far better than a
# walk, but no better than a walk between bounds, so it is undecided what keeps trends in their
# range.

# %%
ax = plots.plot_evidence(results)

# %% [markdown]
# How fast deviations fade:

# %%
ax = plots.plot_evidence(results, claim="S5a")

# %% [markdown]
# ## Power
#
# Of a hundred simulated records in which a claim is true, so many end with *supported*:

# %%
ax = plots.plot_power(results["S5b"])

# %% [markdown]
# All claims, alternatives and false-alarm rates, and how to plan a confirmatory test: [testing
# claims](../hypotheses.md).
