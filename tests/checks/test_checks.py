"""Checks of a fit: a right model passes them, a wrong one does not, and they say where."""

import json
import re
from pathlib import Path

import arviz_stats
import numpy as np
import pytest
import xarray as xr
from typer.testing import CliRunner

from forecast import build_panel, read_chronology
from forecast.base.errors import DataError, SpecError
from forecast.cli import app
from forecast.data.panel.record import last_known
from forecast.model import Fit, PendulumSpec, Priors
from forecast.model import fit as sample
from forecast.model.particles import Draws, Observed, state_of
from forecast.model.predictive import pointwise_log_likelihood
from forecast.report.checks_page import checks_page, write_checks
from forecast.study.checks import arviz_groups, check_fit, posterior_predictive
from tests.made import make_panel, unobserved

DOCS = Path(__file__).parents[2] / "docs" / "checks.md"
V1 = Path(__file__).parents[1] / "model" / "data" / "fit_v1.nc"
SPECS = [
    pytest.param(PendulumSpec(trend="constant"), id="constant"),
    pytest.param(PendulumSpec(ceiling="framework"), id="ceiling"),
]

ONE = pytest.mark.parametrize("fit", SPECS[:1], indirect=True)


def true_fit(spec, seed=2, draws=60):
    """A fit whose draws are all the truth, and the record that was simulated from it."""
    panel = make_panel(dyads=2, periods=120, eras=2, events=6, empty=0.1, seed=seed)
    made = unobserved(panel, spec, draws=4, seed=seed)
    truth = made.posterior.isel(chain=0, draw=0)
    level = truth["level"].to_numpy().astype(float)
    record = spec.observation_model.simulate(spec, panel, level, truth, np.random.default_rng(seed))
    record.attrs |= {"counted": int(record["counts"].sum())}
    copies = made.posterior.isel(draw=np.zeros(draws, dtype=int)).assign_coords(
        draw=np.arange(draws)
    )
    stats = made.sample_stats.isel(draw=np.zeros(draws, dtype=int)).assign_coords(
        draw=np.arange(draws)
    )
    return with_groups(made, posterior=copies, sample_stats=stats, constant_data=record)


def with_groups(fit, **groups):
    return Fit(
        {"/": fit.tree.to_dataset(), "posterior": fit.posterior, "sample_stats": fit.sample_stats}
        | groups
    )


@pytest.fixture(scope="module", params=SPECS)
def fit(request):
    return true_fit(request.param, seed=4)


@pytest.mark.parametrize("spec", SPECS)
def test_a_model_that_is_right_misses_as_often_as_chance(spec):
    """Of 64 numbers about 3 are beyond two standard deviations by chance.

    Those of a record move together.
    """
    every = [check_fit(true_fit(spec, seed=seed), records=400) for seed in (1, 2, 3, 4)]
    for checks in every:
        assert len(checks.table) == 16  # eight of each dyad
        assert set(checks.table["check"]) == {"side", "scatter", "memory", "runs", "tails"}
        assert f"{int(checks.table['miss'].sum())} of {len(checks.table)} numbers" in checks.finding
    assert np.mean([checks.table["miss"].mean() for checks in every]) < 0.15


def miscoded(fit, same_side):
    """The fit of a record whose commonest kind in the later era of USA-CHN is coded as another."""
    wrong = fit.panel.copy(deep=True)
    late = wrong["era_index"].sel(dyad="USA-CHN").to_numpy() == 1
    counts, cut = wrong["counts"].to_numpy(), int(wrong.attrs["zero_cut"])
    kind = int(counts[:, 0, late].sum(axis=(0, 1, 2)).argmax())
    other = next(
        k
        for k in range(counts.shape[-1])
        if k != kind and ((k >= cut) == (kind >= cut)) == same_side
    )
    counts[:, 0, late, :, other] += counts[:, 0, late, :, kind]
    counts[:, 0, late, :, kind] = 0
    return with_groups(fit, constant_data=wrong)


def test_a_kind_that_is_coded_as_one_of_the_other_side_in_one_era_is_found_there(fit):
    worst = check_fit(miscoded(fit, same_side=False), records=200).misses.iloc[0]
    assert worst["check"] == "side" and worst["era"] == "USA-CHN:1" and worst["dyad"] == "USA-CHN"


def test_a_kind_that_is_coded_as_another_of_its_side_changes_no_share(fit):
    """Kinds of a side are no part of the model, and are not checked."""
    wrong, right = (
        check_fit(one, records=50).table for one in (miscoded(fit, same_side=True), fit)
    )
    shares = right["check"] == "side"
    np.testing.assert_array_equal(wrong["observed"][shares], right["observed"][shares])


def test_months_that_do_not_scatter_are_found(fit):
    flat, order = fit.panel.copy(deep=True), ("dataset", "dyad", "time", "direction", "class")
    counts = flat["counts"].transpose(*order).to_numpy()
    made = (
        posterior_predictive(fit, draws=60)
        .transpose("draw", *order)
        .to_numpy()[:, :, 1, ..., 4:]
        .sum(-1)
    )
    total, expected = counts[:, 1].sum(-1), np.rint(made.mean(axis=0)).astype(int)
    counts[:, 1] = 0
    counts[:, 1, ..., 0], counts[:, 1, ..., 7] = total - expected, expected
    found = check_fit(with_groups(fit, constant_data=flat), records=200).table
    scatter = found[(found["check"] == "scatter") & (found["dyad"] == "USA-RUS")].iloc[0]
    assert scatter["miss"] and scatter["z"] < 0


def test_simulated_records_have_the_number_of_events_of_the_record(fit):
    simulated = posterior_predictive(fit, draws=3)
    assert simulated.dims == ("draw", *fit.panel["counts"].dims)
    for place in range(3):
        np.testing.assert_array_equal(
            simulated.isel(draw=place).sum("class"), fit.panel["counts"].sum("class")
        )
    np.testing.assert_array_equal(simulated, posterior_predictive(fit, draws=3))


def test_months_add_up_to_the_record(fit):
    by_month = pointwise_log_likelihood(fit)
    own = Draws.of(fit.posterior.isel(draw=[0]), fit.spec)
    observed = Observed.of(fit.panel, own)
    level, trend = (
        fit.posterior[name].isel(chain=0, draw=[0]).to_numpy().astype(float)
        for name in ("level", "trend")
    )
    total = 0.0
    for dyad, time in np.argwhere(observed.node >= 0):
        state = state_of(level[:, dyad, [time]], trend[:, dyad, [time]])
        total += observed.log_likelihood(int(dyad), int(time), state)[0, 0]
    assert float(by_month.isel(chain=0, draw=0).sum()) == pytest.approx(total)


@pytest.mark.slow
@pytest.mark.filterwarnings(
    "ignore:Estimated shape parameter"
)  # of draws of the prior, as these are
def test_the_example_of_the_documentation_compares_two_fits(tmp_path, monkeypatch):
    panel = make_panel(periods=24, seed=1)
    for name, choices in {
        "eras": {"trend": "constant"},
        "walk": {},
    }.items():
        made = unobserved(panel, PendulumSpec(**choices), chains=2, draws=100)
        with_groups(made, constant_data=panel).save(tmp_path / name / "fit.zarr")
    monkeypatch.chdir(tmp_path)
    (example,) = re.findall(r"```python\n(import arviz.*?)```", DOCS.read_text("utf-8"), flags=re.S)
    found = {}
    exec(example, found)
    assert set(found["table"].index) == {"eras", "walk"}
    months = (panel["counts"].sum(("dataset", "direction", "class")) > 0).sum()
    assert np.isfinite(found["alone"].elpd) and found["alone"].pareto_k.size == int(months)


@ONE
def test_an_index_and_senseless_numbers_are_rejected(fit):
    panel = make_panel(periods=24, index=True)
    index = unobserved(panel, PendulumSpec(observation="index"), draws=4)
    with pytest.raises(DataError, match="index, which counts no events"):
        check_fit(index)
    with pytest.raises(SpecError, match="records: got 3"):
        check_fit(fit, records=3)


def test_page_and_json_say_the_same(fit, tmp_path):
    checks = check_fit(fit, records=50)
    assert checks.finding in checks_page(fit, checks).html()
    write_checks(fit, checks, tmp_path / "checks")
    told = json.loads((tmp_path / "checks" / "checks.json").read_text())
    assert told["finding"] == checks.finding and len(told["checks"]) == len(checks.table)
    write_checks(fit, checks, tmp_path / "checks")  # earlier checks are replaced


@ONE
def test_pages_without_a_name_get_the_dyads_and_the_day(fit, tmp_path, monkeypatch, undrawn):
    monkeypatch.chdir(tmp_path)
    fit.save(tmp_path / "fit.nc")
    assert CliRunner().invoke(app, ["check", "fit.nc", "--records", "20"]).exit_code == 3
    assert [path.name for path in Path("checks").iterdir()] == [
        f"{len(fit.dyads)}-dyads-{last_known(fit.panel)}"
    ]


@ONE
def test_the_command_writes_the_page_and_ends_with_code_3_if_not_converged(fit, tmp_path, undrawn):
    fit.save(tmp_path / "fit.nc")
    arguments = [
        "check",
        str(tmp_path / "fit.nc"),
        "--out",
        str(tmp_path / "checks"),
        "--records",
        "20",
    ]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 3, done.output
    assert "numbers" in done.output and (tmp_path / "checks" / "index.html").exists()
    again = CliRunner().invoke(app, arguments)
    assert again.exit_code == 2 and "--replace" in again.output
    assert CliRunner().invoke(app, [*arguments, "--replace"]).exit_code == 3
    missing = CliRunner().invoke(
        app, ["check", str(tmp_path / "none.nc"), "--out", str(tmp_path / "other")]
    )
    assert missing.exit_code == 2


def test_prior_sensitivity_is_that_of_arviz():
    panel = build_panel(read_chronology(dyads=["USA-CHN"]), start="2011-01", end="2020-12")
    spec = PendulumSpec(priors=Priors(concentration=(0.0, 0.4)))  # far below what the record says
    groups = arviz_groups(sample(panel, spec, draws=250, tune=200, chains=2, seed=1), draws=2)
    table = arviz_stats.psense_summary(
        groups, var_names=["cycle_half_life", "cycle_sd", "concentration"]
    )
    assert (
        len(table) == 3 and np.isfinite(table[["prior", "likelihood"]].to_numpy(dtype=float)).all()
    )
    assert (table[["prior", "likelihood"]].loc["concentration[chronology]"] > 0.05).all()
    # Covariance with a log density is how a power of it moves the mean: of a log-normal prior, by
    # this much.
    log = np.log(groups["posterior/concentration"].isel(dataset=0))
    prior = float(xr.cov(log, groups["log_prior/parameters"]))
    assert prior == pytest.approx(-float(log.var() * (log.mean() / 0.4**2 + 1)), abs=0.2)
    assert prior < 0 < float(xr.cov(log, groups["log_likelihood/counts"].sum("observed")))


def test_the_log_prior_of_an_update_is_that_of_the_ancestors():
    fit = Fit.load(V1)
    ancestor = np.random.default_rng(1).integers(
        0, fit.posterior.sizes["draw"], (2, fit.posterior.sizes["draw"])
    )
    sample_stats = fit.sample_stats.assign(ancestor=(("chain", "draw"), ancestor))
    updated = with_groups(fit, sample_stats=sample_stats, constant_data=fit.panel)
    own = arviz_groups(updated, draws=2)["log_prior/parameters"].to_numpy()
    np.testing.assert_array_equal(
        own, np.take_along_axis(fit.sample_stats["log_prior"].to_numpy(), ancestor, axis=1)
    )
