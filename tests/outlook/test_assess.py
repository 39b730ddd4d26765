"""The whole outlook: whatever the model, every number is sound, and no two contradict each
other."""

import json
import re
from dataclasses import fields, is_dataclass, replace

import numpy as np
import pytest
import xarray as xr

import forecast.outlook
from forecast.base.errors import SpecError
from forecast.outlook import Estimate, NotDefined, assess, brief, plain, reported, simulate_ahead
from forecast.outlook.draws import dyad_draws
from forecast.outlook.pendulum import band
from scripts.docs.fields import fields_of
from tests.documented import sections

KINDS = {
    "default": {},
    "no return": {"trend": "walk"},
    "no cycle": {"trend": "walk", "cycle": "none"},
    "free walk": {"trend": "walk", "cycle": "none", "ceiling": "none"},
    "no ceiling": {"ceiling": "none"},
    "pendulum": {"trend": "constant", "ceiling": "none"},
    "directed": {"directed": True},
    "weekly": {"frequency": "week"},
    "alone": {"dyads": ("USA-CHN",)},
    "one era": {"dyads": ("USA-CHN",), "eras": {"USA-CHN": (("all", 0),)}},
}


@pytest.fixture(scope="module", params=list(KINDS))
def result(request, make):
    return assess(make(**KINDS[request.param]), "USA-CHN", (6, 24), seed=1)


def test_every_number_is_sound(result):
    draws = reported(result)
    assert len(draws) > 30
    for name, values in draws.items():
        assert values.dims == ("chain", "draw"), name
        assert np.isfinite(values).all(), name

    def check(node):
        if isinstance(node, Estimate):
            assert node.low <= node.median <= node.high
            assert node.mcse >= 0
            assert node.interval == "90% equal-tailed"
        elif is_dataclass(node) and hasattr(node, "definition"):
            assert 0 <= node.value <= 1
            assert node.mcse >= 0
            assert node.definition
        elif is_dataclass(node):
            for item in fields(node):
                check(getattr(node, item.name))
        elif isinstance(node, dict):
            for value in node.values():
                check(value)
        elif isinstance(node, tuple):
            for value in node:
                check(value)

    check(result)


def test_it_goes_into_json_without_missing_numbers(result):
    text = json.dumps(plain(result), allow_nan=False)
    assert (
        json.loads(text)["improvement"]["24"]["improvement"]["value"]
        == result.improvement[24].improvement.value
    )
    assert "draws" not in json.loads(text)["standing"]["level"]


def test_every_claim_is_answered_in_full_sentences(result):
    codes = [claim.code for claim in result.claims]
    assert codes == ["S1", "S2", "S3", "S4", "S5", "S7", "S8", "S9", "S13"]
    for claim in result.claims:
        assert claim.sentence.endswith(".")
        assert not re.search(r"nan|None|NotDefined|\{|\}", claim.sentence)
        assert bool(claim.numbers) != claim.sentence.startswith("Not defined")
        assert all(np.isfinite(value) for value in claim.numbers.values())


def test_numbers_said_twice_are_the_same(result):
    claims = {claim.code: claim.numbers for claim in result.claims}
    assert claims["S4"]["new_framework"] == result.improvement[24].new_framework.value
    assert (
        claims["S13"]["zone_ahead"]
        == claims["S5"]["zone_ahead"]
        == result.pendulum.zone.ahead[24].value
    )
    assert claims["S1"]["level"] == result.standing.level.median
    np.testing.assert_allclose(result.fan.share[2, 0], result.standing.level.median)
    level = result.improvement[24].level
    assert level.low <= level.median <= level.high
    # The figure of the share begins with the last window and ends with that of the title.
    share, ends = result.recorded[6].share, result.rolling.forecast
    np.testing.assert_allclose(ends[[0, 2, 4], -1], [share.low, share.median, share.high])
    np.testing.assert_allclose(ends[:, 0], result.rolling.observed[-1])


def test_what_a_model_without_cycle_has_not_is_not_defined(make):
    result = assess(make(trend="walk", cycle="none"), "USA-CHN", seed=1)
    for absent in (result.band, result.pendulum.half_life, result.pendulum.back):
        assert isinstance(absent, NotDefined)
        assert "cycle='none'" in absent.reason
    assert all(isinstance(era.equilibrium, NotDefined) for era in result.frameworks.eras)
    assert isinstance(result.frameworks.eras[-1].ceiling, Estimate)


def test_what_one_dyad_or_one_era_has_not_is_not_defined(make):
    result = assess(make(("USA-CHN",), eras={"USA-CHN": (("all", 0),)}), "USA-CHN", seed=1)
    assert isinstance(result.last_break, NotDefined)
    assert isinstance(result.pendulum.back, NotDefined)
    assert result.contrast == NotDefined("USA-RUS is not part of this fit")
    own = assess(make(("USA-RUS",)), "USA-RUS", seed=1)
    assert own.contrast == NotDefined("no dyad and era are named to compare with")


def test_without_a_ceiling_none_is_made_up(make):
    frameworks = assess(make(ceiling="none"), "USA-CHN", seed=1).frameworks
    for absent in (frameworks.headroom, frameworks.eras[0].ceiling):
        assert isinstance(absent, NotDefined)


def test_an_index_has_no_observed_fan(make):
    fit = make()
    panel = fit.panel.drop_vars(["counts", "covered"]).assign(index=0.0 * fit.panel["era_index"])
    index = type(fit)(fit.posterior, panel, fit.spec)
    result = assess(index, "USA-CHN", seed=1)
    assert isinstance(result.fan.observed, NotDefined)


def test_the_order_of_dyads_and_of_horizons_changes_nothing(make, assessment):
    turned = assess(make(("CHN-RUS", "USA-CHN", "USA-RUS")), "USA-CHN", (24, 12, 6, 3), seed=1)
    assert json.dumps(plain(turned)) == json.dumps(plain(assessment))


def test_another_seed_agrees_within_its_error(make, assessment, fit):
    other = assess(fit, "USA-CHN", seed=2)
    for months, outlook in assessment.improvement.items():
        for name in ("improvement", "deterioration", "technical"):
            one, two = getattr(outlook, name), getattr(other.improvement[months], name)
            # Both contain the error of the same posterior draws, so their difference is smaller
            # than this.
            assert abs(one.value - two.value) < 4 * np.hypot(one.mcse, two.mcse)


def test_the_band_holds_its_mass_in_the_long_run(make):
    made = make(("USA-CHN",), trend="constant", ceiling="none", spread=0.0)
    simulations = simulate_ahead(made, "USA-CHN", 120, seed=1, simulations_per_draw=20, hazard=0.0)
    result = band(dyad_draws(made, "USA-CHN"), simulations, (120,))
    # 6 000 simulations four half-lives ahead: the start still counts for 1/16 of its displacement,
    # a third of a standard deviation, which takes under a point off the half inside.
    assert result.inside[120].value == pytest.approx(0.5, abs=4 * np.sqrt(0.25 / 6000) + 0.01)


@pytest.mark.parametrize(
    "bad",
    [
        {"horizons": ()},
        {"horizons": (0, 3)},
        {"horizons": (3, 3)},
        {"horizons": (121,)},
        {"band_mass": 1.0},
        {"extreme_share": 3.0},
        {"improvement": -5.0},
    ],
)
def test_nonsense_is_refused_by_name(fit, bad):
    with pytest.raises(SpecError, match=next(iter(bad))):
        assess(fit, "USA-CHN", **{"seed": 1, **bad})


@pytest.mark.parametrize("horizons", [(3, 6, 12, 24), (60,)])
def test_a_brief_is_that_of_the_whole_assessment(fit, horizons):
    short, whole = (
        brief(fit, "USA-RUS", horizons, seed=3),
        assess(fit, "USA-RUS", horizons, seed=3).brief,
    )
    assert plain(short) == plain(whole)
    xr.testing.assert_identical(reported(short), reported(whole))


def test_the_table_has_the_chances_of_every_horizon(result):
    table = result.to_frame()
    assert table.groupby(["share", "horizon"])["probability"].sum().tolist() == [1.0] * 4
    rows = table.set_index(["share", "horizon", "outcome"])
    assert not rows.index.has_duplicates and set(rows.index.unique("outcome")) == {
        "higher",
        "similar",
        "lower",
    }
    for months, window in result.recorded.items():
        row = rows.loc[("observed", months, "higher")]
        assert (row["probability"], row["baseline"]) == (window.up.value, window.baseline.share)
        assert (row["low"], row["high"], row["until"]) == (
            window.share.low,
            window.share.high,
            window.until,
        )
        level, row = result.improvement[months], rows.loc[("expected", months, "lower")]
        assert (row["probability"], row["baseline"]) == (
            level.deterioration.value,
            level.before.median,
        )
        assert row["median"] == level.level.median


def test_the_table_has_no_number_where_nothing_is_defined(result):
    missing = NotDefined("too few events")
    windows = {
        6: replace(
            result.recorded[6],
            up=missing,
            same=missing,
            down=missing,
            share=missing,
            baseline=missing,
        )
    }
    table = replace(result, recorded=windows).to_frame()
    observed = table[table["share"] == "observed"]
    assert len(observed) == 3 and observed[
        ["probability", "baseline", "median", "low", "high"]
    ].isna().all(axis=None)
    assert set(replace(result, recorded=missing).to_frame()["share"]) == {"expected"}


def test_a_brief_quotes_the_level_where_nothing_is_recorded(fit):
    panel = fit.panel.assign(counts=fit.panel["counts"].where(fit.panel["dyad"] != "USA-RUS", 0))
    silent = replace(fit, panel=panel)
    assert brief(silent, "USA-RUS").headline == assess(silent, "USA-RUS").headline
    assert "on a scale of 0 to 100" in brief(silent, "USA-RUS").headline


def test_every_field_is_documented():
    public = {name: getattr(forecast.outlook, name) for name in forecast.outlook.__all__}
    results = {
        name: kind for name, kind in public.items() if isinstance(kind, type) and is_dataclass(kind)
    }
    assert set(sections("outlook")) == set(results)
    for name, documented in sections("outlook").items():
        assert documented == [item.name for item in fields(results[name])], name
        assert all(one.words for one in fields_of(results[name])), name
