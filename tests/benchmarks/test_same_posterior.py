"""The plain model of the benchmark has the package's posterior: log densities differ by a constant."""

import numpy as np
import pytest

from benchmarks.engines.pymc_plain import plain_model
from benchmarks.problems import SPEC
from forecast.base.errors import SpecError
from forecast.model import PendulumModel
from forecast.model.arrays import panel_arrays
from tests.made import make_panel, python_mode

PERIODS = 20
PATHS = {"trend_path": "node_trend", "cycle_path": "node_cycle"}
"""Paths of the plain model, and which of the package's they are."""


def log_density_of(model):
    """Log-density of a model at a point.

    Its terms, too many for one sum without compiler, are added here.
    """
    terms = model.compile_logp(sum=False, mode=python_mode())
    return lambda point: sum(term.sum() for term in terms(point))


@pytest.mark.parametrize("dyads", [pytest.param(1, id="one dyad"), pytest.param(2, id="two dyads")])
def test_the_plain_model_is_the_package_s(dyads):
    """Where every month has events, so that both have the same path.

    The package's in its white coordinates.
    """
    panel = make_panel(dyads=dyads, periods=PERIODS, eras=2, events=6.0, empty=0.0)
    number = len(PATHS) * dyads * PERIODS
    plain, model, rng = (
        plain_model(panel),
        PendulumModel(SPEC).build(panel),
        np.random.default_rng(1),
    )
    assert panel_arrays(panel, SPEC).nodes == dyads * PERIODS
    plain_density, density = log_density_of(plain), log_density_of(model)
    path = model.compile_fn(
        model.replace_rvs_by_values([model[node] for node in PATHS.values()]),
        inputs=model.value_vars,
        mode=python_mode(),
        on_unused_input="ignore",
    )
    start, spare = plain.initial_point(), model.initial_point()["white"].size - number
    plainly, ours = [], []
    for _ in range(4):
        point = {
            name: value + 0.4 * rng.standard_normal(np.shape(value))
            for name, value in start.items()
        }
        plainly.append(plain_density(point))
        at = {name: value for name, value in point.items() if name not in PATHS}
        units = [
            at | {"white": np.pad(unit, (0, spare))}
            for unit in np.vstack([np.zeros(number), np.eye(number)])
        ]
        origin, *moved = (np.concatenate(path(unit)) for unit in units)
        change = np.column_stack(moved) - origin[:, None]
        white = np.linalg.solve(
            change, np.concatenate([point[name].ravel() for name in PATHS]) - origin
        )
        ours.append(
            density(at | {"white": np.pad(white, (0, spare))}) - np.linalg.slogdet(change)[1]
        )
    assert np.ptp(plainly) > 1
    np.testing.assert_allclose(
        np.subtract(plainly, plainly[0]), np.subtract(ours, ours[0]), rtol=1e-8, atol=1e-7
    )


def test_the_plain_model_refuses_what_it_does_not_write_out():
    with pytest.raises(SpecError, match="2 directions; the plain model is written for one dataset"):
        plain_model(make_panel(directions=2))
