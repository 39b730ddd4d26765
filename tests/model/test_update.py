"""An updated fit is the fit one would have had, and says so when it is not.

Most fits here are of records without events: their posterior is the prior, so that any number of
draws of it is exact and costs no sampling. What an update makes of them is held against the prior
weighed by the likelihood, by brute force.
"""

import json
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
import xarray as xr

from forecast.base.errors import NotUpdatable
from forecast.data.panel import first_periods, recounted
from forecast.model import Fit, PendulumSpec, Priors, simulate_panel, update
from forecast.model import fit as sample
from forecast.model.observation.index import IndexObservation, standardised_index
from forecast.model.particles import Draws, Observed, state_of
from forecast.model.posterior import flat
from forecast.model.simulation import prior_draws
from forecast.outlook import assess
from tests.made import make_panel, unobserved

NARROW = {"priors": Priors(concentration=(2.0, 0.3))}
SPEC = PendulumSpec(**NARROW)
KNOWN = 18
LATE = ((0, 1), (0, 15), (1, 17))
NEW = ((0, 18), (1, 18), (0, 20))


def seen_at(places, periods=21, number=2, **shape):
    """A panel with a few events a report, or a value, at some places (dyad, period) alone."""
    panel = make_panel(2, 24, empty=0.0, seed=3, **shape)
    if "index" in panel:
        there = np.zeros((2, 24), dtype=bool)
        there[tuple(zip(*places, strict=True)) or ()] = bool(places)
        panel["index"] = 0.3 * panel["index"].where(xr.DataArray(there, dims=("dyad", "time")))
        return until(panel, periods)
    panel["counts"] = xr.zeros_like(panel["counts"])
    rng, (datasets, _, _, directions, classes) = np.random.default_rng(1), panel["counts"].shape
    for dyad, time in places:
        seen = rng.multinomial(number, [1 / classes] * classes, size=(datasets, directions))
        panel["counts"].to_numpy()[:, dyad, time] = seen
    return until(panel, periods)


def until(panel, periods):
    return first_periods(recounted(panel), periods)


@pytest.fixture(scope="module")
def later():
    return seen_at(LATE + NEW)


@pytest.fixture(scope="module")
def fit():
    return unobserved(seen_at((), KNOWN), SPEC, chains=4, draws=1500)


@pytest.fixture(scope="module")
def updated(fit, later):
    return update(fit, later, refit=False)


# That it is right


def standard_scores(fit, later, spec, draws=12_000):
    """How far the means of an updated fit are from brute force, in standard errors of both, and
    how far they moved."""
    wide = unobserved(later, spec, draws=draws, seed=9)
    of_draws = Draws.of(wide.posterior, spec)
    observed = Observed.of(fit.spec.observation_model.on_scale_of(fit.panel, later), of_draws)
    level, trend = flat(wide.posterior["level"]), flat(wide.posterior["trend"])
    log_weight = np.zeros(draws)
    for dyad, time in np.argwhere(observed.node >= 0):
        state = state_of(level[:, dyad, [time]], trend[:, dyad, [time]])
        log_weight += observed.log_likelihood(int(dyad), int(time), state)[:, 0]
    weight = np.exp(log_weight - log_weight.max())
    weight /= weight.sum()
    share = 1 / fit.updates[-1]["effective_draws"] + (weight**2).sum()
    scores, moved = [], []
    for name, values in wide.posterior.items():
        before, now = flat(values).reshape(draws, -1), flat(fit.posterior[name])
        now = now.reshape(len(now), -1)
        mean = weight @ before
        error = np.sqrt(weight @ (before - mean) ** 2 * share)
        varies = error > 1e-9
        scores.append((now.mean(axis=0) - mean)[varies] / error[varies])
        moved.append((before.mean(axis=0) - mean)[varies] / error[varies])
    return np.concatenate(scores), np.concatenate(moved)


@pytest.mark.parametrize(
    ("choices", "shape"),
    [
        pytest.param(NARROW, {}, marks=pytest.mark.slow),
        pytest.param(
            {**NARROW, "ceiling": "framework", "pooling": False},
            {"directions": 2, "number": 1},
            marks=pytest.mark.slow,
        ),
        ({**NARROW, "trend": "walk", "cycle": "none", "month_noise": False}, {}),
        pytest.param(
            {"trend": "constant", "cycle": "cubic", "overdispersion": False},
            {"datasets": 2, "number": 1},
            marks=pytest.mark.slow,
        ),
        pytest.param(
            {"observation": "index", "ceiling": "framework"},
            {"index": True},
            marks=pytest.mark.slow,
        ),
    ],
    ids=["default", "ceiling", "walk", "cubic", "index"],
)
def test_it_agrees_with_brute_force(choices, shape):
    """Every mean, of parameters and of the level in every period, within 5 standard errors.

    There are some 130 numbers, many of them nearly the same; were they independent and normal, one
    test in 13,000 would fail. That the events moved some of them by more than that shows that the
    test could fail.
    """
    spec, later = PendulumSpec(**choices), seen_at(LATE + NEW, **shape)
    fewer = (
        1 if spec.has_cycle else 3
    )  # what a walk alone says moves it far enough for a third of the draws
    fit = unobserved(until(later, KNOWN), spec, chains=4, draws=2500 // fewer)
    scores, moved = standard_scores(
        update(fit, later, refit=False), later, spec, draws=12_000 // fewer
    )
    assert np.abs(scores).max() < 5
    assert np.abs(moved).max() > 8


def test_an_index_stays_on_the_scale_that_it_was_fitted_on():
    later = make_panel(2, 24, index=True, seed=3)
    fitted = until(later, KNOWN)
    assert not np.allclose(
        standardised_index(later)[:, :KNOWN], standardised_index(fitted), equal_nan=True
    )
    once = IndexObservation().on_scale_of(fitted, later)
    for again in (once, IndexObservation().on_scale_of(once, later)):
        np.testing.assert_array_equal(
            standardised_index(again)[:, :KNOWN], standardised_index(fitted)
        )


def test_two_steps_are_one_step(fit, later, updated):
    """The same numbers within Monte Carlo error, and two weighings are worth no more than one."""
    halfway = update(fit, seen_at(LATE + NEW[:2], 19), refit=False)
    stepwise = update(halfway, later, refit=False)
    assert [one["to"] for one in stepwise.updates] == ["2001-07-31", "2001-09-30"]
    assert stepwise.updates[-1]["effective_draws"] == pytest.approx(
        updated.updates[-1]["effective_draws"], rel=0.3
    )
    share = 2 / min(one.updates[-1]["effective_draws"] for one in (stepwise, updated))
    for name, values in updated.posterior.items():
        one, two = flat(values), flat(stepwise.posterior[name])
        error = np.sqrt(one.var(axis=0) * share) + 1e-9
        assert (np.abs(one.mean(axis=0) - two.mean(axis=0)) < 5 * error).all(), name


@pytest.mark.slow
@pytest.mark.parametrize("ceiling", ["none", "framework"])
def test_it_agrees_with_a_fit_of_the_later_panel(ceiling):
    """Scores by the effective sample sizes of both.

    One by one within 5; as levels move together, their mean square
    (expected 1) may well be 2."""
    from arviz_stats import ess

    spec, shape = PendulumSpec(ceiling=ceiling), make_panel(2, 84, events=3.0, seed=5)
    later, _ = simulate_panel(
        shape, prior_draws(shape, spec, draws=5, seed=2).isel(draw=3), spec, seed=4
    )
    settings = {"draws": 1000, "tune": 400, "chains": 4, "seed": 1}
    fit, again = sample(until(later, 81), spec, **settings), sample(later, spec, **settings)
    updated = update(fit, later, refit=False)
    scores = []
    for name in ("level", "trend", "cycle_half_life", "cycle_sd", "tau", "mu", "concentration"):
        one, two = (
            x.posterior[name].astype(float).isel(time=slice(None, None, 6), missing_dims="ignore")
            for x in (updated, again)
        )
        error = (
            sum(
                x.var(("chain", "draw")) / ess(x.to_dataset(name="x"), method="mean")["x"]
                for x in (one, two)
            )
            ** 0.5
        )
        score = (one - two).mean(("chain", "draw")) / error.where(error > 1e-9)
        scores.append(score.to_numpy().ravel())
    scores = np.concatenate(scores)
    scores = scores[np.isfinite(scores)]
    assert np.abs(scores).max() < 5
    assert np.mean(scores**2) < 2.5


# What stays as it was


def test_months_without_events_change_nothing_that_was(fit):
    updated = update(fit, seen_at((), 20), refit=False)
    for name, values in fit.posterior.items():
        if name not in ("level", "trend", "mu"):
            xr.testing.assert_identical(updated.posterior[name], values)
    for name in ("level", "trend"):
        np.testing.assert_array_equal(
            updated.posterior[name].isel(time=slice(KNOWN)), fit.posterior[name]
        )
    assert updated.posterior.sizes["time"] == 20
    (record,) = updated.updates
    assert (record["resampled"], record["pareto_k"], record["effective_draws"]) == (
        False,
        None,
        6000.0,
    )
    assert updated.provenance["r_hat"].keys() == set(fit.gate.table["quantity"])


def parts_now(fit):
    """Trend and cycle of the last period, (draw, dyad)."""
    last = fit.posterior.isel(time=-1)
    trend = flat(last["trend"]).astype(float)
    return trend, flat(last["level"]) - trend


def test_months_without_events_move_trend_and_cycle_by_their_transitions(fit):
    """Two months on, the standardised shocks have mean 0 and variance 1, within 5 standard
    errors."""
    updated = update(fit, seen_at((), 20), refit=False)
    p = Draws.of(fit.posterior, fit.spec).values
    (trend, cycle), (trend_then, cycle_then) = parts_now(fit), parts_now(updated)
    kept, phi = p["trend_retention"][:, None], p["phi"]
    shocks = (
        (trend_then - p["trend_mean"] - kept**2 * (trend - p["trend_mean"]))
        / (p["trend_step"] * np.sqrt(1 + kept**2)),
        (cycle_then - phi**2 * cycle) / (p["sigma"] * np.sqrt(1 + phi**2)),
    )
    for shock in shocks:
        assert np.abs(shock.mean()) < 5 / np.sqrt(shock.size)
        assert np.abs((shock**2).mean() - 1) < 5 * np.sqrt(2 / shock.size)


def test_the_past_before_the_last_year_goes_with_its_draw(fit, updated):
    """Parameters and the level of long ago stay together.

    Each draw is one of those sampled, of its own chain.
    """
    ancestor = updated.sample_stats["ancestor"]
    assert (ancestor.diff("draw") >= 0).all()
    taken = fit.posterior.isel(draw=ancestor)
    for name in ("cycle_half_life", "trend_mean"):
        np.testing.assert_array_equal(updated.posterior[name], taken[name])
    np.testing.assert_array_equal(updated.posterior["level"][..., :4], taken["level"][..., :4])
    assert (updated.posterior["level"][..., 10:KNOWN] != taken["level"][..., 10:]).any()


def test_a_dyad_without_news_keeps_its_path(fit):
    updated = update(fit, seen_at(((0, 18),), 19), refit=False)
    taken = fit.posterior["level"].isel(draw=updated.sample_stats["ancestor"])
    np.testing.assert_array_equal(updated.posterior["level"][:, :, 1, :KNOWN], taken[:, :, 1])
    assert (updated.posterior["level"][:, :, 0, :KNOWN] != taken[:, :, 0]).any()


def test_the_same_seed_gives_the_same_numbers(fit, later, updated):
    xr.testing.assert_identical(update(fit, later, refit=False).posterior, updated.posterior)
    other = update(fit, later, refit=False, seed=2)
    assert not np.array_equal(other.posterior["trend"], updated.posterior["trend"])
    assert fit.provenance.get("updates") is None


def test_shocks_of_successive_updates_have_nothing_to_do_with_each_other(fit):
    first = update(fit, seen_at((), 19), refit=False)
    second = update(first, seen_at((), 20), refit=False)
    p = Draws.of(fit.posterior, fit.spec)
    cycles = [parts_now(one)[1][:, 0] for one in (fit, first, second)]
    phi, sigma = p.values["phi"][:, 0], p.values["sigma"][:, 0]
    one, two = ((now - phi * then) / sigma for then, now in pairwise(cycles))
    assert np.abs(np.corrcoef(one, two)[0, 1]) < 5 / np.sqrt(one.size)


def test_nothing_new_is_the_fit_itself(updated, later):
    assert update(updated, later) is updated
    assert update(updated, later.copy(deep=True)) is updated


def test_a_later_day_with_nothing_new_is_noted(fit):
    later = fit.panel.assign_attrs(as_of="2001-06-30", digest="another")
    updated = update(fit, later, refit=False)
    assert updated.panel.attrs["as_of"] == "2001-06-30"
    assert updated.provenance["data_digest"] == "another"
    assert updated.updates[-1]["months"] == []
    xr.testing.assert_identical(updated.posterior.drop_vars("mu"), fit.posterior.drop_vars("mu"))
    np.testing.assert_allclose(
        updated.posterior["mu"], fit.posterior["mu"], atol=1e-6
    )  # a mean of single precision


# That it is a fit like any other


@pytest.mark.parametrize("name", ["fit.nc", "fit.zarr"])
def test_it_is_saved_loaded_updated_and_forecast_from(updated, tmp_path, name):
    again = Fit.load(updated.save(tmp_path / name))
    xr.testing.assert_identical(again.posterior, updated.posterior)
    assert again.provenance == updated.provenance
    longer = update(again, seen_at((*LATE, *NEW, (1, 21)), 22), refit=False)
    assert [len(one["months"]) for one in longer.updates] == [4, 1]
    assert assess(longer, "USA-CHN", seed=1).improvement[12].improvement.value > 0


def test_it_has_the_schema_of_a_fit(fit, updated):
    assert set(updated.posterior) == set(fit.posterior)
    for name, values in updated.posterior.items():
        assert values.dims == fit.posterior[name].dims
        assert values.dtype == fit.posterior[name].dtype
    assert set(updated.sample_stats) == {*fit.sample_stats, "ancestor"}
    level = updated.posterior["level"].isel(time=-1)
    state = np.stack(parts_now(updated), axis=-1)
    for dyad in (0, 1):
        seen = state[:, [dyad]].sum(axis=-1)
        np.testing.assert_allclose(flat(level)[:, dyad], seen[:, 0], atol=1e-5)


def test_its_account_says_what_was_done(updated):
    (record,) = updated.updates
    assert (record["from"], record["to"]) == ("2001-06-30", "2001-09-30")
    assert [one["period"] for one in record["months"]] == [
        "2001-06-01",
        "2001-07-01",
        "2001-08-01",
        "2001-09-01",
    ]
    assert [one["pareto_k"] is None for one in record["months"]] == [False, False, True, False]
    assert 400 <= record["effective_draws"] < 6000
    assert record["pareto_k"] < 0.7
    assert record["resampled"]
    assert json.loads(json.dumps(updated.provenance)) == updated.provenance


def test_the_gate_asks_how_it_was_sampled_and_what_is_left(fit, updated):
    sampled, now = (one.gate.table.set_index("quantity") for one in (fit, updated))
    np.testing.assert_allclose(now["r_hat"], sampled["r_hat"])
    assert (now["ess_bulk"] < sampled["ess_bulk"]).all()
    # The worst of several thresholds: about the weights' effective draws, and hardly ever below
    # half of them.
    assert 0.4 < now.loc["concentration", "ess_bulk"] / updated.updates[-1]["effective_draws"] < 1.4
    left = float(now[["ess_bulk", "ess_tail"]].min().min())
    assert updated.gate.passed == (left >= 400)
    assert updated.gate.passed or "effective sample size" in updated.gate.reasons[0]


def test_an_update_of_little_weight_passes_the_gate_of_a_fit_that_did(fit):
    updated = update(fit, seen_at(((0, 18),), 19, number=1), refit=False)
    gate = updated.gate_with(outlook=updated.posterior["trend"].isel(time=-1))
    assert gate.passed, gate.reasons
    assert np.isnan(gate.table.set_index("quantity").loc["outlook", "r_hat"])
    stirred = updated.noting(r_hat=updated.provenance["r_hat"] | {"level": 1.3})
    assert stirred.gate.reasons == ("level: R-hat 1.3000, limit 1.01",)
    assert not updated.noting(
        r_hat=updated.provenance["r_hat"] | {"half-life of the cycle": None}
    ).gate.passed


def test_it_neither_builds_nor_compiles_a_model(updated, tmp_path):
    updated.save(tmp_path / "fit.nc")
    seen_at((*LATE, *NEW, (1, 21)), 22).to_netcdf(tmp_path / "later.nc", engine="netcdf4")
    code = f"""
import sys
import xarray as xr
from forecast.model import Fit, update
with xr.open_dataset({str(tmp_path / "later.nc")!r}, engine="netcdf4") as opened:
    later = opened.load()
    later["covered"] = later["covered"].astype(bool)
fit = update(Fit.load({str(tmp_path / "fit.nc")!r}), later, refit=False)
assert not {{"pymc", "nutpie", "forecast.model.sampling"}} & set(sys.modules), "compiles or could"
print(len(fit.updates))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "2\n"


def test_progress_is_told(fit, later):
    told = []
    update(fit, later, refit=False, progress=lambda *step: told.append(step))
    assert told == [("updating the fit", 0, 2), ("updating the fit", 1, 2)]


# Where it is not valid


def loud():
    """News of many events, hostile and cooperative by turns, which no draw of the prior foresaw."""
    panel = seen_at([(dyad, month) for dyad in (0, 1) for month in range(KNOWN, KNOWN + 3)])
    for month, extreme in zip(range(KNOWN, KNOWN + 3), (0, -1, 0), strict=True):
        panel["counts"][:, :, month, :, extreme] += 60
    return recounted(panel)


def test_too_few_draws_left_are_refused(later):
    few = unobserved(until(later, KNOWN), SPEC, chains=2, draws=200)
    with pytest.raises(
        NotUpdatable,
        match=r"from 2001-06-30 to 2001-09-30: .*(effective number|Pareto k).*refit=True",
    ):
        update(few, later, refit=False)


def test_news_that_no_draw_foresaw_are_refused(fit):
    with pytest.raises(
        NotUpdatable, match=r"(effective number|Pareto k).*in the period from 2001-0"
    ):
        update(fit, loud(), refit=False)


@pytest.mark.parametrize("kind", ["dyad", "era", "dataset", "moved era"])
def test_what_the_fit_has_no_parameter_for_is_refused(fit, kind):
    shape = {"dyad": (3, 1, 2), "dataset": (2, 2, 2), "era": (2, 1, 3)}.get(kind, (2, 1, 2))
    panel = make_panel(shape[0], 21, datasets=shape[1], eras=shape[2])
    if kind == "moved era":
        panel["era_index"].to_numpy()[0, 8] = 1 - panel["era_index"].to_numpy()[0, 8]
        panel["era_index"].to_numpy()[0, 9:] = 1
    with pytest.raises(
        NotUpdatable, match={"moved era": "an era begins"}.get(kind, f"there is a new {kind}, ")
    ):
        update(fit, panel, refit=False)


def test_it_is_fitted_anew_with_its_own_settings_where_it_is_not_valid(fit, monkeypatch):
    asked, told = {}, []

    def stub(panel, spec, *, progress, **options):
        asked.update(panel=panel, spec=spec, options=options)
        return fit.noting(seed=77)

    monkeypatch.setattr("forecast.model.sampling.fit", stub)
    settings = {"draws": 7, "tune": 8, "chains": 2, "seed": 9, "target_accept": 0.95}
    news = loud()
    again = update(fit.noting(**settings, cores=64), news, progress=lambda *step: told.append(step))
    assert asked["options"] == settings | {"evidence": False}
    assert asked["spec"] == fit.spec
    xr.testing.assert_identical(asked["panel"], news)
    assert again.provenance["seed"] == 77
    assert again.provenance["refitted"]["from"] == "2001-06-30"
    assert again.provenance["refitted"]["reason"] in told[-1][0]
    assert not again.updates
