"""The test of a middle ground (S8)."""

import numpy as np
import pytest

from forecast.hypotheses.claims import band
from forecast.hypotheses.measures import WALK
from forecast.hypotheses.registry import CLAIMS
from forecast.model.break_fits import ONE_COMPONENT
from forecast.outlook.draws import dyad_draws

from .made import candidates, numbers


def with_step(made, step):
    """The same candidates with a random walk of another step."""
    made.fit(**WALK).posterior["trend_step"][:] = step
    made.fit(**WALK).posterior["trend_jump"][:] = 0.0
    return made


@pytest.mark.parametrize(("step", "answer"), [(0.5, "supported"), (0.002, "rejected"), (0.12, "undecided")])
def test_the_answer_compares_the_record_with_walks_like_it(step, answer):
    """Walks that stray far spend less time near their means than a pendulum, and walks that stand still spend more."""
    verdict = CLAIMS["S8"].test(with_step(candidates(), step))
    assert verdict.answer == answer
    assert str(verdict.reason).lower().startswith(answer)
    found = numbers(verdict)
    order = found["near_walk"].value - found["near_record"].value
    assert answer == "undecided" or (order > 0) == (answer == "rejected")


def test_the_band_and_the_time_inside_are_stated():
    verdict = CLAIMS["S8"].test(candidates())
    found = numbers(verdict)
    assert found["band_low"].value < found["band_high"].value
    assert 0 <= found["inside"].value <= 100
    assert [curve.role for curve in verdict.drawing.series] == ["posterior", "null", "other"]


def test_a_record_lived_again_starts_where_it_began_and_has_the_models_moves():
    made = with_step(candidates(), 0.1)
    walk = dyad_draws(made.fit(**WALK), made.dyad)
    again = band.live_again(walk, 1)
    assert again.shape == walk.level.shape
    np.testing.assert_allclose(again[..., 0], walk.level[..., 0], atol=1e-6)
    moves = np.diff(again)
    # 800 draws of 299 moves each, independent: the spread is known to 0.1 / sqrt(2 * 239,200).
    assert moves.std() == pytest.approx(0.1, abs=5 * 0.1 / np.sqrt(2 * moves.size))
    np.testing.assert_array_equal(again, band.live_again(walk, 1))
    assert (again != band.live_again(walk, 2)).any()


def test_a_pendulum_lived_again_is_about_its_equilibria():
    made = candidates()
    made.fit(**ONE_COMPONENT).posterior["phi"][:] = 0.8  # a year undoes all but a fourteenth
    one = dyad_draws(made.fit(**ONE_COMPONENT), made.dyad)
    again = band.live_again(one, 1)
    for place, era in enumerate(one.eras):
        settled = again[..., era.first + 24 : era.stop].mean(axis=-1)
        # Months are alike for five or so, and draws are not: 800 draws of some dozen independent months.
        assert (settled - one.by_era["mu"][..., place]).mean() == pytest.approx(0.0, abs=0.03)
