"""Questions about the tone: what they say, how data resolve them, and their probability next to a report's."""

import functools
from datetime import date

import pytest

from forecast.base.errors import QuestionError
from forecast.data.panel import build_panel, event_counts, recounted
from forecast.desk.questions import (
    answer_question,
    apply_question,
    joint_question,
    make_question,
    resolve_question,
)
from forecast.outlook import NotDefined, assess
from tests.questions.conftest import PriorFit, events, panel_as_of, prior_fit

DAY = "2023-10-31"


def panel(day=DAY):
    return panel_as_of(day, start="1990-01-01")


@functools.cache
def fitted(day=DAY):
    return prior_fit(panel(day))


@functools.cache
def ask(**what):
    return make_question(panel(), "USA-CHN", measure="tone", **what)


def mean_score(first, last):
    rows = events().events
    rows = rows[(rows["date"] >= first) & (rows["date"] <= last)]
    counted = event_counts(rows)
    return (rows["goldstein"] * counted).sum() / counted.sum(), counted.sum()


def test_the_baseline_is_the_mean_score_of_the_last_twelve_months():
    before, number = mean_score("2022-11-01", "2023-10-31")
    fixed = ask(higher=0.5).baseline
    assert (fixed.events, fixed.value) == (number, pytest.approx(before, abs=0.01))
    assert ask(higher=0.5).bound == pytest.approx(before + 0.5, abs=0.01)
    assert ask(lower=0.5).bound == pytest.approx(before - 0.5, abs=0.01)
    assert (
        "0.5 points above the" in ask(higher=0.5).sentence
        and "mean Goldstein score" in ask(higher=0.5).sentence
    )


def test_a_sentence_states_the_whole_threshold():
    assert ask(above=-1.234).sentence.endswith(" is at least \N{MINUS SIGN}1.234.")
    assert ask(below=2.0).sentence.endswith(" is at most 2.")


def test_the_months_before_are_named_where_coverage_ended():
    ended = panel().copy(deep=True)
    for name in ("counts", "goldstein", "covered"):
        ended[name].transpose("time", ...)[-3:] = 0
    found = assess(PriorFit(fitted().posterior, recounted(ended), fitted().spec), "USA-CHN", (12,))
    assert " in the 12 months to July 2023: " in found.tone[12].sentence
    assert " in the 12 months before: " in assess(fitted(), "USA-CHN", (12,)).tone[12].sentence


@pytest.mark.parametrize(("off", "outcome"), [(-0.01, "yes"), (0.01, "no")])
def test_data_resolve_it_by_their_mean_score(off, outcome):
    then, number = mean_score("2023-11-01", "2024-10-31")
    question = ask(above=round(then + off, 3))
    found = resolve_question(build_panel(events()), question)
    assert found.outcome == outcome and f"{number} events" in found.reason


def test_it_has_the_chance_of_the_report():
    result = assess(fitted(), "USA-CHN", (12,), seed=3)
    for what, wanted in (("higher", "up"), ("lower", "down")):
        answer = answer_question(fitted(), ask(**{what: 0.5}), seed=3)
        assert answer.chance.value == pytest.approx(
            getattr(result.tone[12], wanted).value, abs=1e-12
        )
    assert result.tone[12].tone.low < result.tone[12].tone.median < result.tone[12].tone.high


def test_higher_thresholds_are_less_likely_and_recorded_months_count():
    chances = [
        answer_question(fitted(), ask(above=bound)).chance.value for bound in (-4.0, -1.0, 2.0)
    ]
    assert chances == sorted(chances, reverse=True) and 0 < chances[1] < 1
    (later,) = apply_question(fitted("2024-03-31"), ask(above=-1.0)).parts
    assert later.past.goldstein.sum() == pytest.approx(
        mean_score("2023-11-01", "2024-03-31")[0] * later.past.total.sum()
    )


def test_without_an_event_its_score_is_gone_as_well():
    (rows,) = apply_question(fitted("2024-03-31"), ask(above=-1.0)).parts
    from forecast.data.panel.single_events import placed_events

    placed = placed_events(panel("2024-03-31"), "USA-CHN", events())
    one = placed[placed["date"] >= "2023-11-01"].iloc[[0]]
    left = rows.without(one)
    gone = rows.past.goldstein.sum() - left.past.goldstein.sum()
    assert gone == pytest.approx((one["goldstein"] * one["counted"]).sum())


def test_share_and_tone_are_joined():
    both = joint_question([ask(higher=0.5), make_question(panel(), "USA-CHN", higher=5)])
    chances = [answer_question(fitted(), one).chance.value for one in (both, *both.parts)]
    assert chances[0] <= min(chances[1:]) and chances[0] > chances[1] * chances[2]
    with pytest.raises(QuestionError, match="exclude each other"):
        joint_question([ask(higher=0.5), ask(below=-5.0)])


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ({"above": 30.0}, "threshold"),
        ({"above": -10.0}, "threshold"),
        ({"below": 10.0}, "threshold"),
        ({"higher": 15.0}, "decided already"),
        ({"above": 1.0, "when": "by"}, "measure: the tone of a window"),
    ],
)
def test_what_makes_no_sense_is_rejected(what, message):
    with pytest.raises(QuestionError, match=message):
        ask(**what)


def test_data_without_scores_have_no_tone():
    bare = panel().drop_vars("goldstein")
    with pytest.raises(QuestionError, match="hold no Goldstein scores"):
        make_question(bare, "USA-CHN", measure="tone", higher=0.5)
    fit = PriorFit(fitted().posterior, bare, fitted().spec)
    with pytest.raises(QuestionError, match="hold no Goldstein scores; use coded events"):
        answer_question(fit, ask(higher=0.5))
    with pytest.raises(QuestionError, match="hold no Goldstein scores; use coded events"):
        resolve_question(build_panel(events()).drop_vars("goldstein"), ask(higher=0.5))
    assert isinstance(assess(fit, "USA-CHN", (12,)).tone, NotDefined)
    assert ask(higher=0.5).last == date(2024, 10, 31)
