"""The fused likelihood of a month's events against a plain density, finite differences and finer quadrature."""

import subprocess
import sys

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from scipy.integrate import quad
from scipy.special import gammaln, psi
from scipy.stats import dirichlet_multinomial, norm

from forecast.model.arrays import panel_arrays
from forecast.model.kernels.observation import digamma, observation_value_gradient, rising_factorial
from forecast.model.kernels.ops import EventLikelihood
from forecast.model.observation.side import NO_SHIFT, count_sparsely, quadrature
from forecast.model.spec import PendulumSpec
from forecast.panel import recounted

from .panels import make_panel, numerical_gradient, python_mode
from .reference import class_shares, fine_quadrature, log_likelihood

NAMES = ("level", "offset", "cutpoint", "concentration", "noise")
LAYOUT = ("blocks", "cells", "rows", "entries")


class Case:
    """All classes of a panel's counts as the kernel reads them, and where its nodes stand."""

    def __init__(self, panel, *, dense=False):
        arrays = panel_arrays(panel, PendulumSpec(), dense=dense)
        self.dyad, self.time, self.nodes = arrays.node_dyad, arrays.node_time, arrays.nodes
        self.counts = panel["counts"].transpose("dyad", "time", "direction", "dataset", "class").to_numpy()
        node_of = np.full(self.counts.shape[:2], -1)
        node_of[self.dyad, self.time] = np.arange(self.nodes)
        self.counted = count_sparsely(self.counts, node_of)

    @property
    def layout(self):
        return list(self.counted.layout.values())

    def at_months(self, level):
        """The level as (dyad, time), as the plain density wants it."""
        months = np.zeros(self.counts.shape[:2])
        months[self.dyad, self.time] = level
        return months

    def plain(self, values, points):
        """The plain density."""
        return log_likelihood(self.counts, self.at_months(values["level"]), values, points)


def draw_case(panel, *, overdispersed=True, noisy=True, seed=0):
    """Values of the kernel's first five inputs for a panel."""
    rng = np.random.default_rng(seed)
    case = Case(panel)
    dyads, _, directions, datasets, classes = case.counts.shape
    cutpoint = np.cumsum(rng.uniform(0.4, 1.2, (datasets, classes - 1)), axis=1)
    return case, {
        "level": 0.8 * rng.standard_normal(case.nodes),
        "offset": 0.3 * rng.standard_normal((dyads, directions, datasets)),
        "cutpoint": cutpoint - cutpoint[:, [(classes - 1) // 2]],
        "concentration": rng.uniform(2.0, 12.0, datasets) * overdispersed,
        "noise": rng.uniform(0.3, 1.2, dyads) * noisy,
    }


def evaluate(case, values, points):
    own = [values[name] for name in NAMES]
    value, *gradients, _ = observation_value_gradient(*own, NO_SHIFT, *case.layout, *points)
    return float(value), dict(zip(NAMES, gradients, strict=True))


SHAPES = [
    pytest.param({"classes": 2, "zero_cut": 1}, id="two classes"),
    pytest.param({"classes": 8}, id="eight classes"),
    pytest.param({"classes": 3, "zero_cut": 1}, id="one class of conflict"),
    pytest.param({"classes": 3, "zero_cut": 2}, id="one class of cooperation"),
    pytest.param({"dyads": 2, "directions": 2, "datasets": 2}, id="two directions, two datasets"),
    pytest.param({"dyads": 3, "periods": 150, "empty": 0.0}, id="several blocks"),
]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("noisy", [True, False], ids=["noise", "no noise"])
@pytest.mark.parametrize("overdispersed", [True, False], ids=["overdispersed", "multinomial"])
def test_value_is_that_of_the_plain_density(shape, overdispersed, noisy):
    panel = make_panel(**shape)
    case, values = draw_case(panel, overdispersed=overdispersed, noisy=noisy)
    points = quadrature(PendulumSpec(month_noise=noisy))
    expected = case.plain(values, points)
    assert evaluate(case, values, points)[0] == pytest.approx(expected, rel=1e-11)


@pytest.mark.parametrize("busy", [1, 5, 16, 17, 40, 41, 50, 2000])
@pytest.mark.parametrize("overdispersed", [True, False], ids=["overdispersed", "multinomial"])
def test_busy_months_take_other_paths_to_the_same_value(busy, overdispersed):
    """Up to 16 of one class a product, up to 40 in all without logarithms, beyond that logarithms at every node."""
    panel = make_panel(periods=6, empty=0.0, directions=2)
    counts = panel["counts"].to_numpy()
    counts[:] = 0
    rng = np.random.default_rng(1)
    for t in range(6):  # all in one class, spread over classes, over directions
        counts[0, 0, t, 0, t] = busy
        counts[0, 0, t, 1] = rng.multinomial(busy * (t % 3), np.full(8, 1 / 8))
    case, values = draw_case(recounted(panel), overdispersed=overdispersed)
    points = quadrature(PendulumSpec())
    expected = case.plain(values, points)
    value, gradients = evaluate(case, values, points)
    assert value == pytest.approx(expected, rel=1e-11)
    check_gradients(case, values, gradients, points)


@pytest.mark.parametrize("events", [1.5, 300.0])
def test_a_shift_of_a_dataset_is_added_to_the_level_as_it_reads_it(events):
    panel = make_panel(dyads=2, periods=8, directions=2, datasets=2, events=events)
    case, values = draw_case(panel)
    points = quadrature(PendulumSpec())
    shift = 0.5 * np.random.default_rng(3).standard_normal((case.nodes, 2))

    def shifted(at):
        return observation_value_gradient(*(values[name] for name in NAMES), at, *case.layout, *points)

    value, *gradients, by_shift = shifted(shift)
    by_month = np.zeros((2, 8, 2))
    by_month[case.dyad, case.time] = shift
    expected = case.plain(values | {"shift": by_month}, points)
    assert float(value) == pytest.approx(expected, rel=1e-11)
    np.testing.assert_allclose(by_shift, numerical_gradient(lambda at: float(shifted(at)[0]), shift), atol=1e-6)
    np.testing.assert_allclose(by_shift.sum(axis=1), gradients[0], atol=1e-9)
    still, *same, _ = shifted(np.zeros_like(shift))
    plain, others = evaluate(case, values, points)
    assert float(still) == plain
    for name, gradient in zip(NAMES, same, strict=True):
        np.testing.assert_array_equal(gradient, others[name])


def check_gradients(case, values, gradients, points):
    for name in NAMES:
        if name == "concentration" and not values[name].all():
            continue  # zero stands for "no overdispersion" and has no neighbours
        expected = numerical_gradient(
            lambda at, name=name: evaluate(case, values | {name: at}, points)[0], values[name]
        )
        size = np.abs(expected).max()
        np.testing.assert_allclose(gradients[name], expected, rtol=1e-5, atol=1e-7 * (1 + size), err_msg=name)


@pytest.mark.parametrize("shape", SHAPES[:-1])
@pytest.mark.parametrize("noisy", [True, False], ids=["noise", "no noise"])
@pytest.mark.parametrize("overdispersed", [True, False], ids=["overdispersed", "multinomial"])
def test_every_gradient_is_that_of_finite_differences(shape, overdispersed, noisy):
    case, values = draw_case(make_panel(**shape), overdispersed=overdispersed, noisy=noisy, seed=2)
    points = quadrature(PendulumSpec(month_noise=noisy))
    check_gradients(case, values, evaluate(case, values, points)[1], points)


def test_a_single_report_is_the_dirichlet_multinomial_of_scipy():
    panel = make_panel(periods=1, eras=1)
    counts = np.array([3, 0, 1, 2, 0, 4, 1, 1])
    panel["counts"][:] = counts
    panel = recounted(panel)
    case, values = draw_case(panel, noisy=False)
    shares = class_shares(values["level"][0] + values["offset"][0, 0, 0], values["cutpoint"][0])
    coefficient = gammaln(counts.sum() + 1) - gammaln(counts + 1).sum()
    expected = dirichlet_multinomial.logpmf(counts, values["concentration"][0] * shares, counts.sum())
    value = evaluate(case, values, quadrature(PendulumSpec(month_noise=False)))[0]
    assert value + coefficient == pytest.approx(expected, rel=1e-11)


def test_the_month_noise_is_integrated():
    """Against SciPy's adaptive quadrature, which knows nothing of nodes."""
    panel = make_panel(periods=1, eras=1, directions=2, datasets=2)
    case, values = draw_case(panel, seed=5)

    def integrand(news):
        quiet = values | {"noise": np.zeros(1)}
        quiet["level"] = values["level"] + values["noise"] * news
        return norm.pdf(news) * np.exp(case.plain(quiet, (np.zeros(1), np.ones(1))))

    expected = np.log(quad(integrand, -10, 10, epsabs=0, epsrel=1e-10, limit=200)[0])
    assert evaluate(case, values, fine_quadrature())[0] == pytest.approx(expected, abs=1e-8)


def test_empty_months_cost_nothing():
    full = make_panel(dyads=2, periods=12, empty=0.5, seed=3)
    case, values = draw_case(full)
    value, gradients = evaluate(case, values, quadrature(PendulumSpec()))
    dense = Case(full, dense=True)
    level = case.at_months(values["level"])
    every_month = values | {"level": level[dense.dyad, dense.time]}
    again, every_gradient = evaluate(dense, every_month, quadrature(PendulumSpec()))
    assert again == value
    silent = dense.counted.events_at_nodes() == 0
    assert silent.any()
    assert not every_gradient["level"][silent].any()
    assert every_gradient["level"][~silent].all()
    np.testing.assert_array_equal(gradients["cutpoint"], every_gradient["cutpoint"])
    assert dense.counted.cells.shape == case.counted.cells.shape


def test_no_month_with_events_no_likelihood():
    panel = make_panel(periods=4)
    panel["counts"][:] = 0
    panel = recounted(panel)
    case, values = draw_case(panel)
    value, gradients = evaluate(case, values, quadrature(PendulumSpec()))
    assert value == 0
    assert not any(gradient.any() for gradient in gradients.values())


@pytest.mark.parametrize("concentration", [8.0, 20.0])
@pytest.mark.parametrize("noise", [0.6, 1.0, 1.5])
def test_the_error_of_the_quadrature_is_known(noise, concentration):
    """A month's likelihood is about a bell of precision r = noise**2 * information in units of the noise. Expanding
    a bell in Hermite polynomials, what n nodes miss begins with the 2n-th, of size (r / (1 + r))**n. Information is
    that of `report_variance`: 0.3 an event, of which overdispersion a leaves (a + 1) / (a + n). The factor 10 is for
    what is no bell (measured: at most 5); a single event with its long tails is held to a bound
    of its own below. Without overdispersion and with hundreds of events r is large, and no
    number of nodes is enough.
    """
    for events in (3, 10, 30, 300):
        precision = noise**2 * 0.3 * events * (concentration + 1) / (concentration + events)
        for nodes, errors in month_errors(noise, concentration, events, (7, 9)).items():
            assert errors.max() < 10 * (precision / (1 + precision)) ** nodes + 1e-10


@pytest.mark.parametrize(("noise", "bound"), [(0.6, 1e-6), (1.0, 2e-4), (1.5, 5e-3)])
def test_a_single_event_needs_few_nodes(noise, bound):
    (errors,) = month_errors(noise, 8.0, 1, (PendulumSpec().nodes,)).values()
    assert errors.max() < bound


def month_errors(noise, concentration, events, numbers, months=40):
    """Errors of the log-likelihood of single months, drawn from the model at shares from 12 to 88, by nodes."""
    rng = np.random.default_rng(1)
    panel = make_panel(periods=months, eras=1, empty=0.0)
    level, gaps = rng.uniform(-2, 2, months), 0.9 * (np.arange(7.0) - 3)
    shares = class_shares(level + noise * rng.standard_normal(months), gaps)
    shares = np.array([rng.dirichlet(concentration * share + 1e-9) for share in shares])
    panel["counts"][0, 0, :, 0] = rng.multinomial(events, shares)
    panel = recounted(panel)
    errors = {nodes: np.empty(months) for nodes in numbers}
    for t in range(months):
        one = recounted(panel.isel(time=[t]))
        case, values = draw_case(one)
        values |= {
            "level": level[[t]], "offset": np.zeros((1, 1, 1)), "cutpoint": gaps[None],
            "noise": np.array([noise]), "concentration": np.array([concentration]),
        }  # fmt: skip
        fine = evaluate(case, values, fine_quadrature(1001))[0]
        for nodes in numbers:
            errors[nodes][t] = abs(evaluate(case, values, quadrature(PendulumSpec(nodes=nodes)))[0] - fine)
    return errors


@pytest.fixture(scope="module")
def functions():
    """The Op with its gradients as PyTensor functions, with and without compilation."""
    kinds = (pt.dvector, pt.dtensor3, pt.dmatrix, pt.dvector, pt.dvector)
    variables = [kind(name) for kind, name in zip(kinds, NAMES, strict=True)]
    layout, points = [pt.lmatrix(name) for name in LAYOUT], [pt.dvector("nodes"), pt.dvector("weights")]
    value = EventLikelihood()(*variables, pt.constant(NO_SHIFT), *layout, *points)[0]
    outputs = [value, *pytensor.grad(3.0 * value, variables)]
    return [pytensor.function([*variables, *layout, *points], outputs, mode=mode) for mode in (python_mode(), "NUMBA")]


def test_the_op_and_its_gradients_are_those_of_the_kernel(functions):
    case, values = draw_case(make_panel(dyads=2, directions=2, datasets=2))
    points = quadrature(PendulumSpec())
    value, gradients = evaluate(case, values, points)
    for function in functions:
        again, *by_op = function(*(values[name] for name in NAMES), *case.layout, *points)
        assert again == pytest.approx(value, rel=1e-13)
        for name, gradient in zip(NAMES, by_op, strict=True):
            np.testing.assert_allclose(gradient, 3 * gradients[name], rtol=1e-12, atol=1e-13, err_msg=name)


@pytest.mark.parametrize("mass", [1e-8, 0.01, 0.7, 5.9, 6.0, 40.0, 1e4])
def test_special_functions_are_those_of_scipy(mass):
    assert digamma(mass) == pytest.approx(psi(mass), rel=1e-12)
    for count in (1, 2, 16, 17, 2000):
        value, slope = rising_factorial(mass, count, 1.0)
        assert value == pytest.approx(gammaln(mass + count) - gammaln(mass), rel=1e-10, abs=1e-10)
        expected = sum(mass / (mass + i) for i in range(count))
        assert slope == pytest.approx(expected, rel=1e-9)
        assert rising_factorial(mass, count, 0.0) == pytest.approx((count * np.log(mass), count))


def test_a_point_far_off_ends_without_a_number_and_does_not_hang():
    """Of what is no number no comparison holds, so that a loop until it is large enough would never end.

    In a process of its own, for nothing in this one could end such a loop.
    """
    code = """
import numpy as np
from forecast.model.kernels.observation import digamma, rising_factorial
for wild in (np.nan, -np.inf, np.inf, -1e300):
    digamma(wild), rising_factorial(wild, 50, 1.0)
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
