"""The gallery: a script for each figure and for ArviZ's own plots; cheap ones are run."""

import re
import runpy
from pathlib import Path

import pytest
from matplotlib import pyplot

from forecast import plots

GALLERY = Path(__file__).parents[2] / "docs" / "gallery"
SCRIPTS = sorted(path for path in GALLERY.glob("*.py") if not path.name.startswith("_"))


def test_every_figure_has_a_script_and_every_script_a_title():
    texts = [path.read_text("utf-8") for path in SCRIPTS]
    called = set(re.findall(r"plots\.(plot_\w+)\(", "".join(texts)))
    assert called == set(plots.__all__)
    arviz = set(re.findall(r"from arviz_plots import (\w+)", "".join(texts)))
    assert arviz == {
        "plot_trace",
        "plot_rank",
        "plot_forest",
        "plot_psense_dist",
        "plot_ppc_rootogram",
        "plot_loo_pit",
    }
    for text in texts:
        assert (
            text.startswith("# %% [markdown]\n# # ")
            and "\n# %%\n" in text
            and len(text.splitlines()) <= 25
        )


@pytest.mark.parametrize("name", ["plot_power", "plot_coverage", "plot_observed_share"])
def test_a_script_draws_its_figure(name, monkeypatch):
    monkeypatch.syspath_prepend(GALLERY)
    pyplot.close("all")
    runpy.run_path(str(GALLERY / f"{name}.py"))
    (number,) = pyplot.get_fignums()
    (on,) = pyplot.figure(number).axes
    assert on.has_data()
    pyplot.close("all")
