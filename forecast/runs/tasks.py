"""Tasks of a week: what fails for one pair or question is noted, and the rest is done."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from forecast.base.errors import ForecastError
from forecast.base.progress import Progress


@dataclass
class Tasks:
    """Tasks that are done one by one, with those that failed or could not be done."""

    progress: Progress
    failures: dict[str, ForecastError] = field(default_factory=dict)  # By task and pair or question
    undone: list[str] = field(default_factory=list)  # What could not be done, and why

    def each[Item, Result](
        self, task: str, items: Mapping[str, Item], do: Callable[[Item], Result]
    ) -> dict[str, Result]:
        """Do a task for each item, by name; return the results of those that did not fail."""
        results: dict[str, Result] = {}
        for name, item in items.items():
            self.progress(f"{task} {name}", 0, 0)
            try:
                results[name] = do(item)
            except ForecastError as error:
                self.failures[f"{task} {name}"] = error
        return results
