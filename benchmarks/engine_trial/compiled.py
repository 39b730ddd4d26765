"""How kernels are compiled: plain loops over scalars, one thread."""

import numba

FAST = {
    "contract",
    "reassoc",
    "nsz",
    "arcp",
}  # Not `nnan`: a proposal that is no number must be rejected


def kernel(function):
    """Compile a function, cached on disk."""
    return numba.njit(cache=True, fastmath=FAST, error_model="numpy", nogil=True)(function)


def small(function):
    """Compile a function that becomes a part of its callers."""
    options = {"fastmath": FAST, "error_model": "numpy", "nogil": True, "inline": "never"}
    return numba.njit(
        cache=True, forceinline=True, **{k: v for k, v in options.items() if k != "inline"}
    )(function)
