"""Truths to simulate from: one quantity has the size asked for, and what was to stay has stayed."""

import numpy as np
import pytest
import xarray as xr

from forecast.hypotheses.claims.equilibrium_break import with_drop
from forecast.hypotheses.claims.extremes import with_strength
from forecast.hypotheses.claims.reversion import with_half_life
from forecast.hypotheses.hypothesis import Truth
from forecast.hypotheses.registry import CLAIMS
from forecast.model import PendulumSpec, Priors, prior_draws
from forecast.model.dynamics import find_cycle
from forecast.model.evidence import Evidence
from forecast.model.simulate import simulate_level
from forecast.model.variables import sampled_variables
from forecast.numeric import share

from .made import candidates


def draw(cycle, seed=1):
    """One draw of every parameter, and the spec it is of: a cycle around a constant."""
    priors = Priors(cycle_half_life=(np.log(24.0), 0.5))  # of many steps
    spec = PendulumSpec(trend="constant", cycle=cycle, priors=priors)
    return prior_draws(candidates().panel, spec, draws=1, seed=seed).isel(draw=0, drop=True), spec


def long_run_spread(own, spec, seed=1, periods=100_000):
    """Spread of a path in one era."""
    one_era = np.zeros((1, periods), dtype=int)
    return float(simulate_level(own, one_era, spec, np.random.default_rng(seed)).std())


@pytest.mark.parametrize("periods", [3.0, 24.0])
def test_another_half_life_leaves_the_spread(periods):
    own, spec = draw("linear")
    changed = with_half_life(periods)(own)
    left = find_cycle("linear").next(1.0, {"phi": float(changed["phi"].item())})
    assert left**periods == pytest.approx(0.5)
    # A path of n half-lives is worth about 0.7 n independent places, and its spread is known to 1 / sqrt(1.4 n) of
    # itself: 1.3 % with the longer half-life.
    assert long_run_spread(changed, spec) == pytest.approx(float(own["cycle_sd"].item()), rel=0.06)


@pytest.mark.parametrize("strength", [2.0, 4.0])
def test_reversion_of_given_strength_has_it_one_spread_away(strength):
    own, spec = draw("cubic")
    even = with_strength(strength)(own.assign(lean=0.0))
    p = {name: float(even[variable].item()) for name, variable in find_cycle("cubic").reads.items()}
    # Reversion is that of the flow which the monthly step solves: take the step of a thousandth of a month.
    p["phi"] **= 1e-3
    near, far = 1e-4 * p["sd"], p["sd"]
    undone = [1.0 - find_cycle("cubic").next(y, p) / y for y in (near, far)]
    assert undone[1] / undone[0] == pytest.approx(strength, rel=0.01)
    # The spread is that of small steps, and known to about 2 % by chance.
    assert long_run_spread(even, spec) == pytest.approx(p["sd"], rel=0.08)


def test_a_drop_is_so_many_points_of_share_and_stops_short_of_nothing():
    own = xr.Dataset({"mu": ("era", np.array([0.4, 0.0, 2.0]))})
    fallen = share(with_drop(20.0, 1)(own)["mu"].to_numpy())
    np.testing.assert_allclose(fallen, [share(np.array(0.4)), 50.0, 30.0])
    assert share(with_drop(80.0, 1)(own)["mu"].to_numpy())[2] == pytest.approx(1.0)
    assert own["mu"].to_numpy()[2] == 2.0


def test_a_record_has_the_real_ones_events_in_number_and_another_draw_each():
    panel, spec = candidates().panel, PendulumSpec()
    drawn = prior_draws(panel, spec, draws=8, seed=3)
    posterior = drawn.expand_dims(chain=1).transpose("chain", "draw", ...)
    truth = Truth("it", 1.0, spec, posterior[[name for name in sampled_variables() if name in posterior]], panel)
    one, again, other = (truth.record(np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert one.identical(again) and not one.identical(other)
    for record in (one, other):
        xr.testing.assert_equal(record["counts"].sum("class"), panel["counts"].sum("class"))


@pytest.mark.parametrize("code", ["S4", "S5", "S6"])
def test_a_contest_starts_without_what_is_claimed(code, monkeypatch):
    given = candidates()
    monkeypatch.setattr(type(given), "evidence", lambda self, **choices: Evidence(0.0, 0.3))
    tried = CLAIMS[code].contest(given, (12.0, 36.0))
    first, *others = tried.truths
    assert np.isnan(first.size) and len({truth.name for truth in tried.truths}) == len(tried.truths) >= 2
    if code == "S5":
        assert [truth.size for truth in others] == [12.0, 36.0]
    assert all(error == pytest.approx(0.3 * np.sqrt(2)) for error in tried.errors)
    assert len(tried.errors) == (2 if code == "S4" else 1)
