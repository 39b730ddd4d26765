"""Questions with rules for their resolution from data, forecasts of them, and outcomes (docs/questions.md)."""

from forecast.outlook.question import (
    CountQuestion,
    FixedBaseline,
    LevelQuestion,
    PassageQuestion,
    Question,
    ShareQuestion,
)
from forecast.questions.answer import Answer, PutQuestion, answer_question, put_question
from forecast.questions.ask import conditional_question, joint_question, make_question
from forecast.questions.deciding import deciding_rows
from forecast.questions.event_question import EventQuestion
from forecast.questions.events import answer_events, make_event_question, resolve_events
from forecast.questions.explain import attribute_question
from forecast.questions.form import ConditionalQuestion, JointQuestion, question_of, read_question, write_question
from forecast.questions.history import Draft, History, LedgerEntry
from forecast.questions.ledger import Ledger, answered, append_entries, asked, resolved
from forecast.questions.merging import Merged, merge_ledger
from forecast.questions.outside import OutsideQuestion
from forecast.questions.resolution import Resolution, resolve_question
from forecast.questions.track_record import TrackRecord

__all__ = [
    "Answer", "ConditionalQuestion", "CountQuestion", "Draft", "EventQuestion", "FixedBaseline", "History",
    "JointQuestion", "Ledger", "LedgerEntry", "LevelQuestion", "Merged", "OutsideQuestion", "PassageQuestion",
    "PutQuestion", "Question", "Resolution", "ShareQuestion", "TrackRecord", "answer_events", "answer_question",
    "answered", "append_entries", "asked", "attribute_question", "conditional_question", "deciding_rows",
    "joint_question",
    "make_event_question", "make_question", "merge_ledger", "put_question", "question_of", "read_question",
    "resolve_events", "resolve_question", "resolved", "write_question",
]  # fmt: skip
