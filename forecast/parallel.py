"""Work done side by side in the threads of one process."""

from collections.abc import Callable, Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from threading import Event


def side_by_side[Task, Result](
    work: Callable[[Task, Event], Result], tasks: Iterable[Task], threads: int
) -> Generator[Result]:
    """Do tasks in threads, and yield results as they are done.

    When the consumer stops, by an interrupt or otherwise, tasks that have not begun are dropped and those under way
    are asked to stop.

    Parameters
    ----------
    work : callable
        Called with a task and an event that is set when it is to stop.
    tasks : iterable
        What to do.
    threads : int
        How many tasks run at once.

    Yields
    ------
    object
        What `work` returned, in the order in which tasks end.

    Examples
    --------
    >>> from forecast.parallel import side_by_side
    >>> sorted(side_by_side(lambda task, stop: task**2, [1, 2, 3], threads=2))
    [1, 4, 9]
    """
    stop, pool = Event(), ThreadPoolExecutor(threads)
    try:
        running = {pool.submit(work, task, stop) for task in tasks}
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for finished in done:
                yield finished.result()
    finally:
        stop.set()
        pool.shutdown(cancel_futures=True)
