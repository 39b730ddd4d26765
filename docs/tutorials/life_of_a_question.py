# %% [markdown]
# # The life of a question
#
# A forecast that is not written down cannot be scored. A question of October 2023 is asked,
# forecast twice, resolved and scored. Everything goes into an append-only ledger, in which every
# line holds the hash of the line before.

# %%
from datetime import date
from pathlib import Path

from forecast import (
    AskedEvents,
    answer_question,
    build_panel,
    find_set,
    fit,
    make_event_question,
    make_question,
    plots,
    read_chronology,
    resolve_question,
    update,
)
from forecast.desk.questions import Ledger, TrackRecord, answered, append_entries, asked, resolved

events = read_chronology(dyads=["USA-CHN"])
known = build_panel(events, as_of="2023-10-31")
ledger = Path("questions/ledger.jsonl")
ledger.unlink(missing_ok=True)

# %% [markdown]
# ## Asked
#
# Baseline and threshold are fixed now, and the sentence says how anyone can resolve it.

# %%
higher = make_question(known, "USA-CHN", months=12, higher=5, id="higher")
violence = AskedEvents(find_set("violence"), last=date(2024, 10, 31))
asked_on = date(2023, 10, 31)
force = make_event_question(events, "USA-CHN", violence, as_of=asked_on, id="force")
for question in (higher, force):
    print(question.sentence, "\n")
append_entries(ledger, [asked(higher), asked(force)]).entries[-1].hash

# %% [markdown]
# ## Answered, twice
#
# The share needs a fit. The events have a hazard of their own, for which their record is enough.

# %%
first = fit(known, seed=1)
second = update(first, events, as_of="2024-03-31")
model = first.spec.to_dict()
for fitted in (first, second):
    answers = [answer_question(fitted, question, table=events) for question in (higher, force)]
    append_entries(
        ledger, [answered(answer, model=model, converged=fitted.gate.passed) for answer in answers]
    )
    chances = [f"{answer.question} {answer.chance.value:.0%}" for answer in answers]
    print(answers[0].as_of, ", ".join(chances))

# %% [markdown]
# ## Resolved
#
# The code that resolves is the one that counts simulations.

# %%
panel = build_panel(events)
outcomes = [resolve_question(panel, question, table=events) for question in (higher, force)]
append_entries(ledger, [resolved(outcome) for outcome in outcomes])
for outcome in outcomes:
    print(outcome.question, outcome.outcome, "-", outcome.reason)

# %% [markdown]
# ## Scored
#
# These forecasts were written after the window was over, so they are *retrospective*, and never
# mixed with forecasts that were made as it happened.

# %%
record = TrackRecord.of(Ledger.read(ledger))
print(record.sentence)
for case in record.cases:
    said = f"forecast {case.first:.0%}, base rate {case.base:.0%}"
    print(f"{case.question}: {case.outcome}, {said}, Brier score {case.scores['brier_first']:.2f}")

# %% [markdown]
# Two questions say nothing about calibration; the [retrospective
# ledger](../../reports/retrospective/index.html) has over two thousand.
# [Questions](../questions.md) has the commands.

# %%
ax = plots.plot_observed_share(build_panel(events, start="2010-01"))
ax.axhline(higher.bound, linestyle="--", color="0.3")
shaded = ax.axvspan(2023 + 10 / 12, 2024 + 10 / 12, alpha=0.15)
