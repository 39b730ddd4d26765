"""The sentence of a question, which a stranger could resolve, and the rule by which it is resolved."""

from typing import TYPE_CHECKING

from forecast.outlook.resolution import data_rule, noun_for, source_words
from forecast.wording import capital, count, day, month, number, percent

if TYPE_CHECKING:
    from forecast.questions.question import Question

NEVER = "Data never decide it: the level is estimated, and no later data say what it was."


def sentence_of(question: "Question") -> str:
    """Return a question as a sentence that is true if the answer is yes."""
    return {"share": _share, "passage": _passage, "count": _count, "level": _level}[question.kind](question)


def rule_of(question: "Question") -> str:
    """Return by which data, and how, a question is resolved, and when it is void."""
    if question.kind == "level":
        return NEVER
    data = data_rule(question.dataset, question.dyad, question.last, joint=question.joint)
    asked = f"Asked as of {day(question.asked)} (SHA-256 {question.data[:12]}…)."
    late = f"no such edition by {day(question.void_after)}"
    if question.kind == "count":
        return f"{data} {asked} Void: {late}."
    where = "in every window" if question.kind == "passage" else "in it"
    few = f"fewer than {count(question.fewest, noun_for(question.joint))} {where}"
    fixed = "" if not question.before else f" What windows hold of days up to {day(question.asked)} is fixed."
    cooperative = f"Cooperative: {question.cooperative}. All else is hostile."
    return f"{data} {cooperative} {asked}{fixed} Void: {few}, or {late}."


def _share(question: "Question") -> str:
    return (
        f"{question.compare.capitalize()} {_bound(question)} of the {_counted(question)} from {_window(question)} are "
        f"cooperative{_compared(question)}."
    )


def _passage(question: "Question") -> str:
    span = "a month" if question.span == 1 else f"{question.span} months in a row"
    share = f"{question.compare} {_bound(question)} of the {_counted(question)} are cooperative{_compared(question)}"
    if question.when == "by":
        return f"In {span} that end with a month from {_window(question)}, {share}."
    return f"Whenever {span} end with a month from {_window(question)}, {share}, void ones left out."


def _count(question: "Question") -> str:
    means = f" ({question.means})" if question.means else ""
    least = f"{question.at_least:,} {question.label} {noun_for(question.joint)}{'' if question.at_least == 1 else 's'}"
    kind = f"of the kind “{question.of}”{means}"
    return f"{capital(source_words(question.dataset))} records at least {least} {kind} from {_window(question)}."


def _level(question: "Question") -> str:
    return (
        f"The level of {question.label} relations, as a share of cooperative actions, is {question.compare} "
        f"{_bound(question)} in {month(question.last)} (an estimate, never resolvable)."
    )


def _bound(question: "Question") -> str:
    return f"{number(question.bound, 2)} %" if question.baseline else f"{question.bound:g} %"


def _compared(question: "Question") -> str:
    fixed = question.baseline
    if fixed is None:
        return ""
    way = "more" if question.compare == "at least" else "less"
    parts = f"{fixed.cooperative:,} of {fixed.happenings:,}"
    return (
        f", {count(fixed.points, 'point')} {way} than the {percent(fixed.share / 100, 2)} ({parts}) from "
        f"{day(fixed.first)} to {day(fixed.last)}"
    )


def _counted(question: "Question") -> str:
    return f"{question.label} {noun_for(question.joint)}s that {source_words(question.dataset)} records"


def _window(question: "Question") -> str:
    return f"{day(question.first)} to {day(question.last)}"
