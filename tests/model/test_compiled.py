"""Compiling takes longer than sampling: once for all panels of one form, and with the same numbers as anew."""

from collections import OrderedDict

import numpy as np
import pytest

from forecast import build_panel, read_chronology
from forecast.dates import add_months
from forecast.model import PendulumSpec, fit
from forecast.model.arrays import panel_arrays
from forecast.model.compiled import KEPT_FORMS
from forecast.model.form import Form, node_capacity

from .panels import make_panel

TINY = {"draws": 4, "tune": 2, "chains": 1}


@pytest.fixture
def compilations(monkeypatch):
    """What was compiled while it is in use, from an empty memory on."""
    import nutpie

    compile_model, made = nutpie.compile_pymc_model, []

    def watched(model, **options):
        made.append(model)
        return compile_model(model, **options)

    monkeypatch.setattr(nutpie, "compile_pymc_model", watched)
    monkeypatch.setattr("forecast.model.compiled._COMPILED", OrderedDict())
    return made


INDEX = PendulumSpec.one_scale(observation="index", ceiling="none")
# A model of events takes some twenty seconds to compile, one of an index a few.
FORMS = pytest.mark.parametrize(
    ("spec", "shape"),
    [
        pytest.param(INDEX, {"index": True}, id="index"),
        pytest.param(PendulumSpec.one_scale(), {}, marks=pytest.mark.slow, id="events"),
        pytest.param(PendulumSpec.one_scale(ceiling="none"), {}, marks=pytest.mark.slow, id="no ceiling"),
    ],
)


@FORMS
def test_a_second_panel_of_the_same_form_compiles_nothing_and_gives_the_numbers_it_gives_alone(
    compilations, monkeypatch, spec, shape
):
    first = make_panel(dyads=2, periods=60, events=3, empty=0.2, seed=1, **shape)
    second = make_panel(dyads=2, periods=66, events=5, empty=0.1, seed=2, **shape)
    fit(first, spec, **TINY)
    after = fit(second, spec, **TINY)
    again = fit(first, spec, **TINY)
    assert len(compilations) == 1
    monkeypatch.setattr("forecast.model.compiled._COMPILED", OrderedDict())
    alone = fit(second, spec, **TINY)
    assert len(compilations) == 2
    for name in alone.posterior:
        np.testing.assert_array_equal(after.posterior[name], alone.posterior[name], err_msg=name)
    assert not np.array_equal(again.posterior["state"], after.posterior["state"])


def origins():
    """Panels of a chronology that grows month by month; no era begins in these three years."""
    table = read_chronology(dyads=["CHN-JPN"])
    for month in range(36):
        end = add_months(np.datetime64("2019-03-31").item(), month)
        yield build_panel(table, start="2014-01", end=f"{end:%Y-%m}")


def test_36_origins_have_at_most_two_forms():
    spec, panels = PendulumSpec.one_scale(), list(origins())
    assert [panel.sizes["time"] for panel in panels] == list(range(63, 99))
    assert len({Form.of(spec, panel_arrays(panel, spec)) for panel in panels}) <= 2


@pytest.mark.slow
def test_a_loop_of_36_origins_compiles_at_most_twice(compilations):
    levels = [fit(panel, seed=1, **TINY).posterior["level"].sizes["time"] for panel in origins()]
    assert levels == list(range(63, 99))
    assert len(compilations) <= 2


def test_what_is_built_in_makes_another_form():
    panel = make_panel(dyads=2, periods=60, eras=2, seed=1)

    def form(panel=panel, **choices):
        spec = PendulumSpec.one_scale(**choices)
        return Form.of(spec, panel_arrays(panel, spec))

    assert form() == form(make_panel(dyads=2, periods=60, eras=2, seed=9))
    others = [
        form(nodes=9), form(ceiling="era"), form(make_panel(dyads=1, periods=60, eras=2)),
        form(make_panel(dyads=2, periods=60, eras=3)), form(make_panel(dyads=2, periods=60, eras=2, directions=2)),
        form(make_panel(dyads=2, periods=400, eras=2)),
    ]  # fmt: skip
    assert len({form(), *others}) == 1 + len(others)


def test_memory_holds_a_handful_of_forms(compilations, monkeypatch):
    monkeypatch.setattr("forecast.model.compiled._compile", lambda model, wanted: model)
    from forecast.model.compiled import _COMPILED, compiled_model

    panel = make_panel(periods=40)
    for nodes in range(3, 3 + KEPT_FORMS + 2):
        spec = PendulumSpec.one_scale(nodes=nodes)
        compiled_model(panel, spec, panel_arrays(panel, spec), ())
    assert len(_COMPILED) == KEPT_FORMS
    assert min(form.spec.nodes for form in _COMPILED) == 5


@pytest.mark.parametrize("nodes", [1, 127, 128, 129, 1000, 2740, 12000])
def test_coordinates_to_spare_are_few_and_enough(nodes):
    assert nodes <= node_capacity(nodes) < nodes + max(128, nodes / 4)
    assert node_capacity(node_capacity(nodes)) == node_capacity(nodes)
