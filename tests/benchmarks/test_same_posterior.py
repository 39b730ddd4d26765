"""Every engine of the benchmark has the package's posterior: log densities differ by a constant."""

import numpy as np
import pytest
from forecast.model.observation.quadrature import quadrature
from model.panels import make_panel, python_mode
from model.reference import PlainModel

from benchmarks.engines import pymc_centred, pymc_two_scales
from benchmarks.engines.layout import layout
from benchmarks.problems import Problem
from forecast.errors import SpecError
from forecast.model import PendulumModel, PendulumSpec
from forecast.model.arrays import panel_arrays
from forecast.model.observation.kinds import SPANS

SPEC = PendulumSpec.one_scale()
MODELS = {
    "one scale": (pymc_centred.centred_model, SPEC, {"path": "node_state"}),
    "two scales": (
        pymc_two_scales.centred_model, PendulumSpec(), {"path_structure": "node_structure", "path_swing": "node_swing"},
    ),
}  # fmt: skip
"""How each model is written plainly, and which paths of it are which of the package's."""


def panel_of(dyads, empty=0.4):
    return make_panel(dyads=dyads, periods=20, eras=2, events=6.0, empty=empty)


class Plain:
    """The plain centred PyMC model of a panel, compiled without compiler, at a few random points."""

    def __init__(self, panel, write=pymc_centred.centred_model, spec=SPEC):
        self.panel = panel
        model = write(panel, spec)
        start, rng = model.initial_point(), np.random.default_rng(1)
        self.points = [
            {name: value + 0.4 * rng.standard_normal(np.shape(value)) for name, value in start.items()}
            for _ in range(4)
        ]
        log_density = log_density_of(model)
        self.densities = np.array([log_density(point) for point in self.points])
        assert np.ptp(self.densities) > 1


@pytest.fixture(scope="module", params=[1, 2], ids=["one dyad", "two dyads"])
def plain(request):
    return Plain(panel_of(request.param))


def log_density_of(model):
    """Log-density of a model at a point; its terms, too many for one sum without compiler, are added here."""
    terms = model.compile_logp(sum=False, mode=python_mode())
    return lambda point: sum(term.sum() for term in terms(point))


def same_up_to_a_constant(densities, others):
    np.testing.assert_allclose(densities - densities[0], others - others[0], rtol=1e-8, atol=1e-7)


def transition(panel, point):
    """Mean part and scale of every month's step (dyad, time) at a point, and the state before it counted."""
    pool = panel.sizes["dyad"] > 1

    def by_dyad(name):
        if not pool:
            return point[f"{name}_dyad"]
        return point[f"{name}_population"] + np.exp(point[f"{name}_dyad_sd_log__"]) * point[f"{name}_raw"]

    phi, sd = 0.5 ** np.exp(-by_dyad("log_half_life")), np.exp(by_dyad("log_sd"))
    era_dyad, era = panel["era_dyad"].to_numpy(), panel["era_index"].to_numpy()
    mu = (by_dyad("equilibrium")[era_dyad] + np.exp(point["mu_era_sd_log__"]) * point["mu_raw"])[era]
    scale = np.repeat((sd * np.sqrt(1 - phi**2))[:, None], era.shape[1], axis=1)
    scale[:, 0] = sd
    carry = np.repeat(phi[:, None], era.shape[1], axis=1)
    carry[:, 0] = 0.0
    return mu, carry, scale


def white_of(panel, point):
    """White noise of the point's path, and the logarithm of the volume that a unit of it takes."""
    mu, carry, scale = transition(panel, point)
    before = np.pad(point["path"], ((0, 0), (1, 0)))[:, :-1]
    return (point["path"] - mu - carry * (before - mu)) / scale, np.log(scale).sum()


@pytest.mark.slow
def test_the_plain_model_is_the_reference(plain):
    """On every month, those without events too: the reference is written in NumPy and SciPy, without PyMC."""
    arrays = panel_arrays(plain.panel, SPEC, dense=True)
    reference = PlainModel(SPEC, plain.panel, arrays)
    rule = quadrature(SPEC)
    written = np.array([reference.log_density(point, point["path"].ravel(), rule) for point in plain.points])
    same_up_to_a_constant(plain.densities, written)


def in_white(point, panel, spec):
    """The point with the walks of kinds in the package's coordinates, in place of their steps."""
    made = spec.observation_model.aside_data(spec, panel_arrays(panel, spec))
    for name in ("depth", "severity"):
        if f"{name}_walk" in made:
            steps, steps_of_white = point.pop(f"{name}_drift_raw"), made[f"{name}_walk"][:, :SPANS]
            point[f"{name}_drift_white"] = np.linalg.solve(steps_of_white, steps[..., None])[..., 0]
    return point


@pytest.mark.slow
@pytest.mark.parametrize("dyads", [1, 2])
@pytest.mark.parametrize("name", MODELS)
def test_the_plain_model_is_the_package_s(name, dyads):
    """Where every month has events, so that both have the same path; the package's in its white coordinates."""
    write, spec, paths = MODELS[name]
    plain = Plain(panel_of(dyads, empty=0.0), write, spec)
    number = len(paths) * dyads * 20
    model = PendulumModel(spec).build(plain.panel)
    assert panel_arrays(plain.panel, spec).nodes == dyads * 20
    log_density = log_density_of(model)
    path = model.compile_fn(
        model.replace_rvs_by_values([model[node] for node in paths.values()]), inputs=model.value_vars,
        mode=python_mode(), on_unused_input="ignore",
    )  # fmt: skip
    spare = model.initial_point()["white"].size - number
    ours = []
    for point in plain.points:
        at = in_white({name: value for name, value in point.items() if name not in paths}, plain.panel, spec)
        units = [at | {"white": np.pad(unit, (0, spare))} for unit in np.vstack([np.zeros(number), np.eye(number)])]
        origin, *moved = (np.concatenate(path(unit)) for unit in units)
        change = np.column_stack(moved) - origin[:, None]
        white = np.linalg.solve(change, np.concatenate([point[name].ravel() for name in paths]) - origin)
        ours.append(log_density(at | {"white": np.pad(white, (0, spare))}) - np.linalg.slogdet(change)[1])
    same_up_to_a_constant(plain.densities, np.array(ours))


@pytest.mark.parametrize("centred", [True, False], ids=["centred", "non-centred"])
def test_numpyro_is_the_plain_model(plain, centred):
    pytest.importorskip("numpyro")
    from numpyro.infer.util import potential_energy

    from benchmarks.engines import numpyro_dense

    numpyro_dense.configure()
    data, densities = layout(plain.panel, SPEC), []
    for point in plain.points:
        at = {name.removesuffix("_log__"): value for name, value in point.items()}
        volume = 0.0
        if not centred:
            path = at.pop("path")
            at["white"], volume = white_of(plain.panel, point | {"path": path})
        energy = potential_energy(numpyro_dense.model, (data, SPEC, centred), {}, at)
        densities.append(-float(energy) - volume)
    same_up_to_a_constant(plain.densities, np.array(densities))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of the web server that pystan talks to
def test_stan_is_the_plain_model(plain):
    """Slow: a program takes the better part of a minute to compile."""
    pytest.importorskip("stan")
    from benchmarks.engines import stan

    posterior = stan.build(Problem("20 months", 1, plain.panel, SPEC))
    densities = []
    for point in plain.points:
        white, volume = white_of(plain.panel, point)
        at = {name.removesuffix("_log__"): value for name, value in point.items()} | {"white": white}
        flat = [np.ravel(at[name], order="F") for name in posterior.param_names if name in at]
        density = posterior.log_prob(np.concatenate(flat).tolist(), adjust_transform=True)
        densities.append(density - volume)
    same_up_to_a_constant(plain.densities, np.array(densities))


def test_rivals_refuse_what_they_do_not_write_out():
    with pytest.raises(SpecError, match="one_scale"):
        layout(panel_of(1), PendulumSpec.one_scale(ceiling="none"))
    with pytest.raises(SpecError, match=r"written for PendulumSpec\(\)"):
        pymc_two_scales.centred_model(panel_of(1), PendulumSpec(volume_effect=False))
    with pytest.raises(SpecError, match="no directions"):
        layout(make_panel(directions=2), SPEC)
