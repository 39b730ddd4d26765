"""Dyads, eras and coverage agree with each other and with the chronology."""

import datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import forecast.data.events.dyads
from forecast.base.errors import DataError, UnknownDyadError
from forecast.data.events import (
    dyad_code,
    find_dyad,
    hierarchy,
    read_chronology,
    read_coverage,
    read_dyads,
    read_eras,
)
from forecast.data.events.even_coverage import caveats
from forecast.data.panel import build_panel

states = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=3, max_size=3)


def test_there_is_a_dyad_an_era_and_a_coverage_for_each_file():
    dyads = list(read_dyads().index)
    assert read_chronology().dyads == dyads
    assert set(read_eras()["dyad"]) == set(dyads)
    assert list(read_coverage()["dyad"]) == dyads


def test_a_dyad_is_its_two_states():
    dyads = read_dyads()
    assert (dyads.index == dyads["first"] + "-" + dyads["second"]).all()


def test_each_reference_date_is_a_day_of_the_eras_or_of_the_chronology():
    events, eras = read_chronology().events, read_eras()
    for dyad, date in read_dyads()["reference_date"].items():
        days = {
            *events.loc[events["dyad"] == dyad, "date"],
            *eras.loc[eras["dyad"] == dyad, "start"],
        }
        assert date in days, dyad


def test_coverage_agrees_with_the_chronology():
    events = read_chronology().events.groupby("dyad")["date"]
    coverage = read_coverage().set_index("dyad")
    assert (events.max().dt.strftime("%Y-%m-%d") == coverage["last_event"].sort_index()).all()
    # Of two dyads there are rows from before the record is even.
    assert (coverage["start"].sort_index() <= events.min()).drop(["KOR-PRK", "IRN-SAU"]).all()
    assert (coverage["start"] < coverage["last_even"]).all()


def test_every_covered_year_has_a_row_but_those_that_the_coverage_names():
    events, coverage = read_chronology().events, read_coverage().set_index("dyad")
    for dyad, own in events.groupby("dyad"):
        stated = set(map(int, coverage["empty_years"][dyad].split()))
        assert (
            set(range(coverage["start"][dyad].year, 2026)) - set(own["date"].dt.year) == stated
        ), dyad
    assert coverage.loc[coverage["empty_years"] != "", "empty_years"].to_dict() == {
        "CHN-JPN": "1949",
        "CHN-IND": "1973",
        "GRC-TUR": "1950 1961 1962 1970",
    }


def test_what_the_caveats_say_of_the_rows_is_true():
    events = read_chronology(dyads=["RUS-UKR"]).events
    war = events[events["date"] >= "2022-02-24"]
    violence = war[war["cameo"].str[:2].isin(["18", "19", "20"])]
    by_month = violence.groupby(violence["date"].dt.to_period("M")).size()
    assert not violence.duplicated(["date", "source"]).any()
    assert by_month.quantile([0.25, 0.75]).between(3, 6).all()
    panel = build_panel(read_chronology(), dyads=["GRC-TUR"])
    assert int(panel["counts"].sel(time=slice("2025", None)).sum()) == 16


def test_the_caveats_are_of_a_dyad_and_a_dataset():
    (words,) = caveats("RUS-UKR", ["chronology", "gdelt"])
    assert "violence of the war is a sample" in words
    assert caveats("RUS-UKR", ["gdelt"]) == caveats("USA-CHN", ["chronology"]) == ()
    thin = {dyad: text for dyad in read_dyads().index for text in caveats(dyad, ["chronology"])}
    assert list(thin) == ["RUS-UKR", "USA-PRK", "JPN-KOR", "GRC-TUR"]
    assert all(
        len(sentence.split()) <= 25 for text in thin.values() for sentence in text.split(". ")
    )


def test_no_era_is_recognised_long_before_it_begins():
    eras = read_eras()
    assert (eras["recognised_at"] >= eras["start"] - datetime.timedelta(days=31)).all()


@given(states, states)
def test_a_dyad_has_one_name_whoever_comes_first(one, other):
    assert dyad_code(one, other) == dyad_code(other, one)
    assert find_dyad(f"{other}-{one}", [dyad_code(one, other)]) == dyad_code(one, other)


@pytest.mark.parametrize("text", ["USA-CHN", "chn-usa", " CHN_USA "])
def test_a_dyad_is_found_in_either_order_and_any_case(text):
    assert find_dyad(text, read_dyads().index) == "USA-CHN"


def test_all_embedded_dyads_are_fitted_together():
    together = read_dyads().index.tolist()
    assert len(together) == 15
    assert all(hierarchy(dyad) == together for dyad in together)
    present = ["USA-CHN", "IND-PAK", "DEU-FRA"]
    assert hierarchy("DEU-FRA", present) == hierarchy("USA-CHN", present) == present


def test_of_the_users_data_all_but_the_dyads_kept_apart_are_fitted_together(monkeypatch):
    apart = read_dyads().assign(
        hierarchy=lambda dyads: np.where(dyads.index == "IND-PAK", "no", "yes")
    )
    monkeypatch.setattr(forecast.data.events.dyads, "read_dyads", lambda: apart)
    present = ["USA-CHN", "IND-PAK", "DEU-FRA"]
    assert hierarchy("DEU-FRA", present) == hierarchy("USA-CHN", present) == ["USA-CHN", "DEU-FRA"]
    assert hierarchy("IND-PAK", present) == ["IND-PAK"]


def test_an_unknown_dyad_is_refused_with_a_guess_and_those_there_are():
    with pytest.raises(UnknownDyadError, match=r"Did you mean USA-CHN\? Known: USA-CHN, USA-RUS"):
        find_dyad("USA-CHI", read_dyads().index)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("dyad,era,start,name\n", "no column 'recognised_at'"),
        (
            "dyad,era,start,recognised_at,name\nUSA-CHN,cold,1.1.1950,1950-01-01,Cold\n",
            "line 2: start is",
        ),
        (
            "dyad,era,start,recognised_at,name\n" + "USA-CHN,cold,1950-01-01,1950-01-01,Cold\n" * 2,
            "twice",
        ),
    ],
)
def test_malformed_eras_are_refused(tmp_path, content, message):
    path = tmp_path / "eras.csv"
    path.write_text(content)
    with pytest.raises(DataError, match=message):
        read_eras(path)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        read_coverage(tmp_path / "none.csv")
