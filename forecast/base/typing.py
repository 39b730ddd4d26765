"""Types of arrays and tables used throughout the package."""

from numbers import Integral
from typing import TYPE_CHECKING, Annotated, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from forecast.base.described import Described

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr


def _is_array_of_numbers(value: Any) -> bool:
    return hasattr(value, "dtype") and value.dtype.kind in "iuf"


def _is_seed(value: Any) -> bool:
    if isinstance(value, np.random.Generator):
        return True
    return isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= 0


def _is_table(value: Any) -> bool:
    """Return whether a value is a table of Arrow's protocol, or of xarray.

    Tables of pandas and polars are of that protocol.
    """
    return hasattr(value, "__arrow_c_stream__") or hasattr(value, "to_dataframe")


type Float = Annotated[
    NDArray[np.float64], Described("an array of numbers", accepts=_is_array_of_numbers)
]
type Index = NDArray[np.int64]
type Bool = NDArray[np.bool_]
type Seed = Annotated[
    int | np.random.Generator,
    Described("a whole number from 0, or a numpy Generator", accepts=_is_seed),
]
"""What random numbers are drawn from: the same integer gives the same numbers."""


class ArrowTable(Protocol):
    """A table that Arrow can read, such as one of polars, pyarrow or DuckDB."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Return its columns."""


type Frame = Annotated[
    "pd.DataFrame | xr.Dataset | xr.DataArray | ArrowTable",
    Described("a table of pandas, polars, Arrow or xarray", accepts=_is_table),
]
"""A table in memory."""

type Dyad = Annotated[
    str,
    Described(
        "the code of a dyad, such as 'USA-CHN'", listed="a list of dyads, such as ['USA-CHN']"
    ),
]
"""The code of a dyad: ISO 3166 codes of two states, in the order of the package's list."""

type Months = Annotated[
    int,
    Described("a whole number of months from 1", listed="a list of months, such as [3, 6, 12]"),
]
"""A horizon in months."""
