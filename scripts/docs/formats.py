"""Pages on file formats, from records of the code and from the descriptions in contents.yaml."""

import inspect
import re
from collections.abc import Iterable
from dataclasses import is_dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml

import forecast.outlook
from forecast.data.archive.catalogue import Entry
from forecast.data.archive.segments import REJECTED_COLUMNS, ROW_COLUMNS
from forecast.data.calendar_drivers import DRIVERS
from forecast.data.events.mapping import (
    CountedClass,
    CountsMapping,
    FileForm,
    IndexMapping,
    TableMapping,
)
from forecast.data.fetch.manifest import ExpectedFile
from forecast.data.panel.kinds import EVENTS, INDEX, VARIABLES
from forecast.data.sources import Source
from forecast.desk.questions.compound import ConditionalQuestion, JointQuestion
from forecast.desk.questions.entry import (
    AnsweredEntry,
    AskedEntry,
    ConfirmedEntry,
    LedgerEntry,
    PricedEntry,
    ResolvedEntry,
    WithdrawnEntry,
)
from forecast.desk.questions.event_question import CountQuestion, EventQuestion
from forecast.desk.questions.outside import OutsideQuestion
from forecast.model.variables import all_variables
from forecast.outlook import question, question_types
from forecast.outlook.assessment import Assessment
from forecast.outlook.scenarios import RealisedWindow, Scenario, Scenarios
from forecast.outlook.windows import Prospect, QuestionOutlook
from forecast.report.pairs_page import Pair
from forecast.report.skill.comparison import Compared
from forecast.report.skill.dyad import DyadSkill, HorizonSkill
from forecast.study.evaluation.misses import RULE
from forecast.study.hypotheses.family import FamilyRate
from forecast.study.hypotheses.outcome import NullSets, Outcome, Picture
from forecast.study.hypotheses.plan import DataDigest, Plan
from forecast.study.hypotheses.power_tables import Rate
from forecast.study.hypotheses.results import DyadResult, PooledResults, PooledVerdict

from .fields import Described, fields_of
from .text import code, table

type Section = tuple[str, str, list[Described]]
"""Heading, words below it, and the fields."""
type Page = tuple[str, str, list[Section]]
"""Title, words below it, and the sections."""

POSTERIOR = (
    'Dims `chain`, `draw` and those named, and the unit (`attrs["units"]`); a period is a month or '
    "week. Variables "
    'that the spec does not have are absent; with `trend="constant"` the trend is `mu`.'
)
ROWS = (
    "Columns of segments below `rows`. A line of POLECAT can have several rows, one per pair of "
    "states."
)
MAPPINGS = (
    ("Every table", FileForm),
    ("Events", TableMapping),
    ("Counts", CountsMapping),
    ("A class of counts", CountedClass),
    ("Index", IndexMapping),
)
KINDS = {"i": "int", "b": "bool", "f": "float", "M": "datetime64", "U": "text", "O": "text"}


def format_pages() -> dict[str, str]:
    """Return the page of every format."""
    return {f"{name}.md": _text(page) for name, page in sorted(_pages().items())}


def _pages() -> dict[str, Page]:
    return {
        "archive": _archive(),
        "drivers": (
            "Covariates and calendar",
            "For [drivers](../drivers.md).",
            [
                (
                    "Covariates",
                    "A CSV file in UTF-8 with one row per month, or more where a value was "
                    "revised.",
                    contents("covariates"),
                ),
                (
                    "calendar.csv",
                    "Scheduled facts that the package embeds.",
                    contents("calendar.csv"),
                ),
                (
                    "Drivers of the calendar",
                    "Zero or one in every month; the months in which each is one:",
                    [Described(entry.name, "", entry.words) for entry in DRIVERS],
                ),
            ],
        ),
        "events": (
            "The event table",
            "Columns of `EventTable.events`, sorted by `date` and `event_id`.",
            [
                ("Columns", "", contents("events")),
                ("Further columns of feeds", "", contents("events of feeds")),
                ("Attributes of a table", "", contents("event table")),
                ("Counts", "Columns of `CountTable.counts`.", contents("counts")),
            ],
        ),
        "fetch-json": (
            "fetch.json",
            "The manifest of a folder of [fetched files](../fetching.md). Schema 1.",
            [
                ("The file", "", contents("fetch.json")),
                ("A file that is expected", "", _kept(ExpectedFile)),
            ],
        ),
        "fit": _fit(),
        "forecast-json": (
            "forecast.json",
            "Numbers of a report. **Read `converged` first.** Version 2.",
            [
                ("The file", "", contents("forecast.json", Assessment)),
                ("What will be recorded", _of("WindowOutlook"), contents("window")),
                ("A horizon", _of("HorizonOutlook"), contents("horizon")),
                ("A probability", _of("Probability"), contents("probability")),
                _record("Skill", DyadSkill),
                _record("Skill at a horizon", HorizonSkill),
                _record("A comparison", Compared),
                ("Provenance", "", contents("provenance")),
                ("Data", "", contents("data")),
                ("levels.csv", "The level of every dyad of the fit.", contents("levels.csv")),
            ],
        ),
        "ledger": (
            "Ledger and track record",
            "JSON lines of [questions](../questions.md), one entry each. Schema 1.",
            [
                _record("An entry", LedgerEntry),
                *[
                    (entry.__name__.removesuffix("Entry").lower(), "", _own(entry))
                    for entry in (
                        AskedEntry,
                        AnsweredEntry,
                        PricedEntry,
                        ConfirmedEntry,
                        ResolvedEntry,
                        WithdrawnEntry,
                    )
                ],
                (
                    "track_record.json",
                    "Written by `forecast question score --out`.",
                    contents("track_record.json"),
                ),
            ],
        ),
        "explain-json": (
            "explain.json and change.json",
            "Numbers from draws are `value` and `mcse`.",
            [
                ("explain.json", "", contents("explain.json")),
                (
                    "explain.csv",
                    "One row per event, with `level_added`, `level_error`, `level_alone` and so "
                    "on.",
                    [],
                ),
                ("change.json", "", contents("change.json")),
            ],
        ),
        "mapping": (
            "Mapping",
            "A YAML or JSON file that says which [column](../events.md) holds which field.",
            [
                (
                    title,
                    _doc(kind),
                    [_with_default(entry) for entry in fields_of(kind, without_inherited=True)],
                )
                for title, kind in MAPPINGS
            ],
        ),
        "outlook": _outlook(),
        "pairs-json": (
            "pairs.json",
            "Written by `forecast monday` and `forecast report --all`.",
            [
                ("The file", "", contents("pairs.json")),
                _record("A pair", Pair),
            ],
        ),
        "panel": _panel(),
        "plan": (
            "Plan of tests",
            "Every choice of a run of [tests](../hypotheses.md#plan-first). Version 2.",
            [
                _record("The file", Plan),
                _record("Source", Source),
                _record("Data", DataDigest),
            ],
        ),
        "question": _question(),
        "scenario-json": (
            "scenario.json",
            "**Read `converged` first**, then `usable` of every scenario. Version 1.",
            [
                ("The file", "", contents("scenario.json", Scenarios)),
                (
                    "A scenario",
                    "The outlook given what one scenario assumes.",
                    [
                        *[entry for entry in fields_of(Scenario) if entry.name != "fault"],
                        *contents("scenario"),
                    ],
                ),
                _record("What followed", RealisedWindow),
                _record("With and without", Prospect),
                _record("A question", QuestionOutlook),
            ],
        ),
        "skill-json": (
            "skill.json",
            "Results of [backtests](../skill.md). Schema 4.",
            [
                ("skill.json", "", contents("skill.json")),
                ("account", "", contents("account")),
                ("misses", RULE, contents("misses")),
                *[(name, "", contents(name)) for name in ("without", "rows")],
                (
                    "cases.csv.gz",
                    "One row per forecast; `tone.csv.gz` has the same of tones.",
                    contents("cases.csv.gz"),
                ),
            ],
        ),
        "tests-json": (
            "tests.json and tests.csv",
            "Results of `forecast test`, with natural logarithms. Version 4.",
            [
                ("The file", "", contents("tests.json", PooledResults)),
                ("A claim", "", contents("claim", PooledVerdict, Outcome)),
                _record("A rate", Rate),
                _record("All claims together", FamilyRate),
                _record("Null sets", NullSets),
                _record("A picture", Picture),
                _record("A dyad", DyadResult),
                ("tests.csv", "One row per number.", contents("tests.csv")),
            ],
        ),
    }


def contents(name: str, *kinds: type[Any]) -> list[Described]:
    """Return the keys or columns of a file that is not one record of the code.

    Those without words are of `kinds`.
    """
    fields = {field.name: field.words for kind in kinds for field in fields_of(kind)}
    rows = []
    for names, words in _written()[name].items():
        for number, field in enumerate(str(names).split(", ")):
            rows.append(Described(field, "", "" if number else words or fields[field]))
    return rows


@cache
def _written() -> dict[str, dict[str, str | None]]:
    contents_by_kind: dict[str, dict[str, str | None]] = yaml.safe_load(
        Path(__file__).with_name("contents.yaml").read_text("utf-8")
    )
    return contents_by_kind


def _record(title: str, kind: type[Any]) -> Section:
    """Return the section of a class under a heading."""
    return title, _doc(kind), fields_of(kind)


def _own(kind: type[Any]) -> list[Described]:
    """Return the fields that a class itself declares; its kind is in the heading."""
    return [field for field in fields_of(kind, without_inherited=True) if field.name != "kind"]


def _kept(kind: type[Any]) -> list[Described]:
    """Return the fields of a pydantic model that are written."""
    return [field for field in fields_of(kind) if not kind.model_fields[field.name].exclude]


def _doc(kind: type[Any]) -> str:
    """Return the summary of a docstring."""
    text = " ".join((inspect.getdoc(kind) or "").partition("\n\n")[0].split())
    return re.sub(r" \(docs/[^)]*\)", "", text)


def _of(name: str) -> str:
    return f"[{name}](outlook.md#{name.lower()}), without `draws`, and:"


def _typed(rows: Iterable[Described], types: dict[str, str]) -> list[Described]:
    return [Described(field.name, types.get(field.name, field.type), field.words) for field in rows]


def _with_default(field: Described) -> Described:
    return (
        replace(field, words=f"{field.words.rstrip('.')}. Default: {field.default}")
        if field.default and field.words
        else field
    )


def _archive() -> Page:
    def columns(schema: Any, rows: list[Described]) -> list[Described]:
        return _typed(
            rows, {name: str(kind) for name, kind in zip(schema.names, schema.types, strict=True)}
        )

    return (
        "Archive",
        "Files of an [archive of feeds](../archive.md). Schema 1.",
        [
            ("Rows", ROWS, columns(ROW_COLUMNS, contents("archive rows"))),
            (
                "Rejected rows",
                "Columns below `rejected`.",
                columns(REJECTED_COLUMNS, contents("archive rejected")),
            ),
            ("The catalogue", "Tables of `catalogue.sqlite`.", contents("archive catalogue")),
            (
                "The imported files",
                "JSON in `entry`, the column of segments below `files` and of the table `file`.",
                fields_of(Entry),
            ),
        ],
    )


def _fit() -> Page:
    posterior = [
        Described(
            name,
            "; ".join(part for part in (", ".join(variable.dims), variable.unit) if part),
            variable.words,
        )
        for name, variable in all_variables().items()
    ]
    return (
        "Fit",
        "A DataTree in netCDF or zarr, of [the model](../model.md). Schema 1.",
        [
            ("Groups", "", contents("fit groups")),
            ("Attributes", "", contents("fit attributes")),
            ("posterior", POSTERIOR, posterior),
            ("sample_stats", "Dims `chain`, `draw`.", contents("sample_stats")),
            ("provenance", "", contents("fit provenance")),
            ("provenance, optional", "", contents("fit provenance, optional")),
        ],
    )


def _outlook() -> Page:
    public = {name: getattr(forecast.outlook, name) for name in forecast.outlook.__all__}
    kinds = {
        name: kind for name, kind in public.items() if isinstance(kind, type) and is_dataclass(kind)
    }
    sections = [_record(name, kind) for name, kind in kinds.items()]
    words = (
        "Frozen dataclasses of `forecast.outlook`; [forecast.json](forecast-json.md) has them as "
        "objects. A question mark stands for a value that may be `NotDefined` with a reason. "
        "Version 2."
    )
    return ("Outlook", words, sections)


def _panel() -> Page:
    declared = {
        **VARIABLES,
        **EVENTS.variables,
        **EVENTS.optional,
        **INDEX.variables,
        **INDEX.optional,
    }
    types = {name: f"{KINDS[kind]} ({', '.join(dims)})" for name, (dims, kind) in declared.items()}
    return (
        "Panel",
        "An xarray Dataset; every function that takes a panel validates it. Schema 1.",
        [
            ("Variables", "", _typed(contents("panel variables"), types)),
            ("Coordinates", "", _typed(contents("panel coordinates"), types)),
            ("Attributes", "", contents("panel attributes")),
        ],
    )


def _question() -> Page:
    fields = {
        "About one dyad": question.SingleQuestion,
        "Share": question_types.ShareQuestion,
        "Rolling windows": question_types.PassageQuestion,
        "Tone": question_types.ToneQuestion,
        "Level": question_types.LevelQuestion,
        "Joint": JointQuestion,
        "Conditional": ConditionalQuestion,
        "Events": EventQuestion,
        "Count, of earlier ledgers": CountQuestion,
        "Outside": OutsideQuestion,
    }
    words = (
        "A YAML or JSON file by `forecast question new`. Fields that a kind does not need are left "
        "out. Version 1."
    )
    return (
        "Question",
        words,
        [
            _record("Every question", question.Question),
            *[(title, _doc(kind), _own(kind)) for title, kind in fields.items()],
            _record("Baseline of a share", question_types.FixedBaseline),
            _record("Baseline of a tone", question_types.FixedTone),
        ],
    )


def _text(page: Page) -> str:
    title, words, sections = page
    lines = [f"# {title}", "", words, ""]
    for head, about, rows in sections:
        lines += [
            f"## {head}",
            "",
            *([about, ""] if about else []),
            *(_table(rows) if rows else []),
        ]
    return "\n".join(lines)


def _table(rows: list[Described]) -> list[str]:
    """Return the table of some fields; one without words stands with the field before it."""
    typed = any(field.type for field in rows)
    shown: list[list[str]] = []
    for field in rows:
        words = field.words or _choices(field.type)
        if not words and shown:
            shown[-1][0] += f", `{field.name}`"
            continue
        kind = "" if field.type.startswith("Literal") else code(field.type.replace("|", "or"))
        shown.append([f"`{field.name}`", *([kind] if typed else []), _cell(words)])
    return table(["name", *(["type"] if typed else []), ""], shown)


def _choices(kind: str) -> str:
    literal = re.fullmatch(r"Literal\[(.*)\]", kind)
    return " or ".join(f"`{choice.strip()}`" for choice in literal[1].split(",")) if literal else ""


def _cell(words: str) -> str:
    """Return words for a cell: those of the code are Markdown already."""
    return re.sub(r"(?<!\\)\|", r"\|", " ".join(words.split())) + (
        "" if words.endswith((".", ":")) else "."
    )
