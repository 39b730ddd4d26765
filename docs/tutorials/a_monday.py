# %% [markdown]
# # A Monday
#
# A week has passed and five things have happened. Add them, update the forecast in seconds, and see
# which of them mattered. The five events are **made up**.

# %%
from pathlib import Path

from forecast import (
    add_events,
    answer_question,
    attribute_question,
    build_panel,
    fit,
    make_question,
    plots,
    read_chronology,
    update,
)

events = read_chronology(dyads=["USA-CHN"])
before = fit(
    build_panel(events, as_of="2026-06-13"), seed=1
)  # half a minute; in practice last week's, by Fit.load("fit.zarr")

# %% [markdown]
# A question of the end of May has a fixed baseline, so its probability can be followed from week to
# week.

# %%
question = make_question(build_panel(events, as_of="2026-05-31"), "USA-CHN", months=12, higher=5)
print(question.sentence)
last_week = answer_question(before, question, table=events).chance
print(f"{last_week.value:.1%}")

# %% [markdown]
# ## Five events
#
# One line per event: day, who towards whom, and a [word or code](../adding-events.md#columns).

# %%
Path("week.csv").write_text(
    """date,source,target,kind,summary
2026-06-15,USA,CHN,criticism,Made up: a statement on the South China Sea
2026-06-16,CHN,USA,visit,Made up: the commerce minister arrives in Washington
2026-06-17,USA,CHN,relief of sanctions,Made up: controls on aircraft parts are lifted
2026-06-18,USA,CHN,agreement,Made up: an agreement on fentanyl is signed
2026-06-18,CHN,USA,agreement,Made up: an agreement on fentanyl is signed
"""
)
table = add_events(events, "week.csv", covered_to="USA-CHN:2026-06-21")
[(event.date, event.cameo, event.summary) for event in table.additions[0].events]

# %% [markdown]
# `covered_to` says up to which day your list of a pair is complete. A file of good news alone is
# read as weeks without bad news, so list everything that your source has.
#
# ## Update
#
# The draws of the fit are reweighted by the new events. Where that is not valid the model is fitted
# again.

# %%
now = update(before, table, as_of="2026-06-21")
now.updates

# %%
this_week = answer_question(now, question, table=table).chance
print(
    f"{last_week.value:.1%} last week, {this_week.value:.1%} now, "
    f"Monte Carlo error {this_week.mcse:.1%}"
)

# %% [markdown]
# ## What contributed
#
# Each event's contribution is the forecast with it less the forecast without. In order they sum to
# the whole change.

# %%
parts = attribute_question(now, question, table, months=1, refit=True)
ax = plots.plot_attribution(parts)

# %% [markdown]
# The level uses only the side of an event, so an agreement contributes no more than a visit. The
# [tone](../research/tone.md) distinguishes them.
#
# ## Every week
#
# ```sh
# forecast monday --covered-to USA-CHN:2026-06-21 --commit
# ```
#
# does all of this for every pair and question of a folder: [every Monday](../every-monday.md).
