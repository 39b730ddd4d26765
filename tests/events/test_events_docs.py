"""What docs/events.md tells people to write is accepted, and the schema pages name every column."""

import re
import textwrap
from pathlib import Path

import pytest
import yaml

from forecast.data.events.mapping import CountsMapping, IndexMapping, TableMapping, load_mapping
from forecast.data.events.table import EVENT_COLUMNS, FURTHER_COLUMNS
from forecast.data.panel.kinds import ATTRIBUTES, EVENTS, INDEX, VARIABLES
from tests.documented import sections, words

DOCS = Path(__file__).resolve().parents[2] / "docs"
TEXT = (DOCS / "events.md").read_text("utf-8")
EXAMPLES = [textwrap.dedent(block) for block in re.findall(r"(?:^    .*\n)+", TEXT, re.MULTILINE)]
MAPPINGS = [yaml.safe_load(block) for block in EXAMPLES if block.startswith("dataset:")]


def kind_of(mapping):
    if "classes" in mapping:
        return CountsMapping
    return IndexMapping if "value" in mapping["columns"] else TableMapping


@pytest.mark.parametrize("mapping", MAPPINGS)
def test_every_mapping_shown_is_accepted(mapping):
    load_mapping(mapping, kind_of(mapping))


def test_each_kind_of_mapping_is_shown():
    assert {kind_of(mapping) for mapping in MAPPINGS} == {TableMapping, CountsMapping, IndexMapping}


def test_every_field_of_a_mapping_is_explained():
    shown = sections("mapping")
    assert {*shown["Every table"], *shown["Events"]} == set(TableMapping.model_fields)
    assert {*shown["Every table"], *shown["Counts"]} == set(CountsMapping.model_fields)
    for field in TableMapping.fields:
        assert f"`{field}`" in TEXT


def test_the_schema_pages_are_complete():
    panel = words("panel")
    assert sections("events")["Columns"] == list(EVENT_COLUMNS)
    assert sections("events")["Further columns of feeds"] == list(FURTHER_COLUMNS)
    own = {
        name
        for kind in (EVENTS, INDEX)
        for name in (*kind.variables, *kind.optional, *kind.attributes)
    }
    for name in {*VARIABLES, *ATTRIBUTES, *own}:
        assert f"`{name}`" in panel, name
