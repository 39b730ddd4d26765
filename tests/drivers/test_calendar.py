"""Scheduled facts: dates that follow from a rule, days since when they were known, and what drivers make of them."""

import re
from datetime import date, timedelta
from itertools import pairwise

import numpy as np

from forecast import build_panel, read_chronology, read_dyads
from forecast.data.calendar_drivers import DRIVERS, calendar_drivers, read_calendar
from forecast.data.drivers import add_drivers, require_given
from forecast.data.events.coding_rules import passing_address
from forecast.data.events.tables import UNCHECKED
from tests.documented import sections, words

TABLE = read_calendar()
FACTS = list(TABLE.itertuples())
KINDS = {kind for driver in DRIVERS for kind in driver.kinds}
KNOWN_BY = {"law", "treaty", "announcement", "thirty days", "opening"}


def of_kind(kind):
    return [one for one in FACTS if one.kind == kind]


def test_us_elections_and_terms_follow_the_law():
    elections, terms = of_kind("us_election"), of_kind("us_inauguration")
    for one in elections:
        assert (one.date.month, one.date.weekday(), one.date.year % 4) == (11, 1, 0)
        assert 2 <= one.date.day <= 8, "the Tuesday after the first Monday"
    assert all((one.date.month, one.date.day, one.date.year % 4) == (1, 20, 1) for one in terms)
    for facts in (elections, terms):
        assert {later.date.year - one.date.year for one, later in pairwise(facts)} == {4}


def test_every_fact_has_a_state_a_day_a_reference_and_was_known_in_advance():
    known = {state for dyad in read_dyads().index for state in dyad.split("-")}
    for one in FACTS:
        assert one.known_at <= one.date
        assert (one.kind in KINDS, one.known_by in KNOWN_BY) == (True, True), one
        assert set(one.states) & known, one
        assert all(re.fullmatch("[A-Z]{3}", state) for state in (*one.states, *one.host.split())), (
            one
        )
        assert one.name, one
        assert not passing_address(one.reference.removeprefix(UNCHECKED)), one
        if one.known_by == "thirty days":
            assert one.date - one.known_at == timedelta(days=30)
        if one.known_by == "opening":
            assert one.known_at == one.date
    assert len({(one.date, one.kind, one.states) for one in FACTS}) == len(FACTS)


def test_there_is_one_summit_of_a_kind_a_year():
    twice = {("g20_summit", 2009), ("g20_summit", 2010)}
    for kind in ("g20_summit", "apec_summit", "sco_summit", "brics_summit"):
        years = [one.date.year for one in of_kind(kind)]
        assert {(kind, year) for year in years if years.count(year) > 1} <= twice


def test_drivers_are_one_when_they_say():
    table = calendar_drivers(["USA-CHN", "CHN-RUS", "IND-PAK"])
    known = {name: table.known(name, "USA-CHN", date(2023, 10, 31)) for name in table.names}
    ones = {name: set(own.index[own["value"] > 0].date) for name, own in known.items()}
    assert {date(2024, 11, 1), date(2023, 12, 1)} <= ones["us_election_year"]
    assert date(2024, 12, 1) not in ones["us_election_year"]
    assert {date(2025, 1, 1), date(2025, 12, 1)} <= ones["us_first_year"]
    assert date(2023, 11, 1) in ones["summit"], "San Francisco, known for thirty days"
    assert date(2024, 11, 1) not in ones["summit"], "not known yet"
    assert date(2022, 10, 1) in ones["party_congress"]
    nobody = table.known("us_election_year", "CHN-RUS", date(2023, 10, 31))
    assert not nobody["value"].any()


def test_the_calendar_drives_a_panel_ten_years_ahead():
    panel = build_panel(read_chronology(dyads=["USA-RUS"]), start="1995-01", as_of="2014-12-31")
    driven = add_drivers(panel, calendar_drivers(["USA-RUS"]))
    assert set(driven["driver"].values) == {
        "us_election_year",
        "us_first_year",
        "election",
        "summit",
        "treaty_expiry",
    }
    require_given(driven, "USA-RUS", 120)
    assert np.isin(driven["driver_value"].to_numpy(), (0.0, 1.0)).all()


def test_the_page_has_every_column_kind_and_driver():
    assert tuple(sections("drivers")["calendar.csv"]) == tuple(TABLE)
    assert sections("drivers")["Drivers of the calendar"] == [driver.name for driver in DRIVERS]
    assert all(f"`{word}`" in words("drivers") for word in (*KINDS, *KNOWN_BY))
