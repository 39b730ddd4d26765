"""Several datasets on the page and in forecast.json."""

import pytest

from forecast.outlook import assess
from tests.documented import sections
from tests.made import with_feed

from .conftest import LABELS, render_page, report_json, reported_fit


@pytest.fixture(scope="module")
def both():
    made = with_feed(reported_fit(dyads=("USA-CHN",)), off=-1.0)
    return made, assess(made, "USA-CHN", (3, 12), seed=1, labels=LABELS)


def test_the_page_begins_with_the_finding(both):
    text = render_page(*both)
    part = text[text.index('id="datasets"') :].split("</details>")[0]
    for words in (
        "decides most of where the level stands now",
        "chronology (main)",
        "feed",
        "reads higher by, points",
    ):
        assert words in part
    assert part.index("decides most") < part.index("<table") < part.index("<img")


def test_the_json_has_every_dataset_by_its_schema(both):
    stated = report_json(*both)["datasets"]
    assert list(stated) == ["finding", "each"]
    assert list(stated["each"][0]) == sections("outlook")["DatasetOutlook"]
    assert list(stated["each"][1]["years"][0]) == sections("outlook")["DatasetYear"]
    assert [one["name"] for one in stated["each"]] == ["chronology", "feed"]
    assert stated["each"][0]["offset"] is None
    assert stated["each"][1]["offset"]["median"] < -10


def test_the_headline_stays_with_the_first_dataset(both):
    assessment = both[1]
    assert "chronology" in assessment.headline
    assert assessment.recorded[12].dataset == "chronology"


def test_a_fit_of_one_dataset_has_no_such_part():
    made = reported_fit(dyads=("USA-CHN",))
    assessment = assess(made, "USA-CHN", (3, 12), seed=1, labels=LABELS)
    assert 'id="datasets"' not in render_page(made, assessment)
    assert report_json(made, assessment)["datasets"] is None
