"""Placing what must not collide."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.plots.style import spread, text_width, wrap, years_of


@given(st.lists(st.floats(0, 10), max_size=9), st.floats(0.01, 1))
def test_spread_keeps_order_gap_and_room(wanted, gap):
    places = spread(sorted(wanted), gap, 0.0, 10.0)
    assert (np.diff(places) >= gap - 1e-9).all()
    assert all(-1e-9 <= place <= 10 + 1e-9 for place in places)


@given(st.lists(st.floats(0, 8), max_size=8, unique=True))
def test_what_is_apart_already_stays(wanted):
    wanted = sorted(wanted)
    gap = min([*np.diff(wanted), 1.0])
    np.testing.assert_allclose(spread(wanted, gap, 0.0, 8.0), wanted, atol=1e-9)


@pytest.mark.filterwarnings(
    "ignore:Glyph"
)  # of signs that the font lacks, which figures show as boxes
@given(st.text(st.characters(codec="utf-8"), max_size=60), st.integers(1, 4))
def test_wrapped_lines_fit_or_are_one_word(text, most):
    lines = wrap(text, 1.0, 8.0)
    assert all(text_width(line, 8.0) <= 1.0 or " " not in line for line in lines)
    assert " ".join(lines).isprintable()
    assert len(wrap(text, 1.0, 8.0, most=most)) <= most


def test_a_sum_in_dollars_is_no_formula():
    assert wrap("between $5 and $6 billion", 9.0, 8.0) == ["between $5 and $6 billion"]


def test_years_have_their_months_in_order():
    times = np.arange("1999-01", "2001-01", dtype="datetime64[M]").astype("datetime64[ns]")
    years = years_of(times, weekly=False)
    assert (np.diff(years) > 0.07).all() and 1999 < years[0] < 1999.1 and 2000.9 < years[-1] < 2001
