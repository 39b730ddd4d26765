"""Named sets of events: what belongs to them, and what is rejected."""

import pytest

from forecast.base.errors import SpecError
from forecast.data.events import read_chronology
from forecast.data.events.codebook import read_codes
from forecast.data.events.sets import find_set, read_sets, set_of_codes


@pytest.fixture(scope="module")
def events():
    return read_chronology(dyads=["USA-CHN"]).events


def test_every_set_has_a_definition_and_codes_of_the_codebook():
    for one in read_sets().values():
        assert one.definition
        assert set(one.codes) <= set(read_codes().index)


@pytest.mark.parametrize(
    ("text", "name"), [("Strikes", "strike"), ("ceasefire", "truce"), (" air  strike ", "strike")]
)
def test_a_set_has_aliases_and_a_plural(text, name):
    assert find_set(text).name == name


def test_a_set_that_is_not_there_is_an_error_that_offers_near_ones():
    with pytest.raises(SpecError, match="near are strike"):
        find_set("strke")


def test_a_code_outside_the_codebook_is_an_error_that_offers_near_ones():
    with pytest.raises(SpecError, match="195"):
        set_of_codes(["190", "1999"])


def test_codes_of_cameo_that_the_codebook_folds_are_accepted():
    assert set_of_codes(["190", "194", "195", "1951"]).codes == ("190", "194", "195", "1951")


def test_a_two_sided_event_counts_once_and_those_of_two_visitors_are_all(events):
    visits = read_sets()["visit"]
    both, first, second = (
        visits.counted(events, by=by)["counted"].sum() for by in (None, "USA", "CHN")
    )
    assert both == first + second


def test_the_visitor_acts_whichever_row_records_it(events):
    own = read_sets()["visit"].counted(events, by="USA")
    assert set(own.loc[own["cameo"] == "042", "source"]) == {"USA"}
    assert set(own.loc[own["cameo"] == "043", "target"]) <= {"USA"}


def test_a_set_with_words_looks_into_the_summary():
    events = read_chronology(dyads=["USA-PRK"]).events
    tests = read_sets()["missile test"].counted(events)
    drills = read_sets()["show of force"].counted(events)
    assert 0 < len(tests) < len(drills)


def test_an_actor_is_a_whole_word(events):
    contacts = read_sets()["contact"]
    assert (
        contacts.holds(events, actor="Kissinger").sum()
        > contacts.holds(events, actor="Kissing").sum()
        == 0
    )
