"""Run the command `forecast`, also as ``python -m forecast``."""

from forecast.stopping import stoppable


def main() -> None:
    """Run the command line and end the process with its exit code."""
    with stoppable():  # from the first moment on: importing the command line takes a while
        from forecast.cli import main

        main()


if __name__ == "__main__":
    main()
