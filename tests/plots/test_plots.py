"""The figures as functions: each draws its data on the axes it is given, and names what it cannot draw."""

import inspect
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from arviz_plots import plot_trace
from matplotlib import pyplot
from matplotlib.colors import same_color
from matplotlib.figure import Figure

import forecast
from forecast import ForecastError, plots
from forecast.model import Fit
from forecast.outlook import level_record
from forecast.outlook.assumptions import Assumed
from forecast.outlook.comparison import Change, Step
from forecast.outlook.scenarios import scenario
from forecast.outlook.snapshot import numbers_of
from forecast.plots import style
from forecast.study.checks import Checks
from forecast.study.evaluation.scores import pit_band
from forecast.study.hypotheses.outcome import LIMIT
from tests.evaluation.made import results_of
from tests.plots.made import with_kinds
from tests.report.conftest import LABELS, assessed, reported_fit
from tests.report.made_claims import BARS, RATES, verdict

DYAD = "USA-CHN"
V1 = Path(__file__).parents[1] / "model" / "data" / "fit_v1.nc"
ROWS = pd.DataFrame(
    {"check": ["side", "side", "tails"], "z": [-0.4, 2.6, 9.0], "miss": [False, True, True]}
)


@pytest.fixture(scope="module")
def fit():
    return reported_fit(dyads=(DYAD,), draws=40)


@pytest.fixture(scope="module")
def assessment(fit):
    return assessed(fit)


@pytest.fixture(scope="module")
def results():
    return results_of(0.0)


@pytest.fixture(scope="module")
def found(fit):
    contact = Assumed(date(2025, 2, 1), "USA", "CHN", of_class="class 4", n=2)
    return scenario(fit, DYAD, {"two contacts": [contact]}, (3, 12), labels=LABELS)


@pytest.fixture(scope="module")
def change():
    before, added = (
        numbers_of({"level": np.full((2, 9), 40.0), "yes": np.full((2, 9), 0.25)}),
        np.full((2, 9), -0.1),
    )
    steps = (
        Step("time passed", numbers_of({"yes": added}), before),
        Step("new events", numbers_of({"yes": -added}), before),
    )
    return Change(
        DYAD, (date(2023, 9, 30), date(2023, 10, 31)), "Will they meet?", before, before, steps
    )


@pytest.fixture
def given(fit, assessment, results, found, change):
    """What each function is given."""
    cases = results.cases.query("model == 'pool' and horizon == 12 and not given_n")
    return {
        "plot_observed_share": fit.panel,
        "plot_forecast": assessment,
        "plot_level": fit,
        "plot_probabilities": assessment,
        "plot_eras": assessment,
        "plot_dyads": [assessment],
        "plot_kinds": with_kinds(assessment),
        "plot_halflife": fit,
        "plot_prior_posterior": fit.prior_posterior(DYAD),
        "plot_evidence": BARS,
        "plot_power": RATES,
        "plot_calibration": cases,
        "plot_pit": cases,
        "plot_skill": results.skill,
        "plot_attribution": change,
        "plot_scenarios": found,
        "plot_ppc": Checks(ROWS, 200),
        "plot_coverage": fit.panel,
        "plot_dots": assessment,
    }


@pytest.fixture
def on():
    return Figure(layout="constrained").subplots()


@pytest.fixture(autouse=True)
def _closed():
    yield
    pyplot.close("all")


def test_the_list_is_whole_and_imports_no_matplotlib(given):
    assert set(plots.__all__) == set(given)
    code = "import sys, forecast.plots; print([name for name in sys.modules if name.startswith('matplotlib')])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


@pytest.mark.parametrize("name", plots.__all__)
def test_every_function_takes_axes_returns_them_and_hands_options_on(name, given, on):
    function = getattr(plots, name)
    assert function(given[name], ax=on, alpha=0.123) is on
    drawn = [*on.lines, *on.patches, *on.collections]
    assert 0.123 in [artist.get_alpha() for artist in drawn]
    on.figure.draw_without_rendering()
    new = function(given[name], figsize=(7, 3))
    assert new is not on and new.figure.get_size_inches().tolist() == [7, 3]
    with pytest.raises(ForecastError, match=r"^figsize: got"):
        function(given[name], ax=on, figsize=(7, 3))


@pytest.mark.parametrize("name", plots.__all__)
def test_wrong_data_and_impossible_intervals_are_named(name, given, on):
    function = getattr(plots, name)
    for wrong in (5, "words", object()):
        with pytest.raises(ForecastError, match=r"^data: got .*; expected"):
            function(wrong, ax=on)
    with pytest.raises(ForecastError, match=r"^ax: got"):
        function(given[name], ax="axes")
    if "ci_prob" in inspect.signature(function).parameters:
        with pytest.raises(ForecastError, match=r"^ci_prob: got (1\.5|wide)"):
            function(given[name], ax=on, ci_prob=1.5)
    else:
        assert name in ("plot_coverage", "plot_dots")


def lines(on, color, least=3):
    return [
        line
        for line in on.lines
        if same_color(line.get_color(), color) and len(line.get_xdata()) >= least
    ]


def edges(band):
    """Return the lower and the upper edge of a filled band by x."""
    corners = pd.DataFrame(band.get_paths()[0].vertices, columns=["x", "y"]).groupby("x")["y"]
    return corners.min().to_numpy(), corners.max().to_numpy()


def test_shares_of_few_events_are_pale_with_an_entry_of_the_legend(on):
    table = forecast.read_chronology(dyads=["EGY-ISR", "USA-CHN"])
    panel = forecast.build_panel(table)
    plots.plot_observed_share(panel, dyad="EGY-ISR", ax=on)
    pale, solid = on.lines
    assert (pale.get_label(), solid.get_label()) == ("fewer than 5 events", "observed")
    assert pale.get_alpha() < 1 and same_color(pale.get_color(), solid.get_color())
    drawn, thin = np.isfinite(solid.get_ydata()), np.isfinite(pale.get_ydata())
    assert thin.any() and not (thin & drawn).all()
    on.clear()
    recent = forecast.build_panel(table, dyads=["USA-CHN"], start="2000-01")
    plots.plot_observed_share(recent, ax=on)
    assert [line.get_label() for line in on.lines] == ["observed"]


def test_the_observed_share_is_that_of_the_outlook(fit, assessment, on):
    plots.plot_observed_share(fit.panel, ci_prob=0.9, ax=on)
    np.testing.assert_allclose(on.lines[0].get_ydata(), assessment.rolling.observed)
    (band,), seen = on.collections, np.isfinite(assessment.rolling.observed)
    low, high = edges(band)
    assert (low < assessment.rolling.observed[seen]).all() and (
        assessment.rolling.observed[seen] < high
    ).all()
    assert on.lines[0].get_xdata()[-1] == pytest.approx(
        2025, abs=0.01
    )  # a window counts where it ends
    with pytest.raises(ForecastError, match=r"^dyad: got USA-JPN; expected one of USA-CHN"):
        plots.plot_observed_share(fit.panel, dyad="USA-JPN", ax=on)


def test_a_forecast_follows_what_was_observed(assessment, on):
    plots.plot_forecast(assessment, ci_prob=0.9, ax=on)
    (past,), (ahead,) = lines(on, style.LEVEL), lines(on, style.OBSERVED)
    np.testing.assert_array_equal(past.get_ydata(), assessment.rolling.observed)
    np.testing.assert_array_equal(ahead.get_ydata(), assessment.rolling.forecast[2])
    assert ahead.get_xdata()[0] == past.get_xdata()[-1] and past.get_xdata()[-1] == pytest.approx(
        2025, abs=0.01
    )
    low, high = edges(on.collections[0])
    np.testing.assert_allclose([low, high], assessment.rolling.forecast[[0, -1]])
    plots.plot_forecast(assessment, since=date(2020, 1, 1), ax=on)
    assert on.get_xlim()[0] == pytest.approx(2020)
    with pytest.raises(ForecastError, match=r"^ci_prob: got 0\.8; expected 0\.9 or 0\.5"):
        plots.plot_forecast(assessment, ci_prob=0.8, ax=on)
    with pytest.raises(ForecastError, match=r"^ci_prob: got 0; expected a probability above 0"):
        plots.plot_forecast(assessment, ci_prob=0, ax=on)


def test_the_level_has_the_quantiles_of_the_draws(fit, assessment, on):
    plots.plot_level(fit, ci_prob=0.8, since=date(2020, 1, 1), ax=on)
    draws = 100 / (1 + np.exp(-fit.posterior["level"].isel(dyad=0).to_numpy()))
    expected = np.quantile(draws.reshape(-1, draws.shape[-1]), (0.1, 0.5, 0.9), axis=0)[:, -60:]
    np.testing.assert_allclose(lines(on, style.LEVEL)[0].get_ydata(), expected[1], rtol=1e-4)
    np.testing.assert_allclose(edges(on.collections[0]), expected[[0, 2]], rtol=1e-4)
    seen = Figure().subplots()
    plots.plot_level(level_record(fit, DYAD), ahead=assessment, ax=seen)
    past, future = lines(seen, style.LEVEL)
    assert len(past.get_xdata()) == fit.panel.sizes["time"]
    np.testing.assert_array_equal(future.get_ydata(), assessment.fan.share[2])
    with pytest.raises(
        ForecastError, match=r"^since: got 2031-01-01; expected a day up to 2024-12-01"
    ):
        plots.plot_level(fit, since=date(2031, 1, 1), ax=on)


def test_the_level_of_a_saved_fit_is_drawn_over_all_its_months():
    fit = Fit.load(V1)
    axes = plots.plot_level(fit, dyad=fit.dyads[0])
    assert len(lines(axes, style.LEVEL)[0].get_xdata()) == fit.panel.sizes["time"]
    with pytest.raises(ForecastError, match=r"^dyad: got None; expected one of"):
        plots.plot_level(fit)


def test_arviz_has_the_groups_of_a_saved_fit():
    groups = forecast.arviz_groups(Fit.load(V1), draws=5).children
    assert {"posterior", "posterior_predictive", "log_likelihood"} <= set(groups)


def test_arviz_traces_a_fit_with_divergent_draws():
    groups = forecast.arviz_groups(Fit.load(V1), draws=5)
    statistics = groups["sample_stats"]
    statistics["diverging"] = statistics["diverging"] | (statistics["draw"] == 3)
    drawn = plot_trace(groups, var_names=["cycle_sd"])
    assert "divergence" in drawn.viz.children


def test_monte_carlo_errors_stand_where_outcomes_meet(assessment, on):
    plots.plot_probabilities(assessment, share="expected", ci_prob=0.95, ax=on)
    first = next(iter(assessment.improvement.values()))
    ends = on.collections[0].get_segments()[0][:, 0] / 100
    assert ends.mean() == pytest.approx(first.deterioration.value)
    assert np.ptp(ends) == pytest.approx(2 * 1.96 * first.deterioration.mcse, rel=1e-3)
    assert len(on.patches) == 4 * len(assessment.improvement)
    with pytest.raises(ForecastError, match=r"^horizons: got \[7\]; expected some of 3"):
        plots.plot_probabilities(assessment, horizons=[7], ax=on)
    with pytest.raises(ForecastError, match=r"^figsize: got 3; expected width and height"):
        plots.plot_probabilities(assessment, figsize=3)


def test_eras_drawn_alone_reach_from_the_first_to_now(assessment):
    on = plots.plot_eras(assessment, ci_prob=0.5)
    eras = assessment.frameworks.eras
    spans = [line.get_xdata() for line in lines(on, style.EQUILIBRIUM, 2)]
    assert [span[0] for span in spans] == pytest.approx(
        [style.year_of(era.start) for era in eras], abs=0.01
    )
    assert [text.get_text() for text in on.texts] == [era.name for era in eras]
    low, high = edges(on.collections[0])
    expected = np.quantile(eras[0].equilibrium.draws, (0.25, 0.75))
    assert [low[0], high[0]] == pytest.approx(list(expected))


def test_dyads_and_half_lives_have_intervals_of_any_probability(fit, assessment, on):
    draws = assessment.pendulum.half_life.draws
    plots.plot_dyads([assessment], quantity="half_life", ci_prob=0.5, ax=on)
    assert on.lines[0].get_xdata() == pytest.approx(np.quantile(draws, (0.25, 0.75)))
    shown = plots.plot_halflife(fit, ci_prob=0.5)
    np.testing.assert_allclose(shown.lines[0].get_xdata(), np.quantile(draws, (0.25, 0.75)))
    heights, steps, _ = shown.patches[0].get_data()
    np.testing.assert_array_equal(heights, np.histogram(draws, steps)[0])


def test_posteriors_stand_on_the_scale_of_their_priors(fit, on):
    plots.plot_prior_posterior(fit, ax=on)
    row = fit.prior_posterior(DYAD).iloc[0]
    priors, after = on.lines[0].get_xdata(), on.lines[3].get_xdata()
    assert np.ptp(priors) == pytest.approx(2)
    scale = np.log(row["prior_high"] / row["prior_low"]) / 2
    assert after == pytest.approx([np.log(row["median"] / row["prior"]) / scale])


def test_scenarios_show_the_level_and_the_chances(found, on):
    plots.plot_scenarios(found, ax=on)
    assert [line.get_label() for line in on.lines if line.get_label()[0] != "_"] == [
        "without a scenario",
        "two contacts",
    ]
    np.testing.assert_array_equal(on.lines[0].get_ydata(), found.unconditional.fan.share[2])
    bars = plots.plot_scenarios(found, part="chances").patches
    chances = [100 * own.recorded[months].up.value for own in found.prospects for months in (3, 12)]
    assert [bar.get_height() for bar in bars] == pytest.approx(chances)


def test_contributions_add_up_from_the_first_day_to_the_last(change, on):
    plots.plot_attribution(change, ax=on)
    assert [(bar.get_x(), bar.get_width()) for bar in on.patches] == [
        pytest.approx(one) for one in ((25, -10), (15, 10))
    ]
    assert [row.get_text() for row in on.get_yticklabels()][1:3] == ["time passed", "new events"]


def test_evidence_of_all_claims_and_power_of_one(on):
    verdicts = (
        verdict(value=4.0, least=3.0, most=5.0),
        verdict("S2", value=-1.0, least=-2.0, most=0.5),
    )
    pooled = forecast.study.hypotheses.PooledResults(
        (DYAD,), "1950-01", "2023-10", 800, verdicts, ()
    )
    plots.plot_evidence(pooled, ax=on)
    (dots,) = [line for line in on.lines if line.get_marker() == "o"]
    assert dots.get_xdata().tolist() == [3.0, -2.0]
    assert [segment[:, 0].tolist() for segment in on.collections[0].get_segments()] == [
        [3.0, 5.0],
        [-2.0, 0.5],
    ]
    assert LIMIT in [line.get_xdata()[0] for line in on.lines]
    assert plots.plot_evidence(pooled, claim="S5b").get_title() == "log Bayes factor"
    with pytest.raises(ForecastError, match=r"^claim: got S9; expected one of S5b and S2"):
        plots.plot_evidence(pooled, claim="S9", ax=on)
    power = plots.plot_power(verdicts[0])
    assert [bar.get_width() for bar in power.patches] == [92.0, 41.0, 1.0]
    for rate, segments in zip(RATES, power.collections, strict=True):
        low, high = segments.get_segments()[0][:, 0]
        assert low < 100 * rate.supported / rate.sets < high


def test_calibration_and_pit_take_cases_or_bands(given, on):
    cases = given["plot_pit"]
    plots.plot_pit(cases, ax=on)
    expected = pit_band(cases["pit"])
    np.testing.assert_allclose(on.lines[0].get_ydata(), expected.y)
    plots.plot_pit(expected, reference=cases["pit"].to_numpy(), ax=Figure().subplots())
    with pytest.raises(ForecastError, match=r"^ci_prob: got 0\.8; expected 0\.95"):
        plots.plot_pit(expected, ci_prob=0.8, ax=on)
    with pytest.raises(ForecastError, match=r"^data: there is no column p_down and down"):
        plots.plot_calibration(cases[["p_up", "up"]], event="down", ax=on)


def test_skill_is_that_of_the_file(results, on):
    skill = results.skill
    plots.plot_skill(skill, against=["base_rate_10y"], ax=on)
    found = skill.against("base_rate_10y", 12)
    assert found["difference"] in [
        float(line.get_xdata()[0]) for line in on.lines if len(line.get_xdata()) == 1
    ]
    by_dyad = plots.plot_skill(skill, against=["base_rate_10y"], dyads=["USA-CHN", "CHN-JPN"])
    assert [row.get_text() for row in by_dyad.get_yticklabels()] == ["US-China", "China-Japan"]
    with pytest.raises(ForecastError, match=r"^horizon: got 7"):
        plots.plot_skill(skill, horizon=7, ax=on)
    with pytest.raises(ForecastError, match=r"^against: got nobody; expected some of"):
        plots.plot_skill(skill, against=["nobody"], ax=on)


def test_checks_are_drawn_by_kind_and_not_beyond_the_edge(given, on):
    plots.plot_ppc(given["plot_ppc"], ax=on)
    assert [sorted(rows.get_offsets()[:, 0]) for rows in on.collections] == [[-0.4, 2.6], [6.0]]


def test_coverage_shades_what_is_not_covered(fit, on):
    panel = fit.panel.copy(deep=True)
    panel["covered"][0, 0, 3:5] = False
    panel["counts"][0, 0, 3:5] = 0
    plots.plot_coverage(forecast.data.panel.recounted(panel), ax=on)
    shaded, bars = on.patches[:2], on.patches[2:]
    assert len(bars) == panel.sizes["time"] and all(
        same_color(one.get_facecolor()[:3], style.WORSE) for one in shaded
    )
    assert [bar.get_height() for bar in bars] == panel["counts"].sum(
        ["dataset", "dyad", "direction", "class"]
    ).values.tolist()


def test_what_a_backend_sets_when_it_is_first_looked_for_stays_set(tmp_path):
    """A notebook's backend makes figures interactive.

    Unless that lasts, it shows the first figure and no other.
    """
    loud = "import matplotlib\nfrom matplotlib.backends.backend_agg import *\nmatplotlib.interactive(True)\n"
    (tmp_path / "loud.py").write_text(loud)
    code = """
import matplotlib
from forecast.plots import style
style.axes(None, None, 3)
print(matplotlib.is_interactive())
"""
    places = os.pathsep.join([str(tmp_path), str(Path(plots.__file__).parents[2])])
    own = os.environ | {"MPLBACKEND": "module://loud", "PYTHONPATH": places}
    done = subprocess.run(
        [sys.executable, "-c", code], env=own, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "True"
