"""Monthly event counts for questions, and the events of some codes among them."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np

from forecast.base.dates import Clock
from forecast.base.errors import QuestionError
from forecast.base.typing import Bool
from forecast.base.wording import join
from forecast.data.events.codebook import read_scale, scale_names
from forecast.data.panel import panel_kind
from forecast.data.panel.single_events import count_placed, placed_events
from forecast.desk.questions.event_question import EventQuestion
from forecast.outlook.draws import index_of_dyad
from forecast.outlook.observed import MIX_MONTHS, WHOLE_RECORD_EVENTS
from forecast.outlook.question import SingleQuestion
from forecast.outlook.question_types import ShareQuestion, ToneQuestion
from forecast.outlook.recorded import DatasetRecord, reporting_datasets
from forecast.outlook.tone import NO_SCORES

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from forecast.data.events import EventTable


@dataclass(frozen=True)
class CountedKind:
    """Kind of events."""

    name: str  # For readers
    places: tuple[int, ...]  # Classes of the panel that hold it
    codes: tuple[str, ...]  # With what its codes begin

    @classmethod
    def of_codes(cls, scale: str, name: str, codes: tuple[str, ...]) -> Self:
        """Return the kind of some codes of a codebook's scale."""
        if scale not in scale_names():
            raise QuestionError(
                f"codes: the data are counted by {scale!r:.40}, and not by codes; ask for a class"
            )
        classes = read_scale(scale).class_of
        chosen = classes[classes.index.str.startswith(codes)]
        if chosen.empty:
            raise QuestionError(f"codes: {', '.join(codes)}: the codebook has no such code")
        return cls(name, tuple(sorted(set(chosen))), codes)

    @classmethod
    def of(cls, panel: "xr.Dataset", question: EventQuestion) -> Self:
        """Return the events of a question, by either side and with any summary."""
        return cls.of_codes(str(panel.attrs["scale"]), question.set, question.codes)

    def holds(self, rows: "pd.DataFrame") -> Bool:
        """Return which rows of `placed_events` are of this kind, (row,)."""
        is_of_kind = rows["of_class"].isin(self.places) & rows["cameo"].str.startswith(self.codes)
        return is_of_kind.to_numpy(dtype=bool)


def record_of(
    panel: "xr.Dataset",
    dyad: str,
    dataset: int,
    kind: CountedKind | None = None,
    table: "EventTable | None" = None,
) -> DatasetRecord:
    """Read a record with its events of a kind.

    `table` has the events behind it, for kinds that are single codes.
    """
    record = DatasetRecord.of(panel, dyad, dataset)
    if kind is None:
        return record
    if table is None:
        raise QuestionError(
            f"table: single events are asked for (“{kind.name}”), and none are given; give the "
            "events behind the fit"
        )
    rows = placed_events(panel, dyad, table)
    counts = count_placed(panel, rows[kind.holds(rows)])[dataset].sum(axis=1)
    return replace(record, kind=counts[:, list(kind.places)])


def record_without(record: DatasetRecord, rows: "pd.DataFrame") -> DatasetRecord:
    """Return a record without some of the rows of its dataset (`placed_events`)."""
    counts = record.counts.copy()
    np.subtract.at(counts, (rows["of_period"], rows["of_class"]), rows["counted"])
    scores = None if record.goldstein is None else record.goldstein.copy()
    if scores is not None:
        np.subtract.at(
            scores, (rows["of_period"], rows["of_class"]), rows["counted"] * rows["goldstein"]
        )
    return replace(record, counts=counts, goldstein=scores)


def question_record(
    panel: "xr.Dataset", question: SingleQuestion, table: "EventTable | None" = None
) -> tuple[DatasetRecord, CountedKind | None]:
    """Return the record that a question asks about, and the kind of events it counts."""
    require_monthly_counts(panel)
    index_of_dyad(panel, question.dyad)
    number = named_dataset(panel, question.dataset, question.id)
    if question.joint != (panel.attrs["unit"] == "event"):
        raise QuestionError(
            f"{question.id}: counts two-sided events in another way than these data; build them "
            "with its unit"
        )
    kind = CountedKind.of(panel, question) if isinstance(question, EventQuestion) else None
    record = record_of(panel, question.dyad, number, kind, table)
    if isinstance(question, ShareQuestion) and question.cooperative != record.cooperative_words:
        raise QuestionError(
            f"{question.id}: other kinds count as cooperative in it than in these data; use its "
            "scale"
        )
    if isinstance(question, ToneQuestion) and record.goldstein is None:
        raise QuestionError(
            f"{question.id}: asks for the tone, and {NO_SCORES.reason}; use coded events. A fit "
            "that was saved before fits held scores needs an update (--as-of), or is made again"
        )
    return record, kind


def named_dataset(panel: "xr.Dataset", name: str, what: str = "dataset") -> int:
    """Return the position of a dataset in a panel, by its name."""
    names = [str(dataset) for dataset in panel["dataset"].to_numpy()]
    if name not in names:
        raise QuestionError(
            f"{what}: asks about the dataset {name!r:.60}; these data are {join(names)}"
        )
    return names.index(name)


def require_reporting(panel: "xr.Dataset", dyad: str, dataset: int, what: str) -> None:
    """Reject a dataset that has stopped: what it records of months ahead will never be known."""
    going = reporting_datasets(panel, dyad)
    if panel.sizes["dataset"] > 1 and dataset not in going:
        names = [str(code) for code in panel["dataset"].to_numpy()]
        others = join([names[number] for number in going]) or "none"
        raise QuestionError(
            f"{what}: the dataset {names[dataset]!r:.60} has stopped reporting on {dyad}, so that "
            f"nothing of it will be recorded in months ahead. Ask about one that goes on: {others}"
        )


def require_monthly_counts(panel: "xr.Dataset") -> None:
    """Reject panels of which no question can be asked."""
    if not panel_kind(panel).coded:
        raise QuestionError(
            "question: the data are an index, of which no events are recorded; give events or "
            "counts"
        )
    if Clock.of(panel).weekly:
        raise QuestionError(
            "question: windows are whole months, and the panel is by week; build it by month"
        )


class BetaShare(NamedTuple):
    """Beta distribution of a kind's share of some events.

    A parameter of zero means none of them, or all.
    """

    own: float
    rest: float


ALL = BetaShare(1.0, 0.0)


def code_shares(record: DatasetRecord, kind: CountedKind) -> list[BetaShare]:
    """Return the posterior of a kind's share of each of its classes, given the last ten years."""
    assert record.kind is not None
    of_kind, whole = (
        record.kind[record.covered],
        record.counts[record.covered][:, list(kind.places)],
    )
    classes, shares = read_scale(record.scale).class_of, []
    for column, class_number in enumerate(kind.places):
        overall = (of_kind[:, column].sum() + 1) / (whole[:, column].sum() + 2)
        recent, among = of_kind[-MIX_MONTHS:, column].sum(), whole[-MIX_MONTHS:, column].sum()
        some = BetaShare(
            recent + WHOLE_RECORD_EVENTS * overall,
            among - recent + WHOLE_RECORD_EVENTS * (1 - overall),
        )
        shares.append(
            ALL if classes.index[classes == class_number].str.startswith(kind.codes).all() else some
        )
    return shares
