"""Tables of a report with the numbers behind them, and its summary.

Figures and tables are written for use in other texts too.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from markupsafe import Markup

from forecast.base.escaping import printable
from forecast.base.files import write_bytes, write_csv, write_text
from forecast.base.wording import DASH, chance, count, day, interval, join, month, number, signed
from forecast.data.drivers import FUTURE_WORDS
from forecast.outlook import (
    Assessment,
    Baseline,
    NotDefined,
    ThresholdOutlook,
    WindowOutlook,
    level_sentence,
    printed_chances,
    printed_changes,
    quoted,
)
from forecast.outlook.datasets import DatasetOutlook
from forecast.outlook.drivers import DriverOutlook
from forecast.outlook.pendulum import HorizonOutlook, printed_percents
from forecast.outlook.tone import SMALLEST_CHANGE
from forecast.outlook.windows import whole_changes
from forecast.plots.outcomes import CHANGES
from forecast.report import illustration, words
from forecast.report.events import cited
from forecast.report.illustration import GENERATOR
from forecast.report.material import Material
from forecast.report.rendering import callable_by_name, fill, phrases
from forecast.report.sets import DAYS, sets_table
from forecast.report.skill.box import skill_sentence, skill_table
from forecast.report.table import Cell, Table
from forecast.report.words import STAMP, listed

ERAS = {"mean": "Mean so far", "equilibrium": "Equilibrium", "ceiling": "Ceiling"}
"""Columns of the table of frameworks; those that the model does not provide are left out."""
ANSWERS = ("Published pool", "Model alone", "Underlying level, model alone")
"""Answers to what a share does, by what they are of, the published one first."""
_LISTS = {
    "recorded": ("recorded",),
    "threshold": ("threshold",),
    "sets": ("sets",),
    "tone": ("tone",),
    "level": ("horizons",),
    "frameworks": ("frameworks", "eras"),
    "dyads": ("dyads",),
    "claims": ("claims",),
    "skill": ("skill", "horizons"),
}
"""By the name of a table, the way to its list in forecast.json."""
_WORDS = {"definition", "interval", "unit", "mc_interval", "numbers"}
"""Fields that tables leave to forecast.json: texts that are the same in every row, and names that
are not."""
WORDS_OF_SUMMARY = 80
"""In the text above the table, a number and its unit being two words."""
_DIGITS = 12  # of a SHA-256
_BRACKETS = "Brackets hold 90% equal-tailed intervals."


def rules(result: Assessment) -> list[tuple[str, str]]:
    """Return how each forecast of what is recorded is resolved, with its title."""
    outlooks: list[WindowOutlook | ThresholdOutlook] = [
        *listed(result.threshold),
        *listed(result.recorded),
    ]
    return [(_title(result, outlook), outlook.rule) for outlook in outlooks]


def cells(window: WindowOutlook) -> dict[str, str]:
    """Format what is said of a window for a table, by name.

    A dash where something is not defined.
    """
    percents, before = printed_changes(window), window.baseline
    texts = {name: chance(percents[name] / 100) if percents else DASH for name in CHANGES}
    texts |= {"before": DASH, "counts": ""}
    if isinstance(before, Baseline):
        texts["counts"] = f"{before.cooperative:,} of {before.events:,}"
        texts["before"] = number(before.share, 0)
    return texts | {"share": words.or_dash(window.share), "events": words.interval(window.events)}


def _title(result: Assessment, question: WindowOutlook | ThresholdOutlook) -> str:
    until = words.period(result, question.until)
    if isinstance(question, WindowOutlook):
        return f"{count(question.months, 'month')} to {until}: higher or lower"
    when = (
        f"A {words.unit(result)} up to"
        if question.rolling
        else f"{count(question.months, 'month')} to"
    )
    return f"{when} {until}: at least {question.threshold:g}%"


def tables_of(material: Material) -> dict[str, Table]:
    """Arrange the tables of a report by name; those without rows are left out."""
    result = material.result
    tables = {
        "recorded": recorded_table(result),
        "answers": answers_table(result),
        "sets": sets_table(material.sets),
        "tone": tone_table(result),
        "tone_kinds": tone_kinds_table(result),
        "level": level_table(result),
        "frameworks": _frameworks(result),
        "dyads": _dyads(material),
        "claims": Table.of(
            ["Claim", "Answer"],
            [(f"{claim.code}. {claim.title}", claim.sentence) for claim in result.claims],
            (0, 1),
        ),
        "skill": None if isinstance(material.skill, NotDefined) else skill_table(material.skill),
        "recent": _recent(material),
        "datasets": _datasets(result.datasets),
        "drivers": _drivers(result.drivers),
    }
    return {name: table for name, table in tables.items() if table and table.rows}


def _heads(result: Assessment, outlooks: Iterable[WindowOutlook | HorizonOutlook]) -> list[Cell]:
    return [
        "",
        *(
            (count(outlook.months, "month"), f"to {words.period(result, outlook.until)}")
            for outlook in outlooks
        ),
    ]


def recorded_table(result: Assessment) -> Table:
    """Arrange what will be recorded by horizon."""
    windows = listed(result.recorded)
    columns = [cells(window) for window in windows]
    rows: list[list[Cell]] = [
        [label, *(column[name] for column in columns)] for name, label in CHANGES.items()
    ]
    if thresholds := [threshold for threshold in listed(result.threshold) if not threshold.rolling]:
        chances = [
            DASH if isinstance(threshold.chance, NotDefined) else chance(threshold.chance.value)
            for threshold in thresholds
        ]
        rows.append([f"At least {thresholds[0].threshold:g}%", *chances])
    rows.append(["Share before, %", *((column["before"], column["counts"]) for column in columns)])
    for name, label in {"share": "Share then, %", "events": "Recorded then"}.items():
        rows.append([label, *(_split(column[name]) for column in columns)])
    return Table.of(_heads(result, windows), rows if columns else [])


def answers_table(result: Assessment) -> Table | None:
    """Arrange the published chances, those of the model alone and those of its level.

    None where nothing is pooled.
    """
    windows = listed(result.recorded)
    if not windows or isinstance(result.pool, NotDefined):
        return None
    changes = {
        ANSWERS[0]: [printed_changes(window) for window in windows],
        ANSWERS[1]: [whole_changes(window.model or {}) for window in windows],
        ANSWERS[2]: [_level_changes(result.improvement[window.months]) for window in windows],
    }
    return Table.of(
        _heads(result, windows),
        [
            [
                f"{name}: {label.lower()}",
                *(
                    chance(changes_of_window[way] / 100) if changes_of_window else DASH
                    for changes_of_window in each
                ),
            ]
            for name, each in changes.items()
            for way, label in CHANGES.items()
        ],
    )


def _level_changes(outlook: HorizonOutlook) -> dict[str, int]:
    """Return the chances of a level by the names of those of a share."""
    percents = printed_percents(outlook)
    return {
        "up": percents["improvement"],
        "same": percents["stability"],
        "down": percents["deterioration"],
    }


def _split(interval: str) -> Cell:
    """Return a median and, below it, its interval."""
    return tuple(interval.split(" ", 1))


def tone_table(result: Assessment) -> Table:
    """Arrange the tone by horizon, as what will be recorded."""
    outlooks = listed(result.tone)
    percents = [printed_changes(outlook) for outlook in outlooks]
    rows: list[list[Cell]] = [
        [label, *(chance(changes[name] / 100) if changes else DASH for changes in percents)]
        for name, label in {"up": "Higher", "same": "Similar", "down": "Lower"}.items()
    ]
    rows.append(["Tone before", *(number(outlook.before, 1) for outlook in outlooks)])
    then = (None if isinstance(outlook.tone, NotDefined) else outlook.tone for outlook in outlooks)
    ends = [
        DASH if tone is None else _split(interval(tone.median, tone.low, tone.high, 1))
        for tone in then
    ]
    return Table.of(
        _heads(result, listed(result.recorded)), [*rows, ["Tone then", *ends]] if outlooks else []
    )


def tone_kinds_table(result: Assessment) -> Table | None:
    """Arrange what each kind added to the tone of the last months, and to its change."""
    if isinstance(result.tone, NotDefined):
        return None
    return Table.of(
        ["Kind", "Events", "Mean score", "Part of the tone", "Change"],
        [
            (
                kind.kind,
                f"{kind.events:,}",
                number(kind.score, 1),
                number(kind.part, 2),
                signed(kind.change, 2),
            )
            for kind in result.tone_kinds
        ],
    )


def _datasets(outlooks: Sequence[DatasetOutlook]) -> Table:
    heads = (
        "Dataset",
        "covers",
        "events",
        "reads higher by, points",
        "of that since its beginning",
        "a busy month is worth",
        "level without its last two years",
        "years apart",
    )
    return Table.of(
        heads,
        [
            (
                f"{outlook.name} (main)" if outlook.main else outlook.name,
                f"{month(outlook.first, short=True)} to {month(outlook.last, short=True)}",
                number(outlook.events),
                *map(
                    words.or_dash,
                    (outlook.offset, outlook.drift, outlook.concentration, outlook.without),
                ),
                join([str(year) for year in outlook.disagrees]) or DASH,
            )
            for outlook in outlooks
        ],
        (0, 1, 7),
    )


def _drivers(drivers: Sequence[DriverOutlook]) -> Table:
    acts = {"month": "the month alone", "cycle": "the cycle", "trend": "the trend"}
    return Table.of(
        ("Driver", "acts on", "adds, points", "chance that it helps", "now", "ahead it"),
        [
            (
                driver.name,
                acts[driver.acts],
                words.interval(driver.points, 1),
                chance(driver.positive.value),
                number(driver.now),
                FUTURE_WORDS[driver.future],
            )
            for driver in drivers
        ],
        (0, 1, 5),
    )


def level_table(result: Assessment) -> Table:
    """Arrange the chances of the level by horizon."""
    outlooks = list(result.improvement.values())
    columns = [
        printed_chances(outlook) | {"new_framework": chance(outlook.new_framework.value)}
        for outlook in outlooks
    ]
    rows: list[list[Cell]] = [
        [label, *(column[name] for column in columns)] for name, label in words.ROWS.items()
    ]
    rows.append(["Share then", *(_split(words.interval(outlook.level)) for outlook in outlooks)])
    return Table.of(_heads(result, outlooks), rows)


def _frameworks(result: Assessment) -> Table:
    eras = result.frameworks.eras
    shown = {name: [words.or_dash(getattr(era, name)) for era in eras] for name in ERAS}
    columns = {name: cells for name, cells in shown.items() if set(cells) != {DASH}}
    names = [(era.name, f"{era.start:%Y}–{f'{era.end:%Y}' if era.end else ''}") for era in eras]
    return Table.of(
        ["Framework", *(ERAS[name] for name in columns)], zip(names, *columns.values(), strict=True)
    )


def _dyads(material: Material) -> Table:
    return Table.of(
        ("Dyad", "Share now", "Current equilibrium", "Half-life, months"),
        [
            (brief.label, *map(words.or_dash, (brief.level, brief.equilibrium, brief.half_life)))
            for brief in (material.result.brief, *material.others)
        ],
    )


def _recent(material: Material) -> Table:
    return Table.of(
        ("Day", "Who", "What", "Kind", "Source"),
        [
            (
                Markup('<time datetime="{}">{}</time>').format(event["date"], day(event["date"])),
                event["who"],
                event["what"],
                Markup('<span class="side {}"></span>{}').format(event["side"], event["kind"]),
                cited(event["source"]),
            )
            for event in material.recent.to_dict("records")
        ],
        range(5),
    )


def frames(material: Material, content: Mapping[str, Any]) -> dict[str, pd.DataFrame]:
    """Tabulate the numbers of a report, by the name of the table.

    Those without rows are left out.
    """
    lists = {name: _list(content, keys) for name, keys in _LISTS.items()}
    frames_by_name = {
        name: pd.DataFrame([dict(_flat(row)) for row in rows], dtype=object)
        for name, rows in lists.items()
    }
    frames_by_name["sets"] = pd.DataFrame(list(_set_windows(_list(content, _LISTS["sets"]))))
    frames_by_name["recent"] = material.recent
    return {name: frame for name, frame in frames_by_name.items() if len(frame)}


def _list(content: Mapping[str, Any], keys: Iterable[str]) -> list[dict[str, Any]]:
    """Return a list of forecast.json; an empty one where it is not defined."""
    node: Any = content
    for key in keys:
        node = node.get(key) if isinstance(node, Mapping) else None
    return node if isinstance(node, list) else []


def _set_windows(sets: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield a row per set of events and window, which `forecast.json` lists by set."""
    for outlook in sets:
        for days, likely, expected in zip(
            DAYS, outlook["chances"], outlook["expected"], strict=True
        ):
            yield {
                "set": outlook["set"],
                "days": days,
                "chance": likely,
                "expected": expected,
                "note": outlook["note"],
            }


def _flat(node: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in node.items():
        if key in _WORDS:
            continue
        if isinstance(value, Mapping):
            yield from _flat(value, f"{path}{key}_")
        else:
            yield f"{path}{key}", value


def summary(material: Material) -> str:
    """Return a report in short as Markdown."""
    result, question, provenance = material.result, quoted(material.result), material.facts
    lede = words.meaning(result) if question is None else level_sentence(result)
    shown = recorded_table(result) if listed(result.recorded) else level_table(result)
    # The remedy of an unknown skill is for the author of the report, not for the readers of the
    # memo.
    how_good = "How good such forecasts have been is not known."
    if not isinstance(material.skill, NotDefined):
        how_good = " ".join(filter(None, (material.skill.record, skill_sentence(material.skill))))
    return fill(
        "summary.md.j2",
        vars(material)
        | {
            "question": question,
            "stamp": STAMP,
            "lede": " ".join(within(WORDS_OF_SUMMARY, [result.headline, lede, _BRACKETS])),
            "table": shown.transposed("Window").markdown(),
            "digits": _DIGITS,
            "how_good": how_good,
            "files": [
                f"{file['name']} ({count(file['rows'], 'row')}, SHA-256 "
                f"{file['sha256'][:_DIGITS]}…)"
                for file in provenance["files"]
            ],
            "maker": (
                f"{GENERATOR} {provenance['fit'].get('versions', {}).get(GENERATOR, '')}"
            ).strip(),
        },
    )


def within(most: int, sentences: Sequence[str]) -> list[str]:
    """Return the first sentence, and as many others, in order, as a number of words allows."""
    kept = list(sentences[:1])
    for sentence in sentences[1:]:
        if len(" ".join([*kept, sentence]).split()) <= most:
            kept.append(sentence)
    return kept


def write_export(
    folder: Path,
    material: Material,
    figures: Mapping[str, illustration.Illustration],
    content: Mapping[str, Any],
) -> None:
    """Write figures and tables for other texts.

    Figures are SVG, PNG and PDF with one text of their captions, and tables CSV and for LaTeX.
    """
    stamp = "" if material.gate.passed else STAMP
    for name, frame in frames(material, content).items():
        write_csv(folder / f"table-{name}.csv", frame.assign(stamp=stamp) if stamp else frame)
    source = f"{GENERATOR}: {material.result.label} relations, outlook as of {day(material.as_of)}"
    facts = {
        "helpers": callable_by_name(words.meaning),
        "result": material.result,
        "smallest_change": SMALLEST_CHANGE,
    }
    caption = phrases("captions.j2", facts | {"how_good": skill_sentence(material.skill)})
    for name, table in tables_of(material).items():
        said = ". ".join(filter(None, (stamp, caption(name))))
        text = fill(
            "table.tex.j2", {"table": table, "name": name, "caption": said, "source": source}
        )
        write_text(folder / f"table-{name}.tex", text)
    for name, figure in figures.items():
        write_text(folder / f"figure-{name}.svg", illustration.titled_svg(figure))
        write_bytes(folder / f"figure-{name}.png", illustration.drawn_as("png", figure.draw))
        write_bytes(folder / f"figure-{name}.pdf", illustration.drawn_as("pdf", figure.draw))
    captions = [
        f"{name}\n{printable(figure.caption)}\nIn words: {printable(figure.alt)}\n"
        for name, figure in figures.items()
    ]
    write_text(folder / "captions.txt", "\n".join(captions))
