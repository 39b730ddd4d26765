"""The report of a pendulum around a structure that moves says so, and its parts add up."""

import pytest

from forecast.model import Fit, PendulumSpec
from forecast.outlook import assess
from forecast.report import write_report
from tests.model.fits import unobserved
from tests.model.panels import make_panel

from .conftest import Reader


@pytest.fixture(scope="module")
def fit():
    panel = make_panel(dyads=2, periods=96, eras=2, events=4, empty=0.1, seed=3)
    spec = PendulumSpec()
    made = unobserved(panel, spec, chains=2, draws=100)
    groups = {"posterior": made.posterior, "sample_stats": made.sample_stats, "constant_data": panel}
    return Fit({"/": made.tree.to_dataset(), **groups})


def test_technical_and_structural_follow_the_structure(fit):
    assessment = assess(fit, "USA-CHN")
    assert assessment.moving
    for outlook in assessment.improvement.values():
        assert outlook.technical.value + outlook.structural.value == pytest.approx(outlook.improvement.value)
        assert "the structure has risen by 5 points" in outlook.structural.definition
    claim = next(one for one in assessment.claims if one.code == "S9")
    assert "by a swing (technical)" in claim.sentence and "by a rise of the structure (structural)" in claim.sentence


def test_the_page_tells_of_structure_and_swing(fit, tmp_path):
    page = write_report(fit, assess(fit, "USA-CHN"), out=tmp_path / "report")
    text = Reader(page.read_text("utf-8")).text
    assert "The level is the sum of a slow structure and a quick swing" in text
    assert "the pull acts on the swing around it" in text
    assert "framework in force (technical)" not in text
    assert "the structure has risen by 5 points" in (tmp_path / "report" / "forecast.json").read_text()


def test_equilibria_of_the_page_are_means_of_the_structure_and_where_it_stands(fit):
    found = assess(fit, "USA-CHN").frameworks.eras
    structure = fit.posterior["structure"].sel(dyad="USA-CHN")
    share = 100 / (1 + 2.718281828459045 ** (-structure))
    assert found[-1].equilibrium.median == pytest.approx(float(share.isel(time=-1).median()), abs=0.01)
    first = structure.isel(time=fit.panel["era_index"].sel(dyad="USA-CHN").to_numpy() == 0).mean("time")
    assert found[0].equilibrium.median == pytest.approx(
        100 / (1 + 2.718281828459045 ** -float(first.median())), abs=0.5
    )
