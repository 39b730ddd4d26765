"""Tests of a claim with other choices.

Other priors, parts of the record, and windows ahead of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from forecast.base.typing import Bool
from forecast.study.hypotheses.engine import Ahead, Engine, ModelPoint, PooledClaim
from forecast.study.hypotheses.likelihood import likelihoods
from forecast.study.hypotheses.outcome import UNTESTED, Rerun
from forecast.study.hypotheses.record import turned_back

WIDTHS = {"with priors half as wide": 0.5, "with priors twice as wide": 2.0}
WINDOWS = {"months 13 to 24": (12, 24), "months 25 to 60": (24, 60), "months 61 to 120": (60, 120)}
FIRST_ORIGIN = 180  # months of the record before the first window ahead: the trend takes years
MIN_DYADS_TO_SPLIT = 4  # dyads; each half, by how far they turned back, needs two


def parts_of(engine: Engine) -> dict[str, Engine]:
    """Return engines of parts of the record, by name.

    Parts are its halves, and the dyads that turned back least and most.
    """
    record = engine.record
    end = record.events.shape[1]
    dyads_with_events = (record.events != 0).sum(axis=0)
    middle = int(np.median(np.repeat(np.arange(end), dyads_with_events)))  # by months with events
    first_half = f"in the first half of the record (to {record.time[middle - 1]})"
    second_half = f"in the second half of the record (from {record.time[middle]})"
    halves = {first_half: record.between(0, middle), second_half: record.between(middle, end)}
    brief = replace(engine, brief=True)
    parts = {
        name: replace(brief, record=half, centres={}, kept={}, variants={})
        for name, half in halves.items()
    }
    size = len(record.dyads)
    if size >= MIN_DYADS_TO_SPLIT:
        order = np.argsort(-turned_back(record), kind="stable").tolist()
        most = tuple(sorted(order[: size // 2]))
        least = tuple(sorted(order[size // 2 :]))
        parts[f"without the {len(most)} dyads that turned back most"] = replace(brief, only=least)
        parts["with those dyads alone"] = replace(brief, only=most)
    return parts


def sensitivity(claim: PooledClaim, engine: Engine, parts: Mapping[str, Engine]) -> dict[str, Any]:
    """Test a claim with other widths of priors, on `parts`, and score `windows` ahead.

    Other widths are those of `priors`.
    """
    priors = {
        name: _rerun(claim, replace(engine, width=width, brief=True))
        for name, width in WIDTHS.items()
    }
    by_part = {name: _rerun(claim, part) for name, part in parts.items()}
    ahead = {} if claim.ahead is None else windows(engine, claim.ahead)
    return {"priors": priors, "parts": by_part, "windows": ahead}


def _rerun(claim: PooledClaim, engine: Engine) -> Rerun:
    if claim.lacks(engine.record):
        return Rerun(np.nan, np.nan, np.nan, UNTESTED)
    outcome = claim.test(engine)
    return Rerun(outcome.log_bayes_factor, outcome.least, outcome.most, outcome.answer)


def windows(engine: Engine, ahead: Ahead) -> dict[str, tuple[float, float]]:
    """Score windows ahead with the months between left out.

    Mean difference of log predictions, standard error.

    The claim's predictions are those of its models, each as likely before the data.
    """
    claim, rival = ahead(engine)
    start, stop = int(engine.record.first.min()), int(engine.record.stop.max())
    scores: dict[str, tuple[float, float]] = {}
    for name, (first, last) in WINDOWS.items():
        gains = np.array(
            [
                _log_predictive_density(origin, first, last, claim)
                - _log_predictive_density(origin, first, last, [rival])
                for origin in range(start + FIRST_ORIGIN, stop - last, last)
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

    def log_likelihood(seen: Bool) -> float:
        by_model = []
        for record, point in models:
            part = record.without_months(np.broadcast_to(~seen, record.events.shape))
            by_model.append(likelihoods(part.steps, point)[..., 0].sum())
        return float(np.logaddexp.reduce(by_model))

    return log_likelihood(past | window) - log_likelihood(past)
