"""The benchmarks are no part of the installed package, and what they are held to stands beside the model's tests."""

import sys
from pathlib import Path

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(folder) for folder in (TESTS.parent, TESTS) if str(folder) not in sys.path]
