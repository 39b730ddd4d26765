"""The marginal likelihood: against integrals that are known or can be had by brute force."""

import numpy as np
import pytest

from forecast.base.errors import SpecError
from forecast.model import PendulumSpec, fit
from forecast.model.evidence import bridge
from tests.made import make_panel


def test_the_bridge_finds_the_integral_of_a_density_unlike_its_guide():
    """Exponential times Student-t parameters next to white noise.

    A skewed and a heavy-tailed side, integral 7.
    """
    rng = np.random.default_rng(1)
    noise, skewed, heavy = (
        rng.standard_normal((4, 4000, 20)),
        rng.exponential(size=(4, 4000)),
        rng.standard_t(5, (4, 4000)),
    )
    points = np.concatenate([noise, np.log(skewed)[..., None], heavy[..., None]], axis=2)
    white = np.arange(22) < 20

    def log_density(point):
        normal = -0.5 * (point[:20] ** 2).sum() - 10 * np.log(2 * np.pi)
        student = -3 * np.log1p(point[21] ** 2 / 5) - np.log(np.sqrt(5) * np.pi * 3 / 8)
        return np.log(7.0) + normal + point[20] - np.exp(point[20]) + student

    found = bridge(log_density, points, white, rng)
    assert 0 < found.error < 0.05
    assert found.log == pytest.approx(np.log(7.0), abs=4 * found.error)


def test_draws_that_are_too_few_for_a_covariance_are_named():
    points = np.random.default_rng(1).standard_normal((2, 30, 40))
    with pytest.raises(
        SpecError, match=r"2 x 30 are too few .* 35 parameters, .* at least 36 a chain"
    ):
        bridge(
            lambda point: -0.5 * float(point @ point),
            points,
            np.arange(40) < 5,
            np.random.default_rng(2),
        )


@pytest.mark.slow
def test_the_evidence_is_that_of_the_model_compiled_from_its_graph(monkeypatch):
    panel, spec = make_panel(dyads=2, periods=40, events=3, seed=2), PendulumSpec()
    settings = {"draws": 800, "tune": 200, "chains": 2, "seed": 1, "evidence": True}
    assembled = fit(panel, spec, **settings).provenance["evidence"]
    monkeypatch.setattr("forecast.model.densities.is_usual", lambda *_: False)
    compiled = fit(panel, spec, **settings).provenance["evidence"]
    error = np.hypot(assembled["error"], compiled["error"])
    assert assembled["log"] == pytest.approx(compiled["log"], abs=4 * error)
    assert error < 0.5


@pytest.mark.slow  # the bridge itself is tested above, on densities whose integral is known
@pytest.mark.parametrize(
    "choices",
    [
        {},
        {"cycle": "band"},
        {"cycle": "cubic"},
        {"trend": "walk", "cycle": "none"},
        {"trend": "constant"},
    ],
)
def test_evidence_is_the_mean_likelihood_under_the_prior(choices):
    """Eight months, few events: so little data that draws of the prior reach the posterior.

    The mean over prior draws is exact but for its own Monte Carlo error, some 0.04 in the
    logarithm.
    """
    from forecast.data.panel.relative_counts import relative_event_counts
    from forecast.model import prior_draws
    from forecast.model.simulation import simulate_level

    from .reference import fine_quadrature, log_likelihood, side_counts

    panel = make_panel(
        dyads=1, periods=8, eras=1, events=1, empty=0.2, classes=2, zero_cut=1, seed=4
    )
    spec = PendulumSpec(**choices)
    found = fit(panel, spec, draws=1500, tune=500, chains=4, seed=1, evidence=True).provenance[
        "evidence"
    ]
    draws = prior_draws(panel, spec, draws=1200, seed=2)
    era, rng, quadrature = (
        panel["era_index"].to_numpy(),
        np.random.default_rng(3),
        fine_quadrature(41, 5.0),
    )
    logs = []
    for i in range(draws.sizes["draw"]):
        own = draws.isel(draw=i)
        values = {
            "offset": own["direction_offset"].to_numpy(),
            "cutpoint": np.zeros((1, 1)),
            "concentration": own["concentration"].to_numpy(),
            "noise": own["tau"].to_numpy(),
        }
        month = simulate_level(own, era, spec, rng) + own[
            "volume_effect"
        ].to_numpy() * relative_event_counts(panel)
        logs.append(log_likelihood(side_counts(panel), month, values, quadrature))
    weights = np.exp(np.array(logs) - np.max(logs))
    brute, error = (
        np.log(weights.mean()) + np.max(logs),
        weights.std() / weights.mean() / np.sqrt(len(logs)),
    )
    assert error < 0.1
    assert found["log"] == pytest.approx(brute, abs=4 * np.hypot(error, found["error"]))
