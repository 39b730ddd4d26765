"""Types of arrays and tables used throughout the package."""

from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

type Float = NDArray[np.float64]
type Index = NDArray[np.int64]
type Bool = NDArray[np.bool_]
type Seed = int | np.random.Generator
"""What random numbers are drawn from: the same integer gives the same numbers."""


class ArrowTable(Protocol):
    """A table that Arrow can read, such as one of polars, pyarrow or DuckDB."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Return its columns."""


type Frame = pd.DataFrame | xr.Dataset | xr.DataArray | ArrowTable
"""A table in memory."""
