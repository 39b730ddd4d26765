"""Classes of counted events: their probabilities, and counts drawn from them."""

import numpy as np

from forecast.typing import Float, Index


def class_probabilities(level: Float, cutpoint: Float) -> Float:
    """Return the ordered-logit probabilities of the classes, (..., class).

    ``level`` has shape (...,), ``cutpoint`` (..., cut) or (cut,).
    """
    cuts = np.broadcast_to(cutpoint, (*np.shape(level), np.shape(cutpoint)[-1]))
    below = 1.0 / (1.0 + np.exp(np.asarray(level)[..., None] - cuts))
    edge = np.zeros((*below.shape[:-1], 1))
    return np.diff(np.concatenate([edge, below, edge + 1.0], axis=-1), axis=-1)


def draw_classes(total: Index, probability: Float, concentration: Float | None, rng: np.random.Generator) -> Index:
    """Draw the classes of events, (report, class): Dirichlet-multinomial, or multinomial without concentration."""
    if concentration is not None:
        mass = rng.gamma(np.maximum(concentration[:, None] * probability, 1e-12))
        probability = mass / np.maximum(mass.sum(-1, keepdims=True), 1e-300)
    return np.asarray(rng.multinomial(total, probability))
