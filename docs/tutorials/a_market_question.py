# %% [markdown]
# # A market question
#
# A made-up market asks on 31 March 2024: "Will the United States and Iran exchange strikes by 30
# June?" It trades at 34 cents. The own number takes less than a second, and goes into a ledger with
# the price.

# %%
from datetime import date

from forecast import ask, build_panel, plots, read_chronology
from forecast.desk.questions.outside import pooled_chance

events = read_chronology(dyads=["USA-IRN"])
answer = ask("USA-IRN strike by 2024-06-30", table=events, as_of="2024-03-31")
print(answer.sentence)

# %% [markdown]
# ## What it rests on
#
# The base rates of one and ten years, the days since the last event, and the last events.

# %%
print(
    f"one year {answer.one_year:.0%}, ten years {answer.ten_years:.0%}, "
    f"{answer.silence} days since the last"
)
for event in answer.latest:
    print(event.date, event.source, event.summary)

# %% [markdown]
# ## What would change it
#
# The same forecast after some news, the greatest change first.

# %%
for item in answer.what_if:
    print(f"{item.news}: {item.chance:.0%}")

# %% [markdown]
# ## Every deadline from one hazard
#
# No longer window has a smaller probability.

# %%
for last in ("2024-04-30", "2024-05-31", "2024-06-30", "2024-12-31"):
    print(last, f"{ask(f'USA-IRN strike by {last}', table=events, as_of='2024-03-31').chance:.0%}")

# %% [markdown]
# ## With the price
#
# The pool is a mean of log-odds in which the own number has a weight of .1, because markets were
# the better forecasters. Do not use the own number against a price.

# %%
price = 0.34
print(f"own {answer.chance:.2f}, price {price:.2f}, pool {pooled_chance(price, answer.chance):.2f}")

# %% [markdown]
# ## As it turned out
#
# Iran fired at Israel on 13 April, and US forces shot down what they could.

# %%
later = ask("USA-IRN strike from 2024-04-01 by 2024-06-30", table=events, as_of=date(2024, 4, 30))
print(f"{later.recorded} recorded by 30 April: {later.chance:.0%}")

# %% [markdown]
# ## The relation behind it
#
# The share of cooperative events in windows of twelve months, up to the day of the question.

# %%
panel = build_panel(events, dyads=["USA-IRN"], as_of="2024-03-31")
plots.plot_observed_share(panel)
