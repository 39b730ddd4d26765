"""From level to share."""

import numpy as np
import pytest

from forecast.base.numeric import share


def test_a_share_is_even_at_zero_and_stays_within_bounds():
    assert share(np.array(0.0)) == 50.0
    assert share(np.array([-1e6, 1e6])).tolist() == [0.0, 100.0]
    assert share(np.array(np.log(3.0))) == pytest.approx(75.0)
