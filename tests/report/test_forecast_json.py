"""forecast.json against its documented schema, and against the assessment."""

import json

import pytest

from forecast.outlook import printed_changes, printed_percents
from forecast.report.page import MONTE_CARLO, SCHEMA
from tests.documented import sections, words

from .conftest import FAILED, assessed, index_of, report_json, reported_fit


@pytest.fixture(scope="module")
def content(fit, assessment, events, others):
    return report_json(fit, assessment, events=events, others=others)


def test_the_schema_is_as_documented(content):
    documented, types = sections("forecast-json"), sections("outlook")
    assert f"Version {SCHEMA}" in words("forecast-json")
    assert documented["The file"] == list(content)
    assert [*types["WindowOutlook"], *documented["What will be recorded"]] == list(
        content["recorded"][0]
    )
    assert [*types["HorizonOutlook"], *documented["A horizon"]] == list(content["horizons"][0])
    probability = [*types["Probability"], *documented["A probability"]]
    assert [name for name in probability if name != "draws"] == list(
        content["horizons"][0]["improvement"]
    )
    assert [name for name in types["Estimate"] if name != "draws"] == list(
        content["standing"]["level"]
    )
    assert [name for name in types["Brief"] if name not in ("origin", "kinds")] == list(
        content["dyads"][0]
    )
    assert documented["Provenance"] == list(content["provenance"])
    assert documented["Data"] == [
        *content["provenance"]["data"],
        "feeds",
    ]  # the last with machine-coded feeds only


def test_it_is_json(content):
    text = json.dumps(content, allow_nan=False)
    assert json.loads(text) == content


def test_convergence_checks_decide(fit, assessment, content):
    assert content["converged"] is True and content["stamp"] == ""
    failed = report_json(fit, assessment, gate=FAILED)
    assert failed["converged"] is False and failed["stamp"] == "NOT CONVERGED"


def test_every_probability_says_what_it_is(content):
    found = list(_probabilities(content))
    assert len(found) > 40
    for one in found:
        assert 0 <= one["mc_low"] <= one["value"] <= one["mc_high"] <= 1
        assert one["mcse"] >= 0 and one["definition"] and one["mc_interval"] == MONTE_CARLO
        assert not {"low", "high", "interval"} & one.keys()


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


def test_what_will_be_recorded_is_that_of_the_assessment(assessment, content):
    assert content["rule"] == content["recorded"][2]["rule"] and content["threshold"] is None
    for row, window in zip(content["recorded"], assessment.recorded.values(), strict=True):
        assert row["until"] == window.until.isoformat() and row["dataset"] == "chronology"
        assert row["percent"] == printed_changes(window)
        assert sum(row[name]["value"] for name in ("up", "same", "down")) == 1
        assert row["baseline"]["share"] == window.baseline.share


def test_the_share_asked_for_is_there(fit):
    content = report_json(fit, assessed(fit, above=60.0))
    assert [one["threshold"] for one in content["threshold"]] == [60.0] * 4
    assert content["headline"] == content["threshold"][2]["sentence"]
    assert content["rule"] == content["threshold"][2]["rule"]
    assert sections("outlook")["ThresholdOutlook"] == list(content["threshold"][0])


def test_an_index_records_nothing():
    content = report_json(
        index_fit := index_of(reported_fit(dyads=("USA-CHN",), draws=40)), assessed(index_fit)
    )
    assert (
        content["recorded"]["not_defined"]
        and content["rule"] is None
        and content["threshold"] is None
    )


def test_events_left_out_are_accounted_for(content, events):
    data = content["provenance"]["data"]
    assert data["rejected"] == 1 and data["late"] == events.late
    assert content["provenance"]["files"][0]["rejected"] == 1


def test_what_is_not_defined_says_why():
    fit = reported_fit(dyads=("USA-CHN",), trend="walk", cycle="none", draws=40)
    content = report_json(fit, assessed(fit))
    assert "no cycle" in content["band"]["not_defined"]
    assert "no cycle" in content["dyads"][0]["half_life"]["not_defined"]
    assert content["contrast"]["not_defined"]


def test_prior_and_posterior_are_both_shown(content):
    cycle, headroom = content["prior_posterior"]
    assert (cycle["prior"], cycle["median"], cycle["variance_left"]) == (4.0, 3.5, 0.03)
    assert headroom["quantity"] == "headroom"
