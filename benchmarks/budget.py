"""How many draws an engine gets: its full length where that fits into the limit.

Where it does not, the engine gets what fits.
"""

from collections.abc import Callable

from benchmarks.runs import Run

FIRST = (20, 20)
LEAST = 50
"""Fewer warm-up or kept draws of a chain than this measure nothing."""
GROWTH = 8.0
"""No run is more than this many times as long as the one before: the first draws do not tell the
speed of all."""


class OverLimit(Exception):
    """An engine that cannot make the fewest draws worth measuring in the time it has.

    The message gives numbers.
    """


def longest_run(
    run: Callable[[int, int, int], Run], full: tuple[int, int], limit: float, seed: int
) -> tuple[Run, tuple[int, int], float]:
    """Run again and again, longer each time, until the full length or half the limit is reached.

    Parameters
    ----------
    run : callable
        ``run(tune, draws, seed)``.
    full : (int, int)
        Warm-up and kept draws of a chain at full length.
    limit : float
        Seconds of sampling.
    seed : int

    Returns
    -------
    run, (tune, draws), seconds
        The last run, its length, and the most that a run compiled: later ones may find things
        compiled.

    Raises
    ------
    OverLimit
        If fewer draws than are worth measuring took longer than the limit.
    """
    length, compiling = FIRST, 0.0
    while True:
        result = run(*length, seed)
        compiling = max(compiling, result.compiling)
        if length == full or (min(length) >= LEAST and result.sampling >= limit / 2):
            return result, length, compiling
        if result.sampling > limit:
            raise OverLimit(
                f"{length[0]} + {length[1]} draws of a chain took {result.sampling:.0f} s, the "
                f"limit is {limit:g} s"
            )
        length = _longer(length, full, limit / max(result.sampling, 1e-6))


def _longer(length: tuple[int, int], full: tuple[int, int], room: float) -> tuple[int, int]:
    """Length that fills the limit at the speed seen.

    It has the proportions of the full one and is no longer than it.

    The first draws, far from the posterior and in small steps, cost more than the later ones: the
    next length is at least twice as long, and long enough to be worth measuring.
    """
    total = min(sum(full), sum(length) * min(GROWTH, max(2.0, room)))
    tune, draws = (round(total * part / sum(full)) for part in full)
    return min(full[0], max(LEAST, tune)), min(full[1], max(LEAST, draws))
