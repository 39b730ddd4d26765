"""The pool: one prediction from the model and the benchmarks, with weights learned from windows that were over.

The CRPS of a mixture is a quadratic form of its weights w: with the mean distance A of each forecaster from the share
that was recorded, and the mean distance E between forecasters, it is w'A - w'Ew / 2, and w'Gw with
G_ij = (A_i + A_j - E_ij) / 2, because weights sum to one. So the weights of the smallest mean CRPS solve a convex
quadratic programme. With few windows they are a choice of noise, and therefore shrunk, to equal weights or to half for
the model and equal weights of the benchmarks, by one of a few amounts. Equal weights stay unless another choice was
better by more than a standard error in the windows over by then, each scored with the weights learned before it was
predicted. So the weights of an origin depend on no window that ends after it. Other attempts are in
docs/research/pool.md.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np

from forecast.dates import add_months
from forecast.evaluation.scores import Prediction, mixed
from forecast.numeric import paired
from forecast.typing import Float

POOL, ALL_EQUAL, BENCHMARKS_EQUAL = "pool", "combined_equal", "mixture_equal"
"""Codes of the mixtures: learned weights; model and all benchmarks alike; the benchmarks alike."""
COSTLY = ("auto_ets", "auto_arima")
"""Benchmarks that stay out of the pool: what is published has to do without statsforecast."""
AMOUNTS = (math.inf, 2000.0, 200.0)
"""Shrinkage: what moving all weight from one forecaster to another costs, points of CRPS summed over all windows."""
HALF = 0.5
"""The model's share of the prior weights that are not equal."""
FEWEST_PAST = 20
"""Windows that were over at an origin; with fewer, weights are equal."""


def energies(predictions: Sequence[Prediction], share: float) -> Float:
    """Return the matrix whose quadratic form in mixture weights is the CRPS of a window's share (0 to 1), points."""
    weights, support = np.array([one.weights for one in predictions]), predictions[0].support
    off = weights @ np.abs(support - share)
    between = weights @ np.abs(support[:, None] - support) @ weights.T
    return np.asarray(50 * (off[:, None] + off - between))


def learned(energy: Float, windows: int, prior: Float, amount: float) -> Float:
    """Return the weights of the smallest CRPS over windows plus penalty; the prior if the amount is infinite.

    `energy` is the mean of the matrices of so many windows.
    """
    if math.isinf(amount):
        return prior
    from scipy.optimize import minimize

    penalty = amount / (2 * windows)
    found = minimize(
        lambda w: w @ energy @ w + penalty * np.sum((w - prior) ** 2),
        prior,
        jac=lambda w: 2 * energy @ w + 2 * penalty * (w - prior),
        method="SLSQP",
        bounds=[(0.0, 1.0)] * len(prior),
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1, "jac": np.ones_like},
        options={"ftol": 1e-10},
    )
    weights = np.clip(found.x, 0.0, None)
    return np.asarray(weights / weights.sum())


@dataclass(frozen=True)
class _Seen:
    origin: date
    end: date  # First day after the window
    energy: Float
    scores: Float  # CRPS with the weights of each candidate at its origin


@dataclass(frozen=True)
class Candidate:
    """Weights of a pool, and what they came from."""

    weights: Float
    half: bool  # Whether the prior weights give half to the model
    amount: float
    windows: int  # That were over


@dataclass
class Pool:
    """The pool of one horizon: origins come in order, and an origin's windows are learned once it was predicted."""

    members: int  # The first is the model
    horizon: int
    _seen: list[_Seen] = field(default_factory=list)
    _known: dict[date, list[Candidate]] = field(default_factory=dict)

    def at(self, origin: date) -> Candidate:
        """Return the weights of an origin: equal ones, or those that were better in the windows over by then."""
        over, candidates = self._over(origin), self._candidates(origin)
        if len(over) < FEWEST_PAST:
            return candidates[0]
        scores = np.array([one.scores for one in over])
        best = int(scores.mean(axis=0).argmin())
        gain = paired(scores[:, best], scores[:, 0], [one.origin.year for one in over], self.horizon)
        return candidates[best if gain.error is not None and gain.mean < -gain.error else 0]

    def learn(self, origin: date, energy: Float) -> None:
        """Add a window that was predicted at an origin; it counts from the origin at which it is over."""
        scores = np.array([one.weights @ energy @ one.weights for one in self._candidates(origin)])
        self._seen.append(_Seen(origin, add_months(origin, self.horizon), energy, scores))

    def _candidates(self, origin: date) -> list[Candidate]:
        """Return the weights that each prior and amount give at an origin, the equal ones first."""
        if origin not in self._known:
            over, others = self._over(origin), self.members - 1
            equal, half = np.full(self.members, 1 / self.members), np.r_[HALF, np.full(others, (1 - HALF) / others)]
            if len(over) < FEWEST_PAST:
                self._known[origin] = [Candidate(equal, False, math.inf, len(over))] * (2 * len(AMOUNTS))
            else:
                energy = np.mean([one.energy for one in over], axis=0)
                self._known[origin] = [
                    Candidate(learned(energy, len(over), prior, amount), prior is half, amount, len(over))
                    for prior in (equal, half)
                    for amount in AMOUNTS
                ]
        return self._known[origin]

    def _over(self, origin: date) -> list[_Seen]:
        return [one for one in self._seen if one.end <= origin]


type Said = tuple[Prediction, Prediction]
"""A prediction with the event count known, and without."""


@dataclass
class Mixtures:
    """Mixtures of the forecasters that predicted from every origin; others would change them from origin to origin."""

    model: str | None
    benchmarks: tuple[str, ...]
    _pools: dict[tuple[int, bool], Pool] = field(default_factory=dict)  # By horizon and whether n is given

    @property
    def members(self) -> tuple[str, ...]:
        """Members of the pool, the model first; empty without a model or a benchmark."""
        own = [code for code in self.benchmarks if code not in COSTLY]
        return (self.model, *own) if self.model and own else ()

    def mixed(self, origin: date, horizon: int, said: Mapping[str, Said]) -> dict[str, Said]:
        """Return the mixtures of a case by code."""
        benchmarks = [code for code in self.benchmarks if code in said]
        everybody = [*benchmarks, self.model] if benchmarks and self.model and self.model in said else []
        found: dict[str, Said] = {}
        for mixture, codes in ((BENCHMARKS_EQUAL, benchmarks), (ALL_EQUAL, everybody)):
            if len(codes) > 1:
                equal = np.full(len(codes), 1 / len(codes))
                found[mixture] = _blend([said[code] for code in codes], equal, equal)
        there = np.array([code in said for code in self.members])
        if there.size and there[0] and there.sum() > 1:
            given, free = (self._pool(horizon, given_n).at(origin).weights * there for given_n in (True, False))
            own = [said[code] for code in self.members if code in said]
            found[POOL] = _blend(own, given[there] / given.sum(), free[there] / free.sum())
        return found

    def learn(self, origin: date, horizon: int, said: Mapping[str, Said], share: float) -> None:
        """Learn a window of an origin, once all of that origin have been predicted."""
        if self.members and all(code in said for code in self.members):
            for side, given_n in enumerate((True, False)):
                energy = energies([said[code][side] for code in self.members], share)
                self._pool(horizon, given_n).learn(origin, energy)

    def weights(self, day: date) -> list[dict[str, Any]]:
        """Return the weights of the pool as of a day, one record by horizon and knowledge of n."""
        found = []
        for (horizon, given_n), pool in sorted(self._pools.items()):
            best = pool.at(day)
            found.append({
                "horizon": horizon, "given_n": given_n, "as_of": day.isoformat(), "windows": best.windows,
                "prior": "half" if best.half else "equal",
                "amount": None if math.isinf(best.amount) else best.amount,
                "weights": dict(zip(self.members, best.weights.round(4).tolist(), strict=True)),
            })  # fmt: skip
        return found

    def _pool(self, horizon: int, given_n: bool) -> Pool:
        return self._pools.setdefault((horizon, given_n), Pool(len(self.members), horizon))


def _blend(parts: Sequence[Said], given: Float, free: Float) -> Said:
    return mixed([one for one, _ in parts], given.tolist()), mixed([one for _, one in parts], free.tolist())
