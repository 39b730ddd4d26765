"""Creation of questions: unspecified fields are filled in from the current data, and fixed."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Literal

import numpy as np

from forecast.base.arguments import checked
from forecast.base.dates import MAX_HORIZON, Day, add_months, month_end, optional_day
from forecast.base.errors import QuestionError
from forecast.base.limits import described_fraction
from forecast.base.typing import Bool, Dyad
from forecast.data.events.dyads import dyad_labels
from forecast.data.panel.kinds import Panel
from forecast.desk.questions.compound import CompoundQuestion
from forecast.desk.questions.form import MAX_NAME, VERSION, name_of, question_of
from forecast.desk.questions.record import (
    named_dataset,
    record_of,
    require_monthly_counts,
    require_reporting,
)
from forecast.outlook.draws import index_of_dyad
from forecast.outlook.question import (
    Question,
    SingleQuestion,
    terms_of,
)
from forecast.outlook.question_types import FixedBaseline, PassageQuestion
from forecast.outlook.recorded import DatasetRecord, main_dataset
from forecast.outlook.simulations import BASELINE_MONTHS
from forecast.outlook.summary import NotDefined
from forecast.outlook.tone import NO_SCORES, fixed_tone
from forecast.outlook.windows import FEW_BEFORE

BASE_MONTHS = 120
"""Ten years: the base rate is that of their windows."""
SPAN = 12
"""Months of a rolling window, unless another number is asked for."""


@checked
def make_question(
    panel: Panel,
    dyad: Dyad,
    *,
    months: int | None = None,
    last: Day | None = None,
    higher: float | None = None,
    lower: float | None = None,
    baseline_months: int = BASELINE_MONTHS,
    above: float | None = None,
    below: float | None = None,
    measure: Literal["share", "tone"] = "share",
    when: str = "at",
    span: int | None = None,
    level: float | None = None,
    dataset: str | None = None,
    id: str | None = None,
    label: str | None = None,
) -> Question:
    """Make a question about the months after a panel, with what the panel knows fixed in it.

    Exactly one of `higher`, `lower`, `above`, `below` and `level` says what is asked. Events are
    asked for by `make_event_question`.

    Parameters
    ----------
    panel : xarray.Dataset
        Of monthly counts, as of the day of asking.
    dyad : str
        Its code.
    months : int, optional
        Length of the window, which begins after the panel's last month; by default 12.
    last : str or datetime.date, optional
        In place of the length: a day of the last month.
    higher, lower : float, optional
        Whether the share is at least so many points above, or below, that of the last months.
    baseline_months : int
        How many these are.
    above, below : float, optional
        Whether the share is at least, or at most, so many percent.
    measure : {"share", "tone"}
        Whether these four are about the share, or about the tone: the mean Goldstein score of the
        events, in points of that scale, -10 to 10.
    when : {"at", "by", "throughout"}
        Whether the share is that of the window; or that of rolling windows, some of which or all of
        which count.
    span : int, optional
        Months of a rolling window; by default 12.
    level : float, optional
        Whether the latent level is at least so much, percent, in the end. Never resolvable.
    dataset : str, optional
        Which of several datasets records it; by default the main one
        (`forecast.outlook.main_dataset`).
    id : str, optional
        Its name; by default made of what it asks.
    label : str, optional
        Name of the dyad for readers; by default that of ``data/dyads.csv``.

    Returns
    -------
    Question

    Raises
    ------
    QuestionError
        If it makes no sense, is decided already, or the panel cannot answer it.
    UnknownDyadError
        If the panel does not hold the dyad.

    Examples
    --------
    >>> from forecast import build_panel, read_chronology
    >>> from forecast.desk.questions import make_question
    >>> panel = build_panel(read_chronology(), dyads=["USA-CHN"], as_of="2023-10-31")
    >>> question = make_question(panel, "USA-CHN", months=12, higher=5)
    >>> question.id
    'usa-chn-higher-5-2023-11-to-2024-10'
    """
    last = optional_day(last, "last")
    require_monthly_counts(panel)
    index_of_dyad(panel, dyad)
    name, value = _only_choice(
        {"higher": higher, "lower": lower, "above": above, "below": below, "level": level}
    )
    number = main_dataset(panel, dyad) if dataset is None else named_dataset(panel, dataset)
    require_reporting(panel, dyad, number, "dataset")
    record = replace(record_of(panel, dyad, number), label=label or dyad_labels().get(dyad, dyad))
    window = _window(record, months, last)
    if name in ("above", "below", "level") and measure == "share":
        fault = described_fraction(name, value)
        if fault:
            raise QuestionError(fault)
    _require_rolling_share(name, measure, when, span)
    if measure == "tone" and record.goldstein is None:
        raise QuestionError(
            f"measure: {NO_SCORES.reason}, so that they have no tone; ask for the share"
        )
    what = f"{'tone-' if measure == 'tone' else ''}{name}-{value:g}"
    fields: dict[str, Any]
    if name == "level":
        fields = {"kind": "level", "threshold": value}
    else:
        fields = {"compare": "at least" if name in ("higher", "above") else "at most"}
        if measure == "tone":
            fields |= _tone_fields(record, baseline_months, name, value)
        else:
            fields |= _share_fields(record, baseline_months, name, value, when, span or SPAN)
    fields |= {
        "version": VERSION,
        "id": id or _name(dyad, what, fields.get("when", ""), window),
        **terms_of(record, *window),
    }
    question = question_of(
        {key: value for key, value in fields.items() if value is not None}, "question"
    )
    assert isinstance(question, SingleQuestion)
    return question.model_copy(update={"base_rate": base_rate(question, record)})


def _only_choice(choices: Mapping[str, float | None]) -> tuple[str, float]:
    """Return the name and value of the one thing that is asked."""
    chosen = {name: float(value) for name, value in choices.items() if value is not None}
    if len(chosen) != 1:
        named = ", ".join(chosen) or "nothing"
        raise QuestionError(f"question: {named} is asked; expected one of {', '.join(choices)}")
    ((name, value),) = chosen.items()
    return name, value


def _require_rolling_share(name: str, measure: str, when: str, span: int | None) -> None:
    """Reject rolling windows of anything but a share, and their length without them."""
    rolling = when != "at"
    if (rolling or span is not None) and name == "level":
        raise QuestionError("when, span: rolling windows are for shares; leave them out of level")
    if span is not None and not rolling:
        raise QuestionError("span: the length of rolling windows; say `by` or `throughout` as well")
    if measure == "tone" and (name == "level" or rolling):
        raise QuestionError(
            "measure: the tone of a window can be higher, lower, above or below; leave out the rest"
        )


@checked
def joint_question(
    parts: Sequence[Question], *, required: Literal["all", "any"] = "all", id: str | None = None
) -> Question:
    """Make a question on whether all, or any, of several come true.

    Parameters
    ----------
    parts : sequence of Question
        Two to six, as `make_question` or `make_event_question` returns them, of one or several
        dyads and asked as of one day.
    required : {"all", "any"}
        How many of them make it a yes.
    id : str, optional
        Its name; by default made of those of its parts.

    Returns
    -------
    Question
        Its base rate is that of independent parts.

    Raises
    ------
    QuestionError
        If they do not go together; the message names the parts.

    Examples
    --------
    >>> from forecast import build_panel, joint_question, make_question, read_chronology
    >>> dyads = ["USA-CHN", "USA-RUS"]
    >>> panel = build_panel(read_chronology(dyads=dyads), dyads=dyads, as_of="2023-10-31")
    >>> parts = [make_question(panel, dyad, months=12, higher=5) for dyad in dyads]
    >>> question = joint_question(parts)
    >>> question.id
    'usa-chn-higher-5-and-usa-rus-higher-5-2023-11-to-2024-10'
    >>> question.sentence[:42]
    'Both are true. (1) At least 32.66% of the '
    """
    values = {"kind": "joint", "required": required, "parts": [part.plain for part in parts]}
    return _compound(values, parts, "-and-" if required == "all" else "-or-", id)


@checked
def conditional_question(given: Question, then: Question, *, id: str | None = None) -> Question:
    """Make a question on whether one comes true given that another does.

    It is void if that does not.

    Parameters
    ----------
    given : Question
        The condition, as `make_question` returns it.
    then : Question
        What is asked given it, as of the same day.
    id : str, optional
        Its name; by default made of theirs.

    Returns
    -------
    Question
        Its base rate is that of `then`.

    Raises
    ------
    QuestionError
        If they do not go together; the message names the parts.

    Examples
    --------
    >>> from forecast import build_panel, conditional_question, make_question, read_chronology
    >>> panel = build_panel(read_chronology(), dyads=["USA-CHN"], as_of="2023-10-31")
    >>> higher = make_question(panel, "USA-CHN", higher=5)
    >>> above = make_question(panel, "USA-CHN", above=50)
    >>> conditional_question(higher, above).id
    'usa-chn-above-50-given-usa-chn-higher-5-2023-11-to-2024-10'
    """
    values = {"kind": "conditional", "given": given.plain, "then": then.plain}
    return _compound(values, (then, given), "-given-", id)


def _compound(
    values: dict[str, Any], parts: Sequence[Question], link: str, id: str | None
) -> Question:
    """Combine questions, with a name made of theirs and the base rate of independent parts."""
    windows = [f"-{part.first:%Y-%m}-to-{part.last:%Y-%m}" for part in parts]
    alike = len(set(windows)) == 1
    names = [
        part.id.removesuffix(window) if alike else part.id
        for part, window in zip(parts, windows, strict=True)
    ]
    name = link.join(names) + (windows[0] if alike else "")
    question = question_of(
        {"version": VERSION, "id": id or name[:MAX_NAME].strip("-"), **values}, "question"
    )
    assert isinstance(question, CompoundQuestion)
    rates = [(part.base_rate, 1.0) for part in question.parts if part.base_rate is not None]
    if len(rates) < len(question.parts):
        return question
    yes, not_void = question.settle(rates)
    return question.model_copy(update={"base_rate": round(float(yes / not_void), 4)})


def base_rate(question: SingleQuestion, record: DatasetRecord) -> float | None:
    """Return how often the question would have been a yes in windows of the last ten years.

    Every month that is covered to its end ends a window. Windows overlap: n windows of m months
    that are not void are worth n / m separate ones, at least one. To these one yes and one no are
    added, because so few prove little. None of a level, or where no window is over.
    """
    whole_months = np.flatnonzero(record.whole)
    if not question.resolvable or not whole_months.size:
        return None
    months = question.months
    length = months + (len(question.before) if isinstance(question, PassageQuestion) else 0)
    last_stop = int(whole_months[-1]) + 1
    first_stop = max(last_stop + 1 - BASE_MONTHS, length)
    settled = [
        _settle_earlier(question, record, slice(stop - months, stop))
        for stop in range(first_stop, last_stop + 1)
        if record.whole[stop - length : stop].all()
    ]
    yes = sum(bool(is_yes) for is_yes, _ in settled)
    windows = sum(bool(not_void) for _, not_void in settled)
    if not windows:
        return None
    separate = max(windows / length, 1.0)
    return round((yes / windows * separate + 1) / (separate + 2), 4)


def _settle_earlier(
    question: SingleQuestion, record: DatasetRecord, window: slice
) -> tuple[Bool, Bool]:
    """Settle the question for an earlier window, with the months before it of rolling windows."""
    if isinstance(question, PassageQuestion):
        before = _pairs(record, window.start, len(question.before))
        question = question.model_copy(update={"before": before})
    return question.settle(record.months(window))


def _tone_fields(
    record: DatasetRecord, baseline_months: int, name: str, value: float
) -> dict[str, Any]:
    """Return the fields of a question about the tone, with what the record fixes of them."""
    if name in ("above", "below"):
        return {"kind": "tone", "threshold": value}
    before = fixed_tone(record, record.baseline(baseline_months), baseline_months, value)
    if isinstance(before, NotDefined):
        raise QuestionError(
            f"baseline: {before.reason}; compare with other months (baseline_months), or ask "
            "`above`"
        )
    return {"kind": "tone", "baseline": before.model_dump()}


def _share_fields(
    record: DatasetRecord, baseline_months: int, name: str, value: float, when: str, span: int
) -> dict[str, Any]:
    """Return the fields of a question about shares, with what the record fixes of them."""
    if when not in ("at", "by", "throughout"):
        raise QuestionError(f"when: got {when!r:.40}; expected at, by or throughout")
    rolling = when != "at"
    fields: dict[str, Any] = {
        "kind": "passage" if rolling else "share",
        "cooperative": record.cooperative_words,
    }
    if name in ("higher", "lower"):
        before = record.baseline(baseline_months)
        if isinstance(before, NotDefined):
            raise QuestionError(
                f"baseline: {before.reason}; compare with fewer months (baseline_months)"
            )
        if before.share is None:
            raise QuestionError(f"baseline: {FEW_BEFORE.reason}; ask with `above` or `below`")
        fields["baseline"] = FixedBaseline.of(record, before, value).model_dump(by_alias=True)
    else:
        fields["threshold"] = value
    if rolling:
        if not record.covered[-1]:
            raise QuestionError(
                f"when: coverage ends before {record.clock.name()}, so that windows which are half "
                "over cannot be counted; ask as of an earlier day, or `at`"
            )
        fields |= {
            "when": when,
            "span": span,
            "before": _pairs(record, len(record.covered), span - 1),
        }
    return fields


def _name(dyad: str, what: str, when: str, window: tuple[date, date]) -> str:
    """Make a name of what is asked, and of which months."""
    first, last = (f"{day:%Y-%m}" for day in window)
    return name_of([dyad, what, when, first, "to", last])


def _window(record: DatasetRecord, months: int | None, last: date | None) -> tuple[date, date]:
    if months is not None and last is not None:
        raise QuestionError("months, last: two ends of the window; give one of them")
    first = record.clock.last_day() + timedelta(days=1)
    if (months or SPAN) > MAX_HORIZON:
        raise QuestionError(f"months: {months}; expected 1 to {MAX_HORIZON}")
    end = (
        month_end(last) if last is not None else month_end(add_months(first, (months or SPAN) - 1))
    )
    if end < first:
        raise QuestionError(
            f"last: {end:%Y-%m} is not after {record.clock.last_day():%Y-%m}, the month of the "
            "forecast date; ask of a later month"
        )
    return first, end


def _pairs(record: DatasetRecord, stop: int, months: int) -> tuple[tuple[int, int], ...]:
    """Return the numbers of events and of cooperative ones in each of so many months."""
    if months > stop or not record.covered[stop - months : stop].all():
        raise QuestionError(
            f"span: fewer than {months} months before are covered; use a shorter one"
        )
    months_before = slice(stop - months, stop)
    pairs = zip(
        record.total[months_before].tolist(),
        record.cooperative[months_before].tolist(),
        strict=True,
    )
    return tuple((int(n), int(k)) for n, k in pairs)
