"""Marks of tests that need what not every system has."""

import sys
from pathlib import Path

import pytest

posix = pytest.mark.skipif(
    sys.platform == "win32",
    reason="needs signals, forks, pipes, links or a shell, as POSIX has them",
)
linux = pytest.mark.skipif(
    not Path("/proc/self/statm").exists(), reason="needs /proc and /dev of Linux"
)
