"""Progress reports of long work, the time that its steps take, and work in threads."""

import time
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from threading import Event

type Progress = Callable[[str, int, int], None]
"""Called as progress(step in words, done, total); a total of 0 means that the length is not
known."""


def silent(step: str, done: int, total: int) -> None:
    """Report nothing."""


def within(progress: Progress, words: str) -> Progress:
    """Return a progress whose steps are named as part of something larger."""
    return lambda step, done, total: progress(f"{words}: {step}", done, total)


@dataclass
class Steps:
    """The steps of a run: each is reported when it begins and timed when it ends."""

    progress: Progress = silent  # Where they are reported
    # By step, in the order in which they ended
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str, words: str | None = None) -> Iterator[None]:
        """Report a step, in other words than its name if there are some, and time it."""
        self.progress(words or name, 0, 0)
        start = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - start, 2)


def side_by_side[Task, Result](
    work: Callable[[Task, Event], Result],
    tasks: Iterable[Task],
    threads: int,
    hurry: Callable[[], None] = lambda: None,
) -> Generator[Result]:
    """Do tasks in threads, and yield results as they are done.

    If the consumer stops, the tasks are asked to.
    """
    stop = Event()
    pool = ThreadPoolExecutor(threads)
    running = set[Future[Result]]()
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
    """Yield items of a generator, each while the next is made in a thread.

    If the consumer stops, it is closed.
    """
    with closing(items), ThreadPoolExecutor(1) as pool:
        end = object()
        coming = pool.submit(next, items, end)
        while (item := coming.result()) is not end:
            coming = pool.submit(next, items, end)
            yield item  # type: ignore[misc]
