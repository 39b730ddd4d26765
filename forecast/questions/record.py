"""What a dataset has recorded of a dyad month by month, as questions read it."""

from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Self

import numpy as np

from forecast.clock import Clock
from forecast.dates import months_between
from forecast.errors import QuestionError
from forecast.outlook.draws import position
from forecast.outlook.observed import reporting_datasets
from forecast.outlook.resolution import cooperative_codes
from forecast.panel import panel_kind
from forecast.panel.record import by_class, last_known, whole_periods
from forecast.questions.kind import Kind
from forecast.questions.settle import WindowCounts
from forecast.typing import Bool, Index
from forecast.wording import join

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from forecast.events import EventTable
    from forecast.questions.question import Question


@dataclass(frozen=True)
class MonthlyRecord:
    """What a dataset counts of a dyad, month by month."""

    clock: Clock
    scale: str  # Name of the scale that orders the classes
    counts: Index  # Happenings
    covered: Bool
    whole: Bool  # Whether it is covered to its end
    zero_cut: int  # How many classes are hostile
    kind: Index | None  # Happenings of the kind that a count asks for, in each of its classes
    known: date  # The day whose knowledge it is
    digest: str  # SHA-256 of what was known

    @classmethod
    def of(
        cls, panel: "xr.Dataset", dyad: str, dataset: int, kind: Kind | None = None, table: "EventTable | None" = None
    ) -> Self:
        """Read a panel; `table` has the events behind it, for kinds that are single codes."""
        counts, covered = by_class(panel, dyad, dataset)
        of_a_kind = None if kind is None else kind.counts(panel, dyad, dataset, counts, table)
        return cls(
            clock=Clock.of(panel),
            scale=str(panel.attrs["scale"]),
            counts=counts,
            covered=covered,
            whole=whole_periods(panel, dyad, dataset),
            zero_cut=int(panel.attrs["zero_cut"]),
            kind=of_a_kind,
            known=last_known(panel),
            digest=str(panel.attrs["digest"]),
        )

    @cached_property
    def total(self) -> Index:
        """Happenings, (month,)."""
        return np.asarray(self.counts.sum(axis=1))

    @cached_property
    def cooperative(self) -> Index:
        """How many of them are cooperative, (month,)."""
        return np.asarray(self.counts[:, self.zero_cut :].sum(axis=1))

    @property
    def covered_to(self) -> date:
        """Last day of the last month that is covered; the first day of all if none is."""
        seen = np.flatnonzero(self.covered)
        return self.clock.end_of(self.clock.times[int(seen[-1])].item()) if seen.size else date.min

    def place(self, day: date) -> int:
        """Return the position of the month of a day; before the first, negative."""
        return months_between(self.clock.times[0].item(), day)

    def without(self, rows: "pd.DataFrame", kind: Kind | None = None) -> Self:
        """Return the record without some of the dataset's rows, as `placed_events` has them."""
        counts = self.counts.copy()
        np.subtract.at(counts, (rows["of_period"], rows["of_class"]), rows["counted"])
        of_a_kind = None
        if kind is not None and self.kind is not None:
            own = rows[kind.holds(rows)]
            of_a_kind = self.kind.copy()
            columns = own["of_class"].map(kind.places.index)
            np.subtract.at(of_a_kind, (own["of_period"], columns), own["counted"])
        return replace(self, counts=counts, kind=of_a_kind)

    def months(self, part: slice) -> WindowCounts:
        """Return what some months hold."""
        kind = None if self.kind is None else self.kind[part].sum(axis=1)
        return WindowCounts(self.total[part], self.cooperative[part], kind)


def dataset_of(panel: "xr.Dataset", question: "Question") -> int:
    """Return the position of a question's dataset in a panel that counts as the question does."""
    require_monthly_counts(panel)
    position(panel, question.dyad)
    place = named_dataset(panel, question.dataset, question.id)
    if question.joint != (panel.attrs["unit"] == "happening"):
        raise QuestionError(
            f"{question.id}: counts joint acts in another way than these data; build them with its unit"
        )
    if question.cooperative not in (None, cooperative_words(panel)):
        raise QuestionError(f"{question.id}: other kinds count as cooperative in it than in these data; use its scale")
    return place


def named_dataset(panel: "xr.Dataset", name: str, what: str = "dataset") -> int:
    """Return the position of a dataset in a panel, by its name."""
    names = [str(one) for one in panel["dataset"].to_numpy()]
    if name not in names:
        raise QuestionError(f"{what}: asks about the dataset {name!r:.60}; these data are {join(names)}")
    return names.index(name)


def require_reporting(panel: "xr.Dataset", dyad: str, dataset: int, what: str) -> None:
    """Reject a dataset that has stopped: nobody could ever say what it records of months ahead."""
    going = reporting_datasets(panel, dyad)
    if panel.sizes["dataset"] > 1 and dataset not in going:
        names = [str(one) for one in panel["dataset"].to_numpy()]
        others = join([names[one] for one in going]) or "none"
        raise QuestionError(
            f"{what}: the dataset {names[dataset]!r:.60} has stopped reporting on {dyad}, so that nothing of it will "
            f"be recorded in months ahead. Ask about one that goes on: {others}"
        )


def require_monthly_counts(panel: "xr.Dataset") -> None:
    """Reject panels of which no question can be asked."""
    if not panel_kind(panel).coded:
        raise QuestionError(
            "question: the data are an index, of which no happenings are recorded; give events or counts"
        )
    if Clock.of(panel).weekly:
        raise QuestionError("question: windows are whole months, and the panel is by week; build it by month")


def cooperative_words(panel: "xr.Dataset") -> str:
    """Name the classes of a panel that count as cooperative, with their codes where they have any."""
    names = [str(name) for name in panel["class_name"].to_numpy()][int(panel.attrs["zero_cut"]) :]
    codes = cooperative_codes(str(panel.attrs["scale"]))
    return "; ".join(names) + (f" ({codes})" if codes else "")
