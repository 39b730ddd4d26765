"""Members of the family, trend by cycle by ceiling, against a density written down plainly in
NumPy."""

from functools import reduce
from itertools import combinations, pairwise, product
from operator import add

import numpy as np
import pytensor
import pytest
from scipy.special import expit, logsumexp
from scipy.stats import multivariate_normal, norm

from forecast.data.panel import validate_panel
from forecast.model import PendulumModel, PendulumSpec, Priors, prior_draws
from forecast.model.arrays import panel_arrays
from forecast.model.observation import find_observation
from forecast.model.observation.readings import FIRST_YEAR as FIRST_KNOT
from forecast.model.observation.readings import KNOT_YEARS, KNOTS
from forecast.model.process.bridge import bridge
from forecast.model.process.trend import find_trend
from tests.made import consistent, make_panel, python_mode

from .reference import report_log_density, step_under

SOFTNESS = 0.15
CHOICES = {
    "trend": ("reverting", "walk", "constant"),
    "cycle": ("linear", "band", "cubic", "none"),
    "ceiling": ("none", "framework"),
    "jumps": (True, False),
    "month_noise": (True, False),
    "overdispersion": (True, False),
    "pooling": (True, False),
}


def combined(*names):
    """Every combination of choices that makes sense."""
    for values in product(*(CHOICES[name] for name in names)):
        choices = dict(zip(names, values, strict=True))
        alone = choices["cycle"] == "none" and choices["trend"] != "walk"
        if not alone and not (choices["ceiling"] == "framework" and choices["trend"] == "constant"):
            yield choices


def covering(every):
    """Few combinations in which any two choices meet: the greedy way."""
    left = {pair for combination in every for pair in pairs(combination)}
    while left:
        best = max(every, key=lambda combination: len(left & pairs(combination)))
        left -= pairs(best)
        yield best


def pairs(combination):
    return set(combinations(sorted(combination.items()), 2))


MEMBERS = [
    pytest.param(member, {}, id=", ".join(member.values()), marks=pytest.mark.slow)
    for member in combined("trend", "cycle", "ceiling")
]
FORMS = [
    *(
        pytest.param(choices, {}, id="-".join(map(str, choices.values())))
        for choices in covering(list(combined(*CHOICES)))
    ),
    *MEMBERS,
    pytest.param({}, {"classes": 2, "zero_cut": 1}, id="two classes"),
    pytest.param({}, {"directions": 2, "datasets": 2}, id="two directions, two datasets"),
    pytest.param(
        {"volume_effect": False, "overdispersion": False, "pooling": False},
        {"datasets": 3},
        id="three datasets",
    ),
]


def panel_with_gaps(dyads=2, **shape):
    """A panel with months without events on either side of an era's beginning, and at its end."""
    panel = make_panel(dyads=dyads, periods=20, eras=2, **shape)
    panel["counts"][:, 0, np.isin(np.arange(20), [7, 8, 9, 10, 11, 18, 19])] = 0
    return consistent(panel)


class Compiled:
    """A model of a spec and panel as functions of a point, compiled without compiler."""

    def __init__(self, panel, spec):
        self.spec, self.panel, self.arrays = spec, panel, panel_arrays(panel, spec)
        self.model = PendulumModel(spec).build(panel)
        self.nodes = ("node_trend",) * spec.moves + ("node_cycle",) * spec.has_cycle
        self.logs, self.own = (
            self.model.logp(sum=False),
            [v.name != "white" for v in self.model.free_RVs],
        )
        self.terms = self.function_of(self.logs)
        self.names = [
            v.name for v in (*self.model.deterministics, *self.model.free_RVs) if v.name != "white"
        ]
        wanted = self.model.replace_rvs_by_values([self.model[name] for name in self.names])
        self.function = self.function_of(wanted)
        self.start = self.model.initial_point()

    def function_of(self, wanted):
        return self.model.compile_fn(
            wanted, inputs=self.model.value_vars, mode=python_mode(), on_unused_input="ignore"
        )

    def random_point(self, rng, size=0.4):
        return {
            name: value + size * rng.standard_normal(np.shape(value))
            for name, value in self.start.items()
        }

    def log_density(self, point):
        return sum(term.sum() for term in self.terms(point))

    def log_prior(self, point):
        return sum(
            term.sum() for term, own in zip(self.terms(point), self.own, strict=False) if own
        )

    def gradient(self, point):
        """The terms are added two by two, for without a compiler 32 are too many."""
        total = reduce(add, [term.sum() for term in self.logs])
        slopes = pytensor.grad(
            total, self.model.continuous_value_vars, disconnected_inputs="ignore"
        )
        return self.function_of(slopes)(point)

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
        return np.linalg.slogdet(
            np.column_stack([self.path(point, unit) - origin for unit in np.eye(number)])
        )[1]

    def plain(self, point):
        """The density of the point from the parameters' prior, the paths over all months, and
        the events."""
        values, number = self.values(point), len(self.nodes) * self.arrays.nodes
        spare = -0.5 * (point["white"][number:] ** 2).sum()
        total = self.log_prior(point) + self.log_volume(point) + spare + self.path_density(values)
        walks = [name.removesuffix("_white") for name in values if name.endswith("_drift_white")]
        total += sum(norm.logpdf(values[f"{walk}_raw"]).sum() for walk in walks)
        return total + events_density(self.panel, self.spec, self.level(values), values)

    def level(self, values):
        """Trend plus cycle, in the months of the nodes, (dyad, time)."""
        era, level = self.panel["era_index"].to_numpy(), np.zeros(self.panel["era_index"].shape)
        at = self.arrays.node_dyad, self.arrays.node_time
        level[at] = values["node_trend"] if self.spec.moves else values["mu"][era[at]]
        if self.spec.has_cycle:
            level[at] += values["node_cycle"]
        return level

    def path_density(self, values):
        total, arrays = 0.0, self.arrays
        for d, era in enumerate(self.panel["era_index"].to_numpy()):
            own, months = arrays.node_dyad == d, arrays.node_time[arrays.node_dyad == d]
            if self.spec.moves:
                mean, covariance = trend_moments(self.spec, values, d, era)
                on_nodes = multivariate_normal(mean[months], covariance[np.ix_(months, months)])
                total += on_nodes.logpdf(values["node_trend"][own])
                if self.spec.has_ceiling:
                    total += self.ceiling_density(
                        values, d, values["node_trend"][own], months, era[months]
                    )
            if self.spec.has_cycle:
                total += self.cycle_density(values, d, values["node_cycle"][own], months)
        return total

    def ceiling_density(self, values, d, trend, months, era):
        """Steps within an era, given that they stay below its ceiling by a normal margin.

        The mass integrated.
        """
        total, kept = 0.0, float(values["trend_retention"])
        for i in np.flatnonzero(np.diff(era) == 0) + 1:
            gap, start = months[i] - months[i - 1], trend[np.flatnonzero(era == era[i])[0]]
            ceiling = start + float(values["headroom"][era[i]])
            scale = float(values["trend_step"][d]) * np.sqrt(
                sum(kept ** (2 * k) for k in range(gap))
            )
            mean = float(values["trend_mean"][d]) * (1 - kept**gap) + kept**gap * trend[i - 1]
            total += step_under(trend[i], mean, scale, ceiling)
        return total

    def cycle_density(self, values, d, path, months):
        half_life, sd, sigma = (
            float(values[name][d]) for name in ("cycle_half_life", "cycle_sd", "sigma")
        )
        if self.spec.cycle == "linear":
            covariance = sd**2 * 0.5 ** (np.abs(months[:, None] - months) / half_life)
            return multivariate_normal(np.zeros(len(months)), covariance).logpdf(path)
        assert len(path) == len(self.panel["time"])
        total = norm.logpdf(path[0], 0.0, sd)
        for last, now in pairwise(path):
            total += norm.logpdf(
                now, kept_after_a_month(self.spec.cycle, last, half_life, sd, values), sigma
            )
        return total


def trend_moments(spec, values, dyad, era):
    """Mean and covariance of one dyad's free trend over all months, by the matrix that adds up
    its steps."""
    kept = 0.5 ** (1 / float(values["trend_half_life"])) if spec.trend == "reverting" else 1.0
    jump = float(values["trend_jump"]) if spec.jumps else 0.0
    variance = np.full(len(era), float(values["trend_step"][dyad]) ** 2)
    variance[1:] += jump**2 * (np.diff(era) != 0)
    variance[0] = spec.priors.trend_start**2
    time = np.arange(len(era))
    carried = np.where(time[:, None] >= time, kept ** (time[:, None] - time), 0.0)
    mean = spec.priors.trend_mean[0] if spec.trend == "walk" else float(values["trend_mean"][dyad])
    return np.full(len(era), mean), carried @ np.diag(variance) @ carried.T


def kept_after_a_month(cycle, y, half_life, sd, values):
    phi = 0.5 ** (1 / half_life)
    if cycle == "band":
        return y * (1 - (1 - phi) * (1 - np.exp(-((y / (values["band"] * sd)) ** 2))))
    lean = values["lean"] if y < 0 else -values["lean"]
    return phi * y / np.sqrt(1 + values["stiffening"] * np.exp(lean) * (1 - phi**2) * (y / sd) ** 2)


def busyness(panel):
    """Log of a month's events less its mean over those of the three years before, (dyad, time,
    dataset)."""
    counts = (
        panel["counts"].sum(("direction", "class")).transpose("dataset", "dyad", "time").to_numpy()
    )
    covered = panel["covered"].transpose("dataset", "dyad", "time").to_numpy()
    found = np.zeros(counts.shape)
    for q, d, t in zip(*np.nonzero(covered), strict=True):
        before = [counts[q, d, i] for i in range(max(t - 36, 0), t) if covered[q, d, i]]
        if len(before) >= 12 and sum(before):
            found[q, d, t] = np.log1p(counts[q, d, t]) - np.average(
                np.log1p(before), weights=before
            )
    return np.moveaxis(found, 0, 2)


def dataset_shift(panel, values):
    """What drift and volume add to the level as every dataset reads it, (dyad, time, dataset),
    month by month."""
    busy, found = busyness(panel), np.zeros((*panel["era_index"].shape, panel.sizes["dataset"]))
    by_dyad = np.reshape(values.get("volume_effect", np.zeros(len(found))), (-1, 1))
    effect = np.broadcast_to(
        values.get("dataset_volume_effect", by_dyad), (len(found), found.shape[2])
    )
    drift = values.get("dataset_drift", np.zeros((len(found), found.shape[2], KNOTS)))
    years = [FIRST_KNOT + KNOT_YEARS * knot for knot in range(KNOTS)]
    for t, month in enumerate(panel["time"].to_numpy()):
        at = month.astype("datetime64[Y]").astype(int) + 1970
        at += (month - month.astype("datetime64[Y]")) / np.timedelta64(1, "D") / 366
        for d, q in np.ndindex(found[:, t].shape):
            found[d, t, q] = np.interp(at, years, drift[d, q]) + effect[d, q] * busy[d, t, q]
    return found


def sides_density(spec, sides, level, values, shift):
    """Sides (dyad, time, direction, dataset, 2), month by month, each integrated over its noise."""
    noise = values.get("tau", np.zeros(len(sides)))
    concentration = values.get("concentration", np.zeros(sides.shape[3]))
    nodes, weights = np.polynomial.hermite_e.hermegauss(spec.nodes if spec.month_noise else 1)
    total = 0.0
    for d, t in zip(*np.nonzero(sides.any((2, 3, 4))), strict=True):
        logs = np.log(weights / weights.sum())
        for s, q in zip(*np.nonzero(sides[d, t].any(-1)), strict=True):
            at = (
                level[d, t]
                + noise[d] * nodes
                + values["direction_offset"][d, s, q]
                + shift[d, t, q]
            )
            shares = np.stack([expit(-at), expit(at)], axis=-1)
            logs = logs + report_log_density(sides[d, t, s, q], shares, concentration[q])
        total += logsumexp(logs)
    return total


def events_density(panel, spec, level, values):
    """Sides by the month's integral over its noise."""
    counts = panel["counts"].transpose("dyad", "time", "direction", "dataset", "class")
    cut = panel.attrs["zero_cut"]
    numbers = counts.to_numpy()
    sides = np.stack([numbers[..., :cut].sum(-1), numbers[..., cut:].sum(-1)], axis=-1)
    return sides_density(spec, sides, level, values, dataset_shift(panel, values))


@pytest.mark.parametrize(("choices", "shape"), FORMS)
def test_density_is_the_plain_one_after_the_change_of_variables(choices, shape):
    """Prior times likelihood on all months, the silent ones integrated out, times |dx/dz|.

    Up to one constant.

    Any two choices meet in a form, and its gradient is finite; every member by itself is slow.
    """
    compiled = Compiled(panel_with_gaps(**shape), PendulumSpec(**choices))
    rng = np.random.default_rng(1)
    points = [compiled.random_point(rng) for _ in range(3)]
    fast = np.array([compiled.log_density(point) for point in points])
    plain = np.array([compiled.plain(point) for point in points])
    assert np.ptp(fast) > 1
    np.testing.assert_allclose(fast - fast[0], plain - plain[0], rtol=1e-8, atol=1e-7)
    if choices.keys() == CHOICES.keys():
        assert all(np.isfinite(slopes).all() for slopes in compiled.gradient(points[0]))


@pytest.mark.parametrize(("trend", "pooling"), [("reverting", True), ("walk", False)])
def test_parameters_are_what_their_names_say(trend, pooling):
    compiled = Compiled(
        panel_with_gaps(), PendulumSpec(trend=trend, ceiling="framework", pooling=pooling)
    )
    values = compiled.values(compiled.random_point(np.random.default_rng(4)))
    np.testing.assert_allclose(values["phi"], 0.5 ** (1 / values["cycle_half_life"]))
    np.testing.assert_allclose(
        values["sigma"], values["cycle_sd"] * np.sqrt(1 - values["phi"] ** 2)
    )
    if trend == "walk":
        assert float(values["trend_retention"]) == 1.0
        np.testing.assert_allclose(values["trend_mean"], Priors().trend_mean[0])
        assert "trend_half_life" not in values
    else:
        assert float(values["trend_retention"]) == pytest.approx(
            0.5 ** (1 / float(values["trend_half_life"]))
        )
        population, apart = values["trend_mean_population"], values["trend_mean_dyad_sd"]
        np.testing.assert_allclose(
            values["trend_mean"], population + apart * values["trend_mean_raw"]
        )
    np.testing.assert_allclose(
        np.log(values["headroom"]),
        np.repeat(values["headroom_dyad"], 2) + values["headroom_era_sd"] * values["headroom_raw"],
    )
    starts = [np.flatnonzero(compiled.arrays.node_era == era)[0] for era in range(4)]
    np.testing.assert_allclose(values["ceiling"], values["node_trend"][starts] + values["headroom"])


@pytest.mark.parametrize("frequency", ["month", "week"])
def test_an_index_swings_around_a_trend_too(frequency):
    spec = PendulumSpec(observation="index", ceiling="framework")
    compiled = Compiled(make_panel(dyads=2, periods=30, index=True, frequency=frequency), spec)
    point = compiled.random_point(np.random.default_rng(1))
    assert np.isfinite(compiled.log_density(point))


def test_the_likelihood_of_draws_is_that_of_the_model():
    panel, spec = panel_with_gaps(datasets=2), PendulumSpec()
    compiled = Compiled(panel, spec)
    values = compiled.values(compiled.random_point(np.random.default_rng(3)))
    level, arrays = compiled.level(values), compiled.arrays
    own = prior_draws(panel, spec, draws=1).expand_dims("chain")
    own = own.assign(
        {name: (own[name].dims, np.reshape(values[name], own[name].shape)) for name in own}
    )
    observation = find_observation("sides")
    draws, total = observation.draws(own), 0.0
    for node in np.flatnonzero(arrays.observed.counts.cell_of_node >= 0):
        at = level[[[arrays.node_dyad[node]]], arrays.node_time[node]]
        total += observation.log_likelihood_of_draws(at, draws, arrays, node)[0, 0]
    assert total == pytest.approx(events_density(panel, spec, level, values), rel=1e-9)


def test_simulated_sides_and_kinds_have_the_shares_of_the_model():
    panel, spec = make_panel(dyads=1, periods=2, events=4000, empty=0.0, seed=2), PendulumSpec()
    own = prior_draws(panel, spec, draws=1, seed=4).isel(draw=0)
    own["tau"] = own["tau"] * 0.0
    own["concentration"] = own["concentration"] * 0.0 + 1e6
    simulated = find_observation("sides").simulate(
        spec, panel, np.full((1, 2), 0.7), own, np.random.default_rng(5)
    )
    validate_panel(simulated)
    counts = simulated["counts"].to_numpy().reshape(-1, 8).sum(axis=0)
    assert counts[4:].sum() / counts.sum() == pytest.approx(expit(0.7), abs=0.02)
    recorded = panel["counts"].to_numpy().reshape(-1, 8).sum(axis=0)
    for side in (slice(0, 4), slice(4, None)):
        expected = recorded[side] / recorded[side].sum()
        np.testing.assert_allclose(counts[side] / counts[side].sum(), expected, atol=0.025)


def test_silent_months_are_a_bridge_of_the_trend():
    panel = panel_with_gaps()
    arrays = panel_arrays(panel, PendulumSpec())
    ends = np.zeros((4000, arrays.nodes))
    motion = {"mean": 0.0, "step": 0.3, "jump": 0.0, "retention": 1.0}
    own = slice(arrays.starts[0], arrays.starts[1])
    time, gap, rng = arrays.node_time[own], arrays.node_gap[own], np.random.default_rng(1)
    path = bridge(find_trend("walk"), motion, ends[:, own], time, gap, arrays.periods, rng)
    last, first = next((a, b) for a, b in pairwise(time) if b - a > 2)
    middle = (last + first) // 2
    expected = 0.09 * (middle - last) * (first - middle) / (first - last)
    assert path[:, middle].var() == pytest.approx(expected, rel=0.1)
