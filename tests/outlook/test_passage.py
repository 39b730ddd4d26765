"""First passages: a distribution with what is beyond, the same as counting by hand."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from forecast.dates import Clock
from forecast.outlook import passage
from forecast.outlook.pendulum import crosses

CLOCK = Clock(np.arange("2000-01", "2001-01", dtype="datetime64[M]").astype("datetime64[D]"), weekly=False)
HORIZONS = (1, 3, 6)
There = arrays(bool, st.tuples(st.integers(1, 2), st.integers(4, 9), st.integers(1, 3), st.just(7)))


@given(There)
@settings(deadline=None)
def test_mass_and_beyond_make_one(there):
    when = passage(there, CLOCK, HORIZONS, 6, "there")
    assert when.mass.sum() + when.beyond.value == 1
    assert (when.mass >= 0).all()
    chances = [when.by[months].value for months in HORIZONS]
    assert chances == sorted(chances)
    assert when.by[6].value + when.beyond.value == 1
    assert (when.median is None) == (when.by[6].value < 0.5)


@given(There)
@settings(deadline=None)
def test_it_is_the_first_time(there):
    when = passage(there, CLOCK, HORIZONS, 6, "there")
    firsts = [next((t for t, here in enumerate(path) if here), None) for path in there.reshape(-1, 7)]
    counted = [firsts.count(t) / len(firsts) for t in range(7)]
    np.testing.assert_allclose(when.mass, counted, atol=1e-11)


def test_a_target_is_crossed_from_where_the_level_stands():
    share = np.array([[[[40.0, 45, 55, 40]], [[60.0, 55, 52, 49]], [[50.0, 60, 60, 60]]]])
    there = crosses(share, np.full((1, 3), 50.0))
    np.testing.assert_array_equal(there[0, :, 0, 1], [False, False, True])
    np.testing.assert_array_equal(there[0, :, 0, 2:], [[True, False], [False, True], [True, True]])
    assert there[0, 2, 0, 0]  # already there
