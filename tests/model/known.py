"""Breaks in a path that is known, so that every marginal likelihood is a formula."""

import numpy as np

from forecast.model import PendulumSpec
from forecast.model.breaks import BATCHES, BreakFits, _Drawn

from .panels import make_panel

PHI, SIGMA, PRIOR = 0.8, 0.3, 1.0


class KnownPath(BreakFits):
    """Path, reversion and shocks are known, and equilibria are normal: their posterior is one too."""

    def __init__(self, path, most, draws=400):
        panel = make_panel(periods=len(path), eras=1)
        super().__init__(panel, PendulumSpec(), most)
        self.path, self.draws = path, draws
        self.steps = np.concatenate([[0.0, 0.0], np.cumsum(path[1:] - PHI * path[:-1])])

    def sums(self, places):
        """Information and precision of the equilibria: every step is their mix and a shock."""
        era = np.searchsorted(np.array(places), np.arange(self.periods), side="right")
        own = np.eye(self.most + 1)[era]
        mix = own[1:] - PHI * own[:-1]
        return mix.T @ np.diff(self.steps[1:]) / SIGMA**2, mix.T @ mix / SIGMA**2 + np.eye(self.most + 1) / PRIOR**2

    def log_evidence(self, places):
        first, second = self.sums(places)
        return float(0.5 * first @ np.linalg.solve(second, first) - 0.5 * np.linalg.slogdet(second * PRIOR**2)[1])

    def _fitted(self, places):
        first, second = self.sums(places)
        rng = np.random.default_rng([1, *places])
        mu = rng.multivariate_normal(np.linalg.solve(second, first), np.linalg.inv(second), self.draws)
        return _Drawn(
            steps=np.tile(self.steps, (self.draws, 1)), mu=mu, phi=np.full(self.draws, PHI),
            sigma=np.full(self.draws, SIGMA), batch=np.arange(self.draws) * BATCHES // self.draws,
        )  # fmt: skip


def path_around(*equilibria, periods=100, seed=1):
    """A path around equilibria that follow each other at even distances."""
    rng = np.random.default_rng(seed)
    at = np.repeat(equilibria, periods // len(equilibria))
    cycle = np.zeros(len(at))
    for t in range(1, len(at)):
        cycle[t] = PHI * cycle[t - 1] + SIGMA * rng.standard_normal()
    return at + cycle
