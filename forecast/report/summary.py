"""summary.md: a report in eighty words, a table, the rule and the sources, ready to be pasted into a memo."""

from collections.abc import Iterable, Sequence
from typing import Any

from forecast.escaping import markdown
from forecast.outlook import Assessment, NotDefined, level_sentence, quoted
from forecast.report import recorded, words
from forecast.report.facts import facts
from forecast.report.folder import GENERATOR
from forecast.report.material import Material
from forecast.report.skill_box import DyadSkill, skill_sentence
from forecast.report.tables import horizon_column
from forecast.report.vintage import vintage
from forecast.wording import count, day, join

MOST_WORDS = 80
"""In the text above the table, a number and its unit being two words."""
_DIGITS = 12  # of a SHA-256
_INTERVALS = "Brackets hold 90 % equal-tailed intervals."


def summary(material: Material) -> str:
    """Return a report in short as Markdown."""
    result, question = material.result, quoted(material.result)
    lede = words.meaning(result) if question is None else level_sentence(result)
    parts = [
        f"# {markdown(result.label)} relations, outlook as of {day(material.as_of)}",
        "" if material.gate.passed else f"**{words.STAMP}: do not use these numbers.**",
        markdown(" ".join(within(MOST_WORDS, [result.headline, lede, _INTERVALS]))),
        _table(result),
        "" if question is None else f"**How this is resolved.** {markdown(question.rule)}",
        f"**Skill.** {markdown(_skill(material.skill))}",
        *(f"**The data.** {markdown(text)}" for text in material.caveats),
        f"**Sources.** {markdown(_sources(material))}",
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def within(most: int, sentences: Sequence[str]) -> list[str]:
    """Return the first sentence, and of the others those, in order, with which there are at most so many words."""
    kept = list(sentences[:1])
    for sentence in sentences[1:]:
        if len(" ".join([*kept, sentence]).split()) <= most:
            kept.append(sentence)
    return kept


def _table(result: Assessment) -> str:
    if isinstance(result.recorded, NotDefined):
        return _level_table(result)
    heads = ["Window", *recorded.CHANGES.values(), "Share before, %", "Share then, %", "Recorded then"]
    names = [*recorded.CHANGES, "before", "share", "happenings"]
    rows = []
    for window in result.recorded.values():
        cells = recorded.cells(window)
        window_words = f"{count(window.months, 'month')} to {words.period(result, window.until)}"
        rows.append([window_words, *(cells[name] for name in names)])
    return _markdown_table(heads, rows)


def _level_table(result: Assessment) -> str:
    columns = [horizon_column(result, outlook) for outlook in result.improvement.values()]
    shown = ["deterioration", "stability", "improvement"]
    heads = ["In", *(words.ROWS[name] for name in shown), "Share then"]
    rows = [[one["until"], *(one["cells"][name] for name in shown), " ".join(one["level"])] for one in columns]
    return _markdown_table(heads, rows)


def _markdown_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---", *["---:"] * (len(heads) - 1)], *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _skill(found: DyadSkill | NotDefined) -> str:
    # What to do about it is for whoever makes the report, not for whoever reads the memo.
    return "How good such forecasts have been is not known." if isinstance(found, NotDefined) else skill_sentence(found)


def _sources(material: Material) -> str:
    known: dict[str, Any] = facts(material.fit, material.result, material.events)
    files = [
        f"{file['name']} ({count(file['rows'], 'row')}, SHA-256 {file['sha256'][:_DIGITS]}…)" for file in known["files"]
    ]
    counted, made = known["data"]["digest"][:_DIGITS], known["simulation"]
    version = known["fit"].get("versions", {}).get(GENERATOR, "")
    sentences = [
        vintage(material.fit.panel).removesuffix("."),
        f"What was counted has SHA-256 {counted}…" if counted else "",
        f"Files read: {join(files)}" if files else "",
        f"Made with {f'{GENERATOR} {version}'.strip()} from {made['futures']:,} futures of {made['draws']:,} posterior "
        f"draws, seed {made['seed']}",
    ]
    return " ".join(f"{sentence}." for sentence in sentences if sentence)
