"""The pages on questions and the ledger say what the code does."""

import re
import shlex
from pathlib import Path

import pytest
import typer

from forecast.cli import app
from forecast.outlook.question import FixedBaseline, FixedTone
from forecast.questions.form import TYPES
from forecast.questions.history import HEAD, Answered, Asked, LedgerEntry, Resolved

DOCS = Path(__file__).parents[2] / "docs"


def documented(page, heading=None):
    text = (DOCS / "schema" / page).read_text()
    part = re.split(r"^## ", text, flags=re.MULTILINE)[0] if heading is None else text.partition(f"## {heading}\n")[2]
    cells = re.findall(r"^- (`[^:]*):", part.partition("\n## ")[0], flags=re.MULTILINE)
    return [name for cell in cells for name in re.findall(r"`([^`]*)`", cell)]


def own(entry):
    return {name: one for name, one in entry.model_fields.items() if name not in LedgerEntry.model_fields}


@pytest.mark.parametrize(
    ("page", "heading", "fields"),
    [
        ("question.md", None, dict.fromkeys(name for one in TYPES.values() for name in one.model_fields)),
        ("question.md", "baseline", FixedBaseline.model_fields),
        ("question.md", "tone baseline", FixedTone.model_fields),
        ("ledger.md", None, dict.fromkeys(HEAD)),
        ("ledger.md", "asked", own(Asked)),
        ("ledger.md", "answered", own(Answered)),
        ("ledger.md", "resolved", own(Resolved)),
    ],
)
def test_every_field_is_documented_in_order(page, heading, fields):
    names = [getattr(one, "alias", None) or name for name, one in dict(fields).items()]
    assert documented(page, heading) == names


def test_the_commands_of_the_task_page_are_there():
    command = typer.main.get_command(app)
    blocks = re.findall(r"^```sh\n(.*?)^```", (DOCS / "questions.md").read_text(), flags=re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines() if line.startswith("forecast ")]
    assert len(lines) > 8
    for line in lines:
        words = shlex.split(line, comments=True)[1:]
        group = command
        while words and words[0] in getattr(group, "commands", {}):
            group = group.commands[words.pop(0)]
        known = {name for one in group.params for name in (*one.opts, *one.secondary_opts)}
        assert {word for word in words if word.startswith("--")} <= known, line
