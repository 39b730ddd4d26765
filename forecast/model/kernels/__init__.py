"""Fused numba kernels with hand-written gradients; only `ops` depends on PyTensor.

Kernels assign elements, not slices or rows, and take no maximum of a column: numba would compile
the words of an error about shapes with it, which is a tenth of the time that all kernels take to
compile.
"""

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numba

TRANSITIONS = Path(__file__).parent.parent / "process" / "transition.py"
"""The formulas of the process, which kernels have built in."""
STAMP = hashlib.sha256(
    b"".join(
        path.read_bytes() for path in (*sorted(Path(__file__).parent.glob("*.py")), TRANSITIONS)
    )
).hexdigest()
"""Digest of the source of all kernels: code compiled from another source is not used."""


def kernel[F: Callable[..., Any]](function: F, fastmath: bool | set[str] = True) -> F:
    """Compile a function once an environment: later processes read it from numba's cache.

    That cache looks at the date of a function's file alone, and a kernel has others built in. So
    each is stamped by the source of all kernels, and of every module next to its own. It becomes a
    part of the kernels that call it: apart from them, the process that compiles it would have other
    last digits than those that read it from the cache.
    """
    compiled = numba.njit(
        cache=True, fastmath=fastmath, error_model="numpy", nogil=True, forceinline=True
    )(function)
    cached = getattr(getattr(compiled, "_cache", None), "_cache_file", None)
    if cached is not None:
        # As the version, which numba compares before it reads anything else: what other source left
        # in the cache may name classes that are gone.
        cached._version = (
            f"{numba.__version__} {_stamp(Path(function.__code__.co_filename).parent)}"
        )
    return compiled  # type: ignore[no-any-return]


def built_in[F: Callable[..., Any]](function: F, fastmath: bool | set[str] = True) -> F:
    """Compile a plain function as a part of the kernels that call it, without a cache of its own.

    The same function has other digits in kernels with other `fastmath`, and numba's cache would not
    tell them apart.
    """
    return numba.njit(  # type: ignore[no-any-return]
        fastmath=fastmath, error_model="numpy", nogil=True, forceinline=True
    )(function)


@cache
def _stamp(folder: Path) -> str:
    """Digest the source of all kernels and of a folder, whose functions may have them built in."""
    sources = [path.read_bytes() for path in sorted(folder.glob("*.py"))]
    return hashlib.sha256(b"".join([STAMP.encode(), *sources])).hexdigest()
