"""A cycle from outside of the package: one class, registered, and everything else knows of it.

`test_toy_observation` samples it.
"""

import re
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from forecast.base.errors import SpecError
from forecast.cli import app
from forecast.model import Fit, PendulumModel, PendulumSpec, Priors, prior_draws, simulate_panel
from forecast.model.process.cycle import Cycle, cycles, find_cycle, register_cycle, unregister_cycle
from forecast.model.process.declarations import Prior, Variable
from forecast.model.variables import all_variables
from forecast.outlook import simulate_ahead
from tests.made import make_panel, numerical_gradient, python_mode, unobserved
from tests.pages import choices_shown


class Saturating(Cycle):
    """A cycle whose pull grows no more beyond a distance, `grip` spreads."""

    name = "saturating"
    title = "reversion that saturates"
    hint = "no stronger beyond a distance"
    words = "saturating: beyond a distance from the trend, the pull is the same however far it is"
    priors = (
        Prior("grip", (0.0, 0.3), "a spread: where most of the record lies the pull is linear"),
    )
    variables = (
        Variable(
            "grip",
            (),
            "spreads",
            "Distance up to which the pull grows.",
            reported="grip of the cycle",
        ),
    )

    def next(self, y: Any, p: Mapping[str, Any], backend: Any = np) -> Any:
        """Return what is kept of the deviation."""
        reach = p["grip"] * p["sd"]
        return y - (1.0 - p["retention"]) * reach * backend.tanh(y / reach)

    def shape(self, priors: Priors, pool: bool) -> tuple[dict[str, Any], Any]:
        """Add the distance."""
        import pymc as pm

        return {"grip": pm.LogNormal("grip", *priors.grip)}, 1.0


@pytest.fixture(scope="module", autouse=True)
def registered():
    register_cycle(Saturating)
    yield
    unregister_cycle("saturating")


@pytest.fixture(scope="module")
def fitted() -> Fit:
    spec = PendulumSpec(cycle="saturating")
    return unobserved(make_panel(periods=60), spec, chains=2, draws=25)


def test_it_is_a_choice_like_the_others():
    assert find_cycle("saturating") in cycles()
    spec = PendulumSpec(cycle="saturating", priors=Priors(grip=(0.5, 0.2)))
    assert spec.dense  # only cycles with a known transition over many periods jump over empty ones
    assert PendulumSpec.from_dict(spec.to_dict()) == spec
    with pytest.raises(SpecError, match=r"'circular'.*saturating"):
        PendulumSpec(cycle="circular")
    with pytest.raises(SpecError, match="priors: grip "):
        Priors(grip=1.0)
    with pytest.raises(SpecError, match="'saturating' is registered already"):
        register_cycle(Saturating)


def test_its_default_priors_are_kept_with_the_spec_and_with_no_other():
    assert PendulumSpec(cycle="saturating").to_dict()["priors"]["grip"] == (0.0, 0.3)
    assert "grip" not in PendulumSpec().to_dict()["priors"]


def test_the_model_has_its_prior_and_the_gradient_in_it(fitted):
    model = PendulumModel(fitted.spec).build(make_panel(periods=60))
    assert model["grip"] in model.free_RVs
    log_density = model.compile_logp(mode=python_mode())
    gradient = model.compile_dlogp(model["grip"], mode=python_mode())
    name, point = model.rvs_to_values[model["grip"]].name, model.initial_point()
    numerical = numerical_gradient(lambda grip: log_density(point | {name: grip}), point[name])
    assert float(numerical) != 0.0
    np.testing.assert_allclose(gradient(point), numerical, rtol=1e-6)


def test_draws_of_it_are_kept_by_the_table_of_variables(fitted):
    assert fitted.posterior["grip"].dims == ("chain", "draw")
    assert all_variables()["grip"].unit == "spreads"


def test_the_gate_reports_it(fitted):
    assert "grip of the cycle" in set(fitted.gate.table["quantity"])


def test_simulations_move_as_it_says(fitted):
    level = simulate_ahead(fitted, "USA-CHN", 12, seed=1, hazard=0.0).level
    assert level.shape[-1] == 13
    own = fitted.posterior.isel(dyad=0)
    quiet = {"sigma": 0.0, "trend_step": 0.0, "trend_retention": 1.0}
    still = fitted.posterior.assign(
        {name: value + 0.0 * fitted.posterior[name] for name, value in quiet.items()}
    )
    shockless = SimpleNamespace(posterior=still, panel=fitted.panel, spec=fitted.spec)
    simulations = simulate_ahead(
        shockless, "USA-CHN", 1, seed=1, simulations_per_draw=1, hazard=0.0
    )
    moved = simulations.level[..., 0, 1]
    phi, sd, grip, trend, level = (
        values.to_numpy().astype(float)
        for values in (
            own["phi"],
            own["cycle_sd"],
            own["grip"],
            own["trend"][..., -1],
            own["level"][..., -1],
        )
    )
    expected = level - (1.0 - phi) * grip * sd * np.tanh((level - trend) / (grip * sd))
    np.testing.assert_allclose(moved, expected, atol=1e-5)


def test_data_are_simulated_from_it():
    panel, spec = make_panel(dyads=2, periods=40), PendulumSpec(cycle="saturating")
    truth = prior_draws(panel, spec, draws=2, seed=1).isel(draw=0)
    assert "grip" in truth
    simulated, level = simulate_panel(panel, truth, spec, seed=1)
    assert np.isfinite(level.to_numpy()).all()
    assert int(simulated["counts"].sum()) == int(panel["counts"].sum())


@pytest.mark.parametrize("draws", [1, 5])
def test_its_prior_may_have_random_variables_of_any_kind(draws):
    """Of these PyMC adds an axis of draws to none.

    A spread that three values share, and what is cut off or mixed.
    """
    import pymc as pm

    class Scattered(Saturating):
        name, priors, variables = (
            "scattered",
            (),
            (Variable("scattered", (), "spreads", "Distance."),),
        )

        def shape(self, priors: Priors, pool: bool) -> tuple[dict[str, Any], Any]:
            spread = pm.HalfNormal("scattered_spread", 1.0)
            parts = pm.Normal("scattered_parts", 0.0, spread, shape=3)
            bounded = pm.Censored(
                "scattered_bounded", pm.Normal.dist(spread, 1.0), lower=0.0, upper=None
            )
            mixed = pm.NormalMixture("scattered_mixed", [0.5, 0.5], [0.0, spread], 1.0)
            return {"scattered": pm.Deterministic("scattered", parts.sum() + bounded + mixed)}, 1.0

    register_cycle(Scattered)
    try:
        drawn = prior_draws(
            make_panel(periods=12), PendulumSpec(cycle="scattered"), draws=draws, seed=1
        )["scattered"]
    finally:
        unregister_cycle("scattered")
    assert drawn.dims == ("draw",)
    assert np.isfinite(drawn).all()
    assert len(set(drawn.to_numpy().tolist())) == draws


def test_its_words_reach_report_and_help():
    assert choices_shown(PendulumSpec(cycle="saturating"))["Cycle"] == Saturating.words
    shown = re.sub(r"[│\s]+", " ", CliRunner().invoke(app, ["report", "--help"]).output)
    for cycle in cycles():
        assert (f"{cycle.name} ({cycle.hint})" if cycle.hint else cycle.name) in shown
