"""The model against its density written down plainly; what may not depend on how it is computed; all its forms."""

from dataclasses import replace
from itertools import combinations as combinations_of
from itertools import product

import numpy as np
import pytest
import xarray as xr
from forecast.model.observation.quadrature import quadrature

from forecast.errors import DataError, SpecError
from forecast.model import PendulumModel, PendulumSpec, prior_draws, simulate_panel
from forecast.model.arrays import panel_arrays
from forecast.model.dynamics import find_pull
from forecast.model.dynamics.base import Motion
from forecast.model.whitening import prior_reference, transition_pairs
from forecast.panel import validate_panel

from .panels import make_panel, python_mode
from .reference import PlainModel, process_moments


class Compiled:
    """A model of a spec and panel with its density and path as functions of a point, compiled without compiler."""

    def __init__(self, panel, spec, reference=None):
        self.spec, self.panel = spec, panel
        self.arrays = panel_arrays(panel, spec)
        self.model = PendulumModel(spec).build(panel, reference)
        self.log_density = self.model.compile_logp(mode=python_mode())
        node_state = self.model.replace_rvs_by_values([self.model["node_state"]])
        self.path = self.model.compile_fn(
            node_state, inputs=self.model.value_vars, mode=python_mode(), on_unused_input="ignore"
        )
        self.start = self.model.initial_point()

    def random_point(self, rng, size=0.4):
        return {name: value + size * rng.standard_normal(np.shape(value)) for name, value in self.start.items()}

    def padded(self, white):
        """White coordinates of the nodes, and zeros for the coordinates to spare."""
        return np.pad(white, (0, self.start["white"].size - white.size))

    def state(self, point):
        return self.path(point)[0]

    def change(self, point):
        """The matrix dx/dz of the path in its white coordinates, column by column: it is affine in them."""
        origin = self.state(point | {"white": self.padded(np.zeros(self.arrays.nodes))})
        columns = [self.state(point | {"white": self.padded(unit)}) - origin for unit in np.eye(self.arrays.nodes)]
        return origin, np.column_stack(columns)

    def plain(self, point):
        """The plain density of the point in the model's coordinates."""
        log_volume = np.linalg.slogdet(self.change(point)[1])[1]
        plain = PlainModel(self.spec, self.panel, self.arrays)
        spare = -0.5 * (point["white"][self.arrays.nodes :] ** 2).sum()
        return plain.log_density(point, self.state(point), quadrature(self.spec)) + log_volume + spare


def panel_with_gaps(**shape):
    """A panel with months without events on either side of an era's beginning, and at its end."""
    panel = make_panel(dyads=2, periods=20, eras=2, **shape)
    silent = np.isin(np.arange(20), [7, 8, 9, 10, 11, 18, 19])
    if "index" in panel:
        panel["index"][:, silent] = np.nan
    else:
        panel["counts"][:, 0, silent] = 0
    return panel


FORMS = [
    pytest.param({}, {}, id="default"),
    pytest.param({"pooling": False}, {}, id="unpooled"),
    pytest.param({"dynamics": "none"}, {}, id="random walk"),
    pytest.param({"dynamics": "none", "ceiling": "constant"}, {}, id="random walk under one ceiling"),
    pytest.param({"ceiling": "constant+depth"}, {}, id="one ceiling"),
    pytest.param({"ceiling": "none"}, {}, id="no ceiling"),
    pytest.param({"shocks": "student"}, {}, id="heavy tails"),
    pytest.param({"dynamics": "none", "shocks": "student", "pooling": False}, {}, id="walk with heavy tails"),
    pytest.param({"month_noise": False}, {}, id="no month noise"),
    pytest.param({"overdispersion": False}, {}, id="multinomial"),
    pytest.param({}, {"directions": 2, "datasets": 2}, id="two directions, two feeds"),
    pytest.param({"ceiling": "era"}, {"classes": 2, "zero_cut": 1}, id="two classes"),
    pytest.param({"observation": "index", "ceiling": "era"}, {"index": True}, id="index"),
    pytest.param(
        {"observation": "index", "ceiling": "none", "shocks": "student"}, {"index": True}, id="index, heavy tails"
    ),
]


@pytest.mark.parametrize(("choices", "shape"), FORMS)
def test_density_is_the_plain_one_after_the_change_of_variables(choices, shape):
    """Prior times likelihood on all months, the silent ones integrated out, times |dx/dz|: up to one constant."""
    compiled = Compiled(panel_with_gaps(**shape), PendulumSpec.one_scale(**choices))
    rng = np.random.default_rng(1)
    points = [compiled.random_point(rng) for _ in range(4)]
    fast = np.array([compiled.log_density(point) for point in points])
    plain = np.array([compiled.plain(point) for point in points])
    assert np.ptp(fast) > 1
    np.testing.assert_allclose(fast - fast[0], plain - plain[0], rtol=1e-8, atol=1e-7)


@pytest.mark.parametrize("choices", [{}, {"dynamics": "none"}, {"observation": "index", "ceiling": "era"}])
def test_where_the_path_is_whitened_does_not_matter(choices):
    """The density of a path, its parameters and nothing else: the same through two sets of white coordinates."""
    panel = panel_with_gaps(index=choices.get("observation") == "index")
    spec = PendulumSpec.one_scale(**choices)
    arrays = panel_arrays(panel, spec)
    prior = prior_reference(spec, arrays)
    moved = {"noise": 0.5, "concentration": 1.5, "error": 2.0}
    elsewhere = replace(
        prior,
        motion=replace(prior.motion, sigma=prior.motion.sigma * 2),
        mu=prior.mu - 0.5,
        observed=prior.observed
        | {name: moved[name] * prior.observed[name] for name in moved if name in prior.observed},
    )
    one, other = (Compiled(panel, spec, reference) for reference in (None, elsewhere))
    rng = np.random.default_rng(2)
    densities = []
    for _ in range(3):
        point = one.random_point(rng)
        path = one.state(point)
        origin, matrix = other.change(point)
        white = np.linalg.solve(matrix, path - origin)
        translated = point | {"white": other.padded(white)}
        point = point | {"white": one.padded(point["white"][: arrays.nodes])}
        assert np.abs(translated["white"] - point["white"]).max() > 0.01
        first = one.log_density(point) - np.linalg.slogdet(one.change(point)[1])[1]
        second = other.log_density(translated) - np.linalg.slogdet(matrix)[1]
        densities.append((first, second))
    np.testing.assert_allclose(*np.transpose(densities), rtol=1e-9, atol=1e-8)


@pytest.mark.parametrize("walk", [False, True], ids=["linear", "random walk"])
def test_nodes_have_the_distribution_they_have_among_all_months(walk):
    """A gap crossed in one step is the months stepped through one by one, with the equilibrium of each month."""
    panel = panel_with_gaps()
    arrays = panel_arrays(panel, PendulumSpec.one_scale())
    assert (arrays.node_gap > 2).any()
    rng = np.random.default_rng(3)
    phi, sigma, sd, mu = np.ones(2), np.array([0.1, 0.3]), np.array([0.7, 1.2]), None
    if not walk:
        phi, mu = np.array([0.7, 0.97]), rng.standard_normal(arrays.eras)
        sigma = sd * np.sqrt(1 - phi**2)
    pull = find_pull("none" if walk else "linear")
    drift, carry, scale = pull.over_gaps(Motion(phi, sigma, sd, {}), mu, transition_pairs(arrays))
    for d in range(2):
        own = arrays.node_dyad == d
        step = (np.eye(own.sum()) - np.diag(carry[own][1:], -1)) / scale[own][:, None]
        mean = np.linalg.solve(step, drift[own] / scale[own])
        covariance = np.linalg.inv(step.T @ step)
        by_month = process_moments(phi[d], sigma[d], sd[d], np.zeros(20) if walk else mu[arrays.era_index[d]])
        months = arrays.node_time[own]
        np.testing.assert_allclose(mean, by_month[0][months], atol=1e-12)
        np.testing.assert_allclose(covariance, by_month[1][np.ix_(months, months)], atol=1e-12)


def test_every_month_of_an_era_boundary_is_a_node():
    arrays = panel_arrays(panel_with_gaps(), PendulumSpec.one_scale())
    for dyad in range(2):
        own = arrays.node_time[arrays.node_dyad == dyad]
        assert {0, 9, 10, 19} <= set(own)
    assert set(np.diff(arrays.starts)) != {20}
    assert panel_arrays(panel_with_gaps(), PendulumSpec.one_scale(), dense=True).nodes == 40


def test_a_dyad_alone_is_that_dyad_where_pooling_is_off():
    """Given what belongs to the feed (cutpoints, concentration) and to eras in general (their spreads), the density
    of two dyads that do not pool is the product of theirs alone.
    """
    panel = panel_with_gaps(datasets=2, directions=2)
    spec = PendulumSpec.one_scale(pooling=False)
    both = Compiled(panel, spec)
    shared = {"mu_era_sd_log__", "headroom_era_sd_log__", "depth_sd_log__", "log_gap", "concentration_log__"}
    rng = np.random.default_rng(5)
    for _ in range(2):
        point = both.random_point(rng)
        white = point["white"][: both.arrays.nodes]
        point["white"] = both.padded(white)
        total = 0.0
        for d in range(2):
            alone = panel.isel(dyad=[d], era=panel["era_dyad"].to_numpy() == d)
            alone["era_index"] = alone["era_index"] - alone["era_index"].min()
            alone["era_dyad"] = alone["era_dyad"] * 0
            model = Compiled(alone, PendulumSpec.one_scale())
            parts = {"mu_raw": both.arrays.era_dyad == d}
            parts["log_gap_era"] = parts["headroom_raw"] = parts["mu_raw"]
            own = {
                name: value if name in shared else value[parts.get(name, [d])]
                for name, value in point.items()
                if name != "white"
            }
            own["white"] = model.padded(white[both.arrays.node_dyad == d])
            total += model.log_density(own)
        names = {name.removesuffix("_log__") for name in shared}
        once = both.model.compile_logp(vars=[both.model[name] for name in names], mode=python_mode())(point)
        assert both.log_density(point) == pytest.approx(total - once, rel=1e-10)


def test_one_dyad_has_nobody_to_pool_with():
    panel = make_panel()
    pooled, alone = (Compiled(panel, PendulumSpec.one_scale(pooling=pooling)) for pooling in (True, False))
    point = pooled.random_point(np.random.default_rng(6))
    assert pooled.log_density(point) == alone.log_density(point)


CHOICES = {
    "ceiling": ("none", "constant", "era", "depth", "constant+depth", "era+depth"),
    "dynamics": ("linear", "none"),
    "shocks": ("normal", "student"),
    "month_noise": (True, False),
    "overdispersion": (True, False),
    "pooling": (True, False),
}
ALL = [dict(zip(CHOICES, values, strict=True)) for values in product(*CHOICES.values())]


def covering(combinations):
    """Few combinations in which any two choices meet: the greedy way."""
    left = {pair for combination in combinations for pair in pairs(combination)}
    while left:
        best = max(combinations, key=lambda combination: len(left & pairs(combination)))
        left -= pairs(best)
        yield best


def pairs(combination):
    return set(combinations_of(sorted(combination.items()), 2))


FEW = list(covering(ALL))


@pytest.fixture(scope="module")
def small_panel():
    return make_panel(dyads=2, periods=8, directions=2, datasets=2)


@pytest.mark.slow  # any two choices together are built below
def test_every_combination_of_choices_builds(small_panel):
    for choices in ALL[::2]:  # pooling, the last to vary, meets the others below
        model = PendulumModel(PendulumSpec.one_scale(**choices)).build(small_panel)
        assert ("ceiling" in model.named_vars) == ("era" in choices["ceiling"] or "constant" in choices["ceiling"])
        assert ("depth" in model.named_vars) == ("depth" in choices["ceiling"])
        assert ("half_life" in model.named_vars) == (choices["dynamics"] == "linear")


@pytest.mark.parametrize("choices", FEW, ids=lambda choices: "-".join(map(str, choices.values())))
def test_any_two_choices_together_give_a_finite_density_and_gradient(small_panel, choices):
    model = PendulumModel(PendulumSpec.one_scale(**choices)).build(small_panel)
    start = model.initial_point()
    assert np.isfinite(model.compile_logp(mode=python_mode())(start))
    assert np.isfinite(model.compile_dlogp(mode=python_mode())(start)).all()


@pytest.mark.parametrize(
    ("choices", "shape"),
    [
        ({}, {"dyads": 2, "directions": 2, "datasets": 2}),
        ({"dynamics": "none", "ceiling": "constant+depth", "shocks": "student"}, {"dyads": 2}),
        ({"ceiling": "constant", "month_noise": False, "overdispersion": False}, {"classes": 2, "zero_cut": 1}),
        ({"ceiling": "none", "pooling": False}, {"dyads": 2, "classes": 3, "zero_cut": 2}),
        ({"observation": "index", "ceiling": "era"}, {"dyads": 2, "index": True}),
    ],
)
def test_the_gradient_is_that_of_the_density(choices, shape):
    """Along random directions through random points, by the five-point stencil."""
    model = PendulumModel(PendulumSpec.one_scale(**choices)).build(make_panel(periods=8, **shape))
    log_density = model.compile_logp(mode=python_mode())
    gradient_of = model.compile_dlogp(mode=python_mode())
    start = model.initial_point()
    rng = np.random.default_rng(7)
    for _ in range(3):
        point = {name: value + 0.3 * rng.standard_normal(np.shape(value)) for name, value in start.items()}
        direction = {name: rng.standard_normal(np.shape(value)) for name, value in start.items()}

        def along(step, point=point, direction=direction):
            return log_density({name: point[name] + step * direction[name] for name in point})

        h = 1e-3
        slope = (8 * (along(h) - along(-h)) - (along(2 * h) - along(-2 * h))) / (12 * h)
        flat = np.concatenate([np.ravel(direction[value.name]) for value in model.continuous_value_vars])
        assert gradient_of(point) @ flat == pytest.approx(slope, rel=1e-6, abs=1e-6)


def test_the_model_has_the_dims_and_names_that_a_user_reads():
    panel = make_panel(dyads=2, datasets=2, directions=2)
    model = PendulumModel(PendulumSpec.one_scale()).build(panel)
    assert {"half_life", "sd", "tau", "mu", "ceiling", "depth", "cutpoint", "node_level"} <= set(model.named_vars)
    assert model.named_vars_to_dims["cutpoint"] == ("dataset", "cut")
    assert list(model.coords["dyad"]) == list(panel["dyad"].to_numpy())
    assert [potential.name for potential in model.potentials] == ["path_prior", "events"]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"dynamics": "quartic"}, "dynamics"),
        ({"shocks": "cauchy"}, "shocks"),
        ({"observation": "tweets"}, "observation"),
        ({"ceiling": "floor"}, "ceiling"),
        ({"ceiling": "era+era"}, "ceiling"),
        ({"ceiling": "era+constant"}, "ceiling"),
        ({"ceiling": 3}, "ceiling"),
        ({"ceiling": "depth", "observation": "index"}, "ceiling"),
        ({"ceiling_softness": 0.0}, "ceiling_softness"),
        ({"ceiling_softness": float("nan")}, "ceiling_softness"),
        ({"ceiling_softness": "soft"}, "ceiling_softness"),
        ({"nodes": 0}, "nodes"),
        ({"nodes": 2.5}, "nodes"),
    ],
)
def test_a_spec_that_makes_no_sense_is_refused_by_field(values, field):
    with pytest.raises(SpecError, match=rf"^{field}: "):
        PendulumSpec.one_scale(**values)


def test_a_spec_goes_through_plain_values_and_back():
    spec = PendulumSpec.one_scale(dynamics="none", ceiling="depth", nodes=15)
    assert PendulumSpec.from_dict(spec.to_dict()) == spec
    with pytest.raises(SpecError, match="unknown field colour"):
        PendulumSpec.from_dict({"colour": "blue"})


def test_a_panel_that_does_not_fit_the_spec_is_refused():
    with pytest.raises(DataError, match="observation='index'"):
        PendulumModel(PendulumSpec.one_scale(observation="index", ceiling="era")).build(make_panel())
    with pytest.raises(DataError, match="observation='events'"):
        PendulumModel(PendulumSpec.one_scale()).build(make_panel(index=True))
    with pytest.raises(SpecError, match="depth"):
        PendulumModel(PendulumSpec.one_scale()).build(make_panel(classes=2, zero_cut=1))


@pytest.mark.parametrize(
    ("panel", "spec"),
    [
        (make_panel(), PendulumSpec()),
        (make_panel(index=True), PendulumSpec(observation="index", ceiling="none")),
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
    index, events = make_panel(index=True), PendulumSpec.one_scale()
    truth = prior_draws(index, draws=1, seed=1).isel(draw=0)
    for call in (lambda: prior_draws(index, events), lambda: simulate_panel(index, truth, events)):
        with pytest.raises(DataError, match=r"holds index, and the spec says observation='events'.*Leave the spec out"):
            call()


@pytest.mark.parametrize("index", [False, True])
def test_an_empty_panel_is_refused(index):
    panel = make_panel(index=index)
    spec = PendulumSpec.one_scale(observation="index", ceiling="era") if index else PendulumSpec.one_scale()
    panel["index" if index else "counts"][:] = np.nan if index else 0
    with pytest.raises(DataError, match="no observation"):
        PendulumModel(spec).build(panel)
