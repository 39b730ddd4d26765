"""Improvement: parts make the whole to the last bit, and the chances are the model's own."""

from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.clock import Clock
from forecast.errors import SpecError
from forecast.numeric import share
from forecast.outlook import Simulations, horizon_outlook, printed_percents, simulate_ahead

TIMES = np.arange("2000-01", "2001-01", dtype="datetime64[M]").astype("datetime64[D]")
MONTHS = 12


@st.composite
def made_simulations(draw):
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    size = (draw(st.integers(1, 3)), draw(st.integers(4, 12)), draw(st.integers(1, 5)))
    walk = rng.standard_normal((*size, MONTHS + 1)) * draw(st.floats(0, 1))
    level = np.cumsum(walk, axis=-1)
    level[..., 0] = level[:, :, :1, 0]
    breaks = rng.random((*size, MONTHS + 1)) < draw(st.sampled_from([0.0, 0.05, 1.0]))
    breaks[..., 0] = False
    clock = Clock(TIMES, weekly=False)
    frameworks, trend = breaks.cumsum(axis=-1).astype(np.int16), share(level / 2)
    return Simulations("A-B", clock, MONTHS, level, share(level), frameworks, trend, moving=draw(st.booleans()))


@given(made_simulations(), st.floats(0.1, 30))
@settings(max_examples=60, deadline=None)
def test_parts_make_the_whole_exactly_and_touching_only_grows(simulations, smallest):
    touched = 0.0
    for months in (1, 2, 5, MONTHS):
        out = horizon_outlook(simulations, months, smallest)
        better, same, worse = out.improvement.value, out.stability.value, out.deterioration.value
        assert better + same + worse == worse + same + better == same + (better + worse) == 1
        assert out.technical.value + out.structural.value == better
        assert min(better, same, worse, out.technical.value, out.structural.value) >= 0
        assert out.touched.value >= max(touched, better)
        slow = simulations.trend[..., months] - simulations.trend[..., 0] >= smallest
        most = slow.mean() if simulations.moving else out.new_framework.value
        assert out.structural.value <= most + 2**-40  # a difference, off by a grid step
        touched = out.touched.value
        printed = printed_percents(out)
        assert printed["improvement"] + printed["stability"] + printed["deterioration"] == 100
        assert printed["technical"] + printed["structural"] == printed["improvement"]
        assert all(abs(printed[name] - 100 * getattr(out, name).value) < 1.5 for name in printed)


@given(made_simulations())
@settings(max_examples=20, deadline=None)
def test_draws_agree_with_values(simulations):
    out = horizon_outlook(simulations, MONTHS)
    for name in ("improvement", "stability", "deterioration", "technical", "structural", "touched"):
        number = getattr(out, name)
        assert number.draws.shape == simulations.share.shape[:2]
        assert number.draws.mean() == pytest.approx(number.value, abs=1e-11)
    assert out.level.low <= out.level.median <= out.level.high


@pytest.mark.parametrize("months", [3, 12, 24])
def test_one_draw_without_breaks_has_the_normal_distributions_chances(make, months):
    """Of improvement those of trend plus cycle; of structural improvement those of a rise of the trend alone."""
    made = make(("USA-CHN",), ceiling="none", spread=0.0)
    made = replace(made, posterior=made.posterior.assign(trend_step=made.posterior["trend_step"] * 0 + 0.08))
    own = {name: float(values[0, 0, 0]) for name, values in made.posterior.items() if values.ndim == 3}
    trend = float(made.posterior["trend"][0, 0, 0, -1])
    cycle = float(made.posterior["level"][0, 0, 0, -1]) - trend
    simulations = simulate_ahead(made, "USA-CHN", months, seed=11, simulations_per_draw=40, hazard=0.0)
    out = horizon_outlook(simulations, months)
    phi, kept = own["phi"], float(made.posterior["trend_retention"][0, 0])

    def spread(sigma, phi):
        return sigma * np.sqrt((1 - phi ** (2 * months)) / (1 - phi**2))

    now = simulations.share[0, 0, 0, 0]
    slow = NormalDist(own["trend_mean"] + kept**months * (trend - own["trend_mean"]), spread(own["trend_step"], kept))
    ahead = slow + NormalDist(phi**months * cycle, spread(own["sigma"], phi))
    # Improvement where the trend rises so much is structural: the trend's quantiles, and the cycle's next to each.
    rises = np.array([slow.inv_cdf(q) for q in (np.arange(4000) + 0.5) / 4000])
    rises = rises[share(rises) - share(np.array(trend)) >= 5]
    cycle_then = NormalDist(phi**months * cycle, spread(own["sigma"], phi))
    structural = sum(1 - cycle_then.cdf(log_odds(now + 5) - rise) for rise in rises) / 4000
    expected = {
        "improvement": 1 - ahead.cdf(log_odds(now + 5)),
        "deterioration": ahead.cdf(log_odds(now - 5)),
        "structural": structural,
    }
    for name, chance in expected.items():
        number = getattr(out, name)
        # 12 000 simulations: binomial standard error; ArviZ's must be near it, and the value within four of them.
        assert number.mcse == pytest.approx(np.sqrt(chance * (1 - chance) / 12_000), rel=0.3)
        assert abs(number.value - chance) < 4 * number.mcse


def log_odds(points):
    return np.log(points / (100 - points))


def test_without_a_trend_that_moves_or_hazard_all_improvement_is_technical(make):
    still = make(trend="constant", ceiling="none")
    out = horizon_outlook(simulate_ahead(still, "USA-CHN", 24, seed=1, hazard=0.0), 24)
    assert out.structural.value == out.new_framework.value == 0
    assert out.structural.mcse == 0
    assert out.technical.value == out.improvement.value > 0


def test_nonsense_is_refused(fit):
    simulations = simulate_ahead(fit, "USA-CHN", 6, seed=1)
    with pytest.raises(SpecError, match="smallest_improvement"):
        horizon_outlook(simulations, 6, 0.0)
    with pytest.raises(SpecError, match="1 to 6 months"):
        horizon_outlook(simulations, 7)
