"""A kind of observation from outside of the package, in this one file.

An index with a normal error.

It is fitted with the cycle of `test_toy_cycle`, so that one compilation shows that both are
sampled, saved and updated.
"""

import numpy as np
import pytest
import xarray as xr

from forecast.base.errors import SpecError
from forecast.data.panel import first_periods
from forecast.model import PendulumModel, PendulumSpec, fit, prior_draws, simulate_panel, update
from forecast.model.arrays import panel_arrays
from forecast.model.inputs import anchor_path, path_function, prior_reference
from forecast.model.observation import Observation, find_observation, register, unregister
from forecast.model.posterior import flat
from forecast.model.process.cycle import register_cycle, unregister_cycle
from forecast.model.process.declarations import Variable
from forecast.model.spec import spec_for
from tests.made import make_panel
from tests.pages import choices_shown

from .test_toy_cycle import Saturating

PRIOR = 0.5


class GaussianIndex(Observation):
    """An index as it stands, with a normal error."""

    name = "gaussian"
    panel = "index"
    words = "an index with a normal error"
    variables = (Variable("gaussian_error", (), "log-odds", "Standard deviation of the error."),)

    def read(self, panel, node_of):
        return panel["index"].to_numpy()[node_of >= 0]

    def add_parameters(self, arrays):
        import pymc as pm

        return {"error": pm.HalfNormal("gaussian_error", PRIOR)}

    def data(self, arrays, reference):
        seen = np.flatnonzero(np.isfinite(arrays.observed))
        return {"seen": seen, "value": arrays.observed[seen]}

    def log_likelihood(self, spec, level, own, data):
        import pymc as pm

        return pm.logp(pm.Normal.dist(level[data["seen"]], own["error"]), data["value"]).sum()

    def reference(self, arrays):
        return {"error": PRIOR}

    def derivatives(self, level, reference, arrays):
        precision = np.where(np.isfinite(arrays.observed), reference["error"] ** -2.0, 0.0)
        return precision * (np.nan_to_num(arrays.observed) - level), precision

    def draws(self, posterior):
        return {"error": flat(posterior["gaussian_error"])}

    def log_likelihood_of_draws(self, level, own, arrays, node):
        from scipy.stats import norm

        return norm.logpdf(arrays.observed[node], level, own["error"][:, None])

    def simulate(self, spec, panel, level, parameters, rng):
        values = level + float(parameters["gaussian_error"]) * rng.standard_normal(level.shape)
        return panel.assign(index=panel["index"].copy(data=values).where(panel["index"].notnull()))


@pytest.fixture(scope="module")
def spec():
    register(GaussianIndex)
    register_cycle(Saturating)
    yield PendulumSpec(cycle="saturating", observation="gaussian", trend="constant")
    unregister_cycle("saturating")
    unregister("gaussian")


@pytest.fixture(scope="module")
def simulated(spec):
    draw = prior_draws(make_panel(periods=60, index=True), spec, draws=1, seed=3).isel(draw=0)
    draw["gaussian_error"] = 0.01
    return simulate_panel(make_panel(periods=60, index=True), draw, spec, seed=2)


@pytest.fixture(scope="module")
def fitted(simulated, spec):
    return sampled(simulated, spec)


def sampled(simulated, spec):
    earlier = first_periods(simulated[0], 58)
    return fit(earlier, spec, draws=300, tune=200, chains=2, seed=1, cores=1)


def test_it_is_known_by_its_name_and_only_while_registered(spec):
    assert find_observation("gaussian").words == "an index with a normal error"
    assert spec_for(make_panel(index=True)).observation == "index"
    with pytest.raises(SpecError, match="registered already"):
        register(GaussianIndex)


def test_its_simulated_values_follow_the_level(simulated):
    panel, level = simulated
    off = (panel["index"] - level).to_numpy()
    assert np.nanstd(off) == pytest.approx(0.01, rel=0.3)
    assert np.isnan(off).any()


def test_the_path_is_whitened_towards_its_values(simulated, spec):
    arrays = panel_arrays(simulated[0], spec)
    reference = prior_reference(arrays)
    weight, level = anchor_path(reference, arrays)
    mean = path_function(reference, arrays)(
        np.zeros(spec.components * arrays.nodes), weight, weight * level
    )
    seen = np.isfinite(arrays.observed)
    # For a normal error the pseudo-observations are the observations themselves.
    np.testing.assert_allclose(level[seen], arrays.observed[seen])
    np.testing.assert_allclose(weight, np.where(seen, PRIOR**-2, 0.0))
    # The path passes the values, which lie within 0.01 of a path of the model, no further off than
    # the error assumed.
    off = simulated[1].to_numpy()[0, arrays.node_time] - mean
    assert np.sqrt(np.mean(off[seen] ** 2)) < PRIOR


def test_the_likelihood_of_model_and_draws_agree(simulated, spec, monkeypatch):
    from forecast.model.particles import Draws, Observed, state_of

    monkeypatch.setattr(
        "forecast.model.sampling.on_grid", np.asarray
    )  # paths as sampled, not as kept
    fitted = sampled(simulated, spec)
    draws = Draws.of(fitted.posterior, spec)
    level, trend = (flat(fitted.posterior[name])[:, 0] for name in ("level", "trend"))
    state = state_of(level, trend)
    observed = Observed.of(fitted.panel, draws)
    total = sum(
        observed.log_likelihood(0, t, state[:, [t]])[:, 0]
        for t in np.flatnonzero(observed.node[0] >= 0)
    )
    np.testing.assert_allclose(
        total, flat(fitted.sample_stats["log_likelihood_total"]), rtol=1e-3, atol=0.5
    )


def test_it_is_fitted(fitted, simulated):
    for own in ("gaussian_error", "grip"):
        assert fitted.posterior[own].dims == ("chain", "draw")
        assert float(fitted.posterior[own].std()) > 0
    assert not {"index_error", "tau", "cutpoint"} & set(fitted.posterior)
    level = fitted.posterior["level"].mean(("chain", "draw"))
    assert np.abs(level - simulated[1].isel(time=slice(58))).mean() < 0.5


def test_it_is_updated_or_fitted_again(fitted, simulated):
    later = update(fitted, first_periods(simulated[0], 59))
    assert later.updates or later.provenance["refitted"]
    assert later.panel.sizes["time"] == 59


def test_a_panel_of_another_kind_is_rejected(spec):
    from forecast.base.errors import DataError

    with pytest.raises(
        DataError,
        match="it holds events, and the spec says observation='gaussian', which reads index",
    ):
        PendulumModel(spec).build(make_panel())


def test_its_words_are_in_the_report(spec):
    assert choices_shown(spec)["Observed"] == "an index with a normal error"


def test_a_saved_fit_is_read_again(fitted, tmp_path):
    from forecast.model import Fit

    again = Fit.load(fitted.save(tmp_path / "fit.nc"))
    xr.testing.assert_allclose(again.posterior, fitted.posterior)
    assert again.spec == fitted.spec
