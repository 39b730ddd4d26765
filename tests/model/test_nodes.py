"""Whether the nodes of the quadrature are enough is told from draws alone, and the gate says it."""

import json

import numpy as np
import pytest

from forecast.model import PendulumSpec, simulate_panel
from forecast.model.arrays import panel_arrays
from forecast.model.fitted import Fit
from tests.made import make_panel, unobserved


def worth_of(nodes, noise, events=30.0):
    """Draws of one set of parameters and many levels, weighed to the finer integral."""
    spec = PendulumSpec(nodes=nodes, ceiling="none")
    panel = make_panel(1, 40, events=events, empty=0.0, seed=1)
    fit = unobserved(panel, spec, draws=60)
    one = fit.posterior.isel(draw=0, drop=True).expand_dims(draw=60, axis=1)
    own = one.assign(tau=0 * one["tau"] + noise, concentration=0 * one["concentration"] + 20.0)
    simulated, _ = simulate_panel(panel, own.isel(chain=0, draw=0), spec, seed=1)
    level = own["level"] + 0.3 * np.random.default_rng(1).standard_normal(own["level"].shape)
    return spec.observation_model.quadrature_ess_fraction(
        own.assign(level=level), panel_arrays(simulated, spec)
    )


def test_few_nodes_are_worth_little_where_the_noise_is_strong():
    """Over sixteen seeds few nodes were worth 0.08 to 0.53, more 0.96 to 0.99."""
    few, more, many = (worth_of(nodes, noise=2.0, events=60.0) for nodes in (7, 31, 61))
    assert few < 0.6
    assert more > 0.9
    assert many == pytest.approx(1.0)


def test_few_nodes_are_enough_where_it_is_weak():
    assert worth_of(7, noise=0.3) > 0.95


def worth(fit):
    return fit.spec.observation_model.quadrature_ess_fraction(
        fit.posterior, panel_arrays(fit.panel, fit.spec)
    )


def test_where_nothing_is_integrated_nothing_is_missed():
    index = unobserved(make_panel(1, 12, index=True), PendulumSpec(observation="index"), draws=5)
    assert worth(index) == 1.0
    quiet = unobserved(make_panel(1, 12), PendulumSpec(month_noise=False), draws=5)
    assert worth(quiet) == 1.0


def test_the_gate_says_how_many_nodes_to_take():
    fit = unobserved(make_panel(1, 12), PendulumSpec(), chains=4, draws=500)
    assert fit.gate.passed
    tree = fit.tree.copy()
    tree.attrs = fit.tree.attrs | {"provenance": json.dumps(fit.provenance | {"nodes_worth": 0.1})}
    (reason,) = Fit(tree).gate.reasons
    assert "7 quadrature nodes are too few" in reason
    assert "keep 10% of their effective number" in reason
    assert "such as 21" in reason
