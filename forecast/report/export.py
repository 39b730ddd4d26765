"""Files for use in other texts: summary.md, figures as SVG, PNG and PDF, tables as CSV and LaTeX."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from forecast import wording
from forecast.escaping import markdown, printable
from forecast.files import write_bytes, write_csv, write_text
from forecast.outlook import Assessment, NotDefined, level_sentence, quoted
from forecast.report import style, tables, words
from forecast.report.material import Material
from forecast.report.provenance import vintage
from forecast.report.skill import DyadSkill, skill_sentence
from forecast.report.style import GENERATOR
from forecast.report.table import Table
from forecast.report.tables import frames, tables_of
from forecast.report.words import STAMP
from forecast.wording import count, day, join

MOST_WORDS = 80
"""In the text above the table, a number and its unit being two words."""
_DIGITS = 12  # of a SHA-256
_INTERVALS = "Brackets hold 90% equal-tailed intervals."


def summary(material: Material) -> str:
    """Return a report in short as Markdown."""
    result, question = material.result, quoted(material.result)
    lede = words.meaning(result) if question is None else level_sentence(result)
    parts = [
        f"# {markdown(result.label)} relations, outlook as of {day(material.as_of)}",
        "" if material.gate.passed else f"**{words.STAMP}: do not use these numbers.**",
        markdown(" ".join(within(MOST_WORDS, [result.headline, lede, _INTERVALS]))),
        _summary_table(result).markdown(),
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


def _summary_table(result: Assessment) -> Table:
    if windows := tables.windows_of(result):
        names = [*tables.CHANGES, "before", "share", "events"]
        return Table.of(
            ["Window", *tables.CHANGES.values(), "Share before, %", "Share then, %", "Recorded then"],
            [[f"{count(one.months, 'month')} to {words.period(result, one.until)}",
              *(cells[name] for name in names)] for one in windows if (cells := tables.cells(one))],
        )  # fmt: skip
    shown = ["deterioration", "stability", "improvement"]
    return Table.of(["In", *(words.ROWS[name] for name in shown), "Share then"], [
        [words.period(result, one.until), *(tables.level_cells(one)[name] for name in shown), words.interval(one.level)]
        for one in result.improvement.values()
    ])  # fmt: skip


def _skill(found: DyadSkill | NotDefined) -> str:
    # The remedy is for the author of the report, not for the readers of the memo.
    return "How good such forecasts have been is not known." if isinstance(found, NotDefined) else skill_sentence(found)


def _sources(material: Material) -> str:
    known = material.facts
    files = [
        f"{file['name']} ({count(file['rows'], 'row')}, SHA-256 {file['sha256'][:_DIGITS]}…)" for file in known["files"]
    ]
    counted, made = known["data"]["digest"][:_DIGITS], known["simulation"]
    version = known["fit"].get("versions", {}).get(GENERATOR, "")
    sentences = [
        vintage(material.fit.panel).removesuffix("."),
        f"What was counted has SHA-256 {counted}…" if counted else "",
        f"Files read: {join(files)}" if files else "",
        f"Made with {f'{GENERATOR} {version}'.strip()} from {made['simulations']:,} simulations of {made['draws']:,} "
        f"posterior draws, seed {made['seed']}",
    ]
    return " ".join(f"{sentence}." for sentence in sentences if sentence)


def write_export(
    folder: Path, material: Material, figures: Mapping[str, style.Illustration], content: Mapping[str, Any]
) -> None:
    """Write figures and tables of a report into a folder of their own."""
    write_figures(folder, figures)
    passed = material.gate.passed
    for name, frame in frames(material, content).items():
        write_csv(folder / f"table-{name}.csv", frame if passed else frame.assign(stamp=STAMP))
    source = f"{GENERATOR}: {material.result.label} relations, outlook as of {wording.day(material.as_of)}"
    for name, table in tables_of(material).items():
        shown = table if passed else table.stamped(STAMP)
        write_text(folder / f"table-{name}.tex", shown.latex(name, source))


def write_figures(folder: Path, figures: Mapping[str, style.Illustration]) -> None:
    """Write each figure as SVG, PNG and PDF, and all captions as one text."""
    for name, figure in figures.items():
        write_text(folder / f"figure-{name}.svg", figure.wide)
        write_bytes(folder / f"figure-{name}.png", style.png(figure))
        write_bytes(folder / f"figure-{name}.pdf", style.pdf(figure))
    captions = [
        f"{name}\n{printable(figure.caption)}\nIn words: {printable(figure.alt)}\n" for name, figure in figures.items()
    ]
    write_text(folder / "captions.txt", "\n".join(captions))
