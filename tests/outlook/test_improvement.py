"""Improvement: parts make the whole to the last bit, and the chances are the model's own."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.base.dates import Clock
from forecast.base.errors import SpecError
from forecast.base.numeric import share
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
    before, trend_before = (
        part[..., 0] + rng.standard_normal(size) for part in (share(level), trend)
    )
    return Simulations(
        "A-B",
        clock,
        MONTHS,
        level,
        share(level),
        frameworks,
        trend,
        before,
        trend_before,
        moving=draw(st.booleans()),
    )


@given(made_simulations(), st.floats(0.1, 30))
@settings(max_examples=60, deadline=None)
def test_parts_make_the_whole_exactly(simulations, smallest):
    for months in (1, 2, 5, MONTHS):
        out = horizon_outlook(simulations, months, smallest)
        better, same, worse = out.improvement.value, out.stability.value, out.deterioration.value
        assert better + same + worse == worse + same + better == same + (better + worse) == 1
        assert out.technical.value + out.structural.value == better
        assert min(better, same, worse, out.technical.value, out.structural.value) >= 0
        rise = simulations.share[..., 1 : months + 1].mean(axis=-1) - simulations.before
        assert better == pytest.approx((rise >= smallest).mean())
        slow = (
            simulations.trend[..., 1 : months + 1].mean(axis=-1) - simulations.trend_before
            >= smallest
        )
        most = slow.mean() if simulations.moving else out.new_framework.value
        assert out.structural.value <= most + 2**-40  # a difference, off by a grid step
        printed = printed_percents(out)
        assert printed["improvement"] + printed["stability"] + printed["deterioration"] == 100
        assert printed["technical"] + printed["structural"] == printed["improvement"]
        assert all(abs(printed[name] - 100 * getattr(out, name).value) < 1.5 for name in printed)


@given(made_simulations())
@settings(max_examples=20, deadline=None)
def test_draws_agree_with_values(simulations):
    out = horizon_outlook(simulations, MONTHS)
    for name in ("improvement", "stability", "deterioration", "technical", "structural"):
        number = getattr(out, name)
        assert number.draws.shape == simulations.share.shape[:2]
        assert number.draws.mean() == pytest.approx(number.value, abs=1e-11)
    assert out.level.low <= out.level.median <= out.level.high


@pytest.mark.parametrize("months", [1, 12, 24])
def test_one_draw_without_breaks_has_the_chances_of_gaussian_windows(make, months):
    """Of improvement those of the mean of trend plus cycle.

    Of structural improvement those of the trend's as well.
    """
    made = make(("USA-CHN",), ceiling="none", spread=0.0)
    made = replace(
        made, posterior=made.posterior.assign(trend_step=made.posterior["trend_step"] * 0 + 0.08)
    )
    own = {
        name: float(values[0, 0, 0]) for name, values in made.posterior.items() if values.ndim == 3
    }
    path, slow = (made.posterior[name][0, 0, 0].to_numpy() for name in ("level", "trend"))
    kept = float(made.posterior["trend_retention"][0, 0])
    rng = np.random.default_rng(1)
    trend, cycle = np.full(200_000, slow[-1]), np.full(200_000, path[-1] - slow[-1])
    total, total_trend = np.zeros(200_000), np.zeros(200_000)
    for _ in range(months):
        trend = (
            own["trend_mean"]
            + kept * (trend - own["trend_mean"])
            + own["trend_step"] * rng.standard_normal(200_000)
        )
        cycle = own["phi"] * cycle + own["sigma"] * rng.standard_normal(200_000)
        total, total_trend = total + share(trend + cycle), total_trend + share(trend)
    rise = total / months - share(path[-12:]).mean()
    slow_rise = total_trend / months - share(slow[-12:]).mean()
    expected = {
        "improvement": (rise >= 5).mean(),
        "deterioration": (rise <= -5).mean(),
        "structural": ((rise >= 5) & (slow_rise >= 5)).mean(),
    }
    out = horizon_outlook(
        simulate_ahead(made, "USA-CHN", months, seed=11, simulations_per_draw=40, hazard=0.0),
        months,
    )
    for name, chance in expected.items():
        number = getattr(out, name)
        # 12 000 simulations: binomial standard error; ArviZ's must be near it, and the value within
        # four of them.
        assert number.mcse == pytest.approx(np.sqrt(chance * (1 - chance) / 12_000), rel=0.3)
        assert abs(number.value - chance) < 4 * np.sqrt(number.mcse**2 + 1 / 800_000)


def test_without_a_trend_that_moves_or_hazard_all_improvement_is_technical(make):
    still = make(trend="constant", ceiling="none")
    out = horizon_outlook(simulate_ahead(still, "USA-CHN", 24, seed=1, hazard=0.0), 24)
    assert out.structural.value == out.new_framework.value == 0
    assert out.structural.mcse == 0
    assert out.technical.value == out.improvement.value > 0


def test_nonsense_is_refused(fit):
    simulations = simulate_ahead(fit, "USA-CHN", 6, seed=1)
    with pytest.raises(SpecError, match="improvement"):
        horizon_outlook(simulations, 6, 0.0)
    with pytest.raises(SpecError, match="1 to 6 months"):
        horizon_outlook(simulations, 7)
