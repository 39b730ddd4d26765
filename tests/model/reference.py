"""The model's densities written down plainly, month by month and class by class, to hold the fast ones to."""

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit, gammaln, logsumexp
from scipy.stats import gamma, halfnorm, multivariate_normal, norm
from scipy.stats import t as student


def fine_quadrature(points=4001, reach=10.0):
    """Trapezoid rule for a standard normal: exact to rounding for whatever is smooth on a scale of 0.01."""
    nodes = np.linspace(-reach, reach, points)
    return nodes, np.exp(-0.5 * nodes**2) / np.sqrt(2 * np.pi) * (nodes[1] - nodes[0])


def class_shares(level, cutpoint):
    """Probabilities (..., class) of the ordered logit at levels (...)."""
    below = expit(np.asarray(cutpoint) - np.asarray(level)[..., None])
    edge = np.zeros((*below.shape[:-1], 1))
    return np.diff(np.concatenate([edge, below, edge + 1], axis=-1), axis=-1)


def report_log_density(counts, shares, concentration):
    """Dirichlet-multinomial of one report (class,) at shares (..., class), without the multinomial coefficient."""
    if concentration == 0:
        return (counts * np.log(shares)).sum(-1)
    mass, total = concentration * shares, counts.sum()
    seen = counts > 0
    rising = gammaln(mass[..., seen] + counts[seen]) - gammaln(mass[..., seen])
    return rising.sum(-1) + gammaln(concentration) - gammaln(concentration + total)


def month_log_likelihood(counts, level, offset, cutpoint, depth, concentration, noise, quadrature):
    """One month: counts (direction, dataset, class), offset (direction, dataset), the rest (dataset,)."""
    nodes, weights = quadrature
    logs = np.log(np.maximum(weights, 1e-300))
    for s, q in np.ndindex(counts.shape[:2]):
        if counts[s, q].any():
            cuts = cutpoint[q].copy()
            cuts[-1] += depth[q]
            shares = class_shares(level + noise * nodes + offset[s, q], cuts)
            logs = logs + report_log_density(counts[s, q], shares, concentration[q])
    return logsumexp(logs)


def log_likelihood(panel, level, values, quadrature):
    """All months of an event panel; level (dyad, time), values by name with the shapes of the model's parameters.

    A `shift` (dyad, time, dataset) among them is added to the level for what a dataset reports.
    """
    counts = panel["counts"].transpose("dyad", "time", "direction", "dataset", "class").to_numpy()
    era = panel["era_index"].to_numpy()
    return sum(
        month_log_likelihood(
            counts[d, t],
            level[d, t],
            values["offset"][d] if "shift" not in values else values["offset"][d] + values["shift"][d, t],
            values["cutpoint"],
            values["depth"][:, era[d, t]],
            values["concentration"],
            values["noise"][d],
            quadrature,
        )
        for d, t in zip(*np.nonzero(counts.any(axis=(2, 3, 4))), strict=True)
    )


def soft_bound(state, ceiling, softness):
    """Level of a state under its ceiling."""
    return ceiling - softness * np.log1p(np.exp((ceiling - state) / softness))


def centre_of(mean, spread, ceiling, softness):
    """Centre of a normal state whose level under the ceiling has a mean, by root finding.

    The mean is the sum over 15 nodes that the model has; how near that is to the integral, tests/test_scale.py asks.
    """
    z, weight = np.polynomial.hermite_e.hermegauss(15)
    weight = weight / weight.sum()

    def centre(m, sd, bound):
        return brentq(lambda at: weight @ soft_bound(at + sd * z, bound, softness) - m, m, m + 50.0, xtol=1e-12)

    return np.array([centre(*one) for one in zip(mean, spread, ceiling, strict=True)])


def process_moments(phi, sigma, start_sd, mu):
    """Mean and covariance of one dyad's path over all months; mu (time,) is the equilibrium of each month."""
    mean, transition = np.empty(mu.size), np.eye(mu.size)
    mean[0], spread = mu[0], np.full(mu.size, sigma)
    spread[0] = start_sd
    for t in range(1, mu.size):
        mean[t] = mu[t] + phi * (mean[t - 1] - mu[t])
        transition[t] += phi * transition[t - 1]
    return mean, (transition * spread**2) @ transition.T


class PlainModel:
    """The posterior density written down from docs/model.md, without whitening, nodes, kernels or PyMC.

    `log_density(point, path)` takes the free values by the names PyMC gives them (logarithms where it takes
    logarithms) and the state at the nodes' months; months without node are integrated out (normal shocks).
    """

    def __init__(self, spec, panel, arrays):
        self.spec, self.panel, self.arrays = spec, panel, arrays
        self.pool = spec.pooling and arrays.dyads > 1

    def log_density(self, point, path, quadrature):
        values, log_prior = self.parameters(point)
        total = log_prior + self.path_density(values, path)
        era = self.panel["era_index"].to_numpy()[self.arrays.node_dyad, self.arrays.node_time]
        level = path
        if "ceiling" in values:
            level = soft_bound(path, values["ceiling"][era], self.spec.ceiling_softness)
        if self.spec.observation == "index":
            return total + self.index_density(values, level)
        months = np.zeros(self.panel["era_index"].shape)
        months[self.arrays.node_dyad, self.arrays.node_time] = level
        return total + log_likelihood(self.panel, months, values, quadrature)

    def by_dyad(self, point, name, prior, spread):
        """Values (dyad,) on the log or plain scale, and their log-prior."""
        if not self.pool:
            own = point[f"{name}_dyad"]
            return own, norm.logpdf(own, prior[0], np.hypot(prior[1], spread)).sum()
        population, raw, log_sd = (point[f"{name}_{part}"] for part in ("population", "raw", "dyad_sd_log__"))
        log_prior = norm.logpdf(population, *prior) + norm.logpdf(raw).sum() + norm.logpdf(log_sd, np.log(spread), 0.4)
        return population + np.exp(log_sd) * raw, log_prior

    def parameters(self, point):
        spec, p, arrays = self.spec, self.spec.priors, self.arrays
        era_dyad = self.panel["era_dyad"].to_numpy()
        walk, log_prior, values = spec.dynamics == "none", 0.0, {}

        def draw(name, prior, spread):
            nonlocal log_prior
            value, density = self.by_dyad(point, name, prior, spread)
            log_prior += density
            return value

        def spread_of(name, typical):
            nonlocal log_prior
            log_prior += norm.logpdf(point[f"{name}_log__"], np.log(typical), 0.4)
            return np.exp(point[f"{name}_log__"])

        def standard(name, centre=0.0, sd=1.0):
            nonlocal log_prior
            log_prior += norm.logpdf(point[name], centre, sd).sum()
            return point[name]

        if walk:
            values |= {"phi": np.ones(arrays.dyads), "sigma": np.exp(draw("step", p.step, p.step_dyads))}
            values["start_sd"] = np.full(arrays.dyads, p.start_sd)
            mu = np.zeros(era_dyad.size)
        else:
            half_life = np.exp(draw("log_half_life", p.half_life, p.half_life_dyads))
            sd = np.exp(draw("log_sd", p.sd, p.sd_dyads))
            phi = 2 ** (-1 / half_life)
            values |= {"phi": phi, "sigma": sd * np.sqrt(1 - phi**2), "start_sd": sd}
            centre = draw("equilibrium", p.equilibrium, p.equilibrium_dyads)
            mu = centre[era_dyad] + spread_of("mu_era_sd", p.equilibrium_eras) * standard("mu_raw")
        values["mu"] = mu
        if spec.level_ceiling:
            prior = p.headroom_walk if walk else p.headroom
            log_room = draw("log_headroom", prior, p.headroom_dyads) + (0.0 if walk else np.log(values["start_sd"]))
            if spec.level_ceiling == "constant":
                highest = np.array([mu[era_dyad == d].max() for d in range(arrays.dyads)])
                values["ceiling"] = (highest + np.exp(log_room))[era_dyad]
            else:
                sd = spread_of("headroom_era_sd", p.headroom_eras)
                values["ceiling"] = mu + np.exp(log_room[era_dyad] + sd * standard("headroom_raw"))
            if not walk:
                values["mu"] = centre_of(mu, values["start_sd"][era_dyad], values["ceiling"], spec.ceiling_softness)
        if spec.shocks == "student":
            values["df"] = 2 + self.gamma(point, "shock_df_excess_log__", p.shock_df)
            log_prior += self.log_gamma
        if spec.observation == "index":
            error = np.exp(point["index_error_log__"])
            log_prior += halfnorm.logpdf(error, scale=p.index_error) + point["index_error_log__"]
            values |= {"index_error": error, "index_df": 1 + self.gamma(point, "index_df_excess_log__", p.index_df)}
            return values, log_prior + self.log_gamma
        values["noise"] = np.zeros(arrays.dyads)
        if spec.month_noise:
            values["noise"] = np.exp(draw("noise", p.noise, p.noise_dyads))
        values["concentration"] = np.zeros(arrays.observed.datasets)
        if spec.overdispersion:
            values["concentration"] = np.exp(standard("concentration_log__", *p.concentration))
        values["cutpoint"] = np.zeros((arrays.observed.datasets, 1))
        values["depth"] = np.zeros((arrays.observed.datasets, era_dyad.size))
        if arrays.observed.classes > 2:
            gap = np.exp(standard("log_gap", *p.gap))
            cutpoint = np.concatenate([np.zeros((arrays.observed.datasets, 1)), np.cumsum(gap, axis=1)], axis=1)
            values["cutpoint"] = cutpoint - cutpoint[:, [arrays.observed.zero_cut - 1]]
        if spec.has_depth:
            sd = spread_of("depth_sd", p.depth_eras)
            stretch = standard("log_gap_era", point["log_gap"][0, -1], sd) - point["log_gap"][0, -1]
            values["depth"] = gap[:, [-1]] * (np.exp(stretch) - 1)
        values["offset"] = np.zeros((arrays.dyads, arrays.observed.directions, arrays.observed.datasets))
        if arrays.observed.directions == 2:
            direction = standard("direction_effect", 0.0, p.direction)
            values["offset"] += direction[:, None] * np.array([1.0, -1.0])[:, None]
        if arrays.observed.datasets > 1:
            values["offset"][:, :, 1:] += standard("dataset_offset", 0.0, p.dataset)[:, None]
        return values, log_prior

    def gamma(self, point, name, prior):
        value = np.exp(point[name])
        self.log_gamma = gamma.logpdf(value, prior[0], scale=1 / prior[1]) + point[name]
        return value

    def path_density(self, values, path):
        total = 0.0
        for d, era in enumerate(self.panel["era_index"].to_numpy()):
            mu, months = values["mu"][era], self.arrays.node_time[self.arrays.node_dyad == d]
            own = path[self.arrays.node_dyad == d]
            phi, sigma, start_sd = (values[name][d] for name in ("phi", "sigma", "start_sd"))
            if "df" in values:
                step = np.diff(own) - (1 - phi) * (mu[1:] - own[:-1])
                shock = np.concatenate([[(own[0] - mu[0]) / start_sd], step / sigma])
                scale, df = np.sqrt((values["df"] - 2) / values["df"]), values["df"]
                total += (
                    student.logpdf(shock, df, scale=scale).sum() - (own.size - 1) * np.log(sigma) - np.log(start_sd)
                )
                continue
            mean, covariance = process_moments(phi, sigma, start_sd, mu)
            total += multivariate_normal(mean[months], covariance[np.ix_(months, months)]).logpdf(own)
        return total

    def index_density(self, values, level):
        raw = self.panel["index"].to_numpy()
        centred = (raw - np.nanmean(raw, axis=1, keepdims=True)) / np.nanstd(raw, axis=1, keepdims=True)
        seen = centred[self.arrays.node_dyad, self.arrays.node_time]
        density = student.logpdf(seen, values["index_df"], level, values["index_error"])
        return np.nansum(density)
