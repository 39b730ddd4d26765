"""Progress reports of long work, and the time that its steps take."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

type Progress = Callable[[str, int, int], None]
"""Called as progress(step in words, done, total); a total of 0 means that the length is not known."""


def silent(step: str, done: int, total: int) -> None:
    """Report to nobody."""


def within(progress: Progress, words: str) -> Progress:
    """Return a progress whose steps are named as part of something larger."""
    return lambda step, done, total: progress(f"{words}: {step}", done, total)


@dataclass
class Steps:
    """The steps of a run: each is reported when it begins and timed when it ends."""

    progress: Progress = silent  # Where they are reported
    seconds: dict[str, float] = field(default_factory=dict)  # By step, in the order in which they ended

    @contextmanager
    def step(self, name: str, words: str | None = None) -> Iterator[None]:
        """Report a step, in other words than its name if there are some, and time it."""
        self.progress(words or name, 0, 0)
        start = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - start, 2)
