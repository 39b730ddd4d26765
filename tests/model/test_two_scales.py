"""A structure that moves and a swing around it, and events by side and kind: against densities written down plainly."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import multivariate_normal, norm

from forecast.errors import SpecError
from forecast.model import PendulumModel, PendulumSpec, Priors, prior_draws
from forecast.model.arrays import panel_arrays
from forecast.model.interpolation import complete_dyad
from forecast.model.observation import find_observation
from forecast.model.observation.kinds import FIRST_YEAR, SPAN_YEARS, SPANS
from forecast.model.observation.quadrature import quadrature
from forecast.model.observation.readings import FIRST_YEAR as FIRST_KNOT
from forecast.model.observation.readings import KNOT_YEARS, KNOTS
from forecast.model.simulate import simulate_structure
from forecast.outlook import horizon_outlook, simulate_futures
from forecast.panel import validate_panel

from .panels import make_panel, python_mode
from .reference import class_shares, log_likelihood, process_moments, report_log_density
from .test_pendulum import panel_with_gaps

SIDES = {"structure": "walk", "observation": "sides"}
FORMS = [
    pytest.param({"structure": "walk", "ceiling": "none"}, {"classes": 2, "zero_cut": 1}, id="two classes"),
    pytest.param({**SIDES, "ceiling": "trend"}, {"directions": 2, "datasets": 2}, id="kinds that drift"),
    pytest.param({**SIDES, "ceiling": "depth"}, {}, id="kinds by era"),
    pytest.param(
        {**SIDES, "ceiling": "depth", "volume_effect": False, "overdispersion": False, "pooling": False},
        {"datasets": 3},
        id="three datasets",
    ),
    pytest.param(
        {**SIDES, "ceiling": "none", "month_noise": False, "overdispersion": False, "volume_effect": False},
        {},
        id="plain kinds",
    ),
    pytest.param(
        {**SIDES, "ceiling": "none", "pooling": False}, {"classes": 3, "zero_cut": 1}, id="one kind of conflict"
    ),
    pytest.param({"observation": "sides", "ceiling": "depth"}, {}, id="one scale"),
]


class Compiled:
    """A model of a spec and panel as functions of a point, compiled without compiler."""

    def __init__(self, panel, spec):
        self.spec, self.panel, self.arrays = spec, panel, panel_arrays(panel, spec)
        self.model = PendulumModel(spec).build(panel)
        self.nodes = ("node_structure", "node_swing") if spec.two_scales else ("node_state",)
        own = [v for v in self.model.free_RVs if v.name != "white"]
        self.terms = self.model.compile_logp(sum=False, mode=python_mode())
        self.prior_terms = self.model.compile_logp(vars=own, sum=False, mode=python_mode())
        names = [v.name for v in (*self.model.deterministics, *self.model.free_RVs) if v.name != "white"]
        self.names = [*names, *(name for name in self.nodes if name not in names)]
        wanted = self.model.replace_rvs_by_values([self.model[name] for name in self.names])
        self.function = self.model.compile_fn(
            wanted, inputs=self.model.value_vars, mode=python_mode(), on_unused_input="ignore"
        )
        self.start = self.model.initial_point()

    def random_point(self, rng, size=0.4):
        return {name: value + size * rng.standard_normal(np.shape(value)) for name, value in self.start.items()}

    def log_density(self, point):
        return sum(term.sum() for term in self.terms(point))

    def log_prior(self, point):
        return sum(term.sum() for term in self.prior_terms(point))

    def values(self, point):
        return dict(zip(self.names, self.function(point), strict=True))

    def path(self, point, white):
        spare = np.pad(white, (0, self.start["white"].size - white.size))
        values = self.values(point | {"white": spare})
        return np.concatenate([values[name] for name in self.nodes])

    def log_volume(self, point):
        """Of the path in its white coordinates, column by column: it is affine in them."""
        number = len(self.nodes) * self.arrays.nodes
        origin = self.path(point, np.zeros(number))
        return np.linalg.slogdet(np.column_stack([self.path(point, unit) - origin for unit in np.eye(number)]))[1]

    def plain(self, point):
        """The density of the point from the parameters' prior, the paths over all months, and the events."""
        values, number = self.values(point), len(self.nodes) * self.arrays.nodes
        spare = -0.5 * (point["white"][number:] ** 2).sum()
        total = self.log_prior(point) + self.log_volume(point) + spare + self.path_density(values)
        walks = [name.removesuffix("_white") for name in values if name.endswith("_drift_white")]
        total += sum(norm.logpdf(values[f"{walk}_raw"]).sum() for walk in walks)
        return total + events_density(self.panel, self.spec, self.level(values), values)

    def level(self, values):
        level = np.zeros(self.panel["era_index"].shape)
        level[self.arrays.node_dyad, self.arrays.node_time] = sum(values[name] for name in self.nodes)
        return level

    def path_density(self, values):
        total, arrays = 0.0, self.arrays
        for d, era in enumerate(self.panel["era_index"].to_numpy()):
            own, months = arrays.node_dyad == d, arrays.node_time[arrays.node_dyad == d]
            centre = np.zeros(len(era)) if self.spec.two_scales else values["mu"][era]
            parts = {self.nodes[-1]: process_moments(*(values[name][d] for name in ("phi", "sigma", "sd")), centre)}
            if self.spec.two_scales:
                parts["node_structure"] = structure_moments(self.spec, values, d, era)
            for name, (mean, covariance) in parts.items():
                total += multivariate_normal(mean[months], covariance[np.ix_(months, months)]).logpdf(values[name][own])
        return total


def structure_moments(spec, values, dyad, era):
    """Mean and covariance of one dyad's structure over all months."""
    variance = np.full(len(era), values["structure_step"][dyad] ** 2)
    variance[1:] += values["structure_jump"] ** 2 * (np.diff(era) != 0)
    variance[0] = spec.priors.structure_start**2
    kept, time = 0.5 ** (1 / spec.priors.structure_half_life), np.arange(len(era))
    carried = np.where(time[:, None] >= time, kept ** (time[:, None] - time), 0.0)
    return np.full(len(era), spec.priors.equilibrium[0]), carried @ np.diag(variance) @ carried.T


def busyness(panel):
    """Log of a month's happenings less its mean over those of the three years before, (dyad, time, dataset)."""
    counts = panel["counts"].sum(("direction", "class")).transpose("dataset", "dyad", "time").to_numpy()
    covered = panel["covered"].transpose("dataset", "dyad", "time").to_numpy()
    found = np.zeros(counts.shape)
    for q, d, t in zip(*np.nonzero(covered), strict=True):
        before = [counts[q, d, i] for i in range(max(t - 36, 0), t) if covered[q, d, i]]
        if len(before) >= 12 and sum(before):
            found[q, d, t] = np.log1p(counts[q, d, t]) - np.average(np.log1p(before), weights=before)
    return np.moveaxis(found, 0, 2)


def dataset_shift(panel, values):
    """What drift and volume add to the level as every dataset reads it, (dyad, time, dataset), month by month."""
    busy, found = busyness(panel), np.zeros((*panel["era_index"].shape, panel.sizes["dataset"]))
    by_dyad = np.reshape(values.get("volume_effect", np.zeros(len(found))), (-1, 1))
    effect = np.broadcast_to(values.get("dataset_volume_effect", by_dyad), (len(found), found.shape[2]))
    drift = values.get("dataset_drift", np.zeros((len(found), found.shape[2], KNOTS)))
    years = [FIRST_KNOT + KNOT_YEARS * knot for knot in range(KNOTS)]
    for t, month in enumerate(panel["time"].to_numpy()):
        at = month.astype("datetime64[Y]").astype(int) + 1970
        at += (month - month.astype("datetime64[Y]")) / np.timedelta64(1, "D") / 366
        for d, q in np.ndindex(found[:, t].shape):
            found[d, t, q] = np.interp(at, years, drift[d, q]) + effect[d, q] * busy[d, t, q]
    return found


def events_density(panel, spec, level, values):
    """Sides by the month's integral over its noise; kinds of each report given its side, by what its dataset has."""
    counts = panel["counts"].transpose("dyad", "time", "direction", "dataset", "class")
    cut, datasets = panel.attrs["zero_cut"], panel.sizes["dataset"]
    numbers = counts.to_numpy()
    sides = np.stack([numbers[..., :cut].sum(-1), numbers[..., cut:].sum(-1)], axis=-1)
    side = panel.drop_dims("class").assign(counts=(counts.dims, sides))
    own = {
        "offset": values["direction_offset"], "cutpoint": np.zeros((datasets, 1)),
        "depth": np.zeros((datasets, panel.sizes["era"])),
        "concentration": values.get("concentration", np.zeros(datasets)),
        "noise": values.get("tau", np.zeros(panel.sizes["dyad"])), "shift": dataset_shift(panel, values),
    }  # fmt: skip
    total = log_likelihood(side, level, own, quadrature(spec))
    era, year = panel["era_index"].to_numpy(), panel["time"].dt.year.to_numpy()
    ordered = {"depth": numbers[..., cut:], "severity": numbers[..., :cut][..., ::-1]}
    for name, kinds in ordered.items():
        if kinds.shape[-1] < 2 or spec.observation != "sides":
            continue
        concentration = values.get(f"{name}_concentration", np.zeros(datasets))
        slope = np.broadcast_to(values.get(f"dataset_{name}_slope", values[f"{name}_slope"]), datasets)
        shift = np.reshape(values[f"{name}_shift"], (datasets, -1))
        for d, t, s, q in zip(*np.nonzero(kinds.any(-1)), strict=True):
            place = (year[t] - FIRST_YEAR) // SPAN_YEARS + SPANS * d if spec.has_trend else era[d, t]
            past = sides[d, max(t - 11, 0) : t + 1, :, q].sum(axis=(0, 1))
            recent = np.log((past[1] + 1) / (past[0] + 1)) * (1.0 if name == "depth" else -1.0)
            shares = class_shares(slope[q] * recent + shift[q, place], values[f"{name}_cutpoint"][q])
            total += report_log_density(kinds[d, t, s, q], shares, concentration[q])
    return total


@pytest.mark.parametrize(("choices", "shape"), FORMS)
def test_density_is_the_plain_one_after_the_change_of_variables(choices, shape):
    """Prior times likelihood on all months, the silent ones integrated out, times |dx/dz|: up to one constant."""
    compiled = Compiled(panel_with_gaps(**shape), PendulumSpec(**choices))
    rng = np.random.default_rng(1)
    points = [compiled.random_point(rng) for _ in range(3)]
    fast = np.array([compiled.log_density(point) for point in points])
    plain = np.array([compiled.plain(point) for point in points])
    assert np.ptp(fast) > 1
    np.testing.assert_allclose(fast - fast[0], plain - plain[0], rtol=1e-8, atol=1e-7)


def test_the_density_is_the_product_of_its_parts():
    panel, spec = panel_with_gaps(datasets=2), PendulumSpec(**SIDES, ceiling="trend")
    whole = Compiled(panel, spec)
    point, parts = whole.random_point(np.random.default_rng(2)), []
    for part in ("path", "aside"):
        model = PendulumModel(spec).build(panel, part=part)
        own = {variable.name: point[variable.name] for variable in model.value_vars}
        assert 0 < len(own) < len(point)
        parts.append(sum(term.sum() for term in model.compile_logp(sum=False, mode=python_mode())(own)))
    assert sum(parts) == pytest.approx(whole.log_density(point), rel=1e-12)


@pytest.mark.parametrize("dynamics", ["band", "cubic", "oscillator"])
def test_every_pull_swings_around_a_structure(dynamics):
    spec = PendulumSpec(dynamics=dynamics, shocks="student", ceiling="trend", **SIDES)
    compiled = Compiled(make_panel(dyads=2, periods=12), spec)
    assert np.isfinite(compiled.log_density(compiled.random_point(np.random.default_rng(1))))


@pytest.mark.parametrize("frequency", ["month", "week"])
def test_an_index_can_swing_around_a_structure_too(frequency):
    spec = PendulumSpec(structure="walk", observation="index", ceiling="none")
    compiled = Compiled(make_panel(dyads=2, periods=30, index=True, frequency=frequency), spec)
    point = compiled.random_point(np.random.default_rng(1))
    assert np.isfinite(compiled.log_density(point))


def test_a_structure_of_weeks_moves_as_far_in_a_month():
    by_month, by_week = Priors(), Priors().paced(4.0)
    assert by_week.structure_step[0] == pytest.approx(by_month.structure_step[0] - 0.5 * np.log(4.0))
    assert by_week.of_swing().half_life[0] == pytest.approx(by_month.swing_half_life[0] + np.log(4.0))
    assert by_week.of_swing().sd == by_month.swing_sd


def test_choices_that_make_no_sense_are_rejected():
    with pytest.raises(SpecError, match="two random walks"):
        PendulumSpec(structure="walk", dynamics="none", ceiling="none")
    with pytest.raises(SpecError, match="'era' bounds a level"):
        PendulumSpec(ceiling="era")
    with pytest.raises(SpecError, match="expected one of eras, walk"):
        PendulumSpec(structure="river", ceiling="none")


def test_the_likelihood_of_draws_is_that_of_the_model():
    panel, spec = panel_with_gaps(datasets=2), PendulumSpec(**SIDES, ceiling="trend")
    compiled = Compiled(panel, spec)
    values = compiled.values(compiled.random_point(np.random.default_rng(3)))
    level, arrays = compiled.level(values), compiled.arrays
    own = prior_draws(panel, spec, draws=1).expand_dims("chain")
    own = own.assign({name: (own[name].dims, np.reshape(values[name], own[name].shape)) for name in own})
    observation = find_observation("sides")
    draws = observation.draws(own)
    total = sum(
        observation.log_likelihood_of_draws(
            spec, level[[[arrays.node_dyad[node]]], arrays.node_time[node]], draws, arrays, node
        )[0, 0]
        for node in np.flatnonzero(arrays.observed.side.cell_of_node >= 0)
    )
    assert total == pytest.approx(events_density(panel, spec, level, values), rel=1e-9)


def test_simulated_sides_and_kinds_have_the_shares_of_the_model():
    panel, spec = make_panel(dyads=1, periods=2, events=4000, empty=0.0, seed=2), PendulumSpec(**SIDES, ceiling="none")
    own = prior_draws(panel, spec, draws=1, seed=4).isel(draw=0)
    own["tau"] = own["tau"] * 0.0
    for name in ("concentration", "depth_concentration", "severity_concentration"):
        own[name] = own[name] * 0.0 + 1e6
    simulated = find_observation("sides").simulate(spec, panel, np.full((1, 2), 0.7), own, np.random.default_rng(5))
    validate_panel(simulated)
    counts = simulated["counts"].to_numpy().reshape(-1, 8).sum(axis=0)
    assert counts[4:].sum() / counts.sum() == pytest.approx(expit(0.7), abs=0.02)
    recent = np.log(counts[4:].sum() / counts[:4].sum())  # of both months together, which have nearly the same
    for name, towards, found in (("depth", recent, counts[4:]), ("severity", -recent, counts[:4][::-1])):
        at = float(own[f"{name}_slope"]) * towards + float(own[f"{name}_shift"][0])
        expected = class_shares(at, own[f"{name}_cutpoint"].to_numpy()[0])
        np.testing.assert_allclose(found / found.sum(), expected, atol=0.025)


def test_a_structure_walks_and_jumps_where_an_era_begins():
    panel, spec = make_panel(dyads=3, periods=60, eras=3), PendulumSpec(**SIDES, ceiling="none")
    own, era = prior_draws(panel, spec, draws=1).isel(draw=0), panel["era_index"].to_numpy()
    own["structure_step"], own["structure_jump"] = own["structure_step"] * 0 + 0.1, own["structure_jump"] * 0 + 2.0
    rng = np.random.default_rng(1)
    own["structure_retention"] = own["structure_retention"] * 0 + 1.0
    steps = np.diff([simulate_structure(own, era, spec, rng) for _ in range(400)], axis=2)
    begins = np.diff(era[0]) != 0
    assert steps[..., ~begins].std() == pytest.approx(0.1, rel=0.03)
    assert steps[..., begins].std() == pytest.approx(np.hypot(0.1, 2.0), rel=0.05)
    first = np.array([simulate_structure(own, era, spec, rng)[:, 0] for _ in range(400)])
    assert first.std() == pytest.approx(spec.priors.structure_start, rel=0.1)


def test_silent_months_are_a_bridge_of_the_structure():
    panel = panel_with_gaps()
    arrays, spread = panel_arrays(panel), np.full((4000, 2), 0.3)
    ends = np.zeros((4000, arrays.nodes))
    path = complete_dyad(0, ends, np.ones((4000, 2)), spread, None, arrays, np.random.default_rng(1))
    gap = arrays.node_time[arrays.starts[0] : arrays.starts[1]]
    last, first = next((a, b) for a, b in pairwise(gap) if b - a > 2)
    middle = (last + first) // 2
    expected = 0.09 * (middle - last) * (first - middle) / (first - last)
    assert path[:, middle].var() == pytest.approx(expected, rel=0.1)


class Drawn:
    """Stands for a fit: known draws of a structure and a swing, and their panel."""

    def __init__(self, step, half_life, jump=0.5, sd=0.8, swing=1.0, kept=1.0, structure=0.0):
        import xarray as xr

        self.panel = make_panel(dyads=1, periods=36, eras=2)
        self.spec = PendulumSpec(**SIDES, ceiling="trend")
        shape, phi = (2, 500, 1), 0.5 ** (1 / half_life)
        values = {
            "half_life": half_life, "phi": phi, "sd": sd, "sigma": sd * np.sqrt(1 - phi**2), "structure_step": step,
            "tau": 0.0, "state": structure + swing,
        }  # fmt: skip
        own = {name: (("chain", "draw", "dyad"), np.full(shape, value)) for name, value in values.items()}
        paths = ("chain", "draw", "dyad", "time")
        own |= {
            "structure": (paths, np.full((*shape, 36), structure, np.float32)),
            "level": (paths, np.full((*shape, 36), structure + swing, np.float32)),
            "mu": (("chain", "draw", "era"), np.full((2, 500, 2), structure)),
            "structure_jump": (("chain", "draw"), np.full((2, 500), jump)),
            "structure_retention": (("chain", "draw"), np.full((2, 500), kept)),
            "structure_centre": (("chain", "draw"), np.zeros((2, 500))),
        }
        self.posterior = xr.Dataset(own, coords={name: self.panel[name].to_numpy() for name in ("dyad", "time", "era")})


def test_futures_swing_back_to_a_structure_that_walks():
    fit = Drawn(step=0.1, half_life=4.0)
    futures = simulate_futures(fit, "USA-CHN", 24, futures_per_draw=8, hazard=0.0)
    assert futures.level[..., 4].mean() == pytest.approx(0.5, abs=0.05)
    assert futures.level[..., 24].mean() == pytest.approx(0.5**6, abs=0.05)
    structure = np.log(futures.equilibrium / (100 - futures.equilibrium))
    assert structure[..., 24].std() == pytest.approx(0.1 * np.sqrt(24), rel=0.05)
    swing = (futures.level - structure)[..., 24]
    assert swing.std() == pytest.approx(0.8, rel=0.05)


def test_a_structure_returns_to_its_centre_in_the_very_long_run():
    fit = Drawn(step=1e-4, half_life=1.0, sd=1e-4, swing=0.0, kept=0.5 ** (1 / 60), structure=2.0)
    futures = simulate_futures(fit, "USA-CHN", 120, hazard=0.0)
    structure = np.log(futures.equilibrium / (100 - futures.equilibrium)).mean((0, 1, 2))
    np.testing.assert_allclose(structure[[0, 60, 120]], [2.0, 1.0, 0.5], atol=0.01)


def test_a_new_framework_moves_the_structure():
    fit = Drawn(step=0.01, half_life=4.0, jump=2.0)
    futures = simulate_futures(fit, "USA-CHN", 6, hazard=100.0)  # one in every month
    structure = np.log(futures.equilibrium / (100 - futures.equilibrium))
    assert structure[..., 1].std() == pytest.approx(2.0, rel=0.05)


def test_structural_improvement_is_a_rise_of_the_structure_and_technical_is_the_rest():
    still = horizon_outlook(
        simulate_futures(Drawn(step=1e-4, half_life=4.0, swing=-1.0), "USA-CHN", 12, hazard=0.0), 12
    )
    assert still.structural.value == 0.0 and still.technical.value == still.improvement.value > 0.5
    moved = horizon_outlook(
        simulate_futures(Drawn(step=0.5, half_life=1.0, sd=0.05, swing=0.0), "USA-CHN", 12, hazard=0.0), 12
    )
    assert moved.structural.value > 0.9 * moved.improvement.value > 0.3
    assert "the structure has risen by 5 points" in moved.structural.definition
