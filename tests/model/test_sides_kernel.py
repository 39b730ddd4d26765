"""The likelihood of cooperative and hostile events against a plain density and finite differences."""

import numpy as np
import pytest

from forecast.model.arrays import panel_arrays
from forecast.model.kernels.sides import sides_value_gradient
from forecast.model.observation.side import NO_SHIFT, quadrature
from forecast.model.spec import PendulumSpec
from forecast.panel import recounted

from .panels import make_panel, numerical_gradient
from .reference import log_likelihood, side_counts

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
        self.counts, self.layout = side_counts(panel), arrays.observed.side.chunked
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
        value, *gradients = sides_value_gradient(*parameters, shift, *self.layout.values(), *self.points)
        return float(value), dict(zip((*NAMES, "shift"), gradients, strict=True))

    def plain(self, **more):
        """The density written down month by month; a cut at zero parts hostility from cooperation."""
        cut = {"cutpoint": np.zeros((self.counts.shape[3], 1))}
        return log_likelihood(self.counts, self.at_months(self.values["level"]), self.values | cut | more, self.points)

    def check_gradients(self):
        gradients = self.evaluate()[1]
        for name in NAMES:
            if name == "concentration" and not self.values[name].all():
                continue  # zero stands for "no overdispersion" and has no neighbours
            expected = numerical_gradient(lambda at, name=name: self.evaluate(**{name: at})[0], self.values[name])
            tolerance = 1e-7 * (1 + np.abs(expected).max())
            np.testing.assert_allclose(gradients[name], expected, rtol=1e-5, atol=tolerance, err_msg=name)


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
    """Up to 40 events a product, beyond that logarithms; all on one side, or spread over sides and directions."""
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
    np.testing.assert_allclose(gradients["shift"], expected, atol=1e-6 * (1 + np.abs(expected).max()))
    np.testing.assert_allclose(gradients["shift"].sum(axis=1), gradients["level"], atol=1e-8)
    assert case.evaluate(np.zeros_like(shift))[0] == case.evaluate()[0]


def test_months_of_the_same_counts_stand_together_and_each_stands_once():
    counted = panel_arrays(make_panel(dyads=3, periods=300), PendulumSpec()).observed.side
    chunks, months, counts = counted.chunked.values()
    assert chunks[:, 0].max() <= 64
    assert chunks[:, 0].sum() == len(months) == len(counted.cells)
    assert sorted(months[:, 0].tolist()) == sorted(counted.cells[:, 1].tolist())
    events = np.repeat([counts[first : first + each, :2].sum() for _, each, _, first in chunks], chunks[:, 0])
    np.testing.assert_array_equal(events, counted.events_at_nodes()[months[:, 0]])


def test_no_month_with_events_no_likelihood():
    panel = make_panel(periods=4)
    panel["counts"][:] = 0
    value, gradients = Case(recounted(panel)).evaluate()
    assert value == 0
    assert not any(gradient.any() for gradient in gradients.values())
