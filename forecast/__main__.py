"""Run the command `forecast`, also as ``python -m forecast``."""

import atexit
import os
import signal


def main() -> None:
    """Run the command line and end the process with its exit code."""
    # First of all: importing the rest takes a while, in which there is nothing yet to be cleared
    # up.
    for number in (signal.SIGINT, signal.SIGTERM):
        if (
            signal.getsignal(number) != signal.SIG_IGN
        ):  # as after nohup: who started us wants it ignored
            signal.signal(number, lambda number, _: os._exit(128 + number))
            # Registered first, run last: the interpreter ends by giving signals back to the system,
            # which would kill a process whose work is done.
            atexit.register(signal.signal, number, signal.SIG_IGN)
    from forecast.base.stopping import stoppable

    with stoppable():
        from forecast.cli import main

        main()


if __name__ == "__main__":
    main()
