"""Mixtures: several forecasters averaged, alike or by weights that past predictions have earned."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from forecast.typing import Float

FEWEST_PAST = 20
"""Windows that were over at an origin; with fewer, the weights are equal."""
_ROUNDS = 2000
_ENOUGH = 1e-9


@dataclass(frozen=True)
class Mixture:
    """A mixture of forecasters."""

    code: str
    words: str
    stacked: bool  # Whether the weights are learned; otherwise all are alike
    models: bool  # Whether the package's own forms take part beside the rivals; if not it is itself a rival

    @property
    def rival(self) -> bool:
        """Whether only rivals take part."""
        return not self.models


MIXTURES = (
    Mixture("mixture_equal", "all rivals averaged alike", stacked=False, models=False),
    Mixture("mixture_stacked", "all rivals averaged by what past predictions have earned", stacked=True, models=False),
    Mixture("combined_equal", "all rivals and forms of the model averaged alike", stacked=False, models=True),
    Mixture("combined_stacked", "the same by what past predictions have earned", stacked=True, models=True),
)


def stacking_weights(density: Sequence[Sequence[float]] | Float) -> Float:
    """Return the weights with which a mixture would have predicted past counts best.

    They maximise the sum of the log probabilities, a concave problem that expectation maximisation solves. Yao,
    Vehtari, Simpson and Gelman (2018), Using stacking to average Bayesian predictive distributions,
    doi:10.1214/17-BA1091
    """
    values = np.asarray(density, dtype=np.float64)
    weights = np.full(values.shape[1], 1 / values.shape[1])
    if len(values) < FEWEST_PAST:
        return weights
    values = values / values.max(axis=1, keepdims=True)
    for _ in range(_ROUNDS):
        part = values * weights
        part /= part.sum(axis=1, keepdims=True)
        again = part.mean(axis=0)
        if np.abs(again - weights).max() < _ENOUGH:
            break
        weights = again
    return weights
