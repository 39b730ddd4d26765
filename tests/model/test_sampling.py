"""From panel to fit: seeds, samplers, progress, interrupts, and parameters found again."""

import json
import signal
import threading
import time

import numpy as np
import pytest
import xarray as xr

from forecast.base.errors import DataError, SpecError
from forecast.model import Fit, PendulumSpec, fit, prior_draws, simulate_panel
from forecast.model.particles import Draws, Observed, state_of
from forecast.model.posterior import flat
from forecast.model.process.ceiling import SOFTNESS
from forecast.model.variables import all_variables
from tests.made import make_panel

from .by_pymc import sample_by_pymc

SPEC = PendulumSpec(ceiling="framework")
SHORT = {"draws": 30, "tune": 40, "chains": 2, "seed": 3}


@pytest.fixture(scope="module")
def panel():
    return make_panel(dyads=2, periods=150, events=4, empty=0.1, seed=1)


@pytest.fixture(scope="module")
def truth(panel):
    """Parameters as they could be.

    A draw of the prior, but two dyads that differ in all that is theirs.
    """
    parameters = prior_draws(panel, SPEC, draws=1, seed=1).isel(draw=0)
    half_life, sd = np.array([3.0, 6.0]), np.array([0.7, 0.5])
    phi = 0.5 ** (1 / half_life)
    own = {
        "cycle_half_life": half_life,
        "cycle_sd": sd,
        "phi": phi,
        "sigma": sd * np.sqrt(1 - phi**2),
        "tau": np.array([0.2, 0.3]),
        "trend_mean": np.array([-0.4, 0.8]),
        "trend_step": np.array([0.1, 0.15]),
        "volume_effect": np.array([-0.3, 0.1]),
    }
    parameters = parameters.assign({name: ("dyad", value) for name, value in own.items()})
    one = {"trend_half_life": 180.0, "trend_retention": 0.5 ** (1 / 180.0), "trend_jump": 0.4}
    parameters = parameters.assign({name: ((), value) for name, value in one.items()})
    parameters["headroom"] = ("era", np.full(4, 1.2))
    parameters["concentration"] = ("dataset", [6.0])
    return parameters


@pytest.fixture(scope="module")
def simulated(panel, truth):
    return simulate_panel(panel, truth, SPEC, seed=2)


@pytest.fixture(scope="module")
def told():
    """What the fit `quick` told of its progress."""
    return []


@pytest.fixture(scope="module")
def quick(simulated, told):
    """A fit in one thread."""
    return fit(simulated[0], SPEC, cores=1, progress=lambda *step: told.append(step), **SHORT)


@pytest.fixture(scope="module")
def recovered(simulated, quick):
    return fit(simulated[0], SPEC, draws=400, tune=400, chains=2, seed=1)


def assert_same_numbers(one, other):
    for name in one.posterior:
        np.testing.assert_array_equal(one.posterior[name], other.posterior[name], err_msg=name)


def test_the_same_seed_gives_the_same_numbers_on_any_number_of_cores(simulated, quick):
    twice = fit(simulated[0], SPEC, cores=1024, **SHORT)
    assert twice.provenance["cores"] == SHORT["chains"]  # no more than chains
    assert_same_numbers(quick, twice)
    other = fit(simulated[0], SPEC, cores=1, **(SHORT | {"seed": 4}))
    assert not np.array_equal(quick.posterior["trend"], other.posterior["trend"])


def test_a_fit_tells_where_it_comes_from(quick, simulated):
    told = quick.provenance
    assert (told["seed"], told["sampler"], told["draws"], told["chains"]) == (3, "nutpie", 30, 2)
    assert told["data_digest"] == simulated[0].attrs["digest"]
    assert {"pymc", "nutpie", "numba", "pendulum-forecast"} <= set(told["versions"])
    assert {"compile", "sample", "derive", "path"} <= set(told["seconds"])
    assert json.loads(json.dumps(told)) == told
    assert quick.spec == SPEC
    assert quick.dyads == ["USA-CHN", "USA-RUS"]


def test_every_variable_has_its_unit_and_keeps_it_in_a_file(quick, tmp_path):
    table = all_variables()
    assert {name: values.attrs for name, values in quick.posterior.items()} == {
        name: {"units": table[name].units("month")} for name in quick.posterior
    }
    units = {
        name: quick.posterior[name].attrs["units"] for name in ("level", "cycle_half_life", "phi")
    }
    assert units == {"level": "log-odds", "cycle_half_life": "months", "phi": "1"}
    for path in ("fit.nc", "fit.zarr"):
        xr.testing.assert_identical(
            Fit.load(quick.save(tmp_path / path)).posterior, quick.posterior
        )


def test_no_unit_makes_xarray_read_numbers_as_times(tmp_path):
    every = {
        name: ("x", [1.5], {"units": one.units("week")}) for name, one in all_variables().items()
    }
    assert all(
        attributes["units"] and "periods" not in attributes["units"]
        for _, _, attributes in every.values()
    )
    xr.Dataset(every).to_netcdf(tmp_path / "units.nc")
    xr.testing.assert_identical(xr.load_dataset(tmp_path / "units.nc"), xr.Dataset(every))


def test_the_path_between_the_nodes_is_filled_in(quick):
    posterior = quick.posterior
    assert posterior["level"].dims == ("chain", "draw", "dyad", "time")
    assert np.isfinite(posterior["level"]).all()
    for d, era in enumerate(quick.panel["era_index"].to_numpy()):
        above = (
            posterior["trend"].isel(dyad=d).to_numpy() - posterior["ceiling"].to_numpy()[..., era]
        )
        assert above.max() < 6 * SOFTNESS


def test_the_likelihood_of_a_draw_is_that_of_its_months(simulated, monkeypatch):
    monkeypatch.setattr(
        "forecast.model.sampling.on_grid", np.asarray
    )  # paths as sampled, not as kept
    fitted = fit(simulated[0], SPEC, cores=1, **SHORT)
    draws = Draws.of(fitted.posterior, fitted.spec)
    observed = Observed.of(fitted.panel, draws)
    level, trend = (flat(fitted.posterior[name]) for name in ("level", "trend"))
    by_month = np.zeros(len(level))
    for d, t in zip(*np.nonzero(observed.node >= 0), strict=True):
        state = state_of(level[:, d, [t]], trend[:, d, [t]])
        by_month += observed.log_likelihood(d, t, state)[:, 0]
    total = flat(fitted.sample_stats["log_likelihood_total"])
    assert np.ptp(total) > 1
    # Single precision
    np.testing.assert_allclose(total - total.mean(), by_month - by_month.mean(), atol=0.01)


def test_progress_is_told_from_the_first_step_to_the_last_draw(quick, told):
    steps = list(dict.fromkeys(step for step, _, _ in told))
    assert steps == ["building the model", "sampling", "filling in the path"]
    begun, *sampling = [(done, total) for step, done, total in told if step == "sampling"]
    assert begun == (0, 0)
    assert sampling[-1] == (140, 140)
    assert all(0 <= done <= total == 140 for done, total in sampling)
    assert [done for done, _ in sampling] == sorted(done for done, _ in sampling)


def test_an_interrupt_ends_it_at_once(simulated, quick):
    """Ctrl-C in the middle of a run that would take minutes.

    Nobody goes on drawing behind the scenes.
    """
    sampling, told = threading.Event(), []

    def watch(step, done, total):
        told.append(time.monotonic())
        if step == "sampling" and done > 0:
            sampling.set()

    def press():
        assert sampling.wait(60)
        signal.raise_signal(signal.SIGINT)

    finger = threading.Thread(target=press, daemon=True)
    finger.start()
    with pytest.raises(KeyboardInterrupt):
        fit(simulated[0], SPEC, draws=100_000, tune=400, chains=2, seed=1, progress=watch)
    finger.join()
    ended = time.monotonic()
    time.sleep(1.0)
    assert told[-1] < ended + 0.5
    assert fit(simulated[0], SPEC, **SHORT).posterior.sizes["draw"] == 30  # and the next one runs


@pytest.mark.slow
def test_pymc_samples_the_same_model(quick):
    """The same schema from PyMC's own sampler."""
    other = sample_by_pymc(make_panel(periods=6), SPEC, draws=4, tune=4, chains=1, cores=1)
    assert set(other) == set(quick.posterior)
    for name, values in other.items():
        assert values.dims == quick.posterior[name].dims
        assert np.isfinite(values).all()


def test_known_parameters_lie_inside_wide_intervals(recovered, truth, simulated):
    """Every truth within five posterior standard deviations (logarithms for what is positive).

    Were the posterior normal and right, one in 1.7 million would lie outside; there are some forty
    numbers, so a failure means a fault and not bad luck. Coverage proper is for the slow suite.
    """
    posterior = recovered.posterior
    positive = (
        "cycle_half_life",
        "cycle_sd",
        "tau",
        "sigma",
        "headroom",
        "concentration",
        "trend_step",
    )
    for name in (*positive, "trend_mean", "volume_effect"):
        take = np.log if name in positive else np.asarray
        draws, right = take(posterior[name].to_numpy()), take(truth[name].to_numpy())
        distance = np.abs(draws.mean((0, 1)) - right)
        assert (distance <= 5 * draws.std((0, 1)) + 1e-12).all(), name


def test_the_level_is_found_again(recovered, simulated):
    """The 90% intervals of 300 months hold about 90% of the true levels.

    Neighbouring months move together: with a half-life of 14 and 40 months some 15 independent
    stretches remain, hence 90% plus or minus 3 * 8%.
    """
    level, truth = recovered.posterior["level"], simulated[1]
    low, high = level.quantile([0.05, 0.95], ("chain", "draw")).to_numpy()
    assert ((low < truth) & (truth < high)).mean() > 0.66
    centre = level.mean(("chain", "draw")).to_numpy()
    assert np.corrcoef(centre.ravel(), truth.to_numpy().ravel())[0, 1] > 0.7


def test_the_quick_fit_mixes(recovered):
    """Whitening works: in 2 x 400 draws no quantity is worth fewer than a hundred independent
    ones."""
    table = recovered.gate.table
    assert (table["ess_bulk"] > 100).all()
    assert (table["r_hat"] < 1.05).all()
    assert recovered.gate.divergence_share < 0.01


@pytest.mark.parametrize(
    ("argument", "value"),
    [("draws", 0), ("tune", 0), ("chains", 0), ("cores", 0), ("seed", -1), ("draws", 2.5)],
)
def test_nonsense_is_refused_by_name(panel, argument, value):
    with pytest.raises(SpecError, match=rf"^{argument}: "):
        fit(panel, **{argument: value})


def test_what_is_no_panel_is_refused_before_anything_is_compiled(panel):
    with pytest.raises(DataError, match="era_index"):
        fit(panel.drop_vars("era_index"))
