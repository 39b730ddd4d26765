"""Sensitivity of the answer to a claim: other priors, parts of the record, and held-out windows."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from forecast.base.typing import Bool
from forecast.study.hypotheses.engine import Engine, HeldOutModels, ModelPoint, PooledClaim
from forecast.study.hypotheses.filter.likelihood import likelihoods
from forecast.study.hypotheses.outcome import UNTESTED, Rerun
from forecast.study.hypotheses.record import turned_back

# How many times as wide the priors are.
PRIOR_WIDTHS = {"with priors half as wide": 0.5, "with priors twice as wide": 2.0}
# First month of a window, and one after its last, from the last month that a model knows.
WINDOWS = {"months 13 to 24": (12, 24), "months 25 to 60": (24, 60), "months 61 to 120": (60, 120)}
FIRST_ORIGIN = 180  # months of the record that the first forecast knows: the trend takes years
MIN_DYADS_TO_SPLIT = 4  # dyads; each half, by how far they turned back, needs two


def engines_by_part(engine: Engine) -> dict[str, Engine]:
    """Return engines of parts of the record: its halves, and dyads by how far they turned back."""
    record = engine.record
    end = record.events.shape[1]
    # Both halves have as many months with events.
    dyads_with_events = (record.events != 0).sum(axis=0)
    middle = int(np.median(np.repeat(np.arange(end), dyads_with_events)))
    first_half = f"in the first half of the record (to {record.time[middle - 1]})"
    second_half = f"in the second half of the record (from {record.time[middle]})"
    halves = {first_half: record.between(0, middle), second_half: record.between(middle, end)}
    brief = replace(engine, brief=True)
    parts = {
        name: replace(brief, record=half, modes={}, evidences={}, variants={})
        for name, half in halves.items()
    }
    size = len(record.dyads)
    if size >= MIN_DYADS_TO_SPLIT:
        order = np.argsort(-turned_back(record), kind="stable").tolist()
        most = tuple(sorted(order[: size // 2]))
        least = tuple(sorted(order[size // 2 :]))
        parts[f"without the {len(most)} dyads that turned back most"] = replace(
            brief, selected=least
        )
        parts["with those dyads alone"] = replace(brief, selected=most)
    return parts


def sensitivity(claim: PooledClaim, engine: Engine, parts: Mapping[str, Engine]) -> dict[str, Any]:
    """Test a claim with other priors and on parts of the record, and score held-out windows.

    Return the fields `priors`, `parts` and `windows` of an outcome.
    """
    priors = {
        name: _rerun(claim, replace(engine, width=width, brief=True))
        for name, width in PRIOR_WIDTHS.items()
    }
    by_part = {name: _rerun(claim, part) for name, part in parts.items()}
    windows = {} if claim.held_out is None else score_windows(engine, claim.held_out)
    return {"priors": priors, "parts": by_part, "windows": windows}


def _rerun(claim: PooledClaim, engine: Engine) -> Rerun:
    """Test a claim with another engine, if its record allows it."""
    if claim.lacks(engine.record):
        return Rerun(np.nan, np.nan, np.nan, UNTESTED)
    outcome = claim.test(engine)
    return Rerun(outcome.log_bayes_factor, outcome.least, outcome.most, outcome.answer)


def score_windows(engine: Engine, held_out: HeldOutModels) -> dict[str, tuple[float, float]]:
    """Return the gain of a claim's predictions over its alternative's, by window.

    The gain is the mean difference of log predictive densities, with its standard error. A claim
    with several models predicts with all of them, each equally likely before the data. The months
    between the known ones and the window are left out.
    """
    claim, alternative = held_out(engine)
    start, stop = int(engine.record.first.min()), int(engine.record.stop.max())
    scores: dict[str, tuple[float, float]] = {}
    for name, (first, last) in WINDOWS.items():
        origins = range(start + FIRST_ORIGIN, stop - last, last)
        gains = np.array(
            [
                _log_predictive_density(origin, first, last, claim)
                - _log_predictive_density(origin, first, last, [alternative])
                for origin in origins
            ]
        )
        if len(gains) > 1:
            error = gains.std(ddof=1) / np.sqrt(len(gains))
            scores[name] = float(gains.mean()), float(error)
    return scores


def _log_predictive_density(
    origin: int, first: int, last: int, models: Sequence[ModelPoint]
) -> float:
    """Return the log predictive density of a window, summed over dyads."""
    month = np.arange(models[0].record.events.shape[1])
    past = month < origin
    window = (month >= origin + first) & (month < origin + last)

    def log_likelihood_of(months: Bool) -> float:
        by_model = []
        for record, point in models:
            selected = record.without_months(np.broadcast_to(~months, record.events.shape))
            by_model.append(likelihoods(selected.steps, point)[..., 0].sum())
        return float(np.logaddexp.reduce(by_model))

    return log_likelihood_of(past | window) - log_likelihood_of(past)
