"""The likelihood of cooperative and hostile events against a plain density, finite differences
and finer quadrature."""

import subprocess
import sys

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from scipy.integrate import quad
from scipy.special import betaln, expit, gammaln, psi
from scipy.stats import norm

from forecast.data.panel import recounted
from forecast.model.arrays import panel_arrays
from forecast.model.kernels.observation import digamma, rising_factorial, sides_value_gradient
from forecast.model.kernels.ops import SidesLikelihood
from forecast.model.observation.sparse_counts import CHUNK_ARRAYS, NO_SHIFT, quadrature
from forecast.model.spec import PendulumSpec
from tests.made import make_panel, numerical_gradient, python_mode

from .reference import fine_quadrature, log_likelihood, side_counts

NAMES = ("level", "offset", "concentration", "noise")
SHAPES = [
    pytest.param({"classes": 2, "zero_cut": 1}, id="two classes"),
    pytest.param({"classes": 8}, id="eight classes"),
    pytest.param({"dyads": 2, "directions": 2, "datasets": 2}, id="two directions, two datasets"),
    pytest.param({"dyads": 3, "periods": 150, "empty": 0.0}, id="several chunks"),
    pytest.param({"periods": 8, "events": 2000.0}, id="a dense feed"),
]


class Case:
    """Counts of a panel as the kernel reads them, and values of its parameters."""

    def __init__(self, panel, *, overdispersed=True, noisy=True, seed=0):
        rng, arrays = np.random.default_rng(seed), panel_arrays(panel, PendulumSpec())
        self.dyad, self.time, self.nodes = arrays.node_dyad, arrays.node_time, arrays.nodes
        self.counts, self.layout = side_counts(panel), arrays.observed.counts.chunked
        dyads, _, directions, datasets, _ = self.counts.shape
        self.points = quadrature(PendulumSpec(month_noise=noisy))
        self.values = {
            "level": 0.8 * rng.standard_normal(self.nodes),
            "offset": 0.3 * rng.standard_normal((dyads, directions, datasets)),
            "concentration": rng.uniform(2.0, 12.0, datasets) * overdispersed,
            "noise": rng.uniform(0.3, 1.2, dyads) * noisy,
        }

    def at_months(self, by_node):
        """Values (node, ...) as (dyad, time, ...)."""
        months = np.zeros((*self.counts.shape[:2], *by_node.shape[1:]))
        months[self.dyad, self.time] = by_node
        return months

    def evaluate(self, shift=NO_SHIFT, **changed):
        values = self.values | changed
        parameters = (values[name] for name in NAMES)
        value, *gradients = sides_value_gradient(
            *parameters, shift, *self.layout.values(), *self.points
        )
        return float(value), dict(zip((*NAMES, "shift"), gradients, strict=True))

    def plain(self, **more):
        """The density written down month by month.

        A cut at zero parts hostility from cooperation.
        """
        cut = {"cutpoint": np.zeros((self.counts.shape[3], 1))}
        return log_likelihood(
            self.counts, self.at_months(self.values["level"]), self.values | cut | more, self.points
        )

    def check_gradients(self):
        gradients = self.evaluate()[1]
        for name in NAMES:
            if name == "concentration" and not self.values[name].all():
                continue  # zero stands for "no overdispersion" and has no neighbours
            expected = numerical_gradient(
                lambda at, name=name: self.evaluate(**{name: at})[0], self.values[name]
            )
            tolerance = 1e-7 * (1 + np.abs(expected).max())
            np.testing.assert_allclose(
                gradients[name], expected, rtol=1e-5, atol=tolerance, err_msg=name
            )


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("noisy", [True, False], ids=["noise", "no noise"])
@pytest.mark.parametrize("overdispersed", [True, False], ids=["overdispersed", "binomial"])
def test_value_and_gradients_are_those_of_the_plain_density(shape, overdispersed, noisy):
    case = Case(make_panel(**shape), overdispersed=overdispersed, noisy=noisy)
    assert case.evaluate()[0] == pytest.approx(case.plain(), rel=1e-10)
    if shape.get("periods", 0) < 150:
        case.check_gradients()


@pytest.mark.parametrize("busy", [1, 16, 17, 40, 41, 2000])
@pytest.mark.parametrize("overdispersed", [True, False], ids=["overdispersed", "binomial"])
def test_busy_months_take_another_way_to_the_same_value(busy, overdispersed):
    """Up to 40 events a product, beyond that logarithms.

    All on one side, or spread over sides and directions.
    """
    panel = make_panel(periods=6, empty=0.0, directions=2, classes=2, zero_cut=1)
    counts, rng = panel["counts"].to_numpy(), np.random.default_rng(1)
    counts[:] = 0
    for month in range(6):
        counts[0, 0, month, 0, month % 2] = busy
        counts[0, 0, month, 1] = rng.multinomial(busy * (month % 3), [0.5, 0.5])
    case = Case(recounted(panel), overdispersed=overdispersed)
    assert case.evaluate()[0] == pytest.approx(case.plain(), rel=1e-10)
    case.check_gradients()


@pytest.mark.parametrize("events", [1.5, 300.0])
def test_a_shift_of_a_dataset_is_added_to_the_level_as_it_reads_it(events):
    case = Case(make_panel(dyads=2, periods=8, directions=2, datasets=2, events=events))
    shift = 0.5 * np.random.default_rng(3).standard_normal((case.nodes, 2))
    value, gradients = case.evaluate(shift)
    assert value == pytest.approx(case.plain(shift=case.at_months(shift)), rel=1e-10)
    expected = numerical_gradient(lambda at: case.evaluate(at)[0], shift)
    np.testing.assert_allclose(
        gradients["shift"], expected, atol=1e-6 * (1 + np.abs(expected).max())
    )
    np.testing.assert_allclose(gradients["shift"].sum(axis=1), gradients["level"], atol=1e-8)
    assert case.evaluate(np.zeros_like(shift))[0] == case.evaluate()[0]


def test_months_of_the_same_counts_stand_together_and_each_stands_once():
    counted = panel_arrays(make_panel(dyads=3, periods=300), PendulumSpec()).observed.counts
    chunks, months, counts = counted.chunked.values()
    assert chunks[:, 0].max() <= 64
    assert chunks[:, 0].sum() == len(months) == len(counted.cells)
    assert sorted(months[:, 0].tolist()) == sorted(counted.cells[:, 1].tolist())
    events = np.repeat(
        [counts[first : first + each, :2].sum() for _, each, _, first in chunks], chunks[:, 0]
    )
    np.testing.assert_array_equal(events, counted.events_at_nodes()[months[:, 0]])


def test_no_month_with_events_no_likelihood():
    panel = make_panel(periods=4)
    panel["counts"][:] = 0
    value, gradients = Case(recounted(panel)).evaluate()
    assert value == 0
    assert not any(gradient.any() for gradient in gradients.values())


def test_a_single_report_is_the_beta_binomial_of_scipy():
    panel = make_panel(periods=1, eras=1, classes=2, zero_cut=1)
    panel["counts"][:] = np.array([3, 9])
    case = Case(recounted(panel), noisy=False)
    share = expit(case.values["level"][0] + case.values["offset"][0, 0, 0])
    good, bad = (
        case.values["concentration"][0] * share,
        case.values["concentration"][0] * (1 - share),
    )
    assert case.evaluate()[0] == pytest.approx(
        betaln(good + 9, bad + 3) - betaln(good, bad), rel=1e-11
    )


def test_the_month_noise_is_integrated():
    """Against SciPy's adaptive quadrature, which knows nothing of nodes."""
    case = Case(make_panel(periods=1, eras=1, directions=2, datasets=2), seed=5)
    case.points = np.zeros(1), np.ones(1)
    level = case.values["level"]

    def integrand(news):
        return norm.pdf(news) * np.exp(case.evaluate(level=level + case.values["noise"] * news)[0])

    expected = np.log(quad(integrand, -10, 10, epsabs=0, epsrel=1e-10, limit=200)[0])
    case.points = fine_quadrature()
    assert case.evaluate()[0] == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize("concentration", [8.0, 20.0])
@pytest.mark.parametrize("noise", [0.6, 1.0, 1.5])
def test_the_error_of_the_quadrature_is_known(noise, concentration):
    """A month's likelihood is about a bell of precision r = noise**2 * information in units of
    the noise.

    Expanding a bell in Hermite polynomials, what n nodes miss begins with the 2n-th, of size (r /
    (1 + r))**n. Information is that of `report_variance`: 0.3 an event, of which overdispersion a
    leaves (a + 1) / (a + n). The factor 10 is for what is no bell; a single event with its long
    tails is held to a bound of its own below. Without overdispersion and with hundreds of events r
    is large, and no number of nodes is enough.
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
    """Errors of the log-likelihood of single months, drawn from the model at shares from 12 to
    88, by nodes."""
    rng = np.random.default_rng(1)
    panel = make_panel(periods=months, eras=1, empty=0.0, classes=2, zero_cut=1)
    level = rng.uniform(-2, 2, months)
    share = expit(level + noise * rng.standard_normal(months))
    share = rng.beta(concentration * share + 1e-9, concentration * (1 - share) + 1e-9)
    cooperative = rng.binomial(events, share)
    panel["counts"][0, 0, :, 0] = np.column_stack([events - cooperative, cooperative])
    panel = recounted(panel)
    errors = {nodes: np.empty(months) for nodes in numbers}
    for month in range(months):
        case = Case(recounted(panel.isel(time=[month])))
        case.values |= {
            "level": level[[month]],
            "offset": np.zeros((1, 1, 1)),
            "noise": np.array([noise]),
            "concentration": np.array([concentration]),
        }
        case.points = fine_quadrature(1001)
        fine = case.evaluate()[0]
        for nodes in numbers:
            case.points = quadrature(PendulumSpec(nodes=nodes))
            errors[nodes][month] = abs(case.evaluate()[0] - fine)
    return errors


@pytest.fixture(scope="module")
def functions():
    """The Op with its gradients as PyTensor functions, with and without compilation."""
    kinds = (pt.dvector, pt.dtensor3, pt.dvector, pt.dvector)
    variables = [kind(name) for kind, name in zip(kinds, NAMES, strict=True)]
    layout, points = (
        [pt.lmatrix(name) for name in CHUNK_ARRAYS],
        [pt.dvector("nodes"), pt.dvector("weights")],
    )
    value = SidesLikelihood()(*variables, pt.constant(NO_SHIFT), *layout, *points)[0]
    outputs = [value, *pytensor.grad(3.0 * value, variables)]
    return [
        pytensor.function([*variables, *layout, *points], outputs, mode=mode)
        for mode in (python_mode(), "NUMBA")
    ]


def test_the_op_and_its_gradients_are_those_of_the_kernel(functions):
    case = Case(make_panel(dyads=2, directions=2, datasets=2))
    value, gradients = case.evaluate()
    for function in functions:
        again, *by_op = function(
            *(case.values[name] for name in NAMES), *case.layout.values(), *case.points
        )
        assert again == pytest.approx(value, rel=1e-13)
        for name, gradient in zip(NAMES, by_op, strict=True):
            np.testing.assert_allclose(
                gradient, 3 * gradients[name], rtol=1e-12, atol=1e-13, err_msg=name
            )


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
    """Of what is no number no comparison holds, so that a loop until it is large enough would
    never end.

    In a process of its own, for nothing in this one could end such a loop.
    """
    code = """
import numpy as np
from forecast.model.kernels.observation import digamma, rising_factorial
for wild in (np.nan, -np.inf, np.inf, -1e300):
    digamma(wild), rising_factorial(wild, 50, 1.0)
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
