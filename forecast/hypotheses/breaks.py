"""When the equilibrium broke: one new era with an unknown first month, against none.

The dates are gone through one by one. At each the pendulum is fitted with two equilibria, and its marginal likelihood
weighs the date, so that the posterior of the date needs no sampler that jumps between dates. Further breaks are
looked for one after the other, each given those before it, until the evidence for one more is too small.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from forecast.errors import DataError
from forecast.hypotheses.candidates import Candidates, Sampler
from forecast.outlook.scale import share

if TYPE_CHECKING:
    from forecast.model import Fit

Float = NDArray[np.float64]
# Nobody can tell two equilibria apart from less on either side of a break.
SHORTEST_SIDE = 24
COARSE, FINE = 12, 3
SCAN = Sampler(draws=300, tune=300, chains=2)
# A break in the equilibrium alone: without ceilings, which would share its meaning.
CHOICES = {"dynamics": "linear", "ceiling": ()}
MIXTURE = 4000


@dataclass(frozen=True)
class BreakPosterior:
    """Posterior of the first month of a new equilibrium, all months in the span alike beforehand.

    Attributes
    ----------
    dates : tuple of str
        First days of the months that were tried, ISO.
    probability : (date,)
        Of the break lying nearest to each; they sum to 1.
    equilibrium_before, equilibrium_after : (draw,)
        Shares, over all dates by their probability.
    log_bayes_factor, error : float
        For one break against none, with the Monte Carlo standard error.
    """

    dates: tuple[str, ...]
    probability: Float
    equilibrium_before: Float
    equilibrium_after: Float
    log_bayes_factor: float
    error: float

    @property
    def date(self) -> str:
        """Median of the posterior."""
        return self.dates[int(np.searchsorted(np.cumsum(self.probability), 0.5))]

    def interval(self, level: float = 0.9) -> tuple[str, str]:
        """Equal-tailed interval of the date."""
        reached = np.cumsum(self.probability)
        ends = (int(np.searchsorted(reached, p)) for p in ((1 - level) / 2, (1 + level) / 2))
        first, last = (self.dates[min(end, len(self.dates) - 1)] for end in ends)
        return first, last


def scan(candidates: Candidates, since: str | None = None, until: str | None = None) -> BreakPosterior:
    """Go through the dates of one break: every year, and every third month around the best.

    Parameters
    ----------
    candidates : Candidates
        Its eras are left out of account.
    since, until : str, optional
        ISO days between which the break is looked for; by default as far as two years from either end.

    Raises
    ------
    DataError
        If there is no room for a break.
    """
    return _scan(candidates, (), since, until)


def infer_breaks(candidates: Candidates, most: int = 3, bayes_factor: float = 3.0) -> tuple[BreakPosterior, ...]:
    """Look for breaks one after the other, each given the dates of those before, until the evidence ends.

    Parameters
    ----------
    candidates : Candidates
    most : int
        No more than so many.
    bayes_factor : float
        By which one more break must be likelier than none.
    """
    found: list[BreakPosterior] = []
    held: tuple[int, ...] = ()
    for _ in range(most):
        try:
            posterior = _scan(candidates, held, None, None)
        except DataError:
            break
        if posterior.log_bayes_factor < np.log(bayes_factor):
            break
        found.append(posterior)
        held = tuple(sorted((*held, _place(candidates.panel, posterior.date))))
    return tuple(found)


def with_breaks(panel: xr.Dataset, firsts: tuple[int, ...]) -> xr.Dataset:
    """Give the panel of one dyad with eras that begin at its first period and at those given."""
    dyad, starts = str(panel["dyad"].to_numpy()[0]), (0, *firsts)
    era = np.searchsorted(np.array(firsts, dtype=int), np.arange(panel.sizes["time"]), side="right")
    time = panel["time"].to_numpy()
    coords = {
        "era": [f"{dyad}:{i}" for i in range(len(starts))],
        "era_dyad": ("era", np.zeros(len(starts), dtype=panel["era_dyad"].dtype)),
        "era_name": ("era", [f"from {str(time[s])[:7]}" for s in starts]),
        "era_start": ("era", time[list(starts)].astype(panel["era_start"].dtype)),
    }
    result = panel.drop_dims("era").assign_coords(coords)
    result["era_index"] = (("dyad", "time"), era[None].astype(panel["era_index"].dtype))
    return result


def _scan(candidates: Candidates, held: tuple[int, ...], since: str | None, until: str | None) -> BreakPosterior:
    tried: dict[int, Fit] = {}
    plain = _fitted(candidates, held)
    span = _span(candidates.panel, held, since, until)
    coarse = span[:: COARSE if len(span) > COARSE else 1]
    _try(candidates, held, coarse, tried, f"looking for a break in {len(coarse)} years")
    best = max(tried, key=lambda t: _log(tried[t]))
    near = [t for t in range(best - COARSE + FINE, best + COARSE, FINE) if t in set(span)]
    _try(candidates, held, near, tried, "narrowing the break down")
    places = np.array(sorted(tried))
    # Each date stands for the months nearest to it, and all months are alike beforehand.
    middles = (places[1:] + places[:-1]) / 2
    months = np.diff(np.concatenate([[span[0] - 0.5], middles, [span[-1] + 0.5]]))
    logs = np.array([_log(tried[t]) for t in places]) + np.log(months / months.sum())
    total = float(np.logaddexp.reduce(logs))
    probability = np.exp(logs - total)
    errors = np.array([tried[t].provenance["evidence"]["error"] for t in places])
    error = float(np.hypot(np.sqrt((probability**2 * errors**2).sum()), plain.provenance["evidence"]["error"]))
    before, after = _sizes(candidates, [tried[t] for t in places], probability, held, places)
    dates = tuple(str(candidates.panel["time"].to_numpy()[t])[:10] for t in places)
    return BreakPosterior(dates, probability, before, after, total - _log(plain), error)


def _try(candidates: Candidates, held: tuple[int, ...], places: list[int], tried: "dict[int, Fit]", words: str) -> None:
    for i, t in enumerate(places):
        candidates.progress(words, i, len(places))
        if t not in tried:
            tried[t] = _fitted(candidates, tuple(sorted((*held, t))))


def _fitted(candidates: Candidates, firsts: tuple[int, ...]) -> "Fit":
    quiet = replace(candidates, sampler=SCAN, progress=lambda step, done, total: None)
    return quiet.with_panel(with_breaks(candidates.panel, firsts)).fit(**CHOICES)


def _log(fitted: "Fit") -> float:
    return float(fitted.provenance["evidence"]["log"])


def _span(panel: xr.Dataset, held: tuple[int, ...], since: str | None, until: str | None) -> list[int]:
    """Periods at which a break may begin."""
    time = panel["time"].to_numpy().astype("datetime64[D]")
    first = np.datetime64(since) if since else time[0]
    last = np.datetime64(until) if until else time[-1]
    edges = (0, *held, len(time))
    free = [
        t for t in range(len(time))
        if first <= time[t] <= last and all(abs(t - edge) >= SHORTEST_SIDE for edge in edges)
    ]  # fmt: skip
    if not free:
        raise DataError(
            f"break: no month from {first} to {last} has {SHORTEST_SIDE} months of record on either side; "
            "widen the span"
        )
    return free


def _place(panel: xr.Dataset, date: str) -> int:
    return int(np.searchsorted(panel["time"].to_numpy().astype("datetime64[D]"), np.datetime64(date)))


def _sizes(
    candidates: Candidates, fits: "list[Fit]", probability: Float, held: tuple[int, ...], places: NDArray[np.int64]
) -> tuple[Float, Float]:
    """Equilibria before and after the break, draws over all dates by their probability."""
    rng = np.random.default_rng(np.random.SeedSequence(candidates.seed, spawn_key=(1,)))
    before, after = [], []
    for fitted, t, number in zip(fits, places, rng.multinomial(MIXTURE, probability), strict=True):
        mu = fitted.posterior["mu"].stack(all=("chain", "draw")).transpose("all", "era").to_numpy()
        rows = rng.integers(len(mu), size=number)
        era = 1 + sum(h < t for h in held)
        before.append(share(mu[rows, era - 1]))
        after.append(share(mu[rows, era]))
    return np.concatenate(before), np.concatenate(after)
