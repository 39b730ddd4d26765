"""Questions that data resolve, their forecasts and their outcomes (docs/questions.md).

Public names are imported on first use: a question about events needs no fit.
"""

from typing import TYPE_CHECKING

from forecast.base.exports import exporter

if TYPE_CHECKING:
    from forecast.desk.questions.answer import Answer as Answer
    from forecast.desk.questions.answer import answer_question as answer_question
    from forecast.desk.questions.appending import append_entries as append_entries
    from forecast.desk.questions.applied_question import AppliedQuestion as AppliedQuestion
    from forecast.desk.questions.applied_question import apply_question as apply_question
    from forecast.desk.questions.ask import conditional_question as conditional_question
    from forecast.desk.questions.ask import joint_question as joint_question
    from forecast.desk.questions.ask import make_question as make_question
    from forecast.desk.questions.compound import ConditionalQuestion as ConditionalQuestion
    from forecast.desk.questions.compound import JointQuestion as JointQuestion
    from forecast.desk.questions.deciding import deciding_rows as deciding_rows
    from forecast.desk.questions.drafts import answered as answered
    from forecast.desk.questions.drafts import asked as asked
    from forecast.desk.questions.drafts import resolved as resolved
    from forecast.desk.questions.entry import Draft as Draft
    from forecast.desk.questions.entry import LedgerEntry as LedgerEntry
    from forecast.desk.questions.event_question import EventQuestion as EventQuestion
    from forecast.desk.questions.events import answer_events as answer_events
    from forecast.desk.questions.events import make_event_question as make_event_question
    from forecast.desk.questions.explain import attribute_question as attribute_question
    from forecast.desk.questions.form import question_of as question_of
    from forecast.desk.questions.form import read_question as read_question
    from forecast.desk.questions.form import write_question as write_question
    from forecast.desk.questions.history import History as History
    from forecast.desk.questions.ledger import Ledger as Ledger
    from forecast.desk.questions.merging import Merged as Merged
    from forecast.desk.questions.merging import merge_ledger as merge_ledger
    from forecast.desk.questions.outside import OutsideQuestion as OutsideQuestion
    from forecast.desk.questions.resolution import Resolution as Resolution
    from forecast.desk.questions.resolution import resolve_events as resolve_events
    from forecast.desk.questions.resolution import resolve_question as resolve_question
    from forecast.desk.questions.track_record import TrackRecord as TrackRecord
    from forecast.outlook.question import Question as Question
    from forecast.outlook.question_types import FixedBaseline as FixedBaseline
    from forecast.outlook.question_types import LevelQuestion as LevelQuestion
    from forecast.outlook.question_types import PassageQuestion as PassageQuestion
    from forecast.outlook.question_types import ShareQuestion as ShareQuestion

_NAMES_BY_MODULE = {
    "forecast.desk.questions.answer": (
        "Answer",
        "answer_question",
    ),
    "forecast.desk.questions.applied_question": (
        "AppliedQuestion",
        "apply_question",
    ),
    "forecast.desk.questions.appending": ("append_entries",),
    "forecast.desk.questions.ask": (
        "conditional_question",
        "joint_question",
        "make_question",
    ),
    "forecast.desk.questions.deciding": ("deciding_rows",),
    "forecast.desk.questions.drafts": (
        "answered",
        "asked",
        "resolved",
    ),
    "forecast.desk.questions.entry": (
        "Draft",
        "LedgerEntry",
    ),
    "forecast.desk.questions.event_question": ("EventQuestion",),
    "forecast.desk.questions.events": (
        "answer_events",
        "make_event_question",
    ),
    "forecast.desk.questions.explain": ("attribute_question",),
    "forecast.desk.questions.compound": (
        "ConditionalQuestion",
        "JointQuestion",
    ),
    "forecast.desk.questions.form": (
        "question_of",
        "read_question",
        "write_question",
    ),
    "forecast.desk.questions.history": ("History",),
    "forecast.desk.questions.ledger": ("Ledger",),
    "forecast.desk.questions.merging": (
        "Merged",
        "merge_ledger",
    ),
    "forecast.desk.questions.outside": ("OutsideQuestion",),
    "forecast.desk.questions.resolution": (
        "Resolution",
        "resolve_events",
        "resolve_question",
    ),
    "forecast.desk.questions.track_record": ("TrackRecord",),
    "forecast.outlook.question": ("Question",),
    "forecast.outlook.question_types": (
        "FixedBaseline",
        "LevelQuestion",
        "PassageQuestion",
        "ShareQuestion",
    ),
}
"""What is exported, by the module that defines it."""

__all__, __getattr__ = exporter(__name__, _NAMES_BY_MODULE)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
