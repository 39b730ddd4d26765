"""What a fit needs of compiling.

Nothing for usual models once numba's cache is there, a graph a form for others.
"""

import os
import subprocess
import sys
from collections import OrderedDict

import numpy as np
import pytest

from forecast import build_panel, read_chronology
from forecast.base.dates import add_months
from forecast.model import PendulumModel, PendulumSpec, fit
from forecast.model.arrays import panel_arrays
from forecast.model.compiled import KEPT_FORMS, form_of
from forecast.model.densities import density_of
from forecast.model.pendulum import node_capacity
from tests.made import make_panel, python_mode

TINY = {"draws": 4, "tune": 20, "chains": 1}
INDEX = PendulumSpec(observation="index")

FIT = """
import sys
import numba
from numba.core import event

class Watch(event.Listener):
    number = 0
    def on_start(self, happened): Watch.number += 1
    def on_end(self, happened): pass

event.register("numba:compile", Watch())
from forecast.model import PendulumSpec, fit
from tests.made import make_panel
made = fit(make_panel(periods=60, events=3), PendulumSpec(), draws=4, tune=20, chains=1, seed=1)
there = [name for name in ("pymc", "pytensor") if name in sys.modules]
print(Watch.number, there, made.posterior["level"].sum().item())
"""


def fit_elsewhere():
    """How many functions numba compiled in a process that fits a usual model, what it imported,
    a sum of levels."""
    done = subprocess.run(
        [sys.executable, "-c", FIT],
        check=True,
        capture_output=True,
        text=True,
        timeout=600,
        env=os.environ,
    )
    return done.stdout.strip().split(maxsplit=1)


def test_a_second_process_compiles_nothing_and_imports_no_pymc():
    here = fit(make_panel(periods=60, events=3), PendulumSpec(), draws=4, tune=20, chains=1, seed=1)
    compiled, there = fit_elsewhere()
    assert int(compiled) == 0
    assert there == f"[] {here.posterior['level'].sum().item()}"


def test_what_samples_is_imported_without_what_compiles():
    code = (
        "import sys, forecast.model.sampling; "
        "print({'pymc', 'pytensor', 'nutpie'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=120
    )
    assert done.stdout.strip() == "set()"


@pytest.fixture
def compilations(monkeypatch):
    """What was compiled from a graph while it is in use, from an empty memory on."""
    import nutpie

    compile_model, made = nutpie.compile_pymc_model, []

    def watched(model, **options):
        made.append(model)
        return compile_model(model, **options)

    monkeypatch.setattr(nutpie, "compile_pymc_model", watched)
    monkeypatch.setattr("forecast.model.compiled._COMPILED", OrderedDict())
    return made


def random_points(density, seed, number=3):
    """Points of a compiled density near its start.

    By the names of the model, and as the sampler takes them.
    """
    rng, start = np.random.default_rng(seed), density.model.initial_point()
    names = [density.model.rvs_to_values[variable].name for variable in density.model.free_RVs]
    for _ in range(number):
        point = {
            name: value + 0.3 * rng.standard_normal(np.shape(value))
            for name, value in start.items()
        }
        yield point, np.concatenate([np.ravel(point[name]) for name in names])


@pytest.mark.parametrize(
    "spec",
    [
        PendulumSpec(observation="index", trend="walk", cycle="none"),
        pytest.param(INDEX, marks=pytest.mark.slow),
    ],
)
def test_a_second_panel_of_the_same_form_compiles_nothing_and_has_the_density_of_its_own_model(
    compilations, spec
):
    first, second = (
        make_panel(dyads=2, periods=60 + 6 * seed, empty=0.1, index=True, seed=seed)
        for seed in (1, 2)
    )
    before = fit(first, spec, **TINY)
    after = fit(second, spec, **TINY)
    again = fit(first, spec, **TINY)
    assert_same_draws(before, again)
    assert not np.array_equal(again.posterior["trend"], after.posterior["trend"])
    for panel in (first, second):
        density = density_of(panel_arrays(panel, spec))
        plain = PendulumModel(spec).build(panel).compile_logp(mode=python_mode())
        for point, flat in random_points(density, seed=2):
            assert density.log_density(flat) == pytest.approx(float(plain(point)), rel=1e-9)
    assert len(compilations) == 1


def assert_same_draws(one, other):
    for name in one.posterior:
        np.testing.assert_array_equal(one.posterior[name], other.posterior[name], err_msg=name)


@pytest.mark.slow  # it compiles the form twice
def test_a_second_panel_of_the_same_form_gives_the_numbers_it_gives_alone(
    compilations, monkeypatch
):
    first, second = (
        make_panel(dyads=2, periods=60 + 6 * seed, empty=0.1, index=True, seed=seed)
        for seed in (1, 2)
    )
    fit(first, INDEX, **TINY)
    after = fit(second, INDEX, **TINY)
    monkeypatch.setattr("forecast.model.compiled._COMPILED", OrderedDict())
    assert_same_draws(after, fit(second, INDEX, **TINY))
    assert len(compilations) == 2


def test_usual_models_are_not_compiled_from_a_graph(compilations):
    fit(make_panel(periods=40), PendulumSpec(), **TINY)
    assert not compilations


def test_36_origins_have_at_most_two_forms():
    """Panels of a chronology that grows month by month; no era begins in these three years."""
    spec, table, panels = PendulumSpec(cycle="cubic"), read_chronology(dyads=["CHN-JPN"]), []
    for month in range(36):
        end = add_months(np.datetime64("2019-03-31").item(), month)
        panels.append(build_panel(table, start="2014-01", end=f"{end:%Y-%m}"))
    assert [panel.sizes["time"] for panel in panels] == list(range(63, 99))
    assert len({form_of(panel_arrays(panel, spec)) for panel in panels}) <= 2


def test_what_is_built_in_makes_another_form():
    panel = make_panel(dyads=2, periods=60, eras=2, seed=1)

    def form(panel=panel, **choices):
        spec = PendulumSpec(**choices)
        return form_of(panel_arrays(panel, spec))

    assert form() == form(make_panel(dyads=2, periods=60, eras=2, seed=9))
    others = [
        form(nodes=9),
        form(ceiling="none"),
        form(make_panel(dyads=1, periods=60, eras=2)),
        form(make_panel(dyads=2, periods=60, eras=3)),
        form(make_panel(dyads=2, periods=60, eras=2, directions=2)),
        form(make_panel(dyads=2, periods=400, eras=2)),
    ]
    assert len({form(), *others}) == 1 + len(others)


def test_memory_holds_a_handful_of_forms(compilations, monkeypatch):
    class Made:
        def filled(self, data):
            return self

    monkeypatch.setattr("forecast.model.compiled._compile", lambda model: Made())
    from forecast.model.compiled import _COMPILED

    panel = make_panel(periods=40)
    for nodes in range(3, 3 + KEPT_FORMS + 2):
        spec = PendulumSpec(nodes=nodes, cycle="cubic")
        density_of(panel_arrays(panel, spec))
    assert len(_COMPILED) == KEPT_FORMS
    assert min(spec.nodes for spec, *_ in _COMPILED) == 5


@pytest.mark.parametrize("nodes", [1, 127, 128, 129, 1000, 2740, 12000])
def test_coordinates_to_spare_are_few_and_enough(nodes):
    assert nodes <= node_capacity(nodes) < nodes + max(128, nodes / 4)
    assert node_capacity(node_capacity(nodes)) == node_capacity(nodes)
