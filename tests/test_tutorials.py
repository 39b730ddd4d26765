"""Tutorials run from the first cell to the last and end with a picture.

Here with fits that take no sampling.
"""

import runpy
from functools import partial
from importlib import import_module
from pathlib import Path

import pytest
from matplotlib import pyplot

from tests.made import leave_out_sampling
from tests.report.made_claims import results

TUTORIALS = sorted((Path(__file__).parents[1] / "docs" / "tutorials").glob("*.py"))
FEW = ["USA-CHN", "CHN-IND", "KOR-PRK"]


@pytest.fixture
def small(tmp_path, monkeypatch):
    """Work in a folder of its own, without sampling, on few dyads and forecast dates.

    Tests were done before.
    """
    from forecast.data.events import read_chronology
    from forecast.study.evaluation import origins_between
    from forecast.study.evaluation.executors import local
    from forecast.study.hypotheses import compare_models

    def two_origins(*span, every):
        return origins_between(*span, every)[:2]

    def few(folder=None, dyads=None):
        return read_chronology(folder, dyads or FEW)

    def compared(panel, models, **settings):
        return compare_models(
            panel, models, **settings | {"held_out": False, "draws": 50, "tune": 50, "chains": 2}
        )

    monkeypatch.chdir(tmp_path)
    leave_out_sampling(monkeypatch)
    monkeypatch.setattr("forecast.data.events.read_chronology", few)
    monkeypatch.setattr("forecast.study.evaluation.origins_between", two_origins)
    monkeypatch.setattr(
        import_module("forecast.study.evaluation.backtest"), "local", partial(local, 1)
    )
    monkeypatch.setattr("forecast.study.hypotheses.compare.compare_models", compared)
    # So few draws never converge, and sampling once more would be left out too.
    monkeypatch.setattr(
        "forecast.study.hypotheses.compare.sampled_longer", lambda fitted, *_: fitted
    )
    monkeypatch.setattr("forecast.study.hypotheses.run.pooled_tests", lambda *_, **__: results())
    yield
    pyplot.close("all")


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_a_tutorial_runs_and_ends_with_a_picture(path, small):
    cells = [
        cell for cell in path.read_text("utf-8").split("# %%") if not cell.startswith(" [markdown]")
    ]
    assert "plots.plot_" in cells[-1]
    runpy.run_path(str(path))
    figure = pyplot.figure(pyplot.get_fignums()[-1])
    assert any(on.has_data() for on in figure.axes)


def test_there_are_nine():
    assert len(TUTORIALS) == 9
