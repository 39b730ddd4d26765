# %% [markdown]
# # A scenario
#
# In October 2023 a meeting of the presidents was expected in November. What is the forecast given a
# meeting, and given a year without one? The numbers are what the model expects on learning of the
# meeting, not what a meeting causes.

# %%
from datetime import date

from forecast import Assumed, build_panel, fit, plots, read_chronology, scenario

events = read_chronology(dyads=["USA-CHN"])
fitted = fit(build_panel(events, as_of="2023-10-31"), seed=1)

# %% [markdown]
# Of 167 US-China contacts in the ten years before 13 were meetings of the presidents, a `part` of
# 0.08. `n=0` assumes that none is recorded up to a day.

# %%
meeting = Assumed(
    date(2023, 11, 15),
    "USA",
    "CHN",
    kind="contact",
    part=0.08,
    summary="A meeting of the presidents",
)
none = Assumed(
    date(2023, 11, 1), "USA", "CHN", kind="contact", part=0.08, n=0, until=date(2024, 10, 31)
)
result = scenario(
    fitted,
    "USA-CHN",
    {"a meeting in November": [meeting], "a year without one": [none]},
    events=events,
    followed=build_panel(events),
)
result

# %% [markdown]
# Each scenario has a probability, and a check of whether its simulations suffice (`fault` is empty
# then).

# %%
for assumed in result.scenarios:
    share = assumed.plausibility.value
    print(f"{assumed.name}: happens in {share:.0%} of simulations; usable: {not assumed.fault}")
    print(" ", assumed.sentence)

# %%
for months, what in result.followed.items():
    share = f"{what.share:.0f}% of {what.events} events"
    print(f"{months} months: {share} were cooperative, {what.outcome}")

# %%
ax = plots.plot_scenarios(result)

# %% [markdown]
# Four overlapping windows do not evaluate a model: [a backtest](backtest.py) does. [What
# if](../what-if.md) explains the conditioning.
