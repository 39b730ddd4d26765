"""Linear mean reversion."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from forecast.model.dynamics.base import Cycle


class Linear(Cycle):
    r"""The same part of the displacement is undone in every period: :math:`\phi y`."""

    name = "linear"
    title = "linear reversion"
    words = "linear: in every period the same part of the displacement from equilibrium is undone"
    jumps = True

    def next(self, y: Any, p: Mapping[str, Any], backend: Any = np) -> Any:
        """Return what is kept of the displacement."""
        return p["phi"] * y
