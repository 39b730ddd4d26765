"""The page on the literature.

Every work has its entry, and every entry a DOI or the word that none was confirmed.
"""

import re
from pathlib import Path

PAGE = (Path(__file__).parents[1] / "docs" / "literature.md").read_text("utf-8")
TABLES, BIBLIOGRAPHY = PAGE.split("## Bibliography")
ENTRIES = [" ".join(one.split()) for one in BIBLIOGRAPHY.split("\n- ")[1:]]
DOI = re.compile(r"\[(10\.\d{4,}/\S+)\]\(https://doi\.org/(\S+)\)")


def test_every_entry_has_a_doi_or_says_that_none_was_confirmed():
    assert len(ENTRIES) >= 18
    for entry in ENTRIES:
        found = DOI.search(entry)
        assert found or "not confirmed" in entry or "without DOI" in entry, entry
        assert not found or found[1] == found[2], entry
    surnames = [entry.split(",")[0] for entry in ENTRIES]
    assert sorted(surnames) == surnames


def test_every_work_that_is_named_is_in_the_bibliography_and_the_other_way_round():
    named = re.findall(r"([A-Z][^|;\[]*? (?:19|20)\d\d)\]\(#bibliography\)", TABLES)
    assert len(named) >= len(ENTRIES)
    for work in named:
        surname, year = re.split(r",| and ", work)[0].removesuffix(work[-5:]).strip(), work[-4:]
        assert [one for one in ENTRIES if one.startswith(f"{surname},") and f"({year})" in one], (
            work
        )
    for entry in ENTRIES:
        surname, year = entry.split(",")[0], re.search(r"\((\d{4})\)", entry)[1]
        assert [one for one in named if one.startswith(surname) and one.endswith(year)], entry
