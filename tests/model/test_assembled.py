"""The assembled density is that of the PyMC model, coordinate by coordinate, and its gradient
that of the density."""

import numpy as np
import pytest
import xarray as xr

from forecast.model import PendulumModel, PendulumSpec
from forecast.model.arrays import panel_arrays
from forecast.model.densities import POINT, density_of, is_usual
from forecast.model.inputs import WHITE
from tests.made import make_panel, numerical_gradient, python_mode

TWO_DIRECTIONS = {"directions": 2, "events": 3.0}
THREE_BY_WEEK = {"dyads": 3, "periods": 30, "frequency": "week"}
LATE_FIRST_ERA = {"dyads": 2, "first_era": 4, "empty": 0.6}
NO_KINDS = {"dyads": 2, "classes": 2, "zero_cut": 1, "eras": 1}
WALK_ALONE = {"trend": "walk", "cycle": "none", "ceiling": "framework", "jumps": False}
CASES = [
    pytest.param({}, TWO_DIRECTIONS, id="default, two directions"),
    pytest.param({}, NO_KINDS, id="default, no kinds"),
    pytest.param({"ceiling": "framework"}, THREE_BY_WEEK, id="ceiling, three dyads by week"),
    pytest.param(
        {"ceiling": "framework"}, LATE_FIRST_ERA, id="ceiling, the first era begins after the panel"
    ),
    pytest.param({"trend": "walk"}, THREE_BY_WEEK, id="walk, three dyads"),
    pytest.param({"trend": "walk"}, TWO_DIRECTIONS, id="walk, one dyad"),
    pytest.param(WALK_ALONE, TWO_DIRECTIONS, id="walk alone, ceiling, one dyad"),
    pytest.param(WALK_ALONE, THREE_BY_WEEK, id="walk alone, ceiling, three dyads by week"),
    pytest.param({"trend": "constant"}, THREE_BY_WEEK, id="constant, three dyads by week"),
    pytest.param({"trend": "constant", "jumps": False}, TWO_DIRECTIONS, id="constant, no jumps"),
    pytest.param(
        {"pooling": False, "month_noise": False}, THREE_BY_WEEK, id="unpooled, no month noise"
    ),
    pytest.param(
        {"overdispersion": False, "volume_effect": False},
        THREE_BY_WEEK,
        id="binomial, no effect of volume",
    ),
    pytest.param(
        {"overdispersion": False, "volume_effect": False}, NO_KINDS, id="binomial, no kinds"
    ),
]
"""Every choice with one dyad or three, and what a shape adds with two choices: not all of each with
all."""


def panel_of(shape):
    return make_panel(**{"periods": 20, "seed": 3} | shape)


def assembled(spec, panel):
    return density_of(panel_arrays(panel, spec))


def to_pymc(point, density, start):
    """The values that PyMC's density takes, from a point."""
    found = {}
    for name, place in density.layout.spans.items():
        own, key = point[place], f"{name}_log__" if f"{name}_log__" in start else name
        if name == WHITE:
            own = np.concatenate([own, np.zeros(start[key].size - own.size)])
        found[key] = np.reshape(own, np.shape(start[key]))
    return found


@pytest.mark.parametrize(("choices", "shape"), CASES)
def test_it_is_the_density_of_the_pymc_model(choices, shape):
    panel, spec = panel_of(shape), PendulumSpec(**choices)
    rng = np.random.default_rng(5)
    density, model = assembled(spec, panel), PendulumModel(spec).build(panel)
    plain, start = model.compile_logp(mode=python_mode()), model.initial_point()
    for _ in range(3):
        point = density.start(int(rng.integers(1000)))
        values = to_pymc(point, density, start)
        assert values.keys() == start.keys()
        assert density.log_density(point) == pytest.approx(float(plain(values)), rel=1e-9, abs=1e-8)


@pytest.mark.parametrize(("choices", "shape"), CASES)
def test_its_gradient_is_that_of_the_density(choices, shape):
    density = assembled(PendulumSpec(**choices), panel_of(shape))
    point = density.start(2)
    expected = numerical_gradient(density.log_density, point)
    np.testing.assert_allclose(density.evaluate(point)[1], expected, rtol=1e-6, atol=1e-6)


def test_what_follows_from_a_point_is_what_follows_in_the_pymc_model():
    panel = panel_of({"dyads": 2, "directions": 2})
    spec = PendulumSpec(ceiling="framework")
    density, model = assembled(spec, panel), PendulumModel(spec).build(panel)
    start = model.initial_point()
    points = np.stack([density.start(seed) for seed in range(3)])
    drawn = xr.Dataset({POINT: (("chain", "draw", "coordinate"), points[None])})
    found = {name: values[0] for name, values in density.derived(drawn).items()}
    names = [name for name in found if name in model.named_vars]
    assert set(found) - set(names) == {"log_prior", "log_rest"}
    compute = model.compile_fn(
        model.replace_rvs_by_values([model[name] for name in names]),
        inputs=model.value_vars,
        mode=python_mode(),
        on_unused_input="ignore",
    )
    for i, point in enumerate(points):
        values = to_pymc(point, density, start)
        for name, expected in zip(names, compute(values), strict=True):
            np.testing.assert_allclose(found[name][i], expected, rtol=1e-9, atol=1e-9, err_msg=name)


@pytest.mark.parametrize(
    ("choices", "shape", "usual"),
    [
        ({}, {}, True),
        ({}, {"datasets": 2}, False),
        ({"cycle": "band"}, {}, False),
        ({"observation": "index"}, {"index": True}, False),
    ],
)
def test_other_models_are_compiled_from_their_graph(choices, shape, usual):
    spec = PendulumSpec(**choices)
    assert is_usual(panel_arrays(panel_of(shape), spec)) is usual
