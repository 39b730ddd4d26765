"""The model against its density and priors written down plainly.

What may not depend on how it is computed.
"""

from dataclasses import replace
from functools import reduce
from operator import add

import numpy as np
import pytensor
import pytest
import xarray as xr

from forecast.base.errors import DataError, SpecError
from forecast.data.panel import validate_panel
from forecast.model import PendulumModel, PendulumSpec, Priors, prior_draws, simulate_panel
from forecast.model.arrays import panel_arrays
from forecast.model.inputs import prior_reference
from forecast.model.observation.sparse_counts import quadrature
from forecast.model.process.cycle import find_cycle
from forecast.model.process.trend import find_trend
from tests.made import consistent, make_panel, python_mode

from .reference import PlainModel, process_moments

INDEX = {"observation": "index"}
BENDING = Priors(headroom=(-2.0, 0.3))
"""Of a ceiling so tight that it bends the trend."""


class Compiled:
    """A model of a spec and panel with its density and path as functions of a point, compiled
    without compiler."""

    def __init__(self, panel, spec, reference=None):
        self.spec, self.panel = spec, panel
        self.arrays = panel_arrays(panel, spec)
        self.model = PendulumModel(spec).build(panel, reference)
        self.log_density = self.model.compile_logp(mode=python_mode())
        self.names = [
            name for name in ("node_trend", "node_cycle") if name in self.model.named_vars
        ]
        self.path = self.model.compile_fn(
            self.model.replace_rvs_by_values([self.model[name] for name in self.names]),
            inputs=self.model.value_vars,
            mode=python_mode(),
            on_unused_input="ignore",
        )
        self.start = self.model.initial_point()
        self.number = spec.components * self.arrays.nodes

    def random_point(self, rng, size=0.4):
        return {
            name: value + size * rng.standard_normal(np.shape(value))
            for name, value in self.start.items()
        }

    def padded(self, white):
        """White coordinates of the nodes, and zeros for the coordinates to spare."""
        return np.pad(white, (0, self.start["white"].size - white.size))

    def state(self, point):
        """Trend and cycle at the nodes, one behind the other."""
        return np.concatenate(self.path(point))

    def change(self, point):
        """The matrix dx/dz of the path in its white coordinates, column by column.

        It is affine in them.
        """
        origin = self.state(point | {"white": self.padded(np.zeros(self.number))})
        columns = [
            self.state(point | {"white": self.padded(unit)}) - origin
            for unit in np.eye(self.number)
        ]
        return origin, np.column_stack(columns)

    def plain(self, point):
        """The plain density of the point in the model's coordinates."""
        log_volume = np.linalg.slogdet(self.change(point)[1])[1]
        plain = PlainModel(self.spec, self.panel, self.arrays)
        spare = -0.5 * (point["white"][self.number :] ** 2).sum()
        parts = dict(zip(self.names, self.path(point), strict=True))
        path = (parts.get("node_trend"), parts.get("node_cycle"))
        return plain.log_density(point, *path, quadrature(self.spec)) + log_volume + spare


def panel_with_gaps(**shape):
    """A panel with months without events on either side of an era's beginning, and at its end."""
    panel = make_panel(**{"dyads": 2, "periods": 20, "eras": 2} | shape)
    silent = np.isin(np.arange(20), [7, 8, 9, 10, 11, 18, 19])
    if "index" in panel:
        panel["index"][:, silent] = np.nan
    else:
        panel["counts"][:, :, silent] = 0
    return consistent(panel)


FORMS = [
    pytest.param({}, {"directions": 2}, id="default, two directions"),
    pytest.param(
        {"trend": "walk", "cycle": "none", "ceiling": "framework", "pooling": False},
        {},
        id="walk, unpooled",
    ),
    pytest.param(
        {"trend": "constant", "pooling": False, "month_noise": False, "volume_effect": False},
        {},
        id="constant, unpooled",
    ),
    pytest.param(
        {"ceiling": "framework", "jumps": False, "overdispersion": False},
        {},
        id="ceiling, no jumps",
    ),
    pytest.param({}, {"dyads": 1, "classes": 2, "zero_cut": 1}, id="one dyad, two classes"),
]


@pytest.mark.parametrize(("choices", "shape"), FORMS)
def test_density_is_the_plain_one_with_its_priors_written_down(choices, shape):
    """Every form, with the model's own priors, is in test_family.

    Here these are written down too.
    """
    compiled = Compiled(panel_with_gaps(**shape), PendulumSpec(**choices))
    rng = np.random.default_rng(1)
    points = [compiled.random_point(rng) for _ in range(4)]
    fast = np.array([compiled.log_density(point) for point in points])
    plain = np.array([compiled.plain(point) for point in points])
    assert np.ptp(fast) > 1
    np.testing.assert_allclose(fast - fast[0], plain - plain[0], rtol=1e-8, atol=1e-7)


@pytest.mark.parametrize(
    "choices", [{}, {"trend": "walk", "cycle": "none"}, {"trend": "constant"}, INDEX]
)
def test_where_the_path_is_whitened_does_not_matter(choices):
    """The density of a path, its parameters and nothing else.

    The same through two sets of white coordinates.
    """
    panel = panel_with_gaps(index=choices == INDEX)
    spec = PendulumSpec(**choices)
    arrays = panel_arrays(panel, spec)
    prior = prior_reference(arrays)
    moved = {"noise": 0.5, "concentration": 1.5, "error": 2.0}
    own = {name: moved[name] * prior.observed[name] for name in moved if name in prior.observed}
    elsewhere = replace(prior, mu=prior.mu - 0.5, observed=prior.observed | own)
    if prior.cycle is not None:
        elsewhere = replace(elsewhere, cycle={**prior.cycle, "sd": prior.cycle["sd"] * 2})
    one, other = (Compiled(panel, spec, reference) for reference in (None, elsewhere))
    rng = np.random.default_rng(2)
    densities = []
    for _ in range(3):
        point = one.random_point(rng)
        path = one.state(point)
        origin, matrix = other.change(point)
        translated = point | {"white": other.padded(np.linalg.solve(matrix, path - origin))}
        point = point | {"white": one.padded(point["white"][: one.number])}
        assert np.abs(translated["white"] - point["white"]).max() > 0.01
        first = one.log_density(point) - np.linalg.slogdet(one.change(point)[1])[1]
        second = other.log_density(translated) - np.linalg.slogdet(matrix)[1]
        densities.append((first, second))
    np.testing.assert_allclose(*np.transpose(densities), rtol=1e-9, atol=1e-8)


@pytest.mark.parametrize("component", ["cycle", "reverting", "walk"])
def test_nodes_have_the_distribution_they_have_among_all_months(component):
    """A gap crossed in one step is the months stepped through one by one."""
    panel = panel_with_gaps()
    arrays = panel_arrays(panel, PendulumSpec())
    assert (arrays.node_gap > 2).any()
    era, pairs = panel["era_index"].to_numpy(), arrays.pairs
    kept, step, mean = np.array([0.7, 0.97]), np.array([0.1, 0.3]), np.array([-0.5, 0.4])
    new_era = np.diff(era, axis=1, prepend=era[:, :1]) != 0
    if component == "cycle":
        start, mean, jump = step / np.sqrt(1 - kept**2), np.zeros(2), 0.0
        drift, carry, scale = find_cycle("linear").transitions(
            {"retention": kept, "sd": start}, pairs
        )
    else:
        kept = np.full(2, 1.0 if component == "walk" else 0.97)
        start, jump = np.full(2, 1.4), 0.8
        motion = {"mean": mean, "step": step, "jump": jump, "start": 1.4, "retention": kept[0]}
        drift, carry, scale = find_trend(component).transitions(motion, pairs)
    for d in range(2):
        own = arrays.node_dyad == d
        steps = (np.eye(own.sum()) - np.diag(carry[own][1:], -1)) / scale[own][:, None]
        by_month = np.sqrt(step[d] ** 2 + (jump * new_era[d]) ** 2)
        by_month[0] = start[d]
        expected_mean, expected = process_moments(kept[d], by_month, mean[d])
        months = arrays.node_time[own]
        np.testing.assert_allclose(
            np.linalg.solve(steps, drift[own] / scale[own]), expected_mean[months], atol=1e-12
        )
        np.testing.assert_allclose(
            np.linalg.inv(steps.T @ steps), expected[np.ix_(months, months)], atol=1e-12
        )


def test_every_month_of_an_era_boundary_is_a_node():
    arrays = panel_arrays(panel_with_gaps(), PendulumSpec())
    for dyad in range(2):
        own = arrays.node_time[arrays.node_dyad == dyad]
        assert {0, 9, 10, 19} <= set(own)
    assert set(np.diff(arrays.starts)) != {20}
    assert panel_arrays(panel_with_gaps(), PendulumSpec(), dense=True).nodes == 40


def test_one_dyad_has_nobody_to_pool_with():
    panel = make_panel()
    pooled, alone = (Compiled(panel, PendulumSpec(pooling=pooling)) for pooling in (True, False))
    point = pooled.random_point(np.random.default_rng(6))
    assert pooled.log_density(point) == alone.log_density(point)


def density_and_gradient(model):
    """The density of a point and its gradient.

    Terms are added two by two, for without a compiler 32 are too many.
    """
    total = reduce(add, [term.sum() for term in model.logp(sum=False)])
    slopes = pytensor.grad(total, model.continuous_value_vars, disconnected_inputs="ignore")
    both = model.compile_fn(
        [total, *slopes], inputs=model.value_vars, mode=python_mode(), on_unused_input="ignore"
    )

    def found(point):
        value, *gradient = both(point)
        return float(value), np.concatenate([np.ravel(part) for part in gradient])

    return found


@pytest.mark.parametrize(
    ("choices", "shape"),
    [
        ({}, {"dyads": 2, "directions": 2, "datasets": 2}),
        ({"cycle": "cubic", "ceiling": "framework", "priors": BENDING}, {"dyads": 2}),
        ({"cycle": "band", "pooling": False}, {"dyads": 2, "classes": 3, "zero_cut": 2}),
        (INDEX, {"dyads": 2, "index": True}),
    ],
)
def test_the_gradient_is_that_of_the_density(choices, shape):
    """Along random directions through random points, by the five-point stencil."""
    model = PendulumModel(PendulumSpec(**choices)).build(make_panel(periods=8, **shape))
    evaluated = density_and_gradient(model)
    start = model.initial_point()
    rng = np.random.default_rng(7)
    for _ in range(3):
        point = {
            name: value + 0.3 * rng.standard_normal(np.shape(value))
            for name, value in start.items()
        }
        direction = {name: rng.standard_normal(np.shape(value)) for name, value in start.items()}

        def along(step, point=point, direction=direction):
            return evaluated({name: point[name] + step * direction[name] for name in point})[0]

        h = 1e-3
        slope = (8 * (along(h) - along(-h)) - (along(2 * h) - along(-2 * h))) / (12 * h)
        flat = np.concatenate(
            [np.ravel(direction[value.name]) for value in model.continuous_value_vars]
        )
        assert evaluated(point)[1] @ flat == pytest.approx(slope, rel=1e-6, abs=1e-6)


def test_the_model_has_the_dims_and_names_that_a_user_reads():
    panel = make_panel(dyads=2, directions=2)
    model = PendulumModel(PendulumSpec(ceiling="framework")).build(panel)
    named = {
        "cycle_half_life",
        "trend_half_life",
        "trend_mean",
        "tau",
        "ceiling",
        "node_level",
        "volume_effect",
    }
    assert named <= set(model.named_vars)
    assert model.named_vars_to_dims["ceiling"] == ("era",)
    assert list(model.coords["dyad"]) == list(panel["dyad"].to_numpy())
    assert "path_prior" in {potential.name for potential in model.potentials}
    (events,) = model.observed_RVs
    assert (
        events.name == "events"
        and model.rvs_to_values[events].eval().sum() == panel["counts"].sum()
    )


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"cycle": "quartic"}, "cycle"),
        ({"trend": "sawtooth"}, "trend"),
        ({"observation": "tweets"}, "observation"),
        ({"ceiling": "floor"}, "ceiling"),
        ({"ceiling": 3}, "ceiling"),
        ({"ceiling": "framework", "trend": "constant"}, "ceiling"),
        ({"cycle": "none"}, "cycle"),
        ({"nodes": 0}, "nodes"),
        ({"nodes": 2.5}, "nodes"),
    ],
)
def test_a_spec_that_makes_no_sense_is_refused_by_field(values, field):
    with pytest.raises(SpecError, match=rf"^{field}: "):
        PendulumSpec(**values)


def test_a_spec_goes_through_plain_values_and_back():
    spec = PendulumSpec(trend="walk", cycle="none", nodes=15)
    assert PendulumSpec.from_dict(spec.to_dict()) == spec
    with pytest.raises(SpecError, match="unknown field colour"):
        PendulumSpec.from_dict({"colour": "blue"})


def test_a_panel_that_does_not_fit_the_spec_is_refused():
    with pytest.raises(DataError, match="observation='index'"):
        PendulumModel(PendulumSpec(**INDEX)).build(make_panel())
    with pytest.raises(DataError, match="observation='sides'"):
        PendulumModel(PendulumSpec()).build(make_panel(index=True))


@pytest.mark.parametrize(
    ("panel", "spec"),
    [
        (make_panel(), PendulumSpec()),
        (make_panel(index=True), PendulumSpec(**INDEX)),
        (make_panel(classes=2, zero_cut=1), PendulumSpec()),
    ],
    ids=["events", "index", "two classes"],
)
def test_without_a_spec_it_follows_from_the_panel(panel, spec):
    named = set(PendulumModel(spec).build(panel).named_vars)
    assert set(PendulumModel().build(panel).named_vars) == named
    truth = prior_draws(panel, draws=1, seed=1)
    xr.testing.assert_identical(truth, prior_draws(panel, spec, draws=1, seed=1))
    made, level = simulate_panel(panel, truth.isel(draw=0), seed=1)
    validate_panel(made)
    xr.testing.assert_identical(level, simulate_panel(panel, truth.isel(draw=0), spec, seed=1)[1])


def test_a_spec_of_another_kind_of_data_is_rejected_before_anything_is_simulated():
    index, events = make_panel(index=True), PendulumSpec()
    truth = prior_draws(index, draws=1, seed=1).isel(draw=0)
    for call in (lambda: prior_draws(index, events), lambda: simulate_panel(index, truth, events)):
        with pytest.raises(
            DataError,
            match=r"holds index, and the spec says observation='sides'.*Leave the spec out",
        ):
            call()


@pytest.mark.parametrize("index", [False, True])
def test_an_empty_panel_is_refused(index):
    panel = make_panel(index=index)
    spec = PendulumSpec(**INDEX) if index else PendulumSpec()
    panel["index" if index else "counts"][:] = np.nan if index else 0
    with pytest.raises(DataError, match="no observation"):
        PendulumModel(spec).build(consistent(panel))
