"""The model's densities written down plainly, month by month and class by class, to hold the
fast ones to."""

import numpy as np
from scipy.integrate import trapezoid
from scipy.special import expit, gammaln, logsumexp
from scipy.stats import multivariate_normal, norm

from forecast.data.panel.relative_counts import relative_event_counts
from forecast.model.process.ceiling import SOFTNESS


def fine_quadrature(points=4001, reach=10.0):
    """Trapezoid rule for a standard normal.

    Exact to rounding for whatever is smooth on a scale of 0.01.
    """
    nodes = np.linspace(-reach, reach, points)
    return nodes, np.exp(-0.5 * nodes**2) / np.sqrt(2 * np.pi) * (nodes[1] - nodes[0])


def class_shares(level, cutpoint):
    """Probabilities (..., class) of the ordered logit at levels (...)."""
    below = expit(np.asarray(cutpoint) - np.asarray(level)[..., None])
    edge = np.zeros((*below.shape[:-1], 1))
    return np.diff(np.concatenate([edge, below, edge + 1], axis=-1), axis=-1)


def report_log_density(counts, shares, concentration):
    """Dirichlet-multinomial of one report (class,) at shares (..., class), without the
    multinomial coefficient."""
    if concentration == 0:
        return (counts * np.log(shares)).sum(-1)
    mass, total = concentration * shares, counts.sum()
    seen = counts > 0
    rising = gammaln(mass[..., seen] + counts[seen]) - gammaln(mass[..., seen])
    return rising.sum(-1) + gammaln(concentration) - gammaln(concentration + total)


def month_log_likelihood(counts, level, offset, cutpoint, concentration, noise, quadrature):
    """One month: counts (direction, dataset, class), offset (direction, dataset), the rest
    (dataset,)."""
    nodes, weights = quadrature
    logs = np.log(np.maximum(weights, 1e-300))
    for s, q in np.ndindex(counts.shape[:2]):
        if counts[s, q].any():
            shares = class_shares(level + noise * nodes + offset[s, q], cutpoint[q])
            logs = logs + report_log_density(counts[s, q], shares, concentration[q])
    return logsumexp(logs)


def log_likelihood(counts, level, values, quadrature):
    """All months of counts (dyad, time, direction, dataset, class).

    Level (dyad, time), values as kernels read them.

    A `shift` (dyad, time, dataset) among them is added to the level for what a dataset reports.
    """
    return sum(
        month_log_likelihood(
            counts[d, t],
            level[d, t],
            values["offset"][d]
            if "shift" not in values
            else values["offset"][d] + values["shift"][d, t],
            values["cutpoint"],
            values["concentration"],
            values["noise"][d],
            quadrature,
        )
        for d, t in zip(*np.nonzero(counts.any(axis=(2, 3, 4))), strict=True)
    )


def side_counts(panel):
    """Hostile and cooperative counts (dyad, time, direction, dataset, side) of an event panel."""
    counts = panel["counts"].transpose("dyad", "time", "direction", "dataset", "class").to_numpy()
    cut = panel.attrs["zero_cut"]
    return np.stack([counts[..., :cut].sum(-1), counts[..., cut:].sum(-1)], axis=-1)


def step_under(x, mean, scale, ceiling, softness=SOFTNESS):
    """Log-density ratio of a step that stays softly below a ceiling to one that is free, by
    numerical integration."""
    grid = mean + scale * np.linspace(-9.0, 9.0, 4001)
    kept = norm.pdf(grid, mean, scale) * norm.cdf((ceiling - grid) / softness)
    return norm.logcdf((ceiling - x) / softness) - np.log(trapezoid(kept, grid))


def process_moments(carry, scale, mean):
    """Mean and covariance of a path over all months around a mean, with the spread of every
    month's shock (time,)."""
    transition = np.eye(scale.size)
    for t in range(1, scale.size):
        transition[t] += carry * transition[t - 1]
    return np.full(scale.size, mean), (transition * scale**2) @ transition.T


class PlainModel:
    """The posterior density of path and sides written down from docs/model.md, without
    whitening, nodes or kernels.

    `log_density(point, trend, cycle)` takes the free values by the names PyMC gives them
    (logarithms where it takes logarithms) and both components at the nodes' months (None for one
    without a path); other months are integrated out.
    """

    def __init__(self, spec, panel, arrays):
        self.spec, self.panel, self.arrays = spec, panel, arrays
        self.pool = spec.pooling and arrays.dyads > 1

    def log_density(self, point, trend, cycle, quadrature):
        values, total = self.parameters(point)
        arrays, era = self.arrays, self.panel["era_index"].to_numpy()
        own_era = era[arrays.node_dyad, arrays.node_time]
        new_era = np.diff(era, axis=1, prepend=era[:, :1]) != 0
        level = np.zeros(arrays.nodes)
        if trend is None:
            level += values["mu"][own_era]
        else:
            for d in range(arrays.dyads):
                scale = np.sqrt(values["step"][d] ** 2 + (values["jump"] * new_era[d]) ** 2)
                scale[0] = self.spec.priors.trend_start
                total += self.at_nodes(
                    d, trend, process_moments(values["retention"], scale, values["mean"][d])
                )
            if self.spec.has_ceiling:
                total += self.under_ceilings(trend, own_era, values)
            level += trend
        if cycle is not None:
            for d in range(arrays.dyads):
                phi, sd = values["phi"][d], values["sd"][d]
                scale = np.full(arrays.periods, sd * np.sqrt(1 - phi**2))
                scale[0] = sd
                total += self.at_nodes(d, cycle, process_moments(phi, scale, 0.0))
            level += cycle
        months = np.zeros(era.shape)
        months[arrays.node_dyad, arrays.node_time] = level
        months += values["volume"][:, None] * relative_event_counts(self.panel)
        return total + log_likelihood(side_counts(self.panel), months, values, quadrature)

    def under_ceilings(self, trend, own_era, values):
        """What the ceilings add to the density of the trend's steps."""
        total, arrays = 0.0, self.arrays
        for i in range(1, arrays.nodes):
            d, e, gap = arrays.node_dyad[i], own_era[i], arrays.node_gap[i]
            start = np.flatnonzero(own_era == e)[0]
            if i == start:
                continue
            kept = values["retention"] ** np.arange(gap)
            scale = values["step"][d] * np.sqrt((kept**2).sum())
            mean = values["mean"][d] + values["retention"] ** gap * (
                trend[i - 1] - values["mean"][d]
            )
            total += step_under(trend[i], mean, scale, trend[start] + values["headroom"][e])
        return total

    def at_nodes(self, d, path, moments):
        """Log-density of a dyad's path at the months that are nodes."""
        own = self.arrays.node_dyad == d
        months = self.arrays.node_time[own]
        return multivariate_normal(moments[0][months], moments[1][np.ix_(months, months)]).logpdf(
            path[own]
        )

    def parameters(self, point):
        """Parameters by name, and the log-density of the point under their priors."""
        spec, p, arrays = self.spec, self.spec.priors, self.arrays
        era_dyad, log_prior = self.panel["era_dyad"].to_numpy(), 0.0

        def normal(name, centre=0.0, sd=1.0):
            nonlocal log_prior
            log_prior += norm.logpdf(point[name], centre, sd).sum()
            return point[name]

        def positive(name, centre, sd=0.4):
            return np.exp(normal(f"{name}_log__", centre, sd))

        def by_dyad(name, prior, spread):
            if not self.pool:
                return normal(f"{name}_dyad", prior[0], np.hypot(prior[1], spread))
            population, sd = (
                normal(f"{name}_population", *prior),
                positive(f"{name}_dyad_sd", np.log(spread)),
            )
            return population + sd * normal(f"{name}_raw")

        mean = np.full(arrays.dyads, p.trend_mean[0])
        if spec.trend != "walk":
            mean = by_dyad("trend_mean", p.trend_mean, p.trend_mean_dyads)
        values = {
            "mean": mean,
            "jump": positive("trend_jump", np.log(p.trend_jump)) if spec.jumps else 0.0,
        }
        if spec.moves:
            values["step"] = np.exp(by_dyad("log_trend_step", p.trend_step, p.trend_step_dyads))
            values["retention"] = 1.0
            if spec.trend == "reverting":
                values["retention"] = 2 ** (-1 / positive("trend_half_life", *p.trend_half_life))
        else:
            values["mu"] = mean[era_dyad] + (
                values["jump"] * normal("trend_jump_raw") if spec.jumps else 0.0
            )
        if spec.has_cycle:
            half_life = np.exp(
                by_dyad("log_cycle_half_life", p.cycle_half_life, p.cycle_half_life_dyads)
            )
            values["phi"] = 2 ** (-1 / half_life)
            values["sd"] = np.exp(by_dyad("log_cycle_sd", p.cycle_sd, p.cycle_sd_dyads))
        if spec.has_ceiling:
            room, sd = (
                by_dyad("log_headroom", p.headroom, p.headroom_dyads),
                np.log(p.headroom_eras),
            )
            values["headroom"] = np.exp(
                room[era_dyad] + positive("headroom_era_sd", sd) * normal("headroom_raw")
            )
        values |= {"noise": np.zeros(arrays.dyads), "volume": np.zeros(arrays.dyads)}
        if spec.month_noise:
            values["noise"] = np.exp(by_dyad("noise", p.noise, p.noise_dyads))
        if spec.volume_effect:
            values["volume"] = by_dyad("volume", p.volume_effect, p.volume_effect_dyads)
        values["concentration"] = (
            positive("concentration", *p.concentration) if spec.overdispersion else np.zeros(1)
        )
        values["cutpoint"] = np.zeros((1, 1))
        values["offset"] = np.zeros((arrays.dyads, arrays.observed.counts.directions, 1))
        if arrays.observed.counts.directions == 2:
            values["offset"] += (
                normal("direction_effect", 0.0, p.direction)[:, None]
                * np.array([1.0, -1.0])[:, None]
            )
        return values, log_prior
