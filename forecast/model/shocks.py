"""Normal and Student-t shocks: how they are drawn, and their densities."""

from typing import Any

import numpy as np

from forecast.typing import Float


def draw_shocks(rng: np.random.Generator, size: tuple[int, ...], df: Float | float | None = None) -> Float:
    """Draw shocks of unit variance.

    Parameters
    ----------
    rng : numpy.random.Generator
    size : tuple of int
    df : array or float, optional
        Degrees of freedom of Student-t shocks, above 2; it broadcasts against ``size``. Without it they are normal.

    Returns
    -------
    array of shape ``size``

    Examples
    --------
    >>> import numpy as np
    >>> from forecast.model.shocks import draw_shocks
    >>> draw_shocks(np.random.default_rng(1), (2, 3), df=5.0).shape
    (2, 3)
    """
    if df is None:
        return rng.standard_normal(size)
    return np.asarray(rng.standard_t(df, size) * np.sqrt((df - 2.0) / df))


def student_log_density(value: Any, df: Any, squared_scale: Any, backend: Any = np) -> Any:
    """Compute the log-density of Student-t values of scale 1 (``squared_scale`` = df) or unit variance (df - 2).

    Parameters
    ----------
    value, df, squared_scale : array or variable
        They broadcast.
    backend : module
        numpy or pytensor.tensor.

    Examples
    --------
    >>> from forecast.model.shocks import student_log_density
    >>> round(float(student_log_density(0.0, 1.0, 1.0)), 4)  # Cauchy: -log(pi)
    -1.1447
    """
    gammaln = _gammaln(backend)
    constant = gammaln((df + 1) / 2) - gammaln(df / 2) - 0.5 * backend.log(np.pi * squared_scale)
    return constant - 0.5 * (df + 1) * backend.log1p(value**2 / squared_scale)


def shock_log_density(shock: Any, df: Any, backend: Any = np) -> Any:
    """Compute the log-density of shocks of unit variance, up to half the logarithm of two pi each, summed.

    Normal where ``df`` is None, otherwise Student-t.
    """
    if df is None:
        return -0.5 * (shock**2).sum()
    return (student_log_density(shock, df, df - 2, backend) + 0.5 * np.log(2 * np.pi)).sum()


def _gammaln(backend: Any) -> Any:
    if backend is np:
        from scipy.special import gammaln

        return gammaln
    return backend.gammaln
