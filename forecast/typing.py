"""Array types used throughout the package."""

import numpy as np
from numpy.typing import NDArray

type Float = NDArray[np.float64]
type Index = NDArray[np.int64]
type Bool = NDArray[np.bool_]
