"""SIGINT and SIGTERM handling: a run ends within two seconds and leaves no unfinished files.

The first signal unwinds the program like an exit. Libraries may swallow it or compute without
returning to Python, so a separate thread waits for the same signal and ends the process if it is
still running shortly afterwards.
"""

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import NoReturn

from forecast.base.unfinished import abandon

INTERRUPTED = 130
"""Exit code after Ctrl-C: 128 + SIGINT, as shells have it."""
TERMINATED = 143
"""Exit code after a request to end: 128 + SIGTERM."""
CODES: dict[int, int] = {signal.SIGINT: INTERRUPTED, signal.SIGTERM: TERMINATED}
"""Exit codes by signal."""
UNWINDING = 1.2
"""Seconds that a program has to unwind."""
CLEARING = 0.4
"""Seconds that a swap of files has to be done."""
SHOW_CURSOR = b"\x1b[?25h"
"""A bar that shows progress hides it."""


_received: list[int] = []
_watching = threading.Lock()


@contextlib.contextmanager
def stoppable() -> Iterator[None]:
    """Let SIGINT and SIGTERM end the process from here on; to be used in its main thread."""
    owner = _watching.acquire(blocking=False)  # once per process
    try:
        if owner:
            read, write = os.pipe()
            os.set_blocking(write, False)
            signal.set_wakeup_fd(write, warn_on_full_buffer=False)
            threading.Thread(
                target=_watch, args=(read,), daemon=True, name="stop on signals"
            ).start()
            _answer_with(_unwind)
        yield
    finally:
        if owner:
            _answer_with(_end)  # what comes now has nothing left to unwind
        if _received:
            with contextlib.suppress(OSError, ValueError):  # no one reads it any more
                sys.stdout.flush()
            _end(_received[0])


def _answer_with(handler: Callable[[int, FrameType | None], object]) -> None:
    """Let the signals call a handler.

    One that is ignored stays so, as after nohup: who started us wants it.
    """
    for number in CODES:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, handler)


def _end(number: int, frame: FrameType | None = None) -> NoReturn:
    """End the process, now: what is unfinished is removed, and no thread is waited for."""
    abandon(CLEARING)
    if os.isatty(2):
        os.write(2, SHOW_CURSOR)
    os._exit(CODES[number])


def _unwind(number: int, frame: FrameType | None) -> NoReturn:
    _received.append(number)
    for each in CODES:  # once is enough: a second one would only disturb the clearing up
        signal.signal(each, signal.SIG_IGN)
    sys.unraisablehook = _without_stops
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    raise SystemExit(TERMINATED)


def _without_stops(unraisable: "sys.UnraisableHookArgs") -> None:
    """Print what could not be raised, but for a stop that fell into a destructor.

    For such a stop the thread ends the process.
    """
    if not isinstance(unraisable.exc_value, KeyboardInterrupt | SystemExit):
        sys.__unraisablehook__(unraisable)


def _watch(descriptor: int) -> None:
    while True:
        (number,) = os.read(descriptor, 1)
        if number in CODES:
            time.sleep(UNWINDING)
            _end(number)
