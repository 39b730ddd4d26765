"""The command ``python -m benchmarks``.

It measures fits (by default), gradient, scaling, waits, feeds, density.
"""

import argparse
import sys
from pathlib import Path

from benchmarks.cells import Store, cells_of
from benchmarks.engines import ENGINES
from benchmarks.problems import DENSITIES, SIZES
from forecast.base.errors import ForecastError

RESULTS = Path(__file__).parent / "results"


def main(arguments: list[str] | None = None) -> int:
    """Run the command, and give its exit code."""
    options = _parser().parse_args(arguments)
    try:
        COMMANDS[options.what](options)
    except ForecastError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("Interrupted. The same command goes on from here.", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    add = parser.add_argument
    add("what", nargs="?", choices=COMMANDS, default="fits")
    add(
        "--engines",
        nargs="+",
        choices=ENGINES,
        default=ENGINES,
        metavar="ENGINE",
        help=", ".join(ENGINES),
    )
    add(
        "--sizes",
        nargs="+",
        default=SIZES,
        help="dyads x months, such as 3x300; 6x920 is the chronology",
    )
    add("--densities", nargs="+", type=int, default=DENSITIES, help="events per dyad-month")
    add("--repetitions", type=int, default=3)
    add("--limit", type=float, default=120.0, help="seconds of sampling a cell (default 120)")
    add(
        "--rows",
        type=int,
        default=3_000_000,
        help="feeds: rows of the files that are made (default 3,000,000)",
    )
    add("--seed", type=int, default=1)
    add("--cells", type=Path, default=RESULTS / "cells", help="folder that keeps what is measured")
    add("--results", type=Path, default=RESULTS, help="folder of the tables")
    return parser


def fits(options: argparse.Namespace) -> None:
    """Measure fits, and write the table of all that the folder of cells holds.

    The table is written after an interrupt too.
    """
    from benchmarks.conduct import measure_cells
    from benchmarks.table import write_results

    store = Store(options.cells, options.limit, options.seed)
    cells = cells_of(options.engines, options.sizes, options.densities, options.repetitions)
    try:
        measure_cells(cells, store, _say)
    finally:
        if kept := store.read_all():
            write_results(kept, options.results)
    _say(f"{options.results}: fits.md, fits.json")


def gradient(options: argparse.Namespace) -> None:
    """Measure the cost of a gradient and its growth."""
    from benchmarks.gradient import write_gradient

    write_gradient(options.results, options.seed, _say)
    _say(f"{options.results}: gradient.md, gradient.json")


def scaling(options: argparse.Namespace) -> None:
    """Measure how the cost of a fit grows."""
    from benchmarks.scaling import write_scaling

    write_scaling(options.results, Store(options.cells, options.limit, options.seed), _say)
    _say(f"{options.results}: scaling.json, scaling.csv, scaling.svg")


def waits(options: argparse.Namespace) -> None:
    """Measure how long a user waits, and how large a saved fit is."""
    from benchmarks.waits import write_waits

    write_waits(options.results, options.seed, options.repetitions, _say)
    _say(f"{options.results}: waits.md, waits.json")


def feeds(options: argparse.Namespace) -> None:
    """Measure how fast a feed is read, and how much memory that takes."""
    from benchmarks.feeds import write_feeds

    write_feeds(options.results, options.rows, options.repetitions, options.seed, _say)
    _say(f"{options.results}: feeds.md, feeds.json")


def density(options: argparse.Namespace) -> None:
    """Measure how effective draws per second fall as months get busy."""
    from benchmarks.density import DENSITIES as BUSY
    from benchmarks.density import write_density

    chosen = BUSY if options.densities is DENSITIES else options.densities
    write_density(options.results, options.seed, chosen, _say)
    _say(f"{options.results}: density.md, density.json")


def _say(line: str) -> None:
    print(line, flush=True)


COMMANDS = {
    "fits": fits,
    "gradient": gradient,
    "scaling": scaling,
    "waits": waits,
    "feeds": feeds,
    "density": density,
}

if __name__ == "__main__":
    sys.exit(main())
