r"""Dates and number of breaks of the long-run mean, with their evidence, and the resulting eras.

A few fits, first with breaks spread over the data and then near those that the posterior favours, weight all months at
once. With :math:`r_t = x_t - \phi x_{t-1}`, the log-density of a draw with its breaks elsewhere differs by

.. math:: \sum_t (m_t r_t - m_t^2 / 2) / \sigma^2, \quad m_t = \mu_{e(t)} - \phi \mu_{e(t-1)}

and the sum over all dates is a forward recursion (Chib 1998, https://doi.org/10.1016/S0304-4076(97)00115-2). Draws of
all fits stand for their mixture, whose weights, the marginal likelihoods, are a fixed point (multistate Bennett
acceptance ratio: Shirts and Chodera 2008, https://doi.org/10.1063/1.2978177). All fits have as many eras as the most
breaks ask for; those that never begin have their prior. All placements of breaks have equal prior probability.
"""

from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from scipy.optimize import minimize
from scipy.special import logsumexp

from forecast.clock import Clock
from forecast.errors import DataError
from forecast.events import read_eras
from forecast.model.sampling import fit
from forecast.model.spec import PendulumSpec, spec_for
from forecast.progress import Progress, silent
from forecast.typing import Bool, Float, Index
from forecast.wording import month

if TYPE_CHECKING:
    import pandas as pd

BATCHES = 10


@dataclass(frozen=True)
class Pool:
    """Draws of several models."""

    # Of every draw under every model that was sampled, data included, up to a constant of the draw.
    log_density: Float = field(repr=False)
    model: Index = field(repr=False)  # From which model each was drawn
    # Which of `BATCHES` consecutive stretches of its chain each comes from; errors are jackknifed over them.
    batch: Index = field(repr=False)
    near: Float | None = field(default=None, repr=False)  # Where to look for the solution first

    @cached_property
    def log_mixture(self) -> Float:
        """Log-density of every draw under the mixture, (draw,), up to one constant."""
        return self._mixture(self._solution)[1]

    def log_evidence(self, log_density: Float) -> float:
        """Log marginal likelihood of a model, sampled or not, from its densities (draw,), up to one constant."""
        return float(logsumexp(log_density - self.log_mixture))

    def weights(self, log_density: Float) -> Float:
        """Weights (draw,) that sum to 1 and make the pool a sample of a model."""
        return np.asarray(np.exp(log_density - self.log_mixture - self.log_evidence(log_density)))

    def effective(self, log_density: Float) -> float:
        """Return the effective sample size of the pool for a model, by its weights."""
        return float(1.0 / (self.weights(log_density) ** 2).sum())

    def log_ratio(self, first: Float, second: Float) -> tuple[float, float]:
        """Log ratio of two models' marginal likelihoods, and its Monte Carlo error."""
        value = self.log_evidence(first) - self.log_evidence(second)
        without = [pool.log_evidence(first[kept]) - pool.log_evidence(second[kept]) for kept, pool in self._left_out]
        return value, float(np.sqrt((BATCHES - 1) * np.var(without)))

    @cached_property
    def _left_out(self) -> "list[tuple[Bool, Pool]]":
        """Every batch left out in turn: which draws are kept, and their pool."""
        return [
            (kept, Pool(self.log_density[kept], self.model[kept], self.batch[kept], self._solution))
            for kept in (self.batch != left_out for left_out in range(BATCHES))
        ]

    @cached_property
    def _solution(self) -> Float:
        """Log marginal likelihoods of the models but the first, less that of the first, by Newton's method."""
        counts = self._counts

        def value(free: Float) -> tuple[float, Float]:
            share, mixture = self._mixture(free)
            return float(mixture.sum() + counts[1:] @ free), (counts - share.sum(axis=0))[1:]

        def curvature(free: Float) -> Float:
            share, _ = self._mixture(free)
            # Not by BLAS, whose threads wait for each other where others use the cores.
            products = np.einsum("ni,nj->ij", share, share)
            return np.asarray((np.diag(share.sum(axis=0)) - products)[1:, 1:])

        start = np.zeros(counts.size - 1) if self.near is None else self.near
        if counts.size == 1:
            return start
        options = {"gtol": 1e-6 * counts.sum()}
        return np.asarray(minimize(value, start, jac=True, hess=curvature, method="trust-exact", options=options).x)

    def _mixture(self, free: Float) -> tuple[Float, Float]:
        """Share of every model in the mixture's density at every draw, (draw, model), and that density's logarithm."""
        terms = self.log_density + np.log(self._counts) - np.append(0.0, free)
        mixture = logsumexp(terms, axis=1)
        return np.exp(terms - mixture[:, None]), mixture

    @cached_property
    def _counts(self) -> Float:
        return np.bincount(self.model, minlength=self.log_density.shape[1]).astype(np.float64)


type Places = tuple[int, ...]
DRAWS, TUNE, CHAINS = 200, 250, 2
_RANGE = 1300.0  # Logarithms this far apart, around zero, are those of numbers that a computer can hold
ONE_COMPONENT: dict[str, Any] = {"trend": "constant", "jumps": True, "cycle": "linear", "ceiling": "none"}
"""One reverting component: the level reverts to the long-run mean of its era, which breaks where another begins."""


@dataclass
class BreakFits:
    """Fits of one dyad with breaks at different places; all placements have the same prior probability."""

    panel: xr.Dataset  # Of the dyad alone; its eras are ignored
    spec: PendulumSpec  # The model, but for what `ONE_COMPONENT` fixes
    most: int = 3  # Breaks
    seed: int = 1  # The same seed gives the same numbers
    cores: int | None = None  # Chains run at once; changes no number
    progress: Progress = silent
    _drawn: "dict[Places, _Drawn]" = field(default_factory=dict, init=False, repr=False)

    @property
    def periods(self) -> int:
        """Number of periods."""
        return self.panel.sizes["time"]

    @property
    def apart(self) -> int:
        """Least periods between breaks: two equilibria cannot be distinguished from less than about two years."""
        return min(Clock.of(self.panel).periods(24), self.periods // 4)

    def add(self, *wanted: Places) -> None:
        """Fit with breaks at the places wanted, those that were not fitted before."""
        for places in dict.fromkeys(wanted):
            if places not in self._drawn:
                self.progress("fitting with breaks of the equilibrium", len(self._drawn), 0)
                self._drawn[places] = self._fitted(places)
                self.__dict__.pop("pool", None)

    @cached_property
    def pool(self) -> Pool:
        """Draws of all fits."""
        return Pool(
            np.column_stack([self.at(places) for places in self._drawn]),
            np.concatenate([np.full(own.batch.size, i) for i, own in enumerate(self._drawn.values())]),
            np.concatenate([own.batch for own in self._drawn.values()]),
        )

    def at(self, places: Places) -> Float:
        """Log-density of every draw (draw,) with its breaks at the places given."""
        return np.concatenate([own.at(places) for own in self._drawn.values()])

    def over(self, breaks: int) -> Float:
        """Log of the mean density of every draw (draw,) over all ways of placing so many breaks."""
        even = np.zeros((1, self.most + 1, self.periods + 1))
        ways = float(over_dates(even, even, breaks, self.apart)[1][0])
        sums = [over_dates(own.sums(), own.arrivals(), breaks, self.apart)[1] for own in self._drawn.values()]
        return np.concatenate(sums) - ways

    def sample(self, breaks: int, number: int, *key: int) -> Index:
        """Draw the first periods of the eras (number, break) from their posterior."""
        rng = np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=key))
        weights = self.pool.weights(self.over(breaks))
        chosen = np.sort(rng.choice(weights.size, size=number, p=weights / weights.sum()))
        places, before = [], 0
        for own in self._drawn.values():
            rows = chosen[(chosen >= before) & (chosen < before + own.batch.size)] - before
            before += own.batch.size
            if rows.size:
                places.append(draw_dates(own.sums(rows), own.arrivals(rows), breaks, self.apart, rng))
        return np.concatenate(places)

    def _fitted(self, places: Places) -> "_Drawn":
        panel, spec = with_breaks(self.panel, places, eras=self.most + 1), self.spec.with_choices(**ONE_COMPONENT)
        seed = int(np.random.SeedSequence(self.seed, spawn_key=(2, *places)).generate_state(1)[0])
        settings: dict[str, Any] = {"draws": DRAWS, "tune": TUNE, "chains": CHAINS, "seed": seed}
        posterior = fit(panel, spec, cores=self.cores, **settings).posterior

        def flat(name: str) -> Float:
            return np.asarray(posterior[name].to_numpy().reshape(CHAINS * DRAWS, -1), dtype=np.float64)

        level, (phi, sigma) = flat("level"), (flat(name) for name in ("phi", "sigma"))
        steps = np.cumsum(level[:, 1:] - phi * level[:, :-1], axis=1)
        batch = np.tile(np.arange(DRAWS) * BATCHES // DRAWS, CHAINS)
        return _Drawn(np.column_stack([np.zeros((len(steps), 2)), steps]), flat("mu"), phi[:, 0], sigma[:, 0], batch)


@dataclass(frozen=True)
class _Drawn:
    """Draws of one fit, (draw, ...); `steps` (draw, period + 1) are sums of r over the periods before each."""

    steps: Float
    mu: Float
    phi: Float
    sigma: Float
    batch: Index

    @property
    def drift(self) -> Float:
        """Mean of the steps within an era, (draw, era)."""
        return self.mu * (1.0 - self.phi[:, None])

    @property
    def shift(self) -> Float:
        """Extra shift of the mean in an era's first step, (draw, era)."""
        return self.phi[:, None] * np.diff(self.mu, axis=1, prepend=self.mu[:, :1])

    def sums(self, rows: "slice | Index" = slice(None)) -> Float:
        """Log-density of the steps before every period under the equilibrium of every era, (draw, era, period + 1)."""
        drift, number = self.drift[rows, :, None], np.maximum(np.arange(self.steps.shape[1]) - 1, 0)
        exponent = drift * (self.steps[rows, None] - 0.5 * drift * number)
        return np.asarray(exponent / self.sigma[rows, None, None] ** 2)

    def arrivals(self, rows: "slice | Index" = slice(None)) -> Float:
        """Log-density that an era's first step adds, by where it begins, (draw, era, period + 1)."""
        drift, shift, steps = (values[rows, :, None] for values in (self.drift, self.shift, self.steps))
        own = np.diff(steps[..., 0], append=np.nan)[:, None]
        added = shift * (own - drift - 0.5 * shift) / self.sigma[rows, None, None] ** 2
        added[..., -1] = 0.0  # it never begins
        return np.asarray(added)

    def at(self, places: Places) -> Float:
        """Log-density (draw,) with breaks at the places given."""
        edges = np.array([0, *places, self.steps.shape[1] - 1])
        drift, number = self.drift[:, : edges.size - 1], np.diff(np.maximum(edges - 1, 0))
        exponent = drift * (np.diff(self.steps[:, edges], axis=1) - 0.5 * drift * number)
        added = self.arrivals()[:, range(1, len(places) + 1), places]
        return np.asarray(exponent.sum(axis=1) / self.sigma**2 + added.sum(axis=1))


def with_breaks(panel: xr.Dataset, firsts: Places, eras: int | None = None) -> xr.Dataset:
    """Return the panel of one dyad with eras that begin at its first period and at those given."""
    dyad, periods = str(panel["dyad"].to_numpy()[0]), panel.sizes["time"]
    starts = np.array([0, *firsts, *[periods] * ((eras or 0) - len(firsts) - 1)])
    era = np.searchsorted(starts[1:], np.arange(periods), side="right")
    time = panel["time"].to_numpy()
    begun = time[np.minimum(starts, periods - 1)]
    coords = {
        "era": [f"{dyad}:{i}" for i in range(len(starts))],
        "era_dyad": ("era", np.zeros(len(starts), dtype=panel["era_dyad"].dtype)),
        "era_name": ("era", [f"from {str(day)[:7]}" for day in begun]),
        "era_start": ("era", begun.astype(panel["era_start"].dtype)),
    }
    result = panel.drop_dims("era").assign_coords(coords)
    result["era_index"] = (("dyad", "time"), era[None].astype(panel["era_index"].dtype))
    return result


def draw_dates(sums: Float, arrivals: Float, breaks: int, apart: int, rng: np.random.Generator) -> Index:
    """Draw breaks (draw, break) by their density, backwards from the last."""
    reached, _ = over_dates(sums, arrivals, breaks, apart)
    before = np.full(len(sums), sums.shape[2] - 1)
    drawn = []
    for weight in reversed(reached):
        early = np.arange(sums.shape[2]) <= (before - apart)[:, None]
        before = np.where(early, weight + rng.gumbel(size=weight.shape), -np.inf).argmax(axis=1)
        drawn.append(before)
    return np.stack(drawn[::-1], axis=1) if drawn else np.empty((len(sums), 0), dtype=np.int64)


def over_dates(sums: Float, arrivals: Float, breaks: int, apart: int) -> tuple[list[Float], Float]:
    """Return log weights of each break's places (draw, place), and the log of their sum over all ways of placing them.

    `sums` and `arrivals` are (draw, era, period + 1); breaks lie `apart` from each other and from either end.
    """
    so_far, reached, allowed = sums[:, 0], [], np.arange(sums.shape[2]) >= apart
    for era in range(1, breaks + 1):
        here = np.where(allowed, so_far - sums[:, era] + arrivals[:, era], -np.inf)
        passed = _log_running_sum(here)
        held_back = np.full_like(passed, -np.inf)
        held_back[:, apart:] = passed[:, : passed.shape[1] - apart]
        so_far = sums[:, era] + held_back
        reached.append(here)
    return reached, so_far[:, -1]


def _log_running_sum(logs: Float) -> Float:
    """Logarithm of running sums along the rows; where the numbers fit, by way of the numbers, which is fast."""
    top = logs.max(axis=1, keepdims=True)
    least = np.where(np.isfinite(logs), logs, top).min(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        if not (top - least < _RANGE).all():
            return np.asarray(np.logaddexp.accumulate(logs, axis=1))
        shift = top - _RANGE / 2
        return np.asarray(np.log(np.cumsum(np.exp(logs - shift), axis=1)) + shift)


# Fits of one break this far apart still overlap well; the posterior asks for more where they do not.
SPACING_MONTHS = 96
WANTED = 400
FEW, MOST_MORE = 3, 6
DRAWN = 4000


@dataclass(frozen=True)
class BreakPosterior:
    """Posterior of the first month of a new equilibrium, all months alike beforehand."""

    dates: tuple[str, ...]  # First days of all months in which it may lie, ISO
    probability: Float = field(repr=False)  # They sum to 1

    @property
    def date(self) -> str:
        """Median of the posterior."""
        return self._quantile(0.5)

    def interval(self, level: float = 0.9) -> tuple[str, str]:
        """Equal-tailed interval of the date."""
        return self._quantile((1 - level) / 2), self._quantile((1 + level) / 2)

    def _quantile(self, level: float) -> str:
        reached = np.cumsum(self.probability)
        return self.dates[min(int(np.searchsorted(reached, level * reached[-1])), len(self.dates) - 1)]


@dataclass(frozen=True)
class BreakCount:
    """Posterior of the number of breaks."""

    table: "pd.DataFrame"  # `breaks`, `log_bayes_factor` against none, `error`; one row per number, from none
    # Of the smallest number that no larger one beats by the Bayes factor asked for, in time order.
    breaks: tuple[BreakPosterior, ...]


def count_breaks(fits: BreakFits, bayes_factor: float = 3.0) -> BreakCount:
    """Weigh numbers of breaks against each other, and date those of the number that is enough."""
    import pandas as pd

    numbers = range(min(fits.most, fits.periods // fits.apart - 1) + 1)
    fits.add((), *((place,) for place in _spread(fits)))
    for number in numbers[1:]:
        fits.add(*_one_more(fits, number - 1))
        for turn in range(MOST_MORE):  # fit where the posterior of the dates lies, until its draws are enough
            if fits.pool.effective(fits.over(number)) >= WANTED:
                break
            fits.add(*map(tuple, fits.sample(number, FEW, 3, number, turn).tolist()))
    base, pool = fits.at(()), fits.pool
    found = [(0.0, 0.0), *(pool.log_ratio(fits.over(number), base) for number in numbers[1:])]
    logs, errors = zip(*found, strict=True)
    enough = next(k for k in numbers if max(logs[k:]) - logs[k] < np.log(bayes_factor))
    return BreakCount(
        pd.DataFrame({"breaks": numbers, "log_bayes_factor": logs, "error": errors}), _posteriors(fits, enough)
    )


def _spread(fits: BreakFits) -> list[int]:
    """Pick places at about even distances, both ends among them."""
    places = np.arange(fits.apart, fits.periods + 1 - fits.apart)
    number = max(4, 1 + round(len(places) / Clock.of(fits.panel).periods(SPACING_MONTHS)))
    return [int(place) for place in np.unique(places[np.linspace(0, len(places) - 1, number).round().astype(int)])]


def _one_more(fits: BreakFits, breaks: int) -> list[Places]:
    """Add a break to likely ones within every era that has room: which of several breaks a known one is, is open."""
    places = fits.sample(breaks, 1, 5, breaks)[0].tolist()
    eras = pairwise((0, *places, fits.periods))
    return [tuple(sorted((*places, (a + b) // 2))) for a, b in eras if b - a >= 2 * fits.apart]


def _posteriors(fits: BreakFits, breaks: int) -> tuple[BreakPosterior, ...]:
    places = fits.sample(breaks, DRAWN, 4, breaks)
    days = tuple(str(day)[:10] for day in fits.panel["time"].to_numpy()[fits.apart :])
    shares = [np.bincount(drawn, minlength=fits.periods)[fits.apart :] / len(places) for drawn in places.T]
    return tuple(BreakPosterior(days, share) for share in shares)


@dataclass(frozen=True)
class Eras:
    """Eras of a dyad that are not those named for it."""

    table: "pd.DataFrame"  # In the form of `read_eras`: all other dyads keep their named eras
    words: str  # Where the dyad's eras come from, in sentences


def no_eras(dyad: str) -> Eras:
    """Return one era for the whole record of a dyad."""
    return Eras(_others(dyad), f"The whole record of {dyad} counts as one era, by choice.")


def eras_of_file(path: str, dyad: str) -> Eras:
    """Return the eras that a file has of a dyad."""
    import pandas as pd

    table = read_eras(path)
    own = table[table["dyad"] == dyad]
    if own.empty:
        raise DataError(f"{path}: no row has the dyad {dyad}; add its eras, or choose --eras none")
    return Eras(
        pd.concat([_others(dyad), own], ignore_index=True), f"The eras of {dyad} are those of {Path(path).name}."
    )


def inferred_eras(
    panel: xr.Dataset, dyad: str, *, seed: int = 1, cores: int | None = None, most: int = 3,
    progress: Progress | None = None,
) -> Eras:  # fmt: skip
    """Infer the eras of a dyad from breaks of its equilibrium, as many as the evidence supports."""
    found = count_breaks(BreakFits(panel, spec_for(panel, **ONE_COMPONENT), most, seed, cores, progress or silent))
    return Eras(_with_breaks(panel, dyad, found), _words(found, dyad))


def _with_breaks(panel: xr.Dataset, dyad: str, found: BreakCount) -> "pd.DataFrame":
    import pandas as pd

    others, breaks = _others(dyad), [one.date for one in found.breaks]
    if not breaks:
        return others
    starts = [str(panel["time"].to_numpy()[0])[:10], *breaks]
    names = [f"Before {_month(breaks[0])}", *(f"Since {_month(day)}" for day in breaks)]
    own = pd.DataFrame({
        "dyad": dyad, "era": [f"inferred_{i}" for i in range(len(starts))], "start": pd.to_datetime(starts),
        # Known as soon as it begins: nothing is read of what came after the panel's own day.
        "recognised_at": pd.to_datetime(starts), "name": names,
    })  # fmt: skip
    return pd.concat([others, own], ignore_index=True)


def _others(dyad: str) -> "pd.DataFrame":
    eras = read_eras()
    return eras[eras["dyad"] != dyad]


def _words(found: BreakCount, dyad: str) -> str:
    rows = found.table.to_dict("records")[1:]
    best = max(rows, key=lambda row: row["log_bayes_factor"], default=None)
    start = f"The eras of {dyad} are inferred from its record"
    number = len(found.breaks)
    if not number:
        likeliest = "" if best is None else (
            f" (the likeliest number, {best['breaks']}, is {np.exp(max(best['log_bayes_factor'], 0.0)):.1f} times as "
            "likely as none)"
        )  # fmt: skip
        return f"{start}: no break of the equilibrium is favoured by its evidence{likeliest}, so that it is one era."
    breaks = "; ".join(
        f"{_month(one.date)} (90% interval {_month(one.interval()[0])} to {_month(one.interval()[1])})"
        for one in found.breaks
    )
    factor = rows[number - 1]["log_bayes_factor"]
    return (
        f"{start}: the equilibrium broke {number} time{'s' if number > 1 else ''}, at the median of the "
        f"posterior of its date in {breaks}; log Bayes factor against no break {factor:.1f}. What follows takes these "
        "dates as known, and its intervals are too narrow for that."
    )


def _month(day: str) -> str:
    return month(date.fromisoformat(day))
