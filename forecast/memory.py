"""Return of free memory to the operating system."""

import ctypes
from functools import cache
from typing import Any


def release_free_memory() -> None:
    """Return to the system what has been freed, where the C library is glibc; elsewhere do nothing.

    Every chain of a fit samples in a thread of its own, and glibc gives threads separate heaps that keep their free
    pages: in a loop of 14 fits what was in use stayed at 174 MB, while the free part of the heaps grew from 170 to 620.
    """
    trim = _malloc_trim()
    if trim is not None:
        trim(0)


@cache
def _malloc_trim() -> Any:
    try:
        return ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # another C library; TypeError: Windows has no library without a name
        return None
