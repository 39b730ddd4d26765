"""Questions that data decide, what was said of them, and what came of it (docs/questions.md)."""

from forecast.questions.ask import make_question
from forecast.questions.probability import Answer, answer_question, settle_futures
from forecast.questions.question import FixedBaseline, Question, question_of, read_question, write_question
from forecast.questions.resolve import Resolution, resolve_question

__all__ = [
    "Answer",
    "FixedBaseline",
    "Question",
    "Resolution",
    "answer_question",
    "make_question",
    "question_of",
    "read_question",
    "resolve_question",
    "settle_futures",
    "write_question",
]
