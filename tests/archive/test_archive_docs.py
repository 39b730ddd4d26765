"""The pages of the archive say what there is: commands, columns and fields, in their order."""

import re
from pathlib import Path

from forecast.archive.batches import Batch, Entry
from forecast.archive.importing import REJECTED_COLUMNS, ROW_COLUMNS
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
    assert tables[1] == ROW_COLUMNS.names
    assert tables[2] == REJECTED_COLUMNS.names
    assert tables[3:] == [list(Batch.model_fields), list(Entry.model_fields)]
