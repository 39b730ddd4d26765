"""Pages name the edition of the chronology that they were made from."""

import json
from pathlib import Path

import pytest

from forecast import build_panel, read_chronology
from forecast.data.events.editions import (
    current_edition,
    edition_files,
    edition_of,
    embedded_digests,
)
from forecast.data.events.table import SourceFile
from forecast.data.panel.notes import DataNotes, edition_of_panel
from forecast.report.index_page import write_index
from forecast.report.publishing import Page, publish

REPORTS = Path(__file__).resolve().parents[2] / "reports"
PAGES = sorted(path.parent for path in REPORTS.rglob("index.html"))


def stated(folder: Path) -> dict[str, object]:
    return json.loads((folder / "manifest.json").read_text("utf-8"))["edition"]


def test_the_last_edition_is_the_embedded_one():
    assert edition_files()[current_edition()] == embedded_digests(), (
        "run python scripts/make_datasheet.py"
    )


def test_editions_are_numbered_and_differ():
    editions = list(edition_files())
    assert [one.number for one in editions] == [3, 4]
    assert len({one.digest for one in editions}) == len(editions)
    assert all(len(files) == 15 for files in edition_files().values())


@pytest.mark.parametrize("folder", PAGES, ids=lambda folder: folder.name)
def test_each_committed_page_names_the_edition_it_was_made_from(folder):
    known = {one.digest: one for one in edition_files()}
    edition = known[str(stated(folder)["digest"])]
    assert stated(folder) == edition._asdict()
    assert edition.words in (folder / "index.html").read_text("utf-8")


@pytest.mark.parametrize(
    "path", sorted(REPORTS.rglob("forecast.json")), ids=lambda path: path.parent.name
)
def test_a_committed_report_has_read_the_files_of_its_edition(path):
    known = {one.digest: files for one, files in edition_files().items()}
    files = known[str(stated(path.parent)["digest"])]
    read = json.loads(path.read_text("utf-8"))["provenance"]["files"]
    assert {one["name"]: one["sha256"] for one in read} == files


def test_a_panel_knows_its_edition():
    table = read_chronology(dyads=["IRN-SAU"])
    assert edition_of_panel(build_panel(table)) == current_edition()
    changed = [file._replace(sha256="0" * 64) for file in table.files]
    assert edition_of(changed) is None
    assert edition_of([SourceFile("mine.csv", "0" * 64, 1, 0)]) is None


def test_a_page_and_the_index_name_the_edition(tmp_path):
    third, fourth = edition_files()
    for name, edition in (("old", third), ("new", fourth), ("own", None)):
        page = Page("index.html.j2", {"pages": []}, notes=DataNotes(edition=edition))
        publish(tmp_path / name, "", lambda page=page: page)
    assert third.words in (tmp_path / "old/index.html").read_text("utf-8")
    assert stated(tmp_path / "new") == fourth._asdict()
    assert "edition" not in json.loads((tmp_path / "own/manifest.json").read_text("utf-8"))
    index = write_index(tmp_path).read_text("utf-8")
    assert fourth.words in index
