"""Parallel work in the threads of one process."""

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
    """
    with closing(items), ThreadPoolExecutor(1) as pool:
        end = object()
        coming = pool.submit(next, items, end)
        while (item := coming.result()) is not end:
            coming = pool.submit(next, items, end)
            yield item  # type: ignore[misc]
