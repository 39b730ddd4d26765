"""One relation against another, from made posteriors whose equilibria are known."""

import json
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np
import pytest
from outlook.conftest import make_fit
from scipy.stats import norm

from forecast.hypotheses.candidates import Candidates
from forecast.hypotheses.claims import contrast
from forecast.hypotheses.claims.contrast import Side, cold_war
from forecast.hypotheses.registry import CLAIMS
from forecast.numeric import share
from forecast.outlook.draws import dyad_draws

from .made import numbers


@dataclass
class Made(Candidates):
    """All dyads, with equilibria as wanted: the Cold War is the first era of the US-Soviet record."""

    mu: tuple = ()
    choices: dict = field(default_factory=dict)
    codes: tuple = ("USA-CHN", "USA-RUS", "CHN-RUS")

    def __post_init__(self):
        pass

    def hierarchy(self):
        made = make_fit(self.codes, **self.choices)
        if self.mu:
            mu, trend = made.posterior["mu"].copy(), made.posterior["trend"].copy()
            rng = np.random.default_rng(1)
            for era, value in self.mu:
                at = value + 0.1 * rng.standard_normal(mu.shape[:2])
                mu.loc[{"era": era}] = at
                if era.endswith("competition"):  # the current era is where its trend stands now
                    trend.loc[{"dyad": era[:7], "time": trend["time"][-1]}] = at
            made = replace(made, posterior=made.posterior.assign(mu=mu, trend=trend))
        return With(made.posterior, made.panel, made.spec)


@dataclass(frozen=True)
class With:
    posterior: object
    panel: object
    spec: object

    @property
    def dyads(self):
        return [str(code) for code in self.panel["dyad"].to_numpy()]


@pytest.fixture(autouse=True)
def _cold_war_begins_later(monkeypatch):
    monkeypatch.setattr(contrast, "FROM", date(2002, 1, 1))
    monkeypatch.setattr(contrast, "UNTIL", date(2010, 11, 1))


def verdict_of(here=0.0, there=0.0, **given):
    mu = (("USA-CHN:competition", here), ("USA-RUS:confrontation", there))
    return CLAIMS["S7"].test(Made(None, "USA-CHN", mu=mu, **given))


@pytest.mark.parametrize(
    ("here", "there", "answer"), [(0.8, -0.8, "supported"), (-0.8, 0.8, "rejected"), (0.0, -0.1, "undecided")]
)
def test_the_equilibria_decide(here, there, answer):
    verdict = verdict_of(here, there)
    found = numbers(verdict)
    assert verdict.answer == answer
    assert np.sign(found["equilibrium_apart"].value) == np.sign(here - there)
    assert str(verdict.reason).startswith(answer.capitalize())


def test_both_sides_and_their_difference_are_stated():
    verdict = verdict_of(0.8, -0.8)
    found = numbers(verdict)
    for name in ("equilibrium", "half_life", "hostile", "spell", "tendency", "dwell"):
        assert {name, f"{name}_rival", f"{name}_apart"} <= found.keys()
    # The lower equilibrium has the pendulum in the hostile zone for more of the time, and for longer.
    assert found["tendency_apart"].high < 0
    assert found["dwell_apart"].value < 0
    assert found["probability_hostile_rest"].value < 0.05
    assert found["probability_hostile_rest_rival"].value > 0.95
    assert len(verdict.table) == 3  # the Cold War's one era, and two other dyads in force
    json.dumps(verdict.to_dict(), allow_nan=False)


def test_the_cold_war_is_its_months_alone():
    made = Made(None, "USA-CHN").hierarchy()
    side = cold_war({"USA-RUS": dyad_draws(made, "USA-RUS")})
    assert side.parts == {0: slice(24, 130)}
    assert cold_war({}) is None


def test_several_eras_count_by_their_length():
    own = dyad_draws(Made(None, "USA-CHN").hierarchy(), "USA-CHN")
    both = Side(own, {0: slice(0, 30), 1: slice(60, 70)}, "")
    assert both.equilibrium == pytest.approx(0.75 * own.rest(0) + 0.25 * own.rest(1))
    zone = np.concatenate([own.share[..., :30], own.share[..., 60:70]], axis=-1) < contrast.EXTREME
    assert both.hostile == pytest.approx(100 * zone.mean(axis=-1))


def test_the_long_run_in_the_zone_is_that_of_its_normal_distribution():
    own = dyad_draws(make_fit(("USA-CHN",)), "USA-CHN")
    side = Side(own, {2: slice(210, 300)}, "")
    draw, rng = (0, 3), np.random.default_rng(1)
    mu, sd = own.by_era["mu"][(*draw, 2)], own.scalars["cycle_sd"][draw]
    drawn = share(rng.normal(mu, sd, 40_000))
    # 40,000 draws: a standard error of at most a quarter of a per cent.
    assert side.tendency[draw] == pytest.approx(100 * (drawn < 30).mean(), abs=1.0)
    assert side.tendency[draw] == pytest.approx(100 * norm(mu, sd).cdf(np.log(3 / 7)))


def test_the_way_out_of_an_era_starts_at_its_own_trend():
    own = dyad_draws(make_fit(("USA-CHN",), trend="constant", ceiling="none"), "USA-CHN")
    own.by_era["mu"][..., 0], own.by_era["mu"][..., 1] = -3.0, 3.0
    low, high = (Side(own, {era: slice(0, 30)}, "").dwell(1) for era in (0, 1))
    assert (low > high).all()


def test_without_the_us_soviet_relation_another_takes_its_place():
    verdict = CLAIMS["S7"].test(Made(None, "USA-CHN", codes=("USA-CHN", "CHN-RUS")))
    assert "China-Russia under “Alignment”" in verdict.claim


def test_a_dyad_alone_or_a_random_walk_decide_nothing():
    alone = CLAIMS["S7"].test(Made(None, "USA-CHN", codes=("USA-CHN",)))
    walk = CLAIMS["S7"].test(Made(None, "USA-CHN", choices={"trend": "walk", "cycle": "none"}))
    assert alone.answer == walk.answer == "undecided"
    assert "one dyad alone" in str(alone.reason)
    assert "no cycle" in str(walk.reason)


def test_a_dyad_can_be_set_against_its_own_past():
    verdict = CLAIMS["S7"].test(Made(None, "USA-RUS"))
    assert numbers(verdict)["half_life_ratio"].value == 1.0
