"""The pages of the archive say what there is: commands, columns and fields, in their order."""

import re
from dataclasses import fields
from pathlib import Path

from forecast.archive.catalogue import Entry
from forecast.archive.segments import rejected_columns, row_columns
from tests.commands import faults, shown_commands

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_every_command_exists():
    page = DOCS / "archive.md"
    assert len(shown_commands(page.read_text("utf-8"))) > 5
    assert faults(page) == []


def test_columns_and_fields_stand_in_their_order():
    text = (DOCS / "schema" / "archive.md").read_text("utf-8")
    tables = [
        re.findall(r"^\| `(\w+)` \|", part, re.M) for part in re.split(r"^\| (?:column|field).*$", text, flags=re.M)
    ]
    assert tables[1] == row_columns().names
    assert tables[2] == rejected_columns().names
    assert tables[3] == ["n", "schema", "at", "files", "segments", "next_file", "check"]
    assert tables[4] == [field.name for field in fields(Entry)]
