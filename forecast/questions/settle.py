"""Whether a question's answer is yes: for what was recorded, and for simulated futures, by the same few lines."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from forecast.outlook.window import ROUNDING, followed_by, moved, reached, shares_of
from forecast.typing import Bool, Float, Index

if TYPE_CHECKING:
    from forecast.questions.question import Question


@dataclass(frozen=True)
class WindowCounts:
    """What the months of a question's window hold, recorded or simulated; the last axis is the month."""

    total: Index  # Happenings, and how many of them are cooperative
    cooperative: Index
    kind: Index | None = None  # How many are of the kind that a count asks for


def settle(question: "Question", counts: WindowCounts) -> tuple[Bool, Bool]:
    """Return whether the answer is yes, and whether there is one: that it is not void."""
    if question.kind == "count":
        assert counts.kind is not None and question.at_least is not None
        return np.asarray(counts.kind.sum(axis=-1) >= question.at_least), np.ones(counts.kind.shape[:-1], dtype=bool)
    if question.kind == "passage":
        return _settle_passage(question, counts)
    total = counts.total.sum(axis=-1)
    there = total >= question.fewest
    return there & _holds(question, shares_of(total, counts.cooperative.sum(axis=-1))), there


def _settle_passage(question: "Question", counts: WindowCounts) -> tuple[Bool, Bool]:
    assert question.span is not None and question.before is not None
    past = np.array(question.before, dtype=np.int64).reshape(-1, 2)
    total, cooperative = (
        followed_by(past[:, side], ahead) for side, ahead in enumerate((counts.total, counts.cooperative))
    )
    n, k = (_rolling(values, question.span) for values in (total, cooperative))
    there = n >= question.fewest
    holds = _holds(question, shares_of(n, k))
    yes = (there & holds).any(axis=-1) if question.when == "by" else (holds | ~there).all(axis=-1)
    some = there.any(axis=-1)
    return yes & some, some


def _holds(question: "Question", share: Float) -> Bool:
    """Whether shares lie on the side that is asked for."""
    upward = question.compare == "at least"
    if question.baseline is not None:
        up, down = moved(share, question.baseline.share, question.baseline.points)
        return up if upward else down
    return reached(share, question.bound) if upward else np.asarray(share <= question.bound + ROUNDING)


def _rolling(values: Index, span: int) -> Index:
    windows = np.lib.stride_tricks.sliding_window_view(values, span, axis=-1)
    return np.asarray(windows.sum(axis=-1))
