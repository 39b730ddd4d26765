"""Every name and code of a state is the same state in every feed, in KEDS, in the package's tables and in ISO 3166."""

import re
from collections import Counter

import pycountry
import pytest

from forecast.base.resources import data_folder
from forecast.data.events.codebook import read_small_csv, state_names
from forecast.data.events.dyads import read_dyads
from forecast.data.events.keds import ACTORS, find_actor
from forecast.data.feeds import FeedSettings, read_feed

from .made import (
    HISTORICAL_HEADER,
    ICEWS_HEADER,
    POLECAT_HEADER,
    gdelt_row,
    historical_row,
    icews_row,
    phoenix_row,
    polecat_row,
    written,
)

ISO = {country.alpha_3 for country in pycountry.countries}
KOSOVO = "XKX"

ENDED = {"CSK", "DDR", "YMD", "ANT", "SKM"}
"""Former states and territories that no state of today continues (Gleditsch and Ward 1999,
doi:10.1080/03050629908434958)."""

CONTINUED = {
    "AFI": "DJI",
    "BUR": "MMR",
    "BYS": "BLR",
    "DHY": "BEN",
    "HVO": "BFA",
    "NHB": "VUT",
    "RHO": "ZWE",
    "SCG": "SRB",
    "SUN": "RUS",
    "TMP": "TLS",
    "VDR": "VNM",
    "YUG": "SRB",
    "ZAR": "COD",
}
"""Former codes of ISO 3166-3 whose state is one of today."""

GDELT = {
    "BAG": "IRQ",
    "GZS": "PSE",
    "IMY": "IMN",
    "KSV": KOSOVO,
    "MTN": "MNE",
    "ROM": "ROU",
    "TMP": "TLS",
    "WSB": "PSE",
}
"""Codes of states in GDELT's list CAMEO.country.txt that are none of ISO 3166."""

REGIONS = [
    "AFR",
    "ASA",
    "BLK",
    "CRB",
    "CAU",
    "CFR",
    "CAS",
    "CEU",
    "EIN",
    "EAF",
    "EEU",
    "EUR",
    "LAM",
    "MEA",
    "MDT",
    "NAF",
    "NMR",
    "PGS",
    "SCN",
    "SAM",
    "SAS",
    "SEA",
    "SAF",
    "WAF",
    "WST",
]
"""Codes of the same list that are no states."""

ICEWS = {
    "Brunei": "BRN",
    "Cape Verde": "CPV",
    "Congo": "COG",
    "Cook Island": "COK",
    "Cote d'Ivoire": "CIV",
    "Czech Republic": "CZE",
    "Democratic Republic of Congo": "COD",
    "Falkland Islands": "FLK",
    "Holy See": "VAT",
    "Hong Kong": "HKG",
    "Iran": "IRN",
    "Kosovo": KOSOVO,
    "Laos": "LAO",
    "Macao": "MAC",
    "Micronesia": "FSM",
    "Moldova, Republic of": "MDA",
    "Myanmar": "MMR",
    "North Korea": "PRK",
    "Occupied Palestinian Territory": "PSE",
    "Russian Federation": "RUS",
    "Serbia": "SRB",
    "South Korea": "KOR",
    "Swaziland": "SWZ",
    "Syria": "SYR",
    "Taiwan": "TWN",
    "Tanzania": "TZA",
    "Timor-Leste": "TLS",
    "Turkey": "TUR",
    "U.S. Virgin Islands": "VIR",
    "United Kingdom": "GBR",
    "Venezuela": "VEN",
    "Vietnam": "VNM",
    "the former Yugoslav Republic of Macedonia": "MKD",
}
"""Names of countries in the files of ICEWS, among them all that are not those of ISO 3166."""

EVERYTHING = FeedSettings(sectors="all", one_a_day=False)
PARTNER = "NZL"
"""Other side of the made-up events; a state of no special name."""


def states_read(path):
    """Return the states that have an event with the partner."""
    events = read_feed(path, settings=EVERYTHING).events
    return set(events["source"]) - {PARTNER}


def test_iso_codes_and_names_are_their_own_state():
    names = state_names()
    for country in pycountry.countries:
        for kind in ("alpha_3", "name", "common_name", "official_name"):
            if written_name := getattr(country, kind, None):
                assert names[written_name.casefold()] == country.alpha_3, written_name


def test_a_former_state_is_the_one_that_continues_it_by_code_and_by_name():
    names = state_names()
    territories = Counter()
    for country in pycountry.historic_countries:
        by_code = names[country.alpha_3.casefold()]
        assert names[country.name.casefold()] == by_code, country.name
        if country.alpha_3 in CONTINUED:
            assert by_code == CONTINUED[country.alpha_3], country.name
        else:
            assert by_code == country.alpha_3
            territories[country.alpha_3 in ENDED] += 1
    assert territories[True] == len(ENDED)
    for short in ("East Timor", "Soviet Union", "Yugoslavia", "Czechoslovakia", "East Germany"):
        assert names[short.casefold()] in ISO | ENDED, short


def test_every_state_of_the_table_is_a_state_under_its_own_code():
    names = state_names()
    table = read_small_csv(data_folder() / "codebook" / "countries.csv")
    assert not table["written"].str.casefold().duplicated().any()
    for row in table.itertuples():
        assert names[row.written.casefold()] == row.state
        assert not row.state or row.state in ISO | ENDED | {KOSOVO}, row
        assert not row.state or names[row.state.casefold()] == row.state, row


def test_keds_says_by_code_what_it_says_in_words():
    names = state_names()
    for row in read_small_csv(ACTORS).itertuples():
        if row.state:
            assert names[row.what.casefold()] == row.state, row


@pytest.mark.parametrize("scheme", ["cameo", "weis"])
def test_iso_codes_are_the_same_state_in_keds(scheme):
    """But for letters that WEIS uses for another state: AUS is Austria."""
    own = {"AUS", "SWZ", "MAC", "CHE"} if scheme == "weis" else set()
    for code in ISO - own:
        assert find_actor(code, scheme).state == code


def test_the_letters_of_a_state_are_not_those_of_a_shorter_code():
    assert find_actor("UKR", "weis").state == find_actor("UKRGOV", "weis").state == "UKR"
    assert find_actor("UK", "weis").state == find_actor("UKGOV", "weis").state == "GBR"
    assert find_actor("US", "weis").state == find_actor("USAGOV", "weis").state == "USA"


def test_the_dyads_of_the_package_are_of_states():
    dyads = read_dyads()
    names = state_names()
    for row in dyads.itertuples():
        codes = (row.first, row.second)
        assert {names[code.casefold()] for code in codes} == set(codes)
        said = [re.sub(r" \(.*\)", "", part) for part in row.name.split(" - ")]
        assert [
            names.get(part.casefold(), code) for part, code in zip(said, codes, strict=True)
        ] == [*codes]


def test_all_codes_of_gdelt(tmp_path):
    codes = {code: code for code in ISO} | GDELT | CONTINUED
    rows = [
        gdelt_row(number, source=code, target=PARTNER)
        for number, code in enumerate([*sorted(codes), *REGIONS], 1)
        if codes.get(code) != PARTNER
    ]
    path = written(tmp_path / "20180601.export.CSV", rows)
    events = read_feed(path, settings=EVERYTHING).events
    assert set(events["source"]) == set(codes.values()) - {PARTNER}
    assert len(events) == len(rows) - len(REGIONS)


def test_all_names_of_icews(tmp_path):
    names = {
        getattr(country, "common_name", country.name): country.alpha_3
        for country in pycountry.countries
    } | ICEWS
    rows = [
        icews_row(number, source=name, target="New Zealand")
        for number, name in enumerate(names, 1)
        if names[name] != PARTNER
    ]
    path = written(tmp_path / "events.2018.tab", rows, ICEWS_HEADER)
    events = read_feed(path, settings=EVERYTHING).events
    assert set(events["source"]) == set(names.values()) - {PARTNER}
    assert len(events) == len(rows)


def test_all_codes_of_polecat_and_phoenix(tmp_path):
    codes = sorted({*ISO, *CONTINUED} - {PARTNER})
    states = {CONTINUED.get(code, code) for code in codes}
    polecat = [
        polecat_row(f"2018-{number}-CONSULT", actors=code, recipients=PARTNER)
        for number, code in enumerate(codes)
    ]
    phoenix = [
        phoenix_row(f"{number}_v0.3.1", source=code, target=PARTNER)
        for number, code in enumerate(codes)
    ]
    historical = [
        historical_row(f"NYT{number}", source=code, target=PARTNER)
        for number, code in enumerate(codes)
    ]
    assert states_read(written(tmp_path / "ngecEvents.txt", polecat, POLECAT_HEADER)) == states
    assert states_read(written(tmp_path / "Phoenix.events.20180601.txt", phoenix)) == states
    assert (
        states_read(written(tmp_path / "PhoenixNYT.csv", historical, HISTORICAL_HEADER)) == states
    )
