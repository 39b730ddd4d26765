"""How many happenings lie ahead."""

import numpy as np
import pytest

from forecast.outlook.volume import simulate_volume


def test_volume_has_mean_and_variance_of_the_recent_years():
    rng = np.random.default_rng(2)
    recent = rng.negative_binomial(2, 0.2, 36)
    drawn = simulate_volume(recent, (20000, 12), rng)
    assert drawn.shape == (20000, 12)
    assert drawn.mean() == pytest.approx(recent.mean(), rel=0.03)
    assert drawn.var() == pytest.approx(recent.var(ddof=1), rel=0.1)


def test_what_varies_less_than_by_chance_varies_by_chance():
    drawn = simulate_volume(np.full(36, 4), (20000,), np.random.default_rng(2))
    assert drawn.var() == pytest.approx(drawn.mean(), rel=0.05)


def test_silence_is_not_taken_to_last_forever():
    assert simulate_volume(np.zeros(36, dtype=int), (5000, 12), np.random.default_rng(2)).sum() > 0
