"""Breaks in a path that is known, so that every marginal likelihood is a formula."""

import numpy as np
from model.panels import make_panel

from forecast.hypotheses.candidates import Candidates
from forecast.model.breaks.fits import BreakFits, _Drawn
from forecast.model.breaks.multistate import BATCHES

PHI, SIGMA, PRIOR = 0.8, 0.3, 1.0


class KnownPath(BreakFits):
    """Path, pull and shocks are known, and equilibria are normal: their posterior is one too."""

    def __init__(self, path, most, candidates=None, draws=400):
        panel = make_panel(periods=len(path), eras=1)
        super().__init__(candidates or Candidates(None, "USA-CHN", panel=panel), most)
        self.path, self.draws = path, draws
        self.steps = np.concatenate([[0.0, 0.0], np.cumsum(path[1:] - PHI * path[:-1])])

    def cut(self, periods):
        panel = self.record.panel.isel(time=slice(periods))
        return KnownPath(self.path[:periods], self.most, self.record.with_panel(panel), self.draws)

    def sums(self, places):
        edges = np.array([0, *places, *[self.periods] * (self.most - len(places)), self.periods])
        pull, number = 1 - PHI, np.diff(np.maximum(edges - 1, 0))
        return pull * np.diff(self.steps[edges]) / SIGMA**2, pull**2 * number / SIGMA**2 + 1 / PRIOR**2

    def log_evidence(self, places):
        first, second = self.sums(places)
        return float((0.5 * first**2 / second - 0.5 * np.log(second * PRIOR**2)).sum())

    def _fitted(self, places):
        first, second = self.sums(places)
        rng = np.random.default_rng([1, *places])
        mu = first / second + rng.standard_normal((self.draws, first.size)) / np.sqrt(second)
        return _Drawn(
            steps=np.tile(self.steps, (self.draws, 1)), mu=mu, drift=mu * (1 - PHI), sigma=np.full(self.draws, SIGMA),
            away=mu, batch=np.arange(self.draws) * BATCHES // self.draws,
        )  # fmt: skip


def path_around(*equilibria, periods=100, seed=1):
    """A path around equilibria that follow each other at even distances."""
    rng = np.random.default_rng(seed)
    at = np.repeat(equilibria, periods // len(equilibria))
    path = np.full(len(at), float(equilibria[0]))
    for t in range(1, len(at)):
        path[t] = at[t] + PHI * (path[t - 1] - at[t]) + SIGMA * rng.standard_normal()
    return path
