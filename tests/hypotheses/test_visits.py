"""Which visits count, and what is concluded from what followed them."""

import json
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pandas as pd
import pytest
from outlook.conftest import make_fit

from forecast.clock import Clock
from forecast.errors import SpecError
from forecast.events import read_chronology
from forecast.hypotheses.candidates import Candidates
from forecast.hypotheses.claims import visits
from forecast.hypotheses.claims.visits import Followed, Response, high_visits, is_high
from forecast.hypotheses.registry import CLAIMS
from forecast.panel import build_panel

from .made import numbers


@pytest.mark.parametrize(
    ("actor", "high"),
    [
        ("President Nixon", True),
        ("Vice President Bush", True),
        ("Vice Premier Deng Xiaoping", True),
        ("First Deputy Premier Mikoyan", True),
        ("Secretary of State Kissinger", True),
        ("Treasury Secretary Yellen", True),
        ("National Security Adviser Sullivan", True),
        ("External Affairs Minister Jaishankar", True),
        ("CMC Vice Chairman Fan Changlong", True),
        ("Deputy Secretary of State Sherman", False),
        ("Assistant Secretary of State Lord", False),
        ("Under Secretary of State Kimmitt", False),
        ("Executive Vice Foreign Minister Ma Zhaoxu", False),
        ("Deputy Foreign Minister Kapitsa", False),
        ("Presidential envoy Primakov", False),
        ("Former Prime Minister Nakasone", False),
        ("Ministry of Finance", False),
        ("US Navy", False),
        ("", False),
    ],
)
def test_rank_is_told_by_the_title(actor, high):
    assert is_high(actor) is high


def test_visits_are_those_of_the_dyad_known_by_the_day():
    table = read_chronology(dyads=["USA-CHN", "USA-RUS"])
    panel = build_panel(table, dyads=["USA-CHN"], as_of="1975-12-31")
    places, graded = high_visits(table, "USA-CHN", panel)
    months = panel["time"].to_numpy()[places].astype("datetime64[M]").astype(str).tolist()
    assert graded
    assert months[:3] == ["1971-07", "1971-10", "1972-02"]
    assert months[-1] == "1975-12"
    assert "1972-01" not in months  # the advance party of a deputy assistant


def test_without_titles_every_visit_counts():
    table = read_chronology(dyads=["USA-CHN"])
    panel = build_panel(table, as_of="1975-12-31")
    untitled = replace(table, events=table.events.assign(actor=""))
    places, graded = high_visits(untitled, "USA-CHN", panel)
    assert not graded
    assert places.size > high_visits(table, "USA-CHN", panel)[0].size


def test_the_p_value_counts_both_sides_from_where_the_placebos_lie():
    followed = Followed(np.arange(3), np.array([4.0, 6.0, 8.0]))
    found = Response(followed, np.array([1.0, -3.0, 7.0, 1.0, -1.0]))
    assert found.followed.mean == 6.0
    assert found.draws.tolist() == [5.0, 9.0, -1.0, 5.0, 7.0]
    # From their mean of 1 the placebos are 0, 4, 6, 0 and 2 away, the response is 5.
    assert found.p_value == pytest.approx(2 / 6)


@dataclass
class Untouched(Candidates):
    """Its fit is made: the level depends on nothing."""

    def fit(self, **choices):
        assert not self.events.events["cameo"].isin([visits.VISIT, visits.HOST]).any()
        months = self.panel.sizes["time"]
        return make_fit((self.dyad,), months=months, draws=40, ceiling="none")


def made(effect, periods=480, every=31, seed=1):
    """Events of forty years, four a month; after a visit a year of more cooperation. Visits are events too."""
    rng, months = np.random.default_rng(seed), pd.date_range("1980-01-01", periods=periods, freq="MS")
    at = np.arange(20, periods - 14, every)
    better = (np.arange(periods)[:, None] - at > 0) & (np.arange(periods)[:, None] - at <= 12)
    good = rng.binomial(4, 0.4 + effect * better.any(axis=1))
    table = read_chronology(dyads=["USA-CHN"])
    row = table.events.iloc[0].to_dict()
    rows = [
        row | {"date": month, "known_at": month, "cameo": code, "actor": "", "event_id": f"{i}-{k}", "summary": f"{k}"}
        for i, month in enumerate(months)
        for k, code in enumerate(["036"] * good[i] + ["111"] * (4 - good[i]))
    ]
    rows += [
        row | {"date": months[i], "known_at": months[i], "cameo": code, "actor": actor, "event_id": f"v{i}{code}"}
        for i in at
        for code, actor in ((visits.VISIT, "President Bush"), (visits.HOST, "Government"))
    ]
    events = pd.DataFrame(rows).astype(table.events.dtypes).sort_values("date", ignore_index=True)
    options = {"as_of": date(2019, 12, 31), "start": "1980-01-01"}
    return Untouched(replace(table, events=events), "USA-CHN", panel_options=options)


@pytest.fixture(scope="module")
def helped():
    return CLAIMS["S10"].test(made(0.4))


def test_a_year_of_cooperation_after_visits_is_a_response(helped):
    found = numbers(helped)
    assert helped.answer == "supported"
    # At most the 40 points that a year after a visit is better by; matched months have other visits ahead.
    assert 10 < found["response_year"].value < 40
    assert found["response_1"].value > 20
    assert found["p_value"].value < 0.02
    assert found["visits"].value == found["visits_followed"].value == 15
    assert found["visited_again"].value == 0


def test_all_that_was_found_is_in_table_drawing_and_prose(helped):
    assert helped.table["window"].tolist() == list(visits.WORDS.values())
    assert [one.role for one in helped.drawing.series] == ["null", "posterior", "other"]
    assert helped.drawing.series[1].x == (1.0, 3.0, 6.0, 12.0)
    assert helped.prose[-1].startswith("A response is no proof")
    json.dumps(helped.to_dict(), allow_nan=False)


def test_without_a_response_none_is_supported():
    verdict = CLAIMS["S10"].test(made(0.0))
    assert verdict.answer != "supported"
    assert numbers(verdict)["response_year"].low < 2.5


def test_few_visits_decide_nothing():
    verdict = CLAIMS["S10"].test(made(0.4, every=150))
    assert verdict.answer == "undecided"
    assert "only 3 high-level visits" in str(verdict.reason)
    json.dumps(verdict.to_dict(), allow_nan=False)


def test_counts_have_no_visits():
    panel = build_panel(read_chronology(dyads=["USA-CHN"]), as_of="1975-12-31")
    with pytest.raises(SpecError, match="S10"):
        CLAIMS["S10"].test(Candidates(None, "USA-CHN", panel=panel))
    assert Clock.of(panel).per_month == 1.0
