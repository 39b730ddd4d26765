"""Probabilities of questions: the numbers of a report, and what is recorded of the window counts."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast import AskedEvents, find_set
from forecast.base.dates import add_months
from forecast.base.errors import QuestionError, UnknownDyadError
from forecast.data.events.codebook import read_scale
from forecast.data.panel import build_panel, recounted
from forecast.data.panel.shares import by_class
from forecast.desk.questions import (
    answer_events,
    answer_question,
    apply_question,
    make_event_question,
    make_question,
    resolve_question,
)
from forecast.desk.questions.record import CountedKind, record_of
from forecast.outlook import assess
from forecast.outlook.observed import observe
from forecast.outlook.recorded import WindowCounts, main_record
from forecast.outlook.simulations import simulate_ahead
from forecast.study.evaluation.origins import RecordedWindow
from forecast.study.evaluation.scores import outcomes
from tests.questions.conftest import events, fit_as_of, panel_as_of
from tests.questions.made import made

DAY = "2023-10-31"


def ask(day=DAY, **given):
    return make_question(panel_as_of(day), "USA-CHN", **given)


def of_events(name, day=DAY, months=12, **given):
    first = date.fromisoformat(day) + timedelta(days=1)
    last = add_months(first, months) - timedelta(days=1)
    asked = AskedEvents(find_set(name), last, **given)
    return make_event_question(events(), "USA-CHN", asked, as_of=date.fromisoformat(day))


def chance(question, day=DAY):
    return answer_question(fit_as_of(day), question, table=events()).chance.value


@pytest.fixture(scope="module")
def report():
    wanted = {"above": 50.0, "by": date(2024, 10, 31)}
    return assess(fit_as_of(DAY), "USA-CHN", (3, 12), **wanted)


def test_the_numbers_are_those_of_a_report(report):
    window = report.recorded[12]
    assert chance(ask(higher=5)) == window.up.value
    assert chance(ask(lower=5)) == window.down.value
    assert chance(ask(above=50, when="by")) == report.threshold[12].chance.value


def test_events_have_the_chance_of_their_hazard_with_or_without_a_fit():
    question = of_events("coercion", at_least=5)
    alone = answer_events(events(), question, as_of=date(2023, 10, 31))
    for seed in (1, 2):
        found = answer_question(fit_as_of(DAY), question, seed=seed, table=events())
        assert found.chance.value == pytest.approx(alone.chance, abs=1e-9)
        assert found.note == " ".join(alone.notes)


def test_the_simulations_with_the_most_events_are_a_yes_and_of_quiet_days_those_with_the_fewest():
    few, many, quiet = (
        apply_question(fit_as_of(DAY), one, table=events()).simulate(fit_as_of(DAY))[0]
        for one in (
            of_events("coercion", at_least=3),
            of_events("coercion", at_least=12),
            of_events("coercion", quiet=60),
        )
    )
    assert np.all(many <= few + 1e-12) and 0 < many.mean() < few.mean() < 1
    assert np.corrcoef(few.ravel(), quiet.ravel())[0, 1] < 0


def test_what_is_recorded_of_the_window_of_events_counts():
    question = of_events("coercion", months=12, at_least=40)
    recorded = answer_events(events(), question, as_of=date(2024, 4, 30)).recorded
    assert recorded > 0
    enough, more = (question.model_copy(update={"at_least": recorded + some}) for some in (0, 1))
    fit = fit_as_of("2024-04-30")
    assert answer_question(fit, enough, table=events()).chance.value == 1.0
    assert 0 < answer_question(fit, more, table=events()).chance.value < 1


def test_events_without_a_table_are_an_error_that_says_what_to_give():
    with pytest.raises(QuestionError, match="give the events"):
        answer_question(fit_as_of(DAY), of_events("strike"))


def test_throughout_is_less_likely_than_at_and_by_more():
    at, by, throughout = (
        chance(ask(above=30, **how)) for how in ({}, {"when": "by"}, {"when": "throughout"})
    )
    assert throughout <= at <= by


@pytest.mark.parametrize("how", [{}, {"unit": "row"}, {"directed": True}])
def test_codes_are_counted_as_the_panel_counts_them(how):
    panel = build_panel(events(), dyads=["USA-CHN"], as_of=DAY, **how)
    place = int(read_scale("commitment").class_of["042"])
    codes = tuple(read_scale("commitment").class_of.loc[lambda of_class: of_class == place].index)
    kind, counts = (
        CountedKind.of_codes("commitment", "contacts", codes),
        by_class(panel, "USA-CHN")[0],
    )
    found = record_of(panel, "USA-CHN", 0, kind, events()).kind[:, kind.places.index(place)]
    assert found.tolist() == counts[:, place].tolist()


def test_a_window_that_is_over_is_as_it_was_resolved():
    question = ask(higher=5, months=6)
    answer = answer_question(fit_as_of("2024-04-30"), question)
    outcome = resolve_question(panel_as_of("2026-05-31"), question).outcome
    assert answer.chance.value == float(outcome == "yes")


def test_news_moves_the_probability_and_not_the_question():
    question = ask(higher=5)
    first, later = (answer_question(fit_as_of(day), question) for day in (DAY, "2024-04-30"))
    assert first.chance.definition == later.chance.definition == question.sentence
    assert first.chance.value != later.chance.value


def test_half_of_a_month_is_simulated_as_half_of_one():
    fit, question = fit_as_of("2024-04-15"), ask(higher=5, months=24)
    rest = apply_question(fit, question).parts[0].rest(fit, 20)
    ahead = observe(
        fit,
        simulate_ahead(fit, "USA-CHN", 1, simulations_per_draw=20),
        1,
        main_record(fit.panel, "USA-CHN"),
        seed=1,
    )
    half = ahead.total[..., 1].mean() / 2
    error = ahead.total[..., 1].std() / np.sqrt(
        ahead.total[..., 1].size / 5
    )  # futures of a draw are not independent
    assert rest.total.shape[-1] == 1
    assert rest.total.mean() == pytest.approx(half, abs=4 * error)
    assert (rest.cooperative <= rest.total).all()


def test_a_window_that_ends_with_the_month_so_far_is_open():
    fit = fit_as_of("2024-04-15")
    past = apply_question(fit, ask(above=50, months=6)).parts[0].past
    so_far = round(100 * past.cooperative.sum() / past.total.sum(), 2)  # two events decide
    asked = (ask(above=so_far, months=6), ask(above=so_far, months=6, when="by", span=6))
    at, by = (answer_question(fit, one).chance.value for one in asked)
    assert 0 < at <= by <= 1
    assert at < 1
    assert answer_question(fit_as_of("2024-04-30"), asked[0]).chance.value in (0.0, 1.0)


def test_a_scenario_begins_where_the_record_ends():
    fit = fit_as_of("2024-04-15")
    put, simulations = apply_question(fit, ask(higher=5)), simulate_ahead(fit, "USA-CHN", 6)
    with pytest.raises(
        QuestionError, match="not recorded to their end, and these simulations begin after 30 April"
    ):
        put.settle(
            simulations, observe(fit, simulations, 6, main_record(fit.panel, "USA-CHN"), seed=1)
        )


def test_other_data_are_rejected_by_name():
    question = ask(higher=5)
    with pytest.raises(
        QuestionError, match="asks about the dataset 'mine'; these data are chronology"
    ):
        answer_question(fit_as_of(DAY), question.model_copy(update={"dataset": "mine"}))
    with pytest.raises(UnknownDyadError, match="USA-RUS"):
        answer_question(fit_as_of(DAY), question.model_copy(update={"dyad": "USA-RUS"}))
    with pytest.raises(QuestionError, match="other kinds count as cooperative"):
        resolve_question(panel_as_of(DAY), question.model_copy(update={"cooperative": "smiles"}))


def test_a_level_has_a_probability_and_no_resolution():
    question = ask(level=40)
    simulations = apply_question(fit_as_of(DAY), question).simulate(fit_as_of(DAY))[0]
    assert 0 < simulations.mean() < 1
    assert resolve_question(panel_as_of("2026-05-31"), question).outcome == "never"


def test_the_resolution_is_that_of_the_example():
    found = resolve_question(panel_as_of("2026-05-31"), ask(higher=5))
    assert (found.outcome, found.cooperative, found.events) == ("yes", 45, 118)


def test_a_question_is_open_until_it_is_covered_and_void_when_that_is_too_late():
    question = ask(higher=5)
    early = panel_as_of("2024-09-30")
    assert resolve_question(early, question).outcome == "open"
    late = resolve_question(early, question, today=date(2026, 1, 1))
    assert (late.outcome, "coverage of USA-CHN ends" in late.reason) == ("void", True)
    cut = resolve_question(
        panel_as_of("2026-05-31"), question, coverage_end=date(2024, 10, 30), today=date(2025, 1, 1)
    )
    assert cut.outcome == "open"


def test_a_window_whose_last_month_is_known_in_part_is_not_resolved():
    """The record of the dyad ends on 13 June 2026."""
    question = make_question(panel_as_of("2025-12-31"), "USA-CHN", months=6, higher=5)
    assert question.last == date(2026, 6, 30)
    for panel in (panel_as_of(None), panel_as_of("2026-06-30"), panel_as_of("2026-10-01")):
        found = resolve_question(panel, question)
        assert (found.outcome, found.reason[-39:]) == (
            "open",
            "ends with 13 June 2026, before 30 June 2026"[-39:],
        )


def test_too_few_events_are_void():
    panel = panel_as_of("2026-05-31")
    window = (panel["time"] >= np.datetime64("2023-11-01")) & (
        panel["time"] <= np.datetime64("2024-10-01")
    )
    silent = recounted(
        panel.assign(counts=panel["counts"].where(~window, 0).astype(panel["counts"].dtype))
    )
    found = resolve_question(silent, ask(higher=5))
    assert (found.outcome, found.events) == ("void", 0)
    assert "too few events" in found.reason


MONTH = st.tuples(st.integers(0, 6), st.integers(0, 6)).map(lambda two: (sum(two), two[0]))
COUNTS = st.lists(MONTH, min_size=12, max_size=12)
COMPARE = st.sampled_from(["at least", "at most"])


@given(COUNTS, COUNTS, COMPARE, st.floats(0.5, 60))
def test_a_question_is_resolved_as_the_backtest_resolves_its_window(before, after, compare, points):
    n, k = (sum(month[place] for month in before) for place in (0, 1))
    total, cooperative = np.array(after).T
    past = WindowCounts(*np.array(before).T)
    window = RecordedWindow("USA-CHN", date(2021, 1, 1), 12, WindowCounts(total, cooperative), past)
    share = 100 * k / n if n else 0
    possible = 0 <= share + (points if compare == "at least" else -points) <= 100
    if window.before is None or window.void or not possible:
        return
    baseline = {
        "first": "2020-01-01",
        "last": "2020-12-31",
        "happenings": n,
        "cooperative": k,
        "points": points,
    }
    question = made(threshold=None, baseline=baseline, compare=compare)
    up, down = outcomes(window.share, window.before, points)
    yes, there = question.settle(WindowCounts(total, cooperative))
    assert there and bool(yes) == (up if compare == "at least" else down)


@given(COUNTS, st.integers(1, 12), st.floats(1, 99), st.sampled_from(["by", "throughout"]), COMPARE)
def test_rolling_windows_one_by_one(after, span, threshold, when, compare):
    """The same, with a loop over windows."""
    before = tuple((4, 2) for _ in range(span - 1))
    question = made(
        kind="passage", when=when, span=span, before=before, threshold=threshold, compare=compare
    )
    months, held = [*before, *after], []
    for end in range(span, len(months) + 1):
        n, k = (sum(month[place] for month in months[end - span : end]) for place in (0, 1))
        if n >= 3:
            held.append(
                100 * k / n >= threshold - 1e-6
                if compare == "at least"
                else 100 * k / n <= threshold + 1e-6
            )
    total, cooperative = np.array(after).T
    yes, there = question.settle(WindowCounts(total, cooperative))
    assert bool(there) == bool(held)
    assert bool(yes) == (bool(held) and (any if when == "by" else all)(held))
