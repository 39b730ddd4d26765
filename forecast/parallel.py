"""Work done side by side in the threads of one process."""

from collections.abc import Callable, Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import closing
from threading import Event


def side_by_side[Task, Result](
    work: Callable[[Task, Event], Result],
    tasks: Iterable[Task],
    threads: int,
    hurry: Callable[[], None] = lambda: None,
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
    hurry : callable
        Called once if tasks under way have been asked to stop, for those that wait where they cannot be asked.

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
    stop, pool, running = Event(), ThreadPoolExecutor(threads), set[Future[Result]]()
    try:
        running = {pool.submit(work, task, stop) for task in tasks}
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for finished in done:
                yield finished.result()
    finally:
        stop.set()
        if running:
            hurry()
        pool.shutdown(cancel_futures=True)


def ahead[Item](items: Generator[Item]) -> Generator[Item]:
    """Yield items of a generator, each while the next one is being made in a thread.

    When the consumer stops, the item under way is finished and the generator is closed.

    Parameters
    ----------
    items : generator

    Yields
    ------
    object
        Its items, in their order.

    Examples
    --------
    >>> from forecast.parallel import ahead
    >>> list(ahead(number**2 for number in (1, 2, 3)))
    [1, 4, 9]
    """
    with closing(items), ThreadPoolExecutor(1) as pool:
        end = object()
        coming = pool.submit(next, items, end)
        while (item := coming.result()) is not end:
            coming = pool.submit(next, items, end)
            yield item  # type: ignore[misc]
