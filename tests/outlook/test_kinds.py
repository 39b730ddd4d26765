"""Depth and severity as series: by hand for known parameters, and absent where a model has no such part."""

import numpy as np
import pytest
import xarray as xr
from scipy.special import expit

from forecast.model import PendulumSpec
from forecast.model.observation.kinds import FIRST_YEAR, SPAN_YEARS
from forecast.outlook import NotDefined, assess, kind_series, kinds_sentence, reported
from forecast.outlook.recorded import main_record
from tests.model.panels import make_panel

from .conftest import MadeFit

SHIFTS = {"depth": 0.4, "severity": -0.3}
SLOPES = {"depth": 0.5, "severity": 0.8}
CUTS = {"depth": (-1.0, 0.6, 1.5), "severity": (-0.5, 0.2, 2.0)}
SPREAD = np.linspace(-1, 1, 101)


def made_fit(panel, names=("depth", "severity"), cuts=CUTS, kind_drift="years"):
    """A fit whose draws differ in the shift alone, by known steps; the second dyad's is another one."""
    places = panel.sizes["era"] if kind_drift == "eras" else 20 * panel.sizes["dyad"]
    posterior = xr.Dataset()
    for name in names:
        shift = np.tile((SHIFTS[name] + SPREAD)[None, :, None], (1, 1, places))
        cut = np.tile(np.array(cuts[name]), (1, len(SPREAD), panel.sizes["dataset"], 1))
        posterior[f"{name}_shift"] = ("chain", "draw", f"{name}_place"), shift
        posterior[f"{name}_slope"] = ("chain", "draw"), np.full((1, len(SPREAD)), SLOPES[name])
        posterior[f"{name}_cutpoint"] = ("chain", "draw", "dataset", f"{name}_cut"), cut
    return MadeFit(posterior, panel, PendulumSpec(kind_drift=kind_drift))


def series_of(fit, dyad):
    return kind_series(fit, main_record(fit.panel, dyad))


@pytest.fixture(scope="module")
def panel():
    return make_panel(dyads=2, periods=150, events=6, seed=4)


@pytest.mark.parametrize("kind_drift", ["years", "eras"])
def test_a_month_is_what_its_last_year_and_the_parameters_say(panel, kind_drift):
    found = series_of(made_fit(panel, kind_drift=kind_drift), "USA-RUS")
    counts = panel["counts"].sel(dyad="USA-RUS").sum(("dataset", "direction")).transpose("time", "class").to_numpy()
    assert found["depth"].kinds == ("class 6", "class 7")
    assert found["severity"].kinds == ("class 1", "class 0")
    for month in (5, 149):
        year = counts[max(month - 11, 0) : month + 1]
        recent = np.log((year[:, 4:].sum() + 1) / (year[:, :4].sum() + 1))
        for name, way in (("depth", 1), ("severity", -1)):
            at = way * SLOPES[name] * recent + SHIFTS[name] - CUTS[name][1]
            expected = 100 * expit(at + np.array([-0.9, 0, 0.9]))
            np.testing.assert_allclose(found[name].share[:, month], expected, atol=0.001)
    assert found["depth"].now.median == pytest.approx(found["depth"].share[1, -1], abs=0.001)


def test_what_was_recorded_is_counted_by_year(panel):
    one = series_of(made_fit(panel), "USA-CHN")["severity"]
    counts = panel["counts"].sel(dyad="USA-CHN").sum(("dataset", "direction"))
    own = counts.isel(time=counts["time"].dt.year == 2003)
    place = list(one.years).index(2003)
    assert one.events[place] == int(own.isel({"class": slice(0, 4)}).sum())
    assert one.stronger[place] == int(own.isel({"class": slice(0, 2)}).sum())
    assert (one.events > 0).all()


def test_of_three_kinds_the_strongest_counts_and_of_one_there_is_no_series():
    panel = make_panel(classes=4, zero_cut=1, periods=30)
    found = series_of(made_fit(panel, ("depth",), {"depth": (-1.0, 0.5)}), "USA-CHN")
    assert set(found) == {"depth"}
    assert found["depth"].kinds == ("class 3",)
    assert isinstance(found["depth"].change, NotDefined)
    assert "ten years" not in kinds_sentence(found) and "hostile" not in kinds_sentence(found)


def test_months_that_nobody_covered_have_neither(panel):
    short = panel.copy(deep=True)
    short["covered"][:, 0, 140:] = False
    short["counts"][:, 0, 140:] = 0
    one = series_of(made_fit(short), "USA-CHN")["depth"]
    assert np.isnan(one.share[:, 140:]).all() and np.isfinite(one.share[:, :140]).all()
    assert str(one.last) == "2011-08-31"
    short["covered"][:, 0] = False
    short["counts"][:, 0] = 0
    assert isinstance(series_of(made_fit(short), "USA-CHN"), NotDefined)


@pytest.mark.parametrize(
    ("rise", "words"), [(3.0, ", more than"), (-3.0, ", fewer than"), (0.0, ", not distinguishable from")]
)
def test_a_change_is_said_to_be_one_if_its_interval_holds_no_zero(panel, rise, words):
    fit = made_fit(panel)
    fit.posterior["depth_shift"][..., (2010 - FIRST_YEAR) // SPAN_YEARS :] += rise
    fit.posterior["depth_slope"][:] = 0.0
    assert f"{words} ten years before" in kinds_sentence({"depth": series_of(fit, "USA-CHN")["depth"]})


def test_a_model_without_them_has_none(fit, assessment):
    assert isinstance(series_of(fit, "USA-CHN"), NotDefined)
    assert isinstance(assessment.kinds, NotDefined)
    assert not any(name.startswith("kinds") for name in reported(assess(fit, "USA-CHN", (6,), seed=1)))
