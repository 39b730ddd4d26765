"""Linear mean reversion."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from forecast.model.dynamics.base import Pull


class Linear(Pull):
    r"""The same part of the displacement is undone in every period: :math:`\phi y`.

    Examples
    --------
    >>> from forecast.model.dynamics import find_pull
    >>> find_pull("linear").next(1.0, 1.0, {"phi": 0.9})
    0.9
    """

    name = "linear"
    title = "linear pull"
    words = "linear: in every period the same part of the displacement from equilibrium is undone"
    jumps = True

    def next(self, y: Any, before: Any, p: Mapping[str, Any], backend: Any = np) -> Any:
        """Return what is kept of the displacement."""
        return p["phi"] * y
