"""Other readings of a record: what they change, and what they leave; influence and power-scaling by known truths."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr
from model.fits import unobserved
from model.panels import make_panel
from model.reference import fine_quadrature, log_likelihood, side_counts
from report.conftest import keys_documented

from forecast.events import read_chronology
from forecast.hypotheses import sensitivity as module
from forecast.hypotheses.candidates import Candidates, Sampler
from forecast.hypotheses.sensitivity import (
    MOVES,
    influence,
    power_scaled,
    power_scaling,
    sensitivity,
    variations,
    without,
)
from forecast.model import PendulumSpec
from forecast.model.arrays import panel_arrays
from forecast.model.evidence import Evidence
from forecast.model.inputs import Form
from forecast.model.observation.readings import shift_of_panel

from .made import candidates

DOCUMENT = Path(__file__).parents[2] / "docs/schema/tests-json.md"
SPECS = {"cycle": PendulumSpec(trend="constant"), "walk": PendulumSpec(trend="walk", cycle="none")}


@pytest.fixture(scope="module")
def chronology():
    return Candidates(read_chronology(dyads=["USA-CHN"]), "USA-CHN", panel_options={"as_of": "1995-12-31"})


@pytest.fixture(scope="module")
def varied(chronology):
    return {variation.change: variation for variation in variations(chronology)}


def test_every_reading_is_of_the_same_record(chronology, varied):
    assert len(varied) == 3 + chronology.panel.sizes["class"] + 3
    for variation in varied.values():
        times = variation.panel["time"].to_numpy()
        assert variation.panel["dyad"].item() == "USA-CHN" and variation.panel.attrs["as_of"] == "1995-12-31"
        assert abs((times[-1] - chronology.panel["time"].to_numpy()[-1]).astype("timedelta64[D]").astype(int)) <= 31
    assert varied["scale goldstein"].panel.attrs["scale"] == "goldstein"
    assert varied["joint acts counted by rows, once a side"].panel["counts"].sum() > chronology.panel["counts"].sum()
    assert varied["by weeks"].panel.sizes["time"] > 4 * chronology.panel.sizes["time"]


def test_a_class_left_out_is_empty_and_no_other(chronology, varied):
    counts = chronology.panel["counts"]
    for place, name in enumerate(chronology.panel["class_name"].to_numpy()):
        variation = varied[f"without the class “{name}”"]
        less = variation.panel["counts"]
        assert less.isel({"class": place}).sum() == 0 and less.dtype == counts.dtype and less.dims == counts.dims
        kept = np.arange(counts.sizes["class"]) != place
        xr.testing.assert_equal(less.isel({"class": kept}), counts.isel({"class": kept}))
        assert variation.note == f"{int(counts.isel({'class': place}).sum())} of {int(counts.sum())} left out"


def test_other_eras_begin_when_they_should_and_keep_their_place_in_the_model(chronology, varied):
    firsts = np.flatnonzero(np.diff(chronology.panel["era_index"].to_numpy()[0])) + 1
    for change, by in (("eras a year earlier", -12), ("eras a year later", 12)):
        shifted = np.flatnonzero(np.diff(varied[change].panel["era_index"].to_numpy()[0])) + 1
        assert shifted.tolist() == (firsts + by).tolist()
    assert not varied["one era"].panel["era_index"].any()
    # As many eras, classes and directions make one form of model, up to the number of nodes.
    for change in ("one era", "eras a year earlier", "eras a year later", "scale goldstein"):
        own, base = (
            Form.of(SPECS["cycle"], panel_arrays(panel, SPECS["cycle"]))
            for panel in (varied[change].panel, chronology.panel)
        )
        assert replace(own, shape=base.shape) == base and own.shape[:-1] == base.shape[:-1]


def test_each_of_several_datasets_is_left_out_and_counts_alone_are_no_hindrance():
    two = Candidates(None, "USA-CHN", panel=make_panel(datasets=2, eras=1))
    changes = {variation.change: variation.panel for variation in variations(two)}
    for kept, left in (("feed0", "feed1"), ("feed1", "feed0")):
        assert changes[f"without the dataset {left}"]["dataset"].to_numpy().tolist() == [kept]
    assert all(change.startswith("without") for change in changes)
    index = Candidates(None, "USA-CHN", panel=make_panel(index=True, eras=2))
    assert [variation.change for variation in variations(index)] == [
        "one era", "eras a year earlier", "eras a year later"
    ]  # fmt: skip


@pytest.mark.parametrize("shape", [{}, {"directions": 2, "datasets": 2}], ids=["plain", "directed, two feeds"])
def test_an_event_adds_its_likelihood_given_the_others(shape):
    """With one draw the expectation is the draw: the ratio of likelihoods by brute force."""
    panel = make_panel(periods=8, events=4, seed=3, classes=2, zero_cut=1, **shape)
    specs = {name: replace(spec, volume_effect=False) for name, spec in SPECS.items()}
    drawn = {name: unobserved(panel, spec, draws=1).posterior for name, spec in specs.items()}
    adds = influence(panel, *((drawn[name], specs[name]) for name in specs))
    counts = panel["counts"].transpose("dyad", "dataset", "time", "direction", "class").to_numpy()[0]
    assert set(adds.index) == set(zip(*(place.tolist() for place in np.nonzero(counts)), strict=True))
    assert adds.is_monotonic_decreasing

    def log(name, panel):
        own = drawn[name].isel(chain=0, draw=0)
        datasets = panel.sizes["dataset"]
        values = {
            "offset": own["direction_offset"].to_numpy(), "cutpoint": np.zeros((datasets, 1)),
            "concentration": own["concentration"].to_numpy(),
            "noise": own["tau"].to_numpy(),
        }  # fmt: skip
        if datasets > 1:
            values["shift"] = shift_of_panel(panel, own)
        level = own["level"].to_numpy().astype(float)
        return log_likelihood(side_counts(panel), level, values, fine_quadrature(101, 6.0))

    # Seven nodes of quadrature in the one, a hundred in the other: 0.003 apart with four events (docs/model.md).
    for place in [*adds.index[:2], *adds.index[-2:], adds.index[len(adds) // 2]]:
        less = without(panel, [place])
        assert int(less["counts"].sum()) == int(panel["counts"].sum()) - 1
        ours, theirs = (log(name, panel) - log(name, less) for name in specs)
        assert adds[place] == pytest.approx(ours - theirs, abs=0.02)


def gaussian_fit(prior_sd, error):
    """Exact draws of a mean with a normal prior around 0 and one observation at 1, by all names that are asked for."""
    rng = np.random.default_rng(1)
    precision = 1 / prior_sd**2 + 1 / error**2
    mean = rng.normal(1 / error**2 / precision, precision**-0.5, size=(4, 2000))
    scores = {"log_prior": -0.5 * (mean / prior_sd) ** 2, "log_likelihood_total": -0.5 * ((mean - 1) / error) ** 2}
    places = {"cycle_half_life": "dyad", "mu": "era"}
    return SimpleNamespace(
        panel=make_panel(eras=1),
        posterior=xr.Dataset({name: (("chain", "draw", dim), mean[..., None]) for name, dim in places.items()}),
        sample_stats=xr.Dataset({name: (("chain", "draw"), score) for name, score in scores.items()}),
    )


def test_power_scaling_tells_prior_from_data():
    assumed, learnt = (power_scaling(gaussian_fit(*sds)) for sds in ((0.1, 10.0), (10.0, 0.1)))
    assert [one.quantity for one in assumed] == ["half-life of the cycle", "trend of the current era"]
    assert all(one.prior > MOVES > one.likelihood and "assumption" in one.words for one in assumed)
    assert all(one.likelihood > MOVES > one.prior and "the data lead" in one.words for one in learnt)
    both = power_scaling(gaussian_fit(1.0, 1.0))
    assert all(min(one.prior, one.likelihood) > MOVES and "the prior has a say" in one.words for one in both)


def test_weighed_draws_are_of_the_scaled_posterior():
    made = gaussian_fit(1.0, 1.0)
    for part, power in (("prior", 0.8), ("likelihood", 1.25)):
        prior, data = (power if part == name else 1.0 for name in ("prior", "likelihood"))
        weights = power_scaled(made, part, power)
        mean = (weights.weight * made.posterior["mu"].to_numpy()[..., 0]).sum() / 4
        # The standard error of the mean of 8,000 draws of spread 0.7 is 0.008.
        assert mean == pytest.approx(data / (prior + data), abs=0.03) and not weights.fault


@pytest.fixture
def told(monkeypatch):
    """Candidates and their table, of made fits; evidence by the number of events, so that each reading has its own."""
    given = candidates(sampler=Sampler(cores=2))
    real, scores = type(given).fit, ("log_prior", "log_likelihood_total")

    def fit(self, **choices):
        made, rng = real(self, **choices), np.random.default_rng(2)
        stats = xr.Dataset({name: (("chain", "draw"), 0.1 * rng.standard_normal((2, 400))) for name in scores})
        return SimpleNamespace(
            posterior=made.posterior, spec=self.spec.with_choices(**choices), panel=made.panel, sample_stats=stats
        )

    def evidence(self, **choices):
        return Evidence(5.0 if choices["cycle"] == "linear" else 0.0, 0.1)

    def quick(panel, spec, *, seed, draws, tune, stop):
        log = 0.01 * int(panel["counts"].sum()) if spec.cycle == "linear" else 0.0
        return SimpleNamespace(
            evidence=Evidence(log, 0.1), posterior=given.fit(trend=spec.trend, cycle=spec.cycle).posterior
        )

    monkeypatch.setattr(type(given), "fit", fit)
    monkeypatch.setattr(type(given), "evidence", evidence)
    monkeypatch.setattr(module, "quick_fit", quick)
    monkeypatch.setattr(module, "influence", lambda panel, *_: ranked(panel))
    return given, sensitivity(given)


def ranked(panel):
    import pandas as pd

    counts = panel["counts"].transpose("dyad", "dataset", "time", "direction", "class").to_numpy()[0]
    places = pd.MultiIndex.from_arrays(np.nonzero(counts))
    return pd.Series(np.linspace(1, -1, len(places)), places)


def test_the_table_has_a_row_a_change_and_the_columns_that_are_documented(told):
    _, table = told
    assert list(table) == keys_documented(DOCUMENT)["A change"]
    assert table["change"].is_unique and table["change"][0] == "none"
    fits = table[table["log_bayes_factor"].notna()]
    assert len(fits) == 1 + 8 + 3 + 2
    assert (fits["low"] <= fits["half_life"]).all() and (fits["half_life"] <= fits["high"]).all()
    assert table["probability_short"].dropna().between(0, 1).all() and table["share_now"].dropna().between(0, 100).all()
    weighed = table[table["change"].isin(module.POWERS)]
    assert len(weighed) == 4 and weighed["half_life"].notna().all() and (weighed["answer"] == "").all()
    scaled = table[table["change"].str.startswith("power-scaling: ")]
    assert {"power-scaling: half-life of the cycle", "power-scaling: trend of the current era"} <= set(scaled["change"])
    assert scaled["half_life"].isna().all() and (scaled["note"] != "").all()


def test_every_answer_is_by_its_own_bayes_factor(told):
    given, table = told
    fits = table[table["log_bayes_factor"].notna()].iloc[1:]
    bound = np.log(given.rule.bayes_factor) + 2 * np.hypot(0.1, 0.1)
    for row in fits.itertuples():
        assert row.answer == ("supported" if row.log_bayes_factor > bound else "undecided")
    total = int(given.panel["counts"].sum())
    ten = fits[fits["change"].str.contains("10 events")]
    assert len(ten) == 2
    np.testing.assert_allclose(ten["log_bayes_factor"], 0.01 * (total - 10))
    assert all(len(note.split("; ")) == 10 for note in ten["note"])
    assert set(ten["note"].iloc[0].split("; ")).isdisjoint(ten["note"].iloc[1].split("; "))


def test_draws_that_cannot_be_weighed_are_not(told):
    given, _ = told
    fit = type(given).fit

    def wild(self, **choices):
        made = fit(self, **choices)
        made.sample_stats["log_likelihood_total"] *= 1000
        return made

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(given), "fit", wild)
        table = sensitivity(given).set_index("change")
    for change in ("the data weaker", "the data stronger"):
        assert np.isnan(table.loc[change, ["half_life", "probability_short", "share_now"]].astype(float)).all()
        assert ", but " in table.loc[change, "note"]
    assert np.isfinite(table.loc["all priors weaker", "half_life"])
