"""The pages on questions and the ledger say what the code does."""

import re
import shlex
from pathlib import Path

import typer

from forecast.cli import app
from forecast.desk.questions.entry import (
    AnsweredEntry,
    AskedEntry,
    LedgerEntry,
    PricedEntry,
    ResolvedEntry,
)
from forecast.desk.questions.form import TYPES
from forecast.outlook.question_types import FixedBaseline, FixedTone
from tests.documented import sections

DOCS = Path(__file__).parents[2] / "docs"


def names(fields):
    return [getattr(one, "alias", None) or name for name, one in fields.items()]


def own(entry):
    return names(
        {
            name: one
            for name, one in entry.model_fields.items()
            if name not in LedgerEntry.model_fields
        }
    )


def test_every_field_of_a_question_is_documented():
    shown = {name for fields in sections("question").values() for name in fields}
    assert {name for one in TYPES.values() for name in one.model_fields} <= shown
    assert sections("question")["Baseline of a share"] == names(FixedBaseline.model_fields)
    assert sections("question")["Baseline of a tone"] == names(FixedTone.model_fields)


def test_every_field_of_a_ledger_is_documented_in_order():
    assert sections("ledger")["An entry"] == names(LedgerEntry.model_fields)
    for entry in (AskedEntry, AnsweredEntry, PricedEntry, ResolvedEntry):
        assert sections("ledger")[entry.__name__.removesuffix("Entry").lower()] == own(entry)


def test_the_commands_of_the_task_page_are_there():
    command = typer.main.get_command(app)
    blocks = re.findall(
        r"^```sh\n(.*?)^```", (DOCS / "questions.md").read_text(), flags=re.MULTILINE | re.DOTALL
    )
    lines = [
        line for block in blocks for line in block.splitlines() if line.startswith("forecast ")
    ]
    assert len(lines) > 8
    for line in lines:
        words = shlex.split(line, comments=True)[1:]
        group = command
        while words and words[0] in getattr(group, "commands", {}):
            group = group.commands[words.pop(0)]
        known = {name for one in group.params for name in (*one.opts, *one.secondary_opts)}
        assert {word for word in words if word.startswith("--")} <= known, line
