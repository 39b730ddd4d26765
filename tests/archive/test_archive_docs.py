"""The pages of the archive say what there is: commands, columns and fields, in their order."""

import sqlite3
from contextlib import closing
from pathlib import Path

from forecast.data.archive.catalogue import TABLES, Entry
from forecast.data.archive.segments import FILE_COLUMNS, REJECTED_COLUMNS, ROW_COLUMNS
from tests.commands import faults, shown_commands
from tests.documented import sections

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_every_command_exists():
    page = DOCS / "archive.md"
    assert len(shown_commands(page.read_text("utf-8"))) > 5
    assert faults(page) == []


def test_columns_and_fields_stand_in_their_order():
    tables = list(sections("archive").values())
    assert tables[0] == ROW_COLUMNS.names
    assert tables[1] == REJECTED_COLUMNS.names
    with closing(sqlite3.connect(":memory:")) as database:
        database.executescript(TABLES)
        made = [
            name
            for (name,) in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        ]
        columns = [row[1] for row in database.execute("PRAGMA table_info(file)")]
    assert tables[2] == made
    assert tables[3] == list(Entry.model_fields)
    assert columns == ["file", "batch", *FILE_COLUMNS.names]
