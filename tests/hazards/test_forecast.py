"""Forecast of events: what is known of a window, who acts, expected events, and bad input."""

from datetime import date, timedelta
from itertools import pairwise

import pytest

from forecast import AskedEvents, ask, find_set, forecast_events, read_chronology, set_of_codes
from forecast.base.errors import ForecastError, QuestionError, SpecError
from forecast.outlook.hazards.asking import AskedLine
from forecast.outlook.hazards.results import Expected

DAY = date(2024, 3, 31)


@pytest.fixture(scope="module")
def table():
    return read_chronology(dyads=["USA-IRN"])


def chance(table, name="strike", last=date(2024, 6, 30), **asked):
    given = {"as_of_day": asked.pop("as_of_day", DAY), "expect": asked.pop("expect", ())}
    events = AskedEvents(find_set(name), last, **asked)
    return forecast_events(table, "USA-IRN", events, **given).chance


def strike(**asked):
    return AskedEvents(find_set("strike"), **{"last": date(2024, 6, 30)} | asked)


def test_no_longer_window_is_less_likely_and_no_larger_number_likelier(table):
    windows = [chance(table, last=DAY + timedelta(days=days)) for days in (7, 30, 90, 365, 700)]
    assert all(one < other for one, other in pairwise(windows))
    assert chance(table, at_least=3) < chance(table, at_least=2) < chance(table)


def test_the_future_changes_nothing(table):
    known = read_chronology(dyads=["USA-IRN"])
    earlier = known.events[known.events["date"] <= "2024-03-31"]
    from dataclasses import replace

    assert chance(replace(known, events=earlier)) == chance(table)


def test_a_recorded_event_of_the_window_decides(table):
    found = forecast_events(table, "USA-IRN", strike(first=date(2024, 1, 1)), as_of_day=DAY)
    assert found.recorded > 0
    assert found.chance == 1.0


def test_days_after_coverage_are_unobserved_and_not_empty(table):
    covered = forecast_events(table, "USA-IRN", strike(last=date(2026, 12, 31)))
    day = covered.covered_to + timedelta(days=60)
    later = forecast_events(table, "USA-IRN", covered.asked, as_of_day=day)
    assert later.chance == pytest.approx(covered.chance, rel=0.02)
    assert "unobserved, not empty" in later.notes[0]


def test_one_side_acts_less_often_than_both(table):
    assert chance(table, "threat", by="USA") < chance(table, "threat")


def test_an_expected_event_counts_with_its_chance(table):
    plain = chance(table, "visit")
    expected = chance(table, "visit", expect=[Expected(date(2024, 5, 1), 0.8)])
    assert expected == pytest.approx(1 - 0.2 * (1 - plain), rel=0.01)
    assert chance(table, "visit", expect=[Expected(date(2024, 9, 1), 0.8)]) == plain


def test_quiet_days_are_likelier_in_a_longer_window(table):
    assert chance(table, quiet=30, last=date(2024, 4, 30)) < chance(
        table, quiet=30, last=date(2024, 9, 30)
    )


def test_codes_stand_in_place_of_a_set(table):
    codes = AskedEvents(set_of_codes(["190", "194", "195"]), date(2024, 6, 30))
    own = forecast_events(table, "USA-IRN", codes, as_of_day=DAY)
    assert own.chance == pytest.approx(chance(table), abs=0.15)
    assert "no coefficients of its own" in " ".join(own.notes)


def test_an_answer_says_what_it_rests_on(table):
    found = forecast_events(table, "USA-IRN", strike(), as_of_day=DAY)
    assert found.low < found.chance < found.high
    assert found.coefficients <= DAY
    assert [one.date for one in found.latest] == sorted(
        (one.date for one in found.latest), reverse=True
    )
    assert found.what_if
    assert "2024-04-01 to 2024-06-30" in found.rule


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"last": date(2024, 3, 1)}, "window ends on 2024-03-01"),
        ({"first": date(2024, 6, 1), "last": date(2024, 5, 1)}, "swap them"),
        ({"last": date(2034, 5, 1)}, "earlier day"),
        ({"quiet": 120}, "do not fit"),
    ],
)
def test_a_window_about_which_nothing_can_be_said_is_rejected(table, asked, words):
    with pytest.raises(QuestionError, match=words):
        chance(table, **asked)


def test_a_question_in_a_line():
    line = AskedLine.parse("usa-irn at least 2 air strikes from 2026-07 by 2026-08-15")
    asked = line.asked
    assert (line.dyad, asked.wanted.name, asked.at_least) == ("USA-IRN", "strike", 2)
    assert (asked.first, asked.last) == (date(2026, 7, 1), date(2026, 8, 15))
    assert AskedLine.parse("IND-PAK 190,195 by 2026-12").asked.wanted.codes == ("190", "195")


@pytest.mark.parametrize(
    "text", ["", "USA-IRN strike", "USA-IRN strike by tomorrow", "strike by 2026-07-31", "x" * 500]
)
def test_a_line_that_is_no_question_is_an_error_with_an_example(text):
    with pytest.raises(QuestionError, match="USA-IRN strike by"):
        AskedLine.parse(text)


def test_unknown_sets_and_pairs_are_named():
    with pytest.raises(SpecError, match="no such set"):
        ask("USA-IRN picnic by 2026-12-31")
    with pytest.raises(ForecastError, match="XXX"):
        ask("USA-XXX strike by 2026-12-31")


@pytest.mark.parametrize("text", ["2026-07-10", "2026-07-10:1.5", "soon:0.5"])
def test_an_expected_event_needs_a_day_and_a_chance(text):
    with pytest.raises(QuestionError, match="expect"):
        Expected.parse(text)


def test_outlooks_of_sets_are_the_forecasts_of_the_same_windows(table):
    from forecast.outlook.hazards.forecast import set_outlooks

    known = table.events[table.events["known_at"] <= "2024-03-31"]
    (found,) = set_outlooks(known, "USA-IRN", DAY, DAY, (30, 90), [find_set("strike")])
    alone = [chance(table, last=DAY + timedelta(days=days)) for days in (30, 90)]
    assert found.chances == pytest.approx(alone)
    assert found.expected[0] < found.expected[1]


def test_quiet_days_and_events_of_one_window_add_up_to_one_in_peace_and_war(table):
    for day in (date(2024, 3, 31), date(2026, 3, 15)):
        last = day + timedelta(days=30)
        given = {"last": last, "as_of_day": day}
        none = chance(table, quiet=30, **given)
        assert none + chance(table, **given) == pytest.approx(1, abs=1e-3)


def test_in_a_war_violence_within_days_is_likely(table):
    day = date(2026, 3, 10)
    assert chance(table, "violence", last=day + timedelta(days=12), as_of_day=day) > 0.65


def test_news_of_a_later_day_uses_no_later_coefficients(table):
    day = date(2023, 12, 20)
    found = forecast_events(table, "USA-IRN", strike(last=date(2024, 12, 31)), as_of_day=day)
    (quiet,) = (one for one in found.what_if if one.news.startswith("no event"))
    case = strike(first=date(2024, 1, 19), last=date(2024, 12, 31))
    assert quiet.chance < found.chance
    assert quiet.chance < forecast_events(table, "USA-IRN", case, as_of_day=day).chance + 0.2


def test_an_expected_event_that_is_observed_by_then_does_not_count(table):
    expected = [Expected(DAY - timedelta(days=5), 0.9)]
    window = {"first": DAY - timedelta(days=20)}
    assert chance(table, "visit", expect=expected, **window) == chance(table, "visit", **window)
