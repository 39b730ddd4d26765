"""What holds for all tests."""

import signal
import sys
from pathlib import Path

from hypothesis import settings

# How long one example takes says how busy the machine is, and nothing of the code.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")

# A shell lets what it starts in the background ignore Ctrl-C, which the tests of interrupts send themselves.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# The benchmarks are no part of the installed package.
sys.path.insert(0, str(Path(__file__).parents[1]))
