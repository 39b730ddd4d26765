"""forecast.json against its documented schema, and against the assessment."""

import json
from pathlib import Path

import pytest

from forecast.outlook import printed_percents
from forecast.report import forecast_json
from forecast.report.jsonfile import MONTE_CARLO, SCHEMA

from .conftest import FAILED, assessed, keys_documented, reported_fit

DOCUMENT = Path(__file__).parents[2] / "docs" / "schema" / "forecast-json.md"


@pytest.fixture(scope="module")
def content(fit, assessment, events, others):
    return forecast_json(fit, assessment, events=events, others=others)


def test_the_schema_is_as_documented(content):
    documented = keys_documented(DOCUMENT)
    assert f"Version {SCHEMA}" in DOCUMENT.read_text(encoding="utf-8")
    assert documented["The file"] == list(content)
    assert documented["A horizon"] == list(content["horizons"][0])
    assert documented["A probability"] == list(content["horizons"][0]["improvement"])
    assert documented["An estimate"] == list(content["standing"]["level"])
    assert documented["A dyad"] == list(content["dyads"][0])
    assert documented["Provenance"] == list(content["provenance"])
    assert documented["Data"] == list(content["provenance"]["data"])


def test_it_is_json(content):
    text = json.dumps(content, allow_nan=False)
    assert json.loads(text) == content


def test_the_gate_decides(fit, assessment, content):
    assert content["converged"] is True and content["stamp"] == ""
    failed = forecast_json(fit, assessment, gate=FAILED)
    assert failed["converged"] is False and failed["stamp"] == "NOT CONVERGED"


def test_every_probability_says_what_it_is(content):
    found = list(_probabilities(content))
    assert len(found) > 40
    for one in found:
        assert 0 <= one["low"] <= one["value"] <= one["high"] <= 1
        assert one["mcse"] >= 0 and one["definition"] and one["interval"] == MONTE_CARLO


def _probabilities(node):
    if isinstance(node, list):
        for item in node:
            yield from _probabilities(item)
    elif isinstance(node, dict):
        if "value" in node and "mcse" in node:
            yield node
        for item in node.values():
            yield from _probabilities(item)


def test_horizons_are_those_of_the_assessment(assessment, content):
    for row, outlook in zip(content["horizons"], assessment.improvement.values(), strict=True):
        assert row["until"] == outlook.until.isoformat()
        assert row["percent"] == printed_percents(outlook)
        parts = [row[name]["value"] for name in ("improvement", "stability", "deterioration")]
        assert sum(parts) == 1
        assert row["technical"]["value"] + row["structural"]["value"] == row["improvement"]["value"]


def test_events_left_out_are_accounted_for(content, events):
    data = content["provenance"]["data"]
    assert data["rejected"] == 1 and data["late"] == events.late
    assert content["provenance"]["files"][0]["rejected"] == 1


def test_what_is_not_defined_says_why():
    fit = reported_fit(dyads=("USA-CHN",), dynamics="none", draws=40)
    content = forecast_json(fit, assessed(fit))
    assert "random walk" in content["band"]["not_defined"]
    assert "random walk" in content["dyads"][0]["half_life"]["not_defined"]
    assert content["contrast"]["not_defined"]
